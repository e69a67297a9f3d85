//! Is a bag (RFC 8493, and the drafts of BagIt before it) complete, and are its files what its manifests say? And, where the log's key is
//! given, does each document in it prove itself?
//!
//! A bag of which every file was changed together with its manifests is a valid bag. Only the documents' own proofs tell.

mod lines;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File, FileType};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use record::bundle::SEALED_PROOF;
use record::digest::{Sum, sums};
use record::envelope::StationKey;
use record::limits;
use record::note::LogKey;

use self::lines::Declaration;
use super::{Bundle, Code, Finding, Gap, Progress, Question, Report};

const DECLARATION: &str = "bagit.txt";
/// What a bag says of itself; the drafts before 0.96 called it otherwise.
const INFOS: [&str; 2] = ["bag-info.txt", "package-info.txt"];
const FETCH: &str = "fetch.txt";
const PAYLOAD: &str = "data";
/// Left by systems that look at folders.
const STRAYS: [&str; 2] = ["Thumbs.db", ".DS_Store"];

/// Whom to believe that a bag's documents are what was sealed.
#[derive(Debug, Clone, Copy)]
pub struct Signers<'a> {
    pub log: &'a LogKey,
    pub stations: Option<&'a [StationKey]>,
}

/// Verifies the bag in this folder.
///
/// Memory: about 300 bytes for each file of the bag, and its longest manifest.
///
/// # Errors
/// Where the folder cannot be read at all; whatever is wrong in it is in the report.
pub fn verify_bag(folder: &Path, signers: Option<Signers<'_>>, progress: impl FnMut(Progress)) -> io::Result<Report> {
    let mut bag = Bag { folder: folder.to_owned(), report: Report::default(), files: BTreeMap::new(), progress };
    bag.walk(Path::new(""), 0)?;
    if let Some(declaration) = bag.declaration() {
        let listed = bag.manifests(&declaration);
        let elsewhere = bag.fetches(&declaration, &listed);
        bag.complete(&declaration, &listed, &elsewhere);
        bag.hash(&listed);
        bag.weigh(&declaration);
    }
    match signers {
        Some(signers) => bag.prove(signers),
        None => bag.not_proven(
            "without --key nobody is asked whether a document is what was sealed: whoever can write here can write another bag",
        ),
    }
    Ok(bag.report.conclude())
}

struct Bag<P> {
    folder: PathBuf,
    report: Report,
    /// Every file below the folder by its path, with its size.
    files: BTreeMap<String, u64>,
    progress: P,
}

/// What the manifests say of a file.
#[derive(Default)]
struct Listed {
    sums: Vec<(Sum, Vec<u8>)>,
}

/// What all manifests say: of which files, and by which sums those of the payload are listed.
#[derive(Default)]
struct Manifests {
    files: BTreeMap<String, Listed>,
    payload: BTreeSet<Sum>,
}

impl<P: FnMut(Progress)> Bag<P> {
    fn find(&mut self, code: Code, object: &str, detail: impl Into<String>) {
        self.report.findings.push(Finding::new(code, object, detail));
    }

    fn note(&mut self, object: &str, detail: &str) {
        let note = Finding::new(Code::BagOdd, object, detail);
        if self.report.notes.len() < super::NOTES_MAX {
            self.report.notes.push(note);
        } else {
            self.report.notes_left_out += 1;
        }
    }

    fn not_proven(&mut self, detail: impl Into<String>) {
        self.report.not_proven.push(Gap { what: Question::Origin, detail: detail.into() });
    }

