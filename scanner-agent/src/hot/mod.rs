//! Which sets stand in a hot folder, which of them are whole, and whose are they while they are taken in?
//!
//! A set is a file with its index, or a folder with all that is in it. It is ours by a rename, so that its writer finds the
//! name free again, and it is put away by another; a crash between the two leaves it in `taking`, where it is found again:
//!
//! ```text
//! FOLDER/BATCH001          written by the scanner
//! FOLDER/taking/<id>/…     taken in; the journal names files here
//! FOLDER/done/<id>/…       its pages are durable in the spool
//! FOLDER/refused/<id>/…    not all of it could be taken in; <id>.txt says why
//! ```

pub mod index;
pub mod whole;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use record::BatchId;

use crate::files::children;
use crate::spool::durable;

const TAKING: &str = "taking";
const DONE: &str = "done";
const REFUSED: &str = "refused";
/// Names that programs give to what they have not finished.
const UNFINISHED: [&str; 4] = ["tmp", "part", "partial", "filepart"];

#[derive(Debug, Clone)]
pub struct Terms {
    pub steady: Duration,
    pub patience: Duration,
    pub with_index: bool,
    pub mappings: Vec<index::Mapping>,
}

/// A set as the scanner left it: its index, then the file or folder itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    pub name: String,
    parts: Vec<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Somebody may be writing it.
    Settling,
    /// It is steady, but something is missing.
    Unfinished(String),
    /// As before, and for too long.
    Stuck(String),
    Whole,
}

/// A file, its size and its time: what changes when somebody writes.
type Facts = Vec<(PathBuf, u64, Option<SystemTime>)>;

struct Seen {
    facts: Facts,
    since: Instant,
    /// What is missing, once that was looked for.
    fault: Option<Option<String>>,
}

impl Seen {
    /// By the files' own times, which outlive this program; by our clock where theirs lie in the future.
    fn is_older(&self, patience: Duration) -> bool {
        let newest = self.facts.iter().filter_map(|(_, _, time)| *time).max();
        let age = newest.and_then(|time| time.elapsed().ok()).unwrap_or_else(|| self.since.elapsed());
        age >= patience
    }
}

/// What is ours until it is put away.
#[derive(Debug, Clone)]
pub struct Claim {
    pub id: String,
    /// The file or folder itself.
    pub main: PathBuf,
    folder: PathBuf,
}

pub struct HotFolder {
    pub path: PathBuf,
    terms: Terms,
    seen: BTreeMap<String, Seen>,
}

