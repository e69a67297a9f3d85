//! A thousand clients hand over the same few documents at the same time. Many of them leave before they hear the answer, some of these
//! after the commit was made, and all ask until they have a receipt: each document is in the ledger once, and everybody has that receipt.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use imaging::Raster;
use record::manifest::{PageEntry, Source, SourceKind};
use record::note::LogKey;
use record::wire::{BatchReply, CapturedFields, CloseBatch, HandOver, OpenBatch, Sealed};
use record::{BatchId, Descriptor, DocumentId, EventKind, PageId};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use tests::chance::Chance;
use tests::{samples, site::Site};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const CLIENTS: usize = 1_000;
const DOCUMENTS: usize = 20;
/// Documents that nobody else hands over, whose one client leaves so many milliseconds later each time, and asks again at once.
const ALONE: usize = 80;
const LATER: u64 = 2;
const LANES: usize = 4;
const CLOSERS: usize = 4;
/// How long somebody waits, in milliseconds, who leaves before there is an answer: the server may not even have read the request.
const PATIENCE: usize = 400;
/// A bound for tests that fail.
const TRIES: usize = 300;

/// What every client of one document sends.
struct Offer {
    document: DocumentId,
    image: Vec<u8>,
    hand_over: HandOver,
}

struct Storm {
    base: String,
    tokens: Vec<String>,
    http: Client,
    key: LogKey,
    batch: BatchId,
    offers: Vec<Offer>,
    unheard: AtomicUsize,
    unread: AtomicUsize,
}

/// A document of one page, which is like no other's.
fn offer(n: usize) -> Result<Offer> {
    let levels = (0..60 * 40).map(|at| ((at * (n + 3)) % 251) as u8).collect();
    let image = Raster::gray(60, 40, levels)?.encode_png(300)?;
    let document = DocumentId::derived([n.to_be_bytes().as_slice()]);
    let page = PageEntry {
        page: PageId::derived([document.as_uuid().as_bytes().as_slice()]),
        number: 1,
        image: Descriptor::of("image/png", &image),
        width: 60,
        height: 40,
        dpi: 300,
        from: None,
        brought: None,
        frame: None,
    };
    let fields = CapturedFields { mrn: Some(samples::MRN.parse()?), ..CapturedFields::default() };
    let hand_over = HandOver { source: source(), originals: Vec::new(), pages: vec![page], fields };
    Ok(Offer { document, image, hand_over })
}

fn source() -> Source {
    Source { kind: SourceKind::Scan, station: "storm".into(), device: None }
}

impl Storm {
    fn over(site: &Site) -> Result<Self> {
        Ok(Self {
            base: format!("{}/api/v1", site.url()),
            tokens: (0..2).map(|_| site.token("technician")).collect::<Result<_>>()?,
            // Each request has a line of its own, which ends where its client leaves.
            http: Client::builder().pool_max_idle_per_host(0).build()?,
            key: fs::read_to_string(site.log_key())?.trim().parse()?,
            batch: BatchId::derived([b"storm".as_slice()]),
            offers: (0..DOCUMENTS + ALONE).map(offer).collect::<Result<_>>()?,
            unheard: AtomicUsize::new(0),
            unread: AtomicUsize::new(0),
        })
    }

    fn ask(&self, client: usize, method: &Method, path: &str) -> RequestBuilder {
        let token = &self.tokens[client % self.tokens.len()];
        self.http.request(method.clone(), format!("{}{path}", self.base)).bearer_auth(token)
    }

    /// Again and again, as a station does: where the line is cut, and where the server has too much to do and says when to come back.
    async fn insist(&self, chance: &mut Chance, ask: impl Fn() -> RequestBuilder) -> Result<Response> {
        for _ in 0..TRIES {
            let wait = match ask().send().await {
                Ok(answer) if is_too_much(answer.status()) => after(&answer).context("it says when to come back")?,
                Ok(answer) => return Ok(answer),
                Err(_) => Duration::ZERO,
            };
            sleep(wait + Duration::from_millis(chance.below(500) as u64)).await;
        }
        bail!("the server has never taken it")
    }

