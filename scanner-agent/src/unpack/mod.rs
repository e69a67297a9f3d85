//! What pages are in this file, and what stands on them in barcodes?
//!
//! Files come from anywhere and their decoders may crash, hang or eat memory. So each file is
//! opened in a child process of its own ([`child`]) that can be killed ([`supervise`]). The child gets the bytes through a
//! pipe, writes the pages' master files, encrypted with a key for that once, and one JSON line per page, [`Line`].

pub mod child;
mod kept;
pub mod kind;
mod pdf;
mod render;
pub mod ribbon;
pub mod strip;
pub mod supervise;

use std::path::{Path, PathBuf};

use record::manifest::Extraction;
use serde::{Deserialize, Serialize};

use crate::codes::Code;
use crate::quality::Quality;

/// What the child says on its standard output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Line {
    /// First: what the file is and how many pages it has.
    File {
        media_type: String,
        pages: u32,
    },
    /// The file is a strip of film, and this is on it besides its frames.
    Strip(strip::StripFacts),
    /// A strip as people look at it; its pages are pieces of it.
    Ribbon(ribbon::Ribbon),
    Page(Box<Unpacked>),
    /// This page cannot be taken in; the next one may.
    Refused {
        number: u32,
        reason: String,
    },
    /// The whole file cannot.
    Unusable {
        reason: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unpacked {
    /// 1-based in the file.
    pub number: u32,
    pub media_type: String,
    pub width: u32,
    pub height: u32,
    /// 0 where the file does not say.
    pub dpi: u32,
    pub how: Extraction,
    /// The page is the file, byte for byte.
    pub whole_file: bool,
    /// There are words with it, in [`words_file`].
    #[serde(default)]
    pub brought: bool,
    pub codes: Vec<Code>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
    /// Where it was cut out of the strip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<film::Frame>,
}

/// The name under which the child leaves a page.
pub fn page_file(number: u32) -> String {
    format!("{number:06}.page")
}

/// The name of the ALTO file beside a page's.
pub fn words_file(page: &Path) -> PathBuf {
    page.with_extension("words")
}

/// Draws one page of a PDF of our own making, in this process. Not for files from outside.
#[cfg(test)]
pub fn draw_pdf_page(bytes: &[u8], number: u32) -> Result<imaging::Raster, render::RenderError> {
    Ok(render::draw(&render::open(bytes)?, number)?.raster)
}

#[cfg(test)]
mod tests;
