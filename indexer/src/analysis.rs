//! Which terms does a text have, at which positions, and from which bytes do they come?
//!
//! The index, the query parser and the highlighter all ask this one function, so what is
//! found is what is lit.
//!
//! A text is lines (`\n`) of chunks (between white space). A chunk has *parts*, runs of
//! letters and digits, each at the next position. Some chunks have *coarse* terms besides, at
//! the position of their first part, so that both forms find them:
//!
//! | text | parts | coarse |
//! |---|---|---|
//! | `2.5` | `2.5` | |
//! | `500mg` | `500` `mg` | `500mg` |
//! | `MRN-104233` | `mrn` `104233` | `mrn104233` |
//! | `120/80` | `120` `80` | `120/80` |
//! | `O'Brien` | `o` `brien` | `obrien` |
//! | `infor-⏎mation` | `infor` `mation`, at one position | `information` |
//! | `anti-inflam-⏎matory` | `anti` `inflam` `matory`, the last two at one | `inflammatory` `antiinflammatory` |
//!
//! The last rows give up the phrase of the two halves so that phrases with the whole word hold.

use std::ops::Range;

use crate::chunks::{chunks, ends_in_digit, is_soft, joiner, starts_with_digit, unit_start};
pub use crate::chunks::{is_gap, is_hyphen};
use crate::fold::{fold_into, is_ideograph, is_ignorable, is_word};
use crate::mend::Mend;

/// Longer terms are cut, in the index and in queries alike.
const TERM_BYTES_MAX: usize = 200;
/// A guess, for room.
const BYTES_A_TOKEN: usize = 6;

/// One term at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    pub term: &'a str,
    pub position: u32,
    /// Bytes of the analyzed text that the term came from.
    pub start: usize,
    pub end: usize,
    /// Stands for several parts.
    pub coarse: bool,
    /// Is not what was read, but what the lexicon makes of it.
    pub mended: bool,
}

#[derive(Debug, Clone, Default)]
struct Item {
    term: Range<usize>,
    position: u32,
    start: usize,
    end: usize,
    coarse: bool,
    mended: bool,
}

/// The tokens of one text by position. Reused from text to text, it allocates nothing.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    arena: String,
    items: Vec<Item>,
    parts: Vec<Part>,
}

/// A run of letters and digits, folded into the arena.
#[derive(Debug, Clone)]
struct Part {
    term: Range<usize>,
    start: usize,
    end: usize,
    ideograph: bool,
}

/// The last part of a line that ends in a hyphen.
struct Broken {
    part: Part,
    position: u32,
    /// Which item is the coarse term of its chunk, as in `anti-inflam-⏎matory`.
    coarse: Option<usize>,
}

