//! Gigabytes that `chartroom-verify` checks in one processor second, manifests and ledger
//! included, beside the floor: what `openssl speed` says SHA-256 can do at this object size. And beside
//! `sha256sum` over the same blobs, which is what an auditor would use without us. Where they are installed, beside `restic`, over a backup of
//! the same blobs, and `rocfl`, over a storage root of as many bytes.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use archive::{Archive, StoreAddress};
use record::note::LogSigner;
use serde_json::json;
use tempfile::TempDir;
use tests::{program, sealed};

use crate::ocfl;
use crate::report::{Report, cpu_seconds};

const OBJECT_BYTES: usize = 200_000;
/// Two gigabytes, which are gone when the bench ends.
const DOCUMENTS: u32 = 400;
const PAGES: u32 = 25;

pub fn run(report: &mut Report) -> Result<()> {
    let folder = TempDir::new()?;
    let store = folder.path().join("store");
    let key = folder.path().join("log.pub");
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let signer = LogSigner::from_seed("bench.example", &[1; 32])?;
        std::fs::write(&key, signer.public().to_string())?;
        let archive = Archive::init(&StoreAddress::parse(&store.to_string_lossy(), Vec::new())?, signer).await?;
        let mut events = Vec::new();
        for document in 0..DOCUMENTS {
            let pages = (0..PAGES).map(|page| page_bytes(document * PAGES + page, OBJECT_BYTES));
            events.push(sealed::document(&archive, &document.to_be_bytes(), pages).await?);
        }
        archive.append(events).await?;
        anyhow::Ok(())
    })?;

    let before = cpu_seconds()?;
    let output = program::command("chartroom-verify")?.arg("--store").arg(&store).arg("--key").arg(&key).output()?;
    program::succeed("chartroom-verify", output)?;
    let seconds = cpu_seconds()? - before;
    let gigabytes = f64::from(DOCUMENTS * PAGES) * OBJECT_BYTES as f64 / 1e9;
    let ours = gigabytes / seconds;
    report.beside("verify", "GB per CPU-second, 200 KB objects", ours, "openssl speed sha256", openssl_gigabytes()?)?;
    let before = cpu_seconds()?;
    let words = "find blobs -type f -print0 | xargs -0 -n 500 sha256sum > /dev/null";
    program::succeed("sha256sum", Command::new("sh").args(["-c", words]).current_dir(&store).output()?)?;
    let theirs = gigabytes / (cpu_seconds()? - before);
    report.beside("verify", "GB per CPU-second, 200 KB objects", ours, "sha256sum", theirs)?;
    let backup = folder.path().join("backup");
    match restic(&store.join("blobs"), &backup)? {
        Some(seconds) => report.beside(
            "verify",
            "GB per CPU-second, 200 KB objects",
            ours,
            "restic check --read-data",
            gigabytes / seconds,
        )?,
        None => report.line(&json!({"bench": "verify", "left_out": "restic: `scripts/bench peers` installs it"}))?,
    }
    std::fs::remove_dir_all(&store)?;
    let bytes = |number| page_bytes(number, OBJECT_BYTES);
    match ocfl::seconds(&folder.path().join("root"), DOCUMENTS, PAGES, bytes)? {
        Some(seconds) => {
            report.beside("verify", "GB per CPU-second, 200 KB objects", ours, "rocfl sha256", gigabytes / seconds)
        }
        None => report.line(&json!({"bench": "verify", "left_out": "rocfl: `scripts/bench peers` installs it"})),
    }
}

/// Processor seconds that `restic` takes to read and hash a backup of this folder; none where it is not installed.
fn restic(folder: &Path, backup: &Path) -> Result<Option<f64>> {
    let run = |words: &[&str]| {
        let mut command = Command::new("restic");
        command.args(["--quiet", "--no-cache", "--repo"]).arg(backup).args(words).env("RESTIC_PASSWORD", "bench");
        command.current_dir(folder).output()
    };
    match run(&["init"]) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        made => program::succeed("restic init", made?)?,
    };
    program::succeed("restic backup", run(&["backup", "--compression", "off", "."])?)?;
    let before = cpu_seconds()?;
    program::succeed("restic check", run(&["check", "--read-data"])?)?;
    let seconds = cpu_seconds()? - before;
    std::fs::remove_dir_all(backup)?;
    Ok(Some(seconds))
}

/// `openssl speed -mr` prints `+F:…:sha256:<bytes per second>`.
fn openssl_gigabytes() -> Result<f64> {
    let output = Command::new("openssl")
        .args(["speed", "-mr", "-seconds", "2", "-bytes", &OBJECT_BYTES.to_string(), "-evp", "sha256"])
        .output()?;
    let text = program::succeed("openssl speed", output)?;
    let line = text.lines().find(|line| line.starts_with("+F:")).context("a figure from openssl")?;
    Ok(line.rsplit(':').next().context("a figure")?.parse::<f64>()? / 1e9)
}

/// Bytes that compress and repeat like nothing, yet are the same in every run.
pub fn page_bytes(seed: u32, length: usize) -> Vec<u8> {
    let mut state = u64::from(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        // Marsaglia's xorshift64.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