impl HotFolder {
    /// # Errors
    /// Where the folder cannot be listed, or is what belongs into one.
    pub fn open(path: &Path, terms: Terms) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        if children(&path)?.iter().any(|child| child.ends_with("INDEX.DAT")) {
            return Err(io::Error::other("it is a batch itself (INDEX.DAT lies in it): watch the folder above it"));
        }
        Ok(Self { path, terms, seen: BTreeMap::new() })
    }

    /// Every set that stands in the folder, in natural order.
    pub fn look(&mut self) -> io::Result<Vec<(Set, Verdict)>> {
        let sets = self.sets()?;
        self.seen.retain(|name, _| sets.iter().any(|set| set.name == *name));
        sets.into_iter().map(|set| self.judge(&set).map(|verdict| (set, verdict))).collect()
    }

    fn sets(&self) -> io::Result<Vec<Set>> {
        let entries = children(&self.path)?;
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_set = |path: &&PathBuf| {
            let unfinished = path.extension().is_some_and(|end| UNFINISHED.iter().any(|known| end == *known));
            !(unfinished || [TAKING, DONE, REFUSED].contains(&name(path).as_str()) || index::is_index(path))
        };
        let index_of = |main: &Path| {
            let index = format!("{}.index.xml", name(main));
            entries.iter().find(|entry| name(entry) == index).cloned()
        };
        let set = |main: &PathBuf| Set {
            name: name(main),
            parts: index_of(main).into_iter().chain([main.clone()]).collect(),
        };
        Ok(entries.iter().filter(is_set).map(set).collect())
    }

    fn judge(&mut self, set: &Set) -> io::Result<Verdict> {
        let facts = facts(&set.parts)?;
        let seen = self.seen.entry(set.name.clone()).or_insert_with(|| Seen {
            facts: Vec::new(),
            since: Instant::now(),
            fault: None,
        });
        if facts.is_empty() || seen.facts != facts {
            *seen = Seen { facts, since: Instant::now(), fault: None };
            return Ok(Verdict::Settling);
        }
        if seen.since.elapsed() < self.terms.steady {
            return Ok(Verdict::Settling);
        }
        let fault = seen.fault.get_or_insert_with(|| fault(&seen.facts, &self.terms));
        Ok(match fault.clone() {
            None => Verdict::Whole,
            Some(reason) if seen.is_older(self.terms.patience) => Verdict::Stuck(reason),
            Some(reason) => Verdict::Unfinished(reason),
        })
    }

    /// Makes a set ours. The file or folder itself is moved last: a claim without it is none. `None` where somebody wrote
    /// to the set meanwhile.
    pub fn claim(&self, set: &Set, id: BatchId) -> io::Result<Option<Claim>> {
        let folder = self.path.join(TAKING).join(id.to_string());
        durable::make_directory(&folder)?;
        for part in &set.parts {
            fs::rename(part, folder.join(part.file_name().unwrap_or_default()))?;
        }
        durable::sync_directory(&folder)?;
        durable::sync_directory(&self.path)?;
        let claim = Claim { id: id.to_string(), main: folder.join(&set.name), folder };
        let before = self.seen.get(&set.name).map(|seen| sizes(&seen.facts));
        if before == Some(sizes(&claim.facts()?)) {
            return Ok(Some(claim));
        }
        self.give_back(&claim.folder)?;
        Ok(None)
    }

    /// What a crash left in `taking`. Where the set itself had not come along, its index goes back.
    pub fn left(&self) -> io::Result<Vec<Claim>> {
        let taking = self.path.join(TAKING);
        let mut claims = Vec::new();
        for folder in if taking.exists() { children(&taking)? } else { Vec::new() } {
            match children(&folder)?.into_iter().find(|part| !index::is_index(part)) {
                Some(main) => {
                    let id = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    claims.push(Claim { id, main, folder });
                }
                None => self.give_back(&folder)?,
            }
        }
        Ok(claims)
    }

    fn give_back(&self, folder: &Path) -> io::Result<()> {
        for part in children(folder)? {
            let name = part.file_name().unwrap_or_default();
            let there = self.path.join(name);
            // The scanner may have used the name again.
            let to = if there.exists() { self.path.join(format!("again-{}", name.display())) } else { there };
            fs::rename(&part, to)?;
        }
        fs::remove_dir(folder)?;
        durable::sync_directory(&self.path)
    }

    /// Its pages are safe in the spool.
    pub fn put_away(&self, claim: &Claim) -> io::Result<PathBuf> {
        self.rename(claim, DONE)
    }

    /// Not all of it could be taken in; `why` is for whoever finds it there.
    pub fn refuse(&self, claim: &Claim, why: &str) -> io::Result<PathBuf> {
        let refused = self.path.join(REFUSED);
        durable::make_directory(&refused)?;
        durable::write(&refused.join(format!("{}.txt", claim.id)), why.as_bytes())?;
        self.rename(claim, REFUSED)
    }

    fn rename(&self, claim: &Claim, to: &str) -> io::Result<PathBuf> {
        let folder = self.path.join(to);
        durable::make_directory(&folder)?;
        let target = folder.join(&claim.id);
        fs::rename(&claim.folder, &target)?;
        durable::sync_directory(&folder)?;
        durable::sync_directory(&self.path.join(TAKING))?;
        Ok(target)
    }
}

impl Claim {
    pub fn name(&self) -> String {
        self.main.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Every file of it.
    pub fn files(&self) -> io::Result<Vec<PathBuf>> {
        Ok(self.facts()?.into_iter().map(|(path, ..)| path).collect())
    }

    fn facts(&self) -> io::Result<Facts> {
        facts(&children(&self.folder)?)
    }
}

fn facts(parts: &[PathBuf]) -> io::Result<Facts> {
    let mut found = Vec::new();
    for part in parts {
        let about = match fs::symlink_metadata(part) {
            Ok(about) => about,
            // It went between listing and looking: somebody is at it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        if about.is_dir() {
            found.extend(facts(&children(part)?)?);
        } else {
            found.push((part.clone(), about.len(), about.modified().ok()));
        }
    }
    Ok(found)
}

/// The same wherever the set lies.
fn sizes(facts: &Facts) -> Vec<(&std::ffi::OsStr, u64, Option<SystemTime>)> {
    let mut sizes: Vec<_> =
        facts.iter().map(|(path, size, time)| (path.file_name().unwrap_or_default(), *size, *time)).collect();
    sizes.sort_unstable();
    sizes
}

fn fault(facts: &Facts, terms: &Terms) -> Option<String> {
    let files: Vec<PathBuf> = facts.iter().map(|(path, ..)| path.clone()).collect();
    let pages = files.iter().filter(|file| !index::is_index(file));
    let broken = pages.filter_map(|file| {
        let name = file.file_name().unwrap_or_default().display();
        match whole::fault(file) {
            Ok(fault) => fault.map(|fault| format!("{name} {fault}")),
            Err(error) => Some(format!("{name} cannot be read: {error}")),
        }
    });
    let broken = broken.into_iter().next();
    broken.or_else(|| index::read(&files, &terms.mappings, terms.with_index).err())
}
