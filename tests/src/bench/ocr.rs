//! Pages a minute and core through the whole of `ocr-worker read` (its own process, the reader
//! child, decoding, straightening, ALTO), beside the bare Tesseract interface on the same
//! pages' decoded pixels.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use imaging::Raster;
use ocr::engine::{Engine, GrayImage};
use tempfile::TempDir;
use tests::{program, samples};

use crate::report::{Report, cpu_seconds};

/// The sample pages are few; each is read so often.
const ROUNDS: usize = 4;
const PAGE_SECONDS_MAX: Duration = Duration::from_secs(60);

pub fn run(report: &mut Report) -> Result<()> {
    let rasters = decoded()?;
    let pages = (rasters.len() * ROUNDS) as f64;

    let mut engine = Engine::new("eng", None)?;
    let before = cpu_seconds()?;
    for raster in rasters.iter().cycle().take(rasters.len() * ROUNDS) {
        let image = GrayImage { pixels: raster.bytes(), width: raster.width(), height: raster.height(), dpi: 200 };
        engine.recognize(image, PAGE_SECONDS_MAX)?;
    }
    let floor = 60.0 * pages / (cpu_seconds()? - before);

    let out = TempDir::new()?;
    let files: Vec<PathBuf> = (0..ROUNDS).map(|round| copies(&out, round)).collect::<Result<Vec<_>>>()?.concat();
    let before = cpu_seconds()?;
    let output = program::command("ocr-worker")?
        .arg("read")
        .args(&files)
        .args(["--format", "alto", "--out"])
        .arg(out.path().join("text"))
        .output()?;
    program::succeed("ocr-worker read", output)?;
    let ours = 60.0 * pages / (cpu_seconds()? - before);
    report.beside("ocr", "pages per minute and core", ours, "bare Tesseract interface, decoded pixels", floor)
}

fn decoded() -> Result<Vec<Raster>> {
    let mut rasters = Vec::new();
    for (file, _) in samples::FILES {
        let bytes = std::fs::read(samples::path(file))?;
        if file.ends_with(".tif") {
            for page in formats::tiff::split(&bytes)? {
                rasters.push(imaging::decode(&page)?.to_gray());
            }
        } else {
            rasters.push(imaging::decode(&bytes)?.to_gray());
        }
    }
    Ok(rasters)
}

/// The files under other names: outputs are named after inputs.
fn copies(out: &TempDir, round: usize) -> Result<Vec<PathBuf>> {
    let folder = out.path().join(format!("round-{round}"));
    std::fs::create_dir_all(&folder)?;
    samples::FILES
        .iter()
        .map(|(file, _)| {
            let to = folder.join(format!("{round}-{file}"));
            std::fs::copy(samples::path(file), &to).with_context(|| format!("copying {file}"))?;
            Ok(to)
        })
        .collect()
}
