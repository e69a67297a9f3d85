//! What is found in spite of the reader: misread words, broken ones, codes; what ranks where, and
//! what is said of it.

use super::{Shelf, document_id, page, page_id};
use crate::{
    Codes, Edges, Index, Kin, LitBox, PageDocument, Scope, SearchRequest, Sort, Vocabulary, with_short_ones_alike,
};

const WORDS: &str = "morphine burning the medication information chest pain which region patient fever cough walter \
                     drawing hospital severe with";

fn shelf(lines: &[&str]) -> Shelf {
    Shelf::knowing(WORDS, "", &[page("d", 1, lines)])
}

fn kins(boxes: &[LitBox]) -> Vec<(&str, Kin)> {
    boxes.iter().map(|lit| (lit.word.as_str(), lit.kin)).collect()
}

#[test]
fn a_misread_word_is_found_by_what_it_says_and_lit_where_it_stands() {
    for (printed, query) in [
        ("rnorphine", "morphine"),
        ("buming", "burning"),
        ("morphime", "morphine"),
        ("1egion", "region"),
        ("medi cation", "medication"),
        ("chestpain", "chest"),
        ("chestpain", "pain"),
        ("which23", "which"),
        ("vvalter", "walter"),
    ] {
        let shelf = shelf(&[&format!("severe {printed} with")]);
        let result = shelf.search(query);
        assert_eq!(result.pages, 1, "{query} in {printed}");
        assert!(!result.widened, "{query}: the first search finds it");
        let lit: Vec<&str> = result.hits[0].pages[0].boxes.iter().map(|lit| lit.word.as_str()).collect();
        assert_eq!(lit.join(" "), printed, "{query}");
        assert!(result.hits[0].pages[0].boxes.iter().all(|lit| lit.kin == Kin::Misread), "{query}");
        assert_eq!(shelf.search(printed).pages, 1, "what was read is still found: {printed}");
    }
}

#[test]
fn of_two_words_without_their_space_the_one_that_is_asked_for_is_lit() {
    let shelf = shelf(&["severe ChestPain, with"]);
    let place = |query: &str| match shelf.index.lit(&page_id("d", 1), query).expect("lights").as_slice() {
        [lit] if lit.word == "ChestPain," => lit.place,
        other => panic!("{query}: {other:?}"),
    };
    let (whole, chest, pain) = (place("chestpain"), place("chest"), place("pain"));
    assert_eq!(chest.x, whole.x);
    assert_eq!(pain.x, chest.x + chest.w);
    assert!(chest.w > pain.w && pain.x + pain.w < whole.x + whole.w, "{chest:?} {pain:?}, and the comma");
    assert_eq!([chest.y, chest.h, pain.y, pain.h], [whole.y, whole.h, whole.y, whole.h]);
    let both = place("chest pain");
    assert_eq!((both.x, both.w), (chest.x, chest.w + pain.w));
}

#[test]
fn short_words_are_taken_for_others_only_where_somebody_asks_for_that() {
    // Each is a slip away from more known words than are put beside one that is misread.
    let shelf = Shelf::knowing(
        "their them there then other fevers fewer lever fever never",
        "",
        &[page("d", 1, &["ther fexer lev7r"])],
    );
    for (query, pages) in [("them", 0), ("their", 0), ("other", 0), ("them~", 1), ("fever", 1), ("lever", 1)] {
        assert_eq!(shelf.search(query).pages, pages, "{query}");
        assert_eq!(shelf.lit("d", query).len() as u64, pages, "{query}");
    }
    for (typed, offered) in [
        ("them", Some("them~")),
        ("  walter  kohl or ruiz ", Some("walter kohl~ or ruiz~")),
        ("fever", None),
        ("the", None),
        ("them-", None),
        ("\"them\"", None),
        ("them 1974", None),
        ("", None),
    ] {
        assert_eq!(with_short_ones_alike(typed).as_deref(), offered, "{typed}");
    }
}

