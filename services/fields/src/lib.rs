//! What does a page say about whose it is, and what it is?
//!
//! [`propose`] reads the words of a page by [`Rules`] that the hospital may edit, and gives each field a value with
//! the boxes it stands on and a confidence. It abstains rather than guesses: a value that does not fit a form, stands
//! beside no label, or is contradicted by another on the page is not proposed.
//!
//! | module | answers |
//! |---|---|
//! | [`rules`] | what are labels, forms and titles called here? |
//! | [`form`] | is this printed like a number or a code, and does its check digit hold? |
//! | `rows` | which words stand side by side on the upright page? |
//! | `label` | where are labels, and what do they mean? |
//! | `spot` | which words may a label's value be? |
//! | `number`, `date`, `name`, `kind` | is this a number or a code, a date, a name; is this line a type's title? |
//! | `weigh` | how sure is that, and does anything on the page say otherwise? |
//! | [`identity`] | whose page is it, for certain? |

mod date;
pub mod form;
pub mod identity;
mod kind;
mod label;
mod name;
mod number;
mod rows;
pub mod rules;
mod spot;
mod weigh;

#[cfg(test)]
mod tests;

use std::fmt;

use record::patient::PatientName;
use record::words::{Box, PageText};
use record::{Date, DocumentType, Mrn};

pub use identity::{Identity, identity};
pub use rules::{Rules, RulesError};
pub use weigh::agree;

/// What a proposal is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    PatientNumber,
    PatientName,
    BirthDate,
    DocumentDate,
    DocumentType,
    /// A code of this system, such as `icd-9-cm`.
    Code(String),
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PatientNumber => f.write_str("patient-number"),
            Self::PatientName => f.write_str("patient-name"),
            Self::BirthDate => f.write_str("birth-date"),
            Self::DocumentDate => f.write_str("document-date"),
            Self::DocumentType => f.write_str("document-type"),
            Self::Code(system) => write!(f, "code:{system}"),
        }
    }
}

/// Prints as `Value(…)`: it belongs to a patient.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    Number(Mrn),
    Name(PatientName),
    Date(Date),
    Type(DocumentType),
    Code(String),
}

impl Value {
    /// The text itself, for the screen; never for a log.
    pub fn reveal(&self) -> String {
        match self {
            Self::Number(mrn) => mrn.reveal().to_owned(),
            Self::Name(name) => name.reveal().to_owned(),
            Self::Date(date) => date.to_string(),
            Self::Type(kind) => kind.reveal().to_owned(),
            Self::Code(code) => code.clone(),
        }
    }

    /// Whether both say the same, in whatever spelling.
    fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(one), Self::Number(two)) => one.digits() == two.digits(),
            (Self::Name(one), Self::Name(two)) => one.agrees(two),
            _ => self == other,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(…)")
    }
}

/// Where it stands on the page, in pixels of the master image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// A title needs none.
    pub label: Option<Box>,
    pub value: Box,
}

impl Evidence {
    /// Label and value together: what to cut out and show.
    pub fn whole(&self) -> Box {
        self.label.map_or(self.value, |label| label.union(self.value))
    }
}

/// A value for a field, and why.
#[derive(Clone, PartialEq, Eq)]
pub struct Proposal {
    pub field: Field,
    pub value: Value,
    /// The surest first.
    pub evidence: Vec<Evidence>,
    /// The value as printed, before anything was made of it.
    pub words: Vec<String>,
    /// 0 to 100.
    pub confidence: u8,
    /// Says which rule found it, in words; no patient data.
    pub rule: String,
}

impl fmt::Debug for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proposal({}, {}, {})", self.field, self.confidence, self.rule)
    }
}

/// What the page says for certain enough, one value for each field (codes: each code), by field.
pub fn propose(page: &PageText, rules: &Rules) -> Vec<Proposal> {
    let rows = rows::Rows::of(page);
    let found = label::find(&rows, rules);
    let mut candidates = spot::candidates(&rows, &found, rules);
    let types = weigh::settle(kind::candidates(&rows, rules), rules.propose_from);
    if let Some(Value::Type(kind)) = types.first().map(|kind| &kind.value) {
        candidates.extend(spot::document_dates(&rows, &found, rules, kind));
    }
    let mut proposals = weigh::settle(candidates, rules.propose_from);
    proposals.extend(types);
    proposals.sort_by(|a, b| a.field.cmp(&b.field).then(b.confidence.cmp(&a.confidence)));
    proposals
}
