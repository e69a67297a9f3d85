//! Who signs the ledger's heads, and what has to be shown first?
//!
//! The log's key, in this process; or a process of its own, on a socket of this machine, with its own durable memory of the newest
//! head it signed. That one trusts no server: it is given the roots of the tree that it signed last and the hashes of the new entries, lets the
//! tree grow itself (RFC 6962, section 2.1), and signs what comes out. Whoever has the server cannot set the ledger back, nor sign two.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use record::merkle::{Frontier, empty_root, leaf_hash};
use record::note::{self, Checkpoint, LogKey, LogSigner};
use record::{Digest, canonical, limits};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

use crate::error::{Error, Result};
use crate::ledger::Head;
use crate::ledger::edge::Edge;

/// For one answer: one write to a disk.
const PATIENCE: Duration = Duration::from_secs(30);
/// As many hashes as a commit has events, as JSON.
pub const REQUEST_BYTES_MAX: u64 = 80 * (limits::COMMIT_EVENTS_MAX as u64 + 100);
const OTHER_ROOT: &str = "the same entries lead to another root when they are hashed again";
/// What the signer signed last, in its folder.
const SIGNED: &str = "signed";

pub enum Signer {
    Held(Box<Held>),
    Apart { socket: PathBuf, key: LogKey },
}

/// The log's private key; and, while it is changed, the new one, with which everything is signed too.
pub struct Held {
    key: LogSigner,
    next: Option<LogSigner>,
}

impl Held {
    pub const fn new(key: LogSigner, next: Option<LogSigner>) -> Self {
        Self { key, next }
    }

    fn sign(&self, size: u64, root: Digest) -> Result<String> {
        self.sign_too(self.key.sign(size, root))
    }

    /// A note that the key has signed, with the new one's line.
    fn sign_too(&self, note: String) -> Result<String> {
        match &self.next {
            Some(next) if note::open(&note, &next.public()).is_err() => Ok(next.sign_too(&note)?),
            _ => Ok(note),
        }
    }
}

impl From<LogSigner> for Held {
    fn from(key: LogSigner) -> Self {
        Self::new(key, None)
    }
}

impl<T: Into<Held>> From<T> for Signer {
    fn from(held: T) -> Self {
        Self::Held(Box::new(held.into()))
    }
}

/// A signed head: the one that was asked for, or the one that the signer had signed before.
pub(crate) enum Answer {
    Signed(String),
    Ahead(String),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    size: u64,
    /// Of the perfect subtrees of the tree as it was, largest first.
    roots: Vec<Digest>,
    /// Of the entries that come to it.
    leaves: Vec<Digest>,
    /// What whoever asks has come to: of two computations that differ, one is wrong, and nothing is signed.
    root: Digest,
}

impl Request {
    fn new(before: &Edge, leaves: &[Vec<u8>], root: Digest) -> Self {
        let leaves = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        Self { size: before.rows().size(), roots: before.rows().roots(), leaves, root }
    }

    /// Signed, if `last` is the tree as it was and the entries lead from there to what was asked for; what is wrong otherwise.
    fn signed(self, last: (u64, Digest), held: &Held) -> std::result::Result<String, Wrong> {
        let tree = Frontier::from_roots(self.size, self.roots).filter(|tree| (tree.size(), tree.root()) == last);
        let mut tree = tree.ok_or(Wrong::Beginning)?;
        self.leaves.into_iter().for_each(|leaf| tree.push(leaf));
        if tree.root() != self.root {
            return Err(Wrong::Root);
        }
        held.sign(tree.size(), self.root).map_err(Wrong::Key)
    }
}

enum Wrong {
    /// It is no continuation of what was signed last.
    Beginning,
    /// It does not lead to the root that was asked for.
    Root,
    Key(Error),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Reply {
    Signed(String),
    Ahead(String),
    /// Nothing was signed, and this is why.
    Refused(String),
}

impl Signer {
    /// A key of the log: the ledger itself tells whether another has followed it.
    pub(crate) fn key(&self) -> LogKey {
        match self {
            Self::Held(held) => held.key.public(),
            Self::Apart { key, .. } => key.clone(),
        }
    }

    /// Whether it signs with this key too. A signer of its own tells by what it signed last.
    pub(crate) async fn has(&self, key: &LogKey) -> Result<bool> {
        let last = match self {
            Self::Held(held) => held.sign(0, empty_root())?,
            Self::Apart { socket, .. } => {
                let nothing = Request::new(&Edge::default(), &[], empty_root());
                match ask(socket, &nothing).await? {
                    Reply::Signed(note) | Reply::Ahead(note) => note,
                    Reply::Refused(reason) => return Err(Error::Signer(reason)),
                }
            }
        };
        Ok(note::open(&last, key).is_ok())
    }

