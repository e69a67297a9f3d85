//! What is read of a page that is prepared in one way, and what is that worth?

use std::time::Duration;

use imaging::{Level, QuarterTurn, Raster, Straightening};
use record::limits;
use record::words::{self, Attention, Block, Line, PageText, Word};

use crate::clean::Cleaned;
use crate::clock::Clock;
use crate::engine::{Engine, FoundWord, Recognizer, SIDE_PIXELS_MAX};
use crate::hyphens;
use crate::judge::judge;
use crate::layout::{self, Reading};
use crate::read::{GENERATION, ReadPageError};
use crate::second_look;
use crate::worth;

/// Less skew than this, in degrees, does not trouble Tesseract, and rotating blurs.
const SKEW_MIN: f64 = 0.3;
/// Mean confidence below which a page may stand the wrong way up: upside-down print reads at about
/// 50, decent scans at 85 and more.
const CONFIDENCE_DOUBTFUL: f32 = 70.0;
/// Letters lower than this, in pixels, are enlarged to [`GLYPH_GOOD`].
const GLYPH_MIN: u32 = 13;
const GLYPH_GOOD: f64 = 21.0;
/// Higher ones are reduced to [`GLYPH_ENOUGH`]: Tesseract reads lines at a fixed height, and more pixels cost time alone.
const GLYPH_MAX: u32 = 32;
const GLYPH_ENOUGH: f64 = 26.0;
const SCALE_MAX: f64 = 3.0;
/// Footnotes may be half as high as the rest.
const SCALE_MIN: f64 = 0.6;
/// Not enlarged beyond so many pixels.
const ENLARGED_PIXELS_MAX: f64 = 24_000_000.0;

/// A page that is ready to be turned and read.
pub(crate) struct Prepared {
    pub(crate) cleaned: Cleaned,
    /// How many times as wide and high the page is as the master.
    pub(crate) stretch: (f64, f64),
    pub(crate) dpi: u32,
}

/// What was read of the page one way up.
pub(crate) struct Attempt {
    steps: Straightening,
    turn: QuarterTurn,
    /// Clockwise, after the turn, in degrees.
    straighten: f64,
    scale: f64,
    dpi: u32,
    cleaned: String,
    /// What was read, upright.
    image: Raster,
    words: Vec<FoundWord>,
    /// In which ways.
    ways: String,
    marks: Vec<words::Box>,
}

impl Attempt {
    /// `level` is that of the page after `turn`.
    pub(crate) fn new(
        engine: &mut Engine,
        page: &Prepared,
        turn: QuarterTurn,
        level: Level,
        limit: Duration,
    ) -> Result<Self, ReadPageError> {
        let image = &page.cleaned.image;
        let straighten = if level.is_clear() && level.degrees.abs() > SKEW_MIN { -level.degrees } else { 0.0 };
        let scale = fitting(image);
        let steps = Straightening::new(image.width(), image.height(), turn, straighten, scale)
            .after_stretch(page.stretch.0, page.stretch.1);
        let upright = steps.apply(image)?;
        let dpi = (f64::from(page.dpi) * scale).round() as u32;
        let Reading { words, ways, marks } = layout::recognize(engine, &upright, dpi, limit)?;
        let cleaned = page.cleaned.steps.join("+");
        Ok(Self { steps, turn, straighten, scale, dpi, cleaned, image: upright, words, ways, marks })
    }

    pub(crate) fn turn(&self) -> QuarterTurn {
        self.turn
    }

    pub(crate) fn is_doubtful(&self) -> bool {
        !self.words.is_empty() && (self.confidence() < CONFIDENCE_DOUBTFUL || self.is_sideways())
    }

    fn confidence(&self) -> f32 {
        worth::confidence(&self.words)
    }

    /// Tesseract reads lines that run up or down on its own, but then their order and the page's
    /// orientation are not known.
    fn is_sideways(&self) -> bool {
        let long = self.words.iter().filter(|word| word.text.chars().count() >= 4);
        let (tall, all) = long.fold((0, 0), |(tall, all), word| {
            (tall + usize::from(word.bottom - word.top > word.right - word.left), all + 1)
        });
        tall * 2 > all
    }

    fn legible(&self) -> usize {
        worth::legible(&self.words)
    }

    /// Whether this attempt's text is worth more than that of `other`, read the other way up. Turning a page over
    /// takes a clear gain, except where it only lays sideways lines flat.
    pub(crate) fn beats(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.legible(), other.legible());
        match (self.is_sideways(), other.is_sideways()) {
            (false, true) => mine * 10 >= theirs * 9,
            (true, _) => false,
            (false, false) => mine * 10 > theirs * 12 && self.confidence() > other.confidence(),
        }
    }

    /// The same way up, another way cleaned.
    pub(crate) fn reads_more_than(&self, other: &Self) -> bool {
        self.legible() > other.legible()
    }

    /// Words that are in doubt are shown to a second engine.
    pub(crate) fn look_again(&mut self, second: &Recognizer, clock: &Clock) {
        second_look::mend(second, &self.image, &mut self.words, clock);
    }

    pub(crate) fn into_page_text(self, engine: &Engine, width: u32, height: u32, contrast: u8) -> PageText {
        let verdict = judge(&self.image, &self.marks, &self.words, self.letter_height(), contrast);
        let attention = |(reason, place)| Attention { reason, place: self.steps.to_master(place) };
        PageText {
            kind: verdict.kind,
            attention: verdict.attention.into_iter().map(attention).collect(),
            width,
            height,
            rotation: self.turn.degrees(),
            skew_centidegrees: (self.straighten * 100.0).round() as i32,
            language: engine.model().to_owned(),
            engine: self.described(engine),
            blocks: hyphens::joined(blocks(&self.words, &self.steps)),
        }
    }

    /// Of the words that were read: the median, in pixels of the image that was read.
    fn letter_height(&self) -> u32 {
        let mut heights: Vec<u32> = self.words.iter().map(|word| word.bottom - word.top).collect();
        heights.sort_unstable();
        heights.get(heights.len() / 2).map_or(GLYPH_GOOD as u32, |height| (*height).max(6))
    }

    fn described(&self, engine: &Engine) -> words::Engine {
        let Self { turn, straighten, scale, dpi, cleaned, ways, .. } = self;
        let cleaned = if cleaned.is_empty() { "none" } else { cleaned };
        let turn = turn.degrees();
        let recipe =
            format!("clean={cleaned} turn={turn} straighten={straighten:.2} scale={scale:.3} dpi={dpi} read={ways}");
        engine_record(engine, recipe)
    }
}

