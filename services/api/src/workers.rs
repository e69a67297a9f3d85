//! Who reads the pages when nobody else does? Children of the server: `ocr-worker`, the
//! program next to this one, as often as there are cores. Each has a thread that starts it
//! again when it ends, later each time; with the server they are killed.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use record::TokenId;
use record::event::{Actor, Role};
use rustix::process::Signal;

use crate::config::DataDir;
use crate::password;
use crate::people;
use crate::state::App;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A child that ran for that long was well: its next pause is the first again.
const WELL_AFTER: Duration = Duration::from_secs(60);

/// The children's token. Its secret lies beside the log's key, so that the server's own
/// workers are one token in the ledger, however often the server starts.
pub async fn token(app: &App, data: &DataDir) -> anyhow::Result<String> {
    if let Some(secret) = data.worker_secret()? {
        let known = app.catalog.token_by_secret(&password::stored(&secret)).await?;
        if known.is_some_and(|token| !token.revoked && token.role == Role::Worker) {
            return Ok(secret);
        }
    }
    let secret = password::secret()?;
    let record =
        people::token(TokenId::from_uuid(uuid::Uuid::now_v7()), "the server's own readers", Role::Worker, &secret);
    people::record_token(&app.archive, Actor::System, app.now(), &record).await?;
    app.follower.catch_up(&app.archive, &app.catalog).await?;
    data.keep_worker_secret(&secret)?;
    Ok(secret)
}

/// The running children.
pub struct Crew(Arc<Shared>);

struct Shared {
    program: PathBuf,
    url: String,
    token: String,
    stopping: AtomicBool,
    children: Mutex<Vec<Child>>,
}

/// Starts `count` readers for the server that listens on `address`.
pub fn start(count: usize, address: SocketAddr, token: &str) -> anyhow::Result<Crew> {
    let shared = Arc::new(Shared {
        program: beside_this("ocr-worker")?,
        url: format!("http://{}", reachable(address)),
        token: token.to_owned(),
        stopping: AtomicBool::new(false),
        children: Mutex::default(),
    });
    if count > 0 && !shared.program.is_file() {
        tracing::warn!("no program ocr-worker beside this one: pages wait until a worker from elsewhere reads them");
        return Ok(Crew(shared));
    }
    for number in 1..=count {
        let shared = Arc::clone(&shared);
        let name = format!("reader {number}");
        std::thread::Builder::new().name(name).spawn(move || shared.keep_running(number))?;
    }
    Ok(Crew(shared))
}

impl Crew {
    /// Kills the children; what they were reading is claimed again later.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
        for child in self.0.children().iter_mut() {
            // One that has ended by itself is no failure.
            let _ = child.kill();
        }
    }
}

impl Shared {
    fn children(&self) -> std::sync::MutexGuard<'_, Vec<Child>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep_running(&self, number: usize) {
        let mut pause = FIRST_PAUSE;
        while !self.stopping.load(Ordering::SeqCst) {
            let started = Instant::now();
            match self.run_once(number) {
                Ok(ending) => tracing::warn!(number, "a reader ended ({ending}); it is started again in {pause:?}"),
                Err(error) => tracing::error!(number, "failed to start a reader: {error}; tried again in {pause:?}"),
            }
            if started.elapsed() > WELL_AFTER {
                pause = FIRST_PAUSE;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Runs a child to its end and says how it ended.
    fn run_once(&self, number: usize) -> io::Result<String> {
        let child = self.command(number).spawn()?;
        let id = child.id();
        self.children().push(child);
        loop {
            std::thread::sleep(Duration::from_millis(200));
            let mut children = self.children();
            let Some(at) = children.iter().position(|child| child.id() == id) else {
                return Ok("killed".to_owned());
            };
            if children[at].try_wait()?.is_some() {
                // It has ended: this only hands out how.
                return Ok(children.swap_remove(at).wait()?.to_string());
            }
        }
    }

    fn command(&self, number: usize) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["--server", &self.url, "--name", &format!("server-{number}")])
            .env("CHARTROOM_TOKEN", &self.token)
            // Tesseract's own threads slow it down; one process for each core does better.
            .env("OMP_THREAD_LIMIT", "1")
            .stdin(Stdio::null());
        // SAFETY: between fork and exec only one system call is made, which allocates nothing.
        // It is bound to this thread, which lives as long as the server does.
        unsafe { command.pre_exec(|| Ok(rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?)) };
        command
    }
}

fn beside_this(name: &str) -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe().context("failed to find this program's own place")?;
    Ok(this.parent().unwrap_or_else(|| Path::new(".")).join(name))
}

/// A server that listens everywhere is reached by its own children over the loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        ip if ip.is_unspecified() => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port()),
        _ => address,
    }
}
