//! Where are the frames of a strip that is larger than memory?

use std::io::{BufRead, Seek};

use film::{Found, Reducer, Strip};
use imaging::{Block, Blocks, ImageError, Raster};
use record::words::Box as Rectangle;
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

/// The pictures at those places, in one reading of the strip.
///
/// # Errors
/// As [`look`].
pub fn cut(strip: impl BufRead + Seek, places: &[Rectangle]) -> Result<Vec<Raster>, ImageError> {
    let area = |place: &Rectangle| place.w as usize * place.h as usize;
    let mut pictures: Vec<Vec<u8>> = places.iter().map(|place| vec![0; area(place)]).collect();
    let wanted = |block: Rectangle| places.iter().any(|place| shared(*place, block).is_some());
    Blocks::open(strip)?.read(wanted, |block| {
        places.iter().zip(&mut pictures).for_each(|(place, picture)| copy(&block, *place, picture));
    })?;
    let raster = |(place, picture): (&Rectangle, Vec<u8>)| Raster::gray(place.w, place.h, picture);
    places.iter().zip(pictures).map(raster).collect()
}

/// Left, top, right and bottom of what both have.
fn shared(a: Rectangle, b: Rectangle) -> Option<[u32; 4]> {
    let (left, top) = (a.x.max(b.x), a.y.max(b.y));
    let (right, bottom) = ((a.x + a.w).min(b.x + b.w), (a.y + a.h).min(b.y + b.h));
    (left < right && top < bottom).then_some([left, top, right, bottom])
}

fn copy(block: &Block, place: Rectangle, picture: &mut [u8]) {
    let Some([left, top, right, bottom]) = shared(place, block.place) else { return };
    for y in top..bottom {
        let from = ((y - block.place.y) * block.place.w + left - block.place.x) as usize;
        let to = ((y - place.y) * place.w + left - place.x) as usize;
        let count = (right - left) as usize;
        picture[to..to + count].copy_from_slice(&block.gray[from..from + count]);
    }
}
