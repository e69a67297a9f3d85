//! The edges of the house: who may know whom, and who alone may use which library.
//! ARCHITECTURE.md says why.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Crate, folder, and the crates of ours that it may know.
const EDGES: [(&str, &str, &[&str]); 13] = [
    ("record", "services/record", &[]),
    ("imaging", "services/imaging", &["record"]),
    ("formats", "services/formats", &["record"]),
    ("archive", "services/archive", &["record"]),
    ("catalog", "services/catalog", &["record"]),
    ("fields", "services/fields", &["record"]),
    ("film", "services/film", &["record", "imaging"]),
    ("look", "services/look", &["record"]),
    ("indexer", "indexer", &["record"]),
    ("ocr", "services/ocr", &["record", "imaging", "formats"]),
    ("scanner-agent", "scanner-agent", &["record", "imaging", "formats", "look", "film"]),
    (
        "api",
        "services/api",
        &["record", "imaging", "formats", "archive", "catalog", "fields", "film", "look", "indexer"],
    ),
    ("tests", "tests", &["record", "imaging", "formats", "archive", "catalog", "fields", "film", "indexer", "ocr"]),
];

/// A library, and the only crates of ours that may use it.
const HOMES: [(&str, &[&str]); 11] = [
    ("sha2", &["record"]),
    ("image", &["imaging"]),
    ("lopdf", &["formats"]),
    ("hayro-interpret", &["formats"]),
    ("object_store", &["archive"]),
    ("sqlx", &["catalog"]),
    ("leptess", &["ocr"]),
    ("rten", &["ocr"]),
    ("tantivy", &["indexer"]),
    ("actix-web", &["api", "scanner-agent"]),
    ("zxing-cpp", &["scanner-agent"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Names in `[dependencies]`, without those for tests and builds.
fn dependencies(folder: &str) -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("every crate has a manifest");
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    section
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn crates_know_only_whom_they_may() {
    let ours: BTreeSet<String> = EDGES.iter().map(|(name, ..)| (*name).to_owned()).collect();
    for (name, folder, allowed) in EDGES {
        for known in dependencies(folder).intersection(&ours) {
            assert!(allowed.contains(&known.as_str()), "{name} must not know {known}");
        }
    }
}

#[test]
fn each_library_has_one_home() {
    for (library, homes) in HOMES {
        for (name, folder, _) in EDGES {
            // The benches measure against the bare library, so the tests may hold one too.
            let uses = dependencies(folder).contains(library);
            let is_home = homes.contains(&name);
            assert!(!uses || is_home || name == "tests", "{name} must not use {library}; {homes:?} does");
            assert!(uses || !is_home, "{name} is said to be the home of {library} but does not use it");
        }
    }
}

#[test]
fn the_vocabulary_is_pure() {
    for file in rust_files(&root().join("services/record/src")) {
        let text = fs::read_to_string(&file).expect("readable");
        for impure in
            ["std::fs", "std::net", "std::env", "SystemTime", "Instant::now", "getrandom", "new_v4", "now_utc"]
        {
            assert!(!text.contains(impure), "{} does I/O, reads a clock or draws: {impure}", file.display());
        }
    }
}

#[test]
fn libraries_do_not_read_the_environment() {
    for (_, folder, _) in EDGES.iter().filter(|(name, ..)| *name != "tests") {
        for file in rust_files(&root().join(folder).join("src")) {
            let text = fs::read_to_string(&file).expect("readable");
            let product = text.split("#[cfg(test)]").next().unwrap_or_default();
            // A binary's edge to its surroundings is one file: `main.rs`, or the station's own.
            let is_binary = file.ends_with("main.rs")
                || file.ends_with("scanner-agent/src/station.rs")
                || file.components().any(|part| part.as_os_str() == "bin");
            assert!(is_binary || !product.contains("env::var"), "{} reads the environment", file.display());
        }
    }
}

/// `mod` lines of the suite against the files beside them: no test file may be forgotten.
#[test]
fn every_file_of_the_suite_is_in_it() {
    let suite = root().join("tests/suite");
    let main = fs::read_to_string(suite.join("main.rs")).expect("readable");
    for file in rust_files(&suite) {
        let name = file.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
        assert!(name == "main" || main.contains(&format!("mod {name};")), "suite/main.rs forgets {name}");
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}
