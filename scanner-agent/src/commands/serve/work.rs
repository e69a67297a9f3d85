//! What can be started from the page, and how does it end? The same commands as on the command line, in threads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::{anyhow, bail};
use clap::Parser;
use record::BatchId;
use serde::Serialize;

use super::desk::{Desk, locked};
use super::start::{self, Kind, Start};
use crate::cli::{self, Cli, Command};
use crate::commands::{import, review, scan, watch};
use crate::fault::Mishap;
use crate::sane::capture::End;
use crate::spool::{self, Batch, Home};
use crate::station;

/// Ended work that is still shown.
const SHOWN_MAX: usize = 6;

/// Something that runs, or has ended.
pub struct Work {
    number: u32,
    kind: Kind,
    from: String,
    job: String,
    batch: Option<BatchId>,
    /// Shared with the scan that is feeding it.
    feeding: Option<Arc<Mutex<Batch>>>,
    /// When feeding began, and how many pages there were.
    began: (Instant, usize),
    ended: Option<Ended>,
    stop: Arc<AtomicBool>,
}

#[derive(Debug, Clone, Serialize)]
struct Ended {
    tone: &'static str,
    text: String,
    /// The scanner is to go on with this batch once that is put right.
    goes_on: bool,
    seconds: u64,
}

#[derive(Serialize)]
pub struct WorkReport {
    number: u32,
    kind: Kind,
    from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<BatchId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Ended>,
    /// While it feeds: pages since it began, and a minute's worth of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    speed: Option<Speed>,
}

#[derive(Serialize)]
struct Speed {
    pages: usize,
    per_minute: u32,
}

impl Work {
    pub fn report(&self, home: &Home, speed: bool) -> WorkReport {
        let (number, kind, from, batch, ended) =
            (self.number, self.kind, self.from.clone(), self.batch, self.ended.clone());
        let speed = self.batch.filter(|_| speed).and_then(|id| self.speed(home, id));
        WorkReport { number, kind, from, batch, ended, speed }
    }

    fn speed(&self, home: &Home, id: BatchId) -> Option<Speed> {
        let (began, before) = self.began;
        let pages = spool::peek_one(home, id).ok()??.pages.len().saturating_sub(before);
        let seconds = self.ended.as_ref().map_or_else(|| began.elapsed().as_secs_f64(), |ended| ended.seconds as f64);
        Some(Speed { pages, per_minute: (pages as f64 * 60.0 / seconds.max(1.0)).round() as u32 })
    }

    /// From which device a batch came, and as which job.
    pub fn scanned(&self, id: BatchId) -> Option<(String, String)> {
        (self.batch == Some(id) && self.kind == Kind::Scan).then(|| (self.from.clone(), self.job.clone()))
    }

    /// The batch, where a scan is feeding it right now.
    pub fn feeding(&self, id: BatchId) -> Option<Arc<Mutex<Batch>>> {
        self.feeding.clone().filter(|_| self.batch == Some(id))
    }
}

/// Starts what is asked for; the batch, where it is known already.
pub fn start(desk: &Arc<Desk>, start: Start) -> anyhow::Result<Option<BatchId>> {
    let start = start::complete(desk, start)?;
    let parsed = Cli::try_parse_from(start::words(desk, &start)?).map_err(|error| anyhow!("{}", error.render()))?;
    match parsed.command {
        Command::Scan(args) => start_scan(desk, &start, args),
        Command::Import(args) => start_import(desk, &start, args),
        Command::Watch(args) => start_watch(desk, &start, args),
        _ => bail!("the page starts scans, imports and hot folders only"),
    }
}

/// Stops watching a hot folder, or feeding once the sheet that is under way is in.
pub fn stop(desk: &Desk, number: u32) {
    for work in locked(&desk.work).iter().filter(|work| work.number == number) {
        work.stop.store(true, Ordering::Relaxed);
    }
}

impl Desk {
    fn begin(
        &self,
        start: &Start,
        batch: Option<BatchId>,
        feeding: Option<Arc<Mutex<Batch>>>,
    ) -> (u32, Arc<AtomicBool>) {
        let mut work = locked(&self.work);
        let number = work.iter().map(|work| work.number).max().unwrap_or(0) + 1;
        let stop = Arc::new(AtomicBool::new(false));
        let before = feeding.as_ref().map_or(0, |batch| scan::held(batch).state().pages.len());
        // What ended with this batch before is told; a new start is the news now.
        work.retain(|work| work.ended.is_none() || work.batch.is_none() || work.batch != batch);
        let ended = work.iter().filter(|work| work.ended.is_some()).count();
        if ended > SHOWN_MAX
            && let Some(oldest) = work.iter().position(|work| work.ended.is_some())
        {
            work.remove(oldest);
        }
        let (kind, from, job) = (start.kind, start.from.clone(), start.job.clone());
        let began = (Instant::now(), before);
        work.push(Work { number, kind, from, job, batch, feeding, began, ended: None, stop: Arc::clone(&stop) });
        (number, stop)
    }

