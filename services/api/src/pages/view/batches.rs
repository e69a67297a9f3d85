//! Batches and how far they have come, and the documents that wait for a decision.

use askama::Template;
use record::wire::BatchStatus;

use super::attention::AttentionRow;
use super::filters;
use super::frame::Frame;
use super::sheet::Sheet;

/// One batch in the list.
#[derive(Debug, Clone)]
pub struct BatchRow {
    pub status: BatchStatus,
    /// UTC.
    pub opened: String,
    pub station: String,
}

/// What a batch needs next, in one word and one symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub tone: &'static str,
    pub icon: &'static str,
    pub word: &'static str,
}

impl BatchRow {
    /// What a person has to look at comes first: it does not go away by waiting.
    pub fn standing(&self) -> Standing {
        let s = &self.status;
        if s.exceptions > 0 || s.attention > 0 {
            Standing { tone: "warn", icon: "exceptions", word: "Needs a person" }
        } else if s.is_searchable() {
            Standing { tone: "ok", icon: "ok", word: "Searchable" }
        } else if s.closed {
            Standing { tone: "info", icon: "busy", word: "Reading" }
        } else {
            Standing { tone: "info", icon: "busy", word: "Capturing" }
        }
    }

    /// Nothing will change by itself any more.
    pub fn is_settled(&self) -> bool {
        self.status.is_searchable()
    }

    /// The bar's segments as (class, start, width) in thousandths of the pages sealed.
    pub fn bar(&self) -> Vec<(&'static str, u32, u32)> {
        let s = &self.status;
        let total = u64::from(s.sealed.max(1));
        let part = |pages: u32| (u64::from(pages.min(s.sealed)) * 1000 / total) as u32;
        let indexed = part(s.indexed.min(s.read));
        let read = part(s.read);
        let attention = part(s.attention);
        vec![
            ("sealed", 0, part(s.sealed)),
            ("read", 0, read),
            ("indexed", 0, indexed),
            ("attention", read.min(1000 - attention), attention),
        ]
    }

    /// The same as a sentence, for those who cannot see the bar.
    pub fn bar_text(&self) -> String {
        let s = &self.status;
        format!("{} of {} pages read, {} searchable, {} need attention", s.read, s.sealed, s.indexed, s.attention)
    }
}

/// `/batches`.
#[derive(Template)]
#[template(path = "batches.html")]
pub struct BatchesPage {
    pub frame: Frame,
    pub rows: BatchRows,
}

/// The rows, which the browser asks for again while anything is moving.
#[derive(Debug, Clone, Template)]
#[template(path = "batch_rows.html")]
pub struct BatchRows {
    pub rows: Vec<BatchRow>,
}

impl BatchRows {
    fn is_moving(&self) -> bool {
        self.rows.iter().any(|row| !row.is_settled())
    }
}

#[derive(Debug, Clone)]
pub struct DocumentRow {
    pub href: String,
    pub document_type: String,
    pub mrn: String,
    pub date: String,
    pub pages: u32,
    pub filed: bool,
}

#[derive(Debug, Clone)]
pub struct RefusedRow {
    pub file: String,
    pub page: Option<u32>,
    pub reason: String,
}

/// Pages of the batch that a person has to look at.
#[derive(Debug, Clone)]
pub struct AttentionPart {
    /// The first of them.
    pub rows: Vec<AttentionRow>,
    pub total: u64,
    /// All of them.
    pub href: String,
}

/// `/batches/{id}`.
#[derive(Template)]
#[template(path = "batch.html")]
pub struct BatchPage {
    pub frame: Frame,
    pub summary: BatchSummary,
    pub documents: Vec<DocumentRow>,
    pub refused: Vec<RefusedRow>,
    pub attention: AttentionPart,
    pub exceptions: Vec<ExceptionRow>,
}

