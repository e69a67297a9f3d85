//! A reel of charts that can be read: pages with text, a label with the patient's number on the first page of each chart, and beside
//! each page its mark, larger for the first of a chart. It is written as long as it is wanted, frame by frame, and in any order of
//! its frames: so that it is known what a reel with a frame too few, too many or in the wrong place looks like.

use std::fs::{self, File};
use std::io::{BufWriter, Cursor, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use flate2::write::ZlibEncoder;
use imaging::Raster;
use tiff::encoder::{Compression, TiffEncoder, colortype};

use crate::paper::code_39;
use crate::program;

/// A page, and the film around it, in pixels at 150 dpi of the page.
const PAGE: (usize, usize) = (640, 600);
const ACROSS: usize = 800;
const PITCH: usize = 640;
/// Film before the first frame, and behind the last.
const LEADER: usize = 2;
const DPI: &str = "150";
const UNEXPOSED: u8 = 215;

/// What is written on pages; each has another four of these lines in another order.
const LINES: [&str; 13] = [
    "The patient slept well and took breakfast",
    "Temperature and pulse were normal today",
    "Dressing changed, the wound is clean and dry",
    "Walks with one stick along the corridor",
    "Blood was taken for the morning laboratory",
    "Seen by the surgeon on the ward round",
    "No complaint of pain after the evening dose",
    "Appetite improving, drinks enough fluids",
    "Relatives visited in the afternoon",
    "Continue present treatment for three days",
    "Chest clear on both sides, heart regular",
    "To be seen again in the clinic next month",
    "Chart reviewed before transfer to the archive",
];

/// What one frame alone says.
pub struct Said<'a> {
    /// From 1.
    pub frame: usize,
    pub word: &'a str,
}

/// Its pages, drawn.
pub struct Reel {
    pages: Vec<PathBuf>,
    per_chart: usize,
}

impl Reel {
    /// Draws `frames` pages into an empty folder, so many to a chart.
    pub fn draw(folder: &Path, frames: usize, per_chart: usize, said: &[Said]) -> Result<Self> {
        let pdf = folder.join("reel.pdf");
        fs::write(&pdf, document((1..=frames).map(|frame| lines(frame, per_chart, said))))?;
        let mut draw = std::process::Command::new("pdftoppm");
        draw.args(["-gray", "-r", DPI]).arg(&pdf).arg(folder.join("page"));
        program::succeed("pdftoppm", draw.output().context("start pdftoppm")?)?;
        let mut pages: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        pages.retain(|path| path.extension().is_some_and(|ending| ending == "pgm"));
        pages.sort();
        ensure!(pages.len() == frames, "{} pages were drawn of {frames}", pages.len());
        Ok(Self { pages, per_chart })
    }

    pub fn frames(&self) -> usize {
        self.pages.len()
    }

    /// Of a strip of so many.
    pub const fn pixels(&self, frames: usize) -> usize {
        (frames + 2 * LEADER) * PITCH * ACROSS
    }

    /// The patient of a frame.
    pub fn mrn(&self, frame: usize) -> String {
        mrn(frame, self.per_chart)
    }

    /// As it is on paper.
    pub fn page(&self, frame: usize) -> Result<Raster> {
        let bytes = fs::read(&self.pages[frame - 1])?;
        let (width, height) = PAGE;
        let samples = bytes.len().checked_sub(width * height).context("a page of another size")?;
        let mut levels = bytes[samples..].to_vec();
        if self.begins_chart(frame) {
            code_39(&mut levels, width, (100, 20), &self.mrn(frame))?;
        }
        Ok(Raster::gray(width as u32, height as u32, levels)?)
    }

    fn begins_chart(&self, frame: usize) -> bool {
        (frame - 1).is_multiple_of(self.per_chart)
    }

    /// The strip of these frames as a TIFF, running down; larger than memory if need be.
    pub fn strip(&self, path: &Path, frames: &[usize]) -> Result<()> {
        let leader = || std::iter::repeat_n(None, LEADER);
        let frames = leader().chain(frames.iter().copied().map(Some)).chain(leader());
        tall_tiff(path, PITCH, frames.map(|frame| self.exposed(frame)))
    }

    /// The same in tiles that end in the middle of a frame, as a scanner stops where its buffer is full.
    pub fn tiles(&self, folder: &Path, frames: &[usize], per_tile: usize) -> Result<()> {
        fs::create_dir_all(folder)?;
        let leader = || std::iter::repeat_n(None, LEADER);
        let film: Vec<Option<usize>> = leader().chain(frames.iter().copied().map(Some)).chain(leader()).collect();
        let halves: Vec<(Option<usize>, usize)> = film.iter().flat_map(|frame| [(*frame, 0), (*frame, 1)]).collect();
        let half = |(frame, half): &(Option<usize>, usize)| {
            let exposed = self.exposed(*frame)?;
            Ok(exposed[half * exposed.len() / 2..(half + 1) * exposed.len() / 2].to_vec())
        };
        for (number, tile) in (1..).zip(halves.chunks(2 * per_tile + 1)) {
            tall_tiff(&folder.join(format!("tile-{number:03}.tif")), PITCH / 2, tile.iter().map(half))?;
        }
        Ok(())
    }

