//! How does the engine find what the person wants?

use std::ops::Bound;

use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, DisjunctionMaxQuery, Occur, PhraseQuery, Query, RangeQuery, TermQuery,
};
use tantivy::schema::IndexRecordOption;

use crate::hits::SearchRequest;
use crate::query::Expr;
use crate::schema::Fields;

/// How much more it counts when all words stand together as typed.
const TOGETHER_BOOST: f32 = 2.0;

/// The whole request as one query, scope and filters included: nothing is filtered afterwards.
pub fn plan(fields: &Fields, expr: &Expr, request: &SearchRequest) -> Box<dyn Query> {
    let mut clauses = Vec::new();
    add(fields, expr, &mut clauses);
    if !clauses.iter().any(|(occur, _)| *occur == Occur::Must) {
        clauses.push((Occur::Must, Box::new(AllQuery) as Box<dyn Query>));
    }
    clauses.extend(together(fields, expr).map(|query| (Occur::Should, query)));
    clauses.extend(fields.filters(&request.filters).into_iter().map(|query| (Occur::Must, query)));
    clauses.extend(fields.hidden_from(request.scope).map(|query| (Occur::MustNot, query)));
    Box::new(BooleanQuery::new(clauses))
}

fn add(fields: &Fields, expr: &Expr, clauses: &mut Vec<(Occur, Box<dyn Query>)>) {
    match expr {
        Expr::All(all) => all.iter().for_each(|expr| add(fields, expr, clauses)),
        Expr::Not(inner) => clauses.push((Occur::MustNot, single(fields, inner))),
        leaf => clauses.push((Occur::Must, single(fields, leaf))),
    }
}

fn single(fields: &Fields, expr: &Expr) -> Box<dyn Query> {
    match expr {
        Expr::AnyOf(runs) if runs.len() == 1 => run(fields, &runs[0]),
        Expr::AnyOf(runs) => Box::new(DisjunctionMaxQuery::new(runs.iter().map(|terms| run(fields, terms)).collect())),
        Expr::Prefix(stem) => prefix(fields, stem),
        Expr::All(_) | Expr::Not(_) => {
            let mut clauses = Vec::new();
            add(fields, expr, &mut clauses);
            Box::new(BooleanQuery::new(clauses))
        }
    }
}

/// Terms at consecutive positions.
fn run(fields: &Fields, terms: &[String]) -> Box<dyn Query> {
    let mut terms: Vec<Term> = terms.iter().map(|term| Term::from_field_text(fields.body, term)).collect();
    match terms.len() {
        // The engine's phrase insists on two terms.
        1 => Box::new(TermQuery::new(terms.remove(0), IndexRecordOption::WithFreqs)),
        _ => Box::new(PhraseQuery::new(terms)),
    }
}

/// Every term between the stem and the last one that begins so: U+10FFFF is in no term.
fn prefix(fields: &Fields, stem: &str) -> Box<dyn Query> {
    let last = format!("{stem}\u{10FFFF}");
    let from = Bound::Included(Term::from_field_text(fields.body, stem));
    Box::new(RangeQuery::new(from, Bound::Excluded(Term::from_field_text(fields.body, &last))))
}

/// The query's words as one phrase, where there are several: better, but no must.
fn together(fields: &Fields, expr: &Expr) -> Option<Box<dyn Query>> {
    let Expr::All(all) = expr else { return None };
    let mut terms = Vec::new();
    for expr in all {
        match expr {
            Expr::AnyOf(runs) => terms.extend_from_slice(runs.first()?),
            Expr::Not(_) => {}
            Expr::All(_) | Expr::Prefix(_) => return None,
        }
    }
    let several = all.iter().filter(|expr| matches!(expr, Expr::AnyOf(_))).count() > 1;
    several.then(|| Box::new(BoostQuery::new(run(fields, &terms), TOGETHER_BOOST)) as Box<dyn Query>)
}
