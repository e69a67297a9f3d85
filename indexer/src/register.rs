//! Which document is each page of, and what is known of that document? Read from the engine's columns once for each
//! segment, which never changes, and kept as long as the segment is searched: a search then counts
//! documents by numbers, in plain arrays.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use record::Date;
use tantivy::columnar::{Cardinality, Column, ColumnValues};
use tantivy::index::SegmentId;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::store::StoreReader;
use tantivy::{DocId, DocSet as _, Searcher, SegmentReader, TERMINATED};

use crate::bits::Bits;
use crate::dictionary::Dictionary;
use crate::error::{Error, Result};
use crate::group::KeyHasher;
use crate::hits::{Overview, Scope};
use crate::schema::{
    DATE, DEPARTMENT, DOCUMENT_KEY, DOCUMENT_TYPE, Fields, NUMBER, PATIENT_KEY, SCANNED, SOURCE, WEIGHT,
};

/// What all searches of one moment share.
#[derive(Clone)]
pub struct Moment {
    pub searcher: Searcher,
    /// One for each of the searcher's segments.
    pub sections: Arc<[Arc<Section>]>,
    /// How many documents and patients are numbered, and what the numbers of types, departments and years stand for.
    pub documents: usize,
    pub patients: usize,
    pub kinds: Arc<[String]>,
    pub departments: Arc<[String]>,
    pub years: Arc<[i32]>,
    /// The ledger position of it.
    pub as_of: u64,
    /// For whoever sees filed documents only, and for whoever sees all.
    overviews: Arc<[OnceLock<Overview>; 2]>,
}

/// Numbers documents, patients, types, departments and years as segments name them. A number is for good.
#[derive(Default)]
pub struct Register {
    documents: Numbers,
    patients: Numbers,
    kinds: Vec<String>,
    departments: Vec<String>,
    years: Vec<i32>,
    sections: HashMap<SegmentId, Arc<Section>>,
}

type Numbers = HashMap<u64, u32, BuildHasherDefault<KeyHasher>>;

/// The pages of one segment.
pub struct Section {
    pages: Vec<Page>,
    entries: Vec<Entry>,
    /// What each entry is counted under, apart from it: a count goes over all of them.
    labels: Vec<Labels>,
    /// The first page of each entry, and the entries by their documents' numbers.
    firsts: Vec<DocId>,
    by_document: Vec<u32>,
    /// Pages whose documents are not filed.
    pub unfiled: Bits,
    /// The most that one of the pages weighs.
    pub heaviest: u8,
    store: StoreReader,
    /// Of the text's terms.
    pub dictionary: Dictionary,
}

/// Blocks of stored pages that are kept in memory, of each segment.
const BLOCKS_KEPT: usize = 32;

/// A page, as far as counting and ranking need it.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Which of the section's entries is its document's.
    pub entry: u32,
    /// Its place in the document.
    pub number: u32,
    /// See [`crate::schema::weight`].
    pub weight: u8,
}

/// A document as one page or several after one another tell of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub key: u64,
    /// Milliseconds since 1970-01-01.
    pub scanned: i64,
    /// Days since 1970-01-01.
    pub date: Option<i32>,
    pub document: u32,
}

/// Numbers of what a document has. From 1 on, 0 for none, but for the document and its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Labels {
    pub document: u32,
    pub patient: u32,
    pub kind: u16,
    pub department: u16,
    /// Of the date.
    pub year: u16,
    /// See [`crate::stored::source_of`].
    pub source: u8,
}

impl Moment {
    /// Looked at once, by the first who asks.
    pub fn overview(&self, scope: Scope) -> &Overview {
        self.overviews[usize::from(scope.is_filed_only())].get_or_init(|| self.look(scope))
    }

    /// So that which terms there are is known by the time that somebody looks for words that look alike.
    pub fn go_through_terms(&self, field: Field) {
        for (reader, section) in self.searcher.segment_readers().iter().zip(self.sections.iter()) {
            section.dictionary.sieve(reader, field);
        }
    }

    fn look(&self, scope: Scope) -> Overview {
        let (mut pages, mut types) = (0, vec![false; self.kinds.len() + 1]);
        let mut departments = vec![false; self.departments.len() + 1];
        for (reader, section) in self.searcher.segment_readers().iter().zip(self.sections.iter()) {
            for page in (0..reader.max_doc()).filter(|page| section.shows(*page, scope) && !reader.is_deleted(*page)) {
                pages += 1;
                let labels = section.labels(section.page(page).entry);
                types[usize::from(labels.kind)] = true;
                departments[usize::from(labels.department)] = true;
            }
        }
        let seen = |names: &[String], there: Vec<bool>| {
            let named = names.iter().zip(there.into_iter().skip(1));
            let mut seen: Vec<String> = named.filter(|(_, there)| *there).map(|(name, _)| name.clone()).collect();
            seen.sort();
            seen
        };
        Overview { pages, types: seen(&self.kinds, types), departments: seen(&self.departments, departments) }
    }
}

