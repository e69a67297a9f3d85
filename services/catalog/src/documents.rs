//! What is in a document, what happened to it, and what needs a person?

use record::event::{Actor, UnreadableReason};
use record::manifest::{Exception, ExceptionCode, SourceKind};
use record::words::AttentionReason;
use record::{
    BatchId, Date, Department, Digest, DocumentId, DocumentType, Encounter, EventKind, Mrn, PageId, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::column::table_row;
use crate::engine::{row, rows};
use crate::{Catalog, Result};

table_row! {
    /// A document as its newest version has it.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Document {
        pub document: DocumentId,
        pub version: u32,
        pub manifest: Digest,
        pub batch: BatchId,
        pub source_kind: SourceKind,
        pub station: String,
        /// When its first version was made.
        pub created: Timestamp,
        /// Searchers see filed documents only.
        pub filed: bool,
        pub mrn: Option<Mrn>,
        pub encounter: Option<Encounter>,
        pub document_type: Option<DocumentType>,
        pub department: Option<Department>,
        pub date: Option<Date>,
        pub pages: u32,
        /// The ledger index of the newest `Sealed` event.
        pub sealed_index: u64,
        /// The label of the reel of film that it is on.
        pub reel: Option<String>,
    }
}

table_row! {
    /// One sealed version of a document; `sealed_index` is the event to prove.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Version {
        pub document: DocumentId,
        pub version: u32,
        pub manifest: Digest,
        pub sealed_index: u64,
        pub at: Timestamp,
        pub actor: Actor,
        pub pages: u32,
        pub filed: bool,
    }
}

table_row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Page {
        pub page: PageId,
        pub document: DocumentId,
        pub batch: BatchId,
        /// 1-based place in the document.
        pub number: u32,
        pub image: Digest,
        pub media_type: String,
        /// Bytes of the image.
        pub size: u64,
        pub width: u32,
        pub height: u32,
        /// 0 where nobody knows.
        pub dpi: u32,
        /// The ALTO blob of the words that came with the image in its file.
        pub brought: Option<Digest>,
        /// The newest version no longer has this page.
        pub withdrawn: bool,
        pub state: PageState,
        /// Set with [`PageState::Unreadable`].
        pub reason: Option<UnreadableReason>,
        /// The ALTO blob; this and the rest are set with [`PageState::Read`].
        pub text: Option<Digest>,
        pub words: Option<u32>,
        pub confidence: Option<u8>,
        /// The ledger index of the `Read` or `Corrected` event.
        pub read_index: Option<u64>,
        /// Why a person should look at the page though it was read; gone once somebody has.
        pub attention: Option<AttentionReason>,
        /// Of the newest reading.
        pub generation: u32,
        /// A person went through the text: no machine replaces it.
        pub corrected: bool,
        /// Which frame of the document's reel it is.
        pub frame: Option<u32>,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PageState {
    /// Safe, and waiting to be read.
    Sealed,
    Read,
    /// A person has to look.
    Unreadable,
}

table_row! {
    /// One event of a document's life. The event itself names no patient.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct TimelineEntry {
        pub event_index: u64,
        pub at: Timestamp,
        pub actor: Actor,
        pub event: EventKind,
    }
}

/// A document that is not filed, and the questions that keep it from being so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    pub document: Document,
    /// At least one.
    pub exceptions: Vec<Exception>,
}

table_row! {
    struct ExceptionRow {
        pub document: DocumentId,
        pub code: ExceptionCode,
        pub page: Option<u32>,
    }
}

impl From<ExceptionRow> for Exception {
    fn from(row: ExceptionRow) -> Self {
        Self { code: row.code, page: row.page }
    }
}

table_row! {
    /// How many pages there are, withdrawn ones left out.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct PageCounts {
        pub sealed: u64,
        pub waiting: u64,
        pub unreadable: u64,
    }
}

table_row! {
    /// A page that was read, and by which event last.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct ReadPage {
        pub page: PageId,
        pub read_index: u64,
    }
}

impl PageCounts {
    pub const fn read(&self) -> u64 {
        self.sealed - self.waiting - self.unreadable
    }
}

impl Catalog {
    pub async fn page_counts(&self) -> Result<PageCounts> {
        let sql = "SELECT COUNT(*) AS sealed, COUNT(CASE WHEN state = 'sealed' THEN 1 END) AS waiting, \
                   COUNT(CASE WHEN state = 'unreadable' THEN 1 END) AS unreadable FROM pages WHERE withdrawn = 0";
        let counted = row!(self.reader.on(), PageCounts, sql)?;
        Ok(counted.unwrap_or(PageCounts { sealed: 0, waiting: 0, unreadable: 0 }))
    }

    /// At most `most` pages that were read, by id, from the one after `after` on.
    pub async fn read_pages_after(&self, after: Option<PageId>, most: u32) -> Result<Vec<ReadPage>> {
        let sql = "SELECT page, read_index FROM pages WHERE page > $1 AND withdrawn = 0 AND state = 'read' \
                   AND read_index IS NOT NULL ORDER BY page LIMIT $2";
        let after = after.map(|page| page.to_string()).unwrap_or_default();
        rows!(self.reader.on(), ReadPage, sql, after, most)
    }

