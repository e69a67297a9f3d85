//! Reels of microfilm, and which frame of one a page is.
//!
//! What is written on a reel's box may name patients (“SMITH to THOMPSON”), so a [`Reel`] stands in the index fields, which are a
//! blob with a salt; a page's entry in the manifest holds numbers only.

use serde::{Deserialize, Serialize};

use crate::patient::Mrn;
use crate::words::Box as Rectangle;

/// A reel as its box, its targets and the operator describe it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reel {
    /// The roll number; names the reel in addresses.
    pub label: String,
    #[serde(default)]
    pub film: Film,
    /// Absent: as it looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polarity: Option<Polarity>,
    /// 24 for 24×: how much smaller the page is on the film.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduction: Option<u32>,
    #[serde(rename = "box", default, skip_serializing_if = "Option::is_none")]
    pub carton: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shelf: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// How many frames the box, the odometer or a target says there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<u32>,
    /// The first chart on it, by the patient number on its box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Mrn>,
    /// The last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Mrn>,
}

impl Reel {
    /// Without what names patients by number: not everybody who may see one chart may see whose others are beside it.
    pub fn without_charts(self) -> Self {
        Self { first: None, last: None, ..self }
    }
}

/// Width of the film in millimetres, and how pages lie on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Film {
    #[default]
    #[serde(rename = "16mm-simplex")]
    Simplex16,
    /// Front and back side by side.
    #[serde(rename = "16mm-duplex")]
    Duplex16,
    /// Up one half of the film, and back down the other.
    #[serde(rename = "16mm-duo")]
    Duo16,
    #[serde(rename = "35mm-simplex")]
    Simplex35,
}

impl Film {
    pub const ALL: [Self; 4] = [Self::Simplex16, Self::Duplex16, Self::Duo16, Self::Simplex35];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Simplex16 => "16mm-simplex",
            Self::Duplex16 => "16mm-duplex",
            Self::Duo16 => "16mm-duo",
            Self::Simplex35 => "35mm-simplex",
        }
    }
}

/// Of the pages on the film: on negative film paper is dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Polarity {
    Negative,
    Positive,
}

impl Polarity {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Negative => "negative",
            Self::Positive => "positive",
        }
    }
}

/// In which order charts stand on the reel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// By the last two digits of the patient number, then the two before them: 12-34-56 stands at 56-34-12.
    TerminalDigit,
    Numeric,
    Alphabetical,
}

/// Which frame of its reel a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameAddress {
    /// From 1, in reel order.
    pub number: u32,
    /// Where it was cut out of the strip, in pixels of the strip; absent where frames came one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Rectangle>,
    /// The level of its document mark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blip: Option<u8>,
}
