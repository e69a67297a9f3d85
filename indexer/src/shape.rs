//! Which pages have a word of this shape? The engine's own range and pattern queries go through
//! however many terms there are; this one goes through so many and no more, may be stopped at
//! any of them, and says that it was cut short.

use tantivy::postings::BlockSegmentPostings;
use tantivy::query::{BitSetDocSet, ConstScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{BitSet, DocId, DocSet as _, Score, SegmentReader, TantivyError};

use crate::query::Wild;
use crate::stop::Stop;

/// Terms that begin as `stem`, and fit where a shape is given.
#[derive(Debug, Clone)]
pub struct ShapeQuery {
    pub field: Field,
    pub stem: String,
    pub wild: Option<Wild>,
    /// Terms of one segment that are looked at.
    pub most: usize,
    pub stop: Stop,
    /// Set where there were more terms, or no time for them.
    pub cut: Stop,
}

impl Query for ShapeQuery {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for ShapeQuery {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let index = reader.inverted_index(self.field)?;
        let mut pages = BitSet::with_max_value(reader.max_doc());
        let mut terms = index.terms().range().ge(&self.stem).into_stream()?;
        let mut left = self.most;
        while let Some((term, info)) = terms.next() {
            if !term.starts_with(self.stem.as_bytes()) {
                break;
            }
            if left == 0 || self.stop.is_stopped() {
                self.cut.stop();
                break;
            }
            left -= 1;
            if self.fits(term) {
                add(index.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?, &mut pages);
            }
        }
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(pages), boost)))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        if self.scorer(reader, 1.0)?.seek(doc) == doc {
            return Ok(Explanation::new("a term of this shape", 1.0));
        }
        Err(TantivyError::InvalidArgument("the page has no term of this shape".to_owned()))
    }
}

impl ShapeQuery {
    fn fits(&self, term: &[u8]) -> bool {
        self.wild.as_ref().is_none_or(|wild| std::str::from_utf8(term).is_ok_and(|term| wild.fits(term)))
    }
}

/// Sets the bits of the pages.
pub fn add(mut postings: BlockSegmentPostings, pages: &mut BitSet) {
    while !postings.docs().is_empty() {
        postings.docs().iter().for_each(|page| {
            pages.insert(*page);
        });
        postings.advance();
    }
}
