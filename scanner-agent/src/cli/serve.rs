//! What may be said of the technician's page.

use std::path::PathBuf;

use clap::Args;

use super::{Folder, Server};

const SERVE_EXAMPLES: &str = "\
Examples:
  scanner-agent serve --server http://localhost:8080
  scanner-agent serve --port 8500 --jobs jobs.toml      # without a server: batches wait here
  scanner-agent serve --json                            # prints {\"url\": …} for scripts

The page needs no mouse; ? shows its keys. The address that is printed holds a key of this start: other users of the machine,
and other sites in the browser, cannot use the page without it.

A file of job types names what the command line would be told for each; the page offers them by name:
  [[job]]
  name  = \"charts, both sides\"
  words = [\"--rules=/etc/chartroom/charts.toml\"]               # for scans, files and hot folders
  scan  = [\"--source=ADF Duplex\", \"--job=chart\"]             # for scans only";

#[derive(Debug, Args)]
#[command(after_help = SERVE_EXAMPLES)]
pub struct Serve {
    /// Where the page is, on 127.0.0.1 and nowhere else
    #[arg(long, default_value_t = 8411)]
    pub port: u16,
    /// The kinds of job that the page offers (TOML) [default: the jobs of the built-in rules]
    #[arg(long, value_name = "FILE")]
    pub jobs: Option<PathBuf>,
    /// Print the address as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub server: Server,
    #[command(flatten)]
    pub folder: Folder,
}