    fn end(&self, number: u32, tone: &'static str, text: String, goes_on: bool) {
        if let Some(work) = locked(&self.work).iter_mut().find(|work| work.number == number) {
            work.feeding = None;
            work.ended = Some(Ended { tone, text, goes_on, seconds: work.began.0.elapsed().as_secs() });
        }
    }

    fn fail(&self, number: u32, error: &anyhow::Error) {
        self.end(number, "bad", format!("That did not work: {error:#}."), false);
    }
}

fn start_scan(desk: &Arc<Desk>, start: &Start, args: cli::Scan) -> anyhow::Result<Option<BatchId>> {
    let busy = locked(&desk.work).iter().any(|work| work.feeding.is_some() && work.from == start.from);
    if busy {
        bail!("{} is scanning already; wait until its feeder is empty", start.from);
    }
    let id = args.continue_batch.unwrap_or_else(station::fresh_batch);
    let batch = Arc::new(Mutex::new(scan::begin(&desk.spool, &args, id)?));
    let (number, stop) = desk.begin(start, Some(id), Some(Arc::clone(&batch)));
    let desk = Arc::clone(desk);
    std::thread::spawn(move || {
        let ended = scan::capture(&args, &batch, &stop).and_then(|end| settle(&args, &batch, end));
        drop(batch);
        match ended {
            Ok((tone, text, goes_on)) => desk.end(number, tone, text, goes_on),
            Err(error) => desk.fail(number, &error),
        }
        desk.forget_if_empty(id);
    });
    Ok(Some(id))
}

/// Holds what came, and says how it ended.
fn settle(args: &cli::Scan, batch: &Mutex<Batch>, end: End) -> anyhow::Result<(&'static str, String, bool)> {
    let mut batch = scan::held(batch);
    let pages = batch.state().pages.len();
    match end {
        End::Fault(Mishap { kind, sheet, text }) => {
            let sheet = sheet.map_or_else(|| "The scanner stopped".into(), |sheet| format!("Sheet {sheet} is not in"));
            review::expect(&mut batch, args.filing.hold.expect)?;
            Ok(("bad", format!("{sheet}: {text}. {}.", kind.advice()), pages > 0))
        }
        End::Finished(_) if pages == 0 => Ok(("warn", "There was no paper in the feeder.".into(), false)),
        End::Finished(_) => {
            review::hold(&mut batch, &args.filing.hold)?;
            Ok(("ok", "The feeder is empty; every page is safe on this station.".into(), false))
        }
    }
}

impl Desk {
    /// A scan of nothing leaves nothing to look at.
    fn forget_if_empty(&self, id: BatchId) {
        let empty = self.state(id).is_ok_and(|state| state.pages.is_empty());
        if empty && let Ok(batch) = self.spool.batch(id) {
            // It is only untidy to leave it.
            let _ = self.spool.forget(batch);
        }
    }
}

fn start_import(desk: &Arc<Desk>, start: &Start, args: cli::Import) -> anyhow::Result<Option<BatchId>> {
    let (number, _) = desk.begin(start, None, None);
    let desk = Arc::clone(desk);
    std::thread::spawn(move || {
        let taken = take(&desk, number, &args);
        match taken {
            Ok((tone, text)) => desk.end(number, tone, text, false),
            Err(error) => desk.fail(number, &error),
        }
    });
    Ok(None)
}

fn take(desk: &Desk, number: u32, args: &cli::Import) -> anyhow::Result<(&'static str, String)> {
    let opened = import::open(args)?;
    let (id, none) = (opened.batch, opened.files.is_empty());
    if none {
        let reason =
            opened.refused.first().map_or_else(String::new, |refused| format!(": {} {}", refused.file, refused.reason));
        bail!("failed to find anything to take in{reason}");
    }
    import::begin(&desk.spool, opened)?;
    if let Some(work) = locked(&desk.work).iter_mut().find(|work| work.number == number) {
        work.batch = Some(id);
    }
    let batch = import::hold(&desk.spool, args, id)?;
    let refused = batch.state().refused.len();
    Ok(match refused {
        0 => ("ok", "Everything is taken in.".into()),
        _ => ("warn", format!("Taken in, but for {}.", crate::report::counted(refused, "file"))),
    })
}

fn start_watch(desk: &Arc<Desk>, start: &Start, args: cli::Watch) -> anyhow::Result<Option<BatchId>> {
    let (number, stop) = desk.begin(start, None, None);
    let desk = Arc::clone(desk);
    std::thread::spawn(move || {
        let ended = watch::into(Arc::clone(&desk.spool), &args, || !stop.load(Ordering::Relaxed));
        match ended {
            Ok(_) => desk.end(number, "ok", "The folder is not watched any more.".into(), false),
            Err(error) => desk.fail(number, &error),
        }
    });
    Ok(None)
}
