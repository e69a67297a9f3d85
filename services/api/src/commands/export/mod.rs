//! `chartroom export`: documents for another archive, in a form that other people's programs check. A bag (BagIt 1.0) or a storage
//! root (OCFL 1.1), one document at a time in the order of their ids: memory does not depend on how many there are, and what was broken
//! off goes on after the last one that is whole. That a document is given out is in the ledger before its first byte.

mod bag;
mod root;
mod words;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use archive::Archive;
use bytes::Bytes;
use catalog::{Catalog, Document};
use formats::premis::{self, Happened};
use record::event::{Actor, ViewForm};
use record::{BatchId, Descriptor, DocumentId, Event, EventKind};

use self::bag::Bag;
use self::root::Root;
pub use self::words::{ExportInto, WhichDocuments};
use super::{catch_up, open, say};
use crate::bundle::{Bundle, Part, page_name};
use crate::config::{DataDir, StoreOptions};
use crate::policy::Scope;
use crate::state;

/// Documents that are announced in the ledger at once.
const PORTION: u32 = 64;

pub struct Export {
    pub data: DataDir,
    /// The log-in name of whoever answers for it.
    pub by: String,
    pub which: Which,
    pub into: Into,
}

/// Which documents, in their newest version.
pub enum Which {
    These(Vec<DocumentId>),
    OfBatch(BatchId),
    All,
}

pub enum Into {
    Bag(PathBuf),
    Root(PathBuf),
}

/// Where documents go.
enum Target {
    Bag(Bag),
    Root(Root),
}

/// A file on its way out.
type Parcel = Vec<(String, Part)>;

pub async fn run(export: Export, options: StoreOptions) -> anyhow::Result<()> {
    let (archive, catalog) = open(&export.data, options).await?;
    let actor = who(&catalog, &export.by).await?;
    let log = record::note::origin(&archive.checkpoint()).to_owned();
    let mut target = match &export.into {
        Into::Bag(folder) => Target::Bag(Bag::begin(folder)?),
        Into::Root(folder) => Target::Root(Root::begin(folder)?),
    };
    let (mut after, mut done, mut told) = (target.after(), 0_u64, Instant::now());
    loop {
        let documents = portion(&catalog, &export.which, after).await?;
        let Some(last) = documents.last() else { break };
        after = Some(last.document);
        let new: Vec<&Document> = documents.iter().filter(|one| !target.has(one.document)).collect();
        announce(&archive, actor, &new).await?;
        // So that what happened to them has this, too.
        catch_up(&export.data, &archive, &catalog).await?;
        for document in new {
            target.add(&archive, &catalog, &log, document).await?;
            done += 1;
            if told.elapsed() > Duration::from_secs(2) {
                told = Instant::now();
                // A closed terminal stops no export.
                let _ = writeln!(std::io::stderr(), "{done} documents");
            }
        }
    }
    let folder = target.finish(&log)?;
    catalog.close().await;
    say(&format!("{done} documents in {}", folder.display()))
}

/// The account that answers for it. Whoever may not open every document gives none of them out.
async fn who(catalog: &Catalog, login: &str) -> anyhow::Result<Actor> {
    let account = catalog.account_by_login(login).await?.filter(|account| !account.disabled);
    let account = account.context("there is no such account: name your log-in with --by")?;
    ensure!(
        Scope::of(account.role) == Scope::Everything,
        "an account of role {} may not open every document: somebody else has to answer for this",
        account.role.as_str()
    );
    Ok(Actor::Account(account.account))
}

async fn portion(catalog: &Catalog, which: &Which, after: Option<DocumentId>) -> anyhow::Result<Vec<Document>> {
    let these = match which {
        Which::All => return Ok(catalog.documents_after(after, None, PORTION).await?),
        Which::OfBatch(batch) => return Ok(catalog.documents_after(after, Some(*batch), PORTION).await?),
        Which::These(these) => these,
    };
    let mut left: Vec<_> = these.iter().filter(|one| after.is_none_or(|after| **one > after)).collect();
    left.sort_unstable();
    left.dedup();
    let mut found = Vec::new();
    for document in left.into_iter().take(PORTION as usize) {
        match catalog.document(*document).await? {
            Some(document) => found.push(document),
            None => bail!("there is no document {document}: its id stands in its address"),
        }
    }
    Ok(found)
}

