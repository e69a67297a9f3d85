//! Single bits of the catalog's file and of the index's files are flipped: each flip is found, or changes nothing that anybody is told.
//!
//! Found is a file that opens no longer, that its own engine calls damaged, or rows that are otherwise than those of a new fold: what
//! `chartroom replay-audit` asks, one after the other.

use std::cell::Cell;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Once;

use anyhow::{Context as _, Result, ensure};
use catalog::Catalog;
use indexer::{Index, Scope, SearchRequest};

use crate::chance::Chance;
use crate::handover::folder;
use crate::tampered::copy;

/// Words of the samples.
const ASKED: [&str; 4] = ["pleuritic", "electrocardiogram", "report", "patient"];

/// How many flips were found, and how many changed nothing.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Flips {
    pub found: u64,
    pub harmless: u64,
}

impl Flips {
    fn count(&mut self, found: bool) {
        if found { self.found += 1 } else { self.harmless += 1 }
    }
}

/// Flips in the catalog's file. Nobody has it open.
#[tokio::main]
pub async fn catalog(file: &Path, cases: std::ops::Range<u64>, mut at: impl FnMut(u64)) -> Result<Flips> {
    let folder = folder()?;
    let (fresh, flipped) = (folder.path().join("fresh.sqlite"), folder.path().join("flipped.sqlite"));
    fs::copy(file, &fresh)?;
    let good = fs::read(file)?;
    let fresh = open(&fresh).await?;
    let (rows, mut flips) = (fresh.dump().await?, Flips::default());
    for case in cases {
        at(case);
        let (mut bytes, bit) = (good.clone(), Chance::new(case).below(good.len() * 8));
        bytes[bit / 8] ^= 1 << (bit % 8);
        for rest in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{rest}", flipped.display()));
        }
        fs::write(&flipped, bytes)?;
        let found = match open(&flipped).await {
            Err(_) => true,
            Ok(damaged) => {
                let found = is_otherwise(&damaged, &fresh).await.unwrap_or(true);
                ensure!(found || damaged.dump().await? == rows, "bit {bit}: rows are otherwise, and nobody found it");
                damaged.close().await;
                found
            }
        };
        flips.count(found);
    }
    fresh.close().await;
    Ok(flips)
}

async fn open(file: &Path) -> Result<Catalog> {
    Ok(Catalog::open(&format!("sqlite:{}", file.display())).await?)
}

async fn is_otherwise(damaged: &Catalog, fresh: &Catalog) -> Result<bool> {
    let (_, differences) = damaged.snapshot().await?.compare(fresh, 1).await?;
    Ok(differences > 0 || damaged.file_damage().await?.is_some())
}

/// Flips in any of the index's files. Nobody has them open.
pub fn index(folder_of_index: &Path, cases: std::ops::Range<u64>, mut at: impl FnMut(u64)) -> Result<Flips> {
    let folder = folder()?;
    let index = folder.path().join("index");
    copy(folder_of_index, &index)?;
    let (files, good, mut flips) = (files(&index)?, told(&index)?, Flips::default());
    for case in cases {
        at(case);
        let mut chance = Chance::new(case);
        let file = &files[chance.below(files.len())];
        let bit = chance.below(fs::metadata(file)?.len() as usize * 8);
        flip(file, bit)?;
        let told = quietly(|| told(&index));
        flip(file, bit)?;
        if let Ok(told) = &told {
            ensure!(*told == good, "{}, bit {bit}: another answer, and nobody found it", file.display());
        }
        flips.count(told.is_err());
    }
    Ok(flips)
}

/// In place: a file that is cut off and written anew takes the pages from under a thread of the engine that still has it mapped, and
/// that ends the process (SIGBUS).
pub fn flip(file: &Path, bit: usize) -> Result<()> {
    let (file, at, mut byte) = (File::options().read(true).write(true).open(file)?, bit as u64 / 8, [0]);
    file.read_exact_at(&mut byte, at)?;
    byte[0] ^= 1 << (bit % 8);
    Ok(file.write_all_at(&byte, at)?)
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// The engine panics over some damage, and the index makes an error of that: to print each with its whole stack takes longer than all
/// the rest.
fn quietly<T>(work: impl FnOnce() -> T) -> T {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                before(panic);
            }
        }));
    });
    QUIET.set(true);
    let done = work();
    QUIET.set(false);
    done
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files: Vec<_> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    // Locks are empty.
    files.retain(|file| fs::metadata(file).is_ok_and(|about| about.len() > 0));
    files.sort();
    Ok(files)
}

/// All that the index says, once it opens and is whole.
fn told(folder: &Path) -> Result<Vec<String>> {
    let index = Index::open_to_read(folder)?;
    index.check()?;
    let mut told = vec![format!("{} {}", index.cursor(), index.pages())];
    index.each_page(|page, document| told.push(format!("{page} {document}")))?;
    told.sort();
    for words in ASKED {
        let found = index.search(&SearchRequest::new(words, Scope::EVERYTHING)).context("ask")?;
        told.push(format!("{words}: {} {:?}", found.documents, found.hits));
    }
    Ok(told)
}
