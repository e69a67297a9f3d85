//! What does a JPEG 2000 picture look like (ISO/IEC 15444-1)? Scanners of film and other archives write it. Pages are not kept in
//! it: no browser shows it, and the file itself is kept as the original of its pages.

use hayro_jpeg2000::{ColorSpace, DecodeSettings, DecoderContext, Image};
use record::limits::{PAGE_BYTES_MAX, PAGE_PIXELS_MAX, PAGE_SIDE_PIXELS_MAX, RASTER_MEMORY_BYTES_MAX};

use crate::decode::over_white;
use crate::{ImageError, Raster};

/// The signature box of a JP2 file (Annex I.5.1), and the first two markers of a bare codestream (Annex A.4).
const JP2: &[u8] = b"\0\0\0\x0cjP  \r\n\x87\n";
const CODESTREAM: &[u8] = b"\xff\x4f\xff\x51";
/// End of codestream: cannot occur inside compressed data, where no byte above 0x8f follows 0xff (Annex A.2).
const END: [u8; 2] = [0xff, 0xd9];

pub fn is_jpeg2000(bytes: &[u8]) -> bool {
    bytes.starts_with(JP2) || bytes.starts_with(CODESTREAM)
}

/// Gray or colour, as other pictures are; alpha is laid over white.
///
/// # Errors
/// [`ImageError`] where it is larger than a page, cut short, damaged, or of colours that nobody needs on a page.
pub fn decode_jpeg2000(bytes: &[u8]) -> Result<Raster, ImageError> {
    let settings = DecodeSettings { strict: true, ..DecodeSettings::default() };
    let image = Image::new(bytes, &settings).map_err(damaged)?;
    let (width, height) = (image.width(), image.height());
    let channels = u64::from(image.color_space().num_channels()) + u64::from(image.has_alpha());
    within_limits((width, height), channels, bytes.len())?;
    if !bytes.windows(2).rev().any(|pair| pair == END) {
        return Err(ImageError::Jpeg2000("it is cut short".into()));
    }
    let mut context = DecoderContext::default();
    let samples = image.decode(&mut context).map_err(damaged)?.data_u8();
    match (image.color_space(), image.has_alpha()) {
        (ColorSpace::Gray | ColorSpace::Icc { num_channels: 1, .. }, false) => Raster::gray(width, height, samples),
        (ColorSpace::Gray | ColorSpace::Icc { num_channels: 1, .. }, true) => {
            Raster::gray(width, height, over_white::<2, 1>(samples))
        }
        (ColorSpace::RGB | ColorSpace::Icc { num_channels: 3, .. }, false) => Raster::rgb(width, height, samples),
        (ColorSpace::RGB | ColorSpace::Icc { num_channels: 3, .. }, true) => {
            Raster::rgb(width, height, over_white::<4, 3>(samples))
        }
        _ => Err(ImageError::Jpeg2000("its colours are neither gray nor red, green and blue".into())),
    }
}

/// The decoder holds a wide number for each sample.
fn within_limits((width, height): (u32, u32), channels: u64, bytes: usize) -> Result<(), ImageError> {
    let pixels = u64::from(width) * u64::from(height);
    let rule = if width.max(height) > PAGE_SIDE_PIXELS_MAX {
        "a side may have 65,500 pixels"
    } else if pixels > PAGE_PIXELS_MAX || bytes > PAGE_BYTES_MAX {
        "a page may have 300 million pixels and 256 MiB"
    } else if pixels.saturating_mul(channels * 5) > RASTER_MEMORY_BYTES_MAX {
        "decoding it would take more than 1,280 MiB of memory"
    } else {
        return Ok(());
    };
    Err(ImageError::TooLarge { width, height, rule })
}

fn damaged(error: impl std::fmt::Display) -> ImageError {
    ImageError::Jpeg2000(error.to_string())
}
