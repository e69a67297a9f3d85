//! Does the worker keep its side of `record::wire`, whatever the server does?

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use record::event::UnreadableReason;
use record::wire::{Failure, Job};
use record::{DocumentId, PageId};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const SAMPLE: &[u8] = include_bytes!("samples/discharge.png");
const TOKEN: &str = "secret-of-the-worker";

/// A request as the server saw it.
#[derive(Clone)]
struct Request {
    line: String,
    head: String,
    body: Vec<u8>,
}

/// A server that answers by a function of the request and of how many of its kind came before.
struct Server {
    address: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

type Answer = (u16, Vec<u8>);

impl Server {
    async fn start(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let seen = Arc::new(Mutex::new(Vec::<Request>::new()));
        let log = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let request = receive(stream, |request| {
                    let mut log = log.lock().expect("no panic while held");
                    let before = log.iter().filter(|other| other.line == request.line).count();
                    log.push(request.clone());
                    answer(request, before)
                });
                request.await;
            }
        });
        Self { address, seen }
    }

    fn seen(&self, line: &str) -> Vec<Request> {
        let seen = self.seen.lock().expect("no panic while held");
        seen.iter().filter(|request| request.line == line).cloned().collect()
    }

    async fn until_seen(&self, line: &str, times: usize) -> Vec<Request> {
        for _ in 0..600 {
            let seen = self.seen(line);
            if seen.len() >= times {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the worker never sent {line} {times} times");
    }
}

async fn receive(mut stream: TcpStream, answer: impl FnOnce(&Request) -> Answer) {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().expect("a number"));
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let line = head.lines().next().unwrap_or_default().trim_end_matches(" http/1.1").to_owned();
    let (status, body) = answer(&Request { line, head, body: bytes.split_off(end) });
    let head = format!("HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    // A worker that has been stopped does not listen.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&body).await;
}

fn job() -> Answer {
    numbered(1)
}

fn numbered(number: usize) -> Answer {
    let job = Job {
        job: format!("j{number}"),
        document: DocumentId::derived([b"d".as_slice()]),
        page: PageId::derived([b"p".as_slice()]),
        media_type: "image/png".to_owned(),
        width: 1275,
        height: 1650,
        dpi: 150,
        attempt: 1,
        priority: 1,
        brought: false,
        lease_seconds: 60,
    };
    (200, serde_json::to_vec(&job).expect("plain"))
}

const CLAIM: &str = "post /api/v1/jobs/claim";
const IMAGE: &str = "get /api/v1/jobs/j1/image";
const TEXT: &str = "post /api/v1/jobs/j1/text";
const FAILURE: &str = "post /api/v1/jobs/j1/failure";

fn worker(server: &Server) -> std::process::Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ocr-worker"));
    command
        .args(["--server", &server.address, "--children", "1"])
        .env("CHARTROOM_TOKEN", TOKEN)
        .env_remove("CHARTROOM_LOG");
    command.stderr(Stdio::piped()).spawn().expect("built")
}

