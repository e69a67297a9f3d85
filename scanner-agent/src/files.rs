//! Which files does an import take in, and in what order?
//!
//! Folders are walked in natural order (`page2` before `page10`), as a person would lay the
//! sheets down. Links are not followed and devices not opened: what they point at is not what
//! the operator sees in the folder.

use std::cmp::Ordering;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use record::limits;
use record::manifest::Refused;

use crate::spool::durable;
use crate::spool::event::SourceFile;

#[derive(Debug, Default)]
pub struct Found {
    pub files: Vec<SourceFile>,
    pub refused: Vec<Refused>,
}

/// Finds and digests what `paths` name. Never fails as a whole: what cannot be taken is refused.
pub fn find(paths: &[PathBuf], mut progress: impl FnMut(usize)) -> Found {
    let mut found = Found::default();
    for path in paths {
        let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.display().to_string());
        walk(path, &name, 0, &mut found, &mut progress);
    }
    found
}

/// Deeper folders are a loop of mounts, or a mistake.
const DEPTH_MAX: usize = 32;

fn walk(path: &Path, name: &str, depth: usize, found: &mut Found, progress: &mut dyn FnMut(usize)) {
    match look(path, name, depth, found, progress) {
        Ok(()) => progress(found.files.len()),
        Err(reason) => found.refused.push(Refused { file: name.to_owned(), page: None, reason }),
    }
}

fn look(
    path: &Path,
    name: &str,
    depth: usize,
    found: &mut Found,
    progress: &mut dyn FnMut(usize),
) -> Result<(), String> {
    let facts = fs::symlink_metadata(path).map_err(|error| format!("cannot be read: {error}"))?;
    if facts.is_symlink() {
        return Err("is a symbolic link: give the file itself".into());
    }
    if facts.is_dir() {
        if depth == DEPTH_MAX {
            return Err(format!("is nested deeper than {DEPTH_MAX} folders"));
        }
        for child in children(path).map_err(|error| format!("the folder cannot be read: {error}"))? {
            let inner = format!("{name}/{}", child.file_name().unwrap_or_default().display());
            walk(&child, &inner, depth + 1, found, progress);
        }
        return Ok(());
    }
    if !facts.is_file() {
        return Err("is no regular file".into());
    }
    found.files.push(take(path, name, facts.len())?);
    Ok(())
}

fn take(path: &Path, name: &str, size: u64) -> Result<SourceFile, String> {
    if path.to_str().is_none() {
        return Err("has a name that is not UTF-8: rename it".into());
    }
    if size == 0 {
        return Err("is empty".into());
    }
    if size > limits::FILE_BYTES_MAX as u64 {
        return Err(format!("is {size} bytes; at most {} are allowed", limits::FILE_BYTES_MAX));
    }
    let absolute = std::path::absolute(path).map_err(|error| format!("cannot be located: {error}"))?;
    let (digest, size) = File::open(path)
        .and_then(|mut file| durable::digest(&mut file))
        .map_err(|error| format!("cannot be read: {error}"))?;
    Ok(SourceFile { path: absolute, name: name.to_owned(), digest, size, said: None })
}

pub fn children(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut children: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    // Hidden files are the file manager's, not the operator's.
    children.retain(|path| !path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")));
    children.sort_by(|a, b| natural(&a.to_string_lossy(), &b.to_string_lossy()));
    Ok(children)
}

/// Compares runs of digits as numbers; equal numbers with different zeros by spelling.
fn natural(a: &str, b: &str) -> Ordering {
    let (left, right) = (runs(a), runs(b));
    let by_run = left.iter().zip(&right).map(|(x, y)| compare_runs(x, y)).find(|order| order.is_ne());
    by_run.unwrap_or_else(|| left.len().cmp(&right.len())).then_with(|| a.cmp(b))
}

fn compare_runs(a: &str, b: &str) -> Ordering {
    let is_number = |run: &str| run.starts_with(|c: char| c.is_ascii_digit());
    if is_number(a) && is_number(b) {
        let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
        return a.len().cmp(&b.len()).then_with(|| a.cmp(b));
    }
    a.to_lowercase().cmp(&b.to_lowercase())
}

fn runs(text: &str) -> Vec<&str> {
    text.as_bytes()
        .chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit())
        .scan(0, |at, run| {
            let start = *at;
            *at += run.len();
            // ASCII digits never lie inside a longer UTF-8 sequence, so this is a border.
            Some(&text[start..*at])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn natural_order_is_how_people_count() {
        let mut names = ["page10.png", "page2.png", "Page1.png", "page002.png", "seite é3", "seite é20"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["Page1.png", "page002.png", "page2.png", "page10.png", "seite é3", "seite é20"]);
    }

    #[test]
    fn folders_are_walked_and_odd_things_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("box");
        fs::create_dir_all(root.join("b")).expect("creates");
        for (name, bytes) in [("b/2.png", "x"), ("10.png", "y"), ("9.png", "z"), ("empty.png", ""), (".hidden", "h")] {
            fs::write(root.join(name), bytes).expect("writes");
        }
        std::os::unix::fs::symlink(root.join("9.png"), root.join("link.png")).expect("links");
        let found = find(&[root.clone(), root.join("missing")], |_| {});
        let names: Vec<&str> = found.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["box/9.png", "box/10.png", "box/b/2.png"]);
        let refused: Vec<&str> = found.refused.iter().map(|refused| refused.file.as_str()).collect();
        assert_eq!(refused, ["box/empty.png", "box/link.png", "missing"]);
    }
}
