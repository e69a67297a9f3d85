//! A small eSCL scanner on loopback: it has paper in its feeder, and faults where a test wants them.
//!
//! As real ones do it lies: an empty page with 200, a page that is cut off with the length of the cut, an end without a reason.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    Jam,
    DoubleFeed,
    CoverOpen,
    /// 200, and no byte.
    EmptyPage,
    /// Half a JPEG, announced as all of it.
    CutFile,
    /// The line ends in the middle of the page.
    CutLine,
    Hang,
    Vanish,
    /// The page is not ready yet, so many times.
    Late(u32),
}

struct Feeder {
    pages: Vec<Vec<u8>>,
    /// Sheets that went through whole.
    fed: usize,
    /// What happens at which sheet, once.
    script: Vec<(usize, Trouble)>,
    state: &'static str,
    jobs: usize,
    open: bool,
    away: bool,
}

pub struct NetworkScanner {
    pub address: String,
    feeder: Arc<Mutex<Feeder>>,
}

impl NetworkScanner {
    /// `pages` are JPEG files; sheets are counted from 1.
    pub fn start(pages: Vec<Vec<u8>>, script: &[(usize, Trouble)]) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = format!("escl:http://{}/eSCL", listener.local_addr()?);
        let script = script.to_vec();
        let feeder = Feeder { pages, fed: 0, script, state: "", jobs: 0, open: false, away: false };
        let feeder = Arc::new(Mutex::new(feeder));
        let shared = Arc::clone(&feeder);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A request that hangs keeps no other waiting.
                std::thread::spawn(move || answer(stream, &shared));
            }
        });
        Ok(Self { address, feeder })
    }

    /// Somebody clears what is in the way, and lays the sheet that was not scanned on top again.
    pub fn clear(&self) {
        let mut feeder = lock(&self.feeder);
        (feeder.state, feeder.open, feeder.away) = ("", false, false);
    }

    /// Jobs that nobody ended.
    pub fn is_blocked(&self) -> bool {
        lock(&self.feeder).open
    }
}

fn lock(feeder: &Mutex<Feeder>) -> std::sync::MutexGuard<'_, Feeder> {
    feeder.lock().unwrap_or_else(PoisonError::into_inner)
}

const CAPABILITIES: &str = r#"<?xml version="1.0"?><scan:ScannerCapabilities xmlns:scan="http://schemas.hp.com/imaging/escl/2011/05/03" xmlns:pwg="http://www.pwg.org/schemas/2010/12/sm"><pwg:Version>2.63</pwg:Version><pwg:MakeAndModel>Ward 3</pwg:MakeAndModel><scan:Adf><scan:AdfSimplexInputCaps><scan:MaxWidth>2550</scan:MaxWidth><scan:MaxHeight>3300</scan:MaxHeight><scan:SettingProfiles><scan:SettingProfile><scan:ColorModes><scan:ColorMode>Grayscale8</scan:ColorMode><scan:ColorMode>RGB24</scan:ColorMode></scan:ColorModes><scan:SupportedResolutions><scan:DiscreteResolutions><scan:DiscreteResolution><scan:XResolution>200</scan:XResolution><scan:YResolution>200</scan:YResolution></scan:DiscreteResolution><scan:DiscreteResolution><scan:XResolution>300</scan:XResolution><scan:YResolution>300</scan:YResolution></scan:DiscreteResolution></scan:DiscreteResolutions></scan:SupportedResolutions></scan:SettingProfile></scan:SettingProfiles></scan:AdfSimplexInputCaps></scan:Adf></scan:ScannerCapabilities>"#;

