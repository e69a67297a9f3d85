//! The commands of `chartroom` besides `serve`: each appends events to the bucket, which a
//! running server picks up within a second, makes projections anew, or asks a running server.

pub mod account;
pub mod audit_events;
pub mod bundle;
pub mod campaign;
pub mod destroy;
pub mod export;
pub mod findable;
pub mod init;
pub mod key;
pub mod patients;
pub mod rebuild;
pub mod replay_audit;
pub mod scrub;
mod server;
pub mod signer;
pub mod station;
pub mod timestamp;
pub mod token;
pub mod witness;

use std::io::Write as _;

use anyhow::Context as _;
use archive::Archive;
use catalog::Catalog;

use crate::config::{DataDir, StoreOptions};
use crate::follow::Follower;
use crate::serve;

/// One line on standard output: what a command has to tell its caller.
pub fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("failed to write to standard output")
}

/// Archive and catalog with every event folded in.
async fn open(data: &DataDir, options: StoreOptions) -> anyhow::Result<(Archive, Catalog)> {
    let (archive, catalog) = serve::open(data, options).await?;
    catch_up(data, &archive, &catalog).await?;
    Ok((archive, catalog))
}

async fn catch_up(data: &DataDir, archive: &Archive, catalog: &Catalog) -> anyhow::Result<()> {
    Follower::new(data.rules()?).catch_up(archive, catalog).await?;
    Ok(())
}
