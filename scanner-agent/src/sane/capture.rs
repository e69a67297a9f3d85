//! Watches the capture helper, and lets only whole pages through.
//!
//! A page counts when the driver ended it *and* every announced byte came: drivers end pages
//! early and call it success. Where nothing comes for too long the helper is killed.

use std::io::BufReader;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use record::limits;

use super::encode::{Encoded, as_it_is, encode};
use super::frames::{self, DeviceFacts, FileFacts, Finish, Frame, Message, OptionFacts, PageFacts, Settings};
use crate::fault::{Fault, Mishap};
use crate::memory::GIVE_BACK;

/// For how long a driver may clean up.
const CLEAN_UP: Duration = Duration::from_secs(5);
const CLEAN_UP_AFTER_FAULT: Duration = Duration::from_secs(1);

/// How to start the helper: program, arguments, and the only environment it gets.
pub struct Helper {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// Before the first byte of a page: the sheet has to be fed, the lamp to warm up.
    pub before_data: Duration,
    /// Between two pieces of a page.
    pub in_page: Duration,
}

/// How a capture ended. Pages handed out before are good in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Finished(Finish),
    /// The sheet is counted from 1 in this capture.
    Fault(Mishap),
}

impl Helper {
    pub fn new(program: PathBuf, arguments: Vec<String>, environment: Vec<(String, String)>) -> Self {
        let (before_data, in_page) = (Duration::from_secs(15), Duration::from_secs(10));
        Self { program, arguments, environment, before_data, in_page }
    }

    fn start(&self) -> std::io::Result<(Child, Receiver<Option<Frame>>)> {
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .env(GIVE_BACK.0, GIVE_BACK.1)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        // A short queue: a slow disk slows the scanner down instead of filling memory.
        let (sender, receiver) = mpsc::sync_channel(8);
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || {
                let mut stdout = BufReader::new(stdout);
                while let Ok(Some(frame)) = frames::read(&mut stdout) {
                    if sender.send(Some(frame)).is_err() {
                        return;
                    }
                }
            });
        }
        Ok((child, receiver))
    }

    pub fn devices(&self) -> anyhow::Result<Vec<DeviceFacts>> {
        let (mut child, frames) = self.start()?;
        let answer = frames.recv_timeout(self.before_data);
        let _ = child.kill();
        child.wait()?;
        match answer {
            Ok(Some(Frame::Message(Message::Devices { devices }))) => Ok(devices),
            Ok(Some(Frame::Message(Message::Fault { text, .. }))) => anyhow::bail!(text),
            _ => anyhow::bail!("a scanner driver crashed or hung while listing devices; look at SANE's dll.conf"),
        }
    }

    /// What the device can be told.
    pub fn options(&self) -> anyhow::Result<Vec<OptionFacts>> {
        let (mut child, frames) = self.start()?;
        let answer = frames.recv_timeout(self.before_data);
        let _ = child.kill();
        child.wait()?;
        match answer {
            Ok(Some(Frame::Message(Message::Options { options }))) => Ok(options),
            Ok(Some(Frame::Message(Message::Fault { text, .. }))) => anyhow::bail!(text),
            _ => anyhow::bail!("the scanner's driver crashed or hung; switch the scanner off and on"),
        }
    }

    /// Captures pages until the feeder is empty; each whole page goes to `keep` at once. `halt` is asked before each sheet,
    /// and says why it is not to be fed; sheets that are fed already still come.
    ///
    /// # Errors
    /// What `keep` fails with: the page is not safe then, and nothing more is scanned.
    pub fn capture(
        &self,
        halt: impl Fn() -> Option<(Fault, String)>,
        mut keep: impl FnMut(Encoded) -> anyhow::Result<()>,
    ) -> anyhow::Result<End> {
        let mut session = Session { settings: None, page: None, sheet: 0 };
        let mut halted = halt();
        if let Some((kind, text)) = &halted {
            return Ok(session.fault(*kind, text));
        }
        let (mut child, frames) = self.start()?;
        let end = loop {
            let wait = if session.in_page() { self.in_page } else { self.before_data };
            let frame = match frames.recv_timeout(wait) {
                Ok(Some(frame)) => frame,
                Err(RecvTimeoutError::Timeout) => break session.silent(wait),
                Ok(None) | Err(RecvTimeoutError::Disconnected) => break session.died(),
            };
            let before_sheet = matches!(frame, Frame::Message(Message::Ready(_) | Message::PageEnd));
            let taken = session.take(frame, &mut keep);
            if before_sheet && halted.is_none() {
                halted = halt();
                if halted.is_some() {
                    drop(child.stdin.take());
                }
            }
            match (taken, &halted) {
                (Ok(None), _) => {}
                (Ok(Some(End::Finished(Finish::Halted))), Some((kind, text))) => break session.fault(*kind, text),
                // There was no room for a sheet that was under way.
                (Err(_), Some((Fault::DiskFull, text))) => break session.fault(Fault::DiskFull, text),
                (Ok(Some(end)), _) => break end,
                (Err(error), _) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(error);
                }
            }
        };
        let grace = if matches!(end, End::Finished(_)) { CLEAN_UP } else { CLEAN_UP_AFTER_FAULT };
        finish(&mut child, grace)?;
        Ok(end)
    }
}

