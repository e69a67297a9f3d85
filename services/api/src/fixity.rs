//! Is every sealed byte still what it was, in the store and in the replica? Three tasks beside the server.
//!
//! [`fill`] lets the replica follow the ledger. [`scrub`] reads every object of both at a pace that leaves the disk to people, and
//! again every week; how far it is, is kept in the catalog. [`tell`] writes into the ledger what these and people's reading have found
//! damaged and put right, so that auditors know of it and administrators see it on the ledger's page.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::web;
use archive::{Archive, Backlog, Incident, Standing, Step};
use catalog::{Catalog, CatalogError, Scrub};
use record::event::Actor;
use record::{EventKind, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::destruction;
use crate::problem::{Problem, Reply};
use crate::state::App;

/// How often news is written down, and the replica looked at.
const NEWS: Duration = Duration::from_secs(1);
const FILL: Duration = Duration::from_secs(2);
/// How long a replica, or a store, that does not answer is left alone.
const AWAY: Duration = Duration::from_secs(30);
/// A pass begins so long after the one before it began: a day less than a week, since no two are equally fast.
const PERIOD_MILLIS: i64 = 6 * 24 * 60 * 60 * 1000;
/// Where the catalog keeps how far a pass is.
const STANDING: &str = "scrub";
/// Damage that is looked at again when a pass is over, to see whether somebody has put it right by hand.
const RECHECKED_MAX: u32 = 10_000;

/// What a pass may take from everybody else; nothing where it is not to run at all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    pub bytes_per_second: f64,
    pub objects_per_second: f64,
}

impl Budget {
    /// How long to wait after a step that took so long.
    fn pause(self, step: &Step, took: Duration) -> Duration {
        let seconds = (step.bytes as f64 / self.bytes_per_second).max(step.objects as f64 / self.objects_per_second);
        Duration::from_secs_f64(seconds.min(3600.0)).saturating_sub(took)
    }
}

