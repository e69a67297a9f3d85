//! A reel of microfilm goes in, and all of it is accounted for: what is found is in the archive under its address, what is
//! missing, doubled or wrong is named and keeps the reel from being closed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context as _, Result, ensure};
use imaging::Raster;
use record::words::Box as Rectangle;
use serde_json::Value;
use tempfile::TempDir;
use tests::film::{Level, Split, photograph, strip};
use tests::site::Site;
use tests::{program, samples};

fn agent(words: &[&str], paths: &[&Path]) -> Result<Output> {
    Ok(program::command("scanner-agent")?.args(words).args(paths).output()?)
}

fn written(folder: &Path, name: &str, picture: &Raster) -> Result<PathBuf> {
    let path = folder.join(name);
    fs::write(&path, picture.encode_png(0)?)?;
    Ok(path)
}

fn place(frame: &Value) -> Result<Rectangle> {
    Ok(serde_json::from_value(serde_json::json!({
        "x": frame["x"], "y": frame["y"], "w": frame["w"], "h": frame["h"],
    }))?)
}

fn overlap(a: Rectangle, b: Rectangle) -> f64 {
    let both = |a: (u32, u32), b: (u32, u32)| f64::from((a.0 + a.1).min(b.0 + b.1).saturating_sub(a.0.max(b.0)));
    let shared = both((a.x, a.w), (b.x, b.w)) * both((a.y, a.h), (b.y, b.h));
    let area = |place: Rectangle| f64::from(place.w) * f64::from(place.h);
    shared / (area(a) + area(b) - shared)
}

/// The frames of four pages of the samples, one of them on its own.
fn pages() -> Result<Vec<Raster>> {
    let names = ["clinic-letter.png", "operation-note.jpg", "discharge-summary.tif", "lab-report.tif"];
    let page = |name: &str| Ok(imaging::decode(&fs::read(samples::path(name))?)?.to_gray());
    names.into_iter().map(page).collect()
}

#[test]
fn frames_of_drawn_strips_are_where_they_were_drawn() -> Result<()> {
    let folder = TempDir::new()?;
    for (level, seed, least) in [(Level::Easy, 1_000, 12), (Level::Easy, 1_003, 12), (Level::Worn, 1_001, 11)] {
        let drawn = strip(level, Split::Tuning, seed, 12);
        let path = written(folder.path(), "strip.png", &drawn.picture)?;
        let output = agent(&["film", "--cuts-only", "--json"], &[&path])?;
        let cuts: Value = serde_json::from_str(&program::succeed("scanner-agent film", output)?)?;
        ensure!(cuts["negative"] == drawn.negative, "polarity of seed {seed}");
        let frames = cuts["frames"].as_array().context("frames")?;
        let found = frames.iter().map(place).collect::<Result<Vec<_>>>()?;
        let hits = drawn.frames.iter().filter(|truth| found.iter().any(|found| overlap(*found, truth.place) >= 0.75));
        let hits = hits.count();
        ensure!(hits >= least && frames.len() <= 13, "seed {seed}: {hits} of 12 frames among {}", frames.len());
    }
    Ok(())
}

#[test]
fn a_word_on_a_frame_is_found_and_addressed_by_reel_and_frame() -> Result<()> {
    let site = Site::start(1)?;
    let folder = TempDir::new()?;
    let (picture, places) = photograph(&pages()?);
    let path = written(folder.path(), "reel.png", &picture)?;
    let token = site.token("technician")?;
    let station = || -> Result<_> {
        let mut command = site.station("film", &token)?;
        command.arg(&path).args(["--reel", "MF-0231", "--reduction", "24", "--polarity", "negative", "--frames", "4"]);
        command.args(["--patient", samples::MRN, "--type", "CHART", "--wait", "--json"]);
        Ok(command)
    };
    let told: Value = serde_json::from_str(&program::succeed("scanner-agent film", station()?.output()?)?)?;
    ensure!(told["account"]["accepted"] == 4, "{told}");
    ensure!(told["account"]["differences"] == serde_json::json!([]), "{told}");
    let documents = told["batch"]["documents"].as_array().context("documents")?;
    let id = documents[0]["document"].as_str().context("a document")?;

    // The strip is kept whole, and each frame says where on it it was.
    let caller = site.caller("searcher")?;
    let document = caller.json(&format!("/api/v1/documents/{id}"))?;
    ensure!(document["reel"]["label"] == "MF-0231" && document["source"]["kind"] == "film", "{document}");
    for (page, truth) in document["pages"].as_array().context("pages")?.iter().zip(&places) {
        ensure!(overlap(place(&page["frame"]["place"])?, *truth) > 0.95, "{page}");
    }
    let auditor = site.caller("auditor")?;
    let proof = auditor.json(&format!("/api/v1/documents/{id}/proof"))?.to_string();
    let strip = record::Digest::of(&fs::read(&path)?);
    ensure!(proof.contains(&strip.hex()), "the strip is the pages' original");

    // A word of the second page is found, and is frame 2 of the reel.
    let hits = caller.json("/api/v1/search?q=cholangiogram")?;
    let page = hits["hits"][0]["page"].as_str().context("a hit")?;
    ensure!(hits["hits"][0]["boxes"].as_array().is_some_and(|boxes| !boxes.is_empty()), "{hits}");
    let (hit, narrowed) = (&hits["hits"][0], caller.search("cholangiogram is:film reel:MF-0231 frame:2..3 -frame:3")?);
    ensure!(
        hit["reel"] == "MF-0231" && hit["frame"] == 2 && narrowed.len() == 1 && narrowed[0] == *hit,
        "{narrowed:?}"
    );
    ensure!(caller.search("cholangiogram frame:3")?.is_empty(), "it is on no other frame");
    let frames = caller.json("/api/v1/frames?reel=MF-0231&frame=2")?;
    ensure!(frames["frames"][0]["page"] == page, "{frames} is where {page} is");
    ensure!(caller.json("/api/v1/frames?reel=MF-0231&frame=5")?["frames"] == serde_json::json!([]));

    // The same reel twice is one reel.
    let again = station()?.output()?;
    ensure!(String::from_utf8_lossy(&again.stderr).contains("the same reel twice"), "{again:?}");
    let (code, findings) = site.verify()?;
    ensure!(code == 0, "{findings}");
    Ok(())
}

