//! Where are the frames on a strip of microfilm?
//!
//! Pure: pixels in, places out. The station cuts by it, and the archive cuts again by it.
//!
//! | question | answered by |
//! |---|---|
//! | what does the film look like, small? | [`Strip`], by a [`Reducer`] that takes blocks |
//! | how is a strip longer than memory looked at? | [`look`] |
//! | does it lie askew on the scanner's bed? | `askew` |
//! | which way round is it, and where was light on it? | `exposure` |
//! | what does each column say? | `profile` |
//! | which document marks are there? | [`Blip`] |
//! | how wide are this reel's frames? | `sizes`, learned from the reel itself |
//! | which chain of frames explains all that best? | `chain` |
//! | what was exposed and is in no frame? | [`Found::unassigned`] |
//! | what does the strip show at these places? | [`cut`], [`cut_over_border`] |
//! | do the charts on it stand in the reel's order? | [`filing`] |

mod askew;
mod blips;
mod chain;
mod cut;
mod exposure;
pub mod filing;
mod find;
mod profile;
mod sizes;
mod stretches;
mod strip;

#[cfg(test)]
mod tests;

pub use blips::Blip;
pub use cut::{cut, cut_over_border};
pub use find::{Confidence, Doubt, Found, Frame, find};
pub use stretches::look;
pub use strip::{Reducer, Strip};