impl Register {
    /// The moment that a searcher shows. Segments that it no longer has are forgotten.
    pub fn moment(&mut self, searcher: Searcher, fields: &Fields, as_of: u64) -> Result<Moment> {
        let mut sections = HashMap::new();
        let mut order = Vec::new();
        for reader in searcher.segment_readers() {
            let id = reader.segment_id();
            let section = match self.sections.get(&id) {
                Some(section) => Arc::clone(section),
                None => Arc::new(self.read(reader, fields)?),
            };
            sections.insert(id, Arc::clone(&section));
            order.push(section);
        }
        self.sections = sections;
        let (documents, patients) = (self.documents.len(), self.patients.len());
        let (kinds, years) = (self.kinds.as_slice().into(), self.years.as_slice().into());
        let departments = self.departments.as_slice().into();
        let (sections, overviews) = (order.into(), Arc::default());
        Ok(Moment { searcher, sections, documents, patients, kinds, departments, years, as_of, overviews })
    }

    fn read(&mut self, reader: &SegmentReader, fields: &Fields) -> Result<Section> {
        let columns = Columns::open(reader)?;
        let kinds = numbers_of(&mut self.kinds, reader, DOCUMENT_TYPE)?;
        let departments = numbers_of(&mut self.departments, reader, DEPARTMENT)?;
        let mut section = Section {
            pages: Vec::with_capacity(reader.max_doc() as usize),
            entries: Vec::new(),
            labels: Vec::new(),
            firsts: Vec::new(),
            by_document: Vec::new(),
            unfiled: unfiled(reader, fields)?,
            heaviest: 0,
            store: reader.get_store_reader(BLOCKS_KEPT)?,
            dictionary: Dictionary::default(),
        };
        for page in 0..reader.max_doc() {
            let (entry, labels) = self.entry(&columns, [&kinds, &departments], page)?;
            // Pages of a document mostly follow one another.
            if section.entries.last() != Some(&entry) || section.labels.last() != Some(&labels) {
                section.entries.push(entry);
                section.labels.push(labels);
                section.firsts.push(page);
            }
            let (number, weight) = (columns.numbers.get_val(page), columns.weights.get_val(page));
            let entry = section.entries.len() as u32 - 1;
            section.pages.push(Page { entry, number: number as u32, weight: weight as u8 });
            section.heaviest = section.heaviest.max(weight as u8);
        }
        section.by_document = (0..section.entries.len() as u32).collect();
        section.by_document.sort_by_key(|entry| section.entries[*entry as usize].document);
        Ok(section)
    }

    fn entry(&mut self, columns: &Columns, [kinds, departments]: [&[u16]; 2], page: DocId) -> Result<(Entry, Labels)> {
        let (key, patient_key) = (columns.keys.get_val(page), columns.patients.get_val(page));
        let date = columns.dates.first(page);
        let year = date.and_then(Date::from_days_since_epoch).map(|date| date.year());
        let document = number(&mut self.documents, key);
        let date = date.map(i32::try_from).transpose().map_err(|_| damaged("a date"))?;
        let labels = Labels {
            document,
            patient: if patient_key == 0 { 0 } else { number(&mut self.patients, patient_key) + 1 },
            kind: number_in(columns.kinds.as_ref(), kinds, page)?,
            department: number_in(columns.departments.as_ref(), departments, page)?,
            year: year.map_or(Ok(0), |year| place(&mut self.years, year))?,
            source: columns.sources.get_val(page) as u8,
        };
        Ok((Entry { key, scanned: columns.scanned.get_val(page), date, document }, labels))
    }
}

/// Our numbers of a column's words, in the order of the segment's own.
fn numbers_of(list: &mut Vec<String>, reader: &SegmentReader, column: &str) -> Result<Vec<u16>> {
    let Some(column) = reader.fast_fields().str(column)? else { return Ok(Vec::new()) };
    // A flipped bit makes billions of them, and to go through those takes for ever.
    if column.num_terms() > reader.max_doc() as usize {
        return Err(damaged("a type or department"));
    }
    let mut numbers = Vec::new();
    for ord in 0..column.num_terms() as u64 {
        let mut name = String::new();
        column.ord_to_str(ord, &mut name)?;
        numbers.push(place(list, name)?);
    }
    Ok(numbers)
}

fn number_in(column: Option<&Column<u64>>, numbers: &[u16], page: DocId) -> Result<u16> {
    let Some(ord) = column.and_then(|ords| ords.first(page)) else { return Ok(0) };
    numbers.get(ord as usize).copied().ok_or_else(|| damaged("a type or department"))
}

/// The number of a value. There are a few dozen types, departments or years, so a list will do.
fn place<T: PartialEq>(list: &mut Vec<T>, value: T) -> Result<u16> {
    let at = list.iter().position(|other| *other == value).unwrap_or_else(|| {
        list.push(value);
        list.len() - 1
    });
    u16::try_from(at + 1).map_err(|_| damaged("one of too many types, departments or years"))
}

