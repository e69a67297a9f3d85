//! What people do to a held batch, said on the command line or by the technician's page, how frames of film are cut
//! another way ([`frames`]), and how it is told of ([`report`]).

mod frames;
pub mod report;

use anyhow::{Context, anyhow, bail};
use record::manifest::{Extraction, OriginalPage};
use record::wire::CapturedFields;
use record::{Descriptor, limits};

pub use frames::sew_all;
pub use report::print;

use super::deliver::unpacker;
use crate::arrange::Edit;
use crate::cli::{self, BatchAction};
use crate::plan;
use crate::questions::{self, Known};
use crate::rules::Rules;
use crate::spool::event::{CapturedPage, Event};
use crate::spool::{Batch, State};
use crate::stage::Stage;
use crate::unpack::Unpacked;

/// Does what was said, by whom it was said.
pub fn act(batch: &mut Batch, action: &BatchAction, by: Option<&str>) -> anyhow::Result<()> {
    let name = || by.map(str::to_owned);
    match action {
        BatchAction::Show | BatchAction::Image { .. } | BatchAction::Account { .. } => Ok(()),
        BatchAction::Mark { what, frames } => frames::mark(batch, *what, frames),
        BatchAction::Recut { frame, edges } => frames::recut(batch, *frame, *edges),
        BatchAction::Divide { frame, at } => frames::divide(batch, *frame, *at),
        BatchAction::Merge { frame } => frames::merge(batch, *frame),
        BatchAction::AddFrame { strip, edges } => frames::add(batch, *strip, *edges),
        BatchAction::Pass { pages } => each(batch, pages, |page| Edit::Judge { page, wrong: None, by: name() }),
        BatchAction::Fail { page, reason } => {
            edit(batch, Edit::Judge { page: *page, wrong: Some(reason.clone()), by: name() })
        }
        BatchAction::Hide { pages } => each(batch, pages, |page| Edit::Hide { page }),
        BatchAction::Unhide { pages } => each(batch, pages, |page| Edit::Show { page }),
        BatchAction::Turn { page, degrees } => turn(batch, *page, *degrees),
        BatchAction::Move { page, before } => edit(batch, Edit::Move { page: *page, before: *before }),
        BatchAction::Replace { page, by } => edit(batch, Edit::Replace { page: *page, by: *by }),
        BatchAction::Split { page } => edit(batch, Edit::Split { page: *page }),
        BatchAction::Join { page } => edit(batch, Edit::Join { page: *page }),
        BatchAction::Interleave { reversed } => edit(batch, Edit::Interleave { backs_reversed: *reversed }),
        BatchAction::Index { page, fields } => {
            edit(batch, Edit::Index { page: *page, fields: fields.captured(), by: name() })
        }
        BatchAction::Read { page, text } => {
            let fields = by_code(batch.state(), *page, text)?;
            edit(batch, Edit::Index { page: *page, fields, by: name() })
        }
        BatchAction::Undo => undo(batch),
        BatchAction::Expect { sheets } => Ok(batch.record(Event::Expected { sheets: *sheets })?),
        BatchAction::Explain { reason } => explain(batch, reason),
        BatchAction::Accept => accept(batch),
        BatchAction::Release => move_on(batch, Stage::Released, None),
        BatchAction::Suspend { reason } => move_on(batch, Stage::Suspended, reason.clone()),
        BatchAction::Reject { reason } => move_on(batch, Stage::Rejected, Some(reason.clone())),
        BatchAction::Reopen => move_on(batch, Stage::Review, None),
    }
}

fn explain(batch: &mut Batch, reason: &str) -> anyhow::Result<()> {
    if reason.trim().is_empty() || reason.chars().count() > limits::EXPLANATION_CHARS_MAX {
        bail!("say why in 1 to {} characters", limits::EXPLANATION_CHARS_MAX);
    }
    Ok(batch.record(Event::Explained { reason: reason.trim().to_owned() })?)
}

fn each(batch: &mut Batch, pages: &[u32], with: impl Fn(u32) -> Edit) -> anyhow::Result<()> {
    pages.iter().try_for_each(|page| edit(batch, with(*page)))
}

/// Pages and fields are as they should be, as far as this station can tell.
fn accept(batch: &mut Batch) -> anyhow::Result<()> {
    let rules = rules_of(batch.state())?;
    let asked = questions::questions(batch.state(), &rules, &|_| Known::Unasked);
    // Sheets are counted when the batch is released: until then some may still be fed.
    if let Some(open) = asked.iter().find(|asked| asked.must && asked.code != "miscount") {
        let page = open.page.map_or(String::new(), |page| format!("page {page}: "));
        bail!("{page}{}", open.text);
    }
    move_on(batch, Stage::Indexed, None)
}

