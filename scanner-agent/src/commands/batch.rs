//! `scanner-agent batch`: people look at a held batch, change it, and move it on.

use anyhow::{Context, bail};
use record::BatchId;

use super::{Exit, review, spool_folder};
use crate::cli::{self, BatchAction};
use crate::spool::Spool;
use crate::station;

pub fn run(args: &cli::Batch) -> anyhow::Result<Exit> {
    let folder = spool_folder(&args.folder)?;
    let id = args.batch;
    if matches!(args.action, BatchAction::Show) {
        return show(&folder, id, args.json);
    }
    let spool = Spool::open(&folder, station::now)?;
    if !spool.batches()?.contains(&id) {
        bail!("failed to find batch {id}: it does not wait in this spool; `scanner-agent status` lists what does");
    }
    let mut batch = spool.batch(id)?;
    review::act(&mut batch, &args.action, args.by.as_deref()).with_context(|| format!("failed to change batch {id}"))?;
    review::print(&folder, id, batch.state(), args.json)?;
    Ok(Exit::Done)
}

/// Looks on, even while another command works.
fn show(folder: &std::path::Path, id: BatchId, json: bool) -> anyhow::Result<Exit> {
    let (waiting, _) = crate::spool::peek(folder)?;
    let Some((_, state)) = waiting.into_iter().find(|(waiting, _)| *waiting == id) else {
        bail!("failed to find batch {id}: it does not wait in this spool; `scanner-agent status` lists what does");
    };
    review::print(folder, id, &state, json)?;
    Ok(Exit::Done)
}
