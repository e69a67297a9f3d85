//! What is found, in which order, and what is lit.

use record::manifest::SourceKind;
use record::words::Part;
use record::{BatchId, Date};

use super::{Random, Shelf, document_id, page, page_id};
use crate::{DocumentFields, Facets, Filters, Index, PageDocument, Scope, SearchRequest};

#[test]
fn a_hit_names_the_page_and_lights_the_word() {
    let shelf = Shelf::of(&[page("d", 1, &["nothing here"]), page("d", 2, &["severe chest pain", "since May"])]);
    let result = shelf.search("Chest");
    assert_eq!((result.pages, result.documents), (1, 1));
    let hit = &result.hits[0].pages[0];
    assert_eq!((hit.page, hit.number, hit.confidence), (page_id("d", 2), 2, 90));
    let lit = &hit.boxes[0];
    assert_eq!((lit.word.as_str(), lit.place.x, lit.place.y, lit.place.w, lit.place.h), ("chest", 172, 200, 50, 30));
    let marked: String =
        hit.snippet.iter().map(|f| if f.hit { format!("[{}]", f.text) } else { f.text.clone() }).collect();
    assert_eq!(marked, "severe [chest] pain since May");
}

#[test]
fn phrases_light_only_where_the_words_stand_together() {
    let shelf =
        Shelf::of(&[page("d", 1, &["pain in the chest", "chest pain at night"]), page("e", 1, &["pain chest"])]);
    assert_eq!(shelf.search("chest pain").documents, 2);
    assert_eq!(shelf.search("\"chest pain\"").documents, 1);
    assert_eq!(shelf.lit("d", "\"chest pain\""), ["chest", "pain"]);
    assert_eq!(shelf.lit("d", "chest pain"), ["pain", "chest", "chest", "pain"]);
    assert_eq!(shelf.search("chest pain").hits[0].fields.document, document_id("d"), "together first");
}

#[test]
fn the_overview_counts_what_the_scope_shows() {
    let other = |document: &str, filed: bool, kind: &str| {
        let page = page(document, 1, &["fever"]);
        let fields = DocumentFields { filed, document_type: kind.parse().ok(), ..page.fields };
        PageDocument { fields, ..page }
    };
    let shelf = Shelf::of(&[other("a", true, "LETTER"), other("b", true, "CONSENT"), other("c", false, "FILM")]);
    let types = |scope| shelf.index.overview(scope).expect("looks").types;
    assert_eq!(types(Scope::FILED), ["CONSENT", "LETTER"]);
    assert_eq!(types(Scope::EVERYTHING), ["CONSENT", "FILM", "LETTER"]);
    // The same pages again, one of another type by now, and one twice in the same commit.
    shelf.put(&[other("a", true, "NOTE"), other("b", true, "NOTE"), other("b", true, "CONSENT")], 2);
    assert_eq!(types(Scope::FILED), ["CONSENT", "NOTE"]);
    let pages = |scope| shelf.index.overview(scope).expect("looks").pages;
    assert_eq!((pages(Scope::FILED), pages(Scope::EVERYTHING)), (2, 3));
    assert_eq!(shelf.search("fever").pages, 2);
}

/// Three words alone, so that they stand in every order, and the same one twice in a row.
#[test]
fn phrases_are_found_exactly_where_they_stand() {
    phrases_of(11, ["fever", "cough", "rash"]);
    // So common that their neighbourhoods are terms; the last two are not common enough together.
    phrases_of(12, ["the", "which", "they"]);
}

