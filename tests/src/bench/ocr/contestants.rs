//! Who reads, and how is each of them started so that the comparison is fair?

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use ocr::engine::{Engine, EngineError, GrayImage, Segmentation};
use tests::program;

use super::pages::Pages;
use crate::report::cpu_seconds;

const PAGE_SECONDS_MAX: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contestant {
    Ours,
    Interface,
    Program,
    OcrMyPdf,
    OcrMyPdfCleaning,
}

/// Processor time of all threads and processes, and how long it took.
pub struct Effort {
    pub cpu_seconds: f64,
    pub wall_seconds: f64,
}

pub enum Outcome {
    Done(Effort),
    /// It is not here, or fails on these pages: why.
    Absent(String),
}

impl Contestant {
    pub const OTHERS: [Self; 4] = [Self::Interface, Self::Program, Self::OcrMyPdf, Self::OcrMyPdfCleaning];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ocr-worker read --format txt,alto,pdf",
            Self::Interface => "bare Tesseract interface, decoded pixels",
            Self::Program => "tesseract txt pdf",
            Self::OcrMyPdf => "ocrmypdf",
            Self::OcrMyPdfCleaning => "ocrmypdf --deskew --clean --rotate-pages",
        }
    }

    pub fn run(self, pages: &Pages, cores: usize) -> Result<Outcome> {
        match self {
            Self::Interface => interface(&pages.paths(), cores).map(Outcome::Done),
            Self::Ours => {
                let results = pages.results(self)?;
                measured(|| shared_out(&pages.paths(), cores, |pages| worker(pages, &results))).map(Outcome::Done)
            }
            Self::Program => {
                let results = pages.results(self)?;
                let shares = || shared_out(&pages.paths(), cores, |pages| tesseract(pages, &results));
                measured(shares).map(Outcome::Done)
            }
            Self::OcrMyPdf => ocrmypdf(pages, self, cores, &[]),
            Self::OcrMyPdfCleaning => ocrmypdf(pages, self, cores, &["--deskew", "--clean", "--rotate-pages"]),
        }
    }
}

fn measured(work: impl FnOnce() -> Result<()>) -> Result<Effort> {
    let (cpu, clock) = (cpu_seconds()?, Instant::now());
    work()?;
    Ok(Effort { cpu_seconds: cpu_seconds()? - cpu, wall_seconds: clock.elapsed().as_secs_f64() })
}

/// A share of the pages for each core, all at once.
fn shared_out<'a>(pages: &[&'a Path], cores: usize, work: impl Fn(Vec<&'a Path>) -> Result<()> + Sync) -> Result<()> {
    thread::scope(|scope| {
        let shares = (0..cores).map(|core| {
            let share = pages.iter().skip(core).step_by(cores).copied().collect();
            let work = &work;
            scope.spawn(move || work(share))
        });
        let running: Vec<_> = shares.collect();
        running.into_iter().try_for_each(|share| share.join().map_err(|_| anyhow!("a share of the pages panicked"))?)
    })
}

fn worker(pages: Vec<&Path>, results: &Path) -> Result<()> {
    let mut command = program::command("ocr-worker")?;
    command.arg("read").args(pages).args(["--format", "txt,alto,pdf", "--out"]).arg(results);
    let output = command.output()?;
    // 1: a page could not be read, which the scores will show.
    let fine = matches!(output.status.code(), Some(0 | 1));
    ensure!(fine, "ocr-worker read ended with {}", output.status);
    Ok(())
}

/// A process for each page, as its users start it.
fn tesseract(pages: Vec<&Path>, results: &Path) -> Result<()> {
    for page in pages {
        let mut command = Command::new("tesseract");
        command.arg(page).arg(results.join(page.file_stem().unwrap_or_default())).args(["txt", "pdf"]);
        // One that fails leaves no text, which the scores will show.
        quiet(&mut command).context("starting tesseract; run scripts/setup")?.wait()?;
    }
    Ok(())
}

