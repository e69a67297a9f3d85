//! How much time has a page taken, and is there some for another attempt?
//!
//! What may be tried is decided by processor time, so that a page reads the same on a busy machine as on an idle one;
//! when to stop, by the clock on the wall.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Of the time limit, the part within which another attempt is begun: four more like the first one fit in. On noise
/// they would not: it keeps Tesseract busy for longer than any text.
const PLENTY_SHARE: u32 = 6;

pub(crate) struct Clock {
    started: Instant,
    busy_before: Duration,
    limit: Duration,
}

impl Clock {
    pub(crate) fn start(limit: Duration) -> Self {
        Self { started: Instant::now(), busy_before: busy(), limit }
    }

    pub(crate) fn left(&self) -> Duration {
        self.limit.saturating_sub(self.started.elapsed())
    }

    /// Time for one more attempt that takes no longer than what came before.
    pub(crate) fn as_much_again(&self) -> Duration {
        self.left().min(self.started.elapsed() + Duration::from_secs(2))
    }

    pub(crate) fn has_plenty(&self) -> bool {
        busy().saturating_sub(self.busy_before) < self.limit / PLENTY_SHARE && self.left() > self.limit / 2
    }
}

/// Processor time of this process, which reads one page at a time.
fn busy() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
