//! Our proofs, our canonical JSON and our reader of bags against the test vectors of others (`tests/samples/vectors/README.md`), and our log against the
//! code of Go's checksum database.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use archive::Archive;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use record::{Digest, canonical, merkle};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tests::handover::{address, seal, signer, views};
use tests::{program, samples};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inclusion {
    leaf_idx: u64,
    tree_size: u64,
    root: String,
    leaf_hash: String,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Consistency {
    size1: u64,
    size2: u64,
    root1: String,
    root2: String,
    proof: Option<Vec<String>>,
    want_err: bool,
}

/// Two equal trees whose roots are 12 bytes long, which their verifier never looks at: to ours they are no hashes.
const NO_HASHES: &str = "additional/sizes-are-equal-one-and-proof-is-empty";
/// Of the vectors of JCS, those that hold what our canonical JSON refuses: nulls, and numbers written with a point.
const REFUSED: [&str; 3] = ["arrays", "structures", "values"];

fn vectors<T: DeserializeOwned>(name: &str) -> Result<BTreeMap<String, T>> {
    let text = fs::read_to_string(samples::path("vectors").join(format!("merkle-{name}.json")))?;
    let vectors: BTreeMap<String, T> = serde_json::from_str(&text)?;
    ensure!(vectors.len() == 98, "{} vectors of {name}", vectors.len());
    Ok(vectors)
}

/// None where it is no SHA-256.
fn hash(text: &str) -> Option<Digest> {
    BASE64.decode(text).ok()?.try_into().ok().map(Digest::from_bytes)
}

fn hashes(proof: Option<&Vec<String>>) -> Option<Vec<Digest>> {
    proof.into_iter().flatten().map(|text| hash(text)).collect()
}

#[test]
fn inclusion_proofs_are_judged_as_transparency_dev_judges_them() -> Result<()> {
    for (name, vector) in vectors::<Inclusion>("inclusion")? {
        let parts = (hash(&vector.leaf_hash), hashes(vector.proof.as_ref()), hash(&vector.root));
        let holds = match parts {
            (Some(leaf), Some(proof), Some(root)) => {
                merkle::verify_inclusion(vector.leaf_idx, vector.tree_size, &leaf, &proof, &root)
            }
            _ => false,
        };
        ensure!(holds != vector.want_err, "{name}: holds: {holds}");
    }
    Ok(())
}

#[test]
fn consistency_proofs_are_judged_as_transparency_dev_judges_them() -> Result<()> {
    for (name, vector) in vectors::<Consistency>("consistency")? {
        let holds = match (hash(&vector.root1), hashes(vector.proof.as_ref()), hash(&vector.root2)) {
            (Some(old), Some(proof), Some(new)) => {
                merkle::verify_consistency(vector.size1, vector.size2, &old, &new, &proof)
            }
            _ => false,
        };
        ensure!(holds != vector.want_err || name == NO_HASHES && !holds, "{name}: holds: {holds}");
    }
    Ok(())
}

#[test]
fn canonical_json_is_that_of_rfc_8785() -> Result<()> {
    for name in ["arrays", "french", "structures", "unicode", "values", "weird"] {
        let file = |suffix: &str| fs::read(samples::path("vectors/jcs").join(format!("{name}{suffix}.json")));
        let value: Value = serde_json::from_slice(&file("")?)?;
        let written = canonical::to_bytes(&value);
        if REFUSED.contains(&name) {
            ensure!(written.is_err(), "{name} is not refused");
        } else {
            let (ours, theirs) = (written?, file(".canonical")?);
            ensure!(ours == theirs, "{name}: {}", String::from_utf8_lossy(&ours));
        }
    }
    Ok(())
}

/// They are bags of other file systems: of a name in two cases or two normal forms there is one file here, and a file of macOS was never
/// committed. What a manifest lists is then missing, whatever the suite's authors had on their disks.
const NOT_HERE: [&str; 3] = [
    "duplicate-file-with-different-case",
    "same-filename-listed-twice-with-different-normalization",
    "special-system-files",
];

/// The suite's bags, each with the folder that says what it is: valid, invalid, …
fn bags(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let suite = samples::path("vectors/bagit-conformance-suite.tar.gz");
    let unpacked = Command::new("tar").arg("-xzf").arg(suite).arg("-C").arg(folder).output()?;
    program::succeed("tar", unpacked)?;
    let mut bags = Vec::new();
    for version in fs::read_dir(folder)? {
        for kind in fs::read_dir(version?.path())? {
            let kind = kind?;
            for bag in fs::read_dir(kind.path())? {
                let bag = bag?.path();
                if bag.is_dir() {
                    bags.push((kind.file_name().to_string_lossy().into_owned(), bag));
                }
            }
        }
    }
    ensure!(bags.len() == 60, "{} bags", bags.len());
    Ok(bags)
}

#[test]
fn bags_are_judged_as_the_library_of_congress_has_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (kind, bag) in bags(folder.path())? {
        let output = program::command("chartroom-verify")?.args(["--json", "--bag"]).arg(&bag).output()?;
        let report: Value = serde_json::from_slice(&output.stdout).with_context(|| format!("{}", bag.display()))?;
        let missing = NOT_HERE.iter().any(|name| bag.ends_with(name));
        let code = match kind.as_str() {
            _ if missing => Some(1),
            "valid" | "warning" => Some(0),
            _ => Some(1),
        };
        ensure!(output.status.code() == code, "{kind} {}: {report}", bag.display());
        let notes = report["notes"].as_array().map_or(0, Vec::len);
        ensure!(kind != "warning" || missing || notes > 0, "no note about {}", bag.display());
        let found =
            |code: &str| report["findings"].as_array().is_some_and(|all| all.iter().any(|one| one["code"] == code));
        ensure!(!missing || found("bag-file-missing"), "{}: {report}", bag.display());
    }
    Ok(())
}

/// Debian's package of it, without the network. Built once, since every run would compile it anew.
fn gos(folder: &Path) -> Result<PathBuf> {
    let (source, built) = (samples::path("../outsider/fsck.go"), folder.join("fsck"));
    let mut build = Command::new("go");
    build.env("GO111MODULE", "off").env("GOPATH", "/usr/share/gocode").env("GOCACHE", folder.join("go-cache"));
    let output = build.args(["build", "-o"]).arg(&built).arg(source).output();
    let output = output.context("failed to run go; run scripts/setup --tests")?;
    program::succeed("go build", output)?;
    Ok(built)
}

#[test]
fn gos_checksum_database_reads_our_whole_log_and_finds_a_changed_byte() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (store, key) = (folder.path().join("store"), folder.path().join("log.pub"));
    fs::write(&key, signer()?.public().to_string())?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let archive = Archive::init(&address(&store)?, signer()?).await?;
        for range in [0..200, 200..1_000, 1_000..1_023] {
            archive.append(views(range)).await?;
        }
        seal(&archive, "a page").await
    })?;
    let fsck = gos(folder.path())?;
    let run = || -> Result<Output> { Ok(Command::new(&fsck).arg(&store).arg(&key).output()?) };
    ensure!(tests::program::succeed("fsck", run()?)?.starts_with("1024 entries"), "all of them");
    for name in ["log/checkpoint", "log/tile/0/002", "log/tile/entries/001", "log/tile/1/000.p/4"] {
        let good = fs::read(store.join(name))?;
        let mut bytes = good.clone();
        bytes[good.len() / 2] ^= 1;
        fs::write(store.join(name), bytes)?;
        ensure!(run()?.status.code() == Some(1), "{name} was changed");
        fs::write(store.join(name), good)?;
    }
    Ok(())
}