fn phrases_of(seed: u64, words: [&str; 3]) {
    let mut random = Random::new(seed);
    let text = |random: &mut Random, most: usize| -> Vec<&str> {
        (0..1 + random.below(most)).map(|_| *random.pick(&words)).collect()
    };
    let texts: Vec<Vec<&str>> = (0..60).map(|_| text(&mut random, 70)).collect();
    let pages: Vec<PageDocument> =
        texts.iter().enumerate().map(|(n, text)| page(&format!("d{n}"), 1, &[&text.join(" ")])).collect();
    let shelf = Shelf::of(&pages[..30]);
    shelf.put(&pages[30..], 2);
    for _ in 0..200 {
        let phrase = text(&mut random, 5);
        let there = |text: &&Vec<&str>| text.windows(phrase.len()).any(|row| row == phrase);
        let wanted = texts.iter().filter(there).count() as u64;
        let phrase = phrase.join(" ");
        assert_eq!(shelf.search(&format!("\"{phrase}\"")).pages, wanted, "{phrase}");
        let with_another = texts.iter().filter(there).filter(|text| text.contains(&words[2])).count() as u64;
        assert_eq!(shelf.search(&format!("{} \"{phrase}\"", words[2])).pages, with_another, "another and {phrase}");
    }
}

#[test]
fn a_word_over_a_line_end_is_found_whole_and_in_phrases() {
    let shelf = Shelf::of(&[page("d", 1, &["the infor-", "mation desk"])]);
    for query in ["information", "\"the information desk\"", "infor*"] {
        assert_eq!(shelf.search(query).pages, 1, "{query}");
    }
    assert_eq!(shelf.lit("d", "information"), ["infor-", "mation"]);
    assert_eq!(shelf.lit("d", "\"information desk\""), ["infor-", "mation", "desk"]);
    assert_eq!(shelf.search("mation").pages, 1, "halves too");
}

/// As a reader marks them: the words stand as printed, the whole beside them.
#[test]
fn broken_words_are_found_whole_and_both_parts_are_lit() {
    for (upper, lower, whole) in [
        ("(infor-", "mation),", "information"),
        ("anti-inflam-", "matory", "anti-inflammatory"),
        ("X-", "ray", "X-ray"),
        ("follow-", "up", "follow-up"),
    ] {
        let mut page = page("d", 1, &[&format!("some {upper}"), &format!("{lower} more")]);
        let lines = &mut page.text.blocks[0].lines;
        lines[0].words[1].part = Some(Part::First(whole.into()));
        lines[1].words[0].part = Some(Part::Second(whole.into()));
        let shelf = Shelf::of(&[page]);
        for query in [whole.to_owned(), format!("\"some {whole} more\""), whole.replace('-', "")] {
            assert_eq!(shelf.search(&query).pages, 1, "{query}");
            let lit = shelf.lit("d", &query);
            assert!(lit.iter().any(|word| word == upper) && lit.iter().any(|word| word == lower), "{query}: {lit:?}");
        }
    }
}

#[test]
fn codes_are_found_whole_and_by_part() {
    let shelf = Shelf::of(&[page("d", 1, &["No. MRN-104233, dose 2.5mg follow-up E11.9"])]);
    for query in
        ["mrn-104233", "MRN104233", "104233", "2.5mg", "\"2.5 mg\"", "followup", "\"follow up\"", "e11.9", "1042*"]
    {
        assert_eq!(shelf.search(query).pages, 1, "{query}");
        assert!(!shelf.lit("d", query).is_empty(), "{query}");
    }
    for query in ["e11", "2", "\"mrn dose\""] {
        assert_eq!(shelf.search(query).pages, 0, "{query}");
    }
}

#[test]
fn not_takes_away() {
    let shelf = Shelf::of(&[page("d", 1, &["fever cough"]), page("e", 1, &["fever rash"]), page("f", 1, &["cough"])]);
    assert_eq!(shelf.search("fever -cough").documents, 1);
    assert_eq!(shelf.search("fever -\"cough rash\"").documents, 2);
    assert_eq!(shelf.search("-fever").documents, 1);
    assert!(shelf.lit("d", "fever -cough") == ["fever"]);
}

