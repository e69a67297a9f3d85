//! What does a page's text say once a person has gone through it?
//!
//! A [`Correction`] names words by their place in one text, so it holds for that text and no other. Applying it
//! is pure and touches a copy: the text it was made of stays as it is.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use crate::digest::Digest;
use crate::limits::{ADDED_LINE_BYTES_MAX, ADDED_LINES_MAX, PAGE_WORDS_MAX, WORD_BYTES_MAX};
use crate::words::{Block, Box, Line, PageKind, PageText, Part, Word};

/// What a person says about the words of a page. Words are counted from 0 in reading order.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// The text that was looked at; none where the page could not be read.
    #[serde(default)]
    pub replaces: Option<Digest>,
    /// Words that read otherwise.
    #[serde(default)]
    pub words: Vec<NewWord>,
    /// Words that are right as they are.
    #[serde(default)]
    pub confirmed: Vec<u32>,
    /// All others are right too, and nothing on the page needs a look any more.
    #[serde(default)]
    pub confirmed_all: bool,
    /// Lines that the text lacks.
    #[serde(default)]
    pub added: Vec<AddedLine>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewWord {
    pub index: u32,
    /// Blank where there is no word; several words share the place of the one.
    pub text: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddedLine {
    /// The line comes after the line that holds this word; last of all where none is named.
    #[serde(default)]
    pub after: Option<u32>,
    pub text: String,
    #[serde(rename = "box")]
    pub place: Box,
}

/// Never quotes the text: it is a patient's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CorrectionError {
    #[error("the correction says nothing: name words, lines, or confirm all")]
    Nothing,
    #[error("there is no word {0} in this text: words are counted from 0 in reading order")]
    NoSuchWord(u32),
    #[error("word {0} is named twice: say one thing about a word")]
    Twice(u32),
    #[error("a word may have {WORD_BYTES_MAX} bytes and a line {ADDED_LINE_BYTES_MAX}: write less, or more words")]
    TooLong,
    #[error("there is a control character in the text: write letters, digits, signs and spaces")]
    Control,
    #[error("an added line needs text, and a place on the page")]
    Nowhere,
    #[error("a page may have {PAGE_WORDS_MAX} words, and {ADDED_LINES_MAX} lines may be added at once")]
    TooMany,
}

/// A text after a correction.
pub struct Corrected {
    pub text: PageText,
    /// Words that are not as they were: other, gone or new.
    pub changed: u32,
}

impl Correction {
    /// # Errors
    /// [`CorrectionError`] where the correction cannot be of this text.
    pub fn apply(&self, text: &PageText) -> Result<Corrected, CorrectionError> {
        self.check(text)?;
        let old: Vec<&Word> = text.words().collect();
        let mut new = self.rewritten(&old, text.rotation);
        let changed = old.iter().zip(&new).filter(|(old, new)| !is_same(old, new)).count() + self.added_words();
        rejoin(&old, &mut new);
        let mut done = PageText { blocks: self.laid_out(text, new), ..text.clone() };
        if done.words().count() > PAGE_WORDS_MAX {
            return Err(CorrectionError::TooMany);
        }
        if done.words().next().is_some() {
            done.kind = PageKind::Text;
        }
        if self.confirmed_all {
            done.attention.clear();
        }
        let by_hand = done.words().filter(|word| word.corrected).count();
        done.engine.recipe = recipe(&done.engine.recipe, by_hand);
        Ok(Corrected { text: done, changed: u32::try_from(changed).unwrap_or(u32::MAX) })
    }

