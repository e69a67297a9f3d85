//! Which words may a label's value be? Those to its right up to the next label, or those below it in its column.

use record::DocumentType;
use record::words::Box;

use crate::date;
use crate::label::{Label, Means};
use crate::name;
use crate::number;
use crate::rows::{Rows, Token};
use crate::rules::Rules;
use crate::weigh::Candidate;
use crate::{Evidence, Field, Value};

/// In [`Rows::em`]: how far a value may stand from its label, to the right with and without a colon, and below.
const RIGHT_OF_COLON: f64 = 15.0;
const RIGHT: f64 = 6.0;
const BELOW: f64 = 3.5;
/// Further on in a row, something else begins.
const GAP: f64 = 3.0;
/// A value below may begin this much left of its label.
const INDENT: f64 = 1.0;

/// The words that may be a label's value.
pub struct Span<'r, 'a> {
    pub tokens: Vec<&'r Token<'a>>,
    pub side: &'static str,
    /// A colon, a gap or a line end stands between: this is no running text.
    pub apart: bool,
    /// How much its place speaks for it.
    pub trust: f64,
}

/// What a reading of a span's first tokens gave.
pub struct Taken {
    pub value: Value,
    pub tokens: usize,
    /// How much its shape speaks for it.
    pub trust: f64,
}

/// Reads a value off the first tokens of a span.
type Take<'a> = &'a dyn Fn(&Span<'_, '_>) -> Option<Taken>;

/// All candidates but the document's type and date.
pub fn candidates(rows: &Rows<'_>, labels: &[Label<'_>], rules: &Rules) -> Vec<Candidate> {
    let mut found = Vec::new();
    for label in labels {
        for means in &label.means {
            let (field, take): (Field, Take<'_>) = match *means {
                Means::Number => (Field::PatientNumber, &|span| number::take(span, rules, rows.em)),
                Means::Name => (Field::PatientName, &|span| name::whole(span, rows.em)),
                Means::Birth => (Field::BirthDate, &|span| date::take(span, rules, rows.em)),
                Means::Code(at) => {
                    let code = &rules.codes[at];
                    found.extend(number::codes(rows, labels, label, &code.forms, &code.system));
                    continue;
                }
                Means::LastName | Means::FirstName | Means::Date | Means::Stranger => continue,
            };
            found.extend(first(rows, labels, label, field, take));
        }
    }
    found.extend(split_names(rows, labels));
    found.extend(number::self_named(rows, labels, rules));
    found
}

/// Dates behind the best label of the type that has any.
pub fn document_dates(rows: &Rows<'_>, labels: &[Label<'_>], rules: &Rules, kind: &DocumentType) -> Vec<Candidate> {
    let preferred = rules.types.iter().filter(|rule| rule.code == *kind).flat_map(|rule| &rule.date);
    let behind = |phrase: &[String]| {
        let named = labels.iter().filter(|label| label.is(Means::Date) && label.phrase.blurred == *phrase);
        named
            .filter_map(|label| {
                first(rows, labels, label, Field::DocumentDate, &|span| date::take(span, rules, rows.em))
            })
            .collect::<Vec<_>>()
    };
    preferred.map(|phrase| behind(&phrase.blurred)).find(|found| !found.is_empty()).unwrap_or_default()
}

