//! How does the station talk to the server? One request at a time, repeated where repeating helps.

use std::time::Duration;

use record::digest::Digest;
use record::log_key::KeyChange;
use record::manifest::Patient;
use record::note::LogKey;
use record::wire::{BatchReply, BatchStatus, CloseBatch, HandOver, LookUp, LookedUp, OpenBatch, Sealed};
use record::{BatchId, DocumentId, Mrn, limits};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;

use crate::station;

/// Eight tries with waits of 0.2, 0.4 … 8 s: about 20 s in which a server may restart.
const TRIES: u32 = 8;
const WAIT_FIRST: Duration = Duration::from_millis(200);
const WAIT_MOST: Duration = Duration::from_secs(8);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(300);

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Worth trying again later.
    #[error("reach the server ({tries} tries): {last}")]
    Unreachable { tries: u32, last: String },
    /// The server understood, and said no.
    #[error("get the server's consent: {0}")]
    Refused(Problem),
    #[error("understand the server's answer: {0}")]
    Malformed(&'static str),
    #[error("start: {0}")]
    Start(String),
}

/// The server's own words (RFC 9457), with the status they came with.
#[derive(Debug, Clone)]
pub struct Problem {
    pub status: u16,
    text: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.text, self.status)
    }
}

/// How much of a blob the server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    Part(u64),
    Whole,
}

/// What became of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    UpTo(u64),
    /// The server has another offset than we thought: ask again.
    Elsewhere,
    /// All bytes are there, and they are not the ones named.
    OtherDigest,
}

pub struct Client {
    runtime: Runtime,
    http: reqwest::Client,
    base: String,
    token: String,
}

pub(super) struct Reply {
    status: StatusCode,
    offset: Option<u64>,
    complete: bool,
    body: Vec<u8>,
}

