//! How does an event reach catalog and index? One fold over the ledger, with a cursor for
//! each: recovery at the start, the news of every second, and a rebuild from nothing are the
//! same code.
//!
//! The catalog is brought up by whoever has just appended ([`Follower::catch_up`]), so a
//! caller reads its own writes. The index has a task of its own ([`run`]): it is always behind
//! the catalog, and a slow index never holds up capture.

mod indexing;

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use actix_web::web;
use archive::Archive;
use catalog::{Body, Catalog, Entry, PageIdentity};
use fields::Rules;
use record::destruction::Order;
use record::event::{Actor, UnreadableReason};
use record::words::PageText;
use record::{Digest, DocumentId, Event, EventKind, Timestamp, canonical};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, Notify};

pub use self::indexing::{findable, index_group, text_of};
use crate::deliveries;
use crate::problem::Problem;
use crate::state::App;

/// Events folded in one transaction, or in one commit of the index.
const GROUP: usize = 500;
/// How often the ledger is asked for events of other processes.
const POLL: Duration = Duration::from_secs(1);
/// How long the index waits for more before it commits a small group.
const LINGER: Duration = Duration::from_millis(200);

/// Why a fold stopped. What was folded before stays; the next round goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    #[error("failed to {0}")]
    Archive(#[from] archive::Error),
    #[error("failed to {0}")]
    Catalog(#[from] catalog::CatalogError),
    #[error("failed to index: {0}")]
    Index(#[from] indexer::Error),
    #[error("failed to understand what event {index} names: {reason}")]
    Body { index: u64, reason: String },
    #[error("failed to take the new search index: it has {pages} pages, and the one before has {before}")]
    Short { pages: u64, before: u64 },
    #[error("failed to index: its thread has stopped")]
    Thread,
    #[error("failed to start a thread: {0}")]
    Start(#[from] std::io::Error),
}

/// Keeps the folds apart: one catalog fold at a time, and the index task awake.
#[derive(Default)]
pub struct Follower {
    rules: Rules,
    folding: Mutex<()>,
    news: Notify,
    indexed: AtomicU64,
    refreshed: AtomicI64,
}

impl Follower {
    /// A follower that tells by these rules whose pages are.
    pub fn new(rules: Rules) -> Self {
        Self { rules, ..Self::default() }
    }

    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Folds every event there is into the catalog, and wakes the index task.
    pub async fn catch_up(&self, archive: &Archive, catalog: &Catalog) -> Result<u64, FollowError> {
        let wanted = archive.size();
        let _one_at_a_time = self.folding.lock().await;
        let mut cursor = catalog.cursor().await?;
        // Whoever held the lock before may have done it already.
        while cursor < wanted {
            cursor += fold_group(archive, catalog, &self.rules, cursor, wanted).await?;
        }
        self.news.notify_one();
        Ok(cursor)
    }

    /// Whether the ledger may be asked again for events of other processes: five times a
    /// second, so that guessing tokens makes no load on the store.
    pub fn is_due(&self, now: Timestamp) -> bool {
        let before = self.refreshed.load(Ordering::Relaxed);
        now.0 - before >= 200
            && self.refreshed.compare_exchange(before, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Says how far the index is when the server starts.
    pub fn start_at(&self, indexed: u64) {
        self.indexed.store(indexed, Ordering::Relaxed);
    }

    /// The ledger index up to which words can be found.
    pub fn indexed(&self) -> u64 {
        self.indexed.load(Ordering::Relaxed)
    }
}

/// Folds at most [`GROUP`] events from `cursor` to `end`, in one transaction; how many it were.
pub async fn fold_group(
    archive: &Archive,
    catalog: &Catalog,
    rules: &Rules,
    cursor: u64,
    end: u64,
) -> Result<u64, FollowError> {
    let most = GROUP.min(usize::try_from(end.saturating_sub(cursor)).unwrap_or(GROUP));
    let events = archive.events(cursor, most).await?;
    if events.is_empty() {
        let reason = "the ledger is shorter than it was: check the store with chartroom-verify".to_owned();
        return Err(FollowError::Body { index: cursor, reason });
    }
    let gone = archive.destroyed().await?;
    let mut entries = Vec::with_capacity(events.len());
    for (index, event) in (cursor..).zip(events) {
        let body = match is_gone(&gone, end, &event.event) {
            true => Body::Gone,
            false => body_of(archive, rules, index, &event).await?,
        };
        entries.push(Entry { index, event, body });
    }
    catalog.apply(&entries).await?;
    Ok(entries.len() as u64)
}

/// Whether the first `end` events order that what this one names be destroyed.
fn is_gone(gone: &HashMap<DocumentId, u64>, end: u64, event: &EventKind) -> bool {
    let names = matches!(event, EventKind::Sealed { .. } | EventKind::Read { .. } | EventKind::Corrected { .. });
    names && event.document().and_then(|document| gone.get(&document)).is_some_and(|approved| *approved < end)
}

/// What the event names, read from the bucket.
async fn body_of(archive: &Archive, rules: &Rules, index: u64, event: &Event) -> Result<Body, FollowError> {
    Ok(match &event.event {
        EventKind::Sealed { manifest, .. } => {
            let manifest = archive.manifest(manifest).await?;
            let fields = parsed(archive, index, &manifest.index.digest).await?;
            Body::Sealed { manifest, fields }
        }
        EventKind::BatchRecorded { body, .. } => Body::Batch(parsed(archive, index, body).await?),
        EventKind::AccountRecorded { body, .. } => Body::Account(parsed(archive, index, body).await?),
        EventKind::TokenRecorded { body, .. } => Body::Token(parsed(archive, index, body).await?),
        EventKind::StationRecorded { body, .. } => Body::Station(parsed(archive, index, body).await?),
        EventKind::CampaignRecorded { body, .. } => Body::Campaign(parsed(archive, index, body).await?),
        EventKind::SearchSaved { body, .. } => Body::Search(parsed(archive, index, body).await?),
        EventKind::PatientsRecorded { body, .. } => Body::Patients(parsed(archive, index, body).await?),
        EventKind::Read { page, text, .. } | EventKind::Corrected { page, text, .. } => {
            let text = text_of(archive, *page, Some(text)).await?;
            text.and_then(|text| said(&text, rules)).map_or(Body::None, Body::Text)
        }
        EventKind::DestructionProposed { body, .. } => Body::Proposal(parsed(archive, index, body).await?),
        EventKind::DestructionApproved { body, .. } => {
            let Order { proposal, .. } = parsed(archive, index, body).await?;
            Body::Order { proposal }
        }
        EventKind::HoldRecorded { body, .. } => Body::Hold(parsed(archive, index, body).await?),
        EventKind::DestructionWithdrawn { .. }
        | EventKind::Destroyed { .. }
        | EventKind::AlarmDismissed { .. }
        | EventKind::Unreadable { .. }
        | EventKind::Viewed { .. }
        | EventKind::PatientsLookedUp { .. }
        | EventKind::PatientSearched { .. }
        | EventKind::LogKeyChanged { .. }
        | EventKind::Scrubbed { .. }
        | EventKind::Replayed { .. }
        | EventKind::Damaged { .. }
        | EventKind::Repaired { .. } => Body::None,
    })
}

/// Whose page it is by its text.
fn said(text: &PageText, rules: &Rules) -> Option<PageIdentity> {
    let fields::Identity { mrn, person, confidence } = fields::identity(text, rules)?;
    let person = person.map(|(name, birth)| (name.key(), birth));
    Some(PageIdentity { mrn, person, confidence })
}

async fn parsed<T: Serialize + DeserializeOwned>(
    archive: &Archive,
    index: u64,
    digest: &Digest,
) -> Result<T, FollowError> {
    let bytes = archive.read(digest).await?;
    canonical::from_bytes(&bytes).map_err(|error| FollowError::Body { index, reason: error.to_string() })
}

/// The index task and the poll of the ledger; runs as long as the server.
pub async fn run(app: web::Data<App>) {
    loop {
        // Nothing to do about an error here but to say so and try again.
        if let Err(error) = round(&app).await {
            tracing::error!("following the ledger stopped, and goes on in a second: {error}");
            tokio::time::sleep(POLL).await;
        }
        if tokio::time::timeout(POLL, app.follower.news.notified()).await.is_ok() {
            tokio::time::sleep(LINGER).await;
        }
    }
}

async fn round(app: &App) -> Result<(), FollowError> {
    let end = app.refresh().await?;
    give_up_exhausted(app).await?;
    let mut cursor = app.follower.indexed();
    while cursor < end {
        let _one_writes = app.shelf.writing.lock().await;
        cursor = index_group(&app.archive, &app.catalog, &app.shelf.index(), cursor, end, None).await?;
        app.follower.indexed.store(cursor, Ordering::Relaxed);
        app.catalog.mark_indexed(cursor).await?;
    }
    Ok(())
}

/// A page whose last reader vanished with it gets its `Unreadable` event here.
async fn give_up_exhausted(app: &App) -> Result<(), FollowError> {
    let (trials, exhausted): (Vec<_>, Vec<_>) =
        app.catalog.exhausted(app.now(), 100).await?.into_iter().partition(|exhausted| exhausted.trial.is_some());
    for catalog::Exhausted { job, trial, page, .. } in trials {
        deliveries::failed_trial(app, &job, trial, &page).await?;
    }
    if exhausted.is_empty() {
        return Ok(());
    }
    let event = |exhausted: catalog::Exhausted| Event {
        at: app.now(),
        actor: Actor::System,
        event: deliveries::given_up(&exhausted.page, exhausted.reason.unwrap_or(UnreadableReason::Failed)),
    };
    app.archive.append(exhausted.into_iter().map(event).collect()).await?;
    app.follower.catch_up(&app.archive, &app.catalog).await.map(|_| ())
}

impl From<FollowError> for Problem {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Archive(error) => error.into(),
            FollowError::Catalog(error) => error.into(),
            other => Self::unavailable("archive", &other),
        }
    }
}
