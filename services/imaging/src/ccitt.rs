//! Fax pages: CCITT modified Huffman, Group 3 (one- and two-dimensional) and Group 4 strips of a TIFF.
//!
//! Formats: ITU-T T.4 and T.6 as wrapped by TIFF 6.0 sections 10 and 11.

use std::borrow::Cow;
use std::io::Cursor;

use hayro_ccitt::{DecodeSettings, DecoderContext, EncodingMode};
use tiff::decoder::Decoder;
use tiff::tags::Tag;

use crate::probe::tiff_error;
use crate::{Facts, ImageError, MediaType, Raster};

/// How the strips are coded, from the page's tags.
struct Coding {
    mode: EncodingMode,
    byte_aligned_rows: bool,
    end_of_line: bool,
    /// FillOrder 2: the first pixel is in the least significant bit.
    reversed: bool,
    /// PhotometricInterpretation 1: the coder's white is the picture's black.
    inverted: bool,
}

pub(crate) fn decode(bytes: &[u8], decoder: &mut Decoder<Cursor<&[u8]>>, facts: &Facts) -> Result<Raster, ImageError> {
    if facts.bits != 1 || facts.samples != 1 {
        return Err(ImageError::damaged(MediaType::Tiff, "a fax page must have one bit a pixel"));
    }
    let coding = coding(decoder)?;
    let mut sink = Rows::new(facts);
    for (strip, rows) in strips(bytes, decoder, facts)? {
        decode_strip(&strip_bits(strip, coding.reversed), rows, &coding, &mut sink)?;
    }
    let raster = Raster::gray(facts.width, facts.height, sink.samples)?;
    Ok(if coding.inverted { raster.invert() } else { raster })
}

fn coding(decoder: &mut Decoder<Cursor<&[u8]>>) -> Result<Coding, ImageError> {
    let mut tag = |tag: Tag, default: u32| -> Result<u32, ImageError> {
        Ok(decoder.find_tag_unsigned(tag).map_err(tiff_error)?.unwrap_or(default))
    };
    let compression = tag(Tag::Compression, 1)?;
    let two_dimensional = tag(Tag::Unknown(292), 0)? & 1 == 1;
    Ok(Coding {
        mode: match compression {
            4 => EncodingMode::Group4,
            3 if two_dimensional => EncodingMode::Group3_2D,
            _ => EncodingMode::Group3_1D,
        },
        byte_aligned_rows: compression == 2,
        end_of_line: compression == 3,
        reversed: tag(Tag::FillOrder, 1)? == 2,
        inverted: tag(Tag::PhotometricInterpretation, 0)? == 1,
    })
}

/// The bytes of each strip and the rows it must hold.
fn strips<'a>(
    bytes: &'a [u8],
    decoder: &mut Decoder<Cursor<&[u8]>>,
    facts: &Facts,
) -> Result<Vec<(&'a [u8], u32)>, ImageError> {
    let offsets = decoder.get_tag_u64_vec(Tag::StripOffsets).map_err(tiff_error)?;
    let lengths = decoder.get_tag_u64_vec(Tag::StripByteCounts).map_err(tiff_error)?;
    let per_strip: u32 = decoder.find_tag_unsigned(Tag::RowsPerStrip).map_err(tiff_error)?.unwrap_or(u32::MAX);
    let per_strip = per_strip.clamp(1, facts.height);
    if offsets.len() != lengths.len() || offsets.len() != facts.height.div_ceil(per_strip) as usize {
        return Err(ImageError::damaged(MediaType::Tiff, "the number of strips does not fit the height"));
    }
    let place = |(n, (&from, &length)): (usize, (&u64, &u64))| {
        let to = from.checked_add(length).ok_or(ImageError::Truncated(MediaType::Tiff))?;
        let strip = bytes.get(from as usize..to as usize).ok_or(ImageError::Truncated(MediaType::Tiff))?;
        Ok((strip, per_strip.min(facts.height - per_strip * n as u32)))
    };
    offsets.iter().zip(&lengths).enumerate().map(place).collect()
}

fn strip_bits(strip: &[u8], reversed: bool) -> Cow<'_, [u8]> {
    if reversed { strip.iter().map(|byte| byte.reverse_bits()).collect() } else { Cow::Borrowed(strip) }
}

