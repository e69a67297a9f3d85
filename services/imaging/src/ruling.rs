//! Where are the rules of tables and forms, and what does the page look like without them?
//!
//! Printed rules that touch text cost Tesseract the text: whole cells are taken for a picture or read as garbage. A rule
//! is a long run of pixels darker than the paper on *both* sides of it, so shaded cells and uneven light do not matter
//! and solid black areas are no rules. Thin rules may be dotted or broken. Only grids, where rules across meet rules down,
//! are erased: a rule that stands alone separates columns, and layout analysis wants to see it. Where a stroke crosses a
//! rule, both sides are dark and the rule stays. The idea of run lengths: F. Wahl, K. Wong, R. Casey, "Block segmentation and text extraction in mixed
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
/// A broken rule is thinner than this, in pixels, so that it cannot be a line of small print.
const THIN: usize = 4;
/// A broken rule may come in pieces so many times shorter than a whole one.
const PIECES: u32 = 3;
/// Share of a broken rule that is there.
const BROKEN_TENTHS: usize = 3;
/// Share of a broken rule beside which there may be ink.
const INKED_PERCENT: usize = 15;
/// The edges of a printed line are gray for so many pixels.
const EDGE: usize = 2;
/// So many times smaller is the copy on which a first look is taken.
const FACTOR: u32 = 3;
/// A page with more rules than this is a drawing.
const RULES_MAX: usize = 2_000;

/// A straight dark line, and the runs of pixels it is made of.
struct Rule {
    place: Rectangle,
    down: bool,
    runs: Vec<Run>,
}

impl Rule {
    /// For each place along the rule, its first and last line there.
    fn widths(&self) -> impl Iterator<Item = (usize, usize, usize)> {
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
    let mut rules = Vec::new();
    if may_have_grids(page, reach, length) {
        rules = rules_across(page, reach, length);
        rules.extend(rules_down(page, reach, length));
    }
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

    /// Paints over the rule place by place along it, with the paper beside it.
    fn erase(&self, rule: &Rule, page: &Raster, clean: &mut Raster) {
        let width = page.width() as usize;
        let (along, aside) = if rule.down { (width, 1) } else { (1, width) };
        let (samples, reach) = (page.bytes(), self.reach as usize);
        for (place, first, last) in rule.widths() {
            let at = |line: usize| place * along + line * aside;
            let beside = |from: usize, to: usize| (from..=to).map(|line| samples[at(line)]).max().unwrap_or(u8::MAX);
            let paper = beside(first - reach, first - 1).min(beside(last + 1, last + reach));
            let ink = paper.saturating_sub((paper.saturating_sub(samples[at((first + last) / 2)])) / 2);
            let (above, below) = (samples[at(first - EDGE - 1)] < ink, samples[at(last + EDGE + 1)] < ink);
            // A stroke that goes on both sides crosses the rule; one that ends at it has its own end.
            if !(above && below) {
                let from = if above { first } else { first - EDGE };
                let to = if below { last } else { last + EDGE };
                (from..=to).for_each(|line| clean.bytes_mut()[at(line)] = paper);
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
    fn a_rule_close_under_text_is_erased_whole() {
        let with = |rules| {
            let mut samples = sheet(rules).bytes().to_vec();
            // A word that stands two pixels above the rule across at 150, as cells of spreadsheets do.
            let stems = (130..148).flat_map(|y| (220..300).map(move |x| (x, y))).filter(|(x, _)| x % 8 < 3);
            stems.for_each(|(x, y)| samples[y * 400 + x] = 40);
            Raster::gray(400, 300, samples).expect("fits")
        };
        assert_eq!(ruling(&with(true)).erased(&with(true)), Some(with(false)));
    }

    #[test]
    fn dotted_rules_are_found_and_erased() {
        let dotted = |x: u32, y: u32| {
            let across = [50, 150].contains(&y) && (60..343).contains(&x) && x % 5 < 2;
            let down = [60, 200, 342].contains(&x) && (50..153).contains(&y) && y % 5 < 2;
            if across || down { 40 } else { 230 }
        };
        let page = Raster::gray(400, 300, (0..400 * 300).map(|at| dotted(at % 400, at / 400)).collect()).expect("fits");
        let erased = ruling(&page).erased(&page).expect("a grid");
        assert!(erased.bytes().iter().all(|sample| *sample == 230));
    }

    #[test]
    fn small_print_is_no_dotted_rule() {
        // Lines of letters 6 pixels high, with words between.
        let letter =
            |x: u32, y: u32| y % 14 < 6 && x % 5 < 3 && x % 40 < 30 && (x % 5 < 1 || (y % 14).is_multiple_of(5));
        let level = |at: u32| if letter(at % 400, at / 400) { 40 } else { 230 };
        let page = Raster::gray(400, 300, (0..400 * 300).map(level).collect()).expect("fits");
        assert_eq!(ruling(&page).erased(&page), None);
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
