//! What kind of page is this, and which parts of it should a person look at?
//!
//! Judged by what was read against the ink that is there: ink under no word, words that Tesseract itself doubts, words cut
//! off by the edge. Which reason is given rests on the shape of the marks, and only orders a list for people.

use imaging::Raster;
use record::words::{AttentionReason, Box as Rectangle, PageKind};

use crate::engine::FoundWord;

/// Words below this are doubtful.
const CONFIDENCE_DOUBTFUL: f32 = 60.0;
/// Doubtful letters in one place that are worth a person's time.
const LETTERS_MIN: usize = 8;
/// Marks under no word in one place that are worth it.
const MARKS_MIN: usize = 6;
/// Contrast from which on print is not faint.
const CONTRAST_FAINT: u8 = 28;
/// Lines that run over one edge: a single one is a speck or a hole.
const LINES_CUT_MIN: usize = 3;
/// A mark that covers this share of the page is a picture.
const PICTURE_SHARE: f64 = 0.04;
/// Handwriting is so many times as high as print.
const HAND_TIMES: f64 = 1.7;
/// Marks that begin and end in the same rows and are a bar code: its shortest, one character of Code 39 between start and stop, has 15.
const BARS_MIN: usize = 12;
/// Places named on one page.
const PLACES_MAX: usize = 20;

/// A verdict, in pixels of the image that was read.
pub(crate) struct Verdict {
    pub(crate) kind: PageKind,
    pub(crate) attention: Vec<(AttentionReason, Rectangle)>,
}

/// Judges what was read of `image` with these marks of ink, whose letters are about `glyph` pixels high.
pub(crate) fn judge(image: &Raster, marks: &[Rectangle], words: &[FoundWord], glyph: u32, contrast: u8) -> Verdict {
    let (pictures, marks) = pictures(image, marks);
    let page = f64::from(image.width()) * f64::from(image.height());
    let pictured: f64 = pictures.iter().map(|picture| f64::from(picture.w) * f64::from(picture.h)).sum();
    let sure = words.iter().filter(|word| word.confidence >= CONFIDENCE_DOUBTFUL).count();
    let kind = if sure < 3 && pictured > page / 10.0 { PageKind::Picture } else { PageKind::Text };
    let mut attention: Vec<_> = doubtful(words, glyph, contrast);
    attention.extend(unread(&marks, words, glyph));
    attention.extend(cut_off(image, words));
    attention.extend(pictures.into_iter().map(|picture| (AttentionReason::Picture, picture)));
    attention.sort_by_key(|(reason, place)| (pressing(*reason), u64::from(place.w) * u64::from(place.h)));
    attention.reverse();
    attention.truncate(PLACES_MAX);
    Verdict { kind, attention }
}

/// A picture rarely holds text; a line that is cut off always does.
fn pressing(reason: AttentionReason) -> u8 {
    match reason {
        AttentionReason::CutOff => 4,
        AttentionReason::Faint => 3,
        AttentionReason::Handwriting => 2,
        AttentionReason::Doubtful => 1,
        AttentionReason::Picture => 0,
    }
}

/// Marks that are too large to be text, and the others.
fn pictures(image: &Raster, marks: &[Rectangle]) -> (Vec<Rectangle>, Vec<Rectangle>) {
    let page = f64::from(image.width()) * f64::from(image.height());
    let large = |mark: &Rectangle| f64::from(mark.w) * f64::from(mark.h) > page * PICTURE_SHARE;
    // A frame around the text is as large, but hollow: other marks lie within.
    let hollow = |mark: &Rectangle| marks.iter().filter(|other| contains(mark, other)).count() > 20;
    let is_picture: Vec<bool> = marks.iter().map(|mark| large(mark) && !hollow(mark)).collect();
    let (mut pictures, mut rest) = (Vec::new(), Vec::new());
    for (mark, is_picture) in marks.iter().zip(is_picture) {
        if is_picture { pictures.push(*mark) } else { rest.push(*mark) }
    }
    (pictures, rest)
}

fn contains(outer: &Rectangle, inner: &Rectangle) -> bool {
    outer.x < inner.x
        && outer.y < inner.y
        && inner.x + inner.w < outer.x + outer.w
        && inner.y + inner.h < outer.y + outer.h
}

