//! How does what a worker found come into the ledger, once and no more?
//!
//! A worker whose answer was lost delivers again; a worker whose lease has ended may deliver beside the next
//! one. [`Catalog::begin_delivery`](catalog::Catalog::begin_delivery) lets one of them through. It goes on even
//! where its caller hangs up, and keeps the page from being claimed until the ledger has answered.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::web;
use bytes::Bytes;
use catalog::{CatalogError, Claimed, Page, PageState};
use formats::alto;
use record::campaign::Comparison;
use record::event::{Actor, UnreadableReason};
use record::timing::Timing;
use record::words::PageText;
use record::{EventKind, TrialId, limits};

use crate::problem::{Problem, Reply};
use crate::state::App;

/// The claim as it stands; `None` where its result is in the ledger already.
pub async fn held(app: &App, job: &str) -> Reply<Option<Claimed>> {
    if let Some(claimed) = app.catalog.by_job(job).await? {
        return Ok(Some(claimed));
    }
    match app.catalog.was_delivered(job).await? {
        true => Ok(None),
        false => Err(lost()),
    }
}

pub fn lost() -> Problem {
    Problem::gone("this claim is over, the page has passed to another or is read: claim the next one")
}

/// Puts the event into the ledger, unless another delivery of this claim has done or is doing so.
pub async fn deliver(app: &web::Data<App>, actor: Actor, job: &str, event: EventKind) -> Reply<()> {
    if !app.catalog.begin_delivery(job, app.now(), limits::LEASE_SECONDS).await? {
        return match held(app, job).await? {
            None => Ok(()),
            Some(_) => Err(Problem::unavailable("delivery", &"the same result is on its way: try again")),
        };
    }
    let (app, job) = (app.clone(), job.to_owned());
    let appending = tokio::spawn(async move { append(&app, actor, &job, event).await });
    appending.await.map_err(|error| Problem::unavailable("delivery", &error))?
}

async fn append(app: &App, actor: Actor, job: &str, event: EventKind) -> Reply<()> {
    // Before the ledger: between the fold, which ends the claim, and this note a repeated delivery would be told that the
    // claim is lost. As long as the claim stands, the note counts for nothing.
    app.catalog.delivered(job, app.now()).await?;
    let appended = tokio::select! {
        appended = app.append_one(actor, event) => appended,
        never = keep_lease(app, job) => match never {},
    };
    if appended.is_err() {
        // It may be in the ledger all the same. Only once the catalog has all of it may the result come again.
        app.refresh().await?;
        app.catalog.end_delivery(job).await?;
    }
    appended.map(drop)
}

/// As long as the ledger works on it nobody else may claim the page.
async fn keep_lease(app: &App, job: &str) -> Infallible {
    let mut ticks = tokio::time::interval(Duration::from_secs(limits::LEASE_SECONDS / 3));
    loop {
        ticks.tick().await;
        // Where the event is folded there is no claim any more, and the append is about to return.
        if let Err(error) = app.catalog.beat(job, app.now(), limits::LEASE_SECONDS).await {
            tracing::warn!("failed to keep a lease: {error}");
        }
    }
}

/// The event of a reading. Of two texts of one page the better one stays.
pub async fn reading(app: &App, page: &Page, text: &PageText, body: Bytes) -> Reply<EventKind> {
    if let Some(kept) = kept_text(page, text.engine.generation)
        && !text.is_better_than(&known_text(app, page).await?)
    {
        return Ok(kept);
    }
    Ok(EventKind::Read {
        document: page.document,
        page: page.page,
        words: u32::try_from(text.words().count()).unwrap_or(u32::MAX),
        confidence: text.confidence(),
        text: app.archive.put(alto::MEDIA_TYPE, body).await?.digest,
        attention: text.attention.first().map(|attention| attention.reason),
        generation: text.engine.generation,
    })
}

/// The event of a page that is given up: one that has a text keeps it.
pub fn given_up(page: &Page, reason: UnreadableReason) -> EventKind {
    let unreadable = EventKind::Unreadable { document: page.document, page: page.page, reason };
    kept_text(page, page.generation).unwrap_or(unreadable)
}

/// The page was read again, and its text stays; `None` where it has none.
fn kept_text(page: &Page, generation: u32) -> Option<EventKind> {
    let (PageState::Read, Some(text)) = (page.state, page.text) else { return None };
    Some(EventKind::Read {
        document: page.document,
        page: page.page,
        text,
        words: page.words.unwrap_or(0),
        confidence: page.confidence.unwrap_or(0),
        attention: page.attention,
        generation,
    })
}

/// Holds what was read for a trial against what the archive has. Nothing of it is kept but the comparison.
pub async fn compare(app: &App, job: &str, trial: TrialId, page: &Page, text: &PageText, timing: Timing) -> Reply<()> {
    let milliseconds = u64::try_from(timing.total().as_millis()).unwrap_or(u64::MAX);
    let found = Comparison::of(&known_text(app, page).await?, text, milliseconds);
    app.catalog.compared(job, trial, page.page, found).await?;
    Ok(app.catalog.delivered(job, app.now()).await?)
}

/// A trial's page could not be read: that is what the trial found.
pub async fn failed_trial(app: &App, job: &str, trial: Option<TrialId>, page: &Page) -> Result<(), CatalogError> {
    let Some(trial) = trial else { return Ok(()) };
    let found = Comparison::failed(page.confidence.unwrap_or(0));
    app.catalog.compared(job, trial, page.page, found).await?;
    app.catalog.delivered(job, app.now()).await
}

async fn known_text(app: &App, page: &Page) -> Reply<PageText> {
    let digest = page.text.ok_or_else(Problem::absent)?;
    let bytes = app.archive.read(&digest).await?;
    alto::parse(&bytes).map_err(|error| Problem::unavailable("archive", &error))
}
