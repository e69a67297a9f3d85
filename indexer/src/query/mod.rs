//! What does the person want to find? The text of the search box as a tree, or an error that
//! says where it went wrong and what to write instead.
//!
//! | written | found |
//! |---|---|
//! | `fever cough` | pages with every word, near each other first |
//! | `"chest pain"` | the words in a row |
//! | `"pain arm"~5` | each at most five words from the next, in any order |
//! | `-cough`, `NOT cough` | pages without it |
//! | `fever or (cough -dry)` | either |
//! | `cardio*`, `gr?y`, `h*matoma` | words of that shape |
//! | `morphine~`, `morphine~2` | words that look like it, no other real word |
//! | `type:letter date:1974..1976` | what [`Field`] says |
//!
//! [`scan`] cuts the text into pieces with their places, [`parse`] makes the tree, [`field`]
//! reads values of fields, [`words`] asks the analyzer for terms. [`most`]: what may be asked where nothing was found.

mod error;
mod field;
mod most;
mod parse;
mod scan;
mod words;

pub use error::QueryError;
pub use field::{Bounds, Filter, State, Text};
pub use most::with_most;
pub use parse::parse;

/// What must hold of a page. The planner and the highlighter both read this tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// Every one holds. Empty: every page.
    All(Vec<Expr>),
    /// At least one holds.
    Any(Vec<Expr>),
    Not(Box<Expr>),
    /// So many of these words stand on the page at least; the more, the better.
    Most {
        words: Vec<Expr>,
        least: usize,
    },
    /// One of these runs of terms stands on the page, each at consecutive positions.
    Words(Vec<Run>),
    /// Each term stands within so many words of the next, before or after it.
    Near {
        terms: Vec<String>,
        within: u32,
    },
    /// The same, or the code of a diagnosis with these words in its name.
    Coded(Vec<Run>),
    /// Some term begins so.
    Prefix(String),
    /// Some term has this shape.
    Wild(Wild),
    /// Some term looks like this one, so many edits away.
    Similar {
        term: String,
        edits: u8,
    },
    /// Something other than the text.
    Filter(Filter),
}

impl Expr {
    /// The patients that it asks for by their numbers, as the index spells them; a beginning ends in `*`.
    pub fn patients(&self) -> Vec<String> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::patients).collect(),
            Self::Not(part) => part.patients(),
            Self::Filter(Filter::Patient(Text { text, begins })) => {
                vec![format!("{text}{}", if *begins { "*" } else { "" })]
            }
            _ => Vec::new(),
        }
    }
}

/// Terms in a row, and how they came to be looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub terms: Vec<String>,
    pub kin: Kin,
}

impl Run {
    pub fn typed(terms: Vec<String>) -> Self {
        Self { terms, kin: Kin::Typed }
    }
}

/// How near a term is to what was typed. The nearer ones rank first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kin {
    #[default]
    Typed,
    /// The print was misread; the lexicon says what it says.
    Misread,
    /// The hospital's synonyms say that it means the same.
    Synonym,
    /// It looks alike, and is no word that anybody knows.
    Similar,
}

/// A word with `*` for any letters and `?` for one letter, folded as the index folds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wild(String);

impl Wild {
    pub fn new(shape: String) -> Self {
        Self(shape)
    }

    /// The letters before the first one left open.
    pub fn stem(&self) -> &str {
        self.0.split(['*', '?']).next().unwrap_or_default()
    }

    /// Whether a term has the shape: greedy with one step back, linear but for repeated stars.
    pub fn fits(&self, term: &str) -> bool {
        let (shape, term): (Vec<char>, Vec<char>) = (self.0.chars().collect(), term.chars().collect());
        let (mut at, mut from, mut star) = (0, 0, None);
        while from < term.len() {
            match shape.get(at) {
                Some('*') => {
                    star = Some((at, from));
                    at += 1;
                }
                Some(c) if *c == '?' || *c == term[from] => (at, from) = (at + 1, from + 1),
                _ => match star {
                    Some((back, taken)) => {
                        star = Some((back, taken + 1));
                        (at, from) = (back + 1, taken + 1);
                    }
                    None => return false,
                },
            }
        }
        shape[at..].iter().all(|c| *c == '*')
    }
}

impl Expr {
    /// What is asked for in a part of [`Expr::All`]: the part itself, or the words of which most will do.
    pub fn asked(&self) -> &[Self] {
        match self {
            Self::Most { words, .. } => words,
            part => std::slice::from_ref(part),
        }
    }

    /// Whether anything in it asks for words of the text.
    pub fn has_words(&self) -> bool {
        match self {
            Self::All(all) | Self::Any(all) => all.iter().any(Self::has_words),
            Self::Not(_) | Self::Filter(_) => false,
            _ => true,
        }
    }
}
