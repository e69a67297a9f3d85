//! What is asked for, and what would the command line be told for it?
//!
//! The page has no second way of starting anything: its form becomes the words of a command, and the command's own parser
//! says what is wrong with them.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use record::BatchId;
use serde::{Deserialize, Serialize};

use super::desk::{Desk, locked};
use crate::rules::Rules;

const JOB_FILE_BYTES_MAX: usize = 64 * 1024;

/// A kind of job: a name, and what the command line would be told for it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobType {
    pub name: String,
    /// For scans, imports and hot folders alike.
    #[serde(default)]
    words: Vec<String>,
    /// For scans only.
    #[serde(default)]
    scan: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JobFile {
    job: Vec<JobType>,
}

impl JobType {
    /// Those of the station's file; without one, the built-in jobs.
    pub fn all(file: Option<&Path>) -> anyhow::Result<Vec<Self>> {
        let Some(file) = file else {
            let rules = Rules::of(None).map_err(|reason| anyhow!("failed to read the built-in rules: {reason}"))?;
            let as_set = Self { name: "as the device is set".into(), words: Vec::new(), scan: Vec::new() };
            let built_in =
                |name: &String| Self { name: name.clone(), words: Vec::new(), scan: vec![format!("--job={name}")] };
            return Ok(std::iter::once(as_set).chain(rules.job_names().map(built_in)).collect());
        };
        let failed = || format!("failed to read {}", file.display());
        let text = std::fs::read_to_string(file).with_context(failed)?;
        if text.len() > JOB_FILE_BYTES_MAX {
            return Err(anyhow!("it is larger than {JOB_FILE_BYTES_MAX} bytes")).with_context(failed);
        }
        let jobs: JobFile = toml::from_str(&text).with_context(failed)?;
        Ok(jobs.job)
    }
}

impl JobType {
    fn words_for(&self, kind: Kind) -> impl Iterator<Item = String> + '_ {
        let scan = if kind == Kind::Scan { self.scan.as_slice() } else { &[] };
        self.words.iter().chain(scan).cloned()
    }
}

/// What the page asks for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    #[serde(rename = "do")]
    pub kind: Kind,
    /// A device, a path or a hot folder; absent to go on with a batch from where it came.
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub job: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    operator: String,
    expect: Option<u32>,
    /// Go on with this batch.
    batch: Option<BatchId>,
    replace: Option<u32>,
    insert_before: Option<u32>,
    #[serde(skip)]
    pages: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Scan,
    Import,
    Watch,
}

/// Going on needs no device and no job type: they are those of the batch.
pub fn complete(desk: &Desk, mut start: Start) -> anyhow::Result<Start> {
    let Some(id) = start.batch else { return Ok(start) };
    let opened = desk.state(id)?.opened;
    // One sheet is scanned again, whatever else lies in the feeder.
    let sides = if opened.as_ref().is_some_and(|opened| opened.two_sided) { 2 } else { 1 };
    start.pages = start.replace.or(start.insert_before).map(|_| sides);
    let earlier = locked(&desk.work).iter().rev().find_map(|work| work.scanned(id));
    if let Some((from, job)) = earlier {
        (start.from, start.job) = (from, job);
    } else if start.from.is_empty() {
        start.from =
            opened.and_then(|opened| opened.source.device).context("it was not scanned: choose a scanner first")?;
    }
    Ok(start)
}

/// As the command line would have it. Each value is one word with its option, whatever is in it.
pub fn words(desk: &Desk, start: &Start) -> anyhow::Result<Vec<String>> {
    if start.from.trim().is_empty() {
        bail!("choose a scanner, a path or a hot folder first");
    }
    let job = desk.jobs.iter().find(|job| job.name == start.job).or_else(|| desk.jobs.first());
    let mut words: Vec<String> = vec!["scanner-agent".into()];
    let mut option = |name: &str, value: Option<String>| {
        words.extend(value.filter(|value| !value.is_empty()).map(|value| format!("--{name}={value}")));
    };
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    option("operator", Some(start.operator.trim().to_owned()));
    option("expect", number(start.expect));
    match start.kind {
        Kind::Scan => {
            option("device", Some(start.from.clone()));
            option("continue", start.batch.map(|id| id.to_string()));
            option("replace", number(start.replace));
            option("insert-before", number(start.insert_before));
            option("pages", number(start.pages));
            option("batch", Some(start.name.trim().to_owned()));
        }
        Kind::Import => option("batch", Some(start.name.trim().to_owned())),
        Kind::Watch => option("every", Some("1".into())),
    }
    let name = match start.kind {
        Kind::Scan => "scan",
        Kind::Import => "import",
        Kind::Watch => "watch",
    };
    words.splice(1..1, [name.to_owned(), "--hold".to_owned()]);
    words.extend(job.iter().flat_map(|job| job.words_for(start.kind)));
    if start.kind != Kind::Scan {
        words.extend(["--".to_owned(), start.from.clone()]);
    }
    Ok(words)
}
