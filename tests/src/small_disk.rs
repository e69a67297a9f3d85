//! A disk that takes less than it is given, or fills up ([`tests/disk`](../../disk)).

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::program;

/// Of each write it takes a part.
pub const EACH: u32 = 0;

/// For a program that is to have such a disk. Of its write `first` it takes a part, and then it is full.
pub fn environment(first: u32) -> Result<Vec<(String, String)>> {
    with(("SMALL_DISK", first.to_string()))
}

/// Likewise, of one that is full while there is this file.
pub fn full_while(file: &Path) -> Result<Vec<(String, String)>> {
    with(("SMALL_DISK_WHILE", file.to_string_lossy().into_owned()))
}

fn with((name, value): (&str, String)) -> Result<Vec<(String, String)>> {
    let library = program::path("libsmall_disk.so")?.to_string_lossy().into_owned();
    Ok(vec![("LD_PRELOAD".to_owned(), library), (name.to_owned(), value)])
}

/// What became of a process that handed over two documents.
pub struct Ended {
    /// The disk took less than it was given at least once.
    pub struck: bool,
    pub well: bool,
    pub told: Vec<u64>,
}

/// `torture` is the program of that name.
pub fn hand_over(torture: &Path, store: &Path, first: u32) -> Result<Ended> {
    let output = Command::new(torture).arg("hand-over").arg(store).envs(environment(first)?).output()?;
    let told = String::from_utf8_lossy(&output.stdout).lines().filter_map(|line| line.parse().ok()).collect();
    Ok(Ended { struck: has_struck(&output.stderr), well: output.status.success(), told })
}

pub fn has_struck(stderr: &[u8]) -> bool {
    String::from_utf8_lossy(stderr).contains("small-disk:")
}

/// A program that does not go on where less was taken loses something: the disk is what it says.
pub fn loses_what_is_not_written_again(folder: &Path) -> Result<()> {
    let script = "import os, sys; print(os.write(os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY), b'x' * 1000))";
    let python = program::cache()?.join("venv/bin/python");
    let mut command = Command::new(python);
    let output = command.args(["-c", script]).arg(folder.join("file")).envs(environment(EACH)?).output()?;
    let taken = program::succeed("python", output)?;
    ensure!(taken.trim() == "500", "of 1000 bytes it took {taken}");
    Ok(())
}
