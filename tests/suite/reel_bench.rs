//! The reel bench, by keyboard alone: frames are cut anew, divided, merged, added and marked, the reel's account follows, and the
//! archive gets the frames as they were cut.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use imaging::Raster;
use serde_json::Value;
use tests::browser::{Browser, ENTER, SHIFT};
use tests::film::photograph;
use tests::program::{self, Guarded};
use tests::{samples, site::Site};

use crate::browser::pictures;

// Keys as WebDriver names them (§17.4.2).
const HOME: &str = "\u{E011}";
const END: &str = "\u{E010}";
const LEFT: &str = "\u{E012}";
/// Pixels of the strip for an arrow, alone and with Shift.
const STEP: u64 = 4;
const FAR: u64 = 40;

struct Bench {
    browser: Browser,
    spool: String,
    batch: String,
    _station: Guarded,
}

impl Bench {
    /// Five frames are expected: what is found on the strip is one too few.
    fn open(site: &Site) -> Result<Self> {
        let names = ["clinic-letter.png", "operation-note.jpg", "discharge-summary.tif", "lab-report.tif"];
        let page = |name: &&str| Ok(imaging::decode(&fs::read(samples::path(name))?)?.to_gray());
        let (strip, _) = photograph(&names.iter().map(page).collect::<Result<Vec<Raster>>>()?);
        let path = site.root().join("reel.png");
        fs::write(&path, strip.encode_png(0)?)?;
        let token = site.token("technician")?;
        let mut film = site.station("film", &token)?;
        film.args(["--reel", "MF-0231", "--frames", "5", "--reduction", "24", "--hold", "--json"]);
        film.args(["--patient", samples::MRN, "--type", "CHART"]).arg(&path);
        let held: Value = serde_json::from_str(&program::succeed("scanner-agent film", film.output()?)?)?;
        let batch = held["held"].as_str().context("a batch")?.to_owned();

        let mut command = site.station("serve", &token)?;
        command.args(["--json", "--port", "0"]);
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
        let said: Value = serde_json::from_str(&lines.map_while(Result::ok).take(3).collect::<String>())?;
        let (address, key) = said["url"].as_str().and_then(|url| url.split_once("/#")).context("an address")?;
        let browser = Browser::start(&pictures())?;
        browser.open(&format!("{address}/batches/{batch}/film#{key}"))?;
        let spool = site.spool().to_string_lossy().into_owned();
        Ok(Self { browser, spool, batch, _station: Guarded(child) })
    }

    /// What a screen reader would say, beginning so.
    fn hears(&self, text: &str) -> Result<()> {
        let said =
            "return document.getElementById('said').textContent + ' | ' + document.getElementById('main').innerText";
        program::wait_for(text, || {
            let said = self.browser.script(said)?;
            Ok(said.as_str().is_some_and(|said| said.starts_with(text)).then_some(()))
        })
        .with_context(|| self.browser.script(said).map_or_else(|error| error.to_string(), |said| said.to_string()))
    }

    fn sees(&self, text: &str) -> Result<()> {
        let script = format!("return document.body.innerText.includes({})", serde_json::to_string(text)?);
        self.browser.wait_for(text, &script).map(drop)
    }

    fn presses(&self, keys: &str) -> Result<()> {
        self.browser.press(keys)
    }

    /// Where pages are flagged for what they look like, somebody has to say yes.
    fn accepts_as_it_is(&self) -> Result<()> {
        let asked = "return document.querySelector('#ask[open]') ? 'asked' \
            : document.body.innerText.includes('accepted, not released') && 'done'";
        if self.browser.wait_for("the batch to be accepted", asked)? == "asked" {
            self.presses(ENTER)?;
        }
        self.sees("accepted, not released")
    }

    /// As the command line tells of it.
    fn report(&self) -> Result<Value> {
        let words = ["batch", &self.batch, "show", "--json", "--spool", &self.spool];
        let output = program::command("scanner-agent")?.args(words).output()?;
        Ok(serde_json::from_str(&program::succeed("scanner-agent batch", output)?)?)
    }
}

fn edges(report: &Value, page: usize) -> Result<(u64, u64)> {
    let frame = &report["pages"][page - 1]["frame"];
    let number = |name: &str| frame[name].as_u64().with_context(|| format!("{name} of {frame}"));
    Ok((number("x")?, number("x")? + number("w")?))
}

