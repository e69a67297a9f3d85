//! What does a verification say in the end?

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use record::DocumentId;
use serde::{Deserialize, Serialize};

use super::Code;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub code: Code,
    /// The key of the object in the store.
    pub object: String,
    pub detail: String,
    pub advice: Cow<'static, str>,
}

impl Finding {
    pub(super) fn new(code: Code, object: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { code, object: object.into(), detail: detail.into(), advice: Cow::Borrowed(code.advice()) }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub events: u64,
    pub commits: u64,
    pub tiles: u64,
    pub manifests: u64,
    pub blobs: u64,
    /// Bytes of manifests and blobs that were hashed.
    pub bytes: u64,
    /// Envelopes of stations that were opened.
    pub envelopes: u64,
    /// Of a bag: files that were hashed, and documents in it that carry their proofs.
    #[serde(skip_serializing_if = "is_zero")]
    pub files: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub documents: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// How much of what should be looked at was looked at. The log is always looked at whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Only this document's manifests and blobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentId>,
    /// Blobs that were hashed, in this run or in those that it resumes, and blobs that there are.
    pub blobs: u64,
    pub of_blobs: u64,
    pub bytes: u64,
    pub of_bytes: u64,
    /// With this seed the same sample is drawn again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Blobs that earlier runs have hashed.
    pub resumed: u64,
}

/// What enough witnesses have cosigned, and when the last of them did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Witnessed {
    pub events: u64,
    /// Seconds since the epoch.
    pub at: u64,
}

/// Something that was asked and could not be shown. It keeps a verification without findings from being sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    pub what: Question,
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// Is this the newest state, or was an older one, validly signed, put in its place?
    Freshness,
    /// Is every sealed byte the same?
    Blobs,
    /// Does one checkpoint continue the other?
    Consistency,
    /// Does the log vouch for it?
    Origin,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No findings, and every question was answered.
    Sound,
    /// No findings, but not every question was answered.
    #[default]
    NoFindings,
    Findings,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub verdict: Verdict,
    pub not_proven: Vec<Gap>,
    /// Where a policy was given, and is met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witnessed: Option<Witnessed>,
    pub counts: Counts,
    pub coverage: Coverage,
    pub findings: Vec<Finding>,
    pub notes: Vec<Finding>,
    /// Notes that were left out because there were too many.
    pub notes_left_out: u64,
    /// The signed checkpoint that everything was held against: keep it for the next `since`.
    pub checkpoint: String,
}

impl Report {
    pub(super) fn conclude(mut self) -> Self {
        let mut seen = HashSet::new();
        self.findings.retain(|finding| seen.insert((finding.code, finding.object.clone(), finding.detail.clone())));
        self.verdict = match (self.findings.is_empty(), self.not_proven.is_empty()) {
            (false, _) => Verdict::Findings,
            (true, false) => Verdict::NoFindings,
            (true, true) => Verdict::Sound,
        };
        self
    }
}
