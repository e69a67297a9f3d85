//! Which terms does a piece of the query ask for? What the analyzer says, so that query and
//! index agree; counted, so that no query asks for more than it may.

use record::limits;

use super::{Expr, QueryError, Run};
use crate::analysis::{Token, Tokens, is_gap};
use crate::code::code_form;

#[derive(Debug, Default)]
pub struct Words {
    terms: usize,
}

impl Words {
    /// The text's terms in a row: by parts, by coarse terms where it has any, and with what
    /// looks alike in codes made the same.
    pub fn runs(&mut self, text: &str) -> Result<Vec<Run>, QueryError> {
        let (fine, coarse) = parts_and_wholes(text);
        self.count(fine.len())?;
        let mut runs: Vec<Vec<String>> = Vec::new();
        for run in [fine, coarse].into_iter().filter(|run| !run.is_empty()) {
            let code = run.iter().map(|term| code_form(term).unwrap_or_else(|| term.clone())).collect();
            for run in [run, code] {
                if !runs.contains(&run) {
                    runs.push(run);
                }
            }
        }
        Ok(runs.into_iter().map(Run::typed).collect())
    }

    /// The text's parts alone.
    pub fn parts(&mut self, text: &str) -> Result<Vec<String>, QueryError> {
        let fine = parts_and_wholes(text).0;
        self.count(fine.len())?;
        Ok(fine)
    }

    /// The one term for a word: `MRN-10` as `mrn10`.
    pub fn whole(&mut self, word: &str) -> Result<Option<String>, QueryError> {
        self.count(1)?;
        let tokens = Tokens::of(word);
        let last = tokens.len().checked_sub(1).and_then(|last| tokens.get(last));
        Ok(whole(&tokens).or(last).map(|token| token.term.to_owned()))
    }

    /// A word with `*` and `?` in it, the rest folded.
    pub fn shape(&mut self, word: &str) -> Result<Option<String>, QueryError> {
        self.count(1)?;
        let mut shape = String::new();
        for c in word.chars() {
            match c {
                '*' | '?' => shape.push(c),
                c if c.is_alphanumeric() => crate::fold::fold_into(c, &mut shape),
                _ => {}
            }
        }
        Ok((!shape.is_empty()).then_some(shape))
    }

    fn count(&mut self, terms: usize) -> Result<(), QueryError> {
        self.terms += terms;
        let max = limits::SEARCH_TERMS_MAX;
        if self.terms > max { Err(QueryError::TooManyWords { max }) } else { Ok(()) }
    }
}

pub fn single(runs: Vec<Run>) -> Option<Expr> {
    (!runs.is_empty()).then_some(Expr::Words(runs))
}

fn parts_and_wholes(text: &str) -> (Vec<String>, Vec<String>) {
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
    (fine, coarse)
}

/// The coarse token that stands for all of an analyzed chunk.
fn whole(tokens: &Tokens) -> Option<Token<'_>> {
    let last = tokens.get(tokens.len().checked_sub(1)?)?;
    tokens.get(0).filter(|first| first.coarse && first.end == last.end)
}
