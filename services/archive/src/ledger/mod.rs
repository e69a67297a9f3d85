//! How do events become part of the ledger, for good and in one order?
//!
//! [`Ledger::sequence`] is the whole commit path; [`Ledger::complete`] is its second half and all
//! of recovery. The order is that of Sunlight's sequencer (<https://sunlight.dev>), with an object
//! store's create-once put as the lock.

pub(crate) mod commit;
pub(crate) mod edge;
pub(crate) mod keys;
pub(crate) mod proof;
pub(crate) mod recheck;
pub(crate) mod sequencer;
pub(crate) mod tile;

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use record::event::Bucket;
use record::note::{self, Checkpoint, LogKey, LogSigner};
use record::{Digest, limits, merkle};

use crate::copies::Copies;
use crate::error::{Error, Result};
use crate::ledger::commit::{Commit, Committed};
use crate::ledger::edge::Edge;
use crate::ledger::proof::Reader;
use crate::ledger::tile::{Piece, Row, WIDTH};
use crate::object::{Object, Truth};
use crate::signer::{Answer, Signer};
use crate::store::Store;

pub(crate) const CHECKPOINT: &str = "log/checkpoint";
/// Tiles written at once.
const WRITES: usize = 8;

/// The ledger as this process last saw it: always a published checkpoint.
#[derive(Debug)]
pub(crate) struct Head {
    pub committed: Committed,
    pub edge: Edge,
    /// With all keys before it.
    pub key: LogKey,
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
    copies: Copies,
    signer: Signer,
    head: RwLock<Arc<Head>>,
    /// Held by whoever moves the head. Writers in other processes are met at the commit point.
    turn: tokio::sync::Mutex<()>,
}

impl Ledger {
    /// Writes commit 0, the empty ledger, and refuses where anything of a ledger is there.
    pub async fn init(copies: Copies, signer: LogSigner) -> Result<Self> {
        let store = copies.store();
        if store.exists(CHECKPOINT).await? {
            return Err(Error::AlreadyAnArchive);
        }
        let genesis = Commit::genesis(&signer)?.to_bytes()?;
        if store.create(&Commit::key(0), genesis.clone()).await? != genesis {
            return Err(Error::AlreadyAnArchive);
        }
        Self::open(copies, signer.into()).await
    }

    /// Finds the last commit and completes it, whether or not it needs that.
    pub async fn open(copies: Copies, signer: Signer) -> Result<Self> {
        let head = Self::newest(&copies, &signer).await?;
        sweep(copies.store(), head.committed.commit.sequence).await?;
        let head = RwLock::new(head);
        Ok(Self { copies, signer, head, turn: tokio::sync::Mutex::new(()) })
    }

    /// The head as the store has it.
    async fn newest(copies: &Copies, signer: &Signer) -> Result<Arc<Head>> {
        let key = keys::line(copies, &signer.key()).await?;
        // Before the commits: read after them, another writer's newer checkpoint would look as
        // if commits were missing.
        let published = published(copies, &key).await?;
        let Some(newest) = Commit::newest(copies.store()).await? else {
            return Err(if published.is_some() { ahead(published, 0) } else { Error::NotAnArchive });
        };
        let committed = find(copies, newest, &key).await?.ok_or_else(|| Error::Missing(Commit::key(newest)))?;
        let key = committed.commit.succeed(key);
        Self::complete(copies, committed, key, published).await
    }

    pub fn key(&self) -> LogKey {
        self.head().key.clone()
    }

    pub async fn signs_with(&self, key: &LogKey) -> Result<bool> {
        self.signer.has(key).await
    }

