//! Which driver speaks to a device? In the helper process, which may crash or hang without costing a page.
//!
//! | name | driver |
//! |---|---|
//! | `escl:http://…/eSCL` | [`escl`], over the network |
//! | `folder:DIR` | [`replay`], for training |
//! | any other | [`helper`], SANE |
//!
//! All say the same frames ([`frames`]), so that one watchdog and one naming of faults hold for all of them.

use std::io;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};

use crate::escl;
use crate::fault::Fault;
use crate::replay;
use crate::sane::frames::{
    self, DeviceFacts, FRAME_BYTES_MAX, FileFacts, Finish, Frame, Message, OptionFacts, Settings,
};
use crate::sane::helper;

/// What to scan, as given on the helper's command line.
pub struct Request<'a> {
    pub device: &'a str,
    /// Set in this order: a source may change what the others allow.
    pub options: &'a [(String, String)],
    pub pages: Option<u32>,
    /// The device is a feeder, whatever it calls itself.
    pub feeder: bool,
}

impl Request<'_> {
    /// What was asked for last under this name.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().rfind(|(asked, _)| asked == name).map(|(_, value)| value.as_str())
    }

    /// Says that the device is ready, and how many pages may come.
    pub fn begin(&self, settings: Settings) -> Result<u32, Stopped> {
        let most = if settings.feeder { self.pages.unwrap_or(u32::MAX) } else { 1 };
        say(Message::Ready(settings))?;
        Ok(most)
    }
}

/// Why nothing more comes.
pub struct Stopped {
    pub kind: Fault,
    pub text: String,
}

impl Stopped {
    pub fn new(kind: Fault, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    fn message(self) -> Message {
        Message::Fault { kind: self.kind, text: self.text }
    }
}

/// Also for a pipe that the agent closed: then nobody reads it.
impl From<anyhow::Error> for Stopped {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Fault::Other, format!("{error:#}"))
    }
}

/// The devices of all drivers; a driver that cannot say keeps nobody from seeing the others'.
pub fn list() -> anyhow::Result<()> {
    settle()?;
    // Both take their time.
    let network = std::thread::spawn(escl::devices);
    let local = helper::devices();
    let mut devices = network.join().unwrap_or_default();
    match local {
        Ok(found) => devices.splice(0..0, found).for_each(drop),
        Err(stopped) if devices.is_empty() => return say(stopped.message()),
        Err(_) => {}
    }
    say(Message::Devices { devices })
}

/// What the device can be told once these options are set.
pub fn probe(request: &Request<'_>) -> anyhow::Result<()> {
    settle()?;
    let listed: Result<Vec<OptionFacts>, Stopped> = match driver(request.device) {
        Driver::Escl(address) => escl::options(address),
        Driver::Folder(_) => Ok(Vec::new()),
        Driver::Sane => helper::options(request),
    };
    say(listed.map_or_else(Stopped::message, |options| Message::Options { options }))
}

pub fn scan(request: &Request<'_>) -> anyhow::Result<()> {
    settle()?;
    let end = match driver(request.device) {
        Driver::Sane => return helper::scan(request),
        Driver::Escl(address) => escl::scan(address, request),
        Driver::Folder(folder) => replay::scan(folder.as_ref(), request),
    };
    say(end.map_or_else(Stopped::message, |why| Message::Finished { why }))
}

enum Driver<'a> {
    Escl(&'a str),
    Folder(&'a str),
    Sane,
}

fn driver(device: &str) -> Driver<'_> {
    match device.split_once(':') {
        Some(("escl", address)) => Driver::Escl(address),
        Some(("folder", folder)) => Driver::Folder(folder),
        _ => Driver::Sane,
    }
}

fn settle() -> anyhow::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    Ok(())
}

pub fn say(message: Message) -> anyhow::Result<()> {
    Ok(frames::write(&mut io::stdout().lock(), &Frame::Message(message))?)
}

/// Says a page that came as a file, once all of it can be read: a file that is cut off is never a page.
pub fn say_file(bytes: &[u8], dpi: u32) -> Result<(), Stopped> {
    let cut =
        |error: imaging::ImageError| Stopped::new(Fault::Short, format!("the page is not whole: failed to {error}"));
    let facts = imaging::probe(bytes).map_err(cut)?;
    imaging::decode(bytes).map_err(cut)?;
    say(Message::File(FileFacts {
        media_type: facts.media_type.as_str().to_owned(),
        width: facts.width,
        height: facts.height,
        dpi: if facts.dpi == 0 { dpi } else { facts.dpi },
        bytes: bytes.len() as u64,
    }))?;
    for piece in bytes.chunks(FRAME_BYTES_MAX) {
        frames::write(&mut io::stdout().lock(), &Frame::Data(piece.to_vec())).map_err(anyhow::Error::from)?;
    }
    Ok(say(Message::PageEnd)?)
}

/// A device that is not SANE's.
pub fn facts(name: String, model: &str, kind: &str) -> DeviceFacts {
    DeviceFacts { name, vendor: String::new(), model: model.to_owned(), kind: kind.to_owned() }
}

/// Whether the agent wants another sheet: it closes our stdin when it does not. What was fed by then it still takes, so that
/// no sheet comes out of the scanner that nobody has.
pub fn is_wanted() -> bool {
    let stdin = io::stdin();
    let mut asked = [PollFd::new(&stdin, PollFlags::empty())];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    !matches!(poll(&mut asked, Some(&now)), Ok(1..) if asked[0].revents().contains(PollFlags::HUP))
}

/// Feeds pages until there are no more, or enough.
pub fn feed(most: u32, mut next: impl FnMut() -> Result<bool, Stopped>) -> Result<Finish, Stopped> {
    for _ in 0..most {
        if !is_wanted() {
            return Ok(Finish::Halted);
        }
        if !next()? {
            return Ok(Finish::FeederEmpty);
        }
    }
    Ok(Finish::EnoughPages)
}
