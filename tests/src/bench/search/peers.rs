//! How do other search engines do on the same pages and queries? SQLite's FTS5, Xapian, Whoosh and PostgreSQL,
//! each asked by a Python program (`peers.py`) as its own documentation says, and Lucene by one in Java (`Peer.java`);
//! those that are not installed are left out, and said to be. The slow ones get fewer pages.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Class;
use crate::report::Report;

/// Engine, how many of the pages it gets.
const PEERS: [(&str, u32); 5] =
    [("fts5", 100_000), ("lucene", 100_000), ("postgresql", 100_000), ("xapian", 20_000), ("whoosh", 10_000)];
/// Lucene as Debian's `liblucene8-java` installs it.
const LUCENE: &str = "/usr/share/java/lucene-core-8.7.0.jar:/usr/share/java/lucene-analyzers-common-8.7.0.jar";
/// Where `scripts/bench` has a Python with all of them.
pub fn python() -> OsString {
    std::env::var_os("BENCH_PYTHON").unwrap_or_else(|| "python3".into())
}

const PROGRAM: &str = include_str!("peers.py");
const JAVA_PROGRAM: &str = include_str!("Peer.java");

pub struct Peers {
    folder: TempDir,
    pages: BufWriter<File>,
    queries: BufWriter<File>,
    count: u32,
}

impl Peers {
    pub fn new() -> Result<Self> {
        let folder = TempDir::new()?;
        let file = |name: &str| File::create(folder.path().join(name)).map(BufWriter::new);
        let (pages, queries) = (file("pages.tsv")?, file("queries.tsv")?);
        Ok(Self { folder, pages, queries, count: 0 })
    }

    pub fn page(&mut self, text: &str) -> Result<()> {
        writeln!(self.pages, "{}\t{}", self.count, text.replace('\n', " "))?;
        self.count += 1;
        Ok(())
    }

    /// Only the classes that all of them know.
    pub fn query(&mut self, class: Class, words: &[&str]) -> Result<()> {
        if let Class::Term | Class::All | Class::Phrase = class {
            writeln!(
                self.queries,
                "{}\t{}",
                if class == Class::Phrase { "phrase" } else { class.name() },
                words.join(" ")
            )?;
        }
        Ok(())
    }

    pub fn run(&mut self, report: &mut Report) -> Result<()> {
        self.pages.flush()?;
        self.queries.flush()?;
        for (peer, pages) in PEERS {
            let line = self.ask(peer, pages)?;
            report.line(&json!({"bench": "search peer", "peer": peer, "said": line}))?;
        }
        Ok(())
    }

    /// What the program printed, or why there is no figure.
    fn ask(&self, peer: &str, pages: u32) -> Result<Value> {
        let output = self.command(peer)?.arg(pages.to_string()).output().context("starting the program that asks")?;
        if output.status.success() {
            return Ok(serde_json::from_slice(&output.stdout)?);
        }
        let reason = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
        Ok(json!({"left_out": reason}))
    }

    fn command(&self, peer: &str) -> Result<Command> {
        let folder = self.folder.path();
        if peer != "lucene" {
            let mut command = Command::new(python());
            command.args(["-c", PROGRAM]).arg(folder).arg(peer);
            return Ok(command);
        }
        let program = folder.join("Peer.java");
        std::fs::write(&program, JAVA_PROGRAM)?;
        let mut command = Command::new("java");
        command.args(["-cp", LUCENE]).arg(program).arg(folder);
        Ok(command)
    }
}