    /// Takes in what lies in a folder of the bag.
    fn walk(&mut self, at: &Path, depth: usize) -> io::Result<()> {
        for entry in fs::read_dir(self.folder.join(at))? {
            let entry = entry?;
            let path = at.join(entry.file_name());
            let Some(name) = path.to_str().map(str::to_owned) else {
                self.find(
                    Code::BagMalformed,
                    &path.to_string_lossy(),
                    "its name is no UTF-8, so that no manifest can list it",
                );
                continue;
            };
            match entry.file_type()? {
                kind if kind.is_dir() && depth < limits::BAG_DEPTH_MAX => {
                    if let Err(error) = self.walk(&path, depth + 1) {
                        self.find(Code::Unreadable, &name, error.to_string());
                    }
                }
                kind if kind.is_file() && self.files.len() < limits::BAG_FILES_MAX => {
                    self.files.insert(name, entry.metadata()?.len());
                }
                kind => self.find(Code::BagMalformed, &name, strange(kind)),
            }
        }
        Ok(())
    }

    /// The bytes of a tag file.
    fn read(&mut self, name: &str) -> Option<Vec<u8>> {
        if *self.files.get(name)? > limits::BAG_MANIFEST_BYTES_MAX {
            self.find(Code::BagMalformed, name, "it is longer than any manifest that is read here");
            return None;
        }
        fs::read(self.folder.join(name)).map_err(|error| self.find(Code::Unreadable, name, error.to_string())).ok()
    }

    fn declaration(&mut self) -> Option<Declaration> {
        if !self.files.contains_key(DECLARATION) {
            self.find(
                Code::BagMalformed,
                DECLARATION,
                "there is none, so that this is no bag, or one that is not finished",
            );
            return None;
        }
        let bytes = self.read(DECLARATION)?;
        lines::declaration(&bytes).map_err(|wrong| self.find(Code::BagMalformed, DECLARATION, wrong)).ok()
    }

    /// The text of a tag file, or a finding.
    fn text(&mut self, name: &str, declaration: &Declaration) -> Option<String> {
        let bytes = self.read(name)?;
        lines::text(&bytes, declaration.encoding).map_err(|wrong| self.find(Code::BagMalformed, name, wrong)).ok()
    }

    fn manifests(&mut self, declaration: &Declaration) -> Manifests {
        let mut manifests = Manifests::default();
        let names: Vec<String> = self.files.keys().filter(|name| !name.contains('/')).cloned().collect();
        for name in names {
            let Some(rest) = name.strip_suffix(".txt") else { continue };
            let (of_payload, sum) = match (rest.strip_prefix("manifest-"), rest.strip_prefix("tagmanifest-")) {
                (Some(sum), _) => (true, sum),
                (_, Some(sum)) => (false, sum),
                _ => continue,
            };
            let Some(sum) = Sum::named(sum) else {
                self.find(Code::BagMalformed, &name, format!("no {sum} can be computed here"));
                continue;
            };
            if of_payload {
                manifests.payload.insert(sum);
            }
            if let Some(text) = self.text(&name, declaration) {
                self.manifest(&mut manifests.files, declaration, &name, &text, sum, of_payload);
            }
        }
        if manifests.payload.is_empty() {
            self.find(
                Code::BagMalformed,
                "manifest-sha512.txt",
                "there is neither this nor another manifest of the payload",
            );
        }
        manifests
    }

    /// The lines of one manifest.
    fn manifest(
        &mut self,
        files: &mut BTreeMap<String, Listed>,
        declaration: &Declaration,
        name: &str,
        text: &str,
        sum: Sum,
        of_payload: bool,
    ) {
        for line in lines::lines(text) {
            let line = match lines::line(line, sum) {
                Ok(line) if is_payload(&line.path) == of_payload => line,
                Ok(line) => {
                    let where_from = if of_payload { "not within data/" } else { "within data/" };
                    self.find(Code::BagMalformed, name, format!("`{}` is {where_from}", line.path));
                    continue;
                }
                Err(wrong) => {
                    self.find(Code::BagMalformed, name, wrong);
                    continue;
                }
            };
            if let Some(odd) = line.odd {
                self.note(name, odd);
            }
            let listed = files.entry(line.path.clone()).or_default();
            match listed.sums.iter().find(|(known, _)| *known == sum) {
                None => listed.sums.push((sum, line.hash)),
                Some((_, hash)) if *hash != line.hash => {
                    self.find(Code::BagMalformed, name, format!("`{}` is there twice, with two sums", line.path));
                }
                Some(_) if declaration.version >= (1, 0) => {
                    self.find(Code::BagMalformed, name, format!("`{}` is there twice", line.path));
                }
                Some(_) => self.note(name, "a path is there twice"),
            }
        }
    }