/// Stops the worker as a service manager would; gives what it logged.
fn stop(worker: std::process::Child) -> String {
    let id = Pid::from_raw(worker.id() as i32).expect("a process");
    kill_process(id, Signal::TERM).expect("it runs");
    let output = worker.wait_with_output().expect("it ends");
    let log = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(output.status.success(), "{log}");
    log
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_goes_from_claim_to_text_and_nothing_of_it_into_the_log() {
    let server = Server::start(|request, before| match (request.line.as_str(), before) {
        (CLAIM, 0) => (503, Vec::new()),
        (CLAIM, 1) => job(),
        (IMAGE, _) => (200, SAMPLE.to_vec()),
        (TEXT, 0) => (500, Vec::new()),
        _ => (204, Vec::new()),
    });
    let server = server.await;
    let worker = worker(&server);
    let text = server.until_seen(TEXT, 2).await;
    server.until_seen(CLAIM, 3).await;
    let log = stop(worker);
    let alto = formats::alto::parse(&text[1].body).expect("ALTO");
    assert!(alto.words().any(|word| word.text == "hypertension,"));
    assert!(text[1].head.contains(&format!("authorization: bearer {TOKEN}")));
    let page = PageId::derived([b"p".as_slice()]).to_string();
    assert!(log.contains(&page) && !log.contains("hypertension") && !log.contains(TOKEN), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_none_is_told_as_undecodable() {
    let server = Server::start(|request, before| match (request.line.as_str(), before) {
        (CLAIM, 0) => job(),
        (IMAGE, _) => (200, b"MZ".to_vec()),
        _ => (204, Vec::new()),
    });
    let server = server.await;
    let worker = worker(&server);
    let failure = server.until_seen(FAILURE, 1).await;
    stop(worker);
    let failure: Failure = serde_json::from_slice(&failure[0].body).expect("JSON");
    assert_eq!(failure.reason, UnreadableReason::Undecodable);
    assert!(server.seen(TEXT).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_passed_to_another_is_dropped_without_a_word() {
    let server = Server::start(|request, before| match (request.line.as_str(), before) {
        (CLAIM, 0) => job(),
        (IMAGE, _) => (200, SAMPLE.to_vec()),
        (TEXT, _) => (410, Vec::new()),
        _ => (204, Vec::new()),
    });
    let server = server.await;
    let worker = worker(&server);
    server.until_seen(TEXT, 1).await;
    server.until_seen(CLAIM, 2).await;
    stop(worker);
    assert_eq!((server.seen(TEXT).len(), server.seen(FAILURE).len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_ends_the_worker_with_advice() {
    let server = Server::start(|_, _| (401, Vec::new())).await;
    let output = worker(&server).wait_with_output().expect("it ends");
    let log = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1));
    assert!(log.contains("chartroom token create") && !log.contains(TOKEN), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_takes_its_reader_along_even_one_that_hangs() {
    let server = Server::start(|_, _| (204, Vec::new())).await;
    let mut worker = worker(&server);
    server.until_seen(CLAIM, 1).await;
    let reader = child_of(worker.id());
    kill_process(reader, Signal::STOP).expect("it is ours");
    worker.kill().expect("it runs");
    worker.wait().expect("it ends");
    for _ in 0..200 {
        if is_gone(reader) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the reader outlives its worker");
}

/// The jobs in the addresses of these requests.
fn jobs(server: &Server, what: &str) -> Vec<String> {
    let seen = server.seen.lock().expect("no panic while held");
    let job = |request: &Request| {
        request
            .line
            .strip_suffix(what)?
            .strip_prefix("post /api/v1/jobs/")
            .map(|job| job.trim_end_matches('/').to_owned())
    };
    seen.iter().filter_map(job).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_stop_it_finishes_what_it_reads_and_gives_the_rest_back() {
    // There is always another page.
    let server = Server::start(|request, before| match request.line.as_str() {
        CLAIM => numbered(before + 1),
        line if line.ends_with("/image") => (200, SAMPLE.to_vec()),
        _ => (204, Vec::new()),
    });
    let server = server.await;
    let worker = worker(&server);
    server.until_seen("get /api/v1/jobs/j2/image", 1).await;
    stop(worker);
    let claimed: Vec<String> = (1..=server.seen(CLAIM).len()).map(|number| format!("j{number}")).collect();
    let (read, released) = (jobs(&server, "/text"), jobs(&server, "/release"));
    assert!(!read.is_empty() && !released.is_empty(), "read {read:?}, gave back {released:?}");
    let mut accounted = [read, released].concat();
    accounted.sort_by_key(|job| job[1..].parse::<u32>().expect("a number"));
    assert_eq!(accounted, claimed, "every page once");
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_twice_it_ends_at_once() {
    let server = Server::start(|request, before| match (request.line.as_str(), before) {
        (CLAIM, 0) => (204, Vec::new()),
        (CLAIM, 1) => job(),
        (IMAGE, _) => (200, SAMPLE.to_vec()),
        _ => (204, Vec::new()),
    });
    let server = server.await;
    let mut worker = worker(&server);
    server.until_seen(CLAIM, 1).await;
    let (id, reader) = (Pid::from_raw(worker.id() as i32).expect("a process"), child_of(worker.id()));
    // A page that is never done.
    kill_process(reader, Signal::STOP).expect("it is ours");
    server.until_seen(IMAGE, 1).await;
    kill_process(id, Signal::TERM).expect("it runs");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(worker.try_wait().expect("ours").is_none(), "it waits for the page");
    kill_process(id, Signal::TERM).expect("it runs");
    assert_eq!(worker.wait().expect("it ends").code(), Some(1));
    assert!(server.seen(TEXT).is_empty());
}

fn child_of(worker: u32) -> Pid {
    let tasks = std::fs::read_dir(format!("/proc/{worker}/task")).expect("it runs");
    let children = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
    let child =
        children.flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<i32>>()).next();
    child.and_then(Pid::from_raw).expect("it has a reader")
}

/// A dead process that nobody has waited for yet counts as gone.
fn is_gone(process: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
    stat.map_or(true, |stat| stat.contains(") Z"))
}
