//! A TIFF page as one image object (TIFF 6.0).

use std::borrow::Cow;
use std::io::Read as _;

use record::limits::PAGE_PIXELS_MAX;

use super::super::PdfError;
use super::super::file::deflated;
use super::{Embedded, Image, dictionary};
use crate::tiff::{Directory, chunks, tag};

const LZW: u32 = 5;
const DEFLATE: [u32; 2] = [8, 32_946];

/// Fax-coded and deflated strips as they are where there is one; others joined and packed anew.
pub(super) fn embed(image: &[u8]) -> Embedded<'_> {
    let bad = |_| PdfError::NotEmbeddable("its TIFF is damaged");
    let directory = Directory::first(image).map_err(bad)?;
    let strips = chunks(image, &directory, tag::STRIP_OFFSETS, tag::STRIP_LENGTHS).map_err(bad)?;
    let coding = Coding::of(&directory)?;
    let data = match strips[..] {
        [strip] if coding.is_fax() => coding.in_order(strip),
        // Each was coded as if nothing stood above it.
        _ if coding.is_fax() => return Err(PdfError::NotEmbeddable("it is fax-coded in several strips")),
        [strip] if DEFLATE.contains(&coding.compression) => strip.into(),
        _ => deflated(&coding.samples(&strips)?)?.into(),
    };
    let filter = if coding.is_fax() { coding.fax_filter() } else { coding.filter() };
    let dictionary = dictionary(coding.width, coding.height, coding.bits, coding.colour, &filter);
    Ok(Image { dictionary, data })
}

struct Coding {
    width: u32,
    height: u32,
    rows_per_strip: u32,
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
        let (width, height) = (get(tag::WIDTH, 0), get(tag::HEIGHT, 0));
        if u64::from(width) * u64::from(height) > PAGE_PIXELS_MAX {
            return Err(PdfError::NotEmbeddable("it has too many pixels"));
        }
        let (bits, samples) = (get(tag::BITS, 1), get(tag::SAMPLES, 1));
        let (compression, photometric) = (get(tag::COMPRESSION, 1), get(tag::PHOTOMETRIC, 0));
        let reversed = get(tag::FILL_ORDER, 1) == 2;
        let fax = matches!(compression, 2..=4);
        let colour = match (photometric, samples) {
            (0 | 1, 1) => "/DeviceGray",
            (2, 3) => "/DeviceRGB",
            _ => return Err(PdfError::NotEmbeddable("its colours are unusual")),
        };
        let known = fax || matches!(compression, 1 | LZW) || DEFLATE.contains(&compression);
        if !known || !matches!(bits, 1 | 8) || (reversed && !fax) || (get(tag::PLANAR, 1) != 1 && samples > 1) {
            return Err(PdfError::NotEmbeddable("its coding is unusual"));
        }
        Ok(Self {
            width,
            height,
            rows_per_strip: get(tag::ROWS_PER_STRIP, height).clamp(1, height.max(1)),
            compression,
            t4_options: get(tag::T4_OPTIONS, 0),
            bits,
            samples,
            colour,
            white_is_zero: photometric == 0,
            predicted: compression != 1 && get(tag::PREDICTOR, 1) == 2,
            reversed,
        })
    }

    const fn is_fax(&self) -> bool {
        matches!(self.compression, 2..=4)
    }

    /// In the order of bits that PDF has.
    fn in_order<'a>(&self, strip: &'a [u8]) -> Cow<'a, [u8]> {
        match self.reversed {
            true => strip.iter().map(|byte| byte.reverse_bits()).collect::<Vec<_>>().into(),
            false => strip.into(),
        }
    }

    /// All rows of all strips, as the predictor left them.
    fn samples(&self, strips: &[&[u8]]) -> Result<Vec<u8>, PdfError> {
        let row = (self.width as usize * (self.samples * self.bits) as usize).div_ceil(8);
        if strips.len() != self.height.div_ceil(self.rows_per_strip) as usize {
            return Err(PdfError::NotEmbeddable("its number of strips is impossible"));
        }
        let mut samples = Vec::with_capacity(row * self.height as usize);
        for (n, strip) in strips.iter().enumerate() {
            let rows = self.rows_per_strip.min(self.height - n as u32 * self.rows_per_strip);
            let want = row * rows as usize;
            let before = samples.len();
            match self.compression {
                1 => samples.extend(&strip[..strip.len().min(want)]),
                LZW => unpack_lzw(strip, want, &mut samples),
                _ => drop(flate2::read::ZlibDecoder::new(*strip).take(want as u64).read_to_end(&mut samples)),
            }
            if samples.len() - before != want {
                return Err(PdfError::NotEmbeddable("its strips are damaged"));
            }
        }
        Ok(samples)
    }

    fn filter(&self) -> String {
        let Self { width, bits, samples, .. } = self;
        let decode = if self.white_is_zero { "/Decode[1 0]" } else { "" };
        let predictor = match self.predicted {
            true => format!("/DecodeParms<</Predictor 2/Colors {samples}/BitsPerComponent {bits}/Columns {width}>>"),
            false => String::new(),
        };
        format!("{decode}/Filter/FlateDecode{predictor}")
    }

    /// ISO 32000-1 section 7.4.6, table 11. `BlackIs1` speaks of the decoded bits, so here it stands for an inverted
    /// picture.
    fn fax_filter(&self) -> String {
        let Self { width, height, .. } = self;
        let k = match (self.compression, self.t4_options & 1) {
            (4, _) => -1,
            (3, 1) => 1,
            _ => 0,
        };
        let aligned = self.compression == 2 || self.t4_options & 4 != 0;
        let (marked, inverted) = (self.compression == 3, !self.white_is_zero);
        let how = format!("/EndOfLine {marked}/EncodedByteAlign {aligned}/BlackIs1 {inverted}/EndOfBlock false");
        format!("/Filter/CCITTFaxDecode/DecodeParms<</K {k}/Columns {width}/Rows {height}{how}>>")
    }
}

/// TIFF's LZW (TIFF 6.0 section 13): up to `want` bytes more, less where the strip is damaged.
fn unpack_lzw(strip: &[u8], want: usize, samples: &mut Vec<u8>) {
    let before = samples.len();
    samples.resize(before + want, 0);
    let mut decoder = weezl::decode::Decoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
    let (mut from, mut to) = (0, before);
    while to < samples.len() {
        let done = decoder.decode_bytes(&strip[from..], &mut samples[to..]);
        (from, to) = (from + done.consumed_in, to + done.consumed_out);
        if !matches!(done.status, Ok(weezl::LzwStatus::Ok)) || done.consumed_in + done.consumed_out == 0 {
            break;
        }
    }
    samples.truncate(to);
}