#[test]
fn a_word_broken_over_the_end_of_a_page_is_found_on_both_and_each_half_is_lit() {
    let (first, second) =
        (page("d", 1, &["severe chest infor-", "7"]), page("d", 2, &["MERCY", "mation of the patient"]));
    let [one, other] = [&first, &second].map(|page| Edges::of(&page.text));
    assert!(one.may_go_on(&other) && !other.may_go_on(&one));
    let shelf =
        Shelf::knowing(WORDS, "", &[PageDocument { behind: other, ..first }, PageDocument { before: one, ..second }]);
    let found = shelf.search("information");
    assert_eq!((found.pages, found.documents), (2, 1));
    for (query, number, lit) in [
        ("information", 1, vec!["infor-"]),
        ("\"chest information\"", 1, vec!["chest", "infor-"]),
        ("\"information of the patient\"", 2, vec!["mation", "of", "the", "patient"]),
    ] {
        assert!(shelf.search(query).pages > 0, "{query}");
        let boxes = shelf.index.lit(&page_id("d", number), query).expect("lights");
        assert_eq!(boxes.into_iter().map(|lit| lit.word).collect::<Vec<_>>(), lit, "{query}");
    }
}

#[test]
fn halves_at_the_ends_of_pages_that_make_no_known_word_stay_as_they_are() {
    let (first, second) = (page("d", 1, &["chest infor-"]), page("d", 2, &["pain of it", "Mation"]));
    let [one, other] = [&first, &second].map(|page| Edges::of(&page.text));
    let shelf =
        Shelf::knowing(WORDS, "", &[PageDocument { behind: other, ..first }, PageDocument { before: one, ..second }]);
    assert_eq!(shelf.search("inforpain").pages + shelf.search("information").pages, 0);
    assert_eq!(shelf.search("pain").pages, 1);
}

#[test]
fn the_archive_teaches_its_own_words_and_not_its_misreadings() {
    let line = |n: usize| match n % 4 {
        0 => "zyxlumab fevor",
        _ => "zyxlumab fever",
    };
    let pages: Vec<PageDocument> = (0..80).map(|n| page(&format!("d{n}"), 1, &[line(n)])).collect();
    let shelf = Shelf::knowing(WORDS, "", &pages);
    assert_eq!(shelf.index.own_words().expect("asks"), ["zyxlumab"]);
    shelf.index.learn(&["zyxlumab"]);
    shelf.put(&[page("late", 1, &["zyxlurnab"])], 2);
    assert_eq!(shelf.search("zyxlumab").pages, 81, "a misread one is found from then on");
}

#[test]
fn a_diagnosis_is_found_by_its_code_and_by_its_name() {
    let codes = Codes::parse("E11.9\tType 2 diabetes mellitus without complications\nJ45\tAsthma\n").expect("parses");
    let pages = [
        page("code", 1, &["Dx (E11.9)"]),
        page("name", 1, &["type 2 diabetes", "mellitus without complications"]),
        page("none", 1, &["diabetes in the family"]),
    ];
    let shelf = Shelf::with(Vocabulary { codes, ..Vocabulary::default() }, &pages);
    let found = |query: &str| shelf.search(query).hits.into_iter().map(|hit| hit.fields.document).collect::<Vec<_>>();
    let ids = |names: &[&str]| names.iter().map(|name| document_id(name)).collect::<Vec<_>>();
    assert_eq!(found("code:E11.9"), ids(&["code", "name"]), "the code itself first");
    assert_eq!(found("code:\"type 2 diabetes\""), ids(&["name", "code"]));
    assert_eq!(found("E11.9"), ids(&["code"]), "codes are looked up where they are asked for");
    assert_eq!(shelf.lit("code", "code:\"diabetes mellitus\""), ["(E11.9)"]);
    assert_eq!(found("code:asthma"), ids(&[]));
}

#[test]
fn words_that_are_known_are_not_mended_into_others() {
    let shelf = shelf(&["the fever and xylqw of sever"]);
    assert_eq!(shelf.search("fever").pages, 1);
    for other in ["cough", "region", "pain"] {
        assert_eq!(shelf.search(other).pages, 0, "{other}");
    }
}

