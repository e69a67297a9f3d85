//! Which of two readings of one page is right, word by word?
//!
//! No one way of preparing a rough page is best for all of its words. The better reading gives the order; where the other
//! one is surer of what stands at the same place, its words are taken, and words that only the other one found are put
//! where they stand. The idea of voting among readings: S. Rice, J. Kanai, T. Nartker, "An algorithm for matching
//! OCR-generated text strings" (International Journal of Pattern Recognition and Artificial Intelligence 8, 1994).

use record::words::Box as Rectangle;

use super::line::{self, Block, Line, across, blocks, down, overlap, place};
use crate::engine::FoundWord;
use crate::worth::{confidence, legible, letters};

/// By so much must the other reading be surer.
const SURER_BY: f32 = 5.0;
/// A word that only one reading found must be this sure.
const FOUND_ONCE_MIN: f32 = 70.0;
/// Words overlap that share this part of the narrower one.
const OVERLAP_MIN: f64 = 0.3;
/// And stand on a line that is not taller than so many of them.
const TALLER_MAX: u32 = 3;
/// A word goes on a line from which it is no further than so many of its heights.
const REACH_HEIGHTS: u32 = 3;

/// The first reading mended by the other; or, where that has more than `percent` of the first one's legible letters, the
/// other mended by the first.
pub(super) fn merged(one: Vec<FoundWord>, other: Vec<FoundWord>, percent: usize) -> Vec<FoundWord> {
    let leads = legible(&other) * 100 > legible(&one) * percent;
    let (base, other) = if leads { (other, one) } else { (one, other) };
    let mut blocks = without_tangles(blocks(base), &other);
    let alone = hand_out(other, &mut blocks);
    for line in line::blocks(alone).into_iter().flat_map(|block| block.lines) {
        insert(line, &mut blocks);
    }
    line::words(blocks)
}

/// Puts a line below the one that it stands under, or else at the end.
pub(super) fn insert(line: Line, blocks: &mut Vec<Block>) {
    let middle = |place: Rectangle| place.y + place.h / 2;
    let is_above = |above: &Line| {
        middle(above.place) <= middle(line.place) && overlap(across(above.place), across(line.place)) > 0.0
    };
    let lines = blocks
        .iter()
        .enumerate()
        .flat_map(|(at, block)| block.lines.iter().enumerate().map(move |(number, line)| ((at, number + 1), line)));
    let above = lines.filter(|(_, line)| is_above(line)).max_by_key(|(_, line)| middle(line.place)).map(|(at, _)| at);
    match above.and_then(|(block, at)| blocks.get_mut(block).map(|block| (block, at))) {
        Some((block, at)) => block.lines.insert(at, line),
        None => blocks.extend(Block::new(vec![line])),
    }
}

/// Lines that are two lines read as one stand in the way of those of the other reading: they are taller than most, the
/// other has several there, and more in them is legible.
fn without_tangles(mut blocks: Vec<Block>, other: &[FoundWord]) -> Vec<Block> {
    let heights = blocks.iter().flat_map(|block| &block.lines).map(|line| line.place.h);
    let tall = line::median(heights).map_or(0, |height| height + height / 2);
    let others: Vec<Line> = line::blocks(other.to_vec()).into_iter().flat_map(|block| block.lines).collect();
    let is_tangle = |line: &Line| {
        let within = |other: &&Line| is_same(other.place, line.place) && other.place.h * 3 < line.place.h * 2;
        let there: Vec<&Line> = others.iter().filter(within).collect();
        let legible_there: usize = there.iter().map(|line| legible(&line.words)).sum();
        let apart = there.windows(2).any(|pair| overlap(down(pair[0].place), down(pair[1].place)) < OVERLAP_MIN);
        apart && legible_there > legible(&line.words)
    };
    blocks.iter_mut().for_each(|block| block.lines.retain(|line| line.place.h <= tall || !is_tangle(line)));
    blocks
}

/// Mends each line by the words of the other reading that stand on it; returns those that stand on none and are sure.
fn hand_out(other: Vec<FoundWord>, blocks: &mut [Block]) -> Vec<FoundWord> {
    let mut lines: Vec<(&mut Line, Vec<FoundWord>)> =
        blocks.iter_mut().flat_map(|block| &mut block.lines).map(|line| (line, Vec::new())).collect();
    let read: Vec<Rectangle> = lines.iter().flat_map(|(line, _)| line.words.iter().map(place)).collect();
    let is_new = |word: &FoundWord| is_sure(word) && !read.iter().any(|other| is_same(*other, place(word)));
    let mut alone = Vec::new();
    let (mut starts_block, mut starts_line) = (true, true);
    for word in other {
        (starts_block, starts_line) = (starts_block || word.starts_block, starts_line || word.starts_line);
        let nearest = lines.iter_mut().filter(|(line, _)| stands_on(&word, line));
        match nearest.max_by(|(a, _), (b, _)| nearness(&word, a).total_cmp(&nearness(&word, b))) {
            Some((_, words)) => words.push(word),
            None if is_new(&word) => {
                alone.push(FoundWord { starts_block, starts_line, ..word });
                (starts_block, starts_line) = (false, false);
            }
            None => {}
        }
    }
    for (line, words) in lines.into_iter().filter(|(line, _)| runs_right(line)) {
        mend(line, words);
    }
    alone
}

