//! Pixels and facts about pixels.
//!
//! Everything here is pure Rust and pure function: bytes or pixels in, pixels or facts out, so that the server may
//! use it as well as the scanner station. What comes in is hostile until proven otherwise: sizes are checked against
//! [`record::limits`] before memory is asked for, and a file that lies ends in an [`ImageError`], never in a panic.
//!
//! | question | answered by |
//! |---|---|
//! | what is this file, how large, how dense? | [`probe`] (reads headers only) |
//! | what is on a picture larger than memory? | [`Blocks`] |
//! | what does it look like? | [`decode`] gives a [`Raster`]; [`decode_jpeg2000`] of what pages are not kept in |
//! | the same picture turned, cut, scaled, encoded | the methods of [`Raster`] |
//! | where on the master is what was found on the straightened picture? | [`Straightening`] |
//! | how far is the text turned? | [`skew`] |
//! | what spoils it: border, uneven light, grain, scratches, polarity, small print? | [`Border`], [`light()`], [`noise()`], [`is_negative`], [`glyph_height`] |
//! | the same page without that | [`Border::fill`], [`even_light`], [`median`], [`smooth`], [`sharpen`], [`without_scratches`] |
//! | is there anything on it? is it in focus? | [`blankness`], [`sharpness`] |
//! | where are the rules of tables, and how does it look without? | [`ruling`] |

mod blank;
mod blocks;
mod border;
mod ccitt;
mod decode;
mod denoise;
mod encode;
mod error;
mod glyphs;
mod jpeg2000;
mod light;
mod noise;
mod polarity;
mod probe;
mod raster;
mod reduce;
mod rules;
mod ruling;
mod scratches;
mod sharp;
mod skew;
mod straighten;
mod tiff_pixels;
mod turn;

pub use blank::{Blankness, blankness};
pub use blocks::{Block, Blocks};
pub use border::Border;
pub use decode::decode;
pub use denoise::{deblur, median, sharpen, smooth};
pub use error::ImageError;
pub use glyphs::{glyph_height, marks};
pub use jpeg2000::{decode_jpeg2000, is_jpeg2000};
pub use light::{Light, even_light, light};
pub use noise::{Noise, noise};
pub use polarity::is_negative;
pub use probe::{Facts, MediaType, probe};
pub use raster::{Pixels, Raster};
pub use ruling::{Grid, Ruling, ruling};
pub use scratches::without_scratches;
pub use sharp::sharpness;
pub use skew::{Level, level, skew};
pub use straighten::Straightening;
pub use turn::QuarterTurn;
