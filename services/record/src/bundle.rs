//! What is in a bundle: one document version with all that proves it, to be given to somebody.
//!
//! | name | holds |
//! |---|---|
//! | `README.txt` | how to check it with public tools |
//! | `SHA256SUMS` | digests of all files but itself, for `sha256sum -c` |
//! | `log.pub`, `policy` | the log's key, as it stands and as a C2SP tlog-policy: for convenience, trust your own copy |
//! | `log.keys.json` | where the log's key was changed: what leads from each key to the next, as [`crate::log_key::KeyChange::list`] reads it |
//! | `checkpoint` | the signed note that the proofs lead to |
//! | `sealed.json`, `sealed.tlog-proof` | the event that sealed the version, and its C2SP tlog-proof |
//! | `manifest.json` | the manifest, as sealed |
//! | `manifests/<version>.json` | those of the versions before it |
//! | `pages/<number>.<ending>`, `originals/`, `words/`, `fields.json` | the blobs that the manifest names |
//! | `capture.json`, `capture.tlog-proof`, `capture.dsse.json` | where a station signed: the event that closed the batch, its proof, the envelope |

pub const README: &str = "README.txt";
pub const SUMS: &str = "SHA256SUMS";
pub const LOG_KEY: &str = "log.pub";
pub const LOG_KEYS: &str = "log.keys.json";
pub const POLICY: &str = "policy";
pub const CHECKPOINT: &str = "checkpoint";
pub const SEALED: &str = "sealed.json";
pub const SEALED_PROOF: &str = "sealed.tlog-proof";
pub const MANIFEST: &str = "manifest.json";
pub const FIELDS: &str = "fields.json";
pub const CAPTURE: &str = "capture.json";
pub const CAPTURE_PROOF: &str = "capture.tlog-proof";
pub const ENVELOPE: &str = "capture.dsse.json";

/// The manifest of an earlier version.
pub fn earlier_manifest(version: u32) -> String {
    format!("manifests/{version}.json")
}
