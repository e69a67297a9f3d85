//! Equal ledgers give equal tables, whatever happens on the way.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use catalog::{Body, Catalog, CatalogError, PageState};
use record::destruction::DestructionState;
use record::event::Role;
use record::manifest::ExceptionCode;

use crate::ledger::{Ledger, document, fields, page};
use crate::{Fresh, on_both, postgres, sqlite};

on_both! {
    a_gap_is_refused_and_a_repeat_is_passed_over
    a_foreign_body_is_refused_whole
    folding_again_gives_the_same_tables
    what_is_destroyed_leaves_a_tombstone_whether_or_not_it_can_still_be_read
    a_fold_that_breaks_off_leaves_nothing
    a_fold_that_is_dropped_leaves_nothing_or_all
    two_followers_fold_each_event_once
    a_new_version_keeps_what_was_read
    a_page_belongs_to_the_document_that_had_it_first
}

async fn a_gap_is_refused_and_a_repeat_is_passed_over(fresh: Fresh) {
    let ledger = Ledger::everything();
    let catalog = fresh.catalog;
    assert_eq!(catalog.cursor().await, Ok(0));
    assert_eq!(catalog.apply(&ledger.entries[1..3]).await, Err(CatalogError::Gap { expected: 0, found: 1 }));
    assert_eq!(catalog.apply(&ledger.entries[..5]).await, Ok(5));
    let torn = [ledger.entries[5].clone(), ledger.entries[7].clone()];
    assert_eq!(catalog.apply(&torn).await, Err(CatalogError::Gap { expected: 6, found: 7 }));
    assert_eq!(catalog.cursor().await, Ok(5), "nothing of a torn run is kept");
    assert_eq!(catalog.apply(&ledger.entries[3..]).await, Ok(ledger.entries.len() as u64));
    let before = catalog.dump().await;
    ledger.apply(&catalog).await;
    assert_eq!(catalog.dump().await, before);
}

async fn a_foreign_body_is_refused_whole(fresh: Fresh) {
    let mut ledger = Ledger::default();
    ledger.account("ada", Role::Admin, false).seal("d", 1, &[1], fields(None, &[]));
    let before = fresh.catalog.dump().await;
    let right = std::mem::replace(&mut ledger.entries[1].body, Body::None);
    assert_eq!(fresh.catalog.apply(&ledger.entries).await, Err(CatalogError::Body { index: 1 }));
    assert_eq!(fresh.catalog.dump().await, before);
    ledger.entries[1].body = right;
    ledger.apply(&fresh.catalog).await;
}

async fn folding_again_gives_the_same_tables(fresh: Fresh) {
    let ledger = Ledger::everything();
    let catalog = fresh.catalog;
    ledger.apply(&catalog).await;
    let (dump, fingerprint) = (catalog.dump().await.expect("dumps"), catalog.fingerprint().await);
    assert!(dump.len() > 30, "{} lines", dump.len());
    catalog.clear().await.expect("clears");
    assert_eq!(catalog.cursor().await, Ok(0));
    assert_eq!(catalog.counts().await.expect("counts").queued, 0);
    for entry in &ledger.entries {
        catalog.apply(std::slice::from_ref(entry)).await.expect("applies");
    }
    assert_eq!(catalog.dump().await.expect("dumps"), dump);
    assert_eq!(catalog.fingerprint().await, fingerprint);
    ledger_grows_visibly(&catalog, ledger).await;
}

