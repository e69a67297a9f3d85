//! A file system that keeps what POSIX promises.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::Step;
use crate::chance::Chance;

/// A file by its number, so that it may have two names, or a folder.
#[derive(Debug, Clone, Copy)]
enum Node {
    File(usize),
    Folder,
}

/// A change of a file's bytes.
#[derive(Debug, Clone)]
struct Change {
    what: What,
    synced: bool,
}

#[derive(Debug, Clone)]
enum What {
    Written { at: usize, bytes: Vec<u8> },
    Cut(usize),
}

/// What was done to a file, in order, and how long it is for the program.
#[derive(Debug, Clone, Default)]
struct File {
    changes: Vec<Change>,
    len: usize,
}

/// Names that appear or go together.
#[derive(Debug, Clone)]
struct Renamed {
    names: Vec<(PathBuf, Option<Node>)>,
    synced: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Model {
    files: Vec<File>,
    renamed: Vec<Renamed>,
    /// What the program sees.
    names: BTreeMap<PathBuf, Node>,
}

impl Model {
    /// A folder as it is, all of it safe.
    pub fn of(root: &Path) -> Result<Self> {
        let (mut model, mut folders) = (Self::default(), vec![root.to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                let node = if path.is_dir() {
                    folders.push(path.clone());
                    Node::Folder
                } else {
                    let bytes = fs::read(&path)?;
                    let len = bytes.len();
                    model.files.push(File {
                        changes: vec![Change { what: What::Written { at: 0, bytes }, synced: true }],
                        len,
                    });
                    Node::File(model.files.len() - 1)
                };
                model.names.insert(path, node);
            }
        }
        let names = model.names.iter().map(|(path, node)| (path.clone(), Some(*node))).collect();
        model.renamed.push(Renamed { names, synced: true });
        Ok(model)
    }

    pub fn play(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Create(path) if self.names.contains_key(path) => {}
            Step::Create(path) => {
                self.files.push(File::default());
                self.rename(vec![(path.clone(), Some(Node::File(self.files.len() - 1)))]);
            }
            Step::Folder(path) => self.rename(vec![(path.clone(), Some(Node::Folder))]),
            Step::Write(path, at, bytes) => {
                let file = self.file(path)?;
                let at = at.map_or(Ok(file.len), usize::try_from)?;
                file.len = file.len.max(at + bytes.len());
                file.changes.push(Change { what: What::Written { at, bytes: bytes.clone() }, synced: false });
            }
            Step::Cut(path, len) => {
                let (file, len) = (self.file(path)?, usize::try_from(*len)?);
                file.len = len;
                file.changes.push(Change { what: What::Cut(len), synced: false });
            }
            Step::Link(from, to) => self.rename(vec![(to.clone(), Some(self.node(from)?))]),
            Step::Rename(from, to) => self.rename(vec![(from.clone(), None), (to.clone(), Some(self.node(from)?))]),
            Step::Remove(path) => self.rename(vec![(path.clone(), None)]),
            Step::Sync(path) => self.sync(path),
            Step::Said(_) => {}
        }
        Ok(())
    }

    fn rename(&mut self, names: Vec<(PathBuf, Option<Node>)>) {
        apply(&mut self.names, &names);
        self.renamed.push(Renamed { names, synced: false });
    }

    /// A folder's sync keeps the names in it, a file's its bytes: not its name.
    fn sync(&mut self, path: &Path) {
        if let Some(Node::File(file)) = self.names.get(path) {
            self.files[*file].changes.iter_mut().for_each(|change| change.synced = true);
            return;
        }
        let within = |change: &Renamed| change.names.iter().all(|(name, _)| name.parent() == Some(path));
        self.renamed.iter_mut().filter(|change| within(change)).for_each(|change| change.synced = true);
    }

    fn node(&self, path: &Path) -> Result<Node> {
        self.names.get(path).copied().with_context(|| format!("the trace uses {}, which is not there", path.display()))
    }

    fn file(&mut self, path: &Path) -> Result<&mut File> {
        match self.node(path)? {
            Node::File(file) => Ok(&mut self.files[file]),
            Node::Folder => bail!("the trace writes to the folder {}", path.display()),
        }
    }

    /// What comes through, made below `into` instead of `root`.
    pub fn leave(&self, root: &Path, chance: &mut Chance, into: &Path) -> Result<()> {
        let mut names = BTreeMap::new();
        for change in &self.renamed {
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
                Node::File(file) if is_mapped(&path) => leave_mapped(&target, &contents[file], chance)?,
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

/// SQLite's shared memory: what is in it is written by no call, and nobody syncs it.
fn is_mapped(path: &Path) -> bool {
    path.to_string_lossy().ends_with("-shm")
}

/// It is gone, or anything is in it.
fn leave_mapped(target: &Path, bytes: &[u8], chance: &mut Chance) -> Result<()> {
    let mut bytes = bytes.to_vec();
    match chance.below(3) {
        0 => return Ok(()),
        1 => {}
        _ => bytes.iter_mut().for_each(|byte| *byte = chance.below(256) as u8),
    }
    Ok(fs::write(target, bytes)?)
}

/// The bytes of a file of which not all was synced: all, some, zeros or nothing of each write, each cut or not.
fn survived(file: &File, chance: &mut Chance) -> Vec<u8> {
    let mut left = Vec::new();
    for Change { what, synced } in &file.changes {
        let fate = if *synced { 0 } else { chance.below(4) };
        match (what, fate) {
            (What::Written { at, bytes }, 0) => put(&mut left, *at, bytes),
            (What::Written { at, bytes }, 1) => put(&mut left, *at, &bytes[..chance.below(bytes.len())]),
            (What::Written { at, bytes }, 2) => put(&mut left, *at, &vec![0; bytes.len()]),
            (What::Cut(len), 0 | 1) => left.resize(*len, 0),
            _ => {}
        }
    }
    left
}

/// Over what is there; what lies before it and was never written is zeros.
fn put(left: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if left.len() < end {
        left.resize(end, 0);
    }
    left[at..end].copy_from_slice(bytes);
}