/// It has nothing more to say, but the driver may have to let go of the device. One that hangs would not end by itself.
fn finish(child: &mut Child, grace: Duration) -> std::io::Result<()> {
    let until = Instant::now() + grace;
    while child.try_wait()?.is_none() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    // Without effect on one that has ended.
    let _ = child.kill();
    child.wait().map(|_| ())
}

/// A page on its way: rows, or a file.
enum Arriving {
    Rows(PageFacts),
    File(FileFacts),
}

impl Arriving {
    /// Bytes of the page, as far as they are known and may be: so many are set aside at once.
    fn announced(&self) -> usize {
        let (bytes, most) = match self {
            Self::Rows(facts) => {
                (u64::from(facts.height.unwrap_or(0)) * u64::from(facts.bytes_per_line), ROWS_BYTES_MAX)
            }
            Self::File(facts) => (facts.bytes, limits::PAGE_BYTES_MAX as u64),
        };
        bytes.min(most) as usize
    }

    fn fits(&self, bytes: usize) -> bool {
        let unknown = matches!(self, Self::Rows(PageFacts { height: None, .. }));
        bytes as u64 <= if unknown { ROWS_BYTES_MAX } else { self.announced() as u64 }
    }

    fn encoded(&self, dpi: u32, bytes: Vec<u8>) -> Result<Encoded, String> {
        match self {
            Self::Rows(facts) => facts.whole(bytes.len()).and_then(|height| encode(facts, height, dpi, bytes)),
            Self::File(facts) => as_it_is(facts, bytes),
        }
    }
}

const ROWS_BYTES_MAX: u64 = limits::PAGE_PIXELS_MAX * 3;

struct Session {
    settings: Option<Settings>,
    page: Option<(Arriving, Vec<u8>)>,
    /// The sheet that is being scanned, or was last.
    sheet: u32,
}

impl Session {
    fn in_page(&self) -> bool {
        self.page.as_ref().is_some_and(|(_, bytes)| !bytes.is_empty())
    }

    fn take(
        &mut self,
        frame: Frame,
        keep: &mut dyn FnMut(Encoded) -> anyhow::Result<()>,
    ) -> anyhow::Result<Option<End>> {
        match frame {
            Frame::Message(Message::Ready(settings)) => self.settings = Some(settings),
            Frame::Message(Message::Page(facts)) => self.begin(Arriving::Rows(facts)),
            Frame::Message(Message::File(facts)) => self.begin(Arriving::File(facts)),
            Frame::Data(bytes) => match &mut self.page {
                Some((page, so_far)) if page.fits(so_far.len() + bytes.len()) => so_far.extend_from_slice(&bytes),
                _ => return Ok(Some(self.fault(Fault::Other, "the driver sent more bytes than it announced"))),
            },
            Frame::Message(Message::PageEnd) => return self.end_page(keep),
            Frame::Message(Message::Finished { why }) => return Ok(Some(End::Finished(why))),
            Frame::Message(Message::Fault { kind, text }) => return Ok(Some(self.fault(kind, &text))),
            Frame::Message(Message::Devices { .. } | Message::Options { .. }) => {}
        }
        Ok(None)
    }

    fn begin(&mut self, page: Arriving) {
        self.sheet += 1;
        let bytes = Vec::with_capacity(page.announced());
        self.page = Some((page, bytes));
    }

    fn end_page(&mut self, keep: &mut dyn FnMut(Encoded) -> anyhow::Result<()>) -> anyhow::Result<Option<End>> {
        let Some((page, bytes)) = &mut self.page else {
            return Ok(Some(self.fault(Fault::Other, "the driver ended a page that it had not begun")));
        };
        let dpi = self.settings.as_ref().map_or(0, |settings| settings.dpi);
        match page.encoded(dpi, std::mem::take(bytes)) {
            Ok(page) => keep(page)?,
            Err(text) => return Ok(Some(self.fault(Fault::Short, &text))),
        }
        self.page = None;
        Ok(None)
    }

    fn fault(&self, kind: Fault, text: &str) -> End {
        let fed = self.settings.is_some() || self.sheet > 0;
        // Between two pages it is the next sheet that did not come.
        let sheet = if self.page.is_some() { self.sheet } else { self.sheet + 1 };
        End::Fault(Mishap { kind, sheet: fed.then_some(sheet), text: text.to_owned() })
    }

    fn silent(&self, after: Duration) -> End {
        self.fault(Fault::Silent, &format!("the scanner sent nothing for {} s", after.as_secs()))
    }

    fn died(&self) -> End {
        self.fault(Fault::Crashed, "the scanner's driver crashed")
    }
}

#[cfg(test)]
#[path = "capture_tests.rs"]
mod tests;
