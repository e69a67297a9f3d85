//! Which words did layout analysis leave out?
//!
//! Tesseract drops what stands alone in its column: the flags H and L of a laboratory report and the short lines under a
//! signature are noise to it. Where ink is left in a grid once everything that was read is painted out, that ink alone is
//! read again as sparse text; and as a block of lines, what is left elsewhere of marks of a letter's size.

use imaging::{Grid, Raster};
use record::words::Box as Rectangle;

use super::line::{self, Block, Line, across, meet, place};
use super::merged::insert;
use super::without;
use crate::engine::FoundWord;

/// Levels by which ink is darker than the paper painted over it.
const INK_CONTRAST: u8 = 60;
/// Ink, in thousandths of the grids' pixels, from which another look is worth its time.
const INK_PERMILLE_MIN: usize = 1;
/// A word read a second time must be this sure in a grid, and this sure elsewhere, where it may be a scribble.
const CONFIDENCE_MIN: f32 = 50.0;
const CONFIDENCE_MIN_OUTSIDE: f32 = 88.0;
/// Marks of a letter's size that are worth another look, and more than a picture without text has.
const MARKS: std::ops::RangeInclusive<usize> = 3..=400;

/// Ink of grids under no word; `None` where that is next to nothing.
pub(super) fn in_grids(page: &Raster, grids: &[Grid], words: &[FoundWord]) -> Option<Raster> {
    if grids.is_empty() {
        return None;
    }
    let width = page.width() as usize;
    let paper = paper(page);
    let mut left = vec![paper; page.bytes().len()];
    for grid in grids {
        copy(page.bytes(), &mut left, width, grid.place);
    }
    for word in words {
        fill(&mut left, width, grown(place(word)), paper);
    }
    let ink = left.iter().filter(|sample| paper.saturating_sub(**sample) >= INK_CONTRAST).count();
    let area: usize = grids.iter().map(|grid| grid.place.w as usize * grid.place.h as usize).sum();
    let much = ink * 1000 >= area * INK_PERMILLE_MIN && ink > 0;
    much.then(|| Raster::gray(page.width(), page.height(), left).ok()).flatten()
}

/// Marks outside of grids that may be letters and are under no word; `None` where these are next to none.
pub(super) fn outside(page: &Raster, marks: &[Rectangle], grids: &[Grid], words: &[FoundWord]) -> Option<Raster> {
    let marks = unread(marks, grids, words);
    if marks.is_empty() {
        return None;
    }
    let mut left = vec![paper(page); page.bytes().len()];
    for mark in &marks {
        copy(page.bytes(), &mut left, page.width() as usize, within(grown(*mark), page));
    }
    Raster::gray(page.width(), page.height(), left).ok()
}

/// Marks of a letter's size outside of grids under no word; none where they are too few or too many.
fn unread(marks: &[Rectangle], grids: &[Grid], words: &[FoundWord]) -> Vec<Rectangle> {
    let Some(height) = line::median(words.iter().map(|word| word.bottom - word.top)) else { return Vec::new() };
    let is_letter = |mark: &Rectangle| {
        mark.h * 2 >= height && mark.h * 2 <= height * 3 && mark.w * 6 >= mark.h && mark.w <= mark.h * 6
    };
    let is_read = |mark: &Rectangle| words.iter().any(|word| meet(grown(place(word)), *mark));
    let in_grid = |mark: &Rectangle| grids.iter().any(|grid| meet(grid.place, *mark));
    let left = marks.iter().filter(|mark| is_letter(mark) && !in_grid(mark) && !is_read(mark));
    let marks: Vec<Rectangle> = left.copied().collect();
    if MARKS.contains(&marks.len()) { marks } else { Vec::new() }
}

/// The words with those of `more` that are sure and stand in a grid where nothing was read.
pub(super) fn with_those_in_grids(mut words: Vec<FoundWord>, more: Vec<FoundWord>) -> Vec<FoundWord> {
    let more = new(&words, more, CONFIDENCE_MIN);
    // What is found sparsely has no lines to speak of: each word is placed by itself.
    words.extend(more.into_iter().map(|word| FoundWord { starts_block: true, starts_line: true, ..word }));
    words
}

