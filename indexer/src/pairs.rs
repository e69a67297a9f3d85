//! Where do two very common words stand next to each other? Both are on nearly every page, dozens of times, so that a phrase
//! of them would read nearly all places that there are. Such neighbours are a term of their own: see Burton-West, "Slow
//! queries and common words" (HathiTrust Large-scale Search, 2010), and the common grams of Nutch and Lucene.

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::{Postings as _, SegmentPostings};
use tantivy::query::{Bm25Weight, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, Score, SegmentReader, TantivyError, Term};

use crate::analysis::{Token, Tokens};

/// The words that English texts have most often, about a third of all (Kučera and Francis, "Computational Analysis of
/// Present-Day American English", 1967).
const ENGLISH: [&str; 16] =
    ["a", "and", "as", "be", "for", "he", "his", "in", "is", "it", "of", "that", "the", "to", "was", "with"];

/// Words so common that their neighbourhoods are indexed. They belong to an index: one that was made with others is made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Common {
    /// Sorted.
    words: Vec<String>,
    /// Whether one of them begins with this byte.
    begin: [bool; 256],
}

impl Common {
    pub fn new(words: impl IntoIterator<Item = String>) -> Self {
        let mut words: Vec<String> = words.into_iter().collect();
        words.sort_unstable();
        words.dedup();
        let mut begin = [false; 256];
        words.iter().filter_map(|word| word.bytes().next()).for_each(|first| begin[usize::from(first)] = true);
        Self { words, begin }
    }

    pub fn words(&self) -> &[String] {
        &self.words
    }

    pub fn has(&self, term: &str) -> bool {
        term.bytes().next().is_some_and(|first| self.begin[usize::from(first)])
            && self.words.binary_search_by(|word| word.as_str().cmp(term)).is_ok()
    }

    /// A text's neighbours, each as a term on a line.
    pub fn pairs(&self, tokens: &Tokens) -> String {
        let mut out = String::new();
        let mut before: Vec<Token<'_>> = Vec::new();
        let mut here: Vec<Token<'_>> = Vec::new();
        for token in tokens.iter().filter(|token| self.has(token.term)) {
            if here.first().is_some_and(|other| other.position != token.position) {
                before = std::mem::take(&mut here);
            }
            for one in before.iter().filter(|one| one.position + 1 == token.position) {
                out.push('\n');
                out.push_str(&pair(one.term, token.term));
            }
            here.push(token);
        }
        out
    }
}

impl Default for Common {
    fn default() -> Self {
        Self::new(ENGLISH.map(str::to_owned))
    }
}

/// No term has a space in it.
pub fn pair(one: &str, other: &str) -> String {
    format!("{one} {other}")
}

/// Pages with two common words in a row.
#[derive(Debug, Clone)]
pub struct PairQuery {
    pub pair: Term,
    /// The words themselves, by which it is ranked.
    pub words: [Term; 2],
}

impl Query for PairQuery {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let bm25 = match scoring {
            EnableScoring::Enabled { statistics_provider, .. } => {
                Some(Bm25Weight::for_terms(statistics_provider, &self.words)?)
            }
            EnableScoring::Disabled { .. } => None,
        };
        Ok(Box::new(PairWeight { query: self.clone(), bm25 }))
    }
}

struct PairWeight {
    query: PairQuery,
    /// Nothing where nobody asks for scores.
    bm25: Option<Bm25Weight>,
}

impl Weight for PairWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let PairQuery { pair, words } = &self.query;
        let pages = reader.inverted_index(pair.field())?.read_postings(pair, IndexRecordOption::WithFreqs)?;
        let Some(pages) = pages else { return Ok(Box::new(EmptyScorer)) };
        let norms = reader.get_fieldnorms_reader(words[0].field())?;
        Ok(Box::new(Pair { pages, norms, bm25: self.bm25.as_ref().map(|bm25| bm25.boost_by(boost)) }))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        let mut pages = self.scorer(reader, 1.0)?;
        if pages.doc() <= doc && pages.seek(doc) == doc {
            return Ok(Explanation::new("the words stand next to each other on the page", pages.score()));
        }
        Err(TantivyError::InvalidArgument("the words do not stand next to each other on the page".to_owned()))
    }
}

struct Pair {
    pages: SegmentPostings,
    norms: FieldNormReader,
    bm25: Option<Bm25Weight>,
}

impl DocSet for Pair {
    fn advance(&mut self) -> DocId {
        self.pages.advance()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        self.pages.seek(target)
    }

    fn doc(&self) -> DocId {
        self.pages.doc()
    }

    fn size_hint(&self) -> u32 {
        self.pages.size_hint()
    }
}

impl Scorer for Pair {
    fn score(&mut self) -> Score {
        let page = self.doc();
        self.bm25.as_ref().map_or(0.0, |bm25| bm25.score(self.norms.fieldnorm_id(page), self.pages.term_freq()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_pairs_whatever_stands_at_the_same_place() {
        let common = Common::default();
        assert_eq!(common.pairs(&Tokens::of("It was in the ward of the nurse. As it was, of-the sort.")),
            "\nit was\nwas in\nin the\nof the\nas it\nit was\nwas of\nof the");
        assert_eq!(common.pairs(&Tokens::of("fever and cough")), "");
        assert!(common.has("the") && !common.has("them") && !common.has(""));
    }
}
