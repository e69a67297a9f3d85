//! How does the engine find what the person wants?

use record::limits;
use tantivy::query::{
    AllQuery, BooleanQuery, ConstScoreQuery, DisjunctionMaxQuery, EmptyQuery, Occur, PhraseQuery, Query, TermQuery,
};
use tantivy::schema::IndexRecordOption;
use tantivy::{Score, Term};

use crate::hits::SearchRequest;
use crate::query::{Expr, Kin, Run, Wild};
use crate::schema::Fields;
use crate::shape::ShapeQuery;
use crate::stop::Stop;

/// What a page loses that has a word only because it was mended: more than BM25 gives for any word, so that pages with
/// the word itself come first.
const MENDED_LOSS: Score = -32.0;
/// What a page gets for a synonym, and for a word that looks alike: less than for the worst mended word.
const SYNONYM_SCORE: Score = -64.0;
const SIMILAR_SCORE: Score = -96.0;

type Clause = (Occur, Box<dyn Query>);

/// The whole request as one query, scope and filters included: nothing is filtered afterwards.
pub fn plan(fields: &Fields, expr: &Expr, request: &SearchRequest) -> Plan {
    let planner = Planner { fields, stop: request.stop.clone(), cut: Stop::default() };
    let mut clauses = planner.clauses(expr);
    clauses.extend(fields.filters(&request.filters).into_iter().map(|query| (Occur::Must, query)));
    clauses.extend(fields.hidden_from(request.scope).map(|query| (Occur::MustNot, query)));
    Plan { query: Box::new(BooleanQuery::new(clauses)), cut: planner.cut }
}

pub struct Plan {
    pub query: Box<dyn Query>,
    /// Set while the query runs, where not every word of a shape was looked at.
    pub cut: Stop,
}

struct Planner<'a> {
    fields: &'a Fields,
    stop: Stop,
    cut: Stop,
}

impl Planner<'_> {
    /// What must and must not hold; something must in any case, for the engine finds nothing by absence alone.
    fn clauses(&self, expr: &Expr) -> Vec<Clause> {
        let all = if let Expr::All(all) = expr { all.as_slice() } else { std::slice::from_ref(expr) };
        let clause = |part: &Expr| match part {
            Expr::Not(inner) => (Occur::MustNot, self.query(inner)),
            part => (Occur::Must, self.query(part)),
        };
        let mut clauses: Vec<Clause> = all.iter().map(clause).collect();
        if !clauses.iter().any(|(occur, _)| *occur == Occur::Must) {
            clauses.push((Occur::Must, Box::new(AllQuery)));
        }
        clauses
    }

    fn query(&self, expr: &Expr) -> Box<dyn Query> {
        let fields = self.fields;
        match expr {
            Expr::All(_) | Expr::Not(_) => Box::new(BooleanQuery::new(self.clauses(expr))),
            Expr::Any(any) => {
                Box::new(BooleanQuery::new(any.iter().map(|side| (Occur::Should, self.query(side))).collect()))
            }
            Expr::Words(runs) if runs.len() == 1 => run(fields, &runs[0]),
            Expr::Words(runs) => Box::new(DisjunctionMaxQuery::new(runs.iter().map(|one| run(fields, one)).collect())),
            Expr::Near { terms, within } => near(fields, terms, *within),
            Expr::Prefix(stem) => self.shape(stem, None),
            Expr::Wild(wild) => self.shape(wild.stem(), Some(wild.clone())),
            Expr::Filter(filter) => fields.filter(filter),
            // Resolved into words before.
            Expr::Similar { .. } => Box::new(EmptyQuery),
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
}

fn body(fields: &Fields, term: &str) -> Term {
    Term::from_field_text(fields.body, term)
}

/// Terms at consecutive positions; the farther from what was typed, the less they count.
fn run(fields: &Fields, run: &Run) -> Box<dyn Query> {
    let found: Box<dyn Query> = match run.terms.as_slice() {
        [term] => one_term(fields, term),
        terms => Box::new(PhraseQuery::new(terms.iter().map(|term| body(fields, term)).collect())),
    };
    match run.kin {
        Kin::Typed | Kin::Misread => found,
        Kin::Synonym => Box::new(ConstScoreQuery::new(found, SYNONYM_SCORE)),
        Kin::Similar => Box::new(ConstScoreQuery::new(found, SIMILAR_SCORE)),
    }
}

fn one_term(fields: &Fields, term: &str) -> Box<dyn Query> {
    let found = TermQuery::new(body(fields, term), IndexRecordOption::WithFreqs);
    let mended = TermQuery::new(Term::from_field_text(fields.mended, term), IndexRecordOption::Basic);
    let loss = ConstScoreQuery::new(Box::new(mended), MENDED_LOSS);
    Box::new(BooleanQuery::new(vec![(Occur::Must, Box::new(found)), (Occur::Should, Box::new(loss))]))
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
