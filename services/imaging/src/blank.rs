//! Is there anything on the page?
//!
//! Never answered by the share of black pixels: a one-line note has less of it than a blank sheet with a shadow along
//! its edge. What counts is whether there are *marks*: connected spots darker than the paper around them, too large
//! for dust, and neither punch holes nor the edge of the sheet. When in doubt the page is not blank.

use crate::Raster;

/// Working resolution in dots per inch: a pencil line is still a pixel wide.
const WORKING_DPI: f64 = 150.0;
/// Marks with a longer side below this are dust.
const MARK_MM_MIN: f64 = 0.9;
/// The paper's own brightness is averaged over a square of about this side.
const PAPER_MM: f64 = 10.0;
/// A mark differs from the paper by at least so many levels, and by so many times the noise.
const CONTRAST_MIN: u8 = 10;
const NOISE_TIMES: u8 = 5;
/// So much noise is no paper but a halftone or a dithered picture: its dots are marks.
const CONTRAST_MAX: u8 = 40;
const MM_PER_INCH: f64 = 25.4;

/// What was found on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blankness {
    /// Marks, without dust, punch holes and the sheet's edges.
    pub marks: u32,
    /// Punch holes and what touches the border.
    pub set_aside: u32,
}

impl Blankness {
    /// Only a hint for people: a page flagged blank is kept like any other.
    pub const fn is_blank(self) -> bool {
        self.marks == 0
    }
}

/// Counts the marks on a page. `dpi` 0: taken to be as wide as a letter-size sheet.
pub fn blankness(page: &Raster, dpi: u32) -> Blankness {
    let dpi = if dpi > 0 { f64::from(dpi) } else { f64::from(page.width().min(page.height())) / 8.4 };
    let working = working_copy(page, dpi);
    let scale = f64::from(working.width()) / f64::from(page.width());
    let per_mm = dpi * scale / MM_PER_INCH;
    let mut ink = ink(&working, per_mm);
    let mut found = Blankness { marks: 0, set_aside: 0 };
    let width = working.width() as usize;
    for start in 0..ink.len() {
        if !ink[start] {
            continue;
        }
        let spot = take_spot(&mut ink, width, start);
        match judge(&spot, working.width(), working.height(), per_mm) {
            Verdict::Dust => {}
            Verdict::SetAside => found.set_aside += 1,
            Verdict::Mark => found.marks += 1,
        }
    }
    found
}

fn working_copy(page: &Raster, dpi: f64) -> Raster {
    let gray = page.to_gray();
    let scale = WORKING_DPI / dpi;
    if scale >= 1.0 {
        return gray;
    }
    let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    let scaled = gray.scale_to(side(page.width()), side(page.height()));
    // Scaling down within limits cannot fail; should it, the page as it is does as well.
    scaled.unwrap_or(gray)
}

/// Pixels that are clearly darker than the paper around them.
fn ink(page: &Raster, per_mm: f64) -> Vec<bool> {
    let mut paper = local_mean(page, (PAPER_MM * per_mm / 2.0).ceil() as usize);
    let least = noise(page, &paper).saturating_mul(NOISE_TIMES).clamp(CONTRAST_MIN, CONTRAST_MAX);
    keep_to_sheet(&mut paper, page, per_mm);
    page.bytes().iter().zip(&paper).map(|(&sample, &paper)| paper.saturating_sub(sample) >= least).collect()
}

/// Coarse pixels are means over squares of this side.
const COARSE: u32 = 4;

