//! What is on a picture that is larger than memory? Read block by block, gray.
//!
//! A strip of film has a thousand million pixels. Rows of a PNG, strips and tiles of a TIFF come one after the other; what cannot
//! be read so (JPEG, JPEG 2000, interlaced PNG, TIFF by CCITT or with a palette) comes as one block, within the limits of a page.

use std::io::{BufRead, Read, Seek, SeekFrom};

use png::Transformations;
use record::limits::{PAGE_BYTES_MAX, STRIP_PIXELS_MAX};
use record::words::Box as Rectangle;
use tiff::ColorType;
use tiff::decoder::{ChunkType, Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

use crate::decode::{decode, high_bytes};
use crate::jpeg2000::{decode_jpeg2000, is_jpeg2000};
use crate::probe::tiff_error;
use crate::raster::luma;
use crate::tiff_pixels::unpack;
use crate::{ImageError, MediaType, Raster};

/// Uncompressed rows are read so many bytes at a time.
const READ_BYTES: usize = 4 << 20;
/// The largest row, strip or tile that is decoded at once.
const BLOCK_BYTES_MAX: usize = 128 << 20;

/// A part of the picture.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    pub place: Rectangle,
    /// Row by row.
    pub gray: &'a [u8],
}

/// A picture whose header was read.
pub struct Blocks<R: BufRead + Seek> {
    size: (u32, u32),
    kind: Kind<R>,
}

enum Kind<R: BufRead + Seek> {
    Png(Box<png::Reader<R>>),
    Tiff(Box<Decoder<R>>),
    Plain(Box<Plain<R>>),
    Whole(Raster),
}

/// The uncompressed strips of a TIFF: some writers put the whole picture into one.
struct Plain<R: BufRead + Seek> {
    decoder: Decoder<R>,
    offsets: Vec<u64>,
    rows_per_strip: u32,
    samples: usize,
}

impl<R: BufRead + Seek> Blocks<R> {
    /// Reads the header; the picture begins where the source does.
    ///
    /// # Errors
    /// [`ImageError`] says whether it is too large for a strip, cut short, damaged or of an unsupported kind.
    pub fn open(mut source: R) -> Result<Self, ImageError> {
        let start =
            source.rewind().and_then(|()| source.fill_buf()).map_err(|error| unreadable(MediaType::Tiff, &error))?;
        if is_jpeg2000(start) {
            return Self::jpeg2000(&mut source);
        }
        let is_interlaced = start.get(28).is_some_and(|&method| method != 0);
        let blocks = match MediaType::sniff(start).ok_or(ImageError::UnknownFormat)? {
            MediaType::Png if !is_interlaced => Self::png(source)?,
            MediaType::Tiff => Self::tiff(source)?,
            media_type => Self::whole(&mut source, media_type)?,
        };
        let (width, height) = blocks.size;
        if u64::from(width) * u64::from(height) > STRIP_PIXELS_MAX {
            return Err(ImageError::TooLarge { width, height, rule: "a strip may have 4,000 million pixels" });
        }
        Ok(blocks)
    }

    pub const fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Gives every block that is wanted, in the file's order.
    ///
    /// # Errors
    /// [`ImageError`] where the file is cut short or damaged; blocks before that have been given.
    pub fn read(self, wanted: impl Fn(Rectangle) -> bool, mut give: impl FnMut(Block)) -> Result<(), ImageError> {
        match self.kind {
            Kind::Whole(raster) => {
                give(Block { place: whole(self.size), gray: raster.bytes() });
                Ok(())
            }
            Kind::Png(reader) => png_rows(*reader, self.size, &wanted, &mut give),
            Kind::Tiff(decoder) => tiff_chunks(*decoder, self.size, &wanted, &mut give),
            Kind::Plain(plain) => plain_rows(*plain, self.size, &wanted, &mut give),
        }
    }

    fn whole(source: &mut R, media_type: MediaType) -> Result<Self, ImageError> {
        let bytes = all_of(source).map_err(|error| unreadable(media_type, &error))?;
        Ok(Self::of(decode(&bytes)?.to_gray()))
    }

