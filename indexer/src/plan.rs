//! How does the engine find what the person wants?

use record::limits;
use tantivy::query::{AllQuery, BooleanQuery, ConstScoreQuery, EmptyQuery, Occur, PhraseQuery, Query};
use tantivy::{Score, Term};

use crate::either::{Any, EitherQuery, Nearest};
use crate::hits::{Scope, SearchRequest};
use crate::pairs::{Common, PairQuery};
use crate::query::{Expr, Kin, Run, Wild};
use crate::row::RowQuery;
use crate::schema::{Fields, exactly};
use crate::shape::ShapeQuery;
use crate::stop::Stop;
use crate::word::{PlainWords, Word, WordsQuery};

/// What words are worth that are not those that were typed.
struct Worth {
    /// Added where a page has a word only because it was mended.
    mended: Score,
    synonym: Score,
    similar: Score,
}

/// More is lost than BM25 gives for any word, so that pages with the words themselves come first.
const OF_ALL: Worth = Worth { mended: -32.0, synonym: -64.0, similar: -96.0 };
/// Where some words are missing anyway, each that is there counts, if less than as it was typed.
const OF_MOST: Worth = Worth { mended: -1.0, synonym: 3.0, similar: 3.0 };

type Clause = (Occur, Box<dyn Query>);

/// What the request asks for, as one query; [`crate::matches::collect`] looks at no page outside of its scope.
pub fn plan(fields: &Fields, common: &Common, expr: &Expr, request: &SearchRequest) -> Plan {
    let planner = Planner { fields, common, stop: request.stop.clone(), cut: Stop::default() };
    let mut clauses = planner.clauses(expr);
    let filters = fields.filters(&request.filters);
    let words = if filters.is_empty() { plain_words(fields, expr) } else { None };
    clauses.extend(filters.into_iter().map(|query| (Occur::Must, query)));
    Plan { query: BooleanQuery::new(clauses), words, cut: planner.cut }
}

pub struct Plan {
    pub query: BooleanQuery,
    /// The same, where words are all that is asked for.
    pub words: Option<PlainWords>,
    /// Set while the query runs, where not every word of a shape was looked at.
    pub cut: Stop,
}

impl Plan {
    /// The query with the scope in it, for whoever lets the engine count.
    pub fn within(self, fields: &Fields, scope: Scope) -> BooleanQuery {
        let hidden = fields.hidden_from(scope).map(|query| (Occur::MustNot, query));
        let found: Clause = (Occur::Must, Box::new(self.query));
        BooleanQuery::new(std::iter::once(found).chain(hidden).collect())
    }
}

struct Planner<'a> {
    fields: &'a Fields,
    common: &'a Common,
    stop: Stop,
    cut: Stop,
}

