//! How is a strip looked at that is longer than memory? Stretch by stretch, each reduced no more than a short strip would be. Stretches
//! overlap by some frames: at the end of one on which both agree, the second one takes over.

use std::io::{BufRead, Seek};
use std::ops::Range;

use imaging::{Blocks, ImageError};
use record::words::Box as Rectangle;

use crate::cut::shared;
use crate::find::{Doubt, Found, Frame, find_as};
use crate::strip::{Reducer, Scale};

/// Pixels of a stretch: the sums take 2 bytes each, then the film and what was exposed on it 1.
const STRETCH_PIXELS: usize = 32 << 20;
/// What two of them share, in widths of the film.
const SHARED: usize = 6;
/// Places of a frame are the same where they differ by one part in so many of the film's width.
const SAME_PART: u32 = 40;
/// So many frames say which way round the film is.
const FRAMES_MIN: usize = 4;

/// Finds the frames of a strip of any length, and says how large it is. It is read once for each stretch.
///
/// # Errors
/// Where it cannot be read to its end: part of a strip must not pass for a reel.
pub fn look(mut strip: impl BufRead + Seek) -> Result<((u32, u32), Found), ImageError> {
    let size = Blocks::open(&mut strip)?.size();
    let film = Stretches::of(size, STRETCH_PIXELS);
    let mut found = Found::default();
    for columns in &film.ranges {
        let stretch = film.read(&mut strip, columns.clone(), &found)?;
        found = if columns.start == 0 { stretch } else { film.joined(found, stretch, columns) };
    }
    Ok((size, found))
}

struct Stretches {
    picture: (u32, u32),
    scale: Scale,
    ranges: Vec<Range<usize>>,
}

impl Stretches {
    fn of(picture: (u32, u32), pixels: usize) -> Self {
        let scale = Scale::of(picture, None);
        let count = (scale.columns * scale.rows).div_ceil(pixels);
        let length = scale.columns.div_ceil(count).max(SHARED * scale.rows);
        let half = SHARED * scale.rows / 2;
        let begins = (0..scale.columns).step_by(length);
        let range = |at: usize| at.saturating_sub(half)..(at + length + half).min(scale.columns);
        Self { picture, scale, ranges: begins.map(range).collect() }
    }

    fn read(
        &self,
        strip: &mut (impl BufRead + Seek),
        columns: Range<usize>,
        before: &Found,
    ) -> Result<Found, ImageError> {
        let mut reducer = Reducer::stretch(self.picture, self.scale, columns);
        let place = reducer.place();
        let wanted = |block| shared(place, block).is_some();
        Blocks::open(strip)?.read(wanted, |block| reducer.add(block.place, block.gray))?;
        let negative = (before.frames.len() >= FRAMES_MIN).then_some(before.negative);
        Ok(find_as(&reducer.finish(), negative))
    }

    /// What was found up to the middle of what both share, and from there on.
    fn joined(&self, before: Found, after: Found, columns: &Range<usize>) -> Found {
        let border = columns.start + SHARED * self.scale.rows / 2;
        let across = self.scale.rows as u32 * self.scale.factor;
        let border_pixel = border as u32 * self.scale.factor;
        let seam = Seam {
            tall: self.scale.tall,
            border: border_pixel,
            reach: SHARED as u32 * across / 2,
            same: across / SAME_PART + self.scale.factor,
        };
        let mut curve = before.curve.clone();
        curve.truncate(border);
        curve.extend(after.curve.iter().skip(border - columns.start));
        Found { curve, ..seam.joined(before, after) }
    }
}

/// Where one stretch takes over from another, in pixels along the film.
struct Seam {
    tall: bool,
    border: u32,
    reach: u32,
    same: u32,
}

impl Seam {
    fn along(&self, place: Rectangle) -> (u32, u32) {
        if self.tall { (place.y, place.y + place.h) } else { (place.x, place.x + place.w) }
    }

