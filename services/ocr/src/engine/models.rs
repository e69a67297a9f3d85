//! Which languages can be read here, and from which files?

use std::ffi::{CString, OsStr};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use record::Digest;

use super::{EngineError, tesseract};

/// Tells how a page stands; reads nothing.
const ORIENTATION: &str = "osd";

/// The languages whose models are in the folder `tessdata`, or in Tesseract's default one.
pub fn installed(tessdata: Option<&Path>) -> Vec<String> {
    let Ok(folder) = tessdata.map(|path| CString::new(path.as_os_str().as_bytes())).transpose() else {
        return Vec::new();
    };
    let mut names = tesseract::installed(folder.as_deref());
    names.retain(|name| name != ORIENTATION);
    names
}

/// Refuses languages that are not there: Tesseract itself goes on with the others.
pub(super) fn check(model: &str, tessdata: Option<&Path>) -> Result<(), EngineError> {
    let there = installed(tessdata);
    match model.split('+').find(|name| !there.iter().any(|installed| installed == name)) {
        None => Ok(()),
        Some(missing) => Err(EngineError::NotInstalled {
            missing: missing.to_owned(),
            package: missing.replace('_', "-"),
            installed: if there.is_empty() { "nothing".to_owned() } else { there.join(", ") },
        }),
    }
}

/// SHA-256 of the model file; of several, of all of them one after the other, as `cat` would join them.
pub(super) fn digest(data: &CString, model: &str) -> Result<Digest, EngineError> {
    let folder = Path::new(OsStr::from_bytes(data.to_bytes()));
    let mut bytes = Vec::new();
    for name in model.split('+') {
        let path = folder.join(format!("{name}.traineddata"));
        bytes.extend(fs::read(&path).map_err(|source| EngineError::ModelFile { path, source })?);
    }
    Ok(Digest::of(&bytes))
}
