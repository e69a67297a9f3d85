//! Every call to the store fails once, in every way. Nothing acknowledged may be lost.

use std::sync::Arc;

use object_store::memory::InMemory;
use record::Event;

use super::faulty::{Fault, Faulty};
use super::{all_events, hand_over, report, signer, viewed, views};
use crate::{Archive, StoreAddress};

const FAULTS: [Fault; 4] = [Fault::Failed, Fault::FailedButPersisted, Fault::Died, Fault::DiedAfterwards];

/// What a station does: opens, hands over, appends; goes on after errors. Returns what it was
/// told is safe.
async fn session(address: &StoreAddress) -> Vec<Event> {
    let mut acknowledged = Vec::new();
    let Ok(archive) = Archive::open(address, signer()).await else { return acknowledged };
    if let Ok((receipts, _)) = hand_over(&archive, "page").await {
        acknowledged.push(receipts[0].verify(&archive.key()).expect("proven").0);
    }
    // 254 are there: these steps end inside, at and beyond a full tile.
    for range in [300..301, 310..311, 320..330] {
        if archive.append(views(range.clone())).await.is_ok() {
            acknowledged.extend(views(range));
        }
    }
    acknowledged
}

/// Nothing lost, nothing twice, sound, and it goes on.
async fn check(address: &StoreAddress, acknowledged: &[Event], what: &str) {
    let archive = Archive::open(address, signer()).await.unwrap_or_else(|e| panic!("{what}: {e}"));
    archive.append(vec![viewed(999)]).await.unwrap_or_else(|e| panic!("{what}: {e}"));
    let events = all_events(&archive).await;
    for event in acknowledged {
        assert_eq!(events.iter().filter(|other| *other == event).count(), 1, "{what}: {event:?}");
    }
    let report = report(address, None).await;
    assert!(report.findings.is_empty(), "{what}: {:?}", report.findings);
    let unfinished = report.notes.iter().find(|note| note.code == crate::verify::Code::Unpublished);
    assert_eq!(unfinished, None, "{what}");
}

#[tokio::test]
async fn no_fault_loses_what_was_acknowledged() {
    let base = Arc::new(InMemory::new());
    let address = StoreAddress::wrapping(Arc::clone(&base) as _);
    Archive::init(&address, signer()).await.expect("made").append(views(0..253)).await.expect("appended");
    let mut calls = 0;
    for fault in FAULTS {
        for at in 0.. {
            let store = Arc::new(base.fork());
            let faulty = Arc::new(Faulty::new(Arc::clone(&store) as _, fault, at));
            let acknowledged = session(&StoreAddress::wrapping(Arc::clone(&faulty) as _)).await;
            let what = format!("{fault:?} at call {at}");
            check(&StoreAddress::wrapping(store), &acknowledged, &what).await;
            if !faulty.has_struck() {
                assert_eq!(acknowledged.len(), 13, "{what}");
                calls += at;
                break;
            }
        }
    }
    assert!(calls > 100, "only {calls} calls were tried");
}

const FAMILIES: [&str; 7] =
    ["blobs", "manifests", "log/staging", "log/commits", "log/tile/entries", "log/tile/0", "log/checkpoint"];

/// Each put of each kind of object goes wrong in each way, and then the same is tried again, or something else. What follows from what
/// is known is put right; a commit or a checkpoint that is not what was written is refused, and nothing that depends on it is acknowledged.
#[tokio::test]
async fn puts_that_go_wrong_are_put_right_or_refused() {
    let base = Arc::new(InMemory::new());
    let address = StoreAddress::wrapping(Arc::clone(&base) as _);
    Archive::init(&address, signer()).await.expect("made").append(views(0..255)).await.expect("appended");
    for family in FAMILIES {
        for fault in [Fault::Failed, Fault::FailedButPersisted, Fault::Torn, Fault::Zeros] {
            for again in ["page", "another page"] {
                let store = Arc::new(base.fork());
                let faulty = Arc::new(Faulty::at_put(Arc::clone(&store) as _, fault, family));
                let what = format!("{family}, {fault:?}, then {again}");
                let mut acknowledged = Vec::new();
                let archive = Archive::open(&StoreAddress::wrapping(Arc::clone(&faulty) as _), signer()).await;
                let archive = archive.unwrap_or_else(|error| panic!("{what}: {error}"));
                for name in ["page", again] {
                    if let Ok((receipts, _)) = hand_over(&archive, name).await {
                        acknowledged.push(receipts[0].verify(&archive.key()).expect("proven").0);
                    }
                }
                assert!(faulty.has_struck(), "{what}");
                let address = StoreAddress::wrapping(Arc::clone(&store) as _);
                let spoiled = matches!(fault, Fault::Torn | Fault::Zeros);
                if spoiled && ["log/commits", "log/checkpoint"].contains(&family) {
                    assert!(Archive::open(&address, signer()).await.is_err(), "{what}");
                    assert!(family == "log/checkpoint" || acknowledged.is_empty(), "{what}");
                    continue;
                }
                assert!(!acknowledged.is_empty(), "{what}: nothing was possible any more");
                check(&address, &[], &what).await;
                let events = all_events(&Archive::open(&address, signer()).await.expect("opened")).await;
                assert!(acknowledged.iter().all(|event| events.contains(event)), "{what}");
            }
        }
    }
}

