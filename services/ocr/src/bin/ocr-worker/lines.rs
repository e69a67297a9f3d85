//! What does `read --json` say? One line for each page, and one for each file that could not be opened.

use std::io::Write as _;
use std::path::Path;

use record::words::{AttentionReason, PageKind, PageText};
use serde::Serialize;

#[derive(Serialize)]
struct Line<'a> {
    file: std::borrow::Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    #[serde(flatten)]
    outcome: Outcome<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome<'a> {
    Read {
        words: usize,
        confidence: u8,
        kind: PageKind,
        /// The most pressing first.
        attention: Vec<AttentionReason>,
        rotation: u16,
        language: &'a str,
        recipe: &'a str,
        generation: u32,
    },
    Failed {
        failed: String,
    },
}

/// Where the lines go; nowhere unless they were asked for.
#[derive(Clone, Copy)]
pub struct Lines {
    pub wanted: bool,
}

impl Lines {
    pub fn page(self, file: &Path, page: u32, outcome: Result<&PageText, &str>, seconds: f64) -> anyhow::Result<()> {
        let outcome = match outcome {
            Ok(text) => read(text),
            Err(why) => Outcome::Failed { failed: why.to_owned() },
        };
        let seconds = Some((seconds * 1000.0).round() / 1000.0);
        self.write(&Line { file: file.to_string_lossy(), page: Some(page), outcome, seconds })
    }

    pub fn file(self, file: &Path, why: &anyhow::Error) -> anyhow::Result<()> {
        let outcome = Outcome::Failed { failed: format!("{why:#}") };
        self.write(&Line { file: file.to_string_lossy(), page: None, outcome, seconds: None })
    }

    fn write(self, line: &Line<'_>) -> anyhow::Result<()> {
        if self.wanted {
            writeln!(std::io::stdout(), "{}", serde_json::to_string(line)?)?;
        }
        Ok(())
    }
}

fn read(text: &PageText) -> Outcome<'_> {
    Outcome::Read {
        words: text.words().count(),
        confidence: text.confidence(),
        kind: text.kind,
        attention: text.attention.iter().map(|attention| attention.reason).collect(),
        rotation: text.rotation,
        language: &text.language,
        recipe: &text.engine.recipe,
        generation: text.engine.generation,
    }
}
