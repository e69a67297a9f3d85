//! Where does everything lie, and what was the server told? The layout of a data folder and
//! the settings of one process; nothing here reads the environment.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use archive::StoreAddress;
use archive::signer::Signer;
use fields::Rules;
use record::limits;
use record::policy::Policy;
use serde::{Deserialize, Serialize};

use crate::keys::Keys;
use crate::password;
use crate::retention::Schedule;

/// A data folder:
/// `store/`, `catalog.sqlite`, `index/`, `keys/`, `uploads/`, `chartroom.json`; `policy` where witnesses
/// cosign the ledger; `fields.toml` where the hospital has its own rules; `retention.toml` where documents may be destroyed.
#[derive(Debug, Clone)]
pub struct DataDir(PathBuf);

const CATALOG: &str = "catalog.sqlite";

/// `chartroom.json`: where the truth is, and what the log is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// A path (relative ones are inside the data folder) or `s3://bucket/prefix`.
    pub store: String,
    /// The log's origin: the name in every checkpoint, for ever.
    pub origin: String,
    /// `postgres://…`; without it, the catalog is `catalog.sqlite`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog: Option<String>,
    /// A second bucket that gets everything the first one gets, as `store` is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<String>,
    /// The socket of the process that has the log's key; without it, the key is `keys/log.key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<PathBuf>,
}

/// Key-values for the object stores, collected from the environment by `main`.
pub type StoreOptions = Vec<(String, String)>;

/// Of these, the replica's own, and the one that names it in place of the settings.
pub const OF_REPLICA: &str = "replica_";
pub const REPLICA: &str = "replica";

impl DataDir {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn index(&self) -> PathBuf {
        self.0.join("index")
    }

    /// `fields.toml` where the hospital has its own rules for whose a page is, else the built-in ones.
    pub fn rules(&self) -> anyhow::Result<Rules> {
        let file = self.0.join("fields.toml");
        match fs::read_to_string(&file) {
            Ok(text) => Rules::parse(&text).with_context(|| format!("{} is refused", file.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Rules::built_in()),
            Err(error) => Err(error).with_context(|| format!("failed to read {}", file.display())),
        }
    }

    /// `retention.toml`: when what may be destroyed; without it nothing may.
    pub fn retention(&self) -> anyhow::Result<Option<Schedule>> {
        let file = self.0.join("retention.toml");
        match fs::metadata(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Ok(found) if found.len() > limits::RETENTION_BYTES_MAX => {
                anyhow::bail!("{} is refused: it has more than {} bytes", file.display(), limits::RETENTION_BYTES_MAX)
            }
            Err(error) => return Err(error).with_context(|| format!("failed to read {}", file.display())),
            Ok(_) => {}
        }
        let text = fs::read_to_string(&file).with_context(|| format!("failed to read {}", file.display()))?;
        Schedule::parse(&text).map(Some).with_context(|| format!("{} is refused", file.display()))
    }

    /// Where stations were enrolled before the ledger did that; see [`crate::commands::station::check_moved`].
    pub fn old_stations_file(&self) -> PathBuf {
        self.0.join("stations")
    }

    /// Words that the hospital adds to the lexicon, one to a line; it need not be there.
    pub fn words_file(&self) -> PathBuf {
        self.0.join("words.txt")
    }

    /// What means the same in this hospital, see [`indexer::Synonyms`]; it need not be there.
    pub fn synonyms_file(&self) -> PathBuf {
        self.0.join("synonyms.txt")
    }

    /// Codes and their names, see [`indexer::Codes`]; it need not be there.
    pub fn codes_file(&self) -> PathBuf {
        self.0.join("codes.tsv")
    }

    /// Partial uploads, one file each, named by the hex digest of the whole.
    pub fn uploads(&self) -> PathBuf {
        self.0.join("uploads")
    }

    fn settings_file(&self) -> PathBuf {
        self.0.join("chartroom.json")
    }

    fn worker_file(&self) -> PathBuf {
        self.0.join("keys").join("worker.token")
    }

    /// The token of the server's own workers, once it has been made.
    pub fn worker_secret(&self) -> anyhow::Result<Option<String>> {
        match fs::read_to_string(self.worker_file()) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context("failed to read keys/worker.token"),
        }
    }

