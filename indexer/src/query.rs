//! What does the person want to find? The text of the search box as a tree, or an error that
//! says where it went wrong and what to write instead.
//!
//! `words` all of them, in any order · `"a phrase"` · `-not` · `begin*`.

use record::limits;

use crate::analysis::{Token, Tokens, is_gap};

/// What must hold of a page. The planner and the highlighter both read this tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// Every one holds. Empty: every page.
    All(Vec<Expr>),
    Not(Box<Expr>),
    /// One of these runs of terms stands on the page, each at consecutive positions.
    AnyOf(Vec<Vec<String>>),
    /// Some term begins so.
    Prefix(String),
}

/// Places are 1-based characters of the query. The text never repeats the query, because
/// errors get logged; [`QueryError::suggestion`] does, for the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    #[error("the search has {chars} characters, more than {max}: shorten it")]
    TooLong { chars: usize, max: usize },
    #[error("the search has more than {max} words: leave some out")]
    TooManyWords { max: usize },
    #[error("the quotation mark at character {place} has no partner: close it, or leave it out")]
    UnclosedQuote { place: usize },
    #[error("the `*` at character {place} stands alone: write the beginning of a word before it")]
    BareStar { place: usize },
    #[error("the `*` at character {place} is not at the end of a word: it stands for any ending, as in `cardio*`")]
    InnerStar { place: usize },
    #[error("the beginning at character {place} is too short: write at least {min} letters before `*`")]
    ShortPrefix { place: usize, min: usize },
    #[error("the search has neither letters nor digits: write a word to find")]
    NothingToFind,
}

impl QueryError {
    /// The 1-based character of the query where it went wrong.
    pub const fn place(&self) -> Option<usize> {
        match self {
            Self::UnclosedQuote { place }
            | Self::BareStar { place }
            | Self::InnerStar { place }
            | Self::ShortPrefix { place, .. } => Some(*place),
            Self::TooLong { .. } | Self::TooManyWords { .. } | Self::NothingToFind => None,
        }
    }

    /// A query near `query` that would do.
    pub fn suggestion(&self, query: &str) -> Option<String> {
        let without = |unwanted: &dyn Fn(usize, char) -> bool| {
            let kept = query.chars().enumerate().filter(|(index, c)| !unwanted(index + 1, *c));
            kept.map(|(_, c)| c).collect::<String>().trim().to_owned()
        };
        let text = match *self {
            Self::UnclosedQuote { place } => without(&|at, _| at == place),
            Self::BareStar { .. } | Self::InnerStar { .. } | Self::ShortPrefix { .. } => without(&|_, c| c == '*'),
            _ => return None,
        };
        parse(&text).is_ok_and(|expr| expr != Expr::All(Vec::new())).then_some(text)
    }
}

/// Blank text asks for every page.
pub fn parse(text: &str) -> Result<Expr, QueryError> {
    let chars = text.chars().count();
    if chars > limits::SEARCH_QUERY_CHARS_MAX {
        return Err(QueryError::TooLong { chars, max: limits::SEARCH_QUERY_CHARS_MAX });
    }
    let mut parser = Parser { chars: text.chars().collect(), at: 0, terms: 0 };
    let mut all = Vec::new();
    let mut blank = true;
    while let Some(item) = parser.item()? {
        blank = false;
        all.extend(item);
    }
    if all.is_empty() && !blank {
        return Err(QueryError::NothingToFind);
    }
    Ok(Expr::All(all))
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    terms: usize,
}

impl Parser {
    /// The next item; `Some(None)` for one without letters or digits, such as a lone `&`.
    fn item(&mut self) -> Result<Option<Option<Expr>>, QueryError> {
        self.skip(is_gap);
        if self.at == self.chars.len() {
            return Ok(None);
        }
        let negative = self.skip(|c| c == '-') > 0;
        let expr = match self.peek() {
            Some(c) if is_quote(c) => self.phrase()?,
            Some(c) if !is_gap(c) => self.word()?,
            _ => None,
        };
        Ok(Some(if negative { expr.map(|expr| Expr::Not(Box::new(expr))) } else { expr }))
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn skip(&mut self, unwanted: impl Fn(char) -> bool) -> usize {
        let start = self.at;
        while self.peek().is_some_and(&unwanted) {
            self.at += 1;
        }
        self.at - start
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let start = self.at;
        self.skip(wanted);
        self.chars[start..self.at].iter().collect()
    }

    fn phrase(&mut self) -> Result<Option<Expr>, QueryError> {
        let place = self.at + 1;
        self.at += 1;
        let inside = self.take(|c| !is_quote(c));
        if self.peek().is_none() {
            return Err(QueryError::UnclosedQuote { place });
        }
        self.at += 1;
        self.sequences(&inside)
    }

    fn word(&mut self) -> Result<Option<Expr>, QueryError> {
        let start = self.at;
        let word = self.take(|c| !is_gap(c) && !is_quote(c));
        let Some(star) = word.chars().position(|c| c == '*') else { return self.sequences(&word) };
        let stem = word.trim_end_matches('*');
        let place = start + star + 1;
        if stem.is_empty() {
            return Err(QueryError::BareStar { place });
        }
        if stem.contains('*') {
            return Err(QueryError::InnerStar { place });
        }
        self.prefix(stem, start + 1)
    }

    fn prefix(&mut self, stem: &str, place: usize) -> Result<Option<Expr>, QueryError> {
        let min = limits::SEARCH_PREFIX_CHARS_MIN;
        let tokens = Tokens::of(stem);
        // `MRN-10*` asks for `mrn10…`.
        let last = tokens.len().checked_sub(1).and_then(|last| tokens.get(last));
        let term = whole(&tokens).or(last).map_or("", |token| token.term);
        if term.chars().count() < min {
            return Err(QueryError::ShortPrefix { place, min });
        }
        self.count(1)?;
        Ok(Some(Expr::Prefix(term.to_owned())))
    }

    /// The text's terms in a row: by parts, and by coarse terms where it has any.
    fn sequences(&mut self, text: &str) -> Result<Option<Expr>, QueryError> {
        let (mut fine, mut coarse) = (Vec::new(), Vec::new());
        let mut tokens = Tokens::default();
        for chunk in text.split(is_gap) {
            tokens.analyze(chunk);
            let parts = tokens.iter().filter(|token| !token.coarse).map(|token| token.term.to_owned());
            let before = fine.len();
            fine.extend(parts);
            match whole(&tokens) {
                Some(token) => coarse.push(token.term.to_owned()),
                None => coarse.extend_from_slice(&fine[before..]),
            }
        }
        self.count(fine.len())?;
        if fine.is_empty() {
            return Ok(None);
        }
        let alternatives = if fine == coarse { vec![fine] } else { vec![fine, coarse] };
        Ok(Some(Expr::AnyOf(alternatives)))
    }

    fn count(&mut self, terms: usize) -> Result<(), QueryError> {
        self.terms += terms;
        let max = limits::SEARCH_TERMS_MAX;
        if self.terms > max { Err(QueryError::TooManyWords { max }) } else { Ok(()) }
    }
}

/// The coarse token that stands for all of an analyzed chunk.
fn whole(tokens: &Tokens) -> Option<Token<'_>> {
    let last = tokens.get(tokens.len().checked_sub(1)?)?;
    tokens.get(0).filter(|first| first.coarse && first.end == last.end)
}

/// Straight and typographic quotation marks: word processors turn the one into the other.
fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»' | '＂')
}
