//! What is printed on a page for machines, and where?
//!
//! [`barcode`] finds barcodes, [`patch`] finds patch codes, which no barcode library reads.

pub mod barcode;
pub mod patch;

use imaging::Raster;
use record::words::Box as Place;
use serde::{Deserialize, Serialize};

pub use barcode::BarcodeError;

/// The format of a patch code; its text is the patch's name.
pub const PATCH: &str = "Patch";

/// One code, in pixels of the page image.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    pub format: String,
    /// May name a patient: never for a log.
    pub text: String,
    pub place: Place,
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Code({}, …)", self.format)
    }
}

/// Every code on a grey page, from top to bottom; `dpi` 0 where nobody knows.
pub fn find(page: &Raster, dpi: u32) -> Result<Vec<Code>, BarcodeError> {
    let mut codes = barcode::find(page)?;
    codes.extend(patch::find(page, dpi).into_iter().map(|found| found.code()));
    codes.sort_by_key(|code| (code.place.y, code.place.x));
    Ok(codes)
}
