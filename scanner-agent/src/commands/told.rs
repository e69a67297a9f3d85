//! What became of a set of a hot folder, for people and for scripts.

use std::path::PathBuf;

use record::BatchId;
use record::manifest::Refused;
use serde::Serialize;

use crate::report::counted;

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Taken,
    Refused,
    Unfinished,
    /// It stays in `taking` and is tried again.
    Failed,
}

/// What became of a set.
#[derive(Serialize)]
pub struct Told {
    pub set: String,
    pub outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchId>,
    pub pages: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where the scanner's files lie now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now_in: Option<PathBuf>,
}

impl Told {
    pub const fn new(set: String, outcome: Outcome) -> Self {
        Self { set, outcome, batch: None, pages: 0, refused: Vec::new(), reason: None, now_in: None }
    }

    pub fn text(&self) -> String {
        let pages = counted(self.pages, "page");
        let batch = self.batch.map_or(String::new(), |batch| format!(", batch {batch}"));
        let reason = self.reason.as_deref().unwrap_or_default();
        let mut text = match self.outcome {
            Outcome::Taken => format!("{}: {pages}{batch}\n", self.set),
            Outcome::Refused if self.batch.is_some() => format!("{}: {pages}{batch}; not all of it\n", self.set),
            Outcome::Refused => format!("{}: refused: it {reason}\n", self.set),
            Outcome::Unfinished => format!("{}: left alone: it {reason}\n", self.set),
            Outcome::Failed => format!("{}: tried again later: {reason}\n", self.set),
        };
        for refused in &self.refused {
            text += &format!("  refused: {}: {}\n", refused.file, refused.reason);
        }
        text
    }
}
