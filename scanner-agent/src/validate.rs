//! Are the fields of a document what the job asks for, and who says so?
//!
//! The `[[field]]` sections of a rule file say what a field has to look like; `[entry] twice = true` asks that what people
//! key is keyed by two of them, the second not seeing what the first wrote. Both are about people's entries and codes alike
//! and decide nothing by themselves: what does not fit becomes a question ([`crate::questions`]).

use record::wire::CapturedFields;
use regex::Regex;
use serde::Deserialize;

use crate::arrange::Entry;
use crate::codes::check::Scheme;
use crate::rules::{Pattern, Rules};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldName {
    Mrn,
    Encounter,
    Type,
    Department,
    Date,
}

/// What a field of every document has to be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldRule {
    pub name: FieldName,
    /// The whole value.
    #[serde(rename = "match", default)]
    pattern: Option<Pattern>,
    #[serde(default)]
    one_of: Vec<String>,
    check: Option<Scheme>,
    #[serde(default)]
    pub required: bool,
}

/// How people key fields.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keying {
    pub twice: bool,
}

/// How far keying a document's fields has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Keyed {
    #[default]
    Nothing,
    /// By one person; where the job asks for two, it does not stand yet.
    Once,
    /// Two people wrote different things.
    Disputed(CapturedFields, CapturedFields),
    Stands(CapturedFields),
}

/// What stands of the entries: the last one, or what two different people keyed alike.
pub fn keyed(entries: &[&Entry], rules: &Rules) -> Keyed {
    let Some(last) = entries.last() else { return Keyed::Nothing };
    if !rules.entry.twice {
        return Keyed::Stands(last.fields.clone());
    }
    let agrees = |one: &&&Entry| entries.iter().any(|other| other.by != one.by && other.fields == one.fields);
    if let Some(agreed) = entries.iter().rev().find(agrees) {
        return Keyed::Stands(agreed.fields.clone());
    }
    match entries.iter().rev().find(|other| other.by != last.by) {
        Some(other) => Keyed::Disputed(other.fields.clone(), last.fields.clone()),
        None => Keyed::Once,
    }
}

impl FieldName {
    pub const fn label(self) -> &'static str {
        match self {
            Self::Mrn => "patient number",
            Self::Encounter => "encounter",
            Self::Type => "type",
            Self::Department => "department",
            Self::Date => "date",
        }
    }

    fn of(self, fields: &CapturedFields) -> Option<String> {
        match self {
            Self::Mrn => fields.mrn.as_ref().map(|mrn| mrn.reveal().to_owned()),
            Self::Encounter => fields.encounter.as_ref().map(|encounter| encounter.reveal().to_owned()),
            Self::Type => fields.document_type.as_ref().map(|kind| kind.reveal().to_owned()),
            Self::Department => fields.department.as_ref().map(|department| department.reveal().to_owned()),
            Self::Date => fields.date.map(|date| date.to_string()),
        }
    }
}

impl FieldRule {
    /// What is wrong with the field, if anything is; says never the value, which may name a patient.
    pub fn fault(&self, fields: &CapturedFields) -> Option<String> {
        let label = self.name.label();
        let Some(value) = self.name.of(fields) else {
            return self.required.then(|| format!("the job asks for the {label}: enter it"));
        };
        let fits = self.pattern.as_ref().is_none_or(|pattern| pattern.regex().is_match(&value));
        let listed = self.one_of.is_empty() || self.one_of.iter().any(|one| one.eq_ignore_ascii_case(&value));
        let checked = self.check.is_none_or(|scheme| is_checked(scheme, &value));
        match (fits && listed, checked) {
            (false, _) => Some(format!("the {label} is not as this job's rules want it: correct it")),
            (true, false) => Some(format!("the {label}'s check digit is wrong: compare it with the page")),
            (true, true) => None,
        }
    }
}

/// What stands before the digits, such as `MRN-`, is no part of a number; characters modulo 43 are.
fn is_checked(scheme: Scheme, value: &str) -> bool {
    let number = value.trim_start_matches(|c: char| !c.is_ascii_digit());
    scheme.holds(if scheme == Scheme::Mod43 { value } else { number })
}

impl Pattern {
    pub const fn regex(&self) -> &Regex {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(by: &str, mrn: &str) -> Entry {
        let fields = CapturedFields { mrn: mrn.parse().ok(), ..CapturedFields::default() };
        Entry { by: Some(by.into()), fields }
    }

    fn stands(rules: &str, entries: &[Entry]) -> Keyed {
        let rules = Rules::parse(rules).expect("well formed");
        keyed(&entries.iter().collect::<Vec<_>>(), &rules)
    }

    #[test]
    fn two_people_have_to_agree_where_the_job_asks_for_it() {
        const TWICE: &str = "[entry]\ntwice = true\n";
        let (ana, ben) = (entry("ana", "MRN-104233"), entry("ben", "MRN-104233"));
        let slip = entry("ben", "MRN-104223");
        assert_eq!(stands("", std::slice::from_ref(&ana)), Keyed::Stands(ana.fields.clone()));
        assert_eq!(stands(TWICE, &[]), Keyed::Nothing);
        assert_eq!(stands(TWICE, &[ana.clone(), ana.clone()]), Keyed::Once, "one person twice is one person");
        assert_eq!(stands(TWICE, &[ana.clone(), ben.clone()]), Keyed::Stands(ana.fields.clone()));
        let dispute = Keyed::Disputed(ana.fields.clone(), slip.fields.clone());
        assert_eq!(stands(TWICE, &[ana.clone(), slip.clone()]), dispute);
        assert_eq!(stands(TWICE, &[ana.clone(), slip, ben]), Keyed::Stands(ana.fields));
    }

    #[test]
    fn fields_are_held_against_the_rules_of_the_job() {
        let rules = "[[field]]\nname = 'mrn'\nmatch = 'MRN-[0-9]+'\ncheck = 'luhn'\nrequired = true\n\
                     [[field]]\nname = 'type'\none_of = ['LETTER']\n";
        let rules = Rules::parse(rules).expect("well formed");
        let fault = |mrn: Option<&str>, kind: Option<&str>| {
            let (mrn, document_type) = (mrn.and_then(|mrn| mrn.parse().ok()), kind.and_then(|kind| kind.parse().ok()));
            let fields = CapturedFields { mrn, document_type, ..CapturedFields::default() };
            rules.field.iter().find_map(|rule| rule.fault(&fields)).unwrap_or_default()
        };
        assert!(fault(None, None).contains("asks for the patient number"));
        assert!(fault(Some("AB-104233"), None).contains("not as this job's rules"));
        assert!(fault(Some("MRN-49927398716"), Some("LETTER")).is_empty());
        assert!(fault(Some("MRN-49927398717"), None).contains("check digit"));
        assert!(fault(Some("MRN-49927398716"), Some("INVOICE")).contains("type"));
        let rules = Rules::parse("[[field]]\nname = 'department'\none_of = ['CARDIOLOGY']\nrequired = true\n")
            .expect("well formed");
        let fault = |department: Option<&str>| {
            let department = department.and_then(|department| department.parse().ok());
            rules.field[0].fault(&CapturedFields { department, ..CapturedFields::default() }).unwrap_or_default()
        };
        assert!(fault(None).contains("asks for the department") && fault(Some("CARDIOLOGY")).is_empty());
        assert!(fault(Some("SURGERY")).contains("not as this job's rules"));
    }
}
