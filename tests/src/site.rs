//! A whole Chartroom in a temporary directory: an archive, its server, a station.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::http::Caller;
use crate::program::{self, Guarded};
use crate::s3::{BUCKET, S3};

pub struct Site {
    root: TempDir,
    port: u16,
    server: Option<Guarded>,
    readers: u32,
    /// More words for `chartroom serve`.
    serve: Vec<String>,
    /// A program, with its words, that runs the server and watches it.
    under: Vec<OsString>,
    environment: Vec<(String, String)>,
    /// Where the bucket is, as `--store` takes it.
    address: String,
    pub admin_password: String,
    /// The bucket's server, where it is not a folder.
    _s3: Option<S3>,
}

/// With this in the environment every site keeps its bucket in S3 instead of a folder;
/// `scripts/test` runs the suite both ways.
const BUCKETS_IN_S3: &str = "TEST_BUCKETS_IN_S3";

impl Site {
    /// A new archive with its server running and `readers` OCR workers beside it.
    pub fn start(readers: u32) -> Result<Self> {
        if std::env::var_os(BUCKETS_IN_S3).is_none() {
            return Self::start_with(readers, &[], Vec::new());
        }
        let s3 = S3::start()?;
        let address = format!("s3://{BUCKET}/archive");
        let mut site = Self::start_with(readers, &["--store", &address], s3.environment())?;
        (site.address, site._s3) = (address, Some(s3));
        Ok(site)
    }

    /// Likewise, with more words for `chartroom init` and an environment for the server:
    /// another store, another catalog.
    pub fn start_with(readers: u32, init: &[&str], environment: Vec<(String, String)>) -> Result<Self> {
        let mut site = Self::empty(readers, environment)?;
        let mut words = vec!["init", "--json"];
        words.extend_from_slice(init);
        let made: Value = serde_json::from_str(&program::succeed("chartroom init", site.chartroom(&words)?)?)?;
        site.admin_password = made["password"].as_str().context("init prints the admin's password")?.to_owned();
        site.restart()?;
        Ok(site)
    }

    /// An archive that was begun so many days ago, and that nobody serves yet: what is due every week is due at once.
    pub fn begun_days_ago(days: u32) -> Result<Self> {
        let site = Self::empty(0, Vec::new())?;
        let mut init = Command::new("faketime");
        init.args(["-f", &format!("-{days}d")]).arg(program::path("chartroom")?).args(["init", "--data"]);
        program::succeed("faketime chartroom init", init.arg(site.data()).output()?)?;
        Ok(site)
    }

    fn empty(readers: u32, environment: Vec<(String, String)>) -> Result<Self> {
        let root = TempDir::new()?;
        let address = root.path().join("data/store").to_string_lossy().into_owned();
        let (serve, under, admin_password) = (Vec::new(), Vec::new(), String::new());
        Ok(Self { root, port: 0, server: None, readers, serve, under, environment, address, admin_password, _s3: None })
    }

    /// Serves it anew, with more words for `chartroom serve`.
    pub fn serve_with(&mut self, words: &[&str]) -> Result<()> {
        self.serve = words.iter().map(ToString::to_string).collect();
        self.restart()
    }

    /// Serves it anew, watched by a program that starts the server as its child; nobody watches where there are no words.
    pub fn serve_under(&mut self, words: Vec<OsString>) -> Result<()> {
        self.under = words;
        self.restart()
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    pub fn store(&self) -> PathBuf {
        self.data().join("store")
    }

    pub fn log_key(&self) -> PathBuf {
        self.data().join("keys/log.pub")
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts the server, after a stop or a kill, and waits until it answers.
    pub fn restart(&mut self) -> Result<()> {
        self.port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        self.restart_there()
    }

    /// Likewise, where it was: whoever waits for it finds it again.
    pub fn restart_there(&mut self) -> Result<()> {
        self.server = None;
        let log = File::options().create(true).append(true).open(self.root.path().join("server.log"))?;
        let child = program::command_under(&self.under, "chartroom")?
            .arg("serve")
            .arg("--data")
            .arg(self.data())
            .args(["--listen", &format!("127.0.0.1:{}", self.port)])
            .args(["--ocr-workers", &self.readers.to_string()])
            .args(&self.serve)
            .envs(self.environment.clone())
            .stdout(Stdio::from(log.try_clone()?))
            .stderr(Stdio::from(log))
            .spawn()?;
        self.server = Some(Guarded(child));
        self.wait_until_up()
    }

    fn wait_until_up(&mut self) -> Result<()> {
        let url = format!("{}/healthz", self.url());
        program::wait_for("the server to answer", || {
            if let Some(status) = self.server.as_mut().and_then(|server| server.0.try_wait().transpose()).transpose()? {
                bail!("the server ended with {status}: {}", self.server_log()?);
            }
            Ok(reqwest::blocking::get(&url).ok().filter(|answer| answer.status().is_success()).map(|_| ()))
        })
    }

    pub fn server_log(&self) -> Result<String> {
        Ok(fs::read_to_string(self.root.path().join("server.log"))?)
    }

    /// `kill -9`, in the middle of whatever it does.
    pub fn kill_server(&mut self) -> Result<()> {
        match self.server.take() {
            Some(mut server) => server.kill_9(),
            None => Ok(()),
        }
    }

    /// SIGTERM, as a service manager sends it, and waits for the end.
    pub fn stop_server(&mut self) -> Result<ExitStatus> {
        let process = match self.under.is_empty() {
            true => self.server_pid(),
            // The child of whoever watches it, by proc(5).
            false => {
                let watcher = self.server_pid().context("the server runs")?;
                fs::read_to_string(format!("/proc/{watcher}/task/{watcher}/children"))?.trim().parse().ok()
            }
        };
        let process = process.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)).context("the server runs")?;
        let mut server = self.server.take().context("the server runs")?;
        kill_process(process, Signal::TERM)?;
        Ok(server.0.wait()?)
    }

