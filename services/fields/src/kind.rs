//! Which type's title is a line of this page?

use record::words::Box;

use crate::rows::{Rows, Token};
use crate::rules::{self, Phrase, Rules};
use crate::weigh::Candidate;
use crate::{Evidence, Field, Value};

/// Titles stand in this part of the page; further down a title is a mention or a second document.
const TOP: f64 = 0.4;
/// "(continued)", "Page 2": words that may stand in a title's line beside it.
const EXTRA_WORDS_MAX: usize = 2;

pub fn candidates(rows: &Rows<'_>, rules: &Rules) -> Vec<Candidate> {
    segments(rows).filter_map(|segment| titled(rows, rules, segment)).collect()
}

/// Rows, cut at gaps.
fn segments<'r, 'a>(rows: &'r Rows<'a>) -> impl Iterator<Item = &'r [Token<'a>]> {
    rows.rows.iter().flat_map(|row| row.chunk_by(|a, b| !rows.is_wide(a, b)))
}

/// The type whose title the segment is; the longest title where several are in it.
fn titled(rows: &Rows<'_>, rules: &Rules, segment: &[Token<'_>]) -> Option<Candidate> {
    let titles = rules.types.iter().flat_map(|kind| kind.titles.iter().map(move |title| (kind, title)));
    let (kind, title, exact) = titles
        .filter_map(|(kind, title)| stands(title, segment).map(|exact| (kind, title, exact)))
        .max_by_key(|(_, title, _)| title.plain.len())?;
    let extra = segment.len() - title.plain.len();
    let height = if segment[0].middle < TOP * rows.height { 1.0 } else { 0.65 };
    // A title alone in its line needs no perfect reading: nothing else has its letters.
    let read = segment.iter().map(|token| token.confidence()).min().unwrap_or(0).max(60);
    let trust = 0.5 + f64::from(read) / 200.0;
    let trust = trust * if exact { 1.0 } else { 0.92 } * if extra == 0 { 1.0 } else { 0.85 } * height;
    let value = segment.iter().map(|token| token.word.place).reduce(Box::union)?;
    Some(Candidate {
        field: Field::DocumentType,
        value: Value::Type(kind.code.clone()),
        evidence: Evidence { label: None, value },
        words: segment.iter().map(|token| token.text.to_owned()).collect(),
        trust,
        rule: format!("title \u{201c}{}\u{201d}", title.text),
    })
}

/// Whether the segment is this title (and whether letter by letter): each word of it begins with a capital, as running
/// text does not, and hardly anything else stands there.
fn stands(title: &Phrase, segment: &[Token<'_>]) -> Option<bool> {
    if !(title.plain.len()..=title.plain.len() + EXTRA_WORDS_MAX).contains(&segment.len()) {
        return None;
    }
    let words = segment.get(..title.plain.len())?;
    let reads = words.iter().zip(&title.blurred).all(|(token, word)| rules::blurred(token.text) == *word);
    let capital = |token: &Token<'_>| token.bare().chars().next().is_some_and(|c| !c.is_lowercase());
    let small = |token: &Token<'_>| matches!(token.bare(), "and" | "of" | "for" | "to");
    let is_heading = words.iter().all(|token| capital(token) || small(token)) && capital(&words[0]);
    let is_label = words.last().is_some_and(|token| token.colon) && segment.len() > words.len();
    let exact = words.iter().zip(&title.plain).all(|(token, word)| rules::plain(token.text) == *word);
    (reads && is_heading && !is_label).then_some(exact)
}
