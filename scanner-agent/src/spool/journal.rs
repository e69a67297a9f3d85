//! What happened to a batch, in order, so that a crash can be read back?
//!
//! The first line is the batch's key, wrapped with the station's: `{"station","key"}`. Every further line is one encrypted
//! JSON object in base64: `{"seq","at","prev","event",…}`. `prev` is the SHA-256 of the object before (of nothing for the
//! first), so a line that was changed or lost is noticed. A line counts once it is fsynced with its newline; the last line,
//! where a crash tore it, is cut off.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use record::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

use super::cipher::{Key, Purpose};
use super::durable;
use super::event::Event;
use super::keyring::Keyring;
use super::lock;

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
    #[error(
        "journal {path}: it is encrypted with the station key {name}, which is not here. Put that key file back, or give \
         it with --station-key; without it the batch has to be captured again"
    )]
    OtherKey { path: PathBuf, name: String },
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    /// The name of the station key that wraps the batch's.
    station: String,
    key: String,
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
    key: Key,
    length: u64,
    next: u64,
    head: Digest,
}

impl Journal {
    /// Opens or creates the journal, cuts off a torn last line, and returns what it says.
    pub fn open(path: &Path, keys: &Keyring) -> Result<(Self, Vec<Event>), JournalError> {
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
        lock::take(&file).map_err(|_| JournalError::InUse(path.to_owned()))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(fail)?;
        let whole = match read(path, &bytes, keys)? {
            Some(whole) => whole,
            None => begin(&mut file, keys).map_err(fail)?,
        };
        let length = whole.length as u64;
        if length < bytes.len() as u64 {
            file.set_len(length).and_then(|()| file.sync_all()).map_err(fail)?;
        }
        file.seek(SeekFrom::Start(length)).map_err(fail)?;
        path.parent().map_or(Ok(()), durable::sync_directory).map_err(fail)?;
        let Whole { key, events, head, .. } = whole;
        Ok((Self { path: path.to_owned(), file, key, length, next: events.len() as u64, head }, events))
    }

    /// The key of the batch's files.
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// What the journal says, without touching it: for looking on while another process writes.
    pub fn peek(path: &Path, keys: &Keyring) -> Result<Vec<Event>, JournalError> {
        let bytes = std::fs::read(path).map_err(|source| JournalError::Io { path: path.to_owned(), source })?;
        Ok(read(path, &bytes, keys)?.map_or(Vec::new(), |whole| whole.events))
    }

    /// The key of the batch's files alone; none where not even the first line is whole.
    pub fn peek_key(path: &Path, keys: &Keyring) -> Result<Option<Key>, JournalError> {
        let mut first = Vec::new();
        let read = File::open(path).and_then(|file| BufReader::new(file).read_until(b'\n', &mut first));
        read.map_err(|source| JournalError::Io { path: path.to_owned(), source })?;
        first.ends_with(b"\n").then(|| unwrap(path, &first, keys)).transpose()
    }

    /// The same journal, its key wrapped with the current station key.
    pub fn wrap_anew(path: &Path, keys: &Keyring) -> Result<(), JournalError> {
        let fail = |source| JournalError::Io { path: path.to_owned(), source };
        let bytes = std::fs::read(path).map_err(fail)?;
        let Some(whole) = read(path, &bytes, keys)? else { return Ok(()) };
        let first = bytes.iter().position(|&b| b == b'\n').map_or(bytes.len(), |at| at + 1);
        let head = head_line(&whole.key, keys).map_err(fail)?;
        durable::write(path, &[&head, &bytes[first..]].concat()).map_err(fail)
    }