#[test]
fn a_phrase_goes_through_misread_and_broken_words() {
    let shelf = shelf(&["severe chest pain with rnorphine and infor-", "mation of the hos-", "pital"]);
    for (query, lit) in [
        ("\"with morphine\"", vec!["with", "rnorphine"]),
        ("\"information of the hospital\"", vec!["infor-", "mation", "of", "the", "hos-", "pital"]),
        ("\"pain morphine\"~2", vec!["pain", "rnorphine"]),
        ("\"morphine pain\"~2", vec!["pain", "rnorphine"]),
    ] {
        assert_eq!(shelf.search(query).pages, 1, "{query}");
        assert_eq!(shelf.lit("d", query), lit, "{query}");
    }
    assert_eq!(shelf.search("\"pain morphine\"~1").pages, 0);
    assert_eq!(shelf.search("mation").pages, 0, "half of a known word is no word");
}

#[test]
fn codes_are_the_same_whatever_print_mixes_up() {
    let shelf = shelf(&["MRN-lO4233 diagnosis El1.9 dose 10ml"]);
    for query in ["104233", "MRN-104233", "1O4233", "e11.9", "code:E11.9", "10ml", "\"10 ml\""] {
        assert_eq!(shelf.search(query).pages, 1, "{query}");
        assert!(!shelf.lit("d", query).is_empty(), "{query}");
    }
    assert_eq!(shelf.search("104234").pages, 0);
}

#[test]
fn exact_first_then_misread_then_synonyms_then_alike() {
    let filler = "the patient with severe fever and cough in the hospital region";
    let page = |name: &str, word: &str| page(name, 1, &[&format!("{filler} {word} {filler}")]);
    let pages =
        [page("alike", "morphjna"), page("synonym", "opiate"), page("misread", "rnorphine"), page("exact", "morphine")];
    let shelf = Shelf::knowing(WORDS, "morphine = opiate", &pages);
    let result = shelf.search("morphine~2");
    let order: Vec<_> = result.hits.iter().map(|hit| hit.fields.document).collect();
    assert_eq!(order, ["exact", "misread", "alike"].map(document_id), "similar words on request");
    let result = shelf.search("morphine");
    let order: Vec<_> = result.hits.iter().map(|hit| hit.fields.document).collect();
    assert_eq!(order, ["exact", "misread", "synonym"].map(document_id));
    let kin = |at: usize| kins(&result.hits[at].pages[0].boxes).into_iter().map(|(_, kin)| kin).collect::<Vec<_>>();
    assert_eq!((kin(0), kin(1), kin(2)), (vec![Kin::Typed], vec![Kin::Misread], vec![Kin::Synonym]));
    // The same where more is asked for than words.
    let order = |query: &str| shelf.search(query).hits.iter().map(|hit| hit.fields.document).collect::<Vec<_>>();
    for query in ["morphine confidence:>0", "(morphine or xylqw)", "morphine -xylqw"] {
        assert_eq!(order(query), ["exact", "misread", "synonym"].map(document_id), "{query}");
    }
    assert_eq!(order("morphine~2 confidence:>0"), ["exact", "misread", "alike"].map(document_id));
}

#[test]
fn what_a_page_has_besides_never_makes_it_worse() {
    let filler = "the patient with severe fever and cough in the hospital region";
    let page = |name: &str, words: &str| page(name, 1, &[&format!("{filler} {words} {filler}")]);
    let shelf = Shelf::knowing(WORDS, "", &[page("one", "asthma"), page("both", "asthma rnorphine")]);
    let hits = shelf.search("asthma or morphine").hits;
    let score = |name: &str| hits.iter().find(|hit| hit.fields.document == document_id(name)).map(|hit| hit.score);
    assert!(score("both") > Some(0.0), "{hits:?}");
}

#[test]
fn alike_words_come_in_where_no_page_has_the_word_and_are_never_words_themselves() {
    // No lexicon word is near `zyxlumab`, so nothing was mended; `zyxlumob` was misread.
    let pages = [page("a", 1, &["zyxlumob given"]), page("b", 1, &["severe pain"]), page("c", 1, &["fever"])];
    let shelf = Shelf::knowing("fever fewer severe pain given", "", &pages);
    let result = shelf.search("zyxlumab");
    assert_eq!((result.pages, result.widened), (1, true));
    assert_eq!(kins(&result.hits[0].pages[0].boxes), [("zyxlumob", Kin::Similar)]);
    assert_eq!(shelf.lit("a", "zyxlumab"), ["zyxlumob"], "and lit in the viewer");
    let result = shelf.search("fewer");
    assert_eq!((result.pages, result.widened), (0, false), "`fever` is a word of its own");
}

