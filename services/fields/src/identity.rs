//! Whose page is it, for certain? What a page's text is held against its index by.

use std::fmt;

use record::patient::PatientName;
use record::words::PageText;
use record::{Date, Mrn};

use crate::rules::Rules;
use crate::{Field, Proposal, Value, propose};

/// Only what is surer than [`Rules::alarm_from`]. Prints as `Identity(…)`.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    pub mrn: Option<Mrn>,
    /// Name and birth date say who it is only together.
    pub person: Option<(PatientName, Date)>,
    /// Of the number, or else of the less sure of name and birth date.
    pub confidence: u8,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

/// Whose page it is, where its text leaves no doubt.
pub fn identity(page: &PageText, rules: &Rules) -> Option<Identity> {
    let proposals = propose(page, rules);
    let sure = |field: Field| {
        let found = proposals.iter().find(|proposal| proposal.field == field);
        found.filter(|proposal| proposal.confidence >= rules.alarm_from.0)
    };
    let number = sure(Field::PatientNumber);
    let person = sure(Field::PatientName).zip(sure(Field::BirthDate));
    let of_person = person.map(|(name, birth)| name.confidence.min(birth.confidence));
    let confidence = number.map(|number| number.confidence).or(of_person)?;
    Some(Identity { mrn: number.and_then(mrn), person: person.and_then(named), confidence })
}

fn mrn(proposal: &Proposal) -> Option<Mrn> {
    match &proposal.value {
        Value::Number(mrn) => Some(mrn.clone()),
        _ => None,
    }
}

fn named((name, birth): (&Proposal, &Proposal)) -> Option<(PatientName, Date)> {
    match (&name.value, &birth.value) {
        (Value::Name(name), Value::Date(birth)) => Some((name.clone(), *birth)),
        _ => None,
    }
}