impl Section {
    pub fn page(&self, page: DocId) -> Page {
        self.pages[page as usize]
    }

    pub fn entry(&self, entry: u32) -> &Entry {
        &self.entries[entry as usize]
    }

    pub fn labels(&self, entry: u32) -> &Labels {
        &self.labels[entry as usize]
    }

    /// The entry of a page, which is this one or one behind it. Mostly it is near, and then the pages need not be read.
    pub fn entry_from(&self, mut entry: u32, page: DocId) -> u32 {
        const NEAR: usize = 8;
        for _ in 0..NEAR {
            match self.firsts.get(entry as usize + 1) {
                Some(first) if *first <= page => entry += 1,
                _ => return entry,
            }
        }
        self.page(page).entry
    }

    pub fn pages_of(&self, entry: u32) -> Range<DocId> {
        let next = self.firsts.get(entry as usize + 1).copied();
        self.firsts[entry as usize]..next.unwrap_or(self.pages.len() as DocId)
    }

    /// What the segment has of a document.
    pub fn entries_of(&self, document: u32) -> impl Iterator<Item = u32> + '_ {
        let of = move |entry: &u32| self.entries[*entry as usize].document;
        let from = self.by_document.partition_point(move |entry| of(entry) < document);
        self.by_document[from..].iter().copied().take_while(move |entry| of(entry) == document)
    }

    /// What was stored with the page, by [`crate::stored::StoredPage::encode`].
    pub fn stored<T>(&self, page: DocId, decode: impl FnOnce(&[u8]) -> Option<T>) -> Result<T> {
        let document = self.store.get_document_bytes(page)?;
        only_value(&document).and_then(decode).ok_or_else(|| damaged("the record"))
    }

    /// Whether somebody with this scope may know of the page.
    pub fn shows(&self, page: DocId, scope: Scope) -> bool {
        !scope.is_filed_only() || !self.unfiled.has(page)
    }
}

/// The bytes of the one value that is stored. The engine's own way to them goes byte by byte; this is its format: how many
/// values, the field in four bytes and the type in one, then length and bytes. Numbers have their last byte marked.
fn only_value(document: &[u8]) -> Option<&[u8]> {
    const ONE: u8 = 0x81;
    let (head, mut rest) = document.split_at_checked(6)?;
    let mut length = 0_usize;
    for shift in (0..35).step_by(7) {
        let (byte, behind) = rest.split_first()?;
        rest = behind;
        length |= usize::from(byte & 0x7F) << shift;
        if *byte >= 0x80 {
            return (head[0] == ONE && rest.len() == length).then_some(rest);
        }
    }
    None
}

fn number(numbers: &mut Numbers, key: u64) -> u32 {
    let next = numbers.len() as u32;
    *numbers.entry(key).or_insert(next)
}

fn damaged(what: &str) -> Error {
    Error::Damaged(format!("{what} of a page makes no sense"))
}

fn unfiled(reader: &SegmentReader, fields: &Fields) -> Result<Bits> {
    let mut pages = Bits::none(reader.max_doc());
    let term = fields.unfiled_term();
    if let Some(mut postings) = reader.inverted_index(term.field())?.read_postings(&term, IndexRecordOption::Basic)? {
        while postings.doc() != TERMINATED {
            pages.set(postings.doc());
            postings.advance();
        }
    }
    Ok(pages)
}

struct Columns {
    keys: Values<u64>,
    numbers: Values<u64>,
    sources: Values<u64>,
    weights: Values<u64>,
    patients: Values<u64>,
    scanned: Values<i64>,
    /// A segment none of whose pages has a date, a type or a department has no such column.
    dates: Column<i64>,
    kinds: Option<Column<u64>>,
    departments: Option<Column<u64>>,
}

type Values<T> = Arc<dyn ColumnValues<T>>;

impl Columns {
    fn open(reader: &SegmentReader) -> Result<Self> {
        let columns = reader.fast_fields();
        let number = |name| columns.u64(name).map(values);
        Ok(Self {
            keys: number(DOCUMENT_KEY)?,
            numbers: number(NUMBER)?,
            sources: number(SOURCE)?,
            weights: number(WEIGHT)?,
            patients: number(PATIENT_KEY)?,
            scanned: columns.i64(SCANNED).map(values)?,
            dates: columns.column_opt(DATE)?.unwrap_or_else(|| Column::build_empty_column(reader.max_doc())),
            kinds: columns.str(DOCUMENT_TYPE)?.map(|kinds| kinds.ords().clone()),
            departments: columns.str(DEPARTMENT)?.map(|departments| departments.ords().clone()),
        })
    }
}

/// A column in which every page has a value is read by the page's number, without asking whether it has one.
fn values<T: Copy + Default + PartialOrd + std::fmt::Debug + Send + Sync + 'static>(column: Column<T>) -> Values<T> {
    if column.get_cardinality() == Cardinality::Full {
        column.values
    } else {
        column.first_or_default_col(T::default())
    }
}
