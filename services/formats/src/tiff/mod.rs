//! Which pages are in this TIFF, each as a file of its own?
//!
//! Format: TIFF 6.0 (1992), both byte orders; the CCITT tags of sections 10 and 11; JPEG as in Technical Note 2.
//! Nothing is decoded: strips and tiles are copied byte for byte behind a new header, in the file's own byte order, with
//! the tags that describe them. BigTIFF is refused.

mod build;
mod directory;
mod pages;

pub use build::{Ccitt, wrap_ccitt};
pub(crate) use directory::{Directory, tag};
pub use pages::Pages;
pub(crate) use pages::chunks;

/// Texts read on from "failed to …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TiffError {
    #[error("read the TIFF: it does not begin like one; check that it is whole")]
    NotTiff,
    #[error("read the TIFF: it is a BigTIFF; save it as an ordinary TIFF, under 4 GB")]
    BigTiff,
    #[error("read the TIFF: a directory lies outside the file, so it is cut short; fetch a whole copy")]
    DirectoryOutside,
    #[error("read the TIFF: its chain of pages runs in a circle after this page; save it anew")]
    Loop,
    #[error("read the TIFF: it has more than {0} pages; split it")]
    TooManyPages(usize),
    #[error("read page {0} of the TIFF: there is no such page")]
    NoSuchPage(u32),
    #[error("read the page of the TIFF: {0}; scan or export the page again")]
    Page(&'static str),
}

/// Every page as a file of its own.
///
/// # Errors
/// The first page's error that occurs; use [`Pages`] where one bad page must not cost the others.
pub fn split(bytes: &[u8]) -> Result<Vec<Vec<u8>>, TiffError> {
    let pages = Pages::open(bytes)?;
    (1..=pages.len()).map(|number| pages.page(number)).collect()
}

#[cfg(test)]
mod tests;
