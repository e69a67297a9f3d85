//! `scanner-agent batch`: people look at a held batch, change it, and move it on.

use anyhow::{Context, bail};
use record::BatchId;

use super::deliver::unpacker;
use super::{Exit, review, spool_folder};
use crate::arrange::Edit;
use crate::cli::{self, BatchAction};
use crate::spool::event::Event;
use crate::spool::{Batch, Spool};
use crate::stage::Stage;
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
    act(&mut batch, &args.action).with_context(|| format!("failed to change batch {id}"))?;
    review::print(id, batch.state(), args.json)?;
    Ok(Exit::Done)
}

/// Looks on, even while another command works.
fn show(folder: &std::path::Path, id: BatchId, json: bool) -> anyhow::Result<Exit> {
    let (waiting, _) = crate::spool::peek(folder)?;
    let Some((_, state)) = waiting.into_iter().find(|(waiting, _)| *waiting == id) else {
        bail!("failed to find batch {id}: it does not wait in this spool; `scanner-agent status` lists what does");
    };
    review::print(id, &state, json)?;
    Ok(Exit::Done)
}

fn act(batch: &mut Batch, action: &BatchAction) -> anyhow::Result<()> {
    match action {
        BatchAction::Show => Ok(()),
        BatchAction::Hide { pages } => {
            pages.iter().try_for_each(|page| review::edit(batch, Edit::Hide { page: *page }))
        }
        BatchAction::Unhide { pages } => {
            pages.iter().try_for_each(|page| review::edit(batch, Edit::Show { page: *page }))
        }
        BatchAction::Turn { page, degrees } => turn(batch, *page, *degrees),
        BatchAction::Move { page, before } => review::edit(batch, Edit::Move { page: *page, before: *before }),
        BatchAction::Replace { page, by } => review::edit(batch, Edit::Replace { page: *page, by: *by }),
        BatchAction::Split { page } => review::edit(batch, Edit::Split { page: *page }),
        BatchAction::Join { page } => review::edit(batch, Edit::Join { page: *page }),
        BatchAction::Interleave { reversed } => review::edit(batch, Edit::Interleave { backs_reversed: *reversed }),
        BatchAction::Index { page, fields } => {
            review::edit(batch, Edit::Index { page: *page, fields: fields.captured() })
        }
        BatchAction::Undo => review::undo(batch),
        BatchAction::Expect { sheets } => Ok(batch.record(Event::Expected { sheets: *sheets })?),
        BatchAction::Explain { reason } => Ok(batch.record(Event::Explained { reason: reason.clone() })?),
        BatchAction::Accept => review::move_on(batch, Stage::Indexed, None),
        BatchAction::Release => review::move_on(batch, Stage::Released, None),
        BatchAction::Suspend { reason } => review::move_on(batch, Stage::Suspended, reason.clone()),
        BatchAction::Reject { reason } => review::move_on(batch, Stage::Rejected, Some(reason.clone())),
        BatchAction::Reopen => review::move_on(batch, Stage::Review, None),
    }
}

/// The page as it looks now is turned further, by a child process, and looked at again.
fn turn(batch: &mut Batch, page: u32, degrees: u16) -> anyhow::Result<()> {
    let placed = batch.state().arranged().into_iter().find(|placed| placed.page == page);
    let placed = placed.with_context(|| format!("the batch has no page {page}"))?;
    let before = batch.state().page(&placed).clone();
    let scratch = batch.scratch()?;
    let mut contents = unpacker()?.turn(&batch.blob(&before.image.digest), &scratch, degrees)?;
    let Some((found, path)) = contents.pages.pop() else {
        let reason = contents.refused.pop().map_or_else(String::new, |(_, reason)| reason);
        bail!("the page cannot be turned: it {reason}");
    };
    let bytes = std::fs::read(path).context("failed to read back the turned page")?;
    let image = batch.keep_page(&found.media_type, &bytes)?;
    let master = batch.state().pages[page as usize - 1].page.clone();
    let turned = review::turned(&master, image, found);
    review::edit(batch, Edit::Turn { page, turned: Box::new(turned) })
}