    pub fn keep_worker_secret(&self, secret: &str) -> anyhow::Result<()> {
        let file = self.worker_file();
        if file.exists() {
            fs::remove_file(&file).context("failed to replace keys/worker.token")?;
        }
        write_once(&file, secret.as_bytes())
    }

    pub fn is_archive(&self) -> bool {
        self.settings_file().exists()
    }

    pub fn settings(&self) -> anyhow::Result<Settings> {
        let file = self.settings_file();
        let bytes = fs::read(&file)
            .with_context(|| format!("no archive in {}: make one with `chartroom init`", self.0.display()))?;
        serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", file.display()))
    }

    /// The last step of `init`: with this file the folder is an archive.
    pub fn write_settings(&self, settings: &Settings) -> anyhow::Result<()> {
        write_once(&self.settings_file(), &serde_json::to_vec_pretty(settings)?)
    }

    pub fn store(&self, settings: &Settings, options: StoreOptions) -> anyhow::Result<StoreAddress> {
        self.bucket(&settings.store, options)
    }

    /// The replica, with its own credentials, where there is to be one.
    pub fn replica(&self, settings: &Settings, options: &StoreOptions) -> anyhow::Result<Option<StoreAddress>> {
        let own = |(name, value): &(String, String)| Some((name.strip_prefix(OF_REPLICA)?.to_owned(), value.clone()));
        let own: StoreOptions = options.iter().filter_map(own).collect();
        let named = options.iter().find(|(name, _)| name == REPLICA).map(|(_, address)| address);
        named.or(settings.replica.as_ref()).map(|address| self.bucket(address, own)).transpose()
    }

    fn bucket(&self, address: &str, options: StoreOptions) -> anyhow::Result<StoreAddress> {
        let inside = || self.0.join(address).display().to_string();
        let text = if address.contains("://") { address.to_owned() } else { inside() };
        Ok(StoreAddress::parse(&text, options)?)
    }

    pub fn catalog(&self, settings: &Settings) -> String {
        let sqlite = || format!("sqlite:{}", self.0.join(CATALOG).display());
        settings.catalog.clone().unwrap_or_else(sqlite)
    }

    /// The catalog's file, where it is one.
    pub fn catalog_file(&self, settings: &Settings) -> Option<PathBuf> {
        match settings.catalog.as_deref() {
            None => Some(self.0.join(CATALOG)),
            Some(url) => url.strip_prefix("sqlite:").map(PathBuf::from),
        }
    }

    pub fn keys(&self) -> Keys {
        Keys::new(self.0.join("keys"))
    }

    /// The key, or whoever has it.
    pub fn signer(&self, settings: &Settings) -> anyhow::Result<Signer> {
        match &settings.signer {
            None => Ok(self.keys().held(&settings.origin)?.into()),
            Some(socket) => Ok(Signer::Apart { socket: self.0.join(socket), key: self.keys().public()? }),
        }
    }

    /// From now on whoever answers on this socket signs, with the key in this folder, and nobody has it here.
    pub fn hand_key_over(&self, settings: Settings, socket: PathBuf, to: &Keys) -> anyhow::Result<()> {
        let (file, new) = (self.settings_file(), self.0.join("chartroom.json.new"));
        // What an earlier try has left, which nobody reads.
        let _ = fs::remove_file(&new);
        write_once(&new, &serde_json::to_vec_pretty(&Settings { signer: Some(socket), ..settings })?)?;
        replace(&new, &file)?;
        self.keys().drop_held_by(to)
    }

