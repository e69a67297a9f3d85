//! A document's proof: what was sealed, by whom, and how anybody can check it without us.

use askama::Template;

use super::filters;
use super::frame::Frame;
use super::ledger::EventRow;

/// One sealed version of the document.
#[derive(Debug, Clone)]
pub struct VersionRow {
    pub version: u32,
    /// UTC.
    pub sealed: String,
    pub actor: String,
    pub manifest: String,
    pub index: u64,
    /// What is not as in the version before.
    pub changes: Vec<Change>,
}

/// One field that a later version has otherwise. Values are there for those only who may open the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub field: &'static str,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl Change {
    fn values(&self) -> Option<(&str, &str)> {
        Some((self.before.as_deref()?, self.after.as_deref()?))
    }
}

/// What a capture station signed.
#[derive(Debug, Clone)]
pub struct Signature {
    pub station: String,
    /// SHA-256 of its key.
    pub key: Option<String>,
    /// The event that closed the batch.
    pub index: u64,
    /// None where nobody can tell.
    pub holds: Option<bool>,
    pub says: String,
}

/// One sealed object the manifest names.
#[derive(Debug, Clone)]
pub struct ObjectRow {
    pub what: String,
    pub media_type: String,
    /// Where the manifest says it.
    pub size: Option<u64>,
    pub digest: String,
}

/// `/documents/{id}/proof`. Holds no patient data: an auditor may see it.
#[derive(Template)]
#[template(path = "proof.html")]
pub struct ProofPage {
    pub frame: Frame,
    pub document: String,
    /// Whether the caller may open the document itself.
    pub readable: bool,
    pub source: String,
    pub batch: String,
    pub pages: usize,
    pub operator: String,
    /// None while the batch is open.
    pub signature: Option<Signature>,
    pub versions: Vec<VersionRow>,
    pub objects: Vec<ObjectRow>,
    /// Place of the sealing event, the leaf's hash, and the path to the root.
    pub index: u64,
    pub leaf: String,
    pub leaf_hash: String,
    pub path: Vec<String>,
    pub size: u64,
    pub root: String,
    pub checkpoint: String,
    pub key: String,
    /// Whether this server, having checked the path and the signature just now, found them right.
    pub holds: bool,
    /// Only for those who may read the ledger: everything that happened to the document.
    pub timeline: Option<Vec<EventRow>>,
    /// UTC.
    pub printed: String,
}

impl ProofPage {
    /// The newest version.
    fn newest(&self) -> Option<&VersionRow> {
        self.versions.first()
    }

    /// Where an object of that digest lies in the store.
    fn object_path(&self, kind: &str, digest: &str) -> String {
        let hex = digest.rsplit(':').next().unwrap_or(digest);
        let (a, b) = (hex.get(..2).unwrap_or(""), hex.get(2..4).unwrap_or(""));
        format!("store/{kind}/sha256/{a}/{b}/{hex}")
    }
}
