//! What varies from strip to strip: the parameters and the seeds, as they were written down before tuning.
//!
//! Gaps, skew, touching and overlapping follow three classes of film: a planetary camera with a careful operator, a rotary
//! camera in everyday use, and a worn rotary camera whose feed slips. Lengths are pixels of the strip at 37.5 dpi of the page.

use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Easy,
    Worn,
    Hard,
}

impl Level {
    pub const ALL: [Self; 3] = [Self::Easy, Self::Worn, Self::Hard];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Easy => "easy",
            Self::Worn => "worn",
            Self::Hard => "hard",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    Tuning,
    HeldOut,
}

impl Split {
    pub const fn seeds(self) -> Range<u64> {
        match self {
            Self::Tuning => 1_000..1_012,
            // Drawn after the last change of the finder: 7_000.. had been looked at when variants were chosen.
            Self::HeldOut => 9_000..9_012,
        }
    }
}

/// Width and height of paper in millimetres.
type Paper = (f64, f64);

/// A4, letter, an old chart size and wide forms; index cards, half sheets and sheets laid across.
const USUAL: &[Paper] = &[(210.0, 297.0), (216.0, 279.0), (210.0, 279.0), (297.0, 216.0), (330.0, 279.0)];
const ODD: &[Paper] = &[(127.0, 76.0), (140.0, 216.0), (210.0, 297.0), (297.0, 210.0), (356.0, 216.0)];
/// Never seen while tuning: executive, foolscap, quarto, B5; and their odd companions.
const USUAL_HELD_OUT: &[Paper] = &[(184.0, 267.0), (203.0, 330.0), (203.0, 254.0), (210.0, 297.0), (279.0, 216.0)];
const ODD_HELD_OUT: &[Paper] = &[(152.0, 102.0), (148.0, 210.0), (203.0, 127.0), (279.0, 216.0), (340.0, 250.0)];

/// Contents and how frequent they are.
type Kinds = &'static [(&'static str, f64)];
const KINDS: Kinds = &[
    ("text", 0.42),
    ("form", 0.18),
    ("columns", 0.08),
    ("spread", 0.08),
    ("blank", 0.05),
    ("dark", 0.06),
    ("faint", 0.08),
    ("target", 0.05),
];
/// With traces on grid paper and photographs, never seen while tuning.
const KINDS_HELD_OUT: Kinds = &[
    ("text", 0.36),
    ("form", 0.16),
    ("columns", 0.08),
    ("spread", 0.08),
    ("blank", 0.05),
    ("dark", 0.05),
    ("faint", 0.07),
    ("target", 0.03),
    ("trace", 0.07),
    ("photograph", 0.05),
];

/// Probabilities are per frame unless they are called otherwise.
pub(super) struct Conditions {
    pub usual: &'static [Paper],
    pub odd: &'static [Paper],
    pub kinds: Kinds,
    /// Mean gap; its deviation is 40 % of it.
    pub gap: f64,
    pub touching: f64,
    pub overlapping: f64,
    /// The camera stopped and went on: 100 to 400 pixels of film.
    pub pauses: f64,
    /// Deviation in degrees.
    pub skew: f64,
    /// Deviation of the density along the film.
    pub drift: f64,
    /// Deviation of the grain.
    pub grain: f64,
    /// Probability, per strip, that the camera's board is in the picture around the page.
    pub board: f64,
    /// Per strip: scratches along the film, specks, splices across it, patches of fog.
    pub scratches: usize,
    pub specks: usize,
    pub splices: usize,
    pub fogs: usize,
    pub blip_missing: f64,
    pub blip_doubled: f64,
}

impl Conditions {
    pub fn of(level: Level, split: Split) -> Self {
        let tuning = split == Split::Tuning;
        let (usual, odd, kinds) =
            if tuning { (USUAL, ODD, KINDS) } else { (USUAL_HELD_OUT, ODD_HELD_OUT, KINDS_HELD_OUT) };
        let easy = Self {
            usual,
            odd,
            kinds,
            gap: if tuning { 30.0 } else { 26.0 },
            touching: 0.0,
            overlapping: 0.0,
            pauses: 0.0,
            skew: 0.3,
            drift: 3.0,
            grain: if tuning { 3.0 } else { 4.0 },
            board: 0.0,
            scratches: 0,
            specks: 0,
            splices: 0,
            fogs: 0,
            blip_missing: 0.0,
            blip_doubled: 0.0,
        };
        match level {
            Level::Easy => easy,
            Level::Worn => Self {
                gap: if tuning { 14.0 } else { 12.0 },
                touching: 0.05,
                overlapping: 0.01,
                pauses: 0.01,
                skew: 0.7,
                drift: 7.0,
                grain: if tuning { 5.0 } else { 6.0 },
                board: 0.3,
                scratches: if tuning { 4 } else { 6 },
                specks: 40,
                splices: 1,
                fogs: 1,
                blip_missing: 0.01,
                blip_doubled: 0.005,
                ..easy
            },
            Level::Hard => Self {
                gap: if tuning { 6.0 } else { 7.0 },
                touching: 0.15,
                overlapping: if tuning { 0.04 } else { 0.05 },
                pauses: 0.02,
                skew: if tuning { 1.3 } else { 1.2 },
                drift: 11.0,
                grain: 8.0,
                board: 0.4,
                scratches: if tuning { 8 } else { 10 },
                specks: 80,
                splices: 2,
                fogs: 2,
                blip_missing: 0.03,
                blip_doubled: 0.015,
                ..easy
            },
        }
    }
}
