//! What does a misread word say? At index time, every word that nobody knows is looked at once
//! more: the lexicon's words that print and readers mix up with it are put at its place, so that
//! the plain search for the right word finds it.
//!
//! A word of letters that the lexicon does not know is, in this order,
//! 1. a half: with its neighbour it makes a known word (`medi cation`, and `medi-⏎cation` without
//!    the hyphen);
//! 2. misread by its shape: one of [`crate::confusions`] away from known words (`bumed`, `buming`);
//! 3. misread anyhow: one letter more, less, other or swapped;
//! 4. two words without the space between them (`chestpain`).
//!
//! Where there are more than [`CANDIDATES_MAX`] known words, nothing is put: it could be any.
//! Words over a line end that are known as a whole lose their halves. Codes get
//! [`crate::code::code_form`]. Kukich, "Techniques for automatically correcting words in text"
//! (ACM Computing Surveys 24, 1992), section 2, has the kinds of error.

use std::collections::HashMap;
use std::ops::Range;

use crate::analysis::{Token, Tokens};
use crate::code::code_form;
use crate::confusions::confusions_of;
use crate::lexicon::{Lexicon, Spelling};

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
pub const SPLIT_LETTERS_MIN: usize = 4;
const CANDIDATES_MAX: usize = 3;

/// What words that nobody knows were taken for, as long as the lexicon is the same: a reader makes the same mistakes on
/// page after page.
#[derive(Debug, Default)]
pub struct Memory {
    lexicon: u64,
    words: HashMap<Box<str>, Box<[String]>>,
}

/// Words in the memory before it is emptied: a few megabytes.
const REMEMBERED_MAX: usize = 50_000;

impl Memory {
    fn candidates(&mut self, lexicon: &Lexicon, term: &str) -> &[String] {
        if self.lexicon != lexicon.fingerprint() || self.words.len() >= REMEMBERED_MAX {
            *self = Self { lexicon: lexicon.fingerprint(), words: HashMap::new() };
        }
        if !self.words.contains_key(term) {
            self.words.insert(term.into(), candidates(lexicon, term).into());
        }
        self.words.get(term).map_or(&[], |words| words)
    }
}

/// What there is to mend in a text.
pub fn mends(lexicon: &Lexicon, memory: &mut Memory, text: &str, tokens: &Tokens) -> Vec<Mend> {
    let mut work = Work { lexicon, memory, found: Vec::new() };
    work.codes(tokens);
    if !lexicon.is_empty() {
        let broken = work.broken(text, tokens);
        work.words(tokens, &broken);
    }
    work.found
}

struct Work<'a> {
    lexicon: &'a Lexicon,
    memory: &'a mut Memory,
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

    fn words<'t>(&mut self, tokens: &'t Tokens, broken: &[Range<usize>]) {
        let whole =
            |token: &Token<'_>| !token.coarse && !broken.iter().any(|b| b.start <= token.start && token.end <= b.end);
        let lexicon = self.lexicon;
        let word = |token: Token<'t>| Word { token, known: lexicon.knows(token.term) };
        let mut words = tokens.iter().filter(whole).map(word).peekable();
        let mut joined = false;
        while let Some(word) = words.next() {
            let half = joined;
            joined = !half && words.peek().is_some_and(|next| self.join(&word, next));
            if !half && !joined && !word.known && is_mendable(word.token.term) {
                self.mend(word.token.term, &(word.token.start..word.token.end));
            }
        }
    }

    /// Two neighbours as one word, where one of them is none.
    fn join(&mut self, one: &Word<'_>, other: &Word<'_>) -> bool {
        if one.known && other.known {
            return false;
        }
        let (one, other) = (one.token, other.token);
        let letters = |term: &str| term.bytes().all(|b| b.is_ascii_lowercase());
        let long = one.term.len() + other.term.len() >= JOINED_LETTERS_MIN;
        if !long || !letters(one.term) || !letters(other.term) || other.position != one.position + 1 {
            return false;
        }
        let known = self.lexicon.knows_spelling(Spelling::EMPTY.then(one.term).then(other.term));
        if known {
            self.put(one.start..other.end, format!("{}{}", one.term, other.term));
        }
        known
    }

    fn mend(&mut self, term: &str, bytes: &Range<usize>) {
        for word in self.memory.candidates(self.lexicon, term) {
            self.found.push(Mend { bytes: bytes.clone(), term: word.clone() });
        }
    }
}

