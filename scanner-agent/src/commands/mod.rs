//! One file per command. [`deliver`] is what they share: the way from the spool to the archive.

mod batch;
mod codes;
mod deliver;
mod devices;
mod film;
mod import;
mod key;
mod probe;
mod qc;
mod recut;
mod resume;
mod review;
mod scan;
mod serve;
mod sheets;
mod status;
mod told;
mod watch;

use anyhow::{Context, anyhow};
use imaging::QuarterTurn;

use crate::cli::{self, Cli, Command, Folder};
use crate::drive;
use crate::handover::HandOverError;
use crate::rules::Rules;
use crate::spool::{Home, SpoolError};
use crate::station;
use crate::unpack;
use crate::unpack::strip::Settings;

/// How the program ends; the numbers are a promise to scripts (see `--help`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    Failed = 1,
    SomeRefused = 3,
    Waiting = 4,
    NotTrusted = 5,
    ScannerFault = 6,
}

pub fn run(cli: Cli) -> anyhow::Result<Exit> {
    match cli.command {
        Command::Import(args) => import::run(&args),
        Command::Watch(args) => watch::run(&args),
        Command::Film(args) => film::run(&args),
        Command::Recut(args) => recut::run(&args),
        Command::Scan(args) => scan::run(&args),
        Command::Devices(args) => devices::run(&args),
        Command::Probe(args) => probe::run(&args),
        Command::Sheets(args) => sheets::run(&args),
        Command::Batch(args) => batch::run(&args),
        Command::Qc(args) => qc::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Codes(args) => codes::run(&args),
        Command::Status(args) => status::run(&args),
        Command::Resume(args) => resume::run(&args),
        Command::Key(args) => key::run(&args),
        Command::Unpack(args) => unpack_file(&args).map(|()| Exit::Done),
        Command::CaptureHelper(args) => {
            let (options, pages, feeder) = (&args.options, args.pages, args.feeder);
            match &args.device {
                None => drive::list(),
                Some(device) => {
                    let request = drive::Request { device, options, pages, feeder };
                    if args.probe { drive::probe(&request) } else { drive::scan(&request) }
                }
            }
            .map(|()| Exit::Done)
        }
    }
}

fn unpack_file(args: &cli::Unpack) -> anyhow::Result<()> {
    let film: Option<Settings> = args.film.as_deref().map(serde_json::from_str).transpose()?;
    if let Some(cuts) = &args.cut {
        return unpack::child::cut(&args.out, &serde_json::from_str(cuts)?);
    }
    if args.ribbon {
        return unpack::child::draw_ribbon(&args.out);
    }
    match (args.turn.and_then(QuarterTurn::from_degrees), film) {
        (Some(turn), _) => unpack::child::turn(&args.out, turn),
        (None, film) => unpack::child::run(&args.out, args.from, !args.codes_only, film.as_ref()),
    }
}

/// Which exit code an error deserves.
pub fn exit_of(error: &anyhow::Error) -> Exit {
    match (error.downcast_ref::<HandOverError>(), error.downcast_ref::<SpoolError>()) {
        (Some(HandOverError::Trust(_)), _) => Exit::NotTrusted,
        (Some(_), _) | (None, Some(SpoolError::Full | SpoolError::NearlyFull(_))) => Exit::Waiting,
        (None, _) => Exit::Failed,
    }
}

impl cli::RuleFile {
    /// The file's text, once it is known to be well formed.
    fn text(&self) -> anyhow::Result<Option<String>> {
        let Some(path) = &self.rules else { return Ok(None) };
        let text = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
        Rules::parse(&text).map_err(|reason| anyhow!("failed to read {}: {reason}", path.display()))?;
        Ok(Some(text))
    }
}

fn spool_folder(folder: &Folder) -> anyhow::Result<Home> {
    let spool = folder.spool.clone().or_else(station::default_spool);
    let mut home = Home::beside(&spool.context("failed to find a place for the spool; give --spool DIR")?);
    if let Some(key) = &folder.station_key {
        home.key.clone_from(key);
    }
    Ok(home)
}
