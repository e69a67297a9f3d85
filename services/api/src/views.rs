//! Who has seen what? Every showing of a document or page is a `Viewed` event in the ledger
//! *before* the first byte leaves; where the ledger cannot take it, nothing leaves (503).
//!
//! What counts as one view: the same caller, the same document or page, the same form, within
//! [`AGAIN_AFTER`]. A viewer that fetches two hundred tiles of a page has viewed it once.
//!
//! What is shown where, and as which view:
//! - image, tiles, thumbnails by IIIF and the master: the page, form `screen`;
//! - words and ALTO of a page: the page, form `text`;
//! - document JSON, manifest, search within a document: the document, form `screen`;
//! - a PDF or a bundle: the document, form `pdf` or `bundle`;
//! - a list of search hits: each document with a snippet in the list, form `screen`, or `list` where it leaves as a table.
//!   A snippet is text of a page, so it counts; the dedupe keeps a long session from flooding the ledger. Where a patient
//!   was asked for by number, that is an event too, with hits or without.
//!
//! The memory is bounded and lost at a restart, which can only add events, never lose one.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::{Mutex, PoisonError};

use indexer::{DocumentHit, SearchResult};
use record::event::{Actor, SearchRecord, ViewForm};
use record::{DocumentId, EventKind, PageId, Timestamp, canonical};

use crate::identity::Caller;
use crate::password;
use crate::problem::Reply;
use crate::state::App;

/// Milliseconds after which the same view counts again.
pub const AGAIN_AFTER: i64 = 10 * 60 * 1000;
/// Remembered views; with more than that in ten minutes, the oldest are logged again.
const REMEMBERED_MAX: usize = 50_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct View {
    actor: Actor,
    document: DocumentId,
    page: Option<PageId>,
    form: ViewForm,
}

/// What callers have been shown lately.
pub struct Views {
    seen: Mutex<HashMap<View, Timestamp>>,
    /// Hashes of who looked for whom: patient numbers are not kept here.
    searched: Mutex<HashMap<u64, Timestamp>>,
    /// Held while a caller's views go to the ledger, so that the tiles of one page, asked for
    /// all at once, are one view. Callers share a gate by chance only.
    gates: [tokio::sync::Mutex<()>; GATES],
}

const GATES: usize = 64;

impl Default for Views {
    fn default() -> Self {
        Self {
            seen: Mutex::default(),
            searched: Mutex::default(),
            gates: std::array::from_fn(|_| tokio::sync::Mutex::default()),
        }
    }
}

impl Views {
    fn gate(&self, actor: Actor) -> &tokio::sync::Mutex<()> {
        &self.gates[hash(&actor) as usize % GATES]
    }

    /// Those of `views` that must go to the ledger at `now`.
    fn fresh(&self, views: Vec<View>, now: Timestamp) -> Vec<View> {
        // A thread that panicked while holding the lock left whole entries: the map stays usable.
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        views.into_iter().filter(|view| seen.get(view).is_none_or(|at| now.0 - at.0 >= AGAIN_AFTER)).collect()
    }

    fn is_new_search(&self, actor: Actor, patients: &[String], now: Timestamp) -> bool {
        let searched = self.searched.lock().unwrap_or_else(PoisonError::into_inner);
        searched.get(&hash(&(actor, patients))).is_none_or(|at| now.0 - at.0 >= AGAIN_AFTER)
    }

    fn remember_search(&self, actor: Actor, patients: &[String], now: Timestamp) {
        let mut searched = self.searched.lock().unwrap_or_else(PoisonError::into_inner);
        if searched.len() >= REMEMBERED_MAX {
            searched.retain(|_, at| now.0 - at.0 < AGAIN_AFTER);
        }
        if searched.len() >= REMEMBERED_MAX {
            searched.clear();
        }
        searched.insert(hash(&(actor, patients)), now);
    }

    /// Called only after the ledger has them.
    fn remember(&self, views: &[View], now: Timestamp) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() + views.len() > REMEMBERED_MAX {
            seen.retain(|_, at| now.0 - at.0 < AGAIN_AFTER);
        }
        if seen.len() + views.len() > REMEMBERED_MAX {
            seen.clear();
        }
        seen.extend(views.iter().map(|view| (*view, now)));
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Logs that `caller` is about to be shown one document (`page` none) or one of its pages.
pub async fn log(app: &App, caller: &Caller, document: DocumentId, page: Option<PageId>, form: ViewForm) -> Reply<()> {
    log_all(app, caller, vec![View { actor: caller.actor, document, page, form }]).await
}

/// Logs that `caller` is about to be shown this answer, and for whom it was asked.
pub async fn log_search(app: &App, caller: &Caller, found: &SearchResult, form: ViewForm) -> Reply<()> {
    log_patients(app, caller, found).await?;
    let view = |hit: &DocumentHit| View { actor: caller.actor, document: hit.fields.document, page: None, form };
    log_all(app, caller, found.hits.iter().map(view).collect()).await
}

/// A search for patients, once in [`AGAIN_AFTER`] like a view.
async fn log_patients(app: &App, caller: &Caller, found: &SearchResult) -> Reply<()> {
    let now = app.now();
    if found.patients.is_empty() || !app.views.is_new_search(caller.actor, &found.patients, now) {
        return Ok(());
    }
    let record = SearchRecord { salt: password::salt()?, patients: found.patients.clone() };
    let body = app.archive.put("application/json", canonical::to_bytes(&record)?.into()).await?.digest;
    let documents = u32::try_from(found.documents).unwrap_or(u32::MAX);
    app.append_one(caller.actor, EventKind::PatientSearched { body, documents }).await?;
    app.views.remember_search(caller.actor, &found.patients, now);
    Ok(())
}

async fn log_all(app: &App, caller: &Caller, views: Vec<View>) -> Reply<()> {
    let now = app.now();
    let fresh = app.views.fresh(views, now);
    if fresh.is_empty() {
        return Ok(());
    }
    let _gate = app.views.gate(caller.actor).lock().await;
    // Whoever held the gate may just have logged the same.
    let fresh = app.views.fresh(fresh, now);
    if fresh.is_empty() {
        return Ok(());
    }
    let events =
        fresh.iter().map(|view| EventKind::Viewed { document: view.document, page: view.page, form: view.form });
    app.append(caller.actor, events.collect()).await?;
    app.views.remember(&fresh, now);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(page: &[u8]) -> View {
        View {
            actor: Actor::System,
            document: DocumentId::derived([b"d".as_slice()]),
            page: Some(PageId::derived([page])),
            form: ViewForm::Screen,
        }
    }

    #[test]
    fn the_same_view_counts_once_in_ten_minutes() {
        let views = Views::default();
        let (one, two) = (view(b"1"), view(b"2"));
        assert_eq!(views.fresh(vec![one], Timestamp(0)), [one]);
        assert_eq!(views.fresh(vec![one], Timestamp(1)), [one], "not yet in the ledger");
        views.remember(&[one], Timestamp(0));
        assert_eq!(views.fresh(vec![one, two], Timestamp(AGAIN_AFTER - 1)), [two]);
        assert_eq!(views.fresh(vec![one], Timestamp(AGAIN_AFTER)), [one]);
    }
}
