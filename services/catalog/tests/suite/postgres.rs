//! A PostgreSQL of our own for the length of a test run, on a Unix socket in a temporary folder.
//!
//! Needs only the programs of Debian's package `postgresql`; no service has to run. The server ends with the
//! test process, even when that is killed: it watches a pipe that the process holds. So `Server`
//! may live in a `static`.
//!
//! This file depends on nothing of the catalog; other test packages may include it by `#[path]`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

pub struct Server {
    programs: PathBuf,
    folder: PathBuf,
    databases: AtomicU32,
    /// Its standard input is the pipe; never waited for, because it ends after us.
    _watchdog: Child,
}

impl Server {
    /// # Panics
    /// Where PostgreSQL is not installed or does not start: the tests cannot say anything then.
    pub fn start() -> Self {
        let programs = programs();
        let folder = private_folder();
        let data = folder.join("data");
        let made = as_owner(&programs.join("initdb"))
            .args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "-D"])
            .arg(&data)
            .output()
            .expect("initdb runs");
        must(&made, "initdb");
        let watchdog = watched(&programs, &folder, &data);
        let server = Self { programs, folder, databases: AtomicU32::new(0), _watchdog: watchdog };
        server.wait_until_ready();
        server
    }

    /// The address of a new, empty database.
    pub fn database(&self) -> String {
        let name = format!("chartroom_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        must(&self.client("createdb").arg(&name).output().expect("createdb runs"), "createdb");
        format!("postgres://postgres@localhost/{name}?host={}", self.folder.display())
    }

    fn wait_until_ready(&self) {
        for _ in 0..300 {
            if self.client("pg_isready").output().is_ok_and(|output| output.status.success()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        panic!("PostgreSQL was not ready within 30 seconds; its log says:\n{log}");
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-h").arg(&self.folder).args(["-U", "postgres"]).current_dir("/");
        command
    }
}

/// The newest installed version's programs: Debian keeps them off the PATH.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter(|version| version.path().join("bin/initdb").exists())
        .max_by_key(|version| version.file_name().to_string_lossy().parse::<u32>().unwrap_or(0));
    newest.expect("PostgreSQL is not installed: run scripts/setup, then the tests again").path().join("bin")
}

/// A folder of the user that the server runs as.
fn private_folder() -> PathBuf {
    let folder = tempfile::Builder::new().prefix("chartroom-postgres-").tempdir().expect("a temporary folder").keep();
    if is_root() {
        let owned = Command::new("chown").arg("postgres:").arg(&folder).output().expect("chown runs");
        must(&owned, "chown");
    }
    folder
}

/// PostgreSQL refuses to run as root, so there it runs as Debian's user `postgres`.
fn as_owner(program: &Path) -> Command {
    let mut command = if is_root() { Command::new("runuser") } else { Command::new("env") };
    if is_root() {
        command.args(["-u", "postgres", "--"]);
    }
    command.arg(program).current_dir("/");
    command
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id runs");
    id.stdout == b"0\n"
}

/// A shell that runs the server until its own standard input ends, and then removes the folder.
fn watched(programs: &Path, folder: &Path, data: &Path) -> Child {
    // fsync=off: nothing here has to survive a power cut, and the tests are about the catalog.
    let script = r#"
        "$1/postgres" -D "$3" -k "$2" -c listen_addresses= -c fsync=off -c max_connections=200 >"$2/log" 2>&1 &
        server=$!
        cat >/dev/null
        kill -QUIT $server
        wait $server
        rm -rf "$2"
    "#;
    as_owner(Path::new("sh"))
        .args(["-c", script, "sh"])
        .args([programs, folder, data])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell runs")
}

fn must(output: &Output, what: &str) {
    assert!(output.status.success(), "{what} failed:\n{}", String::from_utf8_lossy(&output.stderr));
}