    /// The whole of a hand-over, as the protocol says (`record::wire`).
    async fn client(&self, number: usize) -> Result<(DocumentId, Sealed)> {
        let (mut chance, offer) = (Chance::new(number as u64), &self.offers[number % DOCUMENTS]);
        let patience = Duration::from_millis(chance.below(PATIENCE) as u64);
        let leaves = !number.is_multiple_of(3);
        self.prepare(number, &mut chance, offer).await?;
        if leaves {
            self.give_up(number, offer, patience).await;
            self.leave(Some(self.insist(&mut chance, || self.hand_over(number, offer)).await?));
        }
        self.receipt(offer, self.insist(&mut chance, || self.hand_over(number, offer)).await?).await
    }

    /// Before the storm, when the server is quick: whatever the server is doing as somebody leaves, it does not do twice.
    async fn alone(&self, number: usize) -> Result<(DocumentId, Sealed)> {
        let (mut chance, offer) = (Chance::new(number as u64), &self.offers[DOCUMENTS + number]);
        self.prepare(number, &mut chance, offer).await?;
        self.give_up(number, offer, Duration::from_millis(number as u64 * LATER)).await;
        self.receipt(offer, self.insist(&mut chance, || self.hand_over(number, offer)).await?).await
    }

    async fn prepare(&self, number: usize, chance: &mut Chance, offer: &Offer) -> Result<()> {
        self.open(number, chance).await?;
        self.upload(number, chance, offer).await
    }

    fn hand_over(&self, number: usize, offer: &Offer) -> RequestBuilder {
        let path = format!("/batches/{}/documents/{}", self.batch, offer.document);
        self.ask(number, &Method::PUT, &path).json(&offer.hand_over)
    }

    /// Waits for an answer no longer than this.
    async fn give_up(&self, number: usize, offer: &Offer, patience: Duration) {
        self.leave(timeout(patience, self.hand_over(number, offer).send()).await.ok().and_then(Result::ok));
    }

    async fn receipt(&self, offer: &Offer, answer: Response) -> Result<(DocumentId, Sealed)> {
        ensure!(answer.status().is_success(), "a hand-over: {}", answer.text().await?);
        let sealed: Sealed = answer.json().await?;
        let manifest = sealed.receipt.verify_sealed(&self.key, sealed.manifest.as_bytes())?;
        ensure!(manifest.document == offer.document, "a receipt for another document");
        Ok((offer.document, sealed))
    }

    /// Somebody is gone: before there was an answer, or with the answer unread.
    fn leave(&self, answer: Option<Response>) {
        match answer {
            Some(answer) if answer.status().is_success() => self.unread.fetch_add(1, Ordering::Relaxed),
            _ => self.unheard.fetch_add(1, Ordering::Relaxed),
        };
    }

    async fn open(&self, client: usize, chance: &mut Chance) -> Result<()> {
        let open = OpenBatch { name: "Storm".into(), source: source() };
        let path = format!("/batches/{}", self.batch);
        let answer = self.insist(chance, || self.ask(client, &Method::PUT, &path).json(&open)).await?;
        ensure!(answer.status().is_success(), "opening: {}", answer.text().await?);
        Ok(())
    }

    async fn upload(&self, client: usize, chance: &mut Chance, offer: &Offer) -> Result<()> {
        let path = format!("/uploads/{}", offer.hand_over.pages[0].image.digest);
        for _ in 0..TRIES {
            let held = self.insist(chance, || self.ask(client, &Method::HEAD, &path)).await?;
            if held.headers().contains_key("upload-complete") && held.headers()["upload-complete"] == "?1" {
                return Ok(());
            }
            let piece = || {
                let ask = self.ask(client, &Method::PATCH, &path).body(offer.image.clone());
                ask.header("Upload-Offset", 0).header("Upload-Length", offer.image.len())
            };
            // Where another line has brought it meanwhile, its offset is another.
            let answer = self.insist(chance, piece).await?;
            ensure!([204, 409].contains(&answer.status().as_u16()), "uploading: {}", answer.text().await?);
        }
        bail!("the image never arrived")
    }

    /// Those who close a batch twice or at the same time are told the same.
    async fn close(&self, client: usize) -> Result<u64> {
        let close = CloseBatch {
            captured: (DOCUMENTS + ALONE) as u32,
            documents: (DOCUMENTS + ALONE) as u32,
            sheets: None,
            refused: Vec::new(),
            signed: None,
        };
        let path = format!("/batches/{}/close", self.batch);
        let mut chance = Chance::new(client as u64);
        let answer = self.insist(&mut chance, || self.ask(client, &Method::POST, &path).json(&close)).await?;
        ensure!(answer.status().is_success(), "closing: {}", answer.text().await?);
        let reply: BatchReply = answer.json().await?;
        let (event, _) = reply.receipt.verify(&self.key)?;
        ensure!(matches!(event.event, EventKind::BatchRecorded { batch, .. } if batch == self.batch), "another batch");
        Ok(reply.receipt.index)
    }
}

