//! The log's key is changed: who is believed before, at and after it, and what if it is cut off anywhere.

use std::sync::Arc;

use object_store::ObjectStoreExt as _;
use object_store::memory::InMemory;
use object_store::path::Path;
use record::log_key::KeyChange;
use record::note::{self, LogKey, LogSigner};

use super::faulty::{Fault, Faulty};
use super::{TODAY, all_events, at, hand_over, signer, views};
use crate::signer::Held;
use crate::verify::{Ask, Code, Report, verify};
use crate::{Archive, Error, StoreAddress};

const ORIGIN: &str = "chartroom.example/test";

fn second() -> LogSigner {
    LogSigner::from_seed(ORIGIN, &[8; 32]).expect("a good name")
}

fn third() -> LogSigner {
    LogSigner::from_seed(ORIGIN, &[9; 32]).expect("a good name")
}

fn both() -> Held {
    Held::new(signer(), Some(second()))
}

async fn report(address: &StoreAddress, key: &LogKey) -> Report {
    verify(address, key, &Ask::default(), |_| {}).await.expect("can be checked")
}

fn codes(report: &Report) -> Vec<Code> {
    report.findings.iter().map(|finding| finding.code).collect()
}

/// 260 events by the first key, 20 with both while the second counts, 20 by the second alone.
async fn changed() -> Arc<InMemory> {
    let store = Arc::new(InMemory::new());
    let archive = Archive::init(&at(&store), signer()).await.expect("made");
    archive.append(views(0..260)).await.expect("appended");
    drop(archive);
    let archive = Archive::open(&at(&store), both()).await.expect("opened");
    hand_over(&archive, "before").await.expect("sealed");
    assert_eq!(archive.change_key(TODAY, &second().public()).await.expect("changed"), Some(261));
    assert_eq!(archive.change_key(TODAY, &second().public()).await.expect("asked again"), None);
    archive.append(views(300..320)).await.expect("appended");
    drop(archive);
    Archive::open(&at(&store), second()).await.expect("opened").append(views(400..420)).await.expect("appended");
    store
}

#[tokio::test]
async fn whoever_trusts_either_key_verifies_all_of_it() {
    let store = changed().await;
    for key in [signer().public(), second().public()] {
        let report = report(&at(&store), &key).await;
        assert_eq!(report.findings, [], "with {key}");
        let noted = report.notes.iter().find(|one| one.code == Code::KeyChanged).expect("an auditor is told");
        assert!(noted.detail.contains(&second().public().to_string()), "{noted:?}");
        assert_eq!(report.counts.events, 302);
    }
    // Who has no key of the line gets a clear answer.
    let strange = verify(&at(&store), &third().public(), &Ask::default(), |_| {}).await.expect_err("nothing is signed");
    assert!(strange.to_string().contains("check that this is the ledger's key"), "{strange}");
    // The server that has only the new key reads and proves what the old one signed.
    let archive = Archive::open(&at(&store), second()).await.expect("opened");
    assert_eq!(all_events(&archive).await.len(), 302);
    for index in [0, 260, 261, 262, 301] {
        archive.proof(index).await.expect("proven").verify(&archive.key()).expect("holds");
    }
    assert_eq!(archive.key_changes().await.expect("read").len(), 1);
    assert!(Archive::open(&at(&store), signer()).await.is_ok_and(|old| old.key() == archive.key()));
}

#[tokio::test]
async fn the_old_key_signs_nothing_any_more() {
    let store = changed().await;
    let archive = Archive::open(&at(&store), signer()).await.expect("opens to read");
    let refused = archive.append(views(500..501)).await;
    assert!(matches!(&refused, Err(Error::Append(_))), "{refused:?}");
    assert!(archive.change_key(TODAY, &third().public()).await.is_err(), "nor does it change the key");
    let archive = Archive::open(&at(&store), second()).await.expect("opened");
    assert!(archive.change_key(TODAY, &third().public()).await.is_err(), "nobody signs with that one");
    assert_eq!(archive.size(), 302, "nothing came of it");
    assert_eq!(report(&at(&store), &signer().public()).await.findings, []);
    // A thief of the old key goes on from where it counted, in a store of his own.
    let forged = signer().sign(303, record::Digest::of(b"another history"));
    store.put(&Path::from("log/checkpoint"), forged.clone().into()).await.expect("put");
    let found = report(&at(&store), &signer().public()).await;
    assert!(codes(&found).contains(&Code::CheckpointWrong), "{:?}", found.findings);
    assert!(matches!(note::open(&forged, &archive.key()), Err(note::NoteError::OutOfTerm { changed: 262, .. })));
}