/// Where the sheet lies askew, what is behind it may be brighter, and the mean along its edge too bright for its paper. So
/// paper is no brighter there than the closing of the page (J. Serra, Image Analysis and Mathematical Morphology, 1982): that
/// fills marks, which have paper on both sides, and leaves steps as they are. But no darker than most of the page, or whatever
/// is broad and dark would be paper.
fn keep_to_sheet(paper: &mut [u8], page: &Raster, per_mm: f64) {
    let side = |side: u32| side.div_ceil(COARSE);
    let Ok(coarse) = page.scale_to(side(page.width()), side(page.height())) else { return };
    let (width, height) = (coarse.width() as usize, coarse.height() as usize);
    let radius = (PAPER_MM * per_mm / f64::from(COARSE) / 2.0).ceil() as usize;
    let filled = extreme(coarse.bytes(), width, height, radius, u8::max);
    // One more, for the pixels on the step that are partly this and partly that.
    let closed = extreme(&filled, width, height, radius + 1, u8::min);
    let most = median(page.bytes());
    let across = page.width() as usize;
    for (row, y) in paper.chunks_exact_mut(across).zip(0..) {
        let coarse = (y / COARSE as usize).min(height - 1) * width;
        for (level, x) in row.iter_mut().zip(0..) {
            *level = (*level).min(closed[coarse + (x / COARSE as usize).min(width - 1)].max(most));
        }
    }
}

/// The greatest or the least over a square of `2 × radius + 1`: over rows, then over columns. Whole rows are compared with
/// each other, as many bytes at a time as the processor can.
fn extreme(levels: &[u8], width: usize, height: usize, radius: usize, of: impl Fn(u8, u8) -> u8) -> Vec<u8> {
    let join =
        |into: &mut [u8], from: &[u8]| into.iter_mut().zip(from).for_each(|(level, &from)| *level = of(*level, from));
    let mut rows = levels.to_vec();
    for (found, row) in rows.chunks_exact_mut(width).zip(levels.chunks_exact(width)) {
        for apart in 1..=radius.min(width - 1) {
            join(found, &row[apart..]);
            join(&mut found[apart..], row);
        }
    }
    let mut columns = rows.clone();
    for apart in (1..=radius.min(height - 1)).map(|rows| rows * width) {
        join(&mut columns, &rows[apart..]);
        join(&mut columns[apart..], &rows);
    }
    columns
}

fn median(levels: &[u8]) -> u8 {
    let mut histogram = [0_usize; 256];
    levels.iter().for_each(|level| histogram[usize::from(*level)] += 1);
    middle(&histogram, levels.len())
}

fn middle(histogram: &[usize; 256], count: usize) -> u8 {
    let mut seen = 0;
    let median = histogram.iter().position(|levels| {
        seen += levels;
        seen * 2 >= count
    });
    median.unwrap_or(0) as u8
}

/// Median distance from the local mean: what grain the paper and the sensor have.
fn noise(page: &Raster, paper: &[u8]) -> u8 {
    let mut histogram = [0_usize; 256];
    for (&sample, &mean) in page.bytes().iter().zip(paper) {
        histogram[usize::from(sample.abs_diff(mean))] += 1;
    }
    middle(&histogram, paper.len())
}

/// Mean over a square of `2 × radius + 1`, by running column sums.
pub(crate) fn local_mean(page: &Raster, radius: usize) -> Vec<u8> {
    let (width, height) = (page.width() as usize, page.height() as usize);
    let rows: Vec<&[u8]> = page.bytes().chunks_exact(width).collect();
    let mut columns = vec![0_u32; width];
    let mut means = Vec::with_capacity(width * height);
    let add = |columns: &mut [u32], row: &[u8]| columns.iter_mut().zip(row).for_each(|(c, &s)| *c += u32::from(s));
    rows.iter().take(radius).for_each(|row| add(&mut columns, row));
    for y in 0..height {
        if let Some(row) = rows.get(y + radius) {
            add(&mut columns, row);
        }
        if y > radius {
            columns.iter_mut().zip(rows[y - radius - 1]).for_each(|(c, &s)| *c -= u32::from(s));
        }
        let tall = (y + radius + 1).min(height) - y.saturating_sub(radius);
        means.extend(sliding_mean(&columns, radius, tall));
    }
    means
}

