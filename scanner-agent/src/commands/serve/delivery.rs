//! What goes to the archive while people work? Released batches, one after the other, and questions about patient numbers.
//!
//! A server that is away changes nothing at the desk: batches wait, and are offered again.

use std::sync::Arc;
use std::time::Duration;

use record::BatchId;
use serde::Serialize;

use super::desk::{Desk, locked};
use crate::commands::deliver::Archive;
use crate::handover::HandOverError;
use crate::spool::SpoolError;
use crate::stage::Stage;
use crate::station;

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A server that is away is asked again after so long, and then ever less often.
const AGAIN_FIRST: Duration = Duration::from_secs(2);
const AGAIN_MOST: Duration = Duration::from_secs(60);

#[derive(Clone, Serialize)]
#[serde(tag = "phase", rename_all = "kebab-case")]
pub enum Seen {
    /// No server was named: batches wait in the spool.
    Off,
    Idle,
    Sending {
        batch: BatchId,
    },
    Away {
        text: String,
    },
    /// The server answers, and something is not in order.
    Refused {
        text: String,
    },
}

pub struct Delivery(Seen);

impl Delivery {
    pub const fn new(configured: bool) -> Self {
        Self(if configured { Seen::Idle } else { Seen::Off })
    }

    pub fn seen(&self) -> Seen {
        self.0.clone()
    }
}

/// In a thread of its own, for as long as the program runs.
pub fn start(desk: &Arc<Desk>) {
    if matches!(locked(&desk.delivery).0, Seen::Off) {
        return;
    }
    let desk = Arc::clone(desk);
    std::thread::spawn(move || {
        let archive = match Archive::new(&desk.server) {
            Ok(archive) => archive,
            Err(error) => return show(&desk, Seen::Refused { text: format!("{error:#}") }),
        };
        let mut again = AGAIN_FIRST;
        loop {
            match round(&desk, &archive) {
                Ok(()) => {
                    show(&desk, Seen::Idle);
                    again = AGAIN_FIRST;
                    std::thread::sleep(LOOK_EVERY);
                }
                Err(error) => {
                    show(&desk, trouble(&error));
                    std::thread::sleep(again);
                    again = (again * 2).min(AGAIN_MOST);
                }
            }
        }
    });
}

fn show(desk: &Desk, seen: Seen) {
    locked(&desk.delivery).0 = seen;
}

fn round(desk: &Desk, archive: &Archive<'_>) -> anyhow::Result<()> {
    look_up(desk, archive)?;
    for batch in desk.released()? {
        show(desk, Seen::Sending { batch });
        match archive.deliver(&desk.spool, batch, false) {
            // Somebody has it in hand for a moment.
            Err(error) if matches!(error.downcast_ref(), Some(SpoolError::Journal(_))) => {}
            other => drop(other?),
        }
    }
    Ok(())
}

/// Asks for the patients of held batches that nobody has asked for lately.
fn look_up(desk: &Desk, archive: &Archive<'_>) -> anyhow::Result<()> {
    let now = station::now();
    let mut asked = desk.patients_named()?;
    asked.retain(|mrn| desk.patients.is_stale(mrn, now));
    for some in asked.chunks(record::limits::LOOKUP_PATIENTS_MAX) {
        let said = archive.look_up(some)?;
        desk.patients.learn(now, &station::fresh_key(), &said)?;
    }
    Ok(())
}

fn trouble(error: &anyhow::Error) -> Seen {
    let text = format!("{error:#}");
    match error.downcast_ref::<HandOverError>() {
        Some(error) if error.is_away() => Seen::Away { text },
        _ => Seen::Refused { text },
    }
}

impl Desk {
    fn released(&self) -> anyhow::Result<Vec<BatchId>> {
        let batches = self.overview()?.batches;
        let free = batches.into_iter().filter(|batch| batch.stage == Stage::Released && !batch.capturing);
        Ok(free.map(|batch| batch.batch).collect())
    }

    fn patients_named(&self) -> anyhow::Result<Vec<record::Mrn>> {
        let batches = self.overview()?.batches.into_iter().filter(|batch| batch.stage.is_held() || batch.capturing);
        let mut named: Vec<record::Mrn> = batches.flat_map(|batch| batch.patients).collect();
        named.sort_unstable();
        named.dedup();
        Ok(named)
    }
}