/// The first span of a label that reads as a value.
fn first(
    rows: &Rows<'_>,
    labels: &[Label<'_>],
    label: &Label<'_>,
    field: Field,
    take: &dyn Fn(&Span<'_, '_>) -> Option<Taken>,
) -> Option<Candidate> {
    let spans = spans(rows, labels, label);
    let (span, taken) = spans.iter().find_map(|span| take(span).map(|taken| (span, taken)))?;
    Some(candidate(rows, label, span, field, taken))
}

pub fn candidate(rows: &Rows<'_>, label: &Label<'_>, span: &Span<'_, '_>, field: Field, taken: Taken) -> Candidate {
    let used = &span.tokens[..taken.tokens];
    let read = used.iter().map(|token| token.confidence());
    let exact = if label.exact { 1.0 } else { 0.92 };
    let colon = if label.colon { 1.0 } else { 0.97 };
    let trust = f64::from(read.min().unwrap_or(0)) / 100.0 * exact * colon * span.trust * taken.trust;
    let value = used.iter().map(|token| token.word.place).reduce(Box::union).unwrap_or_default();
    Candidate {
        field,
        value: taken.value,
        evidence: Evidence { label: Some(label.place(rows)), value },
        words: used.iter().map(|token| token.text.to_owned()).collect(),
        trust: trust.min(1.0),
        rule: format!("{} \u{201c}{}\u{201d}", span.side, label.phrase.text),
    }
}

/// To the right first.
pub fn spans<'r, 'a>(rows: &'r Rows<'a>, labels: &[Label<'_>], label: &Label<'_>) -> Vec<Span<'r, 'a>> {
    let right = right(rows, labels, label);
    let below = below(rows, labels, label);
    let end = &rows.rows[label.row][label.last];
    let apart = label.colon || right.first().is_some_and(|first| rows.is_wide(end, first));
    [(right, "right of", apart, 1.0), (below, "below", true, 0.97)]
        .into_iter()
        .filter(|(tokens, ..)| !tokens.is_empty())
        .map(|(tokens, side, apart, trust)| Span { tokens, side, apart, trust })
        .collect()
}

fn right<'r, 'a>(rows: &'r Rows<'a>, labels: &[Label<'_>], label: &Label<'_>) -> Vec<&'r Token<'a>> {
    let row = &rows.rows[label.row];
    let next = labels.iter().find(|other| other.row == label.row && other.first > label.last);
    let end = next.map_or(row.len(), |next| next.first);
    let reach = rows.em * if label.colon { RIGHT_OF_COLON } else { RIGHT };
    run(&row[label.last + 1..end], row[label.last].right + reach, rows.em)
}

/// The next row with anything in the label's column, unless a label stands there.
fn below<'r, 'a>(rows: &'r Rows<'a>, labels: &[Label<'_>], label: &Label<'_>) -> Vec<&'r Token<'a>> {
    let row = &rows.rows[label.row];
    let left = row[label.first].left - INDENT * rows.em;
    let right = row.get(label.last + 1).map_or(f64::INFINITY, |next| next.left - 0.5 * rows.em);
    let floor = row[label.last].bottom() + BELOW * rows.em;
    let near = rows.rows.iter().enumerate().skip(label.row + 1).take_while(|(_, row)| row[0].top() < floor);
    for (at, row) in near {
        let column = |token: &Token<'_>| token.left >= left && token.left < right;
        let Some(begin) = row.iter().position(column) else { continue };
        let end = row.iter().rposition(column).unwrap_or(begin);
        if labels.iter().any(|other| other.row == at && (begin..=end).contains(&other.first)) {
            return Vec::new();
        }
        // The value begins under its label.
        let reach = rows.rows[label.row][label.last].right + rows.em;
        return run(&row[begin..=end], reach, rows.em);
    }
    Vec::new()
}

/// The tokens from the first on, which begins before `reach`, up to a gap.
fn run<'r, 'a>(tokens: &'r [Token<'a>], reach: f64, em: f64) -> Vec<&'r Token<'a>> {
    if tokens.first().is_none_or(|first| first.left > reach) {
        return Vec::new();
    }
    let gap = tokens.windows(2).position(|pair| pair[1].left - pair[0].right > GAP * em);
    tokens[..gap.map_or(tokens.len(), |gap| gap + 1)].iter().collect()
}

/// A name in two boxes: the first pair of labels that has both parts.
fn split_names(rows: &Rows<'_>, labels: &[Label<'_>]) -> Option<Candidate> {
    let part = |means| {
        let part =
            |label: &Label<'_>| first(rows, labels, label, Field::PatientName, &|span| name::part(span, rows.em));
        labels.iter().filter(|label| label.is(means)).find_map(part)
    };
    let (last, first) = (part(Means::LastName)?, part(Means::FirstName)?);
    let whole = format!("{}, {}", last.value.reveal(), first.value.reveal());
    Some(Candidate {
        field: Field::PatientName,
        value: Value::Name(whole.parse().ok()?),
        evidence: Evidence {
            label: Some(last.evidence.whole()),
            value: last.evidence.value.union(first.evidence.value),
        },
        words: last.words.into_iter().chain(first.words).collect(),
        trust: last.trust.min(first.trust),
        rule: format!("{} and {}", last.rule, first.rule),
    })
}
