//! What would the page look like under even light and with black ink?
//!
//! The paper's brightness is measured tile by tile and divided away; then print and paper are drawn apart to fixed
//! levels. After the model of document images as ink times light, as in D. Bloomberg's Leptonica.

use crate::Raster;

/// Side of a tile in pixels of the working copy; larger than any letter.
const TILE: usize = 16;
const FACTOR: u32 = 4;
/// The share of a tile's pixels that are darker than its paper.
const PAPER_RANK: f64 = 0.8;
/// The share of a tile's pixels that are its print.
const INK_RANK: f64 = 0.02;
/// What paper and ink become.
const WHITE: f64 = 235.0;
const BLACK: f64 = 25.0;
/// A pixel's share of the paper's light is counted in this many steps.
const STEPS: usize = 1024;

/// The brightness of the paper, and the contrast of what is on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Light {
    /// From the darkest paper to the lightest, in levels.
    pub unevenness: u8,
    /// From paper to print, in levels.
    pub contrast: u8,
    /// The typical paper.
    pub paper: u8,
}

/// Brightness of the paper in each tile.
struct Paper {
    across: usize,
    levels: Vec<u8>,
}

/// How dark the darkest percent of each tile is, and how light the paper.
struct Tiles {
    across: usize,
    ink: Vec<u8>,
    paper: Vec<u8>,
}

impl Tiles {
    fn measure(small: &Raster) -> Self {
        let width = small.width() as usize;
        let across = width.div_ceil(TILE);
        let mut tiles = Self { across, ink: Vec::new(), paper: Vec::new() };
        let mut histograms = vec![[0_usize; 256]; across];
        for rows in small.bytes().chunks(width * TILE) {
            histograms.fill([0; 256]);
            for row in rows.chunks_exact(width) {
                for (histogram, samples) in histograms.iter_mut().zip(row.chunks(TILE)) {
                    samples.iter().for_each(|&sample| histogram[usize::from(sample)] += 1);
                }
            }
            for (x, histogram) in histograms.iter().enumerate() {
                let count = rows.len() / width * TILE.min(width - x * TILE);
                tiles.ink.push(ranked(histogram, (count as f64 * INK_RANK) as usize) as u8);
                tiles.paper.push(ranked(histogram, (count as f64 * PAPER_RANK) as usize) as u8);
            }
        }
        tiles
    }
}

impl Paper {
    fn of(tiles: &Tiles) -> Self {
        Self { across: tiles.across, levels: tiles.paper.clone() }.filled()
    }

    /// A tile full of ink takes the paper of the lightest tile around it, once for ink and once more for a picture.
    fn filled(self) -> Self {
        let Self { across, levels } = self;
        let lightest: Vec<u8> = around(&levels, across).map(|near| near.max().unwrap_or(0)).collect();
        let levels: Vec<u8> =
            levels.iter().zip(&lightest).map(|(&own, &near)| own.max((u16::from(near) * 7 / 10) as u8)).collect();
        // Averaged, so that no tile's edge shows.
        let mean = |near: &mut dyn Iterator<Item = u8>| {
            let (sum, count) = near.fold((0_u32, 0_u32), |(sum, count), level| (sum + u32::from(level), count + 1));
            (sum / count.max(1)) as u8
        };
        let levels = around(&levels, across).map(|mut near| mean(&mut near)).collect();
        Self { across, levels }
    }

    /// Bilinear between the tiles' centres, for one row of the full page.
    fn row(&self, y: usize, out: &mut [u8]) {
        let tile = TILE * FACTOR as usize;
        let down = self.levels.len() / self.across;
        let (top, low) = between(y, tile, down);
        let (upper, lower) = (&self.levels[top.0 * self.across..], &self.levels[top.1 * self.across..]);
        let column = |x: usize| u32::from(upper[x]) * (256 - low) + u32::from(lower[x]) * low;
        let columns: Vec<u32> = (0..self.across).map(column).collect();
        for (x, out) in out.iter_mut().enumerate() {
            let ((left, right), far) = between(x, tile, self.across);
            *out = ((columns[left] * (256 - far) + columns[right] * far) >> 16) as u8;
        }
    }
}

/// The two tiles that a place lies between, and how far it is from the first to the second, of 256.
fn between(at: usize, tile: usize, tiles: usize) -> ((usize, usize), u32) {
    let from = at.saturating_sub(tile / 2);
    let first = (from / tile).min(tiles - 1);
    let far = if at < tile / 2 { 0 } else { (from % tile * 256 / tile) as u32 };
    ((first, (first + 1).min(tiles - 1)), far)
}

/// For each tile, itself and its neighbours.
fn around(levels: &[u8], across: usize) -> impl Iterator<Item = impl Iterator<Item = u8>> {
    let down = levels.len() / across;
    (0..levels.len()).map(move |at| {
        let (x, y) = (at % across, at / across);
        let rows = y.saturating_sub(1)..(y + 2).min(down);
        rows.flat_map(move |y| (x.saturating_sub(1)..(x + 2).min(across)).map(move |x| levels[y * across + x]))
    })
}

