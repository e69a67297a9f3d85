//! Checks an archive offline: `chartroom-verify --store DIR|URL --key FILE`.

mod bundle;
mod heap;
mod meter;
mod pdf;
mod print;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use archive::StoreAddress;
use archive::verify::{Ask, Report, Resume, Share, Signers, Trust, Verdict, compare, verify, verify_bag};
use clap::Parser;
use record::envelope::StationKey;
use record::note::LogKey;
use record::policy::Policy;
use record::{DocumentId, Timestamp};

use crate::meter::Meter;

const FINDINGS: u8 = 1;
const USAGE: u8 = 2;
const COULD_NOT_CHECK: u8 = 3;

const EXAMPLES: &str = "\
Examples:
  chartroom-verify --store data/store --key data/keys/log.pub
  chartroom-verify --store s3://bucket/prefix --key log.pub --since checkpoint.last-month --stations stations --json
  chartroom-verify --store data/store --policy policy                          and enough witnesses saw it today
  chartroom-verify --store data/store --key log.pub --document 0197a9c2-…      one document, and the whole log
  chartroom-verify --store data/store --key log.pub --sample 2%                the whole log, and some of the blobs
  chartroom-verify --store data/store --key log.pub --resume run.json          goes on where it was interrupted
  chartroom-verify --key log.pub --bundle letter.tar --stations stations       one document, given out
  chartroom-verify --bag /media/transfer --key log.pub                         a BagIt bag, and each document in it
  chartroom-verify --store data/store --policy policy --pdf report.pdf         the report to be printed, too
  chartroom-verify --key log.pub --since mine --since theirs                   two checkpoints: do they contradict?

For s3:// the AWS_* variables of the environment give endpoint, region and credentials; reading is enough.
Keep a copy of log/checkpoint elsewhere after each run: given as --since it proves that nothing
has been taken back. Without one, no findings are no proof, and are not called sound.

Exit codes: 0 no findings · 1 findings · 2 wrong usage · 3 could not check";

/// Checks every blob, manifest, event, tile, commit and checkpoint of an archive, and who captured what, offline.
#[derive(Parser)]
#[command(name = "chartroom-verify", version, after_help = EXAMPLES)]
struct Options {
    /// The bucket: a folder, or s3://bucket/prefix
    #[arg(long, value_name = "DIR|URL", required_unless_present_any = ["since", "bundle", "bag"])]
    store: Option<String>,
    /// One document, as `chartroom bundle` or its proof page gives it: the tar file, or the folder it was unpacked into
    #[arg(long, value_name = "FILE|DIR", conflicts_with_all = ["store", "since"])]
    bundle: Option<PathBuf>,
    /// A BagIt bag, of any maker; with --key, every document in it that carries its proof is verified as well
    #[arg(long, value_name = "DIR", conflicts_with_all = ["store", "since", "bundle"])]
    bag: Option<PathBuf>,
    /// The log's public key, got from a source you trust: `name+<8 hex digits>+<base64>`
    #[arg(long, value_name = "FILE", required_unless_present_any = ["policy", "bag"])]
    key: Option<PathBuf>,
    /// Whom to trust, as a C2SP tlog-policy: the log's key, and which witnesses must have cosigned its checkpoint
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// How old the witnesses' word may be
    #[arg(long, value_name = "HOURS", default_value_t = 24, requires = "policy")]
    max_age: u64,
    /// An older checkpoint of the same log, kept since the last time, or given to somebody else; may be said again
    #[arg(long, value_name = "CHECKPOINT")]
    since: Vec<PathBuf>,
    /// Keys of the capture stations, one a line, as their owners gave them to you; without, the ledger is believed
    #[arg(long, value_name = "FILE")]
    stations: Option<PathBuf>,
    /// Of manifests and blobs, only those of this document
    #[arg(long, value_name = "ID", requires = "store")]
    document: Option<DocumentId>,
    /// Hash only so many blobs, drawn by lot; manifests and log are checked whole
    #[arg(long, value_name = "N|P%", requires = "store", value_parser = sample)]
    sample: Option<Sample>,
    /// Draws the same sample as the run that printed this number
    #[arg(long, value_name = "N", requires = "sample")]
    seed: Option<u64>,
    /// Keeps in this file how far it is, and goes on from there where the file exists
    #[arg(long, value_name = "FILE", requires = "store")]
    resume: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Write the report into this file as well, to be printed
    #[arg(long, value_name = "FILE")]
    pdf: Option<PathBuf>,
}

/// `--sample`.
#[derive(Debug, Clone, Copy)]
enum Sample {
    Number(u64),
    PerMille(u32),
}

fn sample(text: &str) -> Result<Sample, &'static str> {
    const MALFORMED: &str = "give a number of blobs, or a share from 0.1% to 100%";
    let Some(percent) = text.strip_suffix('%') else {
        return text.parse().ok().filter(|number| *number > 0).map(Sample::Number).ok_or(MALFORMED);
    };
    let percent: f64 = percent.trim().parse().map_err(|_| MALFORMED)?;
    // In range, so that it fits.
    if (0.1..=100.0).contains(&percent) {
        Ok(Sample::PerMille((percent * 10.0).round() as u32))
    } else {
        Err(MALFORMED)
    }
}

fn main() -> ExitCode {
    heap::keep();
    let options = Options::parse();
    match run(&options) {
        Ok(report) if report.verdict != Verdict::Findings => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(FINDINGS),
        Err(error) => {
            eprintln!("chartroom-verify: failed to {error:#}");
            ExitCode::from(if error.is::<Usage>() { USAGE } else { COULD_NOT_CHECK })
        }
    }
}

