//! Which words mean the same here? A file that the hospital edits: a line for each group, its
//! words and phrases separated by `=` or `,`.
//!
//! ```text
//! # abbreviations of the cardiology department
//! MI = myocardial infarction = heart attack
//! ```

use std::collections::HashMap;

use crate::analysis::Tokens;

#[derive(Debug, Clone, Default)]
pub struct Synonyms {
    groups: Vec<Vec<Vec<String>>>,
    /// In which group a run of terms is.
    places: HashMap<Vec<String>, usize>,
}

/// Groups, and members of one.
const GROUPS_MAX: usize = 20_000;
const MEMBERS_MAX: usize = 12;

/// Why a file of synonyms cannot be used; the line is 1-based.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SynonymError {
    #[error("line {line} has one word alone: write `=` and what it means behind it")]
    Alone { line: usize },
    #[error("line {line} has more than {MEMBERS_MAX} words: take some away")]
    TooMany { line: usize },
    #[error("there are more than {GROUPS_MAX} lines: take some away")]
    TooLong,
}

impl Synonyms {
    pub fn parse(text: &str) -> Result<Self, SynonymError> {
        let mut synonyms = Self::default();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.split('#').next().unwrap_or_default();
            let members: Vec<Vec<String>> =
                text.split(['=', ',']).map(terms).filter(|terms| !terms.is_empty()).collect();
            match members.len() {
                0 => {}
                1 => return Err(SynonymError::Alone { line }),
                count if count > MEMBERS_MAX => return Err(SynonymError::TooMany { line }),
                _ => synonyms.add(members)?,
            }
        }
        Ok(synonyms)
    }

    fn add(&mut self, members: Vec<Vec<String>>) -> Result<(), SynonymError> {
        if self.groups.len() == GROUPS_MAX {
            return Err(SynonymError::TooLong);
        }
        for member in &members {
            self.places.insert(member.clone(), self.groups.len());
        }
        self.groups.push(members);
        Ok(())
    }

    /// What else the terms in a row are called.
    pub fn of<'a>(&'a self, terms: &'a [String]) -> impl Iterator<Item = &'a [String]> {
        let group = self.places.get(terms).map_or(&[][..], |place| self.groups[*place].as_slice());
        group.iter().map(Vec::as_slice).filter(move |other| *other != terms)
    }

    pub fn len(&self) -> usize {
        self.groups.len()
    }

    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

fn terms(text: &str) -> Vec<String> {
    Tokens::of(text).iter().filter(|token| !token.coarse).map(|token| token.term.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_holds_in_every_direction() {
        let synonyms = Synonyms::parse("# heart\nMI = myocardial infarction, heart attack\n\n").expect("parses");
        let words = |text: &str| terms(text);
        let of = |text: &str| synonyms.of(&words(text)).map(|terms| terms.join(" ")).collect::<Vec<_>>();
        assert_eq!(of("mi"), ["myocardial infarction", "heart attack"]);
        assert_eq!(of("Heart Attack"), ["mi", "myocardial infarction"]);
        assert!(of("heart").is_empty());
    }

    #[test]
    fn a_wrong_line_is_named() {
        assert_eq!(Synonyms::parse("a = b\nlonely\n").unwrap_err(), SynonymError::Alone { line: 2 });
        let many = vec!["word"; 13].join("=");
        assert_eq!(Synonyms::parse(&many).unwrap_err(), SynonymError::TooMany { line: 1 });
    }
}
