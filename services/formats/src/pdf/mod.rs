//! PDF in and out.
//!
//! In: which pages are plain scans, whose image can be taken out untouched ([`Pages`]), and which words they bring along
//! ([`Layers`]). Drawing the others is left to
//! whoever has a renderer. Out: searchable documents as PDF/A ([`DocumentWriter`]) and printed sheets ([`write_sheets`]).
//!
//! Format: ISO 32000-1:2008; section numbers in this module are its.

mod archival;
mod content;
mod document;
mod embed;
mod extract;
mod file;
mod font;
mod geometry;
mod icc;
mod layer;
mod pages;
mod png;
mod sheets;
mod text;

pub use document::{DocumentWriter, ScannedPage};
pub use layer::Layers;
pub use pages::{PageContent, Pages, Untouched};
pub use sheets::{Paper, SheetPage, Symbol, write_sheets};

/// Texts read on from "failed to …".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PdfError {
    #[error("read the PDF: it does not begin like one; check that it is whole")]
    NotPdf,
    #[error("read the PDF: it is encrypted; save it without a password")]
    Encrypted,
    #[error("read the PDF: it is damaged ({0}); print it to a new PDF")]
    Damaged(String),
    #[error("read the PDF: it has no pages; check that it is whole")]
    NoPages,
    #[error("read the PDF: it has more than {0} pages; split it")]
    TooManyPages(usize),
    #[error("read the PDF: it has more than {0} objects; print it to a new PDF")]
    TooManyObjects(usize),
    #[error("read page {0} of the PDF: there is no such page")]
    NoSuchPage(u32),
    #[error("read page {page} of the PDF: the file promises {promised} pages, and this one is not there")]
    PageMissing { page: u32, promised: u32 },
    /// Nothing of the page was written: decode it, encode it plainly as PNG or JPEG, and give it again.
    #[error("put the page's image into a PDF as it is: {0}")]
    NotEmbeddable(&'static str),
    #[error("write the PDF: {0}")]
    Write(#[from] std::io::Error),
}

#[cfg(test)]
mod tests;
