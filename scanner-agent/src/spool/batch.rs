//! One batch in the spool: its files, its journal, its state.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use record::{Descriptor, Digest};

use super::event::{Event, State};
use super::journal::Journal;
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
    pub(super) fn open(folder: PathBuf, clock: Clock) -> Result<Self, SpoolError> {
        for folder in [folder.clone(), folder.join(PAGES), folder.join(ORIGINALS)] {
            durable::make_directory(&folder).map_err(SpoolError::at(&folder))?;
        }
        let (journal, events) = Journal::open(&folder.join(JOURNAL))?;
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
            durable::write(&path, bytes).map_err(SpoolError::at(&path))?;
        }
        Ok(descriptor)
    }

    /// Copies a file of the operator's; the file itself is never touched.
    /// The name is settled by what was read, so a file that changes under us is noticed.
    pub fn keep_original(&self, media_type: &str, from: &mut dyn Read) -> Result<Descriptor, SpoolError> {
        let folder = self.folder.join(ORIGINALS);
        let arriving = folder.join("arriving");
        let (digest, size) = durable::copy(from, &arriving).map_err(SpoolError::at(&arriving))?;
        let path = folder.join(digest.hex());
        fs::rename(&arriving, &path).and_then(|()| durable::sync_directory(&folder)).map_err(SpoolError::at(&path))?;
        let media_type = media_type.to_owned();
        Ok(Descriptor { media_type, digest, size, plain_digest: None, plain_size: None })
    }

    /// Where the bytes of a page or an original lie.
    pub fn blob(&self, digest: &Digest) -> PathBuf {
        blob_in(&self.folder, digest)
    }

    pub fn read_blob(&self, digest: &Digest) -> Result<Vec<u8>, SpoolError> {
        let path = self.blob(digest);
        let mut bytes = Vec::new();
        File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(SpoolError::at(&path))?;
        Ok(bytes)
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

/// Where the bytes lie in a batch's folder.
pub(super) fn blob_in(folder: &Path, digest: &Digest) -> PathBuf {
    let page = folder.join(PAGES).join(digest.hex());
    if page.exists() { page } else { folder.join(ORIGINALS).join(digest.hex()) }
}
