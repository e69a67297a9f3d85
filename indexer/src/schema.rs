//! What the engine keeps of a page, and under which names.

use std::ops::Bound;

use record::{Digest, DocumentId, Mrn, PageId};
use tantivy::query::{ConstScoreQuery, Query, RangeQuery, TermQuery};
use tantivy::schema::{BytesOptions, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions};
use tantivy::{TantivyDocument, Term};
use uuid::Uuid;

use crate::analysis::{Token, Tokens};
use crate::code::plain_code;
use crate::hits::{DocumentFields, Filters, PageDocument, Scope};
use crate::pairs::Common;
use crate::query::{Bounds, Filter, State, Text};
use crate::stored::{StoredPage, source_code};
use crate::terms::{TERMS, joined};

/// Part of the schema on disk: a change of [`crate::analysis`] gets a new number, and every
/// index made with the old one is then [`crate::Error::Outdated`].
pub const ANALYZER: &str = "chartroom-3";

pub const DOCUMENT_KEY: &str = "document_key";
pub const DOCUMENT_TYPE: &str = "document_type";
pub const DEPARTMENT: &str = "department";
pub const NUMBER: &str = "number";
pub const DATE: &str = "date";
pub const SOURCE: &str = "source";
pub const SCANNED: &str = "scanned";
pub const PATIENT_KEY: &str = "patient_key";
pub const WEIGHT: &str = "weight";

/// A guess, for room: what a page has besides its text and what is stored.
const BYTES_OF_FIELDS: usize = 1024;

#[derive(Debug, Clone)]
pub struct Fields {
    pub schema: Schema,
    pub body: Field,
    /// Terms that a page has only because its words were mended.
    pub mended: Field,
    /// Common words next to each other.
    pub pairs: Field,
    page: Field,
    document: Field,
    document_key: Field,
    batch: Field,
    mrn: Field,
    patient_code: Field,
    patient_key: Field,
    encounter: Field,
    encounter_code: Field,
    reel: Field,
    document_type: Field,
    department: Field,
    station: Field,
    source: Field,
    number: Field,
    frame: Field,
    arrived: Field,
    date: Field,
    scanned: Field,
    confidence: Field,
    weight: Field,
    filed: Field,
    stored: Field,
}

impl Fields {
    pub fn new() -> Self {
        let mut schema = Schema::builder();
        let id = BytesOptions::default().set_indexed();
        let fast = NumericOptions::default().set_fast();
        let raw_fast = raw().set_fast("raw");
        Self {
            body: schema.add_text_field("body", body()),
            mended: schema.add_text_field("mended", indexed(TERMS, IndexRecordOption::Basic)),
            pairs: schema.add_text_field("pairs", indexed(TERMS, IndexRecordOption::WithFreqs)),
            page: schema.add_bytes_field("page", id.clone()),
            document: schema.add_bytes_field("document", id.clone()),
            document_key: schema.add_u64_field(DOCUMENT_KEY, fast.clone()),
            batch: schema.add_bytes_field("batch", id),
            mrn: schema.add_text_field("mrn", raw()),
            patient_code: schema.add_text_field("patient_code", raw()),
            patient_key: schema.add_u64_field(PATIENT_KEY, fast.clone()),
            encounter: schema.add_text_field("encounter", raw()),
            encounter_code: schema.add_text_field("encounter_code", raw()),
            reel: schema.add_text_field("reel", raw()),
            document_type: schema.add_text_field(DOCUMENT_TYPE, raw_fast.clone()),
            department: schema.add_text_field(DEPARTMENT, raw_fast),
            station: schema.add_text_field("station", raw()),
            source: schema.add_u64_field(SOURCE, fast.clone().set_indexed()),
            number: schema.add_u64_field(NUMBER, fast.clone()),
            frame: schema.add_u64_field("frame", fast.clone()),
            arrived: schema.add_u64_field("arrived", fast.clone()),
            date: schema.add_i64_field(DATE, fast.clone()),
            scanned: schema.add_i64_field(SCANNED, fast.clone()),
            confidence: schema.add_u64_field("confidence", fast.clone()),
            weight: schema.add_u64_field(WEIGHT, fast),
            filed: schema.add_bool_field("filed", NumericOptions::default().set_indexed()),
            stored: schema.add_bytes_field("stored_4", BytesOptions::default().set_stored()),
            schema: schema.build(),
        }
    }

