//! TIFF pages to pixels: CCITT by [`crate::ccitt`], everything else by the crate `tiff`.

use std::io::Cursor;

use record::limits::{PAGE_BYTES_MAX, RASTER_MEMORY_BYTES_MAX};
use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

use crate::decode::{high_bytes, over_white};
use crate::probe::{open_tiff, tiff_error};
use crate::{Facts, ImageError, MediaType, Raster, ccitt};

/// PhotometricInterpretation of pages whose samples are indices into a ColorMap.
const PALETTE: u16 = 3;

type Tiff<'a> = Decoder<Cursor<&'a [u8]>>;

pub(crate) fn decode(bytes: &[u8], facts: &Facts) -> Result<Raster, ImageError> {
    let mut decoder = open_tiff(bytes)?.with_limits(limits());
    let compression: u16 = decoder.find_tag_unsigned(Tag::Compression).map_err(tiff_error)?.unwrap_or(1);
    // The crate `tiff` reads neither Group 3 nor reversed fill order; so every fax page goes one way.
    if matches!(compression, 2..=4) {
        return ccitt::decode(bytes, &mut decoder, facts);
    }
    check_oddities(&mut decoder, facts)?;
    let photometric: u16 = decoder.find_tag_unsigned(Tag::PhotometricInterpretation).map_err(tiff_error)?.unwrap_or(0);
    if photometric == PALETTE {
        return palette_page(bytes, &mut decoder, facts);
    }
    let colour = decoder.colortype().map_err(tiff_error)?;
    let samples = match decoder.read_image().map_err(tiff_error)? {
        DecodingResult::U8(samples) => samples,
        DecodingResult::U16(samples) => high_bytes(&samples),
        _ => return Err(unsupported("a sample format other than 8 or 16 bits")),
    };
    to_raster(facts, colour, samples)
}

/// The crate `tiff` has no word for palettes. Told that the page is gray, it gives the indices.
fn palette_page(bytes: &[u8], decoder: &mut Tiff, facts: &Facts) -> Result<Raster, ImageError> {
    if facts.samples != 1 || !matches!(facts.bits, 1 | 2 | 4 | 8) {
        return Err(unsupported("a palette of this depth"));
    }
    let palette = palette(decoder, facts.bits)?;
    let mut gray = bytes.to_vec();
    set_black_is_zero(&mut gray).ok_or(ImageError::Truncated(MediaType::Tiff))?;
    let mut decoder = open_tiff(&gray)?.with_limits(limits());
    let DecodingResult::U8(samples) = decoder.read_image().map_err(tiff_error)? else {
        return Err(unsupported("a palette of this depth"));
    };
    let indices = if facts.bits == 8 { samples } else { unpack(&samples, facts.width, facts.bits, |n| n) };
    let colours = indices.iter().flat_map(|&n| palette[usize::from(n)]).collect();
    Raster::rgb(facts.width, facts.height, colours)
}

/// Sets PhotometricInterpretation in the first directory of a classic TIFF to 1.
fn set_black_is_zero(file: &mut [u8]) -> Option<()> {
    let big = file.first()? == &b'M';
    let u16 = |b: [u8; 2]| if big { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) };
    let u32 = |b: [u8; 4]| if big { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) };
    let at = u32(file.get(4..8)?.try_into().ok()?) as usize;
    let fields = usize::from(u16(file.get(at..at + 2)?.try_into().ok()?));
    for field in (0..fields).map(|n| at + 2 + 12 * n) {
        let tag = u16(file.get(field..field + 2)?.try_into().ok()?);
        if tag == Tag::PhotometricInterpretation.to_u16() {
            let one = if big { 1_u16.to_be_bytes() } else { 1_u16.to_le_bytes() };
            file.get_mut(field + 8..field + 10)?.copy_from_slice(&one);
            return Some(());
        }
    }
    None
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = RASTER_MEMORY_BYTES_MAX as usize;
    limits.intermediate_buffer_size = PAGE_BYTES_MAX;
    limits
}

