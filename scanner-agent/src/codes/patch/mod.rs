//! Which patch codes are on a page?
//!
//! A patch code is four bars and three spaces, parallel to the leading edge: a wide bar of 0.20 in, narrow bars and spaces
//! of 0.08 in, 2 to 2.5 in long and more, within 3.75 in of the edge (Kodak A-61599, "Patch code information"). Which two
//! bars are wide says which code it is. There is no check digit, and read from the wrong side 1 is 6 and 3 is T: so the
//! bars are always read from an edge inward, from each of the four edges.
//!
//! A page is looked at along lines that run inward, a twenty-fifth of an inch apart. A line votes where it meets the bars
//! in their proportions, at whatever scale they were printed and however fat the ink ran; enough neighbouring
//! votes along a straight line are a patch code.

mod line;

use std::fmt;
use std::str::FromStr;

use imaging::Raster;
use record::words::Box as Place;

use super::{Code, PATCH};
use line::{UNIT, Vote, ink_runs, votes};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Patch {
    One,
    Two,
    Three,
    Four,
    Six,
    T,
}

impl Patch {
    pub const ALL: [Self; 6] = [Self::One, Self::Two, Self::Three, Self::Four, Self::Six, Self::T];

    pub const fn name(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::Two => "2",
            Self::Three => "3",
            Self::Four => "4",
            Self::Six => "6",
            Self::T => "T",
        }
    }

    /// Which bars are wide, from the leading edge inward.
    pub const fn wide(self) -> [bool; 4] {
        match self {
            Self::One => [true, true, false, false],
            Self::Two => [true, false, false, true],
            Self::Three => [true, false, true, false],
            Self::Four => [false, true, true, false],
            Self::Six => [false, false, true, true],
            Self::T => [false, true, false, true],
        }
    }
}

impl fmt::Display for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Patch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|patch| patch.name().eq_ignore_ascii_case(text));
        named.ok_or_else(|| "the patch codes are 1, 2, 3, 4, 6 and T".to_owned())
    }
}

/// A patch code where it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    pub patch: Patch,
    pub place: Place,
}

impl Found {
    pub(super) fn code(self) -> Code {
        let (format, text) = (PATCH.into(), self.patch.name().into());
        Code { format, text, identifier: String::new(), place: self.place }
    }
}

/// What is enough to see a narrow bar as eight pixels.
const WORKING_DPI: f64 = 100.0;
/// Bars end within this distance of the edge, in inches.
const DEPTH: f64 = 3.75;
/// The least length of the bars, in units: 1.2 in where they were printed as they should be.
const LENGTH: f64 = 15.0;
/// The share of lines across a patch code that must see it.
const VOTES: f64 = 0.6;
/// The steepest that bars may lie: 10°.
const SLOPE_MAX: f64 = 0.18;
/// Bars that start closer than this are the same bars, in working pixels.
const DEPTH_APART: usize = 24;
/// Lines are this far apart, in working pixels.
const STEP: usize = 4;
/// So many pixels along the edge are one line's level: bars are long, and grain is not.
const BREADTH: usize = 10;

/// Every patch code on a page, the one nearest to its edge first. `dpi` 0: the page is taken to be as wide as a letter.
pub fn find(page: &Raster, dpi: u32) -> Vec<Found> {
    let dpi = if dpi > 0 { f64::from(dpi) } else { f64::from(page.width().min(page.height())) / 8.4 };
    let factor = ((dpi / WORKING_DPI).round() as u32).max(1);
    let small = page.reduce(factor);
    let per_inch = dpi * f64::from(small.width()) / f64::from(page.width());
    let read = |side: Side| rows(&small, side, per_inch).into_iter().map(move |row| (side, row));
    let mut rows: Vec<(Side, Row)> = Side::ALL.into_iter().flat_map(read).collect();
    // On a small page the same bars may be read from two edges: the nearer one is the leading edge.
    rows.sort_by_key(|(_, row)| row.depth());
    let mut found: Vec<Found> = Vec::new();
    for (side, row) in rows {
        let place = side.place(&small, &row, factor);
        if !found.iter().any(|nearer| are_the_same(nearer.place, place)) {
            found.push(Found { patch: row.patch, place });
        }
    }
    found
}

/// Whether the smaller of two places lies for the most part in the other.
fn are_the_same(a: Place, b: Place) -> bool {
    let common = |a: u32, a_length: u32, b: u32, b_length: u32| {
        u64::from((a + a_length).min(b + b_length).saturating_sub(a.max(b)))
    };
    let area = |place: Place| u64::from(place.w) * u64::from(place.h);
    common(a.x, a.w, b.x, b.w) * common(a.y, a.h, b.y, b.h) * 2 > area(a).min(area(b))
}

/// The edge that lines start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Top,
    Left,
    Right,
    Bottom,
}

impl Side {
    const ALL: [Self; 4] = [Self::Top, Self::Left, Self::Right, Self::Bottom];

    /// Pixels along the edge, and inward.
    fn size(self, page: &Raster) -> (usize, usize) {
        let (width, height) = (page.width() as usize, page.height() as usize);
        if matches!(self, Self::Top | Self::Bottom) { (width, height) } else { (height, width) }
    }

    /// Column and row of a pixel so far along the edge and so far inward. The lines run the other way on opposite edges.
    fn pixel(self, page: &Raster, along: usize, inward: usize) -> (usize, usize) {
        let (width, height) = (page.width() as usize, page.height() as usize);
        match self {
            Self::Top => (along, inward),
            Self::Bottom => (width - 1 - along, height - 1 - inward),
            Self::Left => (inward, height - 1 - along),
            Self::Right => (width - 1 - inward, along),
        }
    }

