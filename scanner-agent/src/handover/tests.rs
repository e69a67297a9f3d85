//! The hand-over against a small server of the same protocol that can be told to fail.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use record::event::Actor;
use record::manifest::{MANIFEST_SCHEMA, PageEntry, Source, SourceKind};
use record::merkle::leaf_hash;
use record::note::LogSigner;
use record::wire::{BatchReply, CapturedFields, HandOver, Sealed};
use record::{Manifest, PageId, Receipt, Timestamp, canonical};

use super::*;
use crate::spool::Home;
use crate::spool::event::{Captured, CapturedPage, Opened};

/// How the server spoils one request: before it acts, or after it has acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spoil {
    Refuse,
    RefuseAfterwards,
    CutAfterwards,
    Unavailable,
}

#[derive(Default)]
struct Store {
    uploads: BTreeMap<String, Vec<u8>>,
    sealed: BTreeMap<String, Sealed>,
    requests: usize,
    spoil: Option<(usize, Spoil)>,
    patched_bytes: usize,
}

struct Server {
    address: String,
    store: Arc<Mutex<Store>>,
}

fn signer() -> LogSigner {
    LogSigner::from_seed("test", &[1; 32]).expect("a good name")
}

/// A receipt in a log of one event.
fn receipt(event: EventKind) -> Receipt {
    let leaf = record::Event { at: Timestamp(1), actor: Actor::System, event }.to_leaf().expect("small");
    Receipt::new(0, &leaf, Vec::new(), signer().sign(1, leaf_hash(&leaf)))
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let store = Arc::new(Mutex::new(Store::default()));
        let shared = Arc::clone(&store);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = shared.lock().expect("no panic").serve(stream);
            }
        });
        Self { address, store }
    }

    fn spoil(&self, at: usize, how: Spoil) {
        let mut store = self.store.lock().expect("no panic");
        (store.requests, store.spoil) = (0, Some((at, how)));
    }
}

