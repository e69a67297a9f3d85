//! The same picture, turned or scaled.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use record::limits::PAGE_SIDE_PIXELS_MAX;

use crate::{ImageError, Raster};

/// A turn by quarters of a circle, clockwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum QuarterTurn {
    #[default]
    None,
    Right,
    Half,
    Left,
}

impl QuarterTurn {
    /// `None` unless 0, 90, 180 or 270.
    pub const fn from_degrees(clockwise: u16) -> Option<Self> {
        match clockwise {
            0 => Some(Self::None),
            90 => Some(Self::Right),
            180 => Some(Self::Half),
            270 => Some(Self::Left),
            _ => None,
        }
    }

    pub const fn degrees(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Right => 90,
            Self::Half => 180,
            Self::Left => 270,
        }
    }
}

impl Raster {
    /// Turned clockwise.
    pub fn rotate_quarter(&self, turn: QuarterTurn) -> Self {
        match self.channels() {
            1 => self.rotate_quarter_samples::<1>(turn),
            _ => self.rotate_quarter_samples::<3>(turn),
        }
    }

    fn rotate_quarter_samples<const N: usize>(&self, turn: QuarterTurn) -> Self {
        let (width, height) = (self.width() as usize, self.height() as usize);
        let pixels = self.bytes().as_chunks::<N>().0;
        let turned: Vec<[u8; N]> = match turn {
            QuarterTurn::None => return self.clone(),
            QuarterTurn::Half => pixels.iter().rev().copied().collect(),
            QuarterTurn::Right => transposed(pixels, width, height, |x, y| x * height + (height - 1 - y)),
            QuarterTurn::Left => transposed(pixels, width, height, |x, y| (width - 1 - x) * height + y),
        };
        let (width, height) = match turn {
            QuarterTurn::Half => (self.width(), self.height()),
            _ => (self.height(), self.width()),
        };
        self.like(width, height, turned.into_flattened())
    }

    /// Turned clockwise by a small angle about its centre, on white. The canvas grows so that no corner is lost:
    /// centre stays centre, and [`crate::Straightening`] maps places back.
    pub fn rotate(&self, degrees: f64) -> Self {
        if degrees == 0.0 || !degrees.is_finite() {
            return self.clone();
        }
        let (width, height) = rotated_size(self.width(), self.height(), degrees);
        match self.channels() {
            1 => self.like(width, height, rotate_samples::<1>(self, width, height, degrees)),
            _ => self.like(width, height, rotate_samples::<3>(self, width, height, degrees)),
        }
    }

    /// Scaled to exactly `width × height`, by Lanczos filtering.
    ///
    /// # Errors
    /// [`ImageError::TooLarge`] for a side of 0 or more than `PAGE_SIDE_PIXELS_MAX`.
    pub fn scale_to(&self, width: u32, height: u32) -> Result<Self, ImageError> {
        let sides = 1..=PAGE_SIDE_PIXELS_MAX;
        let pixels = u64::from(width) * u64::from(height);
        if !sides.contains(&width) || !sides.contains(&height) || pixels > record::limits::PAGE_PIXELS_MAX {
            return Err(ImageError::TooLarge { width, height, rule: "a side has 1 to 65,500 pixels" });
        }
        let kind = if self.channels() == 1 { PixelType::U8 } else { PixelType::U8x3 };
        let failed = |e: &dyn std::fmt::Display| ImageError::Encode(e.to_string());
        let source = ImageRef::new(self.width(), self.height(), self.bytes(), kind).map_err(|e| failed(&e))?;
        let mut target = Image::new(width, height, kind);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
        Resizer::new().resize(&source, &mut target, &options).map_err(|e| failed(&e))?;
        Ok(self.like(width, height, target.into_vec()))
    }
}

/// Every pixel at the place that it is sent to: square by square, because columns of a whole page fall out of the cache.
fn transposed<const N: usize>(
    pixels: &[[u8; N]],
    width: usize,
    height: usize,
    place: impl Fn(usize, usize) -> usize,
) -> Vec<[u8; N]> {
    const SIDE: usize = 32;
    let mut turned = vec![[0; N]; pixels.len()];
    for (top, left) in (0..height).step_by(SIDE).flat_map(|y| (0..width).step_by(SIDE).map(move |x| (y, x))) {
        for y in top..(top + SIDE).min(height) {
            let row = &pixels[y * width..][..width];
            (left..(left + SIDE).min(width)).for_each(|x| turned[place(x, y)] = row[x]);
        }
    }
    turned
}

/// Size of the canvas that holds `width × height` turned by `degrees`.
pub(crate) fn rotated_size(width: u32, height: u32, degrees: f64) -> (u32, u32) {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (w, h) = (f64::from(width), f64::from(height));
    // A hair is taken off before rounding up, so that turning by (almost) nothing adds no pixel.
    let grow = |side: f64| (side - 1e-6).ceil() as u32;
    (grow(w * cos.abs() + h * sin.abs()), grow(w * sin.abs() + h * cos.abs()))
}

