//! Are stacks cut into documents where other people's tests say that they are to be cut?
//!
//! `--corpus DIR` holds files and an `expected.tsv` of lines `test<TAB>files<TAB>expected<TAB>settings`, as taken from the tests of
//! paperless-ngx: `{1: False}` is "page 1 (from 0) separates and is not kept", a number is what a label names. Its
//! settings become a rule file of ours; the programs are asked, with `import --dry-run`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::program;

use crate::report::Report;

/// Where pages are cut, and whether the page there is kept.
type Cuts = BTreeMap<u64, bool>;

#[derive(Debug, PartialEq, Eq)]
enum Expected {
    Cuts(Cuts),
    /// What the label of the first page names.
    Named(Option<String>),
}

pub fn run(report: &mut Report, corpus: Option<&Path>) -> Result<()> {
    let Some(corpus) = corpus else { bail!("give the folder of files and their expected.tsv with --corpus") };
    let table = fs::read_to_string(corpus.join("expected.tsv")).context("reading expected.tsv")?;
    let (mut held, mut differs) = (0, Vec::new());
    for line in table.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let [test, files, expected, settings] = cells[..] else { bail!("a line of expected.tsv has not four cells") };
        let Some(expected) = expectation(expected)? else { continue };
        for file in files.split(',').map(|file| corpus.join(file)).filter(|file| file.is_file()) {
            let found = split(&file, &rules(test, settings, &expected), &expected)?;
            if found == expected { held += 1 } else { differs.push(format!("{test} {}: {found:?}", name(&file))) }
        }
    }
    report.line(&json!({
        "bench": "splits",
        "unit": "files cut, or named, as their tests say",
        "held": held,
        "of": held + differs.len(),
        "differs": differs,
    }))
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// `None` for a test that says nothing about cuts or names.
fn expectation(text: &str) -> Result<Option<Expected>> {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        let pairs = inner.split(',').filter(|pair| !pair.trim().is_empty());
        let cut = |pair: &str| {
            let (page, keep) = pair.split_once(':').context("a pair of page and keep")?;
            anyhow::Ok((page.trim().parse()?, keep.trim() == "True"))
        };
        return Ok(Some(Expected::Cuts(pairs.map(cut).collect::<Result<_>>()?)));
    }
    Ok(match text {
        "" => None,
        "None" => Some(Expected::Named(None)),
        number => Some(Expected::Named(Some(number.to_owned()))),
    })
}

/// The settings of the test as rules of ours.
fn rules(test: &str, settings: &str, expected: &Expected) -> String {
    let keeps = settings.contains("RETAIN_SPLIT_PAGES=True");
    let word = quoted_after(settings, "BARCODE_STRING=")
        .or_else(|| (test == "test_barcode_config").then(|| "CUSTOM BARCODE".into()));
    let mut rules =
        rule(&word.unwrap_or_else(|| "PATCHT".into()), "document", keeps) + &rule("[2T]", "document", keeps);
    if test.contains("asn") || matches!(expected, Expected::Named(_)) {
        let prefix = quoted_after(settings, "ASN_BARCODE_PREFIX=").unwrap_or_else(|| "ASN".into());
        rules += &rule(&format!(r"{prefix}\s*0*(?<encounter>\d+)"), "document", true);
    }
    if settings.contains("TAG_BARCODE_SPLIT=True") {
        for pattern in ["TAG:(.*)", "ASN(.*)"].iter().filter(|pattern| settings.contains(*pattern)) {
            rules += &rule(pattern, "document", true);
        }
    }
    rules
}

fn rule(pattern: &str, does: &str, keep: bool) -> String {
    format!("[[rule]]\nname = '{pattern}'\nmatch = '{pattern}'\ndoes = '{does}'\nkeep = {keep}\n")
}

fn quoted_after(text: &str, key: &str) -> Option<String> {
    text.split(key).nth(1)?.split('"').nth(1).map(str::to_owned)
}

/// What our program makes of a file, in the terms of what is expected.
fn split(file: &PathBuf, rules: &str, expected: &Expected) -> Result<Expected> {
    let folder = TempDir::new()?;
    let path = folder.path().join("rules.toml");
    fs::write(&path, rules)?;
    let mut command = program::command("scanner-agent")?;
    let output = command.args(["import", "--dry-run", "--json", "--rules"]).arg(&path).arg(file).output()?;
    let plan: Value = serde_json::from_str(&program::succeed("scanner-agent import", output)?)?;
    let documents = plan["documents"].as_array().context("documents")?;
    if matches!(expected, Expected::Named(_)) {
        let named = documents.iter().find_map(|document| document["encounter"].as_str());
        return Ok(Expected::Named(named.map(str::to_owned)));
    }
    let sheets = plan["sheets"].as_array().context("sheets")?;
    let mut cuts: Cuts = sheets.iter().filter_map(|sheet| Some((sheet["page"].as_u64()? - 1, false))).collect();
    let first_pages = documents.iter().filter_map(|document| document["pages"][0]["from_page"].as_u64());
    for page in first_pages.map(|page| page - 1).filter(|page| *page > 0) {
        if cuts.get(&(page - 1)) != Some(&false) {
            cuts.insert(page, true);
        }
    }
    Ok(Expected::Cuts(cuts))
}
