//! How does a person cut frames of film another way? Out of the strip, which is kept: earlier cuts stay beside the new ones.

use anyhow::{Context, bail, ensure};
use film::{Confidence, Doubt, Frame};
use record::limits::{BATCH_PAGES_MAX, PAGE_PIXELS_MAX, PAGE_SIDE_PIXELS_MAX};
use record::manifest::{Extraction, OriginalPage};
use record::words::Box as Rectangle;

use super::{edit, must_be_open};
use crate::arrange::{Edit, FrameMark, Placed};
use crate::cli::{Edges, Span};
use crate::commands::deliver::unpacker;
use crate::reel::order::{along, next, numbers};
use crate::reel::tiles::{self, Seam};
use crate::spool::event::{CapturedPage, Event};
use crate::spool::{Batch, State};
use crate::unpack::strip::{Cuts, Settings, StripFacts};

/// A frame that is less than this wide or high shows nothing.
const LEAST: u32 = 16;
/// Frames of the same paper differ by one part in so many of their length.
const USUAL_PART: u32 = 20;

/// Says what frames are, all of them in one operation.
pub fn mark(batch: &mut Batch, mark: FrameMark, frames: &[Span]) -> anyhow::Result<()> {
    let pages = frames.iter().flat_map(|span| span.from..=span.to).take(BATCH_PAGES_MAX);
    let mut edits: Vec<Edit> = pages.map(|page| Edit::Mark { page, mark }).collect();
    match edits.len() {
        1 => edit(batch, edits.remove(0)),
        _ => edit(batch, Edit::Steps { edits }),
    }
}

pub fn recut(batch: &mut Batch, page: u32, edges: Edges) -> anyhow::Result<()> {
    let (file, strip, frame) = standing(batch.state(), page)?;
    let place = placed(batch.state(), (file, &strip), frame.place, edges)?;
    let frame = sure(place, frame.channel, frame.blip);
    let cut = cut(batch, file, vec![frame])?.remove(0);
    edit(batch, anew(batch.state(), page, cut))
}

/// The frame keeps what lies before the place; what lies behind becomes a frame of its own.
pub fn divide(batch: &mut Batch, page: u32, at: u32) -> anyhow::Result<()> {
    let (file, strip, frame) = standing(batch.state(), page)?;
    let on = (file, &strip);
    let before = placed(batch.state(), on, frame.place, Edges { to: Some(at), ..Edges::default() })?;
    let behind = placed(batch.state(), on, frame.place, Edges { from: Some(at), ..Edges::default() })?;
    let frames = vec![sure(before, frame.channel, frame.blip), sure(behind, frame.channel, None)];
    let mut cuts = cut(batch, file, frames)?;
    let state = batch.state();
    let added = added(state, file, cuts.remove(1))?;
    let edits = vec![anew(state, page, cuts.remove(0)), added];
    edit(batch, Edit::Steps { edits })
}

/// The frame and the next one on the strip, or the rest of it on the next tile.
pub fn merge(batch: &mut Batch, page: u32) -> anyhow::Result<()> {
    if let Some(seam) = tiles::seams(batch.state()).into_iter().find(|seam| seam.before == Some(page)) {
        must_be_open(batch.state())?;
        return sew(batch, &seam);
    }
    let (file, strip, frame) = standing(batch.state(), page)?;
    let (other, second) = behind(batch.state(), page, file, &frame)
        .with_context(|| format!("no frame lies behind frame {page} on its strip"))?;
    let both = sure(around(frame.place, second.place), frame.channel, frame.blip.max(second.blip));
    fits(batch.state(), (file, &strip), both.place)?;
    let cut = cut(batch, file, vec![both])?.remove(0);
    let edits = vec![anew(batch.state(), page, cut), Edit::Mark { page: other, mark: FrameMark::Merged }];
    edit(batch, Edit::Steps { edits })
}

/// Cuts every frame that lies over the border of two tiles; a part of the capture, so that nobody has to hold the batch for it.
pub fn sew_all(batch: &mut Batch) -> anyhow::Result<()> {
    // Each seam is an operation, after which the next one is looked for anew.
    while let Some(seam) = tiles::seams(batch.state()).first() {
        sew(batch, seam)?;
    }
    Ok(())
}

