//! What has been captured and not yet receipted, safe on this station's disk?
//!
//! ```text
//! SPOOL.key                      the station's key, if it is not somewhere else
//! SPOOL/lock                     held by the one process that writes
//! SPOOL/log-key                  the archive's public key, as first seen
//! SPOOL/<batch>/journal.ndjson   the batch's key, wrapped; then what happened, line by line
//! SPOOL/<batch>/pages/<hex>      page images, named by the digest of the image
//! SPOOL/<batch>/originals/<hex>  files as they were given
//! SPOOL/finished/<batch>.ndjson  journals of batches that the archive has whole
//! ```
//! A page file is durable before the journal line that names it; files that no line names are
//! left-overs of a crash and mean nothing. Everything that shows a patient is encrypted ([`cipher`]); what a child process
//! leaves in passing is, too, with a key that nobody keeps.

pub mod batch;
pub mod blob;
pub mod cipher;
pub mod durable;
pub mod event;
pub mod journal;
pub mod keyring;
mod lock;
mod look;
mod room;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use record::envelope::StationSigner;
use record::note::LogKey;
use record::{BatchId, Timestamp};

pub use batch::Batch;
pub use blob::Blob;
pub use event::State;
pub use journal::JournalError;
pub use keyring::{Home, Keyring};
pub use look::{finished_count, lengths, peek, peek_blob, peek_finished, peek_one};
pub use room::{NearlyFull, has_room, no_room};

#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    #[error("use the spool {0}: another scanner-agent is working in it; wait for it, or give another --spool")]
    InUse(PathBuf),
    #[error(
        "write to the spool: its disk is full. Nothing captured is lost; free some space and run `scanner-agent resume`"
    )]
    Full,
    #[error("take in more: {0}")]
    NearlyFull(NearlyFull),
    #[error("use the station key {0}: it is none. Put the right file back, or give another with --station-key")]
    NoKey(PathBuf),
    #[error("use the spool at {path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("use the {0}")]
    Journal(JournalError),
    #[error("read the pinned log key {0}: it is no log key; put the archive's log.pub there")]
    PinnedKey(PathBuf),
}

impl SpoolError {
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io { path, source },
        }
    }
}

impl From<JournalError> for SpoolError {
    fn from(error: JournalError) -> Self {
        match &error {
            JournalError::Io { source, .. }
                if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) =>
            {
                Self::Full
            }
            _ => Self::Journal(error),
        }
    }
}

/// The clock is handed in, so that nothing in here reads one.
pub type Clock = fn() -> Timestamp;

pub struct Spool {
    folder: PathBuf,
    keys: Keyring,
    clock: Clock,
    /// Released by the kernel when the process ends, however it ends.
    _lock: File,
}

impl Spool {
    pub fn open(home: &Home, clock: Clock) -> Result<Self, SpoolError> {
        let folder = &home.folder;
        durable::make_directory(folder).map_err(SpoolError::at(folder))?;
        let path = folder.join("lock");
        let lock = File::create(&path).map_err(SpoolError::at(&path))?;
        lock::take(&lock).map_err(|_| SpoolError::InUse(folder.to_owned()))?;
        let keys = Keyring::load_or_create(&home.key)?;
        let spool = Self { folder: folder.to_owned(), keys, clock, _lock: lock };
        spool.finish_forgetting()?;
        Ok(spool)
    }

    /// Batches that still wait for something, oldest id first.
    pub fn batches(&self) -> Result<Vec<BatchId>, SpoolError> {
        list(&self.folder)
    }

    /// Opens a batch, or begins its folder.
    pub fn batch(&self, id: BatchId) -> Result<Batch, SpoolError> {
        Batch::open(self.folder.join(id.to_string()), &self.keys, self.clock)
    }

    /// Ends a batch whose documents are all receipted: its pages go, its journal stays.
    pub fn forget(&self, mut batch: Batch) -> Result<(), SpoolError> {
        batch.forget()?;
        self.put_aside(batch.folder())
    }

    fn put_aside(&self, folder: &Path) -> Result<(), SpoolError> {
        let finished = self.folder.join("finished");
        durable::make_directory(&finished).map_err(SpoolError::at(&finished))?;
        let name = folder.file_name().unwrap_or_default();
        let journal = folder.join(batch::JOURNAL);
        let moved = fs::rename(&journal, finished.join(name).with_extension("ndjson"))
            .and_then(|()| durable::sync_directory(&finished))
            .and_then(|()| fs::remove_dir_all(folder));
        moved.map_err(SpoolError::at(folder))
    }

    /// A crash between "forgotten" and putting the journal aside is made good here.
    fn finish_forgetting(&self) -> Result<(), SpoolError> {
        for id in self.batches()? {
            let folder = self.folder.join(id.to_string());
            let state = self.batch(id)?.into_state();
            if state.forgotten {
                self.put_aside(&folder)?;
            } else if state.opened.is_none() {
                // Killed before the first line: nothing was captured, and the sources are untouched.
                fs::remove_dir_all(&folder).map_err(SpoolError::at(&folder))?;
            }
        }
        Ok(())
    }

