//! Which barcodes are in a picture, and where? (Only user of `zxing-cpp`.)
//!
//! Reading is restricted to what our sheets and hospital labels use: that halves the time, and
//! symbologies without a check digit (ITF and the like) are where false reads come from.

use imaging::Raster;
use record::limits;
use record::words::Box as Place;
use zxingcpp::{BarcodeFormat, ImageFormat, ImageView, Position, TextMode};

use super::Code;

const READ: [BarcodeFormat; 5] = [
    BarcodeFormat::Code128,
    BarcodeFormat::Code39,
    BarcodeFormat::QRCode,
    BarcodeFormat::DataMatrix,
    BarcodeFormat::PDF417,
];

#[derive(Debug, thiserror::Error)]
#[error("the page could not be searched for barcodes: {0}")]
pub struct BarcodeError(String);

impl BarcodeError {
    pub(super) fn new(reason: String) -> Self {
        Self(reason)
    }
}

/// What one look at a picture gave.
#[derive(Debug, Default)]
pub struct Look {
    pub codes: Vec<Code>,
    /// Where a barcode was seen whose own checks failed.
    pub failed: Vec<Place>,
}

/// Finds the barcodes of a grey picture.
pub fn look(picture: &Raster) -> Result<Look, BarcodeError> {
    let (width, height) = (picture.width(), picture.height());
    // Below this the library has nothing to find, and refuses the size.
    if width < 8 || height < 8 {
        return Ok(Look::default());
    }
    let fail = |error: zxingcpp::Error| BarcodeError(error.to_string());
    let view = ImageView::from_slice(picture.bytes(), width, height, ImageFormat::Lum).map_err(fail)?;
    let found = zxingcpp::read()
        .formats(READ)
        .try_harder(true)
        .try_rotate(true)
        .try_downscale(true)
        .try_invert(false)
        .return_errors(true)
        .text_mode(TextMode::Plain)
        .max_number_of_symbols(limits::PAGE_BARCODES_MAX as i32)
        .from(&view)
        .map_err(fail)?;
    let mut look = Look::default();
    for barcode in &found {
        match barcode.is_valid() {
            true => look.codes.push(code(barcode)),
            false => look.failed.push(place(barcode.position())),
        }
    }
    Ok(look)
}

fn code(barcode: &zxingcpp::Barcode) -> Code {
    let (format, identifier) = (barcode.format().to_string(), barcode.symbology_identifier());
    Code { format, text: barcode.text(), identifier, place: place(barcode.position()) }
}

/// The upright rectangle around a barcode that may stand askew.
fn place(at: Position) -> Place {
    let corners = [at.top_left, at.top_right, at.bottom_right, at.bottom_left];
    let bounds = |values: [i32; 4]| {
        let low = values.into_iter().min().unwrap_or(0).max(0);
        let high = values.into_iter().max().unwrap_or(0).max(low);
        (low as u32, (high - low) as u32)
    };
    let ((x, w), (y, h)) = (bounds(corners.map(|c| c.x)), bounds(corners.map(|c| c.y)));
    Place { x, y, w, h }
}

/// The modules of a barcode: `true` is black. Row by row; a linear code has one row.
pub struct Modules {
    pub width: usize,
    pub rows: Vec<Vec<bool>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbology {
    Code128,
    Code39,
    Qr,
}

/// Draws `text` at one pixel per module, without a quiet zone.
pub fn draw(symbology: Symbology, text: &str) -> Result<Modules, BarcodeError> {
    let fail = |error: zxingcpp::Error| BarcodeError(error.to_string());
    let format = match symbology {
        Symbology::Code128 => BarcodeFormat::Code128,
        Symbology::Code39 => BarcodeFormat::Code39,
        Symbology::Qr => BarcodeFormat::QRCode,
    };
    let barcode = zxingcpp::create(format).from_str(text).map_err(fail)?;
    let image =
        barcode.to_image_with(&zxingcpp::write().scale(1).add_hrt(false).add_quiet_zones(false)).map_err(fail)?;
    let width = image.width().max(1) as usize;
    let mut rows: Vec<Vec<bool>> =
        image.data().chunks_exact(width).map(|row| row.iter().map(|&pixel| pixel < 128).collect()).collect();
    if symbology != Symbology::Qr {
        // Bars are equal in every row, and their height is the layout's business.
        rows.truncate(1);
    }
    Ok(Modules { width, rows })
}
