//! What does a document's text propose for its index fields, and what does the patient list say to that?
//!
//! Proposals are for a person's eyes: nothing is filed by them. They are made anew each time from the text as it
//! is now, so a corrected word is a better proposal at once.

use catalog::{Page, PageState};
use fields::{Field, Proposal, Value};
use record::manifest::Patient;
use record::patient::PatientName;
use record::{Date, DocumentId};

use crate::follow;
use crate::problem::Reply;
use crate::state::App;

/// Whose a document is stands on its first pages.
const PAGES_MAX: usize = 12;

/// A proposal, with the page its evidence stands on.
pub struct Proposed {
    pub page: Page,
    /// Clockwise turn that makes the page upright.
    pub rotation: u16,
    pub proposal: Proposal,
    /// What the patient list says to a number.
    pub listed: Option<Listed>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    Agrees,
    Differs,
    Known,
    Unknown,
}

impl Listed {
    pub const fn explain(self) -> &'static str {
        match self {
            Self::Agrees => "the patient list has this number with the name or birth date on the page",
            Self::Differs => "the patient list has this number under another name or birth date: look closely",
            Self::Known => "the patient list has this number",
            Self::Unknown => "the patient list lacks this number",
        }
    }

    /// What that makes of the confidence.
    const fn weigh(self, confidence: u8) -> u8 {
        match self {
            Self::Agrees => 99 - (99 - if confidence > 99 { 99 } else { confidence }) / 2,
            Self::Differs | Self::Unknown => confidence / 2,
            Self::Known => confidence,
        }
    }
}

/// The proposals of a document's pages together, by field.
pub async fn of(app: &App, document: DocumentId) -> Reply<Vec<Proposed>> {
    let rules = app.follower.rules();
    let (mut pages, mut texts) = (Vec::new(), Vec::new());
    let known = app.catalog.pages_of(document).await?;
    for page in known.into_iter().filter(|page| page.state == PageState::Read).take(PAGES_MAX) {
        if let Some(text) = follow::text_of(&app.archive, page.page, page.text.as_ref()).await? {
            texts.push(fields::propose(&text, rules));
            pages.push((page, text.rotation));
        }
    }
    let agreed = fields::agree(texts, rules.propose_from);
    let proposed = |(at, proposal): (usize, Proposal)| {
        let (page, rotation) = pages[at].clone();
        Proposed { page, rotation, proposal, listed: None }
    };
    let mut found: Vec<Proposed> = agreed.into_iter().map(proposed).collect();
    ask_the_list(app, &mut found).await?;
    Ok(found)
}

/// Holds the proposed number against the patient list, and spells it as the list does.
async fn ask_the_list(app: &App, found: &mut [Proposed]) -> Reply<()> {
    if !app.catalog.has_patients().await? {
        return Ok(());
    }
    let (name, birth) = person(found);
    for number in found.iter_mut() {
        let Value::Number(mrn) = &number.proposal.value else { continue };
        let patients = app.catalog.patients_with_digits(mrn).await?;
        let listed = match patients.as_slice() {
            [patient] => {
                number.proposal.value = Value::Number(patient.mrn.clone());
                compare(patient, name.as_ref(), birth)
            }
            [] => Listed::Unknown,
            // Nobody can say which of them is meant.
            _ => Listed::Differs,
        };
        number.proposal.confidence = listed.weigh(number.proposal.confidence);
        number.listed = Some(listed);
    }
    Ok(())
}

fn person(found: &[Proposed]) -> (Option<PatientName>, Option<Date>) {
    let said = |field| found.iter().find(|one| one.proposal.field == field).map(|one| &one.proposal.value);
    let name = match said(Field::PatientName) {
        Some(Value::Name(name)) => Some(name.clone()),
        _ => None,
    };
    let birth = match said(Field::BirthDate) {
        Some(Value::Date(date)) => Some(*date),
        _ => None,
    };
    (name, birth)
}

fn compare(patient: &Patient, name: Option<&PatientName>, birth: Option<Date>) -> Listed {
    let listed: Option<PatientName> = patient.name.parse().ok();
    let same_name = name.zip(listed.as_ref()).map(|(page, list)| page.agrees(list));
    let same_birth = birth.zip(patient.birth_date).map(|(page, list)| page == list);
    match (same_name, same_birth) {
        (Some(false), _) | (_, Some(false)) => Listed::Differs,
        (None, None) => Listed::Known,
        _ => Listed::Agrees,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_raises_or_lowers_a_number() {
        let birth: Date = "1931-05-14".parse().expect("a day");
        let patient = Patient {
            mrn: "MRN-104233".parse().expect("a number"),
            name: "Averil Quillon".into(),
            birth_date: Some(birth),
        };
        let name = |text: &str| Some(text.parse::<PatientName>().expect("a name"));
        assert_eq!(compare(&patient, name("QUILLON, Averil").as_ref(), Some(birth)), Listed::Agrees);
        assert_eq!(compare(&patient, name("Oakes, Barnaby").as_ref(), Some(birth)), Listed::Differs);
        assert_eq!(compare(&patient, None, "1931-05-15".parse().ok()), Listed::Differs);
        assert_eq!(compare(&patient, None, None), Listed::Known);
        assert_eq!(Listed::Agrees.weigh(80), 90);
        assert_eq!(Listed::Differs.weigh(90), 45);
        assert!(Listed::Agrees.weigh(100) <= 99, "nothing read by a machine is certain");
    }
}
