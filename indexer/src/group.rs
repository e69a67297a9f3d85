//! Which documents do the matching pages belong to, and which pages of each are best? One pass over all
//! matches, so that every count is exact.

use std::cmp::Ordering;
use std::hash::Hasher;

use tantivy::fastfield::AliveBitSet;
use tantivy::query::{Scorer, Weight};
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader, TERMINATED};

use crate::PAGES_SHOWN;
use crate::error::Result;
use crate::hits::{Scope, Sort};
use crate::register::{Entry, Moment, Section};
use crate::stop::Stop;

/// What [`crate::schema::weight`] gives a clear page.
const WEIGHT_FULL: Score = 100.0;

/// Everything that matched, by document.
#[derive(Debug)]
pub struct Groups<'a> {
    pub pages: u64,
    pub documents: Vec<Group<'a>>,
    /// Not every page was looked at.
    pub cut: bool,
    /// By the document's number, one more than its place in the list; 0 for none.
    places: Vec<u32>,
}

#[derive(Debug, Clone)]
pub struct Group<'a> {
    pub of: &'a Entry,
    pub pages: u32,
    pub best: Best,
}

/// The best pages of a document, best first. An array, because there is one for each of what
/// may be a hundred thousand documents.
#[derive(Debug, Clone, Copy, Default)]
pub struct Best([Option<Candidate>; PAGES_SHOWN]);

#[derive(Debug, Clone, Copy)]
pub struct Candidate {
    pub score: Score,
    pub number: u32,
    pub address: DocAddress,
}

impl Candidate {
    /// Higher scores first, then earlier pages.
    fn order(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then(self.number.cmp(&other.number))
    }
}

impl Best {
    pub fn iter(&self) -> impl Iterator<Item = &Candidate> {
        self.0.iter().flatten()
    }

    pub fn score(&self) -> Score {
        self.iter().next().map_or(0.0, |best| best.score)
    }

    /// Whether a page with this score may still have a place.
    fn admits(&self, score: Score) -> bool {
        self.0[PAGES_SHOWN - 1].is_none_or(|last| score >= last.score)
    }

    fn insert(&mut self, mut candidate: Candidate) {
        for place in &mut self.0 {
            match place {
                None => {
                    *place = Some(candidate);
                    return;
                }
                Some(held) if candidate.order(held) == Ordering::Less => std::mem::swap(held, &mut candidate),
                Some(_) => {}
            }
        }
    }
}

impl FromIterator<Candidate> for Best {
    fn from_iter<I: IntoIterator<Item = Candidate>>(candidates: I) -> Self {
        let mut best = Self::default();
        candidates.into_iter().for_each(|candidate| best.insert(candidate));
        best
    }
}

impl<'a> Groups<'a> {
    fn over(moment: &Moment) -> Self {
        Self { pages: 0, documents: Vec::new(), cut: false, places: vec![0; moment.documents] }
    }

    /// Where in the list the best documents are, at most `most`, in no order.
    pub fn best_documents(&self, sort: Sort, most: usize) -> Vec<usize> {
        let order = |a: &usize, b: &usize| self.documents[*a].order(&self.documents[*b], sort);
        let mut best: Vec<usize> = Vec::new();
        // The worst that may still be among them.
        let mut bar: Option<usize> = None;
        for at in 0..self.documents.len() {
            if bar.is_some_and(|bar| order(&at, &bar) == Ordering::Greater) {
                continue;
            }
            best.push(at);
            if best.len() >= 2 * most.max(1) {
                best.select_nth_unstable_by(most, order);
                best.truncate(most);
                bar = best.iter().copied().max_by(order);
            }
        }
        if most < best.len() {
            best.select_nth_unstable_by(most, order);
            best.truncate(most);
        }
        best
    }

