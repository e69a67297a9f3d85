//! `scanner-agent qc`: a sample of the pages is inspected, perhaps twice, and the findings are counted.

use anyhow::{Context, bail};
use record::{BatchId, Digest};
use serde::Serialize;
use std::collections::BTreeMap;

use super::{Exit, review, spool_folder};
use crate::arrange::Edit;
use crate::cli::qc::By;
use crate::cli::{self, Lots, QcAction};
use crate::report::{counted, print, print_json};
use crate::sampling::{Rate, Single};
use crate::spool::{self, Home, Spool, State};
use crate::stage::Stage;
use crate::station;

pub fn run(args: &cli::Qc) -> anyhow::Result<Exit> {
    let folder = spool_folder(&args.folder)?;
    match &args.action {
        QcAction::Lots { lots } => tell_lots(&folder, lots, args.json),
        QcAction::Next { inspector, blind, lots } => next(&folder, inspector, *blind, lots, args.json),
        QcAction::Accept { batch, page, inspector } => inspect(&folder, *batch, *page, inspector, None),
        QcAction::Reject { batch, page, inspector, reason } => {
            inspect(&folder, *batch, *page, inspector, Some(reason.clone()))
        }
        QcAction::Report { by, csv } => report(&folder, *by, *csv, args.json),
    }?;
    Ok(Exit::Done)
}

/// A page that can be inspected, and what inspectors found: the last word of each, in the order of their first.
struct Page<'a> {
    batch: BatchId,
    state: &'a State,
    page: u32,
    findings: Vec<(&'a str, Option<&'a str>)>,
}

impl Page<'_> {
    fn name(&self) -> String {
        format!("{} {}", self.batch, self.page)
    }

    fn is_inspected(&self) -> bool {
        !self.findings.is_empty()
    }

    /// By the inspector who looked first; the others are there to judge the inspectors.
    fn is_wrong(&self) -> bool {
        self.findings.first().is_some_and(|(_, wrong)| wrong.is_some())
    }

    fn is_looked_at_by(&self, inspector: &str) -> bool {
        self.findings.iter().any(|(by, _)| *by == inspector)
    }

    fn is_in_dispute(&self) -> bool {
        self.findings.iter().any(|(_, wrong)| wrong.is_some() != self.is_wrong())
    }
}

/// The visible pages of batches, by what makes a lot.
fn lots(batches: &[(BatchId, State)], by: By) -> BTreeMap<String, Vec<Page<'_>>> {
    let mut lots: BTreeMap<String, Vec<Page<'_>>> = BTreeMap::new();
    for (batch, state) in batches {
        let visible = state.arranged().into_iter().filter(|placed| !placed.hidden);
        let pages = visible.map(|placed| Page {
            batch: *batch,
            state,
            page: placed.page,
            findings: findings(state, placed.page),
        });
        lots.entry(lot_name(*batch, state, by)).or_default().extend(pages);
    }
    lots.retain(|_, pages| !pages.is_empty());
    lots
}

fn lot_name(batch: BatchId, state: &State, by: By) -> String {
    let opened = state.opened.as_ref();
    match by {
        By::Batch => batch.to_string(),
        By::Operator => opened.and_then(|opened| opened.operator.clone()).unwrap_or_else(|| "not named".into()),
        By::Device => opened.and_then(|opened| opened.source.device.clone()).unwrap_or_else(|| "files".into()),
    }
}

fn findings(state: &State, page: u32) -> Vec<(&str, Option<&str>)> {
    let mut findings: Vec<(&str, Option<&str>)> = Vec::new();
    for edit in &state.edits {
        let Edit::Inspect { page: inspected, inspector, wrong } = edit else { continue };
        if *inspected == page {
            match findings.iter_mut().find(|(by, _)| by == inspector) {
                Some(earlier) => earlier.1 = wrong.as_deref(),
                None => findings.push((inspector, wrong.as_deref())),
            }
        }
    }
    findings
}

