//! How much grain and how many specks are on the page?

use crate::Raster;

/// Rows between two that are looked at.
const STEP: usize = 4;
/// A speck differs from all four pixels beside it by more than this.
const APART: i16 = 56;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Standard deviation of the grain, in levels.
    pub grain: f64,
    /// Share of pixels that are lighter or darker than all beside them.
    pub specks: f64,
}

/// Measures noise where the page is flat: by the median, so that print does not count. The filter is that of J. Immerkær,
/// "Fast Noise Variance Estimation" (CVIU 64, 1996), which is blind to edges.
pub fn noise(page: &Raster) -> Noise {
    let gray = page.as_gray();
    let width = gray.width() as usize;
    let rows: Vec<&[u8]> = gray.bytes().chunks_exact(width).collect();
    let (mut histogram, mut count, mut specks) = ([0_usize; 4_096], 0_usize, 0_usize);
    if width >= 3 {
        for three in rows.windows(3).step_by(STEP) {
            for x in 1..width - 1 {
                let at = |row: usize, x: usize| i16::from(three[row][x]);
                let (here, sides) = (at(1, x), [at(0, x), at(2, x), at(1, x - 1), at(1, x + 1)]);
                let corners = at(0, x - 1) + at(0, x + 1) + at(2, x - 1) + at(2, x + 1);
                let filtered = corners - 2 * sides.iter().sum::<i16>() + 4 * here;
                histogram[usize::from(filtered.unsigned_abs()).min(4_095)] += 1;
                let (dark, light) =
                    (sides.iter().all(|side| side - here > APART), sides.iter().all(|side| here - side > APART));
                specks += usize::from(dark || light);
                count += 1;
            }
        }
    }
    let mut seen = 0;
    let median = histogram.iter().position(|n| {
        seen += n;
        seen * 2 > count
    });
    // The filter's weights give 6 times the deviation of the grain; the median of a normal one is at 0.6745.
    Noise { grain: median.unwrap_or(0) as f64 / 6.0 / 0.6745, specks: specks as f64 / count.max(1) as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sum of four xorshift bytes (G. Marsaglia, 2003): nearly normal, with a deviation of `sigma`.
    fn grainy(sigma: f64) -> Raster {
        let mut seed = 88_172_645_u32;
        let mut next = || {
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            f64::from(seed >> 24) - 127.5
        };
        let samples = (0..90_000).map(|n| {
            let base = if n % 30 < 3 { 60.0 } else { 160.0 };
            let grain = (next() + next() + next() + next()) / 148.0 * sigma;
            (base + grain).clamp(0.0, 255.0) as u8
        });
        Raster::gray(300, 300, samples.collect()).expect("fits")
    }

    #[test]
    fn grain_is_measured_beside_print() {
        for sigma in [3.0, 10.0, 30.0] {
            let found = noise(&grainy(sigma)).grain;
            assert!((found / sigma - 1.0).abs() < 0.25, "{sigma}: {found}");
        }
        assert_eq!(noise(&Raster::gray(2, 2, vec![9; 4]).expect("fits")), Noise { grain: 0.0, specks: 0.0 });
    }

    #[test]
    fn specks_are_counted() {
        // One speck in every 50 pixels of a row, each apart from those above and below.
        let samples = (0..90_000).map(|n| if (n % 300 + n / 300 * 7) % 50 == 7 { 0 } else { 220 });
        let found = noise(&Raster::gray(300, 300, samples.collect()).expect("fits"));
        assert!((found.specks - 0.02).abs() < 0.003, "{found:?}");
    }
}