    fn check(&self, text: &PageText) -> Result<(), CorrectionError> {
        let Self { words, confirmed, confirmed_all, added, .. } = self;
        if words.is_empty() && confirmed.is_empty() && added.is_empty() && !confirmed_all {
            return Err(CorrectionError::Nothing);
        }
        if words.len() > PAGE_WORDS_MAX || confirmed.len() > PAGE_WORDS_MAX || added.len() > ADDED_LINES_MAX {
            return Err(CorrectionError::TooMany);
        }
        let count = text.words().count();
        let after = added.iter().filter_map(|line| line.after);
        let mut named = words.iter().map(|word| word.index).chain(confirmed.iter().copied()).chain(after);
        if let Some(index) = named.find(|index| *index as usize >= count) {
            return Err(CorrectionError::NoSuchWord(index));
        }
        let mut seen = HashSet::new();
        if let Some(word) = words.iter().find(|word| !seen.insert(word.index)) {
            return Err(CorrectionError::Twice(word.index));
        }
        words.iter().try_for_each(|word| check_text(&word.text))?;
        added.iter().try_for_each(|line| line.check(text))
    }

    /// What becomes of each word.
    fn rewritten(&self, old: &[&Word], rotation: u16) -> Vec<Vec<Word>> {
        let texts: HashMap<usize, &str> =
            self.words.iter().map(|word| (word.index as usize, word.text.as_str())).collect();
        let confirmed: HashSet<usize> = self.confirmed.iter().map(|index| *index as usize).collect();
        let rewrite = |(index, word): (usize, &&Word)| match texts.get(&index) {
            Some(text) => replaced(word, text, rotation),
            None if self.confirmed_all || confirmed.contains(&index) => vec![looked_at((*word).clone())],
            None => vec![(*word).clone()],
        };
        old.iter().enumerate().map(rewrite).collect()
    }

    fn added_words(&self) -> usize {
        self.added.iter().map(|line| line.text.split_whitespace().count()).sum()
    }

    /// The new words in the lines and blocks of the old, with the added lines between them. A line that lost
    /// all its words goes, and so does a block, unless it is a cell and keeps its table in shape.
    fn laid_out(&self, text: &PageText, new: Vec<Vec<Word>>) -> Vec<Block> {
        let (mut new, mut index, mut blocks) = (new.into_iter(), 0, Vec::new());
        for block in &text.blocks {
            let mut lines = Vec::new();
            for line in &block.lines {
                let held = index..index + line.words.len();
                index = held.end;
                let words: Vec<Word> = new.by_ref().take(line.words.len()).flatten().collect();
                if !words.is_empty() || line.words.is_empty() {
                    lines.push(Line { words, ..line.clone() });
                }
                let here = |added: &&AddedLine| added.after.is_some_and(|after| held.contains(&(after as usize)));
                lines.extend(self.added.iter().filter(here).map(|added| added.line(text.rotation)));
            }
            if !lines.is_empty() || block.lines.is_empty() || block.cell.is_some() {
                blocks.push(Block { lines, cell: block.cell });
            }
        }
        let last: Vec<Line> =
            self.added.iter().filter(|line| line.after.is_none()).map(|line| line.line(text.rotation)).collect();
        if !last.is_empty() {
            blocks.push(Block::of(last));
        }
        blocks
    }
}

impl AddedLine {
    fn check(&self, page: &PageText) -> Result<(), CorrectionError> {
        let Box { x, y, w, h } = self.place;
        let inside = |start: u32, length: u32, side: u32| start.checked_add(length).is_some_and(|end| end <= side);
        let lies = w > 0 && h > 0 && inside(x, w, page.width) && inside(y, h, page.height);
        if !lies || self.text.trim().is_empty() {
            return Err(CorrectionError::Nowhere);
        }
        check_text(&self.text)
    }

    fn line(&self, rotation: u16) -> Line {
        Line::of(by_hand(self.place, &self.text, rotation))
    }
}

fn check_text(text: &str) -> Result<(), CorrectionError> {
    // The two non-characters are not XML's either, so the page's ALTO could not hold them.
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')) {
        return Err(CorrectionError::Control);
    }
    if text.len() > ADDED_LINE_BYTES_MAX || text.split_whitespace().any(|word| word.len() > WORD_BYTES_MAX) {
        return Err(CorrectionError::TooLong);
    }
    Ok(())
}

