//! How do pages get out of a scanner on the network that speaks eSCL (Mopria eSCL 2.97, Apple AirScan)?
//!
//! `ScannerCapabilities` says what it can do, a `POST` to `ScanJobs` begins, `NextDocument` gives page after page. What ends it
//! is not told by the answer: devices say 404, 409, 410 or 500, and some deliver an empty page as a success. So a page has to
//! be whole, and after every end `ScannerStatus` is asked why.

mod abilities;
mod discover;
mod xml;

use std::io::Read;
use std::time::Duration;

use record::limits;
use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};

use abilities::{Abilities, PLATEN};
pub use discover::devices;
use xml::Document;

use crate::drive::{Request, Stopped, feed, say_file};
use crate::fault::Fault;
use crate::sane::frames::{Finish, OptionFacts, Settings};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two questions for a page that is not ready. How long that may go on is the agent's to say, which hears nothing.
const PATIENCE: Duration = Duration::from_millis(300);
/// For answers in XML.
const XML_BYTES_MAX: u64 = 1024 * 1024;

pub fn options(address: &str) -> Result<Vec<OptionFacts>, Stopped> {
    let scanner = Scanner::new(address)?;
    let able = scanner.abilities()?;
    let source = able.source(None)?;
    let option = |name: &str, title: &str, value: String, choices: Vec<String>| OptionFacts {
        name: name.into(),
        title: title.into(),
        kind: "text".into(),
        unit: (name == "resolution").then(|| "dpi".into()),
        value: Some(value),
        choices,
        range: None,
        settable: true,
    };
    let resolutions: Vec<String> = able.resolutions(source).iter().map(u32::to_string).collect();
    Ok(vec![
        option("source", "Where the paper lies", source.name.into(), able.sources().map(|s| s.name.into()).collect()),
        option("mode", "Colour mode", able.mode(source, None)?, able.modes(source)),
        option("resolution", "Dots per inch", able.resolution(source, None)?.to_string(), resolutions),
    ])
}

pub fn scan(address: &str, request: &Request<'_>) -> Result<Finish, Stopped> {
    let scanner = Scanner::new(address)?;
    let able = scanner.abilities()?;
    let source = able.source(request.option("source"))?;
    let mode = able.mode(source, request.option("mode"))?;
    let dpi = able.resolution(source, request.option("resolution"))?;
    if let Some((name, _)) =
        request.options.iter().find(|(name, _)| !["source", "mode", "resolution"].contains(&name.as_str()))
    {
        return Err(Stopped::new(Fault::Other, format!("the scanner has no option {name}; `probe` lists them")));
    }
    let (feeder, name) = (source.name != PLATEN || request.feeder, source.name.to_owned());
    let most = request.begin(Settings { source: Some(name), mode: Some(mode.clone()), dpi, feeder })?;
    let Some(job) = scanner.begin(&able.settings(source, &mode, dpi))? else { return Ok(Finish::FeederEmpty) };
    let end = feed(most, || match scanner.page(&job)? {
        Some(bytes) => say_file(&bytes, dpi).map(|()| true),
        None if feeder => scanner.judge_end().map(|()| false),
        None => scanner.judge_end().and(Err(Stopped::new(Fault::Other, "the scanner ended without a page"))),
    });
    // Done or not: a job that is left open blocks the scanner for everybody.
    scanner.end(&job);
    end
}

struct Scanner {
    http: Client,
    base: String,
}

impl Scanner {
    fn new(address: &str) -> Result<Self, Stopped> {
        let http = Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(None).no_proxy().build();
        let http = http.map_err(|error| Stopped::new(Fault::Other, error.to_string()))?;
        Ok(Self { http, base: address.trim_end_matches('/').to_owned() })
    }

    fn get(&self, url: &str) -> Result<Response, Stopped> {
        self.http.get(url).send().map_err(|error| gone(&error))
    }

    fn document(&self, name: &str) -> Result<Document, Stopped> {
        let response = self.get(&format!("{}/{name}", self.base))?;
        if !response.status().is_success() {
            return Err(Stopped::new(
                Fault::Other,
                format!("the scanner does not tell its {name} ({})", response.status()),
            ));
        }
        let mut text = String::new();
        let read = response.take(XML_BYTES_MAX).read_to_string(&mut text);
        read.map_err(|error| Stopped::new(Fault::Gone, format!("the scanner went away: {error}")))?;
        Document::parse(&text)
            .ok_or_else(|| Stopped::new(Fault::Other, format!("the scanner's {name} is not well formed")))
    }

