//! Which words are there? Those of the language and of medicine, the names of all patients, and
//! what the hospital adds; never in any order, and never given out again.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use crate::analysis::{Token, Tokens};
use crate::sieve::Sieve;

/// Word lists as Debian installs them: general English (`wamerican-large`), and medical English (`hunspell-en-med`). Read
/// where they are, never shipped: they have licences of their own.
pub const DEBIAN_LISTS: [&str; 2] = ["/usr/share/dict/words", "/usr/share/hunspell/en_med_glut.dic"];

/// Known words by their hash alone: a quarter of a million of them in a few megabytes, and a
/// look-up that repairing can afford by the hundred.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    words: HashSet<u64, BuildHasherDefault<AsItIs>>,
    beginnings: Ends,
    endings: Ends,
    fingerprint: u64,
}

impl Lexicon {
    /// Learns every word of letters in a text, as the analyzer sees it: `O'Brien` is `o`, `brien` and `obrien`.
    pub fn learn(&mut self, text: &str) {
        Tokens::of(text).iter().filter(is_word).for_each(|token| self.add(token.term));
    }

    /// Whether there is nothing to learn from a text.
    pub(crate) fn has_learned(&self, text: &str) -> bool {
        Tokens::of(text).iter().filter(is_word).all(|token| self.knows(token.term))
    }

    /// Learns a list: a word to a line. A Hunspell dictionary has flags behind a slash; lines that begin with white space
    /// or `#` are remarks.
    pub fn learn_list(&mut self, list: &str) {
        let lines = list.lines().filter(|line| !line.starts_with([' ', '\t', '#']));
        lines.for_each(|line| self.learn(line.split('/').next().unwrap_or_default()));
    }

    fn add(&mut self, word: &str) {
        let hash = hash(word.as_bytes());
        if self.words.insert(hash) {
            self.fingerprint = self.fingerprint.wrapping_add(hash);
            self.beginnings.add(word.bytes());
            self.endings.add(word.bytes().rev());
        }
    }

    pub fn knows(&self, term: &str) -> bool {
        self.words.contains(&hash(term.as_bytes()))
    }

    pub(crate) fn knows_spelling(&self, spelling: Spelling) -> bool {
        self.words.contains(&spread(spelling.0))
    }

    /// Whether some word may begin so.
    pub(crate) fn begins(&self, spelling: Spelling) -> bool {
        self.beginnings.has(spelling.0)
    }

    /// Where the longest end of the term begins that some word may end in.
    pub(crate) fn known_end(&self, term: &str) -> usize {
        let mut state = FNV_BASIS;
        let known = term.bytes().rev().take_while(|byte| {
            state = fnv(state, &[*byte]);
            self.endings.has(state)
        });
        term.len() - known.count()
    }

    pub fn len(&self) -> usize {
        self.words.len()
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Says which words are in it, whatever the order they came in: the sum of their hashes.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}

fn is_word(token: &Token<'_>) -> bool {
    token.term.chars().all(char::is_alphabetic)
}

/// How words begin, or end, so that what no word begins or ends with is not looked up hundreds of times.
#[derive(Debug, Clone, Default)]
struct Ends(Option<Sieve>);

/// A megabyte: a third of a million English words set a quarter of the bits.
const ENDS_BITS: usize = 1 << 23;

impl Ends {
    /// The empty one, and every longer one.
    fn add(&mut self, word: impl Iterator<Item = u8>) {
        let ends = self.0.get_or_insert_with(|| Sieve::of_bits(ENDS_BITS));
        let mut state = FNV_BASIS;
        ends.add(spread(state));
        for byte in word {
            state = fnv(state, &[byte]);
            ends.add(spread(state));
        }
    }

    fn has(&self, state: u64) -> bool {
        self.0.as_ref().is_some_and(|ends| ends.may_have(spread(state)))
    }
}

/// A word that is put together: hundreds of spellings that begin alike are asked for, and each is hashed from where it
/// differs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spelling(u64);

impl Spelling {
    pub(crate) const EMPTY: Self = Self(FNV_BASIS);

    pub(crate) fn then(self, part: &str) -> Self {
        Self(fnv(self.0, part.as_bytes()))
    }
}

const FNV_BASIS: u64 = 0xCBF2_9CE4_8422_2325;

pub fn hash(word: &[u8]) -> u64 {
    spread(fnv(FNV_BASIS, word))
}

/// FNV-1a, 64 bits (RFC 9923), gone on with from an earlier state.
fn fnv(state: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(state, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3))
}

/// Over all bits, since the table takes the lowest.
fn spread(hash: u64) -> u64 {
    hash ^ (hash >> 32)
}

/// The keys are hashes already.
#[derive(Debug, Default, Clone)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// The fewest letters put in, taken out, exchanged or swapped with their neighbour that make one
/// word of the other (optimal string alignment distance).
pub fn edits(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows = vec![(0..=other.len()).collect::<Vec<usize>>()];
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut best = (rows[i][j] + usize::from(a != b)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && one[i - 1] == *b && other[j - 1] == *a {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lexicon_is_the_same_in_any_order() {
        let (mut one, mut other) = (Lexicon::default(), Lexicon::default());
        one.learn("Fever O'Brien fever 500mg");
        other.learn("o'brien");
        other.learn("FEVER mg");
        assert_eq!((one.fingerprint(), one.len()), (other.fingerprint(), other.len()));
        assert!(one.knows("obrien") && one.knows("brien") && !one.knows("500mg") && !one.knows("fevers"));
    }

    #[test]
    fn lists_are_read_as_they_are_written() {
        let mut lexicon = Lexicon::default();
        lexicon.learn_list("3\n    a remark of the maker\nabasia/MS\ncafé\n# ours\nChartroom\n");
        for known in ["abasia", "cafe", "chartroom"] {
            assert!(lexicon.knows(known), "{known}");
        }
        assert!(!lexicon.knows("remark") && !lexicon.knows("ms") && !lexicon.knows("ours"));
    }

    #[test]
    fn every_end_of_a_word_is_known() {
        let mut lexicon = Lexicon::default();
        assert!(!lexicon.begins(Spelling::EMPTY));
        lexicon.learn("fever");
        assert!((0..=5).all(|end| lexicon.begins(Spelling::EMPTY.then(&"fever"[..end]))));
        assert!(!lexicon.begins(Spelling::EMPTY.then("fevr")));
        assert_eq!([lexicon.known_end("fever"), lexicon.known_end("fexer"), lexicon.known_end("")], [0, 3, 0]);
    }

    #[test]
    fn edits_are_counted() {
        for (one, other, wanted) in
            [("", "", 0), ("fever", "fevre", 1), ("fever", "fiver", 1), ("fever", "ever", 1), ("abc", "xyz", 3)]
        {
            assert_eq!(edits(one, other), wanted, "{one} {other}");
        }
    }
}