    /// The engine's document for a page, and the bytes that rest with it.
    pub fn document(
        &self,
        page: &PageDocument,
        stored: &StoredPage,
        tokens: &Tokens,
        common: &Common,
    ) -> TantivyDocument {
        let (fields, stored_bytes) = (&page.fields, stored.encode());
        let body = joined(tokens.iter(), tokens.bytes());
        let mut out = TantivyDocument::with_capacity(body.len() + stored_bytes.len() + BYTES_OF_FIELDS);
        out.add_text(self.body, body);
        out.add_text(self.mended, joined(only_mended(tokens), 0));
        out.add_text(self.pairs, common.pairs(tokens));
        out.add_bytes(self.page, &name(page.page.as_uuid()));
        out.add_bytes(self.document, &name(fields.document.as_uuid()));
        out.add_u64(self.document_key, document_key(&fields.document));
        out.add_bytes(self.batch, fields.batch.as_uuid().as_bytes());
        for (field, value) in [
            (self.mrn, fields.mrn.as_ref().map(|mrn| mrn.reveal())),
            (self.encounter, fields.encounter.as_ref().map(|encounter| encounter.reveal())),
            (self.document_type, fields.document_type.as_ref().map(|kind| kind.reveal())),
            (self.department, fields.department.as_ref().map(|department| department.reveal())),
            (self.station, Some(fields.station.to_lowercase().as_str())),
            (self.reel, fields.reel.as_deref().map(plain_code).as_deref()),
        ] {
            value.into_iter().for_each(|value| out.add_text(field, value));
        }
        self.add_codes(fields, &mut out);
        out.add_u64(self.source, source_code(fields.source));
        out.add_u64(self.number, page.number.into());
        out.add_u64(self.arrived, page.arrived);
        page.frame.into_iter().for_each(|frame| out.add_u64(self.frame, frame.into()));
        fields.date.into_iter().for_each(|date| out.add_i64(self.date, date.days_since_epoch()));
        out.add_i64(self.scanned, fields.scanned.0);
        out.add_u64(self.confidence, stored.confidence.into());
        out.add_u64(self.weight, weight(stored));
        out.add_u64(self.patient_key, fields.mrn.as_ref().map_or(0, patient_key));
        out.add_bool(self.filed, fields.filed);
        out.add_bytes(self.stored, &stored_bytes);
        out
    }

    /// Numbers in the spellings that people use: whole, and their digits alone.
    fn add_codes(&self, fields: &DocumentFields, out: &mut TantivyDocument) {
        if let Some(mrn) = &fields.mrn {
            let (whole, digits) = (plain_code(mrn.reveal()), mrn.digits());
            out.add_text(self.patient_code, &whole);
            if digits != whole {
                out.add_text(self.patient_code, &digits);
            }
        }
        fields.encounter.iter().for_each(|stay| out.add_text(self.encounter_code, plain_code(stay.reveal())));
    }

    pub fn page_term(&self, page: &PageId) -> Term {
        Term::from_field_bytes(self.page, &name(page.as_uuid()))
    }

    pub fn document_term(&self, document: &DocumentId) -> Term {
        Term::from_field_bytes(self.document, &name(document.as_uuid()))
    }

    /// Whose page it is, and whether it is filed: what decides who finds it.
    pub fn who(&self, fields: &DocumentFields) -> impl Iterator<Item = Term> {
        let mrn = fields.mrn.as_ref().map(|mrn| Term::from_field_text(self.mrn, mrn.reveal()));
        mrn.into_iter().chain([Term::from_field_bool(self.filed, fields.filed)])
    }

    /// What the scope takes away. Few pages wait for a decision, so leaving those out costs
    /// less than asking every page whether it is filed; each page has the field.
    pub fn hidden_from(&self, scope: Scope) -> Option<Box<dyn Query>> {
        scope.is_filed_only().then(|| exactly(self.unfiled_term()))
    }

    /// Has every page whose document is not filed.
    pub fn unfiled_term(&self) -> Term {
        Term::from_field_bool(self.filed, false)
    }

    /// One condition of the query language.
    pub fn filter(&self, filter: &Filter) -> Box<dyn Query> {
        let whole =
            |bounds: Bounds<i64>, field| within(bounds.from, bounds.to, |value| Term::from_field_i64(field, value));
        let count =
            |bounds: Bounds<u64>, field| within(bounds.from, bounds.to, |value| Term::from_field_u64(field, value));
        match filter {
            Filter::Patient(text) => beginning(self.patient_code, text),
            Filter::Encounter(text) => beginning(self.encounter_code, text),
            Filter::Type(text) => beginning(self.document_type, text),
            Filter::Department(text) => beginning(self.department, text),
            Filter::Reel(text) => beginning(self.reel, text),
            Filter::By(text) => beginning(self.station, text),
            Filter::Service(days) => whole(*days, self.date),
            Filter::Scanned(millis) => whole(*millis, self.scanned),
            Filter::Page(numbers) => count(*numbers, self.number),
            Filter::Frame(numbers) => count(*numbers, self.frame),
            Filter::Confidence(percent) => count(*percent, self.confidence),
            Filter::Source(kind) => exactly(Term::from_field_u64(self.source, source_code(*kind))),
            Filter::Batch(batch) => exactly(Term::from_field_bytes(self.batch, batch.as_uuid().as_bytes())),
            Filter::Is(state) => exactly(Term::from_field_bool(self.filed, *state == State::Filed)),
        }
    }

