//! Putting an encoded image into a PDF without decoding it.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::PdfError;
use crate::tiff::{Directory, tag};

/// An image object, covering some rows of the page. Only TIFFs of several strips make more than one.
pub(super) struct Piece<'a> {
    pub dictionary: String,
    pub data: Cow<'a, [u8]>,
    pub rows: u32,
}

/// A page of more strips than this is better encoded anew.
const STRIPS_MAX: usize = 300;

type Pieces<'a> = Result<Vec<Piece<'a>>, PdfError>;

pub(super) fn pieces(image: &[u8]) -> Pieces<'_> {
    match image {
        [0xff, 0xd8, 0xff, ..] => jpeg(image),
        [0x89, b'P', b'N', b'G', ..] => png(image),
        [b'I', b'I', ..] | [b'M', b'M', ..] => tiff(image),
        _ => Err(PdfError::NotEmbeddable("it is neither PNG, JPEG nor TIFF")),
    }
}

fn dictionary(width: u32, rows: u32, bits: u32, colour: &str, filter: &str) -> String {
    format!(
        "/Type /XObject /Subtype /Image /Width {width} /Height {rows} /BitsPerComponent {bits} /ColorSpace {colour} {filter}"
    )
}

/// The frame header says size and components (T.81 B.2.2).
fn jpeg(image: &[u8]) -> Pieces<'_> {
    let bad = PdfError::NotEmbeddable("its JPEG header is damaged");
    let mut at = 2;
    let mut adobe = false;
    let frame = loop {
        let Some(&[0xff, marker, high, low]) = image.get(at..at + 4) else { return Err(bad) };
        match marker {
            0xff => at += 1,
            0xc0..=0xc2 => break image.get(at + 4..at + 10),
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcf => return Err(PdfError::NotEmbeddable("its kind of JPEG is unusual")),
            _ => {
                adobe |= marker == 0xee && image.get(at + 4..at + 9) == Some(b"Adobe");
                at += 2 + usize::from(u16::from_be_bytes([high, low]).max(2));
            }
        }
    };
    let Some(&[8, h1, h2, w1, w2, components]) = frame else { return Err(bad) };
    let (width, rows) = (u16::from_be_bytes([w1, w2]).into(), u16::from_be_bytes([h1, h2]).into());
    let colour = match components {
        1 => "/DeviceGray",
        3 => "/DeviceRGB",
        // Adobe writes inks upside down.
        4 if adobe => "/DeviceCMYK /Decode [1 0 1 0 1 0 1 0]",
        4 => "/DeviceCMYK",
        _ => return Err(bad),
    };
    let dictionary = dictionary(width, rows, 8, colour, "/Filter /DCTDecode");
    Ok(vec![Piece { dictionary, data: image.into(), rows }])
}

/// A PNG's compressed rows are what Flate with predictor 15 means (section 7.4.4.4).
fn png(image: &[u8]) -> Pieces<'_> {
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
        3 => (format!("[/Indexed /DeviceRGB {} <{palette}>]", (palette.len() / 6).saturating_sub(1)), 1),
        _ => return Err(PdfError::NotEmbeddable("it is transparent")),
    };
    if interlaced != 0 {
        return Err(PdfError::NotEmbeddable("it is interlaced"));
    }
    let parameters = format!("/Predictor 15 /Colors {samples} /BitsPerComponent {bits} /Columns {width}");
    let filter = format!("/Filter /FlateDecode /DecodeParms << {parameters} >>");
    Ok(vec![Piece { dictionary: dictionary(width, rows, bits.into(), &colour, &filter), data: data.into(), rows }])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Strips as they are; every coding that both formats name.
