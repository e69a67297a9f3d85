//! Bytes to record and back.
//!
//! | question | answered by |
//! |---|---|
//! | which pages are in this TIFF, each as a file of its own? | [`tiff::Pages`] |
//! | which pages are in this PDF, and which of them are plain scans? | [`pdf::Pages`] |
//! | how does a document leave as a searchable PDF? | [`pdf::DocumentWriter`] |
//! | how are cover and separator sheets printed? | [`pdf::write_sheets`] |
//! | how is the text of a page kept? | [`alto`] |
//! | how does it leave for programs that read something else? | [`hocr`], [`tsv`] |
//! | how does an archive tell of its reels? | [`ead`] |
//! | how does a document leave for another archive? | [`bagit`], [`ocfl`], with [`premis`] for what happened to it |
//!
//! Pixels are never decoded here: image data are copied, wrapped and packed as they are. What comes in is hostile until
//! proven otherwise, and bounded by [`record::limits`].

pub mod alto;
pub mod bagit;
pub mod ead;
pub mod hocr;
mod language;
pub mod ocfl;
pub mod pdf;
pub mod premis;
pub mod tiff;
pub mod tsv;
mod xml;
