//! `scanner-agent scan`: pages from a scanner become a batch, each safe before the next is fed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use record::BatchId;
use record::manifest::{Source, SourceKind};
use serde::Serialize;

use super::deliver::{self, Archive, unpacker};
use super::{Exit, review, spool_folder};
use crate::analyst::Analyst;
use crate::arrange::Edit;
use crate::capture;
use crate::cli;
use crate::fault::{Fault, Mishap};
use crate::jobs::Job;
use crate::progress::Progress;
use crate::report::{counted, print_json};
use crate::rules::Rules;
use crate::sane::capture::{End, Helper};
use crate::spool::event::{Captured, CapturedPage, Event, Opened};
use crate::spool::{self, Batch, Spool, State};
use crate::station;

pub fn run(args: &cli::Scan) -> anyhow::Result<Exit> {
    // Checked before anything is fed, where it will be needed.
    let held = args.filing.hold.hold || args.replace.is_some() || args.insert_before.is_some();
    let archive = if held { None } else { Some(Archive::new(&args.filing.server)?) };
    let spool = Spool::open(&spool_folder(&args.filing.folder)?, station::now)?;
    let id = args.continue_batch.unwrap_or_else(station::fresh_batch);
    let batch = Mutex::new(begin(&spool, args, id)?);
    let end = capture(args, &batch, &AtomicBool::new(false))?;
    let mut batch = batch.into_inner().unwrap_or_else(PoisonError::into_inner);
    let captured = batch.state().pages.len();
    match end {
        End::Fault(mishap) => {
            complain(&mishap, captured, id);
            if args.json {
                print_json(&FaultReport { batch: id, captured, advice: mishap.kind.advice(), fault: &mishap })?;
            }
            if captured == 0 {
                spool.forget(batch)?;
            }
            return Ok(Exit::ScannerFault);
        }
        End::Finished(_) if captured == 0 => {
            eprintln!("There was no paper in the feeder; nothing was scanned.");
            spool.forget(batch)?;
            return Ok(Exit::Failed);
        }
        End::Finished(_) => {}
    }
    let Some(archive) = archive else {
        review::hold(&mut batch, &args.filing.hold)?;
        review::print(&spool_folder(&args.filing.folder)?, id, batch.state(), args.json)?;
        return Ok(Exit::Done);
    };
    review::expect(&mut batch, args.filing.hold.expect)?;
    if let Some(miscount) = batch.state().miscount() {
        review::hold(&mut batch, &args.filing.hold)?;
        eprintln!("scanner-agent: batch {id} is held: {miscount}.");
        eprintln!("Look at it with `scanner-agent batch {id} show`.");
        return Ok(Exit::Waiting);
    }
    drop(batch);
    archive.deliver_earlier(&spool, id)?;
    let report = archive.deliver(&spool, id, true)?.context("failed to find the batch that was just captured")?;
    report.print(args.json)?;
    Ok(deliver::exit_of(&report))
}

pub(super) fn begin(spool: &Spool, args: &cli::Scan, id: BatchId) -> anyhow::Result<Batch> {
    if args.continue_batch.is_some() && !spool.batches()?.contains(&id) {
        bail!("failed to continue batch {id}: it does not wait in this spool; `scanner-agent status` lists what does");
    }
    let job = job(args)?;
    let mut batch = spool.batch(id)?;
    if batch.state().capture_complete && !batch.state().stage().is_held() {
        bail!("failed to continue batch {id}: its capture is complete; run `scanner-agent resume`");
    }
    if batch.state().reel().is_some() {
        bail!("failed to continue batch {id}: it is a reel of film; what is scanned becomes a batch of its own");
    }
    if batch.state().opened.is_none() {
        batch.record(Event::BatchOpened(Box::new(Opened {
            batch: id,
            name: args.batch.clone().unwrap_or_else(default_name),
            source: Source { kind: SourceKind::Scan, station: station::name(), device: Some(args.device.clone()) },
            defaults: args.filing.fields.captured(),
            files: Vec::new(),
            refused: Vec::new(),
            rules: args.filing.rules.text()?,
            two_sided: args
                .source
                .as_ref()
                .or(job.source.as_ref())
                .is_some_and(|source| source.to_lowercase().contains("duplex")),
            held: args.filing.hold.hold,
            operator: args.filing.hold.operator.clone(),
            reel: None,
        })))?;
    }
    Ok(batch)
}