fn looked_at(word: Word) -> Word {
    Word { confidence: 100, corrected: true, ..word }
}

/// The same text again is a confirmation.
fn replaced(word: &Word, text: &str, rotation: u16) -> Vec<Word> {
    let words = by_hand(word.place, text, rotation);
    if is_same(word, &words) { vec![looked_at(word.clone())] } else { words }
}

fn is_same(old: &Word, new: &[Word]) -> bool {
    matches!(new, [only] if only.text == old.text)
}

/// Words that a person wrote, side by side in one place.
fn by_hand(place: Box, text: &str, rotation: u16) -> Vec<Word> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let places = share(place, &words, rotation);
    words.into_iter().zip(places).map(|(word, place)| looked_at(Word::read(word, place, 100))).collect()
}

/// Shares a place by the number of letters, with a letter's width between words, in the direction of reading:
/// on a page that must be turned to be upright, a line runs up, down or to the left over the master.
fn share(place: Box, words: &[&str], rotation: u16) -> Vec<Box> {
    let along = if rotation.is_multiple_of(180) { place.w } else { place.h };
    let letters = |word: &&str| word.chars().count() as u64;
    let all = words.iter().map(letters).sum::<u64>() + words.len().saturating_sub(1) as u64;
    let mut before = 0;
    let mut part = |word: &&str| {
        // At most `along`, so it fits.
        let pixels = |letters: u64| (u64::from(along) * letters / all) as u32;
        let (from, to) = (pixels(before), pixels(before + letters(word)));
        before += letters(word) + 1;
        (from, (to - from).max(1).min(along))
    };
    let placed = |(from, length): (u32, u32)| match rotation {
        90 => Box { y: place.y + along - from - length, h: length, ..place },
        180 => Box { x: place.x + along - from - length, w: length, ..place },
        270 => Box { y: place.y + from, h: length, ..place },
        _ => Box { x: place.x + from, w: length, ..place },
    };
    words.iter().map(|word| placed(part(word))).collect()
}

/// A word broken at a line end is found as a whole: where one part was rewritten, the whole is made anew, or
/// given up where the parts no longer meet.
fn rejoin(old: &[&Word], new: &mut [Vec<Word>]) {
    for at in 1..old.len() {
        let (Some(Part::First(whole)), Some(Part::Second(_))) = (&old[at - 1].part, &old[at].part) else {
            continue;
        };
        if is_same(old[at - 1], &new[at - 1]) && is_same(old[at], &new[at]) {
            continue;
        }
        let keeps_hyphen = *whole == format!("{}{}", old[at - 1].text, old[at].text);
        let (before, after) = new.split_at_mut(at);
        let (first, second) = (before[at - 1].last_mut(), after[0].first_mut());
        let whole = match (&first, &second) {
            (Some(first), Some(second)) => joined(&first.text, &second.text, keeps_hyphen),
            _ => None,
        };
        if let Some(first) = first {
            first.part = whole.clone().map(Part::First);
        }
        if let Some(second) = second {
            second.part = whole.map(Part::Second);
        }
    }
}

fn joined(first: &str, second: &str, keeps_hyphen: bool) -> Option<String> {
    let stem = first.strip_suffix(['-', '\u{2010}', '\u{ad}'])?;
    Some(if keeps_hyphen { format!("{first}{second}") } else { format!("{stem}{second}") })
}

