//! The immutable description of one document version.
//!
//! A manifest names bytes and nothing that could identify a patient: its digest stands in
//! the ledger, and the ledger is for ever. What does identify a patient, the
//! [`IndexFields`], is a blob of its own with a salt, so that its digest cannot be guessed
//! from a list of patient numbers.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::event::Actor;
use crate::film::{FrameAddress, Reel};
use crate::id::{BatchId, DocumentId, PageId};
use crate::patient::{Department, DocumentType, Encounter, Mrn};
use crate::time::{Date, Timestamp};

/// What a sealed byte string is. `plain_*` differ from the stored ones only once blobs are
/// sealed with a per-document key; until then they are absent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Descriptor {
    pub media_type: String,
    pub digest: Digest,
    pub size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain_digest: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain_size: Option<u64>,
}

impl Descriptor {
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            plain_digest: None,
            plain_size: None,
        }
    }
}

pub const MANIFEST_SCHEMA: &str = "chartroom.manifest/1";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always [`MANIFEST_SCHEMA`].
    pub schema: String,
    pub document: DocumentId,
    /// 1, 2, 3 …; each but the first names the manifest before it.
    pub version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    pub batch: BatchId,
    pub created: Timestamp,
    pub created_by: Actor,
    pub source: Source,
    /// Files this document came from, kept whole: the PDF or multi-page TIFF as it was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub originals: Vec<Descriptor>,
    pub pages: Vec<PageEntry>,
    /// The blob of [`IndexFields`].
    pub index: Descriptor,
}

impl Manifest {
    /// Every blob that the version is made of.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        let pages = self.pages.iter().flat_map(PageEntry::blobs);
        pages.chain(&self.originals).chain(std::iter::once(&self.index))
    }
}

/// How the pages came in. Device names, never people's.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub kind: SourceKind,
    /// The capture station's name.
    pub station: String,
    /// The SANE device, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    Scan,
    Import,
    Film,
}

impl SourceKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Import => "import",
            Self::Film => "film",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageEntry {
    pub page: PageId,
    /// 1-based place in the document.
    pub number: u32,
    /// The master image: bytes exactly as captured or as found in the file.
    pub image: Descriptor,
    pub width: u32,
    pub height: u32,
    /// Dots per inch as the device or file says; 0 where it does not.
    pub dpi: u32,
    /// Which page of which original this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<OriginalPage>,
    /// The words that came with the image in its file, as ALTO in pixels of the image; whether they are any good, the reader
    /// judges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brought: Option<Descriptor>,
    /// Which frame of its reel it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<FrameAddress>,
}

impl PageEntry {
    /// Every blob that the page is made of.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        std::iter::once(&self.image).chain(&self.brought)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OriginalPage {
    pub original: Digest,
    /// 1-based page of the original.
    pub number: u32,
    /// How the image was got: taken out untouched, or rendered.
    pub how: Extraction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Extraction {
    /// The encoded image bytes are the file's own.
    Untouched,
    /// The page was drawn anew, because it was no plain scan.
    Rendered,
    /// A frame was cut out of a strip of film, and shown positive.
    Cut,
}

/// Whose document this is and what kind. Sealed as a blob; every value may be missing,
/// because nothing is ever guessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexFields {
    /// 32 hex digits drawn by whoever writes the fields.
    pub salt: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mrn: Option<Mrn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encounter: Option<Encounter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_type: Option<DocumentType>,
    /// Where in the hospital it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<Department>,
    /// The document's own date: the date of service, not of the scan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    /// The reel of film that it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reel: Option<Reel>,
    /// Names of the files it came from, for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub file_names: Vec<String>,
    /// What a person has to decide before the document counts as filed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
}

impl IndexFields {
    /// A filed document has a patient and no open question. Only filed ones reach searchers.
    pub fn is_filed(&self) -> bool {
        self.mrn.is_some() && self.exceptions.is_empty()
    }
}

/// An open question about a document. Says where, never whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    pub code: ExceptionCode,
    /// 1-based page in the batch's capture order, where the question is about one page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExceptionCode {
    /// No sheet and no option said whose document this is.
    NoPatient,
    /// Two sheets' barcodes on one page disagree.
    TwoSheetsOnPage,
    /// The same separator twice in a row, with nothing between.
    DuplicateSeparator,
    /// A sheet's barcode is ours but damaged: wrong check character or shape.
    DamagedSheet,
    /// A sheet carries a patient number that breaks the rule for patient numbers.
    MalformedMrn,
    /// The patient number is not in the archive's patient list.
    UnknownMrn,
    /// Labels in one document name different patients, stays, types or dates.
    CodesDisagree,
    /// A code's check digit is wrong.
    FailedCheck,
}

impl ExceptionCode {
    /// As it stands in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoPatient => "no-patient",
            Self::TwoSheetsOnPage => "two-sheets-on-page",
            Self::DuplicateSeparator => "duplicate-separator",
            Self::DamagedSheet => "damaged-sheet",
            Self::MalformedMrn => "malformed-mrn",
            Self::UnknownMrn => "unknown-mrn",
            Self::CodesDisagree => "codes-disagree",
            Self::FailedCheck => "failed-check",
        }
    }

    /// What a technician reads, and what to do.
    pub const fn explain(self) -> &'static str {
        match self {
            Self::NoPatient => "no sheet names the patient: enter the patient number",
            Self::TwoSheetsOnPage => "two different sheets' barcodes on one page: choose the right one",
            Self::DuplicateSeparator => "the same separator twice in a row: check that no document is missing between",
            Self::DamagedSheet => "a sheet's barcode is damaged: enter its fields by hand",
            Self::MalformedMrn => "the patient number on the sheet is malformed: enter the right one",
            Self::UnknownMrn => "the patient number is not in the patient list: correct it, or add the patient first",
            Self::CodesDisagree => {
                "labels in the document contradict each other: look at its pages and enter the right fields"
            }
            Self::FailedCheck => "a label's check digit is wrong: compare it with the page and enter the right number",
        }
    }
}

/// The sealed record of a batch; a later record of the same batch replaces an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchRecord {
    pub batch: BatchId,
    /// Given by the operator; may name a patient, so it lives in a blob.
    pub name: String,
    pub source: Source,
    pub opened: Timestamp,
    pub opened_by: Actor,
    /// Set when the station has handed over everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<BatchClosed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchClosed {
    pub at: Timestamp,
    /// Pages the station captured, sheets included.
    pub captured: u32,
    pub documents: u32,
    /// Where somebody said how many sheets were laid in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheets: Option<SheetCount>,
    /// Files or pages the station refused, with its reasons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    /// The envelope with the station's signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Descriptor>,
}

/// Sheets of paper: how many were laid in, how many came, and why that is in order where it is not the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SheetCount {
    pub expected: u32,
    pub fed: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explained: Option<String>,
}

/// A file the station could not take in. The batch went on without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    pub file: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    pub reason: String,
}

/// One person of the archive's patient list. Lives in blobs and the catalog only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patient {
    pub mrn: Mrn,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<Date>,
}

impl std::fmt::Debug for Patient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Patient(…)")
    }
}
