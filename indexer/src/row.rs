//! On which pages do words stand in a row? Pages with all of them are found from the rarest word on; on each, the places
//! where the row may have begun are bits, of which every further word leaves those that it goes on with. Frequent words
//! stand on a page dozens of times: comparing sorted places step by step is guessing at each step which is the smaller.

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::{Postings as _, SegmentPostings};
use tantivy::query::{Bm25Weight, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, Score, SeekDangerResult, SegmentReader, TERMINATED, TantivyError, Term};

/// Two terms of one field or more, each at the position after the one before.
#[derive(Debug, Clone)]
pub struct RowQuery(pub Vec<Term>);

impl Query for RowQuery {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let bm25 = match scoring {
            EnableScoring::Enabled { statistics_provider, .. } => {
                Some(Bm25Weight::for_terms(statistics_provider, &self.0)?)
            }
            EnableScoring::Disabled { .. } => None,
        };
        Ok(Box::new(RowWeight { terms: self.0.clone(), bm25 }))
    }
}

struct RowWeight {
    terms: Vec<Term>,
    /// Nothing where nobody asks for scores.
    bm25: Option<Bm25Weight>,
}

impl Weight for RowWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let Some(first) = self.terms.first() else { return Ok(Box::new(EmptyScorer)) };
        let index = reader.inverted_index(first.field())?;
        let mut words = Vec::with_capacity(self.terms.len());
        for (offset, term) in (0..).zip(&self.terms) {
            let Some(pages) = index.read_postings(term, IndexRecordOption::WithFreqsAndPositions)? else {
                return Ok(Box::new(EmptyScorer));
            };
            words.push(Word { pages, offset });
        }
        words.sort_by_key(|word| word.pages.doc_freq());
        let norms = reader.get_fieldnorms_reader(first.field())?;
        let bm25 = self.bm25.as_ref().map(|bm25| bm25.boost_by(boost));
        let mut row = Row { words, starts: Starts::default(), places: Vec::new(), times: 0, norms, bm25 };
        row.go_on();
        Ok(Box::new(row))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        let mut pages = self.scorer(reader, 1.0)?;
        if pages.doc() <= doc && pages.seek(doc) == doc {
            return Ok(Explanation::new("the words stand in a row on the page", pages.score()));
        }
        Err(TantivyError::InvalidArgument("the words do not stand in a row on the page".to_owned()))
    }
}

struct Word {
    pages: SegmentPostings,
    /// How many words before it in the row.
    offset: u32,
}

struct Row {
    /// The rarest first, which leads.
    words: Vec<Word>,
    starts: Starts,
    places: Vec<u32>,
    /// How often the row is on the page.
    times: u32,
    norms: FieldNormReader,
    bm25: Option<Bm25Weight>,
}

impl Row {
    /// From where the rarest word is on, the first page with the row.
    fn go_on(&mut self) -> DocId {
        loop {
            let page = self.doc();
            if page == TERMINATED {
                return page;
            }
            match self.others_to(page) {
                Ok(()) if self.stand_in_a_row() => return page,
                Ok(()) => self.words[0].pages.advance(),
                Err(further) => self.words[0].pages.seek(further),
            };
        }
    }

    /// Brings all words to the page; where one of them is not on it, says where that one is next.
    fn others_to(&mut self, page: DocId) -> Result<(), DocId> {
        for Word { pages, .. } in &mut self.words[1..] {
            let at = if pages.doc() < page { pages.seek(page) } else { pages.doc() };
            if at != page {
                return Err(at);
            }
        }
        Ok(())
    }

    fn stand_in_a_row(&mut self) -> bool {
        let last = self.words.len() - 1;
        for (at, Word { pages, offset }) in self.words.iter_mut().enumerate() {
            pages.positions(&mut self.places);
            self.times = match at {
                0 => self.starts.begin(&self.places, *offset),
                at if at == last => self.starts.count(&self.places, *offset),
                _ => self.starts.keep(&self.places, *offset),
            };
            if self.times == 0 {
                return false;
            }
        }
        true
    }
}

impl DocSet for Row {
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

    /// Asks of this page alone, where [`DocSet::seek`] would go on to the next with the row.
    fn seek_danger(&mut self, target: DocId) -> SeekDangerResult {
        if target >= TERMINATED {
            return SeekDangerResult::SeekLowerBound(TERMINATED);
        }
        let lead = &mut self.words[0].pages;
        let at = if lead.doc() < target { lead.seek(target) } else { lead.doc() };
        if at != target {
            return SeekDangerResult::SeekLowerBound(at);
        }
        match self.others_to(target) {
            Ok(()) if self.stand_in_a_row() => SeekDangerResult::Found,
            Ok(()) => SeekDangerResult::SeekLowerBound(target + 1),
            Err(further) => SeekDangerResult::SeekLowerBound(further),
        }
    }

    fn doc(&self) -> DocId {
        self.words[0].pages.doc()
    }

    /// Few of the pages with all words have them in a row.
    fn size_hint(&self) -> u32 {
        self.words[0].pages.size_hint() / 10
    }

    fn cost(&self) -> u64 {
        u64::from(self.words[0].pages.size_hint()) * 10 * self.words.len() as u64
    }
}

impl Scorer for Row {
    fn score(&mut self) -> Score {
        let page = self.doc();
        self.bm25.as_ref().map_or(0.0, |bm25| bm25.score(self.norms.fieldnorm_id(page), self.times))
    }
}

/// Where the row may have begun: a bit for each position of the page.
#[derive(Default)]
struct Starts {
    bits: Vec<u64>,
    spare: Vec<u64>,
}

impl Starts {
    /// Every place of a word that stands so far behind the beginning; gives how many.
    fn begin(&mut self, places: &[u32], offset: u32) -> u32 {
        room(&mut self.bits, places);
        let mut times = 0;
        for start in places.iter().filter_map(|place| place.checked_sub(offset)) {
            self.bits[start as usize / 64] |= 1 << (start % 64);
            times += 1;
        }
        times
    }

    /// How many of them a further word goes on with.
    fn count(&self, places: &[u32], offset: u32) -> u32 {
        places.iter().map(|place| u32::from(self.has(place.wrapping_sub(offset)))).sum()
    }

    /// Leaves those that a further word goes on with.
    fn keep(&mut self, places: &[u32], offset: u32) -> u32 {
        let mut kept = std::mem::take(&mut self.spare);
        room(&mut kept, places);
        let mut times = 0;
        for start in places.iter().map(|place| place.wrapping_sub(offset)).filter(|start| self.has(*start)) {
            kept[start as usize / 64] |= 1 << (start % 64);
            times += 1;
        }
        self.spare = std::mem::replace(&mut self.bits, kept);
        times
    }

    /// What is before the beginning of the page wraps around to far behind its end, where no bit is.
    fn has(&self, start: u32) -> bool {
        self.bits.get(start as usize / 64).is_some_and(|bits| bits >> (start % 64) & 1 == 1)
    }
}

/// No bit, and room for the places, which ascend.
fn room(bits: &mut Vec<u64>, places: &[u32]) {
    bits.clear();
    bits.resize(places.last().map_or(0, |last| *last as usize / 64 + 1), 0);
}
