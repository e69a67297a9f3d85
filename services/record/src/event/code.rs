//! The short words of an event: where, in what form, and why.

use serde::{Deserialize, Serialize};

/// One of the two places that hold the same objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bucket {
    Store,
    Replica,
}

impl Bucket {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Replica => "replica",
        }
    }
}

/// In what form something was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ViewForm {
    /// On the screen: the image, its tiles, the words beside it.
    Screen,
    /// The text of a page as words or ALTO.
    Text,
    /// As a PDF to keep.
    Pdf,
    /// A line of it, in a list to keep.
    List,
    /// Its pages and their proof, to keep.
    Bundle,
}

/// Why a page needs a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnreadableReason {
    /// The image could not be decoded within the limits.
    Undecodable,
    /// Reading took longer than the time limit, every time it was tried.
    TimedOut,
    /// The reader process died, every time it was tried.
    Crashed,
    /// The reader ran out of its memory cap.
    OutOfMemory,
    /// Somebody ended its readers, again and again: not the page's fault.
    Lost,
    /// The worker reported something else, or vanished with the page.
    Failed,
}

impl UnreadableReason {
    pub const ALL: [Self; 6] =
        [Self::Undecodable, Self::TimedOut, Self::Crashed, Self::OutOfMemory, Self::Lost, Self::Failed];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undecodable => "undecodable",
            Self::TimedOut => "timed-out",
            Self::Crashed => "crashed",
            Self::OutOfMemory => "out-of-memory",
            Self::Lost => "lost",
            Self::Failed => "failed",
        }
    }

    /// Whether another try is likely to end the same way.
    pub const fn is_the_pages_fault(self) -> bool {
        !matches!(self, Self::Lost)
    }

    pub const fn explain(self) -> &'static str {
        match self {
            Self::Undecodable => "the image could not be decoded",
            Self::TimedOut => "reading took too long",
            Self::Crashed => "the reader crashed on this page",
            Self::OutOfMemory => "reading needed too much memory",
            Self::Lost => "its readers were stopped again and again",
            Self::Failed => "reading failed",
        }
    }
}