fn job(args: &cli::Scan) -> anyhow::Result<Job> {
    let Some(name) = &args.job else { return Ok(Job::default()) };
    let rules = Rules::of(args.filing.rules.text()?.as_deref());
    rules.and_then(|rules| rules.job(name)).map_err(|reason| anyhow!("failed to start: {reason}"))
}

fn default_name() -> String {
    // To the second: `2026-11-22T12:24:34`.
    let now: String = station::now().to_string().chars().take(19).collect();
    format!("scan of {now}")
}

/// Feeds into a batch what lies in the feeder, and puts it where it belongs; whatever came is in the journal then, and
/// so is a fault. Others may look at the batch and change it between two pages, and end it before the next sheet by `halted`.
pub(super) fn capture(args: &cli::Scan, batch: &Mutex<Batch>, halted: &AtomicBool) -> anyhow::Result<End> {
    let before = held(batch).state().pages.len();
    let end = feed(args, batch, halted)?;
    let mut batch = held(batch);
    let captured = batch.state().pages.len();
    if let End::Fault(mishap) = end {
        let mishap = in_batch(mishap, before, batch.state());
        if captured > 0 {
            batch.record(Event::Faulted(mishap.clone()))?;
        }
        return Ok(End::Fault(mishap));
    }
    place(args, &mut batch, before)?;
    if captured > 0 && !batch.state().capture_complete {
        batch.record(Event::CaptureComplete)?;
    }
    Ok(end)
}

/// What a panic left in memory is what the journal says: it is written first.
pub(super) fn held(batch: &Mutex<Batch>) -> MutexGuard<'_, Batch> {
    batch.lock().unwrap_or_else(PoisonError::into_inner)
}

fn feed(args: &cli::Scan, batch: &Mutex<Batch>, halted: &AtomicBool) -> anyhow::Result<End> {
    let program = station::own_program().context("failed to find this program's own file")?;
    let mut helper = Helper::new(program, helper_arguments(args, &job(args)?), station::sane_environment());
    if let Some(seconds) = args.patience {
        (helper.before_data, helper.in_page) = (Duration::from_secs(seconds), Duration::from_secs(seconds));
    }
    let mut progress = Progress::new("scanning", "pages", args.pages.unwrap_or(0) as usize);
    let (folder, mut analyst) = {
        let batch = held(batch);
        (batch.folder().to_owned(), Analyst::start(&unpacker()?, batch.folder()))
    };
    let halt = || match halted.load(Ordering::Relaxed) {
        true => Some((Fault::Halted, "the feeder was stopped from this page".to_owned())),
        false => spool::no_room(&folder).map(|text| (Fault::DiskFull, text)),
    };
    let end = helper.capture(halt, |page| {
        let mut batch = held(batch);
        let image = batch.keep_page(page.media_type, &page.bytes)?;
        let (width, height, dpi) = (page.width, page.height, page.dpi);
        let page = CapturedPage {
            image,
            width,
            height,
            dpi,
            from: None,
            brought: None,
            codes: None,
            quality: None,
            frame: None,
        };
        let blob = batch.blob(&page.image.digest);
        let (pages, refused) = (vec![page], Vec::new());
        batch.record(Event::Captured(Captured { file: None, original: None, pages, refused, strip: None }))?;
        analyst.submit(batch.state().pages.len() as u32, blob);
        analyst.ready().into_iter().try_for_each(|looked| capture::note(&mut batch, looked?))?;
        progress.advance(1);
        Ok(())
    })?;
    while let Some(looked) = analyst.wait() {
        capture::note(&mut held(batch), looked?)?;
    }
    progress.finish();
    Ok(end)
}

