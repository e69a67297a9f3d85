//! How fast may somebody ask? Three buckets, all in memory (a restart empties them).
//!
//! | what | key | burst | then |
//! |---|---|---|---|
//! | any request of a known caller | actor | 2,000 | 1,000 a second |
//! | any request of a stranger | peer address | 200 | 50 a second |
//! | log-in attempts | peer address | 30 | 1 in 2 seconds |
//! | log-in attempts | log-in name | 8 | 1 in 10 seconds |
//!
//! A caller's bucket is wide, because one viewer asks for hundreds of tiles and one station
//! for hundreds of uploads; it only stops a runaway loop. The address is the peer's: behind a
//! reverse proxy all strangers share one bucket, and the proxy has to tell them apart.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use record::Digest;
use record::event::Actor;

use crate::problem::{Problem, Reply};

pub struct Limits {
    callers: DefaultKeyedRateLimiter<Actor>,
    strangers: DefaultKeyedRateLimiter<Option<IpAddr>>,
    addresses: DefaultKeyedRateLimiter<Option<IpAddr>>,
    logins: DefaultKeyedRateLimiter<Digest>,
}

const fn count(n: u32) -> NonZeroU32 {
    match NonZeroU32::new(n) {
        Some(n) => n,
        None => NonZeroU32::MIN,
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            callers: RateLimiter::keyed(Quota::per_second(count(1_000)).allow_burst(count(2_000))),
            strangers: RateLimiter::keyed(Quota::per_second(count(50)).allow_burst(count(200))),
            addresses: RateLimiter::keyed(Quota::per_minute(count(30)).allow_burst(count(30))),
            logins: RateLimiter::keyed(Quota::per_minute(count(6)).allow_burst(count(8))),
        }
    }
}

impl Limits {
    pub fn request(&self, caller: Option<Actor>, peer: Option<IpAddr>) -> Reply<()> {
        match caller {
            Some(actor) => take(&self.callers, &actor),
            None => take(&self.strangers, &peer),
        }
    }

    /// One attempt to log in; the name's hash, so that the bucket holds no names.
    pub fn log_in(&self, login: &str, peer: Option<IpAddr>) -> Reply<()> {
        take(&self.addresses, &peer)?;
        take(&self.logins, &Digest::of(login.as_bytes()))
    }

    /// Forgets who has been quiet; called once a minute, it bounds the memory.
    pub fn forget_quiet(&self) {
        self.callers.retain_recent();
        self.strangers.retain_recent();
        self.addresses.retain_recent();
        self.logins.retain_recent();
    }
}

fn take<K: Hash + Eq + Clone>(limiter: &DefaultKeyedRateLimiter<K>, key: &K) -> Reply<()> {
    limiter.check_key(key).map_err(|until| {
        let wait = until.wait_time_from(DefaultClock::default().now());
        Problem::slow_down(wait.as_secs() + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_passwords_is_slow_and_hurts_no_other_name() {
        let limits = Limits::default();
        let tries = (0..20).filter(|_| limits.log_in("ann", None).is_ok()).count();
        assert!((8..=9).contains(&tries), "{tries}");
        assert!(limits.log_in("bob", None).is_ok());
    }
}