/// Runs of doubtful words that lie together.
fn doubtful(words: &[FoundWord], glyph: u32, contrast: u8) -> Vec<(AttentionReason, Rectangle)> {
    let shaky = words.iter().filter(|word| word.confidence < CONFIDENCE_DOUBTFUL);
    let places: Vec<(Rectangle, usize)> = shaky.map(|word| (place(word), word.text.chars().count())).collect();
    let groups = together(&places, 2 * glyph);
    let many = groups.into_iter().filter(|(_, letters)| *letters >= LETTERS_MIN);
    many.map(|(place, _)| {
        let tall = f64::from(place.h) > HAND_TIMES * 2.0 * f64::from(glyph);
        let reason = match (contrast < CONTRAST_FAINT, tall) {
            (true, _) => AttentionReason::Faint,
            (false, true) => AttentionReason::Handwriting,
            (false, false) => AttentionReason::Doubtful,
        };
        (reason, place)
    })
    .collect()
}

/// Marks of a letter's size or more under no word that lie together.
fn unread(marks: &[Rectangle], words: &[FoundWord], glyph: u32) -> Vec<(AttentionReason, Rectangle)> {
    let rule = |mark: &Rectangle| mark.w > 12 * mark.h || mark.h > 8 * mark.w;
    let sized = |mark: &Rectangle| mark.h * 2 >= glyph && mark.w * 4 >= glyph && mark.h < 12 * glyph;
    let covered = |mark: &Rectangle| {
        let (x, y) = (mark.x + mark.w / 2, mark.y + mark.h / 2);
        let near = glyph / 2;
        words.iter().any(|word| {
            (word.left.saturating_sub(near)..=word.right + near).contains(&x)
                && (word.top.saturating_sub(near)..=word.bottom + near).contains(&y)
        })
    };
    let left = marks.iter().filter(|mark| sized(mark) && !rule(mark) && !covered(mark) && !is_bar(mark, marks));
    let places: Vec<(Rectangle, usize)> = left.map(|mark| (*mark, 1)).collect();
    let groups = together(&places, 2 * glyph).into_iter().filter(|(_, marks)| *marks >= MARKS_MIN);
    groups
        .map(|(place, count)| {
            let high = f64::from(place.h) > HAND_TIMES * f64::from(glyph) && count < 200;
            (if high { AttentionReason::Handwriting } else { AttentionReason::Doubtful }, place)
        })
        .collect()
}

/// Whether the mark is a bar among bars that all begin and end where it does, as nobody writes or prints: there is nothing to read.
fn is_bar(mark: &Rectangle, marks: &[Rectangle]) -> bool {
    let upright = |mark: &Rectangle| mark.h > 2 * mark.w;
    let level = |one: u32, other: u32| one.abs_diff(other) * 8 <= mark.h;
    let beside =
        |other: &&Rectangle| upright(other) && level(mark.y, other.y) && level(mark.y + mark.h, other.y + other.h);
    upright(mark) && marks.iter().filter(beside).take(BARS_MIN).count() == BARS_MIN
}

/// Lines that touch the left or right edge of the image with words that are text.
fn cut_off(image: &Raster, words: &[FoundWord]) -> Vec<(AttentionReason, Rectangle)> {
    let is_text = |word: &&FoundWord| word.confidence >= CONFIDENCE_DOUBTFUL && word.text.chars().count() >= 2;
    let sides: [&dyn Fn(&FoundWord) -> bool; 2] = [&|word| word.left <= 1, &|word| word.right + 1 >= image.width()];
    let cut = sides
        .into_iter()
        .map(|cut| words.iter().filter(is_text).filter(|word| cut(word)).map(place).collect::<Vec<_>>());
    let many = cut.filter(|places| places.len() >= LINES_CUT_MIN);
    many.filter_map(|places| places.into_iter().reduce(Rectangle::union))
        .map(|place| (AttentionReason::CutOff, place))
        .collect()
}

fn place(word: &FoundWord) -> Rectangle {
    Rectangle { x: word.left, y: word.top, w: word.right - word.left, h: word.bottom - word.top }
}

