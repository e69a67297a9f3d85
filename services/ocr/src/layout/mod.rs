//! How is a page of any layout read?
//!
//! find grids → erase them → recognize → (read again what was left out) → put rows of tables in order.
//!
//! One pass over the page is what plain pages cost; a second is spent only where ink of text size was left out.

mod line;
mod rows;
mod tables;

use std::time::Duration;

use imaging::Raster;

use crate::engine::{Engine, EngineError, FoundWord, GrayImage};

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
    let words = engine.recognize(gray(page, dpi), limit)?;
    Ok(tables::in_order(words, &ruling.grids()))
}

fn gray(image: &Raster, dpi: u32) -> GrayImage<'_> {
    GrayImage { pixels: image.bytes(), width: image.width(), height: image.height(), dpi }
}
