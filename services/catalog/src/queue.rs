//! Which page is to be read next, and by whom?
//!
//! A page is queued when it is sealed and leaves the queue with its `Read` or `Unreadable` event. The order
//! is [`Priority`] first, then place: a document's first pages before its later ones.
//! A claim is a lease: a worker that vanishes loses the page when the lease ends. A page that fails by its own fault is
//! given up after [`limits::READ_FAILURES_MAX`] times; one whose readers or workers are ended from outside is offered
//! again, but not for ever: each claim counts, and after [`limits::READ_CLAIMS_MAX`] it comes to [`Catalog::exhausted`].

use record::event::UnreadableReason;
use record::{PageId, Timestamp, TrialId, limits};
use uuid::Uuid;

use crate::column::{Column, Value, table_row};
use crate::documents::Page;
use crate::engine::{Engine, row, rows, run};
use crate::fold::QUEUE_STEP_MILLIS;
use crate::{Catalog, Result};

/// Who goes first. Stored as its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Somebody looks at the page, or at its document, and waits for the words.
    Awaited,
    New,
    /// It has failed before.
    Retry,
    /// It has a text already, and may get a better one.
    Again,
}

impl Priority {
    pub const ALL: [Self; 4] = [Self::Awaited, Self::New, Self::Retry, Self::Again];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Awaited => "awaited",
            Self::New => "new",
            Self::Retry => "retry",
            Self::Again => "again",
        }
    }
}

table_row! {
    /// Pages of one priority that wait to be read, claimed ones too.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Waiting {
        pub priority: Priority,
        pub pages: u64,
        /// When the longest waiting of them was queued.
        pub oldest: Timestamp,
    }
}

/// A page held by one worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Names this claim; a later claim of the same page has another.
    pub job: String,
    /// 1 for the first.
    pub attempt: u32,
    pub priority: Priority,
    /// Read to compare, and not to keep.
    pub trial: Option<TrialId>,
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

/// A page whose last attempt is over without a result: append an `Unreadable` event, unless it is a trial's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exhausted {
    /// The last claim.
    pub job: String,
    pub trial: Option<TrialId>,
    pub page: Page,
    /// What the last worker said, where it said anything.
    pub reason: Option<UnreadableReason>,
}

table_row! {
    struct Spent {
        pub job: String,
        pub trial: Option<TrialId>,
        pub page: PageId,
        pub reason: Option<UnreadableReason>,
    }
}

table_row! {
    struct Tried {
        pub attempts: u32,
        pub failures: u32,
    }
}

table_row! {
    struct Held {
        pub page: PageId,
        pub attempts: u32,
        pub priority: Priority,
        pub trial: Option<TrialId>,
    }
}

/// The claim: the one statement that the engines need told differently. SQLite has one writer;
/// PostgreSQL has many, who must step past each other's rows.
macro_rules! claim {
    ($lock:literal) => {
        concat!(
            "UPDATE queue SET job = $1, worker = $2, lease_until = $3, attempts = attempts + 1, delivering = 0 \
             WHERE page = (SELECT page FROM queue WHERE run_at <= $4 AND lease_until <= $4 AND attempts < $5 \
             AND failures < $6 ORDER BY priority, place, page LIMIT 1 ",
            $lock,
            ") RETURNING page, attempts, priority, trial"
        )
    };
}

impl Catalog {
    /// Gives `worker` the most urgent page, until `now` + `lease_seconds`. Exactly one caller
    /// gets it. `None`: nothing to do.
    pub async fn claim(&self, worker: &str, now: Timestamp, lease_seconds: u64) -> Result<Option<Claimed>> {
        let sql = match &self.writer {
            Engine::Sqlite(_) => claim!(""),
            Engine::Postgres(_) => claim!("FOR UPDATE SKIP LOCKED"),
        };
        let (job, until) = (Uuid::new_v4().to_string(), lease_end(now, lease_seconds));
        let (worker, claims, failures) = (worker.to_owned(), limits::READ_CLAIMS_MAX, limits::READ_FAILURES_MAX);
        let Some(held) = row!(self.writer.on(), Held, sql, job, worker, until, now, claims, failures)? else {
            return Ok(None);
        };
        self.claimed(job, held).await
    }

