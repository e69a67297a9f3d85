//! How fast may pages go out, where the line is not only the station's?

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use record::limits;

/// Below this the headers would be more than the pages.
const PIECE_BYTES_MIN: u64 = 16 * 1024;

/// At most so many bytes a second on average, in pieces of a second.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    rate: Option<NonZeroU64>,
    /// What was sent so far is paid for then.
    free_at: Instant,
}

impl Pace {
    pub fn new(rate: Option<NonZeroU64>, now: Instant) -> Self {
        Self { rate, free_at: now }
    }

    /// Bytes to send in one go.
    pub fn piece(&self) -> usize {
        let most = limits::UPLOAD_CHUNK_BYTES_MAX as u64;
        self.rate.map_or(most, |rate| rate.get().clamp(PIECE_BYTES_MIN, most)) as usize
    }

    /// How long to wait before so many bytes are sent.
    pub fn before(&mut self, bytes: usize, now: Instant) -> Duration {
        let Some(rate) = self.rate else { return Duration::ZERO };
        let start = self.free_at.max(now);
        self.free_at = start + Duration::from_secs_f64(bytes as f64 / rate.get() as f64);
        start - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_carries_more_than_the_rate() {
        let begun = Instant::now();
        let mut pace = Pace::new(NonZeroU64::new(100_000), begun);
        assert_eq!(pace.piece(), 100_000);
        let waits = [50_000, 100_000, 25_000].map(|bytes| pace.before(bytes, begun));
        assert_eq!(waits, [0, 500, 1_500].map(Duration::from_millis));
        // What was not used up is not saved for later.
        let later = begun + Duration::from_secs(60);
        assert_eq!(pace.before(100_000, later), Duration::ZERO);
        assert_eq!(pace.before(1, later), Duration::from_secs(1));
        assert_eq!(Pace::new(None, begun).before(1 << 40, begun), Duration::ZERO);
    }
}
