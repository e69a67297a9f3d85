//! Which words of a page made it match, and what extract shows them?

use std::collections::HashMap;
use std::ops::Range;

use record::limits;

use crate::analysis::Tokens;
use crate::hits::{Fragment, LitBox};
use crate::query::Expr;
use crate::stored::StoredPage;

/// Words of an extract, and how many of them stand before the first hit.
const EXTRACT_WORDS: usize = 28;
const EXTRACT_LEAD: usize = 6;

/// One page seen through one query.
#[derive(Debug)]
pub struct Light<'a> {
    page: &'a StoredPage,
    text: String,
    /// The byte of `text` at which each word begins.
    starts: Vec<usize>,
    /// Bytes of `text` that matched: ascending, apart from each other.
    hits: Vec<Range<usize>>,
}

impl<'a> Light<'a> {
    pub fn on(page: &'a StoredPage, expr: &Expr) -> Self {
        let (text, starts) = page.text();
        let hits = matches(expr, &Tokens::of(&text));
        Self { page, text, starts, hits }
    }

    pub fn is_dark(&self) -> bool {
        self.hits.is_empty()
    }

    /// Every word that any hit touches, once: both halves of a word broken over a line.
    pub fn boxes(&self) -> Vec<LitBox> {
        let lit = self.lit_words().into_iter().take(limits::PAGE_LIT_BOXES_MAX);
        lit.map(|index| {
            let word = &self.page.words[index];
            LitBox { place: word.place, word: word.text.clone() }
        })
        .collect()
    }

    /// The stretch of the page with most hits; its beginning where there are none.
    pub fn snippet(&self) -> Vec<Fragment> {
        let Some(words) = self.extract() else { return Vec::new() };
        let (start, end) = (self.starts[words.start], self.word_end(words.end - 1));
        let (mut at, mut fragments) = (start, Vec::new());
        for hit in self.hits.iter().filter(|hit| hit.end > start && hit.start < end) {
            let hit = hit.start.max(start)..hit.end.min(end);
            self.push(&mut fragments, at..hit.start, false);
            self.push(&mut fragments, hit.clone(), true);
            at = hit.end;
        }
        self.push(&mut fragments, at..end, false);
        fragments
    }

    fn push(&self, fragments: &mut Vec<Fragment>, bytes: Range<usize>, hit: bool) {
        if !bytes.is_empty() {
            fragments.push(Fragment { text: self.text[bytes].replace('\n', " "), hit });
        }
    }

    /// Words to show, by index.
    fn extract(&self) -> Option<Range<usize>> {
        let count = self.starts.len();
        let lit = self.lit_words();
        let reach = EXTRACT_WORDS - EXTRACT_LEAD;
        let hits_from = |index: usize| lit[index..].partition_point(|word| *word < lit[index] + reach);
        // The first of equals: `max_by_key` would take the last.
        let first = (0..lit.len()).rev().max_by_key(|index| hits_from(*index)).map_or(0, |index| lit[index]);
        let start = first.saturating_sub(EXTRACT_LEAD);
        (count > 0).then(|| start..count.min(start + EXTRACT_WORDS))
    }

    fn lit_words(&self) -> Vec<usize> {
        let mut lit: Vec<usize> = Vec::new();
        for hit in &self.hits {
            let from = self.starts.partition_point(|start| *start <= hit.start).saturating_sub(1);
            let from = lit.last().map_or(from, |last| from.max(last + 1));
            let to = self.starts.partition_point(|start| *start < hit.end);
            lit.extend(from..to);
        }
        lit
    }

    fn word_end(&self, index: usize) -> usize {
        self.starts[index] + self.page.words[index].text.len()
    }
}

/// Where the query's terms stand in a text.
#[derive(Default)]
struct Places<'q> {
    /// By term, ascending by position.
    terms: HashMap<&'q str, Vec<(u32, Range<usize>)>>,
    prefixes: Vec<&'q str>,
    hits: Vec<Range<usize>>,
}

fn matches(expr: &Expr, tokens: &Tokens) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut places = Places::default();
    places.want(expr, &mut runs);
    for token in tokens.iter() {
        let bytes = token.start..token.end;
        if places.prefixes.iter().any(|prefix| token.term.starts_with(prefix)) {
            places.hits.push(bytes.clone());
        }
        if let Some(found) = places.terms.get_mut(token.term) {
            found.push((token.position, bytes));
        }
    }
    for run in runs {
        places.find(run);
    }
    merged(places.hits)
}

impl<'q> Places<'q> {
    /// Notes the terms to look for. What must not be there is not lit.
    fn want(&mut self, expr: &'q Expr, runs: &mut Vec<&'q [String]>) {
        match expr {
            Expr::All(all) => all.iter().for_each(|expr| self.want(expr, runs)),
            Expr::Not(_) => {}
            Expr::Prefix(stem) => self.prefixes.push(stem),
            Expr::AnyOf(alternatives) => {
                for run in alternatives {
                    runs.push(run);
                    self.terms.extend(run.iter().map(|term| (term.as_str(), Vec::new())));
                }
            }
        }
    }

    /// Lights every place where the run's terms stand one after the other.
    fn find(&mut self, run: &[String]) {
        let columns: Option<Vec<_>> = run.iter().map(|term| self.terms.get(term.as_str())).collect();
        let Some((first, rest)) = columns.as_deref().and_then(<[_]>::split_first) else { return };
        for (position, bytes) in first.iter() {
            let mut found = vec![bytes.clone()];
            for (column, offset) in rest.iter().zip(1..) {
                let at = column.partition_point(|(other, _)| *other < position + offset);
                let next = column.get(at).filter(|(other, _)| *other == position + offset);
                found.extend(next.map(|(_, bytes)| bytes.clone()));
            }
            if found.len() == run.len() {
                self.hits.extend(found);
            }
        }
    }
}

/// Sorted, with what overlaps joined.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut out: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}
