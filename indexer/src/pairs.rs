//! Where do two very common words stand next to each other? Both are on nearly every page, dozens of times, so that a phrase
//! of them would read nearly all places that there are. Such neighbours are a term of their own: see Burton-West, "Slow
//! queries and common words" (HathiTrust Large-scale Search, 2010), and the common grams of Nutch and Lucene.

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::{Postings as _, SegmentPostings};
use tantivy::query::{Bm25Weight, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, Score, SegmentReader, TantivyError, Term};

use crate::analysis::{Token, Tokens};

/// The words that English texts have most often, most frequent first: two fifths of all (Kučera and Francis, "Computational
/// Analysis of Present-Day American English", 1967).
const ENGLISH: [&str; 32] = [
    "the", "of", "and", "to", "a", "in", "that", "is", "was", "he", "for", "it", "with", "as", "his", "on", "be", "at",
    "by", "i", "this", "had", "not", "are", "but", "from", "or", "have", "an", "they", "which", "one",
];
/// Two words are neighbours worth a term where their ranks multiplied are no more than this: by Zipf's law, they then stand
/// next to each other at least as often as so rare a word and the most frequent one.
const RANKS_MAX: usize = 48;

/// Words so common that their neighbourhoods are indexed. They belong to an index: one that was made with others is made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Common {
    /// Most frequent first.
    words: Vec<String>,
    /// The same with their ranks, by the byte that they begin with.
    ranks: Vec<Vec<(String, usize)>>,
}

impl Common {
    /// Most frequent first.
    pub fn new(words: impl IntoIterator<Item = String>) -> Self {
        let words: Vec<String> = words.into_iter().collect();
        let mut ranks = vec![Vec::new(); 256];
        for (word, rank) in words.iter().zip(1..) {
            word.bytes().next().into_iter().for_each(|first| ranks[usize::from(first)].push((word.clone(), rank)));
        }
        Self { words, ranks }
    }

    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The most frequent word is the first.
    fn rank(&self, term: &str) -> Option<usize> {
        let alike = &self.ranks[usize::from(term.bytes().next()?)];
        alike.iter().find(|(word, _)| word == term).map(|(_, rank)| *rank)
    }

    /// The term for two words next to each other, where there is one. No other term has a space in it.
    pub fn pair(&self, one: &str, other: &str) -> Option<String> {
        let ranks = self.rank(one)? * self.rank(other)?;
        (ranks <= RANKS_MAX).then(|| format!("{one} {other}"))
    }

    /// A text's neighbours, each as a term on a line.
    pub fn pairs(&self, tokens: &Tokens) -> String {
        let mut out = String::new();
        let (mut before, mut here): (Vec<Token<'_>>, Vec<Token<'_>>) = (Vec::new(), Vec::new());
        for token in tokens.iter().filter(|token| self.rank(token.term).is_some()) {
            if here.first().is_some_and(|other| other.position != token.position) {
                std::mem::swap(&mut before, &mut here);
                here.clear();
            }
            for one in before.iter().filter(|one| one.position + 1 == token.position) {
                if let Some(pair) = self.pair(one.term, token.term) {
                    out.push('\n');
                    out.push_str(&pair);
                }
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
        assert_eq!(
            common.pairs(&Tokens::of("It was in the ward of the nurse. As it was, of-the one and the same.")),
            "\nin the\nof the\nwas of\nof the\nthe one\nand the"
        );
        assert_eq!(common.pairs(&Tokens::of("fever and cough")), "");
        assert!(common.pair("the", "which").is_some() && common.pair("which", "is").is_none());
        assert!(common.rank("them").is_none() && common.rank("").is_none());
    }
}
