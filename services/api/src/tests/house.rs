//! A server to call, and callers of every role.

use std::path::PathBuf;

use actix_web::http::Method;
use actix_web::test::{self, TestRequest};
use actix_web::web;
use archive::{Archive, StoreAddress};
use catalog::Catalog;
use indexer::{Index, Vocabulary};
use metrics_exporter_prometheus::PrometheusBuilder;
use record::event::{AccountRecord, Actor, Role};
use record::manifest::{PageEntry, Source, SourceKind};
use record::note::LogSigner;
use record::wire::{CapturedFields, HandOver};
use record::{AccountId, BatchId, Descriptor, DocumentId, PageId, TokenId};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::clock::Clock;
use crate::config::Config;
use crate::destruction::Destroying;
use crate::fixity::Fixity;
use crate::follow::{self, Follower};
use crate::limits::Limits;
use crate::rasters::Rasters;
use crate::retention::Schedule;
use crate::shelf::Shelf;
use crate::state::{App, now};
use crate::uploads::{Busy, Uploads};
use crate::views::Views;
use crate::{password, people, server};

pub const PASSWORD: &str = "a long enough password";

pub struct House {
    pub app: web::Data<App>,
    _folder: TempDir,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: actix_web::http::header::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }
}

/// An index that knows no words.
fn shelf(folder: PathBuf) -> Shelf {
    let index = Index::open(&folder).expect("an index");
    Shelf::new(folder, Vocabulary::default(), index)
}

impl House {
    pub async fn new() -> Self {
        Self::with(Config::default()).await
    }

    pub async fn with(config: Config) -> Self {
        Self::built(config, None).await
    }

    /// One where documents may be destroyed by this schedule.
    pub async fn with_retention(retention: Option<Schedule>) -> Self {
        Self::built(Config::default(), retention).await
    }

    async fn built(config: Config, retention: Option<Schedule>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let signer = LogSigner::from_seed("chartroom.test/log", &[7; 32]).expect("a good name");
        let archive = Archive::init(&StoreAddress::memory(), signer).await.expect("an archive");
        let catalog = format!("sqlite:{}", folder.path().join("catalog.sqlite").display());
        let app = App {
            archive,
            catalog: Catalog::open(&catalog).await.expect("a catalog"),
            shelf: shelf(folder.path().join("index")),
            config,
            clock: Clock::start(now()),
            follower: Follower::default(),
            limits: Limits::default(),
            views: Views::default(),
            rasters: Rasters::new(1),
            uploads: Uploads::open(folder.path().join("uploads")).expect("a folder"),
            fixity: Fixity::default(),
            sealing: Busy::default(),
            recording: Busy::default(),
            destroying: Destroying::default(),
            retention,
            metrics: PrometheusBuilder::new().build_recorder().handle(),
        };
        let house = Self { app: web::Data::new(app), _folder: folder };
        for role in Role::ALL {
            let record =
                people::token(TokenId::derived([role.as_str().as_bytes()]), role.as_str(), role, role.as_str());
            people::record_token(&house.app.archive, Actor::System, house.app.now(), &record).await.expect("recorded");
        }
        house.app.refresh().await.expect("folded");
        house
    }

    pub async fn account(&self, login: &str, role: Role, must_change_password: bool) {
        let record = AccountRecord {
            account: AccountId::derived([login.as_bytes()]),
            login: login.to_owned(),
            role,
            password_hash: password::hash(PASSWORD).expect("long enough"),
            must_change_password,
            disabled: false,
        };
        people::record_account(&self.app.archive, Actor::System, self.app.now(), &record).await.expect("recorded");
        self.app.refresh().await.expect("folded");
    }

    pub async fn send(&self, request: TestRequest) -> Answer {
        let service = test::init_service(server::assemble(self.app.clone())).await;
        let answer = test::try_call_service(&service, request.to_request()).await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = actix_web::body::to_bytes(answer.into_body()).await.ok().expect("a body").to_vec();
        Answer { status, headers, body }
    }

