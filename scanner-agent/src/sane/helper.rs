//! SANE's part of the capture helper: the process that drivers may crash. It has no token and no spool; it opens one device
//! and streams pages.

use std::io;

use anyhow::bail;

use super::device::{Device, DeviceError, Sane, Status};
use super::ffi::{FRAME_GRAY, FRAME_RGB, RawParameters};
use super::frames::{self, DeviceFacts, Finish, Frame, Message, OptionFacts, PageFacts, Settings};
use super::options;
use crate::drive::{Request, Stopped, is_wanted, say};
use crate::fault::Fault;

/// Options by which drivers tell that they sensed two sheets at once.
const DOUBLE_FEED_SENSORS: [&str; 3] = ["double-feed", "df-detected", "multi-feed"];

pub fn devices() -> Result<Vec<DeviceFacts>, Stopped> {
    let listed = Sane::start().and_then(|sane| sane.devices());
    listed.map_err(|error| Stopped::new(Fault::Other, format!("failed to {error}")))
}

/// What the device can be told once these options are set.
pub fn options(request: &Request<'_>) -> Result<Vec<OptionFacts>, Stopped> {
    let sane = Sane::start()?;
    let device = open(&sane, request)?;
    Ok(options::list(&device))
}

impl From<DeviceError> for Stopped {
    fn from(error: DeviceError) -> Self {
        Self { kind: Fault::Other, text: error.to_string() }
    }
}

impl From<Status> for Stopped {
    fn from(status: Status) -> Self {
        Self { kind: status.fault(), text: status.to_string() }
    }
}

/// Scans, and says how it ended itself: some drivers hang while they clean up.
pub fn scan(request: &Request<'_>) -> anyhow::Result<()> {
    run(request).or_else(|stopped| say(Message::Fault { kind: stopped.kind, text: stopped.text }))
}

fn run(request: &Request<'_>) -> Result<(), Stopped> {
    let sane = Sane::start()?;
    let device = open(&sane, request)?;
    let most = request.begin(settings(&sane, &device, request))?;
    let end = match pages(&device, most) {
        Ok(why) => Message::Finished { why },
        Err(stopped) => {
            let Stopped { kind, text } = explained(stopped, &sane, &device, request);
            Message::Fault { kind, text }
        }
    };
    // The word first: some drivers hang while they clean up.
    say(end)?;
    device.cancel();
    Ok(())
}

fn open<'a>(sane: &'a Sane, request: &Request<'_>) -> Result<Device<'a>, Stopped> {
    let gone =
        |stopped: Stopped| if is_gone(sane, request) { Stopped { kind: Fault::Gone, ..stopped } } else { stopped };
    let device = sane.open(request.device).map_err(|error| gone(error.into()))?;
    for (name, value) in request.options {
        device.set(name, value)?;
    }
    Ok(device)
}

/// SANE has no status for two sheets at once or for a scanner that is gone; the sensor and the list know.
fn explained(stopped: Stopped, sane: &Sane, device: &Device<'_>, request: &Request<'_>) -> Stopped {
    let sensed = |name: &&str| device.get(name).is_some_and(|value| value == "true");
    match stopped.kind {
        Fault::Jam if DOUBLE_FEED_SENSORS.iter().any(sensed) => {
            Stopped { kind: Fault::DoubleFeed, text: format!("two sheets were fed at once; {}", stopped.text) }
        }
        Fault::Other if is_gone(sane, request) => {
            Stopped { kind: Fault::Gone, text: format!("the scanner is gone; {}", stopped.text) }
        }
        _ => stopped,
    }
}

fn is_gone(sane: &Sane, request: &Request<'_>) -> bool {
    sane.devices().is_ok_and(|devices| !devices.iter().any(|device| device.name == request.device))
}

fn settings(sane: &Sane, device: &Device<'_>, request: &Request<'_>) -> Settings {
    let source = device.get("source");
    let dpi = device.get("resolution").or_else(|| device.get("x-resolution"));
    let dpi = dpi.and_then(|text| text.parse::<f64>().ok()).map_or(0, |dpi| dpi.round() as u32);
    let feeder = request.feeder || is_feeder(source.as_deref(), || kind(sane, request.device));
    Settings { source, mode: device.get("mode"), dpi, feeder }
}