impl Planner<'_> {
    /// What must and must not hold; something must in any case, for the engine finds nothing by absence alone.
    fn clauses(&self, expr: &Expr) -> Vec<Clause> {
        let (words, others): (Vec<&Expr>, Vec<&Expr>) =
            parts(expr).iter().partition(|part| single_word(part).is_some());
        let clause = |part: &Expr| match part {
            Expr::Not(inner) => (Occur::MustNot, self.query(inner)),
            part => (Occur::Must, self.query(part)),
        };
        let mut clauses: Vec<Clause> = others.into_iter().map(clause).collect();
        if !words.is_empty() {
            let words = words.into_iter().filter_map(single_word);
            clauses.push((Occur::Must, Box::new(words_query(self.fields, words, &OF_ALL))));
        }
        if !clauses.iter().any(|(occur, _)| *occur == Occur::Must) {
            clauses.push((Occur::Must, Box::new(AllQuery)));
        }
        clauses
    }

    fn query(&self, expr: &Expr) -> Box<dyn Query> {
        let fields = self.fields;
        match expr {
            Expr::All(_) | Expr::Not(_) => Box::new(BooleanQuery::new(self.clauses(expr))),
            Expr::Any(any) => Box::new(EitherQuery::<Any>::new(any.iter().map(|side| self.query(side)).collect())),
            Expr::Most { words, least } => self.most(words, *least),
            Expr::Words(runs) => self.words(runs, &OF_ALL),
            Expr::Near { terms, within } => near(fields, terms, *within),
            Expr::Prefix(stem) => self.shape(stem, None),
            Expr::Wild(wild) => self.shape(wild.stem(), Some(wild.clone())),
            Expr::Filter(filter) => fields.filter(filter),
            // Resolved into words before.
            Expr::Similar { .. } | Expr::Coded(_) => Box::new(EmptyQuery),
        }
    }

    fn shape(&self, stem: &str, wild: Option<Wild>) -> Box<dyn Query> {
        Box::new(ShapeQuery {
            field: self.fields.body,
            stem: stem.to_owned(),
            wild,
            most: limits::SEARCH_OPEN_TERMS_MAX,
            stop: self.stop.clone(),
            cut: self.cut.clone(),
        })
    }

    fn most(&self, words: &[Expr], least: usize) -> Box<dyn Query> {
        let word = |word: &Expr| match word {
            Expr::Words(runs) => self.words(runs, &OF_MOST),
            other => self.query(other),
        };
        let words = words.iter().map(|one| (Occur::Should, word(one))).collect();
        Box::new(BooleanQuery::with_minimum_required_clauses(words, least))
    }

    fn words(&self, runs: &[Run], worth: &Worth) -> Box<dyn Query> {
        match runs {
            [run] => self.run(run, worth),
            runs => Box::new(EitherQuery::<Nearest>::new(runs.iter().map(|run| self.run(run, worth)).collect())),
        }
    }

    /// Terms at consecutive positions; the farther from what was typed, the less they count.
    fn run(&self, run: &Run, worth: &Worth) -> Box<dyn Query> {
        let found: Box<dyn Query> = match run.terms.as_slice() {
            [term] => Box::new(words_query(self.fields, std::iter::once(term.as_str()), worth)),
            terms => self.row(terms),
        };
        match run.kin {
            Kin::Typed | Kin::Misread => found,
            Kin::Synonym => Box::new(ConstScoreQuery::new(found, worth.synonym)),
            Kin::Similar => Box::new(ConstScoreQuery::new(found, worth.similar)),
        }
    }

    /// Where common words are neighbours in the row, only pages where they are so are read.
    fn row(&self, terms: &[String]) -> Box<dyn Query> {
        let mut pairs: Vec<PairQuery> = terms.windows(2).filter_map(|two| self.pair(&two[0], &two[1])).collect();
        if terms.len() == 2
            && let Some(pair) = pairs.pop()
        {
            return Box::new(pair);
        }
        let row = RowQuery(terms.iter().map(|term| body(self.fields, term)).collect());
        let pairs = pairs.into_iter().map(|pair| exactly(pair.pair));
        Box::new(BooleanQuery::intersection(std::iter::once(Box::new(row) as Box<dyn Query>).chain(pairs).collect()))
    }

    fn pair(&self, one: &str, other: &str) -> Option<PairQuery> {
        Some(PairQuery {
            pair: Term::from_field_text(self.fields.pairs, &self.common.pair(one, other)?),
            words: [one, other].map(|word| body(self.fields, word)),
        })
    }
}

fn body(fields: &Fields, term: &str) -> Term {
    Term::from_field_text(fields.body, term)
}

/// What must hold, each for itself.
fn parts(expr: &Expr) -> &[Expr] {
    if let Expr::All(all) = expr { all } else { std::slice::from_ref(expr) }
}

/// A word as it was typed, that nothing else stands for.
fn single_word(part: &Expr) -> Option<&str> {
    word_and_others(part).filter(|(_, others)| others.is_empty()).map(|(word, _)| word)
}

/// A word as it was typed, and what may stand for it: single words, that are worth the same wherever they are.
fn word_and_others(part: &Expr) -> Option<(&str, &[Run])> {
    let Expr::Words(runs) = part else { return None };
    let (typed, others) = runs.split_first()?;
    let stands_for = |run: &Run| run.terms.len() == 1 && matches!(run.kin, Kin::Synonym | Kin::Similar);
    let is_word = typed.kin == Kin::Typed && typed.terms.len() == 1 && others.iter().all(stands_for);
    is_word.then(|| (typed.terms[0].as_str(), others))
}

/// Everything that is asked for, where it is no more than words.
fn plain_words(fields: &Fields, expr: &Expr) -> Option<PlainWords> {
    let words: Vec<(&str, &[Run])> = parts(expr).iter().map(word_and_others).collect::<Option<_>>()?;
    let terms = |runs: &[Run]| runs.iter().map(|run| body(fields, &run.terms[0])).collect();
    let typed = words_query(fields, words.iter().map(|(word, _)| *word), &OF_ALL);
    let others = words.iter().map(|(_, others)| terms(others)).collect();
    (!words.is_empty()).then_some(PlainWords { typed, others })
}

fn words_query<'a>(fields: &Fields, terms: impl Iterator<Item = &'a str>, worth: &Worth) -> WordsQuery {
    let word = |term| Word { term: body(fields, term), mended: Term::from_field_text(fields.mended, term) };
    WordsQuery { words: terms.map(word).collect(), loss: worth.mended }
}

/// Each term within so many positions of the next, in any order: at one offset, the engine's slop is a distance.
fn near(fields: &Fields, terms: &[String], within: u32) -> Box<dyn Query> {
    Box::new(BooleanQuery::intersection(
        terms.windows(2).map(|pair| near_pair(fields, &pair[0], &pair[1], within)).collect(),
    ))
}

fn near_pair(fields: &Fields, one: &str, other: &str, within: u32) -> Box<dyn Query> {
    let terms = vec![(0, body(fields, one)), (0, body(fields, other))];
    Box::new(PhraseQuery::new_with_offset_and_slop(terms, within))
}