/// What a code read by hand says of the document that a page is in, over what is known of it.
fn by_code(state: &State, page: u32, text: &str) -> anyhow::Result<CapturedFields> {
    let rules = rules_of(state)?;
    let said = rules.by_hand(text).map_err(|reason| anyhow!("{reason}"))?;
    let known = plan::outline(state, &rules).into_iter().find(|outline| outline.pages.contains(&page));
    let known = known.map(|outline| outline.fields).unwrap_or_default();
    Ok(CapturedFields {
        mrn: said.mrn.or(known.mrn),
        encounter: said.encounter.or(known.encounter),
        document_type: said.document_type.or(known.document_type),
        department: said.department.or(known.department),
        date: said.date.or(known.date),
        ..CapturedFields::default()
    })
}

fn rules_of(state: &State) -> anyhow::Result<Rules> {
    let text = state.opened.as_ref().and_then(|opened| opened.rules.as_deref());
    Rules::of(text).map_err(|reason| anyhow!("failed to read the batch's rules: {reason}"))
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
    let bytes = path.read().context("failed to read back the turned page")?;
    let image = batch.keep_page(&found.media_type, &bytes)?;
    let master = batch.state().pages[page as usize - 1].page.clone();
    let turned = turned(&master, image, found);
    edit(batch, Edit::Turn { page, turned: Box::new(turned) })
}

/// Leaves a captured batch for people to look at, unless they are at it already.
pub fn hold(batch: &mut Batch, args: &cli::Hold) -> anyhow::Result<()> {
    expect(batch, args.expect)?;
    if !batch.state().stage().is_held() {
        batch.record(Event::Moved { stage: Stage::Review, reason: None })?;
    }
    Ok(())
}

/// Notes how many sheets were laid in: as the operator says, else as a cover sheet announces.
pub fn expect(batch: &mut Batch, said: Option<u32>) -> anyhow::Result<()> {
    let state = batch.state();
    let rules = rules_of(state)?;
    let announced = || state.pages.iter().find_map(|placed| rules.announced(placed.page.codes.as_deref()?));
    let sheets = said.or_else(|| if state.expected.is_none() { announced() } else { None });
    match sheets.filter(|sheets| state.expected != Some(*sheets)) {
        Some(sheets) => Ok(batch.record(Event::Expected { sheets })?),
        None => Ok(()),
    }
}

/// Does one operation, if it can be done.
pub fn edit(batch: &mut Batch, edit: Edit) -> anyhow::Result<()> {
    must_be_open(batch.state())?;
    if let Some(fault) = edit.fault(&batch.state().arranged()) {
        bail!(fault);
    }
    Ok(batch.record(Event::Edited { edit })?)
}

pub fn undo(batch: &mut Batch) -> anyhow::Result<()> {
    must_be_open(batch.state())?;
    if batch.state().edits.is_empty() {
        bail!("there is nothing to take back");
    }
    Ok(batch.record(Event::Undone)?)
}

fn must_be_open(state: &State) -> anyhow::Result<()> {
    match state.stage() {
        Stage::Capturing | Stage::Review | Stage::Indexed => Ok(()),
        stage => bail!("it is {}; `reopen` it first, where that is still possible", stage.name()),
    }
}

pub fn move_on(batch: &mut Batch, stage: Stage, reason: Option<String>) -> anyhow::Result<()> {
    if let Some(fault) = batch.state().cannot_become(stage) {
        bail!(fault);
    }
    Ok(batch.record(Event::Moved { stage, reason })?)
}

/// A page as it is after turning: drawn anew from its master, which it names.
pub fn turned(master: &CapturedPage, image: Descriptor, found: Unpacked) -> CapturedPage {
    let from = match &master.from {
        Some(from) => OriginalPage { how: Extraction::Rendered, ..from.clone() },
        None => OriginalPage { original: master.image.digest, number: 1, how: Extraction::Rendered },
    };
    let (width, height, dpi) = (found.width, found.height, found.dpi);
    let (codes, quality) = (Some(found.codes), found.quality);
    CapturedPage {
        image,
        width,
        height,
        dpi,
        from: Some(from),
        brought: None,
        codes,
        quality,
        frame: master.frame.clone(),
    }
}
