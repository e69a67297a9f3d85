//! Pages to find codes on: what is printed on them, and what paper and scanner did to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use imaging::{QuarterTurn, Raster, smooth};
use tests::samples;

/// Letter paper at 300 dpi.
const WIDTH: u32 = 2_550;
const HEIGHT: u32 = 3_300;
const DPI: u32 = 300;
const PAPER: u8 = 250;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Barcodes,
    Patch,
    Without,
    /// Nothing, but what paper and scanner bring along.
    Blank,
    /// One line of print, faint on many pages.
    Faint,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    Clean,
    Skew(i8),
    Typical,
    /// Grain of this deviation.
    Noisy(u8),
    FadedNoisy,
    /// Rounds of the smallest Gaussian: 4 are a deviation of 1.4 pixels, 8 of 2.
    Blurred(u8),
}

impl Condition {
    pub const ALL: [Self; 10] = [
        Self::Clean,
        Self::Skew(1),
        Self::Skew(-3),
        Self::Skew(5),
        Self::Typical,
        Self::Noisy(25),
        Self::Noisy(40),
        Self::FadedNoisy,
        Self::Blurred(4),
        Self::Blurred(8),
    ];

    pub fn name(self) -> String {
        match self {
            Self::Clean => "clean".into(),
            Self::Skew(degrees) => format!("skewed by {degrees}°"),
            Self::Typical => "typical: 1.5° askew, soft, grain 10".into(),
            Self::Noisy(sigma) => format!("noisy: grain {sigma}"),
            Self::FadedNoisy => "noisy: faded to 40 %, grain 15".into(),
            Self::Blurred(rounds) => format!("noisy: blurred by {:.1} pixels", (f64::from(rounds) / 2.0).sqrt()),
        }
    }

    fn spoil(self, page: &Raster, seed: u32) -> Result<Raster> {
        let soft = |page: &Raster, rounds: u8| (0..rounds).fold(page.clone(), |page, _| smooth(&page));
        match self {
            Self::Clean => Ok(page.clone()),
            Self::Skew(degrees) => Ok(page.rotate(f64::from(degrees))),
            Self::Typical => grainy(&soft(&page.rotate(1.5), 1), 10.0, seed),
            Self::Noisy(sigma) => grainy(page, f64::from(sigma), seed),
            Self::FadedNoisy => {
                let faded = |level: &u8| PAPER - ((u32::from(PAPER.saturating_sub(*level)) * 2) / 5) as u8;
                let levels = page.bytes().iter().map(faded).collect();
                grainy(&Raster::gray(page.width(), page.height(), levels)?, 15.0, seed)
            }
            Self::Blurred(rounds) => Ok(soft(page, rounds)),
        }
    }
}

/// Grain of nearly normal distribution, from xorshift numbers (G. Marsaglia, 2003).
fn grainy(page: &Raster, sigma: f64, seed: u32) -> Result<Raster> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_be_bytes().iter().map(|byte| f64::from(*byte) - 127.5).sum::<f64>() / 147.8
    };
    let levels = page.bytes().iter().map(|level| (f64::from(*level) + next() * sigma).clamp(0.0, 255.0) as u8);
    Ok(Raster::gray(page.width(), page.height(), levels.collect())?)
}

/// A page in a file, and the codes that stand on it.
pub struct Page {
    pub path: PathBuf,
    pub texts: Vec<String>,
}

impl Page {
    pub fn draw(folder: &Path, condition: Condition, kind: Kind, number: usize) -> Result<Self> {
        let mut sheet = Sheet::with_text(number)?;
        let texts = match kind {
            Kind::Barcodes => sheet.barcodes(folder, number)?,
            Kind::Patch => vec![sheet.patch(number)],
            Kind::Without => Vec::new(),
            Kind::Blank => sheet.blank(number),
            Kind::Faint => sheet.faint(number),
        };
        let page = Raster::gray(WIDTH, HEIGHT, sheet.levels)?;
        let page = if kind == Kind::Barcodes { page } else { page.rotate_quarter(turn(number / PATCHES.len())) };
        let path = folder.join(format!("{number:05}.png"));
        let mut spoilt = condition.spoil(&page, number as u32)?;
        if kind == Kind::Blank && number.is_multiple_of(2) {
            spoilt = shadowed(&spoilt, 20 + number % 4 * 8)?;
        }
        fs::write(&path, spoilt.encode_png(DPI)?)?;
        Ok(Self { path, texts })
    }
}

/// The scanner's own shadow along the left edge: straight, however the sheet lies.
fn shadowed(page: &Raster, width: usize) -> Result<Raster> {
    let mut levels = page.bytes().to_vec();
    levels.chunks_mut(page.width() as usize).for_each(|row| row[..width].fill(110));
    Ok(Raster::gray(page.width(), page.height(), levels)?)
}

/// A page of text without codes, as a scanner delivers it.
pub fn sample(number: usize, condition: Condition) -> Result<Raster> {
    let sheet = Sheet::with_text(number)?;
    condition.spoil(&Raster::gray(WIDTH, HEIGHT, sheet.levels)?, number as u32)
}

fn turn(number: usize) -> QuarterTurn {
    [QuarterTurn::None, QuarterTurn::Right, QuarterTurn::Half, QuarterTurn::Left][number % 4]
}

/// The patch codes, and which of their bars are wide (Kodak A-61599).
const PATCHES: [(&str, [bool; 4]); 6] = [
    ("1", [true, true, false, false]),
    ("2", [true, false, false, true]),
    ("3", [true, false, true, false]),
    ("4", [false, true, true, false]),
    ("6", [false, false, true, true]),
    ("T", [false, true, false, true]),
];

