//! What two people have ordered is deleted, wherever it is broken off, and nothing else is.

use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use record::destruction::{Authorised, Order, Proposal, Proposed};
use record::event::Actor;
use record::{AccountId, DestructionId, Digest, DocumentId, Event, EventKind, canonical};

use super::{TODAY, at, hand_over, manifest_of, report, signer};
use crate::verify::{Code, Verdict};
use crate::{Archive, Doomed};

struct House {
    store: Arc<InMemory>,
    replica: Arc<InMemory>,
    archive: Archive,
}

fn document(name: &str) -> DocumentId {
    DocumentId::derived([name.as_bytes()])
}

fn person(name: &str) -> Actor {
    Actor::Account(AccountId::derived([name.as_bytes()]))
}

async fn append(archive: &Archive, actor: Actor, event: EventKind) {
    archive.append(vec![Event { at: TODAY, actor, event }]).await.expect("appended");
}

async fn body<T: serde::Serialize>(archive: &Archive, record: &T) -> Digest {
    let bytes = canonical::to_bytes(record).expect("canonical");
    archive.put("application/json", bytes.into()).await.expect("kept").digest
}

impl House {
    /// Two documents; the second has a page of the first as well.
    async fn filled() -> Self {
        let (store, replica) = (Arc::new(InMemory::new()), Arc::new(InMemory::new()));
        Archive::init(&at(&store), signer()).await.expect("made");
        let archive = Archive::open_with(&at(&store), Some(&at(&replica)), signer()).await.expect("opened");
        hand_over(&archive, "one").await.expect("kept");
        hand_over(&archive, "two").await.expect("kept");
        let text = archive.put("application/xml", Bytes::from_static(b"<alto/>")).await.expect("kept").digest;
        for name in ["one", "two"] {
            let page = record::PageId::derived([name.as_bytes()]);
            let document = document(name);
            let event =
                EventKind::Read { document, page, text, words: 0, confidence: 90, attention: None, generation: 1 };
            append(&archive, Actor::System, event).await;
        }
        let house = Self { store, replica, archive };
        house.follow().await;
        house
    }

    async fn follow(&self) {
        while self.archive.replicate().await.expect("copied").behind > 0 {}
    }

    /// Proposed by one person, approved by another, of document `one`.
    async fn order(&self, approver: &str) -> (DestructionId, Doomed) {
        let destruction = DestructionId::derived([b"d".as_slice()]);
        let doomed = self.archive.doomed(&[document("one")]).await.expect("known");
        let proposed =
            Proposed { document: document("one"), version: 1, pages: 1, filed: true, class: "A-10".to_owned() };
        let proposal =
            Proposal { reference: "RC-1".to_owned(), authority: "committee".to_owned(), documents: vec![proposed] };
        let proposal = body(&self.archive, &proposal).await;
        let event = EventKind::DestructionProposed { destruction, documents: 1, body: proposal };
        append(&self.archive, person("ann"), event).await;
        let Doomed { manifests, blobs, events, .. } = doomed.clone();
        let order = body(&self.archive, &Order { proposal, events, manifests, blobs, shared: 1 }).await;
        append(&self.archive, person(approver), EventKind::DestructionApproved { destruction, body: order }).await;
        (destruction, doomed)
    }

    async fn authorised(&self) -> Arc<Authorised> {
        self.archive.orders().await.expect("known").pop().expect("an order")
    }

    async fn done(&self, destruction: DestructionId) {
        let event = EventKind::Destroyed { destruction, objects: 1, bytes: 1, replica: true, versions_kept: false };
        append(&self.archive, Actor::System, event).await;
        self.follow().await;
    }
}

fn keys(doomed: &Doomed) -> Vec<Path> {
    super::super::destruction::keys(&doomed.manifests, &doomed.blobs)
        .iter()
        .map(|key| Path::from(key.as_str()))
        .collect()
}

async fn count(store: &InMemory, prefix: &str) -> usize {
    store.list(Some(&Path::from(prefix))).try_collect::<Vec<_>>().await.expect("listed").len()
}

