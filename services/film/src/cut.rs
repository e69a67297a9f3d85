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

/// The picture of what begins on one tile of a strip and goes on on the next: the place reaches beyond the first.
///
/// # Errors
/// As [`cut`], and where the place does not reach from one to the other.
pub fn cut_over_border(
    mut first: impl BufRead + Seek,
    second: impl BufRead + Seek,
    place: Rectangle,
) -> Result<Raster, ImageError> {
    let (width, height) = Blocks::open(&mut first)?.size();
    let tall = height > width;
    let (from, size, end) = if tall { (place.y, place.h, height) } else { (place.x, place.w, width) };
    let before = end.saturating_sub(from).min(size);
    let part = |from, size| match tall {
        true => Rectangle { y: from, h: size, ..place },
        false => Rectangle { x: from, w: size, ..place },
    };
    let first = cut(first, &[part(from, before)])?.remove(0);
    let second = cut(second, &[part(0, size - before)])?.remove(0);
    if tall {
        return Raster::gray(place.w, place.h, [first.bytes(), second.bytes()].concat());
    }
    let rows = first.bytes().chunks_exact(before.max(1) as usize);
    let rows = rows.zip(second.bytes().chunks_exact((size - before).max(1) as usize));
    Raster::gray(place.w, place.h, rows.flat_map(|(first, second)| first.iter().chain(second)).copied().collect())
}

/// Left, top, right and bottom of what both have.
pub(crate) fn shared(a: Rectangle, b: Rectangle) -> Option<[u32; 4]> {
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
