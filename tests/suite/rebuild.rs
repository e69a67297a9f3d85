//! Catalog and index are made again from the bucket alone, and nothing is different.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tests::{http::Caller, program, samples, site::Site};

#[test]
fn everything_comes_back_from_the_bucket_alone() -> Result<()> {
    let mut site = Site::start(1)?;
    let patients = samples::path("patients.csv");
    program::succeed("chartroom patients", site.chartroom(&["patients", "import", &patients.to_string_lossy()])?)?;
    let (station, searcher, auditor) = (site.token("technician")?, site.token("searcher")?, site.token("auditor")?);
    let paths = [samples::path("discharge-summary.tif"), samples::path("lab-report.tif")];
    site.import(&station, &paths, &["--patient", samples::MRN, "--type", "CHART"])?;
    site.import(&station, &[samples::path("clinic-letter.png")], &[])?; // no patient: an exception

    let before = everything(&site, &station, &searcher, &auditor)?;
    ensure!(before.iter().all(|answer| *answer != Value::Null), "{before:?}");
    site.kill_server()?;
    fs::remove_file(site.data().join("catalog.sqlite"))?;
    // The write-ahead log belongs to the file that is gone.
    for rest in ["catalog.sqlite-wal", "catalog.sqlite-shm"] {
        let _ = fs::remove_file(site.data().join(rest));
    }
    fs::remove_dir_all(site.data().join("index"))?;
    program::succeed("chartroom rebuild", site.chartroom(&["rebuild"])?)?;
    site.restart()?;

    // Tokens came back too: the same three callers ask again.
    let after = everything(&site, &station, &searcher, &auditor)?;
    for (old, new) in before.iter().zip(&after) {
        ensure!(old == new, "was {old}\n is {new}");
    }
    // And so did the account: the admin's password still opens the door.
    let answer = reqwest::blocking::Client::new()
        .post(format!("{}/api/v1/session", site.url()))
        .header("Sec-Fetch-Site", "same-origin")
        .json(&serde_json::json!({"login": "admin", "password": site.admin_password}))
        .send()?;
    ensure!(answer.status().is_success(), "log-in answered {}", answer.status());
    Ok(())
}

/// What the three kinds of people can see, as one list of answers.
fn everything(site: &Site, station: &str, searcher: &str, auditor: &str) -> Result<Vec<Value>> {
    let as_station = Caller::new(&site.url(), station)?;
    let as_searcher = Caller::new(&site.url(), searcher)?;
    let as_auditor = Caller::new(&site.url(), auditor)?;
    // Looking at a document is an event too.
    let found = |word: &str| -> Result<Value> {
        let mut hits = as_searcher.json(&format!("/api/v1/search?q={word}"))?;
        hits["as_of"].take();
        Ok(hits)
    };
    let hits = found("pleuritic")?;
    let document = hits["hits"][0]["document"].as_str().context("a hit")?.to_owned();
    let mut answers = vec![hits];
    answers.push(found("leucocytosis")?);
    answers.push(found("electrocardiogram")?);
    answers.push(as_station.json("/api/v1/batches")?);
    answers.push(as_station.json("/api/v1/exceptions")?);
    answers.push(as_station.json("/api/v1/attention")?);
    answers.push(as_searcher.json(&format!("/api/v1/documents/{document}"))?);
    answers.push(as_auditor.json(&format!("/api/v1/documents/{document}/proof"))?["manifest"].clone());
    Ok(answers)
}
