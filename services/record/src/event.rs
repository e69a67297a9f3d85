//! Events: the only way anything ever changes.
//!
//! An event is one leaf of the ledger: ids, digests and codes, at most
//! [`crate::limits::LEAF_BYTES_MAX`] bytes of canonical JSON, and never patient data. Where
//! an event needs more, its body is a blob and the leaf holds the blob's digest.
//! Catalog and index are folds over these events, and nothing else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::digest::Digest;
use crate::id::{AccountId, BatchId, CampaignId, DestructionId, DocumentId, HoldId, PageId, SearchId, TokenId};
use crate::limits;
use crate::note::Vkey;
use crate::patient::Mrn;
use crate::time::Timestamp;
use crate::words::AttentionReason;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    pub at: Timestamp,
    pub actor: Actor,
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
        canonical::from_bytes(bytes)
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

/// Who did it: `account:<id>`, `token:<id>` or `system`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    Account(AccountId),
    Token(TokenId),
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => write!(f, "account:{id}"),
            Self::Token(id) => write!(f, "token:{id}"),
            Self::System => f.write_str("system"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an actor is `account:<id>`, `token:<id>` or `system`")]
pub struct ActorError;

impl FromStr for Actor {
    type Err = ActorError;

    fn from_str(text: &str) -> Result<Self, ActorError> {
        match text.split_once(':') {
            None if text == "system" => Ok(Self::System),
            Some(("account", id)) => id.parse().map(Self::Account).map_err(|_| ActorError),
            Some(("token", id)) => id.parse().map(Self::Token).map_err(|_| ActorError),
            _ => Err(ActorError),
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

/// What somebody may do. [`Role::Worker`] is for reading pages only and is held by tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Admin,
    Technician,
    Searcher,
    Auditor,
    Worker,
}

impl Role {
    pub const ALL: [Self; 5] = [Self::Admin, Self::Technician, Self::Searcher, Self::Auditor, Self::Worker];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Technician => "technician",
            Self::Searcher => "searcher",
            Self::Auditor => "auditor",
            Self::Worker => "worker",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role is one of admin, technician, searcher, auditor, worker")]
pub struct RoleError;

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(RoleError)
    }
}

/// The sealed record of an account; a later one replaces an earlier one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountRecord {
    pub account: AccountId,
    pub login: String,
    pub role: Role,
    /// Argon2id in PHC form.
    pub password_hash: String,
    /// The password was handed out by somebody else and must be changed at the next log-in.
    pub must_change_password: bool,
    pub disabled: bool,
}

impl fmt::Debug for AccountRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountRecord({}, {})", self.account, self.role.as_str())
    }
}

/// The sealed record of a token; a later one replaces an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRecord {
    pub token: TokenId,
    pub name: String,
    pub role: Role,
    /// SHA-256 of the token's text: the text has 256 random bits, so a plain hash suffices.
    pub secret: Digest,
    pub revoked: bool,
}

/// The sealed record of a station's key; a later one replaces an earlier one. A batch is believed if the key that signed it
/// was enrolled, and not revoked, where the batch's event stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StationRecord {
    /// [`crate::envelope::StationKey`] as text.
    pub key: String,
    pub revoked: bool,
}

/// The sealed body of [`EventKind::PatientsRecorded`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatientsRecord {
    /// 32 hex digits, for the same reason as in [`crate::manifest::IndexFields`].
    pub salt: String,
    pub patients: Vec<crate::manifest::Patient>,
}

/// The sealed body of [`EventKind::PatientsLookedUp`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookUpRecord {
    /// As in [`PatientsRecord`].
    pub salt: String,
    pub mrns: Vec<Mrn>,
}

/// The sealed body of [`EventKind::PatientSearched`]. Words that were searched for are not in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchRecord {
    /// As in [`PatientsRecord`].
    pub salt: String,
    /// Numbers as they were looked for; a beginning ends in `*`.
    pub patients: Vec<String>,
}

impl fmt::Debug for SearchRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SearchRecord({} patients)", self.patients.len())
    }
}

impl PatientsRecord {
    pub fn contains(&self, mrn: &Mrn) -> bool {
        self.patients.iter().any(|patient| patient.mrn == *mrn)
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

    #[test]
    fn roles_and_actors_round_trip() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        let actor = Actor::Token(TokenId::derived([b"t".as_slice()]));
        assert_eq!(actor.to_string().parse(), Ok(actor));
        assert_eq!("root".parse::<Actor>(), Err(ActorError));
    }
}
