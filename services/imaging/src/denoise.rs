//! How is grain taken off a gray page without taking the print with it?
//!
//! Plain Tesseract takes every grain for a letter: on pages with Gaussian noise or salt and pepper it reads nothing, and
//! takes up to thirty times as long over it.

use crate::Raster;
use crate::blank::local_mean;

/// Median of each pixel and its eight neighbours: specks vanish, edges stay. Column-wise sorting after J. Smith,
/// "Implementing Median Filters in XC4000E FPGAs" (XCELL 23, 1996), whose minima and maxima the compiler turns
/// into vector instructions. The outermost pixels stay as they are.
pub fn median(page: &Raster) -> Raster {
    let width = page.width() as usize;
    let rows: Vec<&[u8]> = page.bytes().chunks_exact(width).collect();
    if page.channels() != 1 || width < 3 || rows.len() < 3 {
        return page.clone();
    }
    let mut samples = page.bytes().to_vec();
    let (mut low, mut mid, mut high) = (vec![0; width], vec![0; width], vec![0; width]);
    for (three, out) in rows.windows(3).zip(samples.chunks_exact_mut(width).skip(1)) {
        sort_columns(three, &mut low, &mut mid, &mut high);
        let inner = &mut out[1..width - 1];
        for (x, out) in inner.iter_mut().enumerate() {
            let highest_low = low[x].max(low[x + 1]).max(low[x + 2]);
            let lowest_high = high[x].min(high[x + 1]).min(high[x + 2]);
            *out = middle(highest_low, middle(mid[x], mid[x + 1], mid[x + 2]), lowest_high);
        }
    }
    page.like(page.width(), page.height(), samples)
}

fn sort_columns(three: &[&[u8]], low: &mut [u8], mid: &mut [u8], high: &mut [u8]) {
    let (above, here, below) = (three[0], three[1], three[2]);
    let out = low.iter_mut().zip(mid).zip(high);
    for ((((low, mid), high), (&a, &b)), &c) in out.zip(above.iter().zip(here)).zip(below) {
        *low = a.min(b).min(c);
        *mid = middle(a, b, c);
        *high = a.max(b).max(c);
    }
}

fn middle(a: u8, b: u8, c: u8) -> u8 {
    a.min(b).max(a.max(b).min(c))
}

/// Weighted mean of each pixel and its neighbours, 1-2-1 across and down: the smallest Gaussian.
pub fn smooth(page: &Raster) -> Raster {
    let width = page.width() as usize;
    let rows: Vec<&[u8]> = page.bytes().chunks_exact(width).collect();
    if page.channels() != 1 || width < 3 || rows.len() < 3 {
        return page.clone();
    }
    let mut samples = page.bytes().to_vec();
    let mut sums = vec![0_u16; width];
    for (three, out) in rows.windows(3).zip(samples.chunks_exact_mut(width).skip(1)) {
        for (((sum, &a), &b), &c) in sums.iter_mut().zip(three[0]).zip(three[1]).zip(three[2]) {
            *sum = u16::from(a) + 2 * u16::from(b) + u16::from(c);
        }
        for (x, out) in out[1..width - 1].iter_mut().enumerate() {
            *out = ((sums[x] + 2 * sums[x + 1] + sums[x + 2] + 8) >> 4) as u8;
        }
    }
    page.like(page.width(), page.height(), samples)
}

/// Draws soft edges apart: each pixel moves away from the mean around it by `amount` times its distance to it (unsharp
/// masking; a box averaged twice over `radius` stands in for the Gaussian).
pub fn sharpen(page: &Raster, radius: u32, amount: i16) -> Raster {
    let gray = page.to_gray();
    let mean = |of: &Raster| gray.like(gray.width(), gray.height(), local_mean(of, radius as usize));
    let drawn = |(&sample, &mean): (&u8, &u8)| {
        let sample = i16::from(sample);
        (sample + amount * (sample - i16::from(mean))).clamp(0, 255) as u8
    };
    let samples = gray.bytes().iter().zip(mean(&mean(&gray)).bytes()).map(drawn).collect();
    gray.like(gray.width(), gray.height(), samples)
}

/// Takes back a blur as of `rounds` of [`smooth`], by so many corrections (P. van Cittert, "Zum Einfluß der Spaltbreite auf die
/// Intensitätsverteilung in Spektrallinien II", Zeitschrift für Physik 69, 1931). Grain is amplified: for pages without.
pub fn deblur(page: &Raster, rounds: u8, corrections: u8) -> Raster {
    let blurred = page.to_gray();
    let mut guess = blurred.clone();
    for _ in 0..corrections {
        let again = (0..rounds).fold(guess.clone(), |page, _| smooth(&page));
        let levels = guess.bytes_mut().iter_mut().zip(blurred.bytes().iter().zip(again.bytes()));
        levels.for_each(|(level, (was, is))| {
            *level = (i16::from(*level) + i16::from(*was) - i16::from(*is)).clamp(0, 255) as u8;
        });
    }
    guess
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Raster {
        let samples = (0..32 * 32).map(|n| if (n % 32) < 16 { 20 } else { 230 }).collect();
        Raster::gray(32, 32, samples).expect("fits")
    }

    #[test]
    fn a_blur_is_taken_back() {
        let bars = (0..64 * 32).map(|n| if n % 64 / 4 % 2 == 0 { 30 } else { 220 }).collect();
        let sharp = Raster::gray(64, 32, bars).expect("fits");
        let blurred = (0..8).fold(sharp.clone(), |page, _| smooth(&page));
        let off = |page: &Raster| -> u32 {
            page.bytes().iter().zip(sharp.bytes()).map(|(one, other)| u32::from(one.abs_diff(*other))).sum()
        };
        let deblurred = deblur(&blurred, 8, 10);
        assert!(off(&deblurred) * 2 < off(&blurred), "{} against {}", off(&deblurred), off(&blurred));
    }

    #[test]
    fn the_median_is_the_fifth_of_nine() {
        let samples = vec![9, 1, 8, 2, 7, 3, 6, 4, 5];
        let page = Raster::gray(3, 3, samples).expect("fits");
        assert_eq!(median(&page).bytes()[4], 5);
    }

    #[test]
    fn specks_go_and_edges_stay() {
        let mut page_with_specks = page();
        for at in [5 * 32 + 5, 9 * 32 + 25, 20 * 32 + 8] {
            page_with_specks.bytes_mut()[at] = 128;
        }
        assert_eq!(median(&page_with_specks), page());
    }

    #[test]
    fn a_soft_edge_becomes_a_hard_one() {
        let soft = smooth(&smooth(&smooth(&page())));
        let hard = sharpen(&soft, 2, 4);
        let width_of_edge = |page: &Raster| page.bytes()[320..352].iter().filter(|s| (60..190).contains(*s)).count();
        assert!(width_of_edge(&hard) < width_of_edge(&soft), "{hard:?}");
    }

    #[test]
    fn smoothing_keeps_what_is_even() {
        let even = Raster::gray(9, 9, vec![77; 81]).expect("fits");
        assert_eq!(smooth(&even), even);
        assert_eq!(smooth(&page()).bytes()[5 * 32 + 15], 73, "(3 × 20 + 230) / 4, rounded");
    }
}
