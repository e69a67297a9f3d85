//! What does the page look like? Encoded bytes to pixels, within limits.
//!
//! No `catch_unwind` here: the decoders underneath are memory-safe and return errors. Work on untrusted files runs in
//! a child process with a time limit anyway (`ocr-worker`, `scanner-agent`).

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader};
use record::limits::RASTER_MEMORY_BYTES_MAX;

use crate::probe::probe;
use crate::{Facts, ImageError, MediaType, Raster, tiff_pixels};

/// Decodes a PNG, a JPEG or the first page of a TIFF: 1 bit becomes gray, 16 bits become 8, alpha is laid over white,
/// CMYK becomes RGB.
///
/// # Errors
/// [`ImageError`] says whether the file is too large, cut short, damaged or of an unsupported kind. A picture of which
/// only a part could be read is an error too: half a page must not pass for a page.
pub fn decode(bytes: &[u8]) -> Result<Raster, ImageError> {
    let facts = probe(bytes)?;
    check_memory(&facts)?;
    match facts.media_type {
        MediaType::Png => with_image(bytes, ImageFormat::Png, &facts),
        MediaType::Jpeg => {
            whole_jpeg(bytes)?;
            with_image(bytes, ImageFormat::Jpeg, &facts)
        }
        MediaType::Tiff => tiff_pixels::decode(bytes, &facts),
    }
}

/// Checked before anything is allocated: the decoder's samples and our pixels exist side by side.
fn check_memory(facts: &Facts) -> Result<(), ImageError> {
    let pixels = u64::from(facts.width) * u64::from(facts.height);
    let samples = u64::from(facts.samples);
    let stored = samples * u64::from(facts.bits).div_ceil(8).max(1);
    let ours = if samples >= 3 { 3 } else { 1 };
    // A progressive JPEG keeps 16-bit coefficients until the last scan.
    let working = match (facts.media_type, facts.buffered) {
        (MediaType::Jpeg, true) => 2 * samples,
        (MediaType::Jpeg, false) => 0,
        // A palette of any depth is spread out to RGB or RGBA by the decoder.
        (MediaType::Png, _) if samples == 1 => 4,
        _ => stored,
    };
    if pixels.saturating_mul(working + ours) > RASTER_MEMORY_BYTES_MAX {
        let rule = "decoding it would take more than 1,280 MiB of memory";
        return Err(ImageError::TooLarge { width: facts.width, height: facts.height, rule });
    }
    Ok(())
}

/// Decoders fill up what is missing of a JPEG with gray; so the end-of-image marker must be there. It cannot occur
/// inside compressed data (ITU-T T.81 B.1.1.2: 0xff is always followed by 0 or a restart marker there).
fn whole_jpeg(bytes: &[u8]) -> Result<(), ImageError> {
    let scan = bytes.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap_or(0);
    match bytes[scan..].windows(2).rposition(|pair| pair == [0xff, 0xd9]) {
        Some(_) => Ok(()),
        None => Err(ImageError::Truncated(MediaType::Jpeg)),
    }
}

fn with_image(bytes: &[u8], format: ImageFormat, facts: &Facts) -> Result<Raster, ImageError> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(facts.width);
    limits.max_image_height = Some(facts.height);
    limits.max_alloc = Some(RASTER_MEMORY_BYTES_MAX);
    reader.limits(limits);
    let picture = reader.decode().map_err(|error| image_error(facts.media_type, error))?;
    from_image(picture)
}

fn image_error(media_type: MediaType, error: image::ImageError) -> ImageError {
    match error {
        image::ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            ImageError::Truncated(media_type)
        }
        image::ImageError::Unsupported(what) => ImageError::unsupported(media_type, format_args!("“{what}”")),
        // The decoders report an early end as text; the type does not tell.
        other if other.to_string().contains("unexpected end of file") => ImageError::Truncated(media_type),
        other => ImageError::damaged(media_type, other),
    }
}

