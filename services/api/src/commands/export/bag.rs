//! A bag that grows document by document. Its manifests are the journal: a document's lines come after its files are on the disk, and
//! `bagit.txt` after everything, so that nobody takes a part for the whole.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use formats::bagit::{self, DECLARATION, INFO, MANIFESTS, TAG_MANIFESTS};
use record::DocumentId;

use super::{settle, write};
use crate::state;

const AGENT: &str = concat!("chartroom ", env!("CARGO_PKG_VERSION"));

pub struct Bag {
    folder: PathBuf,
    /// The last document that is whole.
    after: Option<DocumentId>,
    document: String,
    lines: [String; 2],
}

impl Bag {
    /// An empty folder, or what an export has left unfinished there.
    pub fn begin(folder: &Path) -> anyhow::Result<Self> {
        if folder.join(DECLARATION.0).exists() {
            bail!("{} is a bag already, and whole: name another folder", folder.display());
        }
        let strange = folder.is_dir() && fs::read_dir(folder)?.next().is_some() && !folder.join(MANIFESTS[0]).exists();
        if strange {
            bail!("{} holds something else: name a folder that is empty or not there yet", folder.display());
        }
        fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
        // The second manifest is written after the first, and may end with a part of a document.
        let after = last_but_one(&folder.join(MANIFESTS[1]))?;
        for name in MANIFESTS {
            cut(&folder.join(name), after)?;
        }
        Ok(Self { folder: folder.to_owned(), after, document: String::new(), lines: Default::default() })
    }

    pub const fn after(&self) -> Option<DocumentId> {
        self.after
    }

    pub fn open(&mut self, document: DocumentId) -> anyhow::Result<()> {
        self.document = format!("data/{document}");
        // Left by an export that was broken off.
        match fs::remove_dir_all(self.folder.join(&self.document)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("failed to clear {}", self.document))
            }
            _ => Ok(()),
        }
    }

    pub fn put(&mut self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = format!("{}/{name}", self.document);
        write(&self.folder.join(&path), bytes)?;
        let lines = bagit::lines(&path, bytes)?;
        self.lines.iter_mut().zip(lines).for_each(|(all, line)| all.push_str(&line));
        Ok(())
    }

    pub fn close(&mut self) -> anyhow::Result<()> {
        settle(&self.folder)?;
        for (name, lines) in MANIFESTS.iter().zip(std::mem::take(&mut self.lines)) {
            let file = self.folder.join(name);
            let mut manifest = OpenOptions::new().append(true).create(true).open(&file)?;
            let written = manifest.write_all(lines.as_bytes()).and_then(|()| manifest.sync_all());
            written.with_context(|| format!("failed to write {}", file.display()))?;
        }
        Ok(())
    }

    pub fn finish(self, log: &str) -> anyhow::Result<PathBuf> {
        // A bag of nothing is a bag.
        fs::create_dir_all(self.folder.join("data"))?;
        for name in MANIFESTS {
            OpenOptions::new().append(true).create(true).open(self.folder.join(name))?;
        }
        let (bytes, files) = weigh(&self.folder.join("data"))?;
        let today = state::now().to_string();
        let info = bagit::info(log, today.get(..10).unwrap_or_default(), AGENT, bytes, files);
        write(&self.folder.join(INFO), info.as_bytes())?;
        let mut tags: [String; 2] = Default::default();
        for name in [INFO, MANIFESTS[0], MANIFESTS[1]] {
            let lines = bagit::lines(name, File::open(self.folder.join(name))?)?;
            tags.iter_mut().zip(lines).for_each(|(all, line)| all.push_str(&line));
        }
        let declaration = bagit::lines(DECLARATION.0, DECLARATION.1.as_bytes())?;
        for ((name, lines), line) in TAG_MANIFESTS.iter().zip(tags).zip(declaration) {
            write(&self.folder.join(name), format!("{lines}{line}").as_bytes())?;
        }
        settle(&self.folder)?;
        write(&self.folder.join(DECLARATION.0), DECLARATION.1.as_bytes())?;
        settle(&self.folder)?;
        Ok(self.folder)
    }
}

/// The document of a line, by its payload path.
fn document_of(line: &str) -> Option<DocumentId> {
    bagit::path_of(line)?.strip_prefix("data/")?.split('/').next()?.parse().ok()
}

/// The document before the last one of a manifest.
fn last_but_one(file: &Path) -> anyhow::Result<Option<DocumentId>> {
    let (mut before, mut last) = (None, None);
    for_each_line(file, |line| {
        let document = document_of(line);
        if document.is_some() && document != last {
            (before, last) = (last, document);
        }
    })?;
    Ok(before)
}

/// Cuts off what comes after this document.
fn cut(file: &Path, after: Option<DocumentId>) -> anyhow::Result<()> {
    let mut keep = 0;
    for_each_line(file, |line| {
        if document_of(line).is_some_and(|document| Some(document) <= after) {
            keep += line.len() as u64;
        }
    })?;
    match OpenOptions::new().write(true).open(file) {
        Ok(file) => Ok(file.set_len(keep)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("failed to open {}", file.display())),
    }
}

/// Line by line: a manifest may be longer than memory.
fn for_each_line(file: &Path, mut look: impl FnMut(&str)) -> anyhow::Result<()> {
    let Ok(opened) = File::open(file) else { return Ok(()) };
    let (mut reader, mut line) = (BufReader::new(opened), String::new());
    while reader.read_line(&mut line).with_context(|| format!("failed to read {}", file.display()))? > 0 {
        look(&line);
        line.clear();
    }
    Ok(())
}

/// Bytes and files of the payload.
fn weigh(folder: &Path) -> anyhow::Result<(u64, u64)> {
    let (mut bytes, mut files, mut folders) = (0, 0, vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("failed to read {}", folder.display()))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                (bytes, files) = (bytes + entry.metadata()?.len(), files + 1);
            }
        }
    }
    Ok((bytes, files))
}
