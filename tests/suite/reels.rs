//! A whole reel with its people, and what it looks like when a frame of it is missing, doubled or in the wrong place.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tests::film::day::{Day, RULES};
use tests::film::{Reel, Said};
use tests::program;
use tests::schema::Ead;
use tests::site::Site;

/// Two charts of four frames each.
const FRAMES: usize = 8;
const PER_CHART: usize = 4;

/// `scripts/bench film --reel 300` is the same with as many frames as a reel has.
#[test]
fn a_reel_goes_from_the_film_to_the_archive_and_a_frame_is_cut_anew_there() -> Result<()> {
    let site = Site::start(2)?;
    Day { frames: 24, per_chart: 8, found: 17, recut: 10 }.run(&site).map(drop)
}

/// How a reel comes in.
#[derive(Clone, Copy, Debug)]
enum As {
    Strip,
    Files,
    Tiff,
}

struct Desk {
    folder: tempfile::TempDir,
    reel: Reel,
    runs: std::cell::Cell<u32>,
}

impl Desk {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let pages = folder.path().join("pages");
        fs::create_dir_all(&pages)?;
        fs::write(folder.path().join("rules.toml"), RULES)?;
        let reel = Reel::draw(&pages, FRAMES, PER_CHART, &[])?;
        Ok(Self { folder, reel, runs: std::cell::Cell::new(0) })
    }

    fn fresh(&self, name: &str) -> PathBuf {
        self.runs.set(self.runs.get() + 1);
        self.folder.path().join(format!("{}-{name}", self.runs.get()))
    }

    fn written(&self, kind: As, frames: &[usize]) -> Result<PathBuf> {
        let path = self.fresh("reel.tif");
        match kind {
            As::Strip => self.reel.strip(&path, frames)?,
            As::Files => self.reel.files(&path, frames)?,
            As::Tiff => self.reel.pages(&path, frames)?,
        }
        Ok(path)
    }

    /// What comes of it, as the accounting says.
    fn account(&self, path: &Path, more: &[&str]) -> Result<Value> {
        let mut film = program::command("scanner-agent")?;
        film.args(["film", "--reel", "MF-1", "--frames", "8", "--order", "numeric", "--hold", "--json", "--rules"]);
        film.arg(self.folder.path().join("rules.toml")).arg("--spool").arg(self.fresh("spool")).args(more).arg(path);
        let told: Value = serde_json::from_str(&program::succeed("scanner-agent film", film.output()?)?)?;
        Ok(told["account"].clone())
    }

    fn differs(&self, kind: As, frames: &[usize]) -> Result<String> {
        Ok(self.account(&self.written(kind, frames)?, &[])?["differences"].to_string())
    }
}

#[test]
fn a_frame_too_few_or_twice_is_named_however_the_reel_comes() -> Result<()> {
    let desk = Desk::new()?;
    for kind in [As::Strip, As::Files, As::Tiff] {
        let whole = desk.differs(kind, &[1, 2, 3, 4, 5, 6, 7, 8])?;
        ensure!(whole == "[]", "{kind:?}: {whole}");
        let dropped = desk.differs(kind, &[1, 2, 4, 5, 6, 7, 8])?;
        ensure!(dropped.contains("8 frames were expected and 7 found"), "{kind:?}: {dropped}");
        let doubled = desk.differs(kind, &[1, 2, 3, 3, 4, 5, 6, 7, 8])?;
        ensure!(doubled.contains("8 frames were expected and 9 found"), "{kind:?}: {doubled}");
        ensure!(doubled.contains("frames 4 are the same picture as another one"), "{kind:?}: {doubled}");
        // One that was dropped and another one twice: the count is right, and it is named all the same.
        let both = desk.differs(kind, &[1, 2, 3, 3, 5, 6, 7, 8])?;
        ensure!(both.contains("the same picture"), "{kind:?}: {both}");
    }
    Ok(())
}

