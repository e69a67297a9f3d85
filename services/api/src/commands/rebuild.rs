//! `chartroom rebuild`: catalog and index anew, from the bucket alone. The new one is built
//! beside the old one and takes its place when it is whole, so that a rebuild that is broken
//! off changes nothing. The server must not run meanwhile.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use archive::Archive;
use catalog::Catalog;
use fields::Rules;
use indexer::Index;

use super::say;
use crate::config::{DataDir, StoreOptions};
use crate::vocabulary;
use crate::{follow, serve};

pub struct Rebuild {
    pub data: DataDir,
    pub catalog: bool,
    pub index: bool,
}

/// Without a choice, both. The index is built from the catalog, so that one comes first.
pub async fn run(rebuild: Rebuild, options: StoreOptions) -> anyhow::Result<()> {
    let data = &rebuild.data;
    let both = !rebuild.catalog && !rebuild.index;
    serve::is_stopped(data)?;
    let settings = data.settings()?;
    let (signer, rules) = (data.signer(&settings)?, data.rules()?);
    let archive =
        Archive::open(&data.store(&settings, options)?, signer).await.context("failed to open the archive")?;
    if rebuild.catalog || both {
        rebuild_catalog(data, &rules, &archive).await?;
    }
    let catalog = Catalog::open(&data.catalog(&settings)).await?;
    fold(&archive, &catalog, &rules).await?;
    if rebuild.index || both {
        rebuild_index(data, &archive, &catalog).await?;
    }
    catalog.close().await;
    say(&format!("rebuilt from {} events", archive.size()))
}

/// The index has one writer: where it can be opened, no server runs.
async fn rebuild_catalog(data: &DataDir, rules: &Rules, archive: &Archive) -> anyhow::Result<()> {
    let settings = data.settings()?;
    let Some(file) = data.catalog_file(&settings) else {
        // A database server keeps its tables; they are emptied and filled in place.
        let catalog = Catalog::open(&data.catalog(&settings)).await?;
        catalog.clear().await?;
        fold(archive, &catalog, rules).await?;
        catalog.close().await;
        return Ok(());
    };
    let beside = file.with_extension("rebuilding");
    remove_database(&beside)?;
    let catalog = Catalog::open(&format!("sqlite:{}", beside.display())).await?;
    fold(archive, &catalog, rules).await?;
    catalog.close().await;
    remove_database(&file)?;
    std::fs::rename(&beside, &file).context("failed to put the new catalog in its place")
}

/// A database and what SQLite keeps beside it.
pub(super) fn remove_database(file: &Path) -> anyhow::Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(PathBuf::from(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context("failed to remove an old catalog");
            }
            _ => {}
        }
    }
    Ok(())
}

async fn fold(archive: &Archive, catalog: &Catalog, rules: &Rules) -> anyhow::Result<()> {
    let mut cursor = catalog.cursor().await?;
    let mut progress = Progress::new("catalog", cursor, archive.size());
    while cursor < archive.size() {
        cursor += follow::fold_group(archive, catalog, rules, cursor, archive.size()).await?;
        progress.tell(cursor);
    }
    Ok(())
}

async fn rebuild_index(data: &DataDir, archive: &Archive, catalog: &Catalog) -> anyhow::Result<()> {
    let place = data.index();
    let beside = place.with_extension("rebuilding");
    let index = Index::recreate_with(&beside, vocabulary::read(data)?).context("failed to make a new index")?;
    vocabulary::names(catalog, |names| index.learn(names)).await.context("failed to read the patients' names")?;
    let index = Arc::new(index);
    let end = catalog.cursor().await?;
    let (mut cursor, mut progress) = (0, Progress::new("index", 0, end));
    while cursor < end {
        cursor = follow::index_group(archive, catalog, &index, cursor, end, None).await?;
        progress.tell(cursor);
    }
    index.commit(end)?;
    drop(index);
    let aside = place.with_extension("discarded");
    remove_folder(&aside)?;
    if place.exists() {
        std::fs::rename(&place, &aside).context("failed to put the old index aside")?;
    }
    std::fs::rename(&beside, &place).context("failed to put the new index in its place")?;
    remove_folder(&aside)?;
    Ok(catalog.mark_indexed(end).await?)
}

fn remove_folder(folder: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).context("failed to remove an old index")
        }
        _ => Ok(()),
    }
}

/// Tells on standard error, every two seconds, how far it is and when it will be done.
struct Progress {
    what: &'static str,
    first: u64,
    end: u64,
    started: Instant,
    told: Instant,
}

impl Progress {
    fn new(what: &'static str, first: u64, end: u64) -> Self {
        Self { what, first, end, started: Instant::now(), told: Instant::now() }
    }

    fn tell(&mut self, done: u64) {
        if self.told.elapsed() < Duration::from_secs(2) && done < self.end {
            return;
        }
        self.told = Instant::now();
        let left = remaining(self.started.elapsed(), done - self.first, self.end.saturating_sub(done));
        let line = format!("{}: {done} of {} events, {} s to go", self.what, self.end, left.as_secs());
        // Progress is a courtesy: a closed terminal stops no rebuild.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}

/// By the rule of three.
fn remaining(elapsed: Duration, done: u64, left: u64) -> Duration {
    if done == 0 { Duration::ZERO } else { Duration::from_secs_f64(elapsed.as_secs_f64() * left as f64 / done as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_follows_from_what_is_done() {
        assert_eq!(remaining(Duration::from_secs(10), 100, 300), Duration::from_secs(30));
        assert_eq!(remaining(Duration::from_secs(10), 0, 300), Duration::ZERO);
    }
}