/// Puts pages scanned anew where they belong: in place of an earlier one, or before it.
fn place(args: &cli::Scan, batch: &mut Batch, before: usize) -> anyhow::Result<()> {
    let fresh = before as u32 + 1..=batch.state().pages.len() as u32;
    // A sheet that stopped after its front is fed again as a whole: the new front stands in for the lone one.
    let lone = batch.state().opened.as_ref().is_some_and(|opened| opened.two_sided)
        && fronts_without_back(batch.state(), before);
    if let (true, Some(by)) = (lone, fresh.clone().next()) {
        return review::edit(batch, Edit::Replace { page: before as u32, by });
    }
    if let (Some(page), Some(by)) = (args.replace, fresh.clone().next()) {
        review::edit(batch, Edit::Replace { page, by })?;
        // A sheet may have had a back.
        for further in fresh.skip(1) {
            review::edit(batch, Edit::Move { page: further, before: Some(page) })?;
        }
    } else if let Some(before) = args.insert_before {
        fresh.into_iter().try_for_each(|page| review::edit(batch, Edit::Move { page, before: Some(before) }))?;
    }
    Ok(())
}

/// The source goes first: it may change what the others allow. The operator's own options come
/// last and in the order given.
fn helper_arguments(args: &cli::Scan, job: &Job) -> Vec<String> {
    let resolution = args.resolution.or(job.resolution).map(|dpi| dpi.to_string());
    let (source, mode) = (args.source.as_ref().or(job.source.as_ref()), args.mode.as_ref().or(job.mode.as_ref()));
    let named = [("source", source), ("mode", mode), ("resolution", resolution.as_ref())];
    let named = named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.cloned()?)));
    let mut arguments = vec!["capture-helper".to_owned(), "--device".to_owned(), args.device.clone()];
    for (name, value) in named.chain(job.options()).chain(args.options.iter().cloned()) {
        arguments.extend(["--option".to_owned(), format!("{name}={value}")]);
    }
    if let Some(pages) = args.pages {
        arguments.extend(["--pages".to_owned(), pages.to_string()]);
    }
    arguments.extend(args.feeder.then(|| "--feeder".to_owned()));
    arguments
}

/// What `--json` says of a capture that a fault ended.
#[derive(Serialize)]
struct FaultReport<'a> {
    batch: BatchId,
    captured: usize,
    fault: &'a Mishap,
    advice: &'static str,
}

/// From the page of this capture to the sheet of the batch: with both sides, two pages are one sheet.
fn in_batch(mishap: Mishap, before: usize, state: &State) -> Mishap {
    let sides = if state.opened.as_ref().is_some_and(|opened| opened.two_sided) { 2 } else { 1 };
    let sheet = mishap.sheet.map(|page| (before as u32 + page).div_ceil(sides));
    Mishap { sheet, ..mishap }
}

/// Whether an odd number of pages was captured by then, those that stand in for others left out.
fn fronts_without_back(state: &State, before: usize) -> bool {
    let replaced = state.edits.iter().filter(|edit| matches!(edit, Edit::Replace { .. })).count();
    (before - replaced.min(before)) % 2 == 1
}

/// Which sheet to put back is the first thing an operator with a jam in hand wants to know.
fn complain(mishap: &Mishap, captured: usize, id: BatchId) {
    let text = &mishap.text;
    match mishap.sheet {
        Some(sheet) => eprintln!("scanner-agent: failed to scan sheet {sheet}: {text}."),
        None => eprintln!("scanner-agent: failed to scan: {text}."),
    }
    if captured == 0 {
        eprintln!("Nothing was captured before. {}.", mishap.kind.advice());
        return;
    }
    eprintln!("Safe in the spool: {}.", counted(captured, "page"));
    eprintln!("{}, and go on with `scanner-agent scan --continue {id} …`,", mishap.kind.advice());
    eprintln!("or hand over what there is with `scanner-agent resume`.");
}