    /// The files that can be had elsewhere, all of which have to be listed.
    fn fetches(&mut self, declaration: &Declaration, listed: &Manifests) -> BTreeSet<String> {
        let mut elsewhere = BTreeSet::new();
        let text = self.files.contains_key(FETCH).then(|| self.text(FETCH, declaration)).flatten();
        for line in lines::lines(&text.unwrap_or_default()) {
            match lines::fetch(line) {
                Ok(path) if !is_payload(&path) => {
                    self.find(Code::BagMalformed, FETCH, format!("`{path}` is not within data/"));
                }
                Ok(path) if !listed.files.contains_key(&path) => {
                    self.find(Code::BagMalformed, FETCH, format!("no manifest lists `{path}`"));
                }
                Ok(path) => drop(elsewhere.insert(path)),
                Err(wrong) => self.find(Code::BagMalformed, FETCH, wrong),
            }
        }
        elsewhere
    }

    /// Is every file listed, and every listed file there?
    fn complete(&mut self, declaration: &Declaration, listed: &Manifests, elsewhere: &BTreeSet<String>) {
        for (path, of) in &listed.files {
            if !self.files.contains_key(path) {
                let fetch = if elsewhere.contains(path) { "; fetch.txt says where it is to be had" } else { "" };
                self.find(Code::BagFileMissing, path, format!("a manifest lists it{fetch}"));
            } else if STRAYS.iter().any(|stray| path.ends_with(stray)) {
                self.note(path, "a system's own file became part of the payload");
            }
            let everywhere = listed.payload.iter().all(|sum| of.sums.iter().any(|(known, _)| known == sum));
            if is_payload(path) && declaration.version >= (1, 0) && !everywhere {
                self.find(Code::BagMalformed, path, "not every manifest of the payload lists it");
            }
        }
        let unlisted = self.files.keys().filter(|path| is_payload(path) && !listed.files.contains_key(*path));
        for path in unlisted.cloned().collect::<Vec<_>>() {
            self.find(Code::BagFileUnlisted, &path, "no manifest lists it");
        }
    }

    /// Hashes what is listed.
    fn hash(&mut self, listed: &Manifests) {
        let there: Vec<(&String, &Listed, u64)> =
            listed.files.iter().filter_map(|(path, of)| Some((path, of, *self.files.get(path)?))).collect();
        let (of, of_bytes) = (there.len() as u64, there.iter().map(|(_, _, size)| size).sum());
        let folder = self.folder.clone();
        let hashed = |(path, listed, _): &(&String, &Listed, u64)| {
            let kinds: Vec<Sum> = listed.sums.iter().map(|(sum, _)| *sum).collect();
            sums(File::open(folder.join(path))?, &kinds)
        };
        let (mut done, mut bytes) = (0, 0);
        side_by_side(&there, hashed, |(path, listed, _), hashed| {
            done += 1;
            match hashed {
                Ok((found, size)) => {
                    bytes += size;
                    let wrong = listed.sums.iter().zip(found).find(|((_, said), found)| said != found);
                    if let Some(((sum, _), _)) = wrong {
                        self.find(Code::BagFileWrong, path, format!("its {sum} is another than a manifest says"));
                    }
                }
                Err(error) => self.find(Code::Unreadable, path, error.to_string()),
            }
            (self.progress)(Progress { stage: "files", done, of, bytes, of_bytes, resume: None });
        });
        self.report.counts.files = done;
        self.report.counts.bytes += bytes;
    }

