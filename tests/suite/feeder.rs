//! Every fault that a scanner can have, played by a backend of ours that the real libsane loads.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use imaging::Raster;
use serde_json::Value;
use tempfile::TempDir;
use tests::paper::{self, Feeder};
use tests::program;

const WIDTH: u32 = 200;
const HEIGHT: u32 = 260;

/// A station with a scanner, and paper in its feeder.
pub struct Room {
    folder: TempDir,
    feeder: Feeder,
    pages: usize,
}

impl Room {
    pub fn with(pages: usize, script: &str) -> Result<Self> {
        let folder = TempDir::new()?;
        let paper = (0..pages).map(|number| Ok(Raster::gray(WIDTH, HEIGHT, samples(number))?));
        let feeder = Feeder::with(folder.path(), &paper.collect::<Result<Vec<_>>>()?, script)?;
        Ok(Self { folder, feeder, pages })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, words: &[&str]) -> Result<Output> {
        let mut command = program::command("scanner-agent")?;
        Ok(command.envs(self.feeder.environment()).args(words).output()?)
    }

    /// Exit code, and what was said as JSON.
    fn scan(&self, more: &[&str]) -> Result<(Option<i32>, Value)> {
        self.scan_into(&self.path("spool"), more)
    }

    pub fn scan_into(&self, spool: &Path, more: &[&str]) -> Result<(Option<i32>, Value)> {
        let spool = spool.to_str().context("UTF-8")?;
        let words = ["scan", "--device", paper::DEVICE, "--hold", "--json", "--patience", "2", "--spool", spool];
        let output = self.run(&[&words, more].concat())?;
        let said = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned());
        Ok((output.status.code(), said?))
    }

    /// Whether it was met.
    fn scan_until_killed(&self, step: &str, occurrence: u32) -> Result<bool> {
        let agent = program::path("scanner-agent")?;
        let output = Command::new("strace")
            .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={step}")])
            .args(["-e", &format!("inject={step}:signal=SIGKILL:when={occurrence}")])
            .arg(agent)
            .args(["scan", "--device", paper::DEVICE, "--hold", "--json", "--spool"])
            .arg(self.path("spool"))
            .envs(self.feeder.environment())
            .output()?;
        Ok(!output.status.success())
    }

    /// The batch that waits, and how many pages of it are safe.
    fn left_in_spool(&self) -> Result<(Option<String>, usize)> {
        let spool = self.path("spool");
        let spool = spool.to_str().context("UTF-8")?;
        let said = program::succeed("scanner-agent status", self.run(&["status", "--json", "--spool", spool])?)?;
        let status: Value = serde_json::from_str(&said)?;
        let Some(batch) = status["batches"][0]["batch"].as_str().map(str::to_owned) else { return Ok((None, 0)) };
        let words = ["batch", &batch, "show", "--json", "--spool", spool];
        let report: Value = serde_json::from_str(&program::succeed("scanner-agent batch show", self.run(&words)?)?)?;
        let captured = report["pages"].as_array().map_or(0, Vec::len);
        Ok((Some(batch), captured))
    }

    /// A page as the station gives it out again; in the spool it is encrypted.
    fn image(&self, spool: &Path, batch: &str, page: &Value) -> Result<Raster> {
        let out = self.path("page");
        let words = ["batch", batch, "image", &page.to_string(), "--out", &out.to_string_lossy()].map(str::to_owned);
        let words = words.iter().map(String::as_str).chain(["--spool", spool.to_str().context("UTF-8")?]);
        program::succeed("scanner-agent batch image", self.run(&words.collect::<Vec<_>>())?)?;
        Ok(imaging::decode(&fs::read(out)?)?)
    }

    /// The pages that the batch shows are exactly those that were fed, in their order.
    fn holds_all(&self, report: &Value) -> Result<()> {
        self.holds_all_in(&self.path("spool"), report)
    }

    pub fn holds_all_in(&self, spool: &Path, report: &Value) -> Result<()> {
        let pages = report["pages"].as_array().context("pages")?;
        let shown: Vec<&Value> = pages.iter().filter(|page| page["hidden"] == false).collect();
        ensure!(shown.len() == self.pages, "{} pages of {}", shown.len(), self.pages);
        let batch = report["batch"].as_str().context("a batch")?;
        for (number, page) in shown.iter().enumerate() {
            let image = self.image(spool, batch, &page["page"])?;
            let fed = Raster::gray(WIDTH, HEIGHT, samples(number))?;
            ensure!(image == fed, "page {number} is not the one that was fed");
        }
        Ok(())
    }
}

