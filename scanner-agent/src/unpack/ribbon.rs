//! How does a strip of film look, small? The child's answer, for a person who looks at the cuts: it is reduced, and
//! left in pieces that a browser can show.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use film::{Blip, Strip};
use record::film::Polarity;
use record::manifest::Extraction;
use serde::{Deserialize, Serialize};

use super::child::{Out, failed, say};
use super::kept::Kept;
use super::strip::{media_type, polarity};
use super::{Line, Unpacked, page_file};
use crate::reel::strip::{self, Look};

/// Columns of the reduced strip in a piece.
const PIECE: usize = 2_048;
const QUALITY: u8 = 80;
/// Values of the curve: a line of the child's has an end.
const CURVE_MAX: usize = 100_000;

/// The strip along the film. Places are in its own pixels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ribbon {
    pub width: u32,
    pub height: u32,
    pub polarity: Polarity,
    /// Pixels of the strip for one of the pieces, either way.
    pub step: u32,
    /// Columns of each piece but the last.
    pub piece: u32,
    pub blips: Vec<Blip>,
    /// How light the film is, 0 to 255, a value for each `curve_step` pixels.
    pub curve: Vec<u8>,
    pub curve_step: u32,
}

/// Writes the strip reduced, piece by piece, and says what is along it.
pub(super) fn draw(file: &Kept, out: &Out<'_>) -> anyhow::Result<()> {
    let (small, whole) = (file.open()?, file.open()?);
    let looked = || Ok((strip::look(whole).map_err(failed)?, strip::drawn(small).map_err(failed)?));
    let looked = catch_unwind(AssertUnwindSafe(looked)).unwrap_or_else(|_| Err("crashed the decoder".into()));
    let (look, strip) = match looked {
        Ok(looked) => looked,
        Err(reason) => return Ok(say(&Line::Unusable { reason })?),
    };
    let pieces = strip.columns().div_ceil(PIECE);
    say(&Line::File { media_type: media_type(file)?.to_owned(), pages: pieces as u32 })?;
    say(&Line::Ribbon(along(look, &strip)))?;
    (0..pieces).try_for_each(|at| piece(out, &strip, at))
}

fn along(look: Look, strip: &Strip) -> Ribbon {
    let Look { width, height, found } = look;
    let (step, piece, columns) = (strip.factor(), PIECE as u32, found.curve.len().div_ceil(CURVE_MAX).max(1));
    let curve_step = found.step * columns as u32;
    // Of columns that share a value, the lightest: frames are not to vanish.
    let curve = found.curve.chunks(columns).filter_map(|light| light.iter().copied().max()).collect();
    Ribbon { width, height, polarity: polarity(&found), step, piece, blips: found.blips, curve, curve_step }
}

fn piece(out: &Out<'_>, strip: &Strip, at: usize) -> anyhow::Result<()> {
    let raster = strip.picture(at * PIECE..(at + 1) * PIECE)?;
    let number = at as u32 + 1;
    out.leave(Path::new(&page_file(number)), &raster.encode_jpeg(QUALITY, 0)?)?;
    Ok(say(&Line::Page(Box::new(Unpacked {
        number,
        media_type: "image/jpeg".into(),
        width: raster.width(),
        height: raster.height(),
        dpi: 0,
        how: Extraction::Rendered,
        whole_file: false,
        brought: false,
        codes: Vec::new(),
        quality: None,
        frame: None,
    })))?)
}
