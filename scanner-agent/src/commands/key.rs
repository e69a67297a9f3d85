//! `scanner-agent key`: which key is the spool encrypted with, and which does the station sign with?

use anyhow::Context;

use super::{Exit, spool_folder};
use crate::cli;
use crate::report::print;
use crate::spool::{self, Keyring};
use crate::station;

pub fn run(args: &cli::Key) -> anyhow::Result<Exit> {
    let home = spool_folder(&args.folder)?;
    let keys = if args.exchange {
        spool::exchange_key(&home, station::now).context("failed to exchange the station key")?
    } else {
        Keyring::load(&home.key)?
    };
    let file = home.key.display();
    print(&match keys.current() {
        None => format!("There is no key yet; {file} is made with the first batch.\n"),
        Some(key) => format!(
            "Key {} in {file}. Without that file nobody can open {}.\nThe archive enrols the station by this line:\n{}\n",
            key.name(),
            home.folder.display(),
            keys.signer(&station::name()).public(),
        ),
    })?;
    Ok(Exit::Done)
}