/// The sums fit: a square of the largest radius in use holds less than 2^32 / 255 pixels.
///
/// Within the row all windows are alike, and are divided by multiplication with the reciprocal in 2^-40: exact where sum
/// times pixels is less than 2^40 (T. Granlund and P. Montgomery, "Division by invariant integers using multiplication",
/// 1994), a level too many at worst.
fn sliding_mean(columns: &[u32], radius: usize, tall: usize) -> impl Iterator<Item = u8> {
    let mut sum: u32 = columns.iter().take(radius).sum();
    let whole = 2 * radius + 1;
    let reciprocal = (1_u64 << 40) / (whole * tall) as u64 + 1;
    (0..columns.len()).map(move |x| {
        sum += columns.get(x + radius).copied().unwrap_or(0);
        if x > radius {
            sum -= columns[x - radius - 1];
        }
        let wide = (x + radius + 1).min(columns.len()) - x.saturating_sub(radius);
        if wide == whole { ((u64::from(sum) * reciprocal) >> 40) as u8 } else { (sum / (wide * tall) as u32) as u8 }
    })
}

/// A connected set of ink pixels.
struct Spot {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
    pixels: u32,
}

/// Collects, and clears, the ink connected (by sides or corners) to `start`.
fn take_spot(ink: &mut [bool], width: usize, start: usize) -> Spot {
    let mut spot = Spot { left: u32::MAX, top: u32::MAX, right: 0, bottom: 0, pixels: 0 };
    let mut open = vec![start];
    ink[start] = false;
    while let Some(at) = open.pop() {
        let (x, y) = (at % width, at / width);
        spot.left = spot.left.min(x as u32);
        spot.right = spot.right.max(x as u32);
        spot.top = spot.top.min(y as u32);
        spot.bottom = spot.bottom.max(y as u32);
        spot.pixels += 1;
        for near_y in y.saturating_sub(1)..=y + 1 {
            for near_x in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                let near = near_y * width + near_x;
                if ink.get(near) == Some(&true) {
                    ink[near] = false;
                    open.push(near);
                }
            }
        }
    }
    spot
}

enum Verdict {
    Dust,
    SetAside,
    Mark,
}

