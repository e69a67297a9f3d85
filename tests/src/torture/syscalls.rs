//! A process that hands over two documents is killed, or its disk fails or is full, at every system call that changes the disk: as
//! Tessera's fault tests do it, with strace. What it was told is safe is there afterwards, once, and everything is sound.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use archive::Archive;
use tests::handover::{address, folder, nothing_is_lost, signer, views};
use tests::small_disk;

use crate::copy;
use crate::course::Course;

/// Those by which a store of files is changed (strace(1), `-e inject`; `when` counts in each thread for itself, and one thread makes
/// all the store's calls).
const CALLS: [&str; 7] = [
    "openat",
    "mkdir",
    "linkat,link",
    "renameat,renameat2,rename",
    "unlinkat,unlink",
    "fsync,fdatasync",
    "write,pwrite64",
];
const FAULTS: [&str; 4] = ["signal=KILL", "error=EIO", "error=ENOSPC", "error=EINTR"];
/// No thread makes more of one kind.
const MOST: u32 = 400;

/// A case is one fault at one kind of call, at each of its occurrences.
#[tokio::main]
pub async fn run(from: u64) -> Result<String> {
    let folder = folder()?;
    let base = folder.path().join("base");
    // The second document fills a tile.
    Archive::init(&address(&base)?, signer()?).await?.append(views(0..254)).await?;
    let cases: Vec<_> = CALLS.iter().flat_map(|calls| FAULTS.map(|fault| (*calls, fault))).collect();
    let (mut course, mut tried) = (Course::new("syscalls", from, cases.len() as u64), 0);
    for (case, (calls, fault)) in (0..).zip(cases).skip(usize::try_from(from)?) {
        for when in 1..MOST {
            course.at(case);
            let store = folder.path().join("struck");
            copy(&base, &store)?;
            let (struck, told) = strike(&store, calls, fault, when)?;
            let what = || format!("case {case}: {calls}, {fault}, call {when}");
            nothing_is_lost(&store, &told).await.with_context(what)?;
            fs::remove_dir_all(&store)?;
            if !struck {
                break;
            }
            tried += 1;
        }
    }
    let filled = fill_up(&base).await?;
    ensure!(tried >= 100 || from > 0, "only {tried} faults struck");
    Ok(format!(
        "{tried} faults, and a disk that fills up at each of {filled} writes, nothing lost that was said to be safe"
    ))
}

/// A part of each write in turn is all that there is room for.
async fn fill_up(base: &Path) -> Result<u32> {
    let (torture, store) = (std::env::current_exe()?, base.with_extension("full"));
    for first in 0.. {
        copy(base, &store)?;
        let ended = small_disk::hand_over(&torture, &store, first)?;
        nothing_is_lost(&store, &ended.told).await.with_context(|| format!("full from write {first} on"))?;
        fs::remove_dir_all(&store)?;
        ensure!(ended.well == (first == small_disk::EACH || !ended.struck), "full from write {first} on: ended well?");
        if !ended.struck {
            ensure!(first > 10, "only {first} writes");
            return Ok(first - 1);
        }
    }
    Ok(0)
}

/// Whether anything was struck, and what the process has said.
fn strike(store: &Path, calls: &str, fault: &str, when: u32) -> Result<(bool, Vec<u64>)> {
    let trace = store.with_extension("trace");
    let output = Command::new("strace")
        .args(["-f", "-qq", "--seccomp-bpf", "-o"])
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
