//! A batch that people held and changed is in the archive as they left it, and what they left out is kept beside it.

use std::collections::BTreeSet;
use std::process::Output;

use anyhow::{Context as _, Result, ensure};
use imaging::QuarterTurn;
use serde_json::Value;
use tests::site::Site;
use tests::{program, samples};

struct Station<'a> {
    site: &'a Site,
    token: String,
    batch: String,
}

impl Station<'_> {
    fn run(&self, words: &[&str]) -> Result<Output> {
        let mut command = program::command("scanner-agent")?;
        command.args(words).arg("--json").arg("--spool").arg(self.site.spool());
        Ok(command.env("CHARTROOM_SERVER", self.site.url()).env("CHARTROOM_TOKEN", &self.token).output()?)
    }

    fn json(&self, words: &[&str]) -> Result<Value> {
        Ok(serde_json::from_str(&program::succeed("scanner-agent", self.run(words)?)?)?)
    }

    fn batch(&self, words: &[&str]) -> Result<Value> {
        self.json(&[&["batch", &self.batch], words].concat())
    }
}

#[test]
fn a_released_batch_is_in_the_archive_as_people_left_it() -> Result<()> {
    let site = Site::start(1)?;
    let mut station = Station { site: &site, token: site.token("technician")?, batch: String::new() };
    let path = |name: &str| samples::path(name).to_string_lossy().into_owned();
    let (letter, report, note) = (path("clinic-letter.png"), path("lab-report.tif"), path("operation-note.jpg"));
    let held = station.json(&["import", &letter, &report, &note, "--hold", "--batch", "three"])?;
    station.batch = held["batch"].as_str().context("a batch")?.to_owned();
    let pages = held["pages"].as_array().context("pages")?.len() as u64;
    ensure!(station.json(&["resume"])? == Value::Array(Vec::new()), "a held batch goes nowhere");

    // The lab report's pages are left out, the note goes on with the letter and was fed upside down.
    let middle: Vec<String> = (2..pages).map(|page| page.to_string()).collect();
    let hide: Vec<&str> = ["hide"].into_iter().chain(middle.iter().map(String::as_str)).collect();
    station.batch(&hide)?;
    station.batch(&["turn", &pages.to_string(), "180"])?;
    station.batch(&["join", &pages.to_string()])?;
    let left = station.batch(&["index", "1", "--patient", samples::MRN])?;
    ensure!(left["documents"].as_array().map(Vec::len) == Some(1), "{left}");
    station.batch(&["accept"])?;
    station.batch(&["release"])?;
    let reports = station.json(&["resume", "--wait"])?;

    let document = &reports[0]["documents"][0];
    ensure!(document["pages"].as_array().map(Vec::len) == Some(2), "{document}");
    let id = document["document"].as_str().context("a document")?;
    let proof = site.caller("auditor")?.json(&format!("/api/v1/documents/{id}/proof"))?.to_string();
    let captured = |page: &Value| page["image"].as_str().map(|image| image.trim_start_matches("sha256:").to_owned());
    let masters: BTreeSet<String> = held["pages"].as_array().context("pages")?.iter().filter_map(captured).collect();
    let turned = document["pages"][1]["digest"].as_str().context("a digest")?.trim_start_matches("sha256:");
    ensure!(!masters.contains(turned) && proof.contains(turned), "the turned page is sealed: {proof}");
    let note = captured(&held["pages"][pages as usize - 1]).context("the note")?;
    ensure!(proof.contains(&note), "its master too: {proof}");

    // Turned back, the sealed page is the one that was fed, pixel by pixel.
    let blob = |digest: &str| {
        std::fs::read(site.store().join("blobs/sha256").join(&digest[..2]).join(&digest[2..4]).join(digest))
    };
    let back = imaging::decode(&blob(turned)?)?.rotate_quarter(QuarterTurn::Half);
    ensure!(back == imaging::decode(&std::fs::read(samples::path("operation-note.jpg"))?)?, "no pixel changed");
    let hits = site.caller("searcher")?.search("cholangiogram")?;
    ensure!(hits.len() == 1, "the note is found: {hits:?}");
    ensure!(site.caller("searcher")?.search("leucocytosis")?.is_empty(), "a hidden page is no page of the document");
    let (code, findings) = site.verify()?;
    ensure!(code == 0, "{findings}");
    Ok(())
}
