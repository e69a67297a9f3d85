//! Which steps make text of one page image?
//!
//! decode → square pixels → clean what needs it → lay upright → level, enlarge small print → recognize → judge →
//! (another way up, or the page as it came) → show doubtful words to the second engine → place words on the master.
//!
//! Nothing is done to a page that does not need it: preparing decent scans costs time and can cost text. And only a
//! doubtful result buys another attempt, of which the best is kept.

use std::time::Duration;

use imaging::{ImageError, Level, QuarterTurn, Raster};
use record::event::UnreadableReason;
use record::timing::Step;
use record::words::{PageKind, PageText};

use crate::attempt::{Attempt, Prepared};
use crate::clean::{Cleaned, clean};
use crate::clock::Clock;
use crate::engine::{Engine, EngineError};
use crate::steps::Steps;
use crate::upright;

/// See [`record::words::Engine::generation`].
pub const GENERATION: u32 = 6;

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
pub fn read(
    engine: &mut Engine,
    image: &[u8],
    dpi: u32,
    limit: Duration,
    steps: &mut Steps,
) -> Result<PageText, ReadPageError> {
    let clock = Clock::start(limit);
    let master = steps.time(Step::Decode, || imaging::decode(image))?.to_gray();
    let (width, height) = (master.width(), master.height());
    let stretch = stretch(image);
    let square = stretched(&master, stretch)?;
    let cleaned = steps.time(Step::Clean, || clean(square.clone()));
    let lines = steps.time(Step::Look, || lines(&cleaned.image));
    let prepared = Prepared { cleaned, stretch, dpi: plausible_dpi(dpi, width, height) };
    if !lines.are_clear() && imaging::blankness(&prepared.cleaned.image, prepared.dpi).is_blank() {
        return Ok(blank(engine, width, height));
    }
    let contrast = prepared.cleaned.light.contrast;
    let first = steps.time(Step::Recognize, || match lines {
        Lying::Sideways(level) => sideways(engine, &prepared, level, &clock),
        Lying::Upright(level) => upright_or_over(engine, &prepared, level, &clock),
    })?;
    let mut best = match first.is_doubtful() && !prepared.cleaned.steps.is_empty() && clock.has_plenty() {
        true => steps.time(Step::Recognize, || as_it_came(engine, square, &prepared, first, &clock)),
        false => first,
    };
    if let Some(second) = engine.second() {
        steps.time(Step::Recognize, || best.look_again(second, &clock));
    }
    Ok(steps.time(Step::Judge, || best.into_page_text(engine, width, height, contrast)))
}

/// A page with nothing on it is not shown to Tesseract, which would spend its time on specks.
fn blank(engine: &Engine, width: u32, height: u32) -> PageText {
    let engine = crate::attempt::engine_record(engine, "blank".to_owned());
    let language = engine.model.clone();
    PageText { width, height, language, engine, kind: PageKind::Blank, ..PageText::default() }
}

/// How the lines of text lie, and how far from level.
enum Lying {
    Upright(Level),
    Sideways(Level),
}

impl Lying {
    fn are_clear(&self) -> bool {
        let (Self::Upright(level) | Self::Sideways(level)) = self;
        level.is_clear()
    }
}

/// Lines of text are clearer along their run than across it, rules of tables or not.
fn lines(page: &Raster) -> Lying {
    let small = page.reduce(page.width().min(page.height()) / 1_000);
    let (across, down) = (imaging::level(&small), imaging::level(&small.rotate_quarter(QuarterTurn::Right)));
    match down.is_clear() && down.clearness > 2.0 * across.clearness {
        true => Lying::Sideways(down),
        false => Lying::Upright(across),
    }
}

fn upright_or_over(
    engine: &mut Engine,
    page: &Prepared,
    level: Level,
    clock: &Clock,
) -> Result<Attempt, ReadPageError> {
    let first = Attempt::new(engine, page, QuarterTurn::None, level, clock.left())?;
    if !first.is_doubtful() || !clock.has_plenty() {
        return Ok(first);
    }
    let turns = if level.is_clear() { &upright::OVER[..] } else { &upright::ALL[..] };
    Ok(upright::other_way_up(engine, page, first, turns, clock))
}

/// Lines down the page are laid flat the way that a strip of it reads better.
fn sideways(engine: &mut Engine, page: &Prepared, level: Level, clock: &Clock) -> Result<Attempt, ReadPageError> {
    let turn = upright::better_read(engine, page, [QuarterTurn::Right, QuarterTurn::Left], level);
    let level =
        if turn == QuarterTurn::Right { level } else { imaging::level(&page.cleaned.image.rotate_quarter(turn)) };
    let first = Attempt::new(engine, page, turn, level, clock.left())?;
    if !first.is_doubtful() || !clock.has_plenty() {
        return Ok(first);
    }
    let other = if turn == QuarterTurn::Right { QuarterTurn::Left } else { QuarterTurn::Right };
    Ok(upright::other_way_up(engine, page, first, &[other, QuarterTurn::None], clock))
}

/// Whether cleaning has harmed the page is seen by reading it without.
fn as_it_came(engine: &mut Engine, square: Raster, page: &Prepared, first: Attempt, clock: &Clock) -> Attempt {
    let plain = Prepared { cleaned: Cleaned { image: square, steps: Vec::new(), light: page.cleaned.light }, ..*page };
    let level = imaging::level(&plain.cleaned.image.rotate_quarter(first.turn()));
    let second = Attempt::new(engine, &plain, first.turn(), level, clock.as_much_again());
    // An attempt that fails proves nothing against the one that did not.
    second.ok().filter(|second| second.reads_more_than(&first)).unwrap_or(first)
}

/// How many times as wide and as high the page must be made for its pixels to be square: fax pages have half as many
/// dots down as across.
fn stretch(image: &[u8]) -> (f64, f64) {
    let Ok(facts) = imaging::probe(image) else { return (1.0, 1.0) };
    let (across, down) = (f64::from(facts.dpi), f64::from(facts.dpi_down));
    if across <= 0.0 || down <= 0.0 {
        return (1.0, 1.0);
    }
    match across / down {
        wide if (1.2..=4.0).contains(&wide) => (1.0, wide),
        tall if (0.25..=0.83).contains(&tall) => (1.0 / tall, 1.0),
        _ => (1.0, 1.0),
    }
}

fn stretched(master: &Raster, (across, down): (f64, f64)) -> Result<Raster, ImageError> {
    if across == 1.0 && down == 1.0 {
        return Ok(master.clone());
    }
    let side = |side: u32, times: f64| (f64::from(side) * times).round() as u32;
    master.scale_to(side(master.width(), across), side(master.height(), down))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_believed_only_where_it_is_plausible() {
        assert_eq!(plausible_dpi(300, 2550, 3300), 300);
        assert_eq!(plausible_dpi(200, 700, 2400), 200, "a receipt");
        assert_eq!(plausible_dpi(96, 2000, 2600), 236, "rewritten by a program");
        assert_eq!(plausible_dpi(0, 831, 1304), 118);
        assert_eq!(plausible_dpi(4_000_000_000, 10, 10), 70);
    }
}
