//! What does a strip of microfilm look like, and where are its frames? Strips are drawn with their truth.
//!
//! The drawing knows nothing of how frames are found. It is at the scale that frames are found at: 300 dpi of the page at 24×,
//! reduced eight times. What varies is written down in [`conditions`], with the seeds, which were split before anything was
//! tuned: [`Split::Tuning`] may be looked at, [`Split::HeldOut`] has other seeds, other papers and contents, and shifted
//! conditions, and is only measured.
//!
//! Facts on film, blips and frames: ISO 6199 and ANSI/AIIM MS14 (16 mm and 35 mm roll film), MS8 (document marks).

mod conditions;
pub mod day;
mod paint;
mod paper;
pub mod random;
mod reel;

use imaging::Raster;
use record::words::Box as Rectangle;

use conditions::Conditions;
pub use conditions::{Level, Split};
use paint::Scanned;
use random::Random;
pub use reel::{Reel, Said};

/// Pixels of the strip for a millimetre of the page.
const SCALE: f64 = 300.0 / 8.0 / 25.4;
/// 16 mm film at 24×.
const FILM: f64 = 16.0 * 24.0 * SCALE;

/// A strip and its truth.
pub struct Strip {
    pub picture: Raster,
    pub frames: Vec<Frame>,
    pub negative: bool,
    /// How many blips were drawn; 0 on film without.
    pub blips: usize,
}

/// Bounds of a page's own paper on the strip, askew or not.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    pub place: Rectangle,
    pub kind: &'static str,
}

/// A page as it lies on the film, not yet drawn. Places are along and across the film.
struct Lying {
    centre: (f64, f64),
    width: f64,
    height: f64,
    degrees: f64,
    kind: &'static str,
}

impl Lying {
    /// Half of the bounds' width and height.
    fn reach(&self) -> (f64, f64) {
        let (sine, cosine) = self.degrees.to_radians().sin_cos();
        let (w, h) = (self.width / 2.0, self.height / 2.0);
        (w * cosine + h * sine.abs(), w * sine.abs() + h * cosine)
    }
}

/// Draws the strip of a seed.
pub fn strip(level: Level, split: Split, seed: u64, frames: usize) -> Strip {
    let conditions = Conditions::of(level, split);
    let mut random = Random::new(seed.wrapping_mul(3) + level as u64);
    let (pages, length) = lay(&conditions, frames, &mut random);
    let mut canvas = paint::Canvas::unexposed(length, FILM as usize, &mut random);
    let blips = random.chance(0.5);
    let board = random.chance(conditions.board).then(|| random.between(75.0, 110.0));
    let mut drawn = 0;
    for page in &pages {
        if let Some(light) = board {
            canvas.board(page, light, &mut random);
        }
        let paper = paper::draw(page.kind, page.width as usize, page.height as usize, &mut random);
        canvas.expose(page, &paper);
        drawn += if blips { canvas.blips(page, &conditions, &mut random) } else { 0 };
    }
    canvas.wear(&conditions, &mut random);
    let scanned = Scanned {
        negative: random.chance(0.7),
        tall: random.chance(0.3),
        margin: if random.chance(0.25) { random.between(4.0, 24.0) as usize } else { 0 },
        bed: if random.chance(0.5) { 0 } else { 255 },
    };
    let frames = pages.iter().map(|page| frame(page, &scanned)).collect();
    let picture = canvas.finish(conditions.grain, &scanned, &mut random);
    Strip { picture, frames, negative: scanned.negative, blips: drawn }
}

/// Pages as a camera puts them on negative film, one after the other with a gap, at the pages' own resolution; and where each
/// is on the strip.
pub fn photograph(pages: &[Raster]) -> (Raster, Vec<Rectangle>) {
    const UNEXPOSED: u8 = 215;
    let tallest = pages.iter().map(Raster::height).max().unwrap_or(1);
    let (height, gap) = (tallest * 5 / 4, tallest / 20);
    let width = pages.iter().map(|page| page.width() + gap).sum::<u32>() + gap * 7;
    let mut samples = vec![UNEXPOSED; (width * height) as usize];
    let mut left = gap * 4;
    let places = pages.iter().map(|page| {
        let (w, h) = (page.width(), page.height());
        let place = Rectangle { x: left, y: (height - h) / 2, w, h };
        left += w + gap;
        for (row, y) in page.to_gray().bytes().chunks_exact(w as usize).zip(place.y..) {
            let at = (y * width + place.x) as usize;
            // Paper is dark on it, and ink as light as unexposed film.
            let film = row.iter().map(|&light| UNEXPOSED - (u32::from(light) * 4 / 5) as u8);
            samples[at..at + w as usize].iter_mut().zip(film).for_each(|(sample, film)| *sample = film);
        }
        place
    });
    let places = places.collect();
    (Raster::gray(width, height, samples).expect("a strip has pixels"), places)
}

/// The pages one after the other, and how long the film is with its leader and trailer.
fn lay(conditions: &Conditions, frames: usize, random: &mut Random) -> (Vec<Lying>, usize) {
    let (usual, mixed) = (*random.pick(conditions.usual), random.chance(0.6));
    let mut at = random.between(150.0, 700.0);
    let pages = (0..frames).map(|_| {
        let is_odd = mixed && random.chance(0.3);
        let (width, height) = if is_odd { *random.pick(conditions.odd) } else { usual };
        let (width, height) = (width * random.between(0.985, 1.015) * SCALE, height * SCALE);
        let centre = (at + width / 2.0, FILM / 2.0 + random.normal() * 6.0);
        let degrees = random.normal() * conditions.skew;
        let (kind, _) = *random.weighted(conditions.kinds, |(_, weight)| *weight);
        at += width + gap(conditions, random);
        Lying { centre, width, height, degrees, kind }
    });
    let pages = pages.collect();
    (pages, (at + random.between(150.0, 700.0)) as usize)
}

/// From one page to the next: less than nothing where they overlap.
fn gap(conditions: &Conditions, random: &mut Random) -> f64 {
    let kind = random.between(0.0, 1.0);
    let gap = if kind < conditions.touching {
        0.0
    } else if kind < conditions.touching + conditions.overlapping {
        -random.between(4.0, 20.0)
    } else {
        (conditions.gap * (1.0 + 0.4 * random.normal())).max(2.0)
    };
    gap + if random.chance(conditions.pauses) { random.between(100.0, 400.0) } else { 0.0 }
}

fn frame(page: &Lying, scanned: &Scanned) -> Frame {
    let ((x, y), (w, h)) = (page.centre, page.reach());
    let top = (y - h).max(0.0);
    let bottom = (y + h).min(FILM.floor());
    let whole = |value: f64| value.round() as u32;
    let (x, y) = (whole(x - w), whole(top) + scanned.margin as u32);
    let (w, h) = (whole(2.0 * w), whole(bottom - top));
    let place = if scanned.tall { Rectangle { x: y, y: x, w: h, h: w } } else { Rectangle { x, y, w, h } };
    Frame { place, kind: page.kind }
}