/// Sources are called "ADF Front", "Automatic Document Feeder", "ADF Duplex" …; a device without
/// sources is a feeder if it calls itself sheetfed.
fn is_feeder(source: Option<&str>, kind: impl FnOnce() -> String) -> bool {
    let (text, words) = match source {
        Some(source) => (source.to_lowercase(), ["adf", "feeder", "duplex"]),
        None => (kind().to_lowercase(), ["sheetfed", "feeder", "document"]),
    };
    words.iter().any(|word| text.contains(word))
}

fn kind(sane: &Sane, name: &str) -> String {
    let devices = sane.devices().unwrap_or_default();
    devices.into_iter().find(|device| device.name == name).map(|device| device.kind).unwrap_or_default()
}

fn pages(device: &Device<'_>, most: u32) -> Result<Finish, Stopped> {
    for _ in 0..most {
        if !is_wanted() {
            return Ok(Finish::Halted);
        }
        match device.start() {
            Err(status) if status.is_feeder_empty() => return Ok(Finish::FeederEmpty),
            other => other?,
        }
        // Only now are they final.
        let facts = facts(device.parameters()?)?;
        say(Message::Page(facts))?;
        // A driver may notice only now that there was no sheet.
        let Some(sent) = page(device)? else { return Ok(Finish::FeederEmpty) };
        // Not one sheet more is fed behind a page that is not whole.
        facts.whole(sent).map_err(|text| Stopped { kind: Fault::Short, text })?;
        say(Message::PageEnd)?;
    }
    Ok(Finish::EnoughPages)
}

/// Streams one page, and says how many bytes it had; nothing where there was no sheet.
fn page(device: &Device<'_>) -> Result<Option<usize>, Stopped> {
    let mut buffer = vec![0; 256 * 1024];
    let mut stdout = io::stdout().lock();
    let mut sent = 0_usize;
    loop {
        match device.read(&mut buffer) {
            Ok(0) => std::thread::sleep(std::time::Duration::from_millis(5)),
            Ok(n) => {
                frames::write(&mut stdout, &Frame::Data(buffer[..n].to_vec())).map_err(anyhow::Error::from)?;
                sent += n;
            }
            Err(status) if status.is_end_of_page() => return Ok(Some(sent)),
            Err(status) if status.is_feeder_empty() && sent == 0 => return Ok(None),
            Err(status) => {
                let (kind, text) = (status.fault(), format!("{status} after {sent} bytes"));
                return Err(Stopped { kind, text });
            }
        }
    }
}

fn facts(raw: RawParameters) -> anyhow::Result<PageFacts> {
    let colour = match raw.format {
        FRAME_GRAY => false,
        FRAME_RGB => true,
        _ => bail!("the device sends the colours one after the other, which is not supported; choose another mode"),
    };
    if raw.last_frame == 0 {
        bail!("the device sends a page in several frames, which is not supported; choose another mode");
    }
    let positive = |n: i32| u32::try_from(n).ok().filter(|n| *n > 0);
    let (Some(width), Some(bytes_per_line), Some(depth)) =
        (positive(raw.pixels_per_line), positive(raw.bytes_per_line), positive(raw.depth))
    else {
        bail!("the device announces a page without pixels");
    };
    Ok(PageFacts { colour, depth, width, height: positive(raw.lines), bytes_per_line })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeders_are_known_by_many_names() {
        for source in ["ADF", "ADF Front", "Automatic Document Feeder", "ADF Duplex", "Document Feeder"] {
            assert!(is_feeder(Some(source), String::new), "{source}");
        }
        assert!(!is_feeder(Some("Flatbed"), || "sheetfed scanner".into()));
        assert!(is_feeder(None, || "sheetfed scanner".into()));
        assert!(!is_feeder(None, || "virtual device".into()));
    }
}
