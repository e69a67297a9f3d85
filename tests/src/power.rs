//! What is left of a folder when the power is cut?
//!
//! The system calls of a program are recorded with strace and played into a model of a file system that keeps what POSIX
//! promises and nothing more: bytes of a file that was synced, names in a folder that was synced. Of the rest each write and each
//! name may have come to the disk or not, in any order, and a write in part or as zeros (T. S. Pillai and others, All File Systems
//! Are Not Created Equal, OSDI 2014).

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::chance::Chance;

const CALLS: &str = "openat,mkdir,mkdirat,link,linkat,rename,renameat,renameat2,unlink,unlinkat,fsync,fdatasync,write";

/// One call that has succeeded.
#[derive(Debug, Clone)]
enum Step {
    Create(PathBuf),
    Folder(PathBuf),
    Write(PathBuf, Vec<u8>),
    Link(PathBuf, PathBuf),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    Sync(PathBuf),
    /// On standard output: what somebody now relies on.
    Said(String),
}

impl Step {
    /// Where it was done.
    fn place(&self) -> &Path {
        match self {
            Self::Create(path) | Self::Folder(path) | Self::Write(path, _) | Self::Remove(path) | Self::Sync(path) => {
                path
            }
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
        let before = Model::of(root)?;
        let trace = root.with_extension("trace");
        let output = Command::new("strace")
            .args(["-f", "-qq", "-y", "-xx", "-s", "1000000", "--seccomp-bpf", "-e", &format!("trace={CALLS}"), "-o"])
            .arg(&trace)
            .arg(program)
            .args(words)
            .output()
            .context("failed to run strace")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = fs::read_to_string(&trace)?;
        fs::remove_file(&trace)?;
        let steps = whole_lines(&text).iter().filter_map(|line| step(line, root)).collect();
        Ok(Self { root: root.to_owned(), before, steps })
    }

    pub fn steps(&self) -> usize {
        self.steps.len()
    }

    pub fn syncs(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Sync(_))).count()
    }

    /// As if the program had synced nothing.
    pub fn unsynced(mut self) -> Self {
        self.steps.retain(|step| !matches!(step, Step::Sync(_)));
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

/// A file by its number, so that it may have two names, or a folder.
#[derive(Debug, Clone, Copy)]
enum Node {
    File(usize),
    Folder,
}

#[derive(Debug, Clone)]
struct Written {
    bytes: Vec<u8>,
    synced: bool,
}

/// Names that appear or go together.
#[derive(Debug, Clone)]
struct Change {
    names: Vec<(PathBuf, Option<Node>)>,
    synced: bool,
}

#[derive(Debug, Clone, Default)]
struct Model {
    /// What was written to each file, in order.
    files: Vec<Vec<Written>>,
    changes: Vec<Change>,
    /// What the program sees.
    names: BTreeMap<PathBuf, Node>,
}

impl Model {
    /// A folder as it is, all of it safe.
    fn of(root: &Path) -> Result<Self> {
        let (mut model, mut folders) = (Self::default(), vec![root.to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                let node = if path.is_dir() {
                    folders.push(path.clone());
                    Node::Folder
                } else {
                    model.files.push(vec![Written { bytes: fs::read(&path)?, synced: true }]);
                    Node::File(model.files.len() - 1)
                };
                model.names.insert(path, node);
            }
        }
        let names = model.names.iter().map(|(path, node)| (path.clone(), Some(*node))).collect();
        model.changes.push(Change { names, synced: true });
        Ok(model)
    }

    fn play(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Create(path) => {
                self.files.push(Vec::new());
                self.change(vec![(path.clone(), Some(Node::File(self.files.len() - 1)))]);
            }
            Step::Folder(path) => self.change(vec![(path.clone(), Some(Node::Folder))]),
            Step::Write(path, bytes) => {
                let file = self.file(path)?;
                self.files[file].push(Written { bytes: bytes.clone(), synced: false });
            }
            Step::Link(from, to) => self.change(vec![(to.clone(), Some(self.node(from)?))]),
            Step::Rename(from, to) => self.change(vec![(from.clone(), None), (to.clone(), Some(self.node(from)?))]),
            Step::Remove(path) => self.change(vec![(path.clone(), None)]),
            Step::Sync(path) => self.sync(path),
            Step::Said(_) => {}
        }
        Ok(())
    }

    fn change(&mut self, names: Vec<(PathBuf, Option<Node>)>) {
        apply(&mut self.names, &names);
        self.changes.push(Change { names, synced: false });
    }

    /// A folder's sync keeps the names in it, a file's its bytes: not its name.
    fn sync(&mut self, path: &Path) {
        if let Some(Node::File(file)) = self.names.get(path) {
            self.files[*file].iter_mut().for_each(|written| written.synced = true);
            return;
        }
        let within = |change: &Change| change.names.iter().all(|(name, _)| name.parent() == Some(path));
        self.changes.iter_mut().filter(|change| within(change)).for_each(|change| change.synced = true);
    }

    fn node(&self, path: &Path) -> Result<Node> {
        self.names.get(path).copied().with_context(|| format!("the trace uses {}, which is not there", path.display()))
    }

    fn file(&self, path: &Path) -> Result<usize> {
        match self.node(path)? {
            Node::File(file) => Ok(file),
            Node::Folder => bail!("the trace writes to the folder {}", path.display()),
        }
    }

    /// What comes through, made below `into` instead of `root`.
    fn leave(&self, root: &Path, chance: &mut Chance, into: &Path) -> Result<()> {
        let mut names = BTreeMap::new();
        for change in &self.changes {
            if change.synced || chance.below(2) == 0 {
                apply(&mut names, &change.names);
            }
        }
        let contents: Vec<Vec<u8>> = self.files.iter().map(|file| survived(file, chance)).collect();
        let mut folders = HashSet::from([root.to_owned()]);
        fs::create_dir_all(into)?;
        // In the order of their names: a folder before what is in it, which is lost with it.
        for (path, node) in names {
            if !path.parent().is_some_and(|folder| folders.contains(folder)) {
                continue;
            }
            let target = into.join(path.strip_prefix(root)?);
            match node {
                Node::File(file) => fs::write(target, &contents[file])?,
                Node::Folder => {
                    fs::create_dir(target)?;
                    folders.insert(path);
                }
            }
        }
        Ok(())
    }
}