    /// The page this claim is for; `None` where it has passed to another or is done with.
    /// An ended lease that nobody else has taken up still holds: late work is work.
    pub async fn by_job(&self, job: &str) -> Result<Option<Claimed>> {
        let sql = "SELECT page, attempts, priority, trial FROM queue WHERE job = $1";
        let Some(held) = row!(self.reader.on(), Held, sql, job.to_owned())? else {
            return Ok(None);
        };
        self.claimed(job.to_owned(), held).await
    }

    async fn claimed(&self, job: String, held: Held) -> Result<Option<Claimed>> {
        let page = row!(self.reader.on(), Page, "SELECT * FROM pages WHERE page = $1", held.page)?;
        let Held { attempts: attempt, priority, trial, .. } = held;
        Ok(page.map(|page| Claimed { job, attempt, priority, trial, page }))
    }

    /// Makes the lease last until `now` + `lease_seconds`; `false` where the claim no longer holds.
    pub async fn beat(&self, job: &str, now: Timestamp, lease_seconds: u64) -> Result<bool> {
        let sql = "UPDATE queue SET lease_until = $2 WHERE job = $1";
        Ok(run!(self.writer.on(), sql, job.to_owned(), lease_end(now, lease_seconds))? == 1)
    }

    /// The worker gives the page back unread, and it was no attempt; `false` where the claim no longer holds.
    pub async fn release(&self, job: &str) -> Result<bool> {
        let sql = "UPDATE queue SET job = NULL, worker = NULL, lease_until = 0, attempts = attempts - 1 \
                   WHERE job = $1 AND delivering = 0";
        Ok(run!(self.writer.on(), sql, job.to_owned())? == 1)
    }

    /// Of several deliveries of one claim exactly one gets `true`, and may append its event. It must end in the
    /// event, in [`Catalog::end_delivery`], or with the lease.
    pub async fn begin_delivery(&self, job: &str, now: Timestamp, lease_seconds: u64) -> Result<bool> {
        let sql = "UPDATE queue SET delivering = 1, lease_until = $2 WHERE job = $1 AND delivering = 0";
        Ok(run!(self.writer.on(), sql, job.to_owned(), lease_end(now, lease_seconds))? == 1)
    }

    /// No event was appended: the result may come again.
    pub async fn end_delivery(&self, job: &str) -> Result<()> {
        run!(self.writer.on(), "UPDATE queue SET delivering = 0 WHERE job = $1", job.to_owned()).map(drop)
    }

    /// The result of this claim is in the ledger.
    pub async fn delivered(&self, job: &str, now: Timestamp) -> Result<()> {
        let sql = "INSERT INTO delivered (job, at) VALUES ($1, $2) ON CONFLICT (job) DO NOTHING";
        run!(self.writer.on(), sql, job.to_owned(), now).map(drop)
    }

    pub async fn was_delivered(&self, job: &str) -> Result<bool> {
        let sql = "SELECT job FROM delivered WHERE job = $1";
        Ok(row!(self.reader.on(), Value<String>, sql, job.to_owned())?.is_some())
    }

    /// Forgets deliveries and trials from before then.
    pub async fn forget_delivered(&self, before: Timestamp) -> Result<()> {
        run!(self.writer.on(), "DELETE FROM delivered WHERE at < $1", before)?;
        let sql = "DELETE FROM trial_pages WHERE trial IN (SELECT trial FROM trials WHERE at < $1)";
        run!(self.writer.on(), sql, before)?;
        run!(self.writer.on(), "DELETE FROM trials WHERE at < $1", before).map(drop)
    }

