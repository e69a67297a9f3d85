//! How is a page read so that it can kill nothing but a child process?
//!
//! A [`Reader`] owns one long-lived child that has the model loaded and reads page after page. A page
//! that crashes it, hangs it or needs too much memory costs that child; the next page gets a new one. So
//! does the page after a thousand, or after a child whose memory has grown: C libraries leak.

mod child;
mod death;
mod protocol;
mod sandbox;

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use record::PageId;
use record::event::UnreadableReason;
use record::limits;
use record::timing::Timing;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use child::{ChildError, ChildOptions, serve};
pub use protocol::{Hello, Unread};
pub use sandbox::Network;

use protocol::{Reply, Request};

/// The hidden subcommand a reader is started with.
pub const SUBCOMMAND: &str = "reader";

/// Blocks of memory up to this size are kept by the C library, and so much of what is free.
const KEPT_BYTES: &str = "134217728";

/// How long a child may take to end once its pipe is closed or broken.
const GOODBYE: Duration = Duration::from_secs(5);

/// How to start readers.
#[derive(Debug, Clone)]
pub struct ReaderOptions {
    /// A program that knows [`SUBCOMMAND`]: for a worker, its own `/proc/self/exe`.
    pub program: PathBuf,
    pub model: String,
    /// Tesseract's default folder where absent.
    pub tessdata: Option<PathBuf>,
    /// Model of the second engine; none where absent.
    pub second: Option<PathBuf>,
    /// Address space, in bytes.
    pub memory_bytes: u64,
    pub page_time: Duration,
    /// A child that has read so many pages is replaced.
    pub pages_max: u32,
    /// Likewise one that holds more memory than this when it has read a page.
    pub resident_bytes_max: u64,
}

impl ReaderOptions {
    /// The English model and the limits of [`record::limits`].
    pub fn new(program: PathBuf) -> Self {
        Self {
            program,
            model: "eng".to_owned(),
            tessdata: None,
            second: None,
            memory_bytes: limits::READ_MEMORY_BYTES_MAX,
            page_time: Duration::from_secs(limits::READ_PAGE_SECONDS_MAX),
            pages_max: limits::READER_PAGES_MAX,
            resident_bytes_max: limits::READER_RESIDENT_BYTES_MAX,
        }
    }
}

/// One page's master image.
#[derive(Clone, Copy)]
pub struct PageImage<'a> {
    pub page: PageId,
    pub media_type: &'a str,
    /// As the file says; 0 where it does not.
    pub dpi: u32,
    pub bytes: &'a [u8],
    /// The words that came with it, as ALTO: kept where they are sound.
    pub brought: Option<&'a [u8]>,
}

/// What was read of one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub alto: Vec<u8>,
    pub timing: Timing,
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The page came to nothing; whether that is its own fault, the reason says.
    #[error("{}", .0.why)]
    Page(Unread),
    /// It is the installation's fault: no page can be read.
    #[error("start a reader: {0}")]
    Start(String),
}

/// Reads pages in a child process, one at a time.
pub struct Reader {
    options: ReaderOptions,
    idle: Option<Running>,
}

struct Running {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    /// The end of what it wrote to stderr, once it has ended. Never logged: it may hold text.
    last_words: JoinHandle<Vec<u8>>,
    hello: Hello,
    /// Processes that the kernel had killed for want of memory before this one began.
    kernel_kills: u64,
    /// Read so far.
    pages: u32,
}

impl Reader {
    /// Starts the first child, so that a missing model is noticed before a page is claimed.
    pub async fn start(options: ReaderOptions) -> Result<Self, ReadError> {
        let idle = Some(Running::start(&options).await?);
        Ok(Self { options, idle })
    }

    /// What the idle child said of itself; `None` after a page that cost it.
    pub fn hello(&self) -> Option<&Hello> {
        self.idle.as_ref().map(|running| &running.hello)
    }

    /// The idle child's process id.
    pub fn process_id(&self) -> Option<u32> {
        self.idle.as_ref().and_then(|running| running.child.id())
    }

    /// What the idle child holds of the machine's memory, in bytes.
    pub fn resident_bytes(&self) -> Option<u64> {
        self.process_id().and_then(resident_bytes)
    }

    /// Makes sure that a child waits for a page.
    pub async fn ready(&mut self) -> Result<(), ReadError> {
        if self.idle.is_none() {
            self.idle = Some(Running::start(&self.options).await?);
        }
        Ok(())
    }

    /// The page's text as ALTO. Dropping the future kills the child and gives the page up.
    pub async fn read(&mut self, page: PageImage<'_>) -> Result<Reading, ReadError> {
        // Taken out, and put back only when it is known to wait for the next page.
        let mut running = match self.idle.take() {
            Some(running) => running,
            None => Running::start(&self.options).await?,
        };
        match timeout(self.options.page_time, running.exchange(page)).await {
            Ok(Ok((Reply { unread, timing }, alto))) => {
                self.keep(running).await;
                unread.map_or(Ok(Reading { alto, timing }), |unread| Err(ReadError::Page(unread)))
            }
            Ok(Err(_broken_pipe)) => Err(ReadError::Page(running.cause_of_death().await.into())),
            Err(_elapsed) => {
                running.end().await;
                Err(ReadError::Page(UnreadableReason::TimedOut.into()))
            }
        }
    }

