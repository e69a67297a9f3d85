//! What happened to a batch, in order, so that a crash can be read back?
//!
//! One JSON object per line: `{"seq","at","prev","event",…}`. `prev` is the SHA-256 of the line
//! before (of nothing for the first), so a line that was changed or lost is noticed. A line
//! counts once it is fsynced with its newline; the last line, where a crash tore it, is cut off.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use record::{Digest, Timestamp};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::durable;
use super::event::Event;

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("journal {path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    /// The disk or somebody's editor changed a line that was already durable.
    #[error(
        "journal {path} is damaged at line {line}: its pages are untouched beside it; keep the folder and ask for help"
    )]
    Damaged { path: PathBuf, line: usize },
    #[error("journal {0}: this batch is being worked on; try again in a moment")]
    InUse(PathBuf),
}

#[derive(Serialize, Deserialize)]
struct Line {
    seq: u64,
    at: Timestamp,
    prev: Digest,
    #[serde(flatten)]
    event: Event,
}

pub struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
    next: u64,
    head: Digest,
}

impl Journal {
    /// Opens or creates the journal, cuts off a torn last line, and returns what it says.
    pub fn open(path: &Path) -> Result<(Self, Vec<Event>), JournalError> {
        let fail = |source| JournalError::Io { path: path.to_owned(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(fail)?;
        // One writer at a time, in this process too; released when the file is closed, however that comes about.
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|_| JournalError::InUse(path.to_owned()))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(fail)?;
        let whole = read(path, &bytes)?;
        let length = whole.length as u64;
        if length < bytes.len() as u64 {
            file.set_len(length).and_then(|()| file.sync_all()).map_err(fail)?;
        }
        file.seek(SeekFrom::Start(length)).map_err(fail)?;
        path.parent().map_or(Ok(()), durable::sync_directory).map_err(fail)?;
        let next = whole.events.len() as u64;
        Ok((Self { path: path.to_owned(), file, length, next, head: whole.head }, whole.events))
    }

    /// What the journal says, without touching it: for looking on while another process writes.
    pub fn peek(path: &Path) -> Result<Vec<Event>, JournalError> {
        let bytes = std::fs::read(path).map_err(|source| JournalError::Io { path: path.to_owned(), source })?;
        Ok(read(path, &bytes)?.events)
    }

    /// Durable when this returns. After an error the journal is as it was before.
    pub fn append(&mut self, at: Timestamp, event: &Event) -> Result<(), JournalError> {
        let line = Line { seq: self.next, at, prev: self.head, event: event.clone() };
        let mut bytes = serde_json::to_vec(&line).map_err(|error| self.fail(error.into()))?;
        let head = Digest::of(&bytes);
        bytes.push(b'\n');
        if let Err(source) = self.file.write_all(&bytes).and_then(|()| self.file.sync_all()) {
            self.cut_back();
            return Err(self.fail(source));
        }
        self.length += bytes.len() as u64;
        self.next += 1;
        self.head = head;
        Ok(())
    }

    /// A line of which only a part fitted on a full disk must not stand before the next one.
    fn cut_back(&mut self) {
        // Where even this fails, opening the journal again cuts the torn line off.
        let _ = self.file.set_len(self.length);
        let _ = self.file.seek(SeekFrom::Start(self.length));
    }

    fn fail(&self, source: io::Error) -> JournalError {
        JournalError::Io { path: self.path.clone(), source }
    }
}

struct Whole {
    events: Vec<Event>,
    length: usize,
    head: Digest,
}

fn read(path: &Path, bytes: &[u8]) -> Result<Whole, JournalError> {
    let mut whole = Whole { events: Vec::new(), length: 0, head: Digest::of(b"") };
    let mut lines = bytes.split_inclusive(|&b| b == b'\n').peekable();
    while let Some(line) = lines.next() {
        match parse(line, whole.events.len() as u64, whole.head) {
            Some((event, head)) => {
                whole.events.push(event);
                whole.head = head;
                whole.length += line.len();
            }
            // Only the last line can be torn: everything before it was fsynced first.
            None if lines.peek().is_none() => break,
            None => return Err(JournalError::Damaged { path: path.to_owned(), line: whole.events.len() + 1 }),
        }
    }
    Ok(whole)
}

fn parse(line: &[u8], seq: u64, head: Digest) -> Option<(Event, Digest)> {
    let line = line.strip_suffix(b"\n")?;
    let parsed: Line = serde_json::from_slice(line).ok()?;
    (parsed.seq == seq && parsed.prev == head).then(|| (parsed.event, Digest::of(line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(n: u64) -> Event {
        Event::BatchClosed { index: n }
    }

    fn written(path: &Path, count: u64) -> Vec<u8> {
        let (mut journal, _) = Journal::open(path).expect("a new journal");
        (0..count).for_each(|n| journal.append(Timestamp(1), &event(n)).expect("appends"));
        std::fs::read(path).expect("readable")
    }

    #[test]
    fn cut_at_any_byte_it_keeps_every_whole_line_and_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal.ndjson");
        let bytes = written(&path, 3);
        let lines: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
        for cut in lines[0].len()..=bytes.len() {
            std::fs::write(&path, &bytes[..cut]).expect("writes");
            let kept = 1 + u64::from(cut >= lines[0].len() + lines[1].len()) + u64::from(cut == bytes.len());
            let (mut journal, events) = Journal::open(&path).expect("recovers");
            assert_eq!(events, (0..kept).map(event).collect::<Vec<_>>(), "cut at {cut}");
            journal.append(Timestamp(2), &event(9)).expect("appends after recovery");
            assert_eq!(Journal::peek(&path).expect("sound").last(), Some(&event(9)), "cut at {cut}");
        }
    }

    #[test]
    fn a_changed_line_in_the_middle_is_named_not_repaired() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal.ndjson");
        let text = String::from_utf8(written(&path, 3)).expect("text");
        std::fs::write(&path, text.replace("\"index\":1", "\"index\":7")).expect("writes");
        // The second line still parses; the third no longer follows from it. It is the last line, so it looks torn …
        assert_eq!(Journal::open(&path).expect("opens").1.len(), 2);
        let text = String::from_utf8(written(&path, 3)).expect("text");
        std::fs::write(&path, text.replacen("\"index\":7", "\"index\":8", 1)).expect("writes");
        // … but with lines after it, it is damage.
        assert!(matches!(Journal::open(&path), Err(JournalError::Damaged { line: 3, .. })));
    }
}
