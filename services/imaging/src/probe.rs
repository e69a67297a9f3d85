//! What is this file? Answered from its first bytes, never from its name, and without decoding a pixel.

use std::fmt;
use std::io::Cursor;

use record::limits::{PAGE_BYTES_MAX, PAGE_PIXELS_MAX, PAGE_SIDE_PIXELS_MAX};
use tiff::decoder::Decoder;
use tiff::tags::Tag;

use crate::ImageError;

/// The three kinds of image that a page may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaType {
    Png,
    Jpeg,
    Tiff,
}

impl MediaType {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Tiff => "image/tiff",
        }
    }

    /// By the magic number at the start.
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Self::Tiff),
            _ => None,
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Tiff => "TIFF",
        })
    }
}

/// What the header says. Width and height are in pixels as stored; EXIF and TIFF orientation are not applied, because
/// scanners set them wrongly and the reader finds out which way is up anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    pub media_type: MediaType,
    pub width: u32,
    pub height: u32,
    /// Dots per inch across; 0 where the file does not say.
    pub dpi: u32,
    /// Dots per inch down: fax pages have about half as many as across. 0 where the file does not say.
    pub dpi_down: u32,
    /// Bits per sample: 1, 2, 4, 8 or 16.
    pub bits: u8,
    /// Samples per pixel as stored: 1 gray or palette, 3 colour, 4 CMYK or with alpha …
    pub samples: u8,
    /// The decoder has to hold the whole picture twice (progressive JPEG, interlaced PNG).
    pub(crate) buffered: bool,
}

/// Reads the header of a PNG, a JPEG or the first page of a TIFF.
///
/// # Errors
/// [`ImageError::TooLarge`] for anything beyond `record::limits`; the file's pixels may still turn out to be damaged.
pub fn probe(bytes: &[u8]) -> Result<Facts, ImageError> {
    if bytes.is_empty() {
        return Err(ImageError::Empty);
    }
    let facts = match MediaType::sniff(bytes).ok_or(ImageError::UnknownFormat)? {
        MediaType::Png => png(bytes)?,
        MediaType::Jpeg => jpeg(bytes)?,
        MediaType::Tiff => tiff(bytes)?,
    };
    within_limits(&facts, bytes.len())?;
    Ok(facts)
}

fn within_limits(facts: &Facts, bytes: usize) -> Result<(), ImageError> {
    let Facts { media_type, width, height, .. } = *facts;
    if width == 0 || height == 0 {
        return Err(ImageError::damaged(media_type, "it has no pixels"));
    }
    let too_large = |rule| Err(ImageError::TooLarge { width, height, rule });
    if width > PAGE_SIDE_PIXELS_MAX || height > PAGE_SIDE_PIXELS_MAX {
        return too_large("a side may have 65,500 pixels");
    }
    if u64::from(width) * u64::from(height) > PAGE_PIXELS_MAX {
        return too_large("a page may have 300 million pixels");
    }
    if bytes > PAGE_BYTES_MAX {
        return too_large("a page's file may have 256 MiB");
    }
    Ok(())
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes)
}

/// PNG (ISO/IEC 15948): IHDR must come first; pHYs, if any, stands before the first IDAT.
fn png(bytes: &[u8]) -> Result<Facts, ImageError> {
    let truncated = ImageError::Truncated(MediaType::Png);
    if bytes.len() < 33 {
        return Err(truncated);
    }
    let (Some(width), Some(height)) = (be32(bytes, 16), be32(bytes, 20)) else { return Err(truncated) };
    let samples = match bytes[25] {
        0 | 3 => 1,
        2 => 3,
        4 => 2,
        6 => 4,
        other => return Err(ImageError::damaged(MediaType::Png, format_args!("colour type {other} does not exist"))),
    };
    let (dpi, dpi_down) = png_density(bytes).unwrap_or((0, 0));
    let buffered = bytes[28] != 0;
    Ok(Facts { media_type: MediaType::Png, width, height, dpi, dpi_down, bits: bytes[24], samples, buffered })
}

fn png_density(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 8;
    loop {
        let length = be32(bytes, at)? as usize;
        match bytes.get(at + 4..at + 8)? {
            // Unit 1 is the metre; without a unit the numbers are only a ratio.
            b"pHYs" if *bytes.get(at + 16)? == 1 => {
                let per_metre = |at| be32(bytes, at).map(|n| dots(f64::from(n) * 0.0254));
                return Some((per_metre(at + 8)?, per_metre(at + 12)?));
            }
            b"IDAT" | b"IEND" | b"pHYs" => return None,
            _ => at = at.checked_add(length)?.checked_add(12)?,
        }
    }
}

/// A density as a whole number; what no scanner has ever delivered counts as not said.
fn dots(per_inch: f64) -> u32 {
    if (10.0..=20_000.0).contains(&per_inch) { per_inch.round() as u32 } else { 0 }
}

/// JPEG (ITU-T T.81 B.1): marker segments up to the frame header; JFIF's APP0 holds the density.
fn jpeg(bytes: &[u8]) -> Result<Facts, ImageError> {
    let truncated = || ImageError::Truncated(MediaType::Jpeg);
    let (mut at, mut density) = (2, (0, 0));
    loop {
        let marker = *bytes.get(at + 1).ok_or_else(truncated)?;
        match (bytes[at], marker) {
            (0xff, 0xff) => at += 1,
            (0xff, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf) => {
                return jpeg_frame(bytes, at, density).ok_or_else(truncated);
            }
            (0xff, 0xd0..=0xd8 | 0x01) => at += 2,
            (0xff, 0xc4 | 0xcc | 0xdb..=0xfe) => {
                density = jfif_density(bytes, at).unwrap_or(density);
                at += 2 + usize::from(be16(bytes, at + 2).ok_or_else(truncated)?.max(2));
            }
            _ => return Err(ImageError::damaged(MediaType::Jpeg, "there is no frame header before the pixels")),
        }
    }
}

