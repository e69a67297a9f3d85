//! Where on a page may there be a barcode that was not read?
//!
//! A page is cut into blocks of 2 mm. Bars make gradients of one direction, which the structure tensor of a block shows
//! (J. Bigün and G. Granlund, "Optimal Orientation Detection of Linear Symmetry", ICCV 1987) even under grain, which has
//! none. The modules of a matrix code make a block half dark and full of edges. Neighbouring blocks of a kind
//! that together have the size of a barcode are worth a closer look. A wrong suspicion costs time and nothing else.

use imaging::Raster;
use record::words::Box as Place;

const BLOCK_MM: f64 = 2.0;
/// Bars: how much one direction outweighs, and their least extent.
const COHERENCE: f32 = 0.55;
const BARS_MM: (f64, f64) = (12.0, 4.0);
/// A matrix: the share of ink in a block, and the least side.
const DARK: std::ops::Range<f32> = 0.22..0.80;
const MATRIX_MM: f64 = 6.0;
/// Mean squared gradient, as a share of the squared contrast; less is paper, or a smear.
const EDGES_BARS: f32 = 0.005;
const EDGES_MATRIX: f32 = 0.007;
/// Less contrast than this is an empty page.
const CONTRAST_MIN: f32 = 40.0;
const MARGIN_MM: f64 = 3.0;
/// Every third pair of rows is looked at: every second one would pass by all edges of modules four pixels high.
const ROW_STEP: usize = 3;
/// One pixel of so many at least is ink, be it that of one small label.
const INK_SHARE: usize = 2_500;

/// What a block of the page looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Plain,
    Bars,
    Matrix,
}

#[derive(Clone, Copy, Default)]
struct Block {
    mean: f32,
    /// Sums of products of the gradients across and down, over the block's pixels.
    xx: f32,
    yy: f32,
    xy: f32,
}

impl Block {
    fn look(self, paper: f32, ink: f32) -> Look {
        let contrast = (paper - ink) * (paper - ink);
        let energy = self.xx + self.yy;
        let directed = ((self.xx - self.yy).powi(2) + 4.0 * self.xy * self.xy).sqrt();
        let dark = (paper - self.mean) / (paper - ink);
        if energy > EDGES_BARS * contrast && directed > COHERENCE * energy && dark > 0.1 {
            Look::Bars
        } else if energy > EDGES_MATRIX * contrast && DARK.contains(&dark) {
            Look::Matrix
        } else {
            Look::Plain
        }
    }
}

/// Places that look like barcodes, the largest first, each with some paper around it.
pub fn places(page: &Raster, dpi: u32) -> Vec<Place> {
    let dpi = if dpi > 0 { f64::from(dpi) } else { f64::from(page.width().min(page.height())) / 8.4 };
    let per_mm = dpi / 25.4;
    let side = ((BLOCK_MM * per_mm) as usize).max(8);
    let (across, blocks) = blocks(page, side);
    let (paper, ink) = levels(&blocks, page);
    if paper - ink < CONTRAST_MIN {
        return Vec::new();
    }
    let mut looks: Vec<Look> = blocks.iter().map(|block| block.look(paper, ink)).collect();
    let mut found = Vec::new();
    for start in 0..looks.len() {
        let look = looks[start];
        if look != Look::Plain {
            let area = take(&mut looks, across, start);
            if area.is_worth(look, side as f64 / per_mm) {
                found.push(area);
            }
        }
    }
    found.sort_by_key(|area| std::cmp::Reverse(area.blocks));
    found.into_iter().map(|area| area.place(page, side, (MARGIN_MM * per_mm) as usize)).collect()
}

/// Blocks row by row, and how many there are in a row; what is left over at the right and below is no block.
fn blocks(page: &Raster, side: usize) -> (usize, Vec<Block>) {
    let width = page.width() as usize;
    let across = width / side;
    let rows: Vec<&[u8]> = page.bytes().chunks_exact(width).collect();
    let mut blocks = Vec::with_capacity(across * (rows.len() / side));
    for band in rows.chunks_exact(side) {
        let mut sums = vec![Block::default(); across];
        for pair in band.windows(2).step_by(ROW_STEP) {
            for (block, sum) in sums.iter_mut().enumerate() {
                add(sum, &pair[0][block * side..][..side], &pair[1][block * side..][..side]);
            }
        }
        let pixels = ((side - 1).div_ceil(ROW_STEP) * (side - 1)) as f32;
        blocks.extend(sums.into_iter().map(|Block { mean, xx, yy, xy }| Block {
            mean: mean / pixels,
            xx: xx / pixels,
            yy: yy / pixels,
            xy: xy / pixels,
        }));
    }
    (across, blocks)
}

