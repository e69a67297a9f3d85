//! What the server asks is answered right.

use catalog::Retry;
use record::event::{Role, UnreadableReason};
use record::manifest::ExceptionCode;
use record::{Digest, EventKind, Mrn, Timestamp, limits};

use crate::ledger::{Ledger, START, account, batch, document, fields, page};
use crate::{Fresh, on_both};

on_both! {
    a_batch_counts_its_pages
    what_needs_a_person_is_listed
    a_timeline_tells_the_whole_life
    accounts_and_tokens_come_from_the_ledger
    patients_are_found_by_name_and_number
    sessions_end
    an_empty_catalog_answers_too
}

async fn a_batch_counts_its_pages(fresh: Fresh) {
    let (mut ledger, catalog) = (Ledger::default(), fresh.catalog);
    ledger.batch(None).seal("d", 1, &[1, 2, 3], fields(Some("MRN-1"), &[])).seal("e", 1, &[1], fields(None, &[]));
    ledger.read("d", 1).read("d", 2).unreadable("e", 1).apply(&catalog).await;
    let status = catalog.batch_status(batch("b")).await.expect("status").expect("is there");
    assert_eq!((status.closed, status.captured, status.documents, status.exceptions), (false, 0, 2, 1));
    assert_eq!((status.sealed, status.read, status.attention, status.indexed), (4, 2, 1, 0));
    catalog.mark_indexed(4).await.expect("marks");
    let indexed = catalog.batch_status(batch("b")).await.expect("status").expect("is there").indexed;
    assert_eq!(indexed, 1, "the index has folded events 0 to 3, and event 3 is the first read");
    ledger.read("d", 3).batch(Some(6)).apply(&catalog).await;
    catalog.mark_indexed(8).await.expect("marks");
    let newest = catalog.batches(0, 10).await.expect("batches");
    let status = newest[0].status();
    assert_eq!((status.captured, status.refused, status.indexed), (6, 1, 3));
    assert!(status.is_searchable());
    let record = catalog.batch_record(batch("b")).await.expect("record").expect("is there");
    assert_eq!(record.closed.expect("closed").refused[0].reason, "cut short");
    assert!(!format!("{newest:?}").contains("Monday"), "a batch's name may be a patient's");
    assert_eq!(catalog.batches(1, 10).await.expect("batches"), []);
    assert_eq!(catalog.documents_of_batch(batch("b")).await.expect("documents").len(), 2);
}

async fn what_needs_a_person_is_listed(fresh: Fresh) {
    let (mut ledger, catalog) = (Ledger::default(), fresh.catalog);
    ledger.seal("fine", 1, &[1, 2], fields(Some("MRN-1"), &[]));
    ledger.seal("torn", 1, &[1], fields(Some("MRN-2"), &[ExceptionCode::TwoSheetsOnPage, ExceptionCode::UnknownMrn]));
    ledger.seal("bare", 1, &[1], fields(None, &[])).unreadable("fine", 2).apply(&catalog).await;
    let open = catalog.exceptions(0, 10).await.expect("exceptions");
    let codes: Vec<Vec<_>> = open.iter().map(|it| it.exceptions.iter().map(|it| it.code).collect()).collect();
    assert_eq!(
        codes,
        [vec![ExceptionCode::TwoSheetsOnPage, ExceptionCode::UnknownMrn], vec![ExceptionCode::NoPatient]]
    );
    assert_eq!(open[0].document.document, document("torn"));
    assert_eq!(open[0].exceptions[0].page, Some(3));
    let second = catalog.exceptions(1, 1).await.expect("exceptions");
    assert_eq!((second.len(), second[0].document.document), (1, document("bare")));
    assert_eq!(second[0].exceptions.len(), 1);
    let counts = catalog.counts().await.expect("counts");
    assert_eq!((counts.documents, counts.unfiled, counts.pages_unreadable, counts.queued), (3, 2, 1, 3));
    assert_eq!(counts.oldest_queued, Some(Timestamp(START)));
}

async fn a_timeline_tells_the_whole_life(fresh: Fresh) {
    let ledger = Ledger::everything();
    ledger.apply(&fresh.catalog).await;
    let timeline = fresh.catalog.timeline(document("open")).await.expect("timeline");
    let told: Vec<_> = timeline.iter().map(|it| (it.event_index, it.event.name())).collect();
    assert_eq!(told, [(5, "sealed"), (9, "read"), (13, "sealed"), (14, "sealed"), (20, "read"), (30, "read")]);
    assert!(matches!(timeline[2].event, EventKind::Sealed { version: 2, pages: 2, .. }));
    let versions = fresh.catalog.versions(document("open")).await.expect("versions");
    let sealed: Vec<_> = versions.iter().map(|it| (it.version, it.sealed_index, it.filed)).collect();
    assert_eq!(sealed, [(1, 5, false), (2, 13, true)], "the first sealed version 2 is the one");
    let found = fresh.catalog.document(document("open")).await.expect("document").expect("is there");
    assert_eq!((found.version, found.pages, found.sealed_index), (2, 2, 13));
    assert_eq!(found.mrn.as_ref().map(Mrn::reveal), Some("MRN-2"));
    assert!(!format!("{found:?}").contains("MRN-2"));
}

