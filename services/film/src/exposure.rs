//! Where was light on the film? Which way round is the scan, and how much stronger than unexposed film is each pixel?
//!
//! The two edges of a film are never exposed, so their running median is the base level along the film, whatever the density
//! does; pages lie on one side of it, darker or lighter.

use std::ops::Range;

use crate::Strip;

/// Part of the film's width, on either side, that pages leave free.
const EDGE: f64 = 0.025;

/// How much more than unexposed film each pixel was exposed, column by column like the strip.
pub(crate) struct Exposure {
    pub width: usize,
    pub height: usize,
    pub negative: bool,
    /// Pixels above it are exposed.
    pub threshold: u8,
    /// The light of paper on this film: the median of what is exposed in its middle.
    pub paper: u8,
    /// First and last row of the film in the strip.
    pub film: (usize, usize),
    light: Vec<u8>,
}

impl Exposure {
    pub fn of(strip: &Strip, negative: Option<bool>) -> Self {
        let film = film(strip);
        let (width, height) = (strip.width, film.1 - film.0);
        let base = Base::of(strip, film);
        let negative = negative.unwrap_or_else(|| base.is_above_pages(strip, film));
        let grain = base.grain;
        let mut light = vec![0; width * height];
        for (x, column) in light.chunks_exact_mut(height).enumerate() {
            let samples = &strip.column(x)[film.0..film.1];
            let (top, slope) = (base.top[x], (base.bottom[x] - base.top[x]) / height as f32);
            for (y, (pixel, &sample)) in column.iter_mut().zip(samples).enumerate() {
                let above = f32::from(sample) - top - slope * y as f32;
                *pixel = if negative { -above } else { above }.clamp(0.0, 255.0) as u8;
            }
        }
        let light = smooth(&light, height);
        let threshold = (1.1 * grain).clamp(9.0, 60.0) as u8;
        let paper = paper(&light, height, threshold);
        Self { width, height, negative, threshold, paper, film, light }
    }

    pub fn column(&self, x: usize) -> &[u8] {
        &self.light[x * self.height..(x + 1) * self.height]
    }

    /// Of a column, between two rows.
    pub fn mean(&self, x: usize, (first, last): (usize, usize)) -> f32 {
        let rows = &self.column(x)[first..last.max(first + 1).min(self.height)];
        rows.iter().map(|&pixel| f32::from(pixel)).sum::<f32>() / rows.len().max(1) as f32
    }

    pub fn is_exposed(&self, x: usize, y: usize) -> bool {
        self.light[x * self.height + y] > self.threshold
    }
}

fn paper(light: &[u8], height: usize, threshold: u8) -> u8 {
    let middle = height * 4 / 10..height * 6 / 10;
    let columns = light.chunks_exact(height).step_by(7);
    let lit = columns.flat_map(|column| column[middle.clone()].iter().step_by(5)).filter(|&&pixel| pixel > threshold);
    median(&mut lit.copied().collect::<Vec<_>>())
}

/// The mean of three by three pixels.
fn smooth(light: &[u8], height: usize) -> Vec<u8> {
    let last = light.len() / height - 1;
    let column = |x: usize| &light[x * height..(x + 1) * height];
    let mut sums = vec![0_u16; height];
    let mut smoothed = Vec::with_capacity(light.len());
    for x in 0..=last {
        let beside = column(x.saturating_sub(1)).iter().zip(column(x)).zip(column((x + 1).min(last)));
        sums.iter_mut().zip(beside).for_each(|(sum, ((&a, &b), &c))| *sum = u16::from(a) + u16::from(b) + u16::from(c));
        let at = |y: usize| sums[y.min(height - 1)];
        smoothed.extend((0..height).map(|y| ((at(y.saturating_sub(1)) + at(y) + at(y + 1)) / 9) as u8));
    }
    smoothed
}

/// The rows of the strip that are film: without the bed of the scanner beside it. Where the bed ends, the level steps along
/// the whole strip; where pages begin, it does not, because there are gaps between them.
fn film(strip: &Strip) -> (usize, usize) {
    let (height, reach) = (strip.height, strip.height / 8);
    let along = along(strip);
    let step = |y: usize, inward: isize| steps_everywhere(strip, &along, y, (y as isize + 5 * inward) as usize);
    if height < 64 {
        return (0, height);
    }
    let top = (1..reach).rev().find(|&y| step(y, 1)).map_or(0, |y| y + 6);
    let bottom = (height - reach..height - 1).find(|&y| step(y, -1)).map_or(height, |y| y - 5);
    (top, bottom)
}

