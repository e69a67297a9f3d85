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
use crate::ledger::edge::Edge;

/// For one answer: one write to a disk.
const PATIENCE: Duration = Duration::from_secs(30);
/// As many hashes as a commit has events, as JSON.
pub const REQUEST_BYTES_MAX: u64 = 80 * (limits::COMMIT_EVENTS_MAX as u64 + 100);
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
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Reply {
    Signed(String),
    Ahead(String),
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
                let nothing = Request { size: 0, roots: Vec::new(), leaves: Vec::new() };
                match ask(socket, &nothing).await? {
                    Reply::Signed(note) | Reply::Ahead(note) => note,
                }
            }
        };
        Ok(note::open(&last, key).is_ok())
    }

    /// The head of this size and root, which is `before` with these leaves, signed with `key` at least.
    pub(crate) async fn sign(
        &self,
        key: &LogKey,
        before: &Edge,
        leaves: &[Vec<u8>],
        (size, root): (u64, Digest),
    ) -> Result<Answer> {
        let reply = match self {
            Self::Held(held) => Reply::Signed(held.sign(size, root)?),
            Self::Apart { socket, .. } => {
                let leaves = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
                let request = Request { size: before.rows().size(), roots: before.rows().roots(), leaves };
                ask(socket, &request).await?
            }
        };
        match reply {
            Reply::Ahead(note) => Ok(Answer::Ahead(note)),
            Reply::Signed(note) => {
                let signed = note::open(&note, key)?;
                let same = (signed.size, signed.root) == (size, root);
                let other = || Error::Signer("it comes to another root from the same entries".to_owned());
                same.then_some(Answer::Signed(note)).ok_or_else(other)
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
        let Request { size, roots, leaves } = serde_json::from_slice(request)
            .map_err(|error| Error::Refused(format!("understand what is to be signed: {error}")))?;
        let tree = Frontier::from_roots(size, roots)
            .filter(|tree| (tree.size(), root(tree)) == (self.last.size, self.last.root));
        let reply = match tree {
            Some(tree) => Reply::Signed(self.sign(tree, leaves)?),
            None => Reply::Ahead(self.note.clone()),
        };
        Ok([canonical::to_bytes(&reply)?, b"\n".to_vec()].concat())
    }

    fn sign(&mut self, mut tree: Frontier, leaves: Vec<Digest>) -> Result<String> {
        leaves.into_iter().for_each(|leaf| tree.push(leaf));
        let note = self.held.sign(tree.size(), root(&tree))?;
        keep(&self.folder, &note)?;
        self.last = note::open(&note, &self.held.key.public())?;
        self.note.clone_from(&note);
        Ok(note)
    }
}

fn root(tree: &Frontier) -> Digest {
    if tree.size() == 0 { empty_root() } else { tree.root() }
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
