//! Documents out: every page's image as it is kept, and its words invisibly above.

use std::fmt::Write as _;
use std::io::Write;

use record::words::PageText;

use super::embed::{Piece, pieces};
use super::file::{Number, PdfFile};
use super::{PdfError, text};

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

/// Writes a searchable PDF page by page. The same pages give the same bytes.
pub struct DocumentWriter<W: Write> {
    file: PdfFile<W>,
    font: Number,
    tree: Number,
    pages: Vec<Number>,
}

impl<W: Write> DocumentWriter<W> {
    /// # Errors
    /// [`PdfError::Write`], here and below, when `out` fails.
    pub fn new(out: W) -> Result<Self, PdfError> {
        let mut file = PdfFile::new(out)?;
        let font = text::write_font(&mut file)?;
        let tree = file.reserve();
        Ok(Self { file, font, tree, pages: Vec::new() })
    }

    /// Adds one page.
    ///
    /// # Errors
    /// [`PdfError::NotEmbeddable`] for an image whose coding PDF has no word for. Nothing was written then: decode it,
    /// encode it as plain PNG or JPEG of the same size, and add that.
    pub fn page(&mut self, page: &ScannedPage) -> Result<(), PdfError> {
        let images = pieces(page.image)?;
        let scale = points_per_pixel(page);
        let (width, height) = (f64::from(page.width) * scale, f64::from(page.height) * scale);
        let (content, resources) = self.images(&images, width, height)?;
        let words = page.text.map_or(String::new(), |text| text::invisible(text, scale, height));
        let content = deflated(&(content + &words))?;
        let content = self.file.stream("/Filter /FlateDecode", &content)?;
        let number = self.file.reserve();
        let (tree, font, turn) = (self.tree, self.font, page.rotation % 360 / 90 * 90);
        let resources = format!("<< /XObject << {resources}>> /Font << /F {font} >> >>");
        self.file.object(
            number,
            &format!(
                "<< /Type /Page /Parent {tree} /MediaBox [0 0 {width:.2} {height:.2}] /Rotate {turn} \
                 /Resources {resources} /Contents {content} >>"
            ),
        )?;
        self.pages.push(number);
        Ok(())
    }

    /// Writes the image objects; gives the operators that draw them one below the other, and their names.
    fn images(&mut self, images: &[Piece], width: f64, height: f64) -> Result<(String, String), PdfError> {
        let (mut content, mut resources) = (String::new(), String::new());
        let all: f64 = images.iter().map(|piece| f64::from(piece.rows)).sum();
        let mut above = 0.0;
        for (n, piece) in images.iter().enumerate() {
            let number = self.file.stream(&piece.dictionary, &piece.data)?;
            let tall = f64::from(piece.rows) / all * height;
            let bottom = height - above - tall;
            // Writing to a string cannot fail.
            let _ = writeln!(content, "q {width:.4} 0 0 {tall:.4} 0 {bottom:.4} cm /I{n} Do Q");
            let _ = write!(resources, "/I{n} {number} ");
            above += tall;
        }
        Ok((content, resources))
    }

    /// Completes the file and gives `out` back, flushed.
    ///
    /// # Errors
    /// [`PdfError::NoPages`] when none was added.
    pub fn finish(self) -> Result<W, PdfError> {
        if self.pages.is_empty() {
            return Err(PdfError::NoPages);
        }
        Ok(self.file.finish(self.tree, &self.pages)?)
    }
}

/// PDF viewers take pages of up to 14,400 points.
fn points_per_pixel(page: &ScannedPage) -> f64 {
    let (short, long) = (page.width.min(page.height).max(1), page.width.max(page.height).max(1));
    let scale = if page.dpi > 0 { 72.0 / f64::from(page.dpi) } else { 595.0 / f64::from(short) };
    scale.min(14_400.0 / f64::from(long))
}

pub(super) fn deflated(content: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content.as_bytes())?;
    encoder.finish()
}