struct Sheet {
    levels: Vec<u8>,
}

impl Sheet {
    /// One of the sample pages, moved about so that no two are alike.
    fn with_text(number: usize) -> Result<Self> {
        let (file, _) = samples::FILES[number % samples::FILES.len()];
        let bytes = fs::read(samples::path(file))?;
        let first = if file.ends_with(".tif") { formats::tiff::split(&bytes)?.swap_remove(0) } else { bytes };
        let text = imaging::decode(&first)?.to_gray();
        let mut sheet = Self { levels: vec![PAPER; (WIDTH * HEIGHT) as usize] };
        let (dx, dy) = ((number * 37 % 90) as u32, (number * 53 % 120) as u32);
        sheet.paste(&text, dx, dy, 1);
        Ok(sheet)
    }

    fn paste(&mut self, picture: &Raster, left: u32, top: u32, scale: u32) {
        for y in 0..(picture.height() * scale).min(HEIGHT.saturating_sub(top)) {
            for x in 0..(picture.width() * scale).min(WIDTH.saturating_sub(left)) {
                let level = picture.bytes()[(y / scale * picture.width() + x / scale) as usize];
                self.levels[((top + y) * WIDTH + left + x) as usize] = level.min(PAPER);
            }
        }
    }

    /// Paper of five shades, with punch holes and dust, each on some pages.
    fn blank(&mut self, number: usize) -> Vec<String> {
        self.levels.fill(PAPER - (number % 5 * 8) as u8);
        if number.is_multiple_of(3) {
            [900, 2_250].into_iter().for_each(|top| self.hole(130, top));
        }
        (0..number as u32 % 6).for_each(|dust| self.fill(400 + dust * 317, 300 + dust * 523, 3, 3, 90));
        Vec::new()
    }

    fn faint(&mut self, number: usize) -> Vec<String> {
        let row = |y: u32| &self.levels[(y * WIDTH) as usize..((y + 1) * WIDTH) as usize];
        let is_print = |y: &u32| row(*y).iter().filter(|level| **level < 128).count() > 60;
        let top = (300..HEIGHT - 300).find(is_print).unwrap_or(HEIGHT / 2).saturating_sub(10);
        self.clear(0, top);
        self.clear(top + 60, HEIGHT);
        let percent = [100, 50, 30][number % 3];
        let faded = |level: &mut u8| *level = PAPER - (u32::from(PAPER.saturating_sub(*level)) * percent / 100) as u8;
        self.levels.iter_mut().for_each(faded);
        Vec::new()
    }

    fn fill(&mut self, left: u32, top: u32, width: u32, height: u32, level: u8) {
        for y in top..top + height {
            self.levels[(y * WIDTH + left) as usize..(y * WIDTH + left + width) as usize].fill(level);
        }
    }

    /// 6 mm across.
    fn hole(&mut self, left: u32, top: u32) {
        const RADIUS: u32 = 35;
        for y in 0..2 * RADIUS {
            let half = RADIUS.pow(2).saturating_sub(y.abs_diff(RADIUS).pow(2)).isqrt();
            self.fill(left + RADIUS - half, top + y, 2 * half, 1, 40);
        }
    }

    fn clear(&mut self, top: u32, bottom: u32) {
        self.levels[(top * WIDTH) as usize..(bottom * WIDTH) as usize].fill(PAPER);
    }

    /// Five codes across the head of the page: 10 mil bars, and modules of 0.34 mm.
    fn barcodes(&mut self, folder: &Path, number: usize) -> Result<Vec<String>> {
        self.clear(0, 900);
        let mrn = format!("MRN-{}", 100_000 + number * 7_919 % 900_000);
        let codes = [
            (20, format!("{mrn}-{number}"), 3, (120, 120)),
            (8, format!("{number:04}-NOTE"), 3, (120, 420)),
            (58, format!("DOC|{mrn}|PROGRESS-NOTE|{number}"), 4, (1_500, 120)),
            (71, format!("{mrn}|{number}"), 4, (2_000, 120)),
            (55, format!("{mrn}/PDF/{number}"), 4, (1_300, 500)),
        ];
        for (symbology, text, module, (left, top)) in &codes {
            let path = folder.join("symbol.png");
            encode(*symbology, text, &path)?;
            let symbol = imaging::decode(&fs::read(&path)?)?.to_gray();
            self.paste(&symbol, *left, *top, *module);
        }
        Ok(codes.into_iter().map(|(_, text, ..)| text).collect())
    }

    /// Bars of 2.5 in, half an inch from the leading edge.
    fn patch(&mut self, number: usize) -> String {
        self.clear(0, 1_100);
        let (name, wide) = PATCHES[number % PATCHES.len()];
        let mut top = 150;
        for wide in wide {
            let tall = if wide { 60 } else { 24 };
            for y in top..top + tall {
                let from = (y * WIDTH + (WIDTH - 750) / 2) as usize;
                self.levels[from..from + 750].fill(20);
            }
            top += tall + 24;
        }
        name.to_owned()
    }
}

/// One pixel a module, with its quiet zone.
fn encode(symbology: u32, text: &str, path: &Path) -> Result<()> {
    let mut command = Command::new("zint");
    command.args(["-b", &symbology.to_string(), "--scale=0.5", "--quietzones", "--notext", "--height=40"]);
    let status = command.arg("-d").arg(text).arg("-o").arg(path).status();
    let status = status.context("starting zint; run scripts/setup --tests")?;
    ensure!(status.success(), "zint cannot encode {text}");
    Ok(())
}
