//! The table of [`crate::analysis`], row by row, and the query parser on top of it.

use super::Random;
use crate::analysis::Tokens;
use crate::query::{Bounds, Expr, Filter, QueryError, Run, State, Text, Wild, parse};

fn terms(text: &str) -> Vec<(String, u32)> {
    Tokens::of(text).iter().map(|token| (token.term.to_owned(), token.position)).collect()
}

fn expected(terms: &[(&str, u32)]) -> Vec<(String, u32)> {
    terms.iter().map(|(term, position)| ((*term).to_owned(), *position)).collect()
}

#[test]
fn parts_and_coarse_terms_are_as_the_table_says() {
    for (text, wanted) in [
        ("2.5", &[("2.5", 0)][..]),
        ("1,200 E11.9", &[("1,200", 0), ("e11.9", 1)]),
        ("500mg a", &[("500mg", 0), ("500", 0), ("mg", 1), ("a", 2)]),
        ("MRN-104233", &[("mrn104233", 0), ("mrn", 0), ("104233", 1)]),
        ("120/80", &[("120/80", 0), ("120", 0), ("80", 1)]),
        ("12-03", &[("12-03", 0), ("12", 0), ("03", 1)]),
        ("O'Brien’s", &[("obriens", 0), ("o", 0), ("brien", 1), ("s", 2)]),
        ("(chest) pain.", &[("chest", 0), ("pain", 1)]),
        ("end--next", &[("end", 0), ("next", 1)]),
        ("Ödème", &[("odeme", 0)]),
        ("漢字", &[("漢", 0), ("字", 1)]),
        ("--- * &", &[]),
    ] {
        assert_eq!(terms(text), expected(wanted), "{text}");
    }
}

#[test]
fn a_word_broken_over_a_line_has_one_position() {
    let wanted = [("the", 0), ("infor", 1), ("information", 1), ("mation", 1), ("desk", 2)];
    assert_eq!(terms("the infor-\nmation desk"), expected(&wanted));
    assert_eq!(terms("the infor- mation"), expected(&[("the", 0), ("infor", 1), ("mation", 2)]));
    assert_eq!(terms("page 12-\n13"), expected(&[("page", 0), ("12", 1), ("13", 2)]));
    assert_eq!(terms("a-\n(b"), expected(&[("a", 0), ("b", 1)]));
}

/// Chunks without a sign beyond ASCII take a way of their own; one sign that nobody sees sends them the other way.
#[test]
fn both_ways_through_a_chunk_give_the_same_terms() {
    let mut random = Random::new(5);
    let signs: Vec<char> = "aZx019..,,--'/:&(\n\n   ".chars().collect();
    for _ in 0..3_000 {
        let text: String = (0..random.below(60)).map(|_| *random.pick(&signs)).collect();
        let mut marked = String::new();
        for chunk in text.split_inclusive([' ', '\n']) {
            let word = chunk.trim_end();
            let at = if word.len() > 2 { 1 } else { word.len() };
            let mark = if word.len() > 2 { "\u{200B}" } else { "" };
            marked.extend([&chunk[..at], mark, &chunk[at..]]);
        }
        assert_eq!(terms(&text), terms(&marked), "{text:?}");
    }
}

#[test]
fn tokens_know_their_bytes() {
    let text = "see É-\ncole MRN-7";
    let bytes: Vec<&str> = Tokens::of(text).iter().map(|token| &text[token.start..token.end]).collect();
    assert_eq!(bytes, ["see", "É", "É-\ncole", "cole", "MRN-7", "MRN", "7"]);
}

fn any(runs: &[&[&str]]) -> Expr {
    let run = |run: &&[&str]| Run::typed(run.iter().map(|term| (*term).to_owned()).collect());
    Expr::Words(runs.iter().map(run).collect())
}

fn not(expr: Expr) -> Expr {
    Expr::Not(Box::new(expr))
}

#[test]
fn queries_become_trees() {
    let all = |parts: Vec<Expr>| Ok(Expr::All(parts));
    for (query, wanted) in [
        (
            "Chest \"chest pain\" -follow-up & cardio*",
            all(vec![
                any(&[&["chest"]]),
                any(&[&["chest", "pain"]]),
                not(any(&[&["follow", "up"], &["followup"]])),
                Expr::Prefix("cardio".into()),
            ]),
        ),
        ("“a”\u{7}b", all(vec![any(&[&["a"]]), any(&[&["b"]])])),
        ("MRN-10*", all(vec![Expr::Prefix("mrn10".into())])),
        (" \n", all(Vec::new())),
        ("a or b c", all(vec![Expr::Any(vec![any(&[&["a"]]), Expr::All(vec![any(&[&["b"]]), any(&[&["c"]])])])])),
        ("a (b OR -c)", all(vec![any(&[&["a"]]), Expr::Any(vec![any(&[&["b"]]), not(any(&[&["c"]]))])])),
        ("NOT -a", all(vec![any(&[&["a"]])])),
        ("tumour(s) a - b", all(vec![any(&[&["tumour", "s"]]), any(&[&["a"]]), any(&[&["b"]])])),
        (
            "\"pain in arm\"~5",
            all(vec![Expr::Near { terms: vec!["pain".into(), "in".into(), "arm".into()], within: 5 }]),
        ),
        ("gr?y He*toma why?", all(vec![wild("gr?y"), wild("he*toma"), any(&[&["why"]])])),
        ("Morphine~ fever~2", all(vec![similar("morphine", 1), similar("fever", 2)])),
        ("1O4233", all(vec![any(&[&["1o4233"], &["104233"]])])),
        ("note:stable 12:30", all(vec![any(&[&["note"]]), any(&[&["stable"]]), any(&[&["12", "30"], &["12:30"]])])),
    ] {
        assert_eq!(parse(query), wanted, "{query}");
    }
}