#[test]
fn every_word_of_a_page_is_found_and_its_own_box_is_lit() {
    let mut random = Random::new(7);
    for round in 0..8 {
        let lines: Vec<String> = (0..6).map(|_| random.text(60)).collect();
        let page = page("d", 1, &lines.iter().map(String::as_str).collect::<Vec<_>>());
        let shelf = Shelf::of(std::slice::from_ref(&page));
        for word in page.text.words() {
            let quoted = format!("\"{}\"", word.text.replace(['"', '“', '”', '„', '«', '»', '＂'], " "));
            let Ok(boxes) = shelf.index.lit(&page.page, &quoted) else { continue };
            assert!(boxes.iter().any(|lit| lit.place == word.place), "round {round}: {:?} in {lines:?}", word.text);
            assert_eq!(shelf.search(&quoted).pages, 1, "round {round}: {:?}", word.text);
        }
    }
}

fn varied() -> Vec<PageDocument> {
    let mut pages = vec![page("a", 1, &["fever"]), page("b", 1, &["fever"]), page("c", 1, &["fever"])];
    pages[1].fields = DocumentFields {
        mrn: "MRN-2".parse().ok(),
        encounter: "E-9".parse().ok(),
        document_type: "FILM".parse().ok(),
        department: "CARDIOLOGY".parse().ok(),
        date: "1974-01-31".parse::<Date>().ok(),
        source: SourceKind::Film,
        batch: BatchId::derived([b"other".as_slice()]),
        ..pages[1].fields.clone()
    };
    pages[1].text.blocks[0].lines[0].words[0].confidence = 30;
    pages[2].fields =
        DocumentFields { filed: false, mrn: None, date: None, document_type: None, ..pages[2].fields.clone() };
    pages
}

fn count(index: &Index, filters: Filters) -> u64 {
    let request = SearchRequest { filters, ..SearchRequest::new("fever", Scope::FILED) };
    index.search(&request).expect("searches").documents
}

#[test]
fn filters_hold() {
    let shelf = Shelf::of(&varied());
    let day = |text: &str| text.parse::<Date>().ok();
    for (filters, documents) in [
        (Filters::default(), 2),
        (Filters { mrn: "MRN-2".parse().ok(), ..Filters::default() }, 1),
        (Filters { mrn: "MRN-3".parse().ok(), ..Filters::default() }, 0),
        (Filters { encounter: "E-9".parse().ok(), ..Filters::default() }, 1),
        (Filters { document_type: "LETTER".parse().ok(), ..Filters::default() }, 1),
        (Filters { department: "CARDIOLOGY".parse().ok(), ..Filters::default() }, 1),
        (Filters { source: Some(SourceKind::Film), ..Filters::default() }, 1),
        (Filters { batch: Some(BatchId::derived([b"other".as_slice()])), ..Filters::default() }, 1),
        (Filters { confidence_min: Some(31), ..Filters::default() }, 1),
        (Filters { from: day("1974-01-31"), to: day("1974-01-31"), ..Filters::default() }, 1),
        (Filters { from: day("1974-02-01"), ..Filters::default() }, 1),
        (Filters { to: day("1974-01-30"), ..Filters::default() }, 0),
    ] {
        assert_eq!(count(&shelf.index, filters.clone()), documents, "{filters:?}");
    }
}

#[test]
fn what_is_out_of_scope_leaves_no_trace() {
    let all = Shelf::of(&varied());
    let filed = Shelf::of(&varied()[..2]);
    for query in ["fever", "", "-rash", "fev*"] {
        let (seen, wanted) = (all.search(query), filed.search(query));
        assert_eq!(
            (seen.pages, seen.documents, &seen.facets),
            (wanted.pages, wanted.documents, &wanted.facets),
            "{query}"
        );
        assert_eq!(seen.hits.len(), 2);
        let everything = all.index.search(&SearchRequest::new(query, Scope::EVERYTHING)).expect("searches");
        assert_eq!(everything.documents, 3);
    }
    assert_eq!(all.search("").hits[0].fields.document, document_id("a"), "blank: newest first");
}

