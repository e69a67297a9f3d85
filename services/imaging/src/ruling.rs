//! Where are the rules of tables and forms, and what does the page look like without them?
//!
//! Printed rules that touch text cost Tesseract the text: whole cells are taken for a picture or read as garbage. A rule
//! is a long run of pixels darker than the paper on *both* sides of it, so shaded cells and uneven light do not matter
//! and solid black areas are no rules. Only grids, where rules across meet rules down, are erased: a rule that stands
//! alone separates columns, and layout analysis wants to see it. Where text crosses a rule, one side is dark and the
//! pixel stays. The idea of run lengths: F. Wahl, K. Wong, R. Casey, "Block segmentation and text extraction in mixed
//! text/image documents" (Computer Graphics and Image Processing 20, 1982).
//!
//! Scanned tables, plain Tesseract at its default segmentation, before → after: see `ocr::layout`.

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
/// A page with more rules than this is a drawing.
const RULES_MAX: usize = 2_000;

/// A straight dark line, and the runs of pixels it is made of.
struct Rule {
    place: Rectangle,
    down: bool,
    runs: Vec<Run>,
}

/// Pixels `from..to` of a row (or, of a rule down, of a column).
#[derive(Clone, Copy)]
struct Run {
    line: u32,
    from: u32,
    to: u32,
}

/// Rules that meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    pub place: Rectangle,
    /// Where its rules stand: `y` of those across and `x` of those down, ascending.
    pub across: Vec<u32>,
    pub down: Vec<u32>,
}

/// The grids of a page.
pub struct Ruling {
    reach: u32,
    rules: Vec<Rule>,
    /// Indices of rules that belong together.
    members: Vec<Vec<usize>>,
}

/// Finds them on an upright gray page.
pub fn ruling(page: &Raster) -> Ruling {
    let short = page.width().min(page.height());
    let reach = (short / 250).clamp(4, 16);
    let length = (short / 16).max(60);
    let mut rules = rules(page, reach, length);
    rules.extend(rules_down(page, reach, length));
    if rules.len() > RULES_MAX {
        rules.clear();
    }
    let members = meeting(&rules, reach * 2);
    Ruling { reach, rules, members }
}

impl Ruling {
    pub fn grids(&self) -> Vec<Grid> {
        self.members.iter().map(|members| self.grid(members)).collect()
    }

    fn grid(&self, members: &[usize]) -> Grid {
        let rules = || members.iter().filter_map(|&rule| self.rules.get(rule));
        let place = rules().map(|rule| rule.place).reduce(Rectangle::union).unwrap_or_default();
        let mut across: Vec<u32> = rules().filter(|rule| !rule.down).map(|rule| rule.place.y).collect();
        let mut down: Vec<u32> = rules().filter(|rule| rule.down).map(|rule| rule.place.x).collect();
        for places in [&mut across, &mut down] {
            places.sort_unstable();
            // Pieces of one rule.
            places.dedup_by(|next, kept| next.abs_diff(*kept) <= self.reach * 2);
        }
        Grid { place, across, down }
    }

    /// The page without its grids; `None` where there are none.
    pub fn erased(&self, page: &Raster) -> Option<Raster> {
        if self.members.is_empty() {
            return None;
        }
        let mut clean = page.clone();
        for members in &self.members {
            for rule in members.iter().filter_map(|&rule| self.rules.get(rule)) {
                self.erase(rule, page, &mut clean);
            }
            self.erase_crossings(members, &mut clean);
        }
        Some(clean)
    }

    fn erase(&self, rule: &Rule, page: &Raster, clean: &mut Raster) {
        let width = page.width() as usize;
        let (along, aside) = if rule.down { (width, 1) } else { (1, width) };
        let (samples, far) = (page.bytes(), aside * self.reach as usize);
        for run in &rule.runs {
            for at in (run.from as usize..run.to as usize).map(|at| at * along + run.line as usize * aside) {
                let paper = samples[at - far].min(samples[at + far]);
                if is_rule(samples[at], paper) {
                    // The edges of a printed line are gray.
                    [at - aside * 2, at - aside, at, at + aside, at + aside * 2]
                        .into_iter()
                        .for_each(|at| clean.bytes_mut()[at] = paper);
                }
            }
        }
    }

