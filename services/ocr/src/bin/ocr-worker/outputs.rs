//! What is written for one file that was read?

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use record::PageId;
use record::words::PageText;
use tokio::fs;

use crate::searchable::Searchable;
use crate::unpack::Master;

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    Txt,
    Alto,
    Pdf,
}

/// The results of one file, in `DIR/<stem>.txt`, `DIR/<stem>-0001.alto.xml` …, `DIR/<stem>.pdf`.
pub struct Outputs {
    folder: PathBuf,
    stem: String,
    alto: bool,
    text: Option<String>,
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
            text: wanted(Format::Txt).then(String::new),
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
        match words {
            Some(words) if self.alto => {
                let alto = formats::alto::write(words, page);
                self.write(&format!("{}-{number:04}.alto.xml", self.stem), alto.as_bytes()).await
            }
            _ => Ok(()),
        }
    }

    /// Writes what there is one of for the whole file.
    pub async fn finish(mut self) -> anyhow::Result<()> {
        if let Some(text) = self.text.take() {
            self.write(&format!("{}.txt", self.stem), text.as_bytes()).await?;
        }
        self.pdf.take().map_or(Ok(()), Searchable::finish)
    }

    /// Under a name of its own first: a result is there whole or not at all.
    async fn write(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let (path, part) = places(&self.folder, name);
        let written = async {
            fs::write(&part, bytes).await?;
            fs::rename(&part, &path).await
        };
        written.await.with_context(|| format!("write {}", path.display()))
    }
}

/// Where a result will stand, and where it grows.
fn places(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    (folder.join(name), folder.join(format!(".{name}.part")))
}
