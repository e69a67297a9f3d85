//! The child: opens one hostile file, writes its pages, says what it found.
//!
//! It limits itself before it reads a byte, and dies with its parent. A panic while a page is
//! unpacked costs that page; anything worse costs the process, which the parent starts again.

use std::fs::File;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use formats::{alto, tiff};
use imaging::{ImageError, Pixels, QuarterTurn, Raster};
use record::manifest::Extraction;
use record::words::PageText;
use record::{PageId, limits};
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};

use super::kept::Kept;
use super::kind::Kind;
use super::pdf::{Document, Scan};
use super::strip::{self, Cuts, Settings};
use super::{Line, Unpacked, page_file, render, ribbon, words_file};
use crate::spool::Blob;
use crate::spool::cipher::{self, KEY_BYTES, Key};
use crate::{codes, quality};

/// Where pages are left, and the key that they are encrypted with.
pub(super) struct Out<'a> {
    folder: &'a Path,
    key: Key,
}

impl Out<'_> {
    pub(super) fn leave(&self, file: &Path, bytes: &[u8]) -> io::Result<()> {
        cipher::write(&self.key, bytes, File::create(self.folder.join(file))?)
    }

    pub(super) fn blob(&self, name: &str) -> Blob {
        Blob { path: self.folder.join(name), key: self.key.clone() }
    }
}

/// What comes on the standard input: the key, the number of bytes, the bytes.
struct Heard {
    stdin: io::StdinLock<'static>,
    size: u64,
}

impl Heard {
    /// Fewer would be half a file.
    fn bytes(mut self) -> io::Result<Vec<u8>> {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let mut bytes = Vec::with_capacity(size.min(limits::FILE_BYTES_MAX));
        self.stdin.by_ref().take(self.size).read_to_end(&mut bytes)?;
        if bytes.len() < size { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(bytes) }
    }

    fn kept(mut self, out: &Out<'_>) -> io::Result<Kept> {
        Kept::take(out, &mut self.stdin, self.size)
    }
}

/// Limits itself, then hears how large the file is. None that it writes is larger than `most`.
fn begin(folder: &Path, most: usize) -> anyhow::Result<(Out<'_>, Heard)> {
    limit_self(most)?;
    // What a decoder panics with may quote the file; the parent only needs to know that it did.
    std::panic::set_hook(Box::new(|_| {}));
    let mut stdin = io::stdin().lock();
    let (mut key, mut size) = ([0; KEY_BYTES], [0; 8]);
    stdin.read_exact(&mut key)?;
    stdin.read_exact(&mut size)?;
    Ok((Out { folder, key: Key::of(key) }, Heard { stdin, size: u64::from_be_bytes(size) }))
}

/// With the strip heard of, or two tiles of one.
fn with_strip(folder: &Path) -> anyhow::Result<(Out<'_>, Kept)> {
    let (out, heard) = begin(folder, 2 * limits::FILE_BYTES_MAX)?;
    let kept = heard.kept(&out)?;
    Ok((out, kept))
}

/// Writes the frames that a person cut out of the strip heard of.
pub fn cut(out: &Path, cuts: &Cuts) -> anyhow::Result<()> {
    let (out, strip) = with_strip(out)?;
    strip::again(&strip, &out, cuts)
}

/// Writes the strip heard of as people look at it.
pub fn draw_ribbon(out: &Path) -> anyhow::Result<()> {
    let (out, strip) = with_strip(out)?;
    ribbon::draw(&strip, &out)
}

/// Writes the one page heard of turned, and says so. Every pixel stays what it was.
pub fn turn(out: &Path, turn: QuarterTurn) -> anyhow::Result<()> {
    let (out, heard) = begin(out, limits::PAGE_BYTES_MAX)?;
    let (out, bytes) = (&out, &heard.bytes()?);
    let turned = catch_unwind(|| turned(bytes, turn)).unwrap_or_else(|_| Err("crashed the decoder".into()));
    say(&Line::File { media_type: "image/png".into(), pages: 1 })?;
    say(&match turned {
        Ok(page) => write_page(out, 1, page, true)?,
        Err(reason) => Line::Refused { number: 1, reason },
    })?;
    Ok(())
}

fn turned(bytes: &[u8], turn: QuarterTurn) -> Result<Page, String> {
    let facts = imaging::probe(bytes).map_err(failed)?;
    let turned = imaging::decode(bytes).map_err(failed)?.rotate_quarter(turn);
    let gray = turned.to_gray();
    let two_levels = turned.channels() == 1 && gray.bytes().iter().all(|level| matches!(level, 0 | 255));
    let (media_type, bytes) = match two_levels {
        true => ("image/tiff", gray.encode_g4_tiff(facts.dpi)),
        false => ("image/png", turned.encode_png(facts.dpi)),
    };
    let (bytes, how) = (Some(bytes.map_err(failed)?), Extraction::Rendered);
    // Words that came along lie where they lay; the turned page is read anew.
    Ok(Page { media_type, bytes, gray, dpi: facts.dpi, how, brought: None })
}