#[test]
fn frames_in_the_wrong_place_and_reels_of_other_patients_are_named() -> Result<()> {
    let desk = Desk::new()?;
    // On film the charts' first frames bear their labels and larger blips: the second chart stands before the first.
    let swapped = desk.differs(As::Strip, &[5, 2, 3, 4, 1, 6, 7, 8])?;
    ensure!(swapped.contains("break the reel's order"), "{swapped}");
    // Files that are not in the order of their numbers are no reel.
    let files = desk.written(As::Files, &[1, 2, 3, 4, 5, 6, 7, 8])?;
    let numbered = |number: u32| files.join(format!("frame-{number:04}.png"));
    let mut film = program::command("scanner-agent")?;
    film.args(["film", "--reel", "MF-1", "--hold", "--spool"]).arg(desk.fresh("spool"));
    let refused = film.args([1, 3, 2, 4, 5, 6, 7, 8].map(numbered)).output()?;
    let said = String::from_utf8_lossy(&refused.stderr);
    ensure!(!refused.status.success() && said.contains("out of order"), "{said}");

    let strip = desk.written(As::Strip, &[1, 2, 3, 4, 5, 6, 7, 8])?;
    let right = desk.account(&strip, &["--first", "MRN-100001", "--last", "MRN-100900"])?;
    ensure!(right["differences"] == json!([]), "{right}");
    let wrong = desk.account(&strip, &["--first", "MRN-200001", "--last", "MRN-200900"])?;
    ensure!(wrong["foreign"] == json!([1, 5]), "{wrong}");
    ensure!(wrong["differences"].to_string().contains("is it the right reel?"), "{wrong}");
    Ok(())
}

/// A scanner stops within a frame: that frame is one page of its document, and is cut anew in the archive like any other.
#[test]
fn a_frame_over_two_tiles_is_cut_anew_in_the_archive() -> Result<()> {
    let site = Site::start(1)?;
    let (pages, tiles) = (site.root().join("pages"), site.root().join("tiles"));
    fs::create_dir_all(&pages)?;
    // Of one chart: the frame over the second border is the document's last.
    let reel = Reel::draw(&pages, 3, PER_CHART, &[])?;
    reel.tiles(&tiles, &[1, 2, 3], 3)?;
    let token = site.token("technician")?;
    let mut film = site.station("film", &token)?;
    film.args([
        "--reel",
        "MF-5",
        "--frames",
        "3",
        "--reduction",
        "24",
        "--type",
        "CHART",
        "--patient",
        "MRN-100001",
        "--hold",
        "--json",
    ]);
    // Three frames are too few to learn their width from: somebody looks at those in doubt.
    let held: Value = serde_json::from_str(&program::succeed("scanner-agent film", film.arg(&tiles).output()?)?)?;
    let batch = held["held"].as_str().context("a batch")?;
    let doubtful = held["account"]["doubtful"].as_array().context("frames in doubt")?;
    let doubtful: Vec<String> = doubtful.iter().map(Value::to_string).collect();
    let looked = ["batch", batch, "mark", "page"].into_iter().chain(doubtful.iter().map(String::as_str)).collect();
    for words in [looked, vec!["batch", batch, "accept"], vec!["batch", batch, "release"], vec!["resume", "--wait"]] {
        let mut station = program::command("scanner-agent")?;
        station.args(words).arg("--spool").arg(site.spool());
        station.env("CHARTROOM_SERVER", site.url()).env("CHARTROOM_TOKEN", &token);
        program::succeed("scanner-agent", station.output()?)?;
    }
    let technician = site.caller("technician")?;
    let at = || technician.json("/api/v1/frames?reel=MF-5&frame=2");
    let document = at()?["frames"][0]["document"].as_str().context("a document")?.to_owned();
    let shown = technician.json(&format!("/api/v1/documents/{document}"))?;
    let place = &shown["pages"][1]["frame"]["place"];
    let (from, size) = place["y"].as_u64().zip(place["h"].as_u64()).context("a place")?;
    let mut recut = program::command("scanner-agent")?;
    recut.args(["recut", "--json", "--reel", "MF-5", "--frame", "2", "--server", &site.url()]);
    recut.args(["--divide-y", &(from + size * 3 / 4).to_string()]).env("CHARTROOM_TOKEN", &token);
    let said: Value = serde_json::from_str(&program::succeed("scanner-agent recut", recut.output()?)?)?;
    ensure!(said["version"] == 2, "{said}");
    let after = technician.json(&format!("/api/v1/documents/{document}"))?;
    let (first, second) = (&after["pages"][1]["frame"]["place"], &after["pages"][2]["frame"]["place"]);
    ensure!(first["y"] == from && first["h"] == size * 3 / 4, "{after}");
    ensure!(second["y"].as_u64().is_some_and(|y| y < from), "the second one lies on the next tile: {after}");
    ensure!(at()?["frames"].as_array().map(Vec::len) == Some(2), "both keep the number");
    let (code, findings) = site.verify()?;
    ensure!(code == 0, "{findings}");
    Ok(())
}

