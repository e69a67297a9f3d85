//! How does a result reach the server, and an unread page come back to it?

use std::time::Duration;

use ocr::reader::Reading;
use record::event::UnreadableReason;
use record::wire::Job;

use crate::backoff::Backoff;
use crate::server::{Server, ServerError};
use crate::tally::Tally;

/// Between two attempts to reach a server that is away.
pub const AWAY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// Attempts to hand in one result, or to fetch one image.
const ATTEMPTS_MAX: usize = 5;

/// What came of a page.
pub enum Outcome {
    Text(Reading),
    Unreadable(UnreadableReason),
    /// It was not read, which is not its fault.
    Dropped(&'static str),
}

/// Hands the outcome in. Where that fails the lease runs out and another worker tries: nothing is lost
/// but the time.
pub async fn hand_in(server: &Server, tally: &Tally, job: &Job, outcome: Outcome) {
    let page = job.page;
    let done = match outcome {
        Outcome::Text(reading) => hand_in_text(server, job, reading).await.inspect(|()| tally.count_one()),
        Outcome::Unreadable(reason) => {
            tracing::warn!(%page, attempt = job.attempt, "unreadable: {}", reason.explain());
            persist(|| server.deliver_failure(job, reason)).await
        }
        Outcome::Dropped(why) => {
            tracing::info!(%page, "dropped the page: {why}");
            // Not tried again: whoever stops has no time, and the lease ends by itself.
            server.release(job).await
        }
    };
    if let Err(error) = done {
        tracing::warn!(%page, "dropped the page: failed to {error}");
    }
}

async fn hand_in_text(server: &Server, job: &Job, reading: Reading) -> Result<(), ServerError> {
    match persist(|| server.deliver_text(job, reading.alto.clone(), reading.timing)).await {
        // The server found no page's text in it: that is a failure of ours to tell.
        Err(ServerError::Unexpected(status)) if status.as_u16() == 422 => {
            tracing::warn!(page = %job.page, "the server does not accept the text");
            persist(|| server.deliver_failure(job, UnreadableReason::Failed)).await
        }
        other => other.inspect(|()| tracing::info!(page = %job.page, "read")),
    }
}

/// Tries again while the server is away, for a while.
pub async fn persist<T, F: Future<Output = Result<T, ServerError>>>(attempt: impl Fn() -> F) -> Result<T, ServerError> {
    let mut away = Backoff::new(AWAY.0, AWAY.1);
    for _ in 1..ATTEMPTS_MAX {
        match attempt().await {
            Err(error) if error.may_pass() => tokio::time::sleep(away.wait()).await,
            other => return other,
        }
    }
    attempt().await
}
