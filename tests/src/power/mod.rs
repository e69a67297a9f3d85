//! What is left of a folder when the power is cut?
//!
//! The system calls of a program are recorded with strace ([`calls`]) and played into a model of a file system ([`model`]) that keeps what
//! POSIX promises and nothing more: bytes of a file that was synced, names in a folder that was synced. Of the rest each write and
//! each name may have come to the disk or not, in any order, and a write in part or as zeros (T. S. Pillai and others, All File
//! Systems Are Not Created Equal, OSDI 2014).

mod calls;
mod model;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use self::calls::Calls;
use self::model::Model;
use crate::chance::Chance;
use crate::site::Site;

/// One call that has succeeded.
#[derive(Debug, Clone)]
enum Step {
    /// A file, where there is none of this name.
    Create(PathBuf),
    Folder(PathBuf),
    /// From this place of the file on; at its end where none is said.
    Write(PathBuf, Option<u64>, Vec<u8>),
    /// The file has so many bytes from then on.
    Cut(PathBuf, u64),
    Link(PathBuf, PathBuf),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    Sync(PathBuf),
    /// On standard output, or as an answer over the network: what somebody now relies on.
    Said(String),
}

impl Step {
    /// Where it was done.
    fn place(&self) -> &Path {
        match self {
            Self::Create(path)
            | Self::Folder(path)
            | Self::Write(path, ..)
            | Self::Cut(path, _)
            | Self::Remove(path)
            | Self::Sync(path) => path,
            Self::Link(_, to) | Self::Rename(_, to) => to,
            Self::Said(_) => Path::new(""),
        }
    }
}

/// What a program did to a folder, in order.
#[derive(Debug, Clone)]
pub struct Trace {
    root: PathBuf,
    before: Model,
    steps: Vec<Step>,
}

impl Trace {
    /// Runs the program to its end, which has to be a good one. `root` is a real path, and there.
    pub fn record(root: &Path, program: &Path, words: &[&str]) -> Result<Self> {
        let (before, file) = (Model::of(root)?, root.with_extension("trace"));
        let tracer = calls::tracer(&file);
        let output = Command::new(&tracer[0]).args(&tracer[1..]).arg(program).args(words).output();
        let output = output.context("failed to run strace")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self::read(root, before, &file)
    }

    /// Serves a site whose server is stopped while `act` does something with it, and stops it again: what that did to its data folder.
    pub fn of_server(site: &mut Site, act: impl FnOnce(&Site) -> Result<()>) -> Result<Self> {
        let (root, file) = (site.data(), site.root().join("server.trace"));
        let before = Model::of(&root)?;
        site.serve_under(calls::tracer(&file))?;
        act(site)?;
        site.stop_server()?;
        Self::read(&root, before, &file)
    }

    fn read(root: &Path, before: Model, file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file)?;
        fs::remove_file(file)?;
        let mut calls = Calls::below(root);
        let steps = calls::whole_lines(&text).iter().flat_map(|line| calls.steps(line)).collect();
        Ok(Self { root: root.to_owned(), before, steps })
    }

    pub fn steps(&self) -> usize {
        self.steps.len()
    }

    pub fn syncs(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Sync(_))).count()
    }

    /// How often something was written to such files.
    pub fn writes(&self, to: impl Fn(&Path) -> bool) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Write(path, ..) if to(path))).count()
    }

    /// As if the program had synced nothing.
    pub fn unsynced(self) -> Self {
        self.without_syncs_of(|_| true)
    }

    /// As if it had synced none of these files and folders.
    pub fn without_syncs_of(mut self, those: impl Fn(&Path) -> bool) -> Self {
        self.steps.retain(|step| !matches!(step, Step::Sync(path) if those(path)));
        self
    }

    /// One of the states in which the folder may be found after a power cut that came after so many steps, made in `into`; and
    /// what the program had said by then.
    pub fn cut(&self, steps: usize, chance: &mut Chance, into: &Path) -> Result<Vec<String>> {
        let (mut model, mut said) = (self.before.clone(), Vec::new());
        for step in self.steps.iter().take(steps) {
            match step {
                Step::Said(text) => said.push(text.clone()),
                other => model.play(other)?,
            }
        }
        model.leave(&self.root, chance, into)?;
        Ok(said)
    }
}
