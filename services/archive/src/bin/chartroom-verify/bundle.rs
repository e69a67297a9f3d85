//! Where are a bundle's files? In a tar file, or in the folder that somebody unpacked it into.

use std::fs::File;
use std::io::BufReader;
use std::path::{Component, Path};

use anyhow::{Context as _, Result};
use archive::verify::Bundle;

pub fn load(path: &Path) -> Result<Bundle> {
    let failed = || format!("read the bundle {}", path.display());
    if path.is_dir() { Bundle::read(path).with_context(failed) } else { tar_file(path).with_context(failed) }
}

/// Nothing is written anywhere, whatever the names in the file are.
fn tar_file(path: &Path) -> Result<Bundle> {
    let mut bundle = Bundle::default();
    let mut tar = tar::Archive::new(BufReader::new(File::open(path)?));
    for entry in tar.entries()? {
        let entry = entry?;
        let name = entry.path()?.into_owned();
        // Without the folder that all lie in.
        let parts = name.components().filter(|part| matches!(part, Component::Normal(_))).skip(1);
        let name = parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
        bundle.add(&name, entry)?;
    }
    Ok(bundle)
}