    /// What the journal of a finished batch says.
    pub fn finished(&self, id: BatchId) -> Result<State, SpoolError> {
        let path = self.folder.join("finished").join(format!("{id}.ndjson"));
        Ok(State::of(journal::Journal::peek(&path, &self.keys)?))
    }

    pub fn is_finished(&self, id: BatchId) -> bool {
        self.folder.join("finished").join(format!("{id}.ndjson")).exists()
    }

    pub fn signer(&self, station: &str) -> StationSigner {
        self.keys.signer(station)
    }

    pub fn pinned_key(&self) -> Result<Option<LogKey>, SpoolError> {
        let path = self.folder.join("log-key");
        match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().map(Some).map_err(|_| SpoolError::PinnedKey(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(SpoolError::at(&path)(error)),
        }
    }

    pub fn pin_key(&self, key: &LogKey) -> Result<(), SpoolError> {
        let path = self.folder.join("log-key");
        durable::write(&path, format!("{key}\n").as_bytes()).map_err(SpoolError::at(&path))
    }
}

/// Exchanges the station key: afterwards nothing opens with the old one. Killed on the way, both keys are kept, and the next
/// exchange finishes it.
pub fn exchange_key(home: &Home, clock: Clock) -> Result<Keyring, SpoolError> {
    let spool = Spool::open(home, clock)?;
    let both = spool.keys.with_fresh().map_err(SpoolError::at(&home.key))?;
    both.keep(&home.key)?;
    let waiting = list(&home.folder)?.into_iter().map(|id| home.folder.join(id.to_string()).join(batch::JOURNAL));
    for journal in waiting.chain(finished(&home.folder).into_iter().map(|(_, path)| path)) {
        journal::Journal::wrap_anew(&journal, &both)?;
    }
    let new = both.only_current();
    new.keep(&home.key)?;
    Ok(new)
}

fn finished(folder: &Path) -> Vec<(BatchId, PathBuf)> {
    let entries = fs::read_dir(folder.join("finished")).into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| Some((entry.path().file_stem()?.to_str()?.parse().ok()?, entry.path()))).collect()
}

fn list(folder: &Path) -> Result<Vec<BatchId>, SpoolError> {
    let entries = fs::read_dir(folder).map_err(SpoolError::at(folder))?;
    let mut ids: Vec<BatchId> = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    ids.sort_unstable();
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use record::Descriptor;
    use record::manifest::{Source, SourceKind};
    use record::wire::CapturedFields;

    use super::event::{Captured, CapturedPage, Event, Opened};
    use super::*;

    fn now() -> Timestamp {
        Timestamp(1)
    }

    fn opened(batch: BatchId) -> Event {
        let source = Source { kind: SourceKind::Scan, station: "test".into(), device: None };
        Event::BatchOpened(Box::new(Opened {
            batch,
            name: "a box".into(),
            source,
            defaults: CapturedFields::default(),
            files: Vec::new(),
            refused: Vec::new(),
            rules: None,
            two_sided: false,
            held: false,
            operator: None,
            reel: None,
        }))
    }

    #[test]
    fn one_writer_at_a_time_and_pages_survive_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::beside(&folder.path().join("spool"));
        let id = BatchId::derived([b"x".as_slice()]);
        let spool = Spool::open(&home, now).expect("opens");
        assert!(matches!(Spool::open(&home, now), Err(SpoolError::InUse(_))));
        let mut batch = spool.batch(id).expect("begins");
        batch.record(opened(id)).expect("records");
        let image = batch.keep_page("image/png", b"page").expect("keeps");
        let page = CapturedPage {
            image: image.clone(),
            width: 1,
            height: 1,
            dpi: 0,
            from: None,
            brought: None,
            codes: None,
            quality: None,
            frame: None,
        };
        batch
            .record(Event::Captured(Captured {
                file: None,
                original: None,
                pages: vec![page],
                refused: vec![],
                strip: None,
            }))
            .expect("records");
        drop((batch, spool));
        let spool = Spool::open(&home, now).expect("the lock went with its process");
        let batch = spool.batch(id).expect("is there");
        assert_eq!(batch.state().pages[0].page.image, Descriptor::of("image/png", b"page"));
        assert_eq!(batch.read_blob(&image.digest).expect("is there"), b"page");
        assert_eq!(peek_blob(&home, id, &image.digest).expect("looks on").read().expect("reads"), b"page");
        spool.forget(batch).expect("forgets");
        assert_eq!(spool.batches().expect("lists"), []);
        assert_eq!(peek(&home).expect("peeks").1, 1);
    }

    #[test]
    fn a_crash_while_forgetting_is_finished_later() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::beside(&folder.path().join("spool"));
        let id = BatchId::derived([b"x".as_slice()]);
        let spool = Spool::open(&home, now).expect("opens");
        let mut batch = spool.batch(id).expect("begins");
        batch.record(opened(id)).expect("records");
        batch.record(Event::Forgotten).expect("records");
        drop((batch, spool));
        let spool = Spool::open(&home, now).expect("opens");
        assert_eq!(spool.batches().expect("lists"), []);
    }
}
