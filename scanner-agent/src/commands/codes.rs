//! `scanner-agent codes`: which codes are on these pages? For trying labels and rules before a batch is fed.

use std::path::Path;

use anyhow::{Context, anyhow};
use serde::Serialize;

use super::Exit;
use super::deliver::unpacker;
use crate::cli;
use crate::codes::{Code, check};
use crate::report::print;
use crate::rules::Rules;
use crate::unpack::supervise::Unpacker;

#[derive(Serialize)]
struct PageCodes<'a> {
    file: &'a Path,
    page: u32,
    codes: Vec<Told>,
}

#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    code: Code,
    /// Whether the code's own check digits are right; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<bool>,
    /// The rule that holds for it, if any does.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
}

pub fn run(args: &cli::Codes) -> anyhow::Result<Exit> {
    let unpacker = Unpacker { measures: false, ..unpacker()? };
    let rules =
        Rules::of(args.rules.text()?.as_deref()).map_err(|reason| anyhow!("failed to read the rules: {reason}"))?;
    let mut exit = Exit::Done;
    for file in &args.files {
        if !one_file(&unpacker, &rules, file, args.json)? {
            exit = Exit::SomeRefused;
        }
    }
    Ok(exit)
}

/// False where something of the file could not be looked at.
fn one_file(unpacker: &Unpacker, rules: &Rules, file: &Path, json: bool) -> anyhow::Result<bool> {
    let scratch = tempfile::tempdir().context("failed to make a temporary folder")?;
    let contents = unpacker.unpack(file, scratch.path()).context("failed to start unpacking")?;
    for (page, _) in contents.pages {
        let told = page.codes.into_iter().map(|code| {
            let rule = rules.rule(&code).map(|rule| rule.name.clone());
            Told { check: check::own(&code), rule, code }
        });
        let page = PageCodes { file, page: page.number, codes: told.collect() };
        print(&if json { format!("{}\n", serde_json::to_string(&page)?) } else { text(&page) })?;
    }
    for (page, reason) in &contents.refused {
        let page = page.map_or(String::new(), |page| format!(", page {page}"));
        eprintln!("scanner-agent: failed to look into {}{page}: {reason}", file.display());
    }
    Ok(contents.refused.is_empty())
}

fn text(page: &PageCodes<'_>) -> String {
    let mut text = format!("{}, page {}:", page.file.display(), page.page);
    if page.codes.is_empty() {
        text += " no code";
    }
    text += "\n";
    for told in &page.codes {
        let (code, at) = (&told.code, told.code.place);
        let wrong = if told.check == Some(false) { ", but its check digit is wrong" } else { "" };
        let rule = told.rule.as_ref().map_or(String::new(), |rule| format!(" ({rule})"));
        text += &format!("  {} at {},{}: {}{wrong}{rule}\n", code.format, at.x, at.y, code.text.escape_debug());
    }
    text
}
