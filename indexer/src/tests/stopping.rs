//! What is stopped answers with what it has, and says that it is not all.

use tantivy::collector::Count;

use super::{Random, Shelf, page};
use crate::query::Wild;
use crate::schema::Fields;
use crate::shape::ShapeQuery;
use crate::{Scope, SearchRequest, Stop};

#[test]
fn a_stopped_search_is_partial_and_no_error() {
    let shelf = Shelf::of(&[page("a", 1, &["fever and cough"])]);
    for query in ["fever", "fev*", "f?ver", "fevr~", "\"fever and\"", "nothing", "fever -cough", ""] {
        let request = SearchRequest::new(query, Scope::FILED);
        assert!(!shelf.index.search(&request).map(|result| result.partial).unwrap_or(false), "{query}");
        request.stop.stop();
        if let Ok(result) = shelf.index.search(&request) {
            assert!(result.partial && result.suggestion.is_none() && !result.widened, "{query}: {result:?}");
        }
    }
}

#[test]
fn open_words_go_through_so_many_terms_and_no_more() {
    let mut random = Random::new(11);
    let words: Vec<String> = (0..300)
        .map(|_| format!("aa{}", (0..6).map(|_| char::from(b'a' + random.below(26) as u8)).collect::<String>()))
        .collect();
    let pages: Vec<_> = words.iter().zip(1..).map(|(word, number)| page("d", number, &[word])).collect();
    let shelf = Shelf::of(&pages);
    let asked = |most: usize, wild: Option<&str>, stop: Stop| {
        let cut = Stop::default();
        let (stem, wild) = ("aa".to_owned(), wild.map(|shape| Wild::new(shape.to_owned())));
        let query = ShapeQuery { field: Fields::new().body, stem, wild, most, stop, cut: cut.clone() };
        (shelf.index.count_of(&query), cut.is_stopped())
    };
    assert_eq!(asked(1_000, None, Stop::default()), (300, false));
    assert_eq!(asked(1_000, Some("aa??????"), Stop::default()), (300, false));
    assert_eq!(asked(100, None, Stop::default()), (100, true));
    let over = Stop::default();
    over.stop();
    assert_eq!(asked(1_000, None, over), (0, true));
}

impl crate::Index {
    fn count_of(&self, query: &ShapeQuery) -> usize {
        self.moment().expect("a moment").searcher.search(query, &Count).expect("counts")
    }
}