async fn announce(archive: &Archive, actor: Actor, documents: &[&Document]) -> anyhow::Result<()> {
    let (at, form) = (state::now(), ViewForm::Bundle);
    let event = |document: &&Document| EventKind::Viewed { document: document.document, page: None, form };
    if documents.is_empty() {
        return Ok(());
    }
    archive.append(documents.iter().map(event).map(|event| Event { at, actor, event }).collect()).await?;
    Ok(())
}

impl Target {
    /// Everything up to this document is there already.
    fn after(&self) -> Option<DocumentId> {
        match self {
            Self::Bag(bag) => bag.after(),
            Self::Root(_) => None,
        }
    }

    fn has(&self, document: DocumentId) -> bool {
        match self {
            Self::Bag(_) => false,
            Self::Root(root) => root.has(document),
        }
    }

    async fn add(
        &mut self,
        archive: &Archive,
        catalog: &Catalog,
        log: &str,
        document: &Document,
    ) -> anyhow::Result<()> {
        match self {
            Self::Bag(bag) => {
                let parcel = newest(archive, catalog, log, document).await?;
                bag.open(document.document)?;
                for (name, part) in parcel {
                    bag.put(&name, &bytes(archive, part).await?)?;
                }
                bag.close()
            }
            Self::Root(root) => {
                root.open(document.document)?;
                for version in catalog.versions(document.document).await? {
                    root.version(&version)?;
                    let parcel = match version.version == document.version {
                        true => newest(archive, catalog, log, document).await?,
                        false => Bundle::of(archive, catalog, &version).await?.into_files(),
                    };
                    for (name, part) in parcel {
                        root.put(&name, &bytes(archive, part).await?)?;
                    }
                    root.close_version()?;
                }
                root.close(document.document)
            }
        }
    }

    fn finish(self, log: &str) -> anyhow::Result<PathBuf> {
        match self {
            Self::Bag(bag) => bag.finish(log),
            Self::Root(root) => root.finish(),
        }
    }
}

/// The newest version as a bundle, with its texts and what happened to it.
async fn newest(archive: &Archive, catalog: &Catalog, log: &str, document: &Document) -> anyhow::Result<Parcel> {
    let version = catalog.version(document.document, document.version).await?.context("the catalog lacks a version")?;
    let manifest = archive.manifest(&version.manifest).await?;
    let mut parcel = Bundle::of(archive, catalog, &version).await?.into_files();
    for page in catalog.pages_of(document.document).await? {
        parcel.extend(page.text.map(|text| (format!("text/{:04}.alto.xml", page.number), Part::Blob(text))));
    }
    let file = |page: &'_ record::PageEntry| page_name(page.number, &page.image.media_type);
    let files = manifest.pages.iter().map(|page| -> (String, &Descriptor) { (file(page), &page.image) });
    let events = catalog.timeline(document.document).await?.into_iter();
    let events = events.map(|it| Happened { index: it.event_index, at: it.at, actor: it.actor, event: it.event });
    let premis = premis::write(document.document, files, log, &events.collect::<Vec<_>>());
    parcel.push(("premis.xml".to_owned(), Part::Text(premis.into())));
    Ok(parcel)
}

async fn bytes(archive: &Archive, part: Part) -> anyhow::Result<Bytes> {
    match part {
        Part::Text(bytes) => Ok(bytes),
        Part::Blob(digest) => Ok(archive.read(&digest).await?),
    }
}

/// Writes a file and the folders that it is in.
fn write(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let name = || format!("failed to write {}", file.display());
    fs::create_dir_all(file.parent().unwrap_or(file)).with_context(name)?;
    fs::write(file, bytes).with_context(name)
}

/// Everything that was written is on the disk before it is said to be there.
fn settle(folder: &Path) -> anyhow::Result<()> {
    let opened = File::open(folder).with_context(|| format!("failed to open {}", folder.display()))?;
    rustix::fs::syncfs(&opened).with_context(|| format!("failed to write {} to the disk", folder.display()))
}
