//! Old pages are read again, one after the other, behind everything else, and no text is lost by it.

use catalog::{Catalog, PageState, Priority};
use record::campaign::{CampaignState, Comparison, Criteria, Verdict};
use record::{PageId, Timestamp, TrialId};

use crate::ledger::{Ledger, START, campaign, document, fields, page};
use crate::{Fresh, on_both};

on_both! {
    pages_are_read_again_once_and_counted
    whatever_is_new_comes_first
    a_page_that_fails_keeps_its_text
    a_trial_leaves_everything_as_it_was
}

const NOW: Timestamp = Timestamp(START + 1_000_000);

/// Three pages that were read, and a campaign over them.
async fn begun(catalog: &Catalog) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.seal("d", 1, &[1, 2, 3], fields(None, &[])).read("d", 1).read("d", 2).read("d", 3);
    ledger.campaign("c", CampaignState::Running).apply(catalog).await;
    ledger
}

async fn claims(catalog: &Catalog) -> Vec<(PageId, Priority)> {
    let mut claims = vec![];
    while let Some(claimed) = catalog.claim("w", NOW, 60).await.expect("claims") {
        claims.push((claimed.page.page, claimed.priority));
    }
    claims
}

async fn pages_are_read_again_once_and_counted(fresh: Fresh) {
    let catalog = fresh.catalog;
    let mut ledger = begun(&catalog).await;
    assert_eq!(catalog.left(campaign("c")).await, Ok(3));
    assert_eq!(catalog.queue_again(campaign("c"), NOW, 2).await, Ok(2), "a small portion");
    assert_eq!(catalog.queue_again(campaign("c"), NOW, 2).await, Ok(1), "none of them twice");
    assert_eq!(claims(&catalog).await, [1, 2, 3].map(|number| (page("d", number), Priority::Again)));
    ledger.read_again("d", 1, true).read_again("d", 2, false).apply(&catalog).await;
    let found = catalog.campaign(campaign("c")).await.expect("asked").expect("there");
    assert_eq!((found.again, found.better), (2, 1));
    assert_eq!(catalog.left(campaign("c")).await, Ok(1));
    assert_eq!(catalog.queue_again(campaign("c"), NOW, 9).await, Ok(0), "the third is still waiting");
    ledger.campaign("c", CampaignState::Ended).read_again("d", 3, true).apply(&catalog).await;
    let found = catalog.campaigns().await.expect("asked").remove(0);
    assert_eq!((found.again, found.record.state), (2, CampaignState::Ended), "what comes later is not its doing");
}

async fn whatever_is_new_comes_first(fresh: Fresh) {
    let catalog = fresh.catalog;
    let mut ledger = begun(&catalog).await;
    catalog.queue_again(campaign("c"), NOW, 9).await.expect("queued");
    ledger.seal("book", 1, &[1, 2], fields(None, &[])).apply(&catalog).await;
    let order = claims(&catalog).await;
    assert_eq!(order[..2], [1, 2].map(|number| (page("book", number), Priority::New)));
    assert_eq!(order.len(), 5);
}

async fn a_page_that_fails_keeps_its_text(fresh: Fresh) {
    let catalog = fresh.catalog;
    let mut ledger = begun(&catalog).await;
    catalog.queue_again(campaign("c"), NOW, 9).await.expect("queued");
    let pages = catalog.pages_of(document("d")).await.expect("pages");
    assert!(pages.iter().all(|page| page.state == PageState::Read && page.text.is_some()), "readable while they wait");
    ledger.unreadable("d", 1).apply(&catalog).await;
    let after = catalog.pages_of(document("d")).await.expect("pages");
    assert_eq!((after[0].state, after[0].text), (PageState::Read, pages[0].text));
}

async fn a_trial_leaves_everything_as_it_was(fresh: Fresh) {
    let catalog = fresh.catalog;
    begun(&catalog).await;
    let before = catalog.fingerprint().await;
    let trial = TrialId::derived([b"t".as_slice()]);
    let criteria = Criteria { confidence_below: Some(95), ..Criteria::default() };
    catalog.start_trial(trial, &criteria, 2, 7, NOW).await.expect("started");
    assert_eq!(catalog.trial(trial).await, Ok(Some((3, 2, vec![]))));
    let found = Comparison { verdict: Verdict::Better, words_gained: 3, ..Comparison::failed(91) };
    let claimed = catalog.claim("w", NOW, 60).await.expect("claims").expect("a page");
    assert_eq!(claimed.trial, Some(trial));
    catalog.compared(&claimed.job, trial, claimed.page.page, found).await.expect("noted");
    assert_eq!(catalog.by_job(&claimed.job).await, Ok(None));
    assert_eq!(catalog.trial(trial).await, Ok(Some((3, 2, vec![found]))));
    assert_eq!(catalog.fingerprint().await, before);
    let again = TrialId::derived([b"again".as_slice()]);
    catalog
        .start_trial(again, &Criteria { generation_below: Some(1), ..Criteria::default() }, 9, 7, NOW)
        .await
        .expect("started");
    assert_eq!(catalog.trial(again).await, Ok(Some((0, 0, vec![]))), "no page is that old");
}
