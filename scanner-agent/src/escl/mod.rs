//! How do pages get out of a scanner on the network that speaks eSCL (Mopria eSCL 2.97, Apple AirScan)?
//!
//! `ScannerCapabilities` says what it can do, a `POST` to `ScanJobs` begins, `NextDocument` gives page after page. What ends it
//! is not told by the answer: devices say 404, 409, 410 or 500, and some deliver an empty page as a success. So a page has to
//! be whole, and after every end `ScannerStatus` is asked why.

mod discover;
mod xml;

use std::io::Read;
use std::time::Duration;

use record::limits;
use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};

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

const PLATEN: &str = "Platen";
const ADF: &str = "ADF";
const DUPLEX: &str = "ADF Duplex";

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

/// A place that paper can lie in, and where the capabilities tell of it.
#[derive(Clone, Copy)]
struct Source {
    name: &'static str,
    element: &'static str,
    input: &'static str,
}

const SOURCES: [Source; 3] = [
    Source { name: ADF, element: "AdfSimplexInputCaps", input: "Feeder" },
    Source { name: DUPLEX, element: "AdfDuplexInputCaps", input: "Feeder" },
    Source { name: PLATEN, element: "PlatenInputCaps", input: "Platen" },
];

/// What a scanner can do.
struct Abilities(Document);

impl Abilities {
    fn sources(&self) -> impl Iterator<Item = Source> {
        SOURCES.into_iter().filter(|source| self.0.has(source.element))
    }

    /// A feeder, where there is one and nothing else is asked for.
    fn source(&self, asked: Option<&str>) -> Result<Source, Stopped> {
        let names = || self.sources().map(|source| source.name).collect::<Vec<_>>().join(", ");
        let found = self.sources().find(|source| asked.is_none_or(|name| name.eq_ignore_ascii_case(source.name)));
        found.ok_or_else(|| Stopped::new(Fault::Other, format!("the scanner has no such source; it has {}", names())))
    }

    /// Those that fit a JPEG, which every device gives.
    fn modes(&self, source: Source) -> Vec<String> {
        let modes = self.0.all_in(source.element, "ColorMode").into_iter();
        modes.filter(|mode| ["Grayscale8", "RGB24"].contains(mode)).map(str::to_owned).collect()
    }

    fn mode(&self, source: Source, asked: Option<&str>) -> Result<String, Stopped> {
        let modes = self.modes(source);
        let spelt = |mode: &&String| asked.is_none_or(|asked| mode.to_lowercase().starts_with(&spelling(asked)));
        let found = modes.iter().find(spelt).cloned();
        found.ok_or_else(|| {
            Stopped::new(Fault::Other, format!("the scanner has no such mode; it has {}", modes.join(", ")))
        })
    }

    fn resolutions(&self, source: Source) -> Vec<u32> {
        let mut found: Vec<u32> =
            self.0.all_in(source.element, "XResolution").iter().filter_map(|dpi| dpi.parse().ok()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// 300, or what comes nearest, where nothing is asked for.
    fn resolution(&self, source: Source, asked: Option<&str>) -> Result<u32, Stopped> {
        let found = self.resolutions(source);
        let Some(asked) = asked else {
            return Ok(found.into_iter().min_by_key(|dpi| dpi.abs_diff(300)).unwrap_or(300));
        };
        let exact = asked.parse().ok().filter(|dpi| found.is_empty() || found.contains(dpi));
        exact.ok_or_else(|| {
            Stopped::new(Fault::Other, format!("the scanner has no such resolution; it has {found:?} dpi"))
        })
    }

    /// The whole of what the source takes, in 1/300 in.
    fn settings(&self, source: Source, mode: &str, dpi: u32) -> String {
        let size = |name: &str, most: u32| {
            let sides = self.0.all_in(source.element, name);
            sides.first().and_then(|side| side.parse::<u32>().ok()).unwrap_or(most)
        };
        let (width, height) = (size("MaxWidth", 2_550), size("MaxHeight", 3_300));
        let duplex = source.name == DUPLEX;
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<scan:ScanSettings xmlns:pwg="http://www.pwg.org/schemas/2010/12/sm" xmlns:scan="http://schemas.hp.com/imaging/escl/2011/05/03">
<pwg:Version>2.0</pwg:Version><scan:Intent>Document</scan:Intent>
<pwg:ScanRegions><pwg:ScanRegion><pwg:XOffset>0</pwg:XOffset><pwg:YOffset>0</pwg:YOffset><pwg:Width>{width}</pwg:Width>
<pwg:Height>{height}</pwg:Height><pwg:ContentRegionUnits>escl:ThreeHundredthsOfInches</pwg:ContentRegionUnits>
</pwg:ScanRegion></pwg:ScanRegions>
<pwg:InputSource>{}</pwg:InputSource><scan:Duplex>{duplex}</scan:Duplex><scan:ColorMode>{mode}</scan:ColorMode>
<scan:XResolution>{dpi}</scan:XResolution><scan:YResolution>{dpi}</scan:YResolution>
<pwg:DocumentFormat>image/jpeg</pwg:DocumentFormat><scan:DocumentFormatExt>image/jpeg</scan:DocumentFormatExt>
</scan:ScanSettings>"#,
            source.input
        )
    }
}

/// SANE's words for the same.
fn spelling(mode: &str) -> String {
    match mode.to_lowercase().as_str() {
        "color" | "colour" => "rgb24".into(),
        "gray" | "grey" => "grayscale8".into(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPABILITIES: &str = r#"<scan:ScannerCapabilities xmlns:scan="s" xmlns:pwg="p">
        <pwg:MakeAndModel>A &amp; B</pwg:MakeAndModel>
        <scan:Platen><scan:PlatenInputCaps><scan:MaxWidth>2550</scan:MaxWidth><scan:MaxHeight>3508</scan:MaxHeight>
        <scan:ColorMode>RGB24</scan:ColorMode><scan:XResolution>600</scan:XResolution></scan:PlatenInputCaps></scan:Platen>
        <scan:Adf><scan:AdfSimplexInputCaps><scan:ColorMode>BlackAndWhite1</scan:ColorMode>
        <scan:ColorMode>Grayscale8</scan:ColorMode><scan:ColorMode>RGB24</scan:ColorMode>
        <scan:XResolution>200</scan:XResolution><scan:XResolution>300</scan:XResolution></scan:AdfSimplexInputCaps></scan:Adf>
        </scan:ScannerCapabilities>"#;

    #[test]
    fn a_feeder_goes_before_the_platen_and_words_of_sane_are_understood() {
        let able = Abilities(Document::parse(CAPABILITIES).expect("well formed"));
        let Ok(adf) = able.source(None) else { panic!("a feeder") };
        assert_eq!(
            (adf.name, able.modes(adf), able.resolutions(adf)),
            (ADF, vec!["Grayscale8".into(), "RGB24".into()], vec![200, 300])
        );
        assert!(matches!(able.mode(adf, Some("Color")).as_deref(), Ok("RGB24")));
        assert!(matches!(able.resolution(adf, None), Ok(300)));
        assert!(able.resolution(adf, Some("1200")).is_err() && able.source(Some(DUPLEX)).is_err());
        let Ok(platen) = able.source(Some("platen")) else { panic!("a platen") };
        let settings = able.settings(platen, "RGB24", 600);
        assert!(settings.contains("<pwg:Height>3508<") && settings.contains("<pwg:InputSource>Platen<"), "{settings}");
    }
}
