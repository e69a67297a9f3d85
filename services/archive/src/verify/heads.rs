//! Which trees were signed, and do they form one chain?

use std::collections::BTreeSet;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use record::Digest;
use record::note::{self, Checkpoint, LogKey};

use super::{Code, READS, Run, reason};
use crate::error::{Error, Result};
use crate::ledger::CHECKPOINT;
use crate::ledger::commit::{COMMITS, Commit, Committed};

/// A signed statement: the first `size` events have this root.
pub(super) struct Mark {
    pub size: u64,
    pub root: Digest,
    pub object: String,
    /// What it is when the entries say otherwise.
    pub otherwise: Code,
}

/// All signed statements, by size; and how far the tree is to be checked.
pub(super) struct Heads {
    pub size: u64,
    pub root: Digest,
    pub marks: Vec<Mark>,
}

/// Checks checkpoint, commits and the older checkpoint against each other.
pub(super) async fn check(run: &mut Run<'_>, key: &LogKey, since: Option<Checkpoint>) -> Result<Heads> {
    // Before the commits, so that a writer at work does not look like a thief.
    let checkpoint = checkpoint(run, key).await?;
    let commits = commits(run, key).await?;
    let head = match (checkpoint, commits.last()) {
        (Some(checkpoint), _) => checkpoint,
        (None, Some(Committed { commit, .. })) => {
            run.report.checkpoint.clone_from(&commit.checkpoint);
            note::open(&commit.checkpoint, key)?
        }
        (None, None) => return Err(Error::NotAnArchive),
    };
    let mut marks = vec![mark(&head, CHECKPOINT, Code::RootWrong)];
    for Committed { commit, .. } in commits.iter().filter(|c| c.commit.new_size <= head.size) {
        let object = Commit::key(commit.sequence);
        marks.push(Mark { size: commit.new_size, root: commit.root, object, otherwise: Code::CommitWrong });
    }
    fit(run, &head, &commits);
    match since {
        None => run.note(Code::Freshness, CHECKPOINT, "no older checkpoint was given to compare with"),
        Some(old) if old.size > head.size => {
            let detail = format!("{} events are here; the older checkpoint has {}", head.size, old.size);
            run.find(Code::RolledBack, CHECKPOINT, detail);
        }
        Some(old) => marks.push(mark(&old, CHECKPOINT, Code::SplitView)),
    }
    marks.sort_by_key(|mark| mark.size);
    Ok(Heads { size: head.size, root: head.root, marks })
}

fn mark(checkpoint: &Checkpoint, object: &str, otherwise: Code) -> Mark {
    Mark { size: checkpoint.size, root: checkpoint.root, object: object.to_owned(), otherwise }
}

async fn checkpoint(run: &mut Run<'_>, key: &LogKey) -> Result<Option<Checkpoint>> {
    let Some(bytes) = run.store.get(CHECKPOINT).await? else {
        run.find(Code::CheckpointMissing, CHECKPOINT, "there is no checkpoint");
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match note::open(&text, key) {
        Ok(checkpoint) => {
            run.report.checkpoint = text;
            Ok(Some(checkpoint))
        }
        Err(error) => {
            run.find(Code::CheckpointWrong, CHECKPOINT, format!("it {error}"));
            Ok(None)
        }
    }
}

/// The good commits, in order.
async fn commits(run: &mut Run<'_>, key: &LogKey) -> Result<Vec<Committed>> {
    let listed: Vec<_> = run.store.list(COMMITS).try_collect().await?;
    let mut numbers = BTreeSet::new();
    for object in &listed {
        match object.key.rsplit('/').next().and_then(|name| name.parse().ok()) {
            Some(number) if Commit::key(number) == object.key => drop(numbers.insert(number)),
            _ => run.note(Code::UnknownObject, &object.key, "this is no name of a commit"),
        }
    }
    // Every ledger has number 0.
    let count = numbers.last().map_or(1, |last| last + 1);
    for missing in (0..count).filter(|number| !numbers.contains(number)).take(super::NOTES_MAX) {
        run.find(Code::CommitMissing, Commit::key(missing), "this number is missing in the chain");
    }
    let store = run.store.clone();
    let read = numbers.into_iter().map(|number| {
        let store = &store;
        async move { (number, Commit::load(store, number, key).await) }
    });
    let mut reads = stream::iter(read).buffered(READS);
    let mut good: Vec<Committed> = Vec::new();
    while let Some((number, loaded)) = reads.next().await {
        run.report.counts.commits += 1;
        run.advance("commits", number + 1, count);
        match loaded {
            Ok(Some(committed)) => link(run, &mut good, committed),
            Ok(None) => run.find(Code::CommitMissing, Commit::key(number), "it was listed and is gone"),
            Err(error @ Error::Unavailable { .. }) => run.find(Code::Unreadable, Commit::key(number), reason(&error)),
            Err(error) => run.find(Code::CommitWrong, Commit::key(number), reason(&error)),
        }
    }
    Ok(good)
}

/// Adds a commit to the chain, if it continues it or if what it continues is itself amiss.
fn link(run: &mut Run<'_>, good: &mut Vec<Committed>, next: Committed) {
    let before = good.last().filter(|before| before.commit.sequence + 1 == next.commit.sequence);
    if let Some(Err(error)) = before.map(|before| next.follows(before)) {
        run.find(Code::CommitWrong, Commit::key(next.commit.sequence), reason(&error));
    }
    good.push(next);
}

/// Does the checkpoint belong to a commit?
fn fit(run: &mut Run<'_>, head: &Checkpoint, commits: &[Committed]) {
    let newest = commits.last().map_or(0, |last| last.commit.new_size);
    if newest < head.size {
        let detail = format!("it has {} events, the last commit {newest}", head.size);
        run.find(Code::CheckpointAhead, CHECKPOINT, detail);
    }
    for ahead in commits.iter().filter(|c| c.commit.new_size > head.size) {
        run.note(Code::Unpublished, Commit::key(ahead.commit.sequence), "it is newer than the checkpoint");
    }
    for same in commits.iter().filter(|c| c.commit.new_size == head.size && c.commit.root != head.root) {
        let detail =
            format!("it has the same {} events as {} and another root", head.size, Commit::key(same.commit.sequence));
        run.find(Code::SplitView, CHECKPOINT, detail);
    }
}
