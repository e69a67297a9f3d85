//! When is it enough? Whoever asks holds the other end: when their time is over or they are gone,
//! the search ends where it is. There is no clock in here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by all clones: stopped once, stopped for good.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
