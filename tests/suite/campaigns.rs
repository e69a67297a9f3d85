//! Old pages are read again: first a sample, to see what it would bring, then all of them, watched and stopped.

use std::process::Output;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tests::{browser::Browser, program, samples, site::Site};

use crate::browser::pictures;

/// `chartroom campaign WORDS… --json`, as an administrator at another machine would say it.
fn campaign(site: &Site, token: &str, words: &[&str]) -> Result<Output> {
    let mut command = program::command("chartroom")?;
    command.arg("campaign").args(words).args(["--json", "--server", &site.url()]).env("CHARTROOM_TOKEN", token);
    Ok(command.output()?)
}

#[test]
fn old_pages_are_tried_read_again_and_watched() -> Result<()> {
    let site = Site::start(1)?;
    let pages = [samples::path("clinic-letter.png"), samples::path("operation-note.jpg")];
    site.import(&site.token("technician")?, &pages, &["--patient", samples::MRN])?;
    let admin = site.token("admin")?;
    let told = |words: &[&str]| -> Result<Value> {
        Ok(serde_json::from_str(&program::succeed("chartroom campaign", campaign(&site, &admin, words)?)?)?)
    };
    let tried = told(&["start", "--confidence-below", "100", "--dry-run", "--sample", "2"])?;
    ensure!(
        tried["done"] == 2 && tried["same"] == 2 && tried["words_lost"] == 0,
        "the same reader reads the same: {tried}"
    );

    let started = told(&["start", "--confidence-below", "100"])?;
    ensure!(started[0]["state"] == "running" && started[0]["left"] == 2, "{started}");
    program::wait_for("both pages to be read again", || {
        let status = told(&["status"])?;
        Ok((status[0]["left"] == 0).then_some(()).filter(|()| status[0]["again"] == 2))
    })?;
    // The only one there is need not be named.
    for (word, state) in [("pause", "paused"), ("resume", "running"), ("end", "ended")] {
        let status = told(&[word])?;
        ensure!(status[0]["state"] == state && status[0]["better"] == 0, "{status}");
    }
    let nothing_to_pause = campaign(&site, &admin, &["pause"])?;
    let said = String::from_utf8(nothing_to_pause.stderr)?;
    ensure!(nothing_to_pause.status.code() == Some(1) && said.contains("no campaign that has not ended"), "{said}");
    let stranger = campaign(&site, &site.token("searcher")?, &["status"])?;
    ensure!(!stranger.status.success(), "searchers hear nothing of campaigns");

    site.account("ada", "admin", "a long enough word")?;
    told(&["start", "--confidence-below", "100", "--pages-per-hour", "60", "--hours", "20-6"])?;
    let browser = Browser::start(&pictures())?;
    browser.log_in(&site.url(), "ada", "a long enough word")?;
    browser.open(&format!("{}/campaigns", site.url()))?;
    let cells =
        browser.wait_for("both", "return [...document.querySelectorAll('td .badge')].map((b) => b.textContent)")?;
    let cells = cells.as_array().context("a list")?;
    ensure!(cells.len() == 2 && cells[1] == "ended", "the newest first: {cells:?}");
    browser.pictures("10-campaigns")
}
