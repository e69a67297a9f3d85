//! `chartroom audit-events`: who has seen, searched and given out what, for a hospital's audit repository.

use std::collections::HashMap;
use std::io::Write as _;

use archive::Archive;
use catalog::Catalog;
use record::event::{Actor, LookUpRecord, SearchRecord};
use record::{Event, EventKind, Mrn, canonical};

use super::open;
use crate::audit_event::Told;
use crate::config::{DataDir, StoreOptions};

/// Events read at once.
const GROUP: usize = 1_000;

/// Writes FHIR R4 AuditEvents, one JSON object a line, of the events from number `from` on. What is written holds patient
/// numbers.
pub async fn run(data: &DataDir, options: StoreOptions, from: u64) -> anyhow::Result<()> {
    let (archive, catalog) = open(data, options).await?;
    let (names, origin) = (names(&catalog).await?, archive.key().name().to_owned());
    let (mut next, mut out) = (from, std::io::stdout().lock());
    while next < archive.size() {
        let events = archive.events(next, GROUP).await?;
        for (index, event) in (next..).zip(&events) {
            let who = names.get(&event.actor).cloned().unwrap_or_else(|| event.actor.to_string());
            let patients = patients(&archive, &catalog, event).await?;
            if let Some(resource) = (Told { index, origin: &origin, event, who, patients }).to_fhir() {
                writeln!(out, "{resource}")?;
            }
        }
        next += events.len() as u64;
    }
    Ok(())
}

async fn names(catalog: &Catalog) -> anyhow::Result<HashMap<Actor, String>> {
    let accounts = catalog.accounts().await?.into_iter().map(|it| (Actor::Account(it.account), it.login));
    let tokens = catalog.tokens().await?.into_iter().map(|it| (Actor::Token(it.token), it.name));
    Ok(accounts.chain(tokens).collect())
}

/// Whose data it was: by the document's fields as they are now, or by what was searched for.
async fn patients(archive: &Archive, catalog: &Catalog, event: &Event) -> anyhow::Result<Vec<Mrn>> {
    Ok(match &event.event {
        EventKind::Viewed { document, .. } => {
            catalog.document(*document).await?.and_then(|document| document.mrn).into_iter().collect()
        }
        EventKind::PatientSearched { body, .. } => {
            let record: SearchRecord = canonical::from_bytes(&archive.read(body).await?)?;
            // The beginning of a number names no patient.
            record.patients.iter().filter_map(|number| number.parse().ok()).collect()
        }
        EventKind::PatientsLookedUp { body, .. } => {
            let record: LookUpRecord = canonical::from_bytes(&archive.read(body).await?)?;
            record.mrns
        }
        _ => Vec::new(),
    })
}
