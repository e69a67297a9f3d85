//! `chartroom key`: which key does the log sign with, and how is another one put in its place?
//!
//! Rotating appends one event, signed with both keys, and from then on the new key counts. The old one signs beside it until it is
//! retired, for those who have not heard: witnesses, and programs that follow no changes of keys. Each step may be cut off
//! anywhere and asked for again.

use anyhow::{Context as _, bail};
use archive::Archive;
use clap::Subcommand;
use record::note::LogKey;
use serde_json::json;

use super::say;
use crate::config::{DataDir, StoreOptions};
use crate::keys::Keys;
use crate::{serve, state, witness};

pub const EXAMPLES: &str = "\
Examples:
  chartroom key --data /srv/charts list                    which keys have signed, and from which event on
  chartroom key --data /srv/charts rotate --dry-run
  chartroom key --data /srv/charts rotate                  the server is stopped; both keys sign from its next start on
  chartroom key --data /srv/charts retire                  once witnesses and auditors have the new key

Where `chartroom signer` has the key:
  chartroom signer --folder /srv/signer draw               prints the new key; start the signer anew
  chartroom key --data /srv/charts rotate --to 'charts.example.org/log+3f…'
  chartroom signer --folder /srv/signer --data /srv/charts retire

Give the new `keys/log.pub` to witnesses (`chartroom witness add-log`), auditors and stations by a way that you
trust. Whoever has only the old one is led to the new one by the ledger itself, unless the old one was stolen.";

#[derive(Subcommand)]
pub enum Action {
    /// Says which keys have signed the ledger, oldest first.
    List {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Puts another key in the log's place, by an event that both keys sign; the server is stopped.
    Rotate {
        /// The key that takes over, where a signer of its own has drawn it
        #[arg(long, value_name = "KEY")]
        to: Option<String>,
        /// Says what would be done, and does not do it
        #[arg(long)]
        dry_run: bool,
    },
    /// Lets the old key sign no longer beside the new one, and removes it; the server is stopped.
    Retire,
}

pub async fn run(data: &DataDir, options: StoreOptions, action: Action) -> anyhow::Result<()> {
    match action {
        Action::List { json } => list(data, options, json).await,
        Action::Rotate { to, dry_run } => rotate(data, options, to.as_deref(), dry_run).await,
        Action::Retire => {
            let settings = data.settings()?;
            if settings.signer.is_some() {
                bail!("a signer has the key: `chartroom signer retire`");
            }
            retire(data, options, &data.keys()).await
        }
    }
}

async fn open(data: &DataDir, options: StoreOptions) -> anyhow::Result<Archive> {
    let settings = data.settings()?;
    let (signer, replica) = (data.signer(&settings)?, data.replica(&settings, &options)?);
    let opened = Archive::open_with(&data.store(&settings, options)?, replica.as_ref(), signer).await;
    opened.context("failed to open the archive")
}

async fn list(data: &DataDir, options: StoreOptions, as_json: bool) -> anyhow::Result<()> {
    let archive = open(data, options).await?;
    let changes = archive.key_changes().await?;
    let first = changes.first().map_or_else(|| archive.key().to_string(), |change| change.before.to_string());
    let mut keys = std::iter::once((0, first))
        .chain(changes.iter().map(|change| (change.receipt.index, change.after.to_string())));
    if as_json {
        let keys: Vec<_> = keys.map(|(from, key)| json!({"from": from, "key": key})).collect();
        return say(&json!({"keys": keys, "events": archive.size()}).to_string());
    }
    keys.try_for_each(|(from, key)| say(&format!("from event {from}  {key}")))
}

async fn rotate(data: &DataDir, options: StoreOptions, to: Option<&str>, dry_run: bool) -> anyhow::Result<()> {
    serve::is_stopped(data)?;
    let settings = data.settings()?;
    let next = match (&settings.signer, to) {
        (Some(_), Some(key)) => Some(witness::log_key(key)?),
        (Some(_), None) => {
            bail!("a signer has the key: let it draw one, `chartroom signer draw`, and say it with --to")
        }
        (None, Some(_)) => bail!("--to is for a log whose key is with a signer: here the new key is drawn"),
        (None, None) if dry_run => None,
        (None, None) => Some(data.keys().draw_next(&settings.origin)?),
    };
    let archive = open(data, options).await?;
    let Some(next) = next.filter(|_| !dry_run) else {
        return tell_plan(&archive);
    };
    let index = archive.change_key(state::now(), &next).await.context("failed to change the key")?;
    data.keys().publish(&next)?;
    match index {
        Some(index) => say(&format!("{next}\nsigns from event {index} on"))?,
        None => say(&format!("{next}\nsigns already"))?,
    }
    say(
        "Give it to witnesses, auditors and stations; then `chartroom key retire` ends the old key's signing beside it.",
    )
}

fn tell_plan(archive: &Archive) -> anyhow::Result<()> {
    say(&format!("{}\nsigns {} events", archive.key(), archive.size()))?;
    say(&format!("A new key would be put in its place by event {}; nothing was changed.", archive.size()))
}

/// Removes the old key from the folder that has it, if the new one counts.
pub async fn retire(data: &DataDir, options: StoreOptions, keys: &Keys) -> anyhow::Result<()> {
    serve::is_stopped(data)?;
    let settings = data.settings()?;
    let Some(next) = keys.next(&settings.origin)? else {
        bail!("{} holds one key, and it signs: nothing is to be retired", keys.folder().display());
    };
    let current: LogKey = open(data, options).await?.key();
    if current.current() != next.public().current() {
        bail!("{} has not taken over yet: `chartroom key rotate` first", next.public());
    }
    keys.retire()?;
    data.keys().publish(&next.public())?;
    say(&format!("{current}\nsigns alone from now on"))
}