fn unsupported(detail: impl ToString) -> ImageError {
    ImageError::unsupported(MediaType::Tiff, detail)
}

/// What the crate `tiff` would misread or trip over.
fn check_oddities(decoder: &mut Tiff, facts: &Facts) -> Result<(), ImageError> {
    let planes: u16 = decoder.find_tag_unsigned(Tag::PlanarConfiguration).map_err(tiff_error)?.unwrap_or(1);
    if planes == 2 && facts.samples > 1 {
        return Err(unsupported("a separate plane for each colour"));
    }
    if let Some(tables) = decoder.find_tag(Tag::JPEGTables).map_err(tiff_error)?
        && tables.into_u8_vec().map_or(0, |tables| tables.len()) < 4
    {
        return Err(ImageError::damaged(MediaType::Tiff, "its JPEG tables are too short"));
    }
    Ok(())
}

fn to_raster(facts: &Facts, colour: ColorType, samples: Vec<u8>) -> Result<Raster, ImageError> {
    let (width, height) = (facts.width, facts.height);
    match colour {
        ColorType::Gray(8 | 16) => Raster::gray(width, height, samples),
        ColorType::Gray(bits @ (1 | 2 | 4)) => {
            let top = (1_u16 << bits) - 1;
            Raster::gray(width, height, unpack(&samples, width, bits, |n| (u16::from(n) * 255 / top) as u8))
        }
        ColorType::RGB(8 | 16) => Raster::rgb(width, height, samples),
        ColorType::GrayA(8 | 16) => Raster::gray(width, height, over_white::<2, 1>(samples)),
        ColorType::RGBA(8 | 16) => Raster::rgb(width, height, over_white::<4, 3>(samples)),
        ColorType::CMYK(8 | 16) => Raster::rgb(width, height, cmyk_to_rgb(samples)),
        ColorType::YCbCr(8) => Raster::rgb(width, height, ycbcr_to_rgb(samples)),
        // What the crate calls gray with an extra sample; only alpha is known as one.
        ColorType::Multiband { bit_depth: 8 | 16, num_samples: 2 } => {
            Raster::gray(width, height, over_white::<2, 1>(samples))
        }
        other => Err(unsupported(format_args!("the colour type {other:?}"))),
    }
}

/// Samples of 1, 2 or 4 bits, most significant first, each row beginning at a byte.
pub(crate) fn unpack(packed: &[u8], width: u32, bits: u8, spread: impl Fn(u8) -> u8) -> Vec<u8> {
    let (width, per_byte) = (width as usize, usize::from(8 / bits));
    let mask = (1_u8 << bits) - 1;
    let mut samples = Vec::with_capacity(packed.len() * per_byte);
    for row in packed.chunks_exact(width.div_ceil(per_byte)) {
        let pixel = |x: usize| row[x / per_byte] >> (8 - bits as usize * (x % per_byte + 1)) & mask;
        samples.extend((0..width).map(|x| spread(pixel(x))));
    }
    samples
}

/// TIFF 6.0 ColorMap: all reds, then all greens, then all blues, 16 bits each.
fn palette(decoder: &mut Tiff, bits: u8) -> Result<Vec<[u8; 3]>, ImageError> {
    let map = decoder.get_tag_u16_vec(Tag::ColorMap).map_err(tiff_error)?;
    let entries = 1_usize << bits;
    if map.len() < 3 * entries {
        return Err(ImageError::damaged(MediaType::Tiff, "its colour map is too short"));
    }
    let high = |at: usize| (map[at] >> 8) as u8;
    Ok((0..entries).map(|n| [high(n), high(entries + n), high(2 * entries + n)]).collect())
}

/// Without a colour profile, the plain formula: ink takes away light.
fn cmyk_to_rgb(mut samples: Vec<u8>) -> Vec<u8> {
    let pixels = samples.len() / 4;
    for pixel in 0..pixels {
        let light = 255 - u32::from(samples[pixel * 4 + 3]);
        for channel in 0..3 {
            let ink = u32::from(samples[pixel * 4 + channel]);
            samples[pixel * 3 + channel] = ((255 - ink) * light / 255) as u8;
        }
    }
    samples.truncate(pixels * 3);
    samples
}