    pub fn head(&self) -> Arc<Head> {
        // A head is replaced whole, so a panic elsewhere cannot have left half of one.
        Arc::clone(&self.head.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn reader(&self) -> Reader {
        Reader::new(self.copies.clone(), self.head())
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
            let head = self.sound_head().await?;

            // 2. Let the tree grow in memory.
            let (grown, pieces) = head.edge.grow(leaves);
            let (size, root) = (grown.rows().size(), grown.rows().root());
            let sequence = head.committed.commit.sequence + 1;

            // 3. Stage all new tiles in one object, so that the commit can be completed by
            //    whoever finds it.
            let staging = Commit::staging_key(sequence, &root);
            let staged = self.stage(&staging, commit::stage(&pieces)).await?;

            // 4. Sign only what is really in the store: hash again, from the bytes read back, by
            //    other lines of code than those that made the tiles.
            if recheck::rehash(&staged, &head.edge) != Some((size, root)) {
                return Err(Error::corrupt(staging, "what was read back does not hash to the new root"));
            }

            // 5. The commit point. The record's name is its number, so of all writers one wins;
            //    the others see the winner's bytes here and start again from them.
            let checkpoint = match self.signer.sign(&head, leaves, (size, root)).await? {
                Answer::Signed(checkpoint) => checkpoint,
                Answer::Ahead(checkpoint) => {
                    self.adopt(&head, checkpoint).await?;
                    continue;
                }
            };
            let commit = Commit::after(&head.committed, (size, root), &staged, checkpoint)?;
            let bytes = commit.to_bytes()?;
            recheck::fits(&bytes, &head, &staged)?;
            let there = self.copies.store().create(&Commit::key(sequence), bytes.clone()).await?;
            if there != bytes && !Commit::parse(sequence, &there, &head.key)?.commit.has_adopted(root) {
                continue;
            }

            // 6. Complete it: tiles, then checkpoint. From here on a crash loses nothing, since
            //    step 1 of the next call, or of the next process, does just this.
            self.catch_up().await?;
            return Ok(head.size());
        }
        Err(Error::Contended(limits::COMMIT_ATTEMPTS_MAX))
    }

    /// The newest head, read anew where memory has changed it.
    async fn sound_head(&self) -> Result<Arc<Head>> {
        let head = self.catch_up().await?;
        if recheck::is_whole(&head).is_ok() {
            return Ok(head);
        }
        let head = Self::newest(&self.copies, &self.signer).await?;
        self.replace_head(&head);
        recheck::is_whole(&head).map(|()| head)
    }

    fn replace_head(&self, head: &Arc<Head>) {
        *self.head.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(head);
    }

    /// Commits what the signer has signed and nobody has committed: its writer has died, or is about to do the same. It lies
    /// staged, since that comes before signing.
    async fn adopt(&self, head: &Head, checkpoint: String) -> Result<()> {
        let signed = note::open(&checkpoint, &head.key)?;
        let elsewhere = || Error::SignedElsewhere { signed: signed.size, here: head.size() };
        let sequence = head.committed.commit.sequence + 1;
        if find(&self.copies, sequence, &head.key).await?.is_some() {
            return Ok(());
        }
        let staged = self.copies.store().get(&Commit::staging_key(sequence, &signed.root)).await?;
        let staged = staged.ok_or_else(elsewhere)?;
        if recheck::rehash(&staged, &head.edge) != Some((signed.size, signed.root)) {
            return Err(elsewhere());
        }
        let commit = Commit::after(&head.committed, (signed.size, signed.root), &staged, checkpoint)?;
        let bytes = commit.adopted().to_bytes()?;
        recheck::fits(&bytes, head, &staged)?;
        // Whoever was faster did the same.
        self.copies.store().create(&Commit::key(sequence), bytes).await.map(drop)
    }

    /// Stages, and gives what is in the store then. Whoever staged under this name before, staged the same.
    async fn stage(&self, key: &str, bytes: Bytes) -> Result<Bytes> {
        let staged = self.copies.store().create(key, bytes.clone()).await?;
        if staged == bytes {
            return Ok(staged);
        }
        self.copies.insist(Bucket::Store, &Object::new(key, Truth::Bytes(bytes.clone())), bytes).await?;
        self.copies.store().get(key).await?.ok_or_else(|| Error::Missing(key.to_owned()))
    }

    /// Follows the chain of commits to its end and completes the last. Looks again afterwards:
    /// if another writer went on meanwhile, our checkpoint may have replaced its newer one, and
    /// the next round repairs that.
    async fn catch_up(&self) -> Result<Arc<Head>> {
        loop {
            let head = self.head();
            let next = head.committed.commit.sequence + 1;
            let Some(mut last) = find(&self.copies, next, &head.key).await? else {
                return Ok(head);
            };
            last.follows(&head.committed)?;
            let mut key = last.commit.succeed(head.key.clone());
            let published = published(&self.copies, &key).await?;
            while let Some(next) = find(&self.copies, last.commit.sequence + 1, &key).await? {
                next.follows(&last)?;
                key = next.commit.succeed(key);
                last = next;
            }
            let completed = Self::complete(&self.copies, last, key, published).await?;
            self.replace_head(&completed);
        }
    }

    /// The second half of every commit, and all of recovery: writes the tiles that the commit
    /// staged, reads the tree back and holds it against the signed root, publishes the
    /// checkpoint. Doing it twice, or in two processes at once, changes nothing.
    async fn complete(
        copies: &Copies,
        committed: Committed,
        key: LogKey,
        published: Option<Checkpoint>,
    ) -> Result<Arc<Head>> {
        let (store, commit) = (copies.store(), &committed.commit);
        let is_published = judge(commit, published.as_ref())?;
        if !is_published {
            // Its writer may have died before the record was on disk for good.
            store.settle(&Commit::key(commit.sequence)).await?;
            unpack(copies, commit).await?;
        }
        let edge = edge(copies, commit).await?;
        let head = Arc::new(Head { committed, edge, key });
        if !is_published {
            prove_growth(copies, &head, published).await?;
            keys::publish(copies, &head).await?;
            store.replace(CHECKPOINT, Bytes::from(head.checkpoint().to_owned())).await?;
            let commit = &head.committed.commit;
            store.tidy_away(&Commit::staging_key(commit.sequence, &commit.root)).await;
            tidy(store, commit.old_size, commit.new_size).await;
        }
        Ok(head)
    }
}

/// A commit, put right where it is damaged. One that is not there is no damage: it may never have been.
pub(crate) async fn find(copies: &Copies, sequence: u64, key: &LogKey) -> Result<Option<Committed>> {
    match Commit::load(copies.store(), sequence, key).await {
        Err(Error::Corrupt { .. }) if copies.has_replica() => {
            let bytes = copies.get(&Object::commit(sequence, key)).await?;
            Commit::parse(sequence, &bytes, key).map(Some)
        }
        loaded => loaded,
    }
}

/// The checkpoint that the world sees. A damaged one is put right by an older one, which is as true.
async fn published(copies: &Copies, key: &LogKey) -> Result<Option<Checkpoint>> {
    match checkpoint(copies.store(), key).await {
        Err(Error::Corrupt { .. } | Error::Checkpoint(_)) if copies.has_replica() => {
            copies.get(&Object::checkpoint(key)).await?;
            checkpoint(copies.store(), key).await
        }
        read => read,
    }
}

/// The checkpoint of one bucket.
pub(crate) async fn checkpoint(store: &Store, key: &LogKey) -> Result<Option<Checkpoint>> {
    let Some(bytes) = store.get(CHECKPOINT).await? else { return Ok(None) };
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::corrupt(CHECKPOINT, "it is not text"))?;
    Ok(Some(note::open(text, key)?))
}

