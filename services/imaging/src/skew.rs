//! How far is the text turned?
//!
//! Projection profiles after W. Postl, "Detection of linear oblique structures and skew scan in digitized documents"
//! (ICPR 1986), with the squared-difference score that D. Bloomberg's Leptonica also uses: sheared by the right angle,
//! rows of text and the gaps between them differ most. The profile is made of vertical gradients instead of black
//! pixels, so that neither a dark border nor a shadow nor white-on-black film changes the answer.

use crate::Raster;

/// Beyond this the page is turned, not skewed.
const DEGREES_MAX: f64 = 10.0;
/// Working width: 0.1° still moves the far end of a line by more than a pixel.
const WORKING_SIDE: u32 = 1_000;
/// A gradient weaker than this is noise or paper.
const GRADIENT_MIN: u8 = 24;
const GRADIENT_SHARE: f64 = 0.35;
const POINTS_MAX: usize = 60_000;
/// By how much the best angle's score must beat the typical one. On 90 scanned pages it was 9.7 times as high or more;
/// on photographs and dithered pictures, which have no lines of text, at most 2.8 times.
const DISTINCT: f64 = 3.5;

/// How lines of text lie, and how clearly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Clockwise, −10 to 10.
    pub degrees: f64,
    /// How many times the typical direction's score the best one has; 0 where there is nothing to see.
    pub clearness: f64,
}

impl Level {
    /// Whether a direction stands out, so that there are lines of text.
    pub fn is_clear(self) -> bool {
        self.clearness > DISTINCT
    }
}

/// Degrees by which the text is turned clockwise, −10 to 10; 0 where no direction stands out.
/// [`Raster::rotate`] by the negative of it makes the lines level.
pub fn skew(page: &Raster) -> f64 {
    let level = level(page);
    if level.is_clear() { level.degrees } else { 0.0 }
}

/// The most level direction that lines of text could have.
pub fn level(page: &Raster) -> Level {
    let Some(points) = points(page) else { return Level { degrees: 0.0, clearness: 0.0 } };
    let steps = (DEGREES_MAX / 0.5) as i32;
    let coarse: Vec<(f64, f64)> = (-steps..=steps).map(|n| scored(&points, f64::from(n) * 0.5)).collect();
    let mut typical: Vec<f64> = coarse.iter().map(|&(_, score)| score).collect();
    typical.sort_by(f64::total_cmp);
    let best = [0.1, 0.02].into_iter().fold(best_of(coarse), |(centre, score), step| {
        let near = (-5..=5).map(|n| scored(&points, centre + f64::from(n) * step));
        best_of(near.chain([(centre, score)]))
    });
    Level { degrees: best.0, clearness: best.1 / typical[typical.len() / 2].max(1.0) }
}

fn scored(points: &[(f32, f32)], degrees: f64) -> (f64, f64) {
    (degrees, score(points, degrees))
}

fn best_of(angles: impl IntoIterator<Item = (f64, f64)>) -> (f64, f64) {
    angles.into_iter().fold((0.0, 0.0), |best, next| if next.1 > best.1 { next } else { best })
}

/// Places, relative to the centre, where dark meets light going down; `None` if there are too few to say anything.
fn points(page: &Raster) -> Option<Vec<(f32, f32)>> {
    let small = page.reduce(page.width().min(page.height()) / WORKING_SIDE);
    let (width, height) = (small.width() as usize, small.height() as usize);
    let rows: Vec<&[u8]> = small.bytes().chunks_exact(width).collect();
    // The outermost pixels belong to the scanner, not the page.
    let margin = width.min(height) / 50 + 1;
    let inside = margin..width.saturating_sub(margin);
    let down = |y: usize| rows[y - 1].iter().zip(rows[y + 1]).map(|(above, below)| above.abs_diff(*below));
    let within = margin..height.saturating_sub(margin);
    let least = gradient_min(within.clone().step_by(3).map(down));
    let mut points = Vec::new();
    for y in within {
        for (x, gradient) in down(y).enumerate() {
            if gradient >= least && inside.contains(&x) {
                points.push((x as f32 - width as f32 / 2.0, y as f32 - height as f32 / 2.0));
            }
        }
    }
    if points.len() < 200 {
        return None;
    }
    let every = points.len().div_ceil(POINTS_MAX);
    Some(points.into_iter().step_by(every).collect())
}

/// The edges of print are a share of the strongest ones on the page; what is weaker is the grain of film.
fn gradient_min(rows: impl Iterator<Item = impl Iterator<Item = u8>>) -> u8 {
    let (mut histogram, mut count) = ([0_usize; 256], 0);
    for row in rows {
        row.for_each(|gradient| {
            histogram[usize::from(gradient)] += 1;
            count += 1;
        });
    }
    let mut stronger = 0;
    let strongest = (0..256).rev().find(|&level| {
        stronger += histogram[level];
        stronger > count / 100
    });
    ((strongest.unwrap_or(0) as f64 * GRADIENT_SHARE) as u8).max(GRADIENT_MIN)
}

/// Sum of squared differences between neighbouring rows of the profile sheared by `degrees`.
fn score(points: &[(f32, f32)], degrees: f64) -> f64 {
    let slope = degrees.to_radians().tan() as f32;
    let reach = points.iter().fold(0_f32, |most, &(x, y)| most.max(y.abs() + x.abs() * slope.abs())).ceil();
    let mut profile = vec![0_u32; 2 * reach as usize + 3];
    for &(x, y) in points {
        profile[(y - x * slope + reach + 1.0) as usize] += 1;
    }
    profile.windows(2).map(|pair| f64::from(pair[0].abs_diff(pair[1])).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of letter-like blocks on a page of 1240 × 1754 (A4 at 150 dpi).
    fn page_of_text() -> Raster {
        let (width, height) = (1_240_usize, 1_754_usize);
        let mut samples = vec![235; width * height];
        for line in 0..40 {
            for letter in (0..70).filter(|letter| (letter + line * 3) % 7 != 0) {
                let (x, y, tall) = (100 + letter * 15, 120 + line * 38, 12 + (letter * line) % 6);
                for row in y - tall..y {
                    samples[row * width + x..][..9].fill(30);
                }
            }
        }
        Raster::gray(width as u32, height as u32, samples).expect("fits")
    }

    #[test]
    fn finds_the_angle_to_a_tenth() {
        let page = page_of_text();
        for degrees in [-8.0, -2.3, -0.4, 0.0, 0.7, 3.0, 9.1] {
            let found = skew(&page.rotate(degrees));
            assert!((found - degrees).abs() <= 0.1, "turned by {degrees}°, found {found}°");
        }
    }

    #[test]
    fn colour_and_polarity_do_not_matter() {
        let turned = page_of_text().rotate(1.5).invert();
        let rgb = Raster::rgb(turned.width(), turned.height(), turned.bytes().iter().flat_map(|&s| [s; 3]).collect());
        assert!((skew(&rgb.expect("fits")) - 1.5).abs() <= 0.1);
    }

    #[test]
    fn nothing_to_see_is_no_skew() {
        assert_eq!(skew(&Raster::gray(800, 800, vec![255; 640_000]).expect("fits")), 0.0);
        assert_eq!(skew(&Raster::gray(1, 1, vec![0]).expect("fits")), 0.0);
        // Speckles have no direction.
        let mut seed = 1_u32;
        let noise = (0..640_000).map(|_| {
            // Xorshift (G. Marsaglia, 2003).
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            if seed >> 24 < 12 { 0 } else { 255 }
        });
        assert_eq!(skew(&Raster::gray(800, 800, noise.collect()).expect("fits")), 0.0);
    }
}
