//! What is in a bucket that is a folder?

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

/// Keys of all objects, relative to the store.
pub fn objects(store: &Path) -> Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![store.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(store)?.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}
