//! Documents out: every page's image as it is kept, and its words invisibly above.

use std::io::Write;

use record::words::PageText;

use super::embed::embed;
use super::file::{Number, PdfFile, Real};
use super::font::Alphabet;
use super::{PdfError, archival, text};

/// A page as it is archived.
#[derive(Debug, Clone, Copy)]
pub struct ScannedPage<'a> {
    /// PNG, JPEG or TIFF, encoded.
    pub image: &'a [u8],
    /// Of the image, in pixels.
    pub width: u32,
    pub height: u32,
    /// 0 where unknown: the shorter side is then taken to be that of A4.
    pub dpi: u32,
    /// Clockwise turn at which the page is to be shown: 0, 90, 180, 270.
    pub rotation: u16,
    pub text: Option<&'a PageText>,
}

/// Writes a searchable PDF/A page by page. The same pages give the same bytes.
pub struct DocumentWriter<W: Write> {
    file: PdfFile<W>,
    tree: Number,
    pages: Vec<Number>,
    alphabet: Alphabet,
    fonts: Vec<Number>,
}

impl<W: Write> DocumentWriter<W> {
    /// # Errors
    /// [`PdfError::Write`], here and below, when `out` fails.
    pub fn new(out: W) -> Result<Self, PdfError> {
        let mut file = PdfFile::new(out)?;
        let tree = file.reserve();
        Ok(Self { file, tree, pages: Vec::new(), alphabet: Alphabet::default(), fonts: Vec::new() })
    }

    /// Adds one page.
    ///
    /// # Errors
    /// [`PdfError::NotEmbeddable`] for an image whose coding PDF/A has no word for. Nothing was written then: decode it,
    /// encode it plainly in the same size, and add that.
    pub fn page(&mut self, page: &ScannedPage) -> Result<(), PdfError> {
        let image = embed(page.image)?;
        let scale = points_per_pixel(page);
        let (width, height) = (Real(f64::from(page.width) * scale, 2), Real(f64::from(page.height) * scale, 2));
        let image = self.file.stream(&image.dictionary, &image.data)?;
        let mut content = format!("q {width} 0 0 {height} 0 0 cm/I Do Q\n").into_bytes();
        let mut fonts = String::new();
        if let Some(words) = page.text {
            content.extend(format!("{0} 0 0 {0} 0 0 cm\n", Real(scale, 6)).bytes());
            content.extend(text::invisible(words, page.height, &mut self.alphabet));
            fonts = self.fonts();
        }
        let content = self.file.packed("", &content)?;
        let turn = page.rotation % 360 / 90 * 90;
        let number = self.file.reserve();
        self.file.object(
            number,
            &format!(
                "<</Type/Page/Parent {}/MediaBox[0 0 {width} {height}]/Rotate {turn}\
                 /Resources<</XObject<</I {image}>>/Font<<{fonts}>>>>/Contents {content}>>",
                self.tree
            ),
        )?;
        self.pages.push(number);
        Ok(())
    }

    /// Reserves numbers for the fonts that came into use, and names them all.
    fn fonts(&mut self) -> String {
        while self.fonts.len() < self.alphabet.fonts() {
            self.fonts.push(self.file.reserve());
        }
        let named = self.fonts.iter().enumerate().map(|(n, number)| format!("/{} {number}", text::font_name(n)));
        named.collect()
    }

    /// Completes the file and gives `out` back, flushed.
    ///
    /// # Errors
    /// [`PdfError::NoPages`] when none was added.
    pub fn finish(mut self) -> Result<W, PdfError> {
        if self.pages.is_empty() {
            return Err(PdfError::NoPages);
        }
        if !self.fonts.is_empty() {
            self.alphabet.write(&mut self.file, &self.fonts)?;
        }
        let entries = archival::write(&mut self.file)?;
        Ok(self.file.finish(self.tree, &self.pages, &entries)?)
    }
}

/// PDF viewers take pages of up to 14,400 points.
fn points_per_pixel(page: &ScannedPage) -> f64 {
    let (short, long) = (page.width.min(page.height).max(1), page.width.max(page.height).max(1));
    let scale = if page.dpi > 0 { 72.0 / f64::from(page.dpi) } else { 595.0 / f64::from(short) };
    scale.min(14_400.0 / f64::from(long))
}