fn apply(names: &mut BTreeMap<PathBuf, Node>, changed: &[(PathBuf, Option<Node>)]) {
    for (path, node) in changed {
        match node {
            Some(node) => names.insert(path.clone(), *node),
            None => names.remove(path),
        };
    }
}

/// The bytes of a file of which not all was synced: all, some, zeros or nothing of each write.
fn survived(file: &[Written], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = Vec::new();
    for written in file {
        let length = written.bytes.len();
        match if written.synced { 0 } else { chance.below(4) } {
            0 => bytes.extend(&written.bytes),
            1 => bytes.extend(&written.bytes[..chance.below(length)]),
            2 => bytes.resize(bytes.len() + length, 0),
            _ => {}
        }
    }
    bytes
}

/// A call during which another thread made one is on two lines.
fn whole_lines(text: &str) -> Vec<String> {
    let (mut lines, mut begun) = (Vec::new(), BTreeMap::new());
    for line in text.lines() {
        let (thread, call) = line.split_once(' ').unwrap_or((line, ""));
        let call = call.trim_start();
        if let Some(beginning) = call.strip_suffix(" <unfinished ...>") {
            begun.insert(thread.to_owned(), beginning.to_owned());
        } else if let Some((_, end)) = call.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>")) {
            lines.push(begun.remove(thread).unwrap_or_default() + end);
        } else {
            lines.push(call.to_owned());
        }
    }
    lines
}

/// What a line of strace says was done below `root`; nothing where it failed or was done elsewhere.
fn step(line: &str, root: &Path) -> Option<Step> {
    let (call, rest) = line.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(" = ")?;
    if result.starts_with('-') {
        return None;
    }
    let (texts, files) = (between(arguments, "\"", '"'), between(arguments, "<\\x", '>'));
    let path = |n: usize| texts.get(n).map(|name| PathBuf::from(String::from_utf8_lossy(name).into_owned()));
    let file = || files.first().map(|name| PathBuf::from(String::from_utf8_lossy(name).into_owned()));
    let step = match call {
        "write" if arguments.starts_with("1<") => {
            return Some(Step::Said(String::from_utf8_lossy(texts.first()?).trim().to_owned()));
        }
        "write" => Step::Write(file()?, texts.first()?.clone()),
        "fsync" | "fdatasync" => Step::Sync(file()?),
        "openat" if arguments.contains("O_CREAT") => Step::Create(path(0)?),
        "mkdir" | "mkdirat" => Step::Folder(path(0)?),
        "link" | "linkat" => Step::Link(path(0)?, path(1)?),
        "rename" | "renameat" | "renameat2" => Step::Rename(path(0)?, path(1)?),
        "unlink" | "unlinkat" => Step::Remove(path(0)?),
        _ => return None,
    };
    step.place().starts_with(root).then_some(step)
}

/// The byte strings that stand between these marks, as strace writes them with `-xx`: `\x2f\x61`.
fn between(text: &str, begin: &str, end: char) -> Vec<Vec<u8>> {
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some((_, after)) = rest.split_once(begin) {
        let (hex, next) = after.split_once(end).unwrap_or((after, ""));
        let digits = hex.split("\\x").filter(|digits| !digits.is_empty());
        found.push(digits.filter_map(|digits| u8::from_str_radix(digits, 16).ok()).collect());
        rest = next;
    }
    found
}