/// A put that others overtook when its process died, one that comes to the store when another process has gone on, and one that a store
/// has forgotten which said that it had it: of each kind of object, and then the same is tried again, or something else.
#[tokio::test]
async fn puts_that_come_out_of_order_or_are_lost_lose_nothing_unseen() {
    let base = Arc::new(InMemory::new());
    let address = StoreAddress::wrapping(Arc::clone(&base) as _);
    Archive::init(&address, signer()).await.expect("made").append(views(0..255)).await.expect("appended");
    for family in FAMILIES {
        for fault in [Fault::Overtaken, Fault::Late, Fault::Lost] {
            for again in ["page", "another page"] {
                let store = Arc::new(base.fork());
                let what = format!("{family}, {fault:?}, then {again}");
                out_of_order(&store, (family, fault), again, &what).await;
            }
        }
    }
}

async fn out_of_order(store: &Arc<InMemory>, (family, fault): (&'static str, Fault), again: &str, what: &str) {
    let faulty = Arc::new(Faulty::at_put(Arc::clone(store) as _, fault, family));
    let address = StoreAddress::wrapping(Arc::clone(store) as _);
    let mut acknowledged = Vec::new();
    let dying = Archive::open(&StoreAddress::wrapping(Arc::clone(&faulty) as _), signer()).await.expect("opened");
    if let Ok((receipts, _)) = hand_over(&dying, "page").await {
        acknowledged.push(receipts[0].verify(&dying.key()).expect("proven").0);
    }
    assert!(faulty.has_struck(), "{what}");
    assert_eq!(acknowledged.is_empty(), fault != Fault::Lost, "{what}: what died has said nothing, what lied has");
    faulty.lose().await.expect("lost");
    match Archive::open(&address, signer()).await {
        Ok(archive) => {
            let (receipts, _) = hand_over(&archive, again).await.unwrap_or_else(|error| panic!("{what}: {error}"));
            acknowledged.push(receipts[0].verify(&archive.key()).expect("proven").0);
        }
        // It says which object it cannot do without.
        Err(error) => {
            assert!(fault == Fault::Lost && error.to_string().contains(family), "{what}: {error}");
            return;
        }
    }
    faulty.arrive().await.expect("arrived");
    if fault == Fault::Lost {
        // What was brought again is there again; what nobody could bring is named.
        let report = report(&address, None).await;
        assert!(report.findings.iter().all(|found| found.object.starts_with(family)), "{what}: {:?}", report.findings);
        let brought = again == "page" && ["blobs", "manifests"].contains(&family);
        assert!(report.findings.is_empty() || !brought, "{what}: {:?}", report.findings);
        if !report.findings.is_empty() {
            return;
        }
    } else {
        check(&address, &[], what).await;
    }
    let events = all_events(&Archive::open(&address, signer()).await.expect("opened")).await;
    assert!(acknowledged.iter().all(|event| events.contains(event)), "{what}");
}

#[tokio::test]
async fn init_that_was_cut_off_is_finished_by_open() {
    for fault in FAULTS {
        for at in 0.. {
            let store = Arc::new(InMemory::new());
            let faulty = Arc::new(Faulty::new(Arc::clone(&store) as _, fault, at));
            let made = Archive::init(&StoreAddress::wrapping(Arc::clone(&faulty) as _), signer()).await;
            let address = StoreAddress::wrapping(store);
            match Archive::open(&address, signer()).await {
                Ok(archive) => assert_eq!(archive.size(), 0),
                Err(crate::Error::NotAnArchive) => {
                    assert!(made.is_err(), "{fault:?} at {at}");
                    Archive::init(&address, signer()).await.expect("nothing is there yet");
                }
                Err(error) => panic!("{fault:?} at {at}: {error}"),
            }
            if !faulty.has_struck() {
                break;
            }
        }
    }
}