/// The moving part of a batch's page.
#[derive(Debug, Clone, Template)]
#[template(path = "batch_summary.html")]
pub struct BatchSummary {
    pub row: BatchRow,
}

/// A document that waits for a person's decision.
#[derive(Debug, Clone)]
pub struct ExceptionRow {
    pub href: String,
    pub thumb: Sheet,
    pub batch: String,
    pub document_type: String,
    pub pages: u32,
    /// UTC.
    pub sealed: String,
    pub questions: Vec<Question>,
}

#[derive(Debug, Clone)]
pub struct Question {
    pub text: &'static str,
    /// 1-based page in the batch's capture order.
    pub page: Option<u32>,
}

/// A page whose text names another patient than its document's index.
#[derive(Debug, Clone)]
pub struct AlarmRow {
    pub document: String,
    pub version: u32,
    pub page: String,
    pub number: u32,
    pub thumb: Sheet,
    pub document_type: String,
    /// Under which the document is filed.
    pub filed: String,
    /// As on the page.
    pub said: String,
    pub confidence: u8,
}

/// `/exceptions`.
#[derive(Template)]
#[template(path = "exceptions.html")]
pub struct ExceptionsPage {
    pub frame: Frame,
    pub alarms: Vec<AlarmRow>,
    pub alarms_total: u64,
    pub rows: Vec<ExceptionRow>,
    pub total: u64,
}

/// One field of the filing form: what stands in it, what is wrong with that, and what the text proposes.
#[derive(Debug, Clone, Default)]
pub struct Field {
    pub value: String,
    pub wrong: Option<String>,
    pub offer: Option<Offer>,
}

impl Field {
    pub fn of(value: impl Into<String>, wrong: Option<String>) -> Self {
        Self { value: value.into(), wrong, offer: None }
    }
}

/// What a document's text proposes.
#[derive(Debug, Clone)]
pub struct Offer {
    /// For what, in words.
    pub what: String,
    pub value: String,
    pub confidence: u8,
    /// Which rule found it, and where.
    pub rule: String,
    pub page: u32,
    /// What the patient list says.
    pub listed: Option<&'static str>,
    pub evidence: Option<Sheet>,
    /// It stands in the field until a person changes it.
    pub is_filled_in: bool,
}

/// `/exceptions/{document}`: the page image beside the form.
#[derive(Template)]
#[template(path = "filing.html")]
pub struct FilingPage {
    pub frame: Frame,
    pub document: String,
    /// The version these fields replace; another one meanwhile is a conflict, not a loss.
    pub version: u32,
    pub questions: Vec<Question>,
    pub sheets: Vec<Sheet>,
    /// Pages of the document; more than `sheets` holds where it is long.
    pub pages: u32,
    pub types: Vec<String>,
    pub departments: Vec<String>,
    pub mrn: Field,
    pub encounter: Field,
    pub document_type: Field,
    pub department: Field,
    pub date: Field,
    /// What the text says of the patient besides.
    pub besides: Vec<Offer>,
}

impl FilingPage {
    /// Whether any field holds what the text proposes.
    fn has_proposals(&self) -> bool {
        let offers = [&self.mrn, &self.document_type, &self.date].map(|field| field.offer.as_ref());
        offers.into_iter().flatten().any(|offer| offer.is_filled_in)
    }
}

#[cfg(test)]
mod tests {
    use record::BatchId;

    use super::super::hostile;
    use super::*;

    fn row(closed: bool, sealed: u32, read: u32, indexed: u32, attention: u32) -> BatchRow {
        let status = BatchStatus {
            batch: BatchId::derived([b"b".as_slice()]),
            name: hostile::TEXT.into(),
            closed,
            captured: sealed,
            documents: 1,
            sealed,
            read,
            indexed,
            attention,
            exceptions: 0,
            refused: 0,
        };
        BatchRow { status, opened: "2026-11-22 11:46:52".into(), station: "desk-1".into() }
    }

