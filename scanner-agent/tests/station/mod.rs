//! A station of its own: the real program, a spool in a folder that goes away, and one batch in it.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_scanner-agent");

pub struct Station {
    pub folder: tempfile::TempDir,
    /// That the words are about.
    pub batch: String,
}

impl Station {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), batch: String::new() }
    }

    pub fn spool(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    pub fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(words).arg("--json").arg("--spool").arg(self.spool());
        command.env_remove("CHARTROOM_SERVER").env_remove("CHARTROOM_TOKEN").output().expect("runs")
    }

    pub fn json(&self, words: &[&str]) -> Value {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    pub fn batch(&self, words: &[&str]) -> Value {
        self.json(&[&["batch", &self.batch], words].concat())
    }

    pub fn refused(&self, words: &[&str]) -> String {
        let output = self.run(&[&["batch", &self.batch], words].concat());
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}
