//! Which words are broken over the end of a page? A half in one of the last lines and a half in one of the first lines of
//! the page behind it, where they make a known word: page numbers and running heads may stand between. The whole word is then
//! found on both pages, and on each its half is lit.

use record::words::PageText;

use crate::analysis::{Token, Tokens, is_hyphen};
use crate::lexicon::Lexicon;
use crate::mend::Mend;
use crate::stored::{StoredPage, StoredWord, words};

/// Lines at either end of a page that are looked at.
const LINES: usize = 3;

/// Halves of words at the ends of a page, those nearest to its edge first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edges {
    /// Stand before a hyphen at the end of a line.
    open: Vec<String>,
    /// Begin a line, with a small letter.
    begun: Vec<String>,
}

impl Edges {
    pub fn of(text: &PageText) -> Self {
        let (text, words) = words(text);
        let tokens = Tokens::of(&text);
        let terms = |halves: Vec<Token<'_>>| halves.iter().map(|half| half.term.to_owned()).collect();
        Self { open: terms(open(&text, &words, &tokens)), begun: terms(begun(&text, &words, &tokens)) }
    }

    /// Whether a word may go on from this page to the one behind it.
    pub fn may_go_on(&self, behind: &Self) -> bool {
        !self.open.is_empty() && !behind.begun.is_empty()
    }
}

/// The whole words to put at the places of their halves on a page, by what the pages around it have at their edges.
pub fn joins(lexicon: &Lexicon, page: &StoredPage, tokens: &Tokens, before: &Edges, behind: &Edges) -> Vec<Mend> {
    let (text, words) = (page.text.as_str(), page.words.as_slice());
    let mut found = Vec::new();
    if !before.open.is_empty() {
        let halves = begun(text, words, tokens);
        let terms: Vec<&str> = halves.iter().map(|half| half.term).collect();
        found.extend(joined(lexicon, &before.open, &terms).map(|(_, at, term)| mend(&halves[at], term)));
    }
    if !behind.begun.is_empty() {
        let halves = open(text, words, tokens);
        let terms: Vec<&str> = halves.iter().map(|half| half.term).collect();
        found.extend(joined(lexicon, &terms, &behind.begun).map(|(at, _, term)| mend(&halves[at], term)));
    }
    found
}

fn mend(half: &Token<'_>, term: String) -> Mend {
    Mend { bytes: half.start..half.end, term }
}

/// The first known word that a half of one list and a half of the other make, and which halves those are.
fn joined(lexicon: &Lexicon, open: &[impl AsRef<str>], begun: &[impl AsRef<str>]) -> Option<(usize, usize, String)> {
    let pairs = (0..open.len()).flat_map(|one| (0..begun.len()).map(move |other| (one, other)));
    let mut words = pairs.map(|(one, other)| (one, other, format!("{}{}", open[one].as_ref(), begun[other].as_ref())));
    words.find(|(_, _, word)| lexicon.knows(word))
}

/// From the last line upwards.
fn open<'t>(text: &str, words: &[StoredWord], tokens: &'t Tokens) -> Vec<Token<'t>> {
    let ends = words.iter().rev().filter(|word| word.ends_line).take(LINES);
    let half = |word: &StoredWord| {
        let last =
            tokens.iter().filter(|token| !token.coarse && token.start >= word.start && token.end <= word.end).last()?;
        let mut behind = text[last.end..word.end].chars();
        let hyphen = behind.next().is_some_and(|c| is_hyphen(c) || c == '\u{AD}') && behind.next().is_none();
        (hyphen && is_letters(last.term)).then_some(last)
    };
    ends.filter_map(half).collect()
}

/// From the first line downwards.
fn begun<'t>(text: &str, words: &[StoredWord], tokens: &'t Tokens) -> Vec<Token<'t>> {
    let after_line = |at: usize| at.checked_sub(1).is_none_or(|before| words[before].ends_line);
    let firsts = words.iter().enumerate().filter(|(at, _)| after_line(*at)).map(|(_, word)| word).take(LINES);
    let half = |word: &StoredWord| {
        let first = tokens.iter().find(|token| !token.coarse && token.start == word.start)?;
        (text[word.start..].starts_with(char::is_lowercase) && is_letters(first.term)).then_some(first)
    };
    firsts.filter_map(half).collect()
}

fn is_letters(term: &str) -> bool {
    term.chars().all(char::is_alphabetic)
}
