//! Where are the frames of a strip that is larger than memory?

use std::io::{BufRead, Seek};

use film::{Found, Reducer, Strip};
use imaging::{Blocks, ImageError};
use serde::Serialize;

/// A strip as it was looked at; places are in its own pixels.
#[derive(Debug, Clone, Serialize)]
pub struct Look {
    pub width: u32,
    pub height: u32,
    #[serde(flatten)]
    pub found: Found,
}

/// Reads the strip once, block by block, and finds its frames.
///
/// # Errors
/// Where it cannot be read to its end: part of a strip must not pass for a reel.
pub fn look(strip: impl BufRead + Seek) -> Result<Look, ImageError> {
    reduced(strip).map(|(look, _)| look)
}

/// What it was looked at as, too.
///
/// # Errors
/// As [`look`].
pub fn reduced(strip: impl BufRead + Seek) -> Result<(Look, Strip), ImageError> {
    let blocks = Blocks::open(strip)?;
    let (width, height) = blocks.size();
    let mut reducer = Reducer::new(width, height);
    blocks.read(|_| true, |block| reducer.add(block.place, block.gray))?;
    let strip = reducer.finish();
    Ok((Look { width, height, found: film::find(&strip) }, strip))
}
