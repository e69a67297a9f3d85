//! Taking an image out of a PDF without changing a pixel (sections 8.9.5 and 7.4).

use lopdf::{Dictionary, Document, Object, Stream};
use record::limits::{PAGE_BYTES_MAX, PAGE_PIXELS_MAX, PAGE_SIDE_PIXELS_MAX, PDF_STREAM_BYTES_MAX};

use super::png::{Colour, Png};
use crate::tiff::{Ccitt, wrap_ccitt};

/// Filters that only pack; what they give back is the same bytes.
const PACKING: [&[u8]; 5] = [b"FlateDecode", b"LZWDecode", b"ASCII85Decode", b"ASCIIHexDecode", b"RunLengthDecode"];

type Why = &'static str;

/// An image as a file of its own.
pub(super) struct Taken {
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
    pub width: u32,
    pub height: u32,
    pub dpi: u32,
}

struct Image<'a> {
    document: &'a Document,
    stream: &'a Stream,
    width: u32,
    height: u32,
    dpi: (u32, u32),
}

/// # Errors
/// Why the image cannot go as it is.
pub(super) fn take(document: &Document, stream: &Stream, inches_across: f64, inches_down: f64) -> Result<Taken, Why> {
    let side = |key: &[u8]| -> Result<u32, Why> {
        let side = stream.dict.get_deref(key, document).and_then(Object::as_i64).unwrap_or(0);
        let side = u32::try_from(side).ok().filter(|side| (1..=PAGE_SIDE_PIXELS_MAX).contains(side));
        side.ok_or("its image has an impossible size")
    };
    let (width, height) = (side(b"Width")?, side(b"Height")?);
    if u64::from(width) * u64::from(height) > PAGE_PIXELS_MAX {
        return Err("its image has too many pixels");
    }
    let dots = |pixels: u32, inches: f64| (f64::from(pixels) / inches).round().clamp(0.0, 20_000.0) as u32;
    let dpi = (dots(width, inches_across), dots(height, inches_down));
    let image = Image { document, stream, width, height, dpi };
    image.check_masks()?;
    let (media_type, bytes) = image.take()?;
    if bytes.len() > PAGE_BYTES_MAX {
        return Err("its image has more than 256 MiB");
    }
    Ok(Taken { media_type, bytes, width, height, dpi: dpi.0 })
}