fn add(sum: &mut Block, upper: &[u8], lower: &[u8]) {
    let (mut level, mut xx, mut yy, mut xy) = (0_i32, 0_i32, 0_i32, 0_i32);
    for (up, low) in upper.windows(2).zip(lower.windows(2)) {
        let (a, b, c, d) = (i32::from(up[0]), i32::from(up[1]), i32::from(low[0]), i32::from(low[1]));
        // Roberts' cross turned by 45°: both gradients at one point.
        let (dx, dy) = ((b + d - a - c) / 2, (c + d - a - b) / 2);
        level += a;
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    sum.mean += level as f32;
    sum.xx += xx as f32;
    sum.yy += yy as f32;
    sum.xy += xy as f32;
}

/// The levels of paper and of ink.
fn levels(blocks: &[Block], page: &Raster) -> (f32, f32) {
    let mut means: Vec<f32> = blocks.iter().map(|block| block.mean).collect();
    means.sort_by(f32::total_cmp);
    let paper = means.get(means.len() * 7 / 10).copied().unwrap_or(0.0);
    let mut histogram = [0_usize; 256];
    page.bytes().iter().step_by(7).for_each(|&sample| histogram[usize::from(sample)] += 1);
    let mut seen = 0;
    let ink = histogram.iter().position(|count| {
        seen += count;
        seen * 7 * INK_SHARE > page.bytes().len()
    });
    (paper, ink.unwrap_or(0) as f32)
}

/// Connected blocks of one look.
struct Area {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
    blocks: usize,
}

/// Collects, and clears, the blocks that are connected to `start` and look alike.
fn take(looks: &mut [Look], across: usize, start: usize) -> Area {
    let look = std::mem::replace(&mut looks[start], Look::Plain);
    let mut area = Area { left: usize::MAX, top: usize::MAX, right: 0, bottom: 0, blocks: 0 };
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        let (x, y) = (at % across, at / across);
        area.left = area.left.min(x);
        area.right = area.right.max(x);
        area.top = area.top.min(y);
        area.bottom = area.bottom.max(y);
        area.blocks += 1;
        for near_y in y.saturating_sub(1)..=y + 1 {
            for near_x in x.saturating_sub(1)..=(x + 1).min(across - 1) {
                let near = near_y * across + near_x;
                if looks.get(near) == Some(&look) {
                    looks[near] = Look::Plain;
                    open.push(near);
                }
            }
        }
    }
    area
}

impl Area {
    /// Of a barcode's size, and filled as one is.
    fn is_worth(&self, look: Look, block_mm: f64) -> bool {
        let (wide, tall) = (self.right - self.left + 1, self.bottom - self.top + 1);
        let (longer, shorter) = (wide.max(tall) as f64 * block_mm, wide.min(tall) as f64 * block_mm);
        let filled = self.blocks as f64 / (wide * tall) as f64;
        match look {
            Look::Plain => false,
            Look::Bars => longer >= BARS_MM.0 && shorter >= BARS_MM.1 && filled > 0.4,
            Look::Matrix => shorter >= MATRIX_MM && filled > 0.6,
        }
    }

    fn place(&self, page: &Raster, side: usize, margin: usize) -> Place {
        let (left, top) = ((self.left * side).saturating_sub(margin), (self.top * side).saturating_sub(margin));
        let right = ((self.right + 1) * side + margin).min(page.width() as usize);
        let bottom = ((self.bottom + 1) * side + margin).min(page.height() as usize);
        Place { x: left as u32, y: top as u32, w: (right - left) as u32, h: (bottom - top) as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// White paper with `draw(x, y)` on it, 300 dpi.
    fn page(draw: impl Fn(u32, u32) -> bool) -> Raster {
        let samples = (0..1_200 * 900_u32).map(|n| if draw(n % 1_200, n / 1_200) { 20 } else { 240 });
        Raster::gray(1_200, 900, samples.collect()).expect("fits")
    }

    fn holds(places: &[Place], x: u32, y: u32) -> bool {
        places.iter().any(|p| (p.x..p.x + p.w).contains(&x) && (p.y..p.y + p.h).contains(&y))
    }

    #[test]
    fn bars_and_matrices_are_suspected() {
        let bars = page(|x, y| (300..800).contains(&x) && (200..320).contains(&y) && (x / 4 * 7) % 11 < 5);
        assert!(holds(&places(&bars, 300), 550, 260));
        let matrix = page(|x, y| {
            let inside = (500..620).contains(&x) && (400..520).contains(&y);
            let mixed = ((x / 4) * 31 + y / 4).wrapping_mul(2_654_435_761);
            inside && (mixed ^ mixed >> 15).wrapping_mul(2_246_822_519) >> 31 == 1
        });
        assert!(holds(&places(&matrix, 300), 560, 460), "{:?}", places(&matrix, 300));
    }

    #[test]
    fn paper_rules_and_solid_blocks_are_not() {
        for (name, page) in [
            ("paper", page(|_, _| false)),
            ("rules", page(|x, y| x % 200 < 3 || y % 90 < 3)),
            ("a block", page(|x, y| (300..800).contains(&x) && (200..600).contains(&y))),
        ] {
            assert_eq!(places(&page, 300), [], "{name}");
        }
    }
}
