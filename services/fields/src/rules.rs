//! What are labels, forms and titles called here? The rules as the hospital writes them, in TOML.

use record::{DocumentType, limits};
use serde::Deserialize;

use crate::form::{CheckDigit, Form};

/// As built in; a commented file, to be copied and changed.
pub const DEFAULT: &str = include_str!("../fields.toml");

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    pub propose_from: Percent,
    pub alarm_from: Percent,
    pub date_order: Option<DateOrder>,
    pub two_digit_years_from: Option<u16>,
    pub patient_number: NumberRules,
    pub patient_name: NameRules,
    pub birth_date: BirthRules,
    pub strangers: Strangers,
    #[serde(default, rename = "code")]
    pub codes: Vec<CodeRules>,
    #[serde(default, rename = "type")]
    pub types: Vec<TypeRules>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberRules {
    pub labels: Vec<Phrase>,
    pub forms: Vec<Form>,
    pub check_digit: Option<CheckDigit>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameRules {
    pub labels: Vec<Phrase>,
    #[serde(default)]
    pub last: Vec<Phrase>,
    #[serde(default)]
    pub first: Vec<Phrase>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BirthRules {
    pub labels: Vec<Phrase>,
}

/// What makes a label somebody else's.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strangers {
    pub before: Vec<Phrase>,
    pub labels: Vec<Phrase>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeRules {
    pub system: String,
    pub labels: Vec<Phrase>,
    pub forms: Vec<Form>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeRules {
    pub code: DocumentType,
    pub titles: Vec<Phrase>,
    /// Labels of the document's own date, the best first.
    #[serde(default)]
    pub date: Vec<Phrase>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DateOrder {
    Mdy,
    Dmy,
}

/// 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "u8")]
pub struct Percent(pub u8);

impl TryFrom<u8> for Percent {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        if number <= 100 { Ok(Self(number)) } else { Err("a confidence is 0 to 100") }
    }
}

/// A label or a title, in two spellings to compare by.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Phrase {
    /// As written in the rules.
    pub text: String,
    /// Word by word, without case and marks.
    pub plain: Vec<String>,
    /// The same with look-alikes made one.
    pub blurred: Vec<String>,
}

const PHRASE_WORDS_MAX: usize = 8;

impl TryFrom<String> for Phrase {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let words = || text.split_whitespace();
        let plain: Vec<String> = words().map(plain).filter(|word| !word.is_empty()).collect();
        if plain.is_empty() || plain.len() > PHRASE_WORDS_MAX {
            return Err("a label or title is 1 to 8 words with letters or digits");
        }
        let blurred = words().map(blurred).filter(|word| !word.is_empty()).collect();
        Ok(Self { plain, blurred, text })
    }
}

/// A word without case and marks; `#` is a way to write "No".
pub fn plain(word: &str) -> String {
    if word == "#" {
        return "no".to_owned();
    }
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// [`plain`], with what readers confuse made one: 0 and O; 1, l, I and a bar; rn and m.
pub fn blurred(word: &str) -> String {
    if word == "#" {
        return plain(word);
    }
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let one = |c: char| match c {
        '0' => 'o',
        '1' | 'i' | 'I' | '|' | '!' => 'l',
        other => other,
    };
    plain(&word.chars().map(one).collect::<String>()).replace("rn", "m")
}

/// Where the rules are wrong. Reads on from "failed to …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    #[error("use the rules for fields: line {line}, `{key}`: {reason}")]
    Line { line: usize, key: String, reason: String },
    #[error("use the rules for fields: the file has more than {} KiB", limits::FIELD_RULES_BYTES_MAX / 1024)]
    TooLarge,
}

impl Default for Rules {
    fn default() -> Self {
        Self::built_in()
    }
}

impl Rules {
    /// # Errors
    /// What is wrong, in which line, for which key.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        if text.len() > limits::FIELD_RULES_BYTES_MAX {
            return Err(RulesError::TooLarge);
        }
        toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(text.len(), |span| span.start).min(text.len());
            let before = text.get(..at).unwrap_or(text);
            let reason = error.message().trim().replace('\n', "; ");
            RulesError::Line { line: before.matches('\n').count() + 1, key: key_at(text, at), reason }
        })
    }

    pub fn built_in() -> Self {
        // A test holds this.
        Self::parse(DEFAULT).unwrap_or_else(|error| unreachable!("the built-in rules are well formed: {error}"))
    }
}

/// The key of the entry that the place belongs to, or the section's name.
fn key_at(text: &str, at: usize) -> String {
    let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| at + length);
    let mut lines = text.get(..end).unwrap_or(text).lines().rev().map(str::trim).filter(|line| !line.starts_with('#'));
    let key = lines.find_map(|line| match line.split_once('=') {
        Some((key, _)) => Some(key.trim().to_owned()),
        None => line.strip_prefix('[').and_then(|name| name.strip_suffix(']')).map(str::to_owned),
    });
    key.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_rules_are_well_formed() {
        let rules = Rules::parse(DEFAULT).expect("well formed");
        assert!(rules.types.len() > 5 && rules.propose_from < rules.alarm_from);
    }

    #[test]
    fn what_is_wrong_is_named_by_line_and_key() {
        let wrong = |from: &str, to: &str| {
            let text = DEFAULT.replacen(from, to, 1);
            assert_ne!(text, DEFAULT, "{from}");
            let changed = to.lines().last().expect("a line").trim_end();
            let line = text.lines().position(|line| line.starts_with(changed)).expect("there") + 1;
            (Rules::parse(&text).expect_err("refused"), line)
        };
        for (from, to, key, reason) in [
            ("alarm_from = 85", "alarm_from = 185", "alarm_from", "0 to 100"),
            ("date_order = \"mdy\"", "date_order = \"ymd\"", "date_order", "ymd"),
            ("forms = [\"##-##-##\"", "forms = [\"##/##\"", "forms", "a form is"),
            ("last = [\"Last Name\"", "last = [\"...\"", "last", "1 to 8 words"),
            ("code = \"CONSENT\"", "code = \"consent\"", "code", "document type"),
            ("[birth_date]\nlabels", "[birth_date]\nnames", "names", "unknown field"),
        ] {
            let (error, line) = wrong(from, to);
            let RulesError::Line { line: named, key: said, reason: why } = &error else { panic!("{error}") };
            assert_eq!((*named, said.as_str()), (line, key), "{error}");
            assert!(why.contains(reason), "{error}");
        }
        let huge = "#".repeat(limits::FIELD_RULES_BYTES_MAX + 1);
        assert_eq!(Rules::parse(&huge).expect_err("refused"), RulesError::TooLarge);
    }

    #[test]
    fn look_alikes_are_one_in_labels() {
        assert_eq!(blurred("Adm1tted:"), blurred("Admitted"));
        assert_eq!(blurred("D0B"), blurred("DOB"));
        assert_eq!(blurred("Bom"), blurred("Born"));
        assert_eq!(plain("M.R.N."), "mrn");
        assert_eq!(plain("#"), "no");
    }
}