/// ITU-R BT.601 full range, the default of TIFF 6.0 section 21 and of JFIF.
fn ycbcr_to_rgb(mut samples: Vec<u8>) -> Vec<u8> {
    for pixel in samples.as_chunks_mut::<3>().0 {
        let [y, cb, cr] = pixel.map(f32::from);
        let (cb, cr) = (cb - 128.0, cr - 128.0);
        let rgb = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
        *pixel = rgb.map(|sample| sample.round().clamp(0.0, 255.0) as u8);
    }
    samples
}

#[cfg(test)]
mod tests {
    use tiff::encoder::{TiffEncoder, colortype};

    use super::*;

    fn encoded<C: colortype::ColorType<Inner = u8>>(width: u32, height: u32, samples: &[u8]) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut file).expect("writes");
        encoder.write_image::<C>(width, height, samples).expect("encodes");
        file.into_inner()
    }

    #[test]
    fn plain_pages_come_back() {
        let gray: Vec<u8> = (0..35).map(|n| n * 7).collect();
        let page = crate::decode(&encoded::<colortype::Gray8>(7, 5, &gray)).expect("decodes");
        assert_eq!((page.channels(), page.bytes()), (1, gray.as_slice()));
        let rgb: Vec<u8> = (0..105).map(|n| n * 2).collect();
        let page = crate::decode(&encoded::<colortype::RGB8>(7, 5, &rgb)).expect("decodes");
        assert_eq!((page.channels(), page.bytes()), (3, rgb.as_slice()));
        let page = crate::decode(&encoded::<colortype::CMYK8>(1, 1, &[0, 255, 0, 0])).expect("decodes");
        assert_eq!(page.bytes(), [255, 0, 255]);
    }

    #[test]
    fn a_palette_is_looked_up() {
        // 3 × 1 pixels of 4 bits, indices 1, 0, 2; colours 0 black, 1 red, 2 blue.
        let mut map = [0_u16; 48];
        (map[1], map[32 + 2]) = (0xff00, 0xff00);
        let fields = [
            (256, 4, 1, 3),
            (257, 4, 1, 1),
            (258, 3, 1, 4),
            (262, 3, 1, 3),
            (273, 4, 1, 8),
            (279, 4, 1, 2),
            (320, 3, 48, 10),
        ];
        let mut file = b"MM\0*\0\0\0\0\x10\x20".to_vec();
        file.extend(map.iter().flat_map(|n| n.to_be_bytes()));
        let directory = file.len() as u32;
        file[4..8].copy_from_slice(&directory.to_be_bytes());
        file.extend((fields.len() as u16).to_be_bytes());
        for (tag, kind, count, value) in fields {
            file.extend(u16::to_be_bytes(tag));
            file.extend(u16::to_be_bytes(kind));
            file.extend(u32::to_be_bytes(count));
            // One short stands left-justified in the four bytes.
            file.extend(u32::to_be_bytes(if kind == 3 && count == 1 { value << 16 } else { value }));
        }
        file.extend([0; 4]);
        let page = crate::decode(&file).expect("decodes");
        assert_eq!((page.width(), page.bytes()), (3, [255, 0, 0, 0, 0, 0, 0, 0, 255].as_slice()));
    }

    #[test]
    fn packed_samples_are_spread() {
        assert_eq!(unpack(&[0b1010_0000, 0b0100_0000], 3, 1, |n| n * 255), [255, 0, 255, 0, 255, 0]);
        assert_eq!(unpack(&[0x1f, 0x20], 3, 4, |n| n), [1, 15, 2]);
    }

    #[test]
    fn white_is_white_in_ycbcr() {
        assert_eq!(ycbcr_to_rgb(vec![255, 128, 128, 76, 85, 255]), [255, 255, 255, 254, 0, 0]);
    }
}
