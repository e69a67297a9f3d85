//! What does a worker do all day?
//!
//! One task claims pages and has their images fetched; each reader takes the most urgent page that lies
//! ready, reads it, and takes the next while the result is on its way. The server's lease is the safety
//! net: a worker that drops a page, or dies, loses nothing but the time.

use std::sync::Arc;
use std::time::Duration;

use ocr::reader::{PageImage, ReadError, Reader};
use record::event::UnreadableReason;
use record::wire::Job;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use crate::backoff::Backoff;
use crate::desk::{Desk, Lease, Page};
use crate::handin::{AWAY, Outcome, hand_in, persist};
use crate::server::{Server, ServerError};
use crate::stop::Stop;
use crate::tally::Tally;

/// Between two questions for work while there is none.
const IDLE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));
/// Readers in a row that may fail to start before the installation is taken to be broken.
const STARTS_MAX: usize = 5;

/// What all tasks of a worker share.
#[derive(Clone)]
struct Work {
    name: Arc<str>,
    server: Arc<Server>,
    desk: Arc<Desk>,
    tally: Arc<Tally>,
    stop: Stop,
}

/// Reads pages until asked to stop. Errors are those that no waiting would mend; they stop it too.
pub async fn serve(server: Server, readers: Vec<Reader>, name: String, stop: Stop) -> anyhow::Result<()> {
    let work = Work { name: name.into(), server: Arc::new(server), desk: Arc::default(), tally: Arc::default(), stop };
    tracing::info!(readers = readers.len(), "waiting for pages");
    let mut tasks = JoinSet::new();
    // One page in work for each reader, and one that lies ready.
    tasks.spawn(work.clone().claim_pages(Arc::new(Semaphore::new(2 * readers.len()))));
    for reader in readers {
        tasks.spawn(work.clone().read_pages(reader));
    }
    tasks.spawn(work.clone().tell());
    let mut outcome = Ok(());
    while let Some(ended) = tasks.join_next().await {
        let ended = ended.map_err(anyhow::Error::from).flatten();
        if ended.is_err() && outcome.is_ok() {
            work.stop.ask();
            outcome = ended;
        }
    }
    tracing::info!("stopped");
    outcome
}

impl Work {
    async fn tell(mut self) -> anyhow::Result<()> {
        self.tally.tell(&self.server, &mut self.stop).await;
        Ok(())
    }

    /// Claims as long as there is a place; asked to stop, gives back at once what no reader has begun.
    async fn claim_pages(mut self, places: Arc<Semaphore>) -> anyhow::Result<()> {
        let mut fetching = JoinSet::new();
        let ended = self.claim_until_stopped(&places, &mut fetching).await;
        while fetching.join_next().await.is_some() {}
        for page in self.desk.clear() {
            self.give_back(&page.job).await;
        }
        ended
    }

