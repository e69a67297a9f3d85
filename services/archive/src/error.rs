//! What can go wrong, by what the caller can do about it.

use std::sync::Arc;

use record::canonical::CanonicalError;
use record::note::NoteError;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Texts read on from "failed to …": they name object keys and digests, never patient data.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Try again later; nothing is known about the last write but that it was not acknowledged.
    #[error("reach `{object}` in the store: {source}; try again once the store answers")]
    Unavailable { object: String, source: Arc<dyn std::error::Error + Send + Sync> },
    #[error("use the store: {0}")]
    Address(String),
    #[error("find an archive in this store; make one with `chartroom init`, or check the address")]
    NotAnArchive,
    #[error("make an archive here: the store already holds one; open it instead")]
    AlreadyAnArchive,
    /// Nothing has that name.
    #[error("find `{0}`: no such object; run chartroom-verify if it should be there")]
    Missing(String),
    /// The store holds bytes under a name that promises others.
    #[error("trust `{object}`: {detail}; run chartroom-verify and restore it from a copy")]
    Corrupt { object: String, detail: String },
    /// The published head has more events than the last commit: the store was rolled back.
    #[error(
        "open the ledger: the checkpoint has {published} events, the last commit only {committed}; \
         commits are missing, so restore `log/commits/` from a copy and run chartroom-verify"
    )]
    CheckpointAhead { published: u64, committed: u64 },
    /// Two signed heads of one size and different content: somebody else holds the log's key.
    #[error(
        "open the ledger: checkpoint and last commit both have {size} events and differ; keep both, \
         stop writing, and look for a second user of the log's key"
    )]
    SplitView { size: u64 },
    #[error(
        "have the ledger's head signed: the signer did not answer as it should: {0}; see that `chartroom signer serve` runs"
    )]
    Signer(String),
    /// The signer knows a history that this store does not have.
    #[error(
        "have the ledger's head signed: the signer has signed {signed} events, and the {here} here are not their \
         beginning's end; the store was set back, or another store has the same signer: find out which, and stop writing"
    )]
    SignedElsewhere { signed: u64, here: u64 },
    #[error("accept the checkpoint, which {0}; check that this is the ledger's key")]
    Checkpoint(#[from] NoteError),
    #[error("write the record: it {0}")]
    Record(Arc<CanonicalError>),
    /// The caller asked for something that no retry will make possible.
    #[error("do this: {0}")]
    Refused(String),
    #[error("commit: other writers won {0} times in a row; try again")]
    Contended(usize),
    /// The events may or may not be in the ledger; the next append finds out before it writes.
    #[error("append to the ledger: could not {0}; nothing was acknowledged")]
    Append(Arc<Error>),
    #[error("append to the ledger: its sequencer has stopped; open the archive again")]
    Stopped,
}

impl From<CanonicalError> for Error {
    fn from(error: CanonicalError) -> Self {
        Self::Record(Arc::new(error))
    }
}

impl Error {
    pub(crate) fn corrupt(object: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Corrupt { object: object.into(), detail: detail.into() }
    }

    pub(crate) fn unavailable(object: &str, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unavailable { object: object.to_owned(), source: Arc::new(source) }
    }
}
