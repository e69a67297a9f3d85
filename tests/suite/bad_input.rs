//! Bad files are refused with a reason that names them, and cost nothing but themselves.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use formats::tiff::{Ccitt, wrap_ccitt};
use imaging::Raster;
use serde_json::json;
use tests::browser::{Browser, CTRL, ENTER, SHIFT};
use tests::{program, samples, site::Site};

use crate::browser::pictures;

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

/// What no scanner makes, and what no scanner finished: each comes to a text or to a refusal that says why, and the reader
/// goes on to the next.
#[test]
fn images_of_any_shape_are_read_or_refused_by_name() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let letter = imaging::decode(&fs::read(samples::path("clinic-letter.png"))?)?.to_gray();
    let blank = |w: u32, h: u32| Raster::gray(w, h, vec![255; (w * h) as usize]);
    let (read, refused) = (None, |why| Some(why));
    let mut cases: Vec<(String, Vec<u8>, Option<&str>)> = vec![
        ("dot.png".into(), blank(1, 1)?.encode_png(300)?, read),
        ("thread-across.png".into(), blank(65_500, 1)?.encode_png(300)?, read),
        ("thread-down.tif".into(), blank(1, 65_500)?.encode_g4_tiff(300)?, read),
        ("noise.png".into(), noise(7, 9_000)?.encode_png(65_535)?, read),
        ("letter-1-dpi.png".into(), letter.encode_png(1)?, read),
        ("letter-9600-dpi.tif".into(), letter.encode_g4_tiff(9_600)?, read),
        ("too-wide.tif".into(), white_g4(65_535, 1)?, refused("65,500 pixels")),
        ("too-large.tif".into(), white_g4(65_535, 65_535)?, refused("65,500 pixels")),
        ("too-many.tif".into(), white_g4(20_000, 20_000)?, refused("300 million pixels")),
    ];
    for (name, whole) in
        [("png", letter.encode_png(200)?), ("jpg", letter.encode_jpeg(80, 200)?), ("tif", letter.encode_g4_tiff(200)?)]
    {
        let cut = |tenth: usize| whole[..whole.len() * tenth / 10].to_vec();
        cases.extend((1..10).map(|tenth| (format!("{name}-{tenth}.{name}"), cut(tenth), refused("cut short"))));
    }
    for (name, bytes, _) in &cases {
        fs::write(folder.path().join(name), bytes)?;
    }
    let output = program::command("ocr-worker")?
        .args(["read", "--json", "--out"])
        .arg(folder.path().join("out"))
        .args(cases.iter().map(|(name, ..)| folder.path().join(name)))
        .output()?;
    ensure!(output.status.code() == Some(1), "some were refused, and said so: {}", output.status);
    let lines = String::from_utf8(output.stdout)?;
    for (name, _, refusal) in &cases {
        let line = lines.lines().find(|line| line.contains(&format!("/{name}\""))).with_context(|| name.clone())?;
        let said: serde_json::Value = serde_json::from_str(line)?;
        let failed = said["failed"].as_str();
        ensure!(failed.is_some() == refusal.is_some(), "{line}");
        ensure!(refusal.is_none_or(|why| failed.is_some_and(|failed| failed.contains(why))), "{line}");
    }
    Ok(())
}

fn noise(width: u32, height: u32) -> Result<Raster> {
    let samples = (0..width * height).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8);
    Ok(Raster::gray(width, height, samples.collect())?)
}

/// White costs one bit a row (ITU-T T.6: each row is as the one before), so that small files are large pages.
fn white_g4(width: u32, height: u32) -> Result<Vec<u8>> {
    let mut rows = vec![0xff; height.div_ceil(8) as usize];
    rows.extend([0x00, 0x10, 0x01]);
    let picture = Ccitt { width, height, compression: 4, t4_options: 0, inverted: false, dpi: (300, 300) };
    Ok(wrap_ccitt(&picture, &rows)?)
}

#[test]
fn a_page_that_kills_its_reader_is_put_aside_until_a_person_writes_down_what_it_says() -> Result<()> {
    let site = Site::start(0)?;
    let station = site.token("technician")?;
    let output = site
        .station("import", &station)?
        .args(["--json", "--patient", samples::MRN])
        .arg(samples::path("clinic-letter.png"))
        .output()?;
    program::succeed("scanner-agent import", output)?;

    // We are the reader, and we crash each time we are given the page.
    let reader = site.caller("worker")?;
    let technician = site.caller("technician")?;
    for _ in 0..record::limits::READ_FAILURES_MAX {
        let job = program::wait_for("the page to be offered", || {
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
    write_down(&site)?;
    program::wait_for("the words to be found", || {
        Ok(Some(technician.search("wheezing")?).filter(|hits| hits.len() == 1).map(drop))
    })?;
    ensure!(technician.json("/api/v1/attention")? == json!([]), "nobody needs to look any more");
    let alto = technician.get(&format!("/api/v1/pages/{page}/alto"))?.text()?;
    ensure!(alto.contains("by hand"), "{alto}");
    let (code, report) = site.verify()?;
    ensure!(code == 0, "{report}");
    Ok(())
}

/// By keys alone: from the list to the page, two lines, and done.
fn write_down(site: &Site) -> Result<()> {
    site.account("tom", "technician", "a long enough word")?;
    let browser = Browser::start(&pictures())?;
    browser.log_in(&format!("{}/attention", site.url()), "tom", "a long enough word")?;
    browser.open(&format!("{}/attention/next", site.url()))?;
    browser
        .wait_for("the field to have the focus", "return document.activeElement?.matches('textarea[data-region]')")?;
    browser.wait_for(
        "the page",
        "const i = document.querySelector('.region img'); return i?.complete && i.naturalWidth > 100",
    )?;
    browser.press("Seen in clinic today,\nno longer wheezing.")?;
    browser.pictures("9-write-down")?;
    browser.press(&format!("{CTRL}{SHIFT}{ENTER}"))?;
    browser.wait_for("the end of the list", "return document.body.textContent.includes('No page waits')").map(drop)
}

fn find_page(attention: &serde_json::Value) -> Option<String> {
    let list = attention.as_array().or_else(|| attention["pages"].as_array())?;
    Some(list.first()?["page"].as_str()?.to_owned())
}
