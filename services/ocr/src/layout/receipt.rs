//! How is a receipt read?
//!
//! A strip of paper has one column, whatever gaps its lines have: told so, Tesseract keeps its rows together. Printers
//! of dots leave gaps within letters, which averaging pixels closes: where the first reading is unsure the strip is
//! read once more at three quarters of its size, and the more legible reading is kept.

use std::time::{Duration, Instant};

use imaging::Raster;

use super::{confidence, gray, legible};
use crate::engine::{Engine, EngineError, FoundWord, Segmentation};

/// Height over width, in tenths, from which a page is a strip; legal paper has 17.
const STRIP_TENTHS: u64 = 18;
/// Mean confidence below which a second reading is worth its time.
const CONFIDENCE_UNSURE: f32 = 75.0;

pub(super) fn is_receipt(page: &Raster) -> bool {
    u64::from(page.height()) * 10 >= u64::from(page.width()) * STRIP_TENTHS
}

pub(super) fn recognize(
    engine: &mut Engine,
    page: &Raster,
    dpi: u32,
    limit: Duration,
) -> Result<Vec<FoundWord>, EngineError> {
    let started = Instant::now();
    let first = engine.recognize(gray(page, dpi), Segmentation::Block, limit)?;
    if confidence(&first) >= CONFIDENCE_UNSURE || started.elapsed() > limit / 4 {
        return Ok(first);
    }
    let Ok(small) = page.scale_to((page.width() * 3 / 4).max(1), (page.height() * 3 / 4).max(1)) else {
        return Ok(first);
    };
    // Should the second reading fail, there is still the first.
    let second = engine.recognize(gray(&small, dpi * 3 / 4), Segmentation::Block, limit - started.elapsed());
    let second: Vec<FoundWord> = second.unwrap_or_default().into_iter().map(enlarged).collect();
    Ok(if legible(&second) > legible(&first) { second } else { first })
}

fn enlarged(word: FoundWord) -> FoundWord {
    let FoundWord { left, top, right, bottom, .. } = word;
    FoundWord { left: left * 4 / 3, top: top * 4 / 3, right: right * 4 / 3, bottom: bottom * 4 / 3, ..word }
}
