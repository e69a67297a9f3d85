//! What may be said on the command line.

mod batch;
mod capture;
mod film;
pub mod qc;
mod serve;
mod watch;

use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use record::wire::CapturedFields;
use record::{Date, Department, DocumentType, Encounter, Mrn};
use serde::{Deserialize, Serialize};

pub use batch::{Batch, BatchAction};
use capture::pair;
pub use capture::{Codes, Devices, Import, Probe, Scan, Sheets};
pub use film::{Edges, Film, Recut, Span};
pub use qc::{Lots, Qc, QcAction};
pub use serve::Serve;
pub use watch::Watch;

const EXAMPLES: &str = "\
Examples:
  scanner-agent import ~/scans/box-12 --server http://localhost:8080 --wait
  scanner-agent import --dry-run --json letter.pdf
  scanner-agent watch /srv/scans --server http://localhost:8080
  scanner-agent scan --device test:0 --source 'Automatic Document Feeder' --resolution 300
  scanner-agent scan --device escl:http://192.168.1.7/eSCL --job grey --hold --expect 40
  scanner-agent probe test:0 --page try.png
  scanner-agent sheets --csv charts.csv --out sheets.pdf
  scanner-agent sheets --patch T --out patch-t.pdf
  scanner-agent sheets --csv charts.csv --zpl --out labels.zpl
  scanner-agent codes --json label.png
  scanner-agent serve --server http://localhost:8080
  scanner-agent resume

Exit codes:
  0  done
  1  failed, and nothing of it waits in the spool
  2  wrong usage
  3  done, but some files or pages were refused (the text says which and why)
  4  not handed over: everything captured is safe in the spool; run `scanner-agent resume`
  5  the archive or its receipt cannot be trusted; everything captured is safe in the spool
  6  the scanner failed; the pages before are safe in the spool";

/// Brings paper into the archive: imports files, scans, and forgets a page only after the
/// archive's receipt for it was verified.
#[derive(Debug, Parser)]
#[command(name = "scanner-agent", version, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Take in files and folders (PDF, TIFF, PNG, JPEG)
    Import(Import),
    /// Take in what production scanners leave in hot folders
    Watch(Watch),
    /// Take in a reel of microfilm
    Film(Film),
    /// Cut a frame of film another way that is in the archive
    Recut(Recut),
    /// Scan from a device: SANE, on the network (eSCL), or a folder of pages to practise with
    Scan(Scan),
    /// List the scanners
    Devices(Devices),
    /// Say what a scanner can be told, and try a page
    Probe(Probe),
    /// Print batch cover, document separator and patch sheets as PDF, or labels as ZPL
    Sheets(Sheets),
    /// Look at a held batch, change its pages, move it on
    Batch(Batch),
    /// Inspect a sample of the pages, and say how good they are
    Qc(Qc),
    /// Serve the technician's page, on this machine for this machine
    Serve(Serve),
    /// Say which barcodes and patch codes are on pages, and where
    Codes(Codes),
    /// Say what waits in the spool
    Status(Status),
    /// Hand over whatever waits in the spool
    Resume(Resume),
    /// Say which key the spool is encrypted with and which the station signs with, or exchange the former
    Key(Key),
    /// Unpack the file on standard input (the agent starts this itself, once for every file)
    #[command(hide = true)]
    Unpack(Unpack),
    /// Talk to a scanner's driver (the agent starts this itself)
    #[command(hide = true)]
    CaptureHelper(CaptureHelper),
}

#[derive(Debug, Clone, Args)]
pub struct Server {
    /// Address of the archive's server
    #[arg(long, env = "CHARTROOM_SERVER", value_name = "URL")]
    pub server: Option<String>,
    /// Bearer token of this station; better given as CHARTROOM_TOKEN, which other users cannot see
    #[arg(long, env = "CHARTROOM_TOKEN", value_name = "T", hide_env_values = true)]
    pub token: Option<String>,
    /// The archive's public key (log.pub), for not having to trust the first contact
    #[arg(long, value_name = "FILE")]
    pub log_key: Option<PathBuf>,
    /// Send at most so many bytes a second, such as 500k or 2M: the ward's line is not only ours
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub limit_rate: Option<NonZeroU64>,
    /// Wait until everything is searchable
    #[arg(long)]
    pub wait: bool,
    /// How long to wait at most
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    pub wait_timeout: u64,
}

/// As curl has it: k, M and G are powers of 1,024.
fn rate(text: &str) -> Result<NonZeroU64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match &text[digits.len()..] {
        "" => 1,
        "k" | "K" => 1 << 10,
        "m" | "M" => 1 << 20,
        "g" | "G" => 1 << 30,
        _ => return Err("write it as a number of bytes, or with k, M or G behind it".into()),
    };
    let rate = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).and_then(NonZeroU64::new);
    rate.ok_or_else(|| "write it as a number of bytes above 0".into())
}

