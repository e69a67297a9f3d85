//! `chartroom replay-audit`: do catalog and index show what the ledger says? The ledger is folded anew for it, from its first event.
//! The server may run.

use anyhow::{Context as _, bail};
use indexer::Index;
use record::Event;
use record::event::Actor;

use super::rebuild::remove_database;
use super::{catch_up, open, say};
use crate::config::{DataDir, StoreOptions};
use crate::replay::{self, Audited, Finding, Report};
use crate::state;

pub async fn run(data: &DataDir, options: StoreOptions, json: bool) -> anyhow::Result<()> {
    let (archive, catalog) = open(data, options).await?;
    let index = Index::open_to_read(&data.index()).context("failed to open the search index")?;
    let rules = data.rules()?;
    // Not in a folder for everybody: patients are in it.
    let file = data.path().join("replay-audit.sqlite");
    remove_database(&file)?;
    let audited = Audited { archive: &archive, catalog: &catalog, index: &index, rules: &rules };
    let report = replay::audit(&audited, &file).await?;
    remove_database(&file)?;
    let event = Event { at: state::now(), actor: Actor::System, event: report.event() };
    archive.append(vec![event]).await?;
    catch_up(data, &archive, &catalog).await?;
    catalog.close().await;
    if json {
        say(&serde_json::to_string(&report)?)?
    } else {
        tell(&report)?
    }
    match report.found {
        0 => Ok(()),
        n => bail!("{n} findings: run `chartroom rebuild`, and find out who changed catalog or index"),
    }
}

fn tell(report: &Report) -> anyhow::Result<()> {
    for Finding { kind, what, detail } in &report.findings {
        let kind = serde_json::to_string(kind)?;
        say(&format!("{}: {what}{}{detail}", kind.trim_matches('"'), if detail.is_empty() { "" } else { ": " }))?;
    }
    let Report { events, pages, found, .. } = report;
    say(&format!("{events} events folded anew, {pages} pages looked for by their own words: {found} findings"))
}
