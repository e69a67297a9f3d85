//! `scanner-agent film`: a reel of microfilm, accounted for frame by frame before it goes to the archive.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, bail};
use record::BatchId;
use record::film::Reel;
use record::manifest::{Source, SourceKind};

use super::deliver::{self, Archive, unpacker};
use super::import::begin;
use super::{Exit, review, spool_folder};
use crate::capture;
use crate::cli;
use crate::files::{self, Found};
use crate::plan;
use crate::progress::Progress;
use crate::reel::account::Account;
use crate::reel::strip::{self, Look};
use crate::report::{counted, print, print_json};
use crate::spool::event::Opened;
use crate::spool::{Batch, Spool};
use crate::station;

/// Rows come in the order of the file, so that much of it is read ahead.
const READ_AHEAD: usize = 1 << 20;

pub fn run(args: &cli::Film) -> anyhow::Result<Exit> {
    if args.cuts_only {
        return cuts(args);
    }
    // Checked before anything is captured, where it will be needed.
    let archive = if args.filing.hold.hold { None } else { Some(Archive::new(&args.filing.server)?) };
    let opened = open(args, args.reel().context("failed to start: name the reel with --reel")?)?;
    let id = opened.batch;
    let spool = Spool::open(&spool_folder(&args.filing.folder)?, station::now)?;
    let was_here = spool.is_finished(id);
    begin(&spool, opened)?;
    let mut batch = spool.batch(id)?;
    if !batch.state().capture_complete {
        capture::files(&mut batch, &unpacker()?)?;
        review::sew_all(&mut batch).context("failed to cut the frames that lie over two tiles")?;
    }
    let account = Account::of(batch.state()).context("failed to account for the reel: its batch is none")?;
    match archive {
        Some(archive) if account.open_question().is_none() && !batch.state().stage().is_held() => {
            drop(batch);
            let (exit, was_there) = hand_over(&archive, &spool, args, id, &account)?;
            if was_here || was_there {
                eprintln!("scanner-agent: the archive had all of this reel before: it is the same reel twice");
            }
            Ok(exit)
        }
        _ => hold(&mut batch, args, id, &account),
    }
}

fn open(args: &cli::Film, reel: Reel) -> anyhow::Result<Opened> {
    let mut progress = Progress::new("looking at", "files", 0);
    let Found { files, refused } = files::find(&args.paths, |done| progress.reach(done));
    progress.finish();
    if files.is_empty() {
        bail!("failed to take in reel {}: there are no files; give the strip, or the folder of its frames", reel.label);
    }
    let missing = missing(&files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>());
    if let Some((before, after)) = missing {
        bail!(
            "failed to take in reel {}: between “{before}” and “{after}” something is missing, or they are out of order; bring \
             the missing tiles or frames, or number the files without gaps",
            reel.label
        );
    }
    let name = format!("Reel {}", reel.label).chars().take(record::limits::NAME_CHARS_MAX).collect::<String>();
    Ok(Opened {
        // What was said of the reel takes part: the same film said to be another is another batch. Patient numbers do not: in a
        // hash they could be found by trying all of them.
        batch: plan::batch_id(&serde_json::to_string(&reel.clone().without_charts())?, &files),
        name,
        source: Source { kind: SourceKind::Film, station: station::name(), device: None },
        defaults: args.filing.fields.captured(),
        files,
        refused,
        rules: args.filing.rules.text()?,
        two_sided: false,
        held: args.filing.hold.hold,
        operator: args.filing.hold.operator.clone(),
        reel: Some(reel),
    })
}

/// Two files one after the other whose last numbers are not: 3 and 5, where nearly all go up by one.
fn missing<'a>(names: &[&'a str]) -> Option<(&'a str, &'a str)> {
    let numbers: Option<Vec<u64>> = names.iter().map(|name| last_number(name)).collect();
    let numbers = numbers?;
    let steps = || numbers.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
    // Files that are not numbered in a row, such as by date, say nothing.
    let in_row = steps().filter(|&step| step == 1).count();
    if numbers.len() < 2 || 2 * in_row < numbers.len() - 1 {
        return None;
    }
    let at = steps().position(|step| step != 1)?;
    Some((names[at], names[at + 1]))
}

