//! How does a batch get from the spool into the archive, and when may the station forget it?
//!
//! Straight through, and every step may be repeated: open the batch, upload each blob that the
//! server lacks, hand over each document, verify its receipt, close the batch, verify that
//! receipt too. Only then are the spooled pages removed.

pub mod client;
mod pace;
pub mod reels;
mod trust;

use std::cell::Cell;
use std::io::{self, Read};
use std::time::{Duration, Instant};

use record::envelope::{Capture, CapturedDocument};
use record::note::LogKey;
use record::wire::{BatchStatus, CloseBatch, OpenBatch};
use record::{BatchId, Descriptor, Digest, DocumentId, EventKind};

use crate::progress::Progress;
use crate::spool::event::{Event, Planned};
use crate::spool::{Batch, Blob, Spool, SpoolError, durable};
use client::{Client, ClientError, Held, Taken};
pub use trust::{TrustError, trusted_key};

#[derive(Debug, thiserror::Error)]
pub enum HandOverError {
    /// Nothing is lost; try again later.
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// Nothing may be forgotten, and a person has to look.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The archive does not take this document; the others of its batch went on.
    #[error("hand over document {document}: {problem}. Nothing was changed in the archive")]
    Rejected { document: DocumentId, problem: client::Problem },
    #[error("read page file {0} from the spool: its bytes have changed on disk; restore the disk or capture it again")]
    SpoolDamaged(Digest),
    #[error("sign batch {0}: it is too large for one manifest; reopen it and release it in two parts")]
    Unsigned(BatchId),
    #[error("upload {0}: the server counted its bytes differently each time")]
    Confused(Digest),
}

pub use pace::Pace;

impl HandOverError {
    /// Nobody answers: the server is away, or the way to it.
    pub const fn is_away(&self) -> bool {
        matches!(self, Self::Client(ClientError::Unreachable { .. }))
    }
}

pub struct Handing<'a> {
    pub client: &'a Client,
    pub pace: Cell<Pace>,
    pub spool: &'a Spool,
    pub key: &'a LogKey,
}

impl Handing<'_> {
    /// Hands over a batch whose documents are decided, and forgets it.
    pub fn batch(&self, mut batch: Batch) -> Result<(), HandOverError> {
        let Some(opened) = batch.state().opened.clone() else { return Ok(()) };
        self.client.open_batch(opened.batch, &OpenBatch { name: opened.name, source: opened.source })?;
        let waiting: Vec<Planned> = batch.state().waiting().cloned().collect();
        let pages = waiting.iter().map(|planned| planned.hand_over.pages.len()).sum();
        let mut progress = Progress::new("handing over", "pages", pages);
        let mut rejected = None;
        for planned in waiting {
            match self.document(&mut batch, opened.batch, &planned) {
                Err(error @ HandOverError::Rejected { .. }) => rejected = rejected.or(Some(error)),
                other => other?,
            }
            progress.advance(planned.hand_over.pages.len());
        }
        progress.finish();
        if let Some(error) = rejected {
            return Err(error);
        }
        if !batch.state().closed {
            self.close(&mut batch, opened.batch)?;
        }
        Ok(self.spool.forget(batch)?)
    }

    fn document(&self, batch: &mut Batch, id: BatchId, planned: &Planned) -> Result<(), HandOverError> {
        let hand_over = &planned.hand_over;
        for blob in hand_over.originals.iter().chain(hand_over.pages.iter().flat_map(|page| page.blobs())) {
            self.blob(batch, blob)?;
        }
        let sealed = self.client.hand_over(id, planned.document, hand_over).map_err(|error| match error {
            // Anything about the token concerns every document alike.
            ClientError::Refused(problem) if ![401, 403].contains(&problem.status) => {
                HandOverError::Rejected { document: planned.document, problem }
            }
            other => other.into(),
        })?;
        let manifest = trust::check_sealed(self.key, planned, &sealed)?;
        batch.record(Event::DocumentReceipted {
            document: planned.document,
            manifest: Digest::of(sealed.manifest.as_bytes()),
            index: sealed.receipt.index,
            earlier: manifest.batch != id,
        })?;
        Ok(())
    }

    fn blob(&self, batch: &Batch, blob: &Descriptor) -> Result<(), HandOverError> {
        let file = batch.blob(&blob.digest);
        // Bounded: a server that never agrees on an offset must not keep us for ever.
        for _ in 0..4 {
            let Held::Part(offset) = self.client.held(&blob.digest)? else { return Ok(()) };
            match self.upload_from(&file, blob, offset)? {
                Taken::UpTo(_) => return Ok(()),
                Taken::Elsewhere => {}
                Taken::OtherDigest => check_own(&file, blob)?,
            }
        }
        Err(HandOverError::Confused(blob.digest))
    }

    fn upload_from(&self, file: &Blob, blob: &Descriptor, mut offset: u64) -> Result<Taken, HandOverError> {
        let mut chunk = vec![0; self.pace.get().piece()];
        let failed = |source| read_failed(file, blob, source);
        let mut from = file.open().map_err(failed)?;
        from.skip_to(offset).map_err(failed)?;
        loop {
            let n = fill(&mut from, &mut chunk).map_err(failed)?;
            if n == 0 && offset < blob.size {
                return Err(HandOverError::SpoolDamaged(blob.digest));
            }
            self.wait_for(n);
            match self.client.upload(&blob.digest, offset, blob.size, &chunk[..n])? {
                Taken::UpTo(next) if next >= blob.size => return Ok(Taken::UpTo(next)),
                Taken::UpTo(next) if next == offset + n as u64 => offset = next,
                Taken::UpTo(_) => return Ok(Taken::Elsewhere),
                other => return Ok(other),
            }
        }
    }

    fn wait_for(&self, bytes: usize) {
        let mut pace = self.pace.get();
        let wait = pace.before(bytes, Instant::now());
        self.pace.set(pace);
        std::thread::sleep(wait);
    }

    fn close(&self, batch: &mut Batch, id: BatchId) -> Result<(), HandOverError> {
        let state = batch.state();
        let (captured, refused) = (count(state.pages.len()), state.refused.clone());
        let documents: Vec<CapturedDocument> = state.planned().iter().map(captured_document).collect();
        let capture = Capture { batch: id, captured, documents, refused: refused.clone() };
        let signer = self.spool.signer(&state.opened.as_ref().map_or_else(String::new, |o| o.source.station.clone()));
        let signed = signer.sign(&capture).map_err(|_| HandOverError::Unsigned(id))?;
        let close = CloseBatch {
            captured,
            documents: count(state.planned().len()),
            sheets: state.sheet_count(),
            refused,
            signed: Some(signed),
        };
        let reply = self.client.close_batch(id, &close)?;
        let (event, _) = reply.receipt.verify(self.key).map_err(TrustError::Receipt)?;
        if !matches!(event.event, EventKind::BatchRecorded { batch, .. } if batch == id) {
            return Err(TrustError::OtherBatch.into());
        }
        batch.record(Event::BatchClosed { index: reply.receipt.index })?;
        Ok(())
    }
}

