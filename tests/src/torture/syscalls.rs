//! A process that hands over two documents is killed, or its disk fails or is full, at every system call that changes the disk: as
//! Tessera's fault tests do it, with strace. What it was told is safe is there afterwards, once, and everything is sound.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use archive::Archive;
use record::EventKind;
use tempfile::TempDir;

use crate::{address, copy, report, seal, signer, views};

/// Those by which a store of files is changed (strace(1), `-e inject`; `when` counts in each thread for itself).
const CALLS: [&str; 7] = [
    "openat",
    "mkdir",
    "linkat,link",
    "renameat,renameat2,rename",
    "unlinkat,unlink",
    "fsync,fdatasync",
    "write,pwrite64",
];
const FAULTS: [&str; 3] = ["signal=KILL", "error=EIO", "error=ENOSPC"];
/// No thread makes more of one kind.
const MOST: u32 = 400;

/// Says each document's number as soon as it is safe.
#[tokio::main(flavor = "current_thread")]
pub async fn hand_over(store: &Path) -> Result<()> {
    let archive = Archive::open(&address(store)?, signer()?).await?;
    for name in ["first", "second"] {
        let index = seal(&archive, name).await?;
        writeln!(std::io::stdout(), "{index}")?;
    }
    Ok(())
}

#[tokio::main]
pub async fn run() -> Result<String> {
    let folder = TempDir::new()?;
    let base = folder.path().join("base");
    // The second document fills a tile.
    Archive::init(&address(&base)?, signer()?).await?.append(views(0..254)).await?;
    let mut tried = 0;
    for calls in CALLS {
        for fault in FAULTS {
            for when in 1..MOST {
                let store = folder.path().join("struck");
                copy(&base, &store)?;
                let (struck, told) = strike(&store, calls, fault, when)?;
                check(&store, &told).await.with_context(|| format!("{calls}, {fault}, call {when}"))?;
                fs::remove_dir_all(&store)?;
                if !struck {
                    break;
                }
                tried += 1;
            }
        }
    }
    ensure!(tried >= 100, "only {tried} faults struck");
    Ok(format!("{tried} faults, nothing lost that was said to be safe"))
}

/// Whether anything was struck, and what the process has said.
fn strike(store: &Path, calls: &str, fault: &str, when: u32) -> Result<(bool, Vec<u64>)> {
    let trace = store.with_extension("trace");
    let output = Command::new("strace")
        .args(["-f", "-qq", "-o"])
        .arg(&trace)
        .args(["-e", &format!("trace={calls}"), "-e", &format!("inject={calls}:{fault}:when={when}")])
        .arg(std::env::current_exe()?)
        .arg("hand-over")
        .arg(store)
        .output()
        .context("failed to run strace")?;
    let text = String::from_utf8_lossy(&fs::read(&trace)?).into_owned();
    let struck = text.contains("(INJECTED)") || text.contains("killed by SIGKILL");
    let told = String::from_utf8_lossy(&output.stdout);
    Ok((struck, told.lines().filter_map(|line| line.parse().ok()).collect()))
}

async fn check(store: &Path, told: &[u64]) -> Result<()> {
    let archive = Archive::open(&address(store)?, signer()?).await?;
    let events = archive.events(0, usize::MAX).await?;
    for index in told {
        let event = events.get(usize::try_from(*index)?).context("an event that was acknowledged is gone")?;
        ensure!(matches!(event.event, EventKind::Sealed { .. }), "another event stands at {index}");
    }
    // It goes on, and the same document once more is the same bytes.
    seal(&archive, "third").await?;
    let report = report(store, None).await?;
    ensure!(report.findings.is_empty(), "{:?}", report.findings);
    Ok(())
}