/// The known words that one that is none may be; none where it could be any.
fn candidates(lexicon: &Lexicon, term: &str) -> Vec<String> {
    let guess = Guess(lexicon);
    let mut found = guess.by_shape(term);
    if found.is_empty() && term.bytes().all(|b| b.is_ascii_lowercase()) {
        found = guess.by_edit(term);
        if found.is_empty() {
            found = guess.by_space(term);
        }
    }
    if found.is_empty() {
        found.extend(guess.without_digits(term));
    }
    if found.len() <= CANDIDATES_MAX { found } else { Vec::new() }
}

struct Guess<'a>(&'a Lexicon);

impl Guess<'_> {
    /// Known words one confusion away.
    fn by_shape(&self, term: &str) -> Vec<String> {
        let mut found = Vec::new();
        let known_end = self.0.known_end(term);
        let mut before = Spelling::EMPTY;
        for (at, c) in term.char_indices() {
            if !self.0.begins(before) {
                break;
            }
            for (read, printed) in confusions_of(term.as_bytes()[at]) {
                if at + read.len() >= known_end
                    && let Some(after) = term[at..].strip_prefix(read)
                {
                    self.try_word(before.then(printed), &[&term[..at], printed], after, &mut found);
                }
            }
            before = before.then(&term[at..at + c.len_utf8()]);
        }
        found
    }

    /// Known words one letter more, less, other or swapped away. What stands before and behind the letter is as in the
    /// word, so some word has to begin and to end so.
    fn by_edit(&self, term: &str) -> Vec<String> {
        let mut found = Vec::new();
        let known_end = self.0.known_end(term);
        let mut begun = Spelling::EMPTY;
        for at in 0..=term.len() {
            if !self.0.begins(begun) {
                break;
            }
            let (before, after) = term.split_at(at);
            self.edits_at(begun, before, after, known_end.saturating_sub(at), &mut found);
            begun = begun.then(after.get(..1).unwrap_or_default());
        }
        found
    }

    /// Words that are `before`, then `after` with its first letter or two spelt otherwise; of `after`, what stands from
    /// `known` on is the end of some word.
    fn edits_at(&self, begun: Spelling, before: &str, after: &str, known: usize, found: &mut Vec<String>) {
        const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";
        let skip = |count: usize| after.get(count..).unwrap_or_default();
        let (insert, exchange, swap) = (known == 0, known <= 1 && !after.is_empty(), known <= 2 && after.len() > 1);
        for letter in (0..LETTERS.len()).filter(|_| insert || exchange) {
            let letter = &LETTERS[letter..=letter];
            let begun = begun.then(letter);
            if !self.0.begins(begun) {
                continue;
            }
            if insert {
                self.try_word(begun, &[before, letter], after, found);
            }
            if exchange {
                self.try_word(begun, &[before, letter], skip(1), found);
            }
        }
        if swap {
            let swapped = [before, &after[1..2], &after[..1]];
            self.try_word(begun.then(swapped[1]).then(swapped[2]), &swapped, skip(2), found);
        }
        if exchange {
            self.try_word(begun, &[before], skip(1), found);
        }
    }

    /// Two known words, cut where the shorter one is longest.
    fn by_space(&self, term: &str) -> Vec<String> {
        let cuts = SPLIT_LETTERS_MIN..(term.len() + 1).saturating_sub(SPLIT_LETTERS_MIN);
        let known = |at: &usize| self.0.knows(&term[..*at]) && self.0.knows(&term[*at..]);
        let best = cuts.filter(known).max_by_key(|at| (*at).min(term.len() - at));
        best.map(|at| vec![term[..at].to_owned(), term[at..].to_owned()]).unwrap_or_default()
    }

    /// `which23`: a note's number behind a word.
    fn without_digits(&self, term: &str) -> Option<String> {
        let word = term.trim_matches(|c: char| c.is_ascii_digit());
        (word.len() < term.len() && word.len() >= LETTERS_MIN && self.0.knows(word)).then(|| word.to_owned())
    }

    /// `begun` is how the parts of `before` are spelt together.
    fn try_word(&self, begun: Spelling, before: &[&str], rest: &str, found: &mut Vec<String>) {
        if self.0.knows_spelling(begun.then(rest)) {
            let word = before.concat() + rest;
            if word.len() >= LETTERS_MIN && !found.contains(&word) {
                found.push(word);
            }
        }
    }
}

/// A word of the text, and whether the lexicon has it.
struct Word<'a> {
    token: Token<'a>,
    known: bool,
}

/// Small plain letters, as many as a mended word has.
pub fn is_letters(term: &str) -> bool {
    (LETTERS_MIN..=LETTERS_MAX).contains(&term.len()) && term.bytes().all(|b| b.is_ascii_lowercase())
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
    let guess = Guess(lexicon);
    let mut found = guess.by_shape(term);
    found.extend(guess.by_edit(term));
    found
}
