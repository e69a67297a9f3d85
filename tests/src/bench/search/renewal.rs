//! How long do searches take while the index is made anew beside the one that answers? By the
//! clock, since what they wait for is the processor and the disk: one thread searches, one writes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Result, anyhow};
use indexer::{Index, PageDocument, Scope, SearchRequest};
use tempfile::TempDir;

use super::{COMMIT_PAGES, Class, PAGES, Pages, put, quantile};
use crate::report::Report;

/// Searches asked for before, and at the least meanwhile.
const SEARCHES: usize = 1_000;

pub fn run(report: &mut Report, pages: &mut Pages, index: &Index) -> Result<()> {
    let mut alone = searches(pages, index, |asked| asked < SEARCHES)?;
    let (done, count) = (AtomicBool::new(false), pages.count.min(PAGES));
    let (mut beside, written) = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let written = write(count);
            done.store(true, Ordering::Release);
            written
        });
        let beside = searches(pages, index, |asked| asked < SEARCHES || !done.load(Ordering::Acquire));
        (beside, writing.join())
    });
    written.map_err(|_| anyhow!("the thread that writes the other index has stopped"))??;
    let beside = beside.as_mut().map_err(|error| anyhow!("{error:#}"))?;
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let bench = format!("search while another index is made, by the clock, {name}");
        report.beside(&bench, "us", quantile(beside, share), "nothing beside", quantile(&mut alone, share))?;
    }
    Ok(())
}

/// Microseconds of one search after the other, of all classes in turn.
fn searches(pages: &mut Pages, index: &Index, goes_on: impl Fn(usize) -> bool) -> Result<Vec<f64>> {
    let mut took = Vec::new();
    while goes_on(took.len()) {
        let class = Class::ONCE[took.len() % Class::ONCE.len()];
        let words = pages.query_words(class.words());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let request = SearchRequest::new(&class.query(&words), Scope::FILED);
        let started = Instant::now();
        index.search(&request)?;
        took.push(started.elapsed().as_secs_f64() * 1e6);
    }
    Ok(took)
}

/// The same pages once more, from their beginning.
fn write(count: u32) -> Result<()> {
    // As the server does it: this thread and those of the index that it opens let the searches go first.
    rustix::process::nice(19)?;
    let folder = TempDir::new()?;
    let mut pages = Pages::new(count);
    let index = Index::open_with(folder.path(), pages.vocabulary())?;
    for from in (0..count).step_by(COMMIT_PAGES as usize) {
        let batch: Vec<PageDocument> = (from..from + COMMIT_PAGES).map(|n| pages.page(n)).collect();
        put(&index, &batch)?;
    }
    Ok(())
}
