//! The archive as a whole: faults, damage, races, and what other people's verifiers say.

mod bags;
mod captures;
mod damage;
mod destruction;
mod faults;
mod faulty;
mod fixity;
mod keys;
mod peers;
mod races;
mod shares;
mod signer;

use std::sync::Arc;

use bytes::Bytes;
use object_store::memory::InMemory;
use record::event::Actor;
use record::manifest::{MANIFEST_SCHEMA, Source, SourceKind};
use record::note::LogSigner;
use record::{
    BatchId, Descriptor, Digest, DocumentId, Event, EventKind, Manifest, PageEntry, PageId, Receipt, Timestamp,
};

use crate::verify::{Ask, Report, verify};
use crate::{Archive, StoreAddress};

const TODAY: Timestamp = Timestamp(1_700_000_000_000);

/// The address of a store in memory.
fn at(store: &Arc<InMemory>) -> StoreAddress {
    StoreAddress::wrapping(Arc::clone(store) as _)
}

fn signer() -> LogSigner {
    LogSigner::from_seed("chartroom.example/test", &[7; 32]).expect("a good name")
}

/// An event unlike all with other numbers.
fn viewed(n: u64) -> Event {
    let document = DocumentId::derived([n.to_be_bytes().as_slice()]);
    let event = EventKind::Viewed { document, page: None, form: record::event::ViewForm::Screen };
    Event { at: Timestamp(TODAY.0 + n as i64), actor: Actor::System, event }
}

fn views(range: std::ops::Range<u64>) -> Vec<Event> {
    range.map(viewed).collect()
}

/// One page through the door: blobs, manifest, event.
async fn hand_over(archive: &Archive, name: &str) -> crate::Result<(Vec<Receipt>, Digest)> {
    let image = archive.put("image/png", Bytes::from(format!("image of {name}").repeat(50))).await?;
    let index = archive.put("application/json", Bytes::from(format!("fields of {name}"))).await?;
    let manifest = manifest_of(name, image, index);
    let digest = archive.seal(&manifest).await?;
    let (document, batch) = (manifest.document, manifest.batch);
    let event = EventKind::Sealed { document, version: 1, manifest: digest, batch, pages: 1 };
    let receipts = archive.append(vec![Event { at: TODAY, actor: Actor::System, event }]).await?;
    Ok((receipts, digest))
}

fn manifest_of(name: &str, image: Descriptor, index: Descriptor) -> Manifest {
    let page = PageId::derived([name.as_bytes()]);
    Manifest {
        schema: MANIFEST_SCHEMA.to_owned(),
        document: DocumentId::derived([name.as_bytes()]),
        version: 1,
        previous: None,
        batch: BatchId::derived([name.as_bytes()]),
        created: TODAY,
        created_by: Actor::System,
        source: Source { kind: SourceKind::Import, station: "station".to_owned(), device: None },
        originals: Vec::new(),
        pages: vec![PageEntry {
            page,
            number: 1,
            image,
            width: 1,
            height: 1,
            dpi: 0,
            from: None,
            brought: None,
            frame: None,
        }],
        index,
    }
}

async fn report(address: &StoreAddress, since: Option<&str>) -> Report {
    let ask = Ask { since: since.map(str::to_owned).into_iter().collect(), ..Ask::default() };
    verify(address, &signer().public(), &ask, |_| {}).await.expect("can be checked")
}

/// Every event in the ledger, in order.
async fn all_events(archive: &Archive) -> Vec<Event> {
    archive.events(0, usize::MAX).await.expect("readable")
}

#[tokio::test]
async fn keeps_what_it_is_given_on_a_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = StoreAddress::parse(&folder.path().join("store").to_string_lossy(), Vec::new()).expect("a path");
    assert!(matches!(Archive::open(&address, signer()).await, Err(crate::Error::Address(_))));
    let archive = Archive::init(&address, signer()).await.expect("made");
    let (receipts, digest) = hand_over(&archive, "one").await.expect("kept");
    let bytes = archive.manifest_bytes(&digest).await.expect("there");
    let manifest = receipts[0].verify_sealed(&archive.key(), &bytes).expect("proven");
    let image = archive.read(&manifest.pages[0].image.digest).await.expect("there");
    assert!(image.starts_with(b"image of one"));
    assert!(matches!(archive.read(&Digest::of(b"?")).await, Err(crate::Error::Missing(_))));
    assert!(matches!(Archive::init(&address, signer()).await, Err(crate::Error::AlreadyAnArchive)));
    archive.append(views(0..300)).await.expect("appended");
    let again = Archive::open(&address, signer()).await.expect("opened");
    assert_eq!((again.size(), again.checkpoint()), (301, archive.checkpoint()));
    assert_eq!(all_events(&again).await[1..], views(0..300));
    let report = report(&address, None).await;
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert_eq!((report.counts.events, report.counts.manifests, report.counts.blobs), (301, 1, 2));
}

#[tokio::test]
async fn proves_every_event_and_every_older_ledger() {
    let archive = Archive::init(&StoreAddress::memory(), signer()).await.expect("made");
    let mut older = vec![archive.checkpoint()];
    for (from, to) in [(0, 1), (1, 255), (255, 256), (256, 257), (257, 1_100)] {
        let receipts = archive.append(views(from..to)).await.expect("appended");
        for (receipt, event) in receipts.iter().zip(views(from..to)) {
            assert_eq!(receipt.verify(&archive.key()).expect("proven").0, event);
        }
        older.push(archive.checkpoint());
    }
    let open = |note: &str| record::note::open(note, &archive.key()).expect("signed");
    let new = open(&archive.checkpoint());
    for old in older.iter().map(|note| open(note)) {
        let proof = archive.consistency(old.size).await.expect("made");
        assert!(record::merkle::verify_consistency(old.size, new.size, &old.root, &new.root, &proof), "{}", old.size);
    }
    assert_eq!(archive.proof(700).await.expect("made").verify(&archive.key()).expect("proven").0, viewed(700));
    assert!(archive.proof(1_100).await.is_err());
}
