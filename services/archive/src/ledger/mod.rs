//! How do events become part of the ledger, for good and in one order?
//!
//! [`Ledger::sequence`] is the whole commit path; [`Ledger::complete`] is its second half and all
//! of recovery. The order is that of Sunlight's sequencer (<https://sunlight.dev>), with an object
//! store's create-once put as the lock.

pub(crate) mod commit;
pub(crate) mod edge;
pub(crate) mod proof;
pub(crate) mod sequencer;
pub(crate) mod tile;

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use record::note::{self, Checkpoint, LogKey, LogSigner};
use record::{Digest, limits, merkle};

use crate::error::{Error, Result};
use crate::ledger::commit::{Commit, Committed};
use crate::ledger::edge::Edge;
use crate::ledger::proof::Reader;
use crate::ledger::tile::{Piece, Row, WIDTH};
use crate::store::Store;

pub(crate) const CHECKPOINT: &str = "log/checkpoint";
/// Tiles written at once.
const WRITES: usize = 8;

/// The ledger as this process last saw it: always a published checkpoint.
#[derive(Debug)]
pub(crate) struct Head {
    pub committed: Committed,
    pub edge: Edge,
}

impl Head {
    pub fn size(&self) -> u64 {
        self.committed.commit.new_size
    }

    pub fn root(&self) -> Digest {
        self.committed.commit.root
    }

    pub fn checkpoint(&self) -> &str {
        &self.committed.commit.checkpoint
    }
}

pub(crate) struct Ledger {
    store: Store,
    signer: LogSigner,
    key: LogKey,
    head: RwLock<Arc<Head>>,
    /// Held by whoever moves the head. Writers in other processes are met at the commit point.
    turn: tokio::sync::Mutex<()>,
}

impl Ledger {
    /// Writes commit 0, the empty ledger, and refuses where anything of a ledger is there.
    pub async fn init(store: Store, signer: LogSigner) -> Result<Self> {
        if store.exists(CHECKPOINT).await? {
            return Err(Error::AlreadyAnArchive);
        }
        let genesis = Commit::genesis(&signer)?.to_bytes()?;
        if store.create(&Commit::key(0), genesis.clone()).await? != genesis {
            return Err(Error::AlreadyAnArchive);
        }
        Self::open(store, signer).await
    }

    /// Finds the last commit and completes it, whether or not it needs that.
    pub async fn open(store: Store, signer: LogSigner) -> Result<Self> {
        let key = signer.public();
        // Before the commits: read after them, another writer's newer checkpoint would look as
        // if commits were missing.
        let published = published(&store, &key).await?;
        let Some(newest) = Commit::newest(&store).await? else {
            return Err(if published.is_some() { ahead(published, 0) } else { Error::NotAnArchive });
        };
        let committed = load(&store, newest, &key).await?;
        let head = Self::complete(&store, committed, published).await?;
        sweep(&store, newest).await?;
        let head = RwLock::new(head);
        Ok(Self { store, signer, key, head, turn: tokio::sync::Mutex::new(()) })
    }

    pub fn key(&self) -> &LogKey {
        &self.key
    }

