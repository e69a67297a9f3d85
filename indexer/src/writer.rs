//! How do pages get into the engine? A few at a time: each takes the place of what the index had of it, and the engine
//! looks for that once for all of them instead of once for each.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use tantivy::indexer::UserOperation;
use tantivy::query::{BitSetDocSet, ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::schema::IndexRecordOption;
use tantivy::{BitSet, DocId, DocSet as _, IndexWriter, Score, SegmentReader, TantivyDocument, TantivyError, Term};

use crate::error::Result;
use crate::shape::add;

/// Pages that wait for each other.
const WAITING_MAX: usize = 128;

pub struct Writer {
    pub engine: IndexWriter,
    /// By what names the page.
    waiting: HashMap<Term, TantivyDocument>,
    /// The same pages in the order they came in.
    order: Vec<Term>,
}

impl Writer {
    pub fn new(engine: IndexWriter) -> Self {
        Self { engine, waiting: HashMap::new(), order: Vec::new() }
    }

    /// Takes a page in, in place of whatever has the same term.
    pub fn put(&mut self, page: Term, document: TantivyDocument) -> Result<()> {
        match self.waiting.entry(page) {
            Entry::Occupied(mut earlier) => drop(earlier.insert(document)),
            Entry::Vacant(place) => {
                self.order.push(place.key().clone());
                place.insert(document);
            }
        }
        if self.waiting.len() < WAITING_MAX { Ok(()) } else { self.flush() }
    }

    /// Takes out whatever has the term, of the pages put before.
    pub fn remove(&mut self, term: Term) -> Result<()> {
        self.flush()?;
        self.engine.delete_term(term);
        Ok(())
    }

    /// Gives the engine the pages that wait.
    pub fn flush(&mut self) -> Result<()> {
        if self.order.is_empty() {
            return Ok(());
        }
        let pages = std::mem::take(&mut self.order);
        let documents: Vec<_> =
            pages.iter().filter_map(|page| self.waiting.remove(page)).map(UserOperation::Add).collect();
        self.engine.delete_query(Box::new(AnyOf(pages)))?;
        self.engine.run(documents)?;
        Ok(())
    }
}

/// Pages with one of the terms, which are of one field.
#[derive(Debug, Clone)]
struct AnyOf(Vec<Term>);

impl Query for AnyOf {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for AnyOf {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let Some(first) = self.0.first() else { return Ok(Box::new(EmptyScorer)) };
        let index = reader.inverted_index(first.field())?;
        let mut pages = None;
        for term in &self.0 {
            if let Some(found) = index.get_term_info(term)? {
                let pages = pages.get_or_insert_with(|| BitSet::with_max_value(reader.max_doc()));
                add(index.read_block_postings_from_terminfo(&found, IndexRecordOption::Basic)?, pages);
            }
        }
        let Some(pages) = pages else { return Ok(Box::new(EmptyScorer)) };
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(pages), boost)))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        if self.scorer(reader, 1.0)?.seek(doc) == doc {
            return Ok(Explanation::new("one of the terms", 1.0));
        }
        Err(TantivyError::InvalidArgument("the page has none of the terms".to_owned()))
    }
}
