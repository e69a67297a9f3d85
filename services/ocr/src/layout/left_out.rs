//! Which words in the cells of a table did layout analysis leave out?
//!
//! Tesseract drops what stands alone in its column: the flags H and L of a laboratory report are noise to it. Where ink
//! is left in a grid once everything that was read is painted out, that ink alone is read again as sparse text.

use imaging::{Grid, Raster};
use record::words::Box as Rectangle;

use super::line::{meet, place};
use crate::engine::FoundWord;

/// Levels by which ink is darker than the paper painted over it.
const INK_CONTRAST: u8 = 60;
/// Ink, in thousandths of the grids' pixels, from which another look is worth its time.
const INK_PERMILLE_MIN: usize = 1;
/// A word read a second time must be this sure.
const CONFIDENCE_MIN: f32 = 50.0;

/// The grids of the page without the words that were read; `None` where next to nothing is left.
pub(super) fn picture(page: &Raster, grids: &[Grid], words: &[FoundWord]) -> Option<Raster> {
    if grids.is_empty() {
        return None;
    }
    let width = page.width() as usize;
    let paper = paper(page);
    let mut left = vec![paper; page.bytes().len()];
    for grid in grids {
        copy(page.bytes(), &mut left, width, grid.place);
    }
    for word in words {
        fill(&mut left, width, grown(place(word)), paper);
    }
    let ink = left.iter().filter(|sample| paper.saturating_sub(**sample) >= INK_CONTRAST).count();
    let area: usize = grids.iter().map(|grid| grid.place.w as usize * grid.place.h as usize).sum();
    let much = ink * 1000 >= area * INK_PERMILLE_MIN && ink > 0;
    much.then(|| Raster::gray(page.width(), page.height(), left).ok()).flatten()
}

/// The words with those of `more` that are sure and stand where nothing was read.
pub(super) fn joined(mut words: Vec<FoundWord>, more: Vec<FoundWord>) -> Vec<FoundWord> {
    let read: Vec<Rectangle> = words.iter().map(place).collect();
    let new = |word: &FoundWord| {
        let legible = word.confidence >= CONFIDENCE_MIN && word.text.chars().any(char::is_alphanumeric);
        legible && !read.iter().any(|other| meet(*other, place(word)))
    };
    // What is found sparsely has no lines to speak of: each word is placed by itself.
    let alone = |word| FoundWord { starts_block: true, starts_line: true, ..word };
    words.extend(more.into_iter().filter(new).map(alone));
    words
}

/// The most frequent level.
fn paper(page: &Raster) -> u8 {
    let mut histogram = [0_usize; 256];
    page.bytes().iter().for_each(|sample| histogram[usize::from(*sample)] += 1);
    (0..=u8::MAX).max_by_key(|level| histogram[usize::from(*level)]).unwrap_or(u8::MAX)
}

/// With the gray edges of its letters.
const fn grown(place: Rectangle) -> Rectangle {
    let (x, y) = (place.x.saturating_sub(3), place.y.saturating_sub(3));
    Rectangle { x, y, w: place.x + place.w + 3 - x, h: place.y + place.h + 3 - y }
}

fn copy(from: &[u8], to: &mut [u8], width: usize, place: Rectangle) {
    let rows = from.chunks_exact(width).zip(to.chunks_exact_mut(width));
    for (from, to) in rows.skip(place.y as usize).take(place.h as usize) {
        let span = place.x as usize..(place.x + place.w) as usize;
        to[span.clone()].copy_from_slice(&from[span]);
    }
}

fn fill(samples: &mut [u8], width: usize, place: Rectangle, level: u8) {
    for row in samples.chunks_exact_mut(width).skip(place.y as usize).take(place.h as usize) {
        row[(place.x as usize).min(width)..((place.x + place.w) as usize).min(width)].fill(level);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str, left: u32, confidence: f32) -> FoundWord {
        let (right, top, bottom) = (left + 20, 10, 30);
        let text = text.to_owned();
        FoundWord { text, left, top, right, bottom, confidence, starts_block: true, starts_line: true, cell: None }
    }

    #[test]
    fn only_what_is_sure_and_new_is_joined() {
        let more = vec![word("134", 15, 90.0), word("N", 60, 90.0), word("~", 90, 99.0), word("x", 120, 20.0)];
        let joined = joined(vec![word("134", 10, 80.0)], more);
        assert_eq!(joined.iter().map(|word| word.text.as_str()).collect::<Vec<_>>(), ["134", "N"]);
    }

    #[test]
    fn only_ink_in_grids_that_was_not_read_is_left() {
        let blots = [10_u32, 60, 150];
        let ink = |at: u32| blots.iter().any(|x| (*x..x + 20).contains(&(at % 200))) && (10..30).contains(&(at / 200));
        let page =
            Raster::gray(200, 50, (0..200 * 50).map(|at| if ink(at) { 0 } else { 250 }).collect()).expect("fits");
        let grid = Grid { place: Rectangle { x: 0, y: 0, w: 120, h: 50 }, across: vec![0, 49], down: vec![0, 119] };
        let left = picture(&page, std::slice::from_ref(&grid), &[word("134", 10, 80.0)]).expect("one is left");
        let dark: Vec<usize> = (0..200 * 50).filter(|at| left.bytes()[*at] == 0).map(|at| at % 200).collect();
        assert_eq!((dark.len(), dark.iter().min(), dark.iter().max()), (400, Some(&60), Some(&79)));
        let all = [word("134", 10, 80.0), word("N", 60, 80.0)];
        assert!(picture(&page, &[grid], &all).is_none());
    }
}