    /// Somebody looks at this page and waits for its words: it goes to the front, and the other unread pages of
    /// its document after it, the nearest first.
    pub async fn wait_for(&self, page: PageId, now: Timestamp) -> Result<()> {
        let sql = "UPDATE queue SET priority = 0, \
                       place = CASE WHEN queue.priority = 0 AND queue.place < near.place THEN queue.place \
                           ELSE near.place END \
                   FROM (SELECT other.page, $2 + $3 * ABS(other.number - asked.number) AS place \
                       FROM pages asked JOIN pages other ON other.document = asked.document \
                       WHERE asked.page = $1 AND other.state = 'sealed' AND other.withdrawn = 0) AS near \
                   WHERE queue.page = near.page";
        run!(self.writer.on(), sql, page, now, QUEUE_STEP_MILLIS).map(drop)
    }

    /// How many wait, by priority; those of which none waits are left out.
    pub async fn waiting(&self) -> Result<Vec<Waiting>> {
        let sql = "SELECT priority, COUNT(*) AS pages, MIN(queued) AS oldest FROM queue GROUP BY priority \
                   ORDER BY priority";
        rows!(self.reader.on(), Waiting, sql)
    }

    /// The worker could not read the page. It is tried again after a pause, which doubles each time that the page is at
    /// fault, unless it has used up its tries.
    pub async fn fail(&self, job: &str, reason: UnreadableReason, now: Timestamp) -> Result<Retry> {
        let sql = "UPDATE queue SET reason = $2, failures = failures + $3 WHERE job = $1 AND delivering = 0 \
                   RETURNING attempts, failures";
        let fault = u32::from(reason.is_the_pages_fault());
        let Some(tried) = row!(self.writer.on(), Tried, sql, job.to_owned(), reason, fault)? else {
            return Ok(Retry::Lost);
        };
        if tried.failures >= limits::READ_FAILURES_MAX || tried.attempts >= limits::READ_CLAIMS_MAX {
            return Ok(Retry::GiveUp);
        }
        let at = Timestamp(now.0 + pause_seconds(tried.failures) * 1000);
        let sql = "UPDATE queue SET job = NULL, worker = NULL, lease_until = 0, run_at = $2, \
                       priority = CASE WHEN priority = 1 AND failures > 0 THEN 2 ELSE priority END WHERE job = $1";
        let freed = run!(self.writer.on(), sql, job.to_owned(), at)?;
        Ok(if freed == 1 { Retry::At(at) } else { Retry::Lost })
    }

    /// Pages whose tries are used up and whose last lease has ended, oldest first.
    pub async fn exhausted(&self, now: Timestamp, most: u32) -> Result<Vec<Exhausted>> {
        let sql = "SELECT job, trial, page, reason FROM queue \
                   WHERE (attempts >= $1 OR failures >= $2) AND lease_until <= $3 AND job IS NOT NULL \
                   ORDER BY place, page LIMIT $4";
        let (claims, failures) = (limits::READ_CLAIMS_MAX, limits::READ_FAILURES_MAX);
        let mut exhausted = Vec::new();
        for Spent { job, trial, page, reason } in rows!(self.reader.on(), Spent, sql, claims, failures, now, most)? {
            let page = row!(self.reader.on(), Page, "SELECT * FROM pages WHERE page = $1", page)?;
            exhausted.extend(page.map(|page| Exhausted { job, trial, page, reason }));
        }
        Ok(exhausted)
    }
}

fn lease_end(now: Timestamp, lease_seconds: u64) -> Timestamp {
    Timestamp(now.0.saturating_add((lease_seconds.saturating_mul(1000)).to_stored()))
}

/// The pause after that many failures: 10 s, 20 s, 40 s …
fn pause_seconds(failures: u32) -> i64 {
    limits::READ_RETRY_SECONDS << failures.saturating_sub(1).min(10)
}