    #[test]
    fn a_batch_says_what_it_needs() {
        assert_eq!(row(false, 3, 0, 0, 0).standing().word, "Capturing");
        assert_eq!(row(true, 3, 1, 1, 0).standing().word, "Reading");
        assert_eq!(row(true, 3, 3, 3, 0).standing().word, "Searchable");
        assert_eq!(row(true, 3, 2, 2, 1).standing().word, "Needs a person");
    }

    #[test]
    fn the_bar_never_leaves_its_frame() {
        for row in [row(false, 0, 0, 0, 0), row(true, 3, 2, 9, 1), row(true, 1, 5, 0, 5), row(true, 7, 7, 7, 0)] {
            for (class, start, width) in row.bar() {
                assert!(start + width <= 1000, "{class} {start} {width}");
            }
        }
    }

    #[test]
    fn a_batch_named_in_html_stays_text() {
        let html = BatchRows { rows: vec![row(true, 3, 3, 3, 0)] }.render().expect("renders");
        hostile::assert_inert(&html);
        assert!(!html.contains("hx-trigger"), "nothing moves, nothing is polled");
        let html = BatchRows { rows: vec![row(true, 3, 1, 1, 0)] }.render().expect("renders");
        assert!(html.contains("hx-trigger"));
    }

    /// File names and batch names come from outside; so do the reasons of a station.
    #[test]
    fn every_text_of_a_batch_stays_text() {
        let text = || hostile::TEXT.to_owned();
        let sheet = Sheet::whole(record::PageId::derived([b"p".as_slice()]), (10, 10), vec![], 100, text());
        let question = Question { text: hostile::TEXT, page: Some(1) };
        let open = ExceptionRow {
            href: text(),
            thumb: sheet.clone(),
            batch: text(),
            document_type: text(),
            pages: 1,
            sealed: text(),
            questions: vec![question.clone()],
        };
        let looked_at = AttentionRow {
            href: text(),
            thumb: sheet.clone(),
            number: 1,
            batch: text(),
            reason: hostile::TEXT,
            icon: "hand",
            hint: text(),
        };
        let document =
            DocumentRow { href: text(), document_type: text(), mrn: text(), date: text(), pages: 1, filed: false };
        let page = BatchPage {
            frame: Frame::bare(hostile::TEXT).with_notice("ok", text()),
            summary: BatchSummary { row: row(true, 3, 1, 1, 0) },
            documents: vec![document],
            refused: vec![RefusedRow { file: text(), page: None, reason: text() }],
            attention: AttentionPart { rows: vec![looked_at], total: 2, href: text() },
            exceptions: vec![open],
        };
        hostile::assert_inert(&page.render().expect("renders"));
        let offer = || Offer {
            what: text(),
            value: text(),
            confidence: 90,
            rule: text(),
            page: 1,
            listed: Some(hostile::TEXT),
            evidence: Some(sheet.clone()),
            is_filled_in: true,
        };
        let field = || Field { value: text(), wrong: Some(text()), offer: Some(offer()) };
        let filing = FilingPage {
            frame: Frame::bare("x"),
            document: text(),
            version: 1,
            questions: vec![question],
            sheets: vec![sheet.clone()],
            pages: 1,
            types: vec![text()],
            departments: vec![text()],
            mrn: field(),
            encounter: field(),
            document_type: field(),
            department: field(),
            date: field(),
            besides: vec![offer()],
        };
        hostile::assert_inert(&filing.render().expect("renders"));
        let alarm = AlarmRow {
            document: text(),
            version: 1,
            page: text(),
            number: 1,
            thumb: sheet.clone(),
            document_type: text(),
            filed: text(),
            said: text(),
            confidence: 90,
        };
        let list = ExceptionsPage {
            frame: Frame::bare("x"),
            alarms: vec![alarm],
            alarms_total: 1,
            rows: Vec::new(),
            total: 0,
        };
        hostile::assert_inert(&list.render().expect("renders"));
    }
}
