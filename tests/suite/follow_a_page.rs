//! The life of a page: a real SANE device, real Tesseract, a search, the word's box on the
//! image, and an offline check that trusts none of it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use tests::{program, samples, site::Site};

#[test]
fn from_the_scanner_to_a_lit_word_provable() -> Result<()> {
    let site = Site::start(1)?;
    let station = site.token("technician")?;

    // 1. Capture: our page lies on the flatbed of SANE's own `pnm` device.
    let page = flatbed_page(&site)?;
    let output = site
        .station("scan", &station)?
        .args(["--device", "pnm:0", "--resolution", "200", "--patient", samples::MRN, "--type", "OPERATION-NOTE"])
        .args(["--option", &format!("filename={}", page.display())])
        .args(["--batch", "One page", "--wait", "--json"])
        .env("SANE_CONFIG_DIR", sane_config(site.root())?)
        .output()?;
    program::succeed("scanner-agent scan", output)?;

    // 2. It was sealed, read and indexed: the word on it is found.
    let searcher = site.caller("searcher")?;
    let hits = searcher.search("cholangiogram")?;
    ensure!(hits.len() == 1, "one page holds the word: {hits:?}");
    let (document, found) = (hits[0]["document"].as_str().context("a document")?, &hits[0]);

    // 3. The lit box covers that word on the image: cut out, it reads as the word.
    let lit = &found["boxes"][0];
    ensure!(lit["word"].as_str().is_some_and(|word| word.to_lowercase().contains("cholangiogram")), "{found}");
    let id = found["page"].as_str().context("a page")?;
    let image = searcher.bytes(&format!("/api/v1/pages/{id}/image"))?;
    let text = read_cutting(&site, &image, lit)?;
    ensure!(text.to_lowercase().contains("cholangiogram"), "the box shows {text:?}");

    // 4. Offline, the receipt and the whole store hold.
    let auditor = site.caller("auditor")?;
    let proof = auditor.json(&format!("/api/v1/documents/{document}/proof"))?;
    let sealed: record::wire::Sealed = serde_json::from_value(proof)?;
    let key = fs::read_to_string(site.log_key())?.parse()?;
    let manifest = sealed.receipt.verify_sealed(&key, sealed.manifest.as_bytes())?;
    ensure!(manifest.pages[0].image.digest == record::Digest::of(&image), "the image served is the image sealed");
    let (code, report) = site.verify()?;
    ensure!(code == 0, "the store is sound: {report}");

    // 5. The view is in the ledger, and nothing of the patient is.
    let events = auditor.json("/api/v1/ledger/events?from=0")?.to_string();
    ensure!(events.contains("\"viewed\"") && !events.contains(samples::MRN), "views without patients: {events}");
    Ok(())
}

/// The operation note as the grey picture that the `pnm` device scans.
fn flatbed_page(site: &Site) -> Result<std::path::PathBuf> {
    let raster = imaging::decode(&fs::read(samples::path("operation-note.jpg"))?)?.to_gray();
    let path = site.root().join("flatbed.pgm");
    let mut pgm = format!("P5\n{} {}\n255\n", raster.width(), raster.height()).into_bytes();
    pgm.extend_from_slice(raster.bytes());
    fs::write(&path, pgm)?;
    Ok(path)
}

/// A private SANE configuration with only the devices that need no hardware.
pub fn sane_config(root: &Path) -> Result<std::path::PathBuf> {
    let folder = root.join("sane");
    fs::create_dir_all(folder.join("dll.d"))?;
    fs::write(folder.join("dll.conf"), "test\npnm\n")?;
    fs::write(folder.join("test.conf"), "number_of_devices 1\ngeometry_max 300.0\n")?;
    Ok(folder)
}

/// What plain Tesseract reads in the box, with a little paper around it.
fn read_cutting(site: &Site, image: &[u8], lit: &serde_json::Value) -> Result<String> {
    let side =
        |name: &str| lit[name].as_u64().and_then(|n| u32::try_from(n).ok()).with_context(|| format!("{name} of {lit}"));
    let (x, y, w, h) = (side("x")?, side("y")?, side("w")?, side("h")?);
    let raster = imaging::decode(image)?;
    let margin = 12;
    let cutting = raster
        .crop(record::words::Box {
            x: x.saturating_sub(margin),
            y: y.saturating_sub(margin),
            w: w + 2 * margin,
            h: h + 2 * margin,
        })
        .context("the box lies on the page")?;
    let path = site.root().join("cutting.png");
    fs::write(&path, cutting.encode_png(200)?)?;
    let output = std::process::Command::new("tesseract").arg(&path).args(["-", "--psm", "7"]).output()?;
    program::succeed("tesseract", output)
}
