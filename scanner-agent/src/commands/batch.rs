//! `scanner-agent batch`: people look at a held batch, change it, and move it on.

use std::path::Path;

use anyhow::{Context, bail};
use record::BatchId;

use super::{Exit, review, spool_folder};
use crate::cli::{self, BatchAction};
use crate::reel::account::Account;
use crate::reel::{listing, sheet};
use crate::report::{print, print_json};
use crate::spool::{self, Home, Spool, State};
use crate::station;

pub fn run(args: &cli::Batch) -> anyhow::Result<Exit> {
    let folder = spool_folder(&args.folder)?;
    let id = args.batch;
    match &args.action {
        BatchAction::Show => return show(&folder, id, args.json),
        BatchAction::Image { page, out } => return image(&folder, id, *page, out),
        BatchAction::Account { frames: true, .. } => return frames(&folder, id),
        BatchAction::Account { csv, html, .. } => return account(&folder, id, (*csv, *html), args.json),
        _ => {}
    }
    let spool = Spool::open(&folder, station::now)?;
    if !spool.batches()?.contains(&id) {
        bail!("failed to find batch {id}: it does not wait in this spool; `scanner-agent status` lists what does");
    }
    let mut batch = spool.batch(id)?;
    review::act(&mut batch, &args.action, args.by.as_deref())
        .with_context(|| format!("failed to change batch {id}"))?;
    review::print(&folder, id, batch.state(), args.json)?;
    Ok(Exit::Done)
}

/// Looks on, even while another command works.
fn show(home: &Home, id: BatchId, json: bool) -> anyhow::Result<Exit> {
    review::print(home, id, &look(home, id)?, json)?;
    Ok(Exit::Done)
}

/// What came of a reel.
fn account(home: &Home, id: BatchId, (csv, html): (bool, bool), json: bool) -> anyhow::Result<Exit> {
    let state = look(home, id)?;
    let Some(account) = Account::of(&state) else { bail!("failed to account for batch {id}: it is no reel of film") };
    let label = state.reel().map_or("", |reel| &reel.label);
    match (html, json, csv) {
        (true, ..) => print(&sheet::html(&state, &account))?,
        (false, true, _) => print_json(&account)?,
        (false, false, true) => print(&account.csv(label))?,
        (false, false, false) => print(&account.text(label))?,
    }
    Ok(Exit::Done)
}

/// What is on a reel.
fn frames(home: &Home, id: BatchId) -> anyhow::Result<Exit> {
    let state = look(home, id)?;
    if state.reel().is_none() {
        bail!("failed to list the frames of batch {id}: it is no reel of film");
    }
    print(&listing::csv(&state))?;
    Ok(Exit::Done)
}

fn look(home: &Home, id: BatchId) -> anyhow::Result<State> {
    let (waiting, _) = spool::peek(home)?;
    let Some((_, state)) = waiting.into_iter().find(|(waiting, _)| *waiting == id) else {
        bail!("failed to find batch {id}: it does not wait in this spool; `scanner-agent status` lists what does");
    };
    Ok(state)
}

fn image(home: &Home, id: BatchId, page: u32, out: &Path) -> anyhow::Result<Exit> {
    let state = look(home, id)?;
    let placed = state.arranged().into_iter().find(|placed| placed.page == page);
    let placed = placed.with_context(|| format!("failed to find page {page} in batch {id}"))?;
    let blob = spool::peek_blob(home, id, &state.page(&placed).image.digest)?;
    let bytes = blob.read().with_context(|| format!("failed to read page {page} of batch {id}"))?;
    std::fs::write(out, bytes).with_context(|| format!("failed to write {}", out.display()))?;
    Ok(Exit::Done)
}
