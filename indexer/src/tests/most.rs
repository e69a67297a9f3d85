//! What is found where no page has all of the words, and what is not.

use super::{Shelf, document_id, page, page_id};
use crate::{DocumentFields, Kin, PageDocument, Scope, SearchRequest};

const WORDS: &str = "severe chest pain night fever cough rash the patient had";

fn shelf(pages: &[PageDocument]) -> Shelf {
    Shelf::knowing(WORDS, "", pages)
}

#[test]
fn pages_with_most_words_are_found_and_say_which_they_lack() {
    let shelf = shelf(&[
        page("two", 1, &["severe pain, the patient had a rash"]),
        page("three", 1, &["the patient had severe chest pain"]),
        page("one", 1, &["fever at night"]),
    ]);
    let result = shelf.search("severe chest pain night");
    assert!(result.incomplete && !result.widened);
    assert_eq!((result.pages, result.documents), (2, 2), "one word of four is not most");
    let hits: Vec<_> = result.hits.iter().map(|hit| (hit.fields.document, hit.pages[0].missing.join(" "))).collect();
    assert_eq!(hits, [(document_id("three"), "night".to_owned()), (document_id("two"), "chest night".to_owned())]);
    assert_eq!(result.hits[0].pages[0].boxes.len(), 3, "those that are there are lit");
}

/// What was misread beyond what is mended counts too, is lit as such, and also in the viewer.
#[test]
fn words_that_look_alike_count_among_most() {
    let shelf = shelf(&[page("d", 1, &["severe zyxlumob pain"]), page("e", 1, &["severe cough"])]);
    let result = shelf.search("severe zyxlumab pain fever");
    assert!(result.incomplete);
    let boxes = &result.hits[0].pages[0].boxes;
    let lit: Vec<_> = boxes.iter().map(|lit| (lit.word.as_str(), lit.kin)).collect();
    assert_eq!(lit, [("severe", Kin::Typed), ("zyxlumob", Kin::Similar), ("pain", Kin::Typed)]);
    assert_eq!(result.hits[0].pages[0].missing, ["fever"]);
    assert_eq!(shelf.lit("d", "severe zyxlumab pain fever"), ["severe", "zyxlumob", "pain"]);
    let inside = shelf.index.hits_in_document(&document_id("d"), "severe zyxlumab pain fever").expect("searches");
    assert_eq!((inside[0].page, inside[0].boxes.len()), (page_id("d", 1), 3));
}

#[test]
fn a_page_with_all_words_stands_alone() {
    let shelf = shelf(&[page("all", 1, &["severe chest pain"]), page("most", 1, &["severe pain"])]);
    let result = shelf.search("severe chest pain");
    assert_eq!((result.pages, result.incomplete), (1, false));
    assert!(result.hits[0].pages[0].missing.is_empty());
}

/// Fields hold, and what a searcher may not see is not among most either.
#[test]
fn most_of_the_words_never_widens_fields_or_scope() {
    let hidden = page("hidden", 1, &["severe chest pain"]);
    let hidden = PageDocument { fields: DocumentFields { filed: false, ..hidden.fields }, ..hidden };
    let shelf = shelf(&[page("shown", 1, &["severe pain"]), hidden]);
    let found = |query: &str| {
        let result = shelf.search(query);
        (result.documents, result.incomplete)
    };
    assert_eq!(found("severe chest pain"), (1, true));
    assert_eq!(found("severe chest pain type:letter"), (1, true));
    assert_eq!(found("severe chest pain type:consent"), (0, false));
    assert_eq!(found("severe chest pain -rash"), (0, false), "a sign means what it says");
    assert_eq!(found("\"severe chest\" pain night"), (0, false));
    let everything = shelf.index.search(&SearchRequest::new("severe chest pain", Scope::EVERYTHING)).expect("searches");
    assert_eq!((everything.documents, everything.incomplete), (1, false));
}

#[test]
fn a_misspelt_word_among_most_is_put_right() {
    let shelf = shelf(&[page("d", 1, &["severe chest pain at night"])]);
    let result = shelf.search("severe chset pain night");
    assert!(result.incomplete);
    assert_eq!(result.suggestion.as_deref(), Some("severe chest pain night"));
}