impl Store {
    fn serve(&mut self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let (mut length, mut offset) = (0, 0);
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let Some((name, value)) = header.trim().split_once(": ") else { break };
            match name.to_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap_or(0),
                "upload-offset" => offset = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        self.requests += 1;
        let spoil = self.spoil.filter(|(at, _)| *at == self.requests).map(|(_, how)| how);
        if let Some(Spoil::Refuse | Spoil::Unavailable) = spoil {
            let status = if spoil == Some(Spoil::Refuse) { "401 no" } else { "503 later" };
            return write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
        let words: Vec<&str> = line.split(' ').collect();
        let (status, headers, answer) = self.answer(words[0], words[1], offset, &body);
        match spoil {
            Some(Spoil::CutAfterwards) => return Ok(()),
            Some(_) => return write!(stream, "HTTP/1.1 401 no\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
            None => {}
        }
        let length = answer.len();
        write!(stream, "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{answer}")
    }

    fn answer(&mut self, method: &str, path: &str, offset: usize, body: &[u8]) -> (&'static str, String, String) {
        let parts: Vec<&str> = path.trim_start_matches("/api/v1/").split('/').collect();
        match (method, parts.as_slice()) {
            ("GET", ["ledger", "key"]) => ("200 ok", String::new(), signer().public().to_string()),
            ("PUT", ["batches", _]) => ("200 ok", String::new(), String::new()),
            ("HEAD", ["uploads", digest]) => match self.uploads.get(*digest) {
                None => ("404 nothing yet", String::new(), String::new()),
                Some(bytes) if Digest::of(bytes).to_string() == *digest => {
                    ("200 ok", "Upload-Complete: ?1\r\n".into(), String::new())
                }
                Some(bytes) => ("200 ok", format!("Upload-Offset: {}\r\n", bytes.len()), String::new()),
            },
            ("PATCH", ["uploads", digest]) => {
                let held = self.uploads.entry((*digest).to_owned()).or_default();
                if held.len() != offset {
                    return ("409 elsewhere", String::new(), String::new());
                }
                held.extend_from_slice(body);
                self.patched_bytes += body.len();
                ("204 taken", format!("Upload-Offset: {}\r\n", held.len()), String::new())
            }
            ("PUT", ["batches", batch, "documents", document]) => {
                let sealed = self.sealed.entry((*document).to_owned()).or_insert_with(|| seal(batch, document, body));
                ("201 sealed", String::new(), serde_json::to_string(sealed).expect("json"))
            }
            ("POST", ["batches", batch, "close"]) => {
                let batch = batch.parse().expect("an id");
                let receipt = receipt(EventKind::BatchRecorded { batch, body: Digest::of(body), signed: None });
                ("200 ok", String::new(), serde_json::to_string(&BatchReply { receipt }).expect("json"))
            }
            _ => ("404 unknown", String::new(), String::new()),
        }
    }
}

fn seal(batch: &str, document: &str, body: &[u8]) -> Sealed {
    let hand_over: HandOver = serde_json::from_slice(body).expect("a hand-over");
    let pages = hand_over.pages.len() as u32;
    let (batch, document) = (batch.parse().expect("an id"), document.parse().expect("an id"));
    let manifest = canonical::to_bytes(&Manifest {
        schema: MANIFEST_SCHEMA.into(),
        document,
        version: 1,
        previous: None,
        batch,
        created: Timestamp(1),
        created_by: Actor::System,
        source: hand_over.source,
        originals: hand_over.originals,
        pages: hand_over.pages,
        index: Descriptor::of("application/json", b"{}"),
    })
    .expect("canonical");
    let kind = EventKind::Sealed { document, version: 1, manifest: Digest::of(&manifest), batch, pages };
    Sealed { receipt: receipt(kind), manifest: String::from_utf8(manifest).expect("text") }
}

const PAGES: [&str; 2] = ["first page", "second page"];

fn batch_id() -> BatchId {
    BatchId::derived([b"b".as_slice()])
}

/// A batch of two documents of one page each, decided and waiting.
fn fill(spool: &Spool) {
    let mut batch = spool.batch(batch_id()).expect("begins");
    let source = Source { kind: SourceKind::Scan, station: "test".into(), device: None };
    let opened = Opened {
        batch: batch_id(),
        name: "box".into(),
        source: source.clone(),
        defaults: CapturedFields::default(),
        files: Vec::new(),
        refused: Vec::new(),
        rules: None,
        two_sided: false,
        held: false,
        operator: None,
        reel: None,
    };
    batch.record(Event::BatchOpened(Box::new(opened))).expect("records");
    let mut documents = Vec::new();
    for content in PAGES {
        let image = batch.keep_page("image/png", content.as_bytes()).expect("keeps");
        let page = PageEntry {
            page: PageId::derived([content.as_bytes()]),
            number: 1,
            image: image.clone(),
            width: 1,
            height: 1,
            dpi: 0,
            from: None,
            brought: None,
            frame: None,
        };
        let captured = CapturedPage {
            image,
            width: 1,
            height: 1,
            dpi: 0,
            from: None,
            brought: None,
            codes: None,
            quality: None,
            frame: None,
        };
        let captured = Captured { file: None, original: None, pages: vec![captured], refused: Vec::new(), strip: None };
        batch.record(Event::Captured(captured)).expect("records");
        let (source, fields) = (source.clone(), CapturedFields::default());
        let hand_over = HandOver { source, originals: Vec::new(), pages: vec![page], fields };
        documents.push(Planned { document: DocumentId::derived([content.as_bytes()]), hand_over });
    }
    batch.record(Event::CaptureComplete).expect("records");
    batch.record(Event::SplitDecided { documents, sheets: Vec::new() }).expect("records");
}

/// One run of the agent: opens the spool as a new process would, and hands over what waits.
fn run(server: &Server, home: &Home) -> Result<(), HandOverError> {
    let spool = Spool::open(home, || Timestamp(1))?;
    let client = Client::new(&server.address, "token")?;
    let key = trusted_key(&client, &spool, None)?;
    for id in spool.batches()? {
        let pace = Cell::new(Pace::new(None, Instant::now()));
        Handing { client: &client, pace, spool: &spool, key: &key }.batch(spool.batch(id)?)?;
    }
    Ok(())
}

fn assert_all_arrived(server: &Server, home: &Home, told: &str) {
    let (waiting, finished) = crate::spool::peek(home).expect("peeks");
    assert_eq!((waiting.len(), finished), (0, 1), "{told}");
    let store = server.store.lock().expect("no panic");
    assert_eq!(store.sealed.len(), PAGES.len(), "{told}");
    let uploaded: Vec<&[u8]> = store.uploads.values().map(Vec::as_slice).collect();
    assert!(PAGES.iter().all(|page| uploaded.contains(&page.as_bytes())), "{told}");
}

#[test]
fn stopped_at_any_request_it_goes_on_and_nothing_is_lost_or_doubled() {
    // Key, open, twice (HEAD, PATCH, PUT), close: nine requests.
    for at in 1..=9 {
        for how in [Spoil::Refuse, Spoil::RefuseAfterwards] {
            let (server, folder) = (Server::start(), tempfile::tempdir().expect("a folder"));
            let home = Home::beside(&folder.path().join("spool"));
            fill(&Spool::open(&home, || Timestamp(1)).expect("opens"));
            server.spoil(at, how);
            assert!(run(&server, &home).is_err(), "request {at} {how:?}");
            run(&server, &home).expect("the second time");
            assert_all_arrived(&server, &home, &format!("request {at} {how:?}"));
        }
    }
}

#[test]
fn a_broken_connection_and_a_busy_server_are_tried_again() {
    for (at, how) in [(2, Spoil::Unavailable), (4, Spoil::CutAfterwards), (8, Spoil::CutAfterwards)] {
        let (server, folder) = (Server::start(), tempfile::tempdir().expect("a folder"));
        let home = Home::beside(&folder.path().join("spool"));
        fill(&Spool::open(&home, || Timestamp(1)).expect("opens"));
        server.spoil(at, how);
        run(&server, &home).expect("by itself");
        assert_all_arrived(&server, &home, &format!("request {at} {how:?}"));
    }
}

#[test]
fn an_upload_goes_on_where_it_stopped() {
    let (server, folder) = (Server::start(), tempfile::tempdir().expect("a folder"));
    let home = Home::beside(&folder.path().join("spool"));
    fill(&Spool::open(&home, || Timestamp(1)).expect("opens"));
    let digest = Digest::of(PAGES[0].as_bytes()).to_string();
    server.store.lock().expect("no panic").uploads.insert(digest, PAGES[0].as_bytes()[..4].to_vec());
    run(&server, &home).expect("hands over");
    assert_all_arrived(&server, &home, "resumed");
    let sent = server.store.lock().expect("no panic").patched_bytes;
    assert_eq!(sent, PAGES[0].len() + PAGES[1].len() - 4);
}

#[test]
fn another_key_than_the_pinned_one_is_refused_and_nothing_forgotten() {
    let (server, folder) = (Server::start(), tempfile::tempdir().expect("a folder"));
    let home = Home::beside(&folder.path().join("spool"));
    let spool = Spool::open(&home, || Timestamp(1)).expect("opens");
    fill(&spool);
    spool.pin_key(&LogSigner::from_seed("test", &[2; 32]).expect("a good name").public()).expect("pins");
    drop(spool);
    let error = run(&server, &home).expect_err("refused");
    assert!(matches!(error, HandOverError::Trust(TrustError::KeyChanged { .. })), "{error}");
    assert_eq!(crate::spool::peek(&home).expect("peeks").0.len(), 1);
}
