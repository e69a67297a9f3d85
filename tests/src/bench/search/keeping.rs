//! Does the index stay small, and are pages found at once, while every page is put anew?

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use indexer::{Index, PageDocument};
use serde_json::json;
use tempfile::TempDir;

use super::{COMMIT_PAGES, Pages, put, quantile};
use crate::report::{Report, rounded};

const PAGES: u32 = 10_000;
/// Pages that come together.
const BATCH: u32 = 50;

pub fn run(report: &mut Report, pages: &mut Pages) -> Result<()> {
    let folder = TempDir::new()?;
    let index = Index::open_with(folder.path(), pages.vocabulary())?;
    for from in (0..PAGES).step_by(COMMIT_PAGES as usize) {
        put(&index, &batch(pages, from, COMMIT_PAGES))?;
    }
    let live = bytes(folder.path())?;
    let (mut took, mut segments) = (Vec::new(), 0);
    for from in (0..PAGES).step_by(BATCH as usize) {
        let batch = batch(pages, from, BATCH);
        let started = Instant::now();
        put(&index, &batch)?;
        for page in &batch {
            ensure!(index.contains(&page.page)?, "page {} is not in the index", page.arrived);
        }
        took.push(started.elapsed().as_secs_f64() * 1e3);
        segments = segments.max(index.segments());
    }
    index.retire()?;
    ensure!(index.pages() == u64::from(PAGES), "of {PAGES} pages, the index has {}", index.pages());
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let bench = format!("search, {BATCH} pages put anew until they are found, by the clock, {name}");
        report.line(&json!({"bench": bench, "unit": "ms", "value": rounded(quantile(&mut took, share))}))?;
    }
    report.line(&json!({"bench": "search segments meanwhile, at most", "value": segments}))?;
    let share = bytes(folder.path())? as f64 / live as f64;
    report.line(&json!({"bench": "search bytes after 10,000 updates, of those before", "value": rounded(share)}))
}

fn batch(pages: &mut Pages, from: u32, count: u32) -> Vec<PageDocument> {
    (from..from + count).map(|n| pages.page(n)).collect()
}

fn bytes(folder: &Path) -> Result<u64> {
    std::fs::read_dir(folder)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
}
