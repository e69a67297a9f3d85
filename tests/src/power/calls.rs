//! What strace says was done to a folder.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::Step;

const CALLS: &str = "openat,mkdir,mkdirat,link,linkat,rename,renameat,renameat2,unlink,unlinkat,fsync,fdatasync,write,pwrite64,writev,\
                     lseek,ftruncate,fallocate,sendto,sendmsg";

/// strace, before the program that it is to look at.
pub fn tracer(file: &Path) -> Vec<OsString> {
    let words = ["strace", "-f", "-qq", "-y", "-xx", "-s", "1000000", "--seccomp-bpf", "-e"];
    let mut words: Vec<OsString> = words.iter().map(OsString::from).collect();
    words.extend([format!("trace={CALLS}").into(), "-o".into(), file.into()]);
    words
}

/// A call during which another thread made one is on two lines.
pub fn whole_lines(text: &str) -> Vec<String> {
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

/// Reads lines, and remembers where each open file stands: a write does not say where it writes.
pub struct Calls<'a> {
    root: &'a Path,
    /// By the number of the open file and its name; none where it is written at the end.
    places: HashMap<(u64, PathBuf), Option<u64>>,
}

impl<'a> Calls<'a> {
    pub fn below(root: &'a Path) -> Self {
        Self { root, places: HashMap::new() }
    }

    /// What a line says was done below the folder; nothing where it failed or was done elsewhere.
    pub fn steps(&mut self, line: &str) -> Vec<Step> {
        let steps = self.read(line).unwrap_or_default();
        let root = self.root;
        let concerns = |step: &Step| matches!(step, Step::Said(_)) || step.place().starts_with(root);
        steps.into_iter().filter(concerns).collect()
    }

    fn read(&mut self, line: &str) -> Option<Vec<Step>> {
        let (call, rest) = line.split_once('(')?;
        let (arguments, result) = rest.rsplit_once(" = ")?;
        if result.starts_with('-') {
            return None;
        }
        let (texts, files) = (between(arguments, "\"", '"'), between(arguments, "<\\x", '>'));
        let path = |n: usize| texts.get(n).map(|name| PathBuf::from(String::from_utf8_lossy(name).into_owned()));
        let file = || files.first().map(|name| PathBuf::from(String::from_utf8_lossy(name).into_owned()));
        let number = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u64>().ok();
        let step = match call {
            "openat" => return Some(self.open(path(0)?, arguments, number(result)?)),
            "lseek" => {
                self.places.insert((number(arguments)?, file()?), number(result));
                return None;
            }
            "write" | "writev" if arguments.starts_with("1<") => Step::Said(said(&texts.concat())?),
            "write" | "writev" | "sendto" | "sendmsg" if file()?.to_string_lossy().starts_with("socket:") => {
                Step::Said(said(&texts.concat())?)
            }
            "write" | "writev" => {
                let (mut bytes, open) = (texts.concat(), (number(arguments)?, file()?));
                bytes.truncate(usize::try_from(number(result)?).ok()?);
                let place = self.places.get_mut(&open).and_then(Option::as_mut);
                let at = place.map(|place| std::mem::replace(place, *place + bytes.len() as u64));
                Step::Write(open.1, at, bytes)
            }
            "pwrite64" => {
                let mut bytes = texts.first()?.clone();
                bytes.truncate(usize::try_from(number(result)?).ok()?);
                Step::Write(file()?, Some(number(arguments.rsplit(", ").next()?)?), bytes)
            }
            "ftruncate" => Step::Cut(file()?, number(arguments.rsplit(", ").next()?)?),
            "fsync" | "fdatasync" => Step::Sync(file()?),
            "mkdir" | "mkdirat" => Step::Folder(path(0)?),
            "link" | "linkat" => Step::Link(path(0)?, path(1)?),
            "rename" | "renameat" | "renameat2" => Step::Rename(path(0)?, path(1)?),
            "unlink" | "unlinkat" => Step::Remove(path(0)?),
            _ => return None,
        };
        Some(vec![step])
    }

    /// A file that is made, or cut off.
    fn open(&mut self, path: PathBuf, arguments: &str, number: u64) -> Vec<Step> {
        let says = |flag: &str| arguments.contains(flag);
        self.places.insert((number, path.clone()), (!says("O_APPEND")).then_some(0));
        let made = says("O_CREAT").then(|| Step::Create(path.clone()));
        made.into_iter().chain(says("O_TRUNC").then_some(Step::Cut(path, 0))).collect()
    }
}

fn said(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes).trim().to_owned();
    (!text.is_empty()).then_some(text)
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
