//! How far are we, and how long will it take? On stderr, so that stdout stays for results.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// On a terminal a line that is rewritten; in a log a line now and then.
const EVERY_ON_TERMINAL: Duration = Duration::from_millis(200);
const EVERY_IN_LOG: Duration = Duration::from_secs(10);

pub struct Progress {
    what: &'static str,
    unit: &'static str,
    total: usize,
    done: usize,
    started: Instant,
    last: Option<Instant>,
    terminal: bool,
}

impl Progress {
    /// A `total` of 0 is "nobody knows".
    pub fn new(what: &'static str, unit: &'static str, total: usize) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { what, unit, total, done: 0, started: Instant::now(), last: None, terminal }
    }

    pub fn advance(&mut self, by: usize) {
        self.reach(self.done + by);
    }

    pub fn reach(&mut self, done: usize) {
        self.done = done;
        let every = if self.terminal { EVERY_ON_TERMINAL } else { EVERY_IN_LOG };
        if self.last.unwrap_or(self.started).elapsed() < every {
            return;
        }
        self.last = Some(Instant::now());
        let line = describe(self.what, self.unit, self.done, self.total, self.started.elapsed());
        let mut stderr = std::io::stderr();
        // A closed stderr is no reason to stop capturing.
        let _ = if self.terminal { write!(stderr, "\r\x1b[K{line}") } else { writeln!(stderr, "{line}") };
        let _ = stderr.flush();
    }

    /// Says something in between.
    pub fn say(&mut self, text: &str) {
        let begin = if self.terminal { "\r\x1b[K" } else { "" };
        let _ = writeln!(std::io::stderr(), "{begin}{text}");
        self.last = Some(Instant::now());
    }

    pub fn finish(self) {
        if self.terminal && self.last.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

fn describe(what: &str, unit: &str, done: usize, total: usize, elapsed: Duration) -> String {
    if total == 0 || done == 0 {
        return format!("{what}: {done} {unit}");
    }
    let left = elapsed.mul_f64((total.saturating_sub(done)) as f64 / done as f64);
    let (minutes, seconds) = (left.as_secs() / 60, left.as_secs() % 60);
    format!("{what}: {done} of {total} {unit}, about {minutes}:{seconds:02} left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_the_rate() {
        let told = describe("reading", "pages", 20, 60, Duration::from_secs(40));
        assert_eq!(told, "reading: 20 of 60 pages, about 1:20 left");
        assert_eq!(describe("finding", "files", 3, 0, Duration::from_secs(1)), "finding: 3 files");
    }
}