/// One operation: the frame before the border is cut anew, or one is added, and the one behind it is a part of it.
fn sew(batch: &mut Batch, seam: &Seam) -> anyhow::Result<()> {
    let Seam { file, place, channel, blip, before, behind } = *seam;
    let strip = batch.state().strips[&file].clone();
    fits(batch.state(), (file, &strip), place)?;
    let doubts = if is_usual(batch.state(), &strip, place) { Vec::new() } else { vec![Doubt::OddWidth] };
    let frame = Frame { doubts, ..sure(place, channel, blip) };
    let cut = cut(batch, file, vec![frame])?.remove(0);
    let whole = match before {
        Some(page) => anew(batch.state(), page, cut),
        None => added(batch.state(), file, cut)?,
    };
    let rest = behind.map(|page| Edit::Mark { page, mark: FrameMark::Merged });
    let edit = Edit::Steps { edits: std::iter::once(whole).chain(rest).collect() };
    if let Some(fault) = edit.fault(&batch.state().arranged()) {
        bail!(fault);
    }
    Ok(batch.record(Event::Edited { edit })?)
}

/// Whether another frame of the reel is about as long.
fn is_usual(state: &State, strip: &StripFacts, place: Rectangle) -> bool {
    let length = |place| along(strip, place).1 - along(strip, place).0;
    let frames = state.pages.iter().filter_map(|placed| placed.page.frame.as_ref());
    let mut whole = frames.filter(|frame| !frame.doubts.contains(&Doubt::CutOff));
    whole.any(|frame| USUAL_PART * length(frame.place).abs_diff(length(place)) <= length(place))
}

pub fn add(batch: &mut Batch, number: u32, edges: Edges) -> anyhow::Result<()> {
    let state = batch.state();
    let file = number.checked_sub(1).filter(|file| state.strips.contains_key(file));
    let file = file.with_context(|| format!("file {number} of the batch is no strip of film"))?;
    ensure!(edges.from.is_some() && edges.to.is_some(), "say where the frame begins and ends: --from and --to");
    let strip = state.strips[&file].clone();
    let film = Rectangle { x: 0, y: 0, w: strip.width, h: strip.height };
    let place = placed(state, (file, &strip), film, edges)?;
    let is_second = has_two_rows(state, file) && beyond_middle(&strip, place);
    let cut = cut(batch, file, vec![sure(place, u8::from(is_second), None)])?.remove(0);
    edit(batch, added(batch.state(), file, cut)?)
}

/// Duplex and duo film.
fn has_two_rows(state: &State, file: u32) -> bool {
    let here = state.pages.iter().filter(|placed| placed.file == Some(file));
    here.filter_map(|placed| placed.page.frame.as_ref()).any(|frame| frame.channel > 0)
}

const fn beyond_middle(strip: &StripFacts, place: Rectangle) -> bool {
    if strip.height > strip.width { 2 * place.x + place.w > strip.width } else { 2 * place.y + place.h > strip.height }
}

/// The frame as it is now, and its strip.
fn standing(state: &State, page: u32) -> anyhow::Result<(u32, StripFacts, Frame)> {
    let placed = state.arranged().into_iter().find(|placed| placed.page == page);
    let placed = placed.with_context(|| format!("the batch has no frame {page}"))?;
    let (file, frame) = (state.strip_of(page), state.page(&placed).frame.clone());
    match file.zip(frame) {
        Some((file, frame)) => Ok((file, state.strips[&file].clone(), frame)),
        None => bail!("frame {page} was not cut out of a strip of film: scan or import it anew to see more of it"),
    }
}

fn behind(state: &State, page: u32, file: u32, frame: &Frame) -> Option<(u32, Frame)> {
    let order = state.arranged();
    let frames = numbers(state, &order);
    let number = frames.get(&page)? + 1;
    let is_next = |placed: &&Placed| frames.get(&placed.page) == Some(&number);
    let placed = order.iter().find(is_next).filter(|placed| state.strip_of(placed.page) == Some(file))?;
    let second = state.page(placed).frame.clone().filter(|second| second.channel == frame.channel)?;
    Some((placed.page, second))
}

fn around(a: Rectangle, b: Rectangle) -> Rectangle {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    Rectangle { x, y, w: (a.x + a.w).max(b.x + b.w) - x, h: (a.y + a.h).max(b.y + b.h) - y }
}

/// The place with other edges, where they were named.
fn placed(
    state: &State,
    (file, strip): (u32, &StripFacts),
    place: Rectangle,
    edges: Edges,
) -> anyhow::Result<Rectangle> {
    let (from, to) = along(strip, place);
    let tall = strip.height > strip.width;
    let (top, bottom) = if tall { (place.x, place.x + place.w) } else { (place.y, place.y + place.h) };
    let (from, to) = (edges.from.unwrap_or(from), edges.to.unwrap_or(to));
    let (top, bottom) = (edges.top.unwrap_or(top), edges.bottom.unwrap_or(bottom));
    let (length, width) = (to.saturating_sub(from), bottom.saturating_sub(top));
    let place = match tall {
        true => Rectangle { x: top, y: from, w: width, h: length },
        false => Rectangle { x: from, y: top, w: length, h: width },
    };
    fits(state, (file, strip), place).map(|()| place)
}