    async fn claim_until_stopped(&mut self, places: &Arc<Semaphore>, fetching: &mut JoinSet<()>) -> anyhow::Result<()> {
        let mut idle = Backoff::new(IDLE.0, IDLE.1);
        let mut away = Backoff::new(AWAY.0, AWAY.1);
        while let Some(place) = self.place(places).await {
            while fetching.try_join_next().is_some() {}
            // Raced against the end of the grace only: a claim given up half-way would lie until its lease ends.
            let claimed = tokio::select! {
                claimed = self.server.claim(&self.name) => claimed,
                () = self.stop.overdue() => return Ok(()),
            };
            match claimed {
                Ok(Some(job)) => {
                    fetching.spawn(self.clone().fetch(job, place));
                    idle.reset();
                    away.reset();
                }
                Ok(None) => {
                    away.reset();
                    self.stop.sleep(idle.wait()).await;
                }
                Err(error) if error.may_pass() => {
                    let wait = away.wait();
                    tracing::warn!(seconds = wait.as_secs(), "failed to {error}; asking again");
                    self.stop.sleep(wait).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// `None` where there will be no more.
    async fn place(&mut self, places: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            () = self.stop.asked() => None,
            place = Arc::clone(places).acquire_owned() => place.ok(),
        }
    }

    async fn fetch(mut self, job: Job, place: OwnedSemaphorePermit) {
        let mut lease = Lease::keep(Arc::clone(&self.server), job.clone());
        let fetched = tokio::select! {
            biased;
            () = self.stop.asked() => return self.give_back(&job).await,
            () = lease.gone() => Err(ServerError::Gone),
            fetched = image_and_words(&self.server, &job) => fetched,
        };
        match fetched {
            Ok((image, brought)) => self.desk.put(Page { job, lease, image, brought, place }),
            Err(ServerError::TooLarge) => {
                self.hand_in(&job, Outcome::Unreadable(UnreadableReason::Undecodable)).await;
            }
            Err(error) => tracing::warn!(page = %job.page, "dropped the page: failed to {error}"),
        }
    }

    async fn read_pages(mut self, mut reader: Reader) -> anyhow::Result<()> {
        // At most one, so that a slow server slows the readers down.
        let mut handing_in = JoinSet::new();
        let ended = loop {
            if let Err(error) = self.make_ready(&mut reader).await {
                break Err(error.into());
            }
            let page = tokio::select! {
                biased;
                () = self.stop.asked() => break Ok(()),
                page = self.desk.take() => page,
            };
            let (job, lease, outcome) = self.read(&mut reader, page).await;
            handing_in.join_next().await;
            let work = self.clone();
            handing_in.spawn(async move {
                work.hand_in(&job, outcome).await;
                drop(lease);
            });
        };
        tokio::select! {
            _ = handing_in.join_next() => {}
            () = self.stop.overdue() => {}
        }
        reader.finish().await;
        ended
    }

    /// A reader that dies while it starts, before a page is near it, is tried again a few times.
    async fn make_ready(&mut self, reader: &mut Reader) -> Result<(), ReadError> {
        let mut pause = Backoff::new(IDLE.0, AWAY.1);
        for _ in 1..STARTS_MAX {
            match reader.ready().await {
                Err(error) if !self.stop.is_asked() => tracing::warn!("failed to {error}; trying again"),
                ready => return ready,
            }
            self.stop.sleep(pause.wait()).await;
        }
        reader.ready().await
    }

    async fn read(&mut self, reader: &mut Reader, page: Page) -> (Job, Lease, Outcome) {
        let Page { job, mut lease, image, brought, place: _in_work } = page;
        let (media_type, brought) = (job.media_type.as_str(), brought.as_deref());
        let image = PageImage { page: job.page, media_type, dpi: job.dpi, bytes: &image, brought };
        let outcome = tokio::select! {
            read = reader.read(image) => match read {
                Ok(reading) => Outcome::Text(reading),
                Err(ReadError::Page(unread)) => Outcome::Unreadable(unread.reason),
                Err(ReadError::Start(_)) => Outcome::Dropped("no reader comes up"),
            },
            () = lease.gone() => Outcome::Dropped("another worker has it, or nobody may"),
            () = self.stop.overdue() => Outcome::Dropped("asked to stop"),
        };
        (job, lease, outcome)
    }

    async fn hand_in(&self, job: &Job, outcome: Outcome) {
        hand_in(&self.server, &self.tally, job, outcome).await;
    }

    async fn give_back(&self, job: &Job) {
        self.hand_in(job, Outcome::Dropped("asked to stop")).await;
    }
}

/// Without its words a page is still a page: it is read.
async fn image_and_words(server: &Server, job: &Job) -> Result<(Vec<u8>, Option<Vec<u8>>), ServerError> {
    let image = persist(|| server.image(job)).await?;
    if !job.brought {
        return Ok((image, None));
    }
    let words = persist(|| server.brought(job)).await;
    let words = words.inspect_err(|error| tracing::warn!(page = %job.page, "reading it anew: failed to {error}"));
    Ok((image, words.ok()))
}