/// Unpacks the file heard into `out` from page `from` on, and says so line by line on stdout.
pub fn run(out: &Path, from: u32, measures: bool, film: Option<&Settings>) -> anyhow::Result<()> {
    let Some(film) = film else {
        let (out, heard) = begin(out, limits::PAGE_BYTES_MAX)?;
        return paper(heard.bytes()?, &out, from, measures);
    };
    let (out, file) = with_strip(out)?;
    if strip::is_strip(&file, film)? {
        return strip::frames(&file, &out, from, film);
    }
    paper(file.bytes()?, &out, from, measures)
}

fn paper(bytes: Vec<u8>, out: &Out<'_>, from: u32, measures: bool) -> anyhow::Result<()> {
    let opened = catch_unwind(|| Opened::new(bytes)).unwrap_or_else(|_| Err("crashed the decoder".into()));
    match opened {
        Err(reason) => say(&Line::Unusable { reason })?,
        Ok(opened) => pages(&opened, out, from, measures)?,
    }
    Ok(())
}

fn limit_self(most: usize) -> anyhow::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    for (resource, most) in [
        (Resource::As, limits::UNPACK_MEMORY_BYTES_MAX),
        (Resource::Cpu, limits::UNPACK_SECONDS_MAX),
        (Resource::Fsize, cipher::stored_size(most as u64)),
        // A core file would be a patient's page in a place nobody cleans.
        (Resource::Core, 0),
    ] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

pub(super) fn say(line: &Line) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(&text)?;
    stdout.flush()
}

fn pages(opened: &Opened, out: &Out<'_>, from: u32, measures: bool) -> anyhow::Result<()> {
    let pages = opened.pages();
    say(&Line::File { media_type: opened.kind.media_type().to_owned(), pages })?;
    for number in from..=pages {
        let page = catch_unwind(AssertUnwindSafe(|| opened.page(number)));
        let line = match page.unwrap_or_else(|_| Err("crashed the decoder".into())) {
            Ok(page) => write_page(out, number, page, measures)?,
            Err(reason) => Line::Refused { number, reason },
        };
        say(&line)?;
    }
    Ok(())
}

pub(super) fn write_page(out: &Out<'_>, number: u32, page: Page, measures: bool) -> io::Result<Line> {
    let codes = match codes::find(&page.gray, page.dpi) {
        Ok(codes) => codes,
        Err(error) => return Ok(Line::Refused { number, reason: error.to_string() }),
    };
    let file = PathBuf::from(page_file(number));
    if let Some(bytes) = &page.bytes {
        out.leave(&file, bytes)?;
    }
    let words = page.brought.as_ref().and_then(|text| alto_of(text, &page.gray));
    if let Some(alto) = &words {
        out.leave(&words_file(&file), alto.as_bytes())?;
    }
    Ok(Line::Page(Box::new(Unpacked {
        number,
        media_type: page.media_type.to_owned(),
        width: page.gray.width(),
        height: page.gray.height(),
        dpi: page.dpi,
        how: page.how,
        whole_file: page.bytes.is_none(),
        brought: words.is_some(),
        codes,
        quality: measures.then(|| quality::measure(&page.gray, page.dpi)),
        frame: None,
    })))
}

/// The words as a file, where they are of this page. What it is called in there, nobody asks: the id that the page will
/// have is not known yet.
fn alto_of(text: &PageText, page: &Raster) -> Option<String> {
    let of_page = (text.width, text.height) == (page.width(), page.height());
    let alto = of_page.then(|| alto::write(text, PageId::derived([b"brought".as_slice()])))?;
    (alto.len() <= limits::PAGE_TEXT_BYTES_MAX).then_some(alto)
}

/// One page, ready to be written.
pub(super) struct Page {
    pub media_type: &'static str,
    /// `None`: the page is the file.
    pub bytes: Option<Vec<u8>>,
    pub gray: Raster,
    pub dpi: u32,
    pub how: Extraction,
    pub brought: Option<PageText>,
}

struct Opened {
    kind: Kind,
    bytes: Vec<u8>,
    parts: Parts,
}

enum Parts {
    /// PNG and JPEG, and a TIFF of one page.
    Whole,
    /// A file that no page is kept as: it is drawn, and kept as the original.
    Jpeg2000,
    Tiff(u32),
    Pdf(Box<Document>),
}

