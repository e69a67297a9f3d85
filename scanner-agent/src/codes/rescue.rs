//! What is the barcode in this place, which a plain look did not read?
//!
//! The place is cut out and looked at again, each time treated otherwise: smoothed against grain, sharpened against blur,
//! enlarged where the modules are few pixels wide, evened where it is shaded. The first look that reads
//! something ends it. Code 39 need not carry a check character, so what a damaged one says must be read twice.

use imaging::Raster;
use record::words::Box as Place;

use super::Code;
use super::barcode::{self, BarcodeError};

/// Places of one page that are looked at again.
pub const PLACES_MAX: usize = 6;
/// A place larger than this, in pixels, is no barcode but a picture.
const PIXELS_MAX: u64 = 4_000_000;
/// Of the guess at what was blurred; more of them find nothing more.
const CORRECTIONS: u8 = 12;

/// How a place is treated before it is looked at again.
#[derive(Debug, Clone, Copy)]
enum Treatment {
    Smoothed,
    Sharpened,
    Enlarged,
    WithoutSpecks,
    Evened,
    /// As of a deviation of 1.4 and of 2 pixels.
    Deblurred,
    DeblurredMore,
}

impl Treatment {
    const ALL: [Self; 7] = [
        Self::Smoothed,
        Self::Sharpened,
        Self::Enlarged,
        Self::WithoutSpecks,
        Self::Evened,
        Self::Deblurred,
        Self::DeblurredMore,
    ];

    fn treat(self, place: &Raster) -> Raster {
        match self {
            Self::Smoothed => imaging::smooth(&imaging::smooth(place)),
            Self::Sharpened => imaging::sharpen(place, 3, 2),
            Self::Enlarged => enlarged(&imaging::smooth(place)),
            Self::WithoutSpecks => imaging::smooth(&imaging::median(place)),
            Self::Evened => imaging::smooth(&imaging::even_light(place)),
            Self::Deblurred => enlarged(&imaging::deblur(place, 4, CORRECTIONS)),
            Self::DeblurredMore => enlarged(&imaging::deblur(place, 8, CORRECTIONS)),
        }
    }

    const fn scale(self) -> u32 {
        if matches!(self, Self::Enlarged | Self::Deblurred | Self::DeblurredMore) { 2 } else { 1 }
    }
}

fn enlarged(place: &Raster) -> Raster {
    // A cut-out within the limit above can always be enlarged.
    place.scale_to(place.width() * 2, place.height() * 2).unwrap_or_else(|_| place.clone())
}

/// Reads what is in `place` of the page, if any treatment helps.
pub fn read(page: &Raster, place: Place) -> Result<Vec<Code>, BarcodeError> {
    let within = u64::from(place.w) * u64::from(place.h) <= PIXELS_MAX;
    let Some(cut) = page.crop(place).filter(|_| within) else { return Ok(Vec::new()) };
    let mut once: Vec<Code> = Vec::new();
    for treatment in Treatment::ALL {
        let read = barcode::look(&treatment.treat(&cut))?.codes;
        let read = read.into_iter().map(|code| placed(code, place, treatment.scale()));
        let (sure, unsure): (Vec<Code>, Vec<Code>) =
            read.partition(|code| has_check(code) || once.iter().any(|before| before.text == code.text));
        if !sure.is_empty() {
            return Ok(sure);
        }
        once.extend(unsure);
    }
    Ok(Vec::new())
}

/// Every symbology that we read but Code 39 has a check character or corrects errors.
fn has_check(code: &Code) -> bool {
    !code.format.starts_with("Code 39")
}

/// From pixels of the cut-out to pixels of the page.
fn placed(code: Code, cut: Place, scale: u32) -> Code {
    let at = code.place;
    let place = Place { x: cut.x + at.x / scale, y: cut.y + at.y / scale, w: at.w / scale, h: at.h / scale };
    Code { place, ..code }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::barcode::{Symbology, draw};

    /// A label in the middle of a page, at so many pixels a module.
    fn label(symbology: Symbology, module: u32) -> Raster {
        let modules = draw(symbology, "MRN-104233").expect("draws");
        let tall = if modules.rows.len() == 1 { 80 } else { modules.rows.len() as u32 * module };
        let dark = |x: u32, y: u32| {
            let (column, row) = (x.checked_sub(300)? / module, y.checked_sub(300).filter(|y| *y < tall)? / module);
            let row = if modules.rows.len() == 1 { 0 } else { row as usize };
            modules.rows.get(row)?.get(column as usize).copied()
        };
        let samples = (0..1_200 * 900).map(|n| if dark(n % 1_200, n / 1_200) == Some(true) { 30 } else { 235 });
        Raster::gray(1_200, 900, samples.collect()).expect("fits")
    }

    fn grainy(page: &Raster, sigma: f64) -> Raster {
        let mut state = 88_172_645_u32;
        // Xorshift (G. Marsaglia, 2003).
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            f64::from(state >> 24) - 127.5
        };
        let grain =
            |&level: &u8| (f64::from(level) + (next() + next() + next()) / 127.8 * sigma).clamp(0.0, 255.0) as u8;
        Raster::gray(page.width(), page.height(), page.bytes().iter().map(grain).collect()).expect("fits")
    }

    fn read_whole(page: &Raster) -> Vec<String> {
        super::super::find(page, 300).expect("looks").into_iter().map(|code| code.text).collect()
    }

    #[test]
    fn grain_and_blur_are_overcome() {
        for symbology in [Symbology::Code128, Symbology::Qr] {
            let clean = label(symbology, 3);
            let blurred = (0..5).fold(clean.clone(), |page, _| imaging::smooth(&page));
            for (name, page) in [("grain", grainy(&clean, 38.0)), ("blur", blurred)] {
                assert_eq!(read_whole(&page), ["MRN-104233"], "{symbology:?} with {name}");
            }
        }
    }

    #[test]
    fn a_code_is_told_once_and_where_it_is() {
        let found = super::super::find(&label(Symbology::Code128, 3), 300).expect("looks");
        assert_eq!(found.len(), 1);
        assert!(found[0].place.x.abs_diff(300) < 20 && found[0].place.y.abs_diff(300) < 20, "{:?}", found[0].place);
    }
}
