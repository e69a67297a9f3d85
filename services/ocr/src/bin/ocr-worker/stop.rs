//! Has somebody asked us to stop?

use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// A page that is nearly read may be finished within this time.
const GRACE: Duration = Duration::from_secs(20);

/// A request to stop, once SIGTERM or SIGINT has come.
#[derive(Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    pub fn on_signals() -> anyhow::Result<Self> {
        let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
        let (asked, stop) = watch::channel(false);
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            asked.send_replace(true);
            // Kept, so that the request is not taken back by closing the channel.
            asked.closed().await;
        });
        Ok(Self(stop))
    }

    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns as soon as somebody has asked.
    pub async fn asked(&mut self) {
        // The sender lives as long as a receiver does.
        let _ = self.0.wait_for(|asked| *asked).await;
    }

    /// Returns when the time to finish a page after the request is over.
    pub async fn overdue(&mut self) {
        self.asked().await;
        tokio::time::sleep(GRACE).await;
    }

    /// Sleeps, unless somebody asks.
    pub async fn sleep(&mut self, time: Duration) {
        tokio::select! {
            () = self.asked() => {}
            () = tokio::time::sleep(time) => {}
        }
    }
}
