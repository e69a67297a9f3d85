//! Where are a bundle's files? In a tar file, or in the folder that somebody unpacked it into.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Component, Path};

use anyhow::{Context as _, Result};
use archive::verify::Bundle;

pub fn load(path: &Path) -> Result<Bundle> {
    let mut bundle = Bundle::default();
    if path.is_dir() {
        folder(&mut bundle, path, path)?;
    } else {
        tar_file(&mut bundle, path).with_context(|| format!("read the bundle {}", path.display()))?;
    }
    Ok(bundle)
}

fn folder(bundle: &mut Bundle, root: &Path, at: &Path) -> Result<()> {
    for entry in fs::read_dir(at).with_context(|| format!("read {}", at.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            folder(bundle, root, &path)?;
        } else {
            let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
            let file = File::open(&path).with_context(|| format!("read {}", path.display()))?;
            bundle.add(&name, file).with_context(|| format!("read {}", path.display()))?;
        }
    }
    Ok(())
}

/// Nothing is written anywhere, whatever the names in the file are.
fn tar_file(bundle: &mut Bundle, path: &Path) -> Result<()> {
    let mut tar = tar::Archive::new(BufReader::new(File::open(path)?));
    for entry in tar.entries()? {
        let entry = entry?;
        let name = entry.path()?.into_owned();
        // Without the folder that all lie in.
        let parts = name.components().filter(|part| matches!(part, Component::Normal(_))).skip(1);
        let name = parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
        bundle.add(&name, entry)?;
    }
    Ok(())
}
