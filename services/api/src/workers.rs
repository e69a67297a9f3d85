//! Who reads the pages when nobody else does? A child of the server: `ocr-worker`, the program
//! next to this one, with as many readers as there are cores. A thread starts it again when it
//! ends, later each time. When the server stops it is drained; when the server dies it dies too.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use record::TokenId;
use record::event::{Actor, Role};
use rustix::process::{Pid, Signal};

use crate::config::DataDir;
use crate::password;
use crate::people;
use crate::state::App;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A worker that ran for that long was well: its next pause is the first again.
const WELL_AFTER: Duration = Duration::from_secs(60);
/// A little longer than the worker gives the pages that are being read.
const DRAIN: Duration = Duration::from_secs(25);
const LOOK: Duration = Duration::from_millis(100);

/// The worker's token. Its secret lies beside the log's key, so that the server's own
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

/// The running worker.
pub struct Crew(Arc<Shared>);

struct Shared {
    program: PathBuf,
    url: String,
    token: String,
    readers: usize,
    stopping: AtomicBool,
    worker: Mutex<Option<Child>>,
}

/// Starts a worker with so many readers for the server that listens on `address`.
pub fn start(readers: usize, address: SocketAddr, token: &str) -> anyhow::Result<Crew> {
    let shared = Arc::new(Shared {
        program: beside_this("ocr-worker")?,
        url: format!("http://{}", reachable(address)),
        token: token.to_owned(),
        readers,
        stopping: AtomicBool::new(false),
        worker: Mutex::default(),
    });
    if readers == 0 {
        return Ok(Crew(shared));
    }
    if !shared.program.is_file() {
        tracing::warn!("no program ocr-worker beside this one: pages wait until a worker from elsewhere reads them");
        return Ok(Crew(shared));
    }
    let keeper = Arc::clone(&shared);
    std::thread::Builder::new().name("worker".to_owned()).spawn(move || keeper.keep_running())?;
    Ok(Crew(shared))
}

impl Crew {
    /// Asks the worker to finish the pages that are being read and to give back the others, and waits for that.
    /// The server must still answer meanwhile.
    pub async fn drain(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
        if let Some(worker) = self.0.process() {
            // One that has ended by itself is no failure.
            let _ = rustix::process::kill_process(worker, Signal::TERM);
        }
        let deadline = Instant::now() + DRAIN;
        while self.0.process().is_some() && Instant::now() < deadline {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Kills the worker; what it was reading is claimed again later.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
        if let Some(worker) = self.0.worker().as_mut() {
            let _ = worker.kill();
        }
    }
}

impl Shared {
    fn worker(&self) -> MutexGuard<'_, Option<Child>> {
        self.worker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn process(&self) -> Option<Pid> {
        let id = self.worker().as_ref().map(Child::id)?;
        i32::try_from(id).ok().and_then(Pid::from_raw)
    }

    fn keep_running(&self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let started = Instant::now();
            let ended = self.run_once();
            if self.stopping.load(Ordering::SeqCst) {
                return;
            }
            match ended {
                Ok(ending) => tracing::warn!("the worker ended ({ending}); it is started again in {pause:?}"),
                Err(error) => tracing::error!("failed to start a worker: {error}; tried again in {pause:?}"),
            }
            if started.elapsed() > WELL_AFTER {
                pause = FIRST_PAUSE;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Runs a worker to its end and says how it ended.
    fn run_once(&self) -> io::Result<ExitStatus> {
        *self.worker() = Some(self.command().spawn()?);
        loop {
            std::thread::sleep(LOOK);
            let mut worker = self.worker();
            let ended = worker.as_mut().map_or_else(|| Err(io::ErrorKind::NotFound.into()), Child::try_wait)?;
            if let Some(ending) = ended {
                *worker = None;
                return Ok(ending);
            }
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["--server", &self.url, "--name", "server", "--children", &self.readers.to_string()])
            .env("CHARTROOM_TOKEN", &self.token)
            .stdin(Stdio::null())
            // A Ctrl-C is meant for the server, which then drains its worker.
            .process_group(0);
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
