//! Is the machine's clock to be believed?
//!
//! Events bear its time, and nobody can correct them later. So a clock that jumps while the server runs, back or ahead, is not
//! followed: nothing is appended until it is where it should be again, or the server has been started anew by somebody who looked at it.

use std::time::Duration;

use record::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// The verifier lets ten minutes pass between the times of neighbours; a clock that is put right step by step makes smaller ones.
const JUMP_SECONDS_MAX: i64 = 5 * 60;

/// The clock as it was when the server started, beside one that nobody can set.
pub struct Clock {
    began: Timestamp,
    /// Since the machine was started, asleep or awake.
    up: Duration,
}

impl Clock {
    pub fn start(began: Timestamp) -> Self {
        Self { began, up: up() }
    }

    /// By how many seconds the clock is off what it should be by now, where that is a jump.
    pub fn jumped(&self, now: Timestamp) -> Option<i64> {
        self.off(now, up().saturating_sub(self.up))
    }

    fn off(&self, now: Timestamp, passed: Duration) -> Option<i64> {
        let passed = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
        let off = now.0.saturating_sub(self.began.0).saturating_sub(passed) / 1000;
        (off.abs() > JUMP_SECONDS_MAX).then_some(off)
    }
}

fn up() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_is_one_in_both_directions_and_steps_are_none() {
        let clock = Clock::start(Timestamp(1_700_000_000_000));
        let at = |seconds: i64| clock.off(Timestamp(1_700_000_000_000 + seconds * 1000), Duration::from_secs(7_200));
        assert_eq!([7_200, 7_200 - 299, 7_200 + 299].map(at), [None; 3]);
        assert_eq!([0, 7_200 + 3_600, 7_200 - 86_400].map(at), [Some(-7_200), Some(3_600), Some(-86_400)]);
        assert_eq!(Clock::start(Timestamp(5)).jumped(Timestamp(5)), None);
    }
}
