//! Where are labels, and what do they mean?

use std::collections::HashMap;

use record::words::Box;

use crate::rows::{Rows, Token};
use crate::rules::{self, Phrase, Rules};

/// What stands behind a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    Number,
    Name,
    LastName,
    FirstName,
    Birth,
    /// A date that is the document's own for some types.
    Date,
    /// A code of this entry of the rules.
    Code(usize),
    /// Something else, or somebody else's.
    Stranger,
}

/// A label on the page: tokens `first` to `last` of a row.
pub struct Label<'a> {
    pub phrase: &'a Phrase,
    /// One label may stand for codes of several systems.
    pub means: Vec<Means>,
    pub row: usize,
    pub first: usize,
    pub last: usize,
    /// As written in the rules, and not by look-alikes.
    pub exact: bool,
    pub colon: bool,
}

impl Label<'_> {
    pub fn is(&self, meaning: Means) -> bool {
        self.means.contains(&meaning)
    }

    pub fn place(&self, rows: &Rows<'_>) -> Box {
        let words = rows.rows[self.row][self.first..=self.last].iter().map(|token| token.word.place);
        words.reduce(Box::union).unwrap_or_default()
    }
}

/// Phrases by their first word as compared.
type Book<'a> = HashMap<&'a str, Vec<(&'a Phrase, Means)>>;

/// The labels of each row, from left to right; the longest phrase at each place.
pub fn find<'a>(rows: &Rows<'_>, rules: &'a Rules) -> Vec<Label<'a>> {
    let book = book(rules);
    let mut found = Vec::new();
    for (row, tokens) in rows.rows.iter().enumerate() {
        let mut at = 0;
        while at < tokens.len() {
            let label = longest(&book, row, tokens, at);
            at = label.as_ref().map_or(at, |label| label.last) + 1;
            let strangers = |label: &Label<'_>| {
                let before = label.first.checked_sub(1).map(|at| &tokens[at]);
                before.is_some_and(|before| is_strangers(rows, rules, before, &tokens[label.first]))
            };
            found.extend(label.map(|label| if strangers(&label) { strange(label) } else { label }));
        }
    }
    found
}

fn book(rules: &Rules) -> Book<'_> {
    let mut book = Book::new();
    let dates = rules.types.iter().flat_map(|kind| &kind.date);
    let codes = rules.codes.iter().enumerate().flat_map(|(at, code)| code.labels.iter().map(move |label| (label, at)));
    let all = (rules.patient_number.labels.iter().map(|label| (label, Means::Number)))
        .chain(rules.patient_name.labels.iter().map(|label| (label, Means::Name)))
        .chain(rules.patient_name.last.iter().map(|label| (label, Means::LastName)))
        .chain(rules.patient_name.first.iter().map(|label| (label, Means::FirstName)))
        .chain(rules.birth_date.labels.iter().map(|label| (label, Means::Birth)))
        .chain(dates.map(|label| (label, Means::Date)))
        .chain(codes.map(|(label, at)| (label, Means::Code(at))))
        .chain(rules.strangers.labels.iter().map(|label| (label, Means::Stranger)));
    for (phrase, means) in all {
        book.entry(&phrase.blurred[0]).or_default().push((phrase, means));
    }
    book
}

fn longest<'a>(book: &Book<'a>, row: usize, tokens: &[Token<'_>], first: usize) -> Option<Label<'a>> {
    let near = book.get(rules::blurred(tokens[first].text).as_str())?;
    let mut best: Option<Label<'a>> = None;
    for (phrase, means) in near {
        let last = first + phrase.blurred.len() - 1;
        match &mut best {
            Some(best) if best.last == last && best.phrase.blurred == phrase.blurred => {
                best.means.retain(|known| known != means);
                best.means.push(*means);
            }
            Some(best) if best.last >= last => {}
            _ if stands(phrase, tokens, first, last) => {
                let exact =
                    tokens[first..=last].iter().zip(&phrase.plain).all(|(t, word)| rules::plain(t.text) == *word);
                let colon = tokens[last].colon;
                best = Some(Label { phrase, means: vec![*means], row, first, last, exact, colon });
            }
            _ => {}
        }
    }
    best
}

/// A label begins with a capital or ends with a colon; a word before a comma is a surname.
fn stands(phrase: &Phrase, tokens: &[Token<'_>], first: usize, last: usize) -> bool {
    let Some(words) = tokens.get(first..=last) else { return false };
    let reads = words.iter().zip(&phrase.blurred).all(|(token, word)| rules::blurred(token.text) == *word);
    let is_torn = words[..words.len() - 1].iter().any(|token| token.colon);
    let begins = words[0].bare().chars().next().is_some_and(|c| !c.is_lowercase());
    reads && !is_torn && !words[words.len() - 1].text.ends_with(',') && (begins || words[words.len() - 1].colon)
}

/// Whether the word before makes a label, or a number, somebody else's.
pub fn is_strangers(rows: &Rows<'_>, rules: &Rules, before: &Token<'_>, label: &Token<'_>) -> bool {
    let word = rules::plain(before.text);
    let singular = word.strip_suffix('s').unwrap_or(&word);
    let is_near = !rows.is_wide(before, label);
    is_near && rules.strangers.before.iter().any(|phrase| phrase.plain[0] == word || phrase.plain[0] == singular)
}

fn strange(label: Label<'_>) -> Label<'_> {
    Label { means: vec![Means::Stranger], ..label }
}
