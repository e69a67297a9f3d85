//! Where are the rules of tables and forms, and what does the page look like without them?
//!
//! Printed rules that touch text cost Tesseract the text: whole cells are taken for a picture or read as garbage. Only grids,
//! where rules across meet rules down, are erased: a rule that stands alone separates columns, and layout analysis wants to
//! see it. Where a stroke crosses a rule, both sides are dark and the rule stays.
//!
//! Scanned tables, plain Tesseract at its default segmentation, before → after: see `ocr::layout`.

use record::words::Box as Rectangle;

use crate::Raster;
use crate::rules::{Rule, rules};

/// The edges of a printed line are gray for so many pixels.
const EDGE: usize = 2;
/// A page with more rules than this is a drawing.
const RULES_MAX: usize = 2_000;

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