    pub fn head(&self) -> Arc<Head> {
        // A head is replaced whole, so a panic elsewhere cannot have left half of one.
        Arc::clone(&self.head.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn reader(&self) -> Reader {
        Reader::new(self.store.clone(), self.head())
    }

    /// Takes in what other processes have committed, and completes what one left undone.
    pub async fn refresh(&self) -> Result<Arc<Head>> {
        let _turn = self.turn.lock().await;
        self.catch_up().await
    }

    /// Adds `leaves` to the ledger in one commit and returns the place of the first.
    ///
    /// On any error nothing may be acknowledged: the commit may or may not have come to be, and
    /// the next call finds out in its first step.
    pub async fn sequence(&self, leaves: &[Vec<u8>]) -> Result<u64> {
        let _turn = self.turn.lock().await;
        for _ in 0..limits::COMMIT_ATTEMPTS_MAX {
            // 1. Recover: complete whatever this or another process has left behind. Almost
            //    always this is one look for a commit that is not there.
            let head = self.catch_up().await?;

            // 2. Let the tree grow in memory.
            let (grown, pieces) = head.edge.grow(leaves);
            let (size, root) = (grown.rows().size(), grown.rows().root());
            let sequence = head.committed.commit.sequence + 1;

            // 3. Stage all new tiles in one object, so that the commit can be completed by
            //    whoever finds it.
            let staging = Commit::staging_key(sequence, &root);
            let staged = self.store.create(&staging, commit::stage(&pieces)).await?;

            // 4. Sign only what is really in the store: hash again, from the bytes read back, by
            //    other lines of code than those that made the tiles.
            if commit::rehash(&staged, &head.edge) != Some((size, root)) {
                return Err(Error::corrupt(staging, "what was read back does not hash to the new root"));
            }

            // 5. The commit point. The record's name is its number, so of all writers one wins;
            //    the others see the winner's bytes here and start again from them.
            let commit = Commit::after(&head.committed, size, root, Digest::of(&staged), &self.signer)?;
            let bytes = commit.to_bytes()?;
            if self.store.create(&Commit::key(sequence), bytes.clone()).await? != bytes {
                continue;
            }

            // 6. Complete it: tiles, then checkpoint. From here on a crash loses nothing, since
            //    step 1 of the next call, or of the next process, does just this.
            self.catch_up().await?;
            return Ok(head.size());
        }
        Err(Error::Contended(limits::COMMIT_ATTEMPTS_MAX))
    }

    /// Follows the chain of commits to its end and completes the last. Looks again afterwards:
    /// if another writer went on meanwhile, our checkpoint may have replaced its newer one, and
    /// the next round repairs that.
    async fn catch_up(&self) -> Result<Arc<Head>> {
        loop {
            let head = self.head();
            let next = head.committed.commit.sequence + 1;
            let Some(mut last) = Commit::load(&self.store, next, &self.key).await? else {
                return Ok(head);
            };
            last.follows(&head.committed)?;
            let published = published(&self.store, &self.key).await?;
            while let Some(next) = Commit::load(&self.store, last.commit.sequence + 1, &self.key).await? {
                next.follows(&last)?;
                last = next;
            }
            let completed = Self::complete(&self.store, last, published).await?;
            *self.head.write().unwrap_or_else(PoisonError::into_inner) = completed;
        }
    }

    /// The second half of every commit, and all of recovery: writes the tiles that the commit
    /// staged, reads the tree back and holds it against the signed root, publishes the
    /// checkpoint. Doing it twice, or in two processes at once, changes nothing.
    async fn complete(store: &Store, committed: Committed, published: Option<Checkpoint>) -> Result<Arc<Head>> {
        let commit = &committed.commit;
        let is_published = judge(commit, published.as_ref())?;
        if !is_published {
            // Its writer may have died before the record was on disk for good.
            store.settle(&Commit::key(commit.sequence)).await?;
            unpack(store, commit).await?;
        }
        let edge = Edge::load(store, commit.new_size).await?;
        if edge.rows().root() != commit.root {
            return Err(Error::corrupt(Commit::key(commit.sequence), "the stored tiles do not hash to its root"));
        }
        let head = Arc::new(Head { committed, edge });
        if !is_published {
            prove_growth(store, &head, published).await?;
            store.replace(CHECKPOINT, Bytes::from(head.checkpoint().to_owned())).await?;
            tidy(store, &head.committed.commit).await;
        }
        Ok(head)
    }
}

async fn load(store: &Store, sequence: u64, key: &LogKey) -> Result<Committed> {
    let found = Commit::load(store, sequence, key).await?;
    found.ok_or_else(|| Error::Missing(Commit::key(sequence)))
}

/// The checkpoint that the world sees.
async fn published(store: &Store, key: &LogKey) -> Result<Option<Checkpoint>> {
    let Some(bytes) = store.get(CHECKPOINT).await? else { return Ok(None) };
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::corrupt(CHECKPOINT, "it is not text"))?;
    Ok(Some(note::open(text, key)?))
}

fn ahead(published: Option<Checkpoint>, committed: u64) -> Error {
    Error::CheckpointAhead { published: published.map_or(0, |checkpoint| checkpoint.size), committed }
}

/// Is this commit published? Refuses what no crash can explain.
fn judge(commit: &Commit, published: Option<&Checkpoint>) -> Result<bool> {
    match published {
        Some(checkpoint) if checkpoint.size > commit.new_size => Err(ahead(Some(checkpoint.clone()), commit.new_size)),
        Some(checkpoint) if checkpoint.size == commit.new_size && checkpoint.root != commit.root => {
            Err(Error::SplitView { size: commit.new_size })
        }
        Some(checkpoint) => Ok(checkpoint.size == commit.new_size),
        None => Ok(false),
    }
}

/// Writes the staged pieces. A staging object that is gone was unpacked by somebody who then
/// tidied up; the caller's look at the tree finds out if that is not so.
async fn unpack(store: &Store, commit: &Commit) -> Result<()> {
    let key = Commit::staging_key(commit.sequence, &commit.root);
    let Some(staged) = store.get(&key).await? else { return Ok(()) };
    if commit.staging != Some(Digest::of(&staged)) {
        return Err(Error::corrupt(key, "it is not what the commit names"));
    }
    let pieces = commit::unstage(&staged).ok_or_else(|| Error::corrupt(key, "it is no staging object"))?;
    stream::iter(pieces)
        .map(|(piece, bytes)| async move { store.create_exactly(&piece.key(), bytes).await })
        .buffer_unordered(WRITES)
        .try_collect()
        .await
}

/// Nothing is published that is not provably a continuation of what was published before.
async fn prove_growth(store: &Store, head: &Arc<Head>, published: Option<Checkpoint>) -> Result<()> {
    let Some(old) = published.filter(|old| old.size > 0) else { return Ok(()) };
    let proof = Reader::new(store.clone(), Arc::clone(head)).consistency(old.size).await?;
    if merkle::verify_consistency(old.size, head.size(), &old.root, &head.root(), &proof) {
        return Ok(());
    }
    Err(Error::SplitView { size: old.size })
}

/// Removes what the published commit has made superfluous: its staging object, and the partial
/// tiles of every tile that it filled. Another writer that is still unpacking the same commit may
/// write some of them again; they are true and in nobody's way.
async fn tidy(store: &Store, commit: &Commit) {
    store.tidy_away(&Commit::staging_key(commit.sequence, &commit.root)).await;
    for piece in filled(commit) {
        let partials = store.list(&piece.partials()).try_collect::<Vec<_>>().await.unwrap_or_default();
        for partial in partials {
            store.tidy_away(&partial.key).await;
        }
    }
}

/// The tiles that were partial before this commit and are full after it.
fn filled(commit: &Commit) -> impl Iterator<Item = Piece> {
    let (old, new) = (commit.old_size, commit.new_size);
    Row::of(old).filter_map(move |row| {
        let partial = row.edge(old)?;
        (row.count(new) / WIDTH > partial.n).then(|| row.full(partial.n))
    })
}

/// Removes staging objects of commits up to `newest`: the loser's of a race, or left by a crash.
/// Nobody can need them, for the commit with that number exists and is completed.
async fn sweep(store: &Store, newest: u64) -> Result<()> {
    let staged: Vec<_> = store.list(commit::STAGING).try_collect().await?;
    for listed in staged {
        let name = listed.key.strip_prefix(commit::STAGING).unwrap_or_default().trim_start_matches('/');
        if name.get(..20).and_then(|number| number.parse().ok()).is_some_and(|number: u64| number <= newest) {
            store.tidy_away(&listed.key).await;
        }
    }
    Ok(())
}
