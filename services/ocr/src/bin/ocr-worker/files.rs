//! `ocr-worker read`: files in, text beside them out, without a server.
//!
//! It goes the way of a served page: the same reader, the same ALTO. A page that cannot be read is
//! named and costs nothing but itself: it stays empty in the text and a picture in the PDF.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, bail};
use formats::alto;
use ocr::reader::{PageImage, ReadError, Reader, ReaderOptions};
use record::words::PageText;
use record::{Digest, PageId, limits};
use tokio::fs;

use crate::lines::Lines;
use crate::outputs::{Format, Outputs};
use crate::unpack::{self, Master};

#[derive(clap::Args)]
pub struct ReadArguments {
    /// PNG, JPEG, TIFF or PDF files, of one page or many
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Folder for the results, made if missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What to write
    #[arg(long, value_delimiter = ',', default_value = "txt", value_name = "FORMATS")]
    format: Vec<Format>,
    /// Also write a line of JSON for each page to standard output
    #[arg(long)]
    json: bool,
}

/// Reads the files one after the other; the exit code says whether all of every one was read.
pub async fn read(arguments: ReadArguments, options: ReaderOptions) -> anyhow::Result<ExitCode> {
    let ReadArguments { files, out, format, json } = arguments;
    let lines = Lines { wanted: json };
    let stems = stems(&files)?;
    fs::create_dir_all(&out).await.with_context(|| format!("make the folder {}", out.display()))?;
    let mut reader = crate::start_reader(options).await?;
    let mut sound = true;
    for (file, stem) in files.iter().zip(stems) {
        match read_file(&mut reader, file, lines, || Outputs::new(&out, &stem, &format)).await {
            Ok(unread) => sound &= unread == 0,
            Err(Fault::File(error)) => {
                eprintln!("{}: failed to {error:#}", file.display());
                lines.file(file, &error)?;
                sound = false;
            }
            Err(Fault::Reader(error)) => return Err(error.into()),
        }
    }
    reader.finish().await;
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the results of each file are called: its name without the ending.
fn stems(files: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let mut seen = HashSet::new();
    let mut stems = Vec::new();
    for file in files {
        let Some(stem) = file.file_stem() else { bail!("read {}: it is no file", file.display()) };
        let stem = stem.to_string_lossy().into_owned();
        if !seen.insert(stem.clone()) {
            bail!("tell the results of two files called {stem} apart: read them into two folders");
        }
        stems.push(stem);
    }
    Ok(stems)
}

/// What ends a file, and what ends everything.
enum Fault {
    File(anyhow::Error),
    Reader(ReadError),
}

impl From<anyhow::Error> for Fault {
    fn from(error: anyhow::Error) -> Self {
        Self::File(error)
    }
}

/// Reads every page of a file; gives the number of those that could not be read.
async fn read_file(
    reader: &mut Reader,
    file: &Path,
    lines: Lines,
    outputs: impl FnOnce() -> anyhow::Result<Outputs>,
) -> Result<u32, Fault> {
    let bytes = load(file).await?;
    let mut outputs = outputs()?;
    let digest = Digest::of(&bytes);
    let mut unread = 0;
    let mut pages = unpack::pages(bytes);
    while let Some((number, master)) = pages.next().await {
        let page = PageId::derived([digest.as_bytes().as_slice(), &number.to_be_bytes()]);
        let started = Instant::now();
        let (master, text) = match master {
            Ok(master) => {
                let text = read_page(reader, page, &master).await?;
                (Some(master), text)
            }
            Err(error) => (None, Err(error)),
        };
        let text = text.map_err(|error| format!("{error:#}"));
        lines.page(file, number, text.as_ref().map_err(String::as_str), started.elapsed().as_secs_f64())?;
        let text = text.inspect_err(|why| eprintln!("{}, page {number}: failed to {why}", file.display())).ok();
        unread += u32::from(text.is_none());
        outputs.page(number, page, master.as_ref(), text.as_ref()).await?;
    }
    outputs.finish().await?;
    Ok(unread)
}

/// The outer error ends the run, the inner one is the page's.
async fn read_page(reader: &mut Reader, page: PageId, master: &Master) -> Result<anyhow::Result<PageText>, Fault> {
    let Master { media_type, dpi, bytes, brought } = master;
    let brought = brought.as_ref().map(|text| alto::write(text, page).into_bytes());
    match reader.read(PageImage { page, media_type, dpi: *dpi, bytes, brought: brought.as_deref() }).await {
        Ok(reading) => Ok(alto::parse(&reading.alto).map_err(anyhow::Error::from)),
        Err(error @ ReadError::Page(_)) => Ok(Err(error.into())),
        Err(error) => Err(Fault::Reader(error)),
    }
}

async fn load(file: &Path) -> anyhow::Result<Vec<u8>> {
    let facts = fs::metadata(file).await.context("open the file")?;
    if !facts.is_file() {
        bail!("read it: it is no file");
    }
    if facts.len() > limits::FILE_BYTES_MAX as u64 {
        bail!("read the file: it is larger than {} bytes; split it", limits::FILE_BYTES_MAX);
    }
    fs::read(file).await.context("open the file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_never_share_a_result() {
        let files = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(stems(&files(&["a/x.tif", "b.pdf"])).expect("distinct"), ["x", "b"]);
        assert!(stems(&files(&["a/x.tif", "b/x.png"])).is_err());
        assert!(stems(&files(&["/"])).is_err());
    }
}
