//! The binaries under test, and how to run them.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

/// The path of one of our binaries, built by `scripts/test` before the suite runs.
pub fn path(name: &str) -> Result<PathBuf> {
    // The suite runs as target/release/deps/suite-…; the binaries stand two levels up.
    let suite = std::env::current_exe()?;
    let directory = suite.ancestors().nth(2).context("the suite runs inside a target directory")?;
    let direct = directory.join(name);
    let path = if direct.is_file() { direct } else { suite.with_file_name(name) };
    ensure!(path.is_file(), "{name} is not built; run scripts/test, or cargo build --release --workspace --bins");
    Ok(path)
}

/// A command for one of our binaries that inherits nothing an operator might have set.
pub fn command(name: &str) -> Result<Command> {
    command_under(&[], name)
}

/// Likewise, run by another program: the first of these words, which are followed by ours.
pub fn command_under(words: &[OsString], name: &str) -> Result<Command> {
    let mut words: Vec<OsString> = words.to_vec();
    words.push(path(name)?.into());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("CHARTROOM_") {
            command.env_remove(key);
        }
    }
    command.env("OMP_THREAD_LIMIT", "1").stdin(Stdio::null());
    Ok(command)
}

/// Runs one of our binaries to its end and returns what it wrote, whatever its exit code.
pub fn output<I, S>(name: &str, args: I) -> Result<Output>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    command(name)?.args(args).output().with_context(|| format!("running {name}"))
}

/// Like [`output`], but anything other than exit code 0 is an error that shows stderr.
pub fn stdout<I, S>(name: &str, args: I) -> Result<String>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    succeed(name, output(name, args)?)
}

/// The standard output of a program that succeeded.
pub fn succeed(name: &str, output: Output) -> Result<String> {
    if !output.status.success() {
        bail!("{name} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Where `scripts/setup --tests` puts what is not Debian's.
pub fn cache() -> Result<PathBuf> {
    if let Some(cache) = std::env::var_os("CHARTROOM_CACHE") {
        return Ok(cache.into());
    }
    let home = std::env::var_os("HOME").context("HOME is set")?;
    Ok(PathBuf::from(home).join(".cache/chartroom"))
}

/// A child that is killed when the test lets go of it, however the test ends.
pub struct Guarded(pub Child);

impl Guarded {
    pub fn kill_9(&mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // The child may have ended by itself; there is nothing else to do about it here.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks again and again until the answer is there. The bound is only for tests that fail:
/// machines are slow, so it is generous.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + Duration::from_secs(180);
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        ensure!(Instant::now() < deadline, "gave up waiting for {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
