//! `chartroom findable`: is every sealed page found by search? Compares catalog and index, page
//! by page, while the server runs or not.

use anyhow::{Context as _, bail};
use catalog::Catalog;
use indexer::Index;
use record::PageId;
use serde::Serialize;

use super::say;
use crate::config::DataDir;

/// Pages asked for at a time, and pages named of those that are missing.
const PAGES: u32 = 5_000;
const NAMED_MAX: usize = 100;

#[derive(Default, Serialize)]
struct Report {
    /// Pages that are sealed and not withdrawn.
    sealed: u64,
    /// Of these: not read yet, not readable, and read.
    waiting: u64,
    unreadable: u64,
    read: u64,
    /// Read, but after the event that the index has come to: found within a second where a server runs.
    behind: u64,
    findable: u64,
    missing: u64,
    /// In the index, and not among those that are read: a document's newest version no longer has them.
    stray: u64,
    /// The first of those missing.
    pages: Vec<PageId>,
}

pub async fn run(data: &DataDir, json: bool) -> anyhow::Result<()> {
    let catalog = Catalog::open(&data.catalog(&data.settings()?)).await?;
    let index = Index::open_to_read(&data.index()).context("failed to open the search index")?;
    let report = compare(&catalog, &index).await?;
    catalog.close().await;
    if json {
        say(&serde_json::to_string(&report)?)?;
    } else {
        tell(&report)?;
    }
    if report.missing > 0 {
        bail!("{} pages are read and not found: run `chartroom rebuild --index`", report.missing);
    }
    // While events are behind, a page may be on its way out.
    if report.stray > 0 && report.behind == 0 {
        bail!("{} pages are found that no document has: run `chartroom rebuild --index`", report.stray);
    }
    Ok(())
}

async fn compare(catalog: &Catalog, index: &Index) -> anyhow::Result<Report> {
    let counts = catalog.page_counts().await?;
    let mut report =
        Report { sealed: counts.sealed, waiting: counts.waiting, unreadable: counts.unreadable, ..Report::default() };
    let (mut after, cursor) = (None, index.cursor());
    loop {
        let pages = catalog.read_pages_after(after, PAGES).await?;
        let Some(last) = pages.last() else {
            report.stray = index.pages().saturating_sub(report.findable);
            return Ok(report);
        };
        after = Some(last.page);
        for page in &pages {
            report.read += 1;
            if index.contains(&page.page)? {
                report.findable += 1;
            } else if page.read_index >= cursor {
                report.behind += 1;
            } else {
                report.missing += 1;
                report.pages.extend((report.pages.len() < NAMED_MAX).then_some(page.page));
            }
        }
    }
}

fn tell(report: &Report) -> anyhow::Result<()> {
    let Report { sealed, waiting, unreadable, read, behind, findable, missing, stray, pages } = report;
    say(&format!(
        "{sealed} pages are sealed: {waiting} wait to be read, {unreadable} cannot be read, {read} are read"
    ))?;
    say(&format!(
        "{findable} are found by search, {behind} will be in a moment, {missing} are missing, {stray} are found and should not be"
    ))?;
    pages.iter().try_for_each(|page| say(&format!("missing: {page}")))
}