    fn place(self, page: &Raster, row: &Row, factor: u32) -> Place {
        let (from, to) = (row.votes.first(), row.votes.last());
        // A line votes when half its breadth lies on the bars.
        let inside = BREADTH / 2 - STEP / 2;
        let along = from.map_or(0, |vote| vote.along + inside)..=to.map_or(0, |vote| vote.along + inside + STEP - 1);
        let low = row.votes.iter().map(|vote| vote.start).min().unwrap_or(0);
        let high = row.votes.iter().map(|vote| vote.end - 1).max().unwrap_or(0);
        let (a, b) = (self.pixel(page, *along.start(), low), self.pixel(page, *along.end(), high));
        let scaled = |pixels: usize| pixels as u32 * factor;
        let (x, y) = (a.0.min(b.0), a.1.min(b.1));
        Place { x: scaled(x), y: scaled(y), w: scaled(a.0.abs_diff(b.0) + 1), h: scaled(a.1.abs_diff(b.1) + 1) }
    }
}

/// Neighbouring votes for one code.
struct Row {
    patch: Patch,
    votes: Vec<Vote>,
}

impl Row {
    fn depth(&self) -> usize {
        self.votes.iter().map(|vote| vote.start).min().unwrap_or(0)
    }

    /// Whether it sees another code in much the same bars, by a third as many votes: then neither is to be believed.
    fn disputes(&self, other: &Self) -> bool {
        let ends = |row: &Self| Some((row.votes.first()?.along, row.votes.last()?.along));
        let Some((mine, its)) = ends(self).zip(ends(other)) else { return false };
        let beside = mine.0 <= its.1 && its.0 <= mine.1 && self.depth().abs_diff(other.depth()) < DEPTH_APART;
        beside && self.patch != other.patch && self.votes.len() * 3 > other.votes.len()
    }

    /// Long enough, seen by enough lines, and straight.
    fn holds(&self) -> bool {
        let Some((first, last)) = self.votes.first().zip(self.votes.last()) else { return false };
        let unit = self.votes.iter().map(|vote| vote.unit).sum::<f64>() / self.votes.len() as f64;
        let length = (last.along - first.along + STEP) as f64;
        let seen = self.votes.len() as f64 * STEP as f64;
        let (slope, miss) = self.line();
        length >= LENGTH * unit && seen >= VOTES * length && slope.abs() <= SLOPE_MAX && miss <= 0.5 * unit
    }

    /// Slope of the least-squares line through where the bars start, and the mean distance from it.
    fn line(&self) -> (f64, f64) {
        let count = self.votes.len() as f64;
        let mean = |of: &dyn Fn(&Vote) -> usize| self.votes.iter().map(|vote| of(vote) as f64).sum::<f64>() / count;
        let (x, y) = (mean(&|vote| vote.along), mean(&|vote| vote.start));
        let offsets = || self.votes.iter().map(|vote| (vote.along as f64 - x, vote.start as f64 - y));
        let squares: f64 = offsets().map(|(dx, _)| dx * dx).sum();
        let slope = offsets().map(|(dx, dy)| dx * dy).sum::<f64>() / squares.max(1.0);
        (slope, offsets().map(|(dx, dy)| (dy - slope * dx).abs()).sum::<f64>() / count)
    }
}

/// The patch codes that the lines from one side agree on.
fn rows(page: &Raster, side: Side, per_inch: f64) -> Vec<Row> {
    let (along, inward) = side.size(page);
    let depth = inward.min((DEPTH * per_inch) as usize);
    let reach = (UNIT * per_inch).max(2.0) as usize;
    let mut line = vec![0; depth];
    let mut open: Vec<Row> = Vec::new();
    for at in (0..along.saturating_sub(BREADTH)).step_by(STEP) {
        read_line(page, side, at, &mut line);
        for vote in votes(&ink_runs(&line, reach), at, per_inch) {
            match open.iter_mut().find(|row| joins(row, &vote)) {
                Some(row) => row.votes.push(vote),
                None => open.push(Row { patch: vote.patch, votes: vec![vote] }),
            }
        }
    }
    let undisputed = |row: &Row| !open.iter().any(|other| other.disputes(row));
    let holds: Vec<bool> = open.iter().map(|row| row.holds() && undisputed(row)).collect();
    open.into_iter().zip(holds).filter_map(|(row, holds)| holds.then_some(row)).collect()
}

/// Whether a vote goes on where a row left off, or a few lines behind.
fn joins(row: &Row, vote: &Vote) -> bool {
    row.patch == vote.patch
        && row.votes.last().is_some_and(|last| {
            let apart = (vote.along - last.along) as f64;
            let shift = vote.start.abs_diff(last.start) as f64;
            apart > 0.0 && apart <= 4.0 * vote.unit && shift <= apart * SLOPE_MAX + 0.5 * vote.unit
        })
}

/// The levels from the edge inward, each the mean of [`BREADTH`] pixels along the edge.
fn read_line(page: &Raster, side: Side, along: usize, line: &mut [u8]) {
    let width = page.width() as usize;
    for (inward, out) in line.iter_mut().enumerate() {
        let sample = |n: usize| {
            let (x, y) = side.pixel(page, along + n, inward);
            u32::from(page.bytes()[y * width + x])
        };
        *out = ((0..BREADTH).map(sample).sum::<u32>() / BREADTH as u32) as u8;
    }
}

#[cfg(test)]
mod tests;
