//! What may be said of hot folders.

use std::path::PathBuf;

use clap::Args;

use super::{Filing, pair};
use crate::hot::index::{Field, Mapping};

const WATCH_EXAMPLES: &str = "\
Examples:
  scanner-agent watch /srv/scans/i5200 /srv/scans/n7100 --server http://localhost:8080
  scanner-agent watch /srv/scans --hold --once --json
  scanner-agent watch /srv/scans --with-index --index-field mrn=idx1 --index-field date=idx2
  scanner-agent watch /srv/scans --index-field mrn=Barcode

A set is a file, or a folder with all that is in it; each becomes a batch. It is left alone until it is whole: size and
time are steady, every file is readable to its end, and its INDEX.DAT or .index.xml lists what is there. Then it is
moved to `taking`, and when its pages are durable in the spool to `done`; what cannot be taken in goes to `refused`,
with a text that says why.";

#[derive(Debug, Args)]
#[command(after_help = WATCH_EXAMPLES)]
pub struct Watch {
    /// Folders that scanners write into
    #[arg(required = true, value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,
    /// Take what is whole and end, instead of going on watching
    #[arg(long)]
    pub once: bool,
    /// Look so often
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub every: u64,
    /// A set is steady when nothing of it has changed for so long
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(..=3600))]
    pub steady: u64,
    /// Refuse a set that is not whole and has not changed for so long
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub patience: u64,
    /// Every set has an INDEX.DAT or .index.xml: it is not whole before that is there
    #[arg(long)]
    pub with_index: bool,
    /// A field of an index file names mrn, encounter, type, department or date of the document: NAME is idx1, idx2 … in an
    /// INDEX.DAT, the name of an item in an .index.xml; may be repeated
    #[arg(long = "index-field", value_name = "FIELD=NAME", value_parser = mapping)]
    pub index_fields: Vec<Mapping>,
    /// Print a line of JSON for each set
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub filing: Filing,
}

fn mapping(text: &str) -> Result<Mapping, String> {
    let (field, name) = pair(text)?;
    let field = match field.as_str() {
        "mrn" => Field::Mrn,
        "encounter" => Field::Encounter,
        "type" => Field::DocumentType,
        "department" => Field::Department,
        "date" => Field::Date,
        _ => return Err("name one of mrn, encounter, type, department, date".into()),
    };
    Ok(Mapping { field, name })
}
