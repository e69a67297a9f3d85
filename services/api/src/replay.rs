//! Do catalog and index show what the ledger says, no more and no less? The ledger is folded anew, into a catalog of its own, and both
//! are held against that: a document that is dropped, shown in an older version, given to another patient, or was never sealed is named,
//! and so is a page that its own words do not find. Nothing is taken from what is audited.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use actix_web::web;
use anyhow::Context as _;
use archive::Archive;
use catalog::{Catalog, Difference, DifferenceKind, PageState};
use fields::Rules;
use indexer::{Flaw, Index};
use record::event::Actor;
use record::{EventKind, PageId};
use serde::Serialize;

use crate::config::DataDir;
use crate::state::App;
use crate::{follow, shelf};

/// Findings that are named; all are counted.
const NAMED_MAX: usize = 1_000;
/// Pages that are asked for at a time.
const PAGES: u32 = 1_000;
/// How long an index that is behind is waited for, before what it has is believed to be all.
const PATIENCE: Duration = Duration::from_secs(10);

/// What may be wrong with what people see. The words are the auditor's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The ledger has sealed it, and the catalog does not show it.
    DroppedDocument,
    /// The catalog shows it, and no event has sealed it.
    GhostDocument,
    /// The catalog shows an older version than the newest.
    StaleRevision,
    /// It is shown in another patient's chart.
    SwappedPatient,
    /// The catalog's own file is damaged.
    DamagedCatalog,
    /// Files of the index are damaged: no page of it was looked at.
    DamagedIndex,
    /// Another row of the catalog is not what the ledger makes of it.
    OtherRow,
    /// A page that was read is not in the index.
    DroppedPage,
    /// The index finds a page that no document has.
    GhostPage,
    /// The index finds a page for another patient, or in another document.
    SwappedPage,
    /// The index has an older text of it, or other fields.
    StalePage,
    /// A page rests in the index and its own words do not find it.
    NotFound,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Finding {
    pub kind: Kind,
    /// An id, or a table of the catalog with a row's key; never a patient's number.
    pub what: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Events that were folded anew.
    pub events: u64,
    /// Pages that were looked for in the index.
    pub pages: u64,
    pub found: u64,
    pub findings: Vec<Finding>,
}

impl Report {
    fn find(&mut self, kind: Kind, what: String, detail: String) {
        self.found += 1;
        let finding = Finding { kind, what, detail };
        if self.findings.len() < NAMED_MAX && !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// The event that tells of it.
    pub const fn event(&self) -> EventKind {
        EventKind::Replayed { events: self.events, pages: self.pages, found: self.found }
    }
}

/// What is audited, and the ledger that it is held against.
pub struct Audited<'a> {
    pub archive: &'a Archive,
    pub catalog: &'a Catalog,
    pub index: &'a Index,
    pub rules: &'a Rules,
}

/// Holds both against a fold of the ledger that is made in this file: anew, or gone on with since the last time.
pub async fn audit(audited: &Audited<'_>, file: &Path) -> anyhow::Result<Report> {
    let fresh = Catalog::open(&format!("sqlite:{}", file.display())).await?;
    let mut report = Report::default();
    // Most of the way before the moment is fixed: that moment is held for as short as possible.
    fold(audited, &fresh, audited.catalog.cursor().await?).await?;
    let now = audited.catalog.snapshot().await?;
    report.events = now.cursor();
    fold(audited, &fresh, now.cursor()).await?;
    if let Some(damage) = audited.catalog.file_damage().await? {
        report.find(Kind::DamagedCatalog, "catalog".to_owned(), damage);
    }
    let (differences, count) = now.compare(&fresh, NAMED_MAX).await?;
    report.found += count - differences.len() as u64;
    differences.into_iter().for_each(|difference| report.differs(difference));
    match audited.index.check() {
        Err(error) => report.find(Kind::DamagedIndex, "index".to_owned(), error.to_string()),
        Ok(()) => {
            pages(audited, &fresh, &mut report).await?;
            ghosts(audited, &fresh, &mut report).await?;
        }
    }
    fresh.close().await;
    Ok(report)
}

async fn fold(audited: &Audited<'_>, fresh: &Catalog, to: u64) -> anyhow::Result<()> {
    let mut cursor = fresh.cursor().await?;
    while cursor < to {
        cursor += follow::fold_group(audited.archive, fresh, audited.rules, cursor, to).await?;
    }
    Ok(())
}

impl Report {
    fn differs(&mut self, difference: Difference) {
        let Difference { table, key, kind } = difference;
        let what = key.unwrap_or_else(|| "a row named by a patient's number".to_owned());
        let (kind, detail) = match (table, kind) {
            ("documents", DifferenceKind::Ghost) => (Kind::GhostDocument, String::new()),
            ("documents", DifferenceKind::Dropped) => (Kind::DroppedDocument, String::new()),
            ("documents", DifferenceKind::Changed(columns)) => {
                let has = |column: &str| columns.iter().any(|one| one == column);
                let kind = match (has("version"), has("mrn")) {
                    (true, _) => Kind::StaleRevision,
                    (false, true) => Kind::SwappedPatient,
                    (false, false) => Kind::OtherRow,
                };
                (kind, columns.join(", "))
            }
            (_, DifferenceKind::Ghost) => (Kind::OtherRow, format!("{table}: it should not be there")),
            (_, DifferenceKind::Dropped) => (Kind::OtherRow, format!("{table}: it is not there")),
            (_, DifferenceKind::Changed(columns)) => (Kind::OtherRow, format!("{table}: {}", columns.join(", "))),
        };
        self.find(kind, what, detail);
    }
}

