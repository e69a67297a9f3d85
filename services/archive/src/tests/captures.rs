//! Who captured what: stations, their signatures, and what somebody with the log's key may try.

use std::sync::Arc;

use bytes::Bytes;
use object_store::memory::InMemory;
use record::envelope::{Capture, CapturedDocument, StationSigner};
use record::event::{Actor, StationRecord};
use record::manifest::{BatchClosed, BatchRecord};
use record::{BatchId, Digest, DocumentId, Event, EventKind, Manifest, Timestamp, canonical};

use super::{TODAY, manifest_of, signer};
use crate::verify::{Ask, Code, Report, verify};
use crate::{Archive, StoreAddress};

/// An archive with one enrolled station.
struct House {
    store: Arc<InMemory>,
    archive: Archive,
    station: StationSigner,
}

impl House {
    async fn build() -> Self {
        let store = Arc::new(InMemory::new());
        let address = StoreAddress::wrapping(Arc::clone(&store) as _);
        let archive = Archive::init(&address, signer()).await.expect("made");
        let house = Self { store, archive, station: StationSigner::from_seed("ward9", &[1; 32]) };
        house.enrol(&house.station, false).await;
        house
    }

    async fn say(&self, event: EventKind) {
        self.say_at(TODAY, event).await;
    }

    async fn say_at(&self, at: Timestamp, event: EventKind) {
        self.archive.append(vec![Event { at, actor: Actor::System, event }]).await.expect("appended");
    }

    async fn record<T: serde::Serialize>(&self, record: &T) -> Digest {
        let bytes = canonical::to_bytes(record).expect("canonical");
        self.archive.put("application/json", bytes.into()).await.expect("kept").digest
    }

    async fn enrol(&self, station: &StationSigner, revoked: bool) {
        let key = station.public();
        let body = self.record(&StationRecord { key: key.to_string(), revoked }).await;
        self.say(EventKind::StationRecorded { station: key.digest(), body }).await;
    }

    /// A manifest with one page of these bytes, not sealed yet.
    async fn manifest(&self, name: &str, page: &str) -> Manifest {
        let image = self.archive.put("image/png", Bytes::from(page.to_owned())).await.expect("kept");
        let index = self.archive.put("application/json", Bytes::from(format!("fields of {name}"))).await.expect("kept");
        manifest_of(name, image, index)
    }

    async fn seal(&self, manifest: &Manifest) -> Digest {
        let Manifest { document, version, batch, .. } = *manifest;
        let manifest = self.archive.seal(manifest).await.expect("sealed");
        self.say(EventKind::Sealed { document, version, manifest, batch, pages: 1 }).await;
        manifest
    }

    /// Closes the batch of `name` with an envelope over these pages.
    async fn close(&self, name: &str, by: Option<&StationSigner>, pages: &[&str]) {
        let batch = BatchId::derived([name.as_bytes()]);
        let pages = pages.iter().map(|page| Digest::of(page.as_bytes())).collect();
        let document = CapturedDocument { document: DocumentId::derived([name.as_bytes()]), pages };
        let capture = Capture { batch, captured: 1, documents: vec![document], refused: Vec::new() };
        let signed = match by {
            Some(station) => {
                let bytes = canonical::to_bytes(&station.sign(&capture).expect("signed")).expect("canonical");
                Some(self.archive.put(record::envelope::MEDIA_TYPE, bytes.into()).await.expect("kept"))
            }
            None => None,
        };
        let source = self.manifest(name, "").await.source;
        let envelope = signed.as_ref().map(|signed| signed.digest);
        let closed = BatchClosed { at: TODAY, captured: 1, documents: 1, sheets: None, refused: Vec::new(), signed };
        let (opened, opened_by, closed) = (TODAY, Actor::System, Some(closed));
        let record = BatchRecord { batch, name: name.to_owned(), source, opened, opened_by, closed };
        let body = self.record(&record).await;
        self.say(EventKind::BatchRecorded { batch, body, signed: envelope }).await;
    }

    /// One honest document.
    async fn capture(&self, name: &str) -> Manifest {
        let manifest = self.manifest(name, name).await;
        self.seal(&manifest).await;
        self.close(name, Some(&self.station), &[name]).await;
        manifest
    }

    async fn report(&self, ask: &Ask) -> Report {
        let address = StoreAddress::wrapping(Arc::clone(&self.store) as _);
        verify(&address, &signer().public(), ask, |_| {}).await.expect("can be checked")
    }

    async fn codes(&self) -> Vec<Code> {
        self.report(&Ask::default()).await.findings.iter().map(|finding| finding.code).collect()
    }
}

