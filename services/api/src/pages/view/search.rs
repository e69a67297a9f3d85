//! The search screen: one box, filters, hits grouped by document.

use askama::Template;

use super::encoded;
use super::filters;
use super::frame::Frame;
use super::sheet::Sheet;

/// The form as it was typed: shown again, whatever became of it.
#[derive(Debug, Clone, Default)]
pub struct Form {
    pub q: String,
    pub patient: String,
    pub document_type: String,
    pub department: String,
    pub from: String,
    pub to: String,
    pub source: String,
    pub sort: String,
    /// The event of the ledger from which on everything is new: see [`crate::saved`].
    pub since: String,
}

impl Form {
    /// The parameters that are set, by the names of the address.
    fn pairs(&self) -> [(&'static str, &str); 9] {
        [
            ("q", &self.q),
            ("patient", &self.patient),
            ("type", &self.document_type),
            ("department", &self.department),
            ("from", &self.from),
            ("to", &self.to),
            ("source", &self.source),
            ("sort", &self.sort),
            ("since", &self.since),
        ]
    }

    pub fn is_empty(&self) -> bool {
        self.pairs().iter().all(|(name, value)| *name == "sort" || value.is_empty())
    }

    /// Anything but words narrows the search.
    pub fn has_filters(&self) -> bool {
        self.pairs().iter().any(|(name, value)| !matches!(*name, "q" | "sort") && !value.is_empty())
    }

    /// The same words, everywhere.
    pub fn href_without_filters(&self) -> String {
        format!("/search?q={}", encoded(&self.q))
    }

    /// `/search?…` with these values; empty ones are left out.
    pub fn href(&self) -> String {
        self.href_with("", "")
    }

    /// What [`crate::saved`] keeps.
    pub fn query(&self) -> String {
        self.href_with("since", "").trim_start_matches("/search?").to_owned()
    }

    /// The same as a table.
    pub fn csv_href(&self) -> String {
        self.href().replacen("/search", "/api/v1/search.csv", 1)
    }

    /// The same with one value replaced, or `page` added.
    pub fn href_with(&self, name: &str, value: &str) -> String {
        let pairs = self.pairs().into_iter().map(|(key, old)| (key, if key == name { value } else { old }));
        let extra = (name == "page").then_some(("page", value));
        let set = pairs.chain(extra).filter(|(_, value)| !value.is_empty());
        let query: Vec<String> = set.map(|(key, value)| format!("{key}={}", encoded(value))).collect();
        format!("/search?{}", query.join("&"))
    }

    /// The same within one year, or in any for an empty one.
    pub fn in_year(&self, year: &str) -> Self {
        let day = |day: &str| if year.is_empty() { String::new() } else { format!("{year}-{day}") };
        Self { from: day("01-01"), to: day("12-31"), ..self.clone() }
    }
}

/// What became of the search.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Nothing asked yet. `pages` is how many are searchable for this person.
    Blank { pages: u64 },
    /// The query was not understood; the text says what to do, and there may be one that would do.
    Wrong { text: String, instead: Option<Instead> },
    /// Asked and answered, maybe with nothing.
    Found(Found),
}

#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Pages with a hit, over all documents.
    pub pages: u64,
    /// Documents with such a page; `documents` are those of this list page.
    pub total: u64,
    pub documents: Vec<DocumentHits>,
    pub facets: Vec<Facet>,
    /// 1-based page of the list, and how many there are.
    pub list_page: u64,
    pub list_pages: u64,
    /// The moment that all pages of the list are of.
    pub as_of: u64,
    /// Not everything was looked at.
    pub partial: bool,
    /// No page has the words: these have words that look alike.
    pub widened: bool,
    /// No page has all of the words: these have most of them.
    pub incomplete: bool,
    /// What may have been meant, where nothing was found.
    pub suggestion: Option<Instead>,
    /// Short words with look-alikes, which nobody has asked for yet.
    pub alike: Option<Instead>,
}

/// Another search to offer.
#[derive(Debug, Clone)]
pub struct Instead {
    pub q: String,
    pub href: String,
}

/// Why a hit is one, where its words are not those that were typed.
#[derive(Debug, Clone)]
pub struct Note {
    pub what: &'static str,
    pub words: String,
}

impl Found {
    /// Another page of the same list, as it was when its first page was shown.
    pub fn list_href(&self, form: &Form, page: u64) -> String {
        format!("{}&as_of={}", form.href_with("page", &page.to_string()), self.as_of)
    }
}

#[derive(Debug, Clone)]
pub struct DocumentHits {
    pub href: String,
    pub document_type: String,
    pub department: String,
    pub patient: Option<String>,
    pub mrn: String,
    pub encounter: String,
    pub date: String,
    pub source: &'static str,
    pub filed: bool,
    /// Pages the document has.
    pub pages: u32,
    /// Pages of it with a hit; more than `hits` holds where there are many.
    pub matching: u32,
    pub hits: Vec<PageHit>,
}

#[derive(Debug, Clone)]
pub struct PageHit {
    /// The viewer, open at this hit.
    pub href: String,
    pub number: u32,
    /// Where it is on film: the reel and the frame.
    pub film: Option<String>,
    pub thumb: Sheet,
    pub strip: Option<Sheet>,
    pub snippet: Vec<Piece>,
    /// Mean confidence of reading the page, 0 to 100.
    pub confidence: u8,
    pub notes: Vec<Note>,
    /// Words that were typed and are not on the page.
    pub missing: Vec<String>,
}

