//! Is everything still there, still the same, and nothing taken back?
//!
//! Reads a whole store, trusting only the log's public key. What is wrong is a *finding*; what
//! an auditor may want to know, but no rule forbids, is a *note*.
//!
//! | code | what it means |
//! |---|---|
//! | `checkpoint-missing` | the store has no `log/checkpoint` |
//! | `checkpoint-wrong` | the checkpoint is malformed or not signed by the key |
//! | `checkpoint-ahead` | the checkpoint has more events than the commits: commits were removed |
//! | `rolled-back` | the ledger has fewer events than the older checkpoint: its end was cut off |
//! | `split-view` | the ledger does not continue the older checkpoint: there are two histories |
//! | `commit-missing` | a number is missing in the chain of commits |
//! | `commit-wrong` | a commit is malformed, unsigned, or does not fit the chain or the tree |
//! | `entries-missing`, `entries-wrong` | events are gone, or are not those that were signed |
//! | `event-wrong` | a signed entry is no event |
//! | `tile-missing`, `tile-wrong` | hashes are gone, or do not follow from the entries |
//! | `root-wrong` | entries and tiles agree with each other but not with the signed root |
//! | `manifest-missing`, `manifest-wrong` | a sealed manifest is gone, changed, or does not fit its event |
//! | `blob-missing`, `blob-wrong` | a sealed blob is gone, or changed |
//! | `unreadable` | the store gave an error for this object and for others not |
//! | `orphan` (note) | a blob or manifest that no event names: an upload that was cut off, or still runs |
//! | `unpublished` (note) | a commit or tile beyond the checkpoint: opening the archive completes it |
//! | `unknown-object` (note) | an object with a name that Chartroom does not give |
//! | `freshness` (note) | without an older checkpoint nobody can tell whether the end was cut off |

mod heads;
mod objects;
mod tree;

use std::fmt;

use record::Digest;
use record::note::{self, LogKey};
use serde::Serialize;

use crate::address::StoreAddress;
use crate::error::{Error, Result};
use crate::store::Store;

/// Objects read at once. Each has its own thread where objects are files.
const READS: usize = 16;
/// Notes of one code beyond this are counted and not listed.
const NOTES_MAX: usize = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    CheckpointMissing,
    CheckpointWrong,
    CheckpointAhead,
    RolledBack,
    SplitView,
    CommitMissing,
    CommitWrong,
    EntriesMissing,
    EntriesWrong,
    EventWrong,
    TileMissing,
    TileWrong,
    RootWrong,
    ManifestMissing,
    ManifestWrong,
    BlobMissing,
    BlobWrong,
    Unreadable,
    Orphan,
    Unpublished,
    UnknownObject,
    Freshness,
}

impl Code {
    /// What to do about it.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::CheckpointMissing | Self::CheckpointWrong => "check the key; else restore the object from a copy",
            Self::CheckpointAhead | Self::CommitMissing => "stop writing and restore log/commits/ from a copy",
            Self::RolledBack => "stop writing; restore the newer log from a copy, or find out who cut it off",
            Self::SplitView => "keep both checkpoints as evidence; somebody signed two histories with the log's key",
            Self::CommitWrong | Self::EntriesMissing | Self::EntriesWrong => "restore the object from a copy",
            Self::EventWrong => "keep the object as evidence; a writer that is not Chartroom holds the log's key",
            Self::TileMissing | Self::TileWrong => "restore the object from a copy; it also follows from the entries",
            Self::RootWrong => "restore log/ from a copy; what is here was never signed",
            Self::ManifestMissing | Self::ManifestWrong => "restore the manifest from a copy",
            Self::BlobMissing | Self::BlobWrong => "restore the blob from a copy",
            Self::Unreadable => "check disk and permissions, then verify again",
            Self::Orphan => "nothing, unless it stays after uploads have ended",
            Self::Unpublished => "open the archive once, which completes it",
            Self::UnknownObject => "find out who put it there",
            Self::Freshness => "keep today's checkpoint elsewhere and give it as --since next time",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub code: Code,
    /// The key of the object in the store.
    pub object: String,
    pub detail: String,
    pub advice: &'static str,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub events: u64,
    pub commits: u64,
    pub tiles: u64,
    pub manifests: u64,
    pub blobs: u64,
    /// Bytes of manifests and blobs that were hashed.
    pub bytes: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// No findings.
    pub sound: bool,
    pub counts: Counts,
    pub findings: Vec<Finding>,
    pub notes: Vec<Finding>,
    /// Notes that were left out because there were too many.
    pub notes_left_out: u64,
    /// The signed checkpoint that everything was held against: keep it for the next `since`.
    pub checkpoint: String,
}

/// How far a verification has come. Totals are known once the stage is `objects`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub stage: &'static str,
    pub done: u64,
    pub of: u64,
    pub bytes: u64,
    pub of_bytes: u64,
}

/// One verification on its way.
struct Run<'a> {
    store: Store,
    report: Report,
    progress: Box<dyn FnMut(Progress) + Send + 'a>,
}

impl Run<'_> {
    fn find(&mut self, code: Code, object: impl Into<String>, detail: impl Into<String>) {
        let finding = Finding { code, object: object.into(), detail: detail.into(), advice: code.advice() };
        self.report.findings.push(finding);
    }

    fn note(&mut self, code: Code, object: impl Into<String>, detail: impl Into<String>) {
        if self.report.notes.len() >= NOTES_MAX {
            self.report.notes_left_out += 1;
            return;
        }
        self.report.notes.push(Finding { code, object: object.into(), detail: detail.into(), advice: code.advice() });
    }

    fn advance(&mut self, stage: &'static str, done: u64, of: u64) {
        (self.progress)(Progress { stage, done, of, bytes: 0, of_bytes: 0 });
    }
}

/// Verifies a whole store. `since` is the text of an older checkpoint of this log.
///
/// Memory: about 100 bytes per blob and manifest, and 16 objects being read. Errors are for
/// stores that cannot be checked at all; whatever is wrong *in* a store is in the report.
pub async fn verify(
    store: &StoreAddress,
    key: &LogKey,
    since: Option<&str>,
    progress: impl FnMut(Progress) + Send,
) -> Result<Report> {
    let since = since.map(|note| note::open(note, key)).transpose()?;
    let mut run = Run { store: store.connect()?, report: Report::default(), progress: Box::new(progress) };
    let heads = heads::check(&mut run, key, since).await?;
    let named = tree::check(&mut run, heads).await?;
    objects::check(&mut run, named).await?;
    run.report.sound = run.report.findings.is_empty();
    Ok(run.report)
}

/// A name that must be in the store, with what is known of it.
#[derive(Default)]
struct Named {
    manifests: std::collections::HashMap<Digest, Sealed>,
    /// With the size that a manifest promises, and the object that names it.
    blobs: std::collections::HashMap<Digest, Option<u64>>,
}

/// What the event says about a manifest.
struct Sealed {
    document: record::DocumentId,
    version: u32,
    batch: record::BatchId,
    pages: u32,
}

/// Text for a finding about an object that could not be read.
fn reason(error: &Error) -> String {
    match error {
        Error::Unavailable { source, .. } => source.to_string(),
        Error::Corrupt { detail, .. } => detail.clone(),
        other => other.to_string(),
    }
}