/// The steps of the machine, and that people had a hand in so many words.
fn recipe(steps: &str, by_hand: usize) -> String {
    let machine = steps.split(' ').filter(|step| !step.is_empty() && !step.starts_with("corrected="));
    machine.map(str::to_owned).chain([format!("corrected={by_hand}")]).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{Attention, AttentionReason, Cell, Engine};

    const PLACE: Box = Box { x: 100, y: 40, w: 90, h: 30 };

    fn word(text: &str) -> Word {
        Word::read(text, PLACE, 40)
    }

    /// Two lines and a cell: `acute choIangitis exarn-` / `ination` / `7`.
    fn page() -> PageText {
        let broken = |text: &str, part| Word { part: Some(part), ..word(text) };
        let whole = || "exarnination".to_owned();
        let first = Line::of(vec![word("acute"), word("choIangitis"), broken("exarn-", Part::First(whole()))]);
        let second = Line::of(vec![broken("ination", Part::Second(whole()))]);
        let cell = Block { lines: vec![Line::of(vec![word("7")])], cell: Some(Cell { table: 0, row: 0, column: 0 }) };
        PageText {
            width: 1000,
            height: 800,
            engine: Engine { recipe: "psm=3 dpi=300".into(), ..Engine::default() },
            blocks: vec![Block::of(vec![first, second]), cell],
            attention: vec![Attention { reason: AttentionReason::Handwriting, place: PLACE }],
            ..PageText::default()
        }
    }

    fn saying(words: &[(u32, &str)]) -> Correction {
        let words = words.iter().map(|(index, text)| NewWord { index: *index, text: (*text).to_owned() }).collect();
        Correction { replaces: None, words, confirmed: vec![], confirmed_all: false, added: vec![] }
    }

    fn corrected(correction: &Correction) -> Corrected {
        correction.apply(&page()).unwrap_or_else(|error| panic!("{error}"))
    }

    fn plain(text: &PageText) -> Vec<&str> {
        text.words().map(|word| word.text.as_str()).collect()
    }

    #[test]
    fn touched_words_are_certain_and_the_rest_is_as_it_was() {
        let done = corrected(&Correction { confirmed: vec![0], ..saying(&[(1, "cholangitis")]) });
        assert_eq!(plain(&done.text), ["acute", "cholangitis", "exarn-", "ination", "7"]);
        let told: Vec<_> = done.text.words().map(|word| (word.confidence, word.corrected)).collect();
        assert_eq!(told, [(100, true), (100, true), (40, false), (40, false), (40, false)]);
        assert_eq!((done.changed, done.text.attention.len()), (1, 1));
        assert_eq!(done.text.engine.recipe, "psm=3 dpi=300 corrected=2");
        assert_eq!(done.text.blocks[1], page().blocks[1]);
    }

    #[test]
    fn confirming_all_changes_no_word_and_ends_the_questions() {
        let done = corrected(&Correction { confirmed_all: true, ..saying(&[(0, "acute")]) });
        assert_eq!((done.changed, plain(&done.text)), (0, plain(&page())));
        assert!(done.text.words().all(|word| word.corrected && word.confidence == 100));
        assert!(done.text.attention.is_empty());
        assert_eq!(done.text.words().filter(|word| word.part.is_some()).count(), 2, "still one word in two lines");
        let again = Correction { confirmed_all: true, ..saying(&[]) }.apply(&done.text).map(|done| done.text);
        assert!(again.is_ok_and(|again| again == done.text), "once more says nothing new");
    }

    #[test]
    fn words_go_and_split_and_the_line_keeps_its_order() {
        let done = corrected(&saying(&[(0, " "), (1, "chole cystitis"), (4, "")]));
        assert_eq!(plain(&done.text), ["chole", "cystitis", "exarn-", "ination"]);
        assert_eq!(done.changed, 3);
        let places: Vec<Box> = done.text.words().take(2).map(|word| word.place).collect();
        assert_eq!(places, [Box { w: 32, ..PLACE }, Box { x: 138, w: 52, ..PLACE }]);
        assert!(done.text.blocks[1].lines.is_empty() && done.text.blocks[1].cell.is_some(), "the table has its cell");
        let gone = corrected(&saying(&[(0, ""), (1, ""), (2, ""), (3, "")])).text;
        assert_eq!(gone.blocks.len(), 1, "a block without words is none");
    }

    #[test]
    fn shared_places_follow_the_direction_of_reading() {
        for (rotation, first, second) in [
            (90, Box { y: 55, h: 15, ..PLACE }, Box { y: 40, h: 10, ..PLACE }),
            (180, Box { x: 145, w: 45, ..PLACE }, Box { x: 100, w: 30, ..PLACE }),
            (270, Box { y: 40, h: 15, ..PLACE }, Box { y: 60, h: 10, ..PLACE }),
        ] {
            assert_eq!(share(PLACE, &["abc", "ab"], rotation), [first, second], "{rotation}");
        }
        let narrow = share(Box { w: 1, ..PLACE }, &["abc", "ab", "a"], 0);
        assert!(narrow.iter().all(|part| part.w == 1 && part.x + part.w <= 101), "{narrow:?}");
    }

    #[test]
    fn a_broken_word_is_made_whole_again() {
        let done = corrected(&saying(&[(2, "exam-")]));
        let parts: Vec<_> = done.text.words().filter_map(|word| word.part.clone()).collect();
        assert_eq!(parts, [Part::First("examination".into()), Part::Second("examination".into())]);
        for correction in [saying(&[(2, "exam")]), saying(&[(2, "")]), saying(&[(3, "")])] {
            let done = corrected(&correction);
            assert!(done.text.words().all(|word| word.part.is_none()), "nothing is left to join");
        }
    }

    #[test]
    fn lines_are_added_where_they_stand() {
        let line = |after, text: &str| AddedLine { after, text: text.to_owned(), place: PLACE };
        let added = vec![line(None, "signed H. Tindall"), line(Some(1), "see overleaf")];
        let done = corrected(&Correction { added, ..saying(&[]) });
        let lines: Vec<String> = done.text.lines().map(plain_line).collect();
        assert_eq!(
            lines,
            ["acute choIangitis exarn-", "see overleaf", "ination", "7", "signed H. Tindall"],
            "after the line of word 1, and last"
        );
        assert_eq!((done.changed, done.text.words().filter(|word| word.corrected).count()), (5, 5));
        let picture = PageText { blocks: vec![], kind: PageKind::Picture, ..page() };
        let done = Correction { added: vec![line(None, "left hand")], ..saying(&[]) }.apply(&picture);
        assert!(done.is_ok_and(|done| done.text.kind == PageKind::Text && plain(&done.text) == ["left", "hand"]));
    }

    fn plain_line(line: &Line) -> String {
        line.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_cannot_be_of_this_text_is_refused() {
        let long = "x".repeat(WORD_BYTES_MAX + 1);
        let line = |text: &str, place| Correction {
            added: vec![AddedLine { after: None, text: text.to_owned(), place }],
            ..saying(&[])
        };
        for (correction, expected) in [
            (saying(&[]), CorrectionError::Nothing),
            (saying(&[(5, "x")]), CorrectionError::NoSuchWord(5)),
            (Correction { confirmed: vec![9], ..saying(&[]) }, CorrectionError::NoSuchWord(9)),
            (saying(&[(1, "x"), (1, "y")]), CorrectionError::Twice(1)),
            (saying(&[(1, &long)]), CorrectionError::TooLong),
            (saying(&[(1, "a\u{1b}b")]), CorrectionError::Control),
            (saying(&[(1, "a\u{ffff}")]), CorrectionError::Control),
            (line("x", Box { x: 990, ..PLACE }), CorrectionError::Nowhere),
            (line("x", Box { x: u32::MAX, ..PLACE }), CorrectionError::Nowhere),
            (line("x", Box { h: 0, ..PLACE }), CorrectionError::Nowhere),
            (line("  ", PLACE), CorrectionError::Nowhere),
            (Correction { confirmed: vec![0; PAGE_WORDS_MAX + 1], ..saying(&[]) }, CorrectionError::TooMany),
            (saying(&[(1, &"a ".repeat(ADDED_LINE_BYTES_MAX / 2 + 1))]), CorrectionError::TooLong),
        ] {
            assert_eq!(correction.apply(&page()).map(|_| ()), Err(expected));
        }
    }
}
