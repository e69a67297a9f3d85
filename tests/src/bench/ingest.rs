//! Pages a second into the archive, sealed and acknowledged, beside the bare floor: the same
//! bytes written, fsynced and renamed into a folder, with the folder fsynced.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use archive::{Archive, StoreAddress};
use record::note::LogSigner;
use tempfile::TempDir;
use tests::sealed;

use crate::report::Report;
use crate::verify::page_bytes;

/// A G4 page is some 60 KB; ten make a document.
const PAGE_BYTES: usize = 60_000;
const DOCUMENTS: u32 = 30;
const PAGES: u32 = 10;

pub fn run(report: &mut Report) -> Result<()> {
    let (ours_dir, floor_dir) = (TempDir::new()?, TempDir::new()?);
    let runtime = tokio::runtime::Runtime::new()?;
    let total = f64::from(DOCUMENTS * PAGES);

    let start = Instant::now();
    for n in 0..DOCUMENTS * PAGES {
        durable(floor_dir.path(), n, &page_bytes(n, PAGE_BYTES))?;
    }
    let floor = total / start.elapsed().as_secs_f64();

    let address = StoreAddress::parse(&ours_dir.path().join("store").to_string_lossy(), Vec::new())?;
    let signer = LogSigner::from_seed("bench.example", &[1; 32])?;
    let seconds = runtime.block_on(async {
        let archive = Archive::init(&address, signer).await?;
        let start = Instant::now();
        for document in 0..DOCUMENTS {
            let pages = (0..PAGES).map(|page| page_bytes(document * PAGES + page, PAGE_BYTES));
            archive.append(vec![sealed::document(&archive, &document.to_be_bytes(), pages).await?]).await?;
        }
        anyhow::Ok(start.elapsed().as_secs_f64())
    })?;
    report.beside(
        "ingest",
        "pages/s, one writer, 60 KB pages, 10 to a document",
        total / seconds,
        "bare fsynced files",
        floor,
    )
}

fn durable(folder: &Path, n: u32, bytes: &[u8]) -> Result<()> {
    let (part, whole) = (folder.join(format!("{n}.part")), folder.join(format!("{n}")));
    let mut file = File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(part, whole)?;
    Ok(File::open(folder)?.sync_all()?)
}
