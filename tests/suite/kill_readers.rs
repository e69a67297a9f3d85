//! Readers and workers are killed at random while they read: no page is lost, and none is read into the
//! archive twice.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use record::Timestamp;
use record::words::Box as Place;
use rustix::process::{Pid, Signal, kill_process};
use tests::http::Caller;
use tests::program::{self, Guarded};
use tests::{samples, site::Site};

/// Pages to read; `scripts/test` takes the default, `KILL_READERS_PAGES=1000` takes some minutes.
const PAGES_VARIABLE: &str = "KILL_READERS_PAGES";
const PAGES: usize = 200;
/// So many pages come through between two kills, however fast the machine is: else the test would never end.
const BETWEEN_KILLS: usize = 8;
/// Every fifth kill takes the whole worker, but no more often than this: its pages come back when their leases end.
const WORKER_KILLS: usize = 3;
/// Only for tests that fail: machines are slow.
const PATIENCE: Duration = Duration::from_secs(1800);

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
    let (mut outcomes, mut struck, mut struck_at) = (Outcomes::default(), 0, 0);
    let (mut chance, started) = (Chance(count as u64 | 1), Instant::now());
    while outcomes.pages() < count {
        ensure!(started.elapsed() < PATIENCE, "{} of {count} pages after {struck} kills", outcomes.pages());
        std::thread::sleep(Duration::from_millis(50));
        outcomes.follow(&auditor)?;
        let whole_worker = struck / 5 < WORKER_KILLS && struck % 5 == 4;
        if outcomes.pages() >= struck_at + BETWEEN_KILLS && strike(&site, &mut chance, whole_worker)? {
            (struck, struck_at) = (struck + 1, outcomes.pages());
        }
    }
    ensure!(importing.0.wait()?.success(), "the import");
    // Whatever is still on its way twice would come now.
    std::thread::sleep(Duration::from_secs(2));
    outcomes.follow(&auditor)?;
    eprintln!("{count} pages, {struck} kills, {} unreadable, {:?}", outcomes.unreadable, started.elapsed());
    ensure!(struck * BETWEEN_KILLS * 2 > count, "only {struck} readers were met");
    ensure!(outcomes.pages() == count, "{} of {count} pages came through", outcomes.pages());
    ensure!(outcomes.by_page.values().all(|events| *events == 1), "a page was read twice");
    ensure!(outcomes.unreadable == 0, "{} pages were given up, which were not at fault", outcomes.unreadable);
    let (code, report) = site.verify()?;
    ensure!(code == 0, "{report}");
    Ok(())
}

/// A page that is being read is finished, and one that was only claimed is given back: none waits for a lease.
#[test]
fn a_server_that_is_stopped_drains_its_worker() -> Result<()> {
    let mut site = Site::start(2)?;
    let station = site.token("technician")?;
    let folder = site.root().join("pages");
    many_pages(&folder, 60)?;
    let output = site.station("import", &station)?.args(["--patient", samples::MRN]).arg(&folder).output()?;
    program::succeed("scanner-agent import", output)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let status = site.stop_server()?;
    ensure!(status.success(), "the server ended with {status}");
    let catalog = format!("sqlite:{}", site.data().join("catalog.sqlite").display());
    let (waiting, free) =
        tokio::runtime::Runtime::new()?.block_on(claim_all(&catalog, Timestamp(i64::try_from(now)?)))?;
    ensure!(waiting > 0, "all pages were read before the server was stopped");
    ensure!(free == waiting, "{free} of {waiting} pages can be claimed at once");
    Ok(())
}

/// Pages in the queue, and those that can be claimed at that moment.
async fn claim_all(catalog: &str, now: Timestamp) -> Result<(u64, u64)> {
    let catalog = catalog::Catalog::open(catalog).await?;
    let waiting = catalog.waiting().await?.iter().map(|waiting| waiting.pages).sum();
    let mut free = 0;
    while let Some(claimed) = catalog.claim("test", now, 3600).await? {
        ensure!(claimed.attempt == 1, "giving back is no attempt");
        free += 1;
    }
    Ok((waiting, free))
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
    /// Events looked at.
    seen: usize,
}

impl Outcomes {
    /// Looks at what is new in the ledger.
    fn follow(&mut self, auditor: &Caller) -> Result<()> {
        loop {
            let part = auditor.json(&format!("/api/v1/ledger/events?most=1000&from={}", self.seen))?;
            let events = part["events"].as_array().context("a list")?;
            if events.is_empty() {
                return Ok(());
            }
            self.seen += events.len();
            for event in events {
                let event = &event["event"];
                let kind = event["type"].as_str().context("a kind")?;
                if ["read", "unreadable"].contains(&kind) {
                    let page = event["page"].as_str().context("a page")?;
                    *self.by_page.entry(page.to_owned()).or_default() += 1;
                    self.unreadable += usize::from(kind == "unreadable");
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
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
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
