//! The table of [`crate::analysis`], row by row, and the query parser on top of it.

use crate::analysis::Tokens;
use crate::query::{Expr, QueryError, parse};

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

#[test]
fn tokens_know_their_bytes() {
    let text = "see É-\ncole MRN-7";
    let bytes: Vec<&str> = Tokens::of(text).iter().map(|token| &text[token.start..token.end]).collect();
    assert_eq!(bytes, ["see", "É", "É-\ncole", "cole", "MRN-7", "MRN", "7"]);
}

fn any(runs: &[&[&str]]) -> Expr {
    Expr::AnyOf(runs.iter().map(|run| run.iter().map(|term| (*term).to_owned()).collect()).collect())
}

#[test]
fn queries_become_trees() {
    let wanted = Expr::All(vec![
        any(&[&["chest"]]),
        any(&[&["chest", "pain"]]),
        Expr::Not(Box::new(any(&[&["follow", "up"], &["followup"]]))),
        Expr::Prefix("cardio".into()),
    ]);
    assert_eq!(parse("Chest \"chest pain\" -follow-up & cardio*"), Ok(wanted));
    assert_eq!(parse("“a”\u{7}b"), Ok(Expr::All(vec![any(&[&["a"]]), any(&[&["b"]])])));
    assert_eq!(parse("MRN-10*"), Ok(Expr::All(vec![Expr::Prefix("mrn10".into())])));
    assert_eq!(parse(" \n"), Ok(Expr::All(Vec::new())));
}

#[test]
fn wrong_queries_say_where_and_what_instead() {
    for (query, wanted, suggestion) in [
        ("a \"b c", QueryError::UnclosedQuote { place: 3 }, Some("a b c")),
        ("fever *", QueryError::BareStar { place: 7 }, Some("fever")),
        ("*", QueryError::BareStar { place: 1 }, None),
        ("ab wild*card", QueryError::InnerStar { place: 8 }, None),
        ("x c*", QueryError::ShortPrefix { place: 3, min: 2 }, Some("x c")),
        ("- & ...", QueryError::NothingToFind, None),
        ("\"\"", QueryError::NothingToFind, None),
    ] {
        assert_eq!(parse(query), Err(wanted), "{query}");
        if query != "ab wild*card" {
            assert_eq!(wanted.suggestion(query).as_deref(), suggestion, "{query}");
        }
        assert!(!wanted.to_string().contains("wild*card"));
    }
    assert!(matches!(parse(&"a".repeat(10_000)), Err(QueryError::TooLong { chars: 10_000, .. })));
    assert!(matches!(parse(&"a ".repeat(200)), Err(QueryError::TooManyWords { .. })));
}
