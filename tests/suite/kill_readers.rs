//! Readers and workers are killed at random while they read: no page is lost, and none is read into the
//! archive twice.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use record::words::Box as Place;
use rustix::process::{Pid, Signal, kill_process};
use tests::program::Guarded;
use tests::{samples, site::Site};

/// Pages to read; `scripts/test` takes the default, `KILL_READERS_PAGES=1000` takes some minutes.
const PAGES_VARIABLE: &str = "KILL_READERS_PAGES";
const PAGES: usize = 200;
/// A reader's life is longer than this, most of the time: a page takes a tenth of it.
const BETWEEN_KILLS: Duration = Duration::from_millis(1200);
/// The whole worker is killed that often, early on: its pages come back when their leases end.
const WORKER_KILLS: usize = 3;
/// Pages that may be struck three times in a row, by bad luck. They are given up, which is no loss.
const GIVEN_UP_MAX: usize = 2;

#[test]
fn readers_are_killed_again_and_again_and_every_page_is_read_once() -> Result<()> {
    let count = std::env::var(PAGES_VARIABLE).ok().map_or(Ok(PAGES), |count| count.parse())?;
    let site = Site::start(2)?;
    let station = site.token("technician")?;
    let auditor = site.caller("auditor")?;
    let folder = site.root().join("pages");
    many_pages(&folder, count)?;
    let mut import = site.station("import", &station)?;
    import.args(["--patient", samples::MRN]).arg(&folder).stdout(Stdio::null()).stderr(Stdio::null());
    let mut importing = Guarded(import.spawn()?);
    let mut struck = 0;
    let mut chance = Chance(count as u64);
    loop {
        std::thread::sleep(BETWEEN_KILLS);
        let outcomes = Outcomes::of_ledger(&auditor)?;
        if outcomes.pages() >= count {
            break;
        }
        ensure!(struck < 100 + 3 * count, "it never ends: {} of {count} pages after {struck} kills", outcomes.pages());
        struck += usize::from(strike(&site, &mut chance, struck / 5 < WORKER_KILLS && struck % 5 == 4)?);
    }
    ensure!(importing.0.wait()?.success(), "the import");
    let outcomes = Outcomes::of_ledger(&auditor)?;
    println!("{count} pages, {struck} kills, {} given up", outcomes.unreadable);
    ensure!(struck > 5, "only {struck} readers were met");
    ensure!(outcomes.pages() == count, "{} of {count} pages came through", outcomes.pages());
    ensure!(outcomes.by_page.values().all(|events| *events == 1), "a page was read twice");
    ensure!(outcomes.unreadable <= GIVEN_UP_MAX, "{} pages were given up", outcomes.unreadable);
    let (code, report) = site.verify()?;
    ensure!(code == 0, "{report}");
    Ok(())
}

/// Files of one printed line each, all different.
fn many_pages(folder: &Path, count: usize) -> Result<()> {
    fs::create_dir_all(folder)?;
    let letter = imaging::decode(&fs::read(samples::path("clinic-letter.png"))?)?.to_gray();
    let (w, h) = (letter.width() / 2, letter.height() / 16);
    for number in 0..count {
        let line = (number % 8) as u32;
        let cut = letter.crop(Place { x: w / 4, y: h * (3 + line), w, h }).context("inside")?;
        let mut samples = cut.bytes().to_vec();
        // A row of dots in the margin counts.
        for bit in 0..16_usize {
            samples[bit * 3] = if number >> bit & 1 == 1 { 120 } else { 255 };
        }
        let page = imaging::Raster::gray(w, h, samples)?.encode_png(200)?;
        fs::write(folder.join(format!("{number:04}.png")), page)?;
    }
    Ok(())
}

/// What the ledger says of pages.
#[derive(Default)]
struct Outcomes {
    by_page: HashMap<String, usize>,
    unreadable: usize,
}

impl Outcomes {
    fn of_ledger(auditor: &tests::http::Caller) -> Result<Self> {
        let mut outcomes = Self::default();
        let mut from = 0;
        loop {
            let part = auditor.json(&format!("/api/v1/ledger/events?most=1000&from={from}"))?;
            let events = part["events"].as_array().context("a list")?;
            if events.is_empty() {
                return Ok(outcomes);
            }
            from += events.len();
            for event in events {
                let event = &event["event"];
                let kind = event["type"].as_str().context("a kind")?;
                if ["read", "unreadable"].contains(&kind) {
                    let page = event["page"].as_str().context("a page")?;
                    *outcomes.by_page.entry(page.to_owned()).or_default() += 1;
                    outcomes.unreadable += usize::from(kind == "unreadable");
                }
            }
        }
    }

    fn pages(&self) -> usize {
        self.by_page.len()
    }
}

/// `kill -9` for a reader, or for the worker with all its readers; false where there is none just now.
fn strike(site: &Site, chance: &mut Chance, whole_worker: bool) -> Result<bool> {
    let server = site.server_pid().context("the server runs")?;
    let Some(worker) = children(server).into_iter().find(|child| is_worker(*child)) else { return Ok(false) };
    let readers = children(worker);
    let victim = if whole_worker { Some(worker) } else { chance.pick(&readers) };
    let victim = victim.and_then(|victim| Pid::from_raw(i32::try_from(victim).ok()?));
    // It may have ended by itself meanwhile.
    Ok(victim.is_some_and(|victim| kill_process(victim, Signal::KILL).is_ok()))
}

fn is_worker(process: u32) -> bool {
    fs::read_to_string(format!("/proc/{process}/cmdline")).is_ok_and(|line| line.contains("ocr-worker"))
}

fn children(process: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(PathBuf::from(task.path()).join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>()).collect()
}

/// Numbers that look random and are the same in every run (Marsaglia, "Xorshift RNGs", 2003).
struct Chance(u64);

impl Chance {
    fn pick(&mut self, among: &[u32]) -> Option<u32> {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let at = self.0 % (among.len() as u64).max(1);
        among.get(usize::try_from(at).ok()?).copied()
    }
}
