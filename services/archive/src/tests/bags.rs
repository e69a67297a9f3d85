//! What no bag of the Library of Congress has: links, names that nobody can list, folders without end. Its own bags are in the suite.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use record::{Digest, limits};
use tempfile::TempDir;

use crate::verify::{Code, Question, Verdict, verify_bag};

/// A bag of one file.
fn bag() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    fs::create_dir(folder.path().join("data")).expect("made");
    put("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
    put("data/page.txt", "a page");
    put("manifest-sha256.txt", &format!("{}  data/page.txt\n", Digest::of(b"a page").hex()));
    folder
}

fn found(folder: &Path) -> Vec<(Code, String)> {
    let report = verify_bag(folder, None, |_| {}).expect("a folder");
    report.findings.into_iter().map(|finding| (finding.code, finding.object)).collect()
}

#[test]
fn a_whole_bag_is_not_called_sound_without_a_key() {
    let folder = bag();
    let mut steps = 0;
    let report = verify_bag(folder.path(), None, |_| steps += 1).expect("a folder");
    assert_eq!((report.verdict, report.counts.files, report.counts.bytes, steps), (Verdict::NoFindings, 1, 6, 1));
    assert_eq!(report.not_proven.iter().map(|gap| gap.what).collect::<Vec<_>>(), [Question::Origin]);
    fs::write(folder.path().join("data/page.txt"), "a sage").expect("written");
    assert_eq!(found(folder.path()), [(Code::BagFileWrong, "data/page.txt".to_owned())]);
}

#[test]
fn links_and_names_that_nobody_can_list_are_named_and_cost_no_other_file() {
    let folder = bag();
    symlink("/etc/passwd", folder.path().join("data/link")).expect("made");
    symlink(".", folder.path().join("data/loop")).expect("made");
    fs::write(folder.path().join(OsStr::from_bytes(b"data/\xff")), "").expect("written");
    let mut deep = folder.path().join("data");
    for _ in 0..limits::BAG_DEPTH_MAX {
        deep.push("d");
    }
    fs::create_dir_all(&deep).expect("made");
    let mut found = found(folder.path());
    found.sort_by(|a, b| a.1.cmp(&b.1));
    let objects: Vec<&str> = found.iter().map(|(_, object)| object.as_str()).collect();
    let deepest = format!("data{}", "/d".repeat(limits::BAG_DEPTH_MAX));
    assert_eq!(objects, [deepest.as_str(), "data/link", "data/loop", "data/\u{fffd}"]);
    assert!(found.iter().all(|(code, _)| *code == Code::BagMalformed), "{found:?}");
    assert!(verify_bag(&folder.path().join("nowhere"), None, |_| {}).is_err());
}
