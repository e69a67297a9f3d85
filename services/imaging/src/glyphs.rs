//! How large is the print?
//!
//! Resolution tags lie, so what is measured is the letters: spots of ink of a letter's shape. Spots are labelled by runs,
//! after K. Wu, E. Otoo and K. Suzuki, "Optimizing two-pass connected-component labeling algorithms" (2009).

use std::borrow::Cow;

use record::words::Box as Rectangle;

use crate::Raster;
use crate::blank::local_mean;

/// Ink is darker than its surroundings by this share of what the darkest hundredth of the page is, and by this much.
const DEPTH_SHARE: f64 = 0.45;
const DEPTH_MIN: u8 = 20;
/// Fewer letters than this say nothing about the page.
const LETTERS_MIN: usize = 30;
/// Pixels looked at; a larger page is judged by its middle.
const PIXELS_MAX: u64 = 3_000_000;

/// Median height in pixels of what looks like letters; `None` where there are too few.
pub fn glyph_height(page: &Raster) -> Option<u32> {
    let part = middle_part(page);
    let gray = part.as_gray();
    let ink = ink(&gray);
    let mut heights: Vec<u32> =
        spots(&ink, gray.width() as usize).into_iter().filter(is_letter).map(|spot| spot.h).collect();
    if heights.len() < LETTERS_MIN {
        return None;
    }
    heights.sort_unstable();
    Some(heights[heights.len() / 2])
}

/// The boxes of all connected ink, in pixels of the page; found on a copy at most about 1,200 pixels wide, on which a
/// full stop is still to be seen.
pub fn marks(page: &Raster) -> Vec<Rectangle> {
    let factor = (page.width().min(page.height()) / 1_200).max(1);
    let small = page.reduce(factor);
    let times =
        |spot: Rectangle| Rectangle { x: spot.x * factor, y: spot.y * factor, w: spot.w * factor, h: spot.h * factor };
    spots(&ink(&small), small.width() as usize).into_iter().map(times).collect()
}

/// Pixels that are clearly darker than what is around them.
fn ink(gray: &Raster) -> Vec<bool> {
    let around = local_mean(gray, 20);
    let depth: Vec<u8> = gray.bytes().iter().zip(&around).map(|(&sample, &mean)| mean.saturating_sub(sample)).collect();
    let least = ink_depth(&depth);
    depth.into_iter().map(|depth| depth >= least).collect()
}

/// How much darker than what is around it ink is: a share of what the darkest pixels are, so that grain is none.
fn ink_depth(depth: &[u8]) -> u8 {
    let mut histogram = [0_usize; 256];
    depth.iter().for_each(|&depth| histogram[usize::from(depth)] += 1);
    let mut darker = 0;
    let darkest = (0..256).rev().find(|&level| {
        darker += histogram[level];
        darker > depth.len() / 100
    });
    ((darkest.unwrap_or(0) as f64 * DEPTH_SHARE) as u8).max(DEPTH_MIN)
}

fn is_letter(spot: &Rectangle) -> bool {
    (4..160).contains(&spot.h) && (2..300).contains(&spot.w) && spot.w < spot.h * 6 && spot.h < spot.w * 12
}

fn middle_part(page: &Raster) -> Cow<'_, Raster> {
    let (w, h) = (page.width(), page.height());
    if u64::from(w) * u64::from(h) <= PIXELS_MAX {
        return Cow::Borrowed(page);
    }
    let side = (PIXELS_MAX as f64).sqrt() as u32;
    let (w2, h2) = (side.min(w), side.min(h));
    let part = Rectangle { x: (w - w2) / 2, y: (h - h2) / 2, w: w2, h: h2 };
    page.crop(part).map_or(Cow::Borrowed(page), Cow::Owned)
}

/// A stretch of ink in a row and the spot it belongs to.
#[derive(Clone, Copy)]
struct Run {
    from: usize,
    to: usize,
    spot: usize,
}

