//! What may be said of quality control.

use clap::{Args, Subcommand, ValueEnum};

use super::Folder;
use super::capture::name;
use crate::sampling::{Aql, Level, Plan};

const QC_EXAMPLES: &str = "\
Examples:
  scanner-agent qc report --by operator                       # all that was inspected, finished batches too
  scanner-agent qc report --by device --csv > quality.csv
  scanner-agent qc lots --by batch --aql 1.0                  # which lots stand, which fall (ISO 2859-1)
  scanner-agent qc next --inspector ana --every 20            # the next page to look at
  scanner-agent qc next --inspector ben --every 20 --blind    # one that somebody else has judged; not how
  scanner-agent qc accept 0198… 7 --inspector ana
  scanner-agent qc reject 0198… 9 --inspector ana --reason 'cut off at the top'
  scanner-agent batch 0198… undo                              # takes a finding back";

#[derive(Debug, Args)]
#[command(after_help = QC_EXAMPLES)]
pub struct Qc {
    #[command(subcommand)]
    pub action: QcAction,
    /// Print it as JSON
    #[arg(long, global = true)]
    pub json: bool,
    #[command(flatten)]
    pub folder: Folder,
}

/// Held batches can be inspected until they are released. A finding is a line in the batch's journal; the page stays as it is.
#[derive(Debug, Subcommand)]
pub enum QcAction {
    /// The lots that can be inspected: sample, findings, verdict
    Lots {
        #[command(flatten)]
        lots: Lots,
    },
    /// The next page of the sample that this inspector is to look at
    Next {
        #[arg(long, value_name = "NAME", value_parser = name)]
        inspector: String,
        /// Only pages that another inspector has judged, without saying how
        #[arg(long)]
        blind: bool,
        #[command(flatten)]
        lots: Lots,
    },
    /// Nothing is wrong with a page
    Accept {
        batch: record::BatchId,
        page: u32,
        #[arg(long, value_name = "NAME", value_parser = name)]
        inspector: String,
    },
    /// Something is wrong with a page
    Reject {
        batch: record::BatchId,
        page: u32,
        #[arg(long, value_name = "NAME", value_parser = name)]
        inspector: String,
        #[arg(long)]
        reason: String,
    },
    /// Error rates with 95 % confidence intervals, finished batches too
    Report {
        #[arg(long, value_enum, default_value_t = By::Batch)]
        by: By,
        /// Print it as CSV
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    Batch,
    Operator,
    Device,
}

#[derive(Debug, Args)]
pub struct Lots {
    /// What makes a lot
    #[arg(long, value_enum, default_value_t = By::Batch)]
    pub by: By,
    /// Inspect every n-th page
    #[arg(long, value_name = "N", conflicts_with_all = ["aql", "level"], value_parser = clap::value_parser!(u32).range(1..))]
    pub every: Option<u32>,
    /// Inspect a sample of ISO 2859-1 for this acceptable quality limit, in per cent [default: 1.0]
    #[arg(long, value_name = "PERCENT")]
    pub aql: Option<Aql>,
    /// How much is inspected
    #[arg(long, value_enum, default_value_t = Level::II, ignore_case = true)]
    pub level: Level,
}

impl Lots {
    pub fn plan(&self) -> Plan {
        let aql = self.aql.unwrap_or(Aql::ONE_PER_CENT);
        self.every.map_or(Plan::Accept { aql, level: self.level }, Plan::Every)
    }
}
