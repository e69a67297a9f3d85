//! What does a request handler hold? The archive, its two projections, and what the process
//! remembers between requests. One value, shared by all: `web::Data<App>`.

use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::{rt, web};
use archive::Archive;
use catalog::Catalog;
use metrics_exporter_prometheus::PrometheusHandle;
use record::event::Actor;
use record::{BatchId, DocumentId, Event, EventKind, Receipt, Timestamp};
use tokio::sync::RwLockReadGuard;

use crate::clock::Clock;
use crate::config::Config;
use crate::destruction::Destroying;
use crate::fixity::Fixity;
use crate::follow::{FollowError, Follower};
use crate::identity::Caller;
use crate::limits::Limits;
use crate::problem::{Problem, Reply};
use crate::rasters::Rasters;
use crate::retention::Schedule;
use crate::shelf::Shelf;
use crate::uploads::{Busy, Uploads};
use crate::views::Views;

/// The server's parts. Handlers and pages take it as `app: web::Data<App>`.
pub struct App {
    /// The truth.
    pub archive: Archive,
    /// Projection: what is known about documents, pages, batches, people.
    pub catalog: Catalog,
    /// Projection: where words are.
    pub shelf: Shelf,
    pub config: Config,
    pub clock: Clock,
    /// Brings catalog and index up to the ledger.
    pub follower: Follower,
    pub limits: Limits,
    /// Who has been shown what lately.
    pub views: Views,
    /// Images that were decoded lately.
    pub rasters: Rasters,
    /// Bytes that are still arriving.
    pub uploads: Uploads,
    /// How the store and its replica are.
    pub fixity: Fixity,
    /// Documents that are being sealed.
    pub sealing: Busy<DocumentId>,
    /// Batches that are being opened or closed.
    pub recording: Busy<BatchId>,
    /// Whoever seals and whoever destroys, apart from each other.
    pub destroying: Destroying,
    /// When what may be destroyed; without it nothing may.
    pub retention: Option<Schedule>,
    pub metrics: PrometheusHandle,
}

impl App {
    /// The only clock of the server.
    pub fn now(&self) -> Timestamp {
        now()
    }

    /// When the ledger's first event was: nothing here is older.
    pub async fn began(&self) -> Result<Timestamp, archive::Error> {
        let first = self.archive.events(0, 1).await?.pop();
        Ok(first.map_or(self.now(), |event| event.at))
    }

    /// As long as this is held nothing is destroyed: what was found in the archive stays until an event names it.
    pub async fn stays(&self) -> RwLockReadGuard<'_, ()> {
        self.destroying.gate.read().await
    }

    /// Appends events and waits until the catalog has them: whoever asks next sees them.
    /// The index gets them soon.
    pub async fn append(&self, actor: Actor, kinds: Vec<EventKind>) -> Reply<Vec<Receipt>> {
        let at = self.now();
        if let Some(seconds) = self.clock.jumped(at) {
            let cause =
                format!("it has jumped by {seconds} seconds: put it right, or restart the server if it is right now");
            return Err(Problem::unavailable("clock", &cause));
        }
        let events = kinds.into_iter().map(|event| Event { at, actor, event }).collect();
        let receipts = self.archive.append(events).await?;
        self.follower.catch_up(&self.archive, &self.catalog).await?;
        Ok(receipts)
    }

    /// Asks the store for events of other processes, and brings the catalog up to them; the
    /// ledger's size.
    pub async fn refresh(&self) -> Result<u64, FollowError> {
        self.archive.refresh().await?;
        self.follower.catch_up(&self.archive, &self.catalog).await
    }

    /// [`App::append`] of a single event.
    pub async fn append_one(&self, actor: Actor, kind: EventKind) -> Reply<Receipt> {
        let mut receipts = self.append(actor, vec![kind]).await?;
        receipts.pop().ok_or_else(|| Problem::unavailable("archive", &"an append gave no receipt"))
    }
}

/// Does it to its end, even where whoever asked for it leaves: a request that is given up is dropped half-way, and what it has given to
/// the ledger gets in all the same. Until the catalog has that too, the next one who asks must find the work still under way.
pub async fn to_its_end<T: 'static>(
    app: &web::Data<App>,
    caller: &Caller,
    work: impl AsyncFnOnce(&App, &Caller) -> Reply<T> + 'static,
) -> Reply<T> {
    let (app, caller) = (app.clone(), caller.clone());
    let working = rt::spawn(async move { work(&app, &caller).await });
    working.await.map_err(|error| Problem::unavailable("archive", &error))?
}

/// Milliseconds since the epoch by the system's clock.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