/// A page that no other page is like.
fn samples(number: usize) -> Vec<u8> {
    let mixed = |at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8;
    (0..WIDTH * HEIGHT).map(|at| if at / WIDTH % 20 < 8 { mixed(at + number as u32 * 7_919) } else { 240 }).collect()
}

#[test]
fn every_fault_is_named_with_its_sheet_and_the_job_goes_on_there() -> Result<()> {
    for (fault, after, kind) in [
        ("jam", 20_000, "jam"),
        ("jam", 0, "jam"),
        ("double-feed", 30_000, "double-feed"),
        ("cover-open", 0, "cover-open"),
        ("io-error", 1_000, "other"),
        ("abort", 20_000, "crashed"),
        ("early-end", 30_000, "short"),
        ("early-end", 0, "short"),
        ("hang", 20_000, "silent"),
        ("hang", 0, "silent"),
        ("vanish", 10_000, "gone"),
    ] {
        let room = Room::with(6, &format!("4 {fault} {after}\n"))?;
        let (code, said) = room.scan(&[])?;
        ensure!(code == Some(6), "{fault} {after}: exit code {code:?}: {said}");
        ensure!(said["fault"]["kind"] == kind && said["fault"]["sheet"] == 4, "{fault} {after}: {said}");
        ensure!(said["captured"] == 3, "{fault} {after}: {said}");
        // The scanner is plugged in again.
        let _ = fs::remove_file(room.path("paper/away"));
        let batch = said["batch"].as_str().context("a batch")?;
        let (code, report) = room.scan(&["--continue", batch])?;
        ensure!(code == Some(0), "{fault} {after}: {report}");
        room.holds_all(&report).with_context(|| format!("after {fault} {after}"))?;
        ensure!(report["faults"][0]["sheet"] == 4, "the journal knows of it: {report}");
    }
    Ok(())
}

/// Killed wherever something has just become durable, the station knows which sheets it has; the operator lays the others in
/// again.
#[test]
fn killed_in_the_middle_of_a_scan_the_station_knows_which_sheets_it_has() -> Result<()> {
    let mut points = 0;
    for step in ["fsync", "fdatasync", "rename", "unlink"] {
        for occurrence in 1..=60 {
            let room = Room::with(3, "")?;
            if !room.scan_until_killed(step, occurrence)? {
                break;
            }
            points += 1;
            let (batch, captured) = room.left_in_spool()?;
            fs::write(room.path("paper/fed"), captured.to_string())?;
            // Before the first page there is no batch to go on with.
            let begun = batch.as_deref().filter(|_| captured > 0);
            let more = begun.map_or(Vec::new(), |batch| vec!["--continue", batch]);
            let (code, report) = room.scan(&more)?;
            ensure!(code == Some(0), "killed at {step} {occurrence}: {code:?} {report}");
            room.holds_all(&report).with_context(|| format!("killed at {step} {occurrence}"))?;
        }
    }
    ensure!(points >= 15, "only {points} crash points were met; is strace at work?");
    Ok(())
}

