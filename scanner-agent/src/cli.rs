//! What may be said on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use record::wire::CapturedFields;
use record::{Date, DocumentType, Encounter, Mrn};

use crate::codes::patch::Patch;

const EXAMPLES: &str = "\
Examples:
  scanner-agent import ~/scans/box-12 --server http://localhost:8080 --wait
  scanner-agent import --dry-run --json letter.pdf
  scanner-agent scan --device test:0 --source 'Automatic Document Feeder' --resolution 300
  scanner-agent probe test:0 --page try.png
  scanner-agent sheets --csv charts.csv --out sheets.pdf
  scanner-agent sheets --patch T --out patch-t.pdf
  scanner-agent codes --json label.png
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
    /// Scan from a SANE device
    Scan(Scan),
    /// List the scanners
    Devices(Devices),
    /// Say what a scanner can be told, and try a page
    Probe(Probe),
    /// Print batch cover, document separator and patch sheets as PDF
    Sheets(Sheets),
    /// Look at a held batch, change its pages, move it on
    Batch(Batch),
    /// Say which barcodes and patch codes are on pages, and where
    Codes(Codes),
    /// Say what waits in the spool
    Status(Status),
    /// Hand over whatever waits in the spool
    Resume(Resume),
    /// Unpack one file (the agent starts this itself, once for every file)
    #[command(hide = true)]
    Unpack(Unpack),
    /// Talk to a scanner's driver (the agent starts this itself)
    #[command(hide = true)]
    CaptureHelper(CaptureHelper),
}

#[derive(Debug, Args)]
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
    /// Wait until everything is searchable
    #[arg(long)]
    pub wait: bool,
    /// How long to wait at most
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    pub wait_timeout: u64,
}

#[derive(Debug, Args)]
pub struct Folder {
    /// Where captured pages wait [default: $XDG_STATE_HOME or ~/.local/state, in chartroom/spool]
    #[arg(long, value_name = "DIR", global = true)]
    pub spool: Option<PathBuf>,
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
}

/// What holds for every document that no sheet says otherwise of.
#[derive(Debug, Default, Args)]
pub struct Fields {
    /// Patient number (MRN)
    #[arg(long, visible_alias = "mrn", value_name = "MRN")]
    pub patient: Option<Mrn>,
    /// Number of the stay or visit
    #[arg(long, value_name = "E")]
    pub encounter: Option<Encounter>,
    /// Kind of document, such as DISCHARGE-SUMMARY
    #[arg(long = "type", value_name = "TYPE")]
    pub document_type: Option<DocumentType>,
    /// Date of the document itself, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub date: Option<Date>,
}

impl Fields {
    pub fn captured(&self) -> CapturedFields {
        CapturedFields {
            mrn: self.patient.clone(),
            encounter: self.encounter.clone(),
            document_type: self.document_type.clone(),
            date: self.date,
            ..CapturedFields::default()
        }
    }
}

