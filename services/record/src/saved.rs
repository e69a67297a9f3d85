//! Searches that somebody keeps, to hear what is new.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::event::Actor;
use crate::id::SearchId;

/// The sealed record of a search; a later one replaces an earlier one. It may name patients, so it is a blob like the
/// index fields, and does not print itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedSearch {
    pub search: SearchId,
    /// Nobody else sees it.
    pub owner: Actor,
    pub name: String,
    /// As in the address of the search screen: `q=fever&type=LETTER`.
    pub query: String,
    /// The ledger index before which its owner has seen what it finds.
    pub seen: u64,
    /// False once its owner wants no more of it.
    pub kept: bool,
}

impl fmt::Debug for SavedSearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SavedSearch({})", self.search)
    }
}

/// `POST /api/v1/searches`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeepSearch {
    pub name: String,
    pub query: String,
}