async fn ledger_grows_visibly(catalog: &Catalog, mut ledger: Ledger) {
    let before = catalog.fingerprint().await;
    ledger.view("filed").apply(catalog).await;
    assert_ne!(catalog.fingerprint().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_hold_the_same_rows() {
    let (ledger, small, large) = (Ledger::everything(), sqlite().await, postgres().await);
    ledger.apply(&small.catalog).await;
    ledger.apply(&large.catalog).await;
    assert_eq!(small.catalog.dump().await.expect("dumps"), large.catalog.dump().await.expect("dumps"));
}

/// Breaks the fold off before each event in turn, after the writes of all events before it.
async fn what_is_destroyed_leaves_a_tombstone_whether_or_not_it_can_still_be_read(fresh: Fresh) {
    let ledger = || {
        let mut ledger = Ledger::everything();
        ledger.destroy("open", ["ada", "bob"]);
        // What comes too late changes nothing.
        ledger.seal("open", 3, &[1], fields(Some("MRN-2"), &[])).read("open", 1);
        let late = ledger.entries.len() - 2;
        ledger.entries[late..].iter_mut().for_each(|entry| entry.body = Body::Gone);
        ledger
    };
    let catalog = fresh.catalog;
    ledger().apply(&catalog).await;
    let dump = catalog.dump().await.expect("dumps");
    assert_eq!(catalog.document(document("open")).await.expect("asked"), None);
    assert!(catalog.pages_of(document("open")).await.expect("asked").is_empty());
    assert!(catalog.tombstone(document("open")).await.expect("asked").is_some());
    assert_eq!(catalog.tombstone(document("filed")).await.expect("asked"), None, "one person alone destroys nothing");
    assert!(catalog.document(document("filed")).await.expect("asked").is_some());
    let states: Vec<_> = catalog.destructions(9).await.expect("asked").iter().map(|one| one.state).collect();
    assert_eq!(states, [DestructionState::Destroyed, DestructionState::Proposed]);
    catalog.clear().await.expect("clears");
    ledger().without("open").apply(&catalog).await;
    assert_eq!(catalog.dump().await.expect("dumps"), dump);
}

async fn a_fold_that_breaks_off_leaves_nothing(fresh: Fresh) {
    let (ledger, catalog) = (Ledger::everything(), fresh.catalog);
    let (first, rest) = ledger.entries.split_at(6);
    catalog.apply(first).await.expect("applies");
    let before = catalog.dump().await;
    for broken in 0..rest.len() {
        let mut torn = rest.to_vec();
        torn[broken].index += 1;
        let expected = rest[broken].index;
        assert_eq!(catalog.apply(&torn).await, Err(CatalogError::Gap { expected, found: expected + 1 }));
        assert_eq!(catalog.dump().await, before, "broken off before event {expected}");
    }
    ledger.apply(&catalog).await;
}

/// Drops the fold while it waits, as a crash would: early and late, in the commit too. Where exactly is up to
/// the scheduler, so this says what must hold wherever it is; the case above reaches every event.
async fn a_fold_that_is_dropped_leaves_nothing_or_all(fresh: Fresh) {
    let (ledger, catalog) = (Ledger::everything(), fresh.catalog);
    let (first, rest) = ledger.entries.split_at(6);
    ledger.apply(&catalog).await;
    let all = catalog.dump().await;
    for waits in 0..60 {
        catalog.clear().await.expect("clears");
        catalog.apply(first).await.expect("applies");
        let before = catalog.dump().await;
        let ended = cut(catalog.apply(rest), waits).await;
        // Folding nothing waits until the dropped fold is undone or done.
        let settled = catalog.apply(&[]).await.expect("settles");
        let after = if settled == 6 { &before } else { &all };
        assert_eq!(catalog.dump().await, *after, "dropped at wait {waits}, settled at {settled}");
        assert!(ended.is_none() || settled == ledger.entries.len() as u64, "what ended is there");
    }
    ledger.apply(&catalog).await;
    assert_eq!(catalog.dump().await, all);
}

/// Drops the future when it waits for the time after `waits`; `None` then.
async fn cut<F: Future>(future: F, mut waits: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if waits == 0 => Poll::Ready(None),
        Poll::Pending => {
            waits -= 1;
            Poll::Pending
        }
    })
    .await
}

/// As `chartroom token create` does beside `chartroom serve`.
async fn two_followers_fold_each_event_once(fresh: Fresh) {
    let (ledger, other) = (Ledger::everything(), Catalog::open(&fresh.address).await.expect("opens twice"));
    for end in 1..=ledger.entries.len() {
        let entries = &ledger.entries[..end];
        let (one, two) = tokio::join!(fresh.catalog.apply(entries), other.apply(entries));
        assert_eq!((one, two), (Ok(end as u64), Ok(end as u64)));
    }
    let dump = fresh.catalog.dump().await;
    fresh.catalog.clear().await.expect("clears");
    ledger.apply(&other).await;
    assert_eq!(fresh.catalog.dump().await, dump);
}

async fn a_new_version_keeps_what_was_read(fresh: Fresh) {
    let (mut ledger, catalog) = (Ledger::default(), fresh.catalog);
    ledger.seal("d", 1, &[1, 2, 3], fields(None, &[ExceptionCode::DamagedSheet]));
    ledger.read("d", 1).read("d", 3).apply(&catalog).await;
    assert_eq!(catalog.counts().await.expect("counts").queued, 1);
    // Page 2 goes, page 4 comes, 3 and 1 change places.
    ledger.seal("d", 2, &[3, 1, 4], fields(Some("MRN-1"), &[])).apply(&catalog).await;
    let pages = catalog.pages_of(document("d")).await.expect("pages");
    let seen: Vec<_> = pages.iter().map(|it| (it.page, it.number, it.state, it.read_index)).collect();
    assert_eq!(
        seen,
        [
            (page("d", 3), 1, PageState::Read, Some(2)),
            (page("d", 1), 2, PageState::Read, Some(1)),
            (page("d", 4), 3, PageState::Sealed, None),
        ]
    );
    let (owner, withdrawn) = catalog.page(page("d", 2)).await.expect("page").expect("is still known");
    assert!(withdrawn.withdrawn && owner.filed && owner.version == 2);
    let counts = catalog.counts().await.expect("counts");
    assert_eq!((counts.queued, counts.pages_sealed, counts.pages_read), (1, 1, 2), "only page 4 waits");
    assert_eq!(catalog.exceptions_of(document("d")).await.expect("exceptions"), []);
    let proof = catalog.version(document("d"), 1).await.expect("version").expect("is there");
    assert_eq!((proof.sealed_index, proof.filed), (0, false));
    assert_eq!(owner.sealed_index, 3);
}

/// A station that hands over somebody else's page id gets nothing by it.
async fn a_page_belongs_to_the_document_that_had_it_first(fresh: Fresh) {
    let (mut ledger, catalog) = (Ledger::default(), fresh.catalog);
    ledger.seal("mine", 1, &[1], fields(Some("MRN-1"), &[])).apply(&catalog).await;
    let Body::Sealed { manifest, .. } = &ledger.entries[0].body else { unreachable!("sealed above") };
    let stolen = manifest.pages.clone();
    ledger.seal_pages("thief", 1, stolen, fields(Some("MRN-2"), &[])).read("thief", 1).apply(&catalog).await;
    let (owner, found) = catalog.page(page("mine", 1)).await.expect("page").expect("is there");
    assert_eq!((owner.document, found.state), (document("mine"), PageState::Sealed));
    assert_eq!(catalog.pages_of(document("thief")).await.expect("pages"), []);
}
