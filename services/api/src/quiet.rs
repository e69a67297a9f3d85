//! How is something large done while people wait for something small? On a thread of its own that
//! lets everything else go first, and so do the threads that it starts.

use std::sync::mpsc::{self, Sender};

use crate::follow::FollowError;

type Job = Box<dyn FnOnce() + Send>;

/// The lowest priority there is.
const NICENESS: i32 = 19;

pub struct Quiet(Sender<Job>);

impl Quiet {
    /// # Errors
    /// Where there is no thread to be had.
    pub fn start() -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel::<Job>();
        std::thread::Builder::new().name("quiet".to_owned()).spawn(move || {
            // On Linux a thread has a niceness of its own, and threads inherit it (nice(2), "C library/kernel differences").
            if let Err(error) = rustix::process::nice(NICENESS) {
                tracing::warn!("what is made in the background is as urgent as all else: {error}");
            }
            waiting.iter().for_each(|job| job());
        })?;
        Ok(Self(jobs))
    }

    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, FollowError> {
        let (done, answer) = tokio::sync::oneshot::channel();
        // Whoever asked may be gone by then.
        let job = move || drop(done.send(work()));
        self.0.send(Box::new(job)).map_err(|_| FollowError::Thread)?;
        answer.await.map_err(|_| FollowError::Thread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn work_is_done_by_a_thread_that_others_come_before() {
        let quiet = Quiet::start().expect("a thread");
        let niceness = || rustix::process::nice(0).expect("asked");
        let before = niceness();
        let started = move || std::thread::spawn(niceness).join().expect("joined");
        assert_eq!(quiet.run(niceness).await.expect("done"), NICENESS);
        assert_eq!(quiet.run(started).await.expect("done"), NICENESS, "and by those that it starts");
        assert_eq!(niceness(), before, "nobody else is slowed");
    }
}
