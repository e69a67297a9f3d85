//! Checks a whole archive offline: `chartroom-verify --store DIR|URL --key FILE`.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use archive::StoreAddress;
use archive::verify::{Finding, Progress, Report, verify};
use clap::Parser;

const FINDINGS: u8 = 1;
const COULD_NOT_CHECK: u8 = 3;

const EXAMPLES: &str = "\
Examples:
  chartroom-verify --store data/store --key data/keys/log.pub
  chartroom-verify --store s3://bucket/prefix --key log.pub --since checkpoint.last-month --json

For s3:// the AWS_* variables of the environment give endpoint, region and credentials.
Keep a copy of log/checkpoint elsewhere after each run: given as --since it proves that nothing
has been taken back.

Exit codes: 0 sound · 1 findings · 2 wrong usage · 3 could not check";

/// Checks every blob, manifest, event, tile, commit and checkpoint of an archive, offline.
#[derive(Parser)]
#[command(name = "chartroom-verify", version, after_help = EXAMPLES)]
struct Options {
    /// The bucket: a folder, or s3://bucket/prefix
    #[arg(long, value_name = "DIR|URL")]
    store: String,
    /// The log's public key, got from a source you trust: `name+<8 hex digits>+<base64>`
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// An older checkpoint of the same log, kept since the last time
    #[arg(long, value_name = "CHECKPOINT")]
    since: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(report) if report.sound => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(FINDINGS),
        Err(error) => {
            eprintln!("chartroom-verify: failed to {error:#}");
            ExitCode::from(COULD_NOT_CHECK)
        }
    }
}

#[tokio::main]
async fn run(options: &Options) -> Result<Report> {
    let aws = std::env::vars().filter(|(name, _)| name.starts_with("AWS_")).collect();
    let store = StoreAddress::parse(&options.store, aws)?;
    let key = read(&options.key)?;
    let key = key.parse().with_context(|| format!("read the key in {}", options.key.display()))?;
    let since = options.since.as_ref().map(read).transpose()?;
    let mut meter = Meter::new();
    let report = verify(&store, &key, since.as_deref(), |progress| meter.show(progress)).await?;
    meter.clear();
    let mut out = std::io::stdout().lock();
    if options.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        print(&mut out, &report)?;
    }
    Ok(report)
}

fn read(path: &PathBuf) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

fn print(out: &mut impl std::io::Write, report: &Report) -> std::io::Result<()> {
    for finding in &report.findings {
        line(out, "FINDING", finding)?;
    }
    for note in &report.notes {
        line(out, "note", note)?;
    }
    if report.notes_left_out > 0 {
        writeln!(out, "note     {} more", report.notes_left_out)?;
    }
    let counts = &report.counts;
    writeln!(
        out,
        "{} events in {} commits and {} tiles; {} manifests, {} blobs, {} bytes hashed",
        counts.events, counts.commits, counts.tiles, counts.manifests, counts.blobs, counts.bytes
    )?;
    match report.findings.len() {
        0 => writeln!(out, "sound"),
        n => writeln!(out, "NOT SOUND: {n} findings"),
    }
}

fn line(out: &mut impl std::io::Write, kind: &str, finding: &Finding) -> std::io::Result<()> {
    let Finding { code, object, detail, advice } = finding;
    writeln!(out, "{kind:8} {code}  {object}: {detail}; {advice}")
}

/// Progress on the terminal, at most five times a second.
struct Meter {
    started: Instant,
    shown: Option<Instant>,
    terminal: bool,
}

impl Meter {
    fn new() -> Self {
        Self { started: Instant::now(), shown: None, terminal: std::io::stderr().is_terminal() }
    }

    fn show(&mut self, progress: Progress) {
        let pause = Duration::from_millis(if self.terminal { 200 } else { 10_000 });
        if self.shown.unwrap_or(self.started).elapsed() < pause {
            return;
        }
        self.shown = Some(Instant::now());
        let Progress { stage, done, of, bytes, of_bytes } = progress;
        let (megabytes, of_megabytes) = (bytes >> 20, of_bytes >> 20);
        let mut text = format!("{stage}: {done} of {of}");
        if of_bytes > 0 && bytes > 0 {
            // Events and manifests are done by now and were quick, so bytes tell the time.
            let left = self.started.elapsed().as_secs_f64() * (of_bytes.saturating_sub(bytes)) as f64 / bytes as f64;
            text = format!("{text}, {megabytes} of {of_megabytes} MiB, about {left:.0} s left");
        }
        if self.terminal { eprint!("\r\x1b[K{text}") } else { eprintln!("{text}") }
    }

    fn clear(&self) {
        if self.terminal && self.shown.is_some() {
            eprint!("\r\x1b[K");
        }
    }
}
