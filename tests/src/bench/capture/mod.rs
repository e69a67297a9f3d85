//! How fast do pages come in, and how well and how dearly are their codes read, beside `zbarimg` on the same pages?
//!
//! Of codes, ours is the whole of `scanner-agent codes`: its process, a child for each file, decoding, five symbologies, rescue, patch codes.
//! Barcodes come from `zint`, an encoder that shares no code with our reader; patch codes are drawn here from
//! the published geometry. Everything is drawn anew from fixed seeds.

mod blank;
mod feeding;
mod pages;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::program;

use crate::report::{Report, cpu_seconds, rounded};
use pages::{Condition, Kind, Page};

/// Pages of each condition.
const PAGES: usize = 8;
const PAGES_WITHOUT: usize = 200;
/// Pages that are fed, where nothing else is said.
const PAGES_FED: usize = 100;

pub fn run(report: &mut Report, only: Option<&str>, pages: Option<usize>) -> Result<()> {
    match only {
        None => {
            feeding::run(report, pages.unwrap_or(PAGES_FED))?;
            codes(report)?;
            without(report, PAGES_WITHOUT)?;
            blank::run(report, blank::PAGES)
        }
        Some("feeding") => feeding::run(report, pages.unwrap_or(PAGES_FED)),
        Some("codes") => codes(report),
        Some("without") => without(report, pages.unwrap_or(PAGES_WITHOUT)),
        Some("blank") => blank::run(report, pages.unwrap_or(blank::PAGES)),
        Some(part) => bail!("capture has no part {part}"),
    }
}

fn codes(report: &mut Report) -> Result<()> {
    for condition in Condition::ALL {
        let (folder, pages) = drawn(condition, Kind::Barcodes, PAGES)?;
        let (ours, theirs) = (agent(&pages)?, zbar(&pages)?);
        report.line(&json!({
            "bench": "capture barcodes",
            "pages": condition.name(),
            "unit": "% of codes read, false reads, CPU-ms/page",
            "ours": told(&ours, &pages),
            "zbarimg": told(&theirs, &pages),
        }))?;
        drop(folder);
    }
    for condition in Condition::ALL {
        let (_folder, pages) = drawn(condition, Kind::Patch, PAGES * 3)?;
        let read = agent(&pages)?;
        report.line(&json!({
            "bench": "capture patch codes",
            "pages": condition.name(),
            "unit": "% of codes read, false reads, CPU-ms/page",
            "ours": told(&read, &pages),
        }))?;
    }
    Ok(())
}

/// Pages that are on the disk at the same time.
const PAGES_AT_ONCE: usize = 100;

/// Every kind of spoiling in turn, since grain and blur look most like bars.
fn without(report: &mut Report, count: usize) -> Result<()> {
    let (mut false_reads, mut cpu_seconds) = ([0, 0], [0.0, 0.0]);
    for first in (0..count).step_by(PAGES_AT_ONCE) {
        let folder = TempDir::new()?;
        let draw =
            |number| Page::draw(folder.path(), Condition::ALL[number % Condition::ALL.len()], Kind::Without, number);
        let pages = (first..count.min(first + PAGES_AT_ONCE)).map(draw).collect::<Result<Vec<_>>>()?;
        for (at, reads) in [agent(&pages)?, zbar(&pages)?].into_iter().enumerate() {
            false_reads[at] += reads.texts.iter().map(Vec::len).sum::<usize>();
            cpu_seconds[at] += reads.cpu_seconds;
        }
    }
    let told =
        |at: usize| json!({"false": false_reads[at], "cpu_ms": rounded(1000.0 * cpu_seconds[at] / count as f64)});
    report.line(&json!({
        "bench": "capture pages without codes",
        "unit": "pages, false reads, CPU-ms/page",
        "pages": count,
        "ours": told(0),
        "zbarimg": told(1),
    }))
}

/// What was read on each page, and what that cost.
struct Reads {
    texts: Vec<Vec<String>>,
    cpu_seconds: f64,
}

fn told(reads: &Reads, pages: &[Page]) -> Value {
    let (mut found, mut drawn, mut false_reads) = (0, 0, 0);
    for (page, read) in pages.iter().zip(&reads.texts) {
        let read: BTreeSet<&String> = read.iter().collect();
        found += page.texts.iter().filter(|text| read.contains(text)).count();
        drawn += page.texts.len();
        false_reads += read.iter().filter(|text| !page.texts.contains(text)).count();
    }
    let rate = if drawn == 0 { 0.0 } else { 100.0 * found as f64 / drawn as f64 };
    json!({
        "read": rounded(rate),
        "of": drawn,
        "false": false_reads,
        "cpu_ms": rounded(1000.0 * reads.cpu_seconds / pages.len() as f64),
    })
}

fn drawn(condition: Condition, kind: Kind, count: usize) -> Result<(TempDir, Vec<Page>)> {
    let folder = TempDir::new()?;
    let pages = (0..count).map(|number| Page::draw(folder.path(), condition, kind, number)).collect::<Result<_>>()?;
    Ok((folder, pages))
}

fn agent(pages: &[Page]) -> Result<Reads> {
    let before = cpu_seconds()?;
    let output = program::command("scanner-agent")?.args(["codes", "--json"]).args(paths(pages)).output()?;
    let cpu_seconds = cpu_seconds()? - before;
    let lines = program::succeed("scanner-agent codes", output)?;
    let texts = lines.lines().map(texts_of).collect::<Result<Vec<_>>>()?;
    ensure!(texts.len() == pages.len(), "scanner-agent codes told of {} pages of {}", texts.len(), pages.len());
    Ok(Reads { texts, cpu_seconds })
}

fn texts_of(line: &str) -> Result<Vec<String>> {
    let page: Value = serde_json::from_str(line)?;
    let codes = page["codes"].as_array().context("codes")?;
    Ok(codes.iter().filter_map(|code| Some(code["text"].as_str()?.to_owned())).collect())
}

/// A process for each page, so that its reads are known.
fn zbar(pages: &[Page]) -> Result<Reads> {
    let before = cpu_seconds()?;
    let texts = paths(pages).iter().map(|path| zbar_page(path)).collect::<Result<Vec<_>>>()?;
    Ok(Reads { texts, cpu_seconds: cpu_seconds()? - before })
}

fn zbar_page(path: &Path) -> Result<Vec<String>> {
    let mut command = Command::new("zbarimg");
    command.args(["--raw", "-q"]).arg(path).stderr(Stdio::null());
    let output = command.output().context("starting zbarimg; run scripts/setup --tests")?;
    // 4: nothing was found.
    ensure!(matches!(output.status.code(), Some(0 | 4)), "zbarimg ended with {}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

fn paths(pages: &[Page]) -> Vec<PathBuf> {
    pages.iter().map(|page| page.path.clone()).collect()
}
