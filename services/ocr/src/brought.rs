//! Are the words that a PDF page brings along worth keeping?
//!
//! Their image is the witness: ink lies under words, and words lie over ink. And they are words: letters that mean
//! something, with vowels among them as languages have. Whatever is doubtful is refused, for the page is then read.

use imaging::Raster;
use record::words::{Box, PageText};

use crate::read::GENERATION;

/// Gray below which a pixel is ink.
const INK: u8 = 128;
/// Of the page's ink, so much lies under words at least; rules, stamps and pictures are the rest.
const INK_COVERED_MIN: f64 = 0.5;
/// Of the words, so many have ink in their boxes at least.
const WORDS_OVER_INK_MIN: f64 = 0.9;
/// Of the characters, so many mean nothing at most.
const MEANINGLESS_MAX: f64 = 0.01;
/// Of the characters, so many are letters or digits at least.
const ALPHANUMERIC_MIN: f64 = 0.6;
/// Of Latin letters, so many are vowels; languages lie between 35 and 50 percent.
const VOWELS: std::ops::Range<f64> = 0.25..0.60;
/// And so many are j, q, x or z at most; Polish has nine percent of them, a shifted alphabet more.
const RARE_MAX: f64 = 0.12;
/// Fewer letters say nothing about either.
const LETTERS_MIN: usize = 60;
/// The area of all words together, in pages.
const AREA_MAX: f64 = 1.5;

/// Why a text layer is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Garbled,
    OffPage,
    TooDense,
    NotOverInk,
    InkWithoutWords,
}

impl Refusal {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Garbled => "garbled",
            Self::OffPage => "off-page",
            Self::TooDense => "too-dense",
            Self::NotOverInk => "not-over-ink",
            Self::InkWithoutWords => "ink-without-words",
        }
    }
}

/// The words of this ALTO, where they are sound for this image. One that cannot be looked at is refused when it is read.
///
/// # Errors
/// What is wrong with the words, the first that is found.
pub fn kept(alto: &[u8], image: &[u8]) -> Result<PageText, Refusal> {
    let mut text = formats::alto::parse(alto).map_err(|_| Refusal::Garbled)?;
    let page = imaging::decode(image).map_err(|_| Refusal::OffPage)?;
    judge(&text, &page.to_gray())?;
    // This generation would keep them again.
    (text.engine.generation, text.engine.recipe) = (GENERATION, "text-layer=kept".to_owned());
    Ok(text)
}

