//! What may be said to a held batch.

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

use super::capture::name;
use super::{Edges, Fields, Folder, Span};
use crate::arrange::FrameMark;

const BATCH_EXAMPLES: &str = "\
Examples (pages are named by their number in capture order, wherever they stand):
  scanner-agent batch 0198… show
  scanner-agent batch 0198… image 3 --out page-3.png
  scanner-agent batch 0198… hide 4 7
  scanner-agent batch 0198… turn 3 180
  scanner-agent batch 0198… index 5 --patient MRN-104233 --type LETTER
  scanner-agent batch 0198… recut 100 --from 48210 --to 50040
  scanner-agent batch 0198… divide 100 --at 49100 && scanner-agent batch 0198… merge 217
  scanner-agent batch 0198… add-frame --from 51000 --to 52800
  scanner-agent batch 0198… fail 9 --reason 'cut off at the top' --by ana
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
    /// Who does it; where a job asks that two people key the fields, they are told apart by this
    #[arg(long, value_name = "NAME", global = true, value_parser = name)]
    pub by: Option<String>,
    /// Print the batch as it is then as JSON
    #[arg(long, global = true)]
    pub json: bool,
    #[command(flatten)]
    pub folder: Folder,
}

/// Nothing is ever deleted or overwritten: every operation is a line in the journal, and `undo` takes back the last.
/// The technician's page says the same words as JSON: `{"do":"hide","pages":[4,7]}`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum BatchAction {
    /// Its pages with their documents, codes and flags
    Show,
    /// Pages are as they should be, whatever flags say
    Pass { pages: Vec<u32> },
    /// A page is not as it should be: the batch is not accepted before it is replaced, left out or passed
    Fail {
        page: u32,
        #[arg(long)]
        reason: String,
    },
    /// Write a page as it looks now into a file: in the spool it is encrypted
    Image {
        page: u32,
        #[arg(long, value_name = "FILE")]
        out: std::path::PathBuf,
    },
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
        #[serde(default)]
        before: Option<u32>,
    },
    /// Let a page captured later stand in for an earlier one
    Replace {
        page: u32,
        #[arg(id = "with", long = "with", value_name = "PAGE")]
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
        #[serde(default)]
        reversed: bool,
    },
    /// Say whose document a page is in, and what it is
    Index {
        page: u32,
        #[command(flatten)]
        fields: Fields,
    },
    /// Say it with the text of a barcode, as a hand-held scanner reads it; the job's rules say what it means
    Read { page: u32, text: String },
    /// Say what frames of film are: page, target, leader, retake, blank or splice; all but pages are left out of documents
    Mark {
        #[arg(value_parser = mark)]
        what: FrameMark,
        /// Frames, or runs of them: 7, 12-40
        #[arg(required = true)]
        frames: Vec<Span>,
    },
    /// Cut a frame of film another way out of its strip, in the strip's pixels; edges that are not named stay
    Recut {
        frame: u32,
        #[command(flatten)]
        edges: Edges,
    },
    /// Cut one frame of film into two
    Divide {
        frame: u32,
        /// Where the second one begins, along the film
        #[arg(long, value_name = "PIXEL")]
        at: u32,
    },
    /// Let a frame of film and the next one on its strip be one
    Merge { frame: u32 },
    /// Cut a frame out of film that is in no frame
    AddFrame {
        /// Of a reel that came in several strips: which one, from 1
        #[arg(long, value_name = "NUMBER", default_value_t = 1)]
        #[serde(default = "first")]
        strip: u32,
        #[command(flatten)]
        edges: Edges,
    },
    /// Print what came of a reel of film: expected, found, accepted, and what differs
    Account {
        /// As CSV
        #[arg(long)]
        csv: bool,
        /// As a page to be printed and signed: HTML that needs nothing else
        #[arg(long)]
        #[serde(default)]
        html: bool,
        /// A line for each frame, as CSV: where it is on its strip, what it is, why somebody should look at it
        #[arg(long)]
        #[serde(default)]
        frames: bool,
    },
    /// Take back the last operation that still stands
    Undo,
    /// Say how many sheets were laid in
    Expect { sheets: u32 },
    /// Say why another number of sheets, or of frames, is in order
    Explain { reason: String },
    /// Pages and fields are as they should be: from review to indexed
    Accept,
    /// Let the batch go to the archive; `scanner-agent resume` hands it over
    Release,
    /// Put the batch aside
    Suspend {
        #[arg(long)]
        #[serde(default)]
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

const fn first() -> u32 {
    1
}

fn mark(text: &str) -> Result<FrameMark, String> {
    let value = serde_json::Value::String(text.to_owned());
    serde_json::from_value(value)
        .ok()
        .filter(|mark| *mark != FrameMark::Merged)
        .ok_or_else(|| "say page, target, leader, retake, blank or splice".into())
}
