//! Whatever is damaged in one bucket is put right from the other, and no bad byte is served meanwhile.

use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use record::event::{Actor, Bucket};
use record::{Digest, Event, EventKind, Timestamp};

use super::faulty::{Fault, Faulty};
use super::{TODAY, all_events, at, hand_over, report, signer, views};
use crate::verify::{Code, Verdict};
use crate::{Archive, Backlog, Error, Incident, Standing, StoreAddress};

/// A store and a replica, and whoever looks after both.
struct House {
    store: Arc<InMemory>,
    replica: Arc<InMemory>,
    archive: Archive,
}

impl House {
    /// Two pages, full and partial tiles on two levels, a time stamp, and all of it in the replica.
    async fn filled() -> Self {
        let (store, replica) = (Arc::new(InMemory::new()), Arc::new(InMemory::new()));
        let archive = Archive::init(&at(&store), signer()).await.expect("made");
        hand_over(&archive, "page").await.expect("kept");
        for range in [0..300, 300..610, 610..620] {
            archive.append(views(range)).await.expect("appended");
        }
        let note = archive.checkpoint();
        let token = Bytes::from([b"a token for ".as_slice(), Digest::of(note.as_bytes()).as_bytes()].concat());
        archive.publish_timestamp(note.clone(), token).await.expect("kept");
        archive.publish_witnessed(note).await.expect("kept");
        hand_over(&archive, "another").await.expect("kept");
        let house = Self::open(store, replica).await;
        follow(&house.archive).await;
        house
    }

    async fn open(store: Arc<InMemory>, replica: Arc<InMemory>) -> Self {
        let archive = Archive::open_with(&at(&store), Some(&at(&replica)), signer()).await.expect("opened");
        Self { store, replica, archive }
    }

    /// The same, with other bytes in one place.
    async fn damaged(&self, bucket: Bucket, key: &Path, bytes: Option<Bytes>) -> Self {
        let (store, replica) = (Arc::new(self.store.fork()), Arc::new(self.replica.fork()));
        let victim = if bucket == Bucket::Store { &store } else { &replica };
        match bytes {
            Some(bytes) => drop(victim.put(key, bytes.into()).await.expect("put")),
            None => victim.delete(key).await.expect("deleted"),
        }
        Self::open(store, replica).await
    }
}

/// Lets the replica catch up; the events that it has then.
async fn follow(archive: &Archive) -> u64 {
    loop {
        let Backlog { events, behind } = archive.replicate().await.expect("reached");
        if behind == 0 {
            return events;
        }
    }
}

/// A whole pass; what opening has found before counts too.
async fn scrub(archive: &Archive, leave: bool) -> (Standing, Vec<Incident>) {
    let mut incidents = archive.take_incidents();
    let mut pass = archive.scrub(TODAY, None, leave);
    while let Some(step) = pass.step().await.expect("reached") {
        incidents.extend(step.incidents);
    }
    (pass.standing().clone(), incidents)
}

async fn keys(store: &InMemory) -> Vec<Path> {
    store.list(None).map_ok(|meta| meta.location).try_collect().await.expect("listed")
}

async fn bytes(store: &InMemory, key: &Path) -> Bytes {
    store.get(key).await.expect("there").bytes().await.expect("read")
}

fn flipped(good: &Bytes, at: usize) -> Bytes {
    let mut wrong = good.to_vec();
    wrong[at] ^= 4;
    wrong.into()
}

/// Flips in each object; `scripts/torture` does many more, on a disk.
const FLIPS: usize = 4;

async fn assert_sound(store: &Arc<InMemory>, since: &str, what: &str) {
    let report = report(&at(store), Some(since)).await;
    assert_eq!(report.verdict, Verdict::Sound, "{what}: {:?}", report.findings);
}

