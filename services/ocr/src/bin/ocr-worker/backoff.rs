//! How long to wait before asking again?

use std::time::Duration;

/// Waits that double up to a limit, each shortened by chance by up to a half, so that forty workers
/// that lost their server together do not come back together.
pub struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    pub const fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, next: first }
    }

    pub fn reset(&mut self) {
        self.next = self.first;
    }

    pub fn wait(&mut self) -> Duration {
        let full = self.next;
        self.next = (full * 2).min(self.most);
        full.mul_f64(1.0 - chance() / 2.0)
    }
}

/// From 0 to 1.
fn chance() -> f64 {
    let mut byte = [0];
    // Without a random source all workers wait equally long, which is no error.
    let _ = getrandom::fill(&mut byte);
    f64::from(byte[0]) / 255.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_limit_and_start_again() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(3));
        for full in [1, 2, 3, 3] {
            let wait = backoff.wait();
            assert!(wait <= Duration::from_secs(full) && wait >= Duration::from_millis(full * 500), "{wait:?}");
        }
        backoff.reset();
        assert!(backoff.wait() <= Duration::from_secs(1));
    }
}
