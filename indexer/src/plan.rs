//! How does the engine find what the person wants?

use std::ops::Bound;

use tantivy::query::{
    AllQuery, BooleanQuery, ConstScoreQuery, DisjunctionMaxQuery, EmptyQuery, Occur, PhraseQuery, Query, RangeQuery,
    RegexQuery, TermQuery,
};
use tantivy::schema::IndexRecordOption;
use tantivy::{Score, Term};

use crate::error::Result;
use crate::hits::SearchRequest;
use crate::query::{Expr, Kin, Run, Wild};
use crate::schema::Fields;

/// What a page loses that has a word only because it was mended: more than BM25 gives for any word, so that pages with
/// the word itself come first.
const MENDED_LOSS: Score = -32.0;
/// What a page gets for a synonym, and for a word that looks alike: less than for the worst mended word.
const SYNONYM_SCORE: Score = -64.0;
const SIMILAR_SCORE: Score = -96.0;

type Clause = (Occur, Box<dyn Query>);

/// The whole request as one query, scope and filters included: nothing is filtered afterwards.
pub fn plan(fields: &Fields, expr: &Expr, request: &SearchRequest) -> Result<Box<dyn Query>> {
    let mut clauses = clauses(fields, expr)?;
    clauses.extend(fields.filters(&request.filters).into_iter().map(|query| (Occur::Must, query)));
    clauses.extend(fields.hidden_from(request.scope).map(|query| (Occur::MustNot, query)));
    Ok(Box::new(BooleanQuery::new(clauses)))
}

/// What must and must not hold; something must in any case, for the engine finds nothing by absence alone.
fn clauses(fields: &Fields, expr: &Expr) -> Result<Vec<Clause>> {
    let all = if let Expr::All(all) = expr { all.as_slice() } else { std::slice::from_ref(expr) };
    let mut clauses = Vec::with_capacity(all.len());
    for part in all {
        clauses.push(match part {
            Expr::Not(inner) => (Occur::MustNot, query(fields, inner)?),
            part => (Occur::Must, query(fields, part)?),
        });
    }
    if !clauses.iter().any(|(occur, _)| *occur == Occur::Must) {
        clauses.push((Occur::Must, Box::new(AllQuery)));
    }
    Ok(clauses)
}

fn query(fields: &Fields, expr: &Expr) -> Result<Box<dyn Query>> {
    Ok(match expr {
        Expr::All(_) | Expr::Not(_) => Box::new(BooleanQuery::new(clauses(fields, expr)?)),
        Expr::Any(any) => {
            let sides: Result<Vec<_>> = any.iter().map(|side| Ok((Occur::Should, query(fields, side)?))).collect();
            Box::new(BooleanQuery::new(sides?))
        }
        Expr::Words(runs) if runs.len() == 1 => run(fields, &runs[0]),
        Expr::Words(runs) => Box::new(DisjunctionMaxQuery::new(runs.iter().map(|one| run(fields, one)).collect())),
        Expr::Near { terms, within } => near(fields, terms, *within),
        Expr::Prefix(stem) => prefix(fields, stem),
        Expr::Wild(wild) => wildcard(fields, wild)?,
        Expr::Filter(filter) => fields.filter(filter),
        // Resolved into words before.
        Expr::Similar { .. } => Box::new(EmptyQuery),
    })
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

/// Every term between the stem and the last one that begins so: U+10FFFF is in no term.
fn prefix(fields: &Fields, stem: &str) -> Box<dyn Query> {
    let last = format!("{stem}\u{10FFFF}");
    Box::new(RangeQuery::new(Bound::Included(body(fields, stem)), Bound::Excluded(body(fields, &last))))
}

fn wildcard(fields: &Fields, wild: &Wild) -> Result<Box<dyn Query>> {
    Ok(Box::new(RegexQuery::from_pattern(&wild.regex(), fields.body)?))
}