#[tokio::test]
async fn every_flipped_byte_is_put_right_in_either_bucket() {
    let house = House::filled().await;
    let newest = house.archive.checkpoint();
    assert_sound(&house.replica, &newest, "the replica").await;
    assert_eq!(scrub(&house.archive, false).await.1, [], "nothing is damaged yet");
    let (mut tried, mut families) = (0, std::collections::BTreeSet::new());
    for bucket in [Bucket::Store, Bucket::Replica] {
        let own = if bucket == Bucket::Store { &house.store } else { &house.replica };
        for key in keys(own).await {
            let good = bytes(own, &key).await;
            for n in 0..FLIPS {
                let position = match key.as_ref().ends_with(".tsr") {
                    // Of a token only its imprint is known here; the rest, `openssl ts` judges.
                    true => good.len() - 1 - n,
                    false => n * (good.len() - 1) / (FLIPS - 1),
                };
                let wrong = flipped(&good, position);
                let damaged = house.damaged(bucket, &key, Some(wrong.clone())).await;
                // A replica's checkpoint is looked at when it is filled.
                follow(&damaged.archive).await;
                let (standing, incidents) = scrub(&damaged.archive, false).await;
                let what = format!("{key} of the {} at {position}", bucket.as_str());
                let told =
                    Incident { object: key.to_string(), bucket, found: Some(Digest::of(&wrong)), repaired: true };
                assert_eq!(incidents, [told], "{what}: {standing:?}");
                let (own, quarantine) = (
                    if bucket == Bucket::Store { &damaged.store } else { &damaged.replica },
                    format!("quarantine/{key}/{}", Digest::of(&wrong).hex()),
                );
                assert_eq!(bytes(own, &Path::from(quarantine)).await, wrong, "{what}");
                assert_sound(own, &newest, &what).await;
                tried += 1;
            }
            families.insert(key.as_ref().split('/').take(3).collect::<Vec<_>>().join("/"));
        }
    }
    assert!(tried >= 200 && families.len() >= 12, "{tried}: {families:?}");
}

#[tokio::test]
async fn what_is_gone_comes_back() {
    let house = House::filled().await;
    let newest = house.archive.checkpoint();
    for bucket in [Bucket::Store, Bucket::Replica] {
        let own = if bucket == Bucket::Store { &house.store } else { &house.replica };
        for key in keys(own).await {
            // Heads are not looked for, the ledger's edge is written anew by the next event, and the replica's checkpoint says where it is.
            let name = key.as_ref();
            if ["log/checkpoint", "log/witnessed", "log/timestamps", ".p/"].iter().any(|one| name.contains(one)) {
                continue;
            }
            if bucket == Bucket::Store && name.starts_with("log/commits") {
                continue;
            }
            let damaged = house.damaged(bucket, &key, None).await;
            let (_, incidents) = scrub(&damaged.archive, false).await;
            assert_eq!(incidents, [Incident { object: key.to_string(), bucket, found: None, repaired: true }], "{key}");
            let own = if bucket == Bucket::Store { &damaged.store } else { &damaged.replica };
            assert_sound(own, &newest, name).await;
        }
    }
}

