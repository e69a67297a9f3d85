//! Which page is to be read next, and by whom?
//!
//! A page is queued when it is sealed and leaves the queue with its `Read` or `Unreadable` event.
//! A claim is a lease: a worker that vanishes loses the page when the lease ends. Each claim counts as an
//! attempt, however it ends, so a page that kills its readers comes to [`Catalog::exhausted`].

use record::event::UnreadableReason;
use record::{PageId, Timestamp, limits};
use uuid::Uuid;

use crate::column::{Column, Value, table_row};
use crate::documents::Page;
use crate::engine::{Engine, row, rows, run};
use crate::{Catalog, Result};

/// A page held by one worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Names this claim; a later claim of the same page has another.
    pub job: String,
    /// 1 for the first.
    pub attempt: u32,
    pub page: Page,
}

/// What comes after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The page can be claimed again from then on.
    At(Timestamp),
    /// That was the last attempt: append an `Unreadable` event. Until then the page rests under its lease.
    GiveUp,
    /// The page has passed to another worker, or is done with.
    Lost,
}

table_row! {
    /// A page whose last attempt is over without a result: append an `Unreadable` event.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Exhausted {
        pub page: PageId,
        pub document: record::DocumentId,
        /// What the last worker said, where it said anything.
        pub reason: Option<UnreadableReason>,
    }
}

table_row! {
    struct Held {
        pub page: PageId,
        pub attempts: u32,
    }
}

/// The claim: the one statement that the engines need told differently. SQLite has one writer;
/// PostgreSQL has many, who must step past each other's rows.
macro_rules! claim {
    ($lock:literal) => {
        concat!(
            "UPDATE queue SET job = $1, worker = $2, lease_until = $3, attempts = attempts + 1 WHERE page = (
    SELECT page FROM queue WHERE run_at <= $4 AND lease_until <= $4 AND attempts < $5 ORDER BY place, page LIMIT 1 ",
            $lock,
            ") RETURNING page, attempts"
        )
    };
}

impl Catalog {
    /// Gives `worker` the page that has waited longest, until `now` + `lease_seconds`. Exactly one caller
    /// gets it. `None`: nothing to do.
    pub async fn claim(&self, worker: &str, now: Timestamp, lease_seconds: u64) -> Result<Option<Claimed>> {
        let sql = match &self.writer {
            Engine::Sqlite(_) => claim!(""),
            Engine::Postgres(_) => claim!("FOR UPDATE SKIP LOCKED"),
        };
        let (job, until) = (Uuid::new_v4().to_string(), lease_end(now, lease_seconds));
        let (worker, most) = (worker.to_owned(), limits::READ_ATTEMPTS_MAX);
        let Some(held) = row!(self.writer.on(), Held, sql, job, worker, until, now, most)? else {
            return Ok(None);
        };
        self.claimed(job, held).await
    }

    /// The page this claim is for; `None` where it has passed to another or is done with.
    /// An ended lease that nobody else has taken up still holds: late work is work.
    pub async fn by_job(&self, job: &str) -> Result<Option<Claimed>> {
        let sql = "SELECT page, attempts FROM queue WHERE job = $1";
        let Some(held) = row!(self.reader.on(), Held, sql, job.to_owned())? else {
            return Ok(None);
        };
        self.claimed(job.to_owned(), held).await
    }

    async fn claimed(&self, job: String, held: Held) -> Result<Option<Claimed>> {
        let page = row!(self.reader.on(), Page, "SELECT * FROM pages WHERE page = $1", held.page)?;
        Ok(page.map(|page| Claimed { job, attempt: held.attempts, page }))
    }

    /// Makes the lease last until `now` + `lease_seconds`; `false` where the claim no longer holds.
    pub async fn beat(&self, job: &str, now: Timestamp, lease_seconds: u64) -> Result<bool> {
        let sql = "UPDATE queue SET lease_until = $2 WHERE job = $1";
        Ok(run!(self.writer.on(), sql, job.to_owned(), lease_end(now, lease_seconds))? == 1)
    }

    /// The worker could not read the page. It is tried again after a pause that doubles each time,
    /// up to [`limits::READ_ATTEMPTS_MAX`] attempts in all.
    pub async fn fail(&self, job: &str, reason: UnreadableReason, now: Timestamp) -> Result<Retry> {
        let sql = "UPDATE queue SET reason = $2 WHERE job = $1 RETURNING attempts";
        let Some(Value(attempts)) = row!(self.writer.on(), Value<u32>, sql, job.to_owned(), reason)? else {
            return Ok(Retry::Lost);
        };
        if attempts >= limits::READ_ATTEMPTS_MAX {
            return Ok(Retry::GiveUp);
        }
        let at = Timestamp(now.0 + pause_seconds(attempts) * 1000);
        let sql = "UPDATE queue SET job = NULL, worker = NULL, lease_until = 0, run_at = $2 WHERE job = $1";
        let freed = run!(self.writer.on(), sql, job.to_owned(), at)?;
        Ok(if freed == 1 { Retry::At(at) } else { Retry::Lost })
    }

    /// Pages whose attempts are used up and whose last lease has ended, oldest first.
    pub async fn exhausted(&self, now: Timestamp, most: u32) -> Result<Vec<Exhausted>> {
        let sql = "SELECT q.page, p.document, q.reason FROM queue q JOIN pages p ON p.page = q.page \
                   WHERE q.attempts >= $1 AND q.lease_until <= $2 ORDER BY q.place, q.page LIMIT $3";
        rows!(self.reader.on(), Exhausted, sql, limits::READ_ATTEMPTS_MAX, now, most)
    }
}

fn lease_end(now: Timestamp, lease_seconds: u64) -> Timestamp {
    Timestamp(now.0.saturating_add((lease_seconds.saturating_mul(1000)).to_stored()))
}

/// The pause after that many attempts: 10 s, 20 s, 40 s …
fn pause_seconds(attempts: u32) -> i64 {
    limits::READ_RETRY_SECONDS << attempts.saturating_sub(1).min(10)
}