/// Batches that people can still work on.
fn open(home: &Home) -> anyhow::Result<Vec<(BatchId, State)>> {
    let (mut batches, _) = spool::peek(home)?;
    batches.retain(|(_, state)| matches!(state.stage(), Stage::Review | Stage::Indexed));
    Ok(batches)
}

#[derive(Serialize)]
struct LotReport {
    lot: String,
    pages: usize,
    #[serde(flatten)]
    plan: Single,
    #[serde(flatten)]
    rate: Rate,
    verdict: &'static str,
}

fn tell_lots(home: &Home, args: &Lots, json: bool) -> anyhow::Result<()> {
    let batches = open(home)?;
    let told: Vec<LotReport> =
        lots(&batches, args.by).into_iter().map(|(lot, pages)| judge(lot, &pages, args)).collect();
    if json {
        return print_json(&told);
    }
    let mut text = String::new();
    for LotReport { lot, pages, plan, rate, verdict } in &told {
        let most = plan.accept.map_or(String::new(), |accept| format!(", at most {accept} may be wrong"));
        let (pages, sample) = (counted(*pages, "page"), plan.sample);
        text += &format!(
            "{lot}: {pages}; {} of {sample} inspected, {} wrong{most}: {verdict}\n",
            rate.inspected, rate.wrong
        );
    }
    print(if text.is_empty() { NOTHING } else { &text })
}

const NOTHING: &str = "Nothing can be inspected: no batch is held. Capture with --hold.\n";

/// Only pages of the sample count: what is looked at because it seems bad says nothing of the others.
fn judge(lot: String, pages: &[Page<'_>], args: &Lots) -> LotReport {
    let sample = drawn(pages, args);
    let plan = Single { sample: sample.len(), ..args.plan().single(pages.len()) };
    let rate = rate(sample.iter().copied());
    let verdict = match plan.accept {
        Some(accept) if rate.wrong > accept => "rejected",
        _ if rate.inspected < plan.sample => "open",
        Some(_) => "accepted",
        None => "inspected",
    };
    LotReport { lot, pages: pages.len(), plan, rate, verdict }
}

fn drawn<'a, 'b>(pages: &'a [Page<'b>], args: &Lots) -> Vec<&'a Page<'b>> {
    let names: Vec<String> = pages.iter().map(Page::name).collect();
    args.plan().draw(&names).into_iter().map(|at| &pages[at]).collect()
}

fn rate<'a, 'b: 'a>(pages: impl Iterator<Item = &'a Page<'b>> + Clone) -> Rate {
    let inspected = pages.clone().filter(|page| page.is_inspected()).count();
    Rate::of(pages.filter(|page| page.is_wrong()).count(), inspected)
}

#[derive(Serialize)]
struct Next {
    batch: BatchId,
    page: u32,
    /// The digest of the page as it looks now; `batch … image` writes it into a file.
    image: Digest,
    /// Pages that this inspector still has to look at, this one among them.
    left: usize,
}

fn next(home: &Home, inspector: &str, blind: bool, args: &Lots, json: bool) -> anyhow::Result<()> {
    let batches = open(home)?;
    let lots = lots(&batches, args.by);
    let waits = |page: &&Page<'_>| !page.is_looked_at_by(inspector) && page.is_inspected() == blind;
    let waiting: Vec<&Page<'_>> = lots.values().flat_map(|pages| drawn(pages, args)).filter(waits).collect();
    let next = match waiting.first() {
        Some(page) => {
            let (batch, number) = (page.batch, page.page);
            Some(Next { batch, page: number, image: image(page)?, left: waiting.len() })
        }
        None => None,
    };
    match next {
        next if json => print_json(&next),
        None => print("Nothing of the sample is left to look at.\n"),
        Some(Next { batch, page, left, .. }) => print(&format!(
            "Batch {batch}, page {page}: `scanner-agent batch {batch} image {page} --out FILE` writes it into a file.\n  {} left. `scanner-agent qc accept {batch} {page} --inspector '{inspector}'`, or `reject … --reason`.\n",
            counted(left, "page"),
        )),
    }
}

