//! Reading an image file directory (TIFF 6.0 section 2).

use super::TiffError;

/// Tags used by name.
pub(crate) mod tag {
    pub const NEW_SUBFILE_TYPE: u16 = 254;
    pub const WIDTH: u16 = 256;
    pub const HEIGHT: u16 = 257;
    pub const BITS: u16 = 258;
    pub const COMPRESSION: u16 = 259;
    pub const PHOTOMETRIC: u16 = 262;
    pub const FILL_ORDER: u16 = 266;
    pub const STRIP_OFFSETS: u16 = 273;
    pub const SAMPLES: u16 = 277;
    pub const ROWS_PER_STRIP: u16 = 278;
    pub const STRIP_LENGTHS: u16 = 279;
    pub const X_RESOLUTION: u16 = 282;
    pub const Y_RESOLUTION: u16 = 283;
    pub const PLANAR: u16 = 284;
    pub const T4_OPTIONS: u16 = 292;
    pub const RESOLUTION_UNIT: u16 = 296;
    pub const PREDICTOR: u16 = 317;
    pub const TILE_OFFSETS: u16 = 324;
    pub const TILE_LENGTHS: u16 = 325;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

impl Order {
    pub(crate) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    pub(crate) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    pub(crate) fn put16(self, value: u16) -> [u8; 2] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }

    pub(crate) fn put32(self, value: u32) -> [u8; 4] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }
}

/// Bytes of one value of a field type; `None` for types that TIFF 6.0 does not know.
pub(crate) const fn size_of_kind(kind: u16) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 => Some(4),
        5 | 10 | 12 => Some(8),
        _ => None,
    }
}

/// One field, its values where they stand in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub tag: u16,
    pub kind: u16,
    pub count: u32,
    pub value: &'a [u8],
}

/// One page's fields, by ascending tag, as far as they are readable.
#[derive(Debug)]
pub(crate) struct Directory<'a> {
    pub order: Order,
    pub entries: Vec<Entry<'a>>,
    /// Where the next directory is; 0 at the end.
    pub next: u32,
}

/// Byte order and place of the first directory.
pub(crate) fn header(bytes: &[u8]) -> Result<(Order, u32), TiffError> {
    let order = match bytes.get(..2) {
        Some(b"II") => Order::Little,
        Some(b"MM") => Order::Big,
        _ => return Err(TiffError::NotTiff),
    };
    let Some(&[a, b, c, d, e, f]) = bytes.get(2..8) else { return Err(TiffError::NotTiff) };
    match order.u16([a, b]) {
        42 => Ok((order, order.u32([c, d, e, f]))),
        43 => Err(TiffError::BigTiff),
        _ => Err(TiffError::NotTiff),
    }
}

impl<'a> Directory<'a> {
    /// The first directory of a file.
    pub(crate) fn first(bytes: &'a [u8]) -> Result<Self, TiffError> {
        let (order, at) = header(bytes)?;
        Self::read(bytes, order, at)
    }

    pub(crate) fn read(bytes: &'a [u8], order: Order, at: u32) -> Result<Self, TiffError> {
        let outside = TiffError::DirectoryOutside;
        let at = at as usize;
        let &[a, b] = bytes.get(at..).and_then(<[u8]>::first_chunk).ok_or(outside)?;
        let fields_at = at + 2;
        let fields_end = fields_at + 12 * usize::from(order.u16([a, b]));
        let fields = bytes.get(fields_at..fields_end).ok_or(outside)?;
        // Many writers forget the four bytes after the last directory of a file.
        let next = bytes.get(fields_end..).and_then(<[u8]>::first_chunk).map_or(0, |&next| order.u32(next));
        let mut entries: Vec<Entry> =
            fields.as_chunks::<12>().0.iter().filter_map(|field| entry(bytes, order, field)).collect();
        entries.sort_by_key(|entry| entry.tag);
        entries.dedup_by_key(|entry| entry.tag);
        Ok(Self { order, entries, next })
    }

    pub(crate) fn get(&self, tag: u16) -> Option<&Entry<'a>> {
        self.entries.binary_search_by_key(&tag, |entry| entry.tag).ok().map(|at| &self.entries[at])
    }

    /// All values of a field of bytes, shorts or longs.
    pub(crate) fn numbers(&self, tag: u16) -> Option<Vec<u32>> {
        let entry = self.get(tag)?;
        let order = self.order;
        match entry.kind {
            1 => Some(entry.value.iter().map(|&n| u32::from(n)).collect()),
            3 => Some(entry.value.as_chunks().0.iter().map(|&n| u32::from(order.u16(n))).collect()),
            4 => Some(entry.value.as_chunks().0.iter().map(|&n| order.u32(n)).collect()),
            _ => None,
        }
    }

    pub(crate) fn number(&self, tag: u16) -> Option<u32> {
        self.numbers(tag)?.first().copied()
    }
}

/// A field whose values lie inside the file; others are as good as absent.
fn entry<'a>(bytes: &'a [u8], order: Order, field: &'a [u8; 12]) -> Option<Entry<'a>> {
    let &[t0, t1, k0, k1, c0, c1, c2, c3, v0, v1, v2, v3] = field;
    let (tag, kind, count) = (order.u16([t0, t1]), order.u16([k0, k1]), order.u32([c0, c1, c2, c3]));
    let length = size_of_kind(kind)?.checked_mul(count as usize)?;
    let value = if length <= 4 {
        &field[8..8 + length]
    } else {
        let at = order.u32([v0, v1, v2, v3]) as usize;
        bytes.get(at..at.checked_add(length)?)?
    };
    Some(Entry { tag, kind, count, value })
}
