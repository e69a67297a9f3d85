//! Which trees were signed, and do they form one chain?

use std::collections::BTreeSet;

use futures::{StreamExt as _, stream};
use record::Digest;
use record::log_key::KeyChange;
use record::note::{self, Checkpoint, LogKey};

use super::{Code, Finding, Gap, Question, READS, Report, Run, Trust, Witnessed, reason};
use crate::WITNESSED;
use crate::error::{Error, Result};
use crate::ledger::CHECKPOINT;
use crate::ledger::commit::{COMMITS, Commit, Committed};
use crate::ledger::keys::key_change;
use crate::stamps::{self, TIMESTAMPS};

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

/// What is known from outside.
pub(super) struct Known<'a> {
    pub since: &'a [Checkpoint],
    pub resumed: Option<&'a Checkpoint>,
    pub trust: Option<&'a Trust>,
    pub changes: &'a [KeyChange],
}

/// A witness's clock may be so much ahead of ours.
const CLOCK_SECONDS: u64 = 5 * 60;

/// Checks checkpoint, commits and older checkpoints against each other.
pub(super) async fn check(run: &mut Run<'_>, key: &LogKey, known: Known<'_>) -> Result<Heads> {
    // Before the commits, so that a writer at work does not look like a thief.
    let checkpoint = checkpoint(run, key).await?;
    let commits = commits(run, key).await?;
    let head = match (checkpoint, commits.last()) {
        (Some(checkpoint), _) => checkpoint,
        (None, Some(Committed { commit, .. })) => {
            run.report.checkpoint.clone_from(&commit.checkpoint);
            note::open(&commit.checkpoint, key)?
        }
        (None, None) => return Err(nothing_signed(run, key).await?),
    };
    let mut marks = vec![mark(&head, CHECKPOINT, Code::RootWrong)];
    for Committed { commit, .. } in commits.iter().filter(|c| c.commit.new_size <= head.size) {
        let object = Commit::key(commit.sequence);
        marks.push(Mark { size: commit.new_size, root: commit.root, object, otherwise: Code::CommitWrong });
    }
    fit(run, &head, &commits);
    let witnessed = witnessed(run, key, &head, known.trust).await?;
    marks.extend(witnessed.map(|checkpoint| mark(&checkpoint, WITNESSED, Code::SplitView)));
    marks.extend(timestamped(run, key, &head).await?);
    if known.since.is_empty() && run.report.witnessed.is_none() {
        let detail = "an older state, as validly signed, would look the same; give --since CHECKPOINT, kept outside";
        run.not_proven(Question::Freshness, detail);
    }
    let kept = known.since.iter().chain(known.resumed).map(|old| (old, CHECKPOINT.to_owned()));
    // One that is committed and not published yet is no rollback.
    let committed = commits.last().map_or(0, |last| last.commit.new_size);
    let changed = known.changes.iter().map(|change| (&change.checkpoint, key_change(change.receipt.index)));
    let changed = changed.filter(|(signed, _)| signed.size <= head.size || signed.size > committed);
    for (old, object) in kept.chain(changed) {
        if old.size > head.size {
            let detail = format!("{} events are here; the older checkpoint has {}", head.size, old.size);
            run.find(Code::RolledBack, CHECKPOINT, detail);
        } else {
            marks.push(mark(old, &object, Code::SplitView));
        }
    }
    marks.sort_by_key(|mark| mark.size);
    Ok(Heads { size: head.size, root: head.root, marks })
}

