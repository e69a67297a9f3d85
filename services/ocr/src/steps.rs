//! How long did each step of reading a page take?

use std::time::Instant;

use record::timing::{Step, Timing};

/// The steps of one page, timed as they are taken.
#[derive(Debug, Default)]
pub struct Steps(Timing);

impl Steps {
    /// Does the work of a step. Time of the same step adds up.
    pub fn time<T>(&mut self, step: Step, work: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let done = work();
        self.0.add(step, started.elapsed());
        done
    }

    pub const fn timing(&self) -> Timing {
        self.0
    }
}
