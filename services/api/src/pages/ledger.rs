//! The auditor's home, and how an event of the ledger is told to people.

use actix_web::{HttpResponse, web};
use archive::Standing;
use catalog::{Damage, Replay, Scrub};
use record::event::ViewForm;
use record::{Event, EventKind, note};
use serde::Deserialize;

use super::names::Names;
use super::reply::html;
use super::view::ledger::{DamageRow, EventRow, LedgerCount, LedgerPage, StorePanel};
use super::view::{Section, clock, grouped, size};
use crate::fixity::ReplicaStanding;
use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::state::App;

/// Events on one page.
const LISTED: u64 = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Ask {
    /// Events below this index; without it, the latest.
    before: Option<u64>,
}

pub async fn show(app: web::Data<App>, caller: Caller, ask: web::Query<Ask>) -> Reply<HttpResponse> {
    let size = app.archive.size();
    let end = ask.before.unwrap_or(size).min(size);
    let from = end.saturating_sub(LISTED);
    let names = Names::load(&app).await?;
    // At most LISTED, which fits.
    let events = app.archive.events(from, usize::try_from(end - from).unwrap_or(0)).await?;
    let mut rows: Vec<EventRow> = (from..).zip(&events).map(|(index, event)| row(index, event, &names)).collect();
    rows.reverse();
    let (key, checkpoint) = (app.archive.key(), app.archive.checkpoint());
    let head = note::open(&checkpoint, &key).map_err(|error| Problem::unavailable("archive", &error))?;
    html(&LedgerPage {
        frame: super::frame(&caller, "Ledger", Some(Section::Ledger)),
        size: head.size,
        origin: head.origin,
        key: key.to_string(),
        checkpoint,
        root: head.root.to_string(),
        store: store(&app).await?,
        events: rows,
        newer: (end < size).then(|| (end + LISTED).min(size)),
        older: (from > 0).then_some(from),
    })
}

/// How many objects are damaged: the number in the navigation.
pub async fn count(app: web::Data<App>) -> Reply<HttpResponse> {
    html(&LedgerCount { damaged: app.catalog.damage_counts().await?.0 })
}

/// Damaged objects that are named on the page.
const DAMAGE_LISTED: u32 = 50;

async fn store(app: &App) -> Reply<StorePanel> {
    let (damaged, repaired) = app.catalog.damage_counts().await?;
    let row = |Damage { object, bucket, first_index, at, .. }: Damage| DamageRow {
        object,
        bucket: bucket.as_str(),
        index: first_index,
        at: clock(&at),
    };
    let damage = app.catalog.damage(DAMAGE_LISTED).await?.into_iter().map(row).collect();
    let last = app.catalog.last_scrub().await?.map(|last| last_pass(&last));
    let never = || "Not everything has been read again yet".to_owned();
    let replayed = app.catalog.last_replay().await?.map(|last| last_replay(&last));
    let passes = [replayed, Some(last.unwrap_or_else(never)), app.fixity.pass().map(|pass| this_pass(&pass))];
    let replica = replica(app.archive.has_replica(), app.fixity.replica());
    Ok(StorePanel { damaged, repaired, damage, replica, passes: passes.into_iter().flatten().collect() })
}

fn replica(wanted: bool, standing: Option<ReplicaStanding>) -> (&'static str, String) {
    match standing {
        _ if !wanted => (
            "warn",
            "There is no replica: what the disk damages cannot be put right. Name one with serve --replica".to_owned(),
        ),
        None => ("info", "The replica has not been reached yet".to_owned()),
        Some(ReplicaStanding { error: Some(error), behind, .. }) => {
            ("bad", format!("The replica is away, {} events behind: {error}", grouped(behind)))
        }
        Some(ReplicaStanding { behind: 0, events, .. }) => {
            ("ok", format!("The replica has all {} events and what they name", grouped(events)))
        }
        Some(ReplicaStanding { behind, .. }) => {
            ("info", format!("The replica is {} events behind, and catches up", grouped(behind)))
        }
    }
}

fn last_pass(scrub: &Scrub) -> String {
    let whom = if scrub.replica { "store and replica" } else { "the store alone" };
    let Scrub { objects, bytes, damaged, repaired, at, .. } = scrub;
    let (objects, bytes) = (grouped(*objects), size(*bytes));
    format!(
        "All {objects} objects ({bytes}) of {whom} were read until {}: {damaged} damaged, {repaired} put right",
        clock(at)
    )
}

fn last_replay(replay: &Replay) -> String {
    let Replay { at, pages, found, .. } = replay;
    let (at, pages) = (clock(at), grouped(*pages));
    format!(
        "Catalog and index were held against the ledger, {pages} pages by their own words, until {at}: {found} findings"
    )
}

fn this_pass(standing: &Standing) -> String {
    let Standing { began, events, next_event, objects, .. } = standing;
    let (objects, next, events) = (grouped(*objects), grouped(*next_event), grouped(*events));
    format!("They are being read again since {}: {objects} objects so far, event {next} of {events}", clock(began))
}