    fn joined(&self, before: Found, after: Found) -> Found {
        let negative = if before.frames.is_empty() { after.negative } else { before.negative };
        let first = self.agreed(&before, &after, 0);
        let at = first.unwrap_or(self.border);
        let mut frames = Vec::new();
        for channel in 0..=1 {
            let agreed = if channel == 0 { first } else { self.agreed(&before, &after, channel) };
            frames.extend(self.frames(&before, &after, (channel, agreed)));
        }
        frames.sort_by_key(|frame: &Frame| (frame.channel, self.along(frame.place).0));
        let mut blips = before.blips;
        blips.retain(|blip| blip.at < at);
        let last = blips.last().map(|blip| blip.at + self.same);
        blips.extend(after.blips.into_iter().filter(|blip| blip.at >= at && last.is_none_or(|last| blip.at > last)));
        let places = |before: Vec<Rectangle>, after: Vec<Rectangle>| {
            let before = before.into_iter().filter_map(|place| self.within(place, 0..at));
            before.chain(after.into_iter().filter_map(|place| self.within(place, at..u32::MAX))).collect()
        };
        let unassigned = places(before.unassigned, after.unassigned);
        let across = places(before.across, after.across);
        Found { negative, frames, blips, unassigned, across, step: after.step, curve: Vec::new() }
    }

    /// The end of the frame nearest to the border of which both say the same.
    fn agreed(&self, before: &Found, after: &Found, channel: u8) -> Option<u32> {
        let near = |found: &Found| {
            let frames = found.frames.iter().filter(|frame| frame.channel == channel);
            let places = frames.map(|frame| self.along(frame.place));
            places.filter(|(_, to)| to.abs_diff(self.border) <= self.reach).collect::<Vec<_>>()
        };
        let theirs = near(after);
        let is_same =
            |a: &(u32, u32)| theirs.iter().any(|b| a.0.abs_diff(b.0) <= self.same && a.1.abs_diff(b.1) <= self.same);
        let both = near(before).into_iter().filter(is_same).map(|(_, to)| to);
        both.min_by_key(|to| to.abs_diff(self.border))
    }

    /// Where they agree on no frame, a person has to look at those around.
    fn frames(&self, before: &Found, after: &Found, (channel, agreed): (u8, Option<u32>)) -> Vec<Frame> {
        let at = agreed.unwrap_or(self.border);
        let is_before = |frame: &Frame| {
            let (from, to) = self.along(frame.place);
            from / 2 + to / 2 < at
        };
        let first = before.frames.iter().filter(|frame| is_before(frame));
        let second = after.frames.iter().filter(|frame| !is_before(frame));
        let here = first.chain(second).filter(|frame| frame.channel == channel).cloned();
        let doubted = |mut frame: Frame| {
            let is_near = self.along(frame.place).0.abs_diff(self.border) <= self.reach;
            if agreed.is_none() && is_near && !frame.doubts.contains(&Doubt::Unclear) {
                frame.doubts.push(Doubt::Unclear);
            }
            frame
        };
        here.map(doubted).collect()
    }

    fn within(&self, place: Rectangle, range: Range<u32>) -> Option<Rectangle> {
        let (from, to) = self.along(place);
        let (from, to) = (from.max(range.start), to.min(range.end));
        (from < to).then(|| match self.tall {
            true => Rectangle { y: from, h: to - from, ..place },
            false => Rectangle { x: from, w: to - from, ..place },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{frames, wide};

    /// In one stretch or in many: the same frames, blips and curve, and nothing doubled where they meet.
    #[test]
    fn stretches_make_up_the_strip() {
        let places = frames(60, 50, 190);
        let picture = wide(&places).invert();
        let png = picture.encode_png(0).expect("encodes");
        let look = |pixels| {
            let film = Stretches::of((picture.width(), picture.height()), pixels);
            let mut found = Found::default();
            for columns in &film.ranges {
                let mut strip = std::io::Cursor::new(&png);
                let stretch = film.read(&mut strip, columns.clone(), &found).expect("reads");
                found = if columns.start == 0 { stretch } else { film.joined(found, stretch, columns) };
            }
            (film.ranges.len(), found)
        };
        let ((one, whole), (many, joined)) = (look(usize::MAX), look(1_000_000));
        assert_eq!((one, many), (1, 4));
        assert_eq!(whole.frames.len(), places.len());
        let places = |found: &Found| found.frames.iter().map(|frame| frame.place).collect::<Vec<_>>();
        assert_eq!(places(&joined), places(&whole));
        assert_eq!((joined.blips, joined.unassigned, joined.negative), (whole.blips, whole.unassigned, true));
        assert_eq!(joined.curve.len(), whole.curve.len());
    }
}
