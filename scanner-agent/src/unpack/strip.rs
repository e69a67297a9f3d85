//! What frames are on a strip of film? The child's answer: the strip is looked at small, and read again for each handful of
//! frames, so that it never is in memory.

use std::io::{self, BufRead as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use film::{Found, Frame};
use imaging::{Blocks, Raster};
use record::film::{Film, Polarity, Reel};
use record::manifest::Extraction;
use record::words::Box as Rectangle;
use serde::{Deserialize, Serialize};

use super::child::{Out, Page, failed, say, write_page};
use super::kept::Kept;
use super::kind::Kind;
use super::{Line, Unpacked};
use crate::reel::strip::{self, Look};

/// Pixels of frames that are cut out in one reading of the strip.
const CUT_PIXELS_MAX: u64 = 96 << 20;

/// What the operator said that matters for cutting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub film: Film,
    pub polarity: Option<Polarity>,
    pub reduction: Option<u32>,
    /// Width and height of the tile before this file, where that is a strip: the rest of one may be short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<(u32, u32)>,
}

impl Settings {
    /// Dots per inch of the page itself: of the film's width, over the reduction. 0 where nobody said it.
    pub fn true_dpi(&self, (width, height): (u32, u32)) -> u32 {
        let millimetres = if self.film == Film::Simplex35 { 35.0 } else { 16.0 };
        self.reduction.map_or(0, |reduction| {
            let across = f64::from(width.min(height));
            (across * 25.4 / (millimetres * f64::from(reduction.max(1)))).round() as u32
        })
    }
}

impl From<&Reel> for Settings {
    fn from(reel: &Reel) -> Self {
        Self { film: reel.film, polarity: reel.polarity, reduction: reel.reduction, behind: None }
    }
}

/// What was found on a strip besides its frames.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StripFacts {
    pub width: u32,
    pub height: u32,
    pub polarity: Polarity,
    pub blips: u32,
    /// Where the first and the last of them are along the film.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outer: Option<(u32, u32)>,
    /// Exposed, and in no frame.
    pub unassigned: Vec<Rectangle>,
}

/// Frames as a person cuts them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cuts {
    pub frames: Vec<Frame>,
    pub polarity: Polarity,
    pub dpi: u32,
    /// The file is two tiles of the strip, and this many bytes of it are the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seam: Option<u64>,
}

/// Whether the file is one long picture, or goes on with one; what cannot be opened is neither.
pub(super) fn is_strip(file: &Kept, settings: &Settings) -> io::Result<bool> {
    let file = file.open()?;
    let size = catch_unwind(AssertUnwindSafe(|| Blocks::open(file).map(|blocks| blocks.size()).ok())).ok().flatten();
    // Two and a half times as long as wide is no page.
    let is_long = |(width, height): (u32, u32)| 2 * u64::from(width.max(height)) >= 5 * u64::from(width.min(height));
    let goes_on = |(width, height): (u32, u32)| match settings.behind {
        Some((before, length)) if length > before => width == before && height > width,
        Some((length, before)) if length > before => height == before && width > height,
        _ => false,
    };
    Ok(size.is_some_and(|size| is_long(size) || goes_on(size)))
}

/// Finds and writes the frames of a strip from number `from` on, and says so line by line.
pub(super) fn frames(file: &Kept, out: &Out<'_>, from: u32, settings: &Settings) -> anyhow::Result<()> {
    let opened = file.open()?;
    let looked = catch_unwind(AssertUnwindSafe(|| strip::look(opened).map_err(failed)))
        .unwrap_or_else(|_| Err("crashed the decoder".into()));
    let look = match looked.and_then(|look| as_said(look, settings)) {
        Ok(look) => look,
        Err(reason) => return Ok(say(&Line::Unusable { reason })?),
    };
    say(&Line::File { media_type: media_type(file)?.to_owned(), pages: look.found.frames.len() as u32 })?;
    say(&Line::Strip(facts(&look)))?;
    let dpi = settings.true_dpi((look.width, look.height));
    let cuts = Cuts { polarity: polarity(&look.found), dpi, frames: look.found.frames, seam: None };
    cut(file, out, from, &cuts)
}