    /// Where two rules cross, neither sees paper on both sides.
    fn erase_crossings(&self, members: &[usize], clean: &mut Raster) {
        let rules =
            |down| members.iter().filter_map(|&rule| self.rules.get(rule)).filter(move |rule| rule.down == down);
        for across in rules(false) {
            for down in rules(true).filter(|down| touch(down.place, across.place, self.reach)) {
                let place = Rectangle { y: across.place.y, h: across.place.h, ..down.place };
                // A slanted rule's box is taller than the rule: only its crossing is cleared, not the cell.
                if place.h <= self.reach * 2 && place.w <= self.reach * 2 {
                    whiten(clean, place);
                }
            }
        }
    }
}

/// Fills a small box, and the gray around it, with the brightest level at its corners.
fn whiten(page: &mut Raster, place: Rectangle) {
    let (width, height) = (page.width(), page.height());
    let (left, top) = (place.x.saturating_sub(2), place.y.saturating_sub(2));
    let (right, bottom) = ((place.x + place.w + 1).min(width - 1), (place.y + place.h + 1).min(height - 1));
    let at = |x: u32, y: u32| y as usize * width as usize + x as usize;
    let corners = [at(left, top), at(right, top), at(left, bottom), at(right, bottom)];
    let paper = corners.into_iter().map(|at| page.bytes()[at]).max().unwrap_or(u8::MAX);
    for y in top..=bottom {
        page.bytes_mut()[at(left, y)..=at(right, y)].fill(paper);
    }
}

const fn is_rule(sample: u8, paper: u8) -> bool {
    paper.saturating_sub(sample) >= CONTRAST_MIN
}

fn rules_down(page: &Raster, reach: u32, length: u32) -> Vec<Rule> {
    let height = page.height();
    let turned = rules(&page.rotate_quarter(QuarterTurn::Right), reach, length);
    let upright = turned.into_iter().map(|rule| Rule {
        place: Rectangle { x: rule.place.y, y: height - rule.place.x - rule.place.w, w: rule.place.h, h: rule.place.w },
        down: true,
        runs: rule.runs.iter().map(|run| Run { from: height - run.to, to: height - run.from, ..*run }).collect(),
    });
    upright.collect()
}

