//! How fast does this worker read, and when will the queue be empty?

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::server::Server;
use crate::stop::Stop;

const MINUTE: Duration = Duration::from_secs(60);

/// Pages that were read and handed in.
#[derive(Default)]
pub struct Tally(AtomicU64);

impl Tally {
    pub fn count_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Says once a minute how it goes; says nothing of a minute without pages.
    pub async fn tell(&self, server: &Server, stop: &mut Stop) {
        let mut began = Instant::now();
        while !stop.is_asked() {
            stop.sleep(MINUTE).await;
            let pages = self.0.swap(0, Ordering::Relaxed);
            let a_minute = per_minute(pages, began.elapsed());
            began = Instant::now();
            match server.queue_length().await {
                _ if pages == 0 => {}
                Ok(queue) => tracing::info!(
                    pages,
                    waiting = queue.waiting,
                    minutes_left = minutes_left(queue.waiting, a_minute),
                    "{a_minute:.1} pages a minute"
                ),
                Err(error) => tracing::info!(pages, "{a_minute:.1} pages a minute; failed to {error}"),
            }
        }
    }
}

fn per_minute(pages: u64, time: Duration) -> f64 {
    pages as f64 * 60.0 / time.as_secs_f64().max(1.0)
}

/// If nobody else helps and nothing is added.
fn minutes_left(waiting: u64, a_minute: f64) -> u64 {
    (waiting as f64 / a_minute).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_takes_as_long_as_the_pace_says() {
        let pace = per_minute(45, Duration::from_secs(30));
        assert_eq!((pace.round() as u64, minutes_left(91, pace), minutes_left(0, pace)), (90, 2, 0));
    }
}
