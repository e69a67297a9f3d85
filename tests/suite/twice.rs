//! The same batch twice gives one set of documents.

use anyhow::{Result, ensure};
use tests::{samples, site::Site};

#[test]
fn the_same_files_imported_twice_are_one_set_of_documents() -> Result<()> {
    let site = Site::start(1)?;
    let station = site.token("technician")?;
    let paths = [samples::path("discharge-summary.tif"), samples::path("clinic-letter.png")];
    let once = site.import(&station, &paths, &["--patient", samples::MRN])?;
    let twice = site.import(&station, &paths, &["--patient", samples::MRN])?;
    ensure!(documents(&once).len() == 2, "{once}");
    ensure!(documents(&once) == documents(&twice), "the same documents: {once} {twice}");

    // A second station, with a spool of its own, changes nothing either.
    let other = site.root().join("other-spool");
    let output = tests::program::command("scanner-agent")?
        .args(["import", "--server", &site.url(), "--wait", "--json", "--patient", samples::MRN, "--spool"])
        .arg(&other)
        .args(&paths)
        .env("CHARTROOM_TOKEN", &station)
        .output()?;
    tests::program::succeed("scanner-agent import", output)?;
    let sealed = count_sealed(&site)?;
    ensure!(sealed == 2, "{sealed} documents were sealed");
    let searcher = site.caller("searcher")?;
    ensure!(searcher.search("pleuritic")?.len() == 1, "found once");
    Ok(())
}

fn documents(report: &serde_json::Value) -> Vec<String> {
    let mut ids: Vec<String> = report["documents"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|document| document["document"].as_str().map(str::to_owned))
        .collect();
    ids.sort();
    ids
}

/// `sealed` events in the ledger.
pub fn count_sealed(site: &Site) -> Result<usize> {
    let events = site.caller("auditor")?.json("/api/v1/ledger/events?from=0")?;
    Ok(events.to_string().matches("\"type\":\"sealed\"").count())
}