    /// The head of this size and root, which is `before` with these leaves.
    pub(crate) async fn sign(&self, before: &Head, leaves: &[Vec<u8>], (size, root): (u64, Digest)) -> Result<Answer> {
        let request = Request::new(&before.edge, leaves, root);
        let reply = match self {
            Self::Held(held) => match request.signed((before.size(), before.root()), held) {
                Ok(note) => Reply::Signed(note),
                Err(Wrong::Key(error)) => return Err(error),
                Err(Wrong::Beginning | Wrong::Root) => Reply::Refused(OTHER_ROOT.to_owned()),
            },
            Self::Apart { socket, .. } => ask(socket, &request).await?,
        };
        match reply {
            Reply::Ahead(note) => Ok(Answer::Ahead(note)),
            Reply::Refused(reason) => Err(Error::Signer(reason)),
            Reply::Signed(note) => {
                let signed = note::open(&note, &before.key)?;
                let same = (signed.size, signed.root) == (size, root);
                same.then_some(Answer::Signed(note)).ok_or_else(|| Error::Signer(OTHER_ROOT.to_owned()))
            }
        }
    }
}

async fn ask(socket: &Path, request: &Request) -> Result<Reply> {
    let asked = tokio::time::timeout(PATIENCE, exchange(socket, request)).await;
    let reply = asked.map_err(|error| Error::Signer(error.to_string()))?;
    reply.map_err(|error| Error::Signer(error.to_string()))
}

async fn exchange(socket: &Path, request: &Request) -> std::io::Result<Reply> {
    let mut line = UnixStream::connect(socket).await?;
    let mut bytes = serde_json::to_vec(request)?;
    bytes.push(b'\n');
    line.write_all(&bytes).await?;
    let mut answer = String::new();
    BufReader::new(line.take(limits::CANONICAL_BYTES_MAX as u64)).read_line(&mut answer).await?;
    Ok(serde_json::from_str(&answer)?)
}

/// The signer's own side: its key and what it signed last.
pub struct Memory {
    folder: PathBuf,
    held: Held,
    last: Checkpoint,
    note: String,
}

impl Memory {
    /// Lets a folder begin where a ledger stands.
    pub fn begin(folder: &Path, signer: &LogSigner, checkpoint: &str) -> Result<()> {
        note::open(checkpoint, &signer.public())?;
        keep(folder, checkpoint)
    }

    /// A new key signs what the old one signed last, so that the server sees that it is there.
    pub fn load(folder: &Path, held: impl Into<Held>) -> Result<Self> {
        let (file, held) = (folder.join(SIGNED), held.into());
        let note = fs::read_to_string(&file).map_err(|error| Error::unavailable(&file.to_string_lossy(), error))?;
        let last = note::open(&note, &held.key.public())?;
        let with_next = held.sign_too(note.clone())?;
        if with_next != note {
            keep(folder, &with_next)?;
        }
        Ok(Self { folder: folder.to_owned(), held, last, note: with_next })
    }

    /// What it signed last.
    pub fn checkpoint(&self) -> &str {
        &self.note
    }

    /// How many events there were when it signed last.
    pub fn size(&self) -> u64 {
        self.last.size
    }

    /// Signs what continues the newest head, and nothing else. On disk before it is given away.
    ///
    /// # Errors
    /// Where the request is none, or the disk fails.
    pub fn answer(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        let request: Request = serde_json::from_slice(request)
            .map_err(|error| Error::Refused(format!("understand what is to be signed: {error}")))?;
        let reply = match request.signed((self.last.size, self.last.root), &self.held) {
            Ok(note) => {
                self.keep(&note)?;
                Reply::Signed(note)
            }
            Err(Wrong::Beginning) => Reply::Ahead(self.note.clone()),
            Err(Wrong::Root) => Reply::Refused(OTHER_ROOT.to_owned()),
            Err(Wrong::Key(error)) => return Err(error),
        };
        Ok([canonical::to_bytes(&reply)?, b"\n".to_vec()].concat())
    }

    fn keep(&mut self, note: &str) -> Result<()> {
        let last = note::open(note, &self.held.key.public())?;
        keep(&self.folder, note)?;
        self.last = last;
        note.clone_into(&mut self.note);
        Ok(())
    }
}

/// The whole of it or what was there before, whenever the power goes.
fn keep(folder: &Path, note: &str) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let partial = folder.join(format!("{SIGNED}.partial"));
        let mut file = File::create(&partial)?;
        file.write_all(note.as_bytes())?;
        file.sync_all()?;
        fs::rename(partial, folder.join(SIGNED))?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|error| Error::unavailable(SIGNED, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(from: u64, to: u64) -> Vec<Vec<u8>> {
        (from..to).map(|i| i.to_be_bytes().to_vec()).collect()
    }

    /// Neither the socket nor the signer's own memory: what two computations do not agree on is not signed.
    #[test]
    fn no_flipped_bit_of_a_request_or_of_the_memory_is_signed() {
        let (folder, key) =
            (tempfile::tempdir().expect("a folder"), || LogSigner::from_seed("log", &[7; 32]).expect("a key"));
        let (before, _) = Edge::default().grow(&leaves(0, 250));
        let (after, _) = before.grow(&leaves(250, 259));
        let (last, root) = ((250, before.rows().root()), after.rows().root());
        let begin = || {
            Memory::begin(folder.path(), &key(), &key().sign(last.0, last.1)).expect("begun");
            Memory::load(folder.path(), key()).expect("loaded")
        };
        let request = serde_json::to_vec(&Request::new(&before, &leaves(250, 259), root)).expect("written");
        let mut memory = begin();
        for bit in 0..request.len() * 8 {
            let mut flipped = request.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let _ = memory.answer(&flipped);
            if memory.size() != last.0 {
                // Hex digits in capitals are the same request.
                assert_eq!((memory.last.size, memory.last.root), (259, root), "bit {bit}");
                memory = begin();
            }
        }
        for bit in 0..32 * 8 {
            let mut flipped = *last.1.as_bytes();
            flipped[bit / 8] ^= 1 << (bit % 8);
            memory.last.root = Digest::from_bytes(flipped);
            memory.answer(&request).expect("answered");
            assert_eq!(memory.size(), last.0, "bit {bit}");
        }
        memory.last.root = last.1;
        memory.answer(&request).expect("answered");
        assert_eq!((memory.last.size, memory.last.root), (259, root), "and as it was, it is signed");
    }
}
