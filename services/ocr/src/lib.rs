//! Pixels to words.
//!
//! - [`engine`]: how is Tesseract called? All `unsafe` code is in there, but for one system call of the sandbox and the
//!   program's `line_images`.
//! - [`brought`]: are the words that a PDF page brings along worth keeping?
//! - `clean`: which cleaning does a page need?
//! - `clock`: how much time has a page taken, and is there some for another attempt?
//! - `judge`: what kind of page is it, and what should a person look at?
//! - `upright`: which way up does it stand?
//! - [`layout`]: how is a page of any layout read?
//! - [`read`]: which steps make text of one page image?
//! - `second_look`: which words does a second engine read better?
//! - `worth`: what is a reading worth?
//! - [`steps`]: how long did each step take?
//! - [`hyphens`]: where are words broken at line ends, and what are they whole?
//! - [`reader`]: how is a page read so that it can kill nothing but a child process?
//!
//! The binary `ocr-worker` puts them to work, for a server or on files.

mod attempt;
mod brought;
mod clean;
mod clock;
pub mod engine;
pub mod hyphens;
mod judge;
pub mod layout;
pub mod read;
pub mod reader;
mod second_look;
pub mod steps;
mod upright;
mod worth;
