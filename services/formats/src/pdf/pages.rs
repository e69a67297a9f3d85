//! Which pages are in this PDF, and which of them are plain scans?

use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId};
use record::limits::{DOCUMENT_PAGES_MAX, PDF_OBJECTS_MAX, PDF_STREAM_BYTES_MAX};

use super::content::{Placed, only_image};
use super::geometry::Area;
use super::{PdfError, extract};

/// Page trees deeper than this are tricks.
const TREE_DEPTH_MAX: usize = 64;
/// Letter size, where no box says otherwise.
const DEFAULT_AREA: Area = Area { left: 0.0, bottom: 0.0, right: 612.0, top: 792.0 };
/// Share of the page that the image must cover, and share of the image that must be seen.
const COVER_MIN: f64 = 0.9;
const SEEN_MIN: f64 = 0.97;

/// What a page turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum PageContent {
    Untouched(Untouched),
    /// More, less or other than one image: draw it. `why` is for people.
    NeedsRendering {
        width_points: f64,
        height_points: f64,
        why: &'static str,
    },
}

/// The image of a page that shows nothing but that image.
#[derive(Debug, Clone, PartialEq)]
pub struct Untouched {
    /// `image/jpeg`: the file's own bytes. `image/tiff`: its fax-coded bytes behind a TIFF header.
    /// `image/png`: its pixels, packed anew without changing one.
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
    /// As the PDF says; for a JPEG its own header has the last word.
    pub width: u32,
    pub height: u32,
    /// From the size at which the image is placed on the page.
    pub dpi: u32,
    /// The page's `/Rotate`: the clockwise turn (0, 90, 180, 270) at which the image is to be seen.
    pub rotation: u16,
    /// Where on the page it lies.
    pub(super) area: Area,
}

/// An opened PDF.
#[derive(Debug)]
pub struct Pages {
    document: Document,
    pages: Vec<ObjectId>,
    promised: u32,
}

impl Pages {
    /// Reads the structure of a PDF, repairing it where it can be repaired.
    ///
    /// # Errors
    /// [`PdfError::Encrypted`] also when the empty password would open it: other readers of the same page would fail.
    pub fn open(bytes: &[u8]) -> Result<Self, PdfError> {
        if !bytes[..bytes.len().min(1024)].windows(5).any(|window| window == b"%PDF-") {
            return Err(PdfError::NotPdf);
        }
        let options = LoadOptions::with_max_decompressed_size(PDF_STREAM_BYTES_MAX);
        let document = match Document::load_mem_with_options(bytes, options) {
            // The crate overlooks an encryption dictionary that stands in the trailer itself.
            Ok(document) if document.was_encrypted() || document.trailer.has(b"Encrypt") => {
                return Err(PdfError::Encrypted);
            }
            Ok(document) => document,
            // However the key is wrong, what helps is the same.
            Err(_) if bytes.windows(8).any(|window| window == b"/Encrypt") => return Err(PdfError::Encrypted),
            Err(error) => return Err(PdfError::Damaged(error.to_string())),
        };
        if document.objects.len() > PDF_OBJECTS_MAX {
            return Err(PdfError::TooManyObjects(PDF_OBJECTS_MAX));
        }
        let pages: Vec<ObjectId> = document.page_iter().take(DOCUMENT_PAGES_MAX + 1).collect();
        let promised = promised_pages(&document).unwrap_or(0);
        match pages.len() {
            0 => Err(PdfError::NoPages),
            n if n > DOCUMENT_PAGES_MAX => Err(PdfError::TooManyPages(DOCUMENT_PAGES_MAX)),
            _ => Ok(Self { document, pages, promised }),
        }
    }

    /// Pages found, and one more where the file promises more than that. Never 0.
    pub fn len(&self) -> u32 {
        let found = self.pages.len() as u32;
        if self.promised > found { found + 1 } else { found }
    }

    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// What page `number` (1-based) is.
    ///
    /// # Errors
    /// [`PdfError::NoSuchPage`], and [`PdfError::PageMissing`] for what the file promises but does not hold. A page
    /// that is merely strange [needs rendering](PageContent::NeedsRendering).
    pub fn page(&self, number: u32) -> Result<PageContent, PdfError> {
        let found = self.pages.len() as u32;
        if number == found + 1 && self.promised > found {
            return Err(PdfError::PageMissing { page: number, promised: self.promised });
        }
        let id = (number as usize).checked_sub(1).and_then(|at| self.pages.get(at));
        let page = PageView { document: &self.document, id: *id.ok_or(PdfError::NoSuchPage(number))? };
        Ok(page.untouched().map_or_else(
            |why| {
                let (area, unit) = (page.area(), page.unit());
                let (width_points, height_points) = (area.width() * unit, area.height() * unit);
                PageContent::NeedsRendering { width_points, height_points, why }
            },
            PageContent::Untouched,
        ))
    }
}