    pub fn server_pid(&self) -> Option<u32> {
        self.server.as_ref().map(|server| server.0.id())
    }

    /// A new token of this role.
    pub fn token(&self, role: &str) -> Result<String> {
        let output = self.chartroom(&["token", "create", "--role", role, "--name", role])?;
        Ok(program::succeed("chartroom token", output)?.trim().to_owned())
    }

    pub fn caller(&self, role: &str) -> Result<Caller> {
        Caller::new(&self.url(), &self.token(role)?)
    }

    /// A `scanner-agent` command of this site's one station; `action` comes first.
    pub fn station(&self, action: &str, token: &str) -> Result<Command> {
        let mut command = program::command("scanner-agent")?;
        command.arg(action).arg("--server").arg(self.url()).arg("--spool").arg(self.spool());
        command.env("CHARTROOM_TOKEN", token);
        Ok(command)
    }

    pub fn spool(&self) -> PathBuf {
        self.root.path().join("spool")
    }

    /// Imports, waits until all is findable, and returns what the agent reports as JSON. Files
    /// may have been refused (exit code 3): the report says which.
    pub fn import(&self, token: &str, paths: &[PathBuf], more: &[&str]) -> Result<Value> {
        let output = self.station("import", token)?.args(["--wait", "--json"]).args(more).args(paths).output()?;
        let text = match output.status.code() {
            Some(3) => String::from_utf8(output.stdout)?,
            _ => program::succeed("scanner-agent import", output)?,
        };
        serde_json::from_str(&text).with_context(|| format!("the agent's report is JSON: {text}"))
    }

    /// Enrols this site's station, whose key is made with its first batch; gives the line of its key.
    pub fn enrol_station(&self) -> Result<String> {
        let words = ["--patient", crate::samples::MRN];
        let mut import = self.station("import", &self.token("technician")?)?;
        program::succeed("scanner-agent", import.args(words).arg(crate::samples::path("lab-report.tif")).output()?)?;
        let key = program::command("scanner-agent")?.args(["key", "--spool"]).arg(self.spool()).output()?;
        let key = program::succeed("scanner-agent key", key)?;
        let line = key.lines().last().context("a line")?.to_owned();
        program::succeed("chartroom station", self.chartroom(&["station", "enrol", &line])?)?;
        Ok(line)
    }

    /// `chartroom-verify --json` over this site's store: exit code and report.
    pub fn verify(&self) -> Result<(i32, Value)> {
        self.verify_with(&[])
    }

    /// Likewise, with more words.
    pub fn verify_with(&self, more: &[String]) -> Result<(i32, Value)> {
        let output = program::command("chartroom-verify")?
            .args(["--json", "--store", &self.address, "--key"])
            .arg(self.log_key())
            .args(more)
            .envs(self.environment.clone())
            .output()?;
        let code = output.status.code().context("chartroom-verify was killed")?;
        let report = serde_json::from_slice(&output.stdout).with_context(|| {
            let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            format!("a report in JSON, not {out:?}: {err}")
        })?;
        Ok((code, report))
    }

    /// An account that can log in.
    pub fn account(&self, login: &str, role: &str, password: &str) -> Result<()> {
        let words = ["account", "create", "--login", login, "--role", role, "--password-stdin"];
        let mut child = self.command(&words)?.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        child.stdin.take().context("a pipe")?.write_all(password.as_bytes())?;
        ensure!(child.wait()?.success(), "the account was not made");
        Ok(())
    }

    pub fn chartroom(&self, words: &[&str]) -> Result<Output> {
        Ok(self.command(words)?.output()?)
    }

    /// `chartroom WORDS[0] --data DATA WORDS[1..]`.
    fn command(&self, words: &[&str]) -> Result<Command> {
        let mut command = program::command("chartroom")?;
        command.arg(words[0]).arg("--data").arg(self.data()).args(&words[1..]).envs(self.environment.clone());
        Ok(command)
    }
}
