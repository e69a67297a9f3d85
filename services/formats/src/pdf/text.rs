//! Words that are found and copied but not seen, over the place where they are seen.
//!
//! Rendering mode 3 (section 9.3.6). Each word is stretched to the width of its box, and the words of a level line
//! share one baseline. On a slanted page every word lies level in the middle of its own box, a stair along the line:
//! programs that take text out of PDFs break words whose letters climb (of 280 words at 3 degrees, poppler broke 64).
//! Everything is in pixels of the image, so that whole numbers do and the content packs well.

use record::words::{Box, PageText};

use super::file::Real;
use super::font::{ADVANCE, Alphabet, DESCENT};

/// Advance and descent as shares of the font size.
const ADVANCE_SHARE: f64 = ADVANCE as f64 / 1000.0;
const DESCENT_SHARE: f64 = DESCENT as f64 / 1000.0;
/// Pixels by which a word may end beside its box.
const WIDTH_TOLERANCE: f64 = 1.0;
/// A line whose boxes reach over this many times the tallest one does not lie level.
const LEVEL_MAX: f64 = 1.5;
/// Words nearer than this share of the font size are taken for one by other programs.
const GAP_SHARE: f64 = 0.16;

/// The name of a font in a page's resources.
pub(super) fn font_name(font: usize) -> String {
    format!("F{font}")
}

/// Content stream operators for all words on an image so many pixels tall: in pixels, y up.
pub(super) fn invisible(text: &PageText, height: u32, alphabet: &mut Alphabet) -> Vec<u8> {
    let axes = Axes::of(text, height);
    let (cos, sin) = axes.direction;
    let content = format!("BT 3 Tr {} {} {} {} 0 0 Tm\n", cos, sin, -sin, cos).into_bytes();
    let mut pen = Pen { content, alphabet, at: (0, 0), font: None };
    for line in text.lines() {
        let mut places: Vec<Place> = line.words.iter().map(|word| axes.place(word.place)).collect();
        level(&mut places);
        keep_apart(&mut places);
        for (word, place) in line.words.iter().zip(places) {
            pen.word(&word.text, place);
        }
    }
    pen.content.extend(b"ET\n");
    pen.content
}

/// How the words run on the image.
struct Axes {
    /// Of the lines, apart from their slant: cosine and sine, counter-clockwise.
    direction: (i32, i32),
    /// Cosine and sine of the slant's size.
    slant: (f64, f64),
    page_height: f64,
}

/// A word in the axes of its line: where its lower left corner is, and its size.
#[derive(Debug, Clone, Copy)]
struct Place {
    along: f64,
    bottom: f64,
    length: f64,
    height: f64,
}

impl Axes {
    /// What has to be turned clockwise to stand upright runs counter-clockwise.
    fn of(text: &PageText, height: u32) -> Self {
        let direction = match text.rotation % 360 {
            90 => (0, 1),
            180 => (-1, 0),
            270 => (0, -1),
            _ => (1, 0),
        };
        let slant = (f64::from(text.skew_centidegrees.abs()) / 100.0).min(30.0).to_radians();
        Self { direction, slant: (slant.cos(), slant.sin()), page_height: f64::from(height) }
    }

    /// As long as the box and as tall as the letters: a slanted word's box is taller than they are.
    fn place(&self, word: Box) -> Place {
        let [x, y, w, h] = [word.x, word.y, word.w, word.h].map(f64::from);
        let (a, b) = (f64::from(self.direction.0), f64::from(self.direction.1));
        let (length, tall) = if self.direction.0 == 0 { (h, w) } else { (w, h) };
        let (cos, sin) = self.slant;
        let height = ((tall * cos - length * sin) / (cos * cos - sin * sin)).max(tall / 4.0);
        let (middle_x, middle_y) = (x + w / 2.0, self.page_height - y - h / 2.0);
        let (along, across) = (middle_x * a + middle_y * b, middle_y * a - middle_x * b);
        Place { along: along - length / 2.0, bottom: across - height / 2.0, length, height }
    }
}

/// Ends a word a little earlier where the next one is too near.
fn keep_apart(line: &mut [Place]) {
    for at in 1..line.len() {
        let next = line[at];
        let word = &mut line[at - 1];
        let room = next.along - word.along - GAP_SHARE * word.height.max(next.height);
        if room > word.length / 2.0 {
            word.length = word.length.min(room);
        }
    }
}

/// Gives the words of a level line one bottom and one height, so that they share one baseline.
fn level(line: &mut [Place]) {
    let bottom = line.iter().map(|place| place.bottom).fold(f64::INFINITY, f64::min);
    let top = line.iter().map(|place| place.bottom + place.height).fold(f64::NEG_INFINITY, f64::max);
    let tallest = line.iter().map(|place| place.height).fold(0.0, f64::max);
    if top - bottom <= LEVEL_MAX * tallest {
        line.iter_mut().for_each(|place| (place.bottom, place.height) = (bottom, top - bottom));
    }
}

/// Writes words one after the other, saying only what changes.
struct Pen<'a> {
    content: Vec<u8>,
    alphabet: &'a mut Alphabet,
    /// Where the last word began.
    at: (i64, i64),
    /// And its font and size.
    font: Option<(usize, i64)>,
}

impl Pen<'_> {
    fn word(&mut self, text: &str, place: Place) {
        let mut codes: Vec<(usize, u8)> =
            text.chars().filter(|c| !c.is_control()).map(|c| self.alphabet.code(c)).collect();
        if codes.is_empty() {
            return;
        }
        let size = place.height.round().max(1.0);
        let at = (place.along.round() as i64, (place.bottom + DESCENT_SHARE * size).round() as i64);
        let plain = codes.len() as f64 * ADVANCE_SHARE * size;
        let stretch = shortest(100.0 * place.length / plain, 100.0 * WIDTH_TOLERANCE / plain);
        self.put(&format!("{} {} Td {stretch} Tz", at.0 - self.at.0, at.1 - self.at.1));
        self.at = at;
        // A space ends the word however near the next one is.
        codes.push(self.alphabet.code(' '));
        for run in codes.chunk_by(|one, next| one.0 == next.0) {
            self.show(run[0].0, size as i64, run.iter().map(|code| code.1));
        }
    }

    fn put(&mut self, operators: &str) {
        self.content.extend_from_slice(operators.as_bytes());
    }

    fn show(&mut self, font: usize, size: i64, codes: impl IntoIterator<Item = u8>) {
        if self.font.replace((font, size)) != Some((font, size)) {
            self.put(&format!("/{} {size} Tf", font_name(font)));
        }
        self.content.push(b'(');
        for code in codes {
            if matches!(code, b'(' | b')' | b'\\') {
                self.content.push(b'\\');
            }
            self.content.push(code);
        }
        self.put(")Tj\n");
    }
}

/// `value` with as few decimals as keep it within the tolerance.
fn shortest(value: f64, tolerance: f64) -> Real {
    let near = |decimals: &i32| {
        let unit = 10_f64.powi(-decimals);
        (value - (value / unit).round() * unit).abs() <= tolerance
    };
    Real(value, (0..3).find(near).unwrap_or(3) as usize)
}
