//! The words of Chartroom, and how a proof is checked.
//!
//! Every other crate speaks in these types. Nothing here does I/O, reads a clock or draws
//! a random number: the same input gives the same output on the scanner station, on the
//! server and on the auditor's laptop.
//!
//! Read in this order:
//! 1. [`digest`], [`id`], [`time`]: how things are named.
//! 2. [`patient`]: the values that must never be printed by accident.
//! 3. [`manifest`]: the immutable description of one document version.
//! 4. [`event`]: the only way anything ever changes.
//! 5. [`merkle`], [`note`], [`log_key`], [`receipt`], [`witness`], [`policy`]: why an auditor may believe it; [`envelope`]: what a station signs;
//!    [`bundle`]: what is given out with a proof.
//! 6. [`words`]: what was read on a page, and where; [`correction`]: what a person makes of it.
//! 7. [`timing`], [`campaign`]: where the time goes that reading a page takes, and which pages are read again.
//! 8. [`sheet`]: the barcode line on cover and separator sheets; [`film`]: reels and frames.
//! 9. [`wire`]: what stations and workers say to the server; [`saved`]: searches that people keep.
//! 10. [`destruction`]: what is destroyed, on whose word.
//! 11. [`limits`]: every bound, in one place.

mod as_text;
pub mod bundle;
pub mod campaign;
pub mod canonical;
pub mod correction;
pub mod destruction;
pub mod digest;
pub mod envelope;
pub mod event;
pub mod film;
pub mod id;
pub mod limits;
pub mod log_key;
pub mod manifest;
pub mod merkle;
pub mod note;
pub mod patient;
pub mod policy;
pub mod receipt;
pub mod saved;
pub mod sheet;
pub mod time;
pub mod timing;
pub mod wire;
pub mod witness;
pub mod words;

pub use digest::{Digest, Digest512, Hasher, Hasher512};
pub use event::{Event, EventKind};
pub use id::{AccountId, BatchId, CampaignId, DestructionId, DocumentId, HoldId, PageId, SearchId, TokenId, TrialId};
pub use manifest::{Descriptor, IndexFields, Manifest, PageEntry};
pub use patient::{Department, DocumentType, Encounter, Mrn};
pub use receipt::Receipt;
pub use time::{Date, Timestamp};
