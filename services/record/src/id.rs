//! Identifiers. Each kind is a type of its own, so that a page id cannot stand where a
//! document id is meant.
//!
//! Ids are UUIDs. What a scanner captures gets a fresh one (version 7, drawn by the
//! station). What is imported from files gets one *derived* from the content (version 8),
//! so that importing the same file twice names the same document twice.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::digest::{Digest, Hasher};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }

            /// The id that these parts always give: equal parts, equal id.
            pub fn derived<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
                Self(derived_uuid(stringify!($name), parts))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// One document: ordered pages and index fields, in versions.
    DocumentId
    /// One side of a sheet, or one film frame.
    PageId
    /// What one operator captured in one go.
    BatchId
    /// A person's account.
    AccountId
    /// A bearer token of an agent or a worker.
    TokenId
    /// Reading old pages again.
    CampaignId
    /// Reading a sample of them to see what that would bring.
    TrialId
    /// A search that somebody keeps.
    SearchId
    /// Documents that are destroyed together.
    DestructionId
    /// A legal hold: what it covers is not destroyed.
    HoldId
}

/// UUID version 8 (RFC 9562 §5.8) from SHA-256 over the length-prefixed parts.
fn derived_uuid<'a>(kind: &str, parts: impl IntoIterator<Item = &'a [u8]>) -> Uuid {
    let mut hasher = Hasher::new();
    hasher.update(b"chartroom id 1\0");
    hasher.update(kind.as_bytes());
    for part in parts {
        // The length keeps ("ab","c") and ("a","bc") apart.
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let digest: Digest = hasher.finish();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.as_bytes()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_depend_on_kind_and_part_borders() {
        let ab_c = DocumentId::derived([b"ab".as_slice(), b"c"]);
        assert_eq!(ab_c, DocumentId::derived([b"ab".as_slice(), b"c"]));
        assert_ne!(ab_c, DocumentId::derived([b"a".as_slice(), b"bc"]));
        assert_ne!(ab_c.as_uuid(), PageId::derived([b"ab".as_slice(), b"c"]).as_uuid());
        assert_eq!(ab_c.as_uuid().get_version_num(), 8);
    }
}