/// The right edge that a commit has signed. Where the stored one is another, the replica's may be that.
async fn edge(copies: &Copies, commit: &Commit) -> Result<Edge> {
    let signed = |edge: Edge| (edge.rows().root() == commit.root).then_some(edge);
    let wrong = match Edge::load(copies.store(), commit.new_size).await.map(signed) {
        Ok(Some(edge)) => return Ok(edge),
        Ok(None) => Error::corrupt(Commit::key(commit.sequence), "the stored tiles do not hash to its root"),
        Err(error) => error,
    };
    let spare = match copies.replica() {
        Ok(replica) => Edge::load(&replica, commit.new_size).await.ok().and_then(signed),
        Err(_) => None,
    };
    let edge = spare.ok_or(wrong)?;
    for (piece, bytes) in edge.pieces() {
        copies.insist(Bucket::Store, &Object::passing(piece.key(), bytes.clone()), bytes).await?;
    }
    Ok(edge)
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
async fn unpack(copies: &Copies, commit: &Commit) -> Result<()> {
    let key = Commit::staging_key(commit.sequence, &commit.root);
    let Some(staged) = copies.store().get(&key).await? else { return Ok(()) };
    if commit.staging != Some(Digest::of(&staged)) {
        return Err(Error::corrupt(key, "it is not what the commit names"));
    }
    let pieces = commit::unstage(&staged).ok_or_else(|| Error::corrupt(key, "it is no staging object"))?;
    stream::iter(pieces)
        .map(|(piece, bytes)| async move { write(copies, piece, bytes).await })
        .buffer_unordered(WRITES)
        .try_collect()
        .await
}

/// What stands under a piece's name already is the same, or damaged.
async fn write(copies: &Copies, piece: Piece, bytes: Bytes) -> Result<()> {
    if copies.store().create(&piece.key(), bytes.clone()).await? == bytes {
        return Ok(());
    }
    copies.insist(Bucket::Store, &Object::passing(piece.key(), bytes.clone()), bytes).await
}

/// Nothing is published that is not provably a continuation of what was published before.
async fn prove_growth(copies: &Copies, head: &Arc<Head>, published: Option<Checkpoint>) -> Result<()> {
    let Some(old) = published.filter(|old| old.size > 0) else { return Ok(()) };
    let proof = Reader::new(copies.clone(), Arc::clone(head)).consistency(old.size).await?;
    if merkle::verify_consistency(old.size, head.size(), &old.root, &head.root(), &proof) {
        return Ok(());
    }
    Err(Error::SplitView { size: old.size })
}

/// Removes what a published checkpoint has made superfluous: the partial tiles of every tile that was filled. Another writer
/// that is still unpacking the same commit may write some of them again; they are true and in nobody's way.
pub(crate) async fn tidy(store: &Store, old_size: u64, new_size: u64) {
    for piece in filled(old_size, new_size) {
        for partial in store.list_all(&piece.partials()).await.unwrap_or_default() {
            store.tidy_away(&partial.key).await;
        }
    }
}

/// The tiles that were partial and are full.
fn filled(old: u64, new: u64) -> impl Iterator<Item = Piece> {
    Row::of(old).filter_map(move |row| {
        let partial = row.edge(old)?;
        (row.count(new) / WIDTH > partial.n).then(|| row.full(partial.n))
    })
}

/// Removes staging objects of commits up to `newest`: the loser's of a race, or left by a crash.
/// Nobody can need them, for the commit with that number exists and is completed.
async fn sweep(store: &Store, newest: u64) -> Result<()> {
    for listed in store.list_all(commit::STAGING).await? {
        let name = listed.key.strip_prefix(commit::STAGING).unwrap_or_default().trim_start_matches('/');
        if name.get(..20).and_then(|number| number.parse().ok()).is_some_and(|number: u64| number <= newest) {
            store.tidy_away(&listed.key).await;
        }
    }
    Ok(())
}
