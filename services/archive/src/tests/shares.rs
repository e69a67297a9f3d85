//! Samples, and verifications that were interrupted.

use std::sync::Arc;

use bytes::Bytes;
use object_store::ObjectStoreExt as _;
use object_store::memory::InMemory;

use super::{hand_over, signer, views};
use crate::verify::{Ask, Code, Question, Resume, Share, verify};
use crate::{Archive, StoreAddress};

/// More blobs than there are between two places to go on from.
const DOCUMENTS: usize = 800;

async fn filled() -> (Arc<InMemory>, StoreAddress, Archive) {
    let store = Arc::new(InMemory::new());
    let address = StoreAddress::wrapping(Arc::clone(&store) as _);
    let archive = Archive::init(&address, signer()).await.expect("made");
    for n in 0..DOCUMENTS {
        hand_over(&archive, &format!("page {n}")).await.expect("kept");
    }
    (store, address, archive)
}

#[tokio::test]
async fn a_sample_says_what_it_saw_and_an_interrupted_run_goes_on() {
    let (store, address, archive) = filled().await;
    let key = signer().public();
    let ask = Ask { share: Share::Number { number: 100, seed: 5 }, ..Ask::default() };
    let report = verify(&address, &key, &ask, |_| {}).await.expect("checked");
    assert_eq!((report.coverage.blobs, report.coverage.of_blobs, report.coverage.seed), (100, 1_600, Some(5)));
    assert!(report.not_proven.iter().any(|gap| gap.what == Question::Blobs && gap.detail.contains("36.6 %")));

    let mut kept: Option<Resume> = None;
    let all = Ask::default();
    let whole = verify(&address, &key, &all, |progress| kept = progress.resume.or(kept.take())).await.expect("checked");
    let kept = kept.expect("there were enough");
    assert_eq!((kept.blobs, whole.counts.blobs), (1_000, 1_600));
    // A blob that the first run has seen breaks afterwards, one that it has not seen is broken, and one is new.
    archive.append(views(0..1)).await.expect("appended");
    hand_over(&archive, "new").await.expect("kept");
    let (mut seen, mut unseen) = (0, 0);
    for n in 0..DOCUMENTS {
        let bytes = Bytes::from(format!("image of page {n}").repeat(50));
        let digest = record::Digest::of(&bytes);
        let counter = if digest <= kept.after { &mut seen } else { &mut unseen };
        *counter += 1;
        if *counter == 1 {
            let key = crate::object_key(crate::BLOBS, &digest);
            store.put(&key.as_str().into(), Bytes::from("broken").into()).await.expect("put");
        }
    }
    let resume = Ask { resume: Some(kept.clone()), ..Ask::default() };
    let report = verify(&address, &key, &resume, |_| {}).await.expect("checked");
    assert_eq!(report.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), [Code::BlobWrong]);
    assert_eq!((report.coverage.resumed, report.coverage.blobs), (1_000, 1_602));
    let other = Ask { resume: Some(kept), share: Share::Number { number: 9, seed: 5 }, ..Ask::default() };
    assert!(verify(&address, &key, &other, |_| {}).await.is_err(), "another question");
}
