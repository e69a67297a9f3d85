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
    Held(LogSigner),
    Apart { socket: PathBuf, key: LogKey },
}

impl From<LogSigner> for Signer {
    fn from(signer: LogSigner) -> Self {
        Self::Held(signer)
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
    pub(crate) fn key(&self) -> LogKey {
        match self {
            Self::Held(signer) => signer.public(),
            Self::Apart { key, .. } => key.clone(),
        }
    }

    /// The head of this size and root, which is `before` with these leaves.
    pub(crate) async fn sign(&self, before: &Edge, leaves: &[Vec<u8>], size: u64, root: Digest) -> Result<Answer> {
        let (socket, key) = match self {
            Self::Held(signer) => return Ok(Answer::Signed(signer.sign(size, root))),
            Self::Apart { socket, key } => (socket, key),
        };
        let leaves = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        let request = Request { size: before.rows().size(), roots: before.rows().roots(), leaves };
        let asked = tokio::time::timeout(PATIENCE, ask(socket, &request)).await;
        let reply = asked.map_err(|error| Error::Signer(error.to_string()))?;
        match reply.map_err(|error| Error::Signer(error.to_string()))? {
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

async fn ask(socket: &Path, request: &Request) -> std::io::Result<Reply> {
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
    signer: LogSigner,
    last: Checkpoint,
    note: String,
}

impl Memory {
    /// Lets a folder begin where a ledger stands.
    pub fn begin(folder: &Path, signer: &LogSigner, checkpoint: &str) -> Result<()> {
        note::open(checkpoint, &signer.public())?;
        keep(folder, checkpoint)
    }

    pub fn load(folder: &Path, signer: LogSigner) -> Result<Self> {
        let file = folder.join(SIGNED);
        let note = fs::read_to_string(&file).map_err(|error| Error::unavailable(&file.to_string_lossy(), error))?;
        let last = note::open(&note, &signer.public())?;
        Ok(Self { folder: folder.to_owned(), signer, last, note })
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
        let note = self.signer.sign(tree.size(), root(&tree));
        keep(&self.folder, &note)?;
        self.last = note::open(&note, &self.signer.public())?;
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
