//! The viewer: one document, a page at a time, with the words of the query lit.

use askama::Template;
use record::event::UnreadableReason;
use record::words::AttentionReason;

use super::filters;
use super::frame::Frame;
use super::readable;
use super::search::{DOUBTFUL_BELOW, Piece};
use super::sheet::Sheet;

/// How far reading a page has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    Waiting,
    /// Mean confidence, 0 to 100, and why a person should look at the page, if so.
    Read(u8, Option<AttentionReason>),
    Failed(UnreadableReason),
}

/// One entry of the thumbnail strip; also tells the script where the page's image is.
#[derive(Debug, Clone)]
pub struct PageLink {
    pub page: String,
    pub number: u32,
    /// On the reel.
    pub frame: Option<u32>,
    pub reading: Reading,
    /// Hits on this page for the query of the address.
    pub hits: usize,
    pub thumb: Sheet,
}

impl PageLink {
    pub fn needs_attention(&self) -> bool {
        matches!(self.reading, Reading::Failed(_))
    }

    pub fn explanation(&self) -> &'static str {
        match self.reading {
            Reading::Waiting => "not read yet: its words cannot be found so far",
            Reading::Read(_, Some(reason)) => reason.explain(),
            Reading::Read(confidence, None) if confidence < DOUBTFUL_BELOW => {
                "hard to read: words may be missing or wrong"
            }
            Reading::Read(..) => "",
            Reading::Failed(reason) => reason.explain(),
        }
    }
}

/// What is known about the document.
#[derive(Debug, Clone)]
pub struct Facts {
    pub document: String,
    pub document_type: String,
    pub department: String,
    pub patient: Option<String>,
    pub mrn: String,
    pub encounter: String,
    pub date: String,
    pub source: String,
    pub captured: String,
    pub batch: Option<BatchLink>,
    pub version: u32,
    pub filed: bool,
    pub file_names: Vec<String>,
    /// The label of the reel of film that it is on.
    pub reel: Option<String>,
}

impl Facts {
    /// The document's name on screen: its type, or a word for having none.
    pub fn heading(&self) -> String {
        if self.document_type.is_empty() { "Document".to_owned() } else { readable(&self.document_type) }
    }
}

#[derive(Debug, Clone)]
pub struct BatchLink {
    pub href: String,
    pub name: String,
}

/// One page of the document that answers the query.
#[derive(Debug, Clone)]
pub struct HitLink {
    pub href: String,
    pub number: u32,
    pub snippet: Vec<Piece>,
}

/// A page whose text names another patient than the index. Whom, is not for everybody who may open the document.
#[derive(Debug, Clone)]
pub struct AlarmLink {
    pub href: String,
    pub page: String,
    pub number: u32,
}

/// `/documents/{id}`.
#[derive(Template)]
#[template(path = "document.html")]
pub struct DocumentPage {
    pub frame: Frame,
    pub facts: Facts,
    pub alarms: Vec<AlarmLink>,
    /// Whether this person may file the document anew or dismiss an alarm.
    pub may_resolve: bool,
    /// Whether there is a strip that frames can be cut from anew, and this person may.
    pub may_cut: bool,
    pub pages: Vec<PageLink>,
    /// 1-based.
    pub number: u32,
    pub q: String,
    /// The result list this document was opened from.
    pub back: Option<String>,
    pub hits: Hits,
    /// The page itself, for browsers without script.
    pub flat: Sheet,
}

/// The hit list beside the page; swapped by htmx when the box in the viewer is used.
#[derive(Debug, Clone, Template)]
#[template(path = "document_hits.html")]
pub struct Hits {
    pub q: String,
    pub list: Vec<HitLink>,
    /// Set where the query was not understood.
    pub wrong: Option<String>,
}

impl DocumentPage {
    /// The page that is shown: `number` has been checked by the handler, and a document has pages.
    fn current(&self) -> Option<&PageLink> {
        self.pages.iter().find(|page| page.number == self.number)
    }
}

#[cfg(test)]
mod tests {
    use record::PageId;

    use super::super::hostile::{self, TEXT as HOSTILE};
    use super::*;

    #[test]
    fn hostile_words_stay_words() {
        let text = || HOSTILE.to_owned();
        let sheet = Sheet::whole(PageId::derived([b"p".as_slice()]), (10, 10), vec![], 100, text());
        let link = HitLink { href: "/".into(), number: 1, snippet: vec![Piece { text: text(), lit: true }] };
        let page = PageLink {
            page: text(),
            number: 1,
            frame: Some(217),
            reading: Reading::Failed(UnreadableReason::Crashed),
            hits: 1,
            thumb: sheet.clone(),
        };
        let facts = Facts {
            document: text(),
            document_type: text(),
            department: text(),
            patient: Some(text()),
            mrn: text(),
            encounter: text(),
            date: text(),
            source: text(),
            captured: text(),
            batch: Some(BatchLink { href: "/".into(), name: text() }),
            version: 1,
            filed: false,
            file_names: vec![text()],
            reel: Some(text()),
        };
        let hits = Hits { q: text(), list: vec![link], wrong: Some(text()) };
        let frame = Frame::bare(HOSTILE);
        let alarms = vec![AlarmLink { href: "/".into(), page: text(), number: 1 }];
        let (pages, flat) = (vec![page], sheet);
        let page = DocumentPage {
            frame,
            facts,
            alarms,
            may_resolve: true,
            may_cut: true,
            pages,
            number: 1,
            q: text(),
            back: None,
            hits,
            flat,
        };
        let html = page.render().expect("renders");
        hostile::assert_inert(&html);
        assert!(html.contains("The reader crashed on this page."));
    }
}
