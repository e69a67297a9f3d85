//! Which words does a page bring along, and where are they on its image?
//!
//! Searchable scans carry their words invisibly (section 9.3.6), pages that never were paper show them. Fonts, codes and positions are worked out by
//! `hayro-interpret`; here glyphs become words, by the spaces between them, and points become pixels. Whether the words
//! are any good is for others to judge: what a code does not mean stays in the text as U+FFFD.

use hayro_interpret::font::{Glyph, GlyphRun, PositionedGlyph};
use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::hayro_syntax::page::Page;
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect, Vec2};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
    InterpreterSettings, SoftMask, interpret_page,
};
use record::limits::{PAGE_WORDS_MAX, WORD_BYTES_MAX};
use record::words::{Block, Box, Engine, Line, PageText, Word};

use super::geometry::Area;
use super::pages::Untouched;

/// Shares of the font size: how high a line reaches, how wide a space is at least, and how far the next glyph may be
/// off the line.
const ASCENT: f64 = 0.8;
const DESCENT: f64 = 0.2;
const SPACE_MIN: f64 = 0.2;
const OFF_LINE_MAX: f64 = 0.4;
/// Advance of a glyph whose font does not say, per thousand.
const ADVANCE: f64 = 500.0;
/// A layer does not say how sure it is; this is what a decent scan reads at.
const CONFIDENCE: u8 = 90;

/// The text layers of a PDF.
pub struct Layers {
    pdf: Pdf,
    pages: u32,
}

impl Layers {
    /// `None` where the PDF cannot be opened for its text, or has not as many pages as [`Pages`](super::Pages) says.
    pub fn open(bytes: Vec<u8>, pages: u32) -> Option<Self> {
        let pdf = Pdf::new(bytes).ok()?;
        (pdf.pages().len() as u64 == u64::from(pages)).then_some(Self { pdf, pages })
    }

    /// The words over page `number` (1-based), whose image this is; `None` where there are none.
    pub fn page(&self, number: u32, image: &Untouched) -> Option<PageText> {
        let Untouched { width, height, rotation, .. } = *image;
        self.words(self.at(number)?, &Canvas { width, height, rotation, to_pixels: to_pixels(image) })
    }

    /// Likewise of a page that was drawn as it is to be seen, on so many pixels.
    pub fn drawn(&self, number: u32, width: u32, height: u32) -> Option<PageText> {
        let page = self.at(number)?;
        let (across, down) = page.render_dimensions();
        let scale =
            Affine::scale_non_uniform(f64::from(width) / f64::from(across), f64::from(height) / f64::from(down));
        let upright = Affine::new(page.initial_transform(true).as_coeffs());
        self.words(page, &Canvas { width, height, rotation: 0, to_pixels: scale * upright })
    }

    fn at(&self, number: u32) -> Option<&Page<'_>> {
        let at = number.checked_sub(1).filter(|&at| at < self.pages)?;
        self.pdf.pages().get(at as usize)
    }

    fn words(&self, page: &Page<'_>, canvas: &Canvas) -> Option<PageText> {
        let cache = InterpreterCache::new();
        let everywhere = Rect::new(-1e9, -1e9, 1e9, 1e9);
        let (xref, settings) = (self.pdf.xref(), InterpreterSettings::default());
        let mut context = Context::new(Affine::IDENTITY, everywhere, &cache, xref, settings);
        let mut gatherer = Gatherer { to_pixels: canvas.to_pixels, lines: Vec::new(), words: 0, last: None };
        interpret_page(page, &mut context, &mut gatherer);
        gatherer.into_text(canvas)
    }
}

/// The image that the words lie on.
struct Canvas {
    width: u32,
    height: u32,
    /// See [`Untouched::rotation`].
    rotation: u16,
    /// From points on the page, y up, to pixels of the image, y down.
    to_pixels: Affine,
}

fn to_pixels(image: &Untouched) -> Affine {
    let Area { left, top, .. } = image.area;
    let (across, down) = (f64::from(image.width) / image.area.width(), f64::from(image.height) / image.area.height());
    Affine::scale_non_uniform(across, -down) * Affine::translate((-left, -top))
}

/// A word that may go on.
struct Started {
    text: String,
    place: Rect,
}

/// Where the last glyph ended, which way it ran, and its size.
struct Last {
    end: Point,
    along: Vec2,
    size: f64,
    ends_word: bool,
}

