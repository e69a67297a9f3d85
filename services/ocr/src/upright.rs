//! Which way up does the page stand?
//!
//! Lines that run down the page are seen in its profile, at no cost to upright ones. Which of the two ways is up cannot
//! be told by shapes with any certainty (counting ascenders turned good pages over), but Tesseract reads print at a
//! confidence of 85 and more one way and at about 50 the other: a strip of the page, read both ways, tells.

use imaging::{Level, QuarterTurn, Raster};
use record::words::Box as Rectangle;

use crate::attempt::{Attempt, Prepared};
use crate::clock::Clock;
use crate::engine::{Engine, Segmentation};
use crate::layout::gray;
use crate::worth;

pub(crate) const OVER: [QuarterTurn; 1] = [QuarterTurn::Half];
pub(crate) const ALL: [QuarterTurn; 3] = [QuarterTurn::Half, QuarterTurn::Right, QuarterTurn::Left];

/// A strip is this part of the page high.
const STRIP: u32 = 7;
const STRIP_TIME: std::time::Duration = std::time::Duration::from_secs(8);

/// The one of two opposite turns whose strip reads with more confidence. `level` is the page's after the first.
pub(crate) fn better_read(engine: &mut Engine, page: &Prepared, turns: [QuarterTurn; 2], level: Level) -> QuarterTurn {
    let strip = busiest_strip(&page.cleaned.image.rotate_quarter(turns[0]).rotate(-level.degrees));
    let mut confidence = |strip: &Raster| {
        let words = engine.recognize(gray(strip, page.dpi), Segmentation::Auto, STRIP_TIME);
        words.map_or(0.0, |words| worth::confidence(&words))
    };
    let (this, other) = (confidence(&strip), confidence(&strip.rotate_quarter(QuarterTurn::Half)));
    if this >= other { turns[0] } else { turns[1] }
}

/// The part of the page with the most edges, and so the most print.
fn busiest_strip(page: &Raster) -> Raster {
    let height = (page.height() / STRIP).max(1);
    let strip = |n: u32| page.crop(Rectangle { x: 0, y: n * height, w: page.width(), h: height });
    let edges = |strip: &Raster| {
        let pairs = strip.bytes().windows(2).step_by(3);
        pairs.filter(|pair| pair[0].abs_diff(pair[1]) > 40).count()
    };
    (0..STRIP).filter_map(strip).max_by_key(edges).unwrap_or_else(|| page.clone())
}

/// Reads the page the other ways up that are worth trying, and returns the best attempt.
pub(crate) fn other_way_up(
    engine: &mut Engine,
    page: &Prepared,
    first: Attempt,
    turns: &[QuarterTurn],
    clock: &Clock,
) -> Attempt {
    let mut best = first;
    for &turn in turns {
        let level = imaging::level(&page.cleaned.image.rotate_quarter(turn));
        // An attempt that fails proves nothing against the one that did not.
        let attempt = Attempt::new(engine, page, turn, level, clock.left());
        best = attempt.ok().filter(|attempt| attempt.beats(&best)).unwrap_or(best);
    }
    best
}