#[test]
fn facets_count_documents() {
    let mut pages = varied();
    pages.push(page("a", 2, &["fever again"]));
    let facets = Shelf::of(&pages).search("fever").facets;
    let values = |counts: &[crate::FacetCount]| {
        counts.iter().map(|c| format!("{}:{}", c.value, c.documents)).collect::<Vec<_>>()
    };
    assert_eq!(values(&facets.document_type), ["FILM:1", "LETTER:1"]);
    assert_eq!(values(&facets.department), ["CARDIOLOGY:1"]);
    assert_eq!(values(&facets.year), ["1999:1", "1974:1"]);
    assert_eq!(values(&facets.source), ["film:1", "scan:1"]);
    assert_eq!(Shelf::of(&pages).search("absent").facets, Facets::default());
}

#[test]
fn result_pages_neither_overlap_nor_skip() {
    let names: Vec<String> = (0..23).map(|n| format!("doc{n}")).collect();
    let pages: Vec<_> = names.iter().flat_map(|name| [page(name, 1, &["fever"]), page(name, 2, &["fever"])]).collect();
    // In several segments, so that merging groups is part of it.
    let shelf = Shelf::of(&pages[..20]);
    shelf.put(&pages[20..31], 2);
    shelf.put(&pages[31..], 3);
    let mut seen = Vec::new();
    for number in 1..=5 {
        let request = SearchRequest { page: number, per_page: 7, ..SearchRequest::new("fever", Scope::FILED) };
        let result = shelf.index.search(&request).expect("searches");
        assert_eq!((result.pages, result.documents), (46, 23));
        assert!(result.hits.iter().all(|hit| hit.pages_matched == 2 && hit.pages.len() == 2));
        seen.extend(result.hits.into_iter().map(|hit| hit.fields.document));
    }
    assert_eq!(seen.len(), 23);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 23);
}

/// What cannot be among the first is not scored: the first ones are those that they are when all are.
#[test]
fn the_first_are_the_first_of_all() {
    let mut random = Random::new(23);
    let words = ["fever", "cough", "rash", "pain", "night", "nigbt"];
    let mut lines = || (0..3 + random.below(60)).map(|_| *random.pick(&words)).collect::<Vec<_>>().join(" ");
    let pages: Vec<_> =
        (0..600).map(|n| page(&format!("d{}", n / 3 % 150), n / 450 * 3 + n % 3 + 1, &[&lines()])).collect();
    let shelf = Shelf::knowing("fever cough rash pain night", "", &pages[..300]);
    shelf.put(&pages[300..], 2);
    shelf.put(&pages[100..180], 3);
    for query in ["night", "fever night", "pain fever cough", "\"night pain\"", "fever or rash", "fev*", ""] {
        let documents = |page, per_page| {
            let request = SearchRequest { page, per_page, ..SearchRequest::new(query, Scope::FILED) };
            let found = shelf.index.search(&request).expect("searches").hits;
            found.into_iter().map(|hit| (hit.fields.document, hit.pages_matched)).collect::<Vec<_>>()
        };
        let all: Vec<_> = (1..=4).flat_map(|page| documents(page, 50)).collect();
        let few: Vec<_> = (1..=200).flat_map(|page| documents(page, 1)).collect();
        assert!(all.len() > 100, "{query}");
        assert_eq!(few, all, "{query}");
    }
}

#[test]
fn inside_a_document_pages_come_in_order() {
    let shelf = Shelf::of(&[
        page("d", 3, &["fever"]),
        page("d", 1, &["a fever"]),
        page("d", 2, &["no"]),
        page("e", 1, &["fever"]),
    ]);
    let hits = shelf.index.hits_in_document(&document_id("d"), "fever").expect("searches");
    assert_eq!(hits.iter().map(|hit| hit.number).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(hits[0].boxes[0].word, "fever");
}

#[test]
fn a_long_page_shows_its_densest_stretch() {
    let mut lines = vec!["fever and then a lot of other words follow here"; 1];
    lines.extend(["plain words without anything that matters at all"; 8]);
    lines.push("fever fever fever at the end");
    let shelf = Shelf::of(&[page("d", 1, &lines)]);
    let hit = shelf.search("fever").hits.remove(0).pages.remove(0);
    assert_eq!(hit.snippet.iter().filter(|fragment| fragment.hit).count(), 3);
    assert_eq!(hit.boxes.len(), 4);
}