/// The words with those of `more` that are sure, at the beginning of the line that they stand before or on lines of their
/// own.
pub(super) fn with_those_outside(words: Vec<FoundWord>, more: Vec<FoundWord>) -> Vec<FoundWord> {
    let more = new(&words, more, CONFIDENCE_MIN_OUTSIDE);
    let mut blocks = line::blocks(words);
    for line in line::blocks(more).into_iter().flat_map(|block| block.lines).flat_map(pieces) {
        match line_after(&line, &mut blocks) {
            Some(_) if is_number(&line) => {}
            Some(after) => begin(after, line),
            None if is_lone_mark(&line) => {}
            None => insert(line, &mut blocks),
        }
    }
    line::words(blocks)
}

fn new(words: &[FoundWord], more: Vec<FoundWord>, confidence: f32) -> Vec<FoundWord> {
    let read: Vec<Rectangle> = words.iter().map(place).collect();
    let is_new = |word: &FoundWord| {
        let legible = word.confidence >= confidence && word.text.chars().any(char::is_alphanumeric);
        legible && !read.iter().any(|other| meet(*other, place(word)))
    };
    without(more, |word| !is_new(word))
}

/// What stands far apart was not one line.
fn pieces(line: Line) -> Vec<Line> {
    let gap = line.place.h * 2;
    let pieces = line.words.chunk_by(|left, right| right.left.saturating_sub(left.right) <= gap);
    pieces.filter_map(|words| Line::new(words.to_vec())).collect()
}

/// The nearest line level with what stands left of it.
fn line_after<'a>(line: &Line, blocks: &'a mut [Block]) -> Option<&'a mut Line> {
    let one = line.place;
    let off_level = |next: Rectangle| (one.y * 2 + one.h).abs_diff(next.y * 2 + next.h) / 2;
    let is_right = |next: Rectangle| across(one).1 <= next.x && off_level(next) < one.h.max(next.h);
    let lines = blocks.iter_mut().flat_map(|block| &mut block.lines).filter(|other| is_right(other.place));
    lines.min_by_key(|other| other.place.x + 4 * off_level(other.place))
}

/// Numbers before lines count them, as on pleading paper; among the words they would part every phrase that goes on to the
/// next line.
fn is_number(line: &Line) -> bool {
    line.words.iter().flat_map(|word| word.text.chars()).all(|char| !char.is_alphabetic())
}

/// A bullet or a piece of a drawing looks like a letter; nothing tells them apart where no other letter is near.
fn is_lone_mark(line: &Line) -> bool {
    line.words.iter().flat_map(|word| word.text.chars()).filter(|char| char.is_alphanumeric()).count() < 2
}

/// Puts words before those of a line.
fn begin(line: &mut Line, first: Line) {
    line.place = line.place.union(first.place);
    line.words.splice(0..0, first.words);
}

/// The most frequent level.
fn paper(page: &Raster) -> u8 {
    let mut histogram = [0_usize; 256];
    page.bytes().iter().for_each(|sample| histogram[usize::from(*sample)] += 1);
    (0..=u8::MAX).max_by_key(|level| histogram[usize::from(*level)]).unwrap_or(u8::MAX)
}

/// With the gray edges of its letters.
const fn grown(place: Rectangle) -> Rectangle {
    let (x, y) = (place.x.saturating_sub(3), place.y.saturating_sub(3));
    Rectangle { x, y, w: place.x + place.w + 3 - x, h: place.y + place.h + 3 - y }
}

fn within(place: Rectangle, page: &Raster) -> Rectangle {
    let (right, bottom) = ((place.x + place.w).min(page.width()), (place.y + place.h).min(page.height()));
    Rectangle { w: right.saturating_sub(place.x), h: bottom.saturating_sub(place.y), ..place }
}

fn copy(from: &[u8], to: &mut [u8], width: usize, place: Rectangle) {
    let rows = from.chunks_exact(width).zip(to.chunks_exact_mut(width));
    for (from, to) in rows.skip(place.y as usize).take(place.h as usize) {
        let span = place.x as usize..(place.x + place.w) as usize;
        to[span.clone()].copy_from_slice(&from[span]);
    }
}