/// Every page that was read, by the ledger's word, in the index. What looks amiss is looked at once more, when the index has had the time to
/// come as far as the ledger.
async fn pages(audited: &Audited<'_>, fresh: &Catalog, report: &mut Report) -> anyhow::Result<()> {
    let (mut after, mut suspects) = (None, Vec::new());
    loop {
        let pages = fresh.read_pages_after(after, PAGES).await?;
        let Some(last) = pages.last() else { break };
        after = Some(last.page);
        for page in pages {
            report.pages += 1;
            if flaw(audited, fresh, page.page).await?.is_some() {
                suspects.push(page.page);
            }
        }
    }
    if suspects.is_empty() {
        return Ok(());
    }
    let end = settled(audited).await?;
    fold(audited, fresh, end).await?;
    for page in suspects {
        if let Some(flaw) = flaw(audited, fresh, page).await? {
            report.find(kind(flaw), page.to_string(), format!("{flaw:?}"));
        }
    }
    Ok(())
}

/// Waits until the index has what the catalog has, or for as long as that may take.
async fn settled(audited: &Audited<'_>) -> anyhow::Result<u64> {
    let end = audited.catalog.cursor().await?;
    for _ in 0..PATIENCE.as_secs() {
        if audited.index.cursor() >= end {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    audited.index.refresh()?;
    Ok(end)
}

async fn flaw(audited: &Audited<'_>, fresh: &Catalog, page: PageId) -> anyhow::Result<Option<Flaw>> {
    let Some(expected) = follow::findable(audited.archive, fresh, page).await? else { return Ok(None) };
    // What the index has not come to yet is late, and not wrong.
    if expected.arrived >= audited.index.cursor() { Ok(None) } else { Ok(audited.index.flaw(&expected)?) }
}

const fn kind(flaw: Flaw) -> Kind {
    match flaw {
        Flaw::Missing => Kind::DroppedPage,
        Flaw::Twice => Kind::GhostPage,
        Flaw::OtherDocument | Flaw::OtherPatient => Kind::SwappedPage,
        Flaw::OtherFields | Flaw::OtherText => Kind::StalePage,
        Flaw::NotFound => Kind::NotFound,
    }
}

/// Pages of the index that the ledger has not, or no longer.
async fn ghosts(audited: &Audited<'_>, fresh: &Catalog, report: &mut Report) -> anyhow::Result<()> {
    let mut pages = HashSet::new();
    // About 40 bytes a page.
    audited.index.each_page(|page, _| {
        pages.insert(page);
    })?;
    let mut after = None;
    loop {
        let known = fresh.read_pages_after(after, PAGES).await?;
        let Some(last) = known.last() else { break };
        after = Some(last.page);
        for page in &known {
            pages.remove(&page.page);
        }
    }
    if pages.is_empty() {
        return Ok(());
    }
    let end = settled(audited).await?;
    fold(audited, fresh, end).await?;
    for page in pages {
        let known = fresh.page(page).await?;
        let is_late = known.as_ref().is_some_and(|(document, _)| document.sealed_index >= audited.index.cursor());
        let is_read = known.is_some_and(|(_, page)| !page.withdrawn && page.state == PageState::Read);
        if !is_read && !is_late && audited.index.contains(&page)? {
            report.find(Kind::GhostPage, page.to_string(), String::new());
        }
    }
    Ok(())
}

/// Where the fold rests that the nightly audit goes on with.
pub fn kept(data: &DataDir) -> std::path::PathBuf {
    data.path().join("replay.sqlite")
}

const HOUR_MILLIS: i64 = 60 * 60 * 1000;
/// When nobody waits for anything, by UTC; and how long after the last one.
const NIGHT: std::ops::Range<i64> = 1..5;
const APART_HOURS: i64 = 20;

/// Once a night, as long as the server runs.
pub async fn nightly(app: web::Data<App>, data: DataDir) {
    let mut rounds = tokio::time::interval(Duration::from_secs(10 * 60));
    loop {
        rounds.tick().await;
        if let Err(error) = tonight(&app, &data).await {
            tracing::error!("catalog and index were not held against the ledger: {error:#}");
        }
    }
}

async fn tonight(app: &App, data: &DataDir) -> anyhow::Result<()> {
    let now = app.now();
    let hour = now.0.div_euclid(HOUR_MILLIS).rem_euclid(24);
    let last = app.catalog.last_replay().await?;
    let since = now.0 - last.map_or(app.began().await?, |last| last.at).0;
    if !NIGHT.contains(&hour) || since < APART_HOURS * HOUR_MILLIS {
        return Ok(());
    }
    let (index, rules) = (app.shelf.index(), app.follower.rules());
    let audited = Audited { archive: &app.archive, catalog: &app.catalog, index: &index, rules };
    let report = audit(&audited, &kept(data)).await?;
    for Finding { kind, what, detail } in &report.findings {
        tracing::error!(?kind, what, detail, "not what the ledger says");
    }
    metrics::gauge!("chartroom_replay_found").set(report.found as f64);
    app.append_one(Actor::System, report.event()).await.map(drop).context("failed to write it into the ledger")?;
    if report.findings.iter().any(|finding| finding.kind == Kind::DamagedIndex) {
        tracing::info!("the search index is made anew while the damaged one answers");
        shelf::renew(app).await?;
    }
    Ok(())
}