/// A frame lies on its strip, or goes on on the tile behind it.
fn fits(state: &State, (file, strip): (u32, &StripFacts), place: Rectangle) -> anyhow::Result<()> {
    let Rectangle { x, y, w, h } = place;
    ensure!(w.min(h) >= LEAST, "a frame ends behind its beginning, and is at least {LEAST} pixels wide and high");
    let more = tiles::following(state, file).map_or(0, |(_, next)| tiles::length(next));
    let tall = strip.height > strip.width;
    let (width, height) = if tall { (strip.width, strip.height + more) } else { (strip.width + more, strip.height) };
    let starts_on_it = x < strip.width && y < strip.height;
    let is_on_it = starts_on_it && w <= width && h <= height && x <= width - w && y <= height - h;
    ensure!(is_on_it, "the frame reaches beyond the strip, which has {} × {} pixels", strip.width, strip.height);
    let is_page = u64::from(w) * u64::from(h) <= PAGE_PIXELS_MAX && w.max(h) <= PAGE_SIDE_PIXELS_MAX;
    ensure!(is_page, "the frame would have {w} × {h} pixels, more than a page may have");
    Ok(())
}

/// What a person cut is in no doubt.
const fn sure(place: Rectangle, channel: u8, blip: Option<u8>) -> Frame {
    Frame { place, confidence: Confidence::SURE, doubts: Vec::new(), channel, blip }
}

/// The frame keeps its number in its file.
fn anew(state: &State, page: u32, mut cut: CapturedPage) -> Edit {
    cut.from.clone_from(&state.pages[page as usize - 1].page.from);
    Edit::Recut { page, cut: Box::new(cut) }
}

fn added(state: &State, file: u32, mut cut: CapturedPage) -> anyhow::Result<Edit> {
    ensure!(state.pages.len() < BATCH_PAGES_MAX, "the batch is full: it has {BATCH_PAGES_MAX} pages");
    ensure!(state.capture_complete, "the reel is still being taken in: `scanner-agent resume` goes on with it");
    let page = state.pages.len() as u32 + 1;
    if let Some(from) = &mut cut.from {
        from.number = page;
    }
    let frame = cut.frame.as_ref().context("it was cut without a place")?;
    let before = next(state, &state.arranged(), file, frame);
    Ok(Edit::Add { page, before, file, cut: Box::new(cut) })
}

/// Cuts frames out of the strip, in a child process, and keeps them.
fn cut(batch: &Batch, file: u32, frames: Vec<Frame>) -> anyhow::Result<Vec<CapturedPage>> {
    let state = batch.state();
    let (strip, original) = (&state.strips[&file], state.originals.get(&file).context("the strip is not kept")?);
    let settings = Settings::from(state.reel().context("the batch is no reel of film")?);
    let (count, dpi) = (frames.len(), settings.true_dpi((strip.width, strip.height)));
    let goes_on = frames.iter().any(|frame| tiles::beyond(strip, frame.place) > 0);
    let next = tiles::following(state, file).and_then(|(next, _)| state.originals.get(&next)).filter(|_| goes_on);
    let seam = next.map(|_| original.size);
    let cuts = Cuts { frames, polarity: strip.polarity, dpi, seam };
    let (first, scratch) = (batch.blob(&original.digest), batch.scratch()?);
    let contents = match next {
        Some(next) => unpacker()?.cut(&(first, batch.blob(&next.digest)), &scratch, &cuts)?,
        None => unpacker()?.cut(&first, &scratch, &cuts)?,
    };
    if let Some((_, reason)) = contents.refused.first() {
        bail!("the frame cannot be cut out of its strip: it {reason}");
    }
    ensure!(contents.pages.len() == count, "the strip gave another number of frames than were asked for");
    let keep = |(found, left): (crate::unpack::Unpacked, crate::spool::Blob)| {
        let bytes = left.read().context("failed to read back the frame")?;
        let image = batch.keep_page(&found.media_type, &bytes)?;
        let from = Some(OriginalPage { original: original.digest, number: 1, how: Extraction::Cut });
        let (width, height, codes, quality) = (found.width, found.height, Some(found.codes), found.quality);
        Ok(CapturedPage { image, width, height, dpi, from, brought: None, codes, quality, frame: found.frame })
    };
    contents.pages.into_iter().map(keep).collect()
}
