//! How does a batch get from the spool into the archive, and when may the station forget it?
//!
//! Straight through, and every step may be repeated: open the batch, upload each blob that the
//! server lacks, hand over each document, verify its receipt, close the batch, verify that
//! receipt too. Only then are the spooled pages removed.

pub mod client;
mod trust;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, Instant};

use record::note::LogKey;
use record::wire::{BatchStatus, CloseBatch, OpenBatch};
use record::{BatchId, Descriptor, Digest, DocumentId, EventKind, limits};

use crate::progress::Progress;
use crate::spool::event::{Event, Planned};
use crate::spool::{Batch, Spool, SpoolError, durable};
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
    #[error("upload {0}: the server counted its bytes differently each time")]
    Confused(Digest),
}

impl HandOverError {
    /// Nobody answers: the server is away, or the way to it.
    pub const fn is_away(&self) -> bool {
        matches!(self, Self::Client(ClientError::Unreachable { .. }))
    }
}

pub struct Handing<'a> {
    pub client: &'a Client,
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
        let path = batch.blob(&blob.digest);
        // Bounded: a server that never agrees on an offset must not keep us for ever.
        for _ in 0..4 {
            let Held::Part(offset) = self.client.held(&blob.digest)? else { return Ok(()) };
            match self.upload_from(&path, blob, offset)? {
                Taken::UpTo(_) => return Ok(()),
                Taken::Elsewhere => {}
                Taken::OtherDigest => check_own(&path, blob)?,
            }
        }
        Err(HandOverError::Confused(blob.digest))
    }

    fn upload_from(&self, path: &Path, blob: &Descriptor, mut offset: u64) -> Result<Taken, HandOverError> {
        let mut chunk = vec![0; limits::UPLOAD_CHUNK_BYTES_MAX];
        loop {
            let n = read_at(path, offset, &mut chunk).map_err(|source| SpoolError::Io { path: path.into(), source })?;
            if n == 0 && offset < blob.size {
                return Err(HandOverError::SpoolDamaged(blob.digest));
            }
            match self.client.upload(&blob.digest, offset, blob.size, &chunk[..n])? {
                Taken::UpTo(next) if next >= blob.size => return Ok(Taken::UpTo(next)),
                Taken::UpTo(next) if next > offset => offset = next,
                Taken::UpTo(_) => return Ok(Taken::Elsewhere),
                other => return Ok(other),
            }
        }
    }

    fn close(&self, batch: &mut Batch, id: BatchId) -> Result<(), HandOverError> {
        let state = batch.state();
        let close = CloseBatch {
            captured: count(state.pages.len()),
            documents: count(state.planned().len()),
            sheets: state.sheet_count(),
            refused: state.refused.clone(),
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
    loop {
        let status = client.status(batch)?;
        progress.reach((status.indexed + status.attention) as usize);
        if status.is_searchable() || started.elapsed() > most {
            progress.finish();
            let searchable = status.is_searchable();
            return Ok((status, searchable));
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn check_own(path: &Path, blob: &Descriptor) -> Result<(), HandOverError> {
    let found = File::open(path).and_then(|mut file| durable::digest(&mut file));
    match found {
        Ok((digest, _)) if digest == blob.digest => Ok(()),
        _ => Err(HandOverError::SpoolDamaged(blob.digest)),
    }
}

fn read_at(path: &Path, offset: u64, into: &mut [u8]) -> std::io::Result<usize> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut filled = 0;
    while filled < into.len() {
        match file.read(&mut into[filled..])? {
            0 => break,
            n => filled += n,
        }
    }
    Ok(filled)
}

/// Limits keep every count of a batch far below four thousand million.
fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
