//! Pixels to words.
//!
//! - [`engine`]: how is Tesseract called? All `unsafe` code is in there, but for one system call of the sandbox.
//! - [`layout`]: how is a page of any layout read?
//! - [`read`]: which steps make text of one page image?
//! - [`reader`]: how is a page read so that it can kill nothing but a child process?
//!
//! The binary `ocr-worker` puts them to work, for a server or on files.

pub mod engine;
pub mod layout;
pub mod read;
pub mod reader;
