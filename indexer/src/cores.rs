//! How many cores does one search have? All of them where the archive is large: its segments are gone through side by side, and what
//! is counted beside what is ranked. In a small one, to wake another thread takes longer than it saves.

use rayon::prelude::*;
use tantivy::Searcher;

use crate::error::Result;

/// Pages of a large archive. In smaller ones one core answers a frequent word in a millisecond or two.
const LARGE: u64 = 250_000;

#[derive(Debug, Clone, Copy)]
pub struct Cores {
    all: bool,
}

impl Cores {
    pub fn of(searcher: &Searcher) -> Self {
        Self { all: searcher.num_docs() >= LARGE }
    }

    /// What comes of each segment, in their order.
    pub fn each<T: Send>(self, searcher: &Searcher, work: impl Fn(usize) -> Result<T> + Send + Sync) -> Result<Vec<T>> {
        let segments = 0..searcher.segment_readers().len();
        // Segments differ in size by far, so each is handed out by itself.
        if self.all {
            segments.into_par_iter().with_max_len(1).map(work).collect()
        } else {
            segments.map(work).collect()
        }
    }

    pub fn both<A: Send, B: Send>(self, one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B + Send) -> (A, B) {
        if self.all { rayon::join(one, other) } else { (one(), other()) }
    }
}
