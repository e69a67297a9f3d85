//! The pages that a person has to look at, and the screen on which their text is put right.

use askama::Template;

use super::frame::Frame;
use super::sheet::Sheet;
use super::{encoded, filters};

/// Which part of the list, as its address says it.
#[derive(Debug, Clone, Default)]
pub struct Part {
    pub reason: String,
    pub batch: String,
}

impl Part {
    /// `path?name=value&…` for this part; the pairs come first, empty values are left out.
    pub fn href(&self, path: &str, more: &[(&str, &str)]) -> String {
        let part = [("reason", self.reason.as_str()), ("batch", &self.batch)];
        let set = more.iter().copied().chain(part).filter(|(_, value)| !value.is_empty());
        let query: Vec<String> = set.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
    }
}

/// A page on the list.
#[derive(Debug, Clone)]
pub struct AttentionRow {
    pub href: String,
    pub thumb: Sheet,
    pub number: u32,
    pub batch: String,
    pub reason: &'static str,
    /// The symbol beside the reason.
    pub icon: &'static str,
    /// What a person can do about it, and how well it was read.
    pub hint: String,
}

/// One reason to narrow the list to.
#[derive(Debug, Clone)]
pub struct Choice {
    pub label: &'static str,
    pub icon: &'static str,
    pub href: String,
    pub pages: u64,
    pub chosen: bool,
}

/// `/attention`.
#[derive(Template)]
#[template(path = "attention.html")]
pub struct AttentionPage {
    pub frame: Frame,
    pub part: Part,
    pub rows: Vec<AttentionRow>,
    pub choices: Vec<Choice>,
    /// Pages in this part of the list.
    pub total: u64,
    /// The batch the list is narrowed to, and the way back to all.
    pub batch: Option<(String, String)>,
    /// 1-based page of the list, and how many there are.
    pub list_page: u64,
    pub list_pages: u64,
    pub earlier: Option<String>,
    pub later: Option<String>,
}

impl AttentionPage {
    /// The first page of the list is asked for when the link is followed.
    fn first(&self) -> String {
        self.part.href("/attention/next", &[])
    }
}

/// The number beside the link in the navigation; nothing where nothing waits.
#[derive(Template)]
#[template(path = "attention_count.html")]
pub struct AttentionCount {
    pub pages: u64,
}

/// One text the page was given.
#[derive(Debug, Clone)]
pub struct TextRow {
    pub href: String,
    /// UTC.
    pub at: String,
    pub what: String,
    pub who: String,
    pub current: bool,
}

/// `/pages/{id}/correct`: what was read beside what is there. The words come by script.
#[derive(Template)]
#[template(path = "correct.html")]
pub struct CorrectPage {
    pub frame: Frame,
    pub page: String,
    /// The document's type and the page's number.
    pub heading: String,
    /// Whose document it is.
    pub patient: String,
    pub viewer: String,
    pub list: String,
    /// Where to go when this page is done.
    pub next: String,
    /// It is still to be read, and cannot be corrected yet.
    pub waits: bool,
    /// Why it could not be read, where it could not.
    pub unread: Option<&'static str>,
    /// Words below this confidence are shown first; 0 to 100.
    pub below: u8,
    /// The newest first.
    pub texts: Vec<TextRow>,
}

#[cfg(test)]
mod tests {
    use record::PageId;

    use super::super::hostile::{self, TEXT as HOSTILE};
    use super::*;

    fn text() -> String {
        HOSTILE.to_owned()
    }

    #[test]
    fn an_address_keeps_its_part_of_the_list() {
        let part = Part { reason: "faint".into(), batch: "b&c".into() };
        assert_eq!(part.href("/attention", &[("page", "2")]), "/attention?page=2&reason=faint&batch=b%26c");
        assert_eq!(Part::default().href("/attention", &[]), "/attention");
    }

    #[test]
    fn hostile_texts_stay_texts() {
        let row = AttentionRow {
            href: text(),
            thumb: Sheet::whole(PageId::derived([b"p".as_slice()]), (10, 10), vec![], 100, text()),
            number: 1,
            batch: text(),
            reason: HOSTILE,
            icon: "hand",
            hint: text(),
        };
        let choice = Choice { label: HOSTILE, icon: "hand", href: text(), pages: 1, chosen: true };
        let list = AttentionPage {
            frame: Frame::bare(HOSTILE),
            part: Part::default(),
            rows: vec![row],
            choices: vec![choice],
            total: 1,
            batch: Some((text(), text())),
            list_page: 1,
            list_pages: 2,
            earlier: None,
            later: Some(text()),
        };
        hostile::assert_inert(&list.render().expect("renders"));
        let version = TextRow { href: text(), at: text(), what: text(), who: text(), current: false };
        let correct = CorrectPage {
            frame: Frame::bare("x"),
            page: text(),
            heading: text(),
            patient: text(),
            viewer: text(),
            list: text(),
            next: text(),
            waits: false,
            unread: Some(HOSTILE),
            below: 80,
            texts: vec![version],
        };
        hostile::assert_inert(&correct.render().expect("renders"));
    }
}
