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
//! - a PDF: the document, form `pdf`;
//! - a list of search hits: each document with a snippet in the list, form `screen`. A snippet
//!   is text of a page, so it counts; the dedupe keeps a long session from flooding the ledger.
//!
//! The memory is bounded and lost at a restart, which can only add events, never lose one.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use record::event::{Actor, ViewForm};
use record::{DocumentId, EventKind, PageId, Timestamp};

use crate::identity::Caller;
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
    /// Held while a caller's views go to the ledger, so that the tiles of one page, asked for
    /// all at once, are one view. Callers share a gate by chance only.
    gates: [tokio::sync::Mutex<()>; GATES],
}

const GATES: usize = 64;

impl Default for Views {
    fn default() -> Self {
        Self { seen: Mutex::default(), gates: std::array::from_fn(|_| tokio::sync::Mutex::default()) }
    }
}

impl Views {
    fn gate(&self, actor: Actor) -> &tokio::sync::Mutex<()> {
        let mut hasher = DefaultHasher::new();
        actor.hash(&mut hasher);
        &self.gates[hasher.finish() as usize % GATES]
    }

    /// Those of `views` that must go to the ledger at `now`.
    fn fresh(&self, views: Vec<View>, now: Timestamp) -> Vec<View> {
        // A thread that panicked while holding the lock left whole entries: the map stays usable.
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        views.into_iter().filter(|view| seen.get(view).is_none_or(|at| now.0 - at.0 >= AGAIN_AFTER)).collect()
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

/// Logs that `caller` is about to be shown one document (`page` none) or one of its pages.
pub async fn log(app: &App, caller: &Caller, document: DocumentId, page: Option<PageId>, form: ViewForm) -> Reply<()> {
    log_all(app, caller, vec![View { actor: caller.actor, document, page, form }]).await
}

/// Logs that `caller` is about to be shown snippets of these documents.
pub async fn log_listed(app: &App, caller: &Caller, documents: impl IntoIterator<Item = DocumentId>) -> Reply<()> {
    let view = |document| View { actor: caller.actor, document, page: None, form: ViewForm::Screen };
    log_all(app, caller, documents.into_iter().map(view).collect()).await
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