fn is_too_much(status: StatusCode) -> bool {
    [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&status)
}

fn after(answer: &Response) -> Option<Duration> {
    answer.headers().get("retry-after")?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

/// Everybody's answer, by document: where in the ledger it is, and what was sealed.
async fn rage(storm: Arc<Storm>) -> Result<BTreeMap<DocumentId, BTreeSet<(u64, String)>>> {
    let (mut clients, mut told) = (JoinSet::new(), BTreeMap::<_, BTreeSet<_>>::new());
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        let storm = Arc::clone(&storm);
        lanes.spawn(async move {
            let mut sealed = Vec::new();
            for number in (lane..ALONE).step_by(LANES) {
                sealed.push(storm.alone(number).await?);
            }
            anyhow::Ok(sealed)
        });
    }
    while let Some(lane) = lanes.join_next().await {
        for (document, sealed) in lane?? {
            told.entry(document).or_default().insert((sealed.receipt.index, sealed.manifest));
        }
    }
    for number in 0..CLIENTS {
        let storm = Arc::clone(&storm);
        clients.spawn(async move { storm.client(number).await });
    }
    while let Some(client) = clients.join_next().await {
        let (document, sealed) = client??;
        told.entry(document).or_default().insert((sealed.receipt.index, sealed.manifest));
    }
    let mut closers = JoinSet::new();
    for number in 0..CLOSERS {
        let storm = Arc::clone(&storm);
        closers.spawn(async move { storm.close(number).await });
    }
    let mut closed = BTreeSet::new();
    while let Some(index) = closers.join_next().await {
        closed.insert(index??);
    }
    // And again, when it is long done.
    closed.insert(storm.close(0).await?);
    ensure!(closed.len() == 1, "those who closed the batch were told of events {closed:?}");
    Ok(told)
}

/// How often each document was sealed, and how often the batch was recorded.
fn recorded(site: &Site) -> Result<(BTreeMap<DocumentId, usize>, usize)> {
    let (auditor, mut sealed, mut batches) = (site.caller("auditor")?, BTreeMap::new(), 0);
    for from in (0..).step_by(1_000) {
        let mut page = auditor.json(&format!("/api/v1/ledger/events?most=1000&from={from}"))?;
        let events = page["events"].as_array_mut().context("events")?;
        for event in events.iter_mut() {
            match serde_json::from_value(event["event"].take())? {
                EventKind::Sealed { document, .. } => *sealed.entry(document).or_default() += 1,
                EventKind::BatchRecorded { .. } => batches += 1,
                _ => {}
            }
        }
        if events.len() < 1_000 {
            break;
        }
    }
    Ok((sealed, batches))
}

#[test]
fn a_thousand_clients_that_ask_and_leave_and_ask_again_make_one_entry_of_each_document() -> Result<()> {
    let site = Site::start(0)?;
    let storm = Arc::new(Storm::over(&site)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let told = runtime.block_on(rage(Arc::clone(&storm)))?;
    let (unheard, unread) = (storm.unheard.load(Ordering::Relaxed), storm.unread.load(Ordering::Relaxed));
    ensure!(
        unheard > 100 && unread > 100,
        "{unheard} left before they heard anything, {unread} with the answer unread"
    );

    let (sealed, batches) = recorded(&site)?;
    ensure!(
        sealed.len() == DOCUMENTS + ALONE && sealed.values().all(|times| *times == 1),
        "sealed so often: {sealed:?}"
    );
    ensure!(told.len() == DOCUMENTS + ALONE && told.values().all(|answers| answers.len() == 1), "receipts differ");
    ensure!(batches == 2, "the batch was opened once and closed once, and recorded {batches} times");
    let batch = site.caller("technician")?.json(&format!("/api/v1/batches/{}", storm.batch))?;
    ensure!(batch["sealed"] == DOCUMENTS + ALONE, "{batch}");
    let (code, report) = site.verify()?;
    ensure!(code == 0, "{report}");
    Ok(())
}
