//! Which straight dark lines does a page have?
//!
//! A rule is a long run of pixels darker than the paper on *both* sides of it, so shaded cells and uneven light do not matter
//! and solid black areas are no rules. Thin rules may be dotted or broken. The idea of run lengths: F. Wahl, K. Wong, R. Casey,
//! "Block segmentation and text extraction in mixed text/image documents" (Computer Graphics and Image Processing 20, 1982).

use record::words::Box as Rectangle;

use crate::{QuarterTurn, Raster};

/// Levels by which a rule is darker than what lies on both sides.
const CONTRAST_MIN: u8 = 24;
/// Share of a run that must show that contrast; the rest is crossed by text or by other rules.
const COVERED_TENTHS: usize = 7;
/// Pixels of paper that may interrupt a run: print is not perfect.
const LIGHT_MAX: usize = 1;
/// So many pixels of a run are within so many levels of its median.
const EVEN_PERCENT: usize = 85;
const EVEN_LEVELS: u8 = 64;
/// A broken rule is thinner than this, in pixels, so that it cannot be a line of small print.
const THIN: usize = 4;
/// A broken rule may come in pieces so many times shorter than a whole one.
const PIECES: u32 = 3;
/// Share of a broken rule that is there.
const BROKEN_TENTHS: usize = 3;
/// Share of a broken rule beside which there may be ink.
const INKED_PERCENT: usize = 15;
/// So many times smaller is the copy on which a first look is taken.
const FACTOR: u32 = 3;

/// A straight dark line, and the runs of pixels it is made of.
pub(crate) struct Rule {
    pub(crate) place: Rectangle,
    pub(crate) down: bool,
    runs: Vec<Run>,
}

impl Rule {
    /// For each place along the rule, its first and last line there.
    pub(crate) fn widths(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let start = if self.down { self.place.y } else { self.place.x };
        let length = if self.down { self.place.h } else { self.place.w };
        let mut widths = vec![(u32::MAX, 0); length as usize];
        for run in &self.runs {
            for (first, last) in &mut widths[(run.from - start) as usize..(run.to - start) as usize] {
                (*first, *last) = (run.line.min(*first), run.line.max(*last));
            }
        }
        let places = widths.into_iter().zip(start as usize..).filter(|((first, _), _)| *first < u32::MAX);
        places.map(|((first, last), place)| (place, first as usize, last as usize))
    }
}

/// Pixels `from..to` of a row (or, of a rule down, of a column).
#[derive(Clone, Copy)]
struct Run {
    line: u32,
    from: u32,
    to: u32,
}

/// The rules of an upright gray page, at least so long, where it has any that may make grids.
pub(crate) fn rules(page: &Raster, reach: u32, length: u32) -> Vec<Rule> {
    if !may_have_grids(page, reach, length) {
        return Vec::new();
    }
    let mut rules = rules_across(page, reach, length);
    rules.extend(rules_down(page, reach, length));
    rules
}

const fn is_rule(sample: u8, paper: u8) -> bool {
    paper.saturating_sub(sample) >= CONTRAST_MIN
}

/// Most pages have no rules down: to see that, a copy is enough on which thin lines are as dark as on the page.
fn may_have_grids(page: &Raster, reach: u32, length: u32) -> bool {
    let small = darkest(page, FACTOR as usize);
    let (reach, length) = ((reach / FACTOR).max(THIN as u32), length / FACTOR);
    !rules_across(&small.rotate_quarter(QuarterTurn::Right), reach, length).is_empty()
}

/// A smaller copy, each pixel as dark as the darkest of those that it stands for.
fn darkest(page: &Raster, factor: usize) -> Raster {
    let (width, height) = (page.width() as usize / factor, page.height() as usize / factor);
    let mut samples = Vec::with_capacity(width * height);
    let mut columns = vec![u8::MAX; page.width() as usize];
    for band in page.bytes().chunks_exact(page.width() as usize * factor).take(height) {
        columns.fill(u8::MAX);
        for row in band.chunks_exact(page.width() as usize) {
            columns.iter_mut().zip(row).for_each(|(darkest, sample)| *darkest = (*darkest).min(*sample));
        }
        samples.extend(columns.chunks_exact(factor).map(|few| few.iter().copied().fold(u8::MAX, u8::min)));
    }
    Raster::gray(width as u32, height as u32, samples).unwrap_or_else(|_| page.clone())
}

fn rules_down(page: &Raster, reach: u32, length: u32) -> Vec<Rule> {
    let height = page.height();
    let turned = rules_across(&page.rotate_quarter(QuarterTurn::Right), reach, length);
    let upright = turned.into_iter().map(|rule| Rule {
        place: Rectangle { x: rule.place.y, y: height - rule.place.x - rule.place.w, w: rule.place.h, h: rule.place.w },
        down: true,
        runs: rule.runs.iter().map(|run| Run { from: height - run.to, to: height - run.from, ..*run }).collect(),
    });
    upright.collect()
}