fn decode_strip(strip: &[u8], rows: u32, coding: &Coding, sink: &mut Rows) -> Result<(), ImageError> {
    let settings = DecodeSettings {
        columns: sink.width as u32,
        rows,
        end_of_block: true,
        end_of_line: coding.end_of_line,
        rows_are_byte_aligned: coding.byte_aligned_rows,
        encoding: coding.mode,
        strict: false,
    };
    sink.end = (sink.next + rows as usize * sink.width).min(sink.samples.len());
    let outcome = hayro_ccitt::decode(strip, sink, &mut DecoderContext::new(settings));
    match (sink.next == sink.end, outcome) {
        // All rows are there: whatever follows them in the strip is no picture.
        (true, _) => Ok(()),
        (false, Ok(_) | Err(hayro_ccitt::DecodeError::UnexpectedEof)) => Err(ImageError::Truncated(MediaType::Tiff)),
        (false, Err(error)) => Err(ImageError::damaged(MediaType::Tiff, error)),
    }
}

/// White pixels into which the decoder puts the black runs, row after row.
struct Rows {
    width: usize,
    samples: Vec<u8>,
    /// Where the next row begins, and where the strip must end.
    next: usize,
    end: usize,
}

impl Rows {
    fn new(facts: &Facts) -> Self {
        let width = facts.width as usize;
        Self { width, samples: vec![255; width * facts.height as usize], next: 0, end: 0 }
    }
}

impl hayro_ccitt::Decoder for Rows {
    fn push_row(&mut self, changes: &[u32]) {
        if self.next >= self.end {
            return;
        }
        let row = &mut self.samples[self.next..self.next + self.width];
        for run in changes.chunks(2) {
            let from = (run[0] as usize).min(row.len());
            let to = run.get(1).map_or(row.len(), |&to| (to as usize).min(row.len()));
            if let Some(black) = row.get_mut(from..to) {
                black.fill(0);
            }
        }
        self.next += self.width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn striped() -> Raster {
        let samples = (0..50 * 40).map(|n: u32| if (n * n / 11).is_multiple_of(3) { 0 } else { 255 });
        Raster::gray(50, 40, samples.collect()).expect("fits")
    }

    #[test]
    fn group_4_comes_back() {
        let raster = striped();
        assert_eq!(crate::decode(&raster.encode_g4_tiff(200).expect("encodes")), Ok(raster));
    }

    #[test]
    fn photometric_one_turns_black_and_white_around() {
        let raster = striped();
        let mut bytes = raster.encode_g4_tiff(200).expect("encodes");
        let at = bytes.windows(2).position(|pair| pair == 262_u16.to_le_bytes()).expect("the tag is there");
        bytes[at + 8] = 1;
        assert_eq!(crate::decode(&bytes), Ok(raster.invert()));
    }

    #[test]
    fn group_3_without_dimensions_or_markers() {
        // 8 columns, 2 rows by T.4 table 2: white 8 (10011) padded to a byte; white 0 (00110101), black 8 (000101).
        let tiff = hand_made(2, 8, 2, &[0b1001_1000, 0b0011_0101, 0b0001_0100]);
        let mut want = vec![255; 8];
        want.extend([0; 8]);
        assert_eq!(crate::decode(&tiff).map(|page| page.bytes().to_vec()), Ok(want));
    }

    #[test]
    fn group_3_with_end_of_line_markers() {
        // EOL 000000000001, white 8; EOL, white 0, black 8; EOL.
        let bits = ["000000000001", "10011", "000000000001", "00110101", "000101", "000000000001"].concat();
        let strip: Vec<u8> = bits
            .as_bytes()
            .chunks(8)
            .map(|byte| byte.iter().enumerate().fold(0, |n, (at, &bit)| n | ((bit - b'0') << (7 - at))))
            .collect();
        let page = crate::decode(&hand_made(3, 8, 2, &strip)).expect("decodes");
        assert_eq!(page.bytes()[..8], [255; 8]);
        assert_eq!(page.bytes()[8..], [0; 8]);
        assert_eq!(crate::decode(&hand_made(3, 8, 9, &strip)), Err(ImageError::Truncated(MediaType::Tiff)));
    }

    /// A little-endian TIFF of one strip right behind its directory.
    fn hand_made(compression: u32, width: u32, height: u32, strip: &[u8]) -> Vec<u8> {
        let tags = [(256, width), (257, height), (258, 1), (259, compression), (262, 0), (273, 8 + 2 + 9 * 12 + 4)];
        let tags = tags.into_iter().chain([(277, 1), (278, height), (279, strip.len() as u32)]);
        let mut file = b"II*\0\x08\0\0\0\x09\0".to_vec();
        for (tag, value) in tags {
            file.extend(u16::to_le_bytes(tag));
            file.extend([4, 0, 1, 0, 0, 0]);
            file.extend(u32::to_le_bytes(value));
        }
        file.extend([0; 4]);
        file.extend(strip);
        file
    }
}