fn wild(shape: &str) -> Expr {
    Expr::Wild(Wild::new(shape.into()))
}

fn similar(term: &str, edits: u8) -> Expr {
    Expr::Similar { term: term.into(), edits }
}

#[test]
fn fields_hold_values_and_ranges() {
    let days = |from: Option<&str>, to: Option<&str>| {
        let day = |text: &str| text.parse::<record::Date>().expect("a day").days_since_epoch();
        Filter::Service(Bounds { from: from.map(day), to: to.map(day) })
    };
    let text = |text: &str, begins| Text { text: text.into(), begins };
    for (query, wanted) in [
        ("date:1974..1976", days(Some("1974-01-01"), Some("1976-12-31"))),
        ("date:1974-02", days(Some("1974-02-01"), Some("1974-02-28"))),
        ("date:<1980", days(None, Some("1979-12-31"))),
        ("date:>1980-05-01", days(Some("1980-05-02"), None)),
        ("mrn:MRN-1O4233", Filter::Patient(text("mrn104233", false))),
        ("patient:1042*", Filter::Patient(text("1042", true))),
        ("type:\"discharge summary\"", Filter::Type(text("DISCHARGE-SUMMARY", false))),
        ("Type:lab*", Filter::Type(text("LAB", true))),
        ("confidence:<80", Filter::Confidence(Bounds { from: None, to: Some(79) })),
        ("frame:200..220", Filter::Frame(Bounds { from: Some(200), to: Some(220) })),
        ("is:film", Filter::Source(record::manifest::SourceKind::Film)),
        ("is:filed", Filter::Is(State::Filed)),
        ("reel:17", Filter::Reel(text("17", false))),
    ] {
        assert_eq!(parse(query), Ok(Expr::All(vec![Expr::Filter(wanted)])), "{query}");
    }
    let Expr::Words(runs) = any(&[&["el1.9"], &["e11.9"]]) else { unreachable!("words") };
    assert_eq!(parse("code:El1.9"), Ok(Expr::All(vec![Expr::Coded(runs)])));
}

#[test]
fn wrong_queries_say_where_and_what_instead() {
    for (query, place, suggestion) in [
        ("a \"b c", Some(3), Some("a b c")),
        ("fever *", Some(7), Some("fever")),
        ("(fever or \"chest", Some(11), Some("fever or chest")),
        ("(a or", Some(4), Some("a")),
        ("*", Some(1), None),
        ("?*", Some(1), None),
        ("ab *itis", Some(4), Some("ab itis")),
        ("x c*", Some(3), Some("x c")),
        ("(a b", Some(1), Some("a b")),
        ("a b)", Some(4), Some("a b")),
        ("a or", Some(3), Some("a")),
        ("or a", Some(1), Some("a")),
        ("abc~", Some(1), Some("abc")),
        ("\"a b\"~99", Some(1), Some("\"a b\"")),
        ("tpye:letter", Some(1), Some("type:letter")),
        ("patients:1", Some(1), Some("patient:1")),
        ("date:soon", Some(1), None),
        ("confidence:<200", Some(1), None),
        ("- & ...", None, None),
        ("\"\"", None, None),
        ("()", None, None),
    ] {
        let error = parse(query).expect_err(query);
        assert_eq!((error.place(), error.suggestion(query).as_deref()), (place, suggestion), "{query}: {error}");
        assert!(!error.to_string().contains("letter") || query != "tpye:letter", "the text does not repeat the query");
    }
    assert!(matches!(parse(&"a".repeat(10_000)), Err(QueryError::TooLong { chars: 10_000, .. })));
    assert!(matches!(parse(&"a ".repeat(200)), Err(QueryError::TooManyWords { .. })));
    assert!(matches!(parse(&"(".repeat(900)), Err(QueryError::TooDeep { place: 21, max: 20 })));
    assert!(matches!(parse(&"-(".repeat(400)), Err(QueryError::TooDeep { .. })));
}

#[test]
fn shapes_fit_whole_terms() {
    for (shape, term, fits) in [
        ("gr?y", "gray", true),
        ("gr?y", "greay", false),
        ("he*toma", "hematoma", true),
        ("he*o*a", "hepatoma", true),
        ("he*", "he", true),
        ("he?", "he", false),
        ("ab*c*d", "abcc", false),
    ] {
        assert_eq!(Wild::new(shape.into()).fits(term), fits, "{shape} {term}");
    }
}