#[tokio::test]
async fn what_is_broken_off_anywhere_is_carried_out_and_others_keep_what_they_share() {
    let house = House::filled().await;
    let (destruction, doomed) = house.order("bob").await;
    // Manifest, image and fields go; the text is the other document's too.
    assert_eq!((doomed.manifests.len(), doomed.blobs.len(), doomed.shared.len()), (1, 2, 1));
    assert_eq!(doomed.shared[0].1, Some(document("two")));
    house.follow().await;
    let keys = keys(&doomed);
    for gone in 0..=keys.len() {
        // Killed after so many deletions in the replica, and so many in the store.
        let (store, replica) = (Arc::new(house.store.fork()), Arc::new(house.replica.fork()));
        for key in &keys[..gone] {
            replica.delete(key).await.expect("deleted");
        }
        for key in &keys[..gone.saturating_sub(1)] {
            store.delete(key).await.expect("deleted");
        }
        let found = report(&at(&store), None).await;
        assert!(found.findings.is_empty(), "{gone}: {:?}", found.findings);
        assert!(found.notes.iter().any(|note| note.code == Code::DestructionOpen), "{gone}");
        let archive = Archive::open_with(&at(&store), Some(&at(&replica)), signer()).await.expect("opened");
        let again = House { store, replica, archive };
        let deleted = again.archive.destroy(&*again.authorised().await, 0).await.expect("deleted");
        assert_eq!(deleted.objects as usize, 2 * keys.len() - gone - gone.saturating_sub(1), "{gone}");
        assert!(deleted.replica && deleted.next.is_none());
        again.done(destruction).await;
        for bucket in [&again.store, &again.replica] {
            let found = report(&at(bucket), Some(&again.archive.checkpoint())).await;
            assert_eq!(found.verdict, Verdict::Sound, "{gone}: {:?}", found.findings);
            assert!(found.notes.iter().any(|note| note.code == Code::Destroyed), "{gone}: {:?}", found.notes);
            assert!(found.notes.iter().all(|note| note.code != Code::Orphan), "{gone}: {:?}", found.notes);
        }
        // Neither a pass nor a new replica brings anything back.
        let mut pass = again.archive.scrub(TODAY, None, false);
        while pass.step().await.expect("read").is_some() {}
        assert_eq!((pass.standing().damaged, pass.standing().repaired), (0, 0), "{gone}");
        assert!(again.archive.take_incidents().is_empty());
        for key in &keys {
            assert!(again.store.head(key).await.is_err() && again.replica.head(key).await.is_err(), "{gone}: {key}");
        }
        let fresh = Arc::new(InMemory::new());
        let beside = Archive::open_with(&at(&again.store), Some(&at(&fresh)), signer()).await.expect("opened");
        while beside.replicate().await.expect("copied").behind > 0 {}
        assert_eq!(count(&fresh, "blobs").await, count(&again.store, "blobs").await, "{gone}");
    }
}

#[tokio::test]
async fn what_comes_back_is_found_and_deleted_again() {
    let house = House::filled().await;
    let (destruction, doomed) = house.order("bob").await;
    let keys = keys(&doomed);
    let backup = house.store.fork();
    house.archive.destroy(&*house.authorised().await, 0).await.expect("deleted");
    house.done(destruction).await;
    for key in &keys {
        let bytes = backup.get(key).await.expect("there").bytes().await.expect("read");
        house.store.put(key, bytes.into()).await.expect("put back");
        let found = report(&at(&house.store), None).await;
        let named: Vec<_> = found.findings.iter().map(|one| (one.code, one.object.as_str())).collect();
        assert_eq!(named, [(Code::DestroyedButPresent, key.as_ref())]);
        assert_eq!(house.archive.destroy(&*house.authorised().await, 0).await.expect("deleted").objects, 1);
    }
    // Put aside as damaged once, it is a part of it too.
    let aside = Path::from(format!("quarantine/{}/{}", keys[1], Digest::of(b"x").hex()));
    house.store.put(&aside, Bytes::from_static(b"x").into()).await.expect("put");
    house.archive.destroy(&*house.authorised().await, 0).await.expect("deleted");
    assert_eq!(count(&house.store, "quarantine").await, 0);
}

#[tokio::test]
async fn bytes_that_are_sealed_again_for_another_document_stay() {
    let house = House::filled().await;
    let (destruction, doomed) = house.order("bob").await;
    // Before anything was deleted, somebody captures the same picture as another document.
    let image = house.archive.put("image/png", Bytes::from("image of one".repeat(50))).await.expect("kept");
    assert!(doomed.blobs.contains(&image.digest));
    let index = house.archive.put("application/json", Bytes::from_static(b"fields of three")).await.expect("kept");
    let manifest = manifest_of("three", image.clone(), index);
    let (document, batch) = (manifest.document, manifest.batch);
    let manifest = house.archive.seal(&manifest).await.expect("kept");
    append(&house.archive, Actor::System, EventKind::Sealed { document, version: 1, manifest, batch, pages: 1 }).await;
    let deleted = house.archive.destroy(&*house.authorised().await, 0).await.expect("deleted");
    assert_eq!(deleted.objects, 4, "manifest and fields, in both buckets");
    house.done(destruction).await;
    assert!(house.archive.read(&image.digest).await.is_ok());
    let found = report(&at(&house.store), Some(&house.archive.checkpoint())).await;
    assert_eq!(found.verdict, Verdict::Sound, "{:?}", found.findings);
}

#[tokio::test]
async fn one_person_destroys_nothing() {
    let house = House::filled().await;
    let (_, doomed) = house.order("ann").await;
    assert!(house.archive.orders().await.expect("known").is_empty());
    assert!(house.archive.destroyed().await.expect("known").is_empty());
    for key in &keys(&doomed) {
        house.store.delete(key).await.expect("deleted by hand");
    }
    let found = report(&at(&house.store), None).await;
    let has = |code| found.findings.iter().any(|finding| finding.code == code);
    assert!(has(Code::DestructionWrong) && has(Code::ManifestMissing), "{:?}", found.findings);
}
