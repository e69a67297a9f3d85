//! The auditor's home, and how an event of the ledger is told to people.

use actix_web::{HttpResponse, web};
use record::event::ViewForm;
use record::{Event, EventKind, note};
use serde::Deserialize;

use super::names::Names;
use super::reply::html;
use super::view::ledger::{EventRow, LedgerPage};
use super::view::{Section, clock};
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
        events: rows,
        newer: (end < size).then(|| (end + LISTED).min(size)),
        older: (from > 0).then_some(from),
    })
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
