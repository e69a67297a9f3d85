//! Which page does the next free reader take? The most urgent of those that lie here, fetched while the
//! readers were busy, so that none of them ever waits for the network.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use record::limits;
use record::wire::Job;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use crate::server::{Server, ServerError};

/// A page with its image, claimed for this worker as long as it lives.
pub struct Page {
    pub job: Job,
    pub lease: Lease,
    pub image: Vec<u8>,
    /// The words that came with it.
    pub brought: Option<Vec<u8>>,
    /// Held until the page is read: there are only so many.
    pub place: OwnedSemaphorePermit,
}

/// Pages by urgency; of equally urgent ones, the first that came.
pub struct Desk {
    pages: Mutex<BTreeMap<(u8, u64), Page>>,
    count: Semaphore,
}

impl Default for Desk {
    fn default() -> Self {
        Self { pages: Mutex::default(), count: Semaphore::new(0) }
    }
}

impl Desk {
    pub fn put(&self, page: Page) {
        let mut pages = self.pages();
        let number = pages.keys().map(|(_, number)| number + 1).max().unwrap_or(0);
        pages.insert((page.job.priority, number), page);
        self.count.add_permits(1);
    }

    /// Waits for a page. Dropping the future takes none.
    pub async fn take(&self) -> Page {
        loop {
            // The semaphore is never closed; a page that `clear` took leaves a permit behind.
            if let Ok(permit) = self.count.acquire().await {
                permit.forget();
            }
            if let Some((_, page)) = self.pages().pop_first() {
                return page;
            }
        }
    }

    /// Everything that lies here.
    pub fn clear(&self) -> Vec<Page> {
        std::mem::take(&mut *self.pages()).into_values().collect()
    }

    fn pages(&self) -> MutexGuard<'_, BTreeMap<(u8, u64), Page>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a claim alive at the server until it is dropped.
pub struct Lease(JoinHandle<()>);

impl Lease {
    pub fn keep(server: Arc<Server>, job: Job) -> Self {
        Self(tokio::spawn(async move { beat_until_gone(&server, &job).await }))
    }

    /// Returns once, when the page has passed to another.
    pub async fn gone(&mut self) {
        // It ends in no other way but by `drop`.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn beat_until_gone(server: &Server, job: &Job) {
    let lease = job.lease_seconds.clamp(3, limits::LEASE_SECONDS);
    let mut ticks = tokio::time::interval(Duration::from_secs(lease / 3));
    ticks.tick().await;
    loop {
        ticks.tick().await;
        match server.beat(job).await {
            Err(ServerError::Gone) => return,
            Err(error) => tracing::warn!(page = %job.page, "failed to keep the lease: {error}"),
            Ok(()) => {}
        }
    }
}
