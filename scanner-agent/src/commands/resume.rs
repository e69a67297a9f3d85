//! `scanner-agent resume`: hands over whatever waits, interrupted scans included.

use super::deliver::{self, Archive};
use super::{Exit, spool_folder};
use crate::cli;
use crate::report::{print, print_json};
use crate::spool::Spool;
use crate::station;

pub fn run(args: &cli::Resume) -> anyhow::Result<Exit> {
    let archive = Archive::new(&args.server)?;
    let spool = Spool::open(&spool_folder(&args.folder)?, station::now)?;
    let (reports, error) = archive.deliver_all(&spool)?;
    if args.json {
        print_json(&reports)?;
    } else if reports.is_empty() && error.is_none() {
        print("Nothing waits.\n")?;
    } else {
        reports.iter().try_for_each(|report| report.print(false))?;
    }
    if let Some(error) = error {
        return Err(error);
    }
    let exits = reports.iter().map(deliver::exit_of);
    Ok(exits.max_by_key(|exit| u8::from(*exit != Exit::Done)).unwrap_or(Exit::Done))
}