    /// The documents from `skip` on, at most `take`, best first.
    pub fn ranked(&self, sort: Sort, skip: usize, take: usize) -> Vec<&Group<'a>> {
        if skip >= self.documents.len() || take == 0 {
            return Vec::new();
        }
        let mut best: Vec<&Group<'a>> = self
            .best_documents(sort, skip.saturating_add(take).min(self.documents.len()))
            .into_iter()
            .map(|at| &self.documents[at])
            .collect();
        best.sort_unstable_by(|a, b| a.order(b, sort));
        best.split_off(skip)
    }

    /// Takes the next pages in, and leaves the scorer behind them.
    fn step(&mut self, part: &mut Part<'a>, pages: &mut dyn Scorer) {
        let mut page = pages.doc();
        for _ in 0..STEP {
            if page == TERMINATED {
                return;
            }
            if part.shows(page) {
                self.take(part, page, pages.score());
            }
            page = pages.advance();
        }
    }

    fn take(&mut self, part: &mut Part<'a>, doc: DocId, score: Score) {
        let page = part.section.page(doc);
        let at = match part.open {
            Some((entry, at)) if entry == page.entry => at,
            _ => self.place(part.section.entry(page.entry)),
        };
        part.open = Some((page.entry, at));
        self.pages += 1;
        let group = &mut self.documents[at];
        group.pages += 1;
        let score = weigh(score, page.weight);
        if group.best.admits(score) {
            let address = DocAddress::new(part.segment, doc);
            group.best.insert(Candidate { score, number: page.number, address });
        }
    }

    /// Where in the list the document is.
    fn place(&mut self, of: &'a Entry) -> usize {
        let place = &mut self.places[of.document as usize];
        if *place == 0 {
            self.documents.push(Group { of, pages: 0, best: Best::default() });
            *place = self.documents.len() as u32;
        }
        *place as usize - 1
    }
}

/// Poor and nearly empty pages count for less; what is below zero is last already.
fn weigh(score: Score, weight: u8) -> Score {
    if score <= 0.0 { score } else { score * Score::from(weight) / WEIGHT_FULL }
}

impl Group<'_> {
    /// Total, so that the pages of a result never overlap: as asked, then best first, then newest, then by key.
    fn order(&self, other: &Self, sort: Sort) -> Ordering {
        let newest_first = || other.of.date.cmp(&self.of.date);
        let asked = match sort {
            Sort::Relevance => Ordering::Equal,
            Sort::Service => newest_first(),
            Sort::Scanned => other.of.scanned.cmp(&self.of.scanned),
        };
        let best_first = || other.best.score().total_cmp(&self.best.score());
        asked.then_with(best_first).then_with(newest_first).then_with(|| self.of.key.cmp(&other.of.key))
    }
}

/// Pages between two looks at whether to stop.
const STEP: usize = 1_024;

/// One segment while its pages are taken in.
struct Part<'a> {
    segment: SegmentOrdinal,
    section: &'a Section,
    alive: Option<&'a AliveBitSet>,
    scope: Scope,
    /// The entry of the page before, and the place of its document: pages of a document mostly follow one another.
    open: Option<(u32, usize)>,
}

impl<'a> Part<'a> {
    fn new(segment: SegmentOrdinal, reader: &'a SegmentReader, section: &'a Section, scope: Scope) -> Self {
        Self { segment, section, alive: reader.alive_bitset(), scope, open: None }
    }

    fn shows(&self, page: DocId) -> bool {
        self.section.shows(page, self.scope) && self.alive.is_none_or(|alive| alive.is_alive(page))
    }
}

/// All pages within the scope that match, until it is stopped.
pub fn collect<'a>(moment: &'a Moment, weight: &dyn Weight, scope: Scope, stop: &Stop) -> Result<Groups<'a>> {
    let mut groups = Groups::over(moment);
    let segments = moment.searcher.segment_readers().iter().zip(moment.sections.iter());
    for (segment, (reader, section)) in (0..).zip(segments) {
        if stop.is_stopped() {
            groups.cut = true;
            break;
        }
        let mut part = Part::new(segment, reader, section, scope);
        let mut pages = weight.scorer(reader, 1.0)?;
        while pages.doc() != TERMINATED && !stop.is_stopped() {
            groups.step(&mut part, pages.as_mut());
        }
        groups.cut |= pages.doc() != TERMINATED;
    }
    Ok(groups)
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
