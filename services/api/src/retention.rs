//! How long is a document kept? As the hospital's own schedule says, `retention.toml` in the data folder:
//!
//! ```toml
//! [[class]]
//! name = "ADULT-10"       # the schedule's own number
//! types = ["LETTER"]      # document types; a class without any is for all that no other class names
//! years = 10              # from the day of service, or from capture where that is not known
//! until_age = 28          # optional: and until the patient is so old
//! ```
//!
//! A document that no class is for is kept for ever, and so is all where there is no schedule.

use record::{Date, DocumentType};
use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    #[serde(default, rename = "class")]
    classes: Vec<Class>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    pub name: String,
    #[serde(default)]
    types: Vec<DocumentType>,
    years: u32,
    until_age: Option<u32>,
}

/// What the schedule asks of a document.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    pub document_type: Option<&'a DocumentType>,
    /// The day of service, or that of capture.
    pub from: Option<Date>,
    pub born: Option<Date>,
}

#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The parser's own words; the file names no patient.
    #[error("it is no schedule: {0}")]
    Form(#[from] toml::de::Error),
    #[error("class `{0}` has no name of letters, digits and . / - _ :, or another class has it too")]
    Name(String),
    #[error("two classes are for the same document type, or two for all others: see class `{0}`")]
    Twice(String),
}

impl Schedule {
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let schedule: Self = toml::from_str(text)?;
        for (at, class) in schedule.classes.iter().enumerate() {
            let before = &schedule.classes[..at];
            if !record::destruction::is_reference(&class.name) || before.iter().any(|one| one.name == class.name) {
                return Err(ScheduleError::Name(class.name.clone()));
            }
            let same = |one: &Class| {
                class.types.iter().any(|kind| one.types.contains(kind))
                    || class.types.is_empty() && one.types.is_empty()
            };
            if before.iter().any(same) {
                return Err(ScheduleError::Twice(class.name.clone()));
            }
        }
        Ok(schedule)
    }

    /// The class that is for such a document.
    pub fn class(&self, document_type: Option<&DocumentType>) -> Option<&Class> {
        let named = |class: &&Class| document_type.is_some_and(|kind| class.types.contains(kind));
        self.classes.iter().find(named).or_else(|| self.classes.iter().find(|class| class.types.is_empty()))
    }
}

impl Class {
    pub const fn asks_for_age(&self) -> bool {
        self.until_age.is_some()
    }

    /// The first day on which it may go.
    ///
    /// # Errors
    /// What is not known and would have to be.
    pub fn keep_until(&self, facts: &Facts<'_>) -> Result<Date, &'static str> {
        let from = facts.from.ok_or("nobody knows the day from which its years count")?;
        let over = from.years_later(self.years).ok_or("its years never end")?;
        let Some(age) = self.until_age else { return Ok(over) };
        let born =
            facts.born.ok_or("the patient's date of birth is not in the patient list, and its class asks for it")?;
        Ok(over.max(born.years_later(age).ok_or("its years never end")?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[[class]]\nname = \"LET-10\"\ntypes = [\"LETTER\"]\nyears = 10\n\n\
                        [[class]]\nname = \"REST-30\"\nyears = 30\nuntil_age = 28\n";

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    #[test]
    fn a_class_says_from_when_on_a_document_may_go() {
        let schedule = Schedule::parse(TEXT).expect("a schedule");
        let letter: DocumentType = "LETTER".parse().expect("a type");
        let facts = Facts { document_type: Some(&letter), from: Some(day("2000-02-29")), born: None };
        let class = schedule.class(facts.document_type).expect("a class");
        assert_eq!((class.name.as_str(), class.keep_until(&facts)), ("LET-10", Ok(day("2010-03-01"))));
        let rest = schedule.class(None).expect("the class of all others");
        assert!(rest.keep_until(&facts).is_err(), "nobody knows how old the patient is");
        let born = Facts { born: Some(day("2009-05-01")), ..facts.clone() };
        assert_eq!(rest.keep_until(&born), Ok(day("2037-05-01")));
        assert!(rest.keep_until(&Facts { from: None, ..born }).is_err());
    }

    #[test]
    fn what_is_ambiguous_is_refused() {
        let twice = TEXT.replace("REST-30", "LET-10");
        for wrong in
            [twice.as_str(), &TEXT.replace("[\"LETTER\"]", "[]"), "[[class]]\nname = \"a b\"\nyears = 1\n", "x = 1"]
        {
            assert!(Schedule::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Schedule::parse("").expect("empty").class(None).is_none());
    }
}