/// Joins boxes that are nearer to each other than `near`, and adds up their counts.
fn together(places: &[(Rectangle, usize)], near: u32) -> Vec<(Rectangle, usize)> {
    let mut groups: Vec<(Rectangle, usize)> = Vec::new();
    for &(place, count) in places {
        let (mut joined, mut sum) = (place, count);
        groups.retain(|(group, count)| {
            let apart = !touches(group, &joined, near);
            if !apart {
                joined = joined.union(*group);
                sum += count;
            }
            apart
        });
        groups.push((joined, sum));
    }
    groups
}

fn touches(one: &Rectangle, other: &Rectangle, near: u32) -> bool {
    let meets = |a: u32, length: u32, b: u32, other: u32| a <= b + other + near && b <= a + length + near;
    meets(one.x, one.w, other.x, other.w) && meets(one.y, one.h, other.y, other.h)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INK: u8 = 20;

    fn blank() -> Vec<u8> {
        vec![240; 800 * 600]
    }

    fn paint(samples: &mut [u8], place: Rectangle) {
        for y in place.y..place.y + place.h {
            samples[(y * 800 + place.x) as usize..][..place.w as usize].fill(INK);
        }
    }

    fn word(text: &str, left: u32, top: u32, confidence: f32) -> FoundWord {
        let right = left + 10 * text.len() as u32;
        FoundWord { text: text.to_owned(), left, top, right, bottom: top + 20, confidence, ..FoundWord::default() }
    }

    fn judged(samples: Vec<u8>, words: &[FoundWord]) -> Vec<AttentionReason> {
        let image = Raster::gray(800, 600, samples).expect("fits");
        judge(&image, &imaging::marks(&image), words, 20, 120).attention.into_iter().map(|(reason, _)| reason).collect()
    }

    #[test]
    fn a_page_read_with_confidence_needs_nobody() {
        let mut samples = blank();
        let words: Vec<_> = (0..6).map(|n| word("discharge", 100 + n * 100, 100, 95.0)).collect();
        words.iter().for_each(|word| paint(&mut samples, Rectangle { x: word.left, y: 102, w: 9, h: 16 }));
        assert_eq!(judged(samples, &words), []);
    }

    #[test]
    fn doubtful_words_unread_ink_and_cut_lines_are_named() {
        let shaky = [word("dlscharqe", 100, 100, 30.0), word("surnmary", 200, 100, 20.0)];
        assert_eq!(judged(blank(), &shaky), [AttentionReason::Doubtful]);
        let mut samples = blank();
        (0..12).for_each(|n| paint(&mut samples, Rectangle { x: 100 + n * 30, y: 300 + n % 3 * 20, w: 14, h: 44 }));
        assert_eq!(judged(samples, &[]), [AttentionReason::Handwriting]);
        let cut: Vec<_> = (0..4).map(|n| word("tion", 0, 100 + 30 * n, 92.0)).collect();
        assert_eq!(judged(blank(), &cut), [AttentionReason::CutOff]);
    }

    #[test]
    fn a_bar_code_is_nothing_to_read() {
        let bars = |apart: u32| {
            let mut samples = blank();
            (0..24).for_each(|n| {
                paint(&mut samples, Rectangle { x: 100 + n * 20, y: 300 + n % 3 * apart, w: 6 + n % 2 * 6, h: 60 });
            });
            judged(samples, &[])
        };
        assert_eq!(bars(0), []);
        assert_eq!(bars(20), [AttentionReason::Handwriting], "they are no bar code where they stand higher and lower");
    }

    #[test]
    fn a_picture_alone_is_a_picture_page() {
        let mut samples = blank();
        // Longer than the surroundings that ink is measured against, so drawn as hatching.
        (0..60).for_each(|n| paint(&mut samples, Rectangle { x: 150, y: 100 + n * 6, w: 450, h: 3 }));
        (0..75).for_each(|n| paint(&mut samples, Rectangle { x: 150 + n * 6, y: 100, w: 3, h: 357 }));
        let image = Raster::gray(800, 600, samples).expect("fits");
        let verdict = judge(&image, &imaging::marks(&image), &[], 20, 120);
        assert_eq!(verdict.kind, PageKind::Picture);
        assert!(verdict.attention.iter().any(|(reason, _)| *reason == AttentionReason::Picture));
    }
}
