//! Does the film lie askew on the scanner's bed? Then its edges are not rows of the picture, and what is at the edges of the picture is
//! the bed here and film there: neither the level of unexposed film nor which way round it is could be told from them.
//!
//! Where the bed is to be seen, the border between it and the film is a step in a level that is the same on all of the bed. In
//! each of some windows along the film the step is looked for; through where it is goes the median of the lines through
//! pairs of windows (Theil 1950, Sen 1968), and by that line columns are moved until the film is straight.

use crate::Strip;

const WINDOWS: usize = 48;
/// Windows in which the border was found, where that is to mean anything.
const SEEN_MIN: usize = 12;
/// Levels on the bed differ by no more; those of the film from it by more.
const STEP: u8 = 14;
/// The film is straight where it does not rise by more rows.
const RISE_MIN: f32 = 6.0;
/// So near to the line is the border …
const NEAR: f32 = 2.5;
/// … in this part of the windows.
const ALIKE: f32 = 0.8;

/// The strip with its film straight, where it is not.
pub(crate) fn straightened(strip: &Strip) -> Option<Strip> {
    if strip.height < 64 || strip.width < 4 * WINDOWS {
        return None;
    }
    let bed = bed(strip)?;
    let borders = [true, false].map(|top| borders(strip, bed, top));
    let seen = if borders[0].len() >= borders[1].len() { &borders[0] } else { &borders[1] };
    let slope = slope(seen)?;
    let rise = slope * strip.width as f32;
    (rise.abs() >= RISE_MIN && rise.abs() < strip.height as f32 / 2.0).then(|| moved(strip, slope, bed))
}

/// The level of the bed, which is much darker or lighter than film, and the most frequent one at the picture's corners.
fn bed(strip: &Strip) -> Option<u8> {
    let edges = (0..strip.width).step_by(7).flat_map(|x| [strip.column(x)[0], strip.column(x)[strip.height - 1]]);
    let mut counts = [0_usize; 256];
    edges.for_each(|level| counts[usize::from(level)] += 1);
    let near = |level: usize| counts[level.saturating_sub(2)..(level + 3).min(256)].iter().sum::<usize>();
    let level = [0..24, 232..256].into_iter().flatten().max_by_key(|level| near(*level))?;
    (near(level) * 8 >= counts.iter().sum()).then_some(level as u8)
}

/// In the windows where the bed is to be seen at that edge of the picture: the window's middle, and where the film begins.
fn borders(strip: &Strip, bed: u8, top: bool) -> Vec<(f32, f32)> {
    let width = strip.width / WINDOWS;
    let border = |window: usize| {
        let columns = window * width..(window + 1) * width;
        let middle = (window * width + width / 2) as f32;
        let row = |y: usize| if top { y } else { strip.height - 1 - y };
        let is_bed = |y: &usize| {
            let other = columns.clone().step_by(3).filter(|x| strip.column(*x)[row(*y)].abs_diff(bed) > STEP).count();
            other * 3 * 4 < width
        };
        let deep = (0..strip.height / 2).take_while(is_bed).count();
        (deep > 1 && deep < strip.height / 2).then(|| (middle, row(deep) as f32))
    };
    (0..WINDOWS).filter_map(border).collect()
}

/// Rows for each column, where the border is a line.
fn slope(seen: &[(f32, f32)]) -> Option<f32> {
    if seen.len() < SEEN_MIN {
        return None;
    }
    let pairs =
        seen.iter().enumerate().flat_map(|(at, a)| seen[at + 1..].iter().map(move |b| (b.1 - a.1) / (b.0 - a.0)));
    let slope = middle(pairs.collect());
    let offset = middle(seen.iter().map(|(x, y)| y - slope * x).collect());
    let near = seen.iter().filter(|(x, y)| (y - slope * x - offset).abs() <= NEAR).count();
    (near as f32 >= ALIKE * seen.len() as f32).then_some(slope)
}

fn middle(mut values: Vec<f32>) -> f32 {
    let half = values.len() / 2;
    *values.select_nth_unstable_by(half, f32::total_cmp).1
}

/// Columns moved by as much as the film rises; where the picture ends, the bed goes on.
fn moved(strip: &Strip, slope: f32, bed: u8) -> Strip {
    let centre = strip.width as f32 / 2.0;
    let moves: Vec<i32> = (0..strip.width).map(|x| (slope * (x as f32 - centre)).round() as i32).collect();
    let column = |(x, by): (usize, &i32)| {
        let (by, samples) = (*by, strip.column(x));
        let row = move |y: usize| usize::try_from(y as i32 + by).ok().and_then(|y| samples.get(y).copied());
        (0..strip.height).map(move |y| row(y).unwrap_or(bed))
    };
    let samples = moves.iter().enumerate().flat_map(column).collect();
    strip.with_moved(samples, moves)
}