#[tokio::test]
async fn a_revoked_key_vouches_for_what_it_signed_before() {
    let house = House::build().await;
    house.capture("before").await;
    house.enrol(&house.station, true).await;
    assert_eq!(house.codes().await, []);
    house.capture("after").await;
    assert_eq!(house.codes().await, [Code::StationUnknown, Code::CaptureUnsigned]);
}

#[tokio::test]
async fn only_the_pages_that_were_signed_are_believed() {
    let house = House::build().await;
    house.seal(&house.manifest("swapped", "other page").await).await;
    house.close("swapped", Some(&house.station), &["the page"]).await;
    assert_eq!(house.codes().await, [Code::CaptureWrong]);
    house.seal(&house.manifest("unsigned", "page").await).await;
    house.close("unsigned", None, &[]).await;
    let found = house.codes().await;
    assert_eq!(found.iter().filter(|code| **code == Code::CaptureUnsigned).count(), 2, "batch and document: {found:?}");
    house.close("dropped", Some(&house.station), &["page"]).await;
    assert!(house.codes().await.contains(&Code::CaptureMissing));
}

#[tokio::test]
async fn a_batch_that_is_not_closed_is_a_note() {
    let house = House::build().await;
    house.seal(&house.manifest("open", "page").await).await;
    let report = house.report(&Ask::default()).await;
    assert!(report.findings.is_empty() && report.notes.iter().any(|note| note.code == Code::BatchOpen), "{report:?}");
}

#[tokio::test]
async fn a_station_that_the_auditor_does_not_know_is_found_though_the_ledger_enrols_it() {
    let house = House::build().await;
    house.capture("ours").await;
    let forger = House { station: StationSigner::from_seed("ward9", &[2; 32]), ..house };
    forger.enrol(&forger.station, false).await;
    forger.capture("forged").await;
    assert_eq!(forger.codes().await, [], "the ledger says so");
    let known = vec![StationSigner::from_seed("ward9", &[1; 32]).public()];
    let report = forger.report(&Ask { stations: Some(known), ..Ask::default() }).await;
    let found: Vec<Code> = report.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(found, [Code::StationUnknown, Code::StationUnknown, Code::CaptureUnsigned]);
}

#[tokio::test]
async fn times_and_versions_that_do_not_follow_are_found() {
    let house = House::build().await;
    let first = house.capture("a").await;
    let second =
        Manifest { version: 2, previous: Some(Digest::of(&canonical::to_bytes(&first).unwrap())), ..first.clone() };
    house.seal(&second).await;
    assert_eq!(house.codes().await, []);
    house.seal(&first).await;
    assert_eq!(house.codes().await, [Code::Resurrected]);
    let gap = Manifest { version: 4, previous: Some(Digest::of(b"gone")), ..first.clone() };
    house.seal(&gap).await;
    assert_eq!(house.codes().await, [Code::Resurrected, Code::VersionMissing, Code::ManifestWrong]);

    let house = House::build().await;
    let yesterday = Timestamp(TODAY.0 - 86_400_000);
    house.seal(&Manifest { created: yesterday, ..house.manifest("b", "b").await }).await;
    house.close("b", Some(&house.station), &["b"]).await;
    assert_eq!(house.codes().await, [Code::BackDated]);
    house.say_at(yesterday, super::viewed(1).event).await;
    assert_eq!(house.codes().await, [Code::BackDated, Code::BackDated]);
}

#[tokio::test]
async fn a_document_that_no_event_seals_is_found_and_one_on_its_way_is_not() {
    let house = House::build().await;
    let it = house.capture("a").await;
    house.archive.seal(&house.manifest("on its way", "p").await).await.expect("sealed");
    house.archive.seal(&Manifest { created: Timestamp(1), ..it }).await.expect("sealed");
    assert_eq!(house.codes().await, []);
    let planted = Manifest { created: Timestamp(TODAY.0 - 86_400_000), ..house.manifest("planted", "p").await };
    house.archive.seal(&planted).await.expect("sealed");
    assert_eq!(house.codes().await, [Code::Unlogged]);
}

#[tokio::test]
async fn one_document_alone_is_checked_with_all_that_it_needs() {
    let house = House::build().await;
    let (ours, other) = (house.capture("ours").await, house.capture("other").await);
    let broken = crate::object_key(crate::BLOBS, &other.pages[0].image.digest);
    use object_store::ObjectStoreExt as _;
    house.store.delete(&broken.as_str().into()).await.expect("deleted");
    let of = |document| Ask { document: Some(document), ..Ask::default() };
    let report = house.report(&of(ours.document)).await;
    assert!(report.findings.is_empty(), "{report:?}");
    assert_eq!((report.counts.manifests, report.counts.blobs), (1, 2));
    let report = house.report(&of(other.document)).await;
    assert_eq!(report.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), [Code::BlobMissing]);
}