fn quiet(command: &mut Command) -> std::io::Result<Child> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

/// What only recognition costs: decoding is not counted.
fn interface(pages: &[&Path], cores: usize) -> Result<Effort> {
    let efforts: Vec<Effort> = thread::scope(|scope| {
        let shares = (0..cores).map(|core| {
            let share: Vec<&Path> = pages.iter().skip(core).step_by(cores).copied().collect();
            scope.spawn(move || recognize(&share))
        });
        let running: Vec<_> = shares.collect();
        let ended = running.into_iter().map(|share| share.join().map_err(|_| anyhow!("a share panicked"))?);
        ended.collect::<Result<_>>()
    })?;
    Ok(Effort {
        cpu_seconds: efforts.iter().map(|effort| effort.cpu_seconds).sum(),
        wall_seconds: efforts.iter().map(|effort| effort.wall_seconds).fold(0.0, f64::max),
    })
}

fn recognize(pages: &[&Path]) -> Result<Effort> {
    let mut engine = Engine::new("eng", None)?;
    let mut effort = Effort { cpu_seconds: 0.0, wall_seconds: 0.0 };
    for page in pages {
        let raster = imaging::decode(&fs::read(page)?)?;
        let dpi = imaging::probe(&fs::read(page)?).map_or(0, |facts| facts.dpi);
        let gray = raster.to_gray();
        let image = GrayImage { pixels: gray.bytes(), width: gray.width(), height: gray.height(), dpi: dpi.max(70) };
        let (cpu, clock) = (thread_cpu_seconds()?, Instant::now());
        match engine.recognize(image, Segmentation::Auto, PAGE_SECONDS_MAX) {
            Ok(_) | Err(EngineError::TimedOut) => {}
            Err(error) => return Err(error.into()),
        }
        effort.cpu_seconds += thread_cpu_seconds()? - cpu;
        effort.wall_seconds += clock.elapsed().as_secs_f64();
    }
    Ok(effort)
}

/// From the first field of `/proc/thread-self/schedstat`, nanoseconds (Documentation/scheduler/sched-stats).
fn thread_cpu_seconds() -> Result<f64> {
    let line = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: u64 = line.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanoseconds as f64 / 1e9)
}

/// All pages in one PDF, as its users have them: it starts once, and spreads the pages over the cores itself.
fn ocrmypdf(pages: &Pages, who: Contestant, cores: usize, more: &[&str]) -> Result<Outcome> {
    let results = pages.results(who)?;
    let bare = match bare_pdf(pages, &results)? {
        Ok(bare) => bare,
        Err(why) => return Ok(Outcome::Absent(why)),
    };
    let mut command = Command::new("ocrmypdf");
    command.args(["--jobs", &cores.to_string()]).args(more).arg(bare).arg(results.join("read.pdf"));
    let mut ended = None;
    let effort = measured(|| {
        ended = Some(quiet(&mut command)?.wait()?);
        Ok(())
    })?;
    Ok(match ended.filter(|status| !status.success()) {
        Some(status) => Outcome::Absent(format!("failed on these pages: {status}")),
        None => Outcome::Done(effort),
    })
}

/// The pages as a PDF of images, made by img2pdf, which comes with OCRmyPDF; or why there is none.
fn bare_pdf(pages: &Pages, results: &Path) -> Result<std::result::Result<PathBuf, String>> {
    let bare = results.join("bare.pdf");
    let mut command = Command::new("img2pdf");
    command.args(pages.paths()).arg("--output").arg(&bare);
    let found = Command::new("ocrmypdf").arg("--version").output().is_ok();
    let Some(mut child) = quiet(&mut command).ok().filter(|_| found) else {
        return Ok(Err("not installed".to_owned()));
    };
    let made = child.wait()?.success();
    Ok(if made { Ok(bare) } else { Err("img2pdf refuses an image among these pages".to_owned()) })
}
