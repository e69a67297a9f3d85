//! Is the page in focus?

use crate::Raster;

/// Sharpness of edges: the standard deviation of the Laplacian where there are edges at all, divided by the page's
/// contrast, so that a faint page is not called blurred. About 1 for a crisp scan, below 0.3 for one out of focus;
/// `None` for a page without edges. After J. Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy"
/// (ICPR 2000), normalised as in our capture notes.
pub fn sharpness(page: &Raster) -> Option<f64> {
    let gray = page.as_gray();
    let contrast = contrast(gray.bytes());
    if contrast < 16.0 || gray.width() < 3 || gray.height() < 3 {
        return None;
    }
    let (mut squares, mut edges) = (0.0, 0_u64);
    let rows: Vec<&[u8]> = gray.bytes().chunks_exact(gray.width() as usize).collect();
    for three in rows.windows(3) {
        for x in 1..gray.width() as usize - 1 {
            let at = |row: usize, x: usize| f64::from(three[row][x]);
            let slope = (at(1, x + 1) - at(1, x - 1)).abs().max((at(2, x) - at(0, x)).abs());
            if slope > contrast / 4.0 {
                let laplacian = at(0, x) + at(2, x) + at(1, x - 1) + at(1, x + 1) - 4.0 * at(1, x);
                squares += laplacian * laplacian;
                edges += 1;
            }
        }
    }
    (edges > 0).then(|| (squares / edges as f64).sqrt() / contrast)
}

/// From the darkest to the lightest level that is no mere speck: a page of one line has little ink.
fn contrast(samples: &[u8]) -> f64 {
    let mut histogram = [0_usize; 256];
    for &sample in samples {
        histogram[usize::from(sample)] += 1;
    }
    let rare = samples.len() / 50_000;
    let reached = |levels: &[usize]| {
        let mut seen = 0;
        levels.iter().position(|count| {
            seen += count;
            seen > rare
        })
    };
    let low = reached(&histogram).unwrap_or(0);
    histogram.reverse();
    let high = 255 - reached(&histogram).unwrap_or(0);
    high.saturating_sub(low) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(dark: u8, light: u8) -> Raster {
        let samples = (0..200 * 200).map(|n| if n / 10 % 2 == 0 { dark } else { light }).collect();
        Raster::gray(200, 200, samples).expect("fits")
    }

    #[test]
    fn blur_lowers_it_and_faintness_does_not() {
        let crisp = sharpness(&bars(0, 255)).expect("has edges");
        let faint = sharpness(&bars(160, 220)).expect("has edges");
        let blurred = bars(0, 255).scale_to(50, 50).and_then(|small| small.scale_to(200, 200)).expect("scales");
        let blurred = sharpness(&blurred).expect("has edges");
        assert!((crisp - faint).abs() < 0.05, "{crisp} {faint}");
        assert!(blurred < crisp / 2.0, "{blurred} {crisp}");
        assert_eq!(sharpness(&Raster::gray(50, 50, vec![255; 2500]).expect("fits")), None);
    }
}
