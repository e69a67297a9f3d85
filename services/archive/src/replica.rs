//! How does a second bucket come to hold the same objects?
//!
//! It follows the ledger, commit by commit: objects that the events name, tiles, commit records, and the commit's own checkpoint last.
//! So the replica is a whole archive at any moment, as it was a little earlier, and its checkpoint says how far it has come: nothing else is
//! kept about it. Where there is no news, one look at the checkpoint is all it costs.

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use record::event::Bucket;
use record::note::{self, Checkpoint};
use record::{Digest, Event, limits};

use crate::copies::Copies;
use crate::destruction::Destroyed;
use crate::error::{Error, Result};
use crate::ledger::commit::{Commit, Committed};
use crate::ledger::edge::Edge;
use crate::ledger::tile::{Row, WIDTH};
use crate::ledger::{self, CHECKPOINT, Ledger};
use crate::object::{self, Object, Truth};
use crate::store::Store;
use crate::{WITNESSED, stamps};

/// Objects on their way at once; each may have as many bytes as a file may.
const CARRIED: usize = 4;

/// Events after which the replica's checkpoint moves on, at a boundary of commits.
const PORTION: u64 = 1_000;

/// How far the replica has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Events that it has with all that they name.
    pub events: u64,
    /// Events that it does not have yet.
    pub behind: u64,
}

/// Lets the replica catch up by one portion.
pub(crate) async fn catch_up(ledger: &Ledger, copies: &Copies, destroyed: &Destroyed) -> Result<Backlog> {
    let head = ledger.refresh().await?;
    let replica = copies.replica()?;
    let size = size(ledger, copies, &replica).await?;
    let events = match copy_commits(ledger, copies, destroyed, &replica, size).await? {
        Some(to) => publish(&replica, size, to).await?,
        None => size,
    };
    let behind = head.size().saturating_sub(events);
    if behind == 0 {
        copy_notes(ledger, copies, &replica, events).await?;
    }
    Ok(Backlog { events, behind })
}

/// Lets the replica's checkpoint move on, once its own tiles come to the root; how many events it has then.
async fn publish(replica: &Store, size: u64, to: Committed) -> Result<u64> {
    let Commit { sequence, new_size, root, checkpoint, .. } = to.commit;
    if Edge::load(replica, new_size).await?.rows().root() != root {
        return Err(Error::corrupt(Commit::key(sequence), "the replica's tiles do not hash to its root"));
    }
    replica.replace(CHECKPOINT, checkpoint.into()).await?;
    ledger::tidy(replica, size, new_size).await;
    Ok(new_size)
}

/// How many events the replica has, if it belongs to this ledger.
pub(crate) async fn size(ledger: &Ledger, copies: &Copies, replica: &Store) -> Result<u64> {
    let known = match ledger::checkpoint(replica, &ledger.key()).await {
        Err(error @ (Error::Corrupt { .. } | Error::Checkpoint(_))) => {
            Some(restored(ledger, copies, replica).await?.ok_or(error)?)
        }
        known => known?,
    };
    let (Some(known), reader) = (known, ledger.reader()) else { return Ok(0) };
    if known.size > reader.size() {
        return Err(Error::CheckpointAhead { published: known.size, committed: reader.size() });
    }
    if reader.root_at(known.size).await? != known.root {
        return Err(Error::SplitView { size: known.size });
    }
    Ok(known.size)
}

/// A damaged checkpoint of the replica follows from its last commit that is whole: commits are copied after all that they name.
async fn restored(ledger: &Ledger, copies: &Copies, replica: &Store) -> Result<Option<Checkpoint>> {
    let newest = Commit::newest(replica).await?;
    for sequence in (0..=newest.unwrap_or(0)).rev().take(limits::COMMIT_EVENTS_MAX) {
        let Ok(Some(Committed { commit, .. })) = Commit::load(replica, sequence, &ledger.key()).await else { continue };
        if Edge::load(replica, commit.new_size).await.is_ok_and(|edge| edge.rows().root() == commit.root) {
            let note = Bytes::from(commit.checkpoint);
            copies.insist(Bucket::Replica, &Object::checkpoint(&ledger.key()), note).await?;
            return ledger::checkpoint(replica, &ledger.key()).await;
        }
    }
    Ok(None)
}

