//! Matrices and rectangles on a PDF page: points of 1/72 inch, y up.

use lopdf::Object;

/// Section 8.3.4: `[a b c d e f]`, row vectors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Matrix(pub [f64; 6]);

impl Matrix {
    pub(super) const IDENTITY: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    /// First `self`, then `outer`.
    pub(super) fn then(self, outer: Self) -> Self {
        let ([a, b, c, d, e, f], [p, q, r, s, t, u]) = (self.0, outer.0);
        Self([a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u])
    }

    pub(super) fn apply(self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f] = self.0;
        (x * a + y * c + e, x * b + y * d + f)
    }

    /// Neither turned, mirrored nor slanted: by less than a hair across the page.
    pub(super) fn is_upright(self) -> bool {
        let [a, b, c, d, ..] = self.0;
        a > 0.0 && d > 0.0 && b.abs() < 0.002 * a && c.abs() < 0.002 * d
    }

    pub(super) fn read(object: &Object) -> Option<Self> {
        Self::from_numbers(object.as_array().ok()?)
    }

    pub(super) fn from_numbers(numbers: &[Object]) -> Option<Self> {
        let numbers: Vec<f64> = numbers.iter().map(number).collect::<Option<_>>()?;
        let matrix = Self(numbers.try_into().ok()?);
        matrix.0.iter().all(|n| n.is_finite()).then_some(matrix)
    }
}

pub(super) fn number(object: &Object) -> Option<f64> {
    object.as_float().ok().map(f64::from)
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub left: f64,
    pub bottom: f64,
    pub right: f64,
    pub top: f64,
}

impl Area {
    pub(super) const EVERYWHERE: Self = Self { left: -1e9, bottom: -1e9, right: 1e9, top: 1e9 };

    pub(super) fn around(points: &[(f64, f64)]) -> Self {
        let start =
            Self { left: f64::INFINITY, bottom: f64::INFINITY, right: f64::NEG_INFINITY, top: f64::NEG_INFINITY };
        points.iter().fold(start, |area, &(x, y)| Self {
            left: area.left.min(x),
            bottom: area.bottom.min(y),
            right: area.right.max(x),
            top: area.top.max(y),
        })
    }

    /// Where the unit square comes to lie: that is where an image is drawn (section 8.9.5.1).
    pub(super) fn of_image(matrix: Matrix) -> Self {
        Self::around(&[matrix.apply(0.0, 0.0), matrix.apply(1.0, 0.0), matrix.apply(0.0, 1.0), matrix.apply(1.0, 1.0)])
    }

    pub(super) fn meet(self, other: Self) -> Self {
        Self {
            left: self.left.max(other.left),
            bottom: self.bottom.max(other.bottom),
            right: self.right.min(other.right),
            top: self.top.min(other.top),
        }
    }

    pub(super) fn width(self) -> f64 {
        (self.right - self.left).max(0.0)
    }

    pub(super) fn height(self) -> f64 {
        (self.top - self.bottom).max(0.0)
    }

    pub(super) fn size(self) -> f64 {
        self.width() * self.height()
    }

    /// Section 7.9.5: any two opposite corners.
    pub(super) fn read(object: &Object) -> Option<Self> {
        let corners: Vec<f64> = object.as_array().ok()?.iter().map(number).collect::<Option<_>>()?;
        let [a, b, c, d] = corners.try_into().ok()?;
        let area = Self::around(&[(a, b), (c, d)]);
        (area.width() > 1.0 && area.height() > 1.0 && area.size().is_finite()).then_some(area)
    }
}
