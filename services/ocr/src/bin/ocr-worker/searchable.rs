//! How do a file's pages become one searchable PDF/A?

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use formats::pdf::{DocumentWriter, PdfError, ScannedPage};
use record::words::PageText;

use crate::unpack::Master;

/// A PDF that grows on disk, page by page, beside the place where it will stand.
pub struct Searchable {
    path: PathBuf,
    part: PathBuf,
    writer: DocumentWriter<BufWriter<File>>,
    pages: u32,
}

impl Searchable {
    pub fn create(path: &Path, part: &Path) -> anyhow::Result<Self> {
        let file = File::create(part).with_context(|| format!("write {}", part.display()))?;
        let writer = DocumentWriter::new(BufWriter::new(file))?;
        Ok(Self { path: path.to_owned(), part: part.to_owned(), writer, pages: 0 })
    }

    /// Adds a page, unread ones as a picture. One that is no image at all is left out.
    pub fn page(&mut self, master: &Master, words: Option<&PageText>) -> anyhow::Result<()> {
        let Ok(facts) = imaging::probe(&master.bytes) else { return Ok(()) };
        let page = ScannedPage {
            image: &master.bytes,
            width: facts.width,
            height: facts.height,
            dpi: master.dpi,
            rotation: words.map_or(0, |words| words.rotation),
            text: words,
        };
        match self.writer.page(&page) {
            Err(PdfError::NotEmbeddable(_)) => match imaging::decode(&master.bytes) {
                Ok(picture) => self.writer.page(&ScannedPage { image: &picture.encode_lossless(0)?, ..page })?,
                Err(_) => return Ok(()),
            },
            other => other?,
        }
        self.pages += 1;
        Ok(())
    }

    /// Puts the PDF in its place; where no page came there is none.
    pub fn finish(self) -> anyhow::Result<()> {
        let done = match self.pages {
            0 => std::fs::remove_file(&self.part),
            _ => {
                self.writer.finish()?;
                std::fs::rename(&self.part, &self.path)
            }
        };
        done.with_context(|| format!("write {}", self.path.display()))
    }
}
