//! What can be wrong with an image, and what to do about it.

use crate::MediaType;

/// Texts read on from "failed to …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    #[error("read the image: it is empty; scan or export the page again")]
    Empty,
    #[error("read the image: it is neither PNG, JPEG nor TIFF; convert it to one of these")]
    UnknownFormat,
    #[error("read the {0}: it is cut short; fetch a whole copy")]
    Truncated(MediaType),
    #[error("read the {media_type}: {detail}; the file is damaged, scan or export the page again")]
    Damaged { media_type: MediaType, detail: String },
    #[error("read the {media_type}: {detail} is not supported; save it in a plainer form")]
    Unsupported { media_type: MediaType, detail: String },
    #[error("read the JPEG 2000: {0}; fetch a whole copy, or save it in another form")]
    Jpeg2000(String),
    #[error("take in an image of {width} × {height} pixels: {rule}; scan it at a lower resolution")]
    TooLarge { width: u32, height: u32, rule: &'static str },
    #[error("use {got} bytes as {width} × {height} pixels: the size does not fit")]
    WrongSize { width: u32, height: u32, got: usize },
    #[error("encode the image: {0}")]
    Encode(String),
}

impl ImageError {
    pub(crate) fn damaged(media_type: MediaType, detail: impl ToString) -> Self {
        Self::Damaged { media_type, detail: detail.to_string() }
    }

    pub(crate) fn unsupported(media_type: MediaType, detail: impl ToString) -> Self {
        Self::Unsupported { media_type, detail: detail.to_string() }
    }
}
