//! Which of the best pages have the query's words near each other? Asked of the first pages of
//! a result alone: positions of frequent words are long to read, and whoever looks at page 30
//! of a list is past what nearness can say.

use tantivy::postings::Postings as _;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, DocSet as _, Score, Searcher, Term};

use crate::error::Result;
use crate::group::{Candidate, Group};
use crate::query::{Expr, Kin};
use crate::schema::Fields;

/// The first documents, whose pages are looked at.
pub const DOCUMENTS: usize = 100;
/// What it is worth that two words typed one after the other stand so, and that they stand within
/// [`NEAR_WORDS`] of each other.
const TOGETHER: Score = 4.0;
const NEAR: Score = 1.5;
const NEAR_WORDS: u32 = 8;

/// Words of the query that may stand near each other.
pub fn terms(expr: &Expr, fields: &Fields) -> Vec<Term> {
    let terms = typed(expr, fields);
    if terms.len() < 2 { Vec::new() } else { terms }
}

/// Raises the scores of documents with pages that have the words near each other.
pub fn raise(groups: &mut [Group<'_>], terms: &[Term], searcher: &Searcher) -> Result<()> {
    let mut pages: Vec<DocAddress> =
        groups.iter().flat_map(|group| group.best.iter()).map(|page| page.address).collect();
    pages.sort_unstable();
    let gains = gains(searcher, terms, &pages)?;
    for group in groups {
        let best = |pages: &[Candidate<'_>]| pages.first().map_or(0.0, |page| page.score);
        let before = best(&group.best);
        for page in &mut group.best {
            page.score += pages.binary_search(&page.address).map_or(0.0, |at| gains[at]);
        }
        group.best.sort_by(Candidate::order);
        group.score += best(&group.best) - before;
    }
    Ok(())
}

/// The words as they were typed, in order; none where the query is more than words.
fn typed(expr: &Expr, fields: &Fields) -> Vec<Term> {
    let Expr::All(all) = expr else { return Vec::new() };
    let runs = all.iter().flat_map(Expr::asked).filter_map(|part| match part {
        Expr::Words(runs) => runs.first().filter(|run| run.kin == Kin::Typed),
        _ => None,
    });
    runs.flat_map(|run| &run.terms).map(|term| Term::from_field_text(fields.body, term)).collect()
}

/// For each page, in the order given (ascending), what the nearness of its words is worth.
fn gains(searcher: &Searcher, terms: &[Term], pages: &[DocAddress]) -> Result<Vec<Score>> {
    let mut positions = Vec::with_capacity(terms.len());
    for term in terms {
        positions.push(positions_on(searcher, term, pages)?);
    }
    let gain = |page: usize| positions.windows(2).map(|pair| pair_gain(&pair[0][page], &pair[1][page])).sum();
    Ok((0..pages.len()).map(gain).collect())
}

/// Where the term stands on each of the pages.
fn positions_on(searcher: &Searcher, term: &Term, pages: &[DocAddress]) -> Result<Vec<Vec<u32>>> {
    let mut found = Vec::with_capacity(pages.len());
    for segment in pages.chunk_by(|one, other| one.segment_ord == other.segment_ord) {
        let index = searcher.segment_reader(segment[0].segment_ord).inverted_index(term.field())?;
        let mut postings = index.read_postings(term, IndexRecordOption::WithFreqsAndPositions)?;
        for page in segment {
            let mut positions = Vec::new();
            if let Some(postings) = postings.as_mut()
                && (postings.doc() == page.doc_id
                    || (postings.doc() < page.doc_id && postings.seek(page.doc_id) == page.doc_id))
            {
                postings.positions(&mut positions);
            }
            found.push(positions);
        }
    }
    Ok(found)
}

/// Both ascending.
fn pair_gain(ones: &[u32], others: &[u32]) -> Score {
    let mut gain: Score = 0.0;
    for one in ones {
        let from = others.partition_point(|other| *other + NEAR_WORDS < *one);
        let near = others[from..].iter().take_while(|other| **other <= one + NEAR_WORDS);
        for other in near {
            gain = gain.max(if *other == one + 1 { TOGETHER } else { NEAR });
        }
    }
    gain
}
