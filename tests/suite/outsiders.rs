//! Other people's programs agree with ours.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tests::{program, samples, site::Site};

#[test]
fn qpdf_poppler_and_openssl_agree() -> Result<()> {
    let site = Site::start(1)?;
    site.import(&site.token("technician")?, &[samples::path("discharge-summary.tif")], &["--patient", samples::MRN])?;
    let searcher = site.caller("searcher")?;
    let hits = searcher.search("pleuritic")?;
    let document = hits[0]["document"].as_str().context("a document")?;

    // The PDF is well formed, keeps both pages, and its invisible text reads as ours.
    let pdf = site.root().join("document.pdf");
    fs::write(&pdf, searcher.bytes(&format!("/api/v1/documents/{document}/pdf"))?)?;
    program::succeed("qpdf --check", Command::new("qpdf").arg("--check").arg(&pdf).output()?)?;
    let text = program::succeed("pdftotext", Command::new("pdftotext").arg(&pdf).arg("-").output()?)?;
    for word in ["pleuritic", "physiotherapy", "Phenoxymethylpenicillin"] {
        ensure!(text.contains(word), "{word} is in the PDF's text");
    }
    let listed = program::succeed("pdfimages", Command::new("pdfimages").arg("-list").arg(&pdf).output()?)?;
    let pictures: Vec<&str> = listed.lines().skip(2).collect();
    ensure!(
        pictures.len() >= 2 && pictures.iter().all(|line| line.contains("ccitt")),
        "the G4 bytes are kept: {listed}"
    );

    // Every blob's name is its SHA-256, says OpenSSL.
    let mut checked = 0;
    for entry in walk(&site.store().join("blobs"))? {
        let output = Command::new("openssl").args(["dgst", "-sha256", "-r"]).arg(&entry).output()?;
        let line = program::succeed("openssl", output)?;
        let name = entry.file_name().and_then(|name| name.to_str()).context("a name")?;
        ensure!(line.starts_with(name), "{name} holds {line}");
        checked += 1;
    }
    ensure!(checked >= 4, "only {checked} blobs");
    Ok(())
}

fn walk(folder: &std::path::Path) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(walk(&path)?) } else { found.push(path) }
    }
    Ok(found)
}
