//! Writing a TIFF of one page.

use super::TiffError;
use super::directory::{Order, tag};

pub(crate) struct Field {
    pub tag: u16,
    pub kind: u16,
    pub count: u32,
    /// In the byte order of the file.
    pub value: Vec<u8>,
}

const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;

impl Field {
    fn longs(order: Order, tag: u16, values: impl IntoIterator<Item = u32>) -> Self {
        let value: Vec<u8> = values.into_iter().flat_map(|value| order.put32(value)).collect();
        Self { tag, kind: LONG, count: (value.len() / 4) as u32, value }
    }

    fn short(order: Order, tag: u16, value: u16) -> Self {
        Self { tag, kind: SHORT, count: 1, value: order.put16(value).to_vec() }
    }

    fn whole_rational(order: Order, tag: u16, value: u32) -> Self {
        Self { tag, kind: RATIONAL, count: 1, value: [order.put32(value), order.put32(1)].concat() }
    }
}

/// Header, strips or tiles, long values, directory. `fields` must not hold the two tags of the chunks' places.
///
/// # Errors
/// [`TiffError::Page`] where it would not fit into 4 GB.
pub(crate) fn build(
    order: Order,
    mut fields: Vec<Field>,
    offsets_tag: u16,
    lengths_tag: u16,
    chunks: &[&[u8]],
) -> Result<Vec<u8>, TiffError> {
    let too_large = |_| TiffError::Page("it would have more than 4 GB as a file of its own");
    let mut file = match order {
        Order::Little => b"II*\0".to_vec(),
        Order::Big => b"MM\0*".to_vec(),
    };
    file.extend([0; 4]); // where the directory is, known below
    let mut offsets = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        offsets.push(u32::try_from(file.len()).map_err(too_large)?);
        file.extend_from_slice(chunk);
        align(&mut file);
    }
    let lengths = chunks.iter().map(|chunk| chunk.len() as u32);
    fields.push(Field::longs(order, lengths_tag, lengths));
    fields.push(Field::longs(order, offsets_tag, offsets));
    fields.sort_by_key(|field| field.tag);
    let mut directory = order.put16(fields.len() as u16).to_vec();
    for field in fields {
        directory.extend(order.put16(field.tag));
        directory.extend(order.put16(field.kind));
        directory.extend(order.put32(field.count));
        if field.value.len() <= 4 {
            directory.extend_from_slice(&field.value);
            directory.resize(directory.len() + 4 - field.value.len(), 0);
        } else {
            directory.extend(order.put32(u32::try_from(file.len()).map_err(too_large)?));
            file.extend_from_slice(&field.value);
            align(&mut file);
        }
    }
    directory.extend([0; 4]); // no further directory
    let at = u32::try_from(file.len()).map_err(too_large)?;
    file[4..8].copy_from_slice(&order.put32(at));
    file.extend(directory);
    Ok(file)
}

/// TIFF 6.0: values begin on a word boundary.
fn align(file: &mut Vec<u8>) {
    if file.len() % 2 == 1 {
        file.push(0);
    }
}

/// A fax-coded picture without its wrapping, as PDFs hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ccitt {
    pub width: u32,
    pub height: u32,
    /// TIFF's numbers: 2 modified Huffman without markers, 3 Group 3, 4 Group 4.
    pub compression: u16,
    /// TIFF's T4Options: bit 0 two-dimensional, bit 2 markers end on a byte; 0 for other compressions.
    pub t4_options: u32,
    /// The coder's white is the picture's black.
    pub inverted: bool,
    /// Dots per inch across and down; 0 where unknown.
    pub dpi: (u32, u32),
}

/// Puts fax-coded bytes, unchanged, into a little-endian TIFF of one strip.
///
/// # Errors
/// [`TiffError::Page`] where it would not fit into 4 GB.
pub fn wrap_ccitt(picture: &Ccitt, coded: &[u8]) -> Result<Vec<u8>, TiffError> {
    let order = Order::Little;
    let mut fields = vec![
        Field::longs(order, tag::WIDTH, [picture.width]),
        Field::longs(order, tag::HEIGHT, [picture.height]),
        Field::short(order, tag::BITS, 1),
        Field::short(order, tag::COMPRESSION, picture.compression),
        Field::short(order, tag::PHOTOMETRIC, u16::from(picture.inverted)),
        Field::short(order, tag::SAMPLES, 1),
        Field::longs(order, tag::ROWS_PER_STRIP, [picture.height]),
    ];
    if picture.compression == 3 {
        fields.push(Field::longs(order, tag::T4_OPTIONS, [picture.t4_options]));
    }
    if picture.dpi.0 > 0 && picture.dpi.1 > 0 {
        fields.push(Field::whole_rational(order, tag::X_RESOLUTION, picture.dpi.0));
        fields.push(Field::whole_rational(order, tag::Y_RESOLUTION, picture.dpi.1));
        fields.push(Field::short(order, tag::RESOLUTION_UNIT, 2));
    }
    build(order, fields, tag::STRIP_OFFSETS, tag::STRIP_LENGTHS, &[coded])
}
