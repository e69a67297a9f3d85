//! Pixels and facts about pixels.
//!
//! Everything here is pure Rust and pure function: bytes or pixels in, pixels or facts out, so that the server may
//! use it as well as the scanner station. What comes in is hostile until proven otherwise: sizes are checked against
//! [`record::limits`] before memory is asked for, and a file that lies ends in an [`ImageError`], never in a panic.
//!
//! | question | answered by |
//! |---|---|
//! | what is this file, how large, how dense? | [`probe`] (reads headers only) |
//! | what does it look like? | [`decode`] gives a [`Raster`] |
//! | the same picture turned, cut, scaled, encoded | the methods of [`Raster`] |
//! | where on the master is what was found on the straightened picture? | [`Straightening`] |
//! | how far is the text turned? | [`skew`] |
//! | is there anything on it? is it in focus? | [`blankness`], [`sharpness`] |
//! | where are the rules of tables, and how does it look without? | [`ruling`] |

mod blank;
mod ccitt;
mod decode;
mod encode;
mod error;
mod probe;
mod raster;
mod ruling;
mod sharp;
mod skew;
mod straighten;
mod tiff_pixels;
mod turn;

pub use blank::{Blankness, blankness};
pub use decode::decode;
pub use error::ImageError;
pub use probe::{Facts, MediaType, probe};
pub use raster::{Pixels, Raster};
pub use ruling::{Grid, Ruling, ruling};
pub use sharp::sharpness;
pub use skew::skew;
pub use straighten::Straightening;
pub use turn::QuarterTurn;