impl<'a> Image<'a> {
    fn get(&self, key: &[u8]) -> Option<&'a Object> {
        self.stream.dict.get_deref(key, self.document).ok()
    }

    fn check_masks(&self) -> Result<(), Why> {
        let is_mask = self.get(b"ImageMask").is_some_and(|flag| matches!(flag, Object::Boolean(true)));
        if is_mask || self.get(b"SMask").is_some() || self.get(b"Mask").is_some() {
            return Err("its image is a mask or has one");
        }
        Ok(())
    }

    fn take(&self) -> Result<(&'static str, Vec<u8>), Why> {
        let filters = self.filters()?;
        match filters.split_last() {
            Some((&b"DCTDecode", before)) => Ok(("image/jpeg", self.jpeg(before)?)),
            Some((&b"CCITTFaxDecode", before)) => Ok(("image/tiff", self.fax(before)?)),
            Some((&(b"JPXDecode" | b"JBIG2Decode"), _)) => Err("its image is packed as JPEG 2000 or JBIG2"),
            _ if filters.iter().all(|filter| PACKING.contains(filter)) => Ok(("image/png", self.samples(&filters)?)),
            _ => Err("its image is packed in an unknown way"),
        }
    }

    fn filters(&self) -> Result<Vec<&'a [u8]>, Why> {
        match self.get(b"Filter") {
            None => Ok(Vec::new()),
            Some(Object::Name(name)) => Ok(vec![name]),
            Some(Object::Array(names)) => {
                names.iter().map(|name| name.as_name().map_err(|_| "its image is damaged")).collect()
            }
            Some(_) => Err("its image is damaged"),
        }
    }

    /// The parameters of filter `at` (section 7.3.8.2).
    fn parameters(&self, at: usize) -> Option<&'a Dictionary> {
        let one = match self.get(b"DecodeParms")? {
            Object::Array(all) => self.document.dereference(all.get(at)?).ok()?.1,
            single if at == 0 => single,
            _ => return None,
        };
        one.as_dict().ok()
    }

    /// The stream with these leading filters undone.
    fn unpack(&self, filters: &[&[u8]], limit: usize) -> Result<Vec<u8>, Why> {
        if filters.iter().any(|filter| !PACKING.contains(filter)) {
            return Err("its image is packed in an unknown way");
        }
        let mut dictionary = Dictionary::new();
        if !filters.is_empty() {
            dictionary.set("Filter", filters.iter().map(|name| Object::Name(name.to_vec())).collect::<Vec<_>>());
            let parameters = |at| self.parameters(at).map_or(Object::Null, |one| Object::Dictionary(one.clone()));
            dictionary.set("DecodeParms", (0..filters.len()).map(parameters).collect::<Vec<_>>());
        }
        let packed = Stream::new(dictionary, self.stream.content.clone());
        packed.get_plain_content_with_limit(limit).map_err(|_| "its image is damaged or unpacks to too much")
    }

    fn jpeg(&self, before: &[&[u8]]) -> Result<Vec<u8>, Why> {
        // An inverted or four-ink JPEG looks otherwise outside of its PDF.
        if self.inverted()? || !matches!(self.colour()?, Colour::Gray | Colour::Rgb) {
            return Err("its JPEG means other colours inside the PDF");
        }
        let bytes = self.unpack(before, PAGE_BYTES_MAX)?;
        let ends = bytes.windows(2).rposition(|pair| pair == [0xff, 0xd9]).is_some();
        if !bytes.starts_with(&[0xff, 0xd8, 0xff]) || !ends {
            return Err("its JPEG is cut short");
        }
        Ok(bytes)
    }

    /// Table 11, with what TIFF can say of it.
    fn fax(&self, before: &[&[u8]]) -> Result<Vec<u8>, Why> {
        let parameters = self.parameters(before.len());
        let get = |key: &[u8]| parameters.and_then(|all| all.get_deref(key, self.document).ok());
        let flag = |key| get(key).is_some_and(|value| matches!(value, Object::Boolean(true)));
        let columns = get(b"Columns").map_or(Ok(1728), Object::as_i64).unwrap_or(0);
        let inverted = self.inverted()? ^ self.white_first()? ^ flag(b"BlackIs1");
        if columns != i64::from(self.width) {
            return Err("its fax image is of another width than it says");
        }
        let coded = self.unpack(before, PAGE_BYTES_MAX)?;
        let marked = flag(b"EndOfLine") || starts_with_marker(&coded);
        let aligned = flag(b"EncodedByteAlign");
        let (compression, t4_options) = match get(b"K").map_or(Ok(0), Object::as_i64).unwrap_or(0) {
            ..0 if !aligned => (4, 0),
            0 if marked => (3, if aligned { 4 } else { 0 }),
            0 if aligned => (2, 0),
            1.. if marked => (3, if aligned { 5 } else { 1 }),
            _ => return Err("its fax image is coded in a way that TIFF cannot name"),
        };
        let Self { width, height, dpi, .. } = *self;
        let picture = Ccitt { width, height, compression, t4_options, inverted, dpi };
        wrap_ccitt(&picture, &coded).map_err(|_| "its fax image is too large")
    }

    /// Bilevel with a palette: whether the first colour is white.
    fn white_first(&self) -> Result<bool, Why> {
        match self.colour()? {
            Colour::Gray => Ok(false),
            Colour::Palette(palette) => match palette.as_slice() {
                [[0, 0, 0], [255, 255, 255]] => Ok(false),
                [[255, 255, 255], [0, 0, 0]] => Ok(true),
                _ => Err("its fax image is coloured"),
            },
            Colour::Rgb => Err("its image is damaged"),
        }
    }

    fn samples(&self, filters: &[&[u8]]) -> Result<Vec<u8>, Why> {
        let bits = self.get(b"BitsPerComponent").and_then(|bits| bits.as_i64().ok()).unwrap_or(0);
        let bits = u8::try_from(bits).ok().filter(|bits| [1, 2, 4, 8, 16].contains(bits));
        let (bits, colour) = (bits.ok_or("its image is damaged")?, self.colour()?);
        if matches!((&colour, bits), (Colour::Palette(_), 16) | (Colour::Rgb, 1 | 2 | 4)) {
            return Err("its image has an unusual depth");
        }
        let png = Png { width: self.width, height: self.height, bits, colour, dpi: self.dpi };
        let mut samples = self.unpack(filters, PDF_STREAM_BYTES_MAX)?;
        let want = png.row_bytes() * self.height as usize;
        if samples.len() < want {
            return Err("its image is cut short");
        }
        samples.truncate(want);
        if self.inverted()? {
            match png.colour {
                Colour::Palette(_) => return Err("its palette is inverted"),
                _ => samples.iter_mut().for_each(|sample| *sample = !*sample),
            }
        }
        png.encode(&samples).map_err(|_| "its image could not be packed")
    }

    /// The `Decode` array (section 8.9.5.2): plain, turned around, or neither.
    fn inverted(&self) -> Result<bool, Why> {
        let Some(decode) = self.get(b"Decode") else { return Ok(false) };
        let numbers = decode.as_array().map_err(|_| "its image is damaged")?;
        let numbers: Vec<f64> = numbers.iter().filter_map(super::geometry::number).collect();
        let pairs = numbers.as_chunks::<2>().0;
        if let Ok(Colour::Palette(_)) = self.colour() {
            // A palette's plain range depends on the depth.
            return match pairs {
                [[0.0, top]] if [1.0, 3.0, 15.0, 255.0].contains(top) => Ok(false),
                [[1.0, 0.0]] => Ok(true),
                _ => Err("its colours are shifted"),
            };
        }
        match pairs {
            all if all.iter().all(|&pair| pair == [0.0, 1.0]) => Ok(false),
            all if all.iter().all(|&pair| pair == [1.0, 0.0]) => Ok(true),
            _ => Err("its colours are shifted"),
        }
    }

    /// Section 8.6, as far as PNG and JPEG mean the same.
    fn colour(&self) -> Result<Colour, Why> {
        let other = "its image has an unusual colour space";
        let parts = match self.get(b"ColorSpace").ok_or("its image has no colour space")? {
            Object::Name(name) => return named_colour(name).ok_or(other),
            Object::Array(parts) => parts,
            _ => return Err(other),
        };
        let part = |at: usize| Some(self.document.dereference(parts.get(at)?).ok()?.1);
        let kind = part(0).and_then(|name| name.as_name().ok()).ok_or(other)?;
        let found = match kind {
            b"ICCBased" => part(1).and_then(|profile| profile_colour(profile, self.document)),
            b"Indexed" | b"I" => self.palette(part(1), part(2), part(3)),
            name => named_colour(name),
        };
        found.ok_or(other)
    }

    /// Section 8.6.6.3: base colour space, highest index, colours.
    fn palette(&self, base: Option<&Object>, highest: Option<&Object>, table: Option<&Object>) -> Option<Colour> {
        let base = match base? {
            Object::Name(name) => named_colour(name)?,
            Object::Array(parts) => profile_colour(self.document.dereference(parts.get(1)?).ok()?.1, self.document)?,
            _ => return None,
        };
        let entries = usize::try_from(highest?.as_i64().ok()?).ok().filter(|&highest| highest < 256)? + 1;
        let table = match table? {
            Object::String(bytes, _) => bytes.clone(),
            Object::Stream(stream) => stream.get_plain_content_with_limit(4_096).ok()?,
            _ => return None,
        };
        let colours: Vec<[u8; 3]> = match base {
            Colour::Rgb => table.as_chunks::<3>().0.iter().take(entries).copied().collect(),
            _ => table.iter().take(entries).map(|&gray| [gray; 3]).collect(),
        };
        (colours.len() == entries).then_some(Colour::Palette(colours))
    }
}

fn named_colour(name: &[u8]) -> Option<Colour> {
    match name {
        b"DeviceGray" | b"G" | b"CalGray" => Some(Colour::Gray),
        b"DeviceRGB" | b"RGB" | b"CalRGB" => Some(Colour::Rgb),
        _ => None,
    }
}

fn profile_colour(profile: &Object, document: &Document) -> Option<Colour> {
    match profile.as_stream().ok()?.dict.get_deref(b"N", document).ok()?.as_i64().ok()? {
        1 => Some(Colour::Gray),
        3 => Some(Colour::Rgb),
        _ => None,
    }
}

/// T.4's end-of-line: eleven zeros and a one, perhaps behind more zeros.
fn starts_with_marker(coded: &[u8]) -> bool {
    matches!(coded, [0, second, ..] if *second < 0x20 )
}
