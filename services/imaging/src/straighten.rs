//! Where on the master is what was found on the straightened picture?
//!
//! Words are read on an upright, deskewed, perhaps scaled copy; their boxes are kept in pixels of the master.

use std::borrow::Cow;

use record::words::Box as Rectangle;

use crate::turn::rotated_size;
use crate::{ImageError, QuarterTurn, Raster};

/// The steps from a master to the picture that is read: quarter turn, small turn, scale; in this order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Straightening {
    master: (u32, u32),
    turn: QuarterTurn,
    degrees: f64,
    scale: f64,
    /// How many times as wide and high the picture was made before all that.
    stretch: (f64, f64),
}

impl Straightening {
    /// `degrees` clockwise, after the quarter turn; `scale` 2.0 doubles each side.
    pub const fn new(master_width: u32, master_height: u32, turn: QuarterTurn, degrees: f64, scale: f64) -> Self {
        Self { master: (master_width, master_height), turn, degrees, scale, stretch: (1.0, 1.0) }
    }

    /// For a master that was stretched to square pixels first, as fax pages must be; `master_width` and
    /// `master_height` are then those after stretching.
    pub const fn after_stretch(self, across: f64, down: f64) -> Self {
        Self { stretch: (across, down), ..self }
    }

    /// Carries out the steps.
    ///
    /// # Errors
    /// As [`Raster::scale_to`].
    pub fn apply(&self, master: &Raster) -> Result<Raster, ImageError> {
        // Most pages need none of them, and a page is large.
        let upright = match self.turn {
            QuarterTurn::None => Cow::Borrowed(master),
            turn => Cow::Owned(master.rotate_quarter(turn)),
        };
        let level = if self.degrees == 0.0 { upright } else { Cow::Owned(upright.rotate(self.degrees)) };
        if self.scale == 1.0 {
            return Ok(level.into_owned());
        }
        let side = |side: u32| (f64::from(side) * self.scale).round().max(1.0) as u32;
        level.scale_to(side(level.width()), side(level.height()))
    }

    /// The smallest box on the master around a box on the straightened picture, kept within the master.
    pub fn to_master(&self, place: Rectangle) -> Rectangle {
        let edge = |at: u32, side: u32| (f64::from(at), f64::from(at) + f64::from(side));
        let ((left, right), (top, bottom)) = (edge(place.x, place.w), edge(place.y, place.h));
        let unstretched = |(x, y): (f64, f64)| (x / self.stretch.0, y / self.stretch.1);
        let corners = [(left, top), (right, top), (left, bottom), (right, bottom)];
        let corners = corners.map(|(x, y)| unstretched(self.point(x, y)));
        let (width, height) = unstretched((f64::from(self.master.0), f64::from(self.master.1)));
        let span = |pick: fn(&(f64, f64)) -> f64, most: f64| {
            let most = most.round();
            let low = corners.iter().map(pick).fold(f64::INFINITY, f64::min).round();
            let high = corners.iter().map(pick).fold(f64::NEG_INFINITY, f64::max).round();
            let (low, high) = (low.clamp(0.0, most) as u32, high.clamp(0.0, most) as u32);
            (low, high - low)
        };
        let ((x, w), (y, h)) = (span(|corner| corner.0, width), span(|corner| corner.1, height));
        Rectangle { x, y, w, h }
    }

    /// One point, each step undone from the last to the first.
    fn point(&self, x: f64, y: f64) -> (f64, f64) {
        let (width, height) = match self.turn {
            QuarterTurn::None | QuarterTurn::Half => self.master,
            QuarterTurn::Right | QuarterTurn::Left => (self.master.1, self.master.0),
        };
        let (canvas_width, canvas_height) =
            if self.degrees == 0.0 { (width, height) } else { rotated_size(width, height, self.degrees) };
        let (sin, cos) = self.degrees.to_radians().sin_cos();
        let (dx, dy) =
            (x / self.scale - f64::from(canvas_width) / 2.0, y / self.scale - f64::from(canvas_height) / 2.0);
        let (x, y) = (cos * dx + sin * dy + f64::from(width) / 2.0, cos * dy - sin * dx + f64::from(height) / 2.0);
        let (master_width, master_height) = (f64::from(self.master.0), f64::from(self.master.1));
        match self.turn {
            QuarterTurn::None => (x, y),
            QuarterTurn::Right => (y, master_height - x),
            QuarterTurn::Half => (master_width - x, master_height - y),
            QuarterTurn::Left => (master_width - y, x),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A master with one black block; the block is found on the straightened picture and mapped back.
    fn found_again(turn: QuarterTurn, degrees: f64, scale: f64) {
        let block = Rectangle { x: 60, y: 20, w: 24, h: 10 };
        let mut samples = vec![255; 200 * 120];
        for y in block.y..block.y + block.h {
            for x in block.x..block.x + block.w {
                samples[(y * 200 + x) as usize] = 0;
            }
        }
        let master = Raster::gray(200, 120, samples).expect("fits");
        let steps = Straightening::new(200, 120, turn, degrees, scale);
        let picture = steps.apply(&master).expect("small");
        let dark: Vec<Rectangle> = (0..picture.height())
            .flat_map(|y| (0..picture.width()).map(move |x| Rectangle { x, y, w: 1, h: 1 }))
            .filter(|at| picture.bytes()[(at.y * picture.width() + at.x) as usize] < 128)
            .collect();
        let found = steps.to_master(dark.into_iter().reduce(Rectangle::union).expect("the block is there"));
        let slack = if degrees == 0.0 { 1 } else { 6 };
        for (got, want) in [(found.x, block.x), (found.y, block.y), (found.w, block.w), (found.h, block.h)] {
            assert!(got.abs_diff(want) <= slack, "{turn:?} {degrees}° ×{scale}: {found:?}");
        }
    }

    #[test]
    fn boxes_find_back_to_the_master() {
        for turn in [QuarterTurn::None, QuarterTurn::Right, QuarterTurn::Half, QuarterTurn::Left] {
            for degrees in [0.0, 3.0, -7.5] {
                for scale in [1.0, 2.0] {
                    found_again(turn, degrees, scale);
                }
            }
        }
    }

    #[test]
    fn a_box_from_outside_ends_at_the_edge() {
        let steps = Straightening::new(100, 50, QuarterTurn::None, 4.0, 1.0);
        let place = steps.to_master(Rectangle { x: 0, y: 0, w: 500, h: 500 });
        assert_eq!(place, Rectangle { x: 0, y: 0, w: 100, h: 50 });
    }
}
