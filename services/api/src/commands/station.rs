//! `chartroom station`: which capture stations are believed. As soon as one is enrolled, only batches that an enrolled one has
//! signed are taken in.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use catalog::Catalog;
use clap::Subcommand;
use record::envelope::StationKey;
use record::event::Actor;

use super::{open, say};
use crate::config::{DataDir, StoreOptions};
use crate::{people, state};

#[derive(Subcommand)]
pub enum Action {
    /// Enrols keys, as `scanner-agent key` prints them.
    Enrol {
        #[arg(value_name = "KEY")]
        keys: Vec<String>,
        /// A file with one key a line.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Lists every key that was ever enrolled, in the form that `chartroom-verify --stations` takes.
    List,
    /// Ends a key, by id or name. What it signed before stays believed.
    Revoke { which: String },
}

pub async fn run(data: &DataDir, options: StoreOptions, action: Action) -> anyhow::Result<()> {
    match action {
        Action::Enrol { keys, file } => enrol(data, options, &keys, file.as_ref()).await,
        Action::List => list(data, options).await,
        Action::Revoke { which } => revoke(data, options, &which).await,
    }
}

/// Enrols keys: lines as `scanner-agent key` prints them, and those of a file.
async fn enrol(data: &DataDir, options: StoreOptions, lines: &[String], file: Option<&PathBuf>) -> anyhow::Result<()> {
    let mut keys = file.map(|file| read(file)).transpose()?.unwrap_or_default();
    for line in lines {
        keys.push(line.parse().with_context(|| format!("failed to understand `{line}`: it"))?);
    }
    if keys.is_empty() {
        bail!("no key was given: `scanner-agent key` on the station prints it");
    }
    let (archive, catalog) = open(data, options).await?;
    let enrolled = catalog.stations().await?;
    for key in keys {
        let known = enrolled.iter().find(|record| record.key == key.to_string());
        if known.is_some_and(|record| record.revoked) {
            bail!("the key of `{}` was revoked, and that is for good: let the station draw another one", key.name());
        }
        if known.is_none() {
            people::record_station(&archive, Actor::System, state::now(), &key, false).await?;
        }
        say(&format!("enrolled {}  {}", key.name(), key.id()))?;
    }
    Ok(())
}

/// `which` is a name that only one valid key has, or a key's id as `list` shows it.
async fn revoke(data: &DataDir, options: StoreOptions, which: &str) -> anyhow::Result<()> {
    let (archive, catalog) = open(data, options).await?;
    let mut meant = people::valid_stations(&catalog.stations().await?);
    meant.retain(|key| key.name() == which || key.id() == which);
    if meant.len() > 1 {
        bail!("{} valid keys have this name: say the id, as `chartroom station list` shows it", meant.len());
    }
    let key = meant.pop().context("no valid key has this id or name: see `chartroom station list`")?;
    people::record_station(&archive, Actor::System, state::now(), &key, true).await?;
    say(&format!("revoked {}  {}", key.name(), key.id()))
}

/// Prints what `chartroom-verify --stations` takes.
async fn list(data: &DataDir, options: StoreOptions) -> anyhow::Result<()> {
    let (_, catalog) = open(data, options).await?;
    for record in catalog.stations().await? {
        let key: StationKey = record.key.parse().context("failed to understand an enrolled key: it")?;
        say(&format!("# {}  {}", if record.revoked { "revoked" } else { "valid" }, key.id()))?;
        say(&record.key)?;
    }
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<Vec<StationKey>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
    StationKey::list(&text).with_context(|| format!("failed to understand {}: a line", file.display()))
}

/// Keys that a file enrolled, before the ledger did that, must not be forgotten in silence.
pub async fn check_moved(data: &DataDir, catalog: &Catalog) -> anyhow::Result<()> {
    let file = data.old_stations_file();
    if !file.exists() {
        return Ok(());
    }
    let known = catalog.stations().await?;
    if read(&file)?.iter().any(|key| known.iter().all(|record| record.key != key.to_string())) {
        let file = file.display();
        bail!(
            "stations are enrolled in the ledger now: run `chartroom station enrol --file {file}`, and remove the file"
        );
    }
    Ok(())
}
