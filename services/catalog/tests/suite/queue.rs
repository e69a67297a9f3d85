//! Each page is read by one worker at a time, and by some worker in the end.

use std::collections::HashSet;

use catalog::{Catalog, Claimed, Retry};
use record::event::UnreadableReason;
use record::{PageId, Timestamp, limits};

use crate::ledger::{Ledger, START, fields, page};
use crate::{Fresh, on_both};

on_both! {
    eight_workers_never_share_a_page
    a_letter_passes_a_book
    a_lease_ends_and_a_late_worker_is_told
    a_failing_page_backs_off_and_is_given_up
    a_page_that_kills_its_readers_is_exhausted
    a_result_takes_the_page_out
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(START + seconds * 1000)
}

async fn claim(catalog: &Catalog, seconds: i64) -> Option<Claimed> {
    catalog.claim("w", at(seconds), 60).await.expect("claims")
}

async fn one_page(catalog: &Catalog) {
    Ledger::default().seal("d", 1, &[1], fields(None, &[])).apply(catalog).await;
}

async fn eight_workers_never_share_a_page(fresh: Fresh) {
    let mut ledger = Ledger::default();
    let numbers: Vec<u32> = (1..=100).collect();
    ledger.seal("d", 1, &numbers, fields(None, &[])).seal("e", 1, &numbers, fields(None, &[]));
    ledger.apply(&fresh.catalog).await;
    let work = |worker: u32, catalog: Catalog| async move {
        let mut mine: Vec<PageId> = vec![];
        while let Some(claimed) = catalog.claim(&format!("w{worker}"), at(0), 60).await.expect("claims") {
            mine.push(claimed.page.page);
        }
        mine
    };
    let workers = (0..8).map(|worker| tokio::spawn(work(worker, fresh.catalog.clone())));
    let found = futures::future::try_join_all(workers).await.expect("no worker panics").concat();
    assert_eq!(found.len(), 200);
    assert_eq!(found.into_iter().collect::<HashSet<_>>().len(), 200, "no page twice");
}

/// Within one document pages come in order; a document that came later need not wait for all of them.
async fn a_letter_passes_a_book(fresh: Fresh) {
    let mut ledger = Ledger::default();
    ledger.seal("book", 1, &[1, 2, 3, 4], fields(None, &[])).seal("letter", 1, &[1, 2], fields(None, &[]));
    ledger.apply(&fresh.catalog).await;
    let mut order = vec![];
    while let Some(claimed) = claim(&fresh.catalog, 0).await {
        order.push(claimed.page.page);
    }
    let expected = [("book", 1), ("letter", 1), ("book", 2), ("letter", 2), ("book", 3), ("book", 4)];
    assert_eq!(order, expected.map(|(name, number)| page(name, number)));
}

async fn a_lease_ends_and_a_late_worker_is_told(fresh: Fresh) {
    let catalog = fresh.catalog;
    one_page(&catalog).await;
    let first = claim(&catalog, 0).await.expect("a page");
    assert_eq!((first.attempt, first.page.width, first.page.media_type.as_str()), (1, 1700, "image/png"));
    assert_eq!(claim(&catalog, 59).await, None);
    assert_eq!(catalog.beat(&first.job, at(59), 60).await, Ok(true));
    assert_eq!(claim(&catalog, 60).await, None, "the beat made it longer");
    assert_eq!(catalog.by_job(&first.job).await.expect("job"), Some(first.clone()));
    let second = claim(&catalog, 119).await.expect("the lease has ended");
    assert_eq!((second.attempt, second.page.page), (2, first.page.page));
    assert_eq!(catalog.by_job(&first.job).await, Ok(None));
    assert_eq!(catalog.beat(&first.job, at(120), 60).await, Ok(false));
    assert_eq!(catalog.fail(&first.job, UnreadableReason::Crashed, at(120)).await, Ok(Retry::Lost));
    assert_eq!(catalog.by_job(&second.job).await.expect("job"), Some(second));
}

async fn a_failing_page_backs_off_and_is_given_up(fresh: Fresh) {
    let catalog = fresh.catalog;
    one_page(&catalog).await;
    let (mut now, mut pause) = (0, limits::READ_RETRY_SECONDS);
    for attempt in 1..limits::READ_ATTEMPTS_MAX {
        let job = claim(&catalog, now).await.expect("a page");
        assert_eq!(job.attempt, attempt);
        let retry = catalog.fail(&job.job, UnreadableReason::TimedOut, at(now)).await;
        assert_eq!(retry, Ok(Retry::At(at(now + pause))));
        assert_eq!(claim(&catalog, now + pause - 1).await, None);
        now += pause;
        pause *= 2;
    }
    let last = claim(&catalog, now).await.expect("a page");
    assert_eq!(catalog.fail(&last.job, UnreadableReason::Crashed, at(now)).await, Ok(Retry::GiveUp));
    assert_eq!(claim(&catalog, now + 30).await, None);
    assert_eq!(catalog.exhausted(at(now + 30), 9).await, Ok(vec![]), "whoever gave it up has time to say so");
    let left = catalog.exhausted(at(now + 60), 9).await.expect("exhausted");
    assert_eq!(left[0].reason, Some(UnreadableReason::Crashed));
}

async fn a_page_that_kills_its_readers_is_exhausted(fresh: Fresh) {
    let catalog = fresh.catalog;
    one_page(&catalog).await;
    for attempt in 0..i64::from(limits::READ_ATTEMPTS_MAX) {
        assert_eq!(catalog.exhausted(at(attempt * 60), 9).await, Ok(vec![]));
        claim(&catalog, attempt * 60).await.expect("a page");
    }
    let end = i64::from(limits::READ_ATTEMPTS_MAX) * 60;
    assert_eq!(claim(&catalog, end).await, None);
    let exhausted = catalog.exhausted(at(end), 9).await.expect("exhausted");
    assert_eq!((exhausted.len(), exhausted[0].page.page, exhausted[0].reason), (1, page("d", 1), None));
    Ledger::default().seal("d", 1, &[1], fields(None, &[])).unreadable("d", 1).apply(&catalog).await;
    assert_eq!(catalog.exhausted(at(end), 9).await, Ok(vec![]));
}

async fn a_result_takes_the_page_out(fresh: Fresh) {
    let (mut ledger, catalog) = (Ledger::default(), fresh.catalog);
    ledger.seal("d", 1, &[1, 2], fields(None, &[])).apply(&catalog).await;
    let job = claim(&catalog, 0).await.expect("a page");
    assert!(catalog.by_job(&job.job).await.expect("job").is_some());
    ledger.read("d", 1).apply(&catalog).await;
    assert_eq!(catalog.by_job(&job.job).await, Ok(None));
    assert_eq!(claim(&catalog, 0).await.expect("the other page").page.page, page("d", 2));
    assert_eq!(catalog.counts().await.expect("counts").queued, 1);
}
