//! What does the strip show at these places? One reading of it, however many places there are.

use std::io::{BufRead, Seek};

use imaging::{Block, Blocks, ImageError, Raster};
use record::words::Box as Rectangle;

/// The pictures at those places.
///
/// # Errors
/// Where the strip cannot be read to its end: part of a strip must not pass for a reel.
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
