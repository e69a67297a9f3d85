//! What is printed on a page for machines, and where?
//!
//! | question | answered by |
//! |---|---|
//! | which barcodes are in a picture? | [`barcode`] |
//! | where on the page may there be one that was not read? | [`suspect`] |
//! | and what is it, looked at more closely? | [`rescue`] |
//! | which patch codes are on the page? | [`patch`], because no barcode library reads them |
//! | is a code right by its own check digits? | [`check`] |

pub mod barcode;
pub mod check;
pub mod patch;
mod rescue;
mod suspect;

use imaging::Raster;
use record::words::Box as Place;
use serde::{Deserialize, Serialize};

pub use barcode::BarcodeError;

/// The format of a patch code; its text is the patch's name.
pub const PATCH: &str = "Patch";
/// More grain than this, in levels, costs barcodes and time: the page is smoothed before it is looked at.
const GRAIN_MAX: f64 = 5.0;

/// One code, in pixels of the page image.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    pub format: String,
    /// May name a patient: never for a log.
    pub text: String,
    /// The symbology identifier of ISO/IEC 15424, such as `]d2` for a GS1 Data Matrix.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub identifier: String,
    pub place: Place,
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Code({}, …)", self.format)
    }
}

/// Every code on a grey page, from top to bottom; `dpi` 0 where nobody knows.
pub fn find(page: &Raster, dpi: u32) -> Result<Vec<Code>, BarcodeError> {
    let grain = imaging::noise(page).grain;
    let calmed = (grain > GRAIN_MAX).then(|| calmed(page, grain)).transpose()?;
    let picture = calmed.as_ref().unwrap_or(page);
    let look = barcode::look(picture)?;
    let mut codes = look.codes;
    let unread = suspect::places(picture, dpi).into_iter().chain(look.failed);
    for place in unread.filter(|place| !is_read(place, &codes)).take(rescue::PLACES_MAX).collect::<Vec<_>>() {
        // What is read in one place may lie in the next as well.
        if !is_read(&place, &codes) {
            codes.extend(rescue::read(picture, place)?);
        }
    }
    codes.extend(patch::find(page, dpi).into_iter().map(|found| found.code()));
    codes.sort_by_key(|code| (code.place.y, code.place.x));
    Ok(codes)
}

/// Of the grain's deviation, what smoothing by the smallest Gaussian leaves: the root of its squared weights' sum.
const GRAIN_LEFT: f64 = 0.375;

/// Smoothed, and paper as white as its lightest parts: where grain is left in it, the reader's local threshold makes a
/// hundred thousand specks of it and looks for bars among them.
fn calmed(page: &Raster, grain: f64) -> Result<Raster, BarcodeError> {
    let smoothed = imaging::smooth(page);
    let mut histogram = [0_usize; 256];
    smoothed.bytes().iter().for_each(|level| histogram[usize::from(*level)] += 1);
    let mut above = 0;
    let lightest = (0..256).rev().find(|level| {
        above += histogram[*level];
        above * 100 >= smoothed.bytes().len()
    });
    // One pixel of a hundred is lighter: 2.3 deviations above the paper's mean; three below it is nearly all paper.
    let white = (lightest.unwrap_or(255) as f64 - 5.3 * GRAIN_LEFT * grain).max(1.0);
    let levels: [u8; 256] = std::array::from_fn(|level| (level as f64 * 255.0 / white).min(255.0) as u8);
    let bytes = smoothed.bytes().iter().map(|level| levels[usize::from(*level)]).collect();
    Raster::gray(smoothed.width(), smoothed.height(), bytes).map_err(|error| BarcodeError::new(error.to_string()))
}

/// Whether the middle of a place lies in a code that was read, or the middle of one in it.
fn is_read(place: &Place, codes: &[Code]) -> bool {
    let holds = |outer: &Place, inner: &Place| {
        let (x, y) = (inner.x + inner.w / 2, inner.y + inner.h / 2);
        (outer.x..=outer.x + outer.w).contains(&x) && (outer.y..=outer.y + outer.h).contains(&y)
    };
    codes.iter().any(|code| holds(&code.place, place) || holds(place, &code.place))
}
