//! How far is it, how long will it take, and from where may another run go on?

use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use archive::verify::{Progress, Resume};

/// Shows progress on a terminal five times a second, and elsewhere a line every ten.
pub struct Meter {
    started: Instant,
    shown: Option<Instant>,
    terminal: bool,
    /// Bytes that earlier runs have hashed.
    before: u64,
    file: Option<PathBuf>,
    /// The first error of keeping the file; verification goes on without.
    failed: Option<anyhow::Error>,
}

impl Meter {
    pub fn new(file: Option<PathBuf>, before: u64) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { started: Instant::now(), shown: None, terminal, before, file, failed: None }
    }

    pub fn show(&mut self, progress: Progress) {
        if let (Some(file), Some(resume)) = (&self.file, &progress.resume) {
            self.failed = self.failed.take().or_else(|| keep(file, resume).err());
        }
        let pause = Duration::from_millis(if self.terminal { 200 } else { 10_000 });
        if self.shown.unwrap_or(self.started).elapsed() < pause {
            return;
        }
        self.shown = Some(Instant::now());
        let text = self.text(&progress);
        if self.terminal { eprint!("\r\x1b[K{text}") } else { eprintln!("{text}") }
    }

    fn text(&self, progress: &Progress) -> String {
        let Progress { stage, done, of, bytes, of_bytes, .. } = *progress;
        let hashed = bytes.saturating_sub(self.before);
        if hashed == 0 {
            return format!("{stage}: {done} of {of}");
        }
        // Events and manifests are done by now and were quick, so bytes tell the time.
        let left = self.started.elapsed().as_secs_f64() * of_bytes.saturating_sub(bytes) as f64 / hashed as f64;
        format!("{stage}: {done} of {of}, {} of {} MiB, about {left:.0} s left", bytes >> 20, of_bytes >> 20)
    }

    /// The run came to its end: the next one starts afresh.
    pub fn finish(self) -> Result<()> {
        if self.terminal && self.shown.is_some() {
            eprint!("\r\x1b[K");
        }
        if let Some(error) = self.failed {
            eprintln!("chartroom-verify: failed to {error:#}");
        }
        match self.file.filter(|file| file.exists()) {
            Some(file) => fs::remove_file(&file).with_context(|| format!("remove {}", file.display())),
            None => Ok(()),
        }
    }
}

/// Whole or not at all: a run may end at any moment.
fn keep(file: &Path, resume: &Resume) -> Result<()> {
    let beside = file.with_extension("part");
    fs::write(&beside, serde_json::to_vec(resume)?).with_context(|| format!("write {}", beside.display()))?;
    fs::rename(&beside, file).with_context(|| format!("write {}", file.display()))
}
