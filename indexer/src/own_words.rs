//! Which words are this archive's own? Those that are on many of its pages and on no list: a new drug, a street, a ward's
//! name for something. Misreadings are on many pages too, but on fewer than what they misread.

use std::collections::BTreeSet;

use tantivy::Term;

use crate::error::Result;
use crate::mend::{is_letters, meant};
use crate::search::View;

/// Pages with a word that is learned, and those of one segment from which on it is looked at.
const PAGES_MIN: u64 = 20;
const SEGMENT_PAGES_MIN: u32 = 5;
/// A word that looks alike and is on so many times as many pages is what was printed.
const TIMES_AS_FREQUENT: u64 = 3;
const WORDS_MAX: usize = 100_000;

impl View<'_> {
    pub fn own_words(&self) -> Result<Vec<String>> {
        let mut words = Vec::new();
        for word in self.frequent_unknown()? {
            let pages = self.pages_with(&word)?;
            let mut is_own = pages >= PAGES_MIN && words.len() < WORDS_MAX;
            for other in meant(&self.vocabulary.lexicon, &word) {
                is_own = is_own && self.pages_with(&other)? < TIMES_AS_FREQUENT * pages;
            }
            if is_own {
                words.push(word);
            }
        }
        Ok(words)
    }

    fn frequent_unknown(&self) -> Result<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        for segment in self.searcher().segment_readers() {
            let index = segment.inverted_index(self.fields.body)?;
            let mut terms = index.terms().stream()?;
            while let Some((term, info)) = terms.next() {
                let word = std::str::from_utf8(term).unwrap_or_default();
                if info.doc_freq >= SEGMENT_PAGES_MIN && is_letters(word) && !self.vocabulary.lexicon.knows(word) {
                    found.insert(word.to_owned());
                }
            }
        }
        Ok(found)
    }

    fn pages_with(&self, word: &str) -> Result<u64> {
        Ok(self.searcher().doc_freq(&Term::from_field_text(self.fields.body, word))?)
    }
}
