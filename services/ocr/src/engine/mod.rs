//! How is Tesseract called?
//!
//! [`Engine`] is one loaded model: gray pixels in, words out. It belongs to one thread. Set
//! `OMP_THREAD_LIMIT=1` in the environment *before* the process starts: libgomp reads it while it is
//! loaded, and with more threads Tesseract needs several times the processor time for the same page.

mod models;
mod recognizer;
mod tesseract;

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use record::Digest;
use record::words::Cell;

pub use models::installed;
pub use recognizer::Recognizer;

/// Tesseract keeps coordinates in 16 bits with a sign.
pub const SIDE_PIXELS_MAX: u32 = 32_767;

/// A word as Tesseract found it, in pixels of the image it was shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoundWord {
    pub text: String,
    pub left: u32,
    pub top: u32,
    /// First column and row beyond the word.
    pub right: u32,
    pub bottom: u32,
    /// 0 to 100.
    pub confidence: f32,
    /// The first word of its block, of its line.
    pub starts_block: bool,
    pub starts_line: bool,
    /// Where it stands in a table; Tesseract does not say, [`crate::layout`] does.
    pub cell: Option<Cell>,
}

/// What Tesseract shall expect of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segmentation {
    /// It finds columns and blocks by itself (its mode 3).
    Auto,
    /// One block of text, line under line (6).
    Block,
    /// Words anywhere, without order (11).
    Sparse,
}

impl Segmentation {
    const fn mode(self) -> leptess::capi::TessPageSegMode {
        match self {
            Self::Auto => tesseract::MODE_AUTO,
            Self::Block => tesseract::MODE_BLOCK,
            Self::Sparse => tesseract::MODE_SPARSE,
        }
    }
}

/// 8-bit gray pixels, rows without padding.
#[derive(Clone, Copy)]
pub struct GrayImage<'a> {
    pub pixels: &'a [u8],
    pub width: u32,
    pub height: u32,
    /// What Tesseract shall believe; see [`crate::read`] for why not what the file says.
    pub dpi: u32,
}

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(
        "load the language `{missing}`: it is not installed, but {installed} is; install Debian's tesseract-ocr-{package}, \
         or name the folder of its model with --tessdata"
    )]
    NotInstalled { missing: String, package: String, installed: String },
    #[error("load the languages `{model}`: Tesseract refuses a model; install them again")]
    Model { model: String },
    #[error("find out which model file was loaded from {path}: {source}")]
    ModelFile { path: PathBuf, source: std::io::Error },
    #[error(
        "load the second engine from {path}: {why}; let scripts/setup install it again, or do without it with \
         --second-engine none"
    )]
    Second { path: PathBuf, why: String },
    #[error("show Tesseract an image of {width} by {height} pixels: sides must be 1 to {SIDE_PIXELS_MAX}")]
    Size { width: u32, height: u32 },
    #[error("recognize the page within its time limit")]
    TimedOut,
    #[error("recognize the page: Tesseract gave up on it")]
    GaveUp,
}

/// A model, loaded.
pub struct Engine {
    handle: tesseract::Handle,
    model: String,
    model_digest: Digest,
    second: Option<Recognizer>,
}

impl Engine {
    /// Loads `model` (as in `eng`, or `eng+deu`) from the folder `tessdata`, or from Tesseract's default one.
    pub fn new(model: &str, tessdata: Option<&Path>) -> Result<Self, EngineError> {
        let refused = || EngineError::Model { model: model.to_owned() };
        let folder =
            tessdata.map(|path| CString::new(path.as_os_str().as_bytes())).transpose().map_err(|_| refused())?;
        models::check(model, tessdata)?;
        let name = CString::new(model).map_err(|_| refused())?;
        let handle = tesseract::Handle::new(folder.as_deref(), &name, tesseract::MODE_AUTO).ok_or_else(refused)?;
        let data = handle.data_path().ok_or_else(refused)?;
        let model_digest = models::digest(&data, model)?;
        Ok(Self { handle, model: model.to_owned(), model_digest, second: None })
    }

    /// With a second engine for the words that Tesseract doubts. It knows English alone and is left out for the rest.
    pub fn with_second(mut self, path: &Path) -> Result<Self, EngineError> {
        if self.model == "eng" {
            self.second = Some(Recognizer::new(path)?);
        }
        Ok(self)
    }

    pub const fn second(&self) -> Option<&Recognizer> {
        self.second.as_ref()
    }

    /// Version of the linked Tesseract.
    pub fn version() -> String {
        tesseract::version()
    }

    pub fn model(&self) -> &str {
        &self.model
    }

    /// SHA-256 of the model file; of several, of all of them one after the other.
    pub fn model_digest(&self) -> Digest {
        self.model_digest
    }

    /// The words of an upright image in reading order.
    ///
    /// The time limit is looked at about once per text line, and not during layout analysis: whoever
    /// needs a hard limit reads in a process that can be killed.
    pub fn recognize(
        &mut self,
        image: GrayImage<'_>,
        segmentation: Segmentation,
        limit: Duration,
    ) -> Result<Vec<FoundWord>, EngineError> {
        self.handle.segment(segmentation.mode());
        self.handle.show(image.pixels, image.width, image.height, image.dpi)?;
        let started = Instant::now();
        let done = self.handle.recognize(milliseconds(limit));
        let words = if done { self.handle.words() } else { Vec::new() };
        self.handle.clear();
        match done {
            true => Ok(words),
            false if started.elapsed() >= limit => Err(EngineError::TimedOut),
            false => Err(EngineError::GaveUp),
        }
    }
}

fn milliseconds(limit: Duration) -> u32 {
    // 0 would mean no deadline.
    u32::try_from(limit.as_millis()).unwrap_or(u32::MAX).max(1)
}