/// What witnesses have cosigned, where it belongs to this ledger; and whether it is new enough.
async fn witnessed(
    run: &mut Run<'_>,
    key: &LogKey,
    head: &Checkpoint,
    trust: Option<&Trust>,
) -> Result<Option<Checkpoint>> {
    let trust = trust.filter(|trust| trust.policy.wants_witnesses());
    let Some(bytes) = run.store.get(WITNESSED).await? else {
        if trust.is_some() {
            run.find(Code::NotWitnessed, WITNESSED, "there is no cosigned checkpoint");
        }
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let checkpoint = match note::open(&text, key) {
        Ok(checkpoint) => checkpoint,
        Err(error) => {
            run.find(Code::CheckpointWrong, WITNESSED, format!("it {error}"));
            return Ok(None);
        }
    };
    if checkpoint.size > head.size {
        let detail = format!("{} events are here; witnesses have seen {}", head.size, checkpoint.size);
        run.find(Code::RolledBack, CHECKPOINT, detail);
        return Ok(None);
    }
    if let Some(Trust { policy, now, max_age_seconds }) = trust {
        match policy.witnessed(&text, now.saturating_sub(*max_age_seconds), now + CLOCK_SECONDS) {
            Ok(Some(times)) => {
                let at = times.first().copied().unwrap_or_default();
                run.report.witnessed = Some(Witnessed { events: checkpoint.size, at });
            }
            Ok(None) => {
                let detail =
                    format!("too few of the policy's witnesses have cosigned it in the last {max_age_seconds} seconds");
                run.find(Code::NotWitnessed, WITNESSED, detail);
            }
            Err(error) => run.find(Code::NotWitnessed, WITNESSED, format!("it {error}")),
        }
    }
    Ok(Some(checkpoint))
}

/// Checkpoints that an authority has time-stamped: the ledger still has to continue each of them. That a token is for its
/// checkpoint is seen here; that the authority has signed it, by `openssl ts`.
async fn timestamped(run: &mut Run<'_>, key: &LogKey, head: &Checkpoint) -> Result<Vec<Mark>> {
    let (mut marks, mut tokens) = (Vec::new(), 0);
    for stamped in stamps::all(&run.store.clone()).await? {
        let object = format!("{}.checkpoint", stamped.name);
        match note::open(&String::from_utf8_lossy(&stamped.checkpoint), key) {
            Err(error) => run.find(Code::TimestampWrong, &object, format!("it {error}")),
            Ok(old) if old.size > head.size => {
                let detail = format!("{} events are here; {} were time-stamped", head.size, old.size);
                run.find(Code::RolledBack, CHECKPOINT, detail);
            }
            Ok(old) => marks.push(mark(&old, &object, Code::SplitView)),
        }
        match stamped.wrong() {
            Some(n) => {
                run.find(Code::TimestampWrong, stamped.key(n), "it is for something else than what stands before it")
            }
            None => tokens += stamped.tokens.len(),
        }
    }
    if tokens > 0 {
        run.note(Code::Timestamps, TIMESTAMPS, format!("{tokens} tokens are for these checkpoints, or renew one"));
    }
    Ok(marks)
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

/// Why there is nothing to begin with: nothing is there, or somebody else has signed it.
async fn nothing_signed(run: &Run<'_>, key: &LogKey) -> Result<Error> {
    let Some(bytes) = run.store.get(CHECKPOINT).await? else { return Ok(Error::NotAnArchive) };
    let opened = note::open(&String::from_utf8_lossy(&bytes), key);
    Ok(opened.map_or_else(Error::Checkpoint, |_| Error::NotAnArchive))
}

/// The good commits, in order.
async fn commits(run: &mut Run<'_>, key: &LogKey) -> Result<Vec<Committed>> {
    let listed = run.store.list_all(COMMITS).await?;
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

/// Holds checkpoints against each other without a store: each has a name and a text.
pub fn compare(notes: &[(String, String)], key: &LogKey) -> Report {
    let mut report = Report::default();
    let mut known: Vec<(&str, Checkpoint)> = Vec::new();
    for (name, text) in notes {
        match note::open(text, key) {
            Ok(checkpoint) => known.push((name, checkpoint)),
            Err(error) => report.findings.push(Finding::new(Code::CheckpointWrong, name, format!("it {error}"))),
        }
    }
    known.sort_by_key(|(_, checkpoint)| checkpoint.size);
    for pair in known.windows(2) {
        if let [(older, a), (newer, b)] = pair {
            report.hold_against((older, a), (newer, b));
        }
    }
    let detail = "no --store was given: nothing but the checkpoints was looked at".to_owned();
    report.not_proven.push(Gap { what: Question::Blobs, detail });
    report.conclude()
}

impl Report {
    fn hold_against(&mut self, (older, a): (&str, &Checkpoint), (newer, b): (&str, &Checkpoint)) {
        if a.size < b.size {
            let detail =
                format!("that the {} events of {newer} continue the {} of {older} is told by a store", b.size, a.size);
            self.not_proven.push(Gap { what: Question::Consistency, detail });
        } else if a.root != b.root {
            let detail =
                format!("it has the same {} events as {older} and another root: {} and {}", a.size, b.root, a.root);
            self.findings.push(Finding::new(Code::SplitView, newer, detail));
        }
    }
}