#[test]
fn a_reel_that_is_not_accounted_for_is_held_until_somebody_explains() -> Result<()> {
    let folder = TempDir::new()?;
    let (picture, _) = photograph(&pages()?);
    let path = written(folder.path(), "reel.png", &picture)?;
    let spool = folder.path().join("spool").to_string_lossy().into_owned();
    let film = ["film", "--reel", "MF-7", "--frames", "5", "--hold", "--json", "--spool", &spool];
    let held: Value = serde_json::from_str(&program::succeed("scanner-agent film", agent(&film, &[&path])?)?)?;
    let differs = held["account"]["differences"][0].as_str().context("a difference")?;
    ensure!(differs == "5 frames were expected and 4 found", "{differs}");
    let batch = held["held"].as_str().context("a batch")?;

    let act = |words: &[&str]| agent(&[&["batch", "--spool", &spool, batch], words].concat(), &[]);
    program::succeed("mark", act(&["mark", "target", "1"])?)?;
    program::succeed("accept", act(&["accept"])?)?;
    let refused = act(&["release"])?;
    ensure!(!refused.status.success(), "it is not released as it is");
    ensure!(String::from_utf8_lossy(&refused.stderr).contains("5 frames were expected"), "{refused:?}");
    let csv = program::succeed("account", act(&["account", "--csv"])?)?;
    ensure!(csv.contains("\"MF-7\",targets,1\r\n") && csv.contains("\"MF-7\",accepted,3\r\n"), "{csv}");
    program::succeed("explain", act(&["explain", "frame 5 is the trailer"])?)?;
    program::succeed("release", act(&["release"])?)?;
    Ok(())
}

#[test]
fn wrong_reels_are_named_and_nothing_of_them_is_taken() -> Result<()> {
    let folder = TempDir::new()?;
    let (picture, _) = photograph(&pages()?);
    let path = written(folder.path(), "reel.png", &picture)?;
    let spool = folder.path().join("spool").to_string_lossy().into_owned();
    let film = |more: &[&str], paths: &[&Path]| {
        agent(&[&["film", "--reel", "MF-9", "--hold", "--json", "--spool", &spool], more].concat(), paths)
    };
    let said = |output: Output| {
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };

    let positive = said(film(&["--polarity", "positive"], &[&path])?);
    ensure!(
        positive.contains("\"found\": 0") && positive.contains("looks negative, but the reel is said to be positive"),
        "{positive}"
    );

    let bytes = fs::read(&path)?;
    let broken = folder.path().join("broken.png");
    fs::write(&broken, &bytes[..bytes.len() / 2])?;
    let broken = said(film(&[], &[&broken])?);
    ensure!(broken.contains("\"found\": 0") && broken.contains("cut short"), "{broken}");

    let tiles = ["tile-1.png", "tile-2.png", "tile-4.png"].map(|name| folder.path().join(name));
    for tile in &tiles {
        fs::copy(&path, tile)?;
    }
    let missing = said(film(&[], &[&tiles[0], &tiles[1], &tiles[2]])?);
    ensure!(missing.contains("between “tile-2.png” and “tile-4.png” something is missing"), "{missing}");

    let twice = said(film(&["--frames", "8"], &[&tiles[0], &tiles[1]])?);
    ensure!(twice.contains("the same picture"), "{twice}");
    Ok(())
}

#[test]
fn frames_in_jpeg_2000_are_taken_in_and_half_a_file_is_not() -> Result<()> {
    let folder = TempDir::new()?;
    let path = samples::path("frame.jp2");
    let bytes = fs::read(&path)?;
    // What OpenJPEG wrote is the upper half of the letter, at half its size.
    let letter = imaging::decode(&fs::read(samples::path("clinic-letter.png"))?)?.to_gray();
    let half = letter.crop(Rectangle { x: 0, y: 0, w: letter.width(), h: letter.height() / 2 }).context("a half")?;
    let frame = imaging::decode_jpeg2000(&bytes)?;
    let half = half.scale_to(frame.width(), frame.height())?;
    let apart = half.bytes().iter().zip(frame.bytes()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>();
    ensure!(apart < 8 * half.bytes().len() as u64, "another picture: {apart}");
    let blocks = imaging::Blocks::open(std::io::Cursor::new(&bytes))?;
    ensure!(blocks.size() == (frame.width(), frame.height()), "a strip may be of this kind, too");

    let spool = folder.path().join("spool").to_string_lossy().into_owned();
    let film = ["film", "--reel", "MF-2", "--frames", "1", "--hold", "--json", "--spool", &spool];
    let held: Value = serde_json::from_str(&program::succeed("scanner-agent film", agent(&film, &[&path])?)?)?;
    ensure!(held["account"]["found"] == 1 && held["account"]["differences"] == serde_json::json!([]), "{held}");
    let broken = folder.path().join("broken.jp2");
    fs::write(&broken, &bytes[..bytes.len() / 2])?;
    let said = agent(&film, &[&broken])?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    ensure!(said.contains("\"found\": 0") && said.contains("JPEG 2000"), "{said}");
    Ok(())
}
