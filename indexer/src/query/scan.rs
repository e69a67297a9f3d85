//! Which pieces does the text of the search box have, and where does each begin?

use super::error::QueryError;
use crate::analysis::is_gap;

/// A piece and its 1-based character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub place: usize,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Open,
    Close,
    Or,
    Not,
    /// The text between quotation marks; the number after `~`, 0 where none is written.
    Quoted {
        text: String,
        near: Option<u32>,
    },
    /// A name before a colon with something behind it.
    Field(String),
    Word(String),
}

/// All pieces in order.
pub fn scan(text: &str) -> Result<Vec<Piece>, QueryError> {
    let mut scanner = Scanner { chars: text.chars().collect(), at: 0 };
    let mut pieces = Vec::new();
    while let Some(piece) = scanner.piece()? {
        pieces.push(piece);
    }
    Ok(pieces)
}

struct Scanner {
    chars: Vec<char>,
    at: usize,
}

impl Scanner {
    fn piece(&mut self) -> Result<Option<Piece>, QueryError> {
        self.take(is_gap);
        let place = self.at + 1;
        let Some(c) = self.peek(0) else { return Ok(None) };
        let kind = match c {
            '(' => self.single(Kind::Open),
            ')' => self.single(Kind::Close),
            '-' if self.starts_item(1) => self.single(Kind::Not),
            c if is_quote(c) => self.quoted(place)?,
            _ => self.word(),
        };
        Ok(Some(Piece { place, kind }))
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    /// A hyphen takes away what stands directly behind it; a dash between words does not.
    fn starts_item(&self, ahead: usize) -> bool {
        self.peek(ahead).is_some_and(|c| !is_gap(c))
    }

    fn single(&mut self, kind: Kind) -> Kind {
        self.at += 1;
        kind
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while self.peek(0).is_some_and(&wanted) {
            self.at += 1;
        }
        self.chars[start..self.at].iter().collect()
    }

    fn quoted(&mut self, place: usize) -> Result<Kind, QueryError> {
        self.at += 1;
        let text = self.take(|c| !is_quote(c));
        if self.peek(0).is_none() {
            return Err(QueryError::UnclosedQuote { place });
        }
        self.at += 1;
        Ok(Kind::Quoted { text, near: self.near() })
    }

    fn near(&mut self) -> Option<u32> {
        (self.peek(0) == Some('~')).then(|| {
            self.at += 1;
            let digits = self.take(|c| c.is_ascii_digit());
            // What overflows is too large whatever it is.
            if digits.is_empty() { 0 } else { digits.parse().unwrap_or(u32::MAX) }
        })
    }

    fn word(&mut self) -> Kind {
        let start = self.at;
        // A parenthesis inside a word, as in `tumour(s)`, is part of it; one at its end is not.
        let mut open = 0_usize;
        while let Some(c) = self.peek(0).filter(|c| !is_gap(*c) && !is_quote(*c)) {
            match c {
                '(' => open += 1,
                ')' if open == 0 => break,
                ')' => open -= 1,
                ':' if self.is_field(start) => {
                    let name: String = self.chars[start..self.at].iter().collect();
                    self.at += 1;
                    return Kind::Field(name.to_ascii_lowercase());
                }
                _ => {}
            }
            self.at += 1;
        }
        let word: String = self.chars[start..self.at].iter().collect();
        match word.as_str() {
            "or" | "OR" | "|" => Kind::Or,
            "NOT" => Kind::Not,
            _ => Kind::Word(word),
        }
    }

    fn is_field(&self, start: usize) -> bool {
        let name = &self.chars[start..self.at];
        let value = self.peek(1).is_some_and(|c| !is_gap(c) && !matches!(c, ':' | ')'));
        !name.is_empty() && name.iter().all(char::is_ascii_alphabetic) && value
    }
}

/// Straight and typographic quotation marks: word processors turn the one into the other.
fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»' | '＂')
}
