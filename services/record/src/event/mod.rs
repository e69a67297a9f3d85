//! Events: the only way anything ever changes.
//!
//! An event is one leaf of the ledger: ids, digests and codes, at most
//! [`crate::limits::LEAF_BYTES_MAX`] bytes of canonical JSON, and never patient data. Where
//! an event needs more, its body is a blob and the leaf holds the blob's digest.
//! Catalog and index are folds over these events, and nothing else.

mod actor;
mod body;
mod code;
mod leaf;

use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::digest::Digest;
use crate::id::{AccountId, BatchId, CampaignId, DestructionId, DocumentId, HoldId, PageId, SearchId, TokenId};
use crate::limits;
use crate::note::Vkey;
use crate::time::Timestamp;
use crate::words::AttentionReason;

pub use self::actor::{Actor, ActorError, Role, RoleError};
pub use self::body::{AccountRecord, LookUpRecord, PatientsRecord, SearchRecord, StationRecord, TokenRecord};
pub use self::code::{Bucket, UnreadableReason, ViewForm};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    // In the order of a leaf's members, so that writing one has nothing to sort.
    pub actor: Actor,
    pub at: Timestamp,
    pub event: EventKind,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum EventKind {
    /// A batch was opened, or closed with its counts. Body: [`crate::manifest::BatchRecord`].
    BatchRecorded {
        batch: BatchId,
        body: Digest,
        /// The envelope that the station signed when it closed the batch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signed: Option<Digest>,
    },
    /// A document version was sealed.
    Sealed { document: DocumentId, version: u32, manifest: Digest, batch: BatchId, pages: u32 },
    /// A page was read. `text` is the ALTO blob; `confidence` is 0 to 100. Read again with no better
    /// result, `text` is the blob it had before.
    Read {
        document: DocumentId,
        page: PageId,
        text: Digest,
        words: u32,
        confidence: u8,
        /// The most pressing reason why a person should look at it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attention: Option<AttentionReason>,
        /// [`crate::words::Engine::generation`] of the reading, whether or not its text was kept.
        #[serde(default, skip_serializing_if = "is_zero")]
        generation: u32,
    },
    /// A person went through words of a page. `text` is the whole page's new ALTO blob, in place of
    /// `replaces`; where the page has another text by then, the event changes nothing. `changed` words
    /// are not as they were; 0 where all was confirmed. No machine replaces it later. It replaces none where the page
    /// could not be read, and a person wrote down what stands there.
    Corrected {
        document: DocumentId,
        page: PageId,
        text: Digest,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<Digest>,
        words: u32,
        confidence: u8,
        changed: u32,
        /// Why a person should look again: set where only a part of the page was gone through.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attention: Option<AttentionReason>,
    },
    /// A person looked at a page whose text names another patient than the index of this version of the document,
    /// and says that the index is right.
    AlarmDismissed { document: DocumentId, version: u32, page: PageId },
    /// A page could not be read; a person has to look. The image is still there.
    Unreadable { document: DocumentId, page: PageId, reason: UnreadableReason },
    /// Somebody was shown a document, or one page of it.
    Viewed {
        document: DocumentId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        page: Option<PageId>,
        form: ViewForm,
    },
    /// An account was made or changed. Body: [`AccountRecord`].
    AccountRecorded { account: AccountId, body: Digest },
    /// A token was made or revoked. Body: [`TokenRecord`].
    TokenRecorded { token: TokenId, body: Digest },
    /// The key of a capture station was enrolled or revoked. `station` is the key's own digest. Body: [`StationRecord`].
    StationRecorded { station: Digest, body: Digest },
    /// The log signs with another key from the next event on; this one is the only one of its commit, and both keys have signed
    /// the checkpoint over it: [`crate::log_key`].
    LogKeyChanged { before: Box<Vkey>, after: Box<Vkey> },
    /// A re-reading campaign was started, paused, resumed or ended. Body: [`crate::campaign::CampaignRecord`].
    CampaignRecorded { campaign: CampaignId, body: Digest },
    /// Somebody keeps a search, has looked at what is new in it, or drops it. Body: [`crate::saved::SavedSearch`].
    SearchSaved { search: SearchId, body: Digest },
    /// Patients were added to the patient list. Body: [`PatientsRecord`].
    PatientsRecorded { body: Digest, count: u32 },
    /// A station asked which of so many patient numbers are in the patient list. Body: [`LookUpRecord`].
    PatientsLookedUp { body: Digest, count: u32 },
    /// Somebody searched for a patient by number, and was told of so many documents. Body: [`SearchRecord`].
    PatientSearched { body: Digest, documents: u32 },
    /// Every object that the first `events` events name was read and held against its name, here and, with `replica`, there.
    Scrubbed {
        began: Timestamp,
        events: u64,
        objects: u64,
        bytes: u64,
        damaged: u64,
        repaired: u64,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        replica: bool,
    },
    /// Catalog and index were held against a fold of the first `events` events, and `pages` pages looked for by their own words;
    /// `found` things were otherwise.
    Replayed { events: u64, pages: u64, found: u64 },
    /// An object in one of the buckets was not what was sealed, and neither was any other copy of it. `found` is the digest of
    /// what was there; none where nothing was, or nothing could be read.
    Damaged {
        object: String,
        bucket: Bucket,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        found: Option<Digest>,
    },
    /// Somebody proposes that so many documents be destroyed. Body: [`crate::destruction::Proposal`].
    DestructionProposed { destruction: DestructionId, documents: u32, body: Digest },
    /// It is not to be.
    DestructionWithdrawn { destruction: DestructionId },
    /// Somebody else orders it: from here on the documents are nobody's to see. Body: [`crate::destruction::Order`].
    DestructionApproved { destruction: DestructionId, body: Digest },
    /// So many objects that the order names were there and were deleted, and none of them is left: not in the store and, with
    /// `replica`, not there. Told again where some of them had come back.
    Destroyed {
        destruction: DestructionId,
        objects: u64,
        bytes: u64,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        replica: bool,
        /// A bucket keeps earlier versions of what is deleted, and somebody has to remove them there.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        versions_kept: bool,
    },
    /// Documents or patients were put under a legal hold, or released from it. Body: [`crate::destruction::HoldRecord`].
    HoldRecorded { hold: HoldId, body: Digest },
    /// Such an object is again what was sealed. The bytes that were found in its place are in quarantine.
    Repaired {
        object: String,
        bucket: Bucket,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        found: Option<Digest>,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Event {
    /// The leaf's bytes.
    pub fn to_leaf(&self) -> Result<Vec<u8>, CanonicalError> {
        let bytes = canonical::to_bytes(self)?;
        if bytes.len() > limits::LEAF_BYTES_MAX {
            return Err(CanonicalError::TooLarge(bytes.len()));
        }
        Ok(bytes)
    }

    pub fn from_leaf(bytes: &[u8]) -> Result<Self, CanonicalError> {
        leaf::read(bytes).map_or_else(|| canonical::from_bytes(bytes), Ok)
    }
}

impl EventKind {
    /// Digests of objects that must exist because this event names them.
    pub fn body(&self) -> Option<Digest> {
        match self {
            Self::BatchRecorded { body, .. }
            | Self::AccountRecorded { body, .. }
            | Self::TokenRecorded { body, .. }
            | Self::StationRecorded { body, .. }
            | Self::CampaignRecorded { body, .. }
            | Self::SearchSaved { body, .. }
            | Self::PatientsRecorded { body, .. }
            | Self::PatientsLookedUp { body, .. }
            | Self::PatientSearched { body, .. }
            | Self::DestructionProposed { body, .. }
            | Self::DestructionApproved { body, .. }
            | Self::HoldRecorded { body, .. } => Some(*body),
            Self::Read { text, .. } | Self::Corrected { text, .. } => Some(*text),
            Self::Sealed { .. }
            | Self::AlarmDismissed { .. }
            | Self::Unreadable { .. }
            | Self::Viewed { .. }
            | Self::LogKeyChanged { .. }
            | Self::Scrubbed { .. }
            | Self::Replayed { .. }
            | Self::Damaged { .. }
            | Self::Repaired { .. }
            | Self::DestructionWithdrawn { .. }
            | Self::Destroyed { .. } => None,
        }
    }

    /// Digest of a blob that it names beside its body.
    pub const fn attached(&self) -> Option<Digest> {
        match self {
            Self::BatchRecorded { signed, .. } => *signed,
            _ => None,
        }
    }

    pub fn document(&self) -> Option<DocumentId> {
        match self {
            Self::Sealed { document, .. }
            | Self::Read { document, .. }
            | Self::Corrected { document, .. }
            | Self::AlarmDismissed { document, .. }
            | Self::Unreadable { document, .. }
            | Self::Viewed { document, .. } => Some(*document),
            _ => None,
        }
    }

    /// The tag as it stands in the leaf.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::BatchRecorded { .. } => "batch-recorded",
            Self::Sealed { .. } => "sealed",
            Self::Read { .. } => "read",
            Self::Corrected { .. } => "corrected",
            Self::AlarmDismissed { .. } => "alarm-dismissed",
            Self::Unreadable { .. } => "unreadable",
            Self::Viewed { .. } => "viewed",
            Self::AccountRecorded { .. } => "account-recorded",
            Self::TokenRecorded { .. } => "token-recorded",
            Self::StationRecorded { .. } => "station-recorded",
            Self::LogKeyChanged { .. } => "log-key-changed",
            Self::CampaignRecorded { .. } => "campaign-recorded",
            Self::SearchSaved { .. } => "search-saved",
            Self::PatientsRecorded { .. } => "patients-recorded",
            Self::PatientsLookedUp { .. } => "patients-looked-up",
            Self::PatientSearched { .. } => "patient-searched",
            Self::Scrubbed { .. } => "scrubbed",
            Self::Replayed { .. } => "replayed",
            Self::Damaged { .. } => "damaged",
            Self::Repaired { .. } => "repaired",
            Self::DestructionProposed { .. } => "destruction-proposed",
            Self::DestructionWithdrawn { .. } => "destruction-withdrawn",
            Self::DestructionApproved { .. } => "destruction-approved",
            Self::Destroyed { .. } => "destroyed",
            Self::HoldRecorded { .. } => "hold-recorded",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_has_one_spelling() {
        let event = Event {
            at: Timestamp(1_700_000_000_000),
            actor: Actor::System,
            event: EventKind::Viewed {
                document: DocumentId::derived([b"d".as_slice()]),
                page: None,
                form: ViewForm::Screen,
            },
        };
        let leaf = event.to_leaf().expect("small");
        assert_eq!(Event::from_leaf(&leaf).expect("canonical"), event);
        let text = String::from_utf8(leaf).expect("UTF-8");
        assert!(text.starts_with(r#"{"actor":"system","at":1700000000000,"event":{"document":""#), "{text}");
        assert!(Event::from_leaf(text.replace(':', ": ").as_bytes()).is_err());
    }
}
