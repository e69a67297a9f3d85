//! The binary `chartroom`: an archive of charts, from its beginning to its rebuilding.
//!
//! This is the only place of the crate that reads arguments and the environment.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use api::commands::{
    account, audit_events, bundle, campaign, destroy, export, findable, init, key, patients, rebuild, replay_audit,
    scrub, signer, station, timestamp, token,
};
use api::config::{DataDir, REPLICA, StoreOptions};
use api::fixity::Budget;
use api::serve::{self, Serve};
use api::{commands, witness};
use clap::{Args, Parser, Subcommand};
use metrics_exporter_prometheus::PrometheusBuilder;
use record::DocumentId;
use tracing_subscriber::EnvFilter;

const EXAMPLES: &str = "\
Examples:
  chartroom init --data /srv/charts
  chartroom serve --data /srv/charts --listen 127.0.0.1:8080
  chartroom token --data /srv/charts create --role technician --name 'station 3'
  chartroom station --data /srv/charts enrol 'ward9+3q2+7w…'
  chartroom account --data /srv/charts create --login ann --role searcher
  chartroom patients --data /srv/charts import patients.csv
  chartroom bundle --data /srv/charts 0197a9c2-… --out letter.tar
  chartroom export --data /srv/charts --by ann --all --ocfl /mnt/transfer/charts
  chartroom export --data /srv/charts --by ann --document 0197a9c2-… --bagit letter
  chartroom audit-events --data /srv/charts --from 20000 > since.ndjson
  chartroom campaign start --confidence-below 70 --dry-run
  chartroom destroy plan 0197a9c2-…
  chartroom findable --data /srv/charts
  chartroom serve --data /srv/charts --replica s3://elsewhere/charts
  chartroom scrub --data /srv/charts --dry-run
  chartroom replay-audit --data /srv/charts
  chartroom timestamp --data /srv/charts --tsa https://tsa.example.org/tsr
  chartroom witness init --folder /srv/witness --name compliance.example.org/w1
  chartroom key --data /srv/charts rotate --dry-run
  chartroom rebuild --data /srv/charts --index

Environment:
  CHARTROOM_LOG   what to log: error, warn, info (the default), debug
  AWS_*           endpoint, region and keys of an S3 store
  REPLICA_AWS_*   those of the replica";

/// A hospital's chart room: captures, seals, finds and proves.
#[derive(Parser)]
#[command(name = "chartroom", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct Data {
    /// The archive's folder.
    #[arg(long, value_name = "DIR", global = true, default_value = "data")]
    data: PathBuf,
}

#[derive(Args)]
struct Replica {
    /// A second bucket with credentials of its own (REPLICA_AWS_*), in place of the `replica` in chartroom.json. A folder has to
    /// be there already.
    #[arg(long, value_name = "DIR|URL")]
    replica: Option<String>,
}

impl Replica {
    fn among(self, mut options: StoreOptions) -> StoreOptions {
        options.extend(self.replica.map(|address| (REPLICA.to_owned(), address)));
        options
    }
}

