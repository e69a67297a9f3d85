//! Which steps make text of one page image?
//!
//! decode → gray → straighten → recognize → judge → (turn, and again) → place words on the master.
//!
//! Nothing is done to a page that does not need it: preparing decent scans costs time and can cost
//! text. So a page is first read as it stands, and only a doubtful result buys more attempts, of
//! which the best is kept.

use std::time::{Duration, Instant};

use imaging::{ImageError, QuarterTurn, Raster, Straightening};
use record::event::UnreadableReason;
use record::limits;
use record::words::{self, Block, Line, PageText, Word};

use crate::engine::{Engine, EngineError, FoundWord, GrayImage, SIDE_PIXELS_MAX};
use crate::layout;

/// See [`words::Engine::generation`].
pub const GENERATION: u32 = 1;
/// Less skew than this, in degrees, does not trouble Tesseract, and rotating blurs.
const SKEW_MIN: f64 = 0.3;
/// Mean confidence below which a page may stand the wrong way up: upside-down print reads at about
/// 50, decent scans at 85 and more.
const CONFIDENCE_DOUBTFUL: u32 = 70;
/// Margin from which Tesseract's verdict on the orientation is worth an attempt of its own.
const ORIENTATION_MARGIN_MIN: f32 = 2.0;
/// Words from this confidence on count when attempts are compared.
const CONFIDENCE_LEGIBLE: f32 = 60.0;

#[derive(Debug, thiserror::Error)]
pub enum ReadPageError {
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl ReadPageError {
    pub fn reason(&self) -> UnreadableReason {
        match self {
            Self::Image(_) => UnreadableReason::Undecodable,
            Self::Engine(EngineError::TimedOut) => UnreadableReason::TimedOut,
            Self::Engine(_) => UnreadableReason::Failed,
        }
    }
}

/// Reads one page image. `dpi` is what the file says, 0 for nothing; it is believed only where it is
/// plausible. Tesseract is asked to stop after `limit`.
pub fn read(engine: &mut Engine, image: &[u8], dpi: u32, limit: Duration) -> Result<PageText, ReadPageError> {
    let clock = Clock { started: Instant::now(), limit };
    let master = imaging::decode(image)?.to_gray();
    let dpi = plausible_dpi(dpi, master.width(), master.height());
    let first = Attempt::new(engine, &master, QuarterTurn::None, dpi, &clock)?;
    let best = match first.is_doubtful() && clock.has_plenty() {
        true => other_way_up(engine, &master, first, &clock),
        false => first,
    };
    Ok(best.into_page_text(engine, master.width(), master.height()))
}

struct Clock {
    started: Instant,
    limit: Duration,
}

impl Clock {
    fn left(&self) -> Duration {
        self.limit.saturating_sub(self.started.elapsed())
    }

    /// Four more attempts like the first one fit in. On noise they would not: it keeps Tesseract
    /// busy for longer than any text.
    fn has_plenty(&self) -> bool {
        self.started.elapsed() < self.limit / 6
    }
}

/// What was read of the page one way up.
struct Attempt {
    turn: QuarterTurn,
    /// Clockwise, after the turn, in degrees.
    straighten: f64,
    scale: f64,
    dpi: u32,
    words: Vec<FoundWord>,
}

impl Attempt {
    fn new(
        engine: &mut Engine,
        master: &Raster,
        turn: QuarterTurn,
        dpi: u32,
        clock: &Clock,
    ) -> Result<Self, ReadPageError> {
        let skew = imaging::skew(&master.rotate_quarter(turn));
        let straighten = if skew.abs() > SKEW_MIN { -skew } else { 0.0 };
        let scale = fitting(master);
        let mut attempt = Self { turn, straighten, scale, dpi, words: Vec::new() };
        let upright = attempt.steps(master.width(), master.height()).apply(master)?;
        attempt.words = layout::recognize(engine, &upright, dpi, clock.left())?;
        Ok(attempt)
    }

    /// From a master of this size to the image that is read.
    fn steps(&self, width: u32, height: u32) -> Straightening {
        Straightening::new(width, height, self.turn, self.straighten, self.scale)
    }

    fn is_doubtful(&self) -> bool {
        !self.words.is_empty() && (self.confidence() < CONFIDENCE_DOUBTFUL || self.is_sideways())
    }