fn jpeg_frame(bytes: &[u8], at: usize, (dpi, dpi_down): (u32, u32)) -> Option<Facts> {
    let progressive = matches!(bytes[at + 1], 0xc2 | 0xc6 | 0xca | 0xce);
    Some(Facts {
        media_type: MediaType::Jpeg,
        bits: *bytes.get(at + 4)?,
        height: u32::from(be16(bytes, at + 5)?),
        width: u32::from(be16(bytes, at + 7)?),
        samples: *bytes.get(at + 9)?,
        dpi,
        dpi_down,
        buffered: progressive,
    })
}

fn jfif_density(bytes: &[u8], at: usize) -> Option<(u32, u32)> {
    if bytes[at + 1] != 0xe0 || bytes.get(at + 4..at + 9)? != b"JFIF\0" {
        return None;
    }
    let per_inch = match bytes.get(at + 11)? {
        1 => 1.0,
        2 => 2.54,
        _ => return None,
    };
    let read = |at| be16(bytes, at).map(|n| dots(f64::from(n) * per_inch));
    Some((read(at + 12)?, read(at + 14)?))
}

fn tiff(bytes: &[u8]) -> Result<Facts, ImageError> {
    let mut decoder = open_tiff(bytes)?;
    let (width, height) = decoder.dimensions().map_err(tiff_error)?;
    let samples: u16 = decoder.find_tag_unsigned(Tag::SamplesPerPixel).map_err(tiff_error)?.unwrap_or(1);
    let bits = decoder.find_tag_unsigned_vec::<u16>(Tag::BitsPerSample).map_err(tiff_error)?;
    let bits = bits.and_then(|all| all.first().copied()).unwrap_or(1);
    let dpi = tiff_density(&mut decoder, Tag::XResolution);
    let dpi_down = tiff_density(&mut decoder, Tag::YResolution);
    let narrow = |n: u16| u8::try_from(n).unwrap_or(u8::MAX);
    let (bits, samples) = (narrow(bits), narrow(samples));
    Ok(Facts { media_type: MediaType::Tiff, width, height, dpi, dpi_down, bits, samples, buffered: true })
}

pub(crate) fn open_tiff(bytes: &[u8]) -> Result<Decoder<Cursor<&[u8]>>, ImageError> {
    Decoder::new(Cursor::new(bytes)).map_err(tiff_error)
}

/// TIFF 6.0: ResolutionUnit 1 is no unit, 2 (the default) the inch, 3 the centimetre.
fn tiff_density(decoder: &mut Decoder<Cursor<&[u8]>>, tag: Tag) -> u32 {
    let per_inch = match decoder.find_tag_unsigned::<u16>(Tag::ResolutionUnit) {
        Ok(None | Some(2)) => 1.0,
        Ok(Some(3)) => 2.54,
        _ => return 0,
    };
    match decoder.find_tag(tag) {
        Ok(Some(tiff::decoder::ifd::Value::Rational(over, under))) if under != 0 => {
            dots(f64::from(over) / f64::from(under) * per_inch)
        }
        _ => 0,
    }
}

pub(crate) fn tiff_error(error: tiff::TiffError) -> ImageError {
    match error {
        tiff::TiffError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            ImageError::Truncated(MediaType::Tiff)
        }
        tiff::TiffError::UnsupportedError(what) => ImageError::unsupported(MediaType::Tiff, format_args!("“{what}”")),
        tiff::TiffError::LimitsExceeded => {
            ImageError::damaged(MediaType::Tiff, "a field is larger than any page needs")
        }
        other => ImageError::damaged(MediaType::Tiff, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Raster;

    #[test]
    fn facts_come_from_the_content() {
        let raster = Raster::gray(40, 30, vec![255; 1200]).expect("fits");
        for (bytes, media_type) in [
            (raster.encode_png(300).expect("encodes"), MediaType::Png),
            (raster.encode_jpeg(80, 300).expect("encodes"), MediaType::Jpeg),
            (raster.encode_g4_tiff(300).expect("encodes"), MediaType::Tiff),
        ] {
            let facts = probe(&bytes).expect("a good image");
            assert_eq!((facts.media_type, facts.width, facts.height), (media_type, 40, 30));
            assert_eq!((facts.dpi, facts.dpi_down), (300, 300), "{media_type}");
        }
    }

    #[test]
    fn what_is_no_image_is_named() {
        assert_eq!(probe(b""), Err(ImageError::Empty));
        assert_eq!(probe(b"%PDF-1.4"), Err(ImageError::UnknownFormat));
        assert_eq!(probe(b"\x89PNG\r\n\x1a\n\0\0"), Err(ImageError::Truncated(MediaType::Png)));
        assert_eq!(probe(b"\xff\xd8\xff\xe0"), Err(ImageError::Truncated(MediaType::Jpeg)));
    }

    #[test]
    fn a_bomb_is_refused_by_its_header() {
        let mut png = Raster::gray(1, 1, vec![0]).expect("fits").encode_png(0).expect("encodes");
        png[16..24].copy_from_slice(&[0, 0, 0xff, 0, 0, 0, 0xff, 0]);
        assert!(matches!(probe(&png), Err(ImageError::TooLarge { width: 65_280, .. })));
    }
}