    pub async fn document(&self, document: DocumentId) -> Result<Option<Document>> {
        row!(self.reader.on(), Document, "SELECT * FROM documents WHERE document = $1", document)
    }

    /// All versions, oldest first.
    pub async fn versions(&self, document: DocumentId) -> Result<Vec<Version>> {
        rows!(self.reader.on(), Version, "SELECT * FROM versions WHERE document = $1 ORDER BY version", document)
    }

    /// The version whose `sealed_index` proves it.
    pub async fn version(&self, document: DocumentId, version: u32) -> Result<Option<Version>> {
        let sql = "SELECT * FROM versions WHERE document = $1 AND version = $2";
        row!(self.reader.on(), Version, sql, document, version)
    }

    /// The pages of the newest version, in order.
    pub async fn pages_of(&self, document: DocumentId) -> Result<Vec<Page>> {
        let sql = "SELECT * FROM pages WHERE document = $1 AND withdrawn = 0 ORDER BY number, page";
        rows!(self.reader.on(), Page, sql, document)
    }

    /// Of the newest version, the page with this number and those before and behind it, in order.
    pub async fn pages_around(&self, document: DocumentId, number: u32) -> Result<Vec<Page>> {
        let sql = "SELECT * FROM pages WHERE document = $1 AND withdrawn = 0 AND number BETWEEN $2 AND $3 \
                   ORDER BY number, page";
        rows!(self.reader.on(), Page, sql, document, number.saturating_sub(1), number.saturating_add(1))
    }

    /// A page with the document it is in, withdrawn ones too: what may be shown depends on the document.
    pub async fn page(&self, page: PageId) -> Result<Option<(Document, Page)>> {
        let Some(page) = row!(self.reader.on(), Page, "SELECT * FROM pages WHERE page = $1", page)? else {
            return Ok(None);
        };
        Ok(self.document(page.document).await?.map(|document| (document, page)))
    }

    /// The pages that are this frame of this reel; more than one where reels of that label were filmed or cut twice.
    pub async fn frames(&self, reel: &str, frame: u32) -> Result<Vec<(Document, Page)>> {
        let sql = "SELECT pages.* FROM pages JOIN documents ON documents.document = pages.document \
                   WHERE documents.reel = $1 AND pages.frame = $2 AND pages.withdrawn = 0 \
                   ORDER BY documents.sealed_index, pages.page LIMIT 20";
        let mut found = Vec::new();
        for page in rows!(self.reader.on(), Page, sql, reel.to_owned(), frame)? {
            found.extend(self.document(page.document).await?.map(|document| (document, page)));
        }
        Ok(found)
    }

    /// In capture order, as far as sealing kept it.
    pub async fn documents_of_batch(&self, batch: BatchId) -> Result<Vec<Document>> {
        let sql = "SELECT * FROM documents WHERE batch = $1 ORDER BY sealed_index, document";
        rows!(self.reader.on(), Document, sql, batch)
    }

    /// At most `most` documents by id, from the one after `after` on, of one batch or of all.
    pub async fn documents_after(
        &self,
        after: Option<DocumentId>,
        batch: Option<BatchId>,
        most: u32,
    ) -> Result<Vec<Document>> {
        let sql = "SELECT * FROM documents WHERE document > $1 AND ($2 = '' OR batch = $2) ORDER BY document LIMIT $3";
        let after = after.map(|document| document.to_string()).unwrap_or_default();
        let batch = batch.map(|batch| batch.to_string()).unwrap_or_default();
        rows!(self.reader.on(), Document, sql, after, batch, most)
    }

    /// Everything the ledger says about a document, oldest first.
    pub async fn timeline(&self, document: DocumentId) -> Result<Vec<TimelineEntry>> {
        let sql = "SELECT * FROM events WHERE document = $1 ORDER BY event_index";
        rows!(self.reader.on(), TimelineEntry, sql, document)
    }

    /// The open questions of one document; none for a filed one.
    pub async fn exceptions_of(&self, document: DocumentId) -> Result<Vec<Exception>> {
        let sql = "SELECT * FROM exceptions WHERE document = $1 ORDER BY position";
        let found = rows!(self.reader.on(), ExceptionRow, sql, document)?;
        Ok(found.into_iter().map(Exception::from).collect())
    }

    /// Documents that are not filed, oldest first, after skipping `skip` of them.
    pub async fn exceptions(&self, skip: u64, most: u32) -> Result<Vec<Open>> {
        let sql = "SELECT * FROM documents WHERE filed = 0 ORDER BY sealed_index, document LIMIT $1 OFFSET $2";
        let documents = rows!(self.reader.on(), Document, sql, most, skip)?;
        let sql = "SELECT * FROM exceptions WHERE document IN (SELECT document FROM documents WHERE filed = 0 \
                   ORDER BY sealed_index, document LIMIT $1 OFFSET $2) ORDER BY document, position";
        let questions = rows!(self.reader.on(), ExceptionRow, sql, most, skip)?;
        let mut by_document = std::collections::HashMap::<_, Vec<Exception>>::new();
        for question in questions {
            by_document.entry(question.document).or_default().push(question.into());
        }
        let open = |document: Document| {
            let exceptions = by_document.remove(&document.document).unwrap_or_default();
            Open { document, exceptions }
        };
        Ok(documents.into_iter().map(open).collect())
    }
}
