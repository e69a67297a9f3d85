//! Each page is read by one worker at a time, and by some worker in the end.

use std::collections::HashSet;

use catalog::{Catalog, Claimed, Priority, Retry};
use record::event::UnreadableReason;
use record::{PageId, Timestamp, limits};

use crate::ledger::{Ledger, START, fields, page};
use crate::{Fresh, on_both};

on_both! {
    eight_workers_never_share_a_page
    a_letter_passes_a_book
    a_lease_ends_and_a_late_worker_is_told
    a_failing_page_backs_off_and_is_given_up
    a_page_whose_readers_are_ended_is_not_at_fault
    a_page_that_takes_its_workers_along_is_exhausted
    a_result_takes_the_page_out
    who_waits_comes_first_and_who_failed_last
    a_page_given_back_has_not_been_tried
    one_delivery_of_a_claim_goes_through
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
    for attempt in 1..limits::READ_FAILURES_MAX {
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

/// Whoever ends a reader does not make the page a bad one: it keeps its turn, and is tried three times all the same.
async fn a_page_whose_readers_are_ended_is_not_at_fault(fresh: Fresh) {
    let catalog = fresh.catalog;
    one_page(&catalog).await;
    for _ in 0..2 * limits::READ_FAILURES_MAX {
        let job = claim(&catalog, 0).await.expect("a page");
        assert_eq!(job.priority, Priority::New);
        let retry = catalog.fail(&job.job, UnreadableReason::Lost, at(-limits::READ_RETRY_SECONDS)).await;
        assert_eq!(retry, Ok(Retry::At(at(0))));
    }
    for failure in 1..=limits::READ_FAILURES_MAX {
        let job = claim(&catalog, 0).await.expect("a page");
        let retry = catalog.fail(&job.job, UnreadableReason::Crashed, at(-60)).await.expect("told");
        assert_eq!(retry == Retry::GiveUp, failure == limits::READ_FAILURES_MAX, "{retry:?}");
    }
}

async fn a_page_that_takes_its_workers_along_is_exhausted(fresh: Fresh) {
    let catalog = fresh.catalog;
    one_page(&catalog).await;
    for attempt in 0..i64::from(limits::READ_CLAIMS_MAX) {
        assert_eq!(catalog.exhausted(at(attempt * 60), 9).await, Ok(vec![]));
        claim(&catalog, attempt * 60).await.expect("a page");
    }
    let end = i64::from(limits::READ_CLAIMS_MAX) * 60;
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

async fn who_waits_comes_first_and_who_failed_last(fresh: Fresh) {
    let (mut ledger, catalog) = (Ledger::default(), fresh.catalog);
    ledger.seal("failed", 1, &[1], fields(None, &[])).apply(&catalog).await;
    let failed = claim(&catalog, 0).await.expect("a page");
    catalog.fail(&failed.job, UnreadableReason::Crashed, at(0)).await.expect("told");
    ledger.seal("new", 1, &[1], fields(None, &[])).seal("opened", 1, &[1, 2, 3, 4], fields(None, &[]));
    ledger.read("opened", 1).apply(&catalog).await;
    catalog.wait_for(page("opened", 3), at(60)).await.expect("raised");
    catalog.wait_for(page("opened", 4), at(120)).await.expect("raised, and nobody set back");
    let waiting = catalog.waiting().await.expect("counts");
    let waiting: Vec<_> = waiting.iter().map(|waiting| (waiting.priority, waiting.pages)).collect();
    assert_eq!(waiting, [(Priority::Awaited, 3), (Priority::New, 1), (Priority::Retry, 1)]);
    let mut order = vec![];
    while let Some(claimed) = claim(&catalog, 200).await {
        order.push((claimed.page.page, claimed.priority));
    }
    let awaited = [3, 2, 4].map(|number| (page("opened", number), Priority::Awaited));
    assert_eq!(order[3..], [(page("new", 1), Priority::New), (page("failed", 1), Priority::Retry)]);
    assert_eq!(order[0], awaited[0], "the page itself");
    assert!(awaited.iter().all(|page| order[..3].contains(page)), "and its neighbours: {order:?}");
}

async fn a_page_given_back_has_not_been_tried(fresh: Fresh) {
    let catalog = fresh.catalog;
    one_page(&catalog).await;
    for _ in 0..=limits::READ_FAILURES_MAX {
        let claimed = claim(&catalog, 0).await.expect("a page");
        assert_eq!(claimed.attempt, 1);
        assert_eq!(catalog.release(&claimed.job).await, Ok(true));
        assert_eq!(catalog.release(&claimed.job).await, Ok(false), "it has been given back");
    }
}

async fn one_delivery_of_a_claim_goes_through(fresh: Fresh) {
    let catalog = fresh.catalog;
    one_page(&catalog).await;
    let job = claim(&catalog, 0).await.expect("a page").job;
    let begin = || catalog.begin_delivery(&job, at(30), 60);
    let both = futures::future::join_all([begin(), begin()]).await;
    assert_eq!(both.iter().filter(|begun| **begun == Ok(true)).count(), 1, "{both:?}");
    assert_eq!(catalog.fail(&job, UnreadableReason::Crashed, at(31)).await, Ok(Retry::Lost));
    assert_eq!(catalog.release(&job).await, Ok(false));
    assert_eq!(claim(&catalog, 80).await, None, "it is on its way");
    catalog.end_delivery(&job).await.expect("ended");
    assert_eq!(begin().await, Ok(true));
    assert_eq!(catalog.was_delivered(&job).await, Ok(false));
    catalog.delivered(&job, at(40)).await.expect("noted");
    assert_eq!(catalog.was_delivered(&job).await, Ok(true));
    catalog.forget_delivered(at(41)).await.expect("forgotten");
    assert_eq!(catalog.was_delivered(&job).await, Ok(false));
    assert!(claim(&catalog, 90).await.is_some(), "whoever began has vanished");
}
