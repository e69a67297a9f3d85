//! Where does a text part into chunks, and what holds the parts of a chunk together?

use std::ops::Range;

use crate::fold::is_ignorable;

/// Letters after a number that count as its unit: `mg`, `mmHg`, `kcal`.
const UNIT_LETTERS_MAX: usize = 4;

/// A stretch of text between white space.
pub struct Chunk {
    pub bytes: Range<usize>,
    pub ends_line: bool,
    /// Nothing but letters of ASCII, as most words are.
    pub is_plain: bool,
}

pub fn chunks(text: &str) -> impl Iterator<Item = Chunk> {
    let mut rest = skip(text, 0, true);
    std::iter::from_fn(move || {
        let start = rest;
        let letters = text.as_bytes()[start..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let end = skip(text, start + letters, false);
        rest = skip(text, end, true);
        let ends_line = text.as_bytes()[end..rest].contains(&b'\n');
        (start < end).then_some(Chunk { bytes: start..end, ends_line, is_plain: start + letters == end })
    })
}

/// Where the gap that begins here ends, or the chunk.
fn skip(text: &str, from: usize, gap: bool) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        let (is_gap, length) = match byte {
            0..0x80 => (is_gap_byte(*byte), 1),
            _ => text[at..].chars().next().map_or((false, 1), |c| (is_gap(c), c.len_utf8())),
        };
        if is_gap != gap {
            break;
        }
        at += length;
    }
    at
}

const fn is_gap_byte(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7F
}

/// White space and control characters part chunks; invisible marks do not.
pub fn is_gap(c: char) -> bool {
    if c.is_ascii() {
        return is_gap_byte(c as u8);
    }
    (c.is_whitespace() || c.is_control()) && !is_ignorable(c)
}

/// Where the unit begins in a number with a unit.
pub fn unit_start(term: &str) -> Option<usize> {
    if !starts_with_digit(term) {
        return None;
    }
    let at = term.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ','))?;
    let unit = &term[at..];
    let is_unit = unit.chars().count() <= UNIT_LETTERS_MAX && unit.chars().all(char::is_alphabetic);
    is_unit.then_some(at)
}

pub fn joiner(between: &str) -> Option<char> {
    let mut chars = between.chars().filter(|c| !is_ignorable(*c));
    let joiner = chars.next()?;
    let known = is_soft(joiner) || matches!(joiner, '/' | '.' | ':' | '_' | '&' | '@' | '+' | '#');
    (known && chars.next().is_none()).then_some(joiner)
}

/// Joiners that people leave out: `follow-up`, `followup`.
pub fn is_soft(c: char) -> bool {
    is_hyphen(c) || matches!(c, '\'' | '\u{2019}')
}

pub fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{2011}' | '\u{AC}')
}

pub fn ends_in_digit(text: &str) -> bool {
    text.bytes().last().is_some_and(|b| b.is_ascii_digit())
}

pub fn starts_with_digit(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_digit())
}
