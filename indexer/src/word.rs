//! How much are words worth on a page that has all of them? What BM25 says of each (Robertson and Zaragoza, "The
//! Probabilistic Relevance Framework", 2009), less a loss for each that the page has only because it was mended. The engine
//! could put this together out of its own queries; here it is one loop, since frequent words are on nearly all pages.

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::{BlockSegmentPostings, Postings as _, SegmentPostings};
use tantivy::query::{
    Bm25Weight, BooleanQuery, EmptyScorer, EnableScoring, Explanation, Query, Scorer, TermQuery, Weight,
};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, Score, SegmentReader, TERMINATED, TantivyError, Term};

use crate::bits::Bits;

/// Pages with all of the words.
#[derive(Debug, Clone)]
pub struct WordsQuery {
    pub words: Vec<Word>,
    /// What a page gets for a mended one besides.
    pub loss: Score,
}

/// Words, each of which other terms may stand for.
#[derive(Debug, Clone)]
pub struct PlainWords {
    pub typed: WordsQuery,
    /// What may stand for each of the words; nothing where nothing may.
    pub others: Vec<Vec<Term>>,
}

impl PlainWords {
    pub fn has_others(&self) -> bool {
        self.others.iter().any(|others| !others.is_empty())
    }

    /// The pages of a segment with all of the words or with what stands for them, those that were deleted too; and those with the
    /// words themselves, where these may be others.
    pub fn pages(&self, reader: &SegmentReader) -> tantivy::Result<(Bits, Option<Bits>)> {
        if !self.has_others() {
            return Ok((self.typed.pages(reader)?, None));
        }
        let (mut found, mut as_typed) = (None, None);
        for (word, others) in self.typed.words.iter().zip(&self.others) {
            let mut pages = Bits::none(reader.max_doc());
            set_pages(&mut pages, reader, &word.term)?;
            keep(&mut as_typed, pages.clone());
            for term in others {
                set_pages(&mut pages, reader, term)?;
            }
            keep(&mut found, pages);
        }
        Ok((found.unwrap_or_default(), as_typed))
    }
}

fn set_pages(pages: &mut Bits, reader: &SegmentReader, term: &Term) -> tantivy::Result<()> {
    let index = reader.inverted_index(term.field())?;
    if let Some(list) = index.get_term_info(term)? {
        set_all(pages, index.read_block_postings_from_terminfo(&list, IndexRecordOption::Basic)?);
    }
    Ok(())
}

fn set_all(pages: &mut Bits, mut list: BlockSegmentPostings) {
    while !list.docs().is_empty() {
        list.docs().iter().for_each(|page| pages.insert(*page));
        list.advance();
    }
}

/// Leaves what is in both, where there is something already.
fn keep(found: &mut Option<Bits>, pages: Bits) {
    match found {
        Some(found) => found.keep(&pages),
        None => *found = Some(pages),
    }
}

impl WordsQuery {
    /// The pages of a segment with all of the words, those that were deleted too.
    pub fn pages(&self, reader: &SegmentReader) -> tantivy::Result<Bits> {
        let none = Bits::none(reader.max_doc());
        let mut lists = Vec::with_capacity(self.words.len());
        for word in &self.words {
            let index = reader.inverted_index(word.term.field())?;
            let Some(list) = index.get_term_info(&word.term)? else { return Ok(none) };
            lists.push((list.doc_freq, index, list));
        }
        lists.sort_by_key(|(pages, ..)| *pages);
        if lists.len() > 1
            && lists.first().is_some_and(|(pages, ..)| u64::from(*pages) * RARE < reader.max_doc().into())
        {
            return self.leapfrog(reader);
        }
        let mut found: Option<Bits> = None;
        for (_, index, list) in lists {
            let mut pages = none.clone();
            set_all(&mut pages, index.read_block_postings_from_terminfo(&list, IndexRecordOption::Basic)?);
            keep(&mut found, pages);
        }
        Ok(found.unwrap_or(none))
    }

    /// The same, from page to page with the rarest word.
    fn leapfrog(&self, reader: &SegmentReader) -> tantivy::Result<Bits> {
        let mut pages = Bits::none(reader.max_doc());
        let mut found = WordsWeight { query: self.clone(), bm25: Vec::new() }.scorer(reader, 1.0)?;
        while found.doc() != TERMINATED {
            pages.set(found.doc());
            found.advance();
        }
        Ok(pages)
    }

    /// As the engine knows it, which leaves out what cannot be among the best (Ding and Suel, "Faster top-k document
    /// retrieval using block-max indexes", SIGIR 2011). What was mended is to be taken off.
    pub fn bare(&self) -> Box<dyn Query> {
        let term = |word: &Word| TermQuery::new(word.term.clone(), IndexRecordOption::WithFreqs);
        match self.words.as_slice() {
            [word] => Box::new(term(word)),
            words => Box::new(BooleanQuery::intersection(
                words.iter().map(|word| -> Box<dyn Query> { Box::new(term(word)) }).collect(),
            )),
        }
    }

    pub fn mended(&self, reader: &SegmentReader) -> tantivy::Result<Mended> {
        let mut lists = Vec::new();
        for Word { mended, .. } in &self.words {
            lists.extend(reader.inverted_index(mended.field())?.read_postings(mended, IndexRecordOption::Basic)?);
        }
        Ok(Mended { lists, loss: self.loss })
    }
}

