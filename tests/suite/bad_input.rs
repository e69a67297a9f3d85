//! Bad files are refused with a reason that names them, and cost nothing but themselves.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tests::{samples, site::Site};

#[test]
fn bad_files_are_named_and_the_rest_of_the_batch_goes_on() -> Result<()> {
    let site = Site::start(1)?;
    let folder = site.root().join("stack");
    let bad = bad_files(&folder)?;
    fs::copy(samples::path("clinic-letter.png"), folder.join("m-good.png"))?;
    fs::copy(samples::path("lab-report.tif"), folder.join("n-mislabelled.pdf"))?; // a TIFF by another name
    let report = site.import(&site.token("technician")?, &[folder], &["--patient", samples::MRN])?;
    let refused = report["refused"].as_array().context("a list of what was refused")?;
    for name in &bad {
        let reason = refused.iter().find(|entry| entry["file"].as_str().is_some_and(|file| file.ends_with(name)));
        ensure!(
            reason.is_some_and(|entry| entry["reason"].as_str().is_some_and(|reason| reason.len() >= 8)),
            "{name}: {report}"
        );
    }
    ensure!(refused.len() >= bad.len(), "{report}");
    let searcher = site.caller("searcher")?;
    ensure!(searcher.search("electrocardiogram")?.len() == 1, "the good page is found");
    ensure!(searcher.search("leucocytosis")?.len() == 1, "the mislabelled page is found too");
    Ok(())
}

/// Writes files that are wrong in different ways; returns their names.
fn bad_files(folder: &PathBuf) -> Result<Vec<String>> {
    fs::create_dir_all(folder)?;
    let png = fs::read(samples::path("clinic-letter.png"))?;
    let tiff = fs::read(samples::path("discharge-summary.tif"))?;
    // A PNG that says it is 60,000 pixels square.
    let mut bomb = png.clone();
    bomb[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    // A TIFF whose first directory points to itself for ever.
    let loop_tiff = b"II*\0\x08\0\0\0\0\0\x08\0\0\0".to_vec();
    let files: [(&str, Vec<u8>); 7] = [
        ("a-empty.png", Vec::new()),
        ("b-cut.png", png[..png.len() / 2].to_vec()),
        ("c-cut.tif", tiff[..64].to_vec()),
        ("d-text.jpg", b"this is a letter, not a picture of one".to_vec()),
        ("e-bomb.png", bomb),
        ("f-loop.tif", loop_tiff),
        ("g-broken.pdf", b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 9 0 R >>".to_vec()),
    ];
    for (name, bytes) in &files {
        fs::write(folder.join(name), bytes)?;
    }
    Ok(files.iter().map(|(name, _)| (*name).to_owned()).collect())
}

#[test]
fn a_page_that_kills_its_reader_is_put_aside_with_its_image_still_there() -> Result<()> {
    let site = Site::start(0)?;
    let station = site.token("technician")?;
    let output = site
        .station("import", &station)?
        .args(["--json", "--patient", samples::MRN])
        .arg(samples::path("clinic-letter.png"))
        .output()?;
    tests::program::succeed("scanner-agent import", output)?;

    // We are the reader, and we crash each time we are given the page.
    let reader = site.caller("worker")?;
    let technician = site.caller("technician")?;
    for _ in 0..record::limits::READ_FAILURES_MAX {
        let job = tests::program::wait_for("the page to be offered", || {
            let answer = reader.post("/api/v1/jobs/claim", &json!({"worker": "crasher"}))?;
            Ok(if answer.status() == 200 { Some(answer.json::<serde_json::Value>()?) } else { None })
        })?;
        let id = job["job"].as_str().context("a job")?;
        let answer = reader.post(&format!("/api/v1/jobs/{id}/failure"), &json!({"reason": "crashed"}))?;
        ensure!(answer.status().is_success(), "failure answered {}", answer.status());
    }
    let attention = technician.json("/api/v1/attention")?;
    let page = find_page(&attention).with_context(|| format!("a page in {attention}"))?;
    ensure!(attention.to_string().contains("crashed"), "the reason is told: {attention}");
    ensure!(technician.status(&format!("/api/v1/pages/{page}/image"))? == 200, "its image is still there");
    ensure!(
        reader.post("/api/v1/jobs/claim", &json!({"worker": "crasher"}))?.status() == 204,
        "it is not offered again"
    );
    Ok(())
}

fn find_page(attention: &serde_json::Value) -> Option<String> {
    let list = attention.as_array().or_else(|| attention["pages"].as_array())?;
    Some(list.first()?["page"].as_str()?.to_owned())
}
