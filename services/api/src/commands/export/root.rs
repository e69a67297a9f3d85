//! A storage root that grows object by object. An object is written beside the root and moved into it whole: what is there is done.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use catalog::Version;
use formats::ocfl::{self, Inventory, LAYOUT, OBJECT, ROOT};
use record::DocumentId;
use record::event::Actor;

use super::{settle, write};

pub struct Root {
    folder: PathBuf,
    /// The object that is being written.
    beside: PathBuf,
    inventory: Inventory,
    head: String,
}

fn id(document: DocumentId) -> String {
    format!("urn:uuid:{document}")
}

impl Root {
    /// An empty folder, or what an export has left unfinished there. Objects that are there already stay as they are.
    pub fn begin(folder: &Path) -> anyhow::Result<Self> {
        let strange = folder.is_dir() && fs::read_dir(folder)?.next().is_some() && !folder.join(ROOT.0).exists();
        if strange {
            bail!("{} holds something else: name a folder that is empty or not there yet", folder.display());
        }
        let (layout, config) = ocfl::layout();
        write(&folder.join(ROOT.0), ROOT.1.as_bytes())?;
        write(&folder.join("ocfl_layout.json"), layout.as_bytes())?;
        write(&folder.join("extensions").join(LAYOUT).join("config.json"), config.as_bytes())?;
        let mut beside = folder.as_os_str().to_owned();
        beside.push(".unfinished");
        Ok(Self {
            folder: folder.to_owned(),
            beside: beside.into(),
            inventory: Inventory::new(""),
            head: String::new(),
        })
    }

    fn place(&self, document: DocumentId) -> PathBuf {
        self.folder.join(ocfl::place(&id(document)))
    }

    pub fn has(&self, document: DocumentId) -> bool {
        self.place(document).exists()
    }

    pub fn open(&mut self, document: DocumentId) -> anyhow::Result<()> {
        self.clear()?;
        self.inventory = Inventory::new(&id(document));
        write(&self.beside.join(OBJECT.0), OBJECT.1.as_bytes())
    }

    pub fn version(&mut self, version: &Version) -> anyhow::Result<()> {
        let address = match version.actor {
            Actor::Account(account) => format!("urn:uuid:{account}"),
            Actor::Token(token) => format!("urn:uuid:{token}"),
            Actor::System => "urn:chartroom:system".to_owned(),
        };
        let message = format!("sealed by manifest {}", version.manifest);
        self.head = self.inventory.version(version.at, &message, &version.actor.to_string(), &address);
        Ok(())
    }

    pub fn put(&mut self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        match self.inventory.file(name, bytes) {
            Some(path) => write(&self.beside.join(path), bytes),
            None => Ok(()),
        }
    }

    /// Each version keeps the inventory as it was with it.
    pub fn close_version(&self) -> anyhow::Result<()> {
        self.write_inventory(&self.beside.join(&self.head))
    }

    pub fn close(&self, document: DocumentId) -> anyhow::Result<()> {
        self.write_inventory(&self.beside)?;
        settle(&self.beside)?;
        let place = self.place(document);
        fs::create_dir_all(place.parent().unwrap_or(&place))?;
        fs::rename(&self.beside, &place).with_context(|| format!("failed to put {} in its place", place.display()))
    }

    fn write_inventory(&self, folder: &Path) -> anyhow::Result<()> {
        let (inventory, sidecar) = self.inventory.write()?;
        write(&folder.join("inventory.json"), &inventory)?;
        write(&folder.join("inventory.json.sha512"), sidecar.as_bytes())
    }

    fn clear(&self) -> anyhow::Result<()> {
        match fs::remove_dir_all(&self.beside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("failed to clear {}", self.beside.display()))
            }
            _ => Ok(()),
        }
    }

    pub fn finish(self) -> anyhow::Result<PathBuf> {
        self.clear()?;
        settle(&self.folder)?;
        Ok(self.folder)
    }
}