impl Opened {
    fn new(bytes: Vec<u8>) -> Result<Self, String> {
        let Some(kind) = Kind::of(&bytes) else {
            return Err("is neither PDF, TIFF, PNG, JPEG nor JPEG 2000: convert it to one of these".into());
        };
        let parts = match kind {
            Kind::Png | Kind::Jpeg => Parts::Whole,
            Kind::Jpeg2000 => Parts::Jpeg2000,
            Kind::Tiff => match tiff::Pages::open(&bytes).map_err(failed)?.len() {
                1 => Parts::Whole,
                pages => Parts::Tiff(pages),
            },
            Kind::Pdf => Parts::Pdf(Box::new(Document::open(&bytes)?)),
        };
        Ok(Self { kind, bytes, parts })
    }

    fn pages(&self) -> u32 {
        match &self.parts {
            Parts::Whole | Parts::Jpeg2000 => 1,
            Parts::Tiff(pages) => *pages,
            Parts::Pdf(pdf) => pdf.pages(),
        }
    }

    fn page(&self, number: u32) -> Result<Page, String> {
        match &self.parts {
            Parts::Whole => whole_file(&self.bytes),
            Parts::Jpeg2000 => as_png(imaging::decode_jpeg2000(&self.bytes).map_err(failed)?, 0, None),
            Parts::Tiff(_) => {
                let bytes = tiff::Pages::open(&self.bytes).and_then(|pages| pages.page(number)).map_err(failed)?;
                untouched(bytes, 0).map_err(failed)
            }
            Parts::Pdf(pdf) => match pdf.untouched(number)? {
                Some(Scan { bytes, dpi, brought }) => match untouched(bytes, dpi) {
                    // A damaged image is not drawn: half a page must not pass for a page.
                    Err(ImageError::Unsupported { .. }) => drawn(pdf, number),
                    page => page.map(|page| Page { brought, ..page }).map_err(failed),
                },
                None => drawn(pdf, number),
            },
        }
    }
}

fn whole_file(bytes: &[u8]) -> Result<Page, String> {
    seen(bytes, 0).map_err(failed)
}

fn untouched(bytes: Vec<u8>, dpi: u32) -> Result<Page, ImageError> {
    let page = seen(&bytes, dpi)?;
    Ok(Page { bytes: Some(bytes), ..page })
}

/// Decoding the whole page is the proof that it is whole. `dpi` is what surrounds the image says,
/// for where it does not say so itself.
fn seen(bytes: &[u8], dpi: u32) -> Result<Page, ImageError> {
    let facts = imaging::probe(bytes)?;
    let gray = imaging::decode(bytes)?.to_gray();
    let dpi = if facts.dpi == 0 { dpi } else { facts.dpi };
    let media_type = facts.media_type.as_str();
    Ok(Page { media_type, bytes: None, gray, dpi, how: Extraction::Untouched, brought: None })
}

fn drawn(pdf: &Document, number: u32) -> Result<Page, String> {
    let render::Drawing { raster, dpi } = pdf.draw(number)?;
    let brought = pdf.drawn_words(number, raster.width(), raster.height());
    as_png(raster, dpi, brought)
}

/// A page whose pixels are new bytes.
fn as_png(raster: Raster, dpi: u32, brought: Option<PageText>) -> Result<Page, String> {
    let bytes = raster.encode_png(dpi).map_err(failed)?;
    if bytes.len() > limits::PAGE_BYTES_MAX {
        return Err(format!("is {} bytes when drawn; at most {} are allowed", bytes.len(), limits::PAGE_BYTES_MAX));
    }
    let gray = match raster.pixels() {
        Pixels::Gray8(_) => raster,
        Pixels::Rgb8(_) => raster.to_gray(),
    };
    Ok(Page { media_type: "image/png", bytes: Some(bytes), gray, dpi, how: Extraction::Rendered, brought })
}

/// Library errors read on from "failed to".
pub(super) fn failed(error: impl std::fmt::Display) -> String {
    format!("failed to {error}")
}

/// What the child would say of these bytes, apart from the first line.
#[cfg(test)]
pub(super) fn unpack_for_test(bytes: Vec<u8>, out: &Path, key: &Key) -> Vec<Line> {
    let out = &Out { folder: out, key: key.clone() };
    let opened = match Opened::new(bytes) {
        Ok(opened) => opened,
        Err(reason) => return vec![Line::Unusable { reason }],
    };
    let line = |number| match opened.page(number) {
        Ok(page) => write_page(out, number, page, true).expect("writes"),
        Err(reason) => Line::Refused { number, reason },
    };
    (1..=opened.pages()).map(line).collect()
}