/// What was asked cannot be asked.
#[derive(Debug, thiserror::Error)]
enum Usage {
    #[error("compare: give two checkpoints, each with --since, or one and a --store")]
    OneCheckpoint,
    #[error("know the log: give --key or --policy")]
    NoKey,
}

fn run(options: &Options) -> Result<Report> {
    let policy = options.policy.as_deref().map(policy).transpose()?;
    let key = key(options, policy.as_ref())?;
    let report = match (&options.bag, &key) {
        (Some(folder), key) => of_bag(options, folder, key.as_ref())?,
        (None, Some(key)) => of_log(options, key, policy)?,
        (None, None) => bail!(Usage::NoKey),
    };
    print::print(&report, options.json)?;
    if let Some(file) = &options.pdf {
        let seconds = i64::try_from(seconds()).unwrap_or_default();
        std::fs::write(file, print::pdf(&report, key.as_ref(), Timestamp(seconds * 1000))?)
            .with_context(|| format!("write {}", file.display()))?;
    }
    Ok(report)
}

/// What the log has signed.
fn of_log(options: &Options, key: &LogKey, policy: Option<Policy>) -> Result<Report> {
    match (&options.store, &options.bundle) {
        (Some(store), _) => of_store(options, store, key, policy),
        (None, Some(path)) => of_bundle(options, path, key),
        (None, None) => of_checkpoints(options, key),
    }
}

/// A bag can be whole without anybody's word for what is in it.
fn of_bag(options: &Options, folder: &Path, key: Option<&LogKey>) -> Result<Report> {
    let stations = options.stations.as_deref().map(stations).transpose()?;
    let signers = key.map(|log| Signers { log, stations: stations.as_deref() });
    let mut meter = Meter::new(None, 0);
    let report = verify_bag(folder, signers, |progress| meter.show(progress));
    meter.finish()?;
    report.with_context(|| format!("read the bag {}", folder.display()))
}

fn of_bundle(options: &Options, path: &Path, key: &LogKey) -> Result<Report> {
    let stations = options.stations.as_deref().map(stations).transpose()?;
    Ok(bundle::load(path)?.verify(key, stations.as_deref()))
}

fn of_checkpoints(options: &Options, key: &LogKey) -> Result<Report> {
    if options.since.len() < 2 {
        bail!(Usage::OneCheckpoint);
    }
    let note = |path: &PathBuf| Ok((path.display().to_string(), read(path)?));
    Ok(compare(&options.since.iter().map(note).collect::<Result<Vec<_>>>()?, key))
}

#[tokio::main]
async fn of_store(options: &Options, store: &str, key: &LogKey, policy: Option<Policy>) -> Result<Report> {
    let aws = std::env::vars().filter(|(name, _)| name.starts_with("AWS_")).collect();
    let store = StoreAddress::parse(store, aws)?;
    let ask = Ask { trust: policy.map(|policy| trust(options, policy)), ..ask(options)? };
    let mut meter = Meter::new(options.resume.clone(), ask.resume.as_ref().map_or(0, |resume| resume.bytes));
    let report = verify(&store, key, &ask, |progress| meter.show(progress)).await?;
    meter.finish()?;
    Ok(report)
}

fn ask(options: &Options) -> Result<Ask> {
    let resume = options.resume.as_deref().filter(|file| file.exists()).map(resume).transpose()?;
    let seed = options.seed.or_else(|| resume.as_ref()?.share.seed()).unwrap_or_else(rand_seed);
    Ok(Ask {
        since: options.since.iter().map(|path| read(path)).collect::<Result<_>>()?,
        trust: None,
        stations: options.stations.as_deref().map(stations).transpose()?,
        document: options.document,
        share: match options.sample {
            None => Share::All,
            Some(Sample::Number(number)) => Share::Number { number, seed },
            Some(Sample::PerMille(per_mille)) => Share::PerMille { per_mille, seed },
        },
        resume,
    })
}

/// JSON readers keep integers below 2^53.
fn rand_seed() -> u64 {
    let mut bytes = [0; 8];
    // Without randomness the sample is the same each time, and its seed is printed all the same.
    let _ = getrandom::fill(&mut bytes);
    u64::from_be_bytes(bytes) >> 11
}

fn policy(file: &Path) -> Result<Policy> {
    read(file)?.parse().with_context(|| format!("understand the policy {}: it", file.display()))
}

/// The key that was given, or what the policy has of one log: any of its keys. None where neither was given.
fn key(options: &Options, policy: Option<&Policy>) -> Result<Option<LogKey>> {
    if let Some(file) = &options.key {
        return read(file)?.parse().map(Some).with_context(|| format!("use the key file {}: it", file.display()));
    }
    let Some(policy) = policy else { return Ok(None) };
    let logs = &policy.logs;
    let choose =
        || format!("choose a log: the policy lists {} keys of more than one; give the one with --key", logs.len());
    LogKey::any(logs.iter().cloned()).with_context(choose).map(Some)
}

fn trust(options: &Options, policy: Policy) -> Trust {
    Trust { policy, now: seconds(), max_age_seconds: options.max_age.saturating_mul(3600) }
}

/// Since the epoch.
fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn resume(file: &Path) -> Result<Resume> {
    let text = read(file)?;
    serde_json::from_str(&text)
        .with_context(|| format!("resume from {}: it is no file of an earlier run", file.display()))
}

fn stations(file: &Path) -> Result<Vec<StationKey>> {
    StationKey::list(&read(file)?).with_context(|| format!("read the stations in {}: a line", file.display()))
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}