fn rank(samples: impl Iterator<Item = u8>, share: f64) -> u8 {
    let (mut histogram, mut count) = ([0_usize; 256], 0);
    for sample in samples {
        histogram[usize::from(sample)] += 1;
        count += 1;
    }
    ranked(&histogram, (count as f64 * share) as usize) as u8
}

/// The first level below which more than `rank` samples lie.
fn ranked(histogram: &[usize], rank: usize) -> usize {
    let mut seen = 0;
    let level = histogram.iter().position(|count| {
        seen += count;
        seen > rank
    });
    level.unwrap_or(histogram.len() - 1)
}

/// Measures the light on a gray page.
pub fn light(page: &Raster) -> Light {
    let small = page.reduce(FACTOR);
    let tiles = Tiles::measure(&small);
    let paper = Paper::of(&tiles);
    let level = |share| rank(paper.levels.iter().copied(), share);
    // The page's print is that of its darker tiles.
    let depths = paper.levels.iter().zip(&tiles.ink).map(|(paper, ink)| paper.saturating_sub(*ink));
    let contrast = rank(depths, 0.8);
    Light { unevenness: level(0.95).saturating_sub(level(0.05)), contrast, paper: level(0.5) }
}

/// The page under even light, its print drawn to black.
pub fn even_light(page: &Raster) -> Raster {
    let gray = page.to_gray();
    let width = gray.width() as usize;
    let paper = Paper::of(&Tiles::measure(&gray.reduce(FACTOR)));
    let shares = shares(&gray, &paper);
    let mut histogram = vec![0_usize; STEPS + 1];
    shares.iter().step_by(3).for_each(|&share| histogram[usize::from(share)] += 1);
    let ink = ink_share(&histogram);
    let tone: Vec<u8> = (0..=STEPS).map(|share| toned(share as f64 / (STEPS - STEPS / 16) as f64, ink)).collect();
    let samples = shares.into_iter().map(|share| tone[usize::from(share)]).collect();
    debug_assert!(width > 0);
    gray.like(gray.width(), gray.height(), samples)
}

/// Each pixel's share of the paper's light; [`STEPS`] less a sixteenth is the paper itself.
fn shares(gray: &Raster, paper: &Paper) -> Vec<u16> {
    let width = gray.width() as usize;
    let unit = (STEPS - STEPS / 16) as u32;
    let mut line = vec![0; width];
    let mut shares = Vec::with_capacity(gray.bytes().len());
    // One division for each level of paper instead of one for each pixel.
    let per_level: Vec<u32> = (0..256_u32).map(|level| (unit << 12) / level.max(1)).collect();
    for (y, row) in gray.bytes().chunks_exact(width).enumerate() {
        paper.row(y, &mut line);
        let share = |(&sample, &level): (&u8, &u8)| {
            ((u32::from(sample) * per_level[usize::from(level)]) >> 12).min(STEPS as u32) as u16
        };
        shares.extend(row.iter().zip(&line).map(share));
    }
    shares
}

/// Where the ink lies, as a share of the paper's light: among what is clearly darker than paper, the darker part.
fn ink_share(histogram: &[usize]) -> f64 {
    let unit = STEPS - STEPS / 16;
    let dark = &histogram[..unit * 85 / 100];
    let count: usize = dark.iter().sum();
    if count == 0 {
        return 0.0;
    }
    ranked(dark, count / 10) as f64 / unit as f64
}

fn toned(share: f64, ink: f64) -> u8 {
    let depth = (1.0 - share) / (1.0 - ink).max(0.12);
    (WHITE - depth * (WHITE - BLACK)).clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters of `ink` (a share of the light) under light that falls from left to right.
    fn shaded(ink: f64) -> Raster {
        let at = |n: u32| {
            let (x, y) = (n % 600, n / 600);
            let light = 240.0 - f64::from(x) * 0.25;
            let inked = x % 24 < 4 && y % 30 < 14;
            (if inked { light * ink } else { light }) as u8
        };
        Raster::gray(600, 600, (0..360_000).map(at).collect()).expect("fits")
    }

    #[test]
    fn light_is_measured() {
        let light = light(&shaded(0.3));
        assert!((100..160).contains(&light.unevenness), "{light:?}");
        assert!((150..190).contains(&light.paper), "{light:?}");
        assert!(light.contrast > 70, "{light:?}");
    }

    #[test]
    fn paper_becomes_white_and_faint_ink_black() {
        for ink in [0.2, 0.75] {
            let even = even_light(&shaded(ink));
            // Within half a tile of the edge the light is taken to be that of the tile.
            for x in [40, 300, 480] {
                let (inked, paper) =
                    (even.bytes()[40 * 600 + x / 24 * 24 + 2], even.bytes()[40 * 600 + x / 24 * 24 + 14]);
                assert!(inked < 70 && paper > 200, "ink {ink} at {x}: {inked} on {paper}");
            }
        }
    }

    #[test]
    fn a_single_pixel_and_a_black_page_are_no_fault() {
        for (width, height) in [(1, 1), (3, 70), (65, 2)] {
            let page = Raster::gray(width, height, vec![0; (width * height) as usize]).expect("fits");
            assert_eq!(even_light(&page).width(), width);
            assert_eq!(light(&page).contrast, 0);
        }
    }
}
