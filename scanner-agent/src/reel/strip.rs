//! Where are the frames of a strip that is larger than memory, and how does it look, small?

use std::io::{BufRead, Seek};

use film::{Found, Reducer, Strip};
use imaging::{Blocks, ImageError};
use serde::Serialize;

/// Pixels of a strip as people look at it.
const DRAWN_PIXELS_MAX: u64 = 48_000_000;

/// A strip as it was looked at; places are in its own pixels.
#[derive(Debug, Clone, Serialize)]
pub struct Look {
    pub width: u32,
    pub height: u32,
    #[serde(flatten)]
    pub found: Found,
}

/// Reads the strip block by block, and finds its frames.
///
/// # Errors
/// Where it cannot be read to its end: part of a strip must not pass for a reel.
pub fn look(strip: impl BufRead + Seek) -> Result<Look, ImageError> {
    let ((width, height), found) = film::look(strip)?;
    Ok(Look { width, height, found })
}

/// All of it, for people to look at: the longer it is, the smaller.
///
/// # Errors
/// As [`look`].
pub fn drawn(strip: impl BufRead + Seek) -> Result<Strip, ImageError> {
    let blocks = Blocks::open(strip)?;
    let (width, height) = blocks.size();
    let mut reducer = Reducer::new(width, height, Some(DRAWN_PIXELS_MAX));
    blocks.read(|_| true, |block| reducer.add(block.place, block.gray))?;
    Ok(reducer.finish())
}
