//! How is it said what is exported, and where to?

use std::path::PathBuf;

use clap::Args;
use record::{BatchId, DocumentId};

use super::{Into, Which};

#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct WhichDocuments {
    /// A document's id, as in its address; may be said again
    #[arg(long, value_name = "ID")]
    document: Vec<DocumentId>,
    /// Those of one batch
    #[arg(long, value_name = "ID")]
    batch: Option<BatchId>,
    /// Every document there is, filed or not
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct ExportInto {
    /// The folder of the bag; empty, or left unfinished by an export of the same documents
    #[arg(long, value_name = "DIR")]
    bagit: Option<PathBuf>,
    /// The folder of the storage root; likewise
    #[arg(long, value_name = "DIR")]
    ocfl: Option<PathBuf>,
}

impl WhichDocuments {
    pub fn chosen(self) -> Which {
        match self.batch {
            Some(batch) => Which::OfBatch(batch),
            None if self.all => Which::All,
            None => Which::These(self.document),
        }
    }
}

impl ExportInto {
    pub fn chosen(self) -> Option<Into> {
        self.bagit.map(Into::Bag).or(self.ocfl.map(Into::Root))
    }
}
