//! A storage root of other people's making (OCFL 1.1, <https://ocfl.io/1.1/spec>), for `rocfl` to validate: as many bytes in as many
//! objects as our own verification is measured with, with the same digests.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use record::Digest;
use tests::program;

use crate::report::cpu_seconds;

/// Processor seconds that `rocfl` takes over `objects` of `files` each; none where it is not installed.
pub fn seconds(root: &Path, objects: u32, files: u32, bytes: impl Fn(u32) -> Vec<u8>) -> Result<Option<f64>> {
    let rocfl = program::cache()?.join("rocfl/bin/rocfl");
    if !rocfl.is_file() {
        return Ok(None);
    }
    fs::create_dir_all(root)?;
    fs::write(root.join("0=ocfl_1.1"), "ocfl_1.1\n")?;
    for object in 0..objects {
        write(&root.join(format!("object-{object}")), object, (0..files).map(|file| bytes(object * files + file)))?;
    }
    let before = cpu_seconds()?;
    let output = Command::new(rocfl).arg("-r").arg(root).arg("validate").output()?;
    let seconds = cpu_seconds()? - before;
    let said = program::succeed("rocfl validate", output)?;
    ensure!(said.contains("Invalid objects: 0"), "rocfl says {said}");
    Ok(Some(seconds))
}

/// One object in one version.
fn write(folder: &Path, number: u32, files: impl Iterator<Item = Vec<u8>>) -> Result<()> {
    let content = folder.join("v1/content");
    fs::create_dir_all(&content)?;
    fs::write(folder.join("0=ocfl_object_1.1"), "ocfl_object_1.1\n")?;
    let (mut manifest, mut state) = (String::new(), String::new());
    for (at, bytes) in files.enumerate() {
        let (digest, comma) = (Digest::of(&bytes).hex(), if at == 0 { "" } else { "," });
        fs::write(content.join(at.to_string()), bytes)?;
        write!(manifest, "{comma}\"{digest}\":[\"v1/content/{at}\"]")?;
        write!(state, "{comma}\"{digest}\":[\"{at}\"]")?;
    }
    let inventory = format!(
        "{{\"id\":\"urn:object:{number}\",\"type\":\"https://ocfl.io/1.1/spec/#inventory\",\"digestAlgorithm\":\"sha256\",\
         \"head\":\"v1\",\"manifest\":{{{manifest}}},\"versions\":{{\"v1\":{{\"created\":\"2026-01-01T00:00:00Z\",\
         \"message\":\"bench\",\"user\":{{\"name\":\"bench\",\"address\":\"mailto:bench@example.org\"}},\
         \"state\":{{{state}}}}}}}}}"
    );
    let sidecar = format!("{} inventory.json\n", Digest::of(inventory.as_bytes()).hex());
    for place in [folder.to_owned(), folder.join("v1")] {
        fs::write(place.join("inventory.json"), &inventory)?;
        fs::write(place.join("inventory.json.sha256"), &sidecar)?;
    }
    Ok(())
}
