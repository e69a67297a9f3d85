//! Sheets drawn by the published geometry, spoiled as paper and scanners spoil them.

use imaging::QuarterTurn;
use proptest::prelude::*;

use super::*;

/// A sheet of so many inches with bars of so many inches, drawn pixel by pixel.
struct Drawing {
    patch: Patch,
    dpi: f64,
    size: (f64, f64),
    /// Left end and top of the bars.
    at: (f64, f64),
    length: f64,
    scale: f64,
    /// Levels of ink and paper.
    levels: (u8, u8),
}

impl Drawing {
    fn of(patch: Patch, dpi: f64) -> Self {
        Self { patch, dpi, size: (8.5, 11.0), at: (3.0, 0.5), length: 2.5, scale: 1.0, levels: (25, 245) }
    }

    fn is_ink(&self, x: f64, y: f64) -> bool {
        let mut from = self.at.1;
        (self.at.0..self.at.0 + self.length).contains(&x)
            && self.patch.wide().into_iter().any(|wide| {
                let to = from + if wide { 0.20 } else { 0.08 } * self.scale;
                let inside = (from..to).contains(&y);
                from = to + 0.08 * self.scale;
                inside
            })
    }

    fn draw(&self) -> Raster {
        let (width, height) = ((self.size.0 * self.dpi) as u32, (self.size.1 * self.dpi) as u32);
        let level = |x: u32, y: u32| {
            let (x, y) = (f64::from(x) / self.dpi, f64::from(y) / self.dpi);
            // Lines of something like text below, as separators have.
            let text = y > 4.2 && y < 9.0 && x > 1.0 && x < 7.5 && y * 6.0 % 1.0 < 0.35 && x * 13.0 % 1.0 < 0.5;
            if text || self.is_ink(x, y) { self.levels.0 } else { self.levels.1 }
        };
        let samples = (0..width * height).map(|n| level(n % width, n / width)).collect();
        Raster::gray(width, height, samples).expect("fits")
    }
}

/// Grain of about this deviation, from xorshift numbers (G. Marsaglia, 2003).
fn grainy(page: &Raster, sigma: f64, seed: u32) -> Raster {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        f64::from(state >> 24) - 127.5
    };
    let grain = |&level: &u8| (f64::from(level) + (next() + next() + next()) / 127.8 * sigma).clamp(0.0, 255.0) as u8;
    Raster::gray(page.width(), page.height(), page.bytes().iter().map(grain).collect()).expect("fits")
}

fn read(page: &Raster, dpi: u32) -> Vec<Patch> {
    find(page, dpi).into_iter().map(|found| found.patch).collect()
}

#[test]
fn each_code_is_read_and_its_place_is_where_it_was_drawn() {
    for patch in Patch::ALL {
        let page = Drawing::of(patch, 300.0).draw();
        let found = find(&page, 300);
        assert_eq!(found.len(), 1, "{patch}");
        let place = found[0].place;
        assert_eq!(found[0].patch, patch);
        let near = |pixels: u32, inches: f64| (f64::from(pixels) / 300.0 - inches).abs() < 0.12;
        assert!(near(place.x, 3.0) && near(place.w, 2.5) && near(place.y, 0.5) && near(place.h, 0.8), "{place:?}");
    }
}

#[test]
fn a_sheet_put_in_any_way_round_is_read_from_its_leading_edge() {
    for patch in Patch::ALL {
        let page = Drawing::of(patch, 150.0).draw();
        for turn in [QuarterTurn::Right, QuarterTurn::Half, QuarterTurn::Left] {
            assert_eq!(read(&page.rotate_quarter(turn), 150), [patch], "{patch} {turn:?}");
        }
        // On a card of 4 in both edges are near: the nearer one is right.
        let card = Drawing { size: (6.0, 4.0), at: (1.5, 0.5), ..Drawing::of(patch, 150.0) };
        assert_eq!(read(&card.draw(), 150), [patch], "{patch} on a card");
    }
}

#[test]
fn what_is_no_patch_code_is_not_read() {
    // Bars of one width, bars too long for their scale, three bars, and no quiet before them.
    let ladder = |period: u32, ink: u32| {
        let samples = (0..850 * 1_100_u32).map(|n| {
            let (x, y) = (n % 850, n / 850);
            if (200..600).contains(&x) && y > 40 && y < 160 && y % period < ink { 20 } else { 240 }
        });
        Raster::gray(850, 1_100, samples.collect()).expect("fits")
    };
    for (period, ink) in [(16, 8), (28, 20), (40, 8), (12, 3)] {
        assert_eq!(read(&ladder(period, ink), 100), [], "every {period} pixels {ink}");
    }
    let short = Drawing { length: 0.7, ..Drawing::of(Patch::Two, 150.0) };
    assert_eq!(read(&short.draw(), 150), []);
    let deep = Drawing { at: (3.0, 5.0), ..Drawing::of(Patch::Two, 150.0) };
    assert_eq!(read(&deep.draw(), 150), [], "too far from every edge");
    assert_eq!(find(&Raster::gray(1, 1, vec![0]).expect("fits"), 300), []);
    assert_eq!(find(&Raster::gray(2_000, 3, vec![0; 6_000]).expect("fits"), 300), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Skewed, noisy, faded, scaled, turned by quarters, at any place near the edge: always that code and no other.
    #[test]
    fn spoiled_sheets_are_still_read(
        which in 0..6_usize,
        dpi in 100..300_u32,
        skew in -6.0..6.0_f64,
        sigma in 0.0..30.0_f64,
        scale in 0.75..1.3_f64,
        ink in 10..130_u8,
        (left, top) in (2.0..4.0_f64, 0.3..1.2_f64),
        turn in prop::sample::select(vec![QuarterTurn::None, QuarterTurn::Right, QuarterTurn::Half, QuarterTurn::Left]),
        seed in any::<u32>(),
    ) {
        let patch = Patch::ALL[which];
        let drawing = Drawing { at: (left, top), scale, levels: (ink, 240), ..Drawing::of(patch, f64::from(dpi)) };
        let page = grainy(&drawing.draw().rotate(skew), sigma, seed).rotate_quarter(turn);
        prop_assert_eq!(read(&page, dpi), [patch]);
    }
}
