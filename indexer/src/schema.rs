//! What the engine keeps of a page, and under which names.

use std::ops::Bound;

use record::{DocumentId, PageId};
use tantivy::query::{ConstScoreQuery, Query, RangeQuery, TermQuery};
use tantivy::schema::{BytesOptions, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{Token as EngineToken, TokenStream, Tokenizer};
use tantivy::{TantivyDocument, Term};

use crate::analysis::Tokens;
use crate::hits::{Filters, PageDocument, Scope};
use crate::stored::{StoredPage, source_code};

/// Part of the schema on disk: a change of [`crate::analysis`] gets a new number, and every
/// index made with the old one is then [`crate::Error::Outdated`].
pub const ANALYZER: &str = "chartroom-1";

pub const DOCUMENT_KEY: &str = "document_key";
pub const DOCUMENT_TYPE: &str = "document_type";
pub const NUMBER: &str = "number";
pub const DATE: &str = "date";
pub const SOURCE: &str = "source";

#[derive(Debug, Clone)]
pub struct Fields {
    pub schema: Schema,
    pub body: Field,
    page: Field,
    document: Field,
    document_key: Field,
    batch: Field,
    mrn: Field,
    encounter: Field,
    document_type: Field,
    station: Field,
    source: Field,
    number: Field,
    date: Field,
    scanned: Field,
    confidence: Field,
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
            page: schema.add_bytes_field("page", id.clone()),
            document: schema.add_bytes_field("document", id.clone()),
            document_key: schema.add_u64_field(DOCUMENT_KEY, fast.clone()),
            batch: schema.add_bytes_field("batch", id),
            mrn: schema.add_text_field("mrn", raw()),
            encounter: schema.add_text_field("encounter", raw()),
            document_type: schema.add_text_field(DOCUMENT_TYPE, raw_fast),
            station: schema.add_text_field("station", raw()),
            source: schema.add_u64_field(SOURCE, fast.clone().set_indexed()),
            number: schema.add_u64_field(NUMBER, fast.clone()),
            date: schema.add_i64_field(DATE, fast.clone()),
            scanned: schema.add_i64_field("scanned", fast.clone()),
            confidence: schema.add_u64_field("confidence", fast.clone()),
            filed: schema.add_bool_field("filed", NumericOptions::default().set_indexed()),
            stored: schema.add_bytes_field("stored_1", BytesOptions::default().set_stored()),
            schema: schema.build(),
        }
    }

    /// The engine's document for a page, and the bytes that rest with it.
    pub fn document(&self, page: &PageDocument, stored: &StoredPage) -> TantivyDocument {
        let fields = &page.fields;
        let mut out = TantivyDocument::new();
        out.add_text(self.body, stored.text().0);
        out.add_bytes(self.page, page.page.as_uuid().as_bytes());
        out.add_bytes(self.document, fields.document.as_uuid().as_bytes());
        out.add_u64(self.document_key, document_key(&fields.document));
        out.add_bytes(self.batch, fields.batch.as_uuid().as_bytes());
        for (field, value) in [
            (self.mrn, fields.mrn.as_ref().map(|mrn| mrn.reveal())),
            (self.encounter, fields.encounter.as_ref().map(|encounter| encounter.reveal())),
            (self.document_type, fields.document_type.as_ref().map(|kind| kind.reveal())),
            (self.station, Some(fields.station.as_str())),
        ] {
            value.into_iter().for_each(|value| out.add_text(field, value));
        }
        out.add_u64(self.source, source_code(fields.source));
        out.add_u64(self.number, page.number.into());
        fields.date.into_iter().for_each(|date| out.add_i64(self.date, date.days_since_epoch()));
        out.add_i64(self.scanned, fields.scanned.0);
        out.add_u64(self.confidence, stored.confidence.into());
        out.add_bool(self.filed, fields.filed);
        out.add_bytes(self.stored, &stored.encode());
        out
    }

    /// The page back out of what the engine stored; `None` where it makes no sense.
    pub fn stored(&self, document: &TantivyDocument) -> Option<StoredPage> {
        use tantivy::schema::Value;
        StoredPage::decode(document.get_first(self.stored)?.as_bytes()?)
    }

    pub fn page_term(&self, page: &PageId) -> Term {
        Term::from_field_bytes(self.page, page.as_uuid().as_bytes())
    }

    pub fn document_term(&self, document: &DocumentId) -> Term {
        Term::from_field_bytes(self.document, document.as_uuid().as_bytes())
    }

    /// What the scope takes away. Few pages wait for a decision, so leaving those out costs
    /// less than asking every page whether it is filed; each page has the field.
    pub fn hidden_from(&self, scope: Scope) -> Option<Box<dyn Query>> {
        scope.is_filed_only().then(|| exactly(Term::from_field_bool(self.filed, false)))
    }

    pub fn filters(&self, filters: &Filters) -> Vec<Box<dyn Query>> {
        let text = |field, value: Option<&str>| value.map(|value| exactly(Term::from_field_text(field, value)));
        let days = |date: Option<record::Date>| match date {
            Some(date) => Bound::Included(Term::from_field_i64(self.date, date.days_since_epoch())),
            None => Bound::Unbounded,
        };
        let confidence = |least: u8| Bound::Included(Term::from_field_u64(self.confidence, least.into()));
        let dated = filters.from.is_some() || filters.to.is_some();
        [
            text(self.mrn, filters.mrn.as_ref().map(|mrn| mrn.reveal())),
            text(self.encounter, filters.encounter.as_ref().map(|encounter| encounter.reveal())),
            text(self.document_type, filters.document_type.as_ref().map(|kind| kind.reveal())),
            filters.source.map(|kind| exactly(Term::from_field_u64(self.source, source_code(kind)))),
            filters.batch.map(|batch| exactly(Term::from_field_bytes(self.batch, batch.as_uuid().as_bytes()))),
            dated.then(|| range(days(filters.from), days(filters.to))),
            filters.confidence_min.map(|least| range(confidence(least), Bound::Unbounded)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Filters decide, they do not rank: their score is 0.
fn exactly(term: Term) -> Box<dyn Query> {
    let query = TermQuery::new(term, IndexRecordOption::Basic);
    Box::new(ConstScoreQuery::new(Box::new(query), 0.0))
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
        TextFieldIndexing::default().set_tokenizer(ANALYZER).set_index_option(IndexRecordOption::WithFreqsAndPositions);
    TextOptions::default().set_indexing_options(indexing)
}

fn raw() -> TextOptions {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer("raw")
        .set_fieldnorms(false)
        .set_index_option(IndexRecordOption::Basic);
    TextOptions::default().set_indexing_options(indexing)
}

/// [`crate::analysis`] as the engine calls it.
#[derive(Debug, Clone, Default)]
pub struct Analyzer {
    tokens: Tokens,
}

#[derive(Debug)]
pub struct Stream<'a> {
    tokens: &'a Tokens,
    next: usize,
    token: EngineToken,
}

impl Tokenizer for Analyzer {
    type TokenStream<'a> = Stream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream<'a> {
        self.tokens.analyze(text);
        Stream { tokens: &self.tokens, next: 0, token: EngineToken::default() }
    }
}

impl TokenStream for Stream<'_> {
    fn advance(&mut self) -> bool {
        let Some(token) = self.tokens.get(self.next) else { return false };
        self.next += 1;
        self.token.text.clear();
        self.token.text.push_str(token.term);
        self.token.position = token.position as usize;
        (self.token.offset_from, self.token.offset_to) = (token.start, token.end);
        true
    }

    fn token(&self) -> &EngineToken {
        &self.token
    }

    fn token_mut(&mut self) -> &mut EngineToken {
        &mut self.token
    }
}
