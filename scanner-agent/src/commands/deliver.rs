//! The way from the spool to the archive, as all commands go it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use record::manifest::Patient;
use record::note::LogKey;
use record::words::Box as Rectangle;
use record::{BatchId, DocumentId, Mrn, PageId};

use super::Exit;
use crate::capture;
use crate::cli;
use crate::handover::client::Client;
use crate::handover::reels::{Hit, Shown};
use crate::handover::{self, HandOverError, Handing, Pace};
use crate::reel::account::Account;
use crate::report::Report;
use crate::spool::Spool;
use crate::spool::event::Event;
use crate::stage::Stage;
use crate::station;
use crate::unpack::supervise::Unpacker;

pub fn unpacker() -> anyhow::Result<Unpacker> {
    Ok(Unpacker::new(station::own_program().context("failed to find this program's own file")?))
}

/// What is needed to reach the archive, checked before anything is captured.
pub struct Archive<'a> {
    client: Client,
    given_key: Option<LogKey>,
    options: &'a cli::Server,
}

impl<'a> Archive<'a> {
    pub fn new(options: &'a cli::Server) -> anyhow::Result<Self> {
        let Some(server) = &options.server else {
            bail!("failed to start: give --server URL, or set CHARTROOM_SERVER")
        };
        let Some(token) = &options.token else { bail!("failed to start: give --token T, or set CHARTROOM_TOKEN") };
        let given_key = options.log_key.as_ref().map(|path| {
            let text = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
            text.trim().parse().map_err(|_| anyhow::anyhow!("failed to read {}: it is no log key", path.display()))
        });
        let client = Client::new(server, token).map_err(HandOverError::from)?;
        Ok(Self { client, given_key: given_key.transpose()?, options })
    }

    /// What the archive's patient list says of these numbers, at most [`record::limits::LOOKUP_PATIENTS_MAX`].
    pub fn look_up(&self, mrns: &[Mrn]) -> anyhow::Result<Vec<(Mrn, Option<Patient>)>> {
        let said = self.client.look_up(mrns).map_err(HandOverError::from)?;
        Ok(mrns.iter().cloned().zip(said.unwrap_or_default()).collect())
    }

    /// The pages that are this frame of this reel.
    pub fn frames(&self, reel: &str, frame: u32) -> anyhow::Result<Vec<Hit>> {
        Ok(self.client.frames(reel, frame).map_err(HandOverError::from)?)
    }

    pub fn document(&self, document: DocumentId) -> anyhow::Result<Shown> {
        Ok(self.client.document(document).map_err(HandOverError::from)?)
    }

    /// Cuts a frame another way; gives the document's new version.
    pub fn recut(&self, document: DocumentId, page: PageId, version: u32, cuts: &[Rectangle]) -> anyhow::Result<u32> {
        Ok(self.client.recut(document, page, version, cuts).map_err(HandOverError::from)?)
    }

    /// Hands over what waits from before, interrupted scans excepted. A batch that cannot go is
    /// told of and left: it must not keep today's paper from being captured.
    pub fn deliver_earlier(&self, spool: &Spool, current: BatchId) -> anyhow::Result<()> {
        for id in spool.batches()?.into_iter().filter(|id| *id != current) {
            if let Err(error) = self.deliver(spool, id, false) {
                eprintln!("scanner-agent: batch {id} still waits: failed to {error:#}");
            }
        }
        Ok(())
    }

    /// Hands over every batch, interrupted scans included; the reports of those that went, and
    /// the first error of those that did not.
    pub fn deliver_all(&self, spool: &Spool) -> anyhow::Result<(Vec<Report>, Option<anyhow::Error>)> {
        let (mut reports, mut first) = (Vec::new(), None);
        for id in spool.batches()? {
            match self.deliver(spool, id, true) {
                Ok(report) => reports.extend(report),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Ok((reports, first))
    }

    /// Hands over one batch; `None` for an interrupted scan that was left alone.
    pub fn deliver(&self, spool: &Spool, id: BatchId, scans: bool) -> anyhow::Result<Option<Report>> {
        let unpacker = unpacker()?;
        let mut batch = spool.batch(id)?;
        let stage = batch.state().stage();
        if stage.is_held() {
            eprintln!("scanner-agent: batch {id} is held ({}): `scanner-agent batch {id} show`", stage.name());
            return Ok(None);
        }
        if !batch.state().capture_complete {
            if batch.state().is_scan() && !scans {
                return Ok(None);
            }
            capture::files(&mut batch, &unpacker)?;
        }
        let question = Account::of(batch.state()).and_then(|account| account.open_question());
        // Whether it was interrupted before it could be held, or is taken up here.
        if let Some(question) = question.filter(|_| batch.state().stage == Stage::Capturing) {
            batch.record(Event::Moved { stage: Stage::Review, reason: None })?;
            eprintln!("scanner-agent: batch {id} is a reel that is not accounted for, and is held now: {question}");
            return Ok(None);
        }
        capture::decide(&mut batch, &unpacker)?;
        let planned = batch.state().clone();
        let key = handover::trusted_key(&self.client, spool, self.given_key.as_ref())?;
        let pace = Cell::new(Pace::new(self.options.limit_rate, Instant::now()));
        Handing { client: &self.client, pace, spool, key: &key }.batch(batch)?;
        let mut report = Report::of(id, &planned);
        self.tell_receipts(spool, &mut report)?;
        if self.options.wait {
            let most = Duration::from_secs(self.options.wait_timeout);
            let (status, searchable) = handover::wait(&self.client, id, most).map_err(HandOverError::from)?;
            (report.status, report.searchable) = (Some(status), Some(searchable));
        }
        Ok(Some(report))
    }

    fn tell_receipts(&self, spool: &Spool, report: &mut Report) -> anyhow::Result<()> {
        let receipted = spool.finished(report.batch)?.receipted;
        for document in &mut report.documents {
            document.sealed_earlier = receipted.get(&document.document).copied();
        }
        Ok(())
    }
}

/// The exit code that a batch deserves after it was handed over.
pub fn exit_of(report: &Report) -> Exit {
    match report.searchable {
        Some(false) => Exit::Failed,
        _ if !report.refused.is_empty() => Exit::SomeRefused,
        _ => Exit::Done,
    }
}
