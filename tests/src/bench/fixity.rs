//! Does reading everything again hold up those who wait for a page? The same retrievals with the scrub and without, by turns, on one
//! archive; and how fast the pass got on meanwhile, beside what its budget allows.

use std::time::Instant;

use anyhow::{Context as _, Result};
use archive::{Archive, StoreAddress};
use record::note::LogSigner;
use serde_json::json;
use tests::http::Caller;
use tests::{sealed, site::Site};

use crate::report::{Report, rounded};
use crate::verify::page_bytes;

const OBJECT_BYTES: usize = 200_000;
/// One gigabyte: at 20 MB a second a pass takes 50 seconds, longer than any of the turns.
const DOCUMENTS: u32 = 200;
const PAGES: u32 = 25;
/// Megabytes a second, as `chartroom serve` has it where nothing is said.
const BUDGET: f64 = 20.0;
/// Turns of each kind, and pages that are retrieved in one. Each page is looked at for the first time: its view goes to the ledger
/// before it leaves, as for people.
const TURNS: usize = 4;
const RETRIEVALS: usize = 250;

pub fn run(report: &mut Report) -> Result<()> {
    let mut site = Site::begun_days_ago(10)?;
    fill(&site)?;
    site.serve_with(&["--scrub-rate", "0"])?;
    let pages = pages(&site.caller("technician")?)?;
    let (mut quiet, mut busy, mut bytes, mut seconds) = (Vec::new(), Vec::new(), 0.0, 0.0);
    for turn in 0..2 * TURNS {
        let with = turn % 2 == 1;
        let rate = if with { BUDGET.to_string() } else { "0".to_owned() };
        site.serve_with(&["--scrub-rate", &rate])?;
        let (technician, auditor) = (site.caller("technician")?, site.caller("auditor")?);
        let these = pages.iter().cycle().skip(turn / 2 * RETRIEVALS).take(RETRIEVALS);
        let (before, began) = (scrubbed(&auditor)?, Instant::now());
        let took = if with { &mut busy } else { &mut quiet };
        for page in these {
            let began = Instant::now();
            technician.bytes(&format!("/api/v1/pages/{page}/image"))?;
            took.push(began.elapsed().as_secs_f64() * 1000.0);
        }
        if with {
            bytes += scrubbed(&auditor)? - before;
            seconds += began.elapsed().as_secs_f64();
        }
    }
    for (name, share) in [("p50", 0.5), ("p95", 0.95)] {
        let (ours, floor) = (quantile(&mut busy, share), quantile(&mut quiet, share));
        report.beside("fixity", &format!("ms to retrieve a page, {name}, scrub on"), ours, "scrub off", floor)?;
    }
    report.line(&json!({
        "bench": "fixity",
        "unit": "MB per second scrubbed meanwhile",
        "ours": rounded(bytes / seconds / 1e6),
        "budget": BUDGET,
        "retrievals": busy.len() + quiet.len(),
    }))
}

/// Pages in documents of one patient each, through the archive's own door.
fn fill(site: &Site) -> Result<()> {
    let seed = std::fs::read_to_string(site.data().join("keys/log.key"))?;
    let settings: serde_json::Value = serde_json::from_slice(&std::fs::read(site.data().join("chartroom.json"))?)?;
    let signer = LogSigner::from_seed(settings["origin"].as_str().context("an origin")?, &unhex(seed.trim())?)?;
    let address = StoreAddress::parse(&site.store().to_string_lossy(), Vec::new())?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let archive = Archive::open(&address, signer).await?;
        let mut events = Vec::new();
        for document in 0..DOCUMENTS {
            let pages = (0..PAGES).map(|page| page_bytes(document * PAGES + page, OBJECT_BYTES));
            events.push(sealed::document(&archive, &document.to_be_bytes(), pages).await?);
        }
        archive.append(events).await?;
        Ok(())
    })
}

fn unhex(text: &str) -> Result<[u8; 32]> {
    let digits = (0..text.len()).step_by(2).map(|at| text.get(at..at + 2).context("two digits"));
    let bytes: Vec<u8> = digits.map(|two| Ok(u8::from_str_radix(two?, 16)?)).collect::<Result<_>>()?;
    bytes.try_into().ok().context("32 bytes")
}

/// One page after the other, of different documents first.
fn pages(technician: &Caller) -> Result<Vec<String>> {
    let mut pages = Vec::new();
    for page in 1..=PAGES {
        for document in 0..DOCUMENTS {
            let name = document.to_be_bytes();
            pages.push(record::PageId::derived([name.as_slice(), &u32::to_be_bytes(page)]).to_string());
        }
    }
    technician.bytes(&format!("/api/v1/pages/{}/image", pages[0]))?;
    Ok(pages)
}

/// Bytes that this server has read again so far.
fn scrubbed(auditor: &Caller) -> Result<f64> {
    let metrics = String::from_utf8(auditor.bytes("/metrics")?)?;
    let line = metrics.lines().find_map(|line| line.strip_prefix("chartroom_scrubbed_bytes_total "));
    line.map_or(Ok(0.0), |value| Ok(value.parse()?))
}

fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}