#[test]
fn a_reel_is_cut_marked_and_accounted_for_by_keyboard() -> Result<()> {
    let site = Site::start(0)?;
    let bench = Bench::open(&site)?;
    bench.sees("Frame 1")?;
    let before = bench.report()?;
    // The ribbon is there: its pieces are drawn where the film is, and below it its light.
    let drawn = "const film = document.getElementById('film'); const at = film.getContext('2d'); \
        const dark = (y) => at.getImageData(0, y, film.width, 1).data.some((level, n) => n % 4 === 0 && level < 120); \
        return film.width > 600 && dark(film.height / 3) && dark(film.height - 20)";
    bench.browser.wait_for("the ribbon", drawn)?;

    // The right edge of frame 2, nearer.
    bench.presses("j")?;
    bench.hears("Frame 2.")?;
    bench.presses("]")?;
    bench.presses(&format!("{LEFT}{LEFT}"))?;
    bench.presses(&format!("{SHIFT}{LEFT}"))?;
    let (from, to) = edges(&before, 2)?;
    bench.hears(&format!("right at {}", to - 2 * STEP - FAR))?;
    bench.browser.pictures("bench-1-draft")?;
    bench.presses(ENTER)?;
    bench.hears("Frame 2 is cut anew.")?;
    ensure!(edges(&bench.report()?, 2)? == (from, to - 2 * STEP - FAR), "it is cut where it was drawn");
    bench.presses("u")?;
    bench.hears("The last operation is taken back.")?;
    ensure!(bench.report()?["pages"] == before["pages"], "the earlier cut stands again");

    // One frame into two, and back into one.
    bench.presses("d")?;
    bench.hears("Divide at")?;
    bench.presses(ENTER)?;
    bench.hears("Frame 2 is divided.")?;
    bench.sees("found\n5")?;
    bench.presses("m")?;
    bench.hears("Frame 2 holds the next one, too.")?;
    ensure!(edges(&bench.report()?, 2)? == (from, to), "both parts again");
    bench.sees("5 frames were expected and 4 found")?;
    bench.presses("u")?;
    bench.sees("found\n5")?;
    bench.presses("u")?;
    bench.sees("5 frames were expected and 4 found")?;

    // Film that is left out asks for a frame.
    bench.presses(END)?;
    bench.hears("Frame 4.")?;
    let (from, to) = edges(&before, 4)?;
    let far = (to - from) * 2 / 5 / FAR;
    bench.presses(&format!("{SHIFT}{}", LEFT.repeat(usize::try_from(far)?)))?;
    bench.hears(&format!("right at {}", to - far * FAR))?;
    bench.presses(ENTER)?;
    bench.hears("Frame 4 is cut anew.")?;
    bench.sees("the film is exposed at 1 place outside of frames")?;
    bench.browser.pictures("bench-2-outside")?;
    bench.presses("+")?;
    bench.hears("A new frame")?;
    bench.presses(ENTER)?;
    bench.hears("A frame is added.")?;
    let added = bench.report()?;
    ensure!(added["account"]["found"] == 5 && added["account"]["unassigned"] == 0, "{}", added["account"]);

    // What each frame is, and the run up to the last.
    bench.presses(HOME)?;
    bench.hears("Frame 1.")?;
    bench.presses("t")?;
    bench.hears("Frame 1 is marked as target. Frame 2.")?;
    bench.presses(END)?;
    bench.hears("Frame 5.")?;
    bench.presses("A")?;
    bench.hears("4 frames up to 5 are accepted.")?;
    bench.browser.pictures("bench-3-accepted")?;
    let account = &bench.report()?["account"];
    ensure!(account["targets"] == 1 && account["accepted"] == 4, "{account}");
    ensure!(account["differences"] == serde_json::json!([]), "{account}");
    let cut = bench.report()?;

    bench.presses("v")?;
    bench.sees("in review")?;
    bench.presses("f")?;
    bench.accepts_as_it_is()?;
    bench.presses("f")?;
    bench.sees("Release the batch?")?;
    bench.presses(ENTER)?;
    bench.sees("every receipt is verified")?;
    holds_the_frames_as_cut(&site, &cut)
}

/// Frames 2 to 5 are the document's pages, under their numbers on the reel; the strip and the cuts that did not stay lie beside them.
fn holds_the_frames_as_cut(site: &Site, cut: &Value) -> Result<()> {
    let auditor = site.caller("auditor")?;
    let events = auditor.json("/api/v1/ledger/events?most=1000")?;
    let is_sealed = |event: &&Value| event["event"]["type"] == "sealed";
    let sealed = events["events"].as_array().context("events")?.iter().find(is_sealed).context("a document")?;
    let id = sealed["event"]["document"].as_str().context("an id")?;
    let pages = site.caller("technician")?.json(&format!("/api/v1/documents/{id}"))?["pages"].clone();
    let mut stood: Vec<&Value> = cut["pages"].as_array().context("pages")?.iter().collect();
    stood.sort_by_key(|page| page["number"].as_u64());
    for (page, stood) in pages.as_array().context("pages")?.iter().zip(&stood[1..]) {
        ensure!(page["frame"]["number"] == stood["number"], "{page} is not {stood}");
        ensure!(["x", "y", "w", "h"].iter().all(|name| page["frame"]["place"][name] == stood["frame"][name]), "{page}");
    }
    ensure!(pages.as_array().is_some_and(|pages| pages.len() == 4), "{pages}");
    let (code, findings) = site.verify()?;
    ensure!(code == 0, "{findings}");
    Ok(())
}