    /// A request with the token of `role`.
    pub async fn ask(&self, role: Role, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = TestRequest::with_uri(path).method(method);
        request = request.insert_header(("authorization", format!("Bearer {}", role.as_str())));
        if let Some(body) = body {
            request = request.set_json(body);
        }
        self.send(request).await
    }

    pub async fn get(&self, role: Role, path: &str) -> Answer {
        self.ask(role, Method::GET, path, None).await
    }

    /// Uploads bytes in one piece.
    pub async fn upload(&self, bytes: &[u8]) -> Descriptor {
        let blob = Descriptor::of("image/png", bytes);
        let answer = self.piece(&blob, 0, bytes).await;
        assert_eq!(answer.status, 204, "{}", String::from_utf8_lossy(&answer.body));
        blob
    }

    pub async fn piece(&self, blob: &Descriptor, offset: usize, bytes: &[u8]) -> Answer {
        let request = TestRequest::patch()
            .uri(&format!("/api/v1/uploads/{}", blob.digest))
            .insert_header(("authorization", "Bearer technician"))
            .insert_header(("upload-offset", offset.to_string()))
            .insert_header(("upload-length", blob.size.to_string()))
            .set_payload(bytes.to_vec());
        self.send(request).await
    }

    /// Opens a batch and hands over one page of `mrn`; gives the document and its page.
    pub async fn capture(&self, mrn: Option<&str>) -> (DocumentId, PageId) {
        let (batch, document) = (batch(), DocumentId::derived([mrn.unwrap_or("none").as_bytes()]));
        self.open_batch().await;
        let image = self.upload(&png(60, 40)).await;
        let page = PageId::derived([document.as_uuid().as_bytes().as_slice()]);
        let offer = offer(image, page, mrn);
        let path = format!("/api/v1/batches/{batch}/documents/{document}");
        let answer = self.ask(Role::Technician, Method::PUT, &path, Some(json!(offer))).await;
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        (document, page)
    }

    pub async fn open_batch(&self) {
        let body = json!({"name": "Morning", "source": source()});
        let answer = self.ask(Role::Technician, Method::PUT, &format!("/api/v1/batches/{}", batch()), Some(body)).await;
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    }

    /// Lets the index fold what the catalog has.
    pub async fn index(&self) {
        let end = self.app.refresh().await.expect("folded");
        let App { archive, catalog, shelf, .. } = &**self.app;
        let index = shelf.index();
        let next = follow::index_group(archive, catalog, &index, index.cursor(), end, None).await.expect("indexed");
        assert_eq!(next, end);
        self.app.follower.start_at(next);
    }

    /// Events of one kind, by the tag in the leaf.
    pub async fn count_events(&self, name: &str) -> usize {
        let events = self.app.archive.events(0, 10_000).await.expect("events");
        events.iter().filter(|event| event.event.name() == name).count()
    }
}

pub fn batch() -> BatchId {
    BatchId::derived([b"batch".as_slice()])
}

pub fn source() -> Source {
    Source { kind: SourceKind::Scan, station: "station 1".into(), device: None }
}

pub fn png(width: u32, height: u32) -> Vec<u8> {
    let samples = (0..width * height).map(|at| (at % 251) as u8).collect();
    imaging::Raster::gray(width, height, samples).expect("fits").encode_png(300).expect("encodes")
}

pub fn offer(image: Descriptor, page: PageId, mrn: Option<&str>) -> HandOver {
    let page =
        PageEntry { page, number: 1, image, width: 60, height: 40, dpi: 300, from: None, brought: None, frame: None };
    let mrn = mrn.map(|mrn| mrn.parse().expect("a good number"));
    let fields = CapturedFields { mrn, ..CapturedFields::default() };
    HandOver { source: source(), originals: Vec::new(), pages: vec![page], fields }
}
