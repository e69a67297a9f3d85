//! Stations sign what they capture, and an archive that knows its stations takes nothing from strangers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context as _, Result, ensure};
use record::envelope::StationSigner;
use tests::{program, samples, site::Site};

/// The line by which the archive enrols a station.
fn line(spool: &Path) -> Result<String> {
    let words = ["key", "--spool"].map(std::ffi::OsStr::new);
    let said = program::stdout("scanner-agent", words.into_iter().chain([spool.as_os_str()]))?;
    said.lines().last().map(str::to_owned).context("a line")
}

fn import(site: &Site, token: &str, path: PathBuf) -> Result<Output> {
    Ok(site.station("import", token)?.args(["--patient", samples::MRN]).arg(path).output()?)
}

#[test]
fn only_an_enrolled_station_closes_a_batch() -> Result<()> {
    let site = Site::start(0)?;
    let token = site.token("technician")?;
    // Before anybody is enrolled, everybody may.
    program::succeed("scanner-agent import", import(&site, &token, samples::path("discharge-summary.tif"))?)?;
    let ours = line(&site.spool())?;
    let stranger = StationSigner::from_seed("ward9", &[1; 32]).public().to_string();
    program::succeed("chartroom station", site.chartroom(&["station", "enrol", &stranger])?)?;
    let refused = import(&site, &token, samples::path("lab-report.tif"))?;
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(refused.status.code() == Some(4) && errors.contains("none of the stations"), "{errors}");
    program::succeed("chartroom station", site.chartroom(&["station", "enrol", &ours])?)?;
    program::succeed("scanner-agent resume", site.station("resume", &token)?.output()?)?;
    let (code, report) = site.verify()?;
    ensure!(code == 0 && report["counts"]["envelopes"] == 1, "the envelope since then is good: {report}");

    // What the archive lists is what the verifier takes; an auditor who was told of one station only finds the other.
    let listed = program::succeed("chartroom station list", site.chartroom(&["station", "list"])?)?;
    let file = site.root().join("stations");
    fs::write(&file, &listed)?;
    let words = ["--stations", &file.to_string_lossy()].map(str::to_owned);
    ensure!(site.verify_with(&words)?.0 == 0);
    fs::write(&file, &ours)?;
    let (code, report) = site.verify_with(&words)?;
    let found = report["findings"][0]["code"].as_str().unwrap_or_default();
    ensure!(code == 1 && found == "station-unknown", "{report}");

    program::succeed("chartroom station", site.chartroom(&["station", "revoke", "ward9"])?)?;
    let again = site.chartroom(&["station", "enrol", &stranger])?;
    ensure!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("for good"));
    ensure!(site.verify()?.0 == 0);
    Ok(())
}

#[test]
fn keys_in_the_old_file_are_not_forgotten_in_silence() -> Result<()> {
    let mut site = Site::start(0)?;
    let file = site.data().join("stations");
    fs::write(&file, format!("# who may capture\n{}\n", StationSigner::from_seed("ward9", &[1; 32]).public()))?;
    site.kill_server()?;
    let error = site.restart().expect_err("it does not start").to_string();
    ensure!(error.contains("chartroom station enrol --file"), "{error}");
    let said = site.chartroom(&["station", "enrol", "--file", &file.to_string_lossy()])?;
    program::succeed("chartroom station", said)?;
    site.restart()
}