/// The columns from the first to the last that has any grain: beyond the film's ends there is only the bed.
fn along(strip: &Strip) -> Range<usize> {
    let has_grain = |&x: &usize| {
        let column = strip.column(x);
        let (least, most) =
            column.iter().fold((u8::MAX, 0), |(least, most), &pixel| (least.min(pixel), most.max(pixel)));
        most - least > 2
    };
    let first = (0..strip.width).find(has_grain).unwrap_or(0);
    first..(first..strip.width).rev().find(has_grain).map_or(strip.width, |x| x + 1)
}

/// Of small patches, so that grain does not count as steps.
fn steps_everywhere(strip: &Strip, along: &Range<usize>, from: usize, to: usize) -> bool {
    let level = |x: usize, y: usize| {
        let rows = y.saturating_sub(1)..(y + 2).min(strip.height);
        let patch = (x..(x + 8).min(strip.width)).flat_map(|x| strip.column(x)[rows.clone()].iter());
        let (sum, count) = patch.fold((0_i32, 0), |(sum, count), &sample| (sum + i32::from(sample), count + 1));
        sum / count.max(1)
    };
    let (mut up, mut down, mut patches) = (0, 0, 0);
    for x in along.clone().step_by(29) {
        let step = level(x, to) - level(x, from);
        patches += 1;
        up += usize::from(step > 6);
        down += usize::from(step < -6);
    }
    // Past rows that are half the one and half the other.
    let deep = if to > from { to + 5 } else { to - 5 };
    let mid = |x: usize| (6..15).map(|part| level(x, strip.height * part / 20)).sum::<i32>() / 9;
    // Behind the bed comes unexposed film, and the middle is something else; behind the edge of a page comes more of it.
    let mut ratios: Vec<i32> = along
        .clone()
        .step_by(29)
        .map(|x| 100 * (mid(x) - level(x, deep)).abs() / (level(x, from) - level(x, deep)).abs().max(1))
        .collect();
    let middle = ratios.len() / 2;
    up.max(down) * 100 >= patches * 97 && !ratios.is_empty() && *ratios.select_nth_unstable(middle).1 > 55
}

/// Level of unexposed film along both edges.
struct Base {
    top: Vec<f32>,
    bottom: Vec<f32>,
    /// Deviation of a pixel.
    grain: f32,
}

impl Base {
    fn of(strip: &Strip, (first, last): (usize, usize)) -> Self {
        let height = last - first;
        let edge = ((height as f64 * EDGE) as usize).max(3).min(height);
        // Longer than a splice or a mark, shorter than what density does.
        let reach = height * 35 / 100;
        let level = |from: usize| {
            let edges: Vec<u8> =
                (0..strip.width).map(|x| median(&mut strip.column(x)[from..from + edge].to_vec())).collect();
            running_median(&edges, reach)
        };
        let (top, bottom) = (level(first), level(last - edge));
        let steps = (0..strip.width).step_by(3).flat_map(|x| {
            let column = &strip.column(x)[first..first + edge];
            column.windows(2).map(|pair| pair[0].abs_diff(pair[1])).collect::<Vec<_>>()
        });
        let mut steps: Vec<u8> = steps.collect();
        // The median of differences of two normal pixels is 0.954 deviations.
        let grain = (f32::from(median(&mut steps)) / 0.954).max(1.5);
        Self { top, bottom, grain }
    }

    fn is_above_pages(&self, strip: &Strip, (first, last): (usize, usize)) -> bool {
        let height = last - first;
        let mut balance = 0_i64;
        for x in (0..strip.width).step_by(5) {
            let base = (self.top[x] + self.bottom[x]) / 2.0;
            for &sample in strip.column(x)[first + height * 3 / 10..first + height * 7 / 10].iter().step_by(5) {
                let above = f32::from(sample) - base;
                balance += if above.abs() > 4.0 * self.grain { above as i64 } else { 0 };
            }
        }
        balance < 0
    }
}

fn median(values: &mut [u8]) -> u8 {
    if values.is_empty() {
        return 0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable(middle).1
}

/// Medians of windows of `reach` values on either side, moved along a histogram (Huang, Yang and Tang 1979).
fn running_median(values: &[u8], reach: usize) -> Vec<f32> {
    let mut counts = [0_usize; 256];
    let mut inside = 0;
    let mut medians = Vec::with_capacity(values.len());
    values.iter().take(reach).for_each(|&value| {
        counts[usize::from(value)] += 1;
        inside += 1
    });
    for at in 0..values.len() {
        if let Some(&value) = values.get(at + reach) {
            counts[usize::from(value)] += 1;
            inside += 1;
        }
        if let Some(gone) = at.checked_sub(reach + 1) {
            counts[usize::from(values[gone])] -= 1;
            inside -= 1;
        }
        let mut below = 0;
        let middle = counts.iter().position(|count| {
            below += count;
            2 * below > inside
        });
        medians.push(middle.unwrap_or(0) as f32);
    }
    medians
}
