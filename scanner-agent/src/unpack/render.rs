//! What does a PDF page look like that is no plain scan? Drawn at 300 dpi. (Only user of `hayro`.)

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::{LoadPdfError, Pdf};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};
use imaging::Raster;
use record::limits;

/// What archives ask of text on paper; see 36 CFR 1236.50.
const DPI: f32 = 300.0;
const DPI_LEAST: f32 = 72.0;
/// Drawing takes four bytes a pixel several times over; this keeps it within the child's memory.
const PIXELS_MAX: f32 = limits::PAGE_PIXELS_MAX as f32 / 4.0;
const SIDE_MAX: f32 = limits::PAGE_SIDE_PIXELS_MAX as f32;
const POINTS_PER_INCH: f32 = 72.0;

#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("open the PDF: it is encrypted; save it without a password")]
    Encrypted,
    #[error("open the PDF: it is damaged beyond reading; export it again")]
    Damaged,
    #[error("draw page {0}: the PDF has no such page")]
    NoSuchPage(u32),
    #[error("draw a page of {0:.0} × {1:.0} points: no resolution fits the limits; print it to a smaller size")]
    Size(f32, f32),
    #[error(transparent)]
    Image(#[from] imaging::ImageError),
}

pub struct Drawing {
    pub raster: Raster,
    pub dpi: u32,
}

pub fn open(bytes: &[u8]) -> Result<Pdf, RenderError> {
    Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(_) => RenderError::Encrypted,
        LoadPdfError::Invalid => RenderError::Damaged,
    })
}

/// Draws one page, 1-based, on white; grey where no colour is used.
pub fn draw(pdf: &Pdf, number: u32) -> Result<Drawing, RenderError> {
    let missing = RenderError::NoSuchPage(number);
    let at = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
    let page = at.and_then(|at| pdf.pages().get(at)).ok_or(missing)?;
    let dpi = resolution(page)?;
    let scale = dpi / POINTS_PER_INCH;
    let pixels = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
    let cache = RenderCache::new();
    let pixmap = render(page, &cache, &InterpreterSettings::default(), &RenderSettings::default(), &pixels);
    let raster = raster(u32::from(pixmap.width()), u32::from(pixmap.height()), pixmap.data_as_u8_slice())?;
    Ok(Drawing { raster, dpi: dpi as u32 })
}

/// 300 dpi, or as much less as the limits on a page ask for.
fn resolution(page: &Page<'_>) -> Result<f32, RenderError> {
    let (width, height) = page.render_dimensions();
    let (wide, high) = (width / POINTS_PER_INCH, height / POINTS_PER_INCH);
    let dpi = DPI.min((PIXELS_MAX / (wide * high)).sqrt()).min(SIDE_MAX / wide.max(high)).floor();
    // Also false for a page without size, whose resolution is no number.
    if dpi >= DPI_LEAST && wide * dpi >= 1.0 && high * dpi >= 1.0 {
        Ok(dpi)
    } else {
        Err(RenderError::Size(width, height))
    }
}

fn raster(width: u32, height: u32, rgba: &[u8]) -> Result<Raster, RenderError> {
    let pixels = rgba.as_chunks::<4>().0;
    // On a white ground every pixel is opaque, so premultiplied colours are the colours.
    let raster = if pixels.iter().all(|[r, g, b, _]| r == g && g == b) {
        Raster::gray(width, height, pixels.iter().map(|pixel| pixel[0]).collect())?
    } else {
        Raster::rgb(width, height, pixels.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect())?
    };
    Ok(raster)
}
