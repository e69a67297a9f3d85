//! Which key opens this station's spool, with which does it sign, and where do they live?
//!
//! In one small file that is not in the spool: `SPOOL.key` beside it, or wherever the operator says.
//!
//! ```text
//! spool <64 hex digits>    wraps the batches' keys, one in the first line of each journal; while keys are exchanged there
//!                          are two such lines, the new key first
//! sign <64 hex digits>     seed of the Ed25519 key that the archive knows the station by
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use record::Digest;
use record::envelope::StationSigner;

use super::cipher::{KEY_BYTES, Key};
use super::{SpoolError, durable};

/// Where a spool is, and where its key.
#[derive(Debug, Clone)]
pub struct Home {
    pub folder: PathBuf,
    pub key: PathBuf,
}

impl Home {
    /// The key beside the folder.
    pub fn beside(folder: &Path) -> Self {
        let mut name = folder.file_name().unwrap_or_default().to_owned();
        name.push(".key");
        Self { folder: folder.to_owned(), key: folder.with_file_name(name) }
    }
}

#[derive(Clone, Default)]
pub struct Keyring {
    /// The current one first.
    spool: Vec<Key>,
    seed: [u8; KEY_BYTES],
}

impl Keyring {
    /// Empty where there is no key yet.
    pub fn load(path: &Path) -> Result<Self, SpoolError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(SpoolError::at(path)(error)),
        };
        Self::parse(&text).ok_or_else(|| SpoolError::NoKey(path.to_owned()))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut ring = Self::default();
        let mut signs = false;
        for line in text.lines() {
            match line.split_once(' ')? {
                ("spool", key) => ring.spool.push(Key::of(bytes(key)?)),
                ("sign", seed) => (ring.seed, signs) = (bytes(seed)?, true),
                _ => return None,
            }
        }
        (signs && !ring.spool.is_empty()).then_some(ring)
    }

    /// Draws keys where there are none yet.
    pub fn load_or_create(path: &Path) -> Result<Self, SpoolError> {
        let found = Self::load(path)?;
        if !found.spool.is_empty() {
            return Ok(found);
        }
        let draw = || Ok::<_, io::Error>(Self { spool: vec![Key::fresh()?], seed: *Key::fresh()?.bytes() });
        let fresh = draw().map_err(SpoolError::at(path))?;
        fresh.keep(path)?;
        Ok(fresh)
    }

    pub fn keep(&self, path: &Path) -> Result<(), SpoolError> {
        let spool = self.spool.iter().map(|key| format!("spool {}\n", hex(key.bytes())));
        let text: String = spool.chain([format!("sign {}\n", hex(&self.seed))]).collect();
        durable::write(path, text.as_bytes()).map_err(SpoolError::at(path))
    }

    /// The key that wraps; none before the first batch.
    pub fn current(&self) -> Option<&Key> {
        self.spool.first()
    }

    pub fn named(&self, name: &str) -> Option<&Key> {
        self.spool.iter().find(|key| key.name() == name)
    }

    /// A fresh key before those that are there.
    pub fn with_fresh(&self) -> io::Result<Self> {
        Ok(Self { spool: [vec![Key::fresh()?], self.spool.clone()].concat(), seed: self.seed })
    }

    /// Without those that nothing is wrapped with any more.
    pub fn only_current(&self) -> Self {
        Self { spool: self.spool.iter().take(1).cloned().collect(), seed: self.seed }
    }

    /// The station's signature, under the name that people know the station by.
    pub fn signer(&self, station: &str) -> StationSigner {
        StationSigner::from_seed(station, &self.seed)
    }
}

fn hex(bytes: &[u8; KEY_BYTES]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<[u8; KEY_BYTES]> {
    Digest::from_hex(hex).ok().map(|digest| *digest.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_drawn_once_and_a_spoilt_file_is_not_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::beside(&folder.path().join("spool"));
        assert_eq!(home.key, folder.path().join("spool.key"));
        assert!(Keyring::load(&home.key).expect("nothing yet").current().is_none());
        let first = Keyring::load_or_create(&home.key).expect("draws");
        let again = Keyring::load_or_create(&home.key).expect("loads");
        assert_eq!(first.current().map(Key::name), again.current().map(Key::name));
        fs::write(&home.key, "rubbish").expect("writes");
        assert!(matches!(Keyring::load_or_create(&home.key), Err(SpoolError::NoKey(_))));
        assert_eq!(fs::read_to_string(&home.key).expect("reads"), "rubbish");
    }
}
