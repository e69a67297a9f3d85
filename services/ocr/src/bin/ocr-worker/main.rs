//! `ocr-worker`: reads pages for a server, or files without one.
//!
//! This is the only place of the crate that reads arguments, the environment and signals.

mod backoff;
mod desk;
mod files;
mod handin;
mod line_images;
mod lines;
mod outputs;
mod searchable;
mod server;
mod stop;
mod tally;
mod unpack;
mod work;

use std::io::{IsTerminal as _, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use ocr::reader::{self, ChildOptions, Network, Reader, ReaderOptions};
use record::limits;
use tracing_subscriber::EnvFilter;

const EXAMPLES: &str = "\
Examples:
  ocr-worker --server https://chartroom.example:8443       with the token in CHARTROOM_TOKEN
  ocr-worker --server … --children 16 --name basement      sixteen readers; one for each core if not said
  ocr-worker read scan.tif --out text --format txt,alto    without a server
  ocr-worker read *.pdf --out searchable --format pdf --languages eng+deu
  ocr-worker read *.tif --out text --format hocr --json    and a line of JSON for each page
  ocr-worker languages                                     that can be read here

SIGTERM or Ctrl-C: takes no more pages, gives back those not begun, and finishes the others within
20 seconds. A second one ends it at once; the server hands its pages out again a little later.

Exit codes: 0 done, 1 something could not be read or the server refused, 2 wrong usage.";

/// Reads pages with Tesseract: for a Chartroom server, or from files.
#[derive(Parser)]
#[command(name = "ocr-worker", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArguments,
    #[command(flatten)]
    model: ModelArguments,
}

#[derive(Args)]
struct ServeArguments {
    /// Address of the server, as in https://chartroom.example:8443
    #[arg(long, value_name = "URL", required = true)]
    server: Option<String>,
    /// A token of role `worker`, from `chartroom token create`. Better given by the environment:
    /// other users of this machine can see arguments.
    #[arg(long, env = "CHARTROOM_TOKEN", hide_env_values = true, required = true)]
    token: Option<String>,
    /// What the server calls this worker
    #[arg(long, default_value = "ocr-worker")]
    name: String,
    /// Readers: child processes that read one page each at a time. As many as there are cores if not said
    #[arg(long, value_name = "N")]
    children: Option<NonZeroUsize>,
}

#[derive(Args, Clone)]
struct ModelArguments {
    /// The languages of the pages, as in eng+deu, the most frequent first; `ocr-worker languages` lists them
    #[arg(long = "languages", alias = "model", value_name = "LANGUAGES", default_value = "eng", global = true)]
    model: String,
    /// Folder with the models, if not Tesseract's default
    #[arg(long, env = "TESSDATA_PREFIX", hide_env_values = true, value_name = "DIR", global = true)]
    tessdata: Option<PathBuf>,
    /// Model of a second engine for English words that Tesseract doubts, an ONNX file as scripts/setup installs it, or
    /// `none`; what was installed if not said
    #[arg(long, env = "CHARTROOM_SECOND_ENGINE", hide_env_values = true, value_name = "FILE", global = true)]
    second_engine: Option<PathBuf>,
}

impl ModelArguments {
    fn second(&self) -> Option<PathBuf> {
        match &self.second_engine {
            Some(none) if none.as_os_str() == "none" => None,
            Some(file) => Some(file.clone()),
            None => installed_second(),
        }
    }
}

/// Where `scripts/setup` puts the second engine, or a package would.
fn installed_second() -> Option<PathBuf> {
    let own = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let own = own.or_else(|| std::env::home_dir().map(|home| home.join(".local/share")));
    let folders = own.into_iter().chain(["/usr/local/share", "/usr/share"].map(PathBuf::from));
    folders.map(|folder| folder.join("chartroom/second-engine.onnx")).find(|file| file.is_file())
}

#[derive(Subcommand)]
enum Command {
    /// Reads files without a server
    Read(files::ReadArguments),
    /// Lists the languages that can be read here
    Languages,
    /// The child process that pages are read in
    #[command(name = reader::SUBCOMMAND, hide = true)]
    Reader {
        #[arg(long)]
        memory_bytes: u64,
        #[arg(long)]
        page_milliseconds: u64,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("ocr-worker: failed to {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let model = arguments.model;
    match arguments.command {
        // Before anything that could start a thread: see reader::serve.
        Some(Command::Reader { memory_bytes, page_milliseconds }) => {
            let page_time = Duration::from_millis(page_milliseconds);
            let second = model.second();
            let ModelArguments { model, tessdata, .. } = model;
            reader::serve(&ChildOptions { model, tessdata, second, memory_bytes, page_time })?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Languages) => languages(model.tessdata.as_deref()),
        Some(Command::Read(read)) => wait_for(files::read(read, reader_options(model))),
        None => wait_for(serve(arguments.serve, reader_options(model))),
    }
}

fn languages(tessdata: Option<&Path>) -> anyhow::Result<ExitCode> {
    let installed = ocr::engine::installed(tessdata);
    if installed.is_empty() {
        anyhow::bail!(
            "find a language: install Debian's tesseract-ocr-eng, or name the models' folder with --tessdata"
        );
    }
    writeln!(std::io::stdout(), "{}", installed.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn wait_for(task: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let filter = EnvFilter::try_from_env("CHARTROOM_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    log.with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal()).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.context("start the runtime")?.block_on(task)
}

fn reader_options(model: ModelArguments) -> ReaderOptions {
    let options = ReaderOptions::new(PathBuf::from("/proc/self/exe"));
    let second = model.second();
    ReaderOptions { model: model.model, tessdata: model.tessdata, second, ..options }
}

async fn serve(arguments: ServeArguments, options: ReaderOptions) -> anyhow::Result<ExitCode> {
    let (Some(url), Some(token)) = (arguments.server, arguments.token) else {
        anyhow::bail!("find a server to work for: give --server and --token");
    };
    let children = arguments.children.or_else(|| std::thread::available_parallelism().ok());
    let children = children.map_or(1, NonZeroUsize::get).min(limits::READERS_MAX);
    let server = server::Server::new(&url, token)?;
    let readers = start_readers(options, children).await?;
    work::serve(server, readers, arguments.name, stop::Stop::on_signals()?).await?;
    Ok(ExitCode::SUCCESS)
}

/// The first one says what they are, and whether there is any use in the others.
async fn start_readers(options: ReaderOptions, count: usize) -> anyhow::Result<Vec<Reader>> {
    let mut readers = vec![start_reader(options.clone()).await?];
    let mut starting = tokio::task::JoinSet::new();
    for _ in 1..count {
        starting.spawn(Reader::start(options.clone()));
    }
    while let Some(reader) = starting.join_next().await {
        readers.push(reader??);
    }
    Ok(readers)
}

/// Starts the reader and says once what it is and how well it is locked in.
async fn start_reader(options: ReaderOptions) -> anyhow::Result<Reader> {
    let reader = Reader::start(options).await?;
    if let Some(hello) = reader.hello() {
        tracing::info!(tesseract = hello.tesseract, model = hello.model, digest = %hello.model_digest, "reader is up");
        if hello.network == Network::Reachable {
            tracing::warn!(
                "the kernel does not let the reader be cut off from the network: cut the worker off instead"
            );
        }
    }
    Ok(reader)
}
