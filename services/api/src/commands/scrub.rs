//! `chartroom scrub`: reads every object of the store and of its replica now, and puts right what it can. The server may run.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use anyhow::bail;
use archive::{Archive, Incident, Pass, Standing};
use catalog::Catalog;
use record::event::{Actor, Bucket};
use record::{Digest, Event, EventKind};
use serde::Serialize;

use super::{catch_up, open, say};
use crate::config::{DataDir, StoreOptions};
use crate::{fixity, state};

#[derive(Debug, Clone, Copy)]
pub struct Scrub {
    /// Finds, and changes nothing.
    pub dry_run: bool,
    pub json: bool,
}

/// One line of the report.
#[derive(Serialize)]
struct Found {
    object: String,
    bucket: Bucket,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<Digest>,
    repaired: bool,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    standing: Standing,
    incidents: Vec<Found>,
}

pub async fn run(data: &DataDir, options: StoreOptions, scrub: Scrub) -> anyhow::Result<()> {
    let (archive, catalog) = open(data, options).await?;
    if archive.has_replica() && !scrub.dry_run {
        follow(&archive).await;
    }
    let mut pass = archive.scrub(state::now(), None, scrub.dry_run);
    let incidents = all(&mut pass).await?;
    let standing = pass.standing().clone();
    if !scrub.dry_run {
        write_down(data, &archive, &catalog, incidents.clone(), &standing).await?;
    }
    catalog.close().await;
    report(standing, incidents, scrub.json)
}

/// Lets the replica catch up first, so that it is looked at whole.
async fn follow(archive: &Archive) {
    loop {
        match archive.replicate().await {
            Ok(backlog) if backlog.behind == 0 => return,
            Ok(backlog) => progress(&format!("replica: {} events to copy", backlog.behind), false),
            Err(error) => {
                tracing::warn!("the replica is not looked at: failed to {error}");
                return;
            }
        }
    }
}

async fn all(pass: &mut Pass) -> anyhow::Result<Vec<Incident>> {
    let (mut incidents, started, mut told) = (Vec::new(), Instant::now(), Instant::now());
    while let Some(step) = pass.step().await? {
        incidents.extend(step.incidents);
        if told.elapsed() > Duration::from_secs(2) {
            progress(&line(pass.standing(), started.elapsed()), true);
            told = Instant::now();
        }
    }
    Ok(incidents)
}

/// How far it is, and by the rule of three how long it will take.
fn line(standing: &Standing, elapsed: Duration) -> String {
    let Standing { events, next_event, objects, bytes, .. } = *standing;
    let left = elapsed.as_secs_f64() * (events - next_event) as f64 / next_event.max(1) as f64;
    let eta = if next_event == 0 { String::new() } else { format!(", about {left:.0} s left") };
    format!("{objects} objects, {} MiB; event {next_event} of {events}{eta}", bytes >> 20)
}

fn progress(text: &str, over: bool) {
    let mut err = std::io::stderr();
    // A closed terminal stops no pass.
    let _ = if over && err.is_terminal() { write!(err, "\r\x1b[K{text}") } else { writeln!(err, "{text}") };
}

async fn write_down(
    data: &DataDir,
    archive: &Archive,
    catalog: &Catalog,
    mut incidents: Vec<Incident>,
    standing: &Standing,
) -> anyhow::Result<()> {
    incidents.extend(archive.take_incidents());
    let mut events = fixity::news(catalog, incidents).await?;
    events.extend(fixity::restored(archive, catalog).await?);
    events.push(fixity::passed(standing));
    append(archive, events).await?;
    catch_up(data, archive, catalog).await
}

async fn append(archive: &Archive, events: Vec<EventKind>) -> anyhow::Result<()> {
    let at = state::now();
    let events: Vec<_> = events.into_iter().map(|event| Event { at, actor: Actor::System, event }).collect();
    for portion in events.chunks(record::limits::COMMIT_EVENTS_MAX) {
        archive.append(portion.to_vec()).await?;
    }
    Ok(())
}

fn report(standing: Standing, incidents: Vec<Incident>, json: bool) -> anyhow::Result<()> {
    let found = |incident: Incident| {
        let Incident { object, bucket, found, repaired } = incident;
        Found { object, bucket, found, repaired }
    };
    let report = Report { standing, incidents: incidents.into_iter().map(found).collect() };
    if json {
        say(&serde_json::to_string(&report)?)?;
    } else {
        tell(&report)?;
    }
    match report.standing.damaged {
        0 => Ok(()),
        n => bail!(
            "{n} objects are damaged: give the archive a replica to put them right from, or restore them from a backup"
        ),
    }
}

fn tell(report: &Report) -> anyhow::Result<()> {
    for Found { object, bucket, repaired, found } in &report.incidents {
        let was = if found.is_some() { "other bytes" } else { "nothing that could be read" };
        let now = if *repaired { "put right" } else { "damaged" };
        say(&format!("{now}: {object} in the {}: there was {was}", bucket.as_str()))?;
    }
    let Standing { objects, bytes, damaged, repaired, replica, .. } = report.standing;
    let whom = if replica { "store and replica" } else { "the store alone" };
    say(&format!("{objects} objects, {bytes} bytes, in {whom}: {repaired} put right, {damaged} damaged"))
}
