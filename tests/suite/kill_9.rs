//! Anything may die at any instant: nothing acknowledged is lost, nothing is there twice,
//! and no human is needed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tests::{program, samples, site::Site};

use crate::twice::count_sealed;

/// System calls that change what is on the disk or on the line; between them nothing changes that outlives the station.
const STEPS: [&str; 9] =
    ["fsync", "fdatasync", "rename", "unlink", "unlinkat", "mkdir", "ftruncate", "write", "writev"];

#[test]
fn the_station_is_killed_at_every_durable_step_and_loses_nothing() -> Result<()> {
    let site = Site::start(0)?;
    let station = site.token("technician")?;
    let mut points = 0;
    for step in STEPS {
        // Every occurrence in turn, until a run gets through without meeting the n-th.
        for occurrence in 1..=200 {
            let spool = site.root().join(format!("spool-{step}-{occurrence}"));
            let killed = import_under_strace(&site, &station, &spool, step, occurrence)?;
            if !killed {
                break;
            }
            points += 1;
            let again = import(&site, &station, &spool)?.output()?;
            program::succeed("the import after a kill", again)?;
            ensure!(waiting(&spool)? == 0, "after {step} {occurrence} the spool still holds pages");
        }
    }
    ensure!(points >= 20, "only {points} crash points were met; is strace at work?");
    ensure!(count_sealed(&site)? == 1, "one document, however often its station died");
    let (code, report) = site.verify()?;
    ensure!(code == 0, "{report}");
    Ok(())
}

#[test]
fn the_server_is_killed_again_and_again_while_pages_arrive() -> Result<()> {
    let mut site = Site::start(1)?;
    let station = site.token("technician")?;
    let paths: Vec<PathBuf> = samples::FILES.iter().map(|(file, _)| samples::path(file)).collect();
    for round in 0..6_u64 {
        let mut importing = site
            .station("import", &station)?
            .args(["--patient", samples::MRN])
            .args(&paths)
            .stderr(std::process::Stdio::null())
            .spawn()?;
        // Spread over the whole hand-over: the first rounds die early, the last ones late.
        std::thread::sleep(Duration::from_millis(60 + round * 170));
        site.kill_server()?;
        site.restart()?;
        let _ = importing.kill();
        importing.wait()?;
    }
    site.import(&station, &paths, &["--patient", samples::MRN])?;
    let searcher = site.caller("searcher")?;
    for (file, word) in samples::FILES {
        let hits = searcher.search(word)?;
        ensure!(hits.len() == 1, "{word} of {file} is found once, not {}", hits.len());
    }
    ensure!(count_sealed(&site)? == samples::FILES.len(), "each document once");
    let (code, report) = site.verify()?;
    ensure!(code == 0, "{report}");
    Ok(())
}

/// What people do to a held batch, in this order; `{}` is its number.
const DEEDS: [&str; 9] = [
    "batch {} hide 2",
    "batch {} turn 1 180",
    "batch {} move 3 --before 1",
    "batch {} index 1 --type LETTER",
    "batch {} undo",
    "batch {} expect 3",
    "batch {} accept",
    "batch {} release",
    "key --exchange",
];

#[test]
fn killed_in_the_middle_of_any_deed_a_batch_is_as_before_it_or_as_after_it() -> Result<()> {
    let site = Site::start(0)?;
    let token = site.token("technician")?;
    let (mut at, mut points) = (Desk::new(&site.root().join("desk-0"))?, 0);
    at.hold()?;
    for (number, deed) in (1..).zip(DEEDS) {
        let after = at.copy(&site.root().join(format!("desk-{number}")))?;
        after.run(deed, &[])?;
        let outcomes = [at.look()?, after.look()?];
        for step in STEPS {
            for occurrence in 1..=60 {
                let struck = at.copy(&site.root().join("struck"))?;
                if !struck.run_under_strace(deed, step, occurrence)? {
                    break;
                }
                points += 1;
                let found = struck.look().with_context(|| format!("{deed}, killed at {step} {occurrence}"))?;
                ensure!(outcomes.contains(&found), "{deed}, killed at {step} {occurrence}: {found}");
            }
        }
        at = after;
    }
    ensure!(points >= 60, "only {points} crash points were met; is strace at work?");
    let documents = at.look()?["documents"].as_array().map(Vec::len);
    // Whatever was killed on the way, what goes into the archive is what people left.
    let resumed = at.command("resume", &["--server", &site.url()])?.env("CHARTROOM_TOKEN", &token).output()?;
    program::succeed("scanner-agent resume", resumed)?;
    let sealed = count_sealed(&site)?;
    ensure!(Some(sealed) == documents && waiting(&at.spool())? == 0, "{sealed} documents of {documents:?}");
    ensure!(site.verify()?.0 == 0);
    Ok(())
}

