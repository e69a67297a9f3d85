//! What would the bare engine do? The floor that benches measure [`crate::Index`] against, in
//! the same run: default schema, default tokenizer, top ten and count, nothing else.

use std::path::Path;

use tantivy::collector::{Count, TopDocs};
use tantivy::query::{BooleanQuery, PhraseQuery, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Schema, TEXT};
use tantivy::{IndexReader, IndexWriter, TantivyDocument, Term};

use crate::error::Result;

pub struct Floor {
    body: Field,
    writer: IndexWriter,
    reader: IndexReader,
}

impl Floor {
    /// A new index in an empty directory.
    pub fn create(dir: &Path, writer_bytes: usize) -> Result<Self> {
        let mut schema = Schema::builder();
        let body = schema.add_text_field("body", TEXT);
        let engine = tantivy::Index::create_in_dir(dir, schema.build())?;
        let writer = engine.writer_with_num_threads(1, writer_bytes)?;
        Ok(Self { body, writer, reader: engine.reader()? })
    }

    pub fn put(&self, text: &str) -> Result<()> {
        let mut document = TantivyDocument::new();
        document.add_text(self.body, text);
        self.writer.add_document(document)?;
        Ok(())
    }

    pub fn commit(&mut self) -> Result<()> {
        self.writer.commit()?;
        self.reader.reload()?;
        Ok(())
    }

    /// How many texts have all of `words`, in a row if `phrase`; the ten best are looked up too.
    pub fn count(&self, words: &[&str], phrase: bool) -> Result<usize> {
        let terms: Vec<Term> = words.iter().map(|word| Term::from_field_text(self.body, word)).collect();
        let query: Box<dyn Query> = match terms.as_slice() {
            [term] => Box::new(TermQuery::new(term.clone(), IndexRecordOption::WithFreqs)),
            _ if phrase => Box::new(PhraseQuery::new(terms)),
            _ => Box::new(BooleanQuery::intersection(terms.into_iter().map(term_query).collect())),
        };
        let (_, count) = self.reader.searcher().search(&query, &(TopDocs::with_limit(10).order_by_score(), Count))?;
        Ok(count)
    }
}

fn term_query(term: Term) -> Box<dyn Query> {
    Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
}