/// Everything needed to read the page again and get the same text.
pub(crate) fn engine_record(engine: &Engine, mut recipe: String) -> words::Engine {
    recipe.extend(engine.second().map(|second| format!(" second={}", second.digest())));
    words::Engine {
        name: "Tesseract".to_owned(),
        version: Engine::version(),
        model: engine.model().to_owned(),
        model_digest: engine.model_digest().to_string(),
        recipe,
        generation: GENERATION,
    }
}

/// The scale at which small print is large enough and the image small enough for Tesseract, however it is turned.
fn fitting(image: &Raster) -> f64 {
    let (width, height) = (f64::from(image.width()), f64::from(image.height()));
    let most = f64::from(SIDE_PIXELS_MAX - 2) / width.hypot(height);
    let wanted = match imaging::glyph_height(image) {
        Some(small) if small < GLYPH_MIN => (GLYPH_GOOD / f64::from(small)).min(SCALE_MAX),
        Some(large) if large > GLYPH_MAX => (GLYPH_ENOUGH / f64::from(large)).max(SCALE_MIN),
        _ => 1.0,
    };
    let affordable = (ENLARGED_PIXELS_MAX / (width * height)).sqrt().max(1.0);
    wanted.min(affordable).min(most)
}

/// Lays the words into lines and blocks, each at its place on the master.
fn blocks(found: &[FoundWord], steps: &Straightening) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for found_word in found {
        let Some(word) = word(found_word, steps) else { continue };
        if found_word.starts_block || blocks.is_empty() {
            blocks.push(Block { cell: found_word.cell, ..Block::default() });
        }
        let Some(block) = blocks.last_mut() else { continue };
        if found_word.starts_line || block.lines.is_empty() {
            block.lines.push(Line::default());
        }
        if let Some(line) = block.lines.last_mut() {
            line.words.push(word);
        }
    }
    blocks
}

fn word(found: &FoundWord, steps: &Straightening) -> Option<Word> {
    let text: String = found.text.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    let FoundWord { left, top, right, bottom, .. } = *found;
    let place = steps.to_master(words::Box { x: left, y: top, w: right - left, h: bottom - top });
    // A word in the white corners that straightening added is no word of the page.
    let real = place.w > 0 && place.h > 0 && !text.is_empty() && text.len() <= limits::WORD_BYTES_MAX;
    real.then(|| Word::read(text, place, found.confidence.round() as u8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Where the dark pixels are.
    fn dark(image: &Raster) -> Option<words::Box> {
        let width = image.width() as usize;
        let places = image.bytes().iter().enumerate().filter(|(_, sample)| **sample < 128);
        let boxes = places.map(|(at, _)| words::Box { x: (at % width) as u32, y: (at / width) as u32, w: 1, h: 1 });
        boxes.reduce(words::Box::union)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// A word painted on a master is found on the image that is read, and placed where it was painted.
        #[test]
        fn a_word_finds_back_to_its_place_on_the_master(
            width in 60_u32..300, height in 60_u32..300, x in 0_u32..40, y in 0_u32..40,
            quarter in 0_u16..4, straighten in -8.0..8.0, scale in 0.8..2.0,
        ) {
            let painted = words::Box { x, y, w: 20, h: 10 };
            let inside = |at: u32| (x..x + 20).contains(&(at % width)) && (y..y + 10).contains(&(at / width));
            let samples = (0..width * height).map(|at| if inside(at) { 0 } else { 255 }).collect();
            let master = Raster::gray(width, height, samples).expect("fits");
            let turn = QuarterTurn::from_degrees(quarter * 90).expect("a quarter");
            let steps = Straightening::new(width, height, turn, straighten, scale);
            let seen = dark(&steps.apply(&master).expect("small")).expect("it was painted");
            let word = FoundWord {
                text: "word".to_owned(), left: seen.x, top: seen.y, right: seen.x + seen.w, bottom: seen.y + seen.h,
                confidence: 90.0, starts_block: true, starts_line: true, cell: None,
            };
            let found = blocks(&[word], &steps).remove(0).lines.remove(0).words.remove(0).place;
            // The box around a box that was turned by up to 8° is larger than it by this much, twice.
            for (got, want) in [(found.x, x), (found.y, y), (found.x + found.w, x + 20), (found.y + found.h, y + 10)] {
                prop_assert!(got.abs_diff(want) <= 9, "{found:?} instead of {painted:?}");
            }
        }
    }
}
