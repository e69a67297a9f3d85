//! What lies on a station's disk: nobody can read it without the key, and a page never lacks room.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tests::{program, samples};

const NAME: &str = "box of Thea Example";

/// The agent's exit code and what it said, with this spool.
fn agent(spool: &Path, words: &[&str]) -> Result<(Option<i32>, String, String)> {
    let output = program::command("scanner-agent")?.args(words).arg("--spool").arg(spool).output()?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok((output.status.code(), text(output.stdout), text(output.stderr)))
}

/// A held batch of a file that is its page, one of many pages, and one that has to be drawn.
fn held(spool: &Path) -> Result<String> {
    let paths: Vec<String> =
        samples::FILES.iter().map(|(file, _)| samples::path(file).to_string_lossy().into_owned()).collect();
    let fixed = ["import", "--hold", "--json", "--batch", NAME, "--patient", samples::MRN];
    let words: Vec<&str> = fixed.into_iter().chain(paths.iter().map(String::as_str)).collect();
    let (code, said, errors) = agent(spool, &words)?;
    ensure!(code == Some(0), "{code:?}: {errors}");
    let report: Value = serde_json::from_str(&said)?;
    Ok(report["batch"].as_str().context("a batch")?.to_owned())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

#[test]
fn nothing_in_the_spool_shows_a_patient_or_a_page() -> Result<()> {
    let folder = TempDir::new()?;
    let spool = folder.path().join("spool");
    let batch = held(&spool)?;
    let signs: [&[u8]; 6] = [NAME.as_bytes(), samples::MRN.as_bytes(), b"\x89PNG", b"II*\0", b"%PDF", b"event"];
    let files = files(&spool)?;
    ensure!(files.len() > samples::FILES.len(), "pages and originals are there: {files:?}");
    for file in &files {
        let bytes = fs::read(file)?;
        for sign in signs {
            // Four bytes may stand anywhere by chance; at the head of a file they do not.
            let within = if sign.len() > 4 { bytes.as_slice() } else { &bytes[..bytes.len().min(4)] };
            let shown = within.windows(sign.len()).any(|window| window == sign);
            ensure!(!shown, "{} shows {}", file.display(), String::from_utf8_lossy(sign));
        }
    }
    let (code, said, _) = agent(&spool, &["batch", &batch, "show", "--json"])?;
    ensure!(code == Some(0) && said.contains(samples::MRN), "with the key it is all there: {said}");
    Ok(())
}

#[test]
fn a_key_is_exchanged_and_without_it_nothing_opens() -> Result<()> {
    let folder = TempDir::new()?;
    let (spool, key) = (folder.path().join("spool"), folder.path().join("spool.key"));
    let batch = held(&spool)?;
    let show = ["batch", batch.as_str(), "show"];
    let old = fs::read(&key)?;
    let (code, said, errors) = agent(&spool, &["key", "--exchange"])?;
    ensure!(code == Some(0), "{said}{errors}");
    let new = fs::read(&key)?;
    ensure!(new != old && agent(&spool, &show)?.0 == Some(0), "the new one opens it");
    fs::write(&key, &old)?;
    let (code, _, errors) = agent(&spool, &show)?;
    ensure!(code == Some(1) && errors.contains("Put that key file back"), "the old one does not: {errors}");
    // Killed in the exchange, both keys are there: whatever each journal is wrapped with opens.
    fs::write(&key, [fs::read(&key)?, new].concat())?;
    ensure!(agent(&spool, &show)?.0 == Some(0), "both together do");
    let (code, ..) = agent(&spool, &["key", "--exchange"])?;
    ensure!(code == Some(0) && agent(&spool, &show)?.0 == Some(0), "and are exchanged again");
    fs::remove_file(&key)?;
    let (code, _, errors) = agent(&spool, &["resume", "--server", "http://127.0.0.1:9", "--token", "t"])?;
    ensure!(code == Some(1) && errors.contains("is encrypted with the station key"), "{code:?}: {errors}");
    Ok(())
}

/// A disk of a size of our choosing: a tmpfs that only the processes of this shell see, and whoever goes through it.
struct Disk {
    shell: program::Guarded,
    folder: PathBuf,
}

impl Disk {
    fn mount(folder: &Path, size: &str) -> Result<Self> {
        let unshare = ["--mount", "--map-root-user", "sh"];
        let shell: Child =
            Command::new("unshare").args(unshare).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut disk = Self { shell: program::Guarded(shell), folder: folder.to_owned() };
        disk.say(&format!("mount -t tmpfs -o size={size} none '{}'", folder.display()))?;
        Ok(disk)
    }

    fn resize(&mut self, size: &str) -> Result<()> {
        self.say(&format!("mount -o remount,size={size} '{}'", self.folder.display()))
    }

    fn say(&mut self, command: &str) -> Result<()> {
        let shell = &mut self.shell.0;
        writeln!(shell.stdin.as_mut().context("a pipe")?, "{command} && echo done || exit 1")?;
        let mut answer = [0; 5];
        shell.stdout.as_mut().context("a pipe")?.read_exact(&mut answer).with_context(|| command.to_owned())?;
        ensure!(&answer == b"done\n", "{command}");
        Ok(())
    }

    /// The folder as seen from outside.
    fn path(&self) -> PathBuf {
        let inside = self.folder.strip_prefix("/").unwrap_or(&self.folder);
        PathBuf::from(format!("/proc/{}/root", self.shell.0.id())).join(inside)
    }
}

#[test]
fn a_full_disk_stops_the_feeder_before_a_page_is_lost() -> Result<()> {
    let room = crate::feeder::Room::with(24, "")?;
    let reserve = record::limits::SPOOL_RESERVE_BYTES;
    let (outside, kib) = (room.path("disk"), 1024);
    fs::create_dir(&outside)?;
    let mut disk = Disk::mount(&outside, &(reserve + 400 * kib).to_string())?;
    let spool = disk.path().join("spool");
    let (code, said) = room.scan_into(&spool, &[])?;
    ensure!(code == Some(6) && said["fault"]["kind"] == "disk-full", "{code:?}: {said}");
    let captured = said["captured"].as_u64().context("a number")?;
    ensure!((1..24).contains(&captured) && said["fault"]["sheet"] == captured + 1, "{said}");
    let text = said["fault"]["text"].as_str().context("words")?;
    ensure!(text.contains("MB are free") && text.contains("is safe"), "{text}");
    let batch = said["batch"].as_str().context("a batch")?;
    // Still full: not one more sheet.
    let (code, again) = room.scan_into(&spool, &["--continue", batch])?;
    ensure!(code == Some(6) && again["captured"] == captured, "{again}");
    disk.resize(&(2 * reserve).to_string())?;
    // The sheet that had gone through is laid on top again.
    fs::write(room.path("paper/fed"), captured.to_string())?;
    let (code, report) = room.scan_into(&spool, &["--continue", batch])?;
    ensure!(code == Some(0), "{report}");
    room.holds_all_in(&spool, &report)
}
