//! Putting an encoded image into a PDF without decoding it.
//!
//! What PDF/A forbids or PDF 1.4 does not know is refused. A TIFF's samples in several strips, or packed by LZW, are
//! packed anew as one: every sample stays what it is.

mod tiff;

use std::borrow::Cow;
use std::fmt::Write as _;

use super::PdfError;

/// An image object.
pub(super) struct Image<'a> {
    pub dictionary: String,
    pub data: Cow<'a, [u8]>,
}

type Embedded<'a> = Result<Image<'a>, PdfError>;

/// The image object for a PNG, JPEG or TIFF.
pub(super) fn embed(image: &[u8]) -> Embedded<'_> {
    match image {
        [0xff, 0xd8, 0xff, ..] => jpeg(image),
        [0x89, b'P', b'N', b'G', ..] => png(image),
        [b'I', b'I', ..] | [b'M', b'M', ..] => tiff::embed(image),
        _ => Err(PdfError::NotEmbeddable("it is neither PNG, JPEG nor TIFF")),
    }
}

fn dictionary(width: u32, rows: u32, bits: u32, colour: &str, filter: &str) -> String {
    format!(
        "/Type/XObject/Subtype/Image/Width {width}/Height {rows}/BitsPerComponent {bits}/ColorSpace{colour}{filter}"
    )
}

/// The frame header says size and components (T.81 B.2.2).
fn jpeg(image: &[u8]) -> Embedded<'_> {
    let bad = PdfError::NotEmbeddable("its JPEG header is damaged");
    let mut at = 2;
    let frame = loop {
        let Some(&[0xff, marker, high, low]) = image.get(at..at + 4) else { return Err(bad) };
        match marker {
            0xff => at += 1,
            0xc0..=0xc2 => break image.get(at + 4..at + 10),
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcf => return Err(PdfError::NotEmbeddable("its kind of JPEG is unusual")),
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low]).max(2)),
        }
    };
    let Some(&[8, h1, h2, w1, w2, components]) = frame else { return Err(bad) };
    let (width, rows) = (u16::from_be_bytes([w1, w2]).into(), u16::from_be_bytes([h1, h2]).into());
    let colour = match components {
        1 => "/DeviceGray",
        3 => "/DeviceRGB",
        4 => return Err(PdfError::NotEmbeddable("its colours are inks")),
        _ => return Err(bad),
    };
    let dictionary = dictionary(width, rows, 8, colour, "/Filter/DCTDecode");
    Ok(Image { dictionary, data: image.into() })
}

/// A PNG's compressed rows are what Flate with predictor 15 means (section 7.4.4.4).
fn png(image: &[u8]) -> Embedded<'_> {
    let bad = || PdfError::NotEmbeddable("its PNG is damaged");
    let (mut at, mut data, mut palette) = (8, Vec::new(), String::new());
    loop {
        let length: [u8; 4] = image.get(at..at + 4).and_then(|n| n.try_into().ok()).ok_or_else(bad)?;
        let end = (at + 8).checked_add(u32::from_be_bytes(length) as usize).ok_or_else(bad)?;
        let body = image.get(at + 8..end).ok_or_else(bad)?;
        match &image[at + 4..at + 8] {
            b"IDAT" => data.extend_from_slice(body),
            b"PLTE" => palette = hex(body),
            b"tRNS" => return Err(PdfError::NotEmbeddable("it is transparent")),
            b"IEND" => break,
            _ => {}
        }
        at = end + 4;
    }
    let header: &[u8; 13] = image.get(16..29).and_then(|header| header.try_into().ok()).ok_or_else(bad)?;
    let &[w1, w2, w3, w4, h1, h2, h3, h4, bits, kind, _, _, interlaced] = header;
    let (width, rows) = (u32::from_be_bytes([w1, w2, w3, w4]), u32::from_be_bytes([h1, h2, h3, h4]));
    let (colour, samples) = match kind {
        0 => ("/DeviceGray".to_owned(), 1),
        2 => ("/DeviceRGB".to_owned(), 3),
        3 => (format!("[/Indexed/DeviceRGB {} <{palette}>]", (palette.len() / 6).saturating_sub(1)), 1),
        _ => return Err(PdfError::NotEmbeddable("it is transparent")),
    };
    if bits > 8 {
        return Err(PdfError::NotEmbeddable("it has 16 bits a sample"));
    }
    if interlaced != 0 {
        return Err(PdfError::NotEmbeddable("it is interlaced"));
    }
    let parameters = format!("/Predictor 15/Colors {samples}/BitsPerComponent {bits}/Columns {width}");
    let filter = format!("/Filter/FlateDecode/DecodeParms<<{parameters}>>");
    Ok(Image { dictionary: dictionary(width, rows, bits.into(), &colour, &filter), data: data.into() })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