    /// Holds the payload against the sums of bytes and files that the bag tells of itself.
    fn weigh(&mut self, declaration: &Declaration) {
        for name in INFOS.into_iter().filter(|name| self.files.contains_key(*name)).collect::<Vec<_>>() {
            let Some(text) = self.text(name, declaration) else { continue };
            let payload: Vec<u64> =
                self.files.iter().filter(|(path, _)| is_payload(path)).map(|(_, size)| *size).collect();
            let found = (payload.iter().sum::<u64>(), payload.len() as u64);
            match lines::oxum(&text) {
                Some(Ok(said)) if said != found => {
                    let ((bytes, files), (of_bytes, of_files)) = (found, said);
                    let detail =
                        format!("the payload is {bytes} bytes in {files} files, and it says {of_bytes} in {of_files}");
                    self.find(Code::BagMalformed, name, detail);
                }
                Some(Err(wrong)) => self.find(Code::BagMalformed, name, wrong),
                _ => {}
            }
        }
    }

    /// Documents in it that carry their proofs: as `chartroom export --bag` puts them there.
    fn prove(&mut self, signers: Signers<'_>) {
        let proof = format!("/{SEALED_PROOF}");
        let documents: Vec<String> =
            self.files.keys().filter_map(|path| Some(path.strip_suffix(&proof)?.to_owned())).collect();
        let (folder, of) = (self.folder.clone(), documents.len() as u64);
        let proven = |at: &String| Bundle::read(&folder.join(at)).map(|it| it.verify(signers.log, signers.stations));
        let mut done = 0;
        side_by_side(&documents, proven, |at, proven| {
            done += 1;
            match proven {
                Ok(report) => self.take_in(at, report),
                Err(error) => self.find(Code::Unreadable, at, error.to_string()),
            }
            (self.progress)(Progress { stage: "documents", done, of, bytes: 0, of_bytes: 0, resume: None });
        });
        self.report.counts.documents = of;
        let documents: HashSet<&Path> = documents.iter().map(Path::new).collect();
        let proven = |path: &&String| Path::new(path).ancestors().any(|at| documents.contains(at));
        let others = self.files.keys().filter(|path| is_payload(path) && !proven(path)).count();
        if others > 0 {
            self.not_proven(format!("{others} files of the payload are of no document that carries its proof"));
        }
        self.report.not_proven.sort_by_key(|gap| gap.what);
        self.report.not_proven.dedup();
    }

    /// What was found in the document that lies there.
    fn take_in(&mut self, at: &str, report: Report) {
        let within = |finding: Finding| Finding { object: format!("{at}/{}", finding.object), ..finding };
        self.report.findings.extend(report.findings.into_iter().map(within));
        self.report.notes.extend(report.notes.into_iter().map(within));
        self.report.not_proven.extend(report.not_proven);
        self.report.counts.manifests += report.counts.manifests;
        self.report.counts.envelopes += report.counts.envelopes;
    }
}

fn is_payload(path: &str) -> bool {
    path.strip_prefix(PAYLOAD).is_some_and(|rest| rest.starts_with('/'))
}

fn strange(kind: FileType) -> &'static str {
    if kind.is_symlink() {
        "it is a link, which may lead anywhere"
    } else if kind.is_dir() {
        "it lies deeper than any folder that is read here"
    } else if kind.is_file() {
        "the bag has more files than are read here"
    } else {
        "it is neither a file nor a folder"
    }
}

/// Does the work for each of these by as many threads as there are cores, and tells of each as it is done.
fn side_by_side<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync, mut told: impl FnMut(&T, R)) {
    let (next, (done, results)) = (Mutex::new(all.iter()), mpsc::channel());
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            let (done, next, work) = (done.clone(), &next, &work);
            scope.spawn(move || {
                // Nothing is held while the work is done.
                let take = || next.lock().unwrap_or_else(PoisonError::into_inner).next();
                while let Some(one) = take() {
                    if done.send((one, work(one))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(done);
        results.iter().for_each(|(one, result)| told(one, result));
    });
}