    /// Which witnesses are asked to cosign the ledger: a C2SP tlog-policy with their addresses; it need not be there.
    pub fn policy(&self) -> anyhow::Result<Option<Policy>> {
        let file = self.0.join("policy");
        match fs::read_to_string(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            text => {
                let text = text.with_context(|| format!("failed to read {}", file.display()))?;
                Ok(Some(text.parse().with_context(|| format!("{} is refused: it", file.display()))?))
            }
        }
    }
}

/// Draws a private key.
pub(crate) fn write_seed(file: &Path) -> anyhow::Result<()> {
    let seed: [u8; 32] = password::random()?;
    write_once(file, hex(&seed).as_bytes())
}

pub(crate) fn read_seed(file: &Path) -> anyhow::Result<[u8; 32]> {
    let text = fs::read_to_string(file)
        .with_context(|| format!("the key {} cannot be read: restore it from its backup", file.display()))?;
    let Some(seed) = unhex(text.trim()) else {
        bail!("{} is no key: 64 hex digits are expected; restore it from its backup", file.display());
    };
    Ok(seed)
}

/// Writes a private file whole or not at all, and never over another.
pub(crate) fn write_once(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let name = || format!("failed to write {}", file.display());
    let folder = file.parent().with_context(name)?;
    let partial = file.with_extension("partial");
    let mut handle =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial).with_context(name)?;
    handle.write_all(bytes).and_then(|()| handle.sync_all()).with_context(name)?;
    fs::hard_link(&partial, file).with_context(name)?;
    fs::remove_file(&partial).with_context(name)?;
    fs::File::open(folder).and_then(|folder| folder.sync_all()).with_context(name)
}

/// Puts a file in another's place, for good.
pub(crate) fn replace(new: &Path, file: &Path) -> anyhow::Result<()> {
    let name = || format!("failed to replace {}", file.display());
    fs::rename(new, file).with_context(name)?;
    let folder = file.parent().with_context(name)?;
    fs::File::open(folder).and_then(|folder| folder.sync_all()).with_context(name)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    record::Digest::from_hex(text).ok().map(|digest| *digest.as_bytes())
}

/// What request handlers need to know of how the server was started.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address people use, where a reverse proxy stands before the server.
    pub public_url: Option<String>,
    /// What one search may take before it answers with what it has.
    pub search_budget: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self { public_url: None, search_budget: Duration::from_millis(limits::SEARCH_BUDGET_MILLIS) }
    }
}

impl Config {
    /// Whether people reach the server by https.
    pub fn is_secure(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }

    /// `__Host-` ties a cookie to this very host and to https; browsers refuse it over http.
    pub fn cookie_name(&self) -> &'static str {
        if self.is_secure() { "__Host-chartroom" } else { "chartroom" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hospitals_rules_go_before_the_built_in_ones() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::new(folder.path());
        assert_eq!(data.rules().expect("built in").alarm_from.0, 85);
        let own = fields::rules::DEFAULT.replace("alarm_from = 85", "alarm_from = 92");
        fs::write(folder.path().join("fields.toml"), &own).expect("written");
        assert_eq!(data.rules().expect("read").alarm_from.0, 92);
        fs::write(folder.path().join("fields.toml"), own.replace("alarm_from = 92", "alarm_from = 920"))
            .expect("written");
        let error = format!("{:#}", data.rules().expect_err("refused"));
        assert!(error.contains("fields.toml is refused") && error.contains("`alarm_from`"), "{error}");
    }

    #[test]
    fn settings_are_written_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::new(folder.path());
        let settings = Settings {
            store: "store".into(),
            origin: "chartroom.test/log".into(),
            catalog: None,
            replica: None,
            signer: None,
        };
        data.write_settings(&settings).expect("written");
        assert_eq!(data.settings().expect("read"), settings);
        assert!(data.write_settings(&settings).is_err());
        assert!(data.catalog(&settings).starts_with("sqlite:"));
    }
}
