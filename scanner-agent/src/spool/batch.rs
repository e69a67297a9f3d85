//! One batch in the spool: its files, its journal, its state.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use record::{Descriptor, Digest};

use super::blob::Blob;
use super::cipher;
use super::event::{Event, State};
use super::journal::Journal;
use super::keyring::Keyring;
use super::{Clock, SpoolError, durable};

pub const JOURNAL: &str = "journal.ndjson";
const PAGES: &str = "pages";
const ORIGINALS: &str = "originals";

pub struct Batch {
    folder: PathBuf,
    journal: Journal,
    state: State,
    clock: Clock,
}

impl Batch {
    pub(super) fn open(folder: PathBuf, keys: &Keyring, clock: Clock) -> Result<Self, SpoolError> {
        for folder in [folder.clone(), folder.join(PAGES), folder.join(ORIGINALS)] {
            durable::make_directory(&folder).map_err(SpoolError::at(&folder))?;
        }
        let (journal, events) = Journal::open(&folder.join(JOURNAL), keys)?;
        Ok(Self { folder, journal, state: State::of(events), clock })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    pub fn into_state(self) -> State {
        self.state
    }

    /// Journal first, then memory: what the state says is on disk.
    pub fn record(&mut self, event: Event) -> Result<(), SpoolError> {
        self.journal.append((self.clock)(), &event)?;
        self.state.apply(event);
        Ok(())
    }

    /// Durable when this returns, under its digest; the same bytes twice are one file.
    pub fn keep_page(&self, media_type: &str, bytes: &[u8]) -> Result<Descriptor, SpoolError> {
        let descriptor = Descriptor::of(media_type, bytes);
        let path = self.folder.join(PAGES).join(descriptor.digest.hex());
        if !path.exists() {
            let key = self.journal.key();
            durable::put(&path, |file| cipher::write(key, bytes, file)).map_err(SpoolError::at(&path))?;
        }
        Ok(descriptor)
    }

    /// Copies a file of the operator's; the file itself is never touched.
    /// The name is settled by what was read, so a file that changes under us is noticed.
    pub fn keep_original(&self, media_type: &str, from: &mut dyn Read) -> Result<Descriptor, SpoolError> {
        let folder = self.folder.join(ORIGINALS);
        let arriving = folder.join("arriving");
        let copied = durable::put(&arriving, |file| {
            let mut to = cipher::Writer::new(file, self.journal.key())?;
            let copied = durable::copy_and_digest(from, &mut to)?;
            to.finish().map(|_| copied)
        });
        let (digest, size) = copied.map_err(SpoolError::at(&arriving))?;
        let path = folder.join(digest.hex());
        fs::rename(&arriving, &path).and_then(|()| durable::sync_directory(&folder)).map_err(SpoolError::at(&path))?;
        let media_type = media_type.to_owned();
        Ok(Descriptor { media_type, digest, size, plain_digest: None, plain_size: None })
    }

    /// The bytes of a page or an original.
    pub fn blob(&self, digest: &Digest) -> Blob {
        blob(&self.folder, self.journal.key(), digest)
    }

    pub fn read_blob(&self, digest: &Digest) -> Result<Vec<u8>, SpoolError> {
        let blob = self.blob(digest);
        blob.read().map_err(SpoolError::at(&blob.path))
    }

    /// A folder for a child process to write into; emptied first.
    pub fn scratch(&self) -> Result<PathBuf, SpoolError> {
        let path = self.folder.join("scratch");
        let _ = fs::remove_dir_all(&path);
        durable::make_directory(&path).map_err(SpoolError::at(&path))?;
        Ok(path)
    }

    /// Says so first, then removes: a crash between leaves files that mean nothing.
    pub(super) fn forget(&mut self) -> Result<(), SpoolError> {
        self.record(Event::Forgotten)?;
        for name in [PAGES, ORIGINALS, "scratch"] {
            let path = self.folder.join(name);
            if path.exists() {
                fs::remove_dir_all(&path).map_err(SpoolError::at(&path))?;
            }
        }
        Ok(())
    }
}

/// The file of a page or an original in a batch's folder.
pub(super) fn blob(folder: &Path, key: &cipher::Key, digest: &Digest) -> Blob {
    let path = |name: &str| folder.join(name).join(digest.hex());
    let page = path(PAGES);
    Blob { path: if page.exists() { page } else { path(ORIGINALS) }, key: key.clone() }
}
