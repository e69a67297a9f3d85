//! Whatever is damaged is found, and named.

use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _};

use super::{hand_over, report, signer, views};
use crate::verify::{Code, Verdict};
use crate::{Archive, Error, StoreAddress};

/// A store with full and partial tiles on two levels, partial ones that were superseded, and a
/// page.
async fn filled() -> (Arc<InMemory>, StoreAddress, Archive) {
    let store = Arc::new(InMemory::new());
    let address = StoreAddress::wrapping(Arc::clone(&store) as _);
    let archive = Archive::init(&address, signer()).await.expect("made");
    hand_over(&archive, "page").await.expect("kept");
    for range in [0..600, 600..610, 610..620] {
        archive.append(views(range)).await.expect("appended");
    }
    (store, address, archive)
}

async fn keys(store: &InMemory) -> Vec<Path> {
    store.list(None).map_ok(|meta| meta.location).try_collect().await.expect("listed")
}

async fn bytes(store: &InMemory, key: &Path) -> Bytes {
    store.get(key).await.expect("there").bytes().await.expect("read")
}

async fn codes(store: InMemory, since: Option<&str>) -> Vec<(Code, String)> {
    let report = report(&StoreAddress::wrapping(Arc::new(store)), since).await;
    report.findings.into_iter().map(|finding| (finding.code, finding.object)).collect()
}

#[tokio::test]
async fn every_flipped_byte_is_found_and_named() {
    let (store, _, _) = filled().await;
    let mut families = std::collections::BTreeSet::new();
    for key in keys(&store).await {
        let good = bytes(&store, &key).await;
        for at in (0..16).map(|part| part * (good.len() - 1) / 15) {
            let damaged = store.fork();
            let mut wrong = good.to_vec();
            wrong[at] ^= 4;
            damaged.put(&key, wrong.into()).await.expect("put");
            let found = codes(damaged, None).await;
            assert!(found.iter().any(|(_, object)| object == key.as_ref()), "{key} at {at}: {found:?}");
            let alone = found.iter().all(|(_, object)| object == key.as_ref());
            // What cannot be read cannot vouch for what it names.
            assert!(alone || key.as_ref().starts_with("log/commits"), "{key} at {at}: {found:?}");
        }
        families.insert(key.as_ref().split('/').take(3).collect::<Vec<_>>().join("/"));
    }
    assert!(families.len() >= 6, "{families:?}");
}

#[tokio::test]
async fn every_missing_object_is_found_and_named() {
    let (store, _, archive) = filled().await;
    let newest = archive.checkpoint();
    let last_commit = "log/commits/00000000000000000004";
    for key in keys(&store).await {
        let damaged = store.fork();
        damaged.delete(&key).await.expect("deleted");
        let found = codes(damaged, Some(&newest)).await;
        // Partial tiles that wider ones have superseded may go.
        let needed = !key.as_ref().contains(".p/") || key.as_ref().ends_with(".p/109") || key.as_ref().contains("/1/");
        let named = found.iter().any(|(_, object)| object == key.as_ref());
        let tail = key.as_ref() == last_commit && found.iter().any(|(code, _)| *code == Code::CheckpointAhead);
        assert_eq!(named || tail, needed, "{key}: {found:?}");
    }
}

#[tokio::test]
async fn a_rolled_back_store_is_refused_or_found() {
    let (store, address, archive) = filled().await;
    let old = store.fork();
    archive.append(views(700..701)).await.expect("appended");
    let newest = archive.checkpoint();
    assert_eq!(report(&address, Some(&newest)).await.verdict, Verdict::Sound);
    assert_eq!(report(&address, None).await.verdict, Verdict::NoFindings, "nobody else has seen this state");
    // All of it rolled back: only an older checkpoint tells.
    let found = codes(old.fork(), Some(&newest)).await;
    assert_eq!(found, [(Code::RolledBack, "log/checkpoint".to_owned())]);
    // Only the checkpoint is new: opening refuses.
    let torn = Arc::new(old);
    torn.put(&Path::from("log/checkpoint"), newest.into()).await.expect("put");
    let torn = StoreAddress::wrapping(torn);
    assert!(matches!(Archive::open(&torn, signer()).await, Err(Error::CheckpointAhead { .. })));
    let found = report(&torn, None).await.findings;
    assert!(found.iter().any(|finding| finding.code == Code::CheckpointAhead), "{found:?}");
}

#[tokio::test]
async fn two_histories_are_found() {
    let (store, address, archive) = filled().await;
    let fork = StoreAddress::wrapping(Arc::new(store.fork()));
    let other = Archive::open(&fork, signer()).await.expect("opened");
    archive.append(views(700..701)).await.expect("appended");
    other.append(views(701..702)).await.expect("appended");
    let found = report(&address, Some(&other.checkpoint())).await.findings;
    assert!(found.iter().any(|finding| finding.code == Code::SplitView), "{found:?}");
    store.put(&Path::from("log/checkpoint"), other.checkpoint().into()).await.expect("put");
    assert!(matches!(Archive::open(&address, signer()).await, Err(Error::SplitView { .. })));
}

#[tokio::test]
async fn a_corrupt_blob_is_not_taken_for_a_copy() {
    let (store, _, archive) = filled().await;
    let descriptor = archive.put("text/plain", Bytes::from("the bytes")).await.expect("kept");
    let key = crate::object_key(crate::BLOBS, &descriptor.digest);
    store.put(&Path::from(key.as_str()), "other bytes".into()).await.expect("put");
    assert!(matches!(archive.read(&descriptor.digest).await, Err(Error::Corrupt { .. })));
    let again = archive.put("text/plain", Bytes::from("the bytes")).await.expect("put right");
    assert_eq!(archive.read(&again.digest).await.expect("true"), "the bytes");
    let aside = format!("quarantine/{key}/{}", record::Digest::of(b"other bytes").hex());
    assert_eq!(bytes(&store, &Path::from(aside)).await, "other bytes");
}

#[tokio::test]
async fn blobs_that_nobody_names_are_notes() {
    let (_, address, archive) = filled().await;
    archive.put("text/plain", Bytes::from("cut off")).await.expect("kept");
    let report = report(&address, None).await;
    assert!(report.findings.is_empty());
    assert_eq!(report.notes.iter().filter(|note| note.code == Code::Orphan).count(), 1);
}

#[tokio::test]
async fn blobs_of_a_manifest_that_is_gone_are_not_said_to_be_nobodys() {
    let (store, address, _) = filled().await;
    let gone: Vec<Path> =
        keys(&store).await.into_iter().filter(|key| key.as_ref().starts_with(crate::MANIFESTS)).collect();
    for key in &gone {
        store.delete(key).await.expect("deleted");
    }
    let report = report(&address, None).await;
    assert_eq!(report.findings.iter().filter(|finding| finding.code == Code::ManifestMissing).count(), gone.len());
    let orphans: Vec<_> = report.notes.iter().filter(|note| note.code == Code::Orphan).collect();
    assert!(!orphans.is_empty() && orphans.iter().all(|note| note.detail.contains("manifest")), "{orphans:?}");
}
