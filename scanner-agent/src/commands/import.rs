//! `scanner-agent import`: files become a batch, safe in the spool, then in the archive.

use anyhow::{Context, anyhow, bail};
use record::BatchId;
use record::manifest::{Source, SourceKind};

use super::deliver::{self, Archive, unpacker};
use super::{Exit, review, spool_folder};
use crate::capture;
use crate::cli;
use crate::files::{self, Found};
use crate::plan;
use crate::progress::Progress;
use crate::report::Report;
use crate::spool::event::{Event, Opened, State};
use crate::spool::{Batch, Spool, durable};
use crate::station;

pub fn run(args: &cli::Import) -> anyhow::Result<Exit> {
    if args.dry_run {
        return dry_run(args);
    }
    // Checked before anything is captured, where it will be needed.
    let archive = if args.filing.hold.hold { None } else { Some(Archive::new(&args.filing.server)?) };
    let spool = Spool::open(&spool_folder(&args.filing.folder)?, station::now)?;
    let opened = open(args)?;
    let id = opened.batch;
    if opened.files.is_empty() {
        // Not worth a batch in the archive: most likely the path is wrong.
        let report = Report::of(id, &State::of([Event::BatchOpened(Box::new(opened))]));
        report.print(args.json)?;
        return Ok(Exit::SomeRefused);
    }
    begin(&spool, opened)?;
    let Some(archive) = archive else {
        let batch = hold(&spool, args, id)?;
        review::print(&spool_folder(&args.filing.folder)?, id, batch.state(), args.json)?;
        return Ok(Exit::Done);
    };
    // What waits from before goes first: the operator expects it to be in order.
    archive.deliver_earlier(&spool, id)?;
    let report = archive.deliver(&spool, id, true)?.context("failed to find the batch that was just captured")?;
    report.print(args.json)?;
    Ok(deliver::exit_of(&report))
}

/// Takes everything in and leaves it for people to look at.
pub(super) fn hold(spool: &Spool, args: &cli::Import, id: BatchId) -> anyhow::Result<Batch> {
    let mut batch = spool.batch(id)?;
    if !batch.state().capture_complete {
        capture::files(&mut batch, &unpacker()?)?;
    }
    review::hold(&mut batch, &args.filing.hold)?;
    Ok(batch)
}

/// Opens the batch in the journal, or finds it as an interrupted import left it.
pub(super) fn begin(spool: &Spool, opened: Opened) -> anyhow::Result<()> {
    let mut batch = spool.batch(opened.batch)?;
    match &batch.state().opened {
        None => batch.record(Event::BatchOpened(Box::new(opened)))?,
        Some(before) if before.defaults != opened.defaults || before.rules != opened.rules => bail!(
            "failed to import: the same files wait in the spool already, with another patient, encounter, type, date or \
             rules; run `scanner-agent resume` to hand those over"
        ),
        Some(_) => {}
    }
    Ok(())
}

pub(super) fn open(args: &cli::Import) -> anyhow::Result<Opened> {
    let mut progress = Progress::new("looking at", "files", 0);
    let Found { files, refused } = files::find(&args.paths, |done| progress.reach(done));
    progress.finish();
    let name = args.batch.clone().unwrap_or_else(|| default_name(args));
    Ok(Opened {
        batch: plan::batch_id(&name, &files),
        name,
        source: Source { kind: SourceKind::Import, station: station::name(), device: None },
        defaults: args.filing.fields.captured(),
        files,
        refused,
        rules: args.filing.rules.text()?,
        two_sided: false,
        held: args.filing.hold.hold,
        operator: args.filing.hold.operator.clone(),
        reel: None,
    })
}

fn default_name(args: &cli::Import) -> String {
    let first = args.paths.first().and_then(|path| std::path::absolute(path).ok());
    let name = first.as_ref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "import".into()).chars().take(record::limits::NAME_CHARS_MAX).collect()
}

/// The same capture into a folder that goes away; nothing is kept, nobody is asked.
fn dry_run(args: &cli::Import) -> anyhow::Result<Exit> {
    let opened = open(args)?;
    let (id, files) = (opened.batch, opened.files.clone());
    let mut state = State::of([Event::BatchOpened(Box::new(opened))]);
    let unpacker = unpacker()?;
    let mut progress = Progress::new("looking into", "files", files.len());
    for (at, file) in (0..).zip(&files) {
        let scratch = tempfile::tempdir().context("failed to make a temporary folder")?;
        let contents = unpacker.unpack(file.path.as_path(), scratch.path()).context("failed to start unpacking")?;
        let captured = capture::captured(at, file, contents, |media_type, page| {
            let (digest, size) = durable::digest(&mut page.open()?)?;
            let media_type = media_type.to_owned();
            Ok(record::Descriptor { media_type, digest, size, plain_digest: None, plain_size: None })
        })?;
        state.apply(Event::Captured(captured));
        progress.reach(at as usize + 1);
    }
    progress.finish();
    let (documents, sheets) = plan::plan(&state).map_err(|reason| anyhow!("failed to read the rules: {reason}"))?;
    state.apply(Event::SplitDecided { documents, sheets });
    let report = Report::of(id, &state);
    report.print(args.json)?;
    Ok(deliver::exit_of(&report))
}
