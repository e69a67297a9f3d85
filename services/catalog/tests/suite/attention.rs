//! What needs a person is listed, in order, for a reason, and goes when somebody has looked.

use catalog::attention::{Standing, Wanted};
use catalog::{Catalog, Need, PageState};
use record::event::UnreadableReason;
use record::words::AttentionReason;

use crate::ledger::{Ledger, batch, document, fields, page, text};
use crate::{Fresh, on_both};

on_both! {
    the_unread_come_first_and_then_the_longest_waiting
    the_list_is_cut_by_reason_batch_and_page
    a_correction_counts_for_the_text_it_was_made_of
    what_a_person_wrote_no_machine_replaces
    what_could_not_be_read_a_person_writes_down
    the_next_page_is_the_one_after
}

const CRASHED: Need = Need::Unreadable(UnreadableReason::TimedOut);
const FAINT: Need = Need::Look(AttentionReason::Faint);
const HAND: Need = Need::Look(AttentionReason::Handwriting);

/// Pages 1 to 5 of one document: read well, doubtful, unreadable, doubtful, waiting.
async fn five(catalog: &Catalog) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.seal("d", 1, &[1, 2, 3, 4, 5], fields(Some("MRN-1"), &[])).read("d", 1);
    ledger.doubt("d", 4, AttentionReason::Handwriting).doubt("d", 2, AttentionReason::Faint).unreadable("d", 3);
    ledger.apply(catalog).await;
    ledger
}

async fn listed(catalog: &Catalog, wanted: Wanted) -> Vec<(u32, Need)> {
    let found = catalog.attention(wanted, 0, 10).await.expect("a list");
    found.iter().map(|it| (it.number, it.reason)).collect()
}

async fn the_unread_come_first_and_then_the_longest_waiting(fresh: Fresh) {
    let catalog = fresh.catalog;
    five(&catalog).await;
    assert_eq!(listed(&catalog, Wanted::default()).await, [(3, CRASHED), (4, HAND), (2, FAINT)]);
    let first = &catalog.attention(Wanted::default(), 0, 1).await.expect("a list")[0];
    assert_eq!((first.page, first.document, first.batch), (page("d", 3), document("d"), batch("b")));
    assert_eq!((first.width, first.height, first.confidence), (1700, 2200, None));
    let counts = catalog.counts().await.expect("counts");
    assert_eq!((counts.pages_unreadable, counts.pages_attention, counts.pages_read), (1, 2, 3));
}

async fn the_list_is_cut_by_reason_batch_and_page(fresh: Fresh) {
    let (mut ledger, catalog) = (five(&fresh.catalog).await, fresh.catalog);
    let of = |reason| Wanted { reason: Some(reason), batch: Some(batch("b")) };
    assert_eq!(listed(&catalog, of(FAINT)).await, [(2, FAINT)]);
    assert_eq!(listed(&catalog, of(CRASHED)).await, [(3, CRASHED)]);
    assert_eq!(listed(&catalog, of(Need::Look(AttentionReason::CutOff))).await, []);
    let elsewhere = Wanted { batch: Some(batch("another")), ..Wanted::default() };
    assert_eq!(listed(&catalog, elsewhere).await, []);
    assert_eq!(catalog.attention(Wanted::default(), 2, 10).await.expect("a list").len(), 1);
    let counts = catalog.attention_counts(None).await.expect("counts");
    let told: Vec<_> = counts.iter().map(|it| (it.reason, it.pages)).collect();
    assert_eq!(told, [(CRASHED, 1), (HAND, 1), (FAINT, 1)]);
    assert_eq!(catalog.attention_counts(elsewhere.batch).await.expect("counts"), []);
    // A page that the document no longer has needs nobody.
    ledger.seal("d", 2, &[1, 2, 5], fields(Some("MRN-1"), &[])).apply(&catalog).await;
    assert_eq!(listed(&catalog, Wanted::default()).await, [(2, FAINT)]);
}

