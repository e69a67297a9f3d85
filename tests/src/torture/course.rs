//! How far has a part come, and when will it be through?

use std::time::{Duration, Instant};

const SAID_EVERY: Duration = Duration::from_secs(10);

pub struct Course {
    part: &'static str,
    from: u64,
    cases: u64,
    began: Instant,
    said: Instant,
}

impl Course {
    pub fn new(part: &'static str, from: u64, cases: u64) -> Self {
        Self { part, from, cases, began: Instant::now(), said: Instant::now() }
    }

    /// Cases before this one are done.
    pub fn at(&mut self, case: u64) {
        if self.said.elapsed() < SAID_EVERY || case <= self.from {
            return;
        }
        self.said = Instant::now();
        let left = self.began.elapsed().as_secs() * (self.cases - case) / (case - self.from);
        eprintln!(
            "torture {}: case {case} of {}, about {left} s to go; --from {case} goes on here",
            self.part, self.cases
        );
    }
}