/// Bilinear, from target back to source, in 16.16 fixed point along each row.
fn rotate_samples<const N: usize>(source: &Raster, width: u32, height: u32, degrees: f64) -> Vec<u8> {
    const ONE: f64 = 65_536.0;
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (step_x, step_y) = ((cos * ONE) as i64, (-sin * ONE) as i64);
    let centre = |side: u32| (f64::from(side) - 1.0) / 2.0;
    let pixels = source.bytes().as_chunks::<N>().0;
    let mut samples = vec![[255; N]; width as usize * height as usize];
    for (y, row) in samples.chunks_exact_mut(width as usize).enumerate() {
        let (dx, dy) = (-centre(width), y as f64 - centre(height));
        let mut at_x = ((cos * dx + sin * dy + centre(source.width())) * ONE) as i64;
        let mut at_y = ((cos * dy - sin * dx + centre(source.height())) * ONE) as i64;
        for target in row {
            if let Some(pixel) = bilinear(pixels, source.width(), source.height(), at_x, at_y) {
                *target = pixel;
            }
            at_x += step_x;
            at_y += step_y;
        }
    }
    samples.into_flattened()
}

/// The pixel at a 16.16 place, or `None` outside. At the very edge the nearest pixel stands in for the missing ones.
fn bilinear<const N: usize>(pixels: &[[u8; N]], width: u32, height: u32, at_x: i64, at_y: i64) -> Option<[u8; N]> {
    let (x, y) = (at_x >> 16, at_y >> 16);
    let (last_x, last_y) = (i64::from(width) - 1, i64::from(height) - 1);
    if x < -1 || y < -1 || x > last_x || y > last_y {
        return None;
    }
    let column = |x: i64| x.clamp(0, last_x) as usize;
    let row = |y: i64| y.clamp(0, last_y) as usize * width as usize;
    let (left, right, top, bottom) = (column(x), column(x + 1), row(y), row(y + 1));
    let (fx, fy) = ((at_x & 0xffff) as u32 >> 8, (at_y & 0xffff) as u32 >> 8);
    let mut mixed = [0; N];
    for (channel, sample) in mixed.iter_mut().enumerate() {
        let get = |at: usize| u32::from(pixels[at][channel]);
        let above = get(top + left) * (256 - fx) + get(top + right) * fx;
        let below = get(bottom + left) * (256 - fx) + get(bottom + right) * fx;
        *sample = ((above * (256 - fy) + below * fy + 0x8000) >> 16) as u8;
    }
    Some(mixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarter_turns_go_clockwise() {
        let raster = Raster::gray(3, 2, vec![1, 2, 3, 4, 5, 6]).expect("fits");
        let right = raster.rotate_quarter(QuarterTurn::Right);
        assert_eq!((right.width(), right.height(), right.bytes()), (2, 3, [4, 1, 5, 2, 6, 3].as_slice()));
        assert_eq!(right.rotate_quarter(QuarterTurn::Left), raster);
        let half = raster.rotate_quarter(QuarterTurn::Half);
        assert_eq!(half.bytes(), [6, 5, 4, 3, 2, 1]);
        assert_eq!(half, right.rotate_quarter(QuarterTurn::Right));
        let rgb = Raster::rgb(2, 1, vec![1, 2, 3, 4, 5, 6]).expect("fits").rotate_quarter(QuarterTurn::Right);
        assert_eq!(rgb.bytes(), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_small_turn_and_back_keeps_the_middle() {
        let mut samples = vec![255; 100 * 80];
        samples[40 * 100 + 50] = 0;
        samples[40 * 100 + 51] = 0;
        let raster = Raster::gray(100, 80, samples).expect("fits");
        let turned = raster.rotate(5.0);
        assert!(turned.width() > 100 && turned.height() > 80);
        let dark = turned.bytes().iter().filter(|&&sample| sample < 200).count();
        assert!((1..=6).contains(&dark), "{dark} dark pixels");
        assert_eq!(raster.rotate(0.0), raster);
    }

    #[test]
    fn a_right_angle_by_the_slow_way_is_a_quarter_turn() {
        let raster = Raster::gray(5, 3, (0..15).map(|n| n * 16).collect()).expect("fits");
        let (slow, quick) = (raster.rotate(90.0), raster.rotate_quarter(QuarterTurn::Right));
        assert_eq!((slow.width(), slow.height()), (quick.width(), quick.height()));
        let off = slow.bytes().iter().zip(quick.bytes()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(off < Some(2), "{off:?}");
    }

    #[test]
    fn scaling_gives_the_size_asked_for() {
        let raster = Raster::rgb(10, 10, vec![200; 300]).expect("fits");
        let scaled = raster.scale_to(7, 23).expect("scales");
        assert_eq!((scaled.width(), scaled.height()), (7, 23));
        assert!(scaled.bytes().iter().all(|&sample| sample == 200));
        assert!(raster.scale_to(0, 3).is_err() && raster.scale_to(3, 70_000).is_err());
    }
}