fn judge(spot: &Spot, page_width: u32, page_height: u32, per_mm: f64) -> Verdict {
    let (wide, tall) = (f64::from(spot.right - spot.left + 1), f64::from(spot.bottom - spot.top + 1));
    let (longer, shorter) = (wide.max(tall) / per_mm, wide.min(tall) / per_mm);
    if longer < MARK_MM_MIN {
        return Verdict::Dust;
    }
    let touches = spot.left == 0 || spot.top == 0 || spot.right + 1 == page_width || spot.bottom + 1 == page_height;
    // Shadows and torn edges run along the border; writing that reaches it is broad.
    if touches && shorter < 6.0 {
        return Verdict::SetAside;
    }
    let to_edge = [spot.left, spot.top, page_width - 1 - spot.right, page_height - 1 - spot.bottom];
    let near_edge = to_edge.iter().any(|&distance| f64::from(distance) / per_mm < 18.0);
    let round = longer / shorter < 1.3 && (0.65..0.95).contains(&(f64::from(spot.pixels) / (wide * tall)));
    // ISO 838: holes of 5.5 to 6.5 mm, 12 mm from the edge; North American ones have 7 to 8.
    if round && near_edge && (4.5..9.0).contains(&longer) { Verdict::SetAside } else { Verdict::Mark }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DPI: u32 = 150;

    /// A4 paper with grain, drawn on by `draw(x mm, y mm)`: the level there, if it is not paper.
    fn sheet(draw: impl Fn(f64, f64) -> Option<u8>) -> Raster {
        let (width, height) = (1_240_u32, 1_754_u32);
        let mm = |n: u32| f64::from(n) / f64::from(DPI) * 25.4;
        let samples = (0..width * height).map(|n| {
            let grain = (n.wrapping_mul(2_654_435_761) >> 30) as u8;
            draw(mm(n % width), mm(n / width)).unwrap_or(244 + grain)
        });
        Raster::gray(width, height, samples.collect()).expect("fits")
    }

    #[test]
    fn bare_paper_shadows_dust_and_holes_are_blank() {
        let hole = |x: f64, y: f64, cy: f64| (x - 12.0).hypot(y - cy) < 3.0;
        let page = sheet(|x, y| {
            let shadow = (x < 2.0).then_some(60);
            let holes = (hole(x, y, 108.0) || hole(x, y, 188.0)).then_some(40);
            let dust = ((x - 90.0).hypot(y - 77.0) < 0.25).then_some(100);
            shadow.or(holes).or(dust)
        });
        let found = blankness(&page, DPI);
        assert!(found.is_blank() && found.set_aside == 3, "{found:?}");
        assert!(blankness(&sheet(|_, _| None), DPI).is_blank());
    }

    /// Grey paper, 2° askew, and something brighter or darker behind it.
    #[test]
    fn a_blank_sheet_askew_before_something_brighter_is_blank_and_a_written_one_is_not() {
        let line = |x: f64, y: f64| (60.0..110.0).contains(&x) && (y - 140.0).abs() < 0.25;
        let askew = |written: bool, behind: u8| {
            sheet(|x, y| {
                let (across, along) = (x + y * 0.035, y - x * 0.035);
                let on_sheet = across > 6.0 && along > 0.0;
                if !on_sheet { Some(behind) } else { Some(if written && line(x, y) { 190 } else { 215 }) }
            })
        };
        assert!(blankness(&askew(false, 255), DPI).is_blank());
        assert!(!blankness(&askew(true, 255), DPI).is_blank());
        // A dark ground may be anything: a person looks.
        assert!(!blankness(&askew(false, 20), DPI).is_blank());
    }

    #[test]
    fn broad_and_dark_things_are_marks_also_on_dark_paper() {
        let block = |paper: u8, dark: u8| {
            sheet(move |x, y| {
                Some(if (60.0..140.0).contains(&x) && (100.0..180.0).contains(&y) { dark } else { paper })
            })
        };
        assert!(!blankness(&block(240, 60), DPI).is_blank());
        assert!(!blankness(&block(160, 120), DPI).is_blank());
        // Most of the page is grey; the writing stands on a white label, and is brighter than the grey.
        let label = sheet(|x, y| match (60.0..110.0).contains(&x) && (60.0..90.0).contains(&y) {
            true if (70.0..100.0).contains(&x) && (75.0..75.6).contains(&y) => Some(210),
            true => Some(250),
            false => Some(180),
        });
        assert!(!blankness(&label, DPI).is_blank());
    }

    #[test]
    fn faint_pencil_a_page_number_and_initials_are_not() {
        let pencil =
            sheet(|x, y| ((60.0..110.0).contains(&x) && (y - 140.0 - (x * 2.0).sin()).abs() < 0.25).then_some(214));
        assert!(!blankness(&pencil, DPI).is_blank());
        let number = sheet(|x, y| ((104.0..104.6).contains(&x) && (280.0..282.5).contains(&y)).then_some(50));
        assert_eq!(blankness(&number, DPI), Blankness { marks: 1, set_aside: 0 });
    }

    #[test]
    fn a_dithered_picture_is_not_blank() {
        let dots = (0..300 * 300_u32).map(|n| if (n / 7).wrapping_mul(2_654_435_761) >> 31 == 0 { 0 } else { 255 });
        assert!(!blankness(&Raster::gray(300, 300, dots.collect()).expect("fits"), 100).is_blank());
    }

    #[test]
    fn resolution_does_not_change_the_verdict() {
        let page = sheet(|x, y| ((50.0..90.0).contains(&x) && (100.0..100.8).contains(&y)).then_some(90));
        let doubled = page.scale_to(2_480, 3_508).expect("scales");
        assert_eq!(blankness(&page, 150), blankness(&doubled, 300));
        assert_eq!(blankness(&page, 0).marks, 1);
        assert!(blankness(&Raster::gray(1, 1, vec![0]).expect("fits"), 0).is_blank());
    }
}