#[tokio::test]
async fn a_read_is_healed_and_without_a_good_copy_nothing_is_served() {
    let house = House::filled().await;
    let image = Bytes::from("image of page".repeat(50));
    let (digest, key) = (Digest::of(&image), crate::object_key(crate::BLOBS, &Digest::of(&image)));
    let damaged = house.damaged(Bucket::Store, &Path::from(key.as_str()), Some(flipped(&image, 0))).await;
    assert_eq!(damaged.archive.read(&digest).await.expect("healed"), image);
    assert_eq!(bytes(&damaged.store, &Path::from(key.as_str())).await, image);
    let incidents = damaged.archive.take_incidents();
    assert!(incidents.len() == 1 && incidents[0].repaired, "{incidents:?}");

    // Both copies are damaged: nothing is served, and nothing is overwritten.
    let wrong = [flipped(&image, 1), flipped(&image, 2)];
    damaged.store.put(&Path::from(key.as_str()), wrong[0].clone().into()).await.expect("put");
    damaged.replica.put(&Path::from(key.as_str()), wrong[1].clone().into()).await.expect("put");
    assert!(matches!(damaged.archive.read(&digest).await, Err(Error::Corrupt { .. })));
    let (standing, incidents) = scrub(&damaged.archive, false).await;
    assert_eq!((standing.damaged, standing.repaired), (2, 0), "{incidents:?}");
    assert_eq!(bytes(&damaged.store, &Path::from(key.as_str())).await, wrong[0]);
    assert_eq!(bytes(&damaged.replica, &Path::from(key.as_str())).await, wrong[1]);
    assert!(!damaged.archive.is_true(&key, Bucket::Store).await.expect("looked"));
    // The same bytes handed over once more are as good as a copy.
    damaged.archive.put("image/png", image.clone()).await.expect("kept");
    assert!(damaged.archive.is_true(&key, Bucket::Store).await.expect("looked"));
    assert_eq!(scrub(&damaged.archive, false).await.0.repaired, 1, "the replica, too");
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_the_log_heals_when_it_is_read() {
    let house = House::filled().await;
    let bundle = Path::from("log/tile/entries/000");
    let good = bytes(&house.store, &bundle).await;
    let damaged = house.damaged(Bucket::Store, &bundle, Some(flipped(&good, 9))).await;
    let (standing, incidents) = scrub(&damaged.archive, true).await;
    assert!(incidents.len() == 1 && !incidents[0].repaired, "{incidents:?}");
    assert_eq!((standing.damaged, standing.repaired), (1, 0));
    assert_ne!(bytes(&damaged.store, &bundle).await, good, "left as it is");
    assert_eq!(all_events(&damaged.archive).await.len(), 622);
    assert_eq!(bytes(&damaged.store, &bundle).await, good, "put right by reading");
}

#[tokio::test]
async fn a_pass_goes_on_where_it_was_and_the_ledger_tells_auditors() {
    let house = House::filled().await;
    let (whole, _) = scrub(&house.archive, false).await;
    assert!(whole.replica && whole.damaged == 0 && whole.next_event == 622, "{whole:?}");
    let mut pass = house.archive.scrub(TODAY, None, false);
    let mut broken_off = 0;
    while pass.step().await.expect("reached").is_some() {
        let kept = serde_json::to_string(pass.standing()).expect("text");
        if broken_off < 5 && pass.standing().next_event > broken_off * 128 {
            broken_off += 1;
            let kept = serde_json::from_str(&kept).expect("what was kept");
            pass = house.archive.scrub(Timestamp(0), Some(kept), false);
        }
    }
    let standing = pass.standing();
    assert!(broken_off == 5 && standing.began == TODAY && standing.objects >= whole.objects, "{standing:?}");

    let page = crate::object_key(crate::BLOBS, &Digest::of(&Bytes::from("image of page".repeat(50))));
    let damaged = house.damaged(Bucket::Store, &Path::from(page.as_str()), Some(Bytes::from("wrong"))).await;
    let (_, incidents) = scrub(&damaged.archive, false).await;
    let Incident { object, bucket, found, .. } = incidents[0].clone();
    // The repair is in quarantine before the ledger knows of it.
    let code = |code| async move { report(&at(&damaged.store), None).await.notes.iter().any(|note| note.code == code) };
    assert!(code.clone()(Code::Quarantined).await);
    let event = Event { at: TODAY, actor: Actor::System, event: EventKind::Repaired { object, bucket, found } };
    damaged.archive.append(vec![event]).await.expect("appended");
    assert!(code.clone()(Code::Repaired).await && !code(Code::Quarantined).await);
}

#[tokio::test]
async fn a_replica_that_was_away_catches_up_and_is_whole_at_every_moment() {
    let house = House::filled().await;
    let image = Bytes::from("image of page".repeat(50));
    for fault in [Fault::Failed, Fault::FailedButPersisted, Fault::Died, Fault::DiedAfterwards] {
        let mut since: Option<String> = None;
        for call in (0..).step_by(3) {
            let replica = Arc::new(InMemory::new());
            let faulty = Arc::new(Faulty::new(Arc::clone(&replica) as _, fault, call));
            let address = StoreAddress::wrapping(Arc::clone(&faulty) as _);
            let archive = Archive::open_with(&at(&house.store), Some(&address), signer()).await.expect("opened");
            let mut errors = 0;
            for _ in 0..5 {
                errors += u32::from(archive.replicate().await.is_err());
            }
            assert_eq!(archive.read(&Digest::of(&image)).await.expect("served meanwhile"), image);
            let there = report_of(&replica).await;
            assert!(there.is_none_or(|findings| findings.is_empty()), "{fault:?} at {call}");
            // It comes back.
            let again = House::open(Arc::clone(&house.store), Arc::clone(&replica)).await;
            assert_eq!(follow(&again.archive).await, 622);
            since = Some(again.archive.checkpoint());
            assert_sound(&replica, since.as_deref().unwrap_or_default(), &format!("{fault:?} at {call}")).await;
            if !faulty.has_struck() {
                assert!(errors == 0 && call > 20, "only {call} calls");
                break;
            }
        }
        assert!(since.is_some());
    }
}

/// Findings at a store, if there is an archive in it yet.
async fn report_of(store: &Arc<InMemory>) -> Option<Vec<Code>> {
    let ask = crate::verify::Ask::default();
    let report = crate::verify::verify(&at(store), &signer().public(), &ask, |_| {}).await;
    let findings = match report {
        Ok(report) => report.findings,
        Err(Error::NotAnArchive) => return None,
        Err(error) => panic!("{error}"),
    };
    // Commits come before the first checkpoint that is for them.
    Some(findings.iter().map(|finding| finding.code).filter(|code| *code != Code::CheckpointMissing).collect())
}

#[tokio::test]
async fn no_news_costs_little_and_a_foreign_replica_is_refused() {
    let house = House::filled().await;
    let counting = Arc::new(Faulty::new(Arc::clone(&house.replica) as _, Fault::Failed, 1_000_000));
    let address = StoreAddress::wrapping(Arc::clone(&counting) as _);
    let archive = Archive::open_with(&at(&house.store), Some(&address), signer()).await.expect("opened");
    let before = counting.calls(1_000_000);
    follow(&archive).await;
    let calls = counting.calls(1_000_000) - before;
    assert!(calls <= 20, "{calls} calls to the replica for no news");

    // The store was set back: the replica knows more.
    let old = Arc::new(house.store.fork());
    house.archive.append(views(700..701)).await.expect("appended");
    follow(&house.archive).await;
    let back = House::open(old, Arc::clone(&house.replica)).await;
    assert!(matches!(back.archive.replicate().await, Err(Error::CheckpointAhead { .. })));
    // Another history.
    back.archive.append(views(900..901)).await.expect("appended");
    assert!(matches!(back.archive.replicate().await, Err(Error::SplitView { .. })));
    // Another archive.
    let other = Arc::new(InMemory::new());
    let stranger = record::note::LogSigner::from_seed("other.example/test", &[8; 32]).expect("a good name");
    Archive::init(&at(&other), stranger).await.expect("made");
    let wrong = House::open(Arc::clone(&house.store), other).await;
    assert!(matches!(wrong.archive.replicate().await, Err(Error::Checkpoint(_))));
}

/// Whatever goes wrong when a token is kept, nothing is amiss afterwards, and it can be kept again.
#[tokio::test]
async fn a_time_stamp_is_kept_whole_or_not_at_all() {
    for (fault, family) in [Fault::Failed, Fault::FailedButPersisted]
        .into_iter()
        .flat_map(|fault| ["log/timestamps", "log/timestamps/00000000000000000007.c"].map(|family| (fault, family)))
    {
        let store = Arc::new(InMemory::new());
        let archive = Archive::init(&at(&store), signer()).await.expect("made");
        archive.append(views(0..7)).await.expect("appended");
        let note = archive.checkpoint();
        let token = Bytes::from([b"a token for ".as_slice(), Digest::of(note.as_bytes()).as_bytes()].concat());
        let faulty = Arc::new(Faulty::at_put(Arc::clone(&store) as _, fault, family));
        let struck = Archive::open(&StoreAddress::wrapping(Arc::clone(&faulty) as _), signer()).await.expect("opened");
        assert!(struck.publish_timestamp(note.clone(), token.clone()).await.is_err() && faulty.has_struck());
        let found = report(&at(&store), None).await.findings;
        assert!(found.is_empty(), "{fault:?} at {family}: {found:?}");
        archive.publish_timestamp(note, token).await.expect("kept");
        assert!(report(&at(&store), None).await.findings.is_empty());
    }
}
