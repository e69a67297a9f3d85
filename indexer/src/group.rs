//! Which documents come first, and which pages of each are best?

use std::cmp::Ordering;
use std::hash::Hasher;

use tantivy::{DocAddress, Score};

use crate::PAGES_SHOWN;
use crate::error::Result;
use crate::hits::Sort;
use crate::matches::Matches;
use crate::register::Entry;

/// A document that may be shown.
#[derive(Debug, Clone)]
pub struct Group<'a> {
    pub of: &'a Entry,
    pub score: Score,
    /// How many of its pages match, and the best of them, best first: [`fill`] knows.
    pub pages: u32,
    pub best: Vec<Candidate<'a>>,
}

/// A page, and how well it answers.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    pub of: &'a Entry,
    pub score: Score,
    pub number: u32,
    pub address: DocAddress,
}

impl Candidate<'_> {
    /// Higher scores first, then earlier pages.
    pub fn order(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then(self.number.cmp(&other.number))
    }
}

/// The best page of each of the first documents.
pub struct Best<'a> {
    sort: Sort,
    most: usize,
    found: Vec<Candidate<'a>>,
    /// The last one that may still be among them, once there are as many.
    last: Option<Candidate<'a>>,
}

/// So many times as many as there may be are looked through together.
const ROOM: usize = 4;

impl<'a> Best<'a> {
    pub fn new(sort: Sort, most: usize) -> Self {
        Self { sort, most: most.max(1), found: Vec::new(), last: None }
    }

    /// Pages with a score up to this need not be offered.
    pub fn bar(&self) -> Score {
        let last = self.last.filter(|_| self.sort == Sort::Relevance);
        last.map_or(Score::MIN, |last| last.score.next_down())
    }

    pub fn insert(&mut self, candidate: Candidate<'a>) {
        if self.last.is_some_and(|last| order(&candidate, &last, self.sort) == Ordering::Greater) {
            return;
        }
        self.found.push(candidate);
        if self.found.len() >= ROOM * self.most {
            self.trim();
        }
    }

    /// Leaves the best page of each document, and as many of those as there may be.
    fn trim(&mut self) {
        let by_document = |one: &Candidate<'_>, other: &Candidate<'_>| {
            one.of.document.cmp(&other.of.document).then_with(|| one.order(other))
        };
        self.found.sort_unstable_by(by_document);
        self.found.dedup_by_key(|candidate| candidate.of.document);
        let sort = self.sort;
        if self.found.len() >= self.most {
            let (_, last, _) = self.found.select_nth_unstable_by(self.most - 1, |a, b| order(a, b, sort));
            self.last = Some(*last);
            self.found.truncate(self.most);
        }
    }

    /// The documents, the first one first.
    pub fn into_groups(mut self) -> Vec<Group<'a>> {
        self.trim();
        let sort = self.sort;
        self.found.sort_unstable_by(|a, b| order(a, b, sort));
        let group = |page: Candidate<'a>| Group { of: page.of, score: page.score, pages: 0, best: vec![page] };
        self.found.into_iter().map(group).collect()
    }
}

/// Total, so that the pages of a result never overlap: as asked, then best first, then newest, then by key.
fn order(one: &Candidate<'_>, other: &Candidate<'_>, sort: Sort) -> Ordering {
    documents(one.of, one.score, other.of, other.score, sort)
}

fn documents(one: &Entry, score: Score, other: &Entry, other_score: Score, sort: Sort) -> Ordering {
    let newest_first = || other.date.cmp(&one.date);
    let asked = match sort {
        Sort::Relevance => Ordering::Equal,
        Sort::Service => newest_first(),
        Sort::Scanned => other.scanned.cmp(&one.scanned),
    };
    let best_first = || other_score.total_cmp(&score);
    asked.then_with(best_first).then_with(newest_first).then_with(|| one.key.cmp(&other.key))
}

/// After their scores have changed.
pub fn sort_again(groups: &mut [Group<'_>], sort: Sort) {
    groups.sort_by(|one, other| documents(one.of, one.score, other.of, other.score, sort));
}

/// Finds the pages of documents that are to be shown.
pub fn fill<'a>(groups: &mut [Group<'a>], matches: &Matches<'a>) -> Result<()> {
    let mut pages: Vec<(DocAddress, usize)> = Vec::new();
    for (at, group) in groups.iter_mut().enumerate().filter(|(_, group)| group.pages == 0) {
        let own = matches.pages_of(group.of.document);
        group.pages = own.len() as u32;
        group.best.clear();
        pages.extend(own.into_iter().map(|page| (page, at)));
    }
    pages.sort_unstable();
    let addresses: Vec<DocAddress> = pages.iter().map(|(page, _)| *page).collect();
    for ((_, at), candidate) in pages.iter().zip(matches.candidates(&addresses)?) {
        groups[*at].best.push(candidate);
    }
    for group in groups {
        group.best.sort_by(Candidate::order);
        group.best.truncate(PAGES_SHOWN);
    }
    Ok(())
}

/// Keys are random already.
#[derive(Debug, Default)]
pub struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}