/// Rules across, made of runs in neighbouring rows.
fn rules_across(page: &Raster, reach: u32, length: u32) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut open = 0;
    for run in runs(page, reach, length) {
        while rules.get(open).is_some_and(|rule| rule.place.y + rule.place.h + 1 < run.line) {
            open += 1;
        }
        let near = |rule: &&mut Rule| {
            let Rectangle { x, y, w, h } = rule.place;
            y + h + 1 >= run.line && run.from <= x + w + 2 * reach && run.to + 2 * reach >= x
        };
        let place = Rectangle { x: run.from, y: run.line, w: run.to - run.from, h: 1 };
        match rules[open..].iter_mut().find(near) {
            Some(rule) => {
                rule.place = rule.place.union(place);
                rule.runs.push(run);
            }
            None => rules.push(Rule { place, down: false, runs: vec![run] }),
        }
    }
    // What is broader than a line that leans a little is an area.
    rules.retain(|rule| rule.place.w >= length && rule.place.h <= reach * 2 + rule.place.w / 100);
    rules
}

fn runs(page: &Raster, reach: u32, length: u32) -> Vec<Run> {
    let width = page.width() as usize;
    let rows: Vec<&[u8]> = page.bytes().chunks_exact(width).collect();
    let thick = darkest_of_three(&rows);
    let mut runs = Vec::new();
    let (mut dark, mut sides) = (vec![false; width], vec![0; width]);
    let far = (reach as usize).max(THIN + 1);
    for y in far..rows.len().saturating_sub(far) {
        let mut found = |from, to| runs.push(Run { line: y as u32, from, to });
        mark(&mut dark, &mut sides, rows[y], rows[y - far], rows[y + far]);
        runs_in_row(rows[y], &dark, reach, length, &mut found);
        mark(&mut dark, &mut sides, &thick[y], &thick[y - THIN], &thick[y + THIN]);
        broken_runs(&dark, &sides, reach, length / PIECES, &mut found);
    }
    runs
}

/// Which pixels of a row are darker than both sides, and how dark the darker side is.
fn mark(dark: &mut [bool], sides: &mut [u8], row: &[u8], above: &[u8], below: &[u8]) {
    for (side, (above, below)) in sides.iter_mut().zip(above.iter().zip(below)) {
        *side = *above.min(below);
    }
    for (dark, (sample, side)) in dark.iter_mut().zip(row.iter().zip(sides)) {
        *dark = is_rule(*sample, *side);
    }
}

/// Each row, as dark as it or its neighbours above and below: a thin rule wavers between rows.
fn darkest_of_three(rows: &[&[u8]]) -> Vec<Vec<u8>> {
    let darkest = |y: usize| {
        let mut row = rows[y].to_vec();
        for next in [y.saturating_sub(1), (y + 1).min(rows.len() - 1)] {
            row.iter_mut().zip(rows[next]).for_each(|(sample, other)| *sample = (*sample).min(*other));
        }
        row
    };
    (0..rows.len()).map(darkest).collect()
}

/// Dotted rules, and those that two levels have left little of: thin, and with nothing beside them.
fn broken_runs(dark: &[bool], sides: &[u8], reach: u32, length: u32, found: &mut impl FnMut(u32, u32)) {
    let (mut from, mut to, mut count) = (0, 0, 0);
    let mut close = |from: usize, to: usize, count: usize| {
        let long = to - from >= length as usize && count * 10 >= (to - from) * BROKEN_TENTHS;
        if long && is_bare(&sides[from..to]) {
            found(from as u32, to as u32);
        }
    };
    for x in dark.iter().enumerate().filter(|(_, dark)| **dark).map(|(x, _)| x) {
        if x > to + 2 * reach as usize {
            close(from, to, count);
            (from, count) = (x, 0);
        }
        (to, count) = (x + 1, count + 1);
    }
    close(from, to, count);
}

/// Whether there is paper beside nearly all of a run. Beside a row through letters there is ink.
fn is_bare(sides: &[u8]) -> bool {
    let mut sorted = sides.to_vec();
    sorted.sort_unstable();
    let paper = sorted[sorted.len() / 2];
    let inked = sorted.partition_point(|side| is_rule(*side, paper));
    inked * 100 <= sides.len() * INKED_PERCENT
}

/// `dark` says which pixels of the row are darker than both sides.
fn runs_in_row(row: &[u8], dark: &[bool], reach: u32, length: u32, found: &mut impl FnMut(u32, u32)) {
    let (mut from, mut to, mut count) = (0, 0, 0);
    let mut close = |from: usize, to: usize, count: usize| {
        let long = to - from >= length as usize && count * 10 >= (to - from) * COVERED_TENTHS;
        if long && is_even(&row[from..to]) {
            found(from as u32, to as u32);
        }
    };
    for x in dark.iter().enumerate().filter(|(_, dark)| **dark).map(|(x, _)| x) {
        if x > to && (x - to > reach as usize || !is_crossed(row, to, x)) {
            close(from, to, count);
            (from, count) = (x, 0);
        }
        (to, count) = (x + 1, count + 1);
    }
    close(from, to, count);
}

/// A printed line has one level; through the feet of letters, or the dots of a screen, it goes up and down.
fn is_even(run: &[u8]) -> bool {
    let mut sorted = run.to_vec();
    sorted.sort_unstable();
    let median = sorted[sorted.len() / 2];
    let near = run.iter().filter(|sample| sample.abs_diff(median) <= EVEN_LEVELS).count();
    near * 100 >= run.len() * EVEN_PERCENT
}

/// Whether what interrupts a run is as dark as the run before it: a crossing, and not the gap between two letters.
fn is_crossed(row: &[u8], from: usize, to: usize) -> bool {
    let level = from.checked_sub(1).map_or(0, |before| row[before]);
    row[from..to].iter().filter(|sample| is_rule(level, **sample)).count() <= LIGHT_MAX
}