fn image(page: &Page<'_>) -> anyhow::Result<Digest> {
    let placed = page.state.arranged().into_iter().find(|placed| placed.page == page.page);
    let placed = placed.with_context(|| format!("failed to find page {}", page.page))?;
    Ok(page.state.page(&placed).image.digest)
}

fn inspect(home: &Home, id: BatchId, page: u32, inspector: &str, wrong: Option<String>) -> anyhow::Result<()> {
    let spool = Spool::open(home, station::now)?;
    if !spool.batches()?.contains(&id) {
        bail!("failed to find batch {id}: it does not wait in this spool; `scanner-agent status` lists what does");
    }
    let found = if wrong.is_some() { "rejected" } else { "accepted" };
    let edit = Edit::Inspect { page, inspector: inspector.to_owned(), wrong };
    review::edit(&mut spool.batch(id)?, edit)
        .with_context(|| format!("failed to inspect page {page} of batch {id}"))?;
    print(&format!("Page {page} is {found} by {inspector}; `scanner-agent batch {id} undo` takes it back.\n"))
}

#[derive(Serialize)]
struct Row {
    name: String,
    pages: usize,
    #[serde(flatten)]
    rate: Rate,
    /// Pages that several inspectors looked at, and those of which they thought differently.
    twice: usize,
    disputed: usize,
}

fn report(home: &Home, by: By, csv: bool, json: bool) -> anyhow::Result<()> {
    let (mut batches, _) = spool::peek(home)?;
    batches.extend(spool::peek_finished(home)?);
    let rows: Vec<Row> = lots(&batches, by).into_iter().map(|(name, pages)| row(name, &pages)).collect();
    match (json, csv) {
        (true, _) => print_json(&rows),
        (false, true) => print(&as_csv(&rows)),
        (false, false) => print(&as_text(&rows)),
    }
}

fn row(name: String, pages: &[Page<'_>]) -> Row {
    let twice = pages.iter().filter(|page| page.findings.len() > 1).count();
    let disputed = pages.iter().filter(|page| page.is_in_dispute()).count();
    Row { name, pages: pages.len(), rate: rate(pages.iter()), twice, disputed }
}

fn as_text(rows: &[Row]) -> String {
    let line = |row: &Row| {
        let rate = row.rate.percent.map_or("nothing inspected".into(), |[rate, low, high]| {
            format!("{rate} % wrong (95 %: {low} to {high} %)")
        });
        let twice = if row.twice > 0 {
            format!("; {} of {} judged twice in dispute", row.disputed, row.twice)
        } else {
            String::new()
        };
        let (pages, rest) = (counted(row.pages, "page"), &row.rate);
        format!("{}: {pages}, {} inspected, {} wrong: {rate}{twice}\n", row.name, rest.inspected, rest.wrong)
    };
    if rows.is_empty() { "Nothing was captured yet.\n".into() } else { rows.iter().map(line).collect() }
}

/// As RFC 4180 has it.
fn as_csv(rows: &[Row]) -> String {
    let mut text = "name,pages,inspected,wrong,percent,low95,high95,twice,disputed\r\n".to_owned();
    for Row { name, pages, rate, twice, disputed } in rows {
        let percent = rate.percent.map_or(",,".to_owned(), |rate| rate.map(|value| value.to_string()).join(","));
        let (name, Rate { inspected, wrong, .. }) = (quoted(name), rate);
        text += &format!("{name},{pages},{inspected},{wrong},{percent},{twice},{disputed}\r\n");
    }
    text
}

/// Names are people's words: one that a spreadsheet would compute is written so that it does not.
fn quoted(name: &str) -> String {
    let guard = if name.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{guard}{}\"", name.replace('"', "\"\""))
}