    /// Keeps the child for the next page, unless it has grown old or fat.
    async fn keep(&mut self, mut running: Running) {
        running.pages += 1;
        let resident = running.child.id().and_then(resident_bytes).unwrap_or(0);
        if running.pages < self.options.pages_max && resident <= self.options.resident_bytes_max {
            self.idle = Some(running);
        } else {
            running.retire().await;
        }
    }

    /// Lets the idle child go.
    pub async fn finish(self) {
        if let Some(running) = self.idle {
            running.retire().await;
        }
    }
}

impl Running {
    async fn start(options: &ReaderOptions) -> Result<Self, ReadError> {
        let kernel_kills = death::kernel_kills();
        let mut child = command(options).spawn().map_err(|error| ReadError::Start(error.to_string()))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(mut stdout), Some(stderr)) = pipes else {
            return Err(ReadError::Start("its pipes are missing".to_owned()));
        };
        let last_words = tokio::spawn(tail(stderr));
        let hello = timeout(options.page_time, protocol::receive(&mut stdout, 0)).await;
        match hello {
            Ok(Ok((hello, _))) => Ok(Self { child, stdin, stdout, last_words, hello, kernel_kills, pages: 0 }),
            // No page was near it yet, so what it said is safe to show.
            Ok(Err(_)) => Err(ReadError::Start(complaint(last_words).await)),
            Err(_) => Err(ReadError::Start("it did not come up in time".to_owned())),
        }
    }

    async fn exchange(&mut self, page: PageImage<'_>) -> io::Result<(Reply, Vec<u8>)> {
        let PageImage { page, media_type, dpi, bytes, brought } = page;
        let request = Request { page, media_type: media_type.to_owned(), dpi, brought: brought.is_some() };
        protocol::send(&mut self.stdin, &request, bytes).await?;
        if let Some(words) = brought {
            protocol::send(&mut self.stdin, &(), words).await?;
        }
        protocol::receive(&mut self.stdout, limits::PAGE_TEXT_BYTES_MAX).await
    }

    /// Lets it go in peace, so that its processor time counts as ours.
    async fn retire(mut self) {
        drop(self.stdin);
        // One that does not go is killed when dropped.
        let _ = timeout(GOODBYE, self.child.wait()).await;
    }

    async fn end(&mut self) {
        // Nothing is lost where it is gone already; it is killed once more when dropped.
        let _ = self.child.kill().await;
    }

    /// Why the pipe broke.
    async fn cause_of_death(mut self) -> UnreadableReason {
        // A reader that broke the protocol but lives counts as crashed.
        let status = timeout(GOODBYE, self.child.wait()).await;
        self.end().await;
        let last_words = self.last_words.await.unwrap_or_default();
        match status {
            Ok(Ok(status)) => death::classify(status, &last_words, death::kernel_kills() > self.kernel_kills),
            _ => UnreadableReason::Crashed,
        }
    }
}

fn command(options: &ReaderOptions) -> Command {
    let mut command = Command::new(&options.program);
    command.arg(SUBCOMMAND).args(["--model", &options.model]);
    if let Some(tessdata) = &options.tessdata {
        command.arg("--tessdata").arg(tessdata);
    }
    command.arg("--second-engine").arg(options.second.as_deref().unwrap_or(Path::new("none")));
    let soft = options.page_time * 9 / 10;
    command.args(["--memory-bytes", &options.memory_bytes.to_string()]);
    command.args(["--page-milliseconds", &soft.as_millis().to_string()]);
    // No token reaches the child; libgomp reads its limit while it is loaded, so it must stand here.
    command.env_clear().env("OMP_THREAD_LIMIT", "1").env("LC_ALL", "C");
    // mallopt(3): memory of one page's pictures is used again for the next, instead of being given back to the kernel and
    // cleared by it many times a page.
    command.env("MALLOC_MMAP_THRESHOLD_", KEPT_BYTES).env("MALLOC_TRIM_THRESHOLD_", KEPT_BYTES);
    // A Ctrl-C meant for the worker must not look like a page that crashed.
    command.process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// `VmRSS` of proc(5), in bytes; none for a process that is gone.
fn resident_bytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

/// Reads to the end and keeps the last few KiB.
async fn tail(mut stderr: ChildStderr) -> Vec<u8> {
    const KEPT: usize = 4096;
    let (mut kept, mut piece) = (Vec::new(), [0; KEPT]);
    while let Ok(count @ 1..) = stderr.read(&mut piece).await {
        kept.extend_from_slice(&piece[..count]);
        kept.drain(..kept.len().saturating_sub(KEPT));
    }
    kept
}

async fn complaint(last_words: JoinHandle<Vec<u8>>) -> String {
    let said = timeout(GOODBYE, last_words).await;
    let said = said.map(Result::unwrap_or_default).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    if said.trim().is_empty() { "it ended without a word".to_owned() } else { said.trim().to_owned() }
}