/// A stretch of a snippet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    pub lit: bool,
}

/// Below this, reading was poor enough that words may be missing or wrong.
pub const DOUBTFUL_BELOW: u8 = 70;

impl PageHit {
    pub fn is_doubtful(&self) -> bool {
        self.confidence < DOUBTFUL_BELOW
    }
}

impl DocumentHits {
    /// Hits that are not shown in the list.
    pub fn more(&self) -> usize {
        (self.matching as usize).saturating_sub(self.hits.len())
    }
}

/// One way to narrow the result, with counts.
#[derive(Debug, Clone)]
pub struct Facet {
    pub title: &'static str,
    pub choices: Vec<Choice>,
}

#[derive(Debug, Clone)]
pub struct Choice {
    pub label: String,
    pub href: String,
    pub count: u64,
    pub chosen: bool,
}

/// `/search`, whole.
#[derive(Template)]
#[template(path = "search.html")]
pub struct SearchPage {
    pub frame: Frame,
    pub form: Form,
    /// Document types to offer in the form.
    pub types: Vec<String>,
    pub departments: Vec<String>,
    pub outcome: Outcome,
}

/// Only what htmx swaps in: the part below the form.
#[derive(Template)]
#[template(path = "search_results.html")]
pub struct SearchResults {
    pub form: Form,
    pub outcome: Outcome,
}

/// What the box offers while somebody types: options of its list.
#[derive(Template)]
#[template(path = "search_words.html")]
pub struct Words {
    pub words: Vec<String>,
}

#[cfg(test)]
mod tests {
    use record::PageId;
    use record::words::Box;

    use super::super::hostile::{self, TEXT as HOSTILE};
    use super::*;

    fn hostile_found() -> Found {
        let page = PageId::derived([b"p".as_slice()]);
        let lit = vec![Box { x: 10, y: 10, w: 90, h: 30 }];
        let hit = PageHit {
            href: "/documents/x".into(),
            film: Some(HOSTILE.into()),
            number: 1,
            thumb: Sheet::whole(page, (1700, 2200), lit.clone(), 160, HOSTILE.into()),
            strip: Sheet::strip(page, (1700, 2200), &lit, HOSTILE.into()),
            snippet: vec![Piece { text: HOSTILE.into(), lit: true }, Piece { text: HOSTILE.into(), lit: false }],
            confidence: 40,
            notes: vec![Note { what: "read as", words: HOSTILE.into() }],
            missing: vec![HOSTILE.into()],
        };
        let document = DocumentHits {
            href: "/documents/x".into(),
            document_type: HOSTILE.into(),
            department: HOSTILE.into(),
            patient: Some(HOSTILE.into()),
            mrn: HOSTILE.into(),
            encounter: HOSTILE.into(),
            date: HOSTILE.into(),
            source: "scan",
            filed: true,
            pages: 3,
            matching: 2,
            hits: vec![hit],
        };
        let choice = Choice { label: HOSTILE.into(), href: "/search?".into(), count: 1, chosen: false };
        let facets = vec![Facet { title: "Type", choices: vec![choice] }];
        let instead = || Some(Instead { q: HOSTILE.into(), href: "/search?".into() });
        let (suggestion, alike) = (instead(), instead());
        let (list_page, list_pages) = (1, 2);
        let documents = vec![document];
        Found {
            pages: 2,
            total: 11,
            documents,
            facets,
            list_page,
            list_pages,
            as_of: 1,
            partial: true,
            widened: true,
            incomplete: true,
            suggestion,
            alike,
        }
    }

    fn hostile_form() -> Form {
        let text = || HOSTILE.to_owned();
        Form {
            q: text(),
            patient: text(),
            document_type: text(),
            department: text(),
            from: text(),
            to: text(),
            source: text(),
            sort: text(),
            since: text(),
        }
    }

    #[test]
    fn hostile_words_stay_words() {
        let page = SearchPage {
            frame: Frame::bare(HOSTILE),
            form: hostile_form(),
            types: vec![HOSTILE.into()],
            departments: vec![HOSTILE.into()],
            outcome: Outcome::Found(hostile_found()),
        };
        let html = page.render().expect("renders");
        hostile::assert_inert(&html);
        assert!(html.matches("alert(1)").count() >= 12, "and shown everywhere");
    }

    #[test]
    fn a_wrong_query_is_shown_as_text() {
        let instead = Some(Instead { q: HOSTILE.into(), href: "/search?".into() });
        let wrong = Outcome::Wrong { text: HOSTILE.into(), instead };
        let results = SearchResults { form: hostile_form(), outcome: wrong };
        hostile::assert_inert(&results.render().expect("renders"));
        hostile::assert_inert(&Words { words: vec![HOSTILE.into()] }.render().expect("renders"));
    }

    #[test]
    fn links_replace_one_value_and_keep_the_rest() {
        let form = Form { q: "penicillin rash".into(), source: "film".into(), ..Form::default() };
        assert_eq!(form.href_with("source", ""), "/search?q=penicillin%20rash");
        assert_eq!(form.href_with("page", "2"), "/search?q=penicillin%20rash&source=film&page=2");
        assert!(form.has_filters() && !form.is_empty());
    }
}
