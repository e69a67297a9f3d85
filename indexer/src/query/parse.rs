//! How do pieces make a tree? By recursive descent, bounded in depth and in words.
//!
//! ```text
//! any  := all ("or" all)*
//! all  := item*
//! item := ("-" | "NOT") item | "(" any ")" | field ":" value | quoted | word
//! ```

use record::limits;

use super::error::{QueryError, near_field};
use super::field::{self, Field};
use super::scan::{Kind, Piece, scan};
use super::words::{Words, single};
use super::{Expr, Run, Wild};

/// Blank text asks for every page.
pub fn parse(text: &str) -> Result<Expr, QueryError> {
    let chars = text.chars().count();
    if chars > limits::SEARCH_QUERY_CHARS_MAX {
        return Err(QueryError::TooLong { chars, max: limits::SEARCH_QUERY_CHARS_MAX });
    }
    let pieces = scan(text)?;
    let blank = pieces.is_empty();
    let mut parser = Parser { pieces, at: 0, depth: 0, words: Words::default() };
    let expr = parser.any()?;
    if let Some(piece) = parser.peek() {
        return Err(QueryError::UnopenedParenthesis { place: piece.place });
    }
    match expr {
        Some(Expr::All(all)) => Ok(Expr::All(all)),
        Some(one) => Ok(Expr::All(vec![one])),
        None if blank => Ok(Expr::All(Vec::new())),
        None => Err(QueryError::NothingToFind),
    }
}

struct Parser {
    pieces: Vec<Piece>,
    at: usize,
    depth: usize,
    words: Words,
}

/// Nothing for what has neither letters nor digits, such as a lone `&`.
type Item = Result<Option<Expr>, QueryError>;

impl Parser {
    fn peek(&self) -> Option<&Piece> {
        self.pieces.get(self.at)
    }

    fn next_is(&self, kind: &Kind) -> bool {
        self.peek().is_some_and(|piece| piece.kind == *kind)
    }

    fn any(&mut self) -> Item {
        let (mut sides, mut lone) = (Vec::new(), None);
        loop {
            let before = self.at;
            let side = self.all()?;
            if let Some(place) = lone.filter(|_| side.is_none()) {
                return Err(QueryError::LoneOr { place });
            }
            let empty = side.is_none();
            sides.extend(side);
            let Some(place) = self.peek().filter(|piece| piece.kind == Kind::Or).map(|piece| piece.place) else {
                break;
            };
            if empty || before == self.at {
                return Err(QueryError::LoneOr { place });
            }
            self.at += 1;
            lone = Some(place);
        }
        Ok(if sides.len() > 1 { Some(Expr::Any(sides)) } else { sides.pop() })
    }

    fn all(&mut self) -> Item {
        let mut all = Vec::new();
        while self.peek().is_some_and(|piece| !matches!(piece.kind, Kind::Or | Kind::Close)) {
            all.extend(self.item()?);
        }
        Ok(if all.len() > 1 { Some(Expr::All(all)) } else { all.pop() })
    }

    fn item(&mut self) -> Item {
        let Some(Piece { place, kind }) = self.peek().cloned() else { return Ok(None) };
        self.at += 1;
        match kind {
            Kind::Not => self.negated(place),
            Kind::Open => self.group(place),
            Kind::Quoted { text, near: None } => Ok(single(self.words.runs(&text)?)),
            Kind::Quoted { text, near: Some(within) } => self.near(&text, within, place),
            Kind::Field(name) => self.field(&name, place),
            Kind::Word(word) => self.word(&word, place),
            // `all` stops before these.
            Kind::Or | Kind::Close => Ok(None),
        }
    }

    fn negated(&mut self, place: usize) -> Item {
        if self.peek().is_none() || self.next_is(&Kind::Or) || self.next_is(&Kind::Close) {
            return Ok(None);
        }
        let inner = self.deeper(place, Self::item)?;
        Ok(inner.map(|expr| match expr {
            Expr::Not(twice) => *twice,
            expr => Expr::Not(Box::new(expr)),
        }))
    }

    fn group(&mut self, place: usize) -> Item {
        let inner = self.deeper(place, Self::any)?;
        if !self.next_is(&Kind::Close) {
            return Err(QueryError::UnclosedParenthesis { place });
        }
        self.at += 1;
        Ok(inner)
    }