    /// Mean over characters, 0 to 100.
    fn confidence(&self) -> u32 {
        let (mut sum, mut weight) = (0.0, 0.0);
        for word in &self.words {
            let chars = word.text.chars().count() as f32;
            sum += word.confidence * chars;
            weight += chars;
        }
        if weight > 0.0 { (sum / weight) as u32 } else { 0 }
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

    /// How many letters and digits were read with some certainty.
    fn legible(&self) -> usize {
        let sure = self.words.iter().filter(|word| word.confidence >= CONFIDENCE_LEGIBLE);
        sure.map(|word| word.text.chars().filter(|c| c.is_alphanumeric()).count()).sum()
    }

    /// Whether this attempt's text is worth more than that of `other`. Turning a page over takes a
    /// clear gain, except where it only lays sideways lines flat.
    fn beats(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.legible(), other.legible());
        match (self.is_sideways(), other.is_sideways()) {
            (false, true) => mine * 10 >= theirs * 9,
            (true, _) => false,
            (false, false) => mine * 10 > theirs * 12 && self.confidence() > other.confidence(),
        }
    }

    fn into_page_text(self, engine: &Engine, width: u32, height: u32) -> PageText {
        PageText {
            width,
            height,
            rotation: self.turn.degrees(),
            skew_centidegrees: (self.straighten * 100.0).round() as i32,
            language: engine.model().to_owned(),
            engine: self.described(engine),
            blocks: blocks(&self.words, &self.steps(width, height)),
            ..PageText::default()
        }
    }

    fn described(&self, engine: &Engine) -> words::Engine {
        let Self { turn, straighten, scale, dpi, .. } = self;
        words::Engine {
            name: "Tesseract".to_owned(),
            version: Engine::version(),
            model: engine.model().to_owned(),
            model_digest: engine.model_digest().to_string(),
            recipe: format!("psm=3 dpi={dpi} turn={} straighten={straighten:.2} scale={scale:.3}", turn.degrees()),
            generation: GENERATION,
        }
    }
}

/// Reads the page the other ways up that are worth trying, and returns the best attempt.
fn other_way_up(engine: &mut Engine, master: &Raster, first: Attempt, clock: &Clock) -> Attempt {
    let turns = turns_to_try(engine.orientation(gray(master, first.dpi)));
    let mut best = first;
    for turn in turns {
        // An attempt that fails proves nothing against the one that did not.
        let attempt = Attempt::new(engine, master, turn, best.dpi, clock);
        best = attempt.ok().filter(|attempt| attempt.beats(&best)).unwrap_or(best);
    }
    best
}

fn turns_to_try(verdict: Option<(u16, f32)>) -> Vec<QuarterTurn> {
    match verdict {
        Some((degrees, margin)) if margin >= ORIENTATION_MARGIN_MIN => {
            let back = QuarterTurn::from_degrees((360 - degrees) % 360);
            back.into_iter().filter(|turn| *turn != QuarterTurn::None).collect()
        }
        _ => vec![QuarterTurn::Half, QuarterTurn::Right, QuarterTurn::Left],
    }
}

/// The scale at which the image is small enough for Tesseract, however it is turned.
fn fitting(image: &Raster) -> f64 {
    let diagonal = f64::from(image.width()).hypot(f64::from(image.height()));
    (f64::from(SIDE_PIXELS_MAX - 2) / diagonal).min(1.0)
}

fn gray(image: &Raster, dpi: u32) -> GrayImage<'_> {
    GrayImage { pixels: image.bytes(), width: image.width(), height: image.height(), dpi }
}

/// What Tesseract shall believe of the resolution, in dots per inch.
///
/// Metadata lies: scans 2000 pixels wide say 96 dpi because a program rewrote them. What the file
/// says is believed where the sheet would be between a receipt and a tabloid in size; otherwise the
/// page is taken to be about 11 inches tall.
fn plausible_dpi(said: u32, width: u32, height: u32) -> u32 {
    let (short, long) = (width.min(height), width.max(height));
    let believable = (100..=1200).contains(&said) && short >= said && long <= said.saturating_mul(18);
    if believable { said } else { (long / 11).clamp(70, 600) }
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
            let attempt = Attempt { turn, straighten, scale, dpi: 300, words: Vec::new() };
            let steps = attempt.steps(width, height);
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

    #[test]
    fn metadata_is_believed_only_where_it_is_plausible() {
        assert_eq!(plausible_dpi(300, 2550, 3300), 300);
        assert_eq!(plausible_dpi(200, 700, 2400), 200, "a receipt");
        assert_eq!(plausible_dpi(96, 2000, 2600), 236, "rewritten by a program");
        assert_eq!(plausible_dpi(0, 831, 1304), 118);
        assert_eq!(plausible_dpi(4_000_000_000, 10, 10), 70);
    }

    #[test]
    fn a_sure_verdict_saves_attempts() {
        assert_eq!(turns_to_try(Some((90, 15.0))), [QuarterTurn::Left]);
        assert_eq!(turns_to_try(Some((180, 15.0))), [QuarterTurn::Half]);
        assert_eq!(turns_to_try(Some((0, 15.0))), []);
        assert_eq!(turns_to_try(Some((0, 0.5))).len(), 3);
        assert_eq!(turns_to_try(None).len(), 3);
    }
}
