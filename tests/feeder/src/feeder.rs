//! The machine: a folder of pages, and what goes wrong with which sheet.
//!
//! ```text
//! FOLDER/*.pgm *.ppm   the pages, fed in order of their names
//! FOLDER/script        lines `SHEET FAULT [BYTES]`: the fault that befalls a sheet, after so many bytes; each once
//! FOLDER/fed           sheets that have left the feeder whole; survives the driver's process, as paper does
//! FOLDER/fired         lines of the script that have happened
//! FOLDER/pace          milliseconds before each sheet
//! FOLDER/stamp         while it is there, a sheet's first pixels count it: no two sheets are the same bytes
//! FOLDER/away          while it is there, the scanner is not
//! ```

use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Jam,
    DoubleFeed,
    CoverOpen,
    Empty,
    IoError,
    /// The driver calls `abort`.
    Abort,
    /// The driver says that the page is whole when it is not.
    EarlyEnd,
    Hang,
    /// The scanner is unplugged.
    Vanish,
}

impl Fault {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "jam" => Self::Jam,
            "double-feed" => Self::DoubleFeed,
            "cover-open" => Self::CoverOpen,
            "empty" => Self::Empty,
            "io-error" => Self::IoError,
            "abort" => Self::Abort,
            "early-end" => Self::EarlyEnd,
            "hang" => Self::Hang,
            "vanish" => Self::Vanish,
            _ => return None,
        })
    }
}

/// One page in the machine.
pub struct Page {
    pub width: i32,
    pub height: i32,
    pub colour: bool,
    samples: Vec<u8>,
    at: usize,
    fault: Option<(Fault, usize)>,
}

/// What a read gives.
pub enum Read<'a> {
    Bytes(&'a [u8]),
    End,
    Fault(Fault),
}

pub struct Feeder {
    folder: PathBuf,
    pages: Vec<PathBuf>,
    pub page: Option<Page>,
    /// The sensor's word on the sheet that stopped last.
    pub double_feed: bool,
}

impl Feeder {
    /// `None` where the scanner is not there.
    pub fn open(folder: &Path) -> Option<Self> {
        if folder.join("away").exists() {
            return None;
        }
        let is_page = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "pgm" || kind == "ppm");
        let mut pages: Vec<PathBuf> =
            fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).filter(is_page).collect();
        pages.sort();
        Some(Self { folder: folder.to_owned(), pages, page: None, double_feed: false })
    }

    fn number(&self, name: &str) -> usize {
        fs::read_to_string(self.folder.join(name)).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }

    /// Feeds the next sheet.
    pub fn start(&mut self) -> Result<(), Fault> {
        // A scanner takes its time; how many milliseconds, the file says.
        std::thread::sleep(std::time::Duration::from_millis(self.number("pace") as u64));
        let sheet = self.number("fed");
        let fault = self.scripted(sheet + 1);
        (self.page, self.double_feed) = (None, fault.is_some_and(|(fault, _)| fault == Fault::DoubleFeed));
        match fault {
            Some((fault, 0)) if fault != Fault::EarlyEnd => return Err(self.befall(fault)),
            _ => {}
        }
        let path = self.pages.get(sheet).ok_or(Fault::Empty)?;
        let mut page = Page::read(path).ok_or(Fault::IoError)?;
        page.fault = fault;
        if self.folder.join("stamp").exists() {
            page.samples.iter_mut().zip(sheet.to_le_bytes()).for_each(|(sample, byte)| *sample = byte);
        }
        self.page = Some(page);
        Ok(())
    }

    /// The next bytes, at most so many.
    pub fn read(&mut self, most: usize) -> Read<'_> {
        let Some(page) = &self.page else { return Read::End };
        match page.fault {
            Some((fault, after)) if page.at >= after => {
                let fault = self.befall(fault);
                return if fault == Fault::EarlyEnd { Read::End } else { Read::Fault(fault) };
            }
            None if page.at == page.samples.len() => {
                let fed = self.number("fed") + 1;
                // A test that cannot write its folder fails by what it then sees.
                let _ = fs::write(self.folder.join("fed"), fed.to_string());
                self.page = None;
                return Read::End;
            }
            _ => {}
        }
        match &mut self.page {
            Some(page) => Read::Bytes(page.take(most)),
            None => Read::End,
        }
    }

    /// The fault of this sheet that has not happened yet.
    fn scripted(&self, sheet: usize) -> Option<(Fault, usize)> {
        let script = fs::read_to_string(self.folder.join("script")).ok()?;
        let mut lines = script.lines().skip(self.number("fired"));
        let mut words = lines.next()?.split_whitespace();
        let number: usize = words.next()?.parse().ok()?;
        let fault = Fault::named(words.next()?)?;
        let after = words.next().and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
        (number == sheet).then_some((fault, after))
    }

    /// It happens, and will not happen again.
    fn befall(&mut self, fault: Fault) -> Fault {
        let _ = fs::write(self.folder.join("fired"), (self.number("fired") + 1).to_string());
        self.page = None;
        match fault {
            Fault::Abort => std::process::abort(),
            Fault::Hang => loop {
                std::thread::park();
            },
            Fault::Vanish => {
                let _ = fs::write(self.folder.join("away"), "");
            }
            _ => {}
        }
        fault
    }
}

impl Page {
    /// Reads a binary PGM or PPM of 8 bits without comments, as `pgm(5)` describes it.
    fn read(path: &Path) -> Option<Self> {
        let bytes = fs::read(path).ok()?;
        let colour = match bytes.get(..2)? {
            b"P5" => false,
            b"P6" => true,
            _ => return None,
        };
        let mut at = 2;
        let mut numbers = [0_usize; 3];
        for number in &mut numbers {
            at += bytes[at..].iter().position(|byte| !byte.is_ascii_whitespace())?;
            let end = at + bytes[at..].iter().position(u8::is_ascii_whitespace)?;
            *number = std::str::from_utf8(&bytes[at..end]).ok()?.parse().ok()?;
            at = end;
        }
        let [width, height, _] = numbers;
        let samples = bytes.get(at + 1..)?.to_vec();
        let whole = samples.len() == width * height * if colour { 3 } else { 1 };
        let (width, height) = (i32::try_from(width).ok()?, i32::try_from(height).ok()?);
        whole.then_some(Self { width, height, colour, samples, at: 0, fault: None })
    }

    fn take(&mut self, most: usize) -> &[u8] {
        let end = self.fault.map_or(self.samples.len(), |(_, after)| after.min(self.samples.len()));
        let from = self.at;
        self.at = end.min(from + most);
        &self.samples[from..self.at]
    }
}