    pub fn filters(&self, filters: &Filters) -> Vec<Box<dyn Query>> {
        let text = |field, value: Option<&str>| value.map(|value| exactly(Term::from_field_text(field, value)));
        let days = |date: Option<record::Date>| match date {
            Some(date) => Bound::Included(Term::from_field_i64(self.date, date.days_since_epoch())),
            None => Bound::Unbounded,
        };
        let least = |field, least: u64| range(Bound::Included(Term::from_field_u64(field, least)), Bound::Unbounded);
        let dated = filters.from.is_some() || filters.to.is_some();
        [
            text(self.mrn, filters.mrn.as_ref().map(|mrn| mrn.reveal())),
            text(self.encounter, filters.encounter.as_ref().map(|encounter| encounter.reveal())),
            text(self.document_type, filters.document_type.as_ref().map(|kind| kind.reveal())),
            text(self.department, filters.department.as_ref().map(|department| department.reveal())),
            filters.source.map(|kind| exactly(Term::from_field_u64(self.source, source_code(kind)))),
            filters.batch.map(|batch| exactly(Term::from_field_bytes(self.batch, batch.as_uuid().as_bytes()))),
            dated.then(|| range(days(filters.from), days(filters.to))),
            filters.confidence_min.map(|percent| least(self.confidence, percent.into())),
            filters.arrived_from.map(|event| least(self.arrived, event)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// By what the engine knows a page or a document: enough of its id that no two of all the pages that there will ever be
/// have it in common, and four bytes a page less than the whole one. The last bytes are random in ids of every version.
fn name(id: Uuid) -> [u8; 12] {
    let [_, _, _, _, name @ ..] = id.into_bytes();
    name
}

/// Filters decide, they do not rank: their score is 0.
pub fn exactly(term: Term) -> Box<dyn Query> {
    let query = TermQuery::new(term, IndexRecordOption::Basic);
    Box::new(ConstScoreQuery::new(Box::new(query), 0.0))
}

fn within<T>(from: Option<T>, to: Option<T>, term: impl Fn(T) -> Term) -> Box<dyn Query> {
    let bound = |value: Option<T>| value.map_or(Bound::Unbounded, |value| Bound::Included(term(value)));
    range(bound(from), bound(to))
}

fn beginning(field: Field, text: &Text) -> Box<dyn Query> {
    let term = Term::from_field_text(field, &text.text);
    if !text.begins {
        return exactly(term);
    }
    // U+10FFFF is in no value.
    let after = Term::from_field_text(field, &format!("{}\u{10FFFF}", text.text));
    range(Bound::Included(term), Bound::Excluded(after))
}

fn range(from: Bound<Term>, to: Bound<Term>) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(Box::new(RangeQuery::new(from, to)), 0.0))
}

/// Groups pages into documents. Folding 128 random bits into 64 keeps the column small; the
/// searcher compares the whole id before it shows two pages together.
pub fn document_key(document: &DocumentId) -> u64 {
    let (high, low) = document.as_uuid().as_u64_pair();
    high ^ low
}

fn body() -> TextOptions {
    let indexing =
        TextFieldIndexing::default().set_tokenizer(TERMS).set_index_option(IndexRecordOption::WithFreqsAndPositions);
    TextOptions::default().set_indexing_options(indexing)
}

fn raw() -> TextOptions {
    indexed("raw", IndexRecordOption::Basic)
}

/// Whether a page has the term, or how often, and no more.
fn indexed(tokenizer: &str, what: IndexRecordOption) -> TextOptions {
    let indexing = TextFieldIndexing::default().set_tokenizer(tokenizer).set_fieldnorms(false).set_index_option(what);
    TextOptions::default().set_indexing_options(indexing)
}

/// Mended terms that were not read anywhere on the page.
fn only_mended(tokens: &Tokens) -> impl Iterator<Item = Token<'_>> {
    let mut mended: Vec<&str> = tokens.iter().filter(|token| token.mended).map(|token| token.term).collect();
    mended.sort_unstable();
    mended.dedup();
    let mut read = vec![false; mended.len()];
    let marks = mended.iter().fold(0, |marks, term| marks | mark(term));
    for token in tokens.iter().filter(|token| !token.mended && marks & mark(token.term) != 0) {
        mended.binary_search(&token.term).into_iter().for_each(|at| read[at] = true);
    }
    let only = move |term: &str| mended.binary_search(&term).is_ok_and(|at| !read[at]);
    tokens.iter().filter(move |token| token.mended && only(token.term))
}

/// One of 64 bits by first letter and length: terms with another one are different.
fn mark(term: &str) -> u64 {
    let first = term.bytes().next().map_or(0, usize::from);
    1 << ((first + 7 * term.len()) % 64)
}

/// How much a page counts, in percent: from half for one that could hardly be read, and from 60 % for one with hardly a
/// word, since short pages would else rank first for every word that they have.
fn weight(page: &StoredPage) -> u64 {
    const FEW_WORDS: u64 = 40;
    let certainty = 50 + u64::from(page.confidence) / 2;
    let fullness = 60 + 40 * (page.words.len() as u64).min(FEW_WORDS) / FEW_WORDS;
    certainty * fullness / 100
}

/// Tells patients apart in counts: eight bytes of the digest of the number. The one who shows a count reads the number
/// from a page.
pub fn patient_key(mrn: &Mrn) -> u64 {
    let digest = Digest::of(mrn.reveal().as_bytes());
    digest.as_bytes().iter().take(8).fold(0, |key, byte| key << 8 | u64::from(*byte))
}
