//! What does somebody see who only looks on, while another process may be writing?

use std::fs;
use std::io;
use std::path::Path;

use record::{BatchId, Digest};

use super::journal::Journal;
use super::{Blob, Home, JournalError, Keyring, SpoolError, State, batch, finished, list};

/// Looks on without the lock: what waits, and how many batches are finished.
pub fn peek(home: &Home) -> Result<(Vec<(BatchId, State)>, usize), SpoolError> {
    if !home.folder.exists() {
        return Ok((Vec::new(), 0));
    }
    let keys = Keyring::load(&home.key)?;
    let mut waiting = Vec::new();
    for id in list(&home.folder)? {
        let journal = home.folder.join(id.to_string()).join(batch::JOURNAL);
        if journal.exists() {
            waiting.push((id, State::of(Journal::peek(&journal, &keys)?)));
        }
    }
    Ok((waiting, finished_count(&home.folder)))
}

/// One batch; `None` where it does not wait here.
pub fn peek_one(home: &Home, id: BatchId) -> Result<Option<State>, SpoolError> {
    let journal = home.folder.join(id.to_string()).join(batch::JOURNAL);
    match Journal::peek(&journal, &Keyring::load(&home.key)?) {
        Ok(events) => Ok(Some(State::of(events))),
        Err(JournalError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The batches that wait, and how long their journals are. Another length, another state.
pub fn lengths(folder: &Path) -> Result<Vec<(BatchId, u64)>, SpoolError> {
    let length = |id: &BatchId| fs::metadata(folder.join(id.to_string()).join(batch::JOURNAL)).map(|facts| facts.len());
    Ok(list(folder)?.into_iter().filter_map(|id| Some((id, length(&id).ok()?))).collect())
}

/// How many batches the archive has whole.
pub fn finished_count(folder: &Path) -> usize {
    fs::read_dir(folder.join("finished")).map_or(0, Iterator::count)
}

/// Looks on: the bytes of a page or an original of a batch that waits.
pub fn peek_blob(home: &Home, id: BatchId, digest: &Digest) -> Result<Blob, SpoolError> {
    let folder = home.folder.join(id.to_string());
    let journal = folder.join(batch::JOURNAL);
    let key = Journal::peek_key(&journal, &Keyring::load(&home.key)?)?;
    let key = key.ok_or_else(|| SpoolError::at(&journal)(io::ErrorKind::NotFound.into()))?;
    Ok(batch::blob(&folder, &key, digest))
}

/// Looks on: the batches that the archive has whole, by their journals.
pub fn peek_finished(home: &Home) -> Result<Vec<(BatchId, State)>, SpoolError> {
    let keys = Keyring::load(&home.key)?;
    let mut batches = Vec::new();
    for (id, path) in finished(&home.folder) {
        batches.push((id, State::of(Journal::peek(&path, &keys)?)));
    }
    batches.sort_unstable_by_key(|(id, _)| *id);
    Ok(batches)
}