async fn a_correction_counts_for_the_text_it_was_made_of(fresh: Fresh) {
    let (mut ledger, catalog) = (five(&fresh.catalog).await, fresh.catalog);
    ledger
        .correct("d", 2, Some("read"), "first", None)
        .correct("d", 2, Some("read"), "second", None)
        .apply(&catalog)
        .await;
    let (_, found) = catalog.page(page("d", 2)).await.expect("page").expect("is there");
    assert_eq!((found.text, found.corrected, found.read_index), (Some(text("d", 2, "first")), true, Some(5)));
    assert_eq!((found.words, found.confidence, found.attention), (Some(10), Some(100), None));
    assert_eq!(listed(&catalog, Wanted::default()).await, [(3, CRASHED), (4, HAND)]);
    // Only a part was gone through: the page stays, and waits behind the others.
    ledger.correct("d", 4, Some("read"), "part", Some(AttentionReason::Handwriting)).apply(&catalog).await;
    assert_eq!(listed(&catalog, Wanted::default()).await, [(3, CRASHED), (4, HAND)]);
    // A page without a text has none to correct in this way.
    ledger.correct("d", 3, Some("read"), "first", None).apply(&catalog).await;
    assert_eq!(listed(&catalog, Wanted::default()).await, [(3, CRASHED), (4, HAND)]);
    let dump = catalog.dump().await.expect("dumps");
    catalog.clear().await.expect("clears");
    ledger.apply(&catalog).await;
    assert_eq!(catalog.dump().await.expect("dumps"), dump);
}

async fn what_a_person_wrote_no_machine_replaces(fresh: Fresh) {
    let (mut ledger, catalog) = (five(&fresh.catalog).await, fresh.catalog);
    ledger.correct("d", 2, Some("read"), "first", None).doubt("d", 2, AttentionReason::Doubtful).apply(&catalog).await;
    let (_, found) = catalog.page(page("d", 2)).await.expect("page").expect("is there");
    assert_eq!((found.text, found.attention), (Some(text("d", 2, "first")), None));
    ledger.correct("d", 2, Some("first"), "second", None).apply(&catalog).await;
    let (_, found) = catalog.page(page("d", 2)).await.expect("page").expect("is there");
    assert_eq!(found.text, Some(text("d", 2, "second")), "people go on from each other's work");
}

async fn what_could_not_be_read_a_person_writes_down(fresh: Fresh) {
    let (mut ledger, catalog) = (five(&fresh.catalog).await, fresh.catalog);
    ledger.correct("d", 3, None, "written", None).correct("d", 3, None, "later", None);
    // One that waits to be read, and one that has a text, are not written down anew.
    ledger.correct("d", 5, None, "written", None).correct("d", 2, None, "written", None).apply(&catalog).await;
    let found = async |number| catalog.page(page("d", number)).await.expect("page").expect("is there").1;
    let written = found(3).await;
    assert_eq!((written.text, written.reason, written.corrected), (Some(text("d", 3, "written")), None, true));
    assert_eq!(written.state, PageState::Read);
    assert_eq!((found(5).await.text, found(2).await.text), (None, Some(text("d", 2, "read"))));
    ledger.unreadable("d", 3).apply(&catalog).await;
    assert_eq!(found(3).await.text, Some(text("d", 3, "written")));
    assert_eq!(listed(&catalog, Wanted::default()).await, [(4, HAND), (2, FAINT)]);
}

async fn the_next_page_is_the_one_after(fresh: Fresh) {
    let catalog = fresh.catalog;
    five(&catalog).await;
    let next = async |wanted, from| catalog.attention_after(wanted, from).await.expect("asked");
    let at = |number, read_index| Some(Standing { page: page("d", number), read_index });
    assert_eq!(next(Wanted::default(), None).await, Some(page("d", 3)), "the unread first");
    assert_eq!(next(Wanted::default(), at(3, None)).await, Some(page("d", 4)));
    assert_eq!(next(Wanted::default(), at(4, Some(2))).await, Some(page("d", 2)));
    assert_eq!(next(Wanted::default(), at(2, Some(3))).await, None);
    assert_eq!(next(Wanted { reason: Some(FAINT), batch: None }, None).await, Some(page("d", 2)));
    assert_eq!(next(Wanted { reason: Some(FAINT), batch: None }, at(3, None)).await, Some(page("d", 2)));
    assert_eq!(next(Wanted { reason: None, batch: Some(batch("c")) }, None).await, None);
}
