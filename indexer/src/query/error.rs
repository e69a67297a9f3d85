//! How does a query go wrong, where, and what would do instead?

use super::field::Field;
use super::parse::parse;
use crate::query::Expr;

/// Mistakes of one query that a suggestion mends.
const MISTAKES_MAX: usize = 5;

/// Places are 1-based characters of the query. The text never repeats the query, because
/// errors get logged; [`QueryError::suggestion`] does, for the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    #[error("the search has {chars} characters, more than {max}: shorten it")]
    TooLong { chars: usize, max: usize },
    #[error("the search has more than {max} words: leave some out")]
    TooManyWords { max: usize },
    #[error("the parentheses at character {place} are nested more than {max} deep: take some away")]
    TooDeep { place: usize, max: usize },
    #[error("the quotation mark at character {place} has no partner: close it, or leave it out")]
    UnclosedQuote { place: usize },
    #[error("the parenthesis at character {place} has no partner: close it, or leave it out")]
    UnclosedParenthesis { place: usize },
    #[error("the closing parenthesis at character {place} has no partner: open one before it, or leave it out")]
    UnopenedParenthesis { place: usize },
    #[error("the `or` at character {place} needs something on both sides, as in `fever or cough`")]
    LoneOr { place: usize },
    #[error("the `*` at character {place} stands alone: write the beginning of a word before it")]
    BareStar { place: usize },
    #[error("the word at character {place} is too open: write at least {min} letters before the first `*` or `?`")]
    OpenWord { place: usize, min: usize },
    #[error("the word at character {place} is too short for `~`: it takes at least {min} letters")]
    ShortSimilar { place: usize, min: usize },
    #[error("the number after `~` at character {place} is too large: at most {max}")]
    Distance { place: usize, max: u32 },
    #[error(
        "there is no field of the name at character {place}: did you mean `{near}:`? To find it as text, put it in quotes"
    )]
    UnknownField { place: usize, near: &'static str },
    #[error("the field at character {place} needs {rule}")]
    Value { place: usize, rule: &'static str },
    #[error("the search has neither letters nor digits: write a word to find")]
    NothingToFind,
}

impl QueryError {
    /// The 1-based character of the query where it went wrong.
    pub const fn place(&self) -> Option<usize> {
        match self {
            Self::TooDeep { place, .. }
            | Self::UnclosedQuote { place }
            | Self::UnclosedParenthesis { place }
            | Self::UnopenedParenthesis { place }
            | Self::LoneOr { place }
            | Self::BareStar { place }
            | Self::OpenWord { place, .. }
            | Self::ShortSimilar { place, .. }
            | Self::Distance { place, .. }
            | Self::UnknownField { place, .. }
            | Self::Value { place, .. } => Some(*place),
            Self::TooLong { .. } | Self::TooManyWords { .. } | Self::NothingToFind => None,
        }
    }

    /// A query near `query` that would do, all its mistakes mended.
    pub fn suggestion(&self, query: &str) -> Option<String> {
        let mut text = self.step(query)?;
        for _ in 0..MISTAKES_MAX {
            match parse(&text) {
                Ok(expr) => return (expr != Expr::All(Vec::new())).then_some(text),
                Err(error) => text = error.step(&text)?,
            }
        }
        None
    }

    /// The query without this mistake.
    fn step(&self, query: &str) -> Option<String> {
        let text = match *self {
            Self::UnclosedQuote { place }
            | Self::UnclosedParenthesis { place }
            | Self::UnopenedParenthesis { place } => without(query, place, 1),
            Self::LoneOr { place } => without(query, place, 2),
            Self::BareStar { .. } | Self::OpenWord { .. } => query.replace(['*', '?'], ""),
            Self::ShortSimilar { .. } | Self::Distance { .. } => without_tildes(query),
            Self::UnknownField { place, near } => renamed(query, place, near),
            _ => return None,
        };
        Some(text.trim().to_owned())
    }
}

/// The query without `count` characters from a place on.
fn without(query: &str, place: usize, count: usize) -> String {
    let gone = place..place + count;
    query.chars().enumerate().filter(|(index, _)| !gone.contains(&(index + 1))).map(|(_, c)| c).collect()
}

/// The query without its `~` and the numbers behind them.
fn without_tildes(query: &str) -> String {
    let (first, rest) = query.split_once('~').unwrap_or((query, ""));
    let rest = rest.split('~').map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit()));
    std::iter::once(first).chain(rest).collect()
}

/// The query with the field's name at a place replaced.
fn renamed(query: &str, place: usize, name: &str) -> String {
    let chars: Vec<char> = query.chars().collect();
    let from = (place - 1).min(chars.len());
    let colon = chars[from..].iter().position(|c| *c == ':').map_or(chars.len(), |at| from + at);
    let text = |part: &[char]| part.iter().collect::<String>();
    format!("{}{name}{}", text(&chars[..from]), text(&chars[colon..]))
}

/// The field whose name somebody mistyped.
pub fn near_field(name: &str) -> Option<&'static str> {
    let distance = |known: &&str| crate::lexicon::edits(name, known);
    Field::NAMES.iter().map(|(known, _)| *known).filter(|known| distance(known) <= 1).min_by_key(distance)
}