fn last_number(name: &str) -> Option<u64> {
    let stem = Path::new(name).file_stem()?.to_str()?;
    let before = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    stem[before.len()..].parse().ok()
}

/// Whether the archive had all of it before goes with the exit code.
fn hand_over(
    archive: &Archive,
    spool: &Spool,
    args: &cli::Film,
    id: BatchId,
    account: &Account,
) -> anyhow::Result<(Exit, bool)> {
    archive.deliver_earlier(spool, id)?;
    let report = archive.deliver(spool, id, true)?.context("failed to find the reel that was just captured")?;
    if args.json {
        print_json(&serde_json::json!({ "account": account, "batch": report }))?;
    } else {
        print(&account.text(args.reel.as_deref().unwrap_or_default()))?;
        report.print(false)?;
    }
    let earlier = report.documents.iter().filter(|document| document.sealed_earlier == Some(true)).count();
    Ok((deliver::exit_of(&report), earlier > 0 && earlier == report.documents.len()))
}

fn hold(batch: &mut Batch, args: &cli::Film, id: BatchId, account: &Account) -> anyhow::Result<Exit> {
    review::hold(batch, &args.filing.hold)?;
    if args.json {
        print_json(&serde_json::json!({ "account": account, "held": id }))?;
    } else {
        print(&account.text(args.reel.as_deref().unwrap_or_default()))?;
        print(&format!("Held for review: scanner-agent batch {id} show\n"))?;
    }
    Ok(match account.found {
        0 => Exit::SomeRefused,
        _ if args.filing.hold.hold => Exit::Done,
        _ => Exit::Waiting,
    })
}

/// Says where the frames are; keeps nothing.
fn cuts(args: &cli::Film) -> anyhow::Result<Exit> {
    let [path] = &args.paths[..] else { bail!("failed to look for frames: give one strip with --cuts-only") };
    let file = File::open(path).with_context(|| format!("failed to open {}", path.display()))?;
    let look = strip::look(BufReader::with_capacity(READ_AHEAD, file))
        .with_context(|| format!("look for frames in {}", path.display()))?;
    if args.json {
        print_json(&look)?
    } else {
        print(&told(&look))?
    }
    Ok(if look.found.frames.is_empty() { Exit::SomeRefused } else { Exit::Done })
}

fn told(look: &Look) -> String {
    let found = &look.found;
    let doubtful = found.frames.iter().filter(|frame| !frame.doubts.is_empty()).count();
    let polarity = if found.negative { "negative" } else { "positive" };
    let mut text = format!(
        "{} × {} pixels, {polarity}: {}, {doubtful} of them doubtful; {}; {} exposed outside of frames.\n",
        look.width,
        look.height,
        counted(found.frames.len(), "frame"),
        counted(found.blips.len(), "blip"),
        counted(found.unassigned.len(), "place"),
    );
    for (number, frame) in (1..).zip(&found.frames) {
        let film::Frame { place, confidence, doubts, .. } = frame;
        let doubts: Vec<&str> = doubts.iter().map(|doubt| doubt.explain()).collect();
        let (x, y, w, h) = (place.x, place.y, place.w, place.h);
        text += &format!("  {number:5}  {x},{y}  {w} × {h}  {:.2}  {}\n", f64::from(*confidence), doubts.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tile_is_named() {
        assert_eq!(missing(&["tile-1.png", "tile-2.png", "tile-4.png"]), Some(("tile-2.png", "tile-4.png")));
        assert_eq!(missing(&["f 7.tif", "f 8.tif", "f 9.tif", "f 10.tif"]), None);
        assert_eq!(missing(&["reel.tif"]), None);
        assert_eq!(missing(&["1974.png", "1981.png", "1990.png"]), None);
    }
}