/// Waits until everything of a batch is findable; false where that took longer than `most`.
pub fn wait(client: &Client, batch: BatchId, most: Duration) -> Result<(BatchStatus, bool), ClientError> {
    let started = Instant::now();
    let first = client.status(batch)?;
    let mut progress = Progress::new("reading and indexing", "pages", first.sealed as usize);
    let mut lull = Lull::new();
    loop {
        let status = client.status(batch)?;
        progress.reach((status.indexed + status.attention) as usize);
        if lull.is_over_patience(&status) {
            let left = status.sealed.saturating_sub(status.indexed + status.attention);
            progress.say(&format!(
                "{left} of {} pages wait, and none was read for {} s: does a reader run? Start the server with \
                 --ocr-workers 1 or more, or `ocr-worker --server URL --token T` anywhere. The pages are safe in the archive; \
                 waiting may be broken off, or ended with --wait-timeout SECONDS",
                status.sealed,
                LULL.as_secs()
            ));
        }
        if status.is_searchable() || started.elapsed() > most {
            progress.finish();
            let searchable = status.is_searchable();
            return Ok((status, searchable));
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Pages take seconds to be read: so long without one, somebody should look.
const LULL: Duration = Duration::from_secs(30);
/// Said again after so many lulls.
const LULLS: u32 = 10;

/// How long has nothing happened?
struct Lull {
    pages: u32,
    since: Instant,
    patience: Duration,
}

impl Lull {
    fn new() -> Self {
        Self { pages: 0, since: Instant::now(), patience: LULL }
    }

    /// True once for each time that the patience is over.
    fn is_over_patience(&mut self, status: &BatchStatus) -> bool {
        let pages = status.read + status.indexed + status.attention;
        if pages != self.pages {
            *self = Self { pages, ..Self::new() };
        }
        let over = self.since.elapsed() >= self.patience;
        if over {
            self.patience += LULL * LULLS;
        }
        over
    }
}

fn check_own(file: &Blob, blob: &Descriptor) -> Result<(), HandOverError> {
    let found = file.open().and_then(|mut bytes| durable::digest(&mut bytes));
    match found {
        Ok((digest, _)) if digest == blob.digest => Ok(()),
        _ => Err(HandOverError::SpoolDamaged(blob.digest)),
    }
}

/// A spool file that does not decrypt was changed on disk.
fn read_failed(file: &Blob, blob: &Descriptor, source: io::Error) -> HandOverError {
    match source.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => HandOverError::SpoolDamaged(blob.digest),
        _ => SpoolError::Io { path: file.path.clone(), source }.into(),
    }
}

fn fill(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match from.read(&mut into[filled..])? {
            0 => break,
            n => filled += n,
        }
    }
    Ok(filled)
}

/// As it goes into the archive, page by page.
fn captured_document(planned: &Planned) -> CapturedDocument {
    let pages = planned.hand_over.pages.iter().map(|page| page.image.digest).collect();
    CapturedDocument { document: planned.document, pages }
}

/// Limits keep every count of a batch far below four thousand million.
fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
