//! Where on the master image is a word that was found on the turned and straightened one?
//!
//! The image that Tesseract sees is made from the master in three steps: a quarter turn, a rotation
//! about the middle that keeps the size, and a scaling. [`Placement`] takes a point back through them.

use record::words::Box;

/// How the recognized image was made from the master.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// Size of the master in pixels.
    pub width: u32,
    pub height: u32,
    pub turn: QuarterTurn,
    /// Clockwise rotation about the middle that followed, in degrees.
    pub straighten: f64,
    /// Size of the recognized image over that of the turned one.
    pub scale: f64,
}

/// A clockwise turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuarterTurn {
    None,
    Right,
    Half,
    Left,
}

impl QuarterTurn {
    pub const ALL: [Self; 4] = [Self::None, Self::Right, Self::Half, Self::Left];

    pub const fn degrees(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Right => 90,
            Self::Half => 180,
            Self::Left => 270,
        }
    }

    /// `None` where it is no multiple of 90.
    pub fn from_degrees(degrees: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|turn| turn.degrees() == degrees % 360)
    }
}

impl Placement {
    /// The size of the master after the quarter turn.
    pub fn turned_size(&self) -> (u32, u32) {
        match self.turn {
            QuarterTurn::None | QuarterTurn::Half => (self.width, self.height),
            QuarterTurn::Right | QuarterTurn::Left => (self.height, self.width),
        }
    }

    /// From the recognized image to the master, both in pixels.
    pub fn to_master(&self, (x, y): (f64, f64)) -> (f64, f64) {
        self.turn_back(self.rotate((x / self.scale, y / self.scale), -self.straighten))
    }

    /// From the master to the recognized image: the inverse of [`Self::to_master`].
    pub fn from_master(&self, point: (f64, f64)) -> (f64, f64) {
        let (x, y) = self.rotate(self.turn_there(point), self.straighten);
        (x * self.scale, y * self.scale)
    }

    /// The smallest box of the master around a rectangle of the recognized image (right and bottom
    /// are the first column and row beyond); `None` where it lies outside the master.
    pub fn box_on_master(&self, left: u32, top: u32, right: u32, bottom: u32) -> Option<Box> {
        let (left, top, right, bottom) = (f64::from(left), f64::from(top), f64::from(right), f64::from(bottom));
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)].map(|corner| self.to_master(corner));
        let (x0, x1) = span(corners.map(|corner| corner.0), self.width);
        let (y0, y1) = span(corners.map(|corner| corner.1), self.height);
        (x0 < x1 && y0 < y1).then(|| Box { x: x0, y: y0, w: x1 - x0, h: y1 - y0 })
    }

    /// Clockwise by `degrees` about the middle of the turned image; y points down.
    fn rotate(&self, (x, y): (f64, f64), degrees: f64) -> (f64, f64) {
        let (width, height) = self.turned_size();
        let (cx, cy) = (f64::from(width) / 2.0, f64::from(height) / 2.0);
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (dx, dy) = (x - cx, y - cy);
        (cx + dx * cos - dy * sin, cy + dx * sin + dy * cos)
    }

    fn turn_there(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        match self.turn {
            QuarterTurn::None => (x, y),
            QuarterTurn::Right => (height - y, x),
            QuarterTurn::Half => (width - x, height - y),
            QuarterTurn::Left => (y, width - x),
        }
    }

    fn turn_back(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        match self.turn {
            QuarterTurn::None => (x, y),
            QuarterTurn::Right => (y, height - x),
            QuarterTurn::Half => (width - x, height - y),
            QuarterTurn::Left => (width - y, x),
        }
    }
}

/// The whole pixels from the smallest to the largest value, kept within 0 to `most`.
fn span(values: [f64; 4], most: u32) -> (u32, u32) {
    // Rounding errors of the rotation must not cost a pixel on each side.
    const HAIR: f64 = 1e-6;
    let low = values.into_iter().fold(f64::INFINITY, f64::min);
    let high = values.into_iter().fold(f64::NEG_INFINITY, f64::max);
    let clamp = |value: f64| value.clamp(0.0, f64::from(most)) as u32;
    (clamp((low + HAIR).floor()), clamp((high - HAIR).ceil()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn placements() -> impl Strategy<Value = Placement> {
        let turns = prop::sample::select(QuarterTurn::ALL.to_vec());
        (1_u32..5000, 1_u32..5000, turns, -15.0..15.0, 0.25..4.0)
            .prop_map(|(width, height, turn, straighten, scale)| Placement { width, height, turn, straighten, scale })
    }

    proptest! {
        #[test]
        fn there_and_back_is_where_it_was(placement in placements(), x in 0.0..5000.0, y in 0.0..5000.0) {
            let (back_x, back_y) = placement.to_master(placement.from_master((x, y)));
            prop_assert!((back_x - x).abs() < 1e-6 && (back_y - y).abs() < 1e-6);
        }

        #[test]
        fn a_box_holds_every_point_of_the_word_on_the_master(
            placement in placements(), left in 0_u32..3000, top in 0_u32..3000,
            w in 1_u32..800, h in 1_u32..200, along in 0.0..1.0, down in 0.0..1.0,
        ) {
            let inside = (f64::from(left) + along * f64::from(w), f64::from(top) + down * f64::from(h));
            let (x, y) = placement.to_master(inside);
            let on_master = x >= 0.0 && y >= 0.0 && x <= f64::from(placement.width) && y <= f64::from(placement.height);
            match placement.box_on_master(left, top, left + w, top + h) {
                Some(place) => {
                    prop_assert!(place.x + place.w <= placement.width && place.y + place.h <= placement.height);
                    if on_master {
                        prop_assert!(f64::from(place.x) <= x + 1e-3 && x <= f64::from(place.x + place.w) + 1e-3);
                        prop_assert!(f64::from(place.y) <= y + 1e-3 && y <= f64::from(place.y + place.h) + 1e-3);
                    }
                }
                None => prop_assert!(!on_master || x.fract() < 1e-3 || y.fract() < 1e-3),
            }
        }
    }

    /// A page of 100 by 200 whose top left corner holds a word, turned by hand.
    #[test]
    fn quarter_turns_by_hand() {
        let place = |turn, left, top, right, bottom| {
            Placement { width: 100, height: 200, turn, straighten: 0.0, scale: 1.0 }
                .box_on_master(left, top, right, bottom)
        };
        let word = Some(Box { x: 10, y: 20, w: 30, h: 5 });
        assert_eq!(place(QuarterTurn::None, 10, 20, 40, 25), word);
        assert_eq!(place(QuarterTurn::Right, 175, 10, 180, 40), word);
        assert_eq!(place(QuarterTurn::Half, 60, 175, 90, 180), word);
        assert_eq!(place(QuarterTurn::Left, 20, 60, 25, 90), word);
        assert_eq!(place(QuarterTurn::None, 100, 0, 120, 5), None);
    }

    #[test]
    fn straightening_clockwise_by_hand() {
        let placement = Placement { width: 200, height: 200, turn: QuarterTurn::None, straighten: 30.0, scale: 2.0 };
        // A point right of the middle moves down when the image is rotated clockwise.
        let (x, y) = placement.from_master((200.0, 100.0));
        assert!((x / 2.0 - (100.0 + 100.0 * 30_f64.to_radians().cos())).abs() < 1e-9);
        assert!((y / 2.0 - 150.0).abs() < 1e-9);
    }
}
