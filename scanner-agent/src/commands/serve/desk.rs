//! What is running, and where does each batch stand?
//!
//! One program holds the spool while the page is served. Whoever looks on reads the journals; whoever changes a batch has it
//! for that moment, through the scan that is feeding it where there is one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use record::{BatchId, Digest, Mrn};
use serde::Serialize;

use super::delivery::{Delivery, Seen};
use super::ribbons::Ribbons;
use super::start::JobType;
use super::work::{Work, WorkReport};
use crate::cli::{self, BatchAction};
use crate::commands::review::report::BatchReport;
use crate::commands::{review, scan};
use crate::patients::Patients;
use crate::reel::account::Account;
use crate::reel::sheet;
use crate::spool::{self, Home, Spool, State};
use crate::stage::Stage;
use crate::station;

pub struct Desk {
    pub home: Home,
    pub spool: Arc<Spool>,
    pub server: cli::Server,
    pub jobs: Vec<JobType>,
    pub patients: Patients,
    pub work: Mutex<Vec<Work>>,
    pub delivery: Mutex<Delivery>,
    pub ribbons: Ribbons,
    summaries: Mutex<BTreeMap<BatchId, (String, Summary)>>,
}

/// What the page shows beside the batch that is open.
#[derive(Serialize)]
pub struct Overview {
    /// Another tag, other news.
    pub tag: String,
    station: String,
    jobs: Vec<String>,
    work: Vec<WorkReport>,
    delivery: Seen,
    pub batches: Vec<Summary>,
    /// Batches that the archive has whole.
    finished: usize,
}

#[derive(Clone, Serialize)]
pub struct Summary {
    pub batch: BatchId,
    name: String,
    /// Another length, another state.
    length: u64,
    pub stage: Stage,
    pub capturing: bool,
    pages: usize,
    sheets: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<u32>,
    documents: usize,
    receipted: usize,
    questions: usize,
    analysed: usize,
    #[serde(skip)]
    pub patients: Vec<Mrn>,
}

/// What a panic left is whole: entries are replaced, not changed in parts.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    pub fn open(home: &Home, args: &cli::Serve, jobs: Vec<JobType>) -> anyhow::Result<Self> {
        let spool = Arc::new(Spool::open(home, station::now)?);
        let server = cli::Server { wait: false, ..args.server.clone() };
        let delivery = Mutex::new(Delivery::new(server.server.is_some() && server.token.is_some()));
        let (home, patients) = (home.clone(), Patients::open(&home.folder));
        let (work, summaries) = (Mutex::default(), Mutex::default());
        let ribbons = Ribbons::default();
        Ok(Self { home, spool, server, jobs, patients, work, delivery, ribbons, summaries })
    }

    /// Names everything that the overview shows, without reading a journal.
    pub fn tag(&self) -> anyhow::Result<String> {
        let mut text = String::new();
        for (id, length) in spool::lengths(&self.home.folder)? {
            text += &format!("{id} {length}\n");
        }
        text +=
            &serde_json::to_string(&(locked(&self.delivery).seen(), self.work_report(false), self.patients.version()))?;
        Ok(Digest::of(text.as_bytes()).hex())
    }

    pub fn overview(&self) -> anyhow::Result<Overview> {
        let tag = self.tag()?;
        let lengths = spool::lengths(&self.home.folder)?;
        let batches = lengths.iter().filter_map(|(id, length)| self.summary(*id, *length).transpose());
        Ok(Overview {
            tag,
            station: station::name(),
            jobs: self.jobs.iter().map(|job| job.name.clone()).collect(),
            work: self.work_report(true),
            delivery: locked(&self.delivery).seen(),
            batches: batches.collect::<anyhow::Result<_>>()?,
            finished: spool::finished_count(&self.home.folder),
        })
    }

    fn work_report(&self, speed: bool) -> Vec<WorkReport> {
        locked(&self.work).iter().map(|work| work.report(&self.home, speed)).collect()
    }

    /// Read anew only when the journal has grown.
    fn summary(&self, id: BatchId, length: u64) -> anyhow::Result<Option<Summary>> {
        let version = format!("{length} {}", self.patients.version());
        if let Some((known, summary)) = locked(&self.summaries).get(&id)
            && *known == version
        {
            return Ok(Some(summary.clone()));
        }
        // It may have been finished a moment ago.
        let Some(state) = spool::peek_one(&self.home, id)?.filter(|state| state.opened.is_some()) else {
            return Ok(None);
        };
        let report = BatchReport::of(id, &state, &self.patients)?;
        let summary = Summary {
            batch: id,
            name: state.name().to_owned(),
            length,
            stage: state.stage(),
            capturing: !state.capture_complete,
            pages: state.pages.len(),
            sheets: state.sheets_fed(),
            expected: state.expected,
            documents: report.documents.len(),
            patients: report.patients(),
            receipted: state.receipted.len(),
            questions: report.questions.len(),
            analysed: state.pages.iter().filter(|placed| placed.page.codes.is_some()).count(),
        };
        locked(&self.summaries).insert(id, (version, summary.clone()));
        Ok(Some(summary))
    }

    pub fn state(&self, id: BatchId) -> anyhow::Result<State> {
        match spool::peek_one(&self.home, id)? {
            Some(state) => Ok(state),
            None => self.spool.finished(id).context("failed to find the batch: it does not wait in this spool"),
        }
    }

    pub fn report(&self, id: BatchId) -> anyhow::Result<BatchReport> {
        BatchReport::of(id, &self.state(id)?, &self.patients)
    }

    /// A reel's account, to be printed.
    pub fn account(&self, id: BatchId) -> anyhow::Result<String> {
        let state = self.state(id)?;
        let account = Account::of(&state).context("this batch is no reel of film")?;
        Ok(sheet::html(&state, &account))
    }

    /// Does one operation, as `scanner-agent batch` does it.
    pub fn act(&self, id: BatchId, action: &BatchAction, by: Option<&str>) -> anyhow::Result<BatchReport> {
        let feeding = locked(&self.work).iter().find_map(|work| work.feeding(id));
        match feeding {
            Some(batch) => review::act(&mut scan::held(&batch), action, by)?,
            None => {
                self.state(id)?;
                review::act(&mut self.spool.batch(id)?, action, by)?;
            }
        }
        self.report(id)
    }
}