#[derive(Subcommand)]
enum Command {
    /// Makes a new archive; prints the administrator's one-time password.
    Init {
        #[command(flatten)]
        data: Data,
        /// Where the bucket is: a folder, or s3://bucket/prefix. Inside the data folder where nothing is said.
        #[arg(long, value_name = "DIR|URL")]
        store: Option<String>,
        /// A PostgreSQL database, postgres://user@host/name, instead of SQLite in the data folder.
        #[arg(long, value_name = "URL")]
        catalog: Option<String>,
        /// A second bucket that gets everything the first one gets, and from which damage is repaired: a folder on
        /// another disk, or s3://bucket/prefix.
        #[arg(long, value_name = "DIR|URL")]
        replica: Option<String>,
        /// The log's name in every checkpoint, for ever, such as charts.example.org/log.
        #[arg(long, value_name = "NAME")]
        origin: Option<String>,
        /// Prints JSON instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Serves the archive: pages, API, indexer, and workers that read.
    Serve {
        #[command(flatten)]
        data: Data,
        /// The address to listen on.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
        /// Readers of the worker that is started beside the server; 0 for no worker. As many as there are cores
        /// where nothing is said.
        #[arg(long, value_name = "N")]
        ocr_workers: Option<usize>,
        /// The address people use, where a reverse proxy stands before the server; https makes cookies Secure.
        #[arg(long, value_name = "URL")]
        public_url: Option<String>,
        /// Milliseconds that one search may take: then it answers with what it has found, and says so.
        #[arg(long, value_name = "MS", default_value_t = record::limits::SEARCH_BUDGET_MILLIS)]
        search_budget: u64,
        #[command(flatten)]
        replica: Replica,
        /// Megabytes a second that reading all objects again, every week, may take; 0 for not at all.
        #[arg(long, value_name = "MB", default_value_t = 20.0, value_parser = rate)]
        scrub_rate: f64,
        /// Objects a second that it may read.
        #[arg(long, value_name = "N", default_value_t = 200.0, value_parser = rate)]
        scrub_objects: f64,
        /// Logs JSON lines instead of text.
        #[arg(long)]
        log_json: bool,
    },
    /// Reads every object of the store and of its replica now, and puts right what is damaged; exits with 1 where it cannot.
    Scrub {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        replica: Replica,
        /// Says what is damaged, and changes nothing.
        #[arg(long)]
        dry_run: bool,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Bearer tokens for stations, workers and programs.
    Token {
        #[command(flatten)]
        data: Data,
        #[command(subcommand)]
        action: token::Action,
    },
    /// Capture stations: with one enrolled, only batches that an enrolled one has signed are taken in.
    Station {
        #[command(flatten)]
        data: Data,
        #[command(subcommand)]
        action: station::Action,
    },
    /// People's accounts.
    Account {
        #[command(flatten)]
        data: Data,
        #[command(subcommand)]
        action: account::Action,
    },
    /// The patient list: with one, documents with a number that is not on it wait for a person.
    Patients {
        #[command(flatten)]
        data: Data,
        #[command(subcommand)]
        action: patients::Action,
    },
    /// Writes one document with its pages and all that proves them into a tar file, to be given away.
    Bundle {
        #[command(flatten)]
        data: Data,
        /// The document's id, as in its address.
        document: DocumentId,
        /// The newest where none is named.
        #[arg(long)]
        version: Option<u32>,
        /// The file to write; <document>-v<version>.tar where nothing is said.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Writes documents as a bag (BagIt 1.0) or a storage root (OCFL 1.1), for another archive; goes on where it was broken off.
    Export {
        #[command(flatten)]
        data: Data,
        /// The log-in name of whoever answers for it: an account that may open every document. It stands in the ledger.
        #[arg(long, value_name = "LOGIN")]
        by: String,
        #[command(flatten)]
        which: export::WhichDocuments,
        #[command(flatten)]
        into: export::ExportInto,
    },
    /// Writes who has seen, searched and given out what as FHIR R4 AuditEvents, one a line; they hold patient numbers.
    AuditEvents {
        #[command(flatten)]
        data: Data,
        /// The first event's number in the ledger; `id` of what was written last, and one more.
        #[arg(long, value_name = "N", default_value_t = 0)]
        from: u64,
    },
    /// Says whether every sealed page is found by search; exits with 1 where one is not.
    Findable {
        #[command(flatten)]
        data: Data,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Folds the ledger anew and holds catalog and index against it; exits with 1 where they show anything else.
    ReplayAudit {
        #[command(flatten)]
        data: Data,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Reads old pages again with a better reader, in the background.
    Campaign(campaign::Campaign),
    /// Destroys documents whose retention is over, on the word of two people; legal holds.
    Destroy(destroy::Destroy),
    /// Asks a time-stamping authority (RFC 3161) for its word on the ledger's checkpoint, and keeps it in the bucket; renews older
    /// ones whose certificates are about to end.
    Timestamp {
        #[command(flatten)]
        data: Data,
        /// The authority's address.
        #[arg(long, value_name = "URL")]
        tsa: String,
        /// Renews what ends within so many days.
        #[arg(long, value_name = "DAYS", default_value_t = 90)]
        renew: u32,
    },
    /// Cosigns the checkpoints of logs, on a machine and with a key of its own: nobody can then set a log back unseen.
    Witness {
        /// The witness's folder; not the archive's.
        #[arg(long, value_name = "DIR", global = true, default_value = "witness")]
        folder: PathBuf,
        #[command(subcommand)]
        action: commands::witness::Action,
    },
    /// Which keys sign the ledger; rotates the log's key.
    #[command(after_help = key::EXAMPLES)]
    Key {
        #[command(flatten)]
        data: Data,
        #[command(subcommand)]
        action: key::Action,
    },
    /// Keeps the log's key in a process of its own, which signs only what continues what it signed last.
    Signer {
        /// The signer's folder; not the archive's.
        #[arg(long, value_name = "DIR", global = true, default_value = "signer")]
        folder: PathBuf,
        /// The socket by which the server asks it.
        #[arg(long, value_name = "FILE", global = true, default_value = "/run/chartroom/signer.sock")]
        socket: PathBuf,
        #[command(flatten)]
        data: Data,
        #[command(subcommand)]
        action: signer::Action,
    },
    /// Makes catalog and index anew from the bucket alone; both where nothing is said. Stop the server first.
    Rebuild {
        #[command(flatten)]
        data: Data,
        #[arg(long)]
        catalog: bool,
        #[arg(long)]
        index: bool,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let json = matches!(arguments.command, Command::Serve { log_json: true, .. });
    start_logging(json);
    match run(arguments.command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start_logging(json: bool) {
    let filter = EnvFilter::try_from_env("CHARTROOM_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let logger = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    if json { logger.json().init() } else { logger.init() }
}

/// A pace, as a number that is not below nothing.
fn rate(text: &str) -> Result<f64, &'static str> {
    text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate >= 0.0).ok_or("give a number, 0 or more")
}

fn budget(megabytes: f64, objects: f64) -> Option<Budget> {
    let budget = Budget { bytes_per_second: megabytes * 1e6, objects_per_second: objects };
    (megabytes > 0.0 && objects > 0.0).then_some(budget)
}

/// `AWS_*` and `REPLICA_AWS_*`, with names in small letters, as the object store takes them.
fn store_options() -> StoreOptions {
    let aws = std::env::vars().filter(|(name, _)| name.starts_with("AWS_") || name.starts_with("REPLICA_AWS_"));
    aws.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
}

async fn run(command: Command) -> anyhow::Result<()> {
    let options = store_options();
    match command {
        Command::Init { data, store, catalog, replica, origin, json } => {
            let init = init::Init { data: DataDir::new(data.data), store, catalog, replica, origin, json };
            init::run(init, options).await
        }
        Command::Serve {
            data,
            listen,
            ocr_workers,
            public_url,
            search_budget,
            replica,
            scrub_rate,
            scrub_objects,
            ..
        } => {
            let (data, options) = (DataDir::new(data.data), replica.among(options));
            let scrub = budget(scrub_rate, scrub_objects);
            let search_budget = Duration::from_millis(search_budget);
            let metrics = PrometheusBuilder::new().install_recorder().context("failed to start the metrics")?;
            serve::run(Serve { data, options, listen, ocr_workers, public_url, search_budget, scrub }, metrics).await
        }
        Command::Scrub { data, replica, dry_run, json } => {
            scrub::run(&DataDir::new(data.data), replica.among(options), scrub::Scrub { dry_run, json }).await
        }
        Command::Token { data, action } => token::run(&DataDir::new(data.data), options, action).await,
        Command::Station { data, action } => station::run(&DataDir::new(data.data), options, action).await,
        Command::Account { data, action } => account::run(&DataDir::new(data.data), options, action).await,
        Command::Patients { data, action } => patients::run(&DataDir::new(data.data), options, action).await,
        Command::Export { data, by, which, into } => {
            let (data, which) = (DataDir::new(data.data), which.chosen());
            let into = into.chosen().context("name a folder with --bagit or --ocfl")?;
            export::run(export::Export { data, by, which, into }, options).await
        }
        Command::AuditEvents { data, from } => audit_events::run(&DataDir::new(data.data), options, from).await,
        Command::Bundle { data, document, version, out } => {
            bundle::run(&DataDir::new(data.data), options, document, version, out).await
        }
        Command::Campaign(campaign) => campaign::run(campaign).await,
        Command::Destroy(destroy) => destroy::run(destroy).await,
        Command::Findable { data, json } => findable::run(&DataDir::new(data.data), json).await,
        Command::ReplayAudit { data, json } => replay_audit::run(&DataDir::new(data.data), options, json).await,
        Command::Timestamp { data, tsa, renew } => timestamp::run(&DataDir::new(data.data), options, &tsa, renew).await,
        Command::Witness { folder, action } => commands::witness::run(witness::Folder::new(folder), action).await,
        Command::Key { data, action } => key::run(&DataDir::new(data.data), options, action).await,
        Command::Signer { folder, socket, data, action } => {
            signer::run(&folder, socket, &DataDir::new(data.data), options, action).await
        }
        Command::Rebuild { data, catalog, index } => {
            rebuild::run(rebuild::Rebuild { data: DataDir::new(data.data), catalog, index }, options).await
        }
    }
}
