//! How is a page of any layout read?
//!
//! find grids → erase them → recognize → (read again what was left out) → put rows of tables in order. Receipts are one
//! block.
//!
//! One pass over the page is what plain pages cost; a second is spent only where ink was left out of a grid, or a receipt
//! is read unsurely.

mod left_out;
mod line;
mod receipt;
mod rows;
mod tables;

use std::time::{Duration, Instant};

use imaging::Raster;

use crate::engine::{Engine, EngineError, FoundWord, GrayImage, Segmentation};

/// Mean confidence below which a second reading is worth its time.
const CONFIDENCE_UNSURE: f32 = 86.0;
/// Words from this confidence on are legible.
const CONFIDENCE_LEGIBLE: f32 = 60.0;

/// The words of an upright, cleaned gray page, in reading order.
pub fn recognize(
    engine: &mut Engine,
    image: &Raster,
    dpi: u32,
    limit: Duration,
) -> Result<Vec<FoundWord>, EngineError> {
    let ruling = imaging::ruling(image);
    let erased = ruling.erased(image);
    let page = erased.as_ref().unwrap_or(image);
    if receipt::is_receipt(page) {
        return receipt::recognize(engine, page, dpi, limit);
    }
    let started = Instant::now();
    let mut words = engine.recognize(gray(page, dpi), Segmentation::Auto, limit)?;
    let quick = started.elapsed() < limit / 4;
    if erased.is_some() && quick && confidence(&words) < CONFIDENCE_UNSURE {
        // Not every box is a table: where erasing it has cost text, the page is read as it is.
        let plain = engine.recognize(gray(image, dpi), Segmentation::Auto, limit - started.elapsed());
        words = plain.ok().filter(|plain| legible(plain) > legible(&words)).unwrap_or(words);
    }
    let grids = ruling.grids();
    if let Some(left) = left_out::picture(page, &grids, &words).filter(|_| quick) {
        // Should the second look fail, there is still the first.
        let more = engine.recognize(gray(&left, dpi), Segmentation::Sparse, limit - started.elapsed());
        words = left_out::joined(words, more.unwrap_or_default());
    }
    Ok(tables::in_order(words, &grids))
}

/// Mean over words, 0 to 100.
fn confidence(words: &[FoundWord]) -> f32 {
    words.iter().map(|word| word.confidence).sum::<f32>() / words.len().max(1) as f32
}

/// How many letters and digits were read with some certainty.
fn legible(words: &[FoundWord]) -> usize {
    let sure = words.iter().filter(|word| word.confidence >= CONFIDENCE_LEGIBLE);
    sure.flat_map(|word| word.text.chars()).filter(|c| c.is_alphanumeric()).count()
}

fn gray(image: &Raster, dpi: u32) -> GrayImage<'_> {
    GrayImage { pixels: image.bytes(), width: image.width(), height: image.height(), dpi }
}