fn promised_pages(document: &Document) -> Option<u32> {
    let root = document.catalog().ok()?.get_deref(b"Pages", document).ok()?.as_dict().ok()?;
    u32::try_from(root.get_deref(b"Count", document).ok()?.as_i64().ok()?).ok()
}

/// One page and what it inherits (section 7.7.3.4).
pub(super) struct PageView<'a> {
    pub document: &'a Document,
    id: ObjectId,
}

impl<'a> PageView<'a> {
    fn inherited(&self, key: &[u8]) -> Option<&'a Object> {
        let mut node = self.document.get_dictionary(self.id).ok()?;
        for _ in 0..TREE_DEPTH_MAX {
            if let Ok(value) = node.get_deref(key, self.document) {
                return Some(value);
            }
            node = node.get_deref(b"Parent", self.document).ok()?.as_dict().ok()?;
        }
        None
    }

    pub(super) fn resources(&self) -> Option<&'a Dictionary> {
        self.inherited(b"Resources")?.as_dict().ok()
    }

    pub(super) fn content(&self, limit: usize) -> Option<Vec<u8>> {
        self.document.get_page_content_with_limit(self.id, limit).ok()
    }

    /// What a viewer shows: the crop box within the media box.
    fn area(&self) -> Area {
        let read = |key| self.inherited(key).and_then(Area::read);
        let media = read(b"MediaBox".as_slice()).unwrap_or(DEFAULT_AREA);
        let shown = read(b"CropBox".as_slice()).map_or(media, |crop| crop.meet(media));
        if shown.size() > 1.0 { shown } else { media }
    }

    /// Points per user space unit (section 7.7.3.3).
    fn unit(&self) -> f64 {
        let unit = self.document.get_dictionary(self.id).ok().and_then(|page| page.get(b"UserUnit").ok());
        unit.and_then(super::geometry::number).filter(|unit| (0.01..=10_000.0).contains(unit)).unwrap_or(1.0)
    }

    fn rotation(&self) -> Result<u16, &'static str> {
        let Some(rotation) = self.inherited(b"Rotate") else { return Ok(0) };
        let degrees = rotation.as_i64().map_err(|_| "its rotation is no number")?;
        match degrees.rem_euclid(360) {
            quarter @ (0 | 90 | 180 | 270) => Ok(quarter as u16),
            _ => Err("it is turned by less than a quarter"),
        }
    }

    /// The page's image, or why there is more to the page than that.
    fn untouched(&self) -> Result<Untouched, &'static str> {
        let rotation = self.rotation()?;
        self.check_annotations()?;
        let Placed { image, matrix, clip } = only_image(self)?;
        if !matrix.is_upright() {
            return Err("its image is turned, mirrored or slanted");
        }
        let (area, placed) = (self.area(), Area::of_image(matrix));
        let seen = placed.meet(clip).meet(area).size();
        if seen < COVER_MIN * area.size() {
            return Err("its image does not cover it");
        }
        if seen < SEEN_MIN * placed.size() {
            return Err("a part of its image is hidden");
        }
        let inches = |points: f64| points * self.unit() / 72.0;
        let taken = extract::take(self.document, image, inches(placed.width()), inches(placed.height()))?;
        let extract::Taken { media_type, bytes, width, height, dpi } = taken;
        Ok(Untouched { media_type, bytes, width, height, dpi, rotation, area: placed })
    }

    /// Stamps, notes and filled-in fields are drawn over the page. Links are not seen.
    fn check_annotations(&self) -> Result<(), &'static str> {
        let page = self.document.get_dictionary(self.id).map_err(|_| "its dictionary is damaged")?;
        let Ok(annotations) = page.get_deref(b"Annots", self.document) else { return Ok(()) };
        for annotation in annotations.as_array().map_err(|_| "its annotations are damaged")? {
            let (_, annotation) = self.document.dereference(annotation).map_err(|_| "its annotations are damaged")?;
            let kind = annotation.as_dict().and_then(|dictionary| dictionary.get(b"Subtype"));
            if !matches!(kind.and_then(Object::as_name), Ok(b"Link" | b"Popup")) {
                return Err("it carries annotations");
            }
        }
        Ok(())
    }
}