/// Where the words were mended.
pub struct Mended {
    lists: Vec<SegmentPostings>,
    loss: Score,
}

impl Mended {
    /// What the page loses; pages ascend.
    pub fn loss(&mut self, page: DocId) -> Score {
        let on = |list: &mut SegmentPostings| list.doc() == page || list.doc() < page && list.seek(page) == page;
        self.lists.iter_mut().map(|list| if on(list) { self.loss } else { 0.0 }).sum()
    }
}

/// A word on fewer than one in so many pages leads from page to page; else bits of all pages are faster.
const RARE: u64 = 64;

#[derive(Debug, Clone)]
pub struct Word {
    pub term: Term,
    /// The same term in the field that says where it was mended.
    pub mended: Term,
}

impl Query for WordsQuery {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let mut bm25 = Vec::new();
        if let EnableScoring::Enabled { statistics_provider, .. } = scoring {
            for word in &self.words {
                bm25.push(Bm25Weight::for_terms(statistics_provider, std::slice::from_ref(&word.term))?);
            }
        }
        Ok(Box::new(WordsWeight { query: self.clone(), bm25 }))
    }
}

struct WordsWeight {
    query: WordsQuery,
    /// One for each word; none where nobody asks for scores.
    bm25: Vec<Bm25Weight>,
}

impl Weight for WordsWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let mut words = Vec::with_capacity(self.query.words.len());
        for (at, word) in self.query.words.iter().enumerate() {
            let bm25 = self.bm25.get(at).map(|bm25| bm25.boost_by(boost));
            let Some(word) = Scored::open(reader, word, bm25)? else { return Ok(Box::new(EmptyScorer)) };
            words.push(word);
        }
        words.sort_by_key(|word| word.pages.doc_freq());
        let mut all = AllWords { words, loss: self.query.loss * boost };
        all.go_on();
        Ok(Box::new(all))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        let mut pages = self.scorer(reader, 1.0)?;
        if pages.doc() <= doc && pages.seek(doc) == doc {
            return Ok(Explanation::new("the words are on the page", pages.score()));
        }
        Err(TantivyError::InvalidArgument("the page does not have the words".to_owned()))
    }
}

/// One word in one segment.
struct Scored {
    pages: SegmentPostings,
    /// Where it was mended, and what it is worth; only where somebody asks for scores.
    mended: SegmentPostings,
    norms: FieldNormReader,
    bm25: Option<Bm25Weight>,
}

impl Scored {
    fn open(reader: &SegmentReader, word: &Word, bm25: Option<Bm25Weight>) -> tantivy::Result<Option<Self>> {
        let how = if bm25.is_some() { IndexRecordOption::WithFreqs } else { IndexRecordOption::Basic };
        let Some(pages) = reader.inverted_index(word.term.field())?.read_postings(&word.term, how)? else {
            return Ok(None);
        };
        let mended = match &bm25 {
            Some(_) => {
                reader.inverted_index(word.mended.field())?.read_postings(&word.mended, IndexRecordOption::Basic)?
            }
            None => None,
        };
        let norms = reader.get_fieldnorms_reader(word.term.field())?;
        Ok(Some(Self { pages, mended: mended.unwrap_or_else(SegmentPostings::empty), norms, bm25 }))
    }

    fn score(&mut self, loss: Score) -> Score {
        let Some(bm25) = &self.bm25 else { return 0.0 };
        let page = self.pages.doc();
        let score = bm25.score(self.norms.fieldnorm_id(page), self.pages.term_freq());
        if self.mended.doc() < page {
            self.mended.seek(page);
        }
        if self.mended.doc() == page { score + loss } else { score }
    }
}

struct AllWords {
    /// The rarest first, which leads; there is one at least.
    words: Vec<Scored>,
    loss: Score,
}

impl AllWords {
    /// From where the rarest word is on, the first page with all words.
    fn go_on(&mut self) -> DocId {
        let Some((lead, others)) = self.words.split_first_mut() else { return TERMINATED };
        'pages: loop {
            let page = lead.pages.doc();
            if page == TERMINATED {
                return page;
            }
            for Scored { pages, .. } in others.iter_mut() {
                let at = if pages.doc() < page { pages.seek(page) } else { pages.doc() };
                if at != page {
                    lead.pages.seek(at);
                    continue 'pages;
                }
            }
            return page;
        }
    }
}

impl DocSet for AllWords {
    fn advance(&mut self) -> DocId {
        self.words[0].pages.advance();
        self.go_on()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if self.doc() < target {
            self.words[0].pages.seek(target);
            self.go_on();
        }
        self.doc()
    }

    fn doc(&self) -> DocId {
        self.words.first().map_or(TERMINATED, |lead| lead.pages.doc())
    }

    fn size_hint(&self) -> u32 {
        self.words.first().map_or(0, |lead| lead.pages.size_hint())
    }
}

impl Scorer for AllWords {
    fn score(&mut self) -> Score {
        let loss = self.loss;
        self.words.iter_mut().map(|word| word.score(loss)).sum()
    }
}
