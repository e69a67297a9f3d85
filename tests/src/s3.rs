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

pub const BUCKET: &str = "chartroom";

impl S3 {
    pub fn start() -> Result<Self> {
        let weed = program::cache()?.join("venv/bin/weed");
        ensure!(weed.is_file(), "SeaweedFS is not installed; run scripts/setup --tests");
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let files = TempDir::new()?;
        let ports = free_ports(4)?;
        let log = std::fs::File::create(files.path().join("weed.log"))?;
        let server = std::process::Command::new(weed)
            .arg("server")
            .arg(format!("-dir={}", files.path().display()))
            .args([
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                "-s3",
                "-master.volumeSizeLimitMB=64",
                "-master.telemetry=false",
            ])
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
        let s3 = Self { _server: Guarded(server), _files: files, port: ports[0], _alone: alone };
        s3.make_bucket()?;
        Ok(s3)
    }

    fn make_bucket(&self) -> Result<()> {
        let client = reqwest::blocking::Client::new();
        let url = format!("{}/{BUCKET}", self.endpoint());
        program::wait_for("the S3 server to make a bucket", || {
            let made = client.put(&url).send().is_ok_and(|answer| answer.status().is_success());
            Ok(made.then_some(()))
        })
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
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
