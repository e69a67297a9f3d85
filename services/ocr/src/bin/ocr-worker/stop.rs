//! Has somebody asked us to stop?

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// A page that is being read may be finished within this time.
const GRACE: Duration = Duration::from_secs(20);

/// A request to stop: by SIGTERM or SIGINT, or because something has failed for good.
#[derive(Clone)]
pub struct Stop {
    asking: Arc<watch::Sender<bool>>,
    asked: watch::Receiver<bool>,
}

impl Stop {
    /// The first signal asks; the second ends the process.
    pub fn on_signals() -> anyhow::Result<Self> {
        let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
        let (asking, asked) = watch::channel(false);
        let stop = Self { asking: Arc::new(asking), asked };
        let signalled = stop.clone();
        tokio::spawn(async move {
            either(&mut terminate, &mut interrupt).await;
            signalled.ask();
            either(&mut terminate, &mut interrupt).await;
            // The readers go with it: the kernel sees to that.
            tracing::warn!("stopped at once: pages in work are handed out again when their leases end");
            std::process::exit(1);
        });
        Ok(stop)
    }

    pub fn ask(&self) {
        self.asking.send_replace(true);
    }

    pub fn is_asked(&self) -> bool {
        *self.asked.borrow()
    }

    /// Returns as soon as somebody has asked.
    pub async fn asked(&mut self) {
        // The sender lives as long as this does.
        let _ = self.asked.wait_for(|asked| *asked).await;
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

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
