//! Where does the log's private key lie, and the one that is to follow it?
//!
//! In one folder, the data folder's `keys/` or a signer's own:
//! `log.key`, and beside it `log.key.next` from the day that a new one is drawn until the old one is retired. Both sign while both
//! are there. Which of them counts, the ledger says (`record::log_key`), so that it does no harm wherever a change is cut off.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use archive::signer::Held;
use record::note::{LogKey, LogSigner};

use crate::config::{hex, read_seed, replace, write_once, write_seed};

pub struct Keys(PathBuf);

impl Keys {
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    fn file(&self) -> PathBuf {
        self.0.join("log.key")
    }

    fn next_file(&self) -> PathBuf {
        self.0.join("log.key.next")
    }

    fn public_file(&self) -> PathBuf {
        self.0.join("log.pub")
    }

    pub fn exist(&self) -> bool {
        self.file().exists()
    }

    /// Draws the log's key and writes it with its public half. An existing key is kept: it
    /// may be all that is left of an interrupted `init`.
    pub fn make(&self, origin: &str) -> anyhow::Result<LogSigner> {
        if !self.exist() {
            fs::create_dir_all(&self.0)?;
            write_seed(&self.file())?;
        }
        let signer = self.key(origin)?;
        if !self.public_file().exists() {
            write_once(&self.public_file(), format!("{}\n", signer.public()).as_bytes())?;
        }
        Ok(signer)
    }

    pub fn key(&self, origin: &str) -> anyhow::Result<LogSigner> {
        Ok(LogSigner::from_seed(origin, &read_seed(&self.file())?)?)
    }

    /// The one that is to follow, where it has been drawn.
    pub fn next(&self, origin: &str) -> anyhow::Result<Option<LogSigner>> {
        let seed = self.next_file().exists().then(|| read_seed(&self.next_file())).transpose()?;
        Ok(seed.map(|seed| LogSigner::from_seed(origin, &seed)).transpose()?)
    }

    /// All that signs.
    pub fn held(&self, origin: &str) -> anyhow::Result<Held> {
        Ok(Held::new(self.key(origin)?, self.next(origin)?))
    }

    /// Draws the key that is to follow, unless that has been done.
    pub fn draw_next(&self, origin: &str) -> anyhow::Result<LogKey> {
        if !self.next_file().exists() {
            write_seed(&self.next_file())?;
        }
        Ok(self.next(origin)?.context("failed to find the key that was drawn")?.public())
    }

    /// The old key is gone for good, and the new one in its place.
    pub fn retire(&self) -> anyhow::Result<()> {
        replace(&self.next_file(), &self.file())
    }

    /// As the world knows it.
    pub fn public(&self) -> anyhow::Result<LogKey> {
        let file = self.public_file();
        let key = fs::read_to_string(&file).with_context(|| format!("failed to read {}", file.display()))?;
        key.parse().with_context(|| format!("{} is damaged: it", file.display()))
    }

    pub fn publish(&self, key: &LogKey) -> anyhow::Result<()> {
        let new = self.0.join("log.pub.new");
        // What an earlier try has left, which nobody reads.
        let _ = fs::remove_file(&new);
        write_once(&new, format!("{key}\n").as_bytes())?;
        replace(&new, &self.public_file())
    }

    /// Where the same key is already, nothing is left to do.
    pub fn copy_to(&self, other: &Self) -> anyhow::Result<()> {
        let (seed, to) = (read_seed(&self.file())?, other.file());
        if to.exists() && read_seed(&to)? == seed { Ok(()) } else { write_once(&to, hex(&seed).as_bytes()) }
    }

    /// Removes the key, if this is another copy of it.
    pub fn drop_held_by(&self, other: &Self) -> anyhow::Result<()> {
        let file = self.file();
        if !self.exist() {
            bail!("the key is with a signer already");
        }
        if read_seed(&file)? != read_seed(&other.file())? {
            bail!("{} holds another key than {}", other.0.display(), file.display());
        }
        fs::remove_file(&file).with_context(|| format!("failed to remove {}: remove it yourself", file.display()))
    }

    pub fn folder(&self) -> &Path {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_drawn_once_and_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let keys = Keys::new(folder.path());
        let key = keys.make("chartroom.test/log").expect("made").public();
        assert_eq!(keys.make("chartroom.test/log").expect("kept").public(), key);
        let next = keys.draw_next("chartroom.test/log").expect("drawn");
        assert_eq!(keys.draw_next("chartroom.test/log").expect("kept"), next);
        for file in [keys.file(), keys.next_file()] {
            assert_eq!(fs::metadata(file).expect("there").permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(keys.public().expect("there"), key);
        keys.publish(&next).expect("published");
        keys.retire().expect("retired");
        assert_eq!(keys.key("chartroom.test/log").expect("there").public(), next);
        assert_eq!(keys.public().expect("there"), next);
        assert!(keys.next("chartroom.test/log").expect("looked").is_none());
    }
}
