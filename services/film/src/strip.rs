//! What does the film look like, small and with its columns at hand?

use std::ops::Range;

use imaging::{ImageError, Raster};
use record::words::Box as Rectangle;

/// Film is looked at with about so many pixels across it: 16 mm at 24× and 300 dpi, reduced eight times, has 567.
const ACROSS: u32 = 560;
/// Never larger than this, however long the film is.
const PIXELS_MAX: u64 = 64_000_000;

/// The film, reduced: `width` columns along it, each with `height` samples across it.
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
}

impl Strip {
    /// Of a picture that is in memory.
    pub fn of(picture: &Raster) -> Self {
        let (w, h) = (picture.width(), picture.height());
        let mut reducer = Reducer::new(w, h);
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
        let scaled = |n: usize, most: u32| (n as u32).saturating_mul(self.factor).min(most);
        let (x, y) = if self.tall { (across, along) } else { (along, across) };
        let (left, right) = (scaled(x.0, self.picture.0), scaled(x.1, self.picture.0));
        let (top, bottom) = (scaled(y.0, self.picture.1), scaled(y.1, self.picture.1));
        Rectangle { x: left, y: top, w: right - left, h: bottom - top }
    }
}

/// Averages blocks of the picture into the strip, in whatever order they come.
pub struct Reducer {
    strip: Strip,
    sums: Vec<u32>,
}

impl Reducer {
    pub fn new(width: u32, height: u32) -> Self {
        let tall = height > width;
        let pixels = u64::from(width) * u64::from(height);
        let least = pixels.div_ceil(PIXELS_MAX).isqrt() as u32;
        let factor = (width.min(height) / ACROSS).max(least).max(1);
        let (along, across) = if tall { (height, width) } else { (width, height) };
        let (along, across) = ((along / factor).max(1) as usize, (across / factor).max(1) as usize);
        let picture = (width, height);
        let strip = Strip { width: along, height: across, samples: Vec::new(), factor, tall, picture };
        Self { strip, sums: vec![0; along * across] }
    }

    /// `gray` holds the pixels of `place`, row by row.
    pub fn add(&mut self, place: Rectangle, gray: &[u8]) {
        let Strip { width, height, factor, tall, .. } = self.strip;
        let factor = factor as usize;
        for (y, row) in (place.y as usize..).zip(gray.chunks_exact(place.w.max(1) as usize)) {
            let down = y / factor;
            let first = factor - place.x as usize % factor;
            let (head, rest) = row.split_at(first.min(row.len()));
            let parts = std::iter::once(head).chain(rest.chunks(factor));
            for (across, part) in (place.x as usize / factor..).zip(parts) {
                let (along, side) = if tall { (down, across) } else { (across, down) };
                if along < width && side < height {
                    self.sums[along * height + side] += part.iter().map(|&sample| u32::from(sample)).sum::<u32>();
                }
            }
        }
    }

    pub fn finish(self) -> Strip {
        let pixels = self.strip.factor * self.strip.factor;
        let samples = self.sums.into_iter().map(|sum| (sum / pixels) as u8).collect();
        Strip { samples, ..self.strip }
    }
}