/// Copies what the next commits have brought, and gives the last of them; none where there is no news.
async fn copy_commits(
    ledger: &Ledger,
    copies: &Copies,
    destroyed: &Destroyed,
    replica: &Store,
    size: u64,
) -> Result<Option<Committed>> {
    let (mut sequence, mut last) = (next(replica, ledger, size).await?, None);
    let mut commits = Vec::new();
    while let Some(found) = ledger::find(copies, sequence, &ledger.key()).await? {
        let new_size = found.commit.new_size;
        // Another process may be completing it just now.
        if new_size > ledger.head().size() || commits.len() >= limits::COMMIT_EVENTS_MAX {
            break;
        }
        commits.push(Object::commit(sequence, &ledger.key()));
        last = Some(found);
        sequence += 1;
        // The empty ledger first, by itself: from then on there is always a checkpoint.
        if new_size == 0 || new_size - size >= PORTION {
            break;
        }
    }
    if let Some(last) = &last {
        copy_events(ledger, copies, destroyed, size, last.commit.new_size).await?;
    }
    // One after the other: their chain has no gap at any moment.
    for commit in &commits {
        copies.carry(commit).await?;
    }
    Ok(last)
}

/// The number of the commit that goes on from the tree of `size` events. Commits are copied before their checkpoint, so that the replica
/// may have a portion of them too many.
async fn next(replica: &Store, ledger: &Ledger, size: u64) -> Result<u64> {
    let newest = if replica.exists(CHECKPOINT).await? { Commit::newest(replica).await? } else { None };
    let Some(mut sequence) = newest else { return Ok(0) };
    loop {
        match Commit::load(replica, sequence, &ledger.key()).await {
            Ok(Some(found)) if found.commit.new_size <= size => return Ok(sequence + 1),
            Err(error @ Error::Unavailable { .. }) => return Err(error),
            _ if sequence == 0 => return Ok(0),
            _ => sequence -= 1,
        }
    }
}

async fn copy_events(ledger: &Ledger, copies: &Copies, destroyed: &Destroyed, from: u64, to: u64) -> Result<()> {
    let reader = ledger.reader();
    let gone = destroyed.documents(copies, &reader).await?;
    for (index, leaf) in (from..).zip(reader.entries(from..to).await?) {
        carry(copies, object::named(copies, &gone, index, &Event::from_leaf(&leaf)?).await?).await?;
    }
    for row in Row::of(to) {
        for n in row.count(from) / WIDTH..row.count(to) / WIDTH {
            fill(copies, reader.piece(row.full(n)).await?).await?;
        }
        if let Some(edge) = row.edge(to) {
            fill(copies, reader.piece(edge).await?).await?;
        }
    }
    Ok(())
}

async fn carry(copies: &Copies, objects: Vec<Object>) -> Result<()> {
    let carried = stream::iter(objects).map(|object| async move { copies.carry(&object).await });
    carried.buffer_unordered(CARRIED).try_collect().await
}

/// Tiles follow from what was proven.
async fn fill(copies: &Copies, piece: Object) -> Result<()> {
    match piece.truth.clone() {
        Truth::Bytes(bytes) => copies.fill(&piece, bytes).await,
        _ => Ok(()),
    }
}

/// What witnesses and authorities have said of checkpoints that the replica has.
async fn copy_notes(ledger: &Ledger, copies: &Copies, replica: &Store, size: u64) -> Result<()> {
    let store = copies.store();
    if let Some(witnessed) = store.get(WITNESSED).await? {
        let text = String::from_utf8_lossy(&witnessed);
        let fits = note::open(&text, &ledger.key()).is_ok_and(|checkpoint| checkpoint.size <= size);
        let (object, there) = (Object::note(WITNESSED, &ledger.key()), replica.get(WITNESSED).await?);
        match there {
            _ if !fits => {}
            Some(there) if !object.truth.holds(&there) => copies.insist(Bucket::Replica, &object, witnessed).await?,
            Some(there) if there == witnessed => {}
            _ => replica.replace(WITNESSED, witnessed).await?,
        }
    }
    for object in timestamps(copies, ledger).await? {
        copies.carry(&object).await?;
    }
    Ok(())
}

/// Time-stamped checkpoints, each after its tokens: without them it would be a finding. What is damaged is put right first, since a
/// token is known by what it is for.
pub(crate) async fn timestamps(copies: &Copies, ledger: &Ledger) -> Result<Vec<Object>> {
    let mut objects = Vec::new();
    for stamped in stamps::all(copies.store()).await? {
        let note = Object::note(&format!("{}.checkpoint", stamped.name), &ledger.key());
        let mut subject = known(copies, &note).await?;
        for n in 0..stamped.tokens.len().max(1) {
            // What a token should be for is not known where what stands before it is lost.
            let Some(before) = subject else { break };
            let token = Object::new(stamped.key(n), Truth::Token(Digest::of(&before)));
            subject = known(copies, &token).await?;
            objects.push(token);
        }
        objects.push(note);
    }
    Ok(objects)
}

/// The true bytes of an object; none where they are lost.
async fn known(copies: &Copies, object: &Object) -> Result<Option<Bytes>> {
    match copies.get(object).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(Error::Missing(_) | Error::Corrupt { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