fn answer(mut stream: TcpStream, feeder: &Mutex<Feeder>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    reader.take(length).read_to_end(&mut Vec::new()).ok()?;
    let words: Vec<&str> = line.split(' ').collect();
    let mut feeder = lock(feeder);
    if feeder.away {
        return None;
    }
    match (words[0], words[1]) {
        ("GET", "/eSCL/ScannerCapabilities") => send(&mut stream, "200 OK", "text/xml", CAPABILITIES.as_bytes()),
        ("GET", "/eSCL/ScannerStatus") => send(&mut stream, "200 OK", "text/xml", feeder.status().as_bytes()),
        ("POST", "/eSCL/ScanJobs") => feeder.begin(&mut stream),
        ("DELETE", _) => {
            feeder.open = false;
            send(&mut stream, "200 OK", "text/plain", b"")
        }
        ("GET", path) if path.ends_with("/NextDocument") && feeder.open => match feeder.next() {
            Next::Answer(status, body) => send(&mut stream, status, "image/jpeg", &body),
            Next::Nothing(after) => {
                drop(feeder);
                std::thread::sleep(after);
                None
            }
            Next::Half(body) => {
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                stream.write_all(&body[..body.len() / 2]).ok()
            }
        },
        _ => send(&mut stream, "404 Not Found", "text/plain", b""),
    }
}

fn send(stream: &mut TcpStream, status: &str, kind: &str, body: &[u8]) -> Option<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).ok()
}

enum Next {
    Answer(&'static str, Vec<u8>),
    Half(Vec<u8>),
    Nothing(Duration),
}

impl Feeder {
    fn status(&self) -> String {
        let adf = match self.state {
            "" if self.fed < self.pages.len() => "Loaded",
            "" => "Empty",
            state => state,
        };
        format!(
            r#"<?xml version="1.0"?><scan:ScannerStatus xmlns:scan="s" xmlns:pwg="p"><pwg:Version>2.63</pwg:Version><pwg:State>Idle</pwg:State><scan:AdfState>ScannerAdf{adf}</scan:AdfState></scan:ScannerStatus>"#
        )
    }

    fn begin(&mut self, stream: &mut TcpStream) -> Option<()> {
        if self.open || !self.state.is_empty() || self.fed == self.pages.len() {
            return send(stream, "409 Conflict", "text/plain", b"");
        }
        (self.open, self.jobs) = (true, self.jobs + 1);
        let location = format!("Location: http://scanner.invalid/eSCL/ScanJobs/{}", self.jobs);
        write!(stream, "HTTP/1.1 201 Created\r\n{location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok()
    }

    fn next(&mut self) -> Next {
        let at = self.script.iter().position(|(sheet, _)| *sheet == self.fed + 1);
        let trouble = at.map(|at| self.script.remove(at).1);
        let page = self.pages.get(self.fed).cloned();
        let ended = |feeder: &mut Self, state| {
            feeder.state = state;
            Next::Answer("404 Not Found", Vec::new())
        };
        match (trouble, page) {
            (_, None) => Next::Answer("404 Not Found", Vec::new()),
            (Some(Trouble::Jam), _) => ended(self, "Jam"),
            (Some(Trouble::DoubleFeed), _) => ended(self, "MultipickDetected"),
            (Some(Trouble::CoverOpen), _) => ended(self, "HatchOpen"),
            (Some(Trouble::EmptyPage), _) => Next::Answer("200 OK", Vec::new()),
            (Some(Trouble::CutFile), Some(page)) => Next::Answer("200 OK", page[..page.len() / 2].to_vec()),
            (Some(Trouble::CutLine), Some(page)) => Next::Half(page),
            (Some(Trouble::Hang), _) => Next::Nothing(Duration::from_secs(60)),
            (Some(Trouble::Vanish), _) => {
                self.away = true;
                Next::Nothing(Duration::ZERO)
            }
            (Some(Trouble::Late(times)), _) => {
                if times > 1 {
                    self.script.push((self.fed + 1, Trouble::Late(times - 1)));
                }
                Next::Answer("503 Service Unavailable", Vec::new())
            }
            (None, Some(page)) => {
                self.fed += 1;
                Next::Answer("200 OK", page)
            }
        }
    }
}