    /// One frame of negative film with its mark, or none.
    fn exposed(&self, frame: Option<usize>) -> Result<Vec<u8>> {
        let grain = |at: usize| UNEXPOSED - (at % ACROSS * 31 + at / ACROSS * 17) as u8 % 5;
        let mut film: Vec<u8> = (0..ACROSS * PITCH).map(grain).collect();
        let Some(frame) = frame else { return Ok(film) };
        let page = self.page(frame)?;
        let (left, top) = ((ACROSS - PAGE.0) / 2, (PITCH - PAGE.1) / 2);
        for (row, y) in page.bytes().chunks_exact(PAGE.0).zip(top..) {
            let at = y * ACROSS + left;
            for (sample, light) in film[at..at + PAGE.0].iter_mut().zip(row) {
                *sample = UNEXPOSED - (u32::from(*light) * 4 / 5) as u8;
            }
        }
        let size = if self.begins_chart(frame) { 20 } else { 12 };
        for y in PITCH / 2 - size / 2..PITCH / 2 + size / 2 {
            let end = (y + 1) * ACROSS - 8;
            film[end - size..end].fill(20);
        }
        Ok(film)
    }

    /// Each frame as a file of its own, numbered in this order.
    pub fn files(&self, folder: &Path, frames: &[usize]) -> Result<()> {
        fs::create_dir_all(folder)?;
        for (number, frame) in (1..).zip(frames) {
            fs::write(folder.join(format!("frame-{number:04}.png")), self.page(*frame)?.encode_png(150)?)?;
        }
        Ok(())
    }

    /// All of them in one TIFF, in this order.
    pub fn pages(&self, path: &Path, frames: &[usize]) -> Result<()> {
        let mut file = Cursor::new(Vec::new());
        {
            let mut encoder = TiffEncoder::new(&mut file)?.with_compression(Compression::Lzw);
            for frame in frames {
                let page = self.page(*frame)?;
                encoder.write_image::<colortype::Gray8>(page.width(), page.height(), page.bytes())?;
            }
        }
        File::create(path)?.write_all(file.get_ref())?;
        Ok(())
    }
}

/// A TIFF (6.0, sections 2 and 3) in strips of so many rows, packed by Deflate (Adobe's compression 8), as a scanner writes one that
/// it never holds whole.
fn tall_tiff(path: &Path, rows: usize, strips: impl Iterator<Item = Result<Vec<u8>>>) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(b"II*\0\0\0\0\0")?;
    let (mut at, mut places, mut sizes) = (8_u32, Vec::new(), Vec::new());
    for strip in strips {
        let mut packed = ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&strip?)?;
        let packed = packed.finish()?;
        file.write_all(&packed)?;
        places.push(at);
        sizes.push(u32::try_from(packed.len())?);
        at = at.checked_add(u32::try_from(packed.len())?).context("a strip larger than a TIFF can be")?;
    }
    let count = u32::try_from(places.len())?;
    let lists: Vec<u8> = places.iter().chain(&sizes).flat_map(|number| number.to_le_bytes()).collect();
    file.write_all(&lists)?;
    let directory = at + u32::try_from(lists.len())?;
    let rows = u32::try_from(rows)?;
    // Tag, type (4: LONG), count, value or where it stands.
    let entries = [
        (256_u16, 1, ACROSS as u32),
        (257, 1, count * rows),
        (258, 1, 8),
        (259, 1, 8),
        (262, 1, 1),
        (273, count, at),
        (277, 1, 1),
        (278, 1, rows),
        (279, count, at + 4 * count),
    ];
    file.write_all(&(entries.len() as u16).to_le_bytes())?;
    for (tag, count, value) in entries {
        let entry = [&tag.to_le_bytes()[..], &4_u16.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()];
        file.write_all(&entry.concat())?;
    }
    file.write_all(&[0; 4])?;
    let mut file = file.into_inner()?;
    file.seek(SeekFrom::Start(4))?;
    Ok(file.write_all(&directory.to_le_bytes())?)
}

fn mrn(frame: usize, per_chart: usize) -> String {
    format!("MRN-{}", 100_001 + (frame - 1) / per_chart)
}

fn lines(frame: usize, per_chart: usize, said: &[Said]) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        format!("Progress note, sheet {frame}"),
        format!("Patient Number: {}", mrn(frame, per_chart)),
        String::new(),
    ];
    lines.extend((0..6).map(|line| LINES[(frame * 5 + line * 4) % LINES.len()].to_owned()));
    lines.extend(said.iter().filter(|said| said.frame == frame).map(|said| format!("Finding: {}", said.word)));
    lines
}

/// Pages with nothing but lines of Helvetica (ISO 32000-1, annex H.3).
fn document(pages: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let pages: Vec<Vec<String>> = pages.collect();
    let points = |pixels: usize| pixels as f64 * 72.0 / 150.0;
    let kids: Vec<String> = (0..pages.len()).map(|page| format!("{} 0 R", 4 + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    for (page, lines) in pages.iter().enumerate() {
        let shown: String = lines.iter().map(|line| format!("({line}) Tj T*\n")).collect();
        let content = format!("BT /F 13 Tf 19 TL 22 250 Td\n{shown}ET");
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {} {}] /Contents {} 0 R /Resources << /Font << /F 3 0 R >> >> >>",
            points(PAGE.0),
            points(PAGE.1),
            5 + 2 * page
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    let mut file = "%PDF-1.4\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in (1..).zip(&objects) {
        table += &format!("{:010} 00000 n \n", file.len());
        file += &format!("{number} 0 obj\n{object}\nendobj\n");
    }
    let start = file.len();
    format!("{file}{table}trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1)
        .into_bytes()
}
