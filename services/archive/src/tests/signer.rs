//! A signer of its own signs one history, whatever happens to the servers that ask it.

use std::path::Path;
use std::sync::{Arc, Mutex};

use object_store::memory::InMemory;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixListener;

use super::faulty::{Fault, Faulty};
use super::{all_events, report, signer, viewed, views};
use crate::signer::{Memory, Signer};
use crate::{Archive, Error, StoreAddress};

/// A signer that stands where this archive stands, and answers from now on.
async fn apart(folder: &Path, archive: &Archive) -> Box<dyn Fn() -> Signer + Send> {
    Memory::begin(folder, &signer(), &archive.checkpoint()).expect("begun");
    let memory = Arc::new(Mutex::new(Memory::load(folder, signer()).expect("loaded")));
    let (socket, key) = (folder.join("socket"), archive.key());
    let listener = UnixListener::bind(&socket).expect("bound");
    tokio::spawn(async move {
        while let Ok((line, _)) = listener.accept().await {
            let (mut line, mut request) = (BufReader::new(line), Vec::new());
            line.read_until(b'\n', &mut request).await.expect("read");
            let answer = memory.lock().expect("not poisoned").answer(&request).expect("answered");
            line.write_all(&answer).await.expect("written");
        }
    });
    Box::new(move || Signer::Apart { socket: socket.clone(), key: key.clone() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_with_one_signer_write_one_history() {
    let (folder, address) = (tempfile::tempdir().expect("a folder"), StoreAddress::memory());
    let archive = Archive::init(&address, signer()).await.expect("made");
    archive.append(views(0..250)).await.expect("appended");
    let apart = apart(folder.path(), &archive).await;
    drop(archive);
    let one = Archive::open(&address, apart()).await.expect("opened");
    let two = Archive::open(&address, apart()).await.expect("opened");
    let appends = (250..290).map(|n| {
        let archive = if n % 2 == 0 { one.clone() } else { two.clone() };
        tokio::spawn(async move { archive.append(vec![viewed(n)]).await.map(|r| r[0].index) })
    });
    let mut places = Vec::new();
    for append in appends.collect::<Vec<_>>() {
        places.push(append.await.expect("ran").expect("appended"));
    }
    places.sort_unstable();
    assert_eq!(places, (250..290).collect::<Vec<_>>());
    one.refresh().await.expect("seen");
    let mut events = all_events(&one).await;
    events.sort_by_key(|event| event.at);
    assert_eq!(events, views(0..290), "none is lost, and none is there twice");
    assert!(report(&address, None).await.findings.is_empty());
}

/// Wherever the server dies between being given a signature and making use of it, the next one goes on from what was signed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signature_that_was_never_used_is_made_use_of() {
    let base = Arc::new(InMemory::new());
    let address = StoreAddress::wrapping(Arc::clone(&base) as _);
    Archive::init(&address, signer()).await.expect("made").append(views(0..254)).await.expect("appended");
    let mut ahead = 0;
    for at in 0.. {
        let (folder, store) = (tempfile::tempdir().expect("a folder"), Arc::new(base.fork()));
        let address = StoreAddress::wrapping(Arc::clone(&store) as _);
        let apart = apart(folder.path(), &Archive::open(&address, signer()).await.expect("opened")).await;
        let faulty = Arc::new(Faulty::new(Arc::clone(&store) as _, Fault::Died, at));
        let dying = Archive::open(&StoreAddress::wrapping(Arc::clone(&faulty) as _), apart()).await;
        let told = match dying {
            Ok(dying) => dying.append(views(300..304)).await.is_ok(),
            Err(_) => false,
        };
        let signed = Memory::load(folder.path(), signer()).expect("loaded").size();
        let archive = Archive::open(&address, apart()).await.expect("opened");
        ahead += u32::from(signed > archive.size());
        archive.append(vec![viewed(999)]).await.unwrap_or_else(|error| panic!("{at}: {error}"));
        let events = all_events(&archive).await;
        let kept = events.iter().filter(|event| views(300..304).contains(event)).count();
        assert!(kept == 4 || kept == 0 && !told, "{at}: {kept}");
        assert_eq!(events.iter().filter(|event| **event == viewed(999)).count(), 1, "{at}");
        assert!(report(&address, None).await.findings.is_empty(), "{at}");
        if !faulty.has_struck() {
            break;
        }
    }
    assert!(ahead > 0, "no server died with a signature in its hand");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_was_set_back_gets_no_signature() {
    let (folder, store) = (tempfile::tempdir().expect("a folder"), Arc::new(InMemory::new()));
    let address = StoreAddress::wrapping(Arc::clone(&store) as _);
    let archive = Archive::init(&address, signer()).await.expect("made");
    archive.append(views(0..10)).await.expect("appended");
    let old = Arc::new(store.fork());
    let apart = apart(folder.path(), &archive).await;
    drop(archive);
    Archive::open(&address, apart()).await.expect("opened").append(views(10..20)).await.expect("appended");
    let set_back = Archive::open(&StoreAddress::wrapping(old), apart()).await.expect("opened");
    match set_back.append(vec![viewed(77)]).await {
        Err(Error::Append(error)) => {
            assert!(matches!(*error, Error::SignedElsewhere { signed: 20, here: 10 }), "{error}");
        }
        other => panic!("it was signed: {:?}", other.map(|receipts| receipts.len())),
    }
    let nobody = Signer::Apart { socket: folder.path().join("nobody"), key: signer().public() };
    let alone = Archive::open(&address, nobody).await.expect("reading needs no signer");
    assert!(alone.append(vec![viewed(78)]).await.is_err(), "nothing is signed without the signer");
}
