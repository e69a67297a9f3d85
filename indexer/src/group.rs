//! Which documents do the matching pages belong to, which pages of each are best, and how many
//! documents are of which kind? One pass over all matches, so that every count is exact.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Cardinality, Column, ColumnValues, StrColumn};
use tantivy::query::{Scorer, Weight};
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader, TERMINATED, TantivyError};

use crate::PAGES_SHOWN;
use crate::hits::Sort;
use crate::schema::{DATE, DOCUMENT_KEY, DOCUMENT_TYPE, NUMBER, PATIENT_KEY, SCANNED, SOURCE, WEIGHT};
use crate::stop::Stop;

/// What [`crate::schema::weight`] gives a clear page.
const WEIGHT_FULL: Score = 100.0;

/// Where in a list the document with a key is.
pub type Places = HashMap<u64, usize, BuildHasherDefault<KeyHasher>>;

/// Everything that matched, by document.
#[derive(Debug, Default)]
pub struct Groups {
    pub pages: u64,
    pub documents: Vec<Group>,
    places: Places,
    /// Document types by the index in [`Group::kind`].
    pub kinds: Vec<String>,
    /// Not every page was looked at.
    pub cut: bool,
}

#[derive(Debug, Clone)]
pub struct Group {
    pub key: u64,
    pub pages: u32,
    pub best: Best,
    /// Days since 1970-01-01.
    pub date: Option<i64>,
    /// See [`crate::stored::source_of`].
    pub source: u64,
    pub kind: Option<usize>,
    /// See [`crate::schema::patient_key`]; 0 for none.
    pub patient: u64,
    /// Milliseconds since 1970-01-01.
    pub scanned: i64,
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

impl Groups {
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
    pub fn ranked(&self, sort: Sort, skip: usize, take: usize) -> Vec<&Group> {
        if skip >= self.documents.len() || take == 0 {
            return Vec::new();
        }
        let mut best: Vec<&Group> = self
            .best_documents(sort, skip.saturating_add(take).min(self.documents.len()))
            .into_iter()
            .map(|at| &self.documents[at])
            .collect();
        best.sort_unstable_by(|a, b| a.order(b, sort));
        best.split_off(skip)
    }

    fn absorb(&mut self, other: Self) {
        self.cut |= other.cut;
        self.pages += other.pages;
        self.documents.reserve(other.documents.len());
        self.places.reserve(other.documents.len());
        let kinds: Vec<usize> = other.kinds.iter().map(|kind| self.kind(kind)).collect();
        for mut group in other.documents {
            group.kind = group.kind.map(|kind| kinds[kind]);
            match self.places.entry(group.key) {
                Entry::Vacant(place) => {
                    place.insert(self.documents.len());
                    self.documents.push(group);
                }
                Entry::Occupied(place) => self.documents[*place.get()].absorb(&group),
            }
        }
    }

    /// There are a few dozen types at most, so a list will do.
    fn kind(&mut self, name: &str) -> usize {
        self.kinds.iter().position(|kind| kind == name).unwrap_or_else(|| {
            self.kinds.push(name.to_owned());
            self.kinds.len() - 1
        })
    }
}

impl Group {
    fn absorb(&mut self, other: &Self) {
        self.pages += other.pages;
        other.best.iter().for_each(|candidate| self.best.insert(*candidate));
    }

    /// Total, so that the pages of a result never overlap: as asked, then best first, then newest, then by key.
    fn order(&self, other: &Self, sort: Sort) -> Ordering {
        let asked = match sort {
            Sort::Relevance => Ordering::Equal,
            Sort::Service => other.date.cmp(&self.date),
            Sort::Scanned => other.scanned.cmp(&self.scanned),
        };
        let best_first = || other.best.score().total_cmp(&self.best.score());
        let newest_first = || other.date.cmp(&self.date);
        asked.then_with(best_first).then_with(newest_first).then_with(|| self.key.cmp(&other.key))
    }
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

    fn write_i64(&mut self, key: i64) {
        self.write_u64(key.cast_unsigned());
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

/// The collector to hand to the engine.
#[derive(Debug)]
pub struct GroupPages {
    pub stop: Stop,
}

/// Pages between two looks at [`GroupPages::stop`].
const STEP: usize = 1_024;

pub struct SegmentGroups {
    segment: SegmentOrdinal,
    keys: Values<u64>,
    numbers: Values<u64>,
    dates: Column<i64>,
    sources: Values<u64>,
    weights: Values<u64>,
    patients: Values<u64>,
    scanned: Values<i64>,
    kinds: Option<StrColumn>,
    /// Pages of a document mostly follow one another, so each page is compared with the one before alone; a document
    /// that is here twice is put together by [`Groups::absorb`].
    found: Vec<Found>,
    cut: bool,
}

type Values<T> = Arc<dyn ColumnValues<T>>;

/// A column in which every page has a value is read by the page's number, without asking whether it has one.
fn values<T: Copy + Default + PartialOrd + std::fmt::Debug + Send + Sync + 'static>(column: Column<T>) -> Values<T> {
    if column.get_cardinality() == Cardinality::Full {
        column.values
    } else {
        column.first_or_default_col(T::default())
    }
}

/// A document as far as this segment has it, and any one of its pages.
#[derive(Debug)]
struct Found {
    key: u64,
    pages: u32,
    best: Best,
    doc: DocId,
}

impl Collector for GroupPages {
    type Fruit = Groups;
    type Child = SegmentGroups;