impl Client {
    /// `server` is the address without `/api/v1`.
    pub fn new(server: &str, token: &str) -> Result<Self, ClientError> {
        let fail = |error: String| ClientError::Start(error);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| fail(error.to_string()))?;
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .build()
            .map_err(|error| fail(error.to_string()))?;
        let base = format!("{}/api/v1", server.trim_end_matches('/'));
        Ok(Self { runtime, http, base, token: token.to_owned() })
    }

    pub fn log_key(&self) -> Result<LogKey, ClientError> {
        let reply = accepted(self.send(|| self.request(Method::GET, "/ledger/key"))?)?;
        let text = String::from_utf8(reply.body).map_err(|_| ClientError::Malformed("the log key is no text"))?;
        text.trim().parse().map_err(|_| ClientError::Malformed("the log key is malformed"))
    }

    /// How the log came to its key. A server of before does not tell.
    pub fn key_changes(&self) -> Result<Vec<KeyChange>, ClientError> {
        let reply = self.send(|| self.request(Method::GET, "/ledger/keys"))?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(Vec::new());
        }
        KeyChange::list(&accepted(reply)?.body).map_err(|_| ClientError::Malformed("the log's keys are malformed"))
    }

    pub fn open_batch(&self, batch: BatchId, open: &OpenBatch) -> Result<(), ClientError> {
        self.put(Method::PUT, &format!("/batches/{batch}"), open).map(|_| ())
    }

    pub fn held(&self, digest: &Digest) -> Result<Held, ClientError> {
        let reply = self.send(|| self.request(Method::HEAD, &format!("/uploads/{digest}")))?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(Held::Part(0));
        }
        let reply = accepted(reply)?;
        if reply.complete { Ok(Held::Whole) } else { Ok(Held::Part(reply.offset.unwrap_or(0))) }
    }

    /// Hands over the bytes of a blob from `offset` on; `total` is the whole blob's size.
    pub fn upload(&self, digest: &Digest, offset: u64, total: u64, chunk: &[u8]) -> Result<Taken, ClientError> {
        let reply = self.send(|| {
            self.request(Method::PATCH, &format!("/uploads/{digest}"))
                .header("Upload-Offset", offset)
                .header("Upload-Length", total)
                .header("Content-Type", "application/octet-stream")
                .body(chunk.to_vec())
        })?;
        match reply.status {
            StatusCode::CONFLICT => Ok(Taken::Elsewhere),
            StatusCode::UNPROCESSABLE_ENTITY => Ok(Taken::OtherDigest),
            _ => {
                let after = offset + chunk.len() as u64;
                accepted(reply).map(|reply| Taken::UpTo(reply.offset.unwrap_or(after)))
            }
        }
    }

    pub fn hand_over(&self, batch: BatchId, document: DocumentId, body: &HandOver) -> Result<Sealed, ClientError> {
        parse(self.put(Method::PUT, &format!("/batches/{batch}/documents/{document}"), body)?)
    }

    /// What the archive's patient list says of these numbers, in their order; nothing where it keeps no list.
    pub fn look_up(&self, mrns: &[Mrn]) -> Result<Option<Vec<Option<Patient>>>, ClientError> {
        let asked = LookUp { mrns: mrns.to_vec() };
        let said: LookedUp = parse(self.put(Method::POST, "/patients/lookup", &asked)?)?;
        let all = said.patients.len() == mrns.len();
        let patients = Some(said.patients).filter(|_| said.has_list);
        all.then_some(patients).ok_or(ClientError::Malformed("it speaks of other patients than were asked for"))
    }

    pub fn close_batch(&self, batch: BatchId, close: &CloseBatch) -> Result<BatchReply, ClientError> {
        parse(self.put(Method::POST, &format!("/batches/{batch}/close"), close)?)
    }

    pub fn status(&self, batch: BatchId) -> Result<BatchStatus, ClientError> {
        parse(accepted(self.send(|| self.request(Method::GET, &format!("/batches/{batch}")))?)?)
    }

    fn put(&self, method: Method, path: &str, body: &impl Serialize) -> Result<Reply, ClientError> {
        accepted(self.send(|| self.request(method.clone(), path).json(body))?)
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    /// Repeats on a broken connection and on a server in trouble; every request of the protocol
    /// may be repeated.
    pub(super) fn send(&self, request: impl Fn() -> RequestBuilder) -> Result<Reply, ClientError> {
        let mut last = String::new();
        for attempt in 0..TRIES {
            if attempt > 0 {
                std::thread::sleep(wait_before(attempt));
            }
            match self.runtime.block_on(exchange(request())) {
                Ok(reply) if reply.status.is_server_error() || reply.status == StatusCode::TOO_MANY_REQUESTS => {
                    last = problem(&reply).to_string();
                }
                Ok(reply) => return Ok(reply),
                Err(error) => last = cause(&error),
            }
        }
        Err(ClientError::Unreachable { tries: TRIES, last })
    }
}

/// Doubles each time, and is spread so that forty stations do not come back in step.
fn wait_before(attempt: u32) -> Duration {
    let wait = WAIT_FIRST.saturating_mul(1 << (attempt - 1)).min(WAIT_MOST);
    wait.mul_f64(0.5 + station::jitter() / 2.0)
}

async fn exchange(request: RequestBuilder) -> Result<Reply, reqwest::Error> {
    let mut response = request.send().await?;
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let offset = header("upload-offset").and_then(|text| text.parse().ok());
    let complete = header("upload-complete").is_some_and(|text| text == "?1");
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > limits::REQUEST_JSON_BYTES_MAX * 2 {
            break;
        }
    }
    Ok(Reply { status, offset, complete, body })
}

/// The innermost cause says `connection refused`; the outer ones only repeat the address.
fn cause(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    inner.to_string()
}

pub(super) fn accepted(reply: Reply) -> Result<Reply, ClientError> {
    if reply.status.is_success() { Ok(reply) } else { Err(ClientError::Refused(problem(&reply))) }
}

fn problem(reply: &Reply) -> Problem {
    let json: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let said = |key: &str| json.get(key).and_then(|value| value.as_str());
    let text = said("detail").or(said("title")).or(reply.status.canonical_reason()).unwrap_or("no reason given");
    Problem { status: reply.status.as_u16(), text: text.chars().take(300).collect() }
}

pub(super) fn parse<T: DeserializeOwned>(reply: Reply) -> Result<T, ClientError> {
    serde_json::from_slice(&reply.body).map_err(|_| ClientError::Malformed("its JSON is not of the expected shape"))
}
