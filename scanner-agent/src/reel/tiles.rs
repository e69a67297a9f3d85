//! Which frames lie over the border of two tiles of a strip? A scanner stops where its buffer is full, and not where a frame ends.
//!
//! A place that reaches beyond its strip goes on at the beginning of the next one.

use film::Doubt;
use record::words::Box as Rectangle;

use super::order::along;
use crate::arrange::FrameMark;
use crate::spool::State;
use crate::unpack::strip::StripFacts;

/// What is found ends with whole columns, the tile with a part of one: one part in so many of its width.
const EDGE_PART: u32 = 100;
/// Frames, and so their marks, are farther apart than one part in so many of the film's width.
const NEAREST_PART: u32 = 7;

/// A frame over the border behind a tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seam {
    /// The tile that it begins on, by its file's number.
    pub file: u32,
    /// In pixels of that tile.
    pub place: Rectangle,
    pub channel: u8,
    pub blip: Option<u8>,
    /// The page that was found before the border, and the one behind it: at least one of them is there.
    pub before: Option<u32>,
    pub behind: Option<u32>,
}

/// Along the film.
pub const fn length(strip: &StripFacts) -> u32 {
    if strip.height > strip.width { strip.height } else { strip.width }
}

/// How far a place reaches onto the next tile.
pub const fn beyond(strip: &StripFacts, place: Rectangle) -> u32 {
    along(strip, place).1.saturating_sub(length(strip))
}

/// The tile that goes on with the film: of the same width, lying the same way.
pub fn following(state: &State, file: u32) -> Option<(u32, &StripFacts)> {
    let (strip, next) = (state.strips.get(&file)?, state.strips.get(&(file + 1))?);
    let across = |strip: &StripFacts| strip.width.min(strip.height);
    let is_tall = |strip: &StripFacts| strip.height > strip.width;
    let goes_on = across(strip) == across(next) && is_tall(strip) == is_tall(next) && strip.polarity == next.polarity;
    goes_on.then_some((file + 1, next))
}

/// How many marks lie over a border, and were found on both tiles: two are never so near.
pub fn split_blips(state: &State) -> u32 {
    let is_split = |file: &u32| {
        let (strip, next) = (&state.strips[file], following(state, *file)?.1);
        let (last, first) = (strip.outer?.1, next.outer?.0);
        let apart = length(strip).saturating_sub(last) + first;
        Some(apart * NEAREST_PART < strip.width.min(strip.height))
    };
    state.strips.keys().filter(|file| is_split(file) == Some(true)).count() as u32
}

/// A place with another beginning and end along the film.
pub const fn stretched(strip: &StripFacts, place: Rectangle, (from, to): (u32, u32)) -> Rectangle {
    match strip.height > strip.width {
        true => Rectangle { y: from, h: to - from, ..place },
        false => Rectangle { x: from, w: to - from, ..place },
    }
}

/// What is exposed at an end of a tile: in a frame, or in none.
struct End {
    page: Option<u32>,
    place: Rectangle,
    channel: u8,
    blip: Option<u8>,
}

/// The frames over borders that nobody has cut yet.
pub fn seams(state: &State) -> Vec<Seam> {
    let borders = state.strips.keys().filter_map(|file| Some((*file, following(state, *file)?.0)));
    borders.flat_map(|(file, next)| at_border(state, file, next)).collect()
}

fn at_border(state: &State, file: u32, next: u32) -> Vec<Seam> {
    let (strip, behind) = (&state.strips[&file], ends(state, next, true));
    let seam = |before: &End| {
        let after = behind.iter().find(|after| after.channel == before.channel || after.page.is_none())?;
        let is_frame = before.page.or(after.page).is_some();
        let to = length(strip) + along(&state.strips[&next], after.place).1;
        let place = stretched(strip, across_both(strip, before.place, after.place), (along(strip, before.place).0, to));
        let (channel, blip) =
            (if before.page.is_some() { before.channel } else { after.channel }, before.blip.max(after.blip));
        is_frame.then_some(Seam { file, place, channel, blip, before: before.page, behind: after.page })
    };
    ends(state, file, false).iter().filter_map(seam).collect()
}

/// As wide across the film as both.
fn across_both(strip: &StripFacts, a: Rectangle, b: Rectangle) -> Rectangle {
    match strip.height > strip.width {
        true => Rectangle { x: a.x.min(b.x), w: (a.x + a.w).max(b.x + b.w) - a.x.min(b.x), ..a },
        false => Rectangle { y: a.y.min(b.y), h: (a.y + a.h).max(b.y + b.h) - a.y.min(b.y), ..a },
    }
}

/// Frames first: film beside one that is cut off belongs to it.
fn ends(state: &State, file: u32, first: bool) -> Vec<End> {
    let strip = &state.strips[&file];
    let slack = strip.width.min(strip.height) / EDGE_PART + 1;
    let touches = |place: Rectangle| {
        let (from, to) = along(strip, place);
        if first { from <= slack } else { to + slack >= length(strip) }
    };
    let order = state.arranged();
    let frames = order.iter().filter(|placed| state.strip_of(placed.page) == Some(file));
    let frames = frames.filter(|placed| placed.mark != Some(FrameMark::Merged)).filter_map(|placed| {
        let frame = state.page(placed).frame.as_ref()?;
        let is_cut = frame.doubts.contains(&Doubt::CutOff) && touches(frame.place);
        let (place, channel, blip) = (frame.place, frame.channel, frame.blip);
        is_cut.then_some(End { page: Some(placed.page), place, channel, blip })
    });
    let frames: Vec<End> = frames.collect();
    if !frames.is_empty() {
        return frames;
    }
    let left = strip.unassigned.iter().filter(|place| touches(**place));
    left.map(|place| End { page: None, place: *place, channel: 0, blip: None }).collect()
}
