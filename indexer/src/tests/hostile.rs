//! Nothing that comes in makes anything panic or come out wrong.

use super::{Random, Shelf, page};
use crate::analysis::Tokens;
use crate::stored::StoredPage;
use crate::{Scope, SearchRequest, parse};

#[test]
fn no_text_breaks_the_tokenizer() {
    let mut random = Random::new(1);
    for _ in 0..3_000 {
        let text = random.text(80);
        let mut position = 0;
        for token in Tokens::of(&text).iter() {
            assert!(text.get(token.start..token.end).is_some_and(|bytes| !bytes.is_empty()), "{text:?}");
            assert!(!token.term.is_empty() && token.position >= position, "{text:?}");
            position = token.position;
        }
    }
}

#[test]
fn no_query_breaks_the_parser_or_the_search() {
    let shelf = Shelf::of(&[page("a", 1, &["fever and 5 漢字 É"])]);
    let mut random = Random::new(2);
    for _ in 0..1_000 {
        let query = random.text(60);
        let searched = shelf.index.search(&SearchRequest::new(&query, Scope::FILED)).map(|result| result.pages);
        assert_eq!(searched.is_ok(), parse(&query).is_ok(), "{query:?}: {searched:?}");
        if let Err(error) = parse(&query) {
            error.suggestion(&query);
        }
    }
}

#[test]
fn found_and_lit_are_one() {
    let mut random = Random::new(3);
    let words = [
        "fever",
        "in-",
        "follow-up",
        "5mg",
        "O'Neil",
        "up",
        "follow",
        "mg",
        "5",
        "2.5",
        "É",
        "漢字",
        "neil",
        "fewer",
        "rnild",
        "E11.9",
        "l1",
    ];
    for _ in 0..20 {
        let lines: Vec<String> =
            (0..4).map(|_| (0..random.below(6)).map(|_| *random.pick(&words)).collect::<Vec<_>>().join(" ")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let shelf = Shelf::knowing("fever follow mild infever", "", &[page("a", 1, &lines)]);
        for _ in 0..10 {
            let (one, other) = (*random.pick(&words), *random.pick(&words));
            for query in [format!("\"{one} {other}\""), format!("\"{one} {other}\"~3"), format!("{one} or {other}")] {
                let (found, lit) = (shelf.search(&query).pages, shelf.lit("a", &query));
                assert_eq!(found == 1, !lit.is_empty(), "{query} in {lines:?}: {found}, {lit:?}");
            }
        }
    }
}

#[test]
fn stored_pages_come_back_and_damaged_ones_do_not() {
    let mut random = Random::new(4);
    for _ in 0..200 {
        let lines: Vec<String> = (0..5).map(|_| random.text(40)).collect();
        let mut given = page("a", 1, &lines.iter().map(String::as_str).collect::<Vec<_>>());
        for word in given.text.blocks[0].lines.iter_mut().flat_map(|line| &mut line.words) {
            word.place.x = random.below(u32::MAX as usize) as u32;
            word.place.h = random.below(u32::MAX as usize) as u32;
            word.confidence = random.below(101) as u8;
        }
        let stored = StoredPage::of(&given);
        let bytes = stored.encode();
        assert_eq!(StoredPage::decode(&bytes).as_ref(), Some(&stored));
        assert_eq!(StoredPage::decode(&bytes[..random.below(bytes.len())]), None, "cut short");
        let mut flipped = bytes.clone();
        let at = random.below(bytes.len());
        flipped[at] ^= 1 << random.below(8);
        // Any answer will do; there is no checksum here, the engine has its own.
        StoredPage::decode(&flipped);
    }
}
