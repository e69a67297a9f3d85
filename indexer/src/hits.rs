//! What is asked of the index, and what it answers.

use record::words::Box as Place;
use record::{BatchId, Date, Department, DocumentId, DocumentType, Encounter, Mrn, PageId, Timestamp};
use record::{manifest::SourceKind, words::PageText};
use serde::{Deserialize, Serialize};

use crate::PAGES_SHOWN;
use crate::edges::Edges;
use crate::query::Kin;
use crate::stop::Stop;

/// One page as it goes into the index: its words, and what is known of its document.
#[derive(Debug, Clone)]
pub struct PageDocument {
    pub page: PageId,
    /// 1-based place in the document.
    pub number: u32,
    /// Which frame of its reel it is.
    pub frame: Option<u32>,
    /// The ledger index of the event that made it findable as it is.
    pub arrived: u64,
    pub fields: DocumentFields,
    pub text: PageText,
    /// What the pages before and behind it have at their edges.
    pub before: Edges,
    pub behind: Edges,
}

/// What the index knows of a document. Every page carries a copy, so that a filter on it is
/// part of the one query; when a field changes, all pages of the document are put again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentFields {
    pub document: DocumentId,
    pub batch: BatchId,
    /// Has a patient and no open question: see [`record::IndexFields::is_filed`].
    pub filed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mrn: Option<Mrn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encounter: Option<Encounter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_type: Option<DocumentType>,
    /// Where in the hospital it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<Department>,
    /// The date of service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    pub source: SourceKind,
    pub station: String,
    /// When it was captured.
    pub scanned: Timestamp,
    /// The number on the film's reel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reel: Option<String>,
}

/// What the asking person may see. Made by the policy function, and applied inside the query,
/// so that hits, counts and facets are those of an index that never held the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    filed_only: bool,
}

impl Scope {
    /// Filed documents only: searchers.
    pub const FILED: Self = Self { filed_only: true };
    /// Those that wait for a decision as well: technicians and admins.
    pub const EVERYTHING: Self = Self { filed_only: false };

    pub const fn is_filed_only(self) -> bool {
        self.filed_only
    }
}

/// Every filter that is set must hold. Dates are inclusive on both ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    pub mrn: Option<Mrn>,
    pub encounter: Option<Encounter>,
    pub document_type: Option<DocumentType>,
    pub department: Option<Department>,
    pub from: Option<Date>,
    pub to: Option<Date>,
    pub source: Option<SourceKind>,
    pub batch: Option<BatchId>,
    /// 0 to 100: pages whose mean word confidence is at least this.
    pub confidence_min: Option<u8>,
    /// Pages that became findable as they are by this event of the ledger, or by a later one.
    pub arrived_from: Option<u64>,
}

/// Which documents come first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// Those whose best page answers best.
    #[default]
    Relevance,
    /// The newest date of service; those without a date last.
    Service,
    /// Captured last.
    Scanned,
}

#[derive(Debug, Clone)]
pub struct SearchRequest {
    /// As typed. Blank finds everything that the filters let through, newest first.
    pub query: String,
    pub filters: Filters,
    pub scope: Scope,
    pub sort: Sort,
    /// What [`SearchResult::as_of`] said on the first page of results: the further pages are those of the same moment,
    /// as long as the index remembers it.
    pub as_of: Option<u64>,
    /// 1-based page of results; 0 counts as 1.
    pub page: u32,
    /// Documents on one page of results, at most [`record::limits::SEARCH_HITS_PER_PAGE_MAX`].
    pub per_page: usize,
    /// Pages of each document with their extracts, at most [`crate::PAGES_SHOWN`]; with 0, which documents they are is all.
    pub pages_per_document: usize,
    /// Ends the search early: see [`SearchResult::partial`].
    pub stop: Stop,
}

impl SearchRequest {
    /// The first ten documents for `query`, without filters.
    pub fn new(query: &str, scope: Scope) -> Self {
        Self {
            query: query.to_owned(),
            filters: Filters::default(),
            scope,
            sort: Sort::default(),
            as_of: None,
            page: 1,
            per_page: 10,
            pages_per_document: PAGES_SHOWN,
            stop: Stop::default(),
        }
    }
}

/// The answer to a [`SearchRequest`]. Counts are exact, unless it is partial, and within the request's scope.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SearchResult {
    /// Pages that match.
    pub pages: u64,
    /// Documents with at least one such page.
    pub documents: u64,
    /// Best document first; ties by date of service, newest first, then by id.
    pub hits: Vec<DocumentHit>,
    pub facets: Facets,
    /// The search was stopped, or asked for more words than are looked at: there may be more and better hits.
    pub partial: bool,
    /// No page has the words; the hits have words that look like them.
    pub widened: bool,
    /// No page has all of the words; the hits have most of them.
    pub incomplete: bool,
    /// A query that finds something, where this one finds nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// The moment that the answer is of.
    pub as_of: u64,
    /// Patients that were asked for by their numbers.
    #[serde(skip)]
    pub patients: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DocumentHit {
    #[serde(flatten)]
    pub fields: DocumentFields,
    /// The best page's score. Comparable within one answer only.
    pub score: f32,
    /// How many of its pages match; [`DocumentHit::pages`] shows the best of them.
    pub pages_matched: u32,
    /// Best first, at most [`crate::PAGES_SHOWN`]. All of them: [`crate::Index::hits_in_document`].
    pub pages: Vec<PageHit>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PageHit {
    pub page: PageId,
    pub number: u32,
    /// Which frame of its reel it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<u32>,
    pub score: f32,
    /// Mean word confidence, 0 to 100.
    pub confidence: u8,
    /// Pixels of the master image, which the boxes are measured in.
    pub width: u32,
    pub height: u32,
    /// Joined together, the fragments are an extract of the page.
    pub snippet: Vec<Fragment>,
    /// The words that matched, in reading order; each word once.
    pub boxes: Vec<LitBox>,
    /// Words that were asked for and are not on the page: see [`SearchResult::incomplete`].
    pub missing: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fragment {
    pub text: String,
    pub hit: bool,
    /// For a hit, how near it is to what was typed.
    pub kin: Kin,
}

/// A word to light on the page image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LitBox {
    #[serde(flatten)]
    pub place: Place,
    /// As it was read.
    pub word: String,
    /// How near it is to what was typed.
    pub kin: Kin,
}

/// How many of the documents that match are of each kind. Most frequent first, years newest
/// first; a value that no document has is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Facets {
    pub document_type: Vec<FacetCount>,
    pub department: Vec<FacetCount>,
    pub year: Vec<FacetCount>,
    pub source: Vec<FacetCount>,
    /// Patients with most documents, at most [`crate::PATIENTS_SHOWN`].
    pub patient: Vec<FacetCount>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FacetCount {
    pub value: String,
    pub documents: u64,
}

/// What there is to be found within a scope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    pub pages: u64,
    /// Document types and departments, by name.
    pub types: Vec<String>,
    pub departments: Vec<String>,
}

/// A word to go on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    pub word: String,
    /// Pages with it, within the scope.
    pub pages: u64,
}
