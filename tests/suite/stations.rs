//! Stations sign what they capture, and an archive that knows its stations takes nothing from strangers.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use record::envelope::StationSigner;
use tests::{program, samples, site::Site};

/// The line by which the archive enrols a station.
fn line(spool: &Path) -> Result<String> {
    let words = ["key", "--spool"].map(std::ffi::OsStr::new);
    let said = program::stdout("scanner-agent", words.into_iter().chain([spool.as_os_str()]))?;
    said.lines().last().map(str::to_owned).context("a line")
}

#[test]
fn only_an_enrolled_station_closes_a_batch() -> Result<()> {
    let mut site = Site::start(0)?;
    let token = site.token("technician")?;
    let paths = [samples::path("discharge-summary.tif")];
    let import = |site: &Site| -> Result<_> {
        Ok(site.station("import", &token)?.args(["--patient", samples::MRN]).args(&paths).output()?)
    };
    // Before anybody is enrolled, everybody may.
    program::succeed("scanner-agent import", import(&site)?)?;
    let ours = line(&site.spool())?;
    let stranger = StationSigner::from_seed("ward9", &[1; 32]).public();
    let stations = site.data().join("stations");
    fs::write(&stations, format!("# who may capture\n{stranger}\n"))?;
    site.kill_server()?;
    site.restart()?;
    let other = [samples::path("lab-report.tif")];
    let import = |site: &Site| -> Result<_> {
        Ok(site.station("import", &token)?.args(["--patient", samples::MRN]).args(&other).output()?)
    };
    let refused = import(&site)?;
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(refused.status.code() == Some(4) && errors.contains("none of the stations"), "{errors}");
    fs::write(&stations, format!("{stranger}\n{ours}\n"))?;
    site.kill_server()?;
    site.restart()?;
    program::succeed("scanner-agent resume", site.station("resume", &token)?.output()?)?;
    ensure!(site.verify()?.0 == 0);
    Ok(())
}