#[tokio::test]
async fn what_proves_the_change_is_missed_and_not_forged() {
    let name = Path::from("log/keys/00000000000000000261");
    // Dropped while both sign: the old key alone would still open everything.
    let store = Arc::new(InMemory::new());
    Archive::init(&at(&store), signer()).await.expect("made").append(views(0..261)).await.expect("appended");
    let archive = Archive::open(&at(&store), both()).await.expect("opened");
    archive.change_key(TODAY, &second().public()).await.expect("changed");
    store.delete(&name).await.expect("deleted");
    assert_eq!(codes(&report(&at(&store), &signer().public()).await), [Code::KeyChangeMissing]);
    // A thief of the old key leads from it to his own.
    let store = changed().await;
    let genuine = store.get(&name).await.expect("there").bytes().await.expect("read");
    let thief = Arc::new(InMemory::new());
    Archive::init(&at(&thief), signer()).await.expect("made").append(views(0..5)).await.expect("appended");
    let stolen = Archive::open(&at(&thief), Held::new(signer(), Some(third()))).await.expect("opened");
    stolen.change_key(TODAY, &third().public()).await.expect("changed");
    let theirs =
        thief.get(&Path::from("log/keys/00000000000000000005")).await.expect("there").bytes().await.expect("read");
    assert!(KeyChange::parse(&theirs).is_ok());
    store.put(&Path::from("log/keys/00000000000000000005"), theirs.clone().into()).await.expect("put");
    for key in [signer(), second()] {
        let found = report(&at(&store), &key.public()).await;
        assert!(codes(&found).contains(&Code::KeyChangeWrong), "{:?}", found.findings);
    }
    store.delete(&Path::from("log/keys/00000000000000000005")).await.expect("deleted");
    // Other bytes in its place.
    for wrong in [theirs, genuine.slice(..genuine.len() - 1)] {
        store.put(&name, wrong.into()).await.expect("put");
        let found = report(&at(&store), &second().public()).await;
        assert!(codes(&found).contains(&Code::KeyChangeWrong), "{:?}", found.findings);
    }
}

#[tokio::test]
async fn three_keys_and_a_replica() {
    let (store, replica) = (changed().await, Arc::new(InMemory::new()));
    let held = Held::new(second(), Some(third()));
    let archive = Archive::open_with(&at(&store), Some(&at(&replica)), held).await.expect("opened");
    archive.change_key(TODAY, &third().public()).await.expect("changed");
    archive.append(views(500..520)).await.expect("appended");
    while archive.replicate().await.expect("copied").behind > 0 {}
    for key in [signer(), second(), third()] {
        for address in [at(&store), at(&replica)] {
            assert_eq!(report(&address, &key.public()).await.findings, [], "with {}", key.public());
        }
    }
    // What leads to a key is put right from the replica.
    let name = Path::from("log/keys/00000000000000000261");
    store.put(&name, "no proof".into()).await.expect("put");
    let mut pass = archive.scrub(TODAY, None, false);
    let mut repaired = Vec::new();
    while let Some(step) = pass.step().await.expect("looked") {
        repaired.extend(step.incidents.into_iter().map(|incident| (incident.object, incident.repaired)));
    }
    assert_eq!(repaired, [(name.to_string(), true)]);
    assert_eq!(report(&at(&store), &signer().public()).await.findings, []);
}

/// Whatever goes wrong at whatever call: the archive opens with the keys that are there, the change can be asked for again, it
/// has happened once, and everything is sound.
#[tokio::test]
async fn a_change_that_is_cut_off_is_finished_without_a_person() {
    let base = Arc::new(InMemory::new());
    Archive::init(&at(&base), signer()).await.expect("made").append(views(0..255)).await.expect("appended");
    let mut calls = 0;
    for fault in [Fault::Failed, Fault::FailedButPersisted, Fault::Died, Fault::DiedAfterwards] {
        for call in 0.. {
            let store = Arc::new(base.fork());
            let faulty = Arc::new(Faulty::new(Arc::clone(&store) as _, fault, call));
            let struck = StoreAddress::wrapping(Arc::clone(&faulty) as _);
            if let Ok(archive) = Archive::open(&struck, both()).await {
                let _ = archive.change_key(TODAY, &second().public()).await;
            }
            let what = format!("{fault:?} at call {call}");
            for key in [signer().public(), second().public()] {
                let report = verify(&at(&store), &key, &Ask::default(), |_| {}).await;
                let findings = report.map(|report| report.findings);
                let before = base_is_untouched(&store).await && key == second().public();
                assert!(before || findings.as_ref().is_ok_and(Vec::is_empty), "{what}, {key}: {findings:?}");
            }
            let archive = Archive::open(&at(&store), both()).await.unwrap_or_else(|error| panic!("{what}: {error}"));
            archive.append(views(300..301)).await.unwrap_or_else(|error| panic!("{what}: {error}"));
            archive.change_key(TODAY, &second().public()).await.unwrap_or_else(|error| panic!("{what}: {error}"));
            let changes = all_events(&archive).await.into_iter();
            let changes = changes.filter(|one| matches!(one.event, record::EventKind::LogKeyChanged { .. })).count();
            assert_eq!(changes, 1, "{what}");
            drop(archive);
            let archive = Archive::open(&at(&store), second()).await.unwrap_or_else(|error| panic!("{what}: {error}"));
            archive.append(views(400..401)).await.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(report(&at(&store), &signer().public()).await.findings, [], "{what}");
            if !faulty.has_struck() {
                calls += call;
                break;
            }
        }
    }
    assert!(calls > 60, "only {calls} calls were tried");
}

/// Whether no change has been committed yet.
async fn base_is_untouched(store: &Arc<InMemory>) -> bool {
    store.head(&Path::from("log/keys/00000000000000000255")).await.is_err()
}