/// What nobody sees on the film, the archive sees once it has read it: the number printed on frame 2 is another patient's.
#[test]
fn the_archive_names_frames_that_break_the_reels_order_and_the_finding_aid_names_no_patient() -> Result<()> {
    let site = Site::start(2)?;
    let pages = site.root().join("pages");
    fs::create_dir_all(&pages)?;
    fs::write(site.root().join("rules.toml"), RULES)?;
    let reel = Reel::draw(&pages, FRAMES, PER_CHART, &[Said { frame: 1, word: "adenoma" }])?;
    let strip = site.root().join("reel.tif");
    reel.strip(&strip, &[1, 7, 3, 4, 5, 6, 2, 8])?;
    let list = site.root().join("patients.csv");
    fs::write(
        &list,
        "mrn,name,birth_date\nMRN-100001,\"Quillfeather, Ada\",1931-02-03\nMRN-100002,\"Brandt, Ida\",1932-03-04\n",
    )?;
    program::succeed("chartroom patients", site.chartroom(&["patients", "import", &list.to_string_lossy()])?)?;

    let film = |label: &str, order: &str, shelf: &str, path: &Path| -> Result<()> {
        let mut film = site.station("film", &site.token("technician")?)?;
        film.args(["--reel", label, "--order", order, "--box", "14", "--shelf", shelf, "--reduction", "24"]);
        film.args(["--type", "CHART", "--wait", "--json", "--rules"]).arg(site.root().join("rules.toml")).arg(path);
        program::succeed("scanner-agent film", film.output()?).map(drop)
    };
    film("MF-7", "numeric", "C3, Quillfeather to Zorn", &strip)?;
    let technician = site.caller("technician")?;
    let told = technician.json("/api/v1/reel?reel=MF-7")?;
    let charts = told["charts"].as_array().context("charts")?;
    let misplaced: Vec<&Value> =
        charts.iter().filter(|chart| chart["misplaced"] == true).map(|chart| &chart["from"]).collect();
    ensure!(misplaced == [2, 7], "{told}");
    ensure!(
        told["differences"][0].as_str().is_some_and(|text| text.contains("frames 2, 7 break the reel's order")),
        "{told}"
    );
    ensure!(site.caller("searcher")?.status("/api/v1/reel?reel=MF-7")? == 404, "it is not for searchers");

    // By name the other chart comes first, which only the patient list knows.
    let straight = site.root().join("straight.tif");
    reel.strip(&straight, &[1, 2, 3, 4, 5, 6, 7])?;
    film("MF-8", "alphabetical", "C4", &straight)?;
    let told = technician.json("/api/v1/reel?reel=MF-8")?;
    ensure!(
        told["charts"].as_array().is_some_and(|charts| charts.iter().any(|chart| chart["misplaced"] == true)),
        "{told}"
    );

    for (form, schema) in [("ead3", Ead::Three), ("ead2002", Ead::Of2002)] {
        let aid = technician.get(&format!("/api/v1/reels/finding-aid?form={form}&agency=St.+Ansgar"))?.text()?;
        let file = site.root().join(form);
        fs::write(&file, &aid)?;
        schema.check(&file)?;
        ensure!(aid.contains("MF-7") && aid.contains("box 14") && aid.contains("C4"), "{aid}");
        ensure!(!aid.contains("Quillfeather") && !aid.contains("10000"), "it names a patient: {aid}");
    }
    let page = technician.get("/reels?reel=MF-7")?.text()?;
    ensure!(page.contains("out of order"), "{page}");
    Ok(())
}