/// # Errors
/// What is wrong with the words, the first that is found.
fn judge(text: &PageText, page: &Raster) -> Result<(), Refusal> {
    let checks = [
        (is_garbled(text), Refusal::Garbled),
        (!fits(text, page), Refusal::OffPage),
        (area(text) > AREA_MAX * f64::from(page.width()) * f64::from(page.height()), Refusal::TooDense),
    ];
    if let Some((_, refusal)) = checks.into_iter().find(|(wrong, _)| *wrong) {
        return Err(refusal);
    }
    let ink = Ink::of(text, page);
    if ink.words_over_ink < WORDS_OVER_INK_MIN * text.words().count() as f64 {
        return Err(Refusal::NotOverInk);
    }
    if ink.covered < INK_COVERED_MIN * ink.all { Err(Refusal::InkWithoutWords) } else { Ok(()) }
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

fn is_garbled(text: &PageText) -> bool {
    let chars: Vec<char> = text.words().flat_map(|word| word.text.chars()).collect();
    let count = |is: fn(&char) -> bool| chars.iter().filter(|c| is(c)).count();
    let latin: Vec<char> = chars.iter().filter(|c| c.is_ascii_alphabetic()).map(char::to_ascii_lowercase).collect();
    let vowels = latin.iter().filter(|c| "aeiouy".contains(**c)).count();
    let rare = latin.iter().filter(|c| "jqxz".contains(**c)).count();
    chars.is_empty()
        || share(count(|&c| is_meaningless(c)), chars.len()) > MEANINGLESS_MAX
        || share(count(|c| c.is_alphanumeric()), chars.len()) < ALPHANUMERIC_MIN
        || (latin.len() >= LETTERS_MIN && !VOWELS.contains(&share(vowels, latin.len())))
        || (latin.len() >= LETTERS_MIN && share(rare, latin.len()) > RARE_MAX)
}

/// Codes that nobody assigned a meaning, private ones, and what UTF-8 looks like when it is taken for Latin-1.
fn is_meaningless(c: char) -> bool {
    matches!(c, '\u{fffd}' | '\u{e000}'..='\u{f8ff}' | '\u{80}'..='\u{9f}' | 'Ã' | '\u{f0000}'..) || c.is_control()
}

/// All words but a few lie on the page, and it is the page they are of.
fn fits(text: &PageText, page: &Raster) -> bool {
    let off = text.words().filter(|word| word.place.w == 0 || word.place.h == 0).count();
    (text.width, text.height) == (page.width(), page.height()) && share(off, text.words().count()) < 0.02
}

fn area(text: &PageText) -> f64 {
    text.words().map(|word| f64::from(word.place.w) * f64::from(word.place.h)).sum()
}

struct Ink {
    all: f64,
    /// Under words.
    covered: f64,
    words_over_ink: f64,
}

impl Ink {
    fn of(text: &PageText, page: &Raster) -> Self {
        let mut free: Vec<bool> = page.bytes().iter().map(|&sample| sample < INK).collect();
        let all = free.iter().filter(|ink| **ink).count();
        let width = page.width() as usize;
        let (mut covered, mut words_over_ink) = (0, 0);
        for word in text.words() {
            let Box { x, y, w, h } = with_margin(word.place, page);
            let mut found = 0;
            for row in y as usize..(y + h) as usize {
                let row = &mut free[row * width + x as usize..row * width + (x + w) as usize];
                found += row.iter().filter(|ink| **ink).count();
                row.fill(false);
            }
            covered += found;
            words_over_ink += usize::from(found > 0);
        }
        Self { all: all as f64, covered: covered as f64, words_over_ink: words_over_ink as f64 }
    }
}

/// Boxes from fonts are not tight: letters may stick out by a tenth.
fn with_margin(place: Box, page: &Raster) -> Box {
    let margin = place.h.min(place.w) / 10;
    let (x, y) = (place.x.saturating_sub(margin), place.y.saturating_sub(margin));
    let right = (place.x + place.w + margin).min(page.width());
    let bottom = (place.y + place.h + margin).min(page.height());
    Box { x: x.min(right), y: y.min(bottom), w: right.saturating_sub(x), h: bottom.saturating_sub(y) }
}

#[cfg(test)]
mod tests {
    use record::words::{Block, Line, Word};

    use super::*;

    /// Words on a grid, and a page with ink under each of them.
    fn page(words: &[&str]) -> (PageText, Raster) {
        let (width, height) = (400, 200);
        let mut samples = vec![255; 400 * 200];
        let mut line = Vec::new();
        for (n, text) in words.iter().enumerate() {
            let (x, y) = (20 + n as u32 % 4 * 90, 20 + n as u32 / 4 * 30);
            line.push(Word::read(*text, Box { x, y, w: 80, h: 20 }, 90));
            (y + 5..y + 15).for_each(|y| samples[(y * width + x + 5) as usize..][..60].fill(0));
        }
        let text = PageText { width, height, blocks: vec![Block::of(vec![Line::of(line)])], ..PageText::default() };
        (text, Raster::gray(width, height, samples).expect("fits"))
    }

    const SOUND: [&str; 12] = [
        "The",
        "patient",
        "was",
        "admitted",
        "with",
        "pleuritic",
        "chest",
        "pain",
        "and",
        "discharged",
        "after",
        "rest.",
    ];

    #[test]
    fn sound_words_are_kept() {
        let (text, raster) = page(&SOUND);
        assert_eq!(judge(&text, &raster), Ok(()));
    }

    #[test]
    fn what_is_no_language_is_refused() {
        let shifted = SOUND.map(|word| word.chars().map(|c| ((c as u8) + 1) as char).collect::<String>());
        let unmapped = SOUND.map(|word| word.replace('t', "\u{fffd}"));
        let doubled = SOUND.map(|word| word.replace('a', "Ã¤"));
        for words in [shifted, unmapped, doubled] {
            let (text, raster) = page(&words.each_ref().map(String::as_str));
            assert_eq!(judge(&text, &raster), Err(Refusal::Garbled), "{words:?}");
        }
        let (text, raster) = page(&[]);
        assert_eq!(judge(&text, &raster), Err(Refusal::Garbled));
    }

    #[test]
    fn words_belong_where_the_ink_is() {
        let (text, raster) = page(&SOUND);
        let blank = Raster::gray(400, 200, vec![255; 400 * 200]).expect("fits");
        assert_eq!(judge(&text, &blank), Err(Refusal::NotOverInk));
        let (few, _) = page(&SOUND[..3]);
        assert_eq!(judge(&few, &raster), Err(Refusal::InkWithoutWords));
        let other = Raster::gray(300, 200, vec![0; 300 * 200]).expect("fits");
        assert_eq!(judge(&text, &other), Err(Refusal::OffPage));
        let mut piled = text.clone();
        piled.blocks = vec![text.blocks[0].clone(); 10];
        assert_eq!(judge(&piled, &raster), Err(Refusal::TooDense));
    }
}
