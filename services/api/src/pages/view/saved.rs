//! Searches that are kept.

use askama::Template;
use record::SearchId;

use super::filters;
use super::frame::Frame;

#[derive(Debug, Clone)]
pub struct SavedRow {
    pub search: SearchId,
    pub name: String,
    /// For the address of the search screen.
    pub query: String,
    /// For people.
    pub told: String,
    /// Documents that are new.
    pub new: u64,
    pub partial: bool,
}

/// `/saved`.
#[derive(Template)]
#[template(path = "saved.html")]
pub struct SavedPage {
    pub frame: Frame,
    pub rows: Vec<SavedRow>,
}

/// The number beside the link.
#[derive(Template)]
#[template(path = "saved_count.html")]
pub struct SavedCount {
    pub searches: usize,
}

#[cfg(test)]
mod tests {
    use super::super::hostile::{self, TEXT as HOSTILE};
    use super::*;

    #[test]
    fn names_and_searches_stay_text() {
        let row = SavedRow {
            search: SearchId::derived([b"s".as_slice()]),
            name: HOSTILE.into(),
            query: "q=fever".into(),
            told: HOSTILE.into(),
            new: 2,
            partial: true,
        };
        let page = SavedPage { frame: Frame::bare("Saved searches"), rows: vec![row] }.render().expect("renders");
        hostile::assert_inert(&page);
        assert!(page.contains("2+ new"), "there may be more: {page}");
        let empty = SavedPage { frame: Frame::bare("Saved searches"), rows: Vec::new() }.render().expect("renders");
        assert!(empty.contains("Save this search"), "the way to the first one: {empty}");
    }
}