#[test]
fn near_each_other_comes_first() {
    let far = "fever the patient of the region with the patient of the hospital in the region had a cough";
    let shelf =
        Shelf::of(&[page("far", 1, &[far]), page("near", 1, &[&far.replace("fever the", "the fever a dry cough")])]);
    assert_eq!(shelf.search("fever cough").hits[0].fields.document, document_id("near"));
}

#[test]
fn groups_negation_and_shapes_hold() {
    let pages = [page("a", 1, &["fever cough"]), page("b", 1, &["fever gray"]), page("c", 1, &["rash grey"])];
    let shelf = Shelf::knowing("fever cough gray rash grey", "", &pages);
    for (query, wanted) in [
        ("fever -cough", 1),
        ("cough or rash", 2),
        ("fever (cough or gray)", 2),
        ("(fever or rash) -(cough or grey)", 1),
        ("-fever", 1),
        ("NOT (cough or rash)", 1),
        ("gr?y", 2),
        ("g*y", 0),
        ("fev*r", 2),
        ("gray~", 1),
    ] {
        match query {
            "g*y" => assert!(shelf.index.search(&SearchRequest::new(query, Scope::FILED)).is_err()),
            _ => assert_eq!(shelf.search(query).pages, wanted, "{query}"),
        }
    }
    assert_eq!(shelf.lit("a", "fever -rash"), ["fever"]);
    assert_eq!(shelf.lit("b", "gr?y or cough"), ["gray"]);
}

#[test]
fn fields_narrow_and_nothing_else() {
    let film = PageDocument {
        fields: crate::DocumentFields {
            source: record::manifest::SourceKind::Film,
            mrn: "MRN-104233".parse().ok(),
            encounter: "E-77".parse().ok(),
            document_type: "DISCHARGE-SUMMARY".parse().ok(),
            date: "1974-03-09".parse().ok(),
            reel: Some("17".into()),
            ..page("film", 217, &[]).fields
        },
        frame: Some(217),
        ..page("film", 3, &["digoxin"])
    };
    let shelf = Shelf::of(&[film, page("desk", 1, &["digoxin"])]);
    for query in [
        "is:film",
        "reel:17",
        "frame:217",
        "page:3",
        "frame:200..220",
        "patient:104233",
        "mrn:1O4233",
        "patient:MRN-104*",
        "encounter:E77",
        "type:\"discharge summary\"",
        "type:disch*",
        "date:1974",
        "date:1970..1980",
        "date:<1980",
        "-is:scan",
    ] {
        let result = shelf.search(&format!("digoxin {query}"));
        assert_eq!((result.pages, result.hits[0].fields.document), (1, document_id("film")), "{query}");
        assert_eq!(shelf.search(query).pages, 1, "{query} alone");
    }
    for (query, wanted) in [
        ("by:desk", 2),
        ("by:Des*", 2),
        ("by:other", 0),
        ("confidence:<80", 0),
        ("confidence:>=90", 2),
        ("is:filed", 2),
        ("is:unfiled", 0),
        ("reel:18", 0),
    ] {
        assert_eq!(shelf.search(query).pages, wanted, "{query}");
    }
}

#[test]
fn a_wrong_word_is_answered_with_one_that_finds_something() {
    let shelf = shelf(&["fever and cough"]);
    let result = shelf.search("feber cough region");
    assert_eq!((result.pages, result.suggestion), (0, None), "`region` is on no page");
    let unfiled = {
        let mut hidden = page("h", 1, &["morphine"]);
        hidden.fields.filed = false;
        hidden
    };
    shelf.put(&[unfiled], 2);
    assert_eq!(shelf.search("cough morphjine").suggestion, None, "nor one that only others may see");
    let result = shelf.search("cougg -fever or zzzz");
    assert_eq!(result.pages, 0);
    assert_eq!(shelf.search("couhg -region rash").suggestion, None);
    assert_eq!(shelf.search("\"couhg fever\"~4 is:film").suggestion, None);
}

