//! A PDF as three readers see it: one takes scanned images out untouched, one draws the rest, and one looks for words that
//! come with either.

use std::panic::{AssertUnwindSafe, catch_unwind};

use formats::pdf::{Layers, PageContent, Pages, PdfError};
use hayro::hayro_syntax::Pdf;
use record::words::PageText;

use super::child::failed;
use super::render::{self, Drawing};

pub struct Document {
    /// Absent where the file's structure is too damaged for taking images out, but can be drawn.
    scans: Option<Pages>,
    drawn: Option<Pdf>,
    layers: Option<Layers>,
    /// Pages, counting one for those that the file promises but does not hold.
    pages: u32,
    /// Pages that are there.
    found: u32,
}

/// A page that is one image, as the file has it.
pub struct Scan {
    pub bytes: Vec<u8>,
    pub dpi: u32,
    pub brought: Option<PageText>,
}

impl Document {
    pub fn open(bytes: &[u8]) -> Result<Self, String> {
        let drawn = render::open(bytes).ok();
        let scans = match Pages::open(bytes) {
            Ok(scans) => Some(scans),
            Err(PdfError::Damaged(_)) if drawn.is_some() => None,
            Err(error) => return Err(failed(error)),
        };
        let drawable = drawn.as_ref().map_or(0, |pdf| u32::try_from(pdf.pages().len()).unwrap_or(u32::MAX));
        let pages = scans.as_ref().map_or(drawable, Pages::len);
        let lacking =
            scans.as_ref().is_some_and(|scans| matches!(scans.page(pages), Err(PdfError::PageMissing { .. })));
        let found = pages - u32::from(lacking);
        let layers = catch_unwind(|| Layers::open(bytes.to_vec(), found)).ok().flatten();
        Ok(Self { scans, drawn, layers, pages, found })
    }

    pub const fn pages(&self) -> u32 {
        self.pages
    }

    /// The page's own image; `None` where the page is more, or other, than one image.
    pub fn untouched(&self, number: u32) -> Result<Option<Scan>, String> {
        let Some(scans) = &self.scans else { return Ok(None) };
        match scans.page(number).map_err(failed)? {
            PageContent::Untouched(image) => {
                let brought = self.words(|layers| layers.page(number, &image));
                Ok(Some(Scan { bytes: image.bytes, dpi: image.dpi, brought }))
            }
            PageContent::NeedsRendering { .. } => Ok(None),
        }
    }

    /// The words of a page that was drawn on so many pixels.
    pub fn drawn_words(&self, number: u32, width: u32, height: u32) -> Option<PageText> {
        self.words(|layers| layers.drawn(number, width, height))
    }

    /// Words that crash their decoder are no words: the page is read.
    fn words(&self, find: impl FnOnce(&Layers) -> Option<PageText>) -> Option<PageText> {
        let layers = self.layers.as_ref()?;
        catch_unwind(AssertUnwindSafe(|| find(layers))).ok().flatten()
    }

    pub fn draw(&self, number: u32) -> Result<Drawing, String> {
        let pdf = self.drawn.as_ref().ok_or("cannot be drawn: the PDF is damaged; print it to a new PDF")?;
        // Two readers that count differently would mean different pages by one number.
        if pdf.pages().len() as u64 != u64::from(self.found) {
            return Err("cannot be drawn: the PDF's list of pages is damaged; print it to a new PDF".into());
        }
        render::draw(pdf, number).map_err(failed)
    }
}