struct Gatherer {
    to_pixels: Affine,
    lines: Vec<Vec<Started>>,
    words: usize,
    last: Option<Last>,
}

impl Gatherer {
    fn glyph(&mut self, glyph: &PositionedGlyph<'_>, outer: Affine) {
        let transform = self.to_pixels * outer * glyph.transform();
        let start = transform * Point::ZERO;
        let up = transform * Point::new(0.0, 1000.0) - start;
        let advance = glyph_advance(glyph);
        let run = transform * Point::new(advance, 0.0) - start;
        let (size, length) = (up.hypot(), run.hypot());
        if !(size.is_finite() && length.is_finite() && size > 0.5 && start.is_finite()) {
            return;
        }
        let text = match glyph.as_unicode() {
            Some(BfString::Char(c)) => c.to_string(),
            Some(BfString::String(text)) => text,
            None => char::REPLACEMENT_CHARACTER.to_string(),
        };
        let blank = text.chars().all(char::is_whitespace);
        if !blank {
            let feet = [start - DESCENT * up, start + run - DESCENT * up];
            let place = Rect::from_points(feet[0], start + run + ASCENT * up);
            self.put(&text, place.union_pt(feet[1]).union_pt(start + ASCENT * up), start, size);
        }
        let along = if length > 0.0 { run / length } else { Vec2::new(1.0, 0.0) };
        self.last = Some(Last { end: start + run, along, size, ends_word: blank });
    }

    fn put(&mut self, text: &str, place: Rect, start: Point, size: f64) {
        let (same_line, same_word) = self.last.as_ref().map_or((false, false), |last| {
            let (way, size) = (start - last.end, last.size.max(size));
            let (forward, off) = (way.dot(last.along), way.cross(last.along).abs());
            let same_line = off < OFF_LINE_MAX * size && forward > -size;
            (same_line, same_line && !last.ends_word && forward.abs() < SPACE_MIN * size)
        });
        if self.lines.is_empty() || !same_line {
            self.lines.push(Vec::new());
        }
        let Some(line) = self.lines.last_mut() else { return };
        match line.last_mut() {
            Some(word) if same_word && word.text.len() + text.len() <= WORD_BYTES_MAX => {
                word.text.push_str(text);
                word.place = word.place.union(place);
            }
            _ if self.words < PAGE_WORDS_MAX => {
                self.words += 1;
                line.push(Started { text: text.to_owned(), place });
            }
            _ => {}
        }
    }

    fn into_text(self, canvas: &Canvas) -> Option<PageText> {
        let Canvas { width, height, rotation, .. } = *canvas;
        let word = |word: Started| {
            let text: String = word.text.chars().filter(|c| !c.is_control()).collect();
            Word::read(text, on_image(word.place, width, height), CONFIDENCE)
        };
        let lines = self.lines.into_iter().map(|line| Line::of(line.into_iter().map(word).collect()));
        let lines: Vec<Line> = lines.filter(|line| !line.words.is_empty()).collect();
        let engine = Engine { name: "PDF text layer".to_owned(), ..Engine::default() };
        let text = PageText { width, height, rotation, engine, blocks: vec![Block::of(lines)], ..PageText::default() };
        (self.words > 0).then_some(text)
    }
}

/// As far as it lies on the image; without a size where none of it does.
fn on_image(place: Rect, width: u32, height: u32) -> Box {
    let within = |value: f64, most: u32| value.clamp(0.0, f64::from(most)) as u32;
    let (x, y) = (within(place.x0.floor(), width), within(place.y0.floor(), height));
    let (right, bottom) = (within(place.x1.ceil(), width), within(place.y1.ceil(), height));
    Box { x, y, w: right - x, h: bottom - y }
}

fn glyph_advance(glyph: &PositionedGlyph<'_>) -> f64 {
    let said = match &**glyph {
        Glyph::Outline(glyph) => glyph.advance_width(),
        Glyph::Type3(glyph) => glyph.advance_width(),
    };
    said.map_or(ADVANCE, f64::from)
}

impl Device<'_> for Gatherer {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, '_>, props: DrawProps<'_>, _: &DrawMode) {
        run.glyphs().iter().for_each(|glyph| self.glyph(glyph, props.transform));
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'_>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'_>>, _: BlendMode) {}
    fn draw_image(&mut self, _: Image<'_, '_>, _: ImageDrawProps<'_>) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