#[test]
fn suggestions_are_words_that_one_may_see() {
    let mut hidden = page("h", 1, &["morphine medication"]);
    hidden.fields.filed = false;
    let shelf =
        Shelf::knowing(WORDS, "", &[hidden, page("a", 1, &["medication medicxtion"]), page("b", 1, &["medication"])]);
    let words = |beginning: &str, scope| {
        let found = shelf.index.suggest(beginning, scope).expect("suggests");
        found.into_iter().map(|found| (found.word, found.pages)).collect::<Vec<_>>()
    };
    assert_eq!(words("fever med", Scope::FILED), [("medication".to_owned(), 2)]);
    assert_eq!(words("med", Scope::EVERYTHING), [("medication".to_owned(), 3)]);
    assert_eq!(words("mor", Scope::FILED), []);
    assert_eq!(words("m", Scope::EVERYTHING), [], "too short to mean anything");
    let inside = shelf.index.suggest_in_document(&document_id("a"), "med").expect("suggests");
    assert_eq!(inside.iter().map(|found| found.word.as_str()).collect::<Vec<_>>(), ["medication", "medicxtion"]);
}

#[test]
fn sorting_and_further_pages_hold_while_pages_arrive() {
    let dated = |name: &str, date: &str, scanned: i64| {
        let mut page = page(name, 1, &["fever"]);
        page.fields.date = date.parse().ok();
        page.fields.scanned = record::Timestamp(scanned);
        page
    };
    let shelf = Shelf::of(&[dated("a", "1990-01-01", 5), dated("b", "1970-01-01", 9), dated("c", "1980-01-01", 1)]);
    let order = |sort, page, as_of| {
        let request = SearchRequest { sort, page, as_of, per_page: 2, ..SearchRequest::new("fever", Scope::FILED) };
        let result = shelf.index.search(&request).expect("searches");
        (result.as_of, result.hits.into_iter().map(|hit| hit.fields.document).collect::<Vec<_>>())
    };
    let (as_of, first) = order(Sort::Service, 1, None);
    assert_eq!(first, ["a", "c"].map(document_id));
    shelf.put(&[dated("new", "1999-01-01", 99)], 2);
    assert_eq!(order(Sort::Service, 2, Some(as_of)).1, [document_id("b")], "the further page of the same moment");
    assert_eq!(order(Sort::Service, 1, None).1, ["new", "a"].map(document_id));
    assert_eq!(order(Sort::Scanned, 1, None).1, ["new", "b"].map(document_id));
}

#[test]
fn facets_name_patients_with_most_documents() {
    let of = |name: &str, mrn: &str| {
        let mut page = page(name, 1, &["fever"]);
        page.fields.mrn = mrn.parse().ok();
        page
    };
    let mut hidden = of("h", "MRN-9");
    hidden.fields.filed = false;
    let shelf = Shelf::of(&[of("a", "MRN-1"), of("b", "MRN-2"), of("c", "MRN-2"), hidden]);
    let patients = shelf.search("fever").facets.patient;
    let patients: Vec<_> = patients.iter().map(|count| (count.value.as_str(), count.documents)).collect();
    assert_eq!(patients, [("MRN-2", 2), ("MRN-1", 1)]);
}

#[test]
fn a_new_name_mends_the_pages_after_it_and_other_words_ask_for_a_rebuild() {
    let shelf = Shelf::knowing(WORDS, "", &[]);
    shelf.index.learn(&["Villanueva, Tobias"]);
    shelf.put(&[page("d", 1, &["Mr Vi11anueva came"])], 1);
    assert_eq!(shelf.search("villanueva").pages, 1);
    assert_eq!(shelf.lit("d", "Villanueva"), ["Vi11anueva"]);
    assert!(!shelf.index.is_mended_by_other_words(), "names come and go");
    let Shelf { index, dir } = shelf;
    drop(index);
    let index = Index::open(dir.path()).expect("opens");
    assert!(index.is_mended_by_other_words());
    assert_eq!(index.lit(&page_id("d", 1), "villanueva").expect("lights").len(), 1, "what was mended stays lit");
}