/// The boxes of connected ink (by sides or corners).
pub(crate) fn spots(ink: &[bool], width: usize) -> Vec<Rectangle> {
    let mut found = Spots::default();
    let mut above: Vec<Run> = Vec::new();
    for (y, row) in ink.chunks_exact(width).enumerate() {
        let mut runs = Vec::with_capacity(above.len() + 8);
        let mut next = 0;
        for (from, to) in stretches(row) {
            while next < above.len() && above[next].to < from {
                next += 1;
            }
            let touching = above[next..].iter().take_while(|run| run.from <= to);
            let spot = touching.fold(None, |spot, run| Some(found.join(spot, run.spot)));
            let spot = spot.unwrap_or_else(|| found.open());
            found.add(spot, from, to, y);
            runs.push(Run { from, to, spot });
        }
        above = runs;
    }
    found.boxes()
}

/// From and to (exclusive) of each stretch of ink.
fn stretches(row: &[bool]) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let from = at + row[at..].iter().position(|&is| is)?;
        let to = row[from..].iter().position(|&is| !is).map_or(row.len(), |length| from + length);
        at = to;
        Some((from, to))
    })
}

/// Boxes in the making: union-find with path halving.
#[derive(Default)]
struct Spots {
    parent: Vec<usize>,
    bounds: Vec<(usize, usize, usize, usize)>,
}

impl Spots {
    fn open(&mut self) -> usize {
        self.parent.push(self.parent.len());
        self.bounds.push((usize::MAX, usize::MAX, 0, 0));
        self.parent.len() - 1
    }

    fn root(&mut self, mut spot: usize) -> usize {
        while self.parent[spot] != spot {
            self.parent[spot] = self.parent[self.parent[spot]];
            spot = self.parent[spot];
        }
        spot
    }

    fn join(&mut self, one: Option<usize>, other: usize) -> usize {
        let other = self.root(other);
        let Some(one) = one.map(|one| self.root(one)) else { return other };
        let (low, high) = (one.min(other), one.max(other));
        self.parent[high] = low;
        low
    }

    fn add(&mut self, spot: usize, from: usize, to: usize, y: usize) {
        let (left, top, right, bottom) = self.bounds[spot];
        self.bounds[spot] = (left.min(from), top.min(y), right.max(to), bottom.max(y + 1));
    }

    fn boxes(mut self) -> Vec<Rectangle> {
        for spot in (0..self.parent.len()).rev() {
            let root = self.root(spot);
            if root != spot {
                let ((l, t, r, b), (l2, t2, r2, b2)) = (self.bounds[root], self.bounds[spot]);
                self.bounds[root] = (l.min(l2), t.min(t2), r.max(r2), b.max(b2));
            }
        }
        let roots = (0..self.parent.len()).filter(|&spot| self.parent[spot] == spot);
        let boxed = roots.map(|spot| self.bounds[spot]);
        boxed.map(|(l, t, r, b)| Rectangle { x: l as u32, y: t as u32, w: (r - l) as u32, h: (b - t) as u32 }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_that_meet_below_are_one_spot() {
        let picture = ["x..x..xx", "x..x....", "xxxx....", "......xx", ".....x.."];
        let ink: Vec<bool> = picture.iter().flat_map(|row| row.bytes().map(|b| b == b'x')).collect();
        let mut found = spots(&ink, 8);
        found.sort_by_key(|spot| (spot.y, spot.x));
        let want = [(0, 0, 4, 3), (6, 0, 2, 1), (5, 3, 3, 2)].map(|(x, y, w, h)| Rectangle { x, y, w, h });
        assert_eq!(found, want);
    }

    #[test]
    fn letters_are_measured_and_specks_and_rules_are_not() {
        let at = |n: u32| {
            let (x, y) = (n % 900, n / 900);
            let letter = x % 20 < 9 && y % 40 < 17;
            let rule = y % 200 == 30;
            if letter || rule || n.is_multiple_of(1_013) { 20 } else { 230 }
        };
        let page = Raster::gray(900, 900, (0..810_000).map(at).collect()).expect("fits");
        assert_eq!(glyph_height(&page), Some(17));
        assert_eq!(glyph_height(&Raster::gray(50, 50, vec![200; 2_500]).expect("fits")), None);
    }
}
