//! What is written for one file that was read?

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use formats::{alto, hocr, tsv};
use record::PageId;
use record::words::PageText;
use tokio::fs;

use crate::searchable::Searchable;
use crate::unpack::Master;

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Plain text, a form feed after each page
    Txt,
    /// ALTO 4.4 XML, a file for each page: all that is known
    Alto,
    /// hOCR 1.2, a file for each page
    Hocr,
    /// Tesseract's table of words
    Tsv,
    /// Searchable PDF
    Pdf,
}

/// The results of one file, in `DIR/<stem>.txt`, `DIR/<stem>.tsv`, `DIR/<stem>-0001.alto.xml` …,
/// `DIR/<stem>-0001.hocr` …, `DIR/<stem>.pdf`.
pub struct Outputs {
    folder: PathBuf,
    stem: String,
    alto: bool,
    hocr: bool,
    text: Option<String>,
    table: Option<String>,
    pdf: Option<Searchable>,
}

impl Outputs {
    pub fn new(folder: &Path, stem: &str, formats: &[Format]) -> anyhow::Result<Self> {
        let wanted = |format| formats.contains(&format);
        let pdf = || {
            let (path, part) = places(folder, &format!("{stem}.pdf"));
            Searchable::create(&path, &part)
        };
        Ok(Self {
            folder: folder.to_owned(),
            stem: stem.to_owned(),
            alto: wanted(Format::Alto),
            hocr: wanted(Format::Hocr),
            text: wanted(Format::Txt).then(String::new),
            table: wanted(Format::Tsv).then(|| tsv::HEADER.to_owned()),
            pdf: wanted(Format::Pdf).then(pdf).transpose()?,
        })
    }

    /// Takes in a page; what could not be read or got out of the file is `None`.
    pub async fn page(
        &mut self,
        number: u32,
        page: PageId,
        master: Option<&Master>,
        words: Option<&PageText>,
    ) -> anyhow::Result<()> {
        if let Some(text) = &mut self.text {
            text.extend(words.map(PageText::plain));
            // Also after an unread page, so that the next one keeps its number.
            text.push_str("\n\u{c}");
        }
        if let (Some(pdf), Some(master)) = (&mut self.pdf, master) {
            pdf.page(master, words)?;
        }
        let Some(words) = words else { return Ok(()) };
        if let Some(table) = &mut self.table {
            table.push_str(&tsv::write(words, number));
        }
        if self.alto {
            self.write(&format!("{}-{number:04}.alto.xml", self.stem), &alto::write(words, page)).await?;
        }
        if self.hocr {
            self.write(&format!("{}-{number:04}.hocr", self.stem), &hocr::write(words, &self.stem, number)).await?;
        }
        Ok(())
    }

    /// Writes what there is one of for the whole file.
    pub async fn finish(mut self) -> anyhow::Result<()> {
        if let Some(text) = self.text.take() {
            self.write(&format!("{}.txt", self.stem), &text).await?;
        }
        if let Some(table) = self.table.take() {
            self.write(&format!("{}.tsv", self.stem), &table).await?;
        }
        self.pdf.take().map_or(Ok(()), Searchable::finish)
    }

    /// Under a name of its own first: a result is there whole or not at all.
    async fn write(&self, name: &str, content: &str) -> anyhow::Result<()> {
        let (path, part) = places(&self.folder, name);
        let written = async {
            fs::write(&part, content).await?;
            fs::rename(&part, &path).await
        };
        written.await.with_context(|| format!("write {}", path.display()))
    }
}

/// Where a result will stand, and where it grows.
fn places(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    (folder.join(name), folder.join(format!(".{name}.part")))
}