    fn abilities(&self) -> Result<Abilities, Stopped> {
        self.document("ScannerCapabilities").map(Abilities)
    }

    /// The job's address; none where there is no paper.
    fn begin(&self, settings: &str) -> Result<Option<String>, Stopped> {
        let post = || {
            self.http
                .post(format!("{}/ScanJobs", self.base))
                .header("Content-Type", "text/xml")
                .body(settings.to_owned())
        };
        loop {
            let response = post().send().map_err(|error| gone(&error))?;
            match response.status() {
                StatusCode::CREATED => return self.job(&response).map(Some),
                StatusCode::SERVICE_UNAVAILABLE => std::thread::sleep(PATIENCE),
                StatusCode::CONFLICT => return self.judge_end().map(|()| None),
                status => {
                    self.judge_end()?;
                    return Err(Stopped::new(Fault::Other, format!("the scanner refuses to scan ({status})")));
                }
            }
        }
    }

    /// `Location` may be relative, or name another host than the one that we reach it by.
    fn job(&self, response: &Response) -> Result<String, Stopped> {
        let location = response.headers().get("location").and_then(|value| value.to_str().ok());
        let id =
            location.and_then(|location| location.trim_end_matches('/').rsplit('/').next()).filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| Stopped::new(Fault::Other, "the scanner began without saying where"))?;
        Ok(format!("{}/ScanJobs/{id}", self.base))
    }

    /// The next page's file; none where no more come.
    fn page(&self, job: &str) -> Result<Option<Vec<u8>>, Stopped> {
        loop {
            let response = self.get(&format!("{job}/NextDocument"))?;
            match response.status() {
                StatusCode::OK => return body(response).map(Some),
                StatusCode::SERVICE_UNAVAILABLE => std::thread::sleep(PATIENCE),
                _ => return Ok(None),
            }
        }
    }

    fn end(&self, job: &str) {
        // It may have ended the job itself.
        let _ = self.http.delete(job).timeout(CONNECT_TIMEOUT).send();
    }

    /// Why no page comes: `AdfState` and `State` of the status.
    fn judge_end(&self) -> Result<(), Stopped> {
        let status = self.document("ScannerStatus")?;
        let adf = status.first("AdfState").unwrap_or_default();
        let (kind, text) = match adf.trim_start_matches("ScannerAdf") {
            "Jam" => (Fault::Jam, "paper is jammed in the feeder"),
            "HatchOpen" | "CoverOpen" => (Fault::CoverOpen, "the feeder's cover is open"),
            "MultipickDetected" => (Fault::DoubleFeed, "two sheets were fed at once"),
            "MispickDetected" => (Fault::Jam, "the feeder cannot take up the sheet"),
            "Loaded" => (Fault::Other, "the scanner stopped though paper lies in its feeder"),
            _ => match status.first("State").unwrap_or_default() {
                "Stopped" | "Down" => (Fault::Other, "the scanner stopped; its own display says why"),
                _ => return Ok(()),
            },
        };
        Err(Stopped::new(kind, text))
    }
}

fn gone(error: &reqwest::Error) -> Stopped {
    // The address is on the operator's command line; what matters is that nobody answers there.
    let text = if error.is_connect() { "nobody answers at the scanner's address" } else { "the scanner broke off" };
    Stopped::new(Fault::Gone, text)
}

/// All that was announced, or nothing.
fn body(mut response: Response) -> Result<Vec<u8>, Stopped> {
    let announced = response.content_length();
    let mut bytes = Vec::new();
    let read = response.by_ref().take(limits::PAGE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
    let short = announced.is_some_and(|announced| announced != bytes.len() as u64);
    if bytes.len() > limits::PAGE_BYTES_MAX {
        return Err(Stopped::new(Fault::Other, "the page is larger than a page may be"));
    }
    if read.is_err() || short || bytes.is_empty() {
        let of = announced.map_or(String::new(), |announced| format!(" of {announced}"));
        return Err(Stopped::new(Fault::Short, format!("the page is short: {}{of} bytes came", bytes.len())));
    }
    Ok(bytes)
}
