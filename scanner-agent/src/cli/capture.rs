//! What may be said of files, scanners and paper.

use std::path::PathBuf;

use clap::Args;

use super::{Fields, Filing, RuleFile};
use crate::codes::patch::Patch;
use crate::labels::Dots;

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
    pub filing: Filing,
}

#[derive(Debug, Args)]
pub struct Scan {
    /// The device, as `scanner-agent devices` lists it
    #[arg(long, value_name = "NAME")]
    pub device: String,
    /// Settings under a name: chart, grey, colour, photo, or a job of the rule file
    #[arg(long, value_name = "NAME")]
    pub job: Option<String>,
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
    pub filing: Filing,
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
    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The sheet made from the options is a batch cover, not a separator
    #[arg(long)]
    pub cover: bool,
    /// Sheets that are laid in with the cover, itself included: printed on it, and compared with what came
    #[arg(long, value_name = "N", requires = "cover", value_parser = clap::value_parser!(u32).range(1..=record::limits::BATCH_PAGES_MAX as i64))]
    pub count: Option<u32>,
    /// A separator for each row; the first row names the columns: mrn, encounter, type, date, department
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Write labels for a label printer (ZPL) instead of a PDF of sheets: one for each row of the list
    #[arg(long, requires = "csv", conflicts_with_all = ["cover", "patches"])]
    pub zpl: bool,
    /// Dots per inch of the label printer
    #[arg(long, value_enum, default_value = "203", requires = "zpl")]
    pub dots: Dots,
    /// Print a sheet with this patch code (1, 2, 3, 4, 6 or T) and no barcode; may be repeated
    #[arg(long = "patch", value_name = "CODE", conflicts_with_all = ["cover", "csv", "patient", "encounter", "document_type", "department", "date"])]
    pub patches: Vec<Patch>,
    #[command(flatten)]
    pub fields: Fields,
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

pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(super) fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("a name has at least one letter".into()),
        n if n > record::limits::NAME_CHARS_MAX => {
            Err(format!("a name has at most {} letters", record::limits::NAME_CHARS_MAX))
        }
        _ => Ok(text.to_owned()),
    }
}
