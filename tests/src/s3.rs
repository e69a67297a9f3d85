//! A real S3 server of other people: SeaweedFS, installed by `scripts/setup --tests`.

use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Result, ensure};
use tempfile::TempDir;

use crate::program::{self, Guarded};

pub struct S3 {
    _server: Guarded,
    _files: TempDir,
    port: u16,
    _alone: MutexGuard<'static, ()>,
}

/// SeaweedFS listens on more ports than can be chosen, so there is one at a time.
static ALONE: Mutex<()> = Mutex::new(());

const ATTEMPTS: usize = 5;
pub const BUCKET: &str = "chartroom";

impl S3 {
    pub fn start() -> Result<Self> {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        // A port that was free may be somebody else's by the time that it is used; the server then ends at once.
        let (server, files, port) = (0..ATTEMPTS)
            .find_map(|_| launch().transpose())
            .unwrap_or_else(|| Err(anyhow::anyhow!("the S3 server ended {ATTEMPTS} times before it could be asked")))?;
        Ok(Self { _server: server, _files: files, port, _alone: alone })
    }

    pub fn endpoint(&self) -> String {
        endpoint(self.port)
    }

    /// What an operator would put in the server's environment.
    pub fn environment(&self) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT", self.endpoint().as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "any"),
            ("AWS_SECRET_ACCESS_KEY", "any"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .to_vec()
    }
}

/// The server with its files and its port, once it has a bucket; none where it has ended.
fn launch() -> Result<Option<(Guarded, TempDir, u16)>> {
    let weed = program::cache()?.join("venv/bin/weed");
    ensure!(weed.is_file(), "SeaweedFS is not installed; run scripts/setup --tests");
    let files = TempDir::new()?;
    let ports = free_ports(4)?;
    let log = std::fs::File::create(files.path().join("weed.log"))?;
    let server = std::process::Command::new(weed)
        .arg("server")
        .arg(format!("-dir={}", files.path().display()))
        .args(["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", "-master.volumeSizeLimitMB=64", "-master.telemetry=false"])
        // With fewer slots a second bucket finds no volume and every put fails.
        .arg("-volume.max=200")
        .arg(format!("-s3.port={}", ports[0]))
        .arg(format!("-master.port={}", ports[1]))
        .arg(format!("-volume.port={}", ports[2]))
        .arg(format!("-filer.port={}", ports[3]))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?;
    let mut server = Guarded(server);
    let client = reqwest::blocking::Client::new();
    let url = format!("{}/{BUCKET}", endpoint(ports[0]));
    let made = program::wait_for("the S3 server to make a bucket", || {
        if server.0.try_wait()?.is_some() {
            return Ok(Some(false));
        }
        Ok(client.put(&url).send().is_ok_and(|answer| answer.status().is_success()).then_some(true))
    })?;
    Ok(made.then_some((server, files, ports[0])))
}

fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Ports that were free together a moment ago; each 10,000 below the top, because SeaweedFS
/// takes the port 10,000 higher for gRPC.
fn free_ports(count: usize) -> Result<Vec<u16>> {
    let mut held = Vec::new();
    while held.len() < count {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        if listener.local_addr()?.port() < 55_000 {
            held.push(listener);
        }
    }
    held.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}
