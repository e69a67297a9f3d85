//! A document that is given away proves itself, to our verifier and to other people's.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tests::fuzz::{filled, unpack};
use tests::{program, site::Site};

fn verify(site: &Site, bundle: &Path) -> Result<(Option<i32>, Value)> {
    let mut command = program::command("chartroom-verify")?;
    command.args(["--json", "--bundle"]).arg(bundle).arg("--key").arg(site.log_key());
    let output = command.arg("--stations").arg(site.root().join("stations")).output()?;
    let report =
        serde_json::from_slice(&output.stdout).with_context(|| String::from_utf8_lossy(&output.stderr).into_owned());
    Ok((output.status.code(), report?))
}

#[test]
fn a_bundle_is_proven_by_our_verifier_and_by_public_tools() -> Result<()> {
    let site = Site::start(0)?;
    let document = filled(&site)?;
    let searcher = site.caller("searcher")?;
    let tar = site.root().join("given.tar");
    fs::write(&tar, searcher.bytes(&format!("/api/v1/documents/{document}/bundle"))?)?;
    let (code, report) = verify(&site, &tar)?;
    ensure!(code == Some(0) && report["counts"]["envelopes"] == 1 && report["coverage"]["blobs"] == 4, "{report}");
    ensure!(report["verdict"] == "no-findings" && report["not_proven"][0]["what"] == "freshness", "{report}");
    let auditor = site.caller("auditor")?;
    ensure!(auditor.status(&format!("/api/v1/documents/{document}/bundle"))? == 404, "an auditor sees no page");
    let events = auditor.json("/api/v1/ledger/events?most=1000")?.to_string();
    ensure!(events.contains("\"form\":\"bundle\""), "that it was given out is in the ledger: {events}");

    let folder = unpack(&tar, &site.root().join("public"))?;
    program::succeed("sha256sum", Command::new("sha256sum").args(["-c", "SHA256SUMS"]).current_dir(&folder).output()?)?;
    let proofbundle = program::cache()?.join("venv/bin/proofbundle");
    ensure!(proofbundle.is_file(), "proofbundle is not installed; run scripts/setup --tests");
    let key = fs::read_to_string(site.log_key())?;
    for leaf in ["sealed", "capture"] {
        let words =
            [format!("{leaf}.tlog-proof"), "--payload-file".into(), format!("{leaf}.json"), "--log-vkey".into()];
        let ask = |key: &str| {
            Command::new(&proofbundle).arg("verify-proof").args(&words).arg(key).current_dir(&folder).output()
        };
        program::succeed("proofbundle", ask(key.trim())?)?;
        let other = record::note::LogSigner::from_seed("another", &[9; 32])?.public().to_string();
        ensure!(!ask(&other)?.status.success(), "under another key it proves nothing");
    }
    Ok(())
}

#[test]
fn whatever_is_changed_in_a_bundle_is_found_and_named() -> Result<()> {
    let site = Site::start(0)?;
    let document = filled(&site)?;
    let tar = site.root().join("given.tar");
    let words = ["bundle", &document, "--out", &tar.to_string_lossy()];
    program::succeed("chartroom bundle", site.chartroom(&words)?)?;
    ensure!(!site.chartroom(&words)?.status.success(), "no file is overwritten");
    for (name, code) in [
        ("pages/0002.tif", "blob-missing"),
        ("fields.json", "blob-missing"),
        ("manifest.json", "manifest-wrong"),
        ("sealed.json", "entries-wrong"),
        ("sealed.tlog-proof", "checkpoint-wrong"),
        ("capture.json", "entries-wrong"),
        ("capture.dsse.json", "capture-wrong"),
    ] {
        let folder = unpack(&tar, &site.root().join("changed").join(name.replace('/', "-")))?;
        let mut bytes = fs::read(folder.join(name))?;
        let at = bytes.len() - 3;
        bytes[at] ^= 1;
        fs::write(folder.join(name), bytes)?;
        let (exit, report) = verify(&site, &folder)?;
        let found = report["findings"].to_string();
        ensure!(exit == Some(1) && found.contains(&format!("\"{code}\"")), "{name}: {report}");
    }
    Ok(())
}
