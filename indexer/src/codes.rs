//! Which codes stand for a diagnosis? A list with a line for each code: the code, a tab, and its name. `scripts/setup`
//! makes one of ICD-10-CM. Whoever asks for a name finds pages that have its code alone, and the other way round.

use std::collections::HashMap;

use record::limits;

use crate::analysis::Tokens;

#[derive(Debug, Clone, Default)]
pub struct Codes {
    /// Code and name; those with the shortest codes, which mean most, first.
    entries: Vec<(Box<str>, Box<str>)>,
    /// In which entries' names a term is, ascending, and which entry has a code, whose terms are put together.
    by_term: HashMap<String, Vec<u32>>,
    by_code: HashMap<String, u32>,
}

/// The list has a line without a tab, or too many lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodesError {
    #[error("line {line} has no name: write the code, a tab, and the name")]
    Nameless { line: usize },
    #[error("there are more than {max} lines: take some away", max = limits::SEARCH_CODES_MAX)]
    TooLong,
}

impl Codes {
    /// Empty lines and those that begin with `#` are remarks.
    pub fn parse(list: &str) -> Result<Self, CodesError> {
        let mut entries = Vec::new();
        for (line, text) in (1..).zip(list.lines()).filter(|(_, text)| !text.is_empty() && !text.starts_with('#')) {
            let (code, name) = text.split_once('\t').ok_or(CodesError::Nameless { line })?;
            entries.push((Box::from(code), Box::from(name)));
        }
        if entries.len() > limits::SEARCH_CODES_MAX {
            return Err(CodesError::TooLong);
        }
        entries.sort_by(|(one, _): &(Box<str>, Box<str>), (other, _)| one.len().cmp(&other.len()).then(one.cmp(other)));
        let mut codes = Self { entries, ..Self::default() };
        for number in 0..codes.entries.len() {
            codes.note(number);
        }
        Ok(codes)
    }

    fn note(&mut self, number: usize) {
        let (code, name) = &self.entries[number];
        self.by_code.entry(terms(code).concat()).or_insert(number as u32);
        for term in terms(name) {
            let numbers = self.by_term.entry(term).or_default();
            if numbers.last() != Some(&(number as u32)) {
                numbers.push(number as u32);
            }
        }
    }

    /// The terms of the codes whose names have all of these, in any order; and of the name of the code that these are.
    pub fn of(&self, asked: &[String]) -> Vec<Vec<String>> {
        let name = self.by_code.get(&asked.concat()).map(|number| terms(&self.entries[*number as usize].1));
        let named = self.numbers_with_all(asked).into_iter().map(|number| terms(&self.entries[number as usize].0));
        name.into_iter().chain(named.take(limits::SEARCH_NAMED_CODES_MAX)).collect()
    }

    fn numbers_with_all(&self, terms: &[String]) -> Vec<u32> {
        let mut lists: Vec<&[u32]> =
            terms.iter().map(|term| self.by_term.get(term).map_or(&[][..], Vec::as_slice)).collect();
        lists.sort_by_key(|list| list.len());
        let Some((rarest, others)) = lists.split_first() else { return Vec::new() };
        let in_all = |number: &u32| others.iter().all(|list| list.binary_search(number).is_ok());
        rarest.iter().copied().filter(in_all).collect()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn terms(text: &str) -> Vec<String> {
    Tokens::of(text).iter().filter(|token| !token.coarse).map(|token| token.term.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_names_and_names_have_codes() {
        let list = "# ours\nE11.9\tType 2 diabetes mellitus without complications\nE11\tType 2 diabetes mellitus\n\
                    O24.4\tGestational diabetes mellitus\n";
        let codes = Codes::parse(list).expect("parses");
        let of = |text: &str| codes.of(&terms(text)).iter().map(|terms| terms.join(" ")).collect::<Vec<_>>();
        assert_eq!(of("Diabetes type 2"), ["e11", "e11.9"]);
        assert_eq!(of("diabetes"), ["e11", "e11.9", "o24.4"]);
        assert_eq!(of("E11.9"), ["type 2 diabetes mellitus without complications"]);
        assert!(of("asthma").is_empty() && of("").is_empty());
    }

    #[test]
    fn a_line_without_a_name_is_named() {
        assert_eq!(Codes::parse("A00\tCholera\nA01\n").unwrap_err(), CodesError::Nameless { line: 2 });
    }
}
