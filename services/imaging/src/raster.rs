//! The picture in memory: 8 bits a sample, gray or colour, rows without padding.

use std::borrow::Cow;

use record::words::Box as Rectangle;

use crate::ImageError;

/// Samples row by row from the top left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pixels {
    /// One byte a pixel: 0 black, 255 white.
    Gray8(Vec<u8>),
    /// Three bytes a pixel: red, green, blue.
    Rgb8(Vec<u8>),
}

/// A picture of at least one pixel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raster {
    width: u32,
    height: u32,
    pixels: Pixels,
}

impl Raster {
    /// # Errors
    /// [`ImageError::WrongSize`] unless there are exactly `width × height` pixels, and at least one.
    pub fn new(width: u32, height: u32, pixels: Pixels) -> Result<Self, ImageError> {
        let raster = Self { width, height, pixels };
        let need = u64::from(width) * u64::from(height) * raster.channels() as u64;
        let got = raster.bytes().len();
        if need == 0 || need != got as u64 {
            return Err(ImageError::WrongSize { width, height, got });
        }
        Ok(raster)
    }

    pub fn gray(width: u32, height: u32, samples: Vec<u8>) -> Result<Self, ImageError> {
        Self::new(width, height, Pixels::Gray8(samples))
    }

    pub fn rgb(width: u32, height: u32, samples: Vec<u8>) -> Result<Self, ImageError> {
        Self::new(width, height, Pixels::Rgb8(samples))
    }

    #[inline]
    pub const fn width(&self) -> u32 {
        self.width
    }

    #[inline]
    pub const fn height(&self) -> u32 {
        self.height
    }

    pub const fn pixels(&self) -> &Pixels {
        &self.pixels
    }

    pub fn into_pixels(self) -> Pixels {
        self.pixels
    }

    /// Bytes a pixel: 1 or 3.
    #[inline]
    pub const fn channels(&self) -> usize {
        match self.pixels {
            Pixels::Gray8(_) => 1,
            Pixels::Rgb8(_) => 3,
        }
    }

    #[inline]
    pub fn bytes(&self) -> &[u8] {
        match &self.pixels {
            Pixels::Gray8(samples) | Pixels::Rgb8(samples) => samples,
        }
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        match &mut self.pixels {
            Pixels::Gray8(samples) | Pixels::Rgb8(samples) => samples,
        }
    }

    /// The same kind of picture with other pixels. `samples` must fit; only for code of this crate that computed both.
    pub(crate) fn like(&self, width: u32, height: u32, samples: Vec<u8>) -> Self {
        debug_assert_eq!(samples.len(), width as usize * height as usize * self.channels());
        let pixels = match self.pixels {
            Pixels::Gray8(_) => Pixels::Gray8(samples),
            Pixels::Rgb8(_) => Pixels::Rgb8(samples),
        };
        Self { width, height, pixels }
    }

    /// Bytes from one row to the next.
    pub(crate) const fn stride(&self) -> usize {
        self.width as usize * self.channels()
    }

    /// Gray by the luma weights of ITU-R BT.601, as JPEG uses them.
    pub fn to_gray(&self) -> Self {
        self.as_gray().into_owned()
    }

    /// The same, without a copy of what is gray already.
    pub(crate) fn as_gray(&self) -> Cow<'_, Self> {
        let Pixels::Rgb8(samples) = &self.pixels else { return Cow::Borrowed(self) };
        let samples = samples.as_chunks::<3>().0.iter().map(luma).collect();
        Cow::Owned(Self { width: self.width, height: self.height, pixels: Pixels::Gray8(samples) })
    }

    /// The part of `place` that lies inside; `None` when nothing does.
    pub fn crop(&self, place: Rectangle) -> Option<Self> {
        let (x, y) = (place.x.min(self.width), place.y.min(self.height));
        let (width, height) = (place.w.min(self.width - x), place.h.min(self.height - y));
        if width == 0 || height == 0 {
            return None;
        }
        let (from, length) = (x as usize * self.channels(), width as usize * self.channels());
        let rows = self.bytes().chunks_exact(self.stride()).skip(y as usize).take(height as usize);
        let mut samples = Vec::with_capacity(length * height as usize);
        rows.for_each(|row| samples.extend_from_slice(&row[from..from + length]));
        Some(self.like(width, height, samples))
    }

    /// Black for white and white for black.
    pub fn invert(mut self) -> Self {
        self.bytes_mut().iter_mut().for_each(|sample| *sample = !*sample);
        self
    }
}

pub(crate) fn luma(&[r, g, b]: &[u8; 3]) -> u8 {
    // The weights sum up to 2^16, so white stays white.
    ((u32::from(r) * 19_595 + u32::from(g) * 38_470 + u32::from(b) * 7_471 + 0x8000) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_and_samples_must_agree() {
        assert!(Raster::gray(2, 2, vec![0; 4]).is_ok());
        assert!(Raster::gray(2, 2, vec![0; 5]).is_err());
        assert!(Raster::rgb(2, 2, vec![0; 4]).is_err());
        assert!(Raster::gray(0, 2, vec![]).is_err());
    }

    #[test]
    fn gray_keeps_black_and_white() {
        let raster = Raster::rgb(3, 1, vec![0, 0, 0, 255, 255, 255, 0, 255, 0]).expect("fits");
        assert_eq!(raster.to_gray().bytes(), [0, 255, 150]);
    }

    #[test]
    fn crop_stays_inside() {
        let raster = Raster::gray(3, 3, (0..9).collect()).expect("fits");
        let cut = raster.crop(Rectangle { x: 1, y: 2, w: 9, h: 9 }).expect("overlaps");
        assert_eq!((cut.width(), cut.height(), cut.bytes()), (2, 1, [7, 8].as_slice()));
        assert!(raster.crop(Rectangle { x: 3, y: 0, w: 1, h: 1 }).is_none());
    }
}
