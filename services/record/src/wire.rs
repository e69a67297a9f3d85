//! What stations and workers say to the server, and what it answers: JSON over HTTP, under
//! `/api/v1`, with `Authorization: Bearer <token>`.
//!
//! A station hands over a batch like this. Every step may be repeated: the same request
//! twice has the effect of one.
//!
//! | request | body → answer |
//! |---|---|
//! | `GET /ledger/key` | → text, a [`crate::note::LogKey`] |
//! | `GET /ledger/keys` | → what [`crate::log_key::KeyChange::list`] reads: how the log came to it |
//! | `PUT /batches/{batch}` | [`OpenBatch`] → 200 |
//! | `HEAD /uploads/{digest}` | → 200 with `Upload-Offset` and, when whole, `Upload-Complete: ?1`; 404 for nothing yet |
//! | `PATCH /uploads/{digest}` | `Upload-Offset: n`, `Upload-Length: total`, bytes → 204 with the new offset; 409 where the offset is another; 422 where the whole has another digest |
//! | `PUT /batches/{batch}/documents/{document}` | [`HandOver`] → 201 (or 200) [`Sealed`]; 409 where the document exists with other pages |
//! | `POST /patients/lookup` | [`LookUp`] → [`LookedUp`]; who asked for whom is written into the ledger |
//! | `POST /batches/{batch}/close` | [`CloseBatch`] → 200 [`BatchReply`] |
//! | `GET /batches/{batch}` | → [`BatchStatus`] |
//!
//! A worker reads pages like this.
//!
//! | request | body → answer |
//! |---|---|
//! | `POST /jobs/claim` | [`Claim`] → 200 [`Job`], or 204 where there is nothing to do |
//! | `GET /jobs/{job}/image` | → the master's bytes with their media type |
//! | `GET /jobs/{job}/brought` | → ALTO, the words that the page brought along; 404 where it brought none |
//! | `POST /jobs/{job}/beat` | → 204, the lease is longer again; 410 where it has passed to another |
//! | `POST /jobs/{job}/text` | ALTO, `application/xml`, [`TIMING_HEADER`] → 204, another time too; 410 likewise; 422 where it is no ALTO of this page |
//! | `POST /jobs/{job}/failure` | [`Failure`] → 204, another time too |
//! | `POST /jobs/{job}/release` | → 204: not read, and no attempt; 410 likewise |
//! | `GET /jobs` | → [`QueueLength`] |

use serde::{Deserialize, Serialize};

use crate::envelope::Envelope;
use crate::event::UnreadableReason;
use crate::film::Reel;
use crate::id::{BatchId, DocumentId, PageId};
use crate::manifest::{Descriptor, Exception, PageEntry, Patient, Refused, SheetCount, Source};
use crate::patient::{Department, DocumentType, Encounter, Mrn};
use crate::receipt::Receipt;
use crate::time::Date;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenBatch {
    pub name: String,
    pub source: Source,
}

/// One document as the station captured it. Every blob it names has been uploaded before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    pub source: Source,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub originals: Vec<Descriptor>,
    pub pages: Vec<PageEntry>,
    pub fields: CapturedFields,
}

/// Index fields as the station read them off sheets or options.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapturedFields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mrn: Option<Mrn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encounter: Option<Encounter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_type: Option<DocumentType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<Department>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reel: Option<Box<Reel>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub file_names: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
}

/// The answer to a hand-over: the receipt, and the manifest it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    pub receipt: Receipt,
    /// The manifest exactly as sealed, canonical JSON.
    pub manifest: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseBatch {
    pub captured: u32,
    pub documents: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheets: Option<SheetCount>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    /// The batch's manifest, signed by the station.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Envelope>,
}

/// Which of these numbers are in the patient list?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookUp {
    pub mrns: Vec<Mrn>,
}

/// In the order of the question; absent where the list has no such number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookedUp {
    /// Whether the archive keeps a patient list at all; without one no number is wrong.
    pub has_list: bool,
    pub patients: Vec<Option<Patient>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchReply {
    pub receipt: Receipt,
}

/// How far a batch has come, in pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchStatus {
    pub batch: BatchId,
    pub name: String,
    pub closed: bool,
    /// As told by the station when it closed the batch; separator sheets count.
    pub captured: u32,
    pub documents: u32,
    pub sealed: u32,
    pub read: u32,
    pub indexed: u32,
    /// Pages that could not be read.
    pub attention: u32,
    /// Documents that wait for a person's decision.
    pub exceptions: u32,
    pub refused: u32,
}

impl BatchStatus {
    /// Everything sealed has been read or put aside, and is findable.
    pub fn is_searchable(&self) -> bool {
        self.closed && self.read + self.attention >= self.sealed && self.indexed >= self.read
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The worker's name, for people.
    pub worker: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Names this claim, not the page: a later claim of the same page has another.
    pub job: String,
    pub document: DocumentId,
    pub page: PageId,
    pub media_type: String,
    pub width: u32,
    pub height: u32,
    pub dpi: u32,
    /// 1 for the first try.
    pub attempt: u32,
    /// The lower, the sooner: a worker that holds several pages reads this one in that order.
    pub priority: u8,
    /// Whether the page brought words along.
    #[serde(default)]
    pub brought: bool,
    pub lease_seconds: u64,
}

/// How much there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueLength {
    /// Pages to be read, those that somebody is reading too.
    pub waiting: u64,
}

/// The header beside a page's text that says how long each step took: a [`crate::timing::Timing`].
pub const TIMING_HEADER: &str = "chartroom-timing";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    pub reason: UnreadableReason,
}