/// A line with a word at the same place is nearer than one that the word would only be added to.
fn nearness(word: &FoundWord, line: &Line) -> f64 {
    let has_it = line.words.iter().any(|other| is_same(place(other), place(word)));
    level(word, line) + if has_it { 1.0 } else { 0.0 }
}

fn level(word: &FoundWord, line: &Line) -> f64 {
    overlap(down(place(word)), down(line.place))
}

fn stands_on(word: &FoundWord, line: &Line) -> bool {
    let reach = place(word).h * REACH_HEIGHTS;
    let (left, right) = across(line.place);
    let near = word.right + reach >= left && word.left <= right + reach;
    near && line.place.h <= place(word).h * TALLER_MAX && level(word, line) >= 0.5
}

/// Boxes of words may touch where lines are close.
fn is_same(one: Rectangle, other: Rectangle) -> bool {
    overlap(across(one), across(other)) > OVERLAP_MIN && overlap(down(one), down(other)) > OVERLAP_MIN
}

/// Lines that run up or down, or to the left, stay as they are.
fn runs_right(line: &Line) -> bool {
    line.words.is_sorted_by_key(|word| word.left)
}

fn is_sure(word: &FoundWord) -> bool {
    word.confidence >= FOUND_ONCE_MIN && word.text.chars().any(char::is_alphanumeric)
}

/// What two readings have at one place.
#[derive(Default)]
struct Place {
    ours: Vec<FoundWord>,
    theirs: Vec<FoundWord>,
    right: u32,
}

impl Place {
    fn surer(self) -> Vec<FoundWord> {
        let Self { ours, theirs, .. } = self;
        match (ours.is_empty(), theirs.is_empty()) {
            (true, _) => theirs.into_iter().filter(is_sure).collect(),
            (false, false) if is_surer(&theirs, &ours) => theirs,
            _ => ours,
        }
    }
}

/// And as much: a stain is a dash of great certainty.
fn is_surer(theirs: &[FoundWord], ours: &[FoundWord]) -> bool {
    confidence(theirs) > confidence(ours) + SURER_BY && letters(theirs) * 10 >= letters(ours) * 7
}

fn mend(line: &mut Line, theirs: Vec<FoundWord>) {
    let ours = std::mem::take(&mut line.words);
    line.words = places(ours, theirs).into_iter().flat_map(Place::surer).collect();
}

/// Left to right.
fn places(ours: Vec<FoundWord>, theirs: Vec<FoundWord>) -> Vec<Place> {
    let ours = ours.into_iter().map(|word| (true, word));
    let mut both: Vec<(bool, FoundWord)> = ours.chain(theirs.into_iter().map(|word| (false, word))).collect();
    both.sort_by_key(|(_, word)| word.left);
    let mut places: Vec<Place> = Vec::new();
    for (is_ours, word) in both {
        let shared = |place: &Place| f64::from(place.right.saturating_sub(word.left).min(word.right - word.left));
        let width = f64::from((word.right - word.left).max(1));
        if !places.last().is_some_and(|place| shared(place) >= width * OVERLAP_MIN) {
            places.push(Place::default());
        }
        if let Some(place) = places.last_mut() {
            place.right = place.right.max(word.right);
            if is_ours { place.ours.push(word) } else { place.theirs.push(word) }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[(&str, u32, f32)]) -> Vec<FoundWord> {
        let word = |(at, (text, left, confidence)): (usize, &(&str, u32, f32))| FoundWord {
            text: (*text).to_owned(),
            left: *left,
            top: 10,
            right: left + 10 * text.len() as u32,
            bottom: 30,
            confidence: *confidence,
            starts_block: at == 0,
            starts_line: at == 0,
            cell: None,
        };
        words.iter().enumerate().map(word).collect()
    }

    fn texts(words: &[FoundWord]) -> Vec<&str> {
        words.iter().map(|word| word.text.as_str()).collect()
    }

    #[test]
    fn the_surer_word_is_taken_at_each_place() {
        let one = line(&[("penicillin", 0, 95.0), ("5O0", 120, 62.0), ("mg", 160, 91.0)]);
        let other = line(&[("penicilin", 0, 80.0), ("500", 121, 93.0), ("mg", 160, 93.0)]);
        let merged = merged(one, other, 100);
        assert_eq!(texts(&merged), ["penicillin", "500", "mg"]);
        assert_eq!(merged.iter().map(|word| word.starts_line).collect::<Vec<_>>(), [true, false, false]);
    }

    #[test]
    fn a_word_that_was_read_in_pieces_is_one_place() {
        let one = line(&[("Generalist", 0, 90.0), ("hyper", 120, 60.0), ("tension", 170, 55.0)]);
        let other = line(&[("hypertension", 120, 90.0)]);
        assert_eq!(texts(&merged(one, other, 100)), ["Generalist", "hypertension"]);
    }

    #[test]
    fn what_only_one_found_must_be_sure() {
        let one = line(&[("Sodium", 0, 95.0), ("134", 200, 94.0)]);
        let other = line(&[("~", 80, 99.0), ("H", 260, 90.0), ("x", 300, 40.0)]);
        assert_eq!(texts(&merged(one, other, 100)), ["Sodium", "134", "H"]);
    }
}