#[derive(Debug, Args)]
pub struct Import {
    /// Files and folders; folders are walked in natural order
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Name of the batch, for people [default: the name of the first path]
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub batch: Option<String>,
    /// Only say which documents would come of it; needs no server
    #[arg(long)]
    pub dry_run: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
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

#[derive(Debug, Args)]
pub struct Scan {
    /// The device, as `scanner-agent devices` lists it
    #[arg(long, value_name = "NAME")]
    pub device: String,
    /// Where the paper lies, in the device's own words
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    /// Dots per inch
    #[arg(long, value_name = "DPI")]
    pub resolution: Option<u32>,
    /// Colour mode, in the device's own words
    #[arg(long, value_name = "MODE")]
    pub mode: Option<String>,
    /// Any other option of the device; may be repeated
    #[arg(long = "option", value_name = "K=V", value_parser = pair)]
    pub options: Vec<(String, String)>,
    /// Stop after so many pages
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub pages: Option<u32>,
    /// The device is a feeder, though it does not say so
    #[arg(long)]
    pub feeder: bool,
    /// Call the scanner hung when nothing comes for so long [default: 15 before a page, 10 in it]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub patience: Option<u64>,
    /// Go on with a batch that a fault interrupted
    #[arg(long = "continue", value_name = "BATCH")]
    pub continue_batch: Option<record::BatchId>,
    /// What is scanned stands in for this page of the batch, which is hidden and kept
    #[arg(long, value_name = "PAGE", requires = "continue_batch", conflicts_with = "insert_before")]
    pub replace: Option<u32>,
    /// What is scanned stands before this page of the batch
    #[arg(long, value_name = "PAGE", requires = "continue_batch")]
    pub insert_before: Option<u32>,
    /// Name of the batch, for people [default: the date and time]
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub batch: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
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

#[derive(Debug, Args)]
pub struct Devices {
    /// Print them as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Probe {
    /// The device, as `scanner-agent devices` lists it
    #[arg(value_name = "NAME")]
    pub device: String,
    /// Set an option first: it may change what the others allow; may be repeated
    #[arg(long = "option", value_name = "K=V", value_parser = pair)]
    pub options: Vec<(String, String)>,
    /// Scan one page into this file
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
    /// Print the options as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Sheets {
    /// The PDF to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The sheet made from the options is a batch cover, not a separator
    #[arg(long)]
    pub cover: bool,
    /// A separator for each row; the first row names the columns: mrn, encounter, type, date
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Print a sheet with this patch code (1, 2, 3, 4, 6 or T) and no barcode; may be repeated
    #[arg(long = "patch", value_name = "CODE", conflicts_with_all = ["cover", "csv", "patient", "encounter", "document_type", "date"])]
    pub patches: Vec<Patch>,
    #[command(flatten)]
    pub fields: Fields,
}

const BATCH_EXAMPLES: &str = "\
Examples (pages are named by their number in capture order, wherever they stand):
  scanner-agent batch 0198… show
  scanner-agent batch 0198… hide 4 7
  scanner-agent batch 0198… turn 3 180
  scanner-agent batch 0198… index 5 --patient MRN-104233 --type LETTER
  scanner-agent batch 0198… undo
  scanner-agent batch 0198… accept && scanner-agent batch 0198… release && scanner-agent resume";

#[derive(Debug, Args)]
#[command(after_help = BATCH_EXAMPLES)]
pub struct Batch {
    /// The batch, as `scanner-agent status` names it
    #[arg(value_name = "BATCH")]
    pub batch: record::BatchId,
    #[command(subcommand)]
    pub action: BatchAction,
    /// Print the batch as it is then as JSON
    #[arg(long, global = true)]
    pub json: bool,
    #[command(flatten)]
    pub folder: Folder,
}

/// Nothing is ever deleted or overwritten: every operation is a line in the journal, and `undo` takes back the last.
#[derive(Debug, Subcommand)]
pub enum BatchAction {
    /// Its pages with their documents, codes and flags
    Show,
    /// Leave pages out of their documents; they are kept with them
    Hide { pages: Vec<u32> },
    /// Take hidden pages in again
    Unhide { pages: Vec<u32> },
    /// Turn a page clockwise by 90, 180 or 270 degrees
    Turn {
        page: u32,
        #[arg(value_parser = quarter)]
        degrees: u16,
    },
    /// Move a page before another, or to the end
    Move {
        page: u32,
        #[arg(long, value_name = "PAGE")]
        before: Option<u32>,
    },
    /// Let a page captured later stand in for an earlier one
    Replace {
        page: u32,
        #[arg(long, value_name = "PAGE")]
        by: u32,
    },
    /// Begin a document at a page, whatever codes say
    Split { page: u32 },
    /// Let a page go on with the document before it, whatever codes say
    Join { page: u32 },
    /// Lay fronts and backs together that were fed one stack after the other
    Interleave {
        /// The backs came out last to first
        #[arg(long)]
        reversed: bool,
    },
    /// Say whose document a page is in, and what it is
    Index {
        page: u32,
        #[command(flatten)]
        fields: Fields,
    },
    /// Take back the last operation that still stands
    Undo,
    /// Say how many sheets were laid in
    Expect { sheets: u32 },
    /// Say why another number of sheets is in order
    Explain { reason: String },
    /// Pages and fields are as they should be: from review to indexed
    Accept,
    /// Let the batch go to the archive; `scanner-agent resume` hands it over
    Release,
    /// Put the batch aside
    Suspend {
        #[arg(long)]
        reason: Option<String>,
    },
    /// The batch is not to go to the archive; it stays here
    Reject {
        #[arg(long)]
        reason: String,
    },
    /// Back to review
    Reopen,
}

fn quarter(text: &str) -> Result<u16, String> {
    match text {
        "90" => Ok(90),
        "180" => Ok(180),
        "270" => Ok(270),
        _ => Err("turn by 90, 180 or 270 degrees".into()),
    }
}

#[derive(Debug, Args)]
pub struct Codes {
    /// Files to look into (PDF, TIFF, PNG, JPEG)
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print them as JSON, a line for each page
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub rules: RuleFile,
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
pub struct Unpack {
    pub file: PathBuf,
    #[arg(long)]
    pub out: PathBuf,
    #[arg(long, default_value_t = 1)]
    pub from: u32,
    /// Write the one page turned clockwise by so many degrees
    #[arg(long)]
    pub turn: Option<u16>,
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

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("a name has at least one letter".into()),
        n if n > record::limits::NAME_CHARS_MAX => {
            Err(format!("a name has at most {} letters", record::limits::NAME_CHARS_MAX))
        }
        _ => Ok(text.to_owned()),
    }
}