#[test]
fn several_faults_in_a_row_lose_and_double_nothing() -> Result<()> {
    let room = Room::with(5, "1 jam 0\n1 double-feed 500\n2 early-end 900\n2 abort 10\n5 cover-open 100\n")?;
    let (mut code, mut said) = room.scan(&[])?;
    let mut faults = 0;
    while code == Some(6) {
        faults += 1;
        ensure!(faults <= 5, "it does not end: {said}");
        // Before the first page there is no batch to go on with.
        let batch = said["batch"].as_str().context("a batch")?.to_owned();
        let more = if said["captured"] == 0 { Vec::new() } else { vec!["--continue", &batch] };
        (code, said) = room.scan(&more)?;
    }
    ensure!(faults == 5 && code == Some(0), "{faults} faults, then {code:?}: {said}");
    room.holds_all(&said)
}

#[test]
fn a_feeder_that_ends_early_is_seen_by_the_expected_count() -> Result<()> {
    let room = Room::with(6, "6 empty\n")?;
    let (code, report) = room.scan(&["--expect", "6"])?;
    ensure!(code == Some(0) && report["sheets"] == 5, "{report}");
    let miscount = report["miscount"].as_str().context("a miscount")?;
    ensure!(miscount.contains("6 sheets were expected and 5 came"), "{miscount}");
    let (_, report) = room.scan(&["--continue", report["batch"].as_str().context("a batch")?])?;
    ensure!(report["miscount"].is_null(), "{report}");
    room.holds_all(&report)
}

#[test]
fn a_sheet_of_two_sides_that_stops_after_its_front_is_fed_again_as_a_whole() -> Result<()> {
    let room = Room::with(6, "4 jam 5000\n")?;
    let duplex = ["--source", "ADF Duplex"];
    let (_, said) = room.scan(&duplex)?;
    ensure!(said["fault"]["sheet"] == 2 && said["captured"] == 3, "{said}");
    // The operator puts the sheet back: its front comes once more.
    fs::write(room.path("paper/fed"), "2")?;
    let batch = said["batch"].as_str().context("a batch")?;
    let (_, report) = room.scan(&[duplex.as_slice(), &["--continue", batch]].concat())?;
    ensure!(report["sheets"] == 3, "{report}");
    room.holds_all(&report)
}

#[test]
fn a_page_scanned_anew_takes_its_place() -> Result<()> {
    let room = Room::with(3, "")?;
    let (_, report) = room.scan(&[])?;
    let batch = report["batch"].as_str().context("a batch")?.to_owned();
    // Page 2 goes in once more, and then, forgotten before, a page for the front.
    fs::write(room.path("paper/fed"), "1")?;
    let (_, report) = room.scan(&["--continue", &batch, "--replace", "2", "--pages", "1"])?;
    room.holds_all(&report)?;
    ensure!(report["pages"].as_array().map(Vec::len) == Some(4), "the old page is kept: {report}");
    ensure!(report["sheets"] == 3, "{report}");
    Ok(())
}

#[test]
fn a_probe_tells_the_options_and_scans_a_page() -> Result<()> {
    let room = Room::with(1, "")?;
    let page = room.path("try.png");
    let output = room.run(&["probe", paper::DEVICE, "--json", "--page", &page.to_string_lossy()])?;
    let options: Value = serde_json::from_str(&program::succeed("scanner-agent probe", output)?)?;
    let option = |name: &str| options.as_array().and_then(|all| all.iter().find(|option| option["name"] == name));
    let source = option("source").context("source")?;
    ensure!(
        source["choices"] == serde_json::json!(["ADF Front", "ADF Duplex"]) && source["settable"] == true,
        "{source}"
    );
    let resolution = option("resolution").context("resolution")?;
    ensure!(resolution["range"] == serde_json::json!(["75", "600"]) && resolution["value"] == "300", "{resolution}");
    ensure!(option("double-feed").context("double-feed")?["settable"] == false, "{options}");
    ensure!(imaging::decode(&fs::read(page)?)? == Raster::gray(WIDTH, HEIGHT, samples(0))?, "the page is whole");
    Ok(())
}
