//! How is a server put together from a data folder, and how does it come to its end?

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{HttpServer, web};
use anyhow::{Context as _, bail};
use archive::Archive;
use catalog::Catalog;
use indexer::{Error as IndexError, Index, Vocabulary};
use metrics_exporter_prometheus::PrometheusHandle;
use record::Timestamp;
use tokio::signal::unix::{SignalKind, signal};

use crate::campaigns;
use crate::clock::Clock;
use crate::commands::station;
use crate::config::{Config, DataDir, StoreOptions};
use crate::destruction::{self, Destroying};
use crate::fixity::{self, Budget, Fixity};
use crate::follow::{self, Follower};
use crate::limits::Limits;
use crate::rasters::Rasters;
use crate::replay;
use crate::server;
use crate::shelf::{self, Shelf};
use crate::state::{App, now};
use crate::uploads::{Busy, Uploads};
use crate::views::Views;
use crate::vocabulary;
use crate::witnesses;
use crate::workers::{self, Crew};

/// What `chartroom serve` was told.
pub struct Serve {
    pub data: DataDir,
    pub options: StoreOptions,
    pub listen: SocketAddr,
    /// Readers of the worker beside the server; as many as there are cores where nothing is said.
    pub ocr_workers: Option<usize>,
    pub public_url: Option<String>,
    pub search_budget: Duration,
    /// What reading everything again may take; none where it is not to be done.
    pub scrub: Option<Budget>,
}

/// Refuses where a server runs on this data folder.
pub fn is_stopped(data: &DataDir) -> anyhow::Result<()> {
    match Index::open(&data.index()) {
        Err(IndexError::Busy) => bail!("the server runs on this archive: stop it first"),
        _ => Ok(()),
    }
}

/// Opens archive and catalog of a data folder.
pub async fn open(data: &DataDir, options: StoreOptions) -> anyhow::Result<(Archive, Catalog)> {
    let settings = data.settings()?;
    let signer = data.signer(&settings)?;
    let replica = data.replica(&settings, &options)?;
    let store = data.store(&settings, options)?;
    // The catalog first: what a running server appends meanwhile is then in the ledger and not yet known.
    let catalog = Catalog::open(&data.catalog(&settings)).await.context("failed to open the catalog")?;
    let known = catalog.cursor().await?;
    let opened = Archive::open_with(&store, replica.as_ref(), signer).await;
    let archive = opened.context("failed to open the archive")?;
    let there = archive.size();
    if known > there {
        bail!(
            "the catalog has {known} events and the ledger {there}: this is not its ledger, or the store was set \
             back; find out why, then run `chartroom rebuild --catalog --index`"
        );
    }
    Ok((archive, catalog))
}

/// Opens the index; a damaged one, one of another version or one that is ahead of the ledger is
/// made anew and filled again while the server runs.
pub fn open_index(data: &DataDir, vocabulary: &Vocabulary, events: u64) -> anyhow::Result<Index> {
    let reason = match Index::open_with(&data.index(), vocabulary.clone()) {
        Ok(index) if index.cursor() <= events => return Ok(index),
        Ok(_) => "it is ahead of the ledger".to_owned(),
        Err(error) if error.wants_rebuild() => error.to_string(),
        Err(error) => return Err(error).context("failed to open the search index"),
    };
    tracing::warn!("the search index is made anew, and filled while the server runs: {reason}");
    Index::recreate_with(&data.index(), vocabulary.clone()).context("failed to make the search index anew")
}