fn tiff(image: &[u8]) -> Pieces<'_> {
    let bad = |_| PdfError::NotEmbeddable("its TIFF is damaged");
    let directory = Directory::first(image).map_err(bad)?;
    let get = |tag, default| directory.number(tag).unwrap_or(default);
    let strips = crate::tiff::chunks(image, &directory, tag::STRIP_OFFSETS, tag::STRIP_LENGTHS).map_err(bad)?;
    let (width, height) = (get(tag::WIDTH, 0), get(tag::HEIGHT, 0));
    let rows_per_strip = get(tag::ROWS_PER_STRIP, height).clamp(1, height.max(1));
    if strips.len() != height.div_ceil(rows_per_strip) as usize || strips.len() > STRIPS_MAX {
        return Err(PdfError::NotEmbeddable("it has too many strips"));
    }
    let coding = Coding::of(&directory)?;
    let piece = |(n, strip): (usize, &'_ [u8])| {
        let rows = rows_per_strip.min(height - n as u32 * rows_per_strip);
        let filter = coding.filter(width, rows);
        let dictionary = dictionary(width, rows, coding.bits, coding.colour, &filter);
        let reversed = coding.reversed.then(|| strip.iter().map(|byte| byte.reverse_bits()).collect::<Vec<_>>());
        (dictionary, reversed, rows)
    };
    let pieces = strips.into_iter().enumerate().map(|(n, strip)| {
        let (dictionary, reversed, rows) = piece((n, strip));
        Piece { dictionary, data: reversed.map_or(Cow::Borrowed(strip), Cow::Owned), rows }
    });
    Ok(pieces.collect())
}

struct Coding {
    compression: u32,
    t4_options: u32,
    bits: u32,
    samples: u32,
    colour: &'static str,
    white_is_zero: bool,
    predicted: bool,
    reversed: bool,
}

impl Coding {
    fn of(directory: &Directory) -> Result<Self, PdfError> {
        let get = |tag, default| directory.number(tag).unwrap_or(default);
        let (bits, samples) = (get(tag::BITS, 1), get(tag::SAMPLES, 1));
        let (compression, photometric) = (get(tag::COMPRESSION, 1), get(tag::PHOTOMETRIC, 0));
        let reversed = get(tag::FILL_ORDER, 1) == 2;
        let fax = matches!(compression, 2..=4);
        let colour = match (photometric, samples) {
            (0 | 1, 1) => "/DeviceGray",
            (2, 3) => "/DeviceRGB",
            _ => return Err(PdfError::NotEmbeddable("its colours are unusual")),
        };
        let known = fax || matches!(compression, 1 | 5 | 8 | 32_946);
        if !known || !matches!(bits, 1 | 8) || (reversed && !fax) || (get(tag::PLANAR, 1) != 1 && samples > 1) {
            return Err(PdfError::NotEmbeddable("its coding is unusual"));
        }
        let predicted = get(tag::PREDICTOR, 1) == 2;
        let t4_options = get(tag::T4_OPTIONS, 0);
        Ok(Self {
            compression,
            t4_options,
            bits,
            samples,
            colour,
            white_is_zero: photometric == 0,
            predicted,
            reversed,
        })
    }

    fn filter(&self, width: u32, rows: u32) -> String {
        let decode = if self.white_is_zero { "/Decode [1 0] " } else { "" };
        let Self { bits, samples, .. } = self;
        let predictor = match self.predicted {
            true => format!("<< /Predictor 2 /Colors {samples} /BitsPerComponent {bits} /Columns {width} >>"),
            false => "null".to_owned(),
        };
        match self.compression {
            1 => decode.to_owned(),
            2..=4 => self.fax_filter(width, rows),
            5 => format!("{decode}/Filter /LZWDecode /DecodeParms {predictor}"),
            _ => format!("{decode}/Filter /FlateDecode /DecodeParms {predictor}"),
        }
    }

    /// Section 7.4.6, table 11. `BlackIs1` speaks of the decoded bits, so here it stands for an inverted picture.
    fn fax_filter(&self, width: u32, rows: u32) -> String {
        let k = match (self.compression, self.t4_options & 1) {
            (4, _) => -1,
            (3, 1) => 1,
            _ => 0,
        };
        let aligned = self.compression == 2 || self.t4_options & 4 != 0;
        let (marked, inverted) = (self.compression == 3, !self.white_is_zero);
        let how = format!("/EndOfLine {marked} /EncodedByteAlign {aligned} /BlackIs1 {inverted} /EndOfBlock false");
        format!("/Filter /CCITTFaxDecode /DecodeParms << /K {k} /Columns {width} /Rows {rows} {how} >>")
    }
}
