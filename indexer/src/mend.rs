//! What does a misread word say? At index time, every word that nobody knows is looked at once
//! more: the lexicon's words that print and readers mix up with it are put at its place, so that
//! the plain search for the right word finds it.
//!
//! A word of letters that the lexicon does not know is, in this order,
//! 1. a half: with its neighbour it makes a known word (`medi cation`, and `medi-⏎cation` without
//!    the hyphen);
//! 2. misread by its shape: one of [`CONFUSIONS`] away from known words (`bumed`, `buming`);
//! 3. misread anyhow: one letter more, less, other or swapped;
//! 4. two words without the space between them (`chestpain`).
//!
//! Where there are more than [`CANDIDATES_MAX`] known words, nothing is put: it could be any.
//! Words over a line end that are known as a whole lose their halves. Codes get
//! [`crate::code::code_form`]. Kukich, "Techniques for automatically correcting words in text"
//! (ACM Computing Surveys 24, 1992), section 2, has the kinds of error; the confusions are those
//! of Latin type as scanners see it.

use std::ops::Range;

use crate::analysis::{Token, Tokens};
use crate::code::code_form;
use crate::lexicon::Lexicon;

/// A term to put at the place of the term that begins with these bytes; an empty one takes away
/// what stands inside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mend {
    pub bytes: Range<usize>,
    pub term: String,
}

/// Shorter words could be too many others.
const LETTERS_MIN: usize = 4;
const LETTERS_MAX: usize = 30;
/// Letters that a joined word has at least, and each half of a word without its space.
const JOINED_LETTERS_MIN: usize = 5;
const SPLIT_LETTERS_MIN: usize = 4;
const CANDIDATES_MAX: usize = 3;

/// What is read, and what is printed.
const CONFUSIONS: [(&str, &str); 108] = [
    ("rn", "m"),
    ("m", "rn"),
    ("cl", "d"),
    ("d", "cl"),
    ("li", "h"),
    ("h", "li"),
    ("ii", "n"),
    ("ii", "u"),
    ("n", "ii"),
    ("u", "ii"),
    ("c", "e"),
    ("e", "c"),
    ("h", "b"),
    ("b", "h"),
    ("f", "t"),
    ("t", "f"),
    ("f", "s"),
    ("s", "f"),
    ("u", "n"),
    ("n", "u"),
    ("v", "y"),
    ("y", "v"),
    ("in", "m"),
    ("m", "in"),
    ("ni", "m"),
    ("m", "ni"),
    ("vv", "w"),
    ("w", "vv"),
    ("l", "i"),
    ("i", "l"),
    ("t", "l"),
    ("l", "t"),
    ("i", "t"),
    ("t", "i"),
    ("j", "i"),
    ("i", "j"),
    ("o", "c"),
    ("o", "e"),
    ("c", "o"),
    ("e", "o"),
    ("a", "o"),
    ("o", "a"),
    ("a", "e"),
    ("e", "a"),
    ("g", "q"),
    ("q", "g"),
    ("r", "t"),
    ("r", "f"),
    ("k", "h"),
    ("h", "k"),
    ("lc", "k"),
    ("tl", "d"),
    ("il", "u"),
    ("u", "il"),
    ("ri", "n"),
    ("n", "ri"),
    ("fi", "h"),
    ("nn", "m"),
    ("m", "nn"),
    ("n", "r"),
    ("ti", "n"),
    ("n", "h"),
    ("h", "n"),
    ("z", "s"),
    ("x", "k"),
    ("rr", "n"),
    ("ct", "d"),
    ("w", "iv"),
    ("iv", "w"),
    ("iii", "m"),
    ("m", "iii"),
    ("b", "o"),
    ("d", "o"),
    ("rn", "in"),
    ("m", "tn"),
    ("tn", "m"),
    ("y", "j"),
    ("ll", "n"),
    ("ll", "u"),
    ("ll", "h"),
    ("1", "l"),
    ("1", "i"),
    ("1", "t"),
    ("1", "r"),
    ("1", "j"),
    ("11", "n"),
    ("11", "u"),
    ("11", "h"),
    ("11", "ll"),
    ("111", "m"),
    ("0", "o"),
    ("5", "s"),
    ("8", "b"),
    ("6", "b"),
    ("3", "s"),
    ("4", "a"),
    ("2", "z"),
    ("9", "g"),
    ("7", "t"),
    ("$", "s"),
    ("vy", "w"),
    ("cc", "a"),
    ("ci", "d"),
    ("el", "d"),
    ("ol", "d"),
    ("lm", "hn"),
    ("iu", "m"),
    ("ui", "m"),
];

/// What there is to mend in a text.
pub fn mends(lexicon: &Lexicon, text: &str, tokens: &Tokens) -> Vec<Mend> {
    let mut work = Work { lexicon, found: Vec::new() };
    work.codes(tokens);
    if !lexicon.is_empty() {
        let broken = work.broken(text, tokens);
        work.words(tokens, &broken);
    }
    work.found
}

struct Work<'a> {
    lexicon: &'a Lexicon,
    found: Vec<Mend>,
}

