//! The committed sample pages. Every patient on them is invented; `samples/make` draws them.

use std::path::{Path, PathBuf};

pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)
}

/// The samples as a technician meets them: file, and a word that stands on it once.
pub const FILES: [(&str, &str); 4] = [
    ("discharge-summary.tif", "pleuritic"),
    ("lab-report.tif", "leucocytosis"),
    ("operation-note.jpg", "cholangiogram"),
    ("clinic-letter.png", "electrocardiogram"),
];

pub const MRN: &str = "MRN-104233";
