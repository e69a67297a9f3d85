//! Pixels to words.
//!
//! - [`engine`]: how is Tesseract called? All `unsafe` code is in there, but for one system call of the sandbox.
//! - [`brought`]: are the words that a PDF page brings along worth keeping?
//! - `clean`: which cleaning does a page need?
//! - `upright`: which way up does it stand?
//! - [`read`]: which steps make text of one page image?
//! - [`reader`]: how is a page read so that it can kill nothing but a child process?
//!
//! The binary `ocr-worker` puts them to work, for a server or on files.

mod attempt;
pub mod brought;
mod clean;
pub mod engine;
pub mod read;
pub mod reader;
mod upright;