/// Rules across, made of runs in neighbouring rows.
fn rules(page: &Raster, reach: u32, length: u32) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut open = 0;
    for run in runs(page, reach, length) {
        while rules.get(open).is_some_and(|rule| rule.place.y + rule.place.h + 1 < run.line) {
            open += 1;
        }
        let near = |rule: &&mut Rule| {
            let Rectangle { x, y, w, h } = rule.place;
            y + h + 1 >= run.line && run.from <= x + w + reach && run.to + reach >= x
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
    rules.retain(|rule| rule.place.h <= reach * 2 + rule.place.w / 100);
    rules
}

fn runs(page: &Raster, reach: u32, length: u32) -> Vec<Run> {
    let rows: Vec<&[u8]> = page.bytes().chunks_exact(page.width() as usize).collect();
    let mut runs = Vec::new();
    let mut dark = vec![false; page.width() as usize];
    let far = reach as usize;
    for y in far..rows.len().saturating_sub(far) {
        let sides = rows[y - far].iter().zip(rows[y + far]);
        for (dark, (sample, (above, below))) in dark.iter_mut().zip(rows[y].iter().zip(sides)) {
            *dark = is_rule(*sample, *above.min(below));
        }
        runs_in_row(rows[y], &dark, reach, length, |from, to| runs.push(Run { line: y as u32, from, to }));
    }
    runs
}

/// `dark` says which pixels of the row are darker than both sides.
fn runs_in_row(row: &[u8], dark: &[bool], reach: u32, length: u32, mut found: impl FnMut(u32, u32)) {
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

/// Sets of rules that hang together, each with two across and two down at least.
fn meeting(rules: &[Rule], reach: u32) -> Vec<Vec<usize>> {
    let mut free: Vec<usize> = (0..rules.len()).collect();
    let mut sets = Vec::new();
    while let Some(seed) = free.pop() {
        let mut set = vec![seed];
        let mut next = 0;
        while let Some(rule) = set.get(next).and_then(|&rule| rules.get(rule)) {
            let meets = |other: &usize| {
                rules.get(*other).is_some_and(|other| other.down != rule.down && touch(other.place, rule.place, reach))
            };
            set.extend(free.extract_if(.., |other| meets(other)));
            next += 1;
        }
        let down = set.iter().filter(|&&rule| rules.get(rule).is_some_and(|rule| rule.down)).count();
        if down >= 2 && set.len() - down >= 2 {
            sets.push(set);
        }
    }
    sets
}

const fn touch(a: Rectangle, b: Rectangle, reach: u32) -> bool {
    a.x <= b.x + b.w + reach && b.x <= a.x + a.w + reach && a.y <= b.y + b.h + reach && b.y <= a.y + a.h + reach
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 400 × 300 paper with rules 3 wide: across at 50 and 150, down at 60, 200 and 340, and a blot in a cell.
    fn sheet(rules: bool) -> Raster {
        let level = |x: u32, y: u32| {
            let across = [50, 150].iter().any(|rule| (*rule..rule + 3).contains(&y)) && (60..343).contains(&x);
            let down = [60, 200, 340].iter().any(|rule| (*rule..rule + 3).contains(&x)) && (50..153).contains(&y);
            let blot = (100..130).contains(&x) && (80..120).contains(&y);
            if blot || rules && (across || down) { 40 } else { 230 }
        };
        Raster::gray(400, 300, (0..400 * 300).map(|at| level(at % 400, at / 400)).collect()).expect("fits")
    }

    #[test]
    fn a_grid_is_found_and_erased_and_nothing_else() {
        let page = sheet(true);
        let ruling = ruling(&page);
        let grids = ruling.grids();
        let [grid] = grids.as_slice() else { panic!("{grids:?}") };
        assert_eq!(grid.place, Rectangle { x: 60, y: 50, w: 283, h: 103 });
        assert_eq!((grid.across.as_slice(), grid.down.as_slice()), ([50, 150].as_slice(), [60, 200, 340].as_slice()));
        assert_eq!(ruling.erased(&page), Some(sheet(false)));
    }

    #[test]
    fn text_that_touches_a_rule_stays_whole() {
        let with = |rules| {
            let mut samples = sheet(rules).bytes().to_vec();
            // A stem from within the cell down through the rule.
            (120..170).for_each(|y| samples[y * 400 + 250..y * 400 + 256].fill(40));
            Raster::gray(400, 300, samples).expect("fits")
        };
        let page = with(true);
        let erased = ruling(&page).erased(&page).expect("a grid");
        let stem =
            |page: &Raster| (120..170).all(|y| page.bytes()[y * 400 + 251..y * 400 + 255].iter().all(|s| *s == 40));
        assert!(stem(&page) && stem(&erased));
    }

    #[test]
    fn rules_that_meet_nothing_are_left_alone() {
        let level = |at: u32| if (100..103).contains(&(at / 400)) { 0 } else { 255 };
        let page = Raster::gray(400, 300, (0..400 * 300).map(level).collect()).expect("fits");
        assert!(ruling(&page).grids().is_empty() && ruling(&page).erased(&page).is_none());
        assert!(ruling(&sheet(false)).grids().is_empty());
        assert!(ruling(&Raster::gray(1, 1, vec![0]).expect("fits")).grids().is_empty());
    }
}