/// Writes the frames that a person cut, and says so line by line.
pub(super) fn again(file: &Kept, out: &Out<'_>, cuts: &Cuts) -> anyhow::Result<()> {
    say(&Line::File { media_type: media_type(file)?.to_owned(), pages: cuts.frames.len() as u32 })?;
    cut(file, out, 1, cuts)
}

fn cut(file: &Kept, out: &Out<'_>, from: u32, cuts: &Cuts) -> anyhow::Result<()> {
    let mut number = from.max(1);
    while let Some(frames) = handful(&cuts.frames, number) {
        let places: Vec<Rectangle> = frames.iter().map(|frame| frame.place).collect();
        let cut = || pictures(file, cuts.seam, &places);
        let rasters = catch_unwind(AssertUnwindSafe(cut)).unwrap_or_else(|_| Err("crashed the decoder".into()));
        for (at, frame) in frames.iter().enumerate() {
            let raster = rasters.as_ref().map(|rasters| &rasters[at]).map_err(String::clone);
            say(&written(out, number, frame, raster, cuts)?)?;
            number += 1;
        }
    }
    Ok(())
}

fn pictures(file: &Kept, seam: Option<u64>, places: &[Rectangle]) -> Result<Vec<Raster>, String> {
    let part = |bytes| file.part(bytes).map_err(|error| format!("failed to read it back: {error}"));
    let Some(seam) = seam else { return film::cut(file.open().map_err(failed)?, places).map_err(failed) };
    let over_border = |place: &Rectangle| {
        let [first, second] = file.halves(seam);
        film::cut_over_border(part(first)?, part(second)?, *place).map_err(failed)
    };
    places.iter().map(over_border).collect()
}

/// The operator's word against what is seen: nothing of a strip is taken in where they disagree.
fn as_said(look: Look, settings: &Settings) -> Result<Look, String> {
    let seen = polarity(&look.found);
    if let Some(said) = settings.polarity.filter(|said| *said != seen) {
        return Err(format!(
            "looks {}, but the reel is said to be {}: give --polarity {0}, or find the right reel",
            seen.as_str(),
            said.as_str()
        ));
    }
    if look.found.frames.is_empty() {
        return Err("shows no frame: is it a strip of film, and is all of it there?".into());
    }
    Ok(look)
}

pub(super) const fn polarity(found: &Found) -> Polarity {
    if found.negative { Polarity::Negative } else { Polarity::Positive }
}

fn facts(look: &Look) -> StripFacts {
    StripFacts {
        width: look.width,
        height: look.height,
        polarity: polarity(&look.found),
        blips: look.found.blips.len() as u32,
        outer: look.found.blips.first().zip(look.found.blips.last()).map(|(first, last)| (first.at, last.at)),
        unassigned: look.found.unassigned.clone(),
    }
}

pub(super) fn media_type(file: &Kept) -> io::Result<&'static str> {
    let mut file = file.open()?;
    Ok(Kind::of(file.fill_buf()?).map_or("application/octet-stream", Kind::media_type))
}

/// The frames from a number on that are cut out together; `None` behind the last.
fn handful(frames: &[Frame], number: u32) -> Option<&[Frame]> {
    let rest = frames.get(number as usize - 1..).filter(|rest| !rest.is_empty())?;
    let mut pixels = 0;
    let count = rest.iter().take_while(|frame| {
        pixels += u64::from(frame.place.w) * u64::from(frame.place.h);
        pixels <= CUT_PIXELS_MAX
    });
    Some(&rest[..count.count().max(1)])
}

fn written(
    out: &Out<'_>,
    number: u32,
    frame: &Frame,
    raster: Result<&Raster, String>,
    cuts: &Cuts,
) -> anyhow::Result<Line> {
    let dpi = cuts.dpi;
    let page = raster.and_then(|raster| {
        let gray = if cuts.polarity == Polarity::Negative { raster.clone().invert() } else { raster.clone() };
        let bytes = gray.encode_png(dpi).map_err(failed)?;
        Ok(Page { media_type: "image/png", bytes: Some(bytes), gray, dpi, how: Extraction::Cut, brought: None })
    });
    let line = match page {
        Ok(page) => write_page(out, number, page, true)?,
        Err(reason) => return Ok(Line::Refused { number, reason }),
    };
    Ok(match line {
        Line::Page(page) => Line::Page(Box::new(Unpacked { frame: Some(frame.clone()), ..*page })),
        other => other,
    })
}
