//! Many callers and several processes at once.

use futures::future::join_all;

use super::{all_events, report, signer, viewed, views};
use crate::{Archive, StoreAddress};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_archives_on_one_store_lose_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let on_disk = StoreAddress::parse(&folder.path().to_string_lossy(), Vec::new()).expect("a path");
    for address in [StoreAddress::memory(), on_disk] {
        Archive::init(&address, signer()).await.expect("made").append(views(0..240)).await.expect("appended");
        let one = Archive::open(&address, signer()).await.expect("opened");
        let two = Archive::open(&address, signer()).await.expect("opened");
        // Crossing the border of a tile, so that partial tiles vanish under the other's feet.
        let appends = (240..280).map(|n| {
            let archive = if n % 2 == 0 { one.clone() } else { two.clone() };
            tokio::spawn(async move { archive.append(vec![viewed(n)]).await.map(|r| r[0].index) })
        });
        let mut places: Vec<_> =
            join_all(appends).await.into_iter().map(|place| place.expect("ran").expect("appended")).collect();
        places.sort_unstable();
        assert_eq!(places, (240..280).collect::<Vec<_>>());
        assert_eq!((one.refresh().await.expect("seen"), two.refresh().await.expect("seen")), (280, 280));
        let mut events = all_events(&two).await;
        events.sort_by_key(|event| event.at);
        assert_eq!(events, views(0..280));
        let report = report(&address, None).await;
        assert!(report.findings.is_empty(), "{:?}", report.findings);
        let opened = record::note::open(&report.checkpoint, &signer().public()).expect("signed");
        assert_eq!(opened.size, 280, "the newest checkpoint is the published one");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_share_commits() {
    let address = StoreAddress::memory();
    let archive = Archive::init(&address, signer()).await.expect("made");
    let appends = (0..200).map(|n| archive.append(vec![viewed(n)]));
    assert!(join_all(appends).await.iter().all(Result::is_ok));
    let counts = report(&address, None).await.counts;
    assert_eq!(counts.events, 200);
    assert!(counts.commits < 100, "{} commits", counts.commits);
}
