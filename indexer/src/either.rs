//! What is a page worth that has one of several things? The engine's own queries for this take nothing for zero, so that what
//! is worth less than nothing, as words are that were not typed, would all be worth the same.

use std::fmt::Debug;
use std::marker::PhantomData;

use tantivy::Score;
use tantivy::query::{BooleanWeight, EnableScoring, Occur, Query, ScoreCombiner, Scorer, Weight};

/// Pages with one of the sides at least.
#[derive(Debug)]
pub struct EitherQuery<C> {
    sides: Vec<Box<dyn Query>>,
    worth: PhantomData<fn() -> C>,
}

impl<C> EitherQuery<C> {
    pub fn new(sides: Vec<Box<dyn Query>>) -> Self {
        Self { sides, worth: PhantomData }
    }
}

impl<C> Clone for EitherQuery<C> {
    fn clone(&self) -> Self {
        Self::new(self.sides.iter().map(|side| side.box_clone()).collect())
    }
}

impl<C: ScoreCombiner + Sync + Debug> Query for EitherQuery<C> {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let sides = self.sides.iter().map(|side| Ok((Occur::Should, side.weight(scoring)?)));
        let sides = sides.collect::<tantivy::Result<Vec<_>>>()?;
        let scores = scoring.is_scoring_enabled();
        Ok(Box::new(BooleanWeight::with_minimum_number_should_match(sides, 1, scores, Box::new(C::default))))
    }
}

/// Ways to have the same thing: the page gets what the best of them is worth.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nearest(Option<Score>);

impl ScoreCombiner for Nearest {
    fn update<S: Scorer>(&mut self, side: &mut S) {
        let score = side.score();
        self.0 = Some(self.0.map_or(score, |best| best.max(score)));
    }

    fn clear(&mut self) {
        self.0 = None;
    }

    fn score(&self) -> Score {
        self.0.unwrap_or_default()
    }
}

/// Things of which each is welcome: the page gets the sum, but nothing that it has besides makes it worse.
#[derive(Debug, Clone, Copy, Default)]
pub struct Any {
    sum: Score,
    best: Nearest,
}

impl ScoreCombiner for Any {
    fn update<S: Scorer>(&mut self, side: &mut S) {
        self.sum += side.score().max(0.0);
        self.best.update(side);
    }

    fn clear(&mut self) {
        *self = Self::default();
    }

    fn score(&self) -> Score {
        if self.sum > 0.0 { self.sum } else { self.best.score() }
    }
}
