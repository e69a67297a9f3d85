//! What commands do to a held batch, and how they tell of it.

use anyhow::{anyhow, bail};
use record::manifest::{Extraction, OriginalPage};
use record::{BatchId, Descriptor, Digest};
use serde::Serialize;

use crate::arrange::{Edit, Placed};
use crate::cli;
use crate::codes::Code;
use crate::fault::Mishap;
use crate::plan::{self, Outline};
use crate::quality::{Flag, Quality};
use crate::report::{counted, print as print_text, print_json};
use crate::rules::Rules;
use crate::spool::event::{CapturedPage, Event};
use crate::spool::{Batch, State};
use crate::stage::Stage;
use crate::unpack::Unpacked;

/// Leaves a captured batch for people to look at, unless they are at it already.
pub fn hold(batch: &mut Batch, args: &cli::Hold) -> anyhow::Result<()> {
    if let Some(sheets) = args.expect.filter(|sheets| batch.state().expected != Some(*sheets)) {
        batch.record(Event::Expected { sheets })?;
    }
    if !batch.state().stage().is_held() {
        batch.record(Event::Moved { stage: Stage::Review, reason: None })?;
    }
    Ok(())
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
    CapturedPage { image, width, height, dpi, from: Some(from), brought: None, codes, quality }
}

#[derive(Serialize)]
struct BatchReport {
    batch: BatchId,
    name: String,
    stage: Stage,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<u32>,
    sheets: u32,
    faults: Vec<Mishap>,
    /// Why it cannot be released as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    miscount: Option<String>,
    documents: Vec<Outline>,
    pages: Vec<PageReport>,
    /// Operations that `undo` can take back.
    edits: usize,
}

#[derive(Serialize)]
struct PageReport {
    page: u32,
    /// The name of the page's file in the spool.
    image: Digest,
    hidden: bool,
    turned: bool,
    width: u32,
    height: u32,
    dpi: u32,
    flags: Vec<Flag>,
    /// Absent until somebody has looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<Quality>,
    codes: Vec<Code>,
}

impl BatchReport {
    fn of(batch: BatchId, state: &State) -> anyhow::Result<Self> {
        let text = state.opened.as_ref().and_then(|opened| opened.rules.as_deref());
        let broken = |reason| anyhow!("failed to read the batch's rules: {reason}");
        let rules = Rules::of(text).map_err(broken)?;
        let order = state.arranged();
        Ok(Self {
            batch,
            name: state.name().to_owned(),
            stage: state.stage(),
            expected: state.expected,
            sheets: state.sheets_fed(),
            faults: state.faults.clone(),
            miscount: state.miscount(),
            documents: plan::outline(state).map_err(broken)?,
            pages: order.iter().map(|placed| page(state, placed, &rules)).collect(),
            edits: state.edits.len(),
        })
    }

    fn text(&self) -> String {
        let (pages, documents) = (counted(self.pages.len(), "page"), counted(self.documents.len(), "document"));
        let mut text =
            format!("Batch “{}” ({}): {}, {pages}, {documents}.\n", self.name, self.batch, self.stage.name());
        if let Some(miscount) = &self.miscount {
            text += &format!("  {miscount}\n");
        }
        for page in &self.pages {
            let begins = self.documents.iter().position(|outline| outline.pages.first() == Some(&page.page));
            if let Some(number) = begins {
                text += &format!("  document {}: {}\n", number + 1, self.documents[number].text());
            }
            text += &format!("    page {}{}\n", page.page, page.remarks());
        }
        text
    }
}

impl PageReport {
    fn remarks(&self) -> String {
        let mut remarks: Vec<String> = self.flags.iter().map(|flag| flag.explain().to_owned()).collect();
        let states = [(self.hidden, "hidden"), (self.turned, "turned"), (self.quality.is_none(), "not looked at")];
        remarks.extend(states.into_iter().filter(|(is, _)| *is).map(|(_, what)| what.to_owned()));
        remarks.extend(self.codes.iter().map(|code| code.format.clone()));
        if remarks.is_empty() { String::new() } else { format!(": {}", remarks.join(", ")) }
    }
}

fn page(state: &State, placed: &Placed, rules: &Rules) -> PageReport {
    let page = state.page(placed);
    PageReport {
        page: placed.page,
        image: page.image.digest,
        hidden: placed.hidden || plan::is_hidden_blank(page, rules),
        turned: placed.turned.is_some(),
        width: page.width,
        height: page.height,
        dpi: page.dpi,
        flags: page.quality.as_ref().map_or(Vec::new(), |quality| quality.flags(&rules.quality)),
        quality: page.quality.clone(),
        codes: page.codes.clone().unwrap_or_default(),
    }
}

/// Tells of a batch as it stands.
pub fn print(batch: BatchId, state: &State, json: bool) -> anyhow::Result<()> {
    let report = BatchReport::of(batch, state)?;
    if json { print_json(&report) } else { print_text(&report.text()) }
}
