//! Pixels to words.
//!
//! - [`engine`]: how is Tesseract called? All `unsafe` code is in there, but for one system call of the sandbox.
//! - `clean`: which cleaning does a page need?
//! - `judge`: what kind of page is it, and what should a person look at?
//! - `upright`: which way up does it stand?
//! - [`read`]: which steps make text of one page image?
//! - [`hyphens`]: where are words broken at line ends, and what are they whole?
//! - [`reader`]: how is a page read so that it can kill nothing but a child process?
//!
//! The binary `ocr-worker` puts them to work, for a server or on files.

mod attempt;
mod clean;
pub mod engine;
pub mod hyphens;
mod judge;
pub mod read;
pub mod reader;
mod upright;
