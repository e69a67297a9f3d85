//! Pixels to files: JPEG for views, PNG for what must not lose a pixel, Group 4 TIFF for black and white.

use fax::encoder::Encoder;
use fax::{Color, VecWriter};
use image::codecs::jpeg::{JpegEncoder, PixelDensity};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use crate::{ImageError, Raster};

/// The fax coder computes with 16-bit distances.
const G4_WIDTH_MAX: u32 = 32_000;

impl Raster {
    fn colour(&self) -> ExtendedColorType {
        if self.channels() == 1 { ExtendedColorType::L8 } else { ExtendedColorType::Rgb8 }
    }

    /// `quality` 1 to 100; `dpi` 0 where unknown.
    ///
    /// # Errors
    /// [`ImageError::Encode`], for a side over 65,535 pixels.
    pub fn encode_jpeg(&self, quality: u8, dpi: u32) -> Result<Vec<u8>, ImageError> {
        let mut file = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut file, quality.clamp(1, 100));
        if let Some(dpi) = u16::try_from(dpi).ok().filter(|&dpi| dpi > 0) {
            encoder.set_pixel_density(PixelDensity::dpi(dpi));
        }
        encoder
            .write_image(self.bytes(), self.width(), self.height(), self.colour())
            .map_err(|e| ImageError::Encode(e.to_string()))?;
        Ok(file)
    }

    /// Quick rather than small; `dpi` 0 where unknown.
    ///
    /// # Errors
    /// [`ImageError::Encode`].
    pub fn encode_png(&self, dpi: u32) -> Result<Vec<u8>, ImageError> {
        let mut file = Vec::new();
        PngEncoder::new_with_quality(&mut file, CompressionType::Fast, FilterType::Up)
            .write_image(self.bytes(), self.width(), self.height(), self.colour())
            .map_err(|e| ImageError::Encode(e.to_string()))?;
        if dpi > 0 {
            // Behind the signature (8 bytes) and IHDR (25), before any IDAT.
            file.splice(33..33, density_chunk(dpi));
        }
        Ok(file)
    }

    /// Small without losing a pixel: Group 4 for black and white, PNG for all else; `dpi` 0 where unknown.
    ///
    /// # Errors
    /// [`ImageError::Encode`].
    pub fn encode_lossless(&self, dpi: u32) -> Result<Vec<u8>, ImageError> {
        let two_tones = self.channels() == 1 && self.bytes().iter().all(|sample| matches!(sample, 0 | 255));
        if two_tones && self.width() <= G4_WIDTH_MAX { self.encode_g4_tiff(dpi) } else { self.encode_png(dpi) }
    }

    /// One bit a pixel: darker than middle gray becomes black. `dpi` 0 where unknown.
    ///
    /// # Errors
    /// [`ImageError::TooLarge`] for more than 32,000 columns.
    pub fn encode_g4_tiff(&self, dpi: u32) -> Result<Vec<u8>, ImageError> {
        let (width, height) = (self.width(), self.height());
        if width > G4_WIDTH_MAX {
            return Err(ImageError::TooLarge { width, height, rule: "Group 4 takes 32,000 columns" });
        }
        let gray = self.to_gray();
        let mut encoder = Encoder::new(VecWriter::new());
        for row in gray.bytes().chunks_exact(width as usize) {
            let colours = row.iter().map(|&sample| if sample < 128 { Color::Black } else { Color::White });
            let Ok(()) = encoder.encode_line(colours, width);
        }
        let Ok(writer) = encoder.finish();
        Ok(g4_tiff(width, height, dpi, &writer.finish()))
    }
}

/// PNG's pHYs chunk: dots per metre, across and down.
fn density_chunk(dpi: u32) -> Vec<u8> {
    let per_metre = (f64::from(dpi) / 0.0254).round() as u32;
    let mut body = b"pHYs".to_vec();
    body.extend(per_metre.to_be_bytes());
    body.extend(per_metre.to_be_bytes());
    body.push(1);
    let mut chunk = 9_u32.to_be_bytes().to_vec();
    chunk.extend(&body);
    chunk.extend(crc32(&body).to_be_bytes());
    chunk
}

/// ISO/IEC 15948 annex D, bit by bit: the only caller has 13 bytes.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| step(crc)))
}

/// TIFF 6.0, little-endian, one strip: header, strip, density, directory.
fn g4_tiff(width: u32, height: u32, dpi: u32, strip: &[u8]) -> Vec<u8> {
    const HEADER: u32 = 8;
    let padding = strip.len() % 2;
    let density_at = HEADER + (strip.len() + padding) as u32;
    let directory_at = density_at + 8;
    let mut file = b"II*\0".to_vec();
    file.extend(directory_at.to_le_bytes());
    file.extend(strip);
    file.extend(&[0][..padding]);
    file.extend(dpi.max(1).to_le_bytes());
    file.extend(1_u32.to_le_bytes());
    let (short, long, rational) = (3_u16, 4_u16, 5_u16);
    // Without a known density the unit is "none" and both resolutions are 1.
    let unit = if dpi == 0 { 1 } else { 2 };
    let entries = [
        (256_u16, long, width),
        (257, long, height),
        (258, short, 1),
        (259, short, 4),
        (262, short, 0),
        (273, long, HEADER),
        (277, short, 1),
        (278, long, height),
        (279, long, strip.len() as u32),
        (282, rational, density_at),
        (283, rational, density_at),
        (296, short, unit),
    ];
    file.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, value) in entries {
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(1_u32.to_le_bytes());
        // A short stands left-justified in the four bytes, which is what little-endian gives.
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_of_the_empty_end_chunk() {
        assert_eq!(crc32(b"IEND"), 0xae42_6082);
    }

    #[test]
    fn black_and_white_is_packed_as_such_and_no_pixel_is_lost() {
        for (samples, kind) in [([0, 255, 255, 0], &b"II"[..]), ([0, 254, 255, 0], b"\x89P")] {
            let page = Raster::gray(2, 2, samples.to_vec()).expect("fits");
            let file = page.encode_lossless(300).expect("encodes");
            assert_eq!(&file[..2], kind);
            assert_eq!(crate::decode(&file).expect("decodes").bytes(), samples);
        }
    }

    #[test]
    fn a_line_too_long_for_the_fax_coder_is_refused() {
        let wide = Raster::gray(32_001, 1, vec![0; 32_001]).expect("fits");
        assert!(matches!(wide.encode_g4_tiff(0), Err(ImageError::TooLarge { .. })));
        let widest = Raster::gray(32_000, 2, [vec![0; 31_999], vec![255; 32_001]].concat()).expect("fits");
        assert_eq!(crate::decode(&widest.encode_g4_tiff(0).expect("encodes")), Ok(widest));
    }
}