/// Three pages of which none is like another.
fn pages() -> Result<Vec<Vec<u8>>> {
    let page = |shade: u8| {
        Ok(imaging::Raster::gray(60, 80, (0..4_800).map(|at| if at / 60 % 9 < 3 { shade } else { 240 }).collect())?
            .encode_png(75)?)
    };
    [20, 60, 100].map(page).into_iter().collect()
}

/// A spool with one held batch of three pages, and its key.
struct Desk {
    folder: PathBuf,
    batch: String,
}

impl Desk {
    fn new(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), batch: String::new() })
    }

    fn spool(&self) -> PathBuf {
        self.folder.join("spool")
    }

    fn hold(&mut self) -> Result<()> {
        let pages = pages()?;
        for (number, page) in (1..).zip(&pages) {
            std::fs::write(self.folder.join(format!("{number}.png")), page)?;
        }
        let files: Vec<String> =
            (1..=3).map(|number| self.folder.join(format!("{number}.png")).to_string_lossy().into_owned()).collect();
        let fixed = ["--hold", "--json", "--batch", "box", "--patient", samples::MRN];
        let words: Vec<&str> = fixed.into_iter().chain(files.iter().map(String::as_str)).collect();
        let said = program::succeed("scanner-agent import", self.command("import", &words)?.output()?)?;
        let report: serde_json::Value = serde_json::from_str(&said)?;
        self.batch = report["batch"].as_str().context("a batch")?.to_owned();
        Ok(())
    }

    /// The same at another place: what a deed does there does nothing here.
    fn copy(&self, to: &Path) -> Result<Self> {
        let _ = std::fs::remove_dir_all(to);
        let copied = Command::new("cp").arg("-a").arg(&self.folder).arg(to).status()?;
        ensure!(copied.success(), "copying a spool");
        Ok(Self { folder: to.to_owned(), batch: self.batch.clone() })
    }

    fn command(&self, deed: &str, more: &[&str]) -> Result<Command> {
        let mut command = program::command("scanner-agent")?;
        command.args(deed.replace("{}", &self.batch).split(' ')).args(more).arg("--spool").arg(self.spool());
        Ok(command)
    }

    fn run(&self, deed: &str, more: &[&str]) -> Result<String> {
        program::succeed(deed, self.command(deed, more)?.output()?)
    }

    /// Whether it was met.
    fn run_under_strace(&self, deed: &str, step: &str, occurrence: u32) -> Result<bool> {
        let deed = self.command(deed, &[])?;
        let output = Command::new("strace")
            .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={step}")])
            .args(["-e", &format!("inject={step}:signal=SIGKILL:when={occurrence}")])
            .arg(deed.get_program())
            .args(deed.get_args())
            .output()?;
        Ok(!output.status.success())
    }

    /// What the next command finds: the batch as it stands, and each of its pages byte by byte.
    fn look(&self) -> Result<serde_json::Value> {
        let mut report: serde_json::Value = serde_json::from_str(&self.run("batch {} show", &["--json"])?)?;
        for page in report["pages"].as_array_mut().context("pages")? {
            let (number, out) = (page["page"].to_string(), self.folder.join("page"));
            self.run("batch {} image", &[&number, "--out", &out.to_string_lossy()])?;
            let found = record::Digest::of(&std::fs::read(out)?).to_string();
            ensure!(page["image"] == found.as_str(), "page {number} has other bytes than the journal says");
        }
        Ok(report)
    }
}

fn import(site: &Site, token: &str, spool: &Path) -> Result<Command> {
    let mut command = program::command("scanner-agent")?;
    command.args(["import", "--server", &site.url(), "--patient", samples::MRN, "--spool"]).arg(spool);
    command.arg(samples::path("discharge-summary.tif")).env("CHARTROOM_TOKEN", token);
    Ok(command)
}

/// Runs the import and kills it at the n-th call of `step`; false where it came through.
fn import_under_strace(site: &Site, token: &str, spool: &Path, step: &str, occurrence: u32) -> Result<bool> {
    let import = import(site, token, spool)?;
    let output = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={step}")])
        .args(["-e", &format!("inject={step}:signal=SIGKILL:when={occurrence}")])
        .arg(import.get_program())
        .args(import.get_args())
        .env("CHARTROOM_TOKEN", token)
        .output()?;
    // strace dies by the signal its tracee died of.
    Ok(!output.status.success())
}

/// Batches in the spool that the archive does not have whole.
fn waiting(spool: &Path) -> Result<usize> {
    let output = program::command("scanner-agent")?.args(["status", "--json", "--spool"]).arg(spool).output()?;
    let report: serde_json::Value = serde_json::from_str(&program::succeed("scanner-agent status", output)?)?;
    report["batches"].as_array().map(Vec::len).context("a list of batches")
}
