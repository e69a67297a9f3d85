//! Does a line that runs inward meet the bars of a patch code, and of which?

use super::Patch;

/// A narrow bar, in inches.
pub const UNIT: f64 = 0.08;
/// Printed smaller or larger than it should be, and scanners that lie about their resolution.
const SCALE: std::ops::RangeInclusive<f64> = 0.6..=1.5;
/// A wide bar, in units.
const WIDE: f64 = 2.5;
/// By how much a bar or space may miss its width once the ink's spread is known, in units.
const MISS_MAX: f64 = 0.42;
const SPREAD_MAX: f64 = 0.6;
/// Free paper before the bars and behind them, in units: 0.25 in are asked for. The wide spaces of a large Code 39 are no quiet.
const QUIET: (f64, f64) = (1.8, 2.8);
/// Less than this between ink and paper is noise.
const CONTRAST_MIN: u8 = 40;

/// One line that met the bars of a patch code.
#[derive(Debug, Clone, Copy)]
pub struct Vote {
    pub patch: Patch,
    pub along: usize,
    pub start: usize,
    pub end: usize,
    /// Pixels of a narrow bar.
    pub unit: f64,
}

/// A run of ink or paper: where it starts, its length, whether it is ink.
pub type Run = (usize, usize, bool);

/// Ink is darker than the middle between the darkest and the lightest nearby, so that neither shade nor fading matters.
pub fn ink_runs(line: &[u8], reach: usize) -> Vec<Run> {
    let extremes: Vec<(u8, u8)> = line
        .chunks(reach)
        .map(|block| block.iter().fold((u8::MAX, 0), |(low, high), &level| (low.min(level), high.max(level))))
        .collect();
    let is_ink = |(at, level): (usize, &u8)| {
        let block = at / reach;
        let near = &extremes[block.saturating_sub(2)..(block + 3).min(extremes.len())];
        let (low, high) = near.iter().fold((u8::MAX, 0), |(low, high), &(l, h)| (low.min(l), high.max(h)));
        high - low >= CONTRAST_MIN && u16::from(*level) * 2 < u16::from(low) + u16::from(high)
    };
    let mut runs: Vec<Run> = Vec::new();
    for (at, ink) in line.iter().enumerate().map(|sample| (sample.0, is_ink(sample))) {
        match runs.last_mut() {
            Some((_, length, of)) if *of == ink => *length += 1,
            _ => runs.push((at, 1, ink)),
        }
    }
    without_specks(runs)
}

/// A run of one pixel is grain: it and its neighbours are one run.
fn without_specks(runs: Vec<Run>) -> Vec<Run> {
    let mut kept: Vec<Run> = Vec::with_capacity(runs.len());
    for (at, length, ink) in runs {
        match kept.last_mut() {
            Some((_, before, of)) if *of == ink || length == 1 => *before += length,
            _ => kept.push((at, length, ink)),
        }
    }
    kept
}

pub fn votes(runs: &[Run], along: usize, per_inch: f64) -> impl Iterator<Item = Vote> {
    let inks = (1..runs.len().saturating_sub(7)).filter(|&at| runs[at].2);
    inks.filter_map(move |at| {
        let widths: [f64; 7] = std::array::from_fn(|n| runs[at + n].1 as f64);
        let (patch, unit) = proportions(&widths)?;
        let quiet = |run: usize, least: f64| runs[run].1 as f64 >= least * unit;
        let (start, end) = (runs[at].0, runs[at + 7].0);
        let fits = SCALE.contains(&(unit / (UNIT * per_inch))) && quiet(at - 1, QUIET.0) && quiet(at + 7, QUIET.1);
        fits.then_some(Vote { patch, along, start, end, unit })
    })
}

/// The code that bars and spaces of these widths are, and the width of its unit.
fn proportions(widths: &[f64; 7]) -> Option<(Patch, f64)> {
    let bars = [widths[0], widths[2], widths[4], widths[6]];
    let spaces = [widths[1], widths[3], widths[5]];
    let (ink, paper): (f64, f64) = (bars.iter().sum(), spaces.iter().sum());
    // With spread s on each bar: ink = 7 units + 4 s, paper = 3 units − 3 s.
    let unit = (3.0 * ink + 4.0 * paper) / 33.0;
    let spread = (ink - 7.0 * unit) / 4.0;
    if spread.abs() > SPREAD_MAX * unit {
        return None;
    }
    let wide = bars.map(|bar| bar - spread > (1.0 + WIDE) / 2.0 * unit);
    let patch = Patch::ALL.into_iter().find(|patch| patch.wide() == wide)?;
    let miss = |width: f64, nominal: f64| (width - nominal).abs() <= MISS_MAX * unit;
    let bars_fit = bars.iter().zip(wide).all(|(bar, wide)| miss(bar - spread, if wide { WIDE * unit } else { unit }));
    let spaces_fit = spaces.iter().all(|space| miss(space + spread, unit));
    (bars_fit && spaces_fit).then_some((patch, unit))
}