/// How the two tasks stand, for the ledger's page and for programs.
#[derive(Default)]
pub struct Fixity {
    replica: Mutex<Option<ReplicaStanding>>,
    pass: Mutex<Option<Standing>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReplicaStanding {
    /// Events that it has, with all that they name.
    pub events: u64,
    /// Events that it does not have yet.
    pub behind: u64,
    /// When it last answered, in milliseconds since 1970.
    #[schema(value_type = Option<i64>)]
    pub answered: Option<Timestamp>,
    /// Why it does not answer, where it does not.
    pub error: Option<String>,
}

impl Fixity {
    pub fn replica(&self) -> Option<ReplicaStanding> {
        self.replica.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The pass that is under way.
    pub fn pass(&self) -> Option<Standing> {
        self.pass.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_pass(&self, standing: Option<&Standing>) {
        *self.pass.lock().unwrap_or_else(PoisonError::into_inner) = standing.cloned();
    }

    fn answered(&self, backlog: Backlog, at: Timestamp) {
        let Backlog { events, behind } = backlog;
        let standing = ReplicaStanding { events, behind, answered: Some(at), error: None };
        *self.replica.lock().unwrap_or_else(PoisonError::into_inner) = Some(standing);
    }

    /// True where it is news.
    fn failed(&self, error: String, events: u64) -> bool {
        let mut replica = self.replica.lock().unwrap_or_else(PoisonError::into_inner);
        let before = replica.take();
        let (known, answered) = before.as_ref().map_or((0, None), |before| (before.events, before.answered));
        let is_news = before.is_none_or(|before| before.error.as_ref() != Some(&error));
        *replica =
            Some(ReplicaStanding { events: known, behind: events.saturating_sub(known), answered, error: Some(error) });
        is_news
    }
}

/// What of these incidents the ledger does not know yet. Damage that cannot be put right is told once.
pub async fn news(catalog: &Catalog, incidents: Vec<Incident>) -> Result<Vec<EventKind>, CatalogError> {
    let mut news = Vec::new();
    for Incident { object, bucket, found, repaired } in incidents {
        let known = catalog.damage_of(&object, bucket).await?;
        if repaired {
            news.push(EventKind::Repaired { object, bucket, found });
        } else if known.is_none_or(|known| known.repaired || known.found != found) {
            news.push(EventKind::Damaged { object, bucket, found });
        }
    }
    Ok(news)
}

/// Known damage that is no longer there: somebody has restored the object.
pub async fn restored(archive: &Archive, catalog: &Catalog) -> Result<Vec<EventKind>, Problem> {
    let mut restored = Vec::new();
    for damage in catalog.damage(RECHECKED_MAX).await? {
        if archive.is_true(&damage.object, damage.bucket).await? {
            restored.push(EventKind::Repaired { object: damage.object, bucket: damage.bucket, found: None });
        }
    }
    Ok(restored)
}

/// The event of a pass that has come to its end.
pub fn passed(standing: &Standing) -> EventKind {
    let Standing { began, events, objects, bytes, damaged, repaired, replica, .. } = *standing;
    EventKind::Scrubbed { began, events, objects, bytes, damaged, repaired, replica }
}

/// Writes down what reading has found.
pub async fn tell(app: web::Data<App>) {
    loop {
        tokio::time::sleep(NEWS).await;
        let incidents = app.archive.take_incidents();
        if let Err(error) = write_down(&app, incidents).await {
            tracing::error!("failed to write down what was found damaged: {error}");
        }
    }
}

async fn write_down(app: &App, incidents: Vec<Incident>) -> Reply<()> {
    if incidents.is_empty() {
        return Ok(());
    }
    let news = news(&app.catalog, incidents).await?;
    if !news.is_empty() {
        app.append(Actor::System, news).await?;
    }
    Ok(())
}

/// Lets the replica follow, as long as the server runs.
pub async fn fill(app: web::Data<App>) {
    while app.archive.has_replica() {
        let pause = match app.archive.replicate().await {
            Ok(backlog) => {
                app.fixity.answered(backlog, app.now());
                metrics::gauge!("chartroom_replica_answered_time_seconds").set(app.now().0 as f64 / 1000.0);
                if backlog.behind == 0 { FILL } else { Duration::ZERO }
            }
            Err(error) => {
                let text = format!("failed to {error}");
                if app.fixity.failed(text.clone(), app.archive.size()) {
                    tracing::error!("the replica is not filled: {text}");
                }
                AWAY
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Reads everything, again and again, as long as the server runs.
pub async fn scrub(app: web::Data<App>, budget: Budget) {
    loop {
        match next(&app).await {
            Ok(Some(from)) => {
                if let Err(error) = pass(&app, budget, from).await {
                    tracing::error!("a pass over the store was broken off, and goes on soon: {error}");
                    tokio::time::sleep(AWAY).await;
                }
            }
            Ok(None) => tokio::time::sleep(AWAY).await,
            Err(error) => {
                tracing::error!("failed to see how far the last pass over the store is: {error}");
                tokio::time::sleep(AWAY).await;
            }
        }
    }
}

/// A pass that is to go on, or to begin (`Some(None)`); none where it is not time yet.
async fn next(app: &App) -> Reply<Option<Option<Standing>>> {
    let kept = app.catalog.setting(STANDING).await?.and_then(|text| serde_json::from_str::<Standing>(&text).ok());
    // After another store was put in this one's place there is nothing to go on with.
    if let Some(kept) = kept.filter(|kept| kept.events <= app.archive.size()) {
        return Ok(Some(Some(kept)));
    }
    let last = app.catalog.last_scrub().await?.map(|Scrub { began, .. }| began);
    let due = app.now().0 - last.unwrap_or(app.began().await?).0 >= PERIOD_MILLIS;
    Ok(due.then_some(None))
}

async fn pass(app: &App, budget: Budget, from: Option<Standing>) -> Reply<()> {
    let mut pass = app.archive.scrub(app.now(), from, false);
    let mut kept = Instant::now();
    loop {
        let began = Instant::now();
        let Some(step) = pass.step().await? else { break };
        write_down(app, step.incidents.clone()).await?;
        metrics::counter!("chartroom_scrubbed_objects_total").increment(step.objects);
        metrics::counter!("chartroom_scrubbed_bytes_total").increment(step.bytes);
        app.fixity.set_pass(Some(pass.standing()));
        if kept.elapsed() > AWAY {
            keep(app, pass.standing()).await?;
            kept = Instant::now();
        }
        tokio::time::sleep(budget.pause(&step, began.elapsed())).await;
    }
    let mut events = restored(&app.archive, &app.catalog).await?;
    events.push(passed(pass.standing()));
    app.append(Actor::System, events).await?;
    // What was destroyed may have come back meanwhile, out of a backup.
    destruction::again(app).await?;
    app.fixity.set_pass(None);
    Ok(app.catalog.set_setting(STANDING, "").await?)
}

async fn keep(app: &App, standing: &Standing) -> Reply<()> {
    let text = serde_json::to_string(standing).map_err(|error| Problem::unavailable("catalog", &error))?;
    Ok(app.catalog.set_setting(STANDING, &text).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_takes_as_long_as_its_bytes_or_its_objects() {
        let budget = Budget { bytes_per_second: 1e6, objects_per_second: 100.0 };
        let step = |objects, bytes| Step { objects, bytes, ..Step::default() };
        assert_eq!(budget.pause(&step(1, 2_000_000), Duration::ZERO), Duration::from_secs(2));
        assert_eq!(budget.pause(&step(50, 1_000), Duration::from_millis(100)), Duration::from_millis(400));
        assert_eq!(budget.pause(&step(1, 1_000), Duration::from_secs(1)), Duration::ZERO);
    }
}