    fn for_segment(&self, segment: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<SegmentGroups> {
        let columns = reader.fast_fields();
        let number = |name| columns.u64(name).map(values);
        Ok(SegmentGroups {
            segment,
            keys: number(DOCUMENT_KEY)?,
            numbers: number(NUMBER)?,
            // A segment none of whose pages has a date has no such column.
            dates: columns.column_opt(DATE)?.unwrap_or_else(|| Column::build_empty_column(reader.max_doc())),
            sources: number(SOURCE)?,
            weights: number(WEIGHT)?,
            patients: number(PATIENT_KEY)?,
            scanned: columns.i64(SCANNED).map(values)?,
            kinds: columns.str(DOCUMENT_TYPE)?,
            found: Vec::new(),
            cut: false,
        })
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    /// As the engine does it, in steps between which it may be stopped.
    fn collect_segment(
        &self,
        weight: &dyn Weight,
        segment: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<tantivy::Result<Groups>> {
        let mut groups = SegmentGroups { cut: self.stop.is_stopped(), ..self.for_segment(segment, reader)? };
        if !groups.cut {
            let mut pages = weight.scorer(reader, 1.0)?;
            while pages.doc() != TERMINATED && !self.stop.is_stopped() {
                groups.collect_step(pages.as_mut(), reader);
            }
            groups.cut = pages.doc() != TERMINATED;
        }
        Ok(groups.harvest())
    }

    fn merge_fruits(&self, segments: Vec<tantivy::Result<Groups>>) -> tantivy::Result<Groups> {
        let mut all = Groups::default();
        for groups in segments {
            all.absorb(groups?);
        }
        Ok(all)
    }
}

impl SegmentCollector for SegmentGroups {
    type Fruit = tantivy::Result<Groups>;

    fn collect(&mut self, doc: DocId, score: Score) {
        let key = self.keys.get_val(doc);
        let score = self.weigh(doc, score);
        if self.found.last().is_none_or(|found| found.key != key) {
            self.found.push(Found { key, pages: 0, best: Best::default(), doc });
        }
        let Some(found) = self.found.last_mut() else { return };
        found.pages += 1;
        if found.best.admits(score) {
            let number = self.numbers.get_val(doc) as u32;
            found.best.insert(Candidate { score, number, address: DocAddress::new(self.segment, doc) });
        }
    }

    fn harvest(mut self) -> tantivy::Result<Groups> {
        let mut groups = Groups { cut: self.cut, ..Groups::default() };
        let mut kinds: HashMap<u64, usize> = HashMap::new();
        groups.documents.reserve(self.found.len());
        for Found { key, pages, best, doc } in std::mem::take(&mut self.found) {
            groups.pages += u64::from(pages);
            let kind = match self.kind_ord(doc) {
                None => None,
                Some(ord) => Some(match kinds.get(&ord) {
                    Some(kind) => *kind,
                    None => *kinds.entry(ord).or_insert(groups.kind(&self.kind_name(ord)?)),
                }),
            };
            let (date, source) = (self.dates.first(doc), self.sources.get_val(doc));
            let (patient, scanned) = (self.patients.get_val(doc), self.scanned.get_val(doc));
            groups.documents.push(Group { key, pages, best, date, source, kind, patient, scanned });
        }
        Ok(groups)
    }
}

impl SegmentGroups {
    fn collect_step(&mut self, pages: &mut dyn Scorer, reader: &SegmentReader) {
        for _ in 0..STEP {
            let page = pages.doc();
            if page == TERMINATED {
                return;
            }
            if !reader.is_deleted(page) {
                self.collect(page, pages.score());
            }
            pages.advance();
        }
    }

    /// Poor and nearly empty pages count for less; what is below zero is last already.
    fn weigh(&self, doc: DocId, score: Score) -> Score {
        if score <= 0.0 {
            return score;
        }
        score * self.weights.get_val(doc) as Score / WEIGHT_FULL
    }

    fn kind_ord(&self, doc: DocId) -> Option<u64> {
        self.kinds.as_ref()?.term_ords(doc).next()
    }

    fn kind_name(&self, ord: u64) -> tantivy::Result<String> {
        let mut name = String::new();
        let known = self.kinds.as_ref().map(|kinds| kinds.ord_to_str(ord, &mut name)).transpose()?;
        match known {
            Some(true) => Ok(name),
            _ => Err(TantivyError::InternalError("a document type is missing from its dictionary".to_owned())),
        }
    }
}