#[derive(Debug, Args)]
pub struct Folder {
    /// Where captured pages wait [default: $XDG_STATE_HOME or ~/.local/state, in chartroom/spool]
    #[arg(long, value_name = "DIR", global = true)]
    pub spool: Option<PathBuf>,
    /// The key that the spool is encrypted with; made where there is none [default: SPOOL.key beside the spool]
    #[arg(long, env = "CHARTROOM_STATION_KEY", value_name = "FILE", global = true)]
    pub station_key: Option<PathBuf>,
}

#[derive(Debug, Default, Args)]
pub struct RuleFile {
    /// What codes on pages do: a rule file (TOML) in place of the built-in rules; see the guide
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
}

#[derive(Debug, Default, Args)]
pub struct Hold {
    /// Keep the batch here for review instead of handing it over; needs no server
    #[arg(long)]
    pub hold: bool,
    /// So many sheets were laid in: another number must be explained before the batch is released
    #[arg(long, value_name = "SHEETS")]
    pub expect: Option<u32>,
    /// Who captures it, for quality control by operator
    #[arg(long, value_name = "NAME", value_parser = capture::name)]
    pub operator: Option<String>,
}

/// What is said of every batch, wherever its pages come from.
#[derive(Debug, Args)]
pub struct Filing {
    #[command(flatten)]
    pub fields: Fields,
    #[command(flatten)]
    pub rules: RuleFile,
    #[command(flatten)]
    pub hold: Hold,
    #[command(flatten)]
    pub server: Server,
    #[command(flatten)]
    pub folder: Folder,
}

/// What holds for every document that no sheet says otherwise of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fields {
    /// Patient number (MRN)
    #[arg(long, visible_alias = "mrn", value_name = "MRN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient: Option<Mrn>,
    /// Number of the stay or visit
    #[arg(long, value_name = "E")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encounter: Option<Encounter>,
    /// Kind of document, such as DISCHARGE-SUMMARY
    #[arg(long = "type", value_name = "TYPE")]
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub document_type: Option<DocumentType>,
    /// Department that it comes from, such as CARDIOLOGY
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<Department>,
    /// Date of the document itself, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
}

impl Fields {
    pub fn of(captured: &CapturedFields) -> Self {
        Self {
            patient: captured.mrn.clone(),
            encounter: captured.encounter.clone(),
            document_type: captured.document_type.clone(),
            department: captured.department.clone(),
            date: captured.date,
        }
    }

    pub fn captured(&self) -> CapturedFields {
        CapturedFields {
            mrn: self.patient.clone(),
            encounter: self.encounter.clone(),
            document_type: self.document_type.clone(),
            department: self.department.clone(),
            date: self.date,
            ..CapturedFields::default()
        }
    }
}

#[derive(Debug, Args)]
pub struct Status {
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub folder: Folder,
}

#[derive(Debug, Args)]
pub struct Resume {
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub server: Server,
    #[command(flatten)]
    pub folder: Folder,
}

#[derive(Debug, Args)]
pub struct Key {
    /// Draw a new key, and let everything in the spool open with it alone
    #[arg(long)]
    pub exchange: bool,
    #[command(flatten)]
    pub folder: Folder,
}

#[derive(Debug, Args)]
pub struct Unpack {
    #[arg(long)]
    pub out: PathBuf,
    #[arg(long, default_value_t = 1)]
    pub from: u32,
    /// Do not measure the pages
    #[arg(long)]
    pub codes_only: bool,
    /// Look for frames on long pictures: what was said of the reel, as JSON
    #[arg(long)]
    pub film: Option<String>,
    /// Write the one page turned clockwise by so many degrees
    #[arg(long)]
    pub turn: Option<u16>,
    /// Write frames of a strip as a person cut them, as JSON
    #[arg(long)]
    pub cut: Option<String>,
    /// Write a strip reduced, in pieces
    #[arg(long)]
    pub ribbon: bool,
}

#[derive(Debug, Args)]
pub struct CaptureHelper {
    /// Without a device: list the devices
    #[arg(long)]
    pub device: Option<String>,
    #[arg(long = "option", value_parser = pair)]
    pub options: Vec<(String, String)>,
    #[arg(long)]
    pub pages: Option<u32>,
    #[arg(long)]
    pub feeder: bool,
    /// Only say what the device can be told
    #[arg(long)]
    pub probe: bool,
}
