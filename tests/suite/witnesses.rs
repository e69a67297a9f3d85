//! Witnesses: ours and somebody else's cosign the ledger, and an auditor who trusts them is told that it is the newest.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use record::Digest;
use record::merkle::{leaf_hash, node_hash};
use record::note::LogSigner;
use record::witness::{AddCheckpoint, WitnessKey, WitnessSigner};
use reqwest::blocking::Client;
use tests::program::{self, Guarded};
use tests::{samples, site::Site};

pub struct Running {
    pub url: String,
    pub key: String,
    folder: PathBuf,
    _process: Guarded,
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn wait(url: &str) -> Result<()> {
    program::wait_for("a witness to answer", || Ok(Client::new().get(url).send().ok().map(|_| ())))
}

/// `chartroom witness`, for this log.
pub fn ours(folder: PathBuf, log: &Path) -> Result<Running> {
    let words = |words: &[&str]| -> Result<Command> {
        let mut command = program::command("chartroom")?;
        command.args(["witness", "--folder"]).arg(&folder).args(words);
        Ok(command)
    };
    let made = words(&["init", "--name", "compliance.example/w1"])?.output()?;
    let key = program::succeed("chartroom witness init", made)?.trim().to_owned();
    program::succeed("chartroom witness add-log", words(&["add-log", &log.to_string_lossy()])?.output()?)?;
    let port = free_port()?;
    let mut serve = words(&["serve", "--listen", &format!("127.0.0.1:{port}")])?;
    let process = Guarded(serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
    let url = format!("http://127.0.0.1:{port}");
    wait(&format!("{url}/healthz"))?;
    Ok(Running { url, key, folder, _process: process })
}

/// PyPI's aics-witness, for this log.
fn theirs(folder: PathBuf, log: &Path) -> Result<Running> {
    let binary = program::cache()?.join("venv/bin/aics-witness");
    ensure!(binary.is_file(), "aics-witness is not installed; run scripts/setup --tests");
    fs::create_dir_all(&folder)?;
    let say = |words: &[&str]| {
        let mut command = Command::new(&binary);
        command.args(words).current_dir(&folder);
        command
    };
    let made = program::succeed("aics-witness init", say(&["init", "--name", "partner.example/w2"]).output()?)?;
    let key =
        made.split_whitespace().find(|word| word.starts_with("partner.example/w2+")).context("its key")?.to_owned();
    let vkey = fs::read_to_string(log)?;
    let origin = vkey.split('+').next().context("an origin")?;
    let add = say(&["add-log", "--origin", origin, "--vkey", vkey.trim()]).output()?;
    program::succeed("aics-witness add-log", add)?;
    let port = free_port()?;
    let mut serve = say(&["serve", "--listen", &format!("127.0.0.1:{port}")]);
    let process = Guarded(serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
    let url = format!("http://127.0.0.1:{port}");
    wait(&url)?;
    Ok(Running { url, key, folder, _process: process })
}

#[test]
fn two_witnesses_cosign_and_an_auditor_is_told_what_is_newest() -> Result<()> {
    let mut site = Site::start(0)?;
    let (one, two) = (ours(site.root().join("w1"), &site.log_key())?, theirs(site.root().join("w2"), &site.log_key())?);
    let log = fs::read_to_string(site.log_key())?;
    let policy = format!(
        "log {log}witness w1 {} {}\nwitness w2 {} {}\ngroup both all w1 w2\nquorum both\n",
        one.key, one.url, two.key, two.url
    );
    let file = site.data().join("policy");
    fs::write(&file, policy)?;
    let words = ["--policy".to_owned(), file.to_string_lossy().into_owned()];
    let (code, report) = site.verify_with(&words)?;
    ensure!(code == 1 && report["findings"][0]["code"] == "not-witnessed", "nobody has been asked yet: {report}");

    site.kill_server()?;
    site.restart()?;
    let token = site.token("technician")?;
    let import = site
        .station("import", &token)?
        .args(["--patient", samples::MRN])
        .arg(samples::path("lab-report.tif"))
        .output()?;
    program::succeed("scanner-agent import", import)?;
    let newest = program::wait_for("both witnesses to see the newest events", || {
        let (code, report) = site.verify_with(&words)?;
        let seen = code == 0 && report["witnessed"]["events"] == report["counts"]["events"];
        Ok(seen.then_some(report))
    })?;
    ensure!(newest["verdict"] == "sound", "witnesses stand for freshness: {newest}");

    // A third party reads the cosignatures.
    let aics = program::cache()?.join("venv/bin/aics-tlog");
    let mut ask = Command::new(aics);
    ask.args([
        "verify-checkpoint",
        "--quorum",
        "2",
        "--max-age",
        "600",
        "--witness-key",
        &one.key,
        "--witness-key",
        &two.key,
    ]);
    ask.arg("--note").arg(site.store().join("log/witnessed")).arg("--vkey-file").arg(site.log_key());
    program::succeed("aics-tlog", ask.output()?)?;

    // The bucket is set back to a state that was validly signed; what the witnesses have seen is not.
    let seen = fs::read(site.store().join("log/witnessed"))?;
    let before = site.root().join("before");
    program::succeed("cp", Command::new("cp").arg("-r").arg(site.store()).arg(&before).output()?)?;
    site.token("auditor")?;
    program::wait_for("the witnesses to see one event more", || {
        Ok((fs::read(site.store().join("log/witnessed"))? != seen).then_some(()))
    })?;
    fs::copy(site.store().join("log/witnessed"), before.join("log/witnessed"))?;
    let mut verify = program::command("chartroom-verify")?;
    verify.args(["--json", "--store"]).arg(&before).args(&words);
    let output = verify.output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.code() == Some(1) && said.contains("\"rolled-back\""), "{said}");
    Ok(())
}

#[test]
fn an_old_cosignature_is_no_proof_of_today() -> Result<()> {
    let site = Site::start(0)?;
    let witness = WitnessSigner::from_seed("w.example", &[5; 32])?;
    let key: WitnessKey = witness.public();
    let file = site.root().join("policy");
    fs::write(&file, format!("log {}witness w {key}\nquorum w\n", fs::read_to_string(site.log_key())?))?;
    let words = ["--policy".to_owned(), file.to_string_lossy().into_owned()];
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let note = fs::read_to_string(site.store().join("log/checkpoint"))?;
    for (hours, expected) in [(25, 1), (23, 0)] {
        let cosigned = format!("{note}{}", witness.cosign(&note, now - hours * 3600)?);
        fs::write(site.store().join("log/witnessed"), cosigned)?;
        let (code, report) = site.verify_with(&words)?;
        ensure!(code == expected, "{hours} hours old: {report}");
    }
    let longer = [&words[..], &["--max-age".to_owned(), "22".to_owned()]].concat();
    ensure!(site.verify_with(&longer)?.0 == 1, "22 hours are not enough for 23");
    Ok(())
}

#[test]
fn a_witness_answers_as_the_protocol_says_and_keeps_evidence() -> Result<()> {
    let folder = tempfile::TempDir::new()?;
    let signer = LogSigner::from_seed("log.example/charts", &[4; 32])?;
    let file = folder.path().join("log.pub");
    fs::write(&file, signer.public().to_string())?;
    let witness = ours(folder.path().join("witness"), &file)?;
    let (client, key) = (Client::new(), witness.key.parse::<WitnessKey>()?);
    let ask = |body: String| -> Result<(u16, String)> {
        let answer = client.post(format!("{}/add-checkpoint", witness.url)).body(body).send()?;
        Ok((answer.status().as_u16(), answer.text()?))
    };
    let leaves = [leaf_hash(b"a"), leaf_hash(b"b")];
    let both = node_hash(&leaves[0], &leaves[1]);
    let request =
        |old, size, root, proof: &[Digest]| AddCheckpoint { old, proof: proof.to_vec(), note: signer.sign(size, root) };
    let first = request(0, 1, leaves[0], &[]);
    let (status, line) = ask(first.to_text())?;
    ensure!(status == 200 && key.seen(&format!("{}{line}", first.note))?.is_some(), "{status}: {line}");
    ensure!(ask(request(0, 2, both, &[]).to_text())? == (409, "1\n".to_owned()), "it says which it knows");
    ensure!(ask(request(1, 2, both, &[leaves[0]]).to_text())?.0 == 422, "a proof that does not hold");
    ensure!(fs::read_dir(witness.folder.join("evidence"))?.count() == 1, "which is evidence");
    ensure!(ask(request(1, 2, both, &[leaves[1]]).to_text())?.0 == 200);
    ensure!(ask(request(2, 1, leaves[0], &[]).to_text())?.0 == 400, "backwards");
    ensure!(ask("old 1\n".to_owned())?.0 == 400);
    let stranger = LogSigner::from_seed("log.example/charts", &[6; 32])?;
    ensure!(ask(AddCheckpoint { old: 2, proof: vec![], note: stranger.sign(2, both) }.to_text())?.0 == 403);
    let other = LogSigner::from_seed("other.example", &[4; 32])?;
    ensure!(ask(AddCheckpoint { old: 0, proof: vec![], note: other.sign(1, leaves[0]) }.to_text())?.0 == 404);
    Ok(())
}