    fn jpeg2000(source: &mut R) -> Result<Self, ImageError> {
        let bytes = all_of(source).map_err(|error| ImageError::Jpeg2000(error.to_string()))?;
        Ok(Self::of(decode_jpeg2000(&bytes)?.to_gray()))
    }

    fn of(raster: Raster) -> Self {
        Self { size: (raster.width(), raster.height()), kind: Kind::Whole(raster) }
    }

    fn png(source: R) -> Result<Self, ImageError> {
        let mut decoder = png::Decoder::new_with_limits(source, png::Limits { bytes: BLOCK_BYTES_MAX });
        decoder.set_transformations(Transformations::normalize_to_color8());
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        let reader = decoder.read_info().map_err(png_error)?;
        Ok(Self { size: reader.info().size(), kind: Kind::Png(Box::new(reader)) })
    }

    fn tiff(source: R) -> Result<Self, ImageError> {
        let mut limits = Limits::default();
        (limits.decoding_buffer_size, limits.intermediate_buffer_size) = (BLOCK_BYTES_MAX, BLOCK_BYTES_MAX);
        let mut decoder = Decoder::new(source).map_err(tiff_error)?.with_limits(limits);
        let size = decoder.dimensions().map_err(tiff_error)?;
        let compression = unsigned(&mut decoder, Tag::Compression)?.unwrap_or(1);
        let photometric = unsigned(&mut decoder, Tag::PhotometricInterpretation)?.unwrap_or(1);
        if matches!(compression, 2..=4) || photometric == 3 {
            decoder.inner().seek(SeekFrom::Start(0)).map_err(|error| unreadable(MediaType::Tiff, &error))?;
            return Self::whole(decoder.inner(), MediaType::Tiff);
        }
        let is_plain = compression == 1 && is_plain(&mut decoder, photometric)?;
        let kind =
            if is_plain { Kind::Plain(Box::new(Plain::of(decoder, size.1)?)) } else { Kind::Tiff(Box::new(decoder)) };
        Ok(Self { size, kind })
    }
}

