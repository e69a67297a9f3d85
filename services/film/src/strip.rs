//! What does the film look like, small and with its columns at hand?
//!
//! However long the film is, it is looked at as large as a short one: stretch by stretch ([`crate::look`]).

use std::ops::Range;

use imaging::{ImageError, Raster};
use record::words::Box as Rectangle;

/// Film is looked at with about so many pixels across it: 16 mm at 24× and 300 dpi, reduced eight times, has 567.
const ACROSS: u32 = 560;
/// The largest factor whose blocks' sums are kept as they are, in 16 bits; of larger ones, shades are rounded first.
const EXACT: u32 = 16;

/// The film or a stretch of it, reduced: `width` columns along it, each with `height` samples across it.
#[derive(Debug, Clone)]
pub struct Strip {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Column by column.
    pub(crate) samples: Vec<u8>,
    /// Pixels of the picture for one of ours, either way.
    factor: u32,
    /// The film runs down the picture.
    tall: bool,
    picture: (u32, u32),
    /// Its first column on the film.
    first: usize,
    /// How many rows each column was moved up, where the film lay askew.
    moves: Vec<i32>,
}

impl Strip {
    /// Of a picture that is in memory.
    pub fn of(picture: &Raster) -> Self {
        let (w, h) = (picture.width(), picture.height());
        let mut reducer = Reducer::new(w, h, None);
        reducer.add(Rectangle { x: 0, y: 0, w, h }, picture.to_gray().bytes());
        reducer.finish()
    }

    /// Pixels of the picture for one of ours, either way.
    pub const fn factor(&self) -> u32 {
        self.factor
    }

    /// How many columns there are along the film.
    pub const fn columns(&self) -> usize {
        self.width
    }

    /// A stretch of the film, running to the right.
    ///
    /// # Errors
    /// Where the stretch has no column.
    pub fn picture(&self, columns: Range<usize>) -> Result<Raster, ImageError> {
        let columns = columns.start.min(self.width)..columns.end.min(self.width);
        let row = |y: usize| columns.clone().map(move |x| self.samples[x * self.height + y]);
        Raster::gray(columns.len() as u32, self.height as u32, (0..self.height).flat_map(row).collect())
    }

    pub(crate) fn column(&self, x: usize) -> &[u8] {
        &self.samples[x * self.height..(x + 1) * self.height]
    }

    pub(crate) fn is_tall(&self) -> bool {
        self.tall
    }

    /// A place along and across the film in pixels of the picture.
    pub(crate) fn in_picture(&self, along: (usize, usize), across: (usize, usize)) -> Rectangle {
        let across = self.as_it_lay(along, across);
        let along = (self.first + along.0, self.first + along.1);
        let scaled = |n: usize, most: u32| (n as u32).saturating_mul(self.factor).min(most);
        let (x, y) = if self.tall { (across, along) } else { (along, across) };
        let (left, right) = (scaled(x.0, self.picture.0), scaled(x.1, self.picture.0));
        let (top, bottom) = (scaled(y.0, self.picture.1), scaled(y.1, self.picture.1));
        Rectangle { x: left, y: top, w: right - left, h: bottom - top }
    }
}

impl Strip {
    /// The same film with its columns moved up by so many rows each.
    pub(crate) fn with_moved(&self, samples: Vec<u8>, moves: Vec<i32>) -> Self {
        let Self { width, height, factor, tall, picture, first, .. } = *self;
        Self { width, height, samples, factor, tall, picture, first, moves }
    }

    /// Rows as they were before the columns were moved: all that any of them has.
    fn as_it_lay(&self, along: (usize, usize), across: (usize, usize)) -> (usize, usize) {
        let moves = self.moves.get(along.0..along.1.max(along.0 + 1).min(self.moves.len())).unwrap_or_default();
        let back = |row: usize, by: Option<&i32>| {
            row.saturating_add_signed(by.copied().unwrap_or_default() as isize).min(self.height)
        };
        (back(across.0, moves.iter().min()), back(across.1, moves.iter().max()))
    }
}

/// How large film is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub factor: u32,
    pub tall: bool,
    /// Columns along the film, and rows across it.
    pub columns: usize,
    pub rows: usize,
}

impl Scale {
    /// With at most so many pixels in all, where that is said.
    pub fn of((width, height): (u32, u32), most: Option<u64>) -> Self {
        let tall = height > width;
        let pixels = u64::from(width) * u64::from(height);
        let least = most.map_or(1, |most| pixels.div_ceil(most.max(1)).isqrt() as u32 + 1);
        let factor = (width.min(height) / ACROSS).max(least).max(1);
        let (along, across) = if tall { (height, width) } else { (width, height) };
        Self { factor, tall, columns: (along / factor).max(1) as usize, rows: (across / factor).max(1) as usize }
    }
}

/// Averages blocks of the picture into the strip, in whatever order they come.
pub struct Reducer {
    strip: Strip,
    sums: Vec<u16>,
}

impl Reducer {
    /// Of all of the film, with at most so many pixels where that is said.
    pub fn new(width: u32, height: u32, most: Option<u64>) -> Self {
        let scale = Scale::of((width, height), most);
        Self::stretch((width, height), scale, 0..scale.columns)
    }

    pub(crate) fn stretch(picture: (u32, u32), scale: Scale, columns: Range<usize>) -> Self {
        let Scale { factor, tall, rows: height, .. } = scale;
        let (width, first) = (columns.len(), columns.start);
        let strip = Strip { width, height, samples: Vec::new(), factor, tall, picture, first, moves: Vec::new() };
        Self { strip, sums: vec![0; width * height] }
    }

    /// The part of the picture that it takes in.
    pub fn place(&self) -> Rectangle {
        self.strip.in_picture((0, self.strip.width), (0, self.strip.height))
    }

    /// `gray` holds the pixels of `place`, row by row.
    pub fn add(&mut self, place: Rectangle, gray: &[u8]) {
        let Strip { width, height, factor, tall, first, .. } = self.strip;
        let (factor, coarse) = (factor as usize, self.coarse());
        for (y, row) in (place.y as usize..).zip(gray.chunks_exact(place.w.max(1) as usize)) {
            let down = y / factor;
            let until = factor - place.x as usize % factor;
            let (head, rest) = row.split_at(until.min(row.len()));
            let parts = std::iter::once(head).chain(rest.chunks(factor));
            for (across, part) in (place.x as usize / factor..).zip(parts) {
                let (along, side) = if tall { (down, across) } else { (across, down) };
                let along = along.wrapping_sub(first);
                if along < width && side < height {
                    let sum = part.iter().map(|&sample| u32::from(sample)).sum::<u32>();
                    self.sums[along * height + side] += ((sum + coarse / 2) / coarse) as u16;
                }
            }
        }
    }

    /// What rows of a block are divided by, so that the block's sum has 16 bits.
    fn coarse(&self) -> u32 {
        let factor = self.strip.factor;
        if factor <= EXACT { 1 } else { (factor * factor).div_ceil(EXACT * EXACT) + 1 }
    }

    pub fn finish(self) -> Strip {
        let pixels = self.strip.factor * self.strip.factor / self.coarse();
        let samples = self.sums.into_iter().map(|sum| (u32::from(sum) / pixels).min(255) as u8).collect();
        Strip { samples, ..self.strip }
    }
}
