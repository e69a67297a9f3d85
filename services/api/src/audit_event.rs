//! How does an event of the ledger look to a hospital's audit repository? As a FHIR R4 AuditEvent
//! (<https://hl7.org/fhir/R4/auditevent.html>), in the shape of IHE's Basic Audit Log Patterns
//! (<https://profiles.ihe.net/ITI/BALP/>): who did what to which document, and whose it is.
//!
//! Only what concerns people's access has a form here: views, exports, searches, accounts and tokens. The ledger stays the
//! record; this is for those who collect such events from every system.

use record::event::{Actor, ViewForm};
use record::{Event, EventKind, Mrn};
use serde_json::{Value, json};

const TERMS: &str = "http://terminology.hl7.org/CodeSystem";
const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const BALP: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit";

/// An event with what its ids stand for.
pub struct Told<'a> {
    /// Where it stands in the ledger, and the ledger's name.
    pub index: u64,
    pub origin: &'a str,
    pub event: &'a Event,
    /// The log-in or token name of whoever did it.
    pub who: String,
    /// Patients whose data it was, as far as is known.
    pub patients: Vec<Mrn>,
}

/// What the access was.
struct Access {
    /// C, R, U or E, as FHIR has it.
    action: &'static str,
    /// Code of the DICOM audit event type.
    kind: (&'static str, &'static str),
    what: &'static str,
    profile: Option<&'static str>,
}

impl Told<'_> {
    /// Nothing for events that are nobody's access to data.
    pub fn to_fhir(&self) -> Option<Value> {
        let access = access(&self.event.event)?;
        let profile = access.profile.filter(|_| !self.patients.is_empty()).map(|name| format!("{BALP}.{name}"));
        let mut resource = json!({
            "resourceType": "AuditEvent",
            "id": format!("ledger-{}", self.index),
            "type": { "system": DICOM, "code": access.kind.0, "display": access.kind.1 },
            "subtype": [{ "system": "urn:chartroom:event", "code": self.event.event.name(), "display": access.what }],
            "action": access.action,
            "recorded": self.event.at.to_string(),
            "outcome": "0",
            "agent": [self.agent()],
            "source": {
                "observer": { "display": self.origin },
                "type": [{ "system": format!("{TERMS}/security-source-type"), "code": "4", "display": "Application Server" }],
            },
            "entity": self.entities(),
        });
        if let Some(profile) = profile {
            resource["meta"] = json!({ "profile": [profile] });
        }
        Some(resource)
    }

    fn agent(&self) -> Value {
        let person = matches!(self.event.actor, Actor::Account(_));
        let role = if person { ("humanuser", "human user") } else { ("dataprocessor", "data processor") };
        json!({
            "type": { "coding": [{ "system": format!("{TERMS}/extra-security-role-type"), "code": role.0, "display": role.1 }] },
            "who": { "identifier": { "value": self.event.actor.to_string() }, "display": self.who },
            "requestor": true,
        })
    }

    fn entities(&self) -> Vec<Value> {
        let entity = |value: String, kind: (&str, &str), role: (&str, &str)| {
            json!({
                "what": { "identifier": { "value": value } },
                "type": { "system": format!("{TERMS}/audit-entity-type"), "code": kind.0, "display": kind.1 },
                "role": { "system": format!("{TERMS}/object-role"), "code": role.0, "display": role.1 },
            })
        };
        let patient = |mrn: &Mrn| entity(mrn.reveal().to_owned(), ("1", "Person"), ("1", "Patient"));
        let document =
            self.event.event.document().map(|id| entity(id.to_string(), ("2", "System Object"), ("3", "Report")));
        let user = match &self.event.event {
            EventKind::AccountRecorded { account, .. } => Some(account.to_string()),
            EventKind::TokenRecorded { token, .. } => Some(token.to_string()),
            _ => None,
        };
        let user = user.map(|id| entity(id, ("2", "System Object"), ("11", "Security User Entity")));
        self.patients.iter().map(patient).chain(document).chain(user).collect()
    }
}

fn access(event: &EventKind) -> Option<Access> {
    const EXPORT: (&str, &str) = ("110106", "Export");
    const ACCESS: (&str, &str) = ("110110", "Patient Record");
    const QUERY: (&str, &str) = ("110112", "Query");
    const SECURITY: (&str, &str) = ("110113", "Security Alert");
    let access = |action, kind, what, profile| Some(Access { action, kind, what, profile });
    match event {
        EventKind::Viewed { form: ViewForm::Screen | ViewForm::Text, .. } => {
            access("R", ACCESS, "a document was shown", Some("PatientRead"))
        }
        EventKind::Viewed { form: ViewForm::Pdf | ViewForm::List | ViewForm::Bundle, .. } => {
            access("R", EXPORT, "a document was given out", Some("PrivacyDisclosure.Source"))
        }
        EventKind::PatientSearched { .. } => access("E", QUERY, "a patient was searched for", Some("PatientQuery")),
        EventKind::PatientsLookedUp { .. } => {
            access("E", QUERY, "patient numbers were looked up", Some("PatientQuery"))
        }
        EventKind::AccountRecorded { .. } => access("U", SECURITY, "an account was made or changed", None),
        EventKind::TokenRecorded { .. } => access("U", SECURITY, "a token was made or revoked", None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use record::{DocumentId, Timestamp};

    use super::*;

    #[test]
    fn a_view_names_who_what_and_whose() {
        let document = DocumentId::derived([b"d".as_slice()]);
        let event = |form| Event {
            at: Timestamp(1_700_000_000_000),
            actor: Actor::System,
            event: EventKind::Viewed { document, page: None, form },
        };
        let told = |event: &Event| {
            let patients = vec!["MRN-7".parse().expect("a number")];
            Told { index: 5, origin: "charts.example/log", event, who: "ann".into(), patients }.to_fhir()
        };
        let shown = told(&event(ViewForm::Screen)).expect("an access");
        assert_eq!((shown["action"].as_str(), shown["type"]["code"].as_str()), (Some("R"), Some("110110")));
        assert_eq!(shown["entity"][0]["what"]["identifier"]["value"], "MRN-7");
        assert_eq!(shown["entity"][1]["what"]["identifier"]["value"], document.to_string());
        assert_eq!(told(&event(ViewForm::Bundle)).expect("an export")["type"]["code"], "110106");
        let dismissed =
            EventKind::AlarmDismissed { document, version: 1, page: record::PageId::derived([b"p".as_slice()]) };
        assert_eq!(told(&Event { event: dismissed, ..event(ViewForm::Pdf) }), None);
    }
}