/// Of a picture that is decoded at once; no more than a page may have.
fn all_of(source: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(PAGE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

const fn whole((w, h): (u32, u32)) -> Rectangle {
    Rectangle { x: 0, y: 0, w, h }
}

/// Whether bytes are pixels, gray or red, green and blue.
fn is_plain<R: BufRead + Seek>(decoder: &mut Decoder<R>, photometric: u64) -> Result<bool, ImageError> {
    let samples = unsigned(decoder, Tag::SamplesPerPixel)?.unwrap_or(1);
    let planes = unsigned(decoder, Tag::PlanarConfiguration)?.unwrap_or(1);
    let bits = decoder.find_tag_unsigned_vec::<u64>(Tag::BitsPerSample).map_err(tiff_error)?.unwrap_or_default();
    Ok(!bits.is_empty()
        && bits.iter().all(|&bits| bits == 8)
        && matches!((photometric, samples), (1, 1) | (2, 3))
        && (planes == 1 || samples == 1)
        && decoder.get_chunk_type() == ChunkType::Strip)
}

fn unsigned<R: BufRead + Seek>(decoder: &mut Decoder<R>, tag: Tag) -> Result<Option<u64>, ImageError> {
    decoder.find_tag_unsigned(tag).map_err(tiff_error)
}

impl<R: BufRead + Seek> Plain<R> {
    fn of(mut decoder: Decoder<R>, height: u32) -> Result<Self, ImageError> {
        let samples = unsigned(&mut decoder, Tag::SamplesPerPixel)?.unwrap_or(1) as usize;
        let offsets = decoder.get_tag_u64_vec(Tag::StripOffsets).map_err(tiff_error)?;
        let rows = unsigned(&mut decoder, Tag::RowsPerStrip)?.and_then(|rows| u32::try_from(rows).ok());
        let rows_per_strip = rows.unwrap_or(height).clamp(1, height.max(1));
        if (offsets.len() as u64) < u64::from(height.div_ceil(rows_per_strip)) {
            return Err(ImageError::damaged(MediaType::Tiff, "strips of it are missing"));
        }
        Ok(Self { decoder, offsets, rows_per_strip, samples })
    }
}

fn plain_rows<R: BufRead + Seek>(
    mut plain: Plain<R>,
    (width, height): (u32, u32),
    wanted: &dyn Fn(Rectangle) -> bool,
    give: &mut dyn FnMut(Block),
) -> Result<(), ImageError> {
    let stride = width as usize * plain.samples;
    let most = (READ_BYTES / stride.max(1)).max(1) as u32;
    let mut bytes = Vec::new();
    for y in (0..height).filter(|y| (y % plain.rows_per_strip).is_multiple_of(most)) {
        let in_strip = y % plain.rows_per_strip;
        let rows = most.min(plain.rows_per_strip - in_strip).min(height - y);
        let place = Rectangle { x: 0, y, w: width, h: rows };
        if !wanted(place) {
            continue;
        }
        let at = plain.offsets[(y / plain.rows_per_strip) as usize] + u64::from(in_strip) * stride as u64;
        bytes.resize(rows as usize * stride, 0);
        let source = plain.decoder.inner();
        let read = source.seek(SeekFrom::Start(at)).and_then(|_| source.read_exact(&mut bytes));
        read.map_err(|error| unreadable(MediaType::Tiff, &error))?;
        give_gray(place, &bytes, plain.samples, give);
    }
    Ok(())
}

fn tiff_chunks<R: BufRead + Seek>(
    mut decoder: Decoder<R>,
    (width, height): (u32, u32),
    wanted: &dyn Fn(Rectangle) -> bool,
    give: &mut dyn FnMut(Block),
) -> Result<(), ImageError> {
    let (w, h) = decoder.chunk_dimensions();
    let across = width.div_ceil(w.max(1));
    let colour = decoder.colortype().map_err(tiff_error)?;
    if unsigned(&mut decoder, Tag::PlanarConfiguration)? == Some(2) && colour.num_samples() > 1 {
        return Err(ImageError::unsupported(MediaType::Tiff, "a separate plane for each colour"));
    }
    for chunk in 0..across * height.div_ceil(h.max(1)) {
        let (x, y) = (chunk % across * w, chunk / across * h);
        let place = Rectangle { x, y, w: w.min(width - x), h: h.min(height - y) };
        if !wanted(place) {
            continue;
        }
        let samples = match decoder.read_chunk(chunk).map_err(tiff_error)? {
            DecodingResult::U8(samples) => samples,
            DecodingResult::U16(samples) => high_bytes(&samples),
            _ => return Err(ImageError::unsupported(MediaType::Tiff, "a sample format other than 8 or 16 bits")),
        };
        let (samples, of) = match colour {
            ColorType::Gray(bits @ (1 | 2 | 4)) => {
                let top = (1_u16 << bits) - 1;
                (unpack(&samples, place.w, bits, |n| (u16::from(n) * 255 / top) as u8), 1)
            }
            ColorType::Gray(8 | 16) => (samples, 1),
            ColorType::GrayA(8 | 16) => (samples, 2),
            ColorType::RGB(8 | 16) => (samples, 3),
            ColorType::RGBA(8 | 16) => (samples, 4),
            // Light comes first, colour after it.
            ColorType::YCbCr(8) => (samples.into_iter().step_by(3).collect(), 1),
            other => return Err(ImageError::unsupported(MediaType::Tiff, format_args!("the colour type {other:?}"))),
        };
        if samples.len() < place.w as usize * place.h as usize * of {
            return Err(ImageError::Truncated(MediaType::Tiff));
        }
        give_gray(place, &samples, of, give);
    }
    Ok(())
}

fn png_rows<R: BufRead + Seek>(
    mut reader: png::Reader<R>,
    (width, height): (u32, u32),
    wanted: &dyn Fn(Rectangle) -> bool,
    give: &mut dyn FnMut(Block),
) -> Result<(), ImageError> {
    let samples = reader.output_color_type().0.samples();
    let last = (0..height).rev().find(|y| wanted(Rectangle { x: 0, y: *y, w: width, h: 1 }));
    for y in 0..last.map_or(0, |last| last + 1) {
        let row = reader.next_row().map_err(png_error)?.ok_or(ImageError::Truncated(MediaType::Png))?;
        let place = Rectangle { x: 0, y, w: width, h: 1 };
        if wanted(place) {
            give_gray(place, row.data(), samples, give);
        }
    }
    Ok(())
}

/// Of pixels with one sample or two (the second is alpha), three or four (the fourth is alpha).
fn give_gray(place: Rectangle, samples: &[u8], of: usize, give: &mut dyn FnMut(Block)) {
    let gray: Vec<u8> = match of {
        1 => return give(Block { place, gray: samples }),
        2 => samples.iter().step_by(2).copied().collect(),
        of => samples.chunks_exact(of).map(|pixel| luma(&[pixel[0], pixel[1], pixel[2]])).collect(),
    };
    give(Block { place, gray: &gray });
}

fn unreadable(media_type: MediaType, error: &std::io::Error) -> ImageError {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => ImageError::Truncated(media_type),
        _ => ImageError::damaged(media_type, error),
    }
}

fn png_error(error: png::DecodingError) -> ImageError {
    match error {
        png::DecodingError::IoError(error) => unreadable(MediaType::Png, &error),
        other => ImageError::damaged(MediaType::Png, other),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use tiff::encoder::{Compression, TiffEncoder, colortype};

    use super::*;

    fn picture() -> Raster {
        Raster::gray(70, 50, (0..3_500_u32).map(|n| (n * 37 % 251) as u8).collect()).expect("fits")
    }

    fn tiff(compression: Compression) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut file).expect("writes").with_compression(compression);
        let mut image = encoder.new_image::<colortype::Gray8>(70, 50).expect("begins");
        image.rows_per_strip(7).expect("may");
        image.write_data(picture().bytes()).expect("encodes");
        file.into_inner()
    }

    /// The picture put together from its blocks, and how many there were.
    fn together(bytes: &[u8]) -> Result<(Raster, usize), ImageError> {
        let blocks = Blocks::open(Cursor::new(bytes))?;
        let (width, height) = blocks.size();
        let (mut samples, mut count) = (vec![0; (width * height) as usize], 0);
        blocks.read(
            |_| true,
            |Block { place, gray }| {
                count += 1;
                for (row, y) in gray.chunks_exact(place.w as usize).zip(place.y..) {
                    let at = (y * width + place.x) as usize;
                    samples[at..at + place.w as usize].copy_from_slice(row);
                }
            },
        )?;
        Ok((Raster::gray(width, height, samples)?, count))
    }

    #[test]
    fn blocks_make_up_the_picture() {
        let png = picture().encode_png(0).expect("encodes");
        assert_eq!(together(&png), Ok((picture(), 50)));
        assert_eq!(together(&tiff(Compression::Uncompressed)), Ok((picture(), 8)));
        assert_eq!(together(&tiff(Compression::Lzw)), Ok((picture(), 8)));
    }

    #[test]
    fn a_strip_that_breaks_off_is_an_error() {
        for bytes in [picture().encode_png(0).expect("encodes"), tiff(Compression::Uncompressed)] {
            assert!(together(&bytes[..bytes.len() * 2 / 3]).is_err());
        }
    }

    #[test]
    fn only_wanted_blocks_are_given() {
        let bytes = tiff(Compression::Lzw);
        let mut given = Vec::new();
        let blocks = Blocks::open(Cursor::new(&bytes)).expect("opens");
        blocks.read(|place| place.y == 14, |block| given.push(block.place.y)).expect("reads");
        assert_eq!(given, [14]);
    }
}
