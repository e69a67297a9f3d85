//! How are the scratches of a film taken out?
//!
//! Film is scratched along its run. A dark scratch down a page looks like a column's edge, and the lines of text on both
//! sides are then read apart. What is dark, thin and far taller than a letter is filled from its left and right.

use crate::Raster;

/// Half the width of the widest scratch.
const REACH: usize = 4;
/// Levels that a scratch is darker than what is beside it.
const DEPTH: u8 = 24;
/// Rows in which a scratch must be seen, of a window of [`WINDOW`]: it is longer than any letter, and broken.
const WINDOW: usize = 160;
const SEEN_MIN: usize = 120;

/// The page without dark vertical scratches; `None` where there are none.
pub fn without_scratches(page: &Raster) -> Option<Raster> {
    let gray = page.to_gray();
    let (width, height) = (gray.width() as usize, gray.height() as usize);
    if width <= 4 * REACH || height < WINDOW {
        return None;
    }
    let thin = thin_and_dark(&gray);
    let scratched = tall(&thin, width, height);
    if !scratched.iter().any(|&is| is) {
        return None;
    }
    Some(filled(&gray, &scratched))
}

/// Pixels that are darker than what is [`REACH`] to the left and to the right; a scratch leans, so its neighbours count.
fn thin_and_dark(gray: &Raster) -> Vec<bool> {
    let width = gray.width() as usize;
    let mut thin = vec![false; gray.bytes().len()];
    for (row, out) in gray.bytes().chunks_exact(width).zip(thin.chunks_exact_mut(width)) {
        for x in REACH..width - REACH {
            let beside = row[x - REACH].min(row[x + REACH]);
            if beside.saturating_sub(row[x]) > DEPTH {
                out[x - 1..=x + 1].fill(true);
            }
        }
    }
    thin
}

/// Of these, those that go on for most of a window down.
fn tall(thin: &[bool], width: usize, height: usize) -> Vec<bool> {
    let mut tall = vec![false; thin.len()];
    let mut seen = vec![0_usize; width];
    for y in 0..height {
        for x in 0..width {
            seen[x] += usize::from(thin[y * width + x]);
            if y >= WINDOW {
                seen[x] -= usize::from(thin[(y - WINDOW) * width + x]);
            }
            if seen[x] >= SEEN_MIN {
                tall[y * width + x] = true;
            }
        }
    }
    // A window that ends here vouches for all its rows.
    let mut left = vec![0_usize; width];
    for y in (0..height).rev() {
        for (x, left) in left.iter_mut().enumerate() {
            let at = y * width + x;
            *left = if tall[at] { WINDOW } else { left.saturating_sub(1) };
            tall[at] = *left > 0 && thin[at];
        }
    }
    tall
}

fn filled(gray: &Raster, scratched: &[bool]) -> Raster {
    let width = gray.width() as usize;
    let mut clean = gray.clone();
    for (y, row) in clean.bytes_mut().chunks_exact_mut(width).enumerate() {
        let marks = &scratched[y * width..(y + 1) * width];
        let mut x = 0;
        while x < width {
            if !marks[x] {
                x += 1;
                continue;
            }
            let to = marks[x..].iter().position(|&is| !is).map_or(width, |length| x + length);
            bridge(row, x, to);
            x = to;
        }
    }
    clean
}

/// Fills a stretch evenly from what is left of it to what is right of it, so that strokes across it stay whole. The
/// pixels next to a scratch are its own soft edge.
fn bridge(row: &mut [u8], from: usize, to: usize) {
    let left = i32::from(row[from.saturating_sub(2)]);
    let right = i32::from(row[(to + 1).min(row.len() - 1)]);
    let (start, end) = (from.saturating_sub(1), (to + 1).min(row.len()));
    let length = (end - start + 1) as i32;
    for (at, sample) in row[start..end].iter_mut().enumerate() {
        *sample = (left + (right - left) * (at as i32 + 1) / length) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(scratch: bool) -> Raster {
        let at = |n: u32| {
            let (x, y) = (n % 400, n / 400);
            let letter = x % 25 < 3 && y % 40 < 20;
            let on_scratch = scratch && (210 + y / 50..213 + y / 50).contains(&x);
            if letter || on_scratch { 30 } else { 225 }
        };
        Raster::gray(400, 500, (0..200_000).map(at).collect()).expect("fits")
    }

    #[test]
    fn a_leaning_scratch_goes_and_letters_stay() {
        let clean = without_scratches(&page(true)).expect("it is seen");
        let differing = clean.bytes().iter().zip(page(false).bytes()).filter(|(a, b)| a.abs_diff(**b) > 60).count();
        assert!(differing < 200, "{differing} pixels are still not as they were");
        assert_eq!(without_scratches(&page(false)), None);
    }
}