pub fn row(index: u64, event: &Event, names: &Names) -> EventRow {
    let (what, icon) = tell(&event.event);
    EventRow {
        index,
        at: clock(&event.at),
        what,
        icon,
        actor: names.of(&event.actor),
        document: event.event.document().map(|document| document.to_string()),
    }
}

/// An event in words, and the symbol beside it.
fn tell(event: &EventKind) -> (String, &'static str) {
    match event {
        EventKind::BatchRecorded { .. } => ("Batch recorded".to_owned(), "batches"),
        EventKind::Sealed { version, pages, .. } => {
            (format!("Document sealed: version {version}, {pages} page{}", plural(*pages)), "proof")
        }
        EventKind::Read { words, confidence, .. } => {
            (format!("Page read: {words} word{}, confidence {confidence} %", plural(*words)), "text")
        }
        EventKind::Corrected { changed: 0, .. } => ("Page's text confirmed".to_owned(), "text"),
        EventKind::Corrected { changed, .. } => {
            (format!("Page's text corrected: {changed} word{} changed", plural(*changed)), "text")
        }
        EventKind::AlarmDismissed { .. } => ("Page looked at: its patient is the right one".to_owned(), "ok"),
        EventKind::Unreadable { reason, .. } => (format!("Page not readable: {}", reason.explain()), "exceptions"),
        EventKind::Viewed { page, form, .. } => (viewed(page.is_some(), *form), "search"),
        EventKind::AccountRecorded { .. } => ("Account made or changed".to_owned(), "person"),
        EventKind::TokenRecorded { .. } => ("Token made or revoked".to_owned(), "key"),
        EventKind::StationRecorded { .. } => ("Capture station enrolled or revoked".to_owned(), "key"),
        EventKind::LogKeyChanged { after, .. } => {
            (format!("The log's key was changed: from here on {after} signs"), "key")
        }
        EventKind::CampaignRecorded { .. } => ("Re-reading started, paused, resumed or ended".to_owned(), "page"),
        EventKind::SearchSaved { .. } => ("Saved search kept, looked at or dropped".to_owned(), "search"),
        EventKind::PatientsRecorded { count, .. } => {
            (format!("{count} patient{} added to the patient list", plural(*count)), "accounts")
        }
        EventKind::PatientsLookedUp { count, .. } => {
            (format!("{count} patient number{} looked up in the patient list", plural(*count)), "search")
        }
        EventKind::PatientSearched { documents, .. } => {
            (format!("One patient's chart searched: {documents} document{} found", plural(*documents)), "search")
        }
        EventKind::Scrubbed { objects, damaged: 0, repaired: 0, .. } => {
            (format!("All {} objects of the store read: each is what was sealed", grouped(*objects)), "ok")
        }
        EventKind::Scrubbed { objects, damaged, repaired, .. } => {
            let objects = grouped(*objects);
            (format!("All {objects} objects of the store read: {damaged} damaged, {repaired} put right"), "exceptions")
        }
        EventKind::Replayed { found: 0, .. } => {
            ("Catalog and index held against the ledger: they show what it says".to_owned(), "ok")
        }
        EventKind::Replayed { found, .. } => {
            (format!("Catalog and index held against the ledger: {} findings", grouped(*found)), "bad")
        }
        EventKind::DestructionProposed { documents, .. } => {
            (format!("Destruction of {documents} document{} proposed", plural(*documents)), "exceptions")
        }
        EventKind::DestructionWithdrawn { .. } => ("Destruction withdrawn".to_owned(), "ok"),
        EventKind::DestructionApproved { .. } => ("Destruction approved by a second person".to_owned(), "exceptions"),
        EventKind::Destroyed { objects, .. } => (format!("Destroyed: {} objects deleted", grouped(*objects)), "bad"),
        EventKind::HoldRecorded { .. } => ("Legal hold put or released".to_owned(), "key"),
        EventKind::Damaged { object, bucket, .. } => (format!("Damaged in the {}: {object}", bucket.as_str()), "bad"),
        EventKind::Repaired { object, bucket, .. } => (format!("Put right in the {}: {object}", bucket.as_str()), "ok"),
    }
}

fn viewed(one_page: bool, form: ViewForm) -> String {
    let what = if one_page { "Page" } else { "Document" };
    let how = match form {
        ViewForm::Screen => "shown on a screen",
        ViewForm::Text => "shown as text",
        ViewForm::Pdf => "given out as a PDF",
        ViewForm::List => "given out as a line of a list",
        ViewForm::Bundle => "given out with its proof",
    };
    format!("{what} {how}")
}

const fn plural(count: u32) -> &'static str {
    if count == 1 { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use record::{DocumentId, PageId};

    use super::*;

    #[test]
    fn events_read_as_sentences() {
        let (document, page) = (DocumentId::derived([b"d".as_slice()]), PageId::derived([b"p".as_slice()]));
        let text = record::Digest::of(b"");
        let read = EventKind::Read { document, page, text, words: 1, confidence: 93, attention: None, generation: 1 };
        assert_eq!(tell(&read).0, "Page read: 1 word, confidence 93 %");
        let seen = EventKind::Viewed { document, page: Some(page), form: ViewForm::Pdf };
        assert_eq!(tell(&seen).0, "Page given out as a PDF");
    }
}