async fn accounts_and_tokens_come_from_the_ledger(fresh: Fresh) {
    let (mut ledger, catalog) = (Ledger::default(), fresh.catalog);
    ledger.account("ada", Role::Admin, false).account("bob", Role::Searcher, false).token("one", false);
    ledger.token("two", false).token("one", true).account("ada", Role::Auditor, true).apply(&catalog).await;
    ledger.station("ward 9", false).station("front desk", false).station("ward 9", true).apply(&catalog).await;
    let stations = catalog.stations().await.expect("stations");
    let stations: Vec<_> = stations.iter().map(|it| (it.key.as_str(), it.revoked)).collect();
    assert_eq!(stations, [("ward 9+key", true), ("front desk+key", false)]);
    let ada = catalog.account_by_login("ada").await.expect("account").expect("is there");
    assert_eq!((ada.account, ada.role, ada.disabled), (account("ada"), Role::Auditor, true));
    assert_eq!(catalog.account(account("ada")).await.expect("account"), Some(ada));
    assert_eq!(catalog.account_by_login("Ada").await.expect("account"), None);
    let logins: Vec<_> = catalog.accounts().await.expect("accounts").into_iter().map(|it| it.login).collect();
    assert_eq!(logins, ["ada", "bob"]);
    let token = catalog.token_by_secret(&Digest::of(b"one")).await.expect("token").expect("is there");
    assert!(token.revoked);
    assert_eq!(catalog.token_by_secret(&Digest::of(b"three")).await.expect("token"), None);
    let names: Vec<_> = catalog.tokens().await.expect("tokens").into_iter().map(|it| it.name).collect();
    assert_eq!(names, ["one", "two"]);
}

async fn patients_are_found_by_name_and_number(fresh: Fresh) {
    let (mut ledger, catalog) = (Ledger::default(), fresh.catalog);
    assert_eq!(catalog.has_patients().await, Ok(false));
    ledger.patients(&[("MRN-1", "Ångström, Ida"), ("MRN-20", "Berg, Ole"), ("X-3", "Ångberg, Per"), ("MRN-2", "Old")]);
    ledger.patients(&[("MRN-2", "Bergman_%, Eva")]).apply(&catalog).await;
    assert_eq!((catalog.has_patients().await, catalog.patient_count().await), (Ok(true), Ok(4)));
    let mrn: Mrn = "MRN-2".parse().expect("a patient number");
    assert_eq!(catalog.patient(&mrn).await.expect("patient").expect("is there").name, "Bergman_%, Eva");
    for (prefix, expected) in [
        ("åNG", vec!["X-3", "MRN-1"]),
        ("berg", vec!["MRN-20", "MRN-2"]),
        ("mrn-2", vec!["MRN-20", "MRN-2"]),
        ("%", vec![]),
        ("b", vec!["MRN-20", "MRN-2"]),
    ] {
        let found = catalog.patients_like(prefix, 10).await.expect("patients");
        let found: Vec<_> = found.iter().map(|it| it.mrn.reveal()).collect();
        assert_eq!(found, expected, "{prefix}");
    }
    assert_eq!(catalog.patients_like("", 3).await.expect("patients").len(), 3);
}

async fn sessions_end(fresh: Fresh) {
    let catalog = fresh.catalog;
    let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
    let at = |seconds: i64| Timestamp(START + seconds * 1000);
    for session in [&one, &two] {
        catalog.create_session(session, account("ada"), at(0), at(limits::SESSION_SECONDS_MAX)).await.expect("creates");
    }
    let idle = limits::SESSION_IDLE_SECONDS;
    catalog.touch_session(&one, at(idle - 1)).await.expect("touches");
    assert_eq!(catalog.session(&one, at(idle)).await.expect("session").expect("lives").account, account("ada"));
    assert_eq!(catalog.session(&two, at(idle)).await.expect("session"), None, "lay idle");
    assert_eq!(catalog.purge_sessions(at(idle)).await, Ok(1));
    catalog.touch_session(&one, at(limits::SESSION_SECONDS_MAX)).await.expect("touches");
    assert_eq!(catalog.session(&one, at(limits::SESSION_SECONDS_MAX)).await.expect("session"), None, "expired");
    assert_eq!(catalog.delete_sessions_of(account("ada")).await, Ok(1));
    catalog.create_session(&two, account("ada"), at(0), at(9)).await.expect("creates");
    catalog.delete_session(&two).await.expect("deletes");
    assert_eq!(catalog.session(&two, at(1)).await.expect("session"), None);
}

async fn an_empty_catalog_answers_too(fresh: Fresh) {
    let catalog = fresh.catalog;
    assert_eq!(catalog.document(document("d")).await, Ok(None));
    assert_eq!(catalog.page(page("d", 1)).await, Ok(None));
    assert_eq!(catalog.batch_status(batch("b")).await, Ok(None));
    assert_eq!(catalog.claim("w", Timestamp(START), 60).await, Ok(None));
    assert_eq!(catalog.fail("no such job", UnreadableReason::Failed, Timestamp(START)).await, Ok(Retry::Lost));
    let counts = catalog.counts().await.expect("counts");
    assert_eq!((counts.documents, counts.oldest_queued), (0, None));
    assert_eq!(catalog.setting("indexed").await, Ok(None));
}