fn from_image(picture: DynamicImage) -> Result<Raster, ImageError> {
    let (width, height) = (picture.width(), picture.height());
    match picture {
        DynamicImage::ImageLuma8(p) => Raster::gray(width, height, p.into_raw()),
        DynamicImage::ImageRgb8(p) => Raster::rgb(width, height, p.into_raw()),
        DynamicImage::ImageLumaA8(p) => Raster::gray(width, height, over_white::<2, 1>(p.into_raw())),
        DynamicImage::ImageRgba8(p) => Raster::rgb(width, height, over_white::<4, 3>(p.into_raw())),
        DynamicImage::ImageLuma16(p) => Raster::gray(width, height, high_bytes(&p.into_raw())),
        DynamicImage::ImageRgb16(p) => Raster::rgb(width, height, high_bytes(&p.into_raw())),
        DynamicImage::ImageLumaA16(p) => Raster::gray(width, height, over_white::<2, 1>(high_bytes(&p.into_raw()))),
        DynamicImage::ImageRgba16(p) => Raster::rgb(width, height, over_white::<4, 3>(high_bytes(&p.into_raw()))),
        other => Raster::rgb(width, height, other.into_rgb8().into_raw()),
    }
}

pub(crate) fn high_bytes(samples: &[u16]) -> Vec<u8> {
    samples.iter().map(|sample| (sample >> 8) as u8).collect()
}

/// Pixels of `WITH` samples, the last of them alpha, to pixels of `WITHOUT` samples. In place: no second picture.
pub(crate) fn over_white<const WITH: usize, const WITHOUT: usize>(mut samples: Vec<u8>) -> Vec<u8> {
    let pixels = samples.len() / WITH;
    for pixel in 0..pixels {
        let alpha = u32::from(samples[pixel * WITH + WITH - 1]);
        for channel in 0..WITHOUT {
            let colour = u32::from(samples[pixel * WITH + channel]);
            samples[pixel * WITHOUT + channel] = ((colour * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        }
    }
    samples.truncate(pixels * WITHOUT);
    samples
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> Raster {
        let samples = (0..64 * 48).map(|n: u32| if (n / 7 + n / 64 / 5).is_multiple_of(3) { 20 } else { 240 });
        Raster::gray(64, 48, samples.collect()).expect("fits")
    }

    #[test]
    fn png_and_jpeg_come_back() {
        let raster = sample();
        assert_eq!(decode(&raster.encode_png(0).expect("encodes")), Ok(raster.clone()));
        let again = decode(&raster.encode_jpeg(95, 0).expect("encodes")).expect("decodes");
        let off: u32 = again.bytes().iter().zip(raster.bytes()).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        assert!(off / (64 * 48) < 4, "mean error {}", off / (64 * 48));
    }

    #[test]
    fn alpha_is_laid_over_white() {
        assert_eq!(over_white::<4, 3>(vec![0, 100, 200, 255, 0, 0, 0, 0]), [0, 100, 200, 255, 255, 255]);
        assert_eq!(over_white::<2, 1>(vec![0, 128]), [127]);
    }

    #[test]
    fn what_is_cut_short_is_no_page() {
        let raster = sample();
        for bytes in [raster.encode_png(0), raster.encode_jpeg(80, 0), raster.encode_g4_tiff(0)] {
            let bytes = bytes.expect("encodes");
            for keep in [bytes.len() / 3, bytes.len() / 2, bytes.len() * 3 / 4] {
                let got = decode(&bytes[..keep]);
                assert!(got.is_err(), "{keep} of {} bytes passed for a page", bytes.len());
            }
        }
    }

    #[test]
    fn memory_is_asked_for_only_within_bounds() {
        let mut png = Raster::rgb(1, 1, vec![0; 3]).expect("fits").encode_png(0).expect("encodes");
        png[16..24].copy_from_slice(&[0, 0, 0x40, 0, 0, 0, 0x40, 0]); // 16,384 × 16,384
        png[24] = 16;
        assert!(matches!(decode(&png), Err(ImageError::TooLarge { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn mutated_bytes_never_panic(
            which in 0..4_usize,
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
            cut in any::<prop::sample::Index>(),
            whole in any::<bool>(),
        ) {
            let raster = sample();
            let mut bytes = match which {
                0 => raster.encode_png(300),
                1 => raster.encode_jpeg(70, 300),
                2 => raster.encode_g4_tiff(300),
                _ => Raster::rgb(64, 16, raster.bytes().to_vec()).expect("fits").encode_jpeg(50, 0),
            }.expect("encodes");
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            if !whole {
                bytes.truncate(cut.index(bytes.len()));
            }
            // Only that it returns: a changed byte may well leave a good picture.
            let _ = decode(&bytes);
        }
    }
}