/// Everything a request handler holds.
pub async fn state(serve: &Serve, metrics: PrometheusHandle) -> anyhow::Result<web::Data<App>> {
    let (archive, catalog) = open(&serve.data, serve.options.clone()).await?;
    let vocabulary = vocabulary::read(&serve.data)?;
    let index = open_index(&serve.data, &vocabulary, archive.size())?;
    let follower = Follower::new(serve.data.rules()?);
    follower.catch_up(&archive, &catalog).await.context("failed to bring the catalog up to the ledger")?;
    station::check_moved(&serve.data, &catalog).await?;
    // Either of them may have been made anew since they last agreed on this.
    follower.start_at(index.cursor());
    catalog.mark_indexed(index.cursor()).await?;
    vocabulary::names(&catalog, |names| index.learn(names)).await.context("failed to read the patients' names")?;
    Ok(web::Data::new(App {
        archive,
        catalog,
        shelf: Shelf::new(serve.data.index(), vocabulary, index),
        config: Config { public_url: serve.public_url.clone(), search_budget: serve.search_budget },
        clock: Clock::start(now()),
        follower,
        limits: Limits::default(),
        views: Views::default(),
        rasters: Rasters::new(cores()),
        uploads: Uploads::open(serve.data.uploads()).context("failed to open the upload folder")?,
        fixity: Fixity::default(),
        sealing: Busy::default(),
        recording: Busy::default(),
        destroying: Destroying::default(),
        retention: serve.data.retention()?,
        metrics,
    }))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Serves until a signal says stop; then ends what is under way and the workers with it.
pub async fn run(serve: Serve, metrics: PrometheusHandle) -> anyhow::Result<()> {
    let app = state(&serve, metrics).await?;
    let shared = app.clone();
    let server = HttpServer::new(move || server::assemble(shared.clone()))
        .workers(cores().max(2))
        .client_request_timeout(Duration::from_secs(15))
        .keep_alive(Duration::from_secs(75))
        // Whoever has gone waits for nothing: a search of theirs is stopped.
        .h1_allow_half_closed(false)
        .shutdown_timeout(10)
        .disable_signals()
        .bind(serve.listen)
        .with_context(|| format!("failed to listen on {}", serve.listen))?;
    let address = server.addrs().first().copied().unwrap_or(serve.listen);
    tracing::info!("listening on http://{address}");
    let following = tokio::spawn(follow::run(app.clone()));
    let renewing = tokio::spawn(shelf::keep_current(app.clone()));
    let keeping = tokio::spawn(keep_tidy(app.clone()));
    let reading_again = tokio::spawn(campaigns::run(app.clone()));
    let telling = tokio::spawn(fixity::tell(app.clone()));
    let filling = tokio::spawn(fixity::fill(app.clone()));
    let scrubbing = serve.scrub.map(|budget| tokio::spawn(fixity::scrub(app.clone(), budget)));
    let destroying = tokio::spawn(destruction::run(app.clone()));
    let replaying = tokio::spawn(replay::nightly(app.clone(), serve.data.clone()));
    let witnessing = serve.data.policy()?.map(|policy| tokio::spawn(witnesses::run(app.clone(), policy)));
    let token = workers::token(&app, &serve.data).await?;
    let crew = workers::start(serve.ocr_workers.unwrap_or_else(cores), address, &token)?;
    let server = server.run();
    let stopping = tokio::spawn(stop_on_signal(crew, server.handle()));
    let ended = server.await;
    stopping.abort();
    following.abort();
    renewing.abort();
    keeping.abort();
    reading_again.abort();
    telling.abort();
    replaying.abort();
    destroying.abort();
    filling.abort();
    scrubbing.iter().for_each(tokio::task::JoinHandle::abort);
    witnessing.iter().for_each(tokio::task::JoinHandle::abort);
    app.catalog.close().await;
    tracing::info!("stopped");
    Ok(ended?)
}

/// The first signal lets the worker finish its pages, which it hands in here, and then ends the server. A second
/// one does not wait for that.
async fn stop_on_signal(crew: Crew, server: ServerHandle) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: the worker finishes the pages that it is reading");
    tokio::select! {
        () = crew.drain() => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    crew.stop();
    server.stop(true).await;
    Ok(())
}

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// Once a minute: forgets quiet callers, sessions that have ended, and what was delivered a day ago.
async fn keep_tidy(app: web::Data<App>) {
    let mut minute = tokio::time::interval(Duration::from_secs(60));
    loop {
        minute.tick().await;
        app.limits.forget_quiet();
        if let Err(error) = app.catalog.purge_sessions(app.now()).await {
            tracing::warn!("failed to {error}");
        }
        if let Err(error) = app.catalog.forget_delivered(Timestamp(app.now().0 - DAY_MILLIS)).await {
            tracing::warn!("failed to {error}");
        }
        app.metrics.run_upkeep();
    }
}
