//! What can go wrong, by what the caller can do about it.

use tantivy::TantivyError;
use tantivy::directory::error::LockError;

use crate::query::QueryError;

pub type Result<T> = std::result::Result<T, Error>;

/// No variant's text carries words of a query or of a page.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Tell the person who asked.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// Call [`crate::Index::recreate`] and put every page again.
    #[error("the search index is damaged ({0}): rebuild it from the archive")]
    Damaged(String),
    /// Likewise: it was made by another version of this program.
    #[error("the search index was made by another version: rebuild it from the archive")]
    Outdated,
    /// Stop the other process, or open with [`crate::Index::open_to_read`].
    #[error("another process is writing this search index: stop it first")]
    Busy,
    /// A bug in the caller: this index was opened for reading only.
    #[error("the search index was opened for reading only")]
    ReadOnly,
    /// Refuse the page.
    #[error("the page has more than {max} words")]
    TooManyWords { max: usize },
    /// Disk or directory: a person must look.
    #[error("the search index's files could not be used: {0}")]
    Io(#[from] std::io::Error),
    /// Everything else the engine reports.
    #[error("the search engine reported: {0}")]
    Engine(TantivyError),
}

impl Error {
    /// Whether a rebuild from the archive is the remedy.
    pub fn wants_rebuild(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::Outdated)
    }
}

impl From<TantivyError> for Error {
    fn from(error: TantivyError) -> Self {
        match error {
            TantivyError::LockFailure(LockError::LockBusy, _) => Self::Busy,
            TantivyError::SchemaError(_) | TantivyError::IncompatibleIndex(_) => Self::Outdated,
            TantivyError::DataCorruption(_)
            | TantivyError::DeserializeError(_)
            | TantivyError::OpenReadError(_)
            | TantivyError::FieldNotFound(_) => Self::Damaged(error.to_string()),
            TantivyError::IoError(io) if is_decoding(io.kind()) => Self::Damaged(io.to_string()),
            other => Self::Engine(other),
        }
    }
}

/// These kinds come from reading bytes that make no sense, not from the disk.
fn is_decoding(kind: std::io::ErrorKind) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(kind, InvalidData | InvalidInput | UnexpectedEof)
}