fn fill(samples: &mut [u8], width: usize, place: Rectangle, level: u8) {
    for row in samples.chunks_exact_mut(width).skip(place.y as usize).take(place.h as usize) {
        row[(place.x as usize).min(width)..((place.x + place.w) as usize).min(width)].fill(level);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str, left: u32, confidence: f32) -> FoundWord {
        let (right, top, bottom) = (left + 20, 10, 30);
        let text = text.to_owned();
        FoundWord { text, left, top, right, bottom, confidence, starts_block: true, starts_line: true, cell: None }
    }

    #[test]
    fn only_what_is_sure_and_new_is_joined() {
        let more = vec![word("134", 15, 90.0), word("N", 60, 90.0), word("~", 90, 99.0), word("x", 120, 20.0)];
        let joined = with_those_in_grids(vec![word("134", 10, 80.0)], more);
        assert_eq!(joined.iter().map(|word| word.text.as_str()).collect::<Vec<_>>(), ["134", "N"]);
    }

    #[test]
    fn only_ink_in_grids_that_was_not_read_is_left() {
        let blots = [10_u32, 60, 150];
        let ink = |at: u32| blots.iter().any(|x| (*x..x + 20).contains(&(at % 200))) && (10..30).contains(&(at / 200));
        let page =
            Raster::gray(200, 50, (0..200 * 50).map(|at| if ink(at) { 0 } else { 250 }).collect()).expect("fits");
        let grid = Grid { place: Rectangle { x: 0, y: 0, w: 120, h: 50 }, across: vec![0, 49], down: vec![0, 119] };
        let left = in_grids(&page, std::slice::from_ref(&grid), &[word("134", 10, 80.0)]).expect("one is left");
        let dark: Vec<usize> = (0..200 * 50).filter(|at| left.bytes()[*at] == 0).map(|at| at % 200).collect();
        assert_eq!((dark.len(), dark.iter().min(), dark.iter().max()), (400, Some(&60), Some(&79)));
        let all = [word("134", 10, 80.0), word("N", 60, 80.0)];
        assert!(in_grids(&page, &[grid], &all).is_none());
    }

    #[test]
    fn letters_under_no_word_are_left_and_specks_are_not() {
        let letter = |x: u32, y: u32| (10..24).contains(&(x % 50)) && (10..30).contains(&y);
        let speck = |x: u32, y: u32| (300..304).contains(&x) && (40..44).contains(&y);
        let ink = |at: u32| letter(at % 400, at / 400) || speck(at % 400, at / 400);
        let page =
            Raster::gray(400, 60, (0..400 * 60).map(|at| if ink(at) { 0 } else { 250 }).collect()).expect("fits");
        let read = [word("ab", 10, 90.0), word("cd", 60, 90.0)];
        let left = outside(&page, &imaging::marks(&page), &[], &read).expect("six are left");
        let dark = (0..400 * 60).filter(|at| left.bytes()[*at] == 0).count();
        assert_eq!(dark, 6 * 14 * 20);
        let all: Vec<FoundWord> = (0..8).map(|at| word("ab", at * 50 + 10, 90.0)).collect();
        assert!(outside(&page, &imaging::marks(&page), &[], &all).is_none());
    }

    #[test]
    fn a_word_left_of_a_line_begins_it_a_number_does_not_and_a_new_line_comes_below_the_one_above() {
        let line = |text: &str, left: u32, top: u32| FoundWord { top, bottom: top + 20, ..word(text, left, 90.0) };
        let page = vec![line("wheeze", 100, 10), line("seen", 100, 90)];
        let read = with_those_outside(
            page,
            vec![line("no", 20, 12), line("2", 20, 88), line("signed", 105, 50), line("T", 105, 130)],
        );
        let texts: Vec<(&str, bool)> = read.iter().map(|word| (word.text.as_str(), word.starts_line)).collect();
        assert_eq!(texts, [("no", true), ("wheeze", false), ("signed", true), ("seen", true)]);
    }
}