    fn deeper(&mut self, place: usize, inner: fn(&mut Self) -> Item) -> Item {
        let max = limits::SEARCH_DEPTH_MAX;
        if self.depth == max {
            return Err(QueryError::TooDeep { place, max });
        }
        self.depth += 1;
        let item = inner(self);
        self.depth -= 1;
        item
    }

    fn near(&mut self, text: &str, within: u32, place: usize) -> Item {
        let max = limits::SEARCH_NEAR_WORDS_MAX;
        if within > max {
            return Err(QueryError::Distance { place, max });
        }
        let terms = self.words.parts(text)?;
        Ok(match terms.len() {
            0 => None,
            1 => Some(Expr::Words(terms.into_iter().map(|term| Run::typed(vec![term])).collect())),
            _ => Some(Expr::Near { terms, within: if within == 0 { limits::SEARCH_NEAR_WORDS } else { within } }),
        })
    }

    fn word(&mut self, word: &str, place: usize) -> Item {
        if let Some((stem, edits)) = similar(word) {
            return self.similar(stem, edits, place);
        }
        // A question mark at the end of a word is one, not a letter left open.
        let shape = if word.contains('*') { word } else { word.trim_end_matches(['?', '.', ',', ';', '!']) };
        if shape.contains(['*', '?']) {
            return self.open(shape, place);
        }
        Ok(single(self.words.runs(word)?))
    }

    fn similar(&mut self, stem: &str, edits: u32, place: usize) -> Item {
        let (min, max) = (limits::SEARCH_SIMILAR_CHARS_MIN, limits::SEARCH_SIMILAR_EDITS_MAX);
        let term = self.words.whole(stem)?.unwrap_or_default();
        if term.chars().count() < min {
            return Err(QueryError::ShortSimilar { place, min });
        }
        let edits = u8::try_from(edits).ok().filter(|edits| *edits <= max);
        let edits = edits.ok_or(QueryError::Distance { place, max: max.into() })?;
        Ok(Some(Expr::Similar { term, edits }))
    }

    /// A word with letters left open.
    fn open(&mut self, shape: &str, place: usize) -> Item {
        let min = limits::SEARCH_PREFIX_CHARS_MIN;
        let stem_chars = shape.chars().take_while(|c| !matches!(c, '*' | '?')).filter(|c| c.is_alphanumeric()).count();
        if shape.chars().all(|c| matches!(c, '*' | '?')) {
            return Err(QueryError::BareStar { place });
        }
        if stem_chars < min {
            return Err(QueryError::OpenWord { place, min });
        }
        let stem = shape.trim_end_matches('*');
        if !stem.contains(['*', '?']) {
            return Ok(self.words.whole(stem)?.map(Expr::Prefix));
        }
        Ok(self.words.shape(shape)?.map(|shape| Expr::Wild(Wild::new(shape))))
    }

    /// A name that is nobody's is text with a colon in it, as in `note:stable`.
    fn field(&mut self, name: &str, place: usize) -> Item {
        let Some(field) = Field::named(name) else {
            return match near_field(name) {
                Some(near) => Err(QueryError::UnknownField { place, near }),
                None => Ok(single(self.words.runs(name)?)),
            };
        };
        let text = match self.peek().map(|piece| piece.kind.clone()) {
            Some(Kind::Word(text) | Kind::Quoted { text, .. }) => text,
            _ => return Err(QueryError::Value { place, rule: field.rule() }),
        };
        self.at += 1;
        if field == Field::Code {
            let runs = self.words.runs(&text)?;
            return Ok((!runs.is_empty()).then_some(Expr::Coded(runs)));
        }
        let filter = field::value(field, &text).ok_or(QueryError::Value { place, rule: field.rule() })?;
        Ok(Some(Expr::Filter(filter)))
    }
}

/// `word~` and `word~2`, with what stands before the sign.
fn similar(word: &str) -> Option<(&str, u32)> {
    let (stem, digits) = word.rsplit_once('~')?;
    let edits = if digits.is_empty() { Some(1) } else { digits.parse().ok() };
    edits.filter(|_| !stem.is_empty()).map(|edits| (stem, edits))
}
