//! What does a worker do all day?
//!
//! claim → fetch → read (beating) → deliver. One page at a time. The server's lease is the safety
//! net: a worker that drops a page, or dies, loses nothing but the time.

use std::time::Duration;

use ocr::reader::{PageImage, ReadError, Reader};
use record::event::UnreadableReason;
use record::limits;
use record::wire::Job;

use crate::backoff::Backoff;
use crate::server::{Server, ServerError};
use crate::stop::Stop;

/// Between two questions for work while there is none.
const IDLE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));
/// Between two attempts to reach a server that is away.
const AWAY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// Attempts to hand in one result.
const DELIVERIES_MAX: usize = 5;

/// Reads pages until asked to stop. Errors are those that no waiting would mend.
pub async fn serve(server: &Server, mut reader: Reader, name: &str, mut stop: Stop) -> anyhow::Result<()> {
    let mut idle = Backoff::new(IDLE.0, IDLE.1);
    let mut away = Backoff::new(AWAY.0, AWAY.1);
    tracing::info!("waiting for pages");
    while !stop.is_asked() {
        // Raced against the end of the grace only: a claim given up half-way would lie until its lease ends.
        let claimed = tokio::select! {
            claimed = server.claim(name) => claimed,
            () = stop.overdue() => break,
        };
        match claimed {
            Ok(Some(job)) => {
                work_on(server, &mut reader, &job, &mut stop).await?;
                idle.reset();
                away.reset();
            }
            Ok(None) => {
                away.reset();
                stop.sleep(idle.wait()).await;
            }
            Err(error) if error.may_pass() => {
                let wait = away.wait();
                tracing::warn!(seconds = wait.as_secs(), "failed to {error}; asking again");
                stop.sleep(wait).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    reader.finish().await;
    tracing::info!("stopped");
    Ok(())
}

enum Outcome {
    Text(Vec<u8>),
    Unreadable(UnreadableReason),
}

/// Reads one page and hands the result in, or drops it: then its lease runs out and another tries.
async fn work_on(server: &Server, reader: &mut Reader, job: &Job, stop: &mut Stop) -> Result<(), ReadError> {
    let page = job.page;
    let outcome = tokio::select! {
        outcome = fetch_and_read(server, reader, job) => outcome,
        () = beat_until_gone(server, job) => Err(Dropped::Server(ServerError::Gone)),
        () = stop.overdue() => Err(Dropped::Stopped),
    };
    let delivered = match outcome {
        Ok(outcome) => deliver(server, job, outcome).await.map_err(Dropped::Server),
        Err(dropped) => Err(dropped),
    };
    match delivered {
        Ok(()) => Ok(()),
        Err(Dropped::Broken(error)) => Err(error),
        Err(Dropped::Server(error)) => {
            tracing::warn!(%page, "dropped the page: failed to {error}");
            Ok(())
        }
        Err(Dropped::Stopped) => {
            tracing::info!(%page, "dropped the page: asked to stop");
            Ok(())
        }
    }
}

/// Why a page was given up without a result.
enum Dropped {
    Server(ServerError),
    Stopped,
    /// No page can be read here.
    Broken(ReadError),
}

async fn fetch_and_read(server: &Server, reader: &mut Reader, job: &Job) -> Result<Outcome, Dropped> {
    let bytes = match server.image(job).await {
        Err(ServerError::TooLarge) => return Ok(Outcome::Unreadable(UnreadableReason::Undecodable)),
        other => other.map_err(Dropped::Server)?,
    };
    let image = PageImage { page: job.page, media_type: &job.media_type, dpi: job.dpi, bytes: &bytes };
    match reader.read(image).await {
        Ok(alto) => Ok(Outcome::Text(alto)),
        Err(ReadError::Page(unread)) => Ok(Outcome::Unreadable(unread.reason)),
        Err(error) => Err(Dropped::Broken(error)),
    }
}

/// Keeps the lease; returns when the server says that it has passed to another.
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

async fn deliver(server: &Server, job: &Job, outcome: Outcome) -> Result<(), ServerError> {
    match outcome {
        Outcome::Text(alto) => match persist(|| server.deliver_text(job, alto.clone())).await {
            // The server found no page's text in it: that is a failure of ours to tell.
            Err(ServerError::Unexpected(status)) if status.as_u16() == 422 => {
                tracing::warn!(page = %job.page, "the server does not accept the text");
                persist(|| server.deliver_failure(job, UnreadableReason::Failed)).await
            }
            other => other.inspect(|()| tracing::info!(page = %job.page, "read")),
        },
        Outcome::Unreadable(reason) => {
            tracing::warn!(page = %job.page, attempt = job.attempt, "unreadable: {}", reason.explain());
            persist(|| server.deliver_failure(job, reason)).await
        }
    }
}

/// Tries again while the server is away, for a while.
async fn persist<F: Future<Output = Result<(), ServerError>>>(attempt: impl Fn() -> F) -> Result<(), ServerError> {
    let mut away = Backoff::new(AWAY.0, AWAY.1);
    for _ in 1..DELIVERIES_MAX {
        match attempt().await {
            Err(error) if error.may_pass() => tokio::time::sleep(away.wait()).await,
            other => return other,
        }
    }
    attempt().await
}
