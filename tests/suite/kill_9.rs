//! Anything may die at any instant: nothing acknowledged is lost, nothing is there twice,
//! and no human is needed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tests::{program, samples, site::Site};

use crate::twice::count_sealed;

/// System calls that end a step of the station: a file is durable, has its name, a line is
/// in the journal, a request is out.
const STEPS: [&str; 4] = ["fsync", "fdatasync", "rename", "unlink"];

#[test]
fn the_station_is_killed_at_every_durable_step_and_loses_nothing() -> Result<()> {
    let site = Site::start(0)?;
    let station = site.token("technician")?;
    let mut points = 0;
    for step in STEPS {
        // Every occurrence in turn, until a run gets through without meeting the n-th.
        for occurrence in 1..=200 {
            let spool = site.root().join(format!("spool-{step}-{occurrence}"));
            let killed = import_under_strace(&site, &station, &spool, step, occurrence)?;
            if !killed {
                break;
            }
            points += 1;
            let again = import(&site, &station, &spool)?.output()?;
            program::succeed("the import after a kill", again)?;
            ensure!(waiting(&spool)? == 0, "after {step} {occurrence} the spool still holds pages");
        }
    }
    ensure!(points >= 20, "only {points} crash points were met; is strace at work?");
    ensure!(count_sealed(&site)? == 1, "one document, however often its station died");
    let (code, report) = site.verify()?;
    ensure!(code == 0, "{report}");
    Ok(())
}

#[test]
fn the_server_is_killed_again_and_again_while_pages_arrive() -> Result<()> {
    let mut site = Site::start(1)?;
    let station = site.token("technician")?;
    let paths: Vec<PathBuf> = samples::FILES.iter().map(|(file, _)| samples::path(file)).collect();
    for round in 0..6_u64 {
        let mut importing = site
            .station("import", &station)?
            .args(["--patient", samples::MRN])
            .args(&paths)
            .stderr(std::process::Stdio::null())
            .spawn()?;
        // Spread over the whole hand-over: the first rounds die early, the last ones late.
        std::thread::sleep(Duration::from_millis(60 + round * 170));
        site.kill_server()?;
        site.restart()?;
        let _ = importing.kill();
        importing.wait()?;
    }
    site.import(&station, &paths, &["--patient", samples::MRN])?;
    let searcher = site.caller("searcher")?;
    for (file, word) in samples::FILES {
        let hits = searcher.search(word)?;
        ensure!(hits.len() == 1, "{word} of {file} is found once, not {}", hits.len());
    }
    ensure!(count_sealed(&site)? == samples::FILES.len(), "each document once");
    let (code, report) = site.verify()?;
    ensure!(code == 0, "{report}");
    Ok(())
}

fn import(site: &Site, token: &str, spool: &Path) -> Result<Command> {
    let mut command = program::command("scanner-agent")?;
    command.args(["import", "--server", &site.url(), "--patient", samples::MRN, "--spool"]).arg(spool);
    command.arg(samples::path("discharge-summary.tif")).env("CHARTROOM_TOKEN", token);
    Ok(command)
}

/// Runs the import and kills it at the n-th call of `step`; false where it came through.
fn import_under_strace(site: &Site, token: &str, spool: &Path, step: &str, occurrence: u32) -> Result<bool> {
    let import = import(site, token, spool)?;
    let output = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={step}")])
        .args(["-e", &format!("inject={step}:signal=SIGKILL:when={occurrence}")])
        .arg(import.get_program())
        .args(import.get_args())
        .env("CHARTROOM_TOKEN", token)
        .output()?;
    // strace dies by the signal its tracee died of.
    Ok(!output.status.success())
}

/// Batches in the spool that the archive does not have whole.
fn waiting(spool: &Path) -> Result<usize> {
    let output = program::command("scanner-agent")?.args(["status", "--json", "--spool"]).arg(spool).output()?;
    let report: serde_json::Value = serde_json::from_str(&program::succeed("scanner-agent status", output)?)?;
    report["batches"].as_array().map(Vec::len).context("a list of batches")
}
