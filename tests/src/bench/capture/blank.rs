//! Are blank pages flagged, and faint ones not?
//!
//! Blank are sheets of five shades with shadows, punch holes and dust; faint are pages with one line of print, down to 30 % of
//! its strength. Both are imported as they would be anywhere.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::program;

use super::pages::{Condition, Kind, Page};
use crate::report::{Report, rounded};

/// Of each kind, all conditions together.
pub const PAGES: usize = 60;

/// Askew, white corners show beside grey paper.
const CONDITIONS: [Condition; 4] = [Condition::Clean, Condition::Skew(1), Condition::Typical, Condition::Noisy(25)];

pub fn run(report: &mut Report, count: usize) -> Result<()> {
    for condition in CONDITIONS {
        let count = count.div_ceil(CONDITIONS.len());
        let (blank, faint) = (flagged(Kind::Blank, condition, count)?, flagged(Kind::Faint, condition, count)?);
        report.line(&json!({
            "bench": "capture blank pages",
            "pages": format!("{count} × {}", condition.name()),
            "unit": "% of blank pages flagged, faint pages flagged",
            "ours": { "flagged": rounded(100.0 * blank as f64 / count as f64), "false": faint },
        }))?;
    }
    Ok(())
}

/// How many of so many pages are flagged as blank.
fn flagged(kind: Kind, condition: Condition, count: usize) -> Result<usize> {
    let (folder, spool) = (TempDir::new()?, TempDir::new()?);
    for number in 0..count {
        Page::draw(folder.path(), condition, kind, number)?;
    }
    let mut import = program::command("scanner-agent")?;
    import.args(["import", "--hold", "--json", "--spool"]).arg(spool.path()).arg(folder.path());
    let report: Value = serde_json::from_str(&program::succeed("scanner-agent import", import.output()?)?)?;
    let pages = report["pages"].as_array().context("pages")?;
    ensure!(pages.len() == count, "{} pages of {count} came", pages.len());
    let is_blank = |page: &&Value| page["flags"].as_array().is_some_and(|flags| flags.contains(&json!("blank")));
    Ok(pages.iter().filter(is_blank).count())
}