impl Tokens {
    pub fn of(text: &str) -> Self {
        let mut tokens = Self::default();
        tokens.analyze(text);
        tokens
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// About as many bytes as all terms have.
    pub fn bytes(&self) -> usize {
        self.arena.len() + self.items.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = Token<'_>> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    pub fn get(&self, index: usize) -> Option<Token<'_>> {
        let item = self.items.get(index)?;
        Some(Token {
            term: &self.arena[item.term.clone()],
            position: item.position,
            start: item.start,
            end: item.end,
            coarse: item.coarse,
            mended: item.mended,
        })
    }

    /// Puts mended terms at their places, and takes away the halves of words that are known as a whole.
    pub fn apply(&mut self, mends: &[Mend]) {
        let mut put = Vec::with_capacity(mends.len());
        for Mend { bytes, term } in mends {
            if term.is_empty() {
                self.items.retain(|item| item.coarse || item.start < bytes.start || item.end > bytes.end);
            } else if let Some(at) = self.position_of(bytes.start) {
                let start = self.arena.len();
                self.arena.push_str(term);
                let term = start..self.arena.len();
                let (start, end) = (bytes.start, bytes.end);
                put.push(Item { term, position: at, start, end, coarse: false, mended: true });
            }
        }
        put.sort_by_key(|item| item.position);
        self.insert(put);
    }

    /// Of the first term that begins there: terms stand as they do in the text.
    fn position_of(&self, start: usize) -> Option<u32> {
        let at = self.items.partition_point(|item| item.start < start);
        self.items.get(at).filter(|item| item.start == start).map(|item| item.position)
    }

    /// Both by position; what was there stands before what is put. From the end on, so that what is there moves once.
    fn insert(&mut self, mut put: Vec<Item>) {
        let mut from = self.items.len();
        let mut to = from + put.len();
        self.items.resize_with(to, Item::default);
        while let Some(item) = put.pop() {
            while from > 0 && self.items[from - 1].position > item.position {
                (from, to) = (from - 1, to - 1);
                self.items.swap(from, to);
            }
            to -= 1;
            self.items[to] = item;
        }
    }

    /// Replaces what was there with the tokens of `text`.
    pub fn analyze(&mut self, text: &str) {
        self.arena.clear();
        self.arena.reserve(text.len());
        self.items.clear();
        self.items.reserve(text.len() / BYTES_A_TOKEN);
        let mut position = 0;
        let mut broken = None;
        for chunk in chunks(text) {
            if chunk.is_plain && broken.is_none() {
                let term = self.folded(&text[chunk.bytes.clone()]);
                self.push(term, position, chunk.bytes, false);
                position += 1;
                continue;
            }
            self.split(text, &chunk.bytes);
            position = self.emit(text, &chunk.bytes, position, broken.take());
            if chunk.ends_line {
                broken = self.broken(text, &chunk.bytes, position);
            }
        }
    }

    /// Fills `parts` from one chunk.
    fn split(&mut self, text: &str, chunk: &Range<usize>) {
        self.parts.clear();
        if text[chunk.clone()].is_ascii() { self.split_ascii(text, chunk) } else { self.split_any(text, chunk) }
    }

    /// What [`Self::split_any`] does, for what nearly all chunks are: nothing to look up in Unicode's tables.
    fn split_ascii(&mut self, text: &str, chunk: &Range<usize>) {
        let bytes = text[chunk.clone()].as_bytes();
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let joins = |at: usize| matches!(bytes[at], b'.' | b',') && digit(at - 1) && digit(at + 1);
        let mut at = 0;
        while let Some(length) = bytes[at..].iter().position(u8::is_ascii_alphanumeric) {
            let start = at + length;
            at = start + 1;
            while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || joins(at)) {
                at += 1;
            }
            let (start, end) = (chunk.start + start, chunk.start + at);
            let term = self.folded(&text[start..end]);
            self.parts.push(Part { term, start, end, ideograph: false });
        }
    }

    /// ASCII in small letters, in the arena.
    fn folded(&mut self, ascii: &str) -> Range<usize> {
        let start = self.arena.len();
        self.arena.push_str(ascii);
        self.arena[start..].make_ascii_lowercase();
        start..self.arena.len()
    }

    fn split_any(&mut self, text: &str, chunk: &Range<usize>) {
        let mut open: Option<Part> = None;
        let mut before = ' ';
        let mut chars = text[chunk.clone()].char_indices().peekable();
        while let Some((offset, c)) = chars.next() {
            if is_ignorable(c) {
                continue;
            }
            let joins = matches!(c, '.' | ',')
                && before.is_ascii_digit()
                && chars.peek().is_some_and(|(_, after)| after.is_ascii_digit());
            if !joins && (!is_word(c) || is_ideograph(c)) {
                self.close(open.take());
            }
            if joins || is_word(c) {
                let place = chunk.start + offset;
                let part = open.get_or_insert_with(|| Part {
                    term: self.arena.len()..self.arena.len(),
                    start: place,
                    end: place,
                    ideograph: is_ideograph(c),
                });
                fold_into(c, &mut self.arena);
                part.term.end = self.arena.len();
                part.end = place + c.len_utf8();
            }
            if is_ideograph(c) {
                self.close(open.take());
            }
            before = c;
        }
        self.close(open);
    }

    fn close(&mut self, part: Option<Part>) {
        self.parts.extend(part.filter(|part| !part.term.is_empty()));
    }

    /// Emits the tokens of the chunk whose parts were just split, and returns the next position.
    fn emit(&mut self, text: &str, chunk: &Range<usize>, next: u32, broken: Option<Broken>) -> u32 {
        let Some(first) = self.parts.first().cloned() else { return next };
        let mut position = next;
        if let Some(broken) = broken.filter(|_| first.start == chunk.start && self.is_letters(&first)) {
            position = broken.position;
            self.join(&broken, &first);
        }
        let parts = std::mem::take(&mut self.parts);
        if let Some(whole) = self.whole(text, &parts) {
            let last = parts.last().unwrap_or(&first);
            self.push(whole, position, first.start..last.end, true);
        }
        for part in &parts {
            position = self.emit_part(part, position);
        }
        self.parts = parts;
        position
    }

    /// The broken word as one term at the place of its first half, and the chunk that it ends as one at its own.
    fn join(&mut self, broken: &Broken, rest: &Part) {
        let joined = self.concatenated(&[broken.part.term.clone(), rest.term.clone()]);
        self.push(joined, broken.position, broken.part.start..rest.end, true);
        if let Some(at) = broken.coarse {
            let Item { term, position, start, .. } = self.items[at].clone();
            let joined = self.concatenated(&[term, rest.term.clone()]);
            self.push(joined, position, start..rest.end, true);
            // Items stand by position.
            self.items[at..].rotate_right(1);
        }
    }

    fn emit_part(&mut self, part: &Part, position: u32) -> u32 {
        let bytes = part.start..part.end;
        let unit = unit_start(&self.arena[part.term.clone()]).map(|at| part.term.start + at);
        self.push(part.term.clone(), position, bytes.clone(), unit.is_some());
        if let Some(unit) = unit {
            self.push(part.term.start..unit, position, bytes.clone(), false);
            self.push(unit..part.term.end, position + 1, bytes, false);
            return position + 2;
        }
        position + 1
    }

    fn push(&mut self, term: Range<usize>, position: u32, bytes: Range<usize>, coarse: bool) {
        let mut end = term.end.min(term.start + TERM_BYTES_MAX);
        while !self.arena.is_char_boundary(end) {
            end -= 1;
        }
        let (start, stop) = (bytes.start, bytes.end);
        self.items.push(Item { term: term.start..end, position, start, end: stop, coarse, mended: false });
    }

    /// The chunk as one term: hyphens and apostrophes beside a letter fall away, other joiners
    /// stay. Nothing for a single part, and for parts that only a lost space put together.
    fn whole(&mut self, text: &str, parts: &[Part]) -> Option<Range<usize>> {
        if parts.len() < 2 || parts.iter().any(|part| part.ideograph) {
            return None;
        }
        let start = self.arena.len();
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                let Some(joiner) = joiner(&text[parts[index - 1].end..part.start]) else {
                    self.arena.truncate(start);
                    return None;
                };
                let digits = ends_in_digit(&self.arena) && starts_with_digit(&self.arena[part.term.clone()]);
                if digits || !is_soft(joiner) {
                    self.arena.push(if is_hyphen(joiner) { '-' } else { joiner });
                }
            }
            self.arena.extend_from_within_str(part.term.clone());
        }
        Some(start..self.arena.len())
    }

    fn concatenated(&mut self, terms: &[Range<usize>]) -> Range<usize> {
        let start = self.arena.len();
        for term in terms {
            self.arena.extend_from_within_str(term.clone());
        }
        start..self.arena.len()
    }

    fn is_letters(&self, part: &Part) -> bool {
        !part.ideograph && self.arena[part.term.clone()].chars().all(char::is_alphabetic)
    }

    /// The last part, where nothing but a hyphen follows it in the chunk.
    fn broken(&self, text: &str, chunk: &Range<usize>, next: u32) -> Option<Broken> {
        let part = self.parts.last()?;
        let mut rest = text[part.end..chunk.end].chars();
        let hyphen = rest.next().is_some_and(|c| is_hyphen(c) || c == '\u{AD}') && rest.next().is_none();
        (hyphen && self.is_letters(part)).then(|| {
            let first = self.items.iter().rposition(|item| item.start < chunk.start).map_or(0, |before| before + 1);
            let coarse = self.items.get(first).is_some_and(|item| item.coarse && item.end == part.end);
            Broken { part: part.clone(), position: next.saturating_sub(1), coarse: coarse.then_some(first) }
        })
    }
}

/// `String::extend_from_within` is not there yet.
trait ExtendFromWithin {
    fn extend_from_within_str(&mut self, range: Range<usize>);
}

impl ExtendFromWithin for String {
    fn extend_from_within_str(&mut self, range: Range<usize>) {
        let copy = self[range].to_owned();
        self.push_str(&copy);
    }
}