    /// Durable when this returns. After an error the journal is as it was before.
    pub fn append(&mut self, at: Timestamp, event: &Event) -> Result<(), JournalError> {
        let line = Line { seq: self.next, at, prev: self.head, event: event.clone() };
        let object = serde_json::to_vec(&line).map_err(|error| self.fail(error.into()))?;
        let head = Digest::of(&object);
        let encrypted = self.key.encrypt(Purpose::Line, &object).map_err(|error| self.fail(error))?;
        let bytes = (BASE64.encode(encrypted) + "\n").into_bytes();
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
    key: Key,
    events: Vec<Event>,
    length: usize,
    head: Digest,
}

impl Whole {
    fn new(key: Key, length: usize) -> Self {
        Self { key, events: Vec::new(), length, head: Digest::of(b"") }
    }
}

/// The first line of a new journal is durable before anything is encrypted with the key in it.
fn begin(file: &mut File, keys: &Keyring) -> io::Result<Whole> {
    let key = Key::fresh()?;
    let head = head_line(&key, keys)?;
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(&head)?;
    file.sync_all()?;
    Ok(Whole::new(key, head.len()))
}

fn head_line(key: &Key, keys: &Keyring) -> io::Result<Vec<u8>> {
    let station = keys.current().ok_or_else(|| io::Error::other("there is no station key"))?;
    let head = Head { station: station.name(), key: BASE64.encode(station.wrap(key)?) };
    let mut line = serde_json::to_vec(&head)?;
    line.push(b'\n');
    Ok(line)
}

/// What stands there; nothing where not even the first line is whole.
fn read(path: &Path, bytes: &[u8], keys: &Keyring) -> Result<Option<Whole>, JournalError> {
    let mut lines = bytes.split_inclusive(|&b| b == b'\n').peekable();
    let Some(first) = lines.next().filter(|line| line.ends_with(b"\n")) else { return Ok(None) };
    let mut whole = Whole::new(unwrap(path, first, keys)?, first.len());
    while let Some(line) = lines.next() {
        match parse(&whole.key, line, whole.events.len() as u64, whole.head) {
            Some((event, head)) => {
                whole.events.push(event);
                whole.head = head;
                whole.length += line.len();
            }
            // Only the last line can be torn: everything before it was fsynced first.
            None if lines.peek().is_none() => break,
            None => return Err(JournalError::Damaged { path: path.to_owned(), line: whole.events.len() + 2 }),
        }
    }
    Ok(Some(whole))
}

fn unwrap(path: &Path, line: &[u8], keys: &Keyring) -> Result<Key, JournalError> {
    let damaged = || JournalError::Damaged { path: path.to_owned(), line: 1 };
    let head: Head = serde_json::from_slice(line).map_err(|_| damaged())?;
    let Some(station) = keys.named(&head.station) else {
        return Err(JournalError::OtherKey { path: path.to_owned(), name: head.station });
    };
    let wrapped = BASE64.decode(&head.key).map_err(|_| damaged())?;
    station.unwrap(&wrapped).map_err(|_| damaged())
}

fn parse(key: &Key, line: &[u8], seq: u64, head: Digest) -> Option<(Event, Digest)> {
    let encrypted = BASE64.decode(line.strip_suffix(b"\n")?).ok()?;
    let object = key.decrypt(Purpose::Line, &encrypted).ok()?;
    let parsed: Line = serde_json::from_slice(&object).ok()?;
    (parsed.seq == seq && parsed.prev == head).then(|| (parsed.event, Digest::of(&object)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(n: u64) -> Event {
        Event::BatchClosed { index: n }
    }

    fn keys() -> (tempfile::TempDir, Keyring) {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = Keyring::load_or_create(&folder.path().join("key")).expect("a key");
        (folder, keys)
    }

    fn written(path: &Path, keys: &Keyring, count: u64) -> Vec<u8> {
        let _ = std::fs::remove_file(path);
        let (mut journal, _) = Journal::open(path, keys).expect("a new journal");
        (0..count).for_each(|n| journal.append(Timestamp(1), &event(n)).expect("appends"));
        std::fs::read(path).expect("readable")
    }

    #[test]
    fn cut_at_any_byte_it_keeps_every_whole_line_and_goes_on() {
        let (folder, keys) = keys();
        let path = folder.path().join("journal");
        let bytes = written(&path, &keys, 3);
        let ends: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] == b'\n').map(|at| at + 1).collect();
        for cut in 0..=bytes.len() {
            std::fs::write(&path, &bytes[..cut]).expect("writes");
            let kept = ends.iter().filter(|end| **end <= cut).count().saturating_sub(1) as u64;
            let (mut journal, events) = Journal::open(&path, &keys).expect("recovers");
            assert_eq!(events, (0..kept).map(event).collect::<Vec<_>>(), "cut at {cut}");
            journal.append(Timestamp(2), &event(9)).expect("appends after recovery");
            assert_eq!(Journal::peek(&path, &keys).expect("sound").last(), Some(&event(9)), "cut at {cut}");
        }
    }

    #[test]
    fn a_changed_or_moved_line_in_the_middle_is_named_not_repaired() {
        let (folder, keys) = keys();
        let path = folder.path().join("journal");
        let text = String::from_utf8(written(&path, &keys, 3)).expect("text");
        let lines: Vec<&str> = text.lines().collect();
        for order in [[0, 1, 3, 2], [0, 2, 1, 3], [0, 3, 3, 3]] {
            let moved: String = order.map(|at| format!("{}\n", lines[at])).concat();
            std::fs::write(&path, moved).expect("writes");
            assert!(matches!(Journal::open(&path, &keys), Err(JournalError::Damaged { .. })), "{order:?}");
        }
    }

    #[test]
    fn it_shows_nothing_and_opens_with_no_other_key() {
        let (folder, keys) = keys();
        let path = folder.path().join("journal");
        let text = String::from_utf8(written(&path, &keys, 2)).expect("text");
        assert!(!text.contains("batch-closed") && !text.contains("index"), "{text}");
        let other = keys.with_fresh().expect("draws").only_current();
        assert!(matches!(Journal::open(&path, &other), Err(JournalError::OtherKey { .. })));
        // Wrapped anew it opens with the new key alone, and says the same.
        let both = keys.with_fresh().expect("draws");
        Journal::wrap_anew(&path, &both).expect("wraps");
        assert!(matches!(Journal::peek(&path, &keys), Err(JournalError::OtherKey { .. })));
        assert_eq!(Journal::peek(&path, &both.only_current()).expect("reads"), [event(0), event(1)]);
    }
}