impl Work<'_> {
    fn put(&mut self, bytes: Range<usize>, term: String) {
        self.found.push(Mend { bytes, term });
    }

    fn codes(&mut self, tokens: &Tokens) {
        for token in tokens.iter() {
            if let Some(code) = code_form(token.term) {
                self.put(token.start..token.end, code);
            }
        }
    }

    /// Words over a line end; gives their bytes, ascending.
    fn broken(&mut self, text: &str, tokens: &Tokens) -> Vec<Range<usize>> {
        let over_line = |token: &Token<'_>| token.coarse && text[token.start..token.end].contains('\n');
        let mut broken = Vec::new();
        for token in tokens.iter().filter(over_line) {
            let bytes = token.start..token.end;
            if self.lexicon.knows(token.term) {
                self.put(bytes.clone(), String::new());
            } else {
                self.mend(token.term, &bytes);
            }
            broken.push(bytes);
        }
        broken
    }

    fn words(&mut self, tokens: &Tokens, broken: &[Range<usize>]) {
        let whole =
            |token: &Token<'_>| !token.coarse && !broken.iter().any(|b| b.start <= token.start && token.end <= b.end);
        let words: Vec<Token<'_>> = tokens.iter().filter(whole).collect();
        let mut joined = false;
        for (index, word) in words.iter().enumerate() {
            let half = joined;
            joined = !half && words.get(index + 1).is_some_and(|next| self.join(word, next));
            if !half && !joined && is_mendable(word.term) && !self.lexicon.knows(word.term) {
                self.mend(word.term, &(word.start..word.end));
            }
        }
    }

    /// Two neighbours as one word, where one of them is none.
    fn join(&mut self, one: &Token<'_>, other: &Token<'_>) -> bool {
        let letters = |term: &str| term.bytes().all(|b| b.is_ascii_lowercase());
        let long = one.term.len() + other.term.len() >= JOINED_LETTERS_MIN;
        if !long || !letters(one.term) || !letters(other.term) || other.position != one.position + 1 {
            return false;
        }
        if self.lexicon.knows(one.term) && self.lexicon.knows(other.term) {
            return false;
        }
        let whole = format!("{}{}", one.term, other.term);
        let known = self.lexicon.knows(&whole);
        if known {
            self.put(one.start..other.end, whole);
        }
        known
    }

    fn mend(&mut self, term: &str, bytes: &Range<usize>) {
        let mut found = self.by_shape(term);
        if found.is_empty() && term.bytes().all(|b| b.is_ascii_lowercase()) {
            found = self.by_edit(term);
            if found.is_empty() {
                found = self.by_space(term);
            }
        }
        if found.is_empty() {
            found.extend(self.without_digits(term));
        }
        if found.len() <= CANDIDATES_MAX {
            found.into_iter().for_each(|term| self.put(bytes.clone(), term));
        }
    }

    /// Known words one confusion away.
    fn by_shape(&self, term: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (read, printed) in CONFUSIONS {
            for (at, _) in term.match_indices(read) {
                let parts = [&term[..at], printed, &term[at + read.len()..]];
                self.try_word(&parts, &mut found);
            }
        }
        found
    }

    /// Known words one letter more, less, other or swapped away.
    fn by_edit(&self, term: &str) -> Vec<String> {
        const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";
        let mut found = Vec::new();
        for at in 0..=term.len() {
            let (before, after) = term.split_at(at);
            let skip = |count: usize| after.get(count..).unwrap_or_default();
            for letter in 0..LETTERS.len() {
                let letter = &LETTERS[letter..=letter];
                self.try_word(&[before, letter, after], &mut found);
                if !after.is_empty() {
                    self.try_word(&[before, letter, skip(1)], &mut found);
                }
            }
            if !after.is_empty() {
                self.try_word(&[before, skip(1)], &mut found);
            }
            if after.len() > 1 {
                self.try_word(&[before, &after[1..2], &after[..1], skip(2)], &mut found);
            }
        }
        found
    }

    /// Two known words, cut where the shorter one is longest.
    fn by_space(&self, term: &str) -> Vec<String> {
        let cuts = SPLIT_LETTERS_MIN..(term.len() + 1).saturating_sub(SPLIT_LETTERS_MIN);
        let known = |at: &usize| self.lexicon.knows(&term[..*at]) && self.lexicon.knows(&term[*at..]);
        let best = cuts.filter(known).max_by_key(|at| (*at).min(term.len() - at));
        best.map(|at| vec![term[..at].to_owned(), term[at..].to_owned()]).unwrap_or_default()
    }

    /// `which23`: a note's number behind a word.
    fn without_digits(&self, term: &str) -> Option<String> {
        let word = term.trim_matches(|c: char| c.is_ascii_digit());
        (word.len() < term.len() && word.len() >= LETTERS_MIN && self.lexicon.knows(word)).then(|| word.to_owned())
    }

    fn try_word(&self, parts: &[&str], found: &mut Vec<String>) {
        let letters: usize = parts.iter().map(|part| part.len()).sum();
        if letters >= LETTERS_MIN && self.lexicon.knows_joined(parts) {
            let word = parts.concat();
            if !found.contains(&word) {
                found.push(word);
            }
        }
    }
}

/// Plain letters, and not more digits than letters.
fn is_mendable(term: &str) -> bool {
    let digits = term.bytes().filter(u8::is_ascii_digit).count();
    let plain = term.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    plain && digits * 2 <= term.len() && (LETTERS_MIN..=LETTERS_MAX).contains(&term.len())
}

/// Known words that somebody may have meant by one that is none, nearest first.
pub fn meant(lexicon: &Lexicon, term: &str) -> Vec<String> {
    if !is_mendable(term) || lexicon.knows(term) {
        return Vec::new();
    }
    let work = Work { lexicon, found: Vec::new() };
    let mut found = work.by_shape(term);
    found.extend(work.by_edit(term));
    found
}
