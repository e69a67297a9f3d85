//! Walking a file's directories and wrapping each page anew.

use std::collections::HashSet;

use record::limits::{DOCUMENT_PAGES_MAX, PAGE_BYTES_MAX};

use super::TiffError;
use super::build::{Field, build};
use super::directory::{Directory, Order, header, tag};

/// The tags that go along with a page: TIFF 6.0 baseline and its extensions for bilevel, tiled, JPEG and YCbCr images,
/// and the colour profile. What points elsewhere in the file (sub-directories, EXIF) cannot go along.
const KEPT: &[u16] = &[
    254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 269, 270, 271, 272, 274, 277, 278, 280, 281, 282, 283, 284,
    285, 286, 287, 290, 291, 292, 293, 296, 297, 301, 305, 306, 317, 318, 319, 320, 322, 323, 326, 327, 328, 332, 338,
    339, 347, 529, 530, 531, 532,
];
const ICC_PROFILE: u16 = 34_675;
/// A field may be this long: a colour profile, JPEG tables; not a second picture.
const FIELD_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The old JPEG-in-TIFF keeps pointers into the file outside the strips.
const OLD_JPEG: u32 = 6;
/// More strips or tiles than the largest page has rows are a trick.
const CHUNKS_MAX: usize = 70_000;

/// The pages of one file. Opening reads only the chain of directories.
#[derive(Debug)]
pub struct Pages<'a> {
    bytes: &'a [u8],
    order: Order,
    /// One per page; an error stands for the page where the chain broke.
    places: Vec<Result<u32, TiffError>>,
}

impl<'a> Pages<'a> {
    /// # Errors
    /// [`TiffError`] when not even a first directory can be found, or with more than `DOCUMENT_PAGES_MAX` pages.
    pub fn open(bytes: &'a [u8]) -> Result<Self, TiffError> {
        let (order, mut at) = header(bytes)?;
        let (mut seen, mut places) = (HashSet::new(), Vec::new());
        while at != 0 {
            if !seen.insert(at) {
                places.push(Err(TiffError::Loop));
                break;
            }
            if places.len() == DOCUMENT_PAGES_MAX {
                return Err(TiffError::TooManyPages(DOCUMENT_PAGES_MAX));
            }
            match Directory::read(bytes, order, at) {
                Ok(directory) => {
                    // A thumbnail of another page is no page; the first image always is.
                    if places.is_empty() || directory.number(tag::NEW_SUBFILE_TYPE).unwrap_or(0) & 1 == 0 {
                        places.push(Ok(at));
                    }
                    at = directory.next;
                }
                Err(error) if places.is_empty() => return Err(error),
                Err(error) => {
                    places.push(Err(error));
                    break;
                }
            }
        }
        if places.is_empty() { Err(TiffError::DirectoryOutside) } else { Ok(Self { bytes, order, places }) }
    }

    /// Pages, counting one for what is lost where the chain of pages breaks. Never 0.
    pub fn len(&self) -> u32 {
        self.places.len() as u32
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Page `number` (1-based) as a TIFF of its own.
    ///
    /// # Errors
    /// [`TiffError`], for this page only.
    pub fn page(&self, number: u32) -> Result<Vec<u8>, TiffError> {
        let place = (number as usize).checked_sub(1).and_then(|at| self.places.get(at));
        let at = (*place.ok_or(TiffError::NoSuchPage(number))?)?;
        rewrap(self.bytes, &Directory::read(self.bytes, self.order, at)?)
    }
}

fn rewrap(bytes: &[u8], directory: &Directory) -> Result<Vec<u8>, TiffError> {
    if directory.get(tag::WIDTH).is_none() || directory.get(tag::HEIGHT).is_none() {
        return Err(TiffError::Page("it has no size"));
    }
    if directory.number(tag::COMPRESSION) == Some(OLD_JPEG) {
        return Err(TiffError::Page("it uses the withdrawn form of JPEG in TIFF (compression 6)"));
    }
    let tiled = directory.get(tag::TILE_OFFSETS).is_some();
    let (offsets_tag, lengths_tag) =
        if tiled { (tag::TILE_OFFSETS, tag::TILE_LENGTHS) } else { (tag::STRIP_OFFSETS, tag::STRIP_LENGTHS) };
    let chunks = chunks(bytes, directory, offsets_tag, lengths_tag)?;
    let kept = |tag: u16| KEPT.binary_search(&tag).is_ok() || tag == ICC_PROFILE;
    let fields = directory
        .entries
        .iter()
        .filter(|entry| kept(entry.tag) && entry.value.len() <= FIELD_BYTES_MAX)
        .map(|entry| Field { tag: entry.tag, kind: entry.kind, count: entry.count, value: entry.value.to_vec() })
        .collect();
    build(directory.order, fields, offsets_tag, lengths_tag, &chunks)
}

/// The page's strips or tiles, where they stand.
pub(crate) fn chunks<'a>(
    bytes: &'a [u8],
    directory: &Directory,
    offsets_tag: u16,
    lengths_tag: u16,
) -> Result<Vec<&'a [u8]>, TiffError> {
    let offsets = directory.numbers(offsets_tag).ok_or(TiffError::Page("it does not say where its pixels are"))?;
    let lengths = directory.numbers(lengths_tag).ok_or(TiffError::Page("it does not say how long its strips are"))?;
    if offsets.len() != lengths.len() || offsets.is_empty() || offsets.len() > CHUNKS_MAX {
        return Err(TiffError::Page("its number of strips is impossible"));
    }
    let total: u64 = lengths.iter().map(|&length| u64::from(length)).sum();
    // Also when all strips point at the same bytes: the copy would grow without bound.
    if total > PAGE_BYTES_MAX as u64 {
        return Err(TiffError::Page("its strips have more than 256 MiB"));
    }
    let chunk = |(&from, &length): (&u32, &u32)| bytes.get(from as usize..from as usize + length as usize);
    let chunks: Option<Vec<_>> = offsets.iter().zip(&lengths).map(chunk).collect();
    chunks.ok_or(TiffError::Page("its pixels lie outside the file, so the file is cut short"))
}
