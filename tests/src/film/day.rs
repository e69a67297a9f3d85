//! A reel from the film to the archive, as its people do it: taken in, looked at on the bench in a real browser, released, read,
//! found by a word, shown as a film reader does, and one frame cut another way in the archive.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{Reel, Said};
use crate::browser::{Browser, ENTER};
use crate::http::Caller;
use crate::program::{self, Guarded};
use crate::site::Site;

const LABEL: &str = "MF-0231";
const WORD: &str = "cholangiogram";
const PASSWORD: &str = "the reel room is cold";
const END: &str = "\u{E010}";
const LEFT: &str = "\u{E012}";
/// Pixels of the strip for one arrow on the screen where frames are cut.
const STEP: u64 = 4;
/// A page of this kind is read in a second or two; machines are shared.
const SECONDS_PER_FRAME: u64 = 20;

/// Where the frame is cut: it must be drawn on the picture where the form says that it lies on the strip, and be seen.
const FRAME_ON_PICTURE: &str = "
    const [picture, rect] = ['img', 'rect'].map((it) => document.querySelector(`#cut ${it}`).getBoundingClientRect());
    const [, from, , tall] = document.querySelector('#cut svg').getAttribute('viewBox').split(' ').map(Number);
    const [top, bottom] = ['top', 'bottom'].map((it) => (document.getElementById(it).value - from) / tall * picture.height + picture.top);
    const is_there = Math.abs(rect.top - top) < 3 && Math.abs(rect.bottom - bottom) < 3;
    return is_there && rect.top < innerHeight && rect.bottom > 0 ? true : [rect.top, top, rect.bottom, bottom];";

/// The label on the first page of each chart says whose it is.
pub const RULES: &str = r#"
[[rule]]
name = "label"
format = ["code-39"]
match = "(?<mrn>MRN-[0-9]{6})"
does = "field"
"#;

/// How large the reel is, and what of it is looked at.
pub struct Day {
    pub frames: usize,
    pub per_chart: usize,
    /// The one with the word on it.
    pub found: usize,
    /// The one that is cut another way.
    pub recut: usize,
}

/// What it took.
pub struct Figures {
    pub taken_in: Duration,
    pub read: Duration,
    pub doubtful: usize,
    pub documents: usize,
}

impl Day {
    pub fn run(&self, site: &Site) -> Result<Figures> {
        let folder = site.root().join("film");
        std::fs::create_dir_all(&folder)?;
        let said = [Said { frame: self.found, word: WORD }];
        let reel = Reel::draw(&folder, self.frames, self.per_chart, &said)?;
        let strip = site.root().join("reel.tif");
        reel.strip(&strip, &(1..=self.frames).collect::<Vec<_>>())?;
        std::fs::write(site.root().join("rules.toml"), RULES)?;

        let started = Instant::now();
        let token = site.token("technician")?;
        let held = self.take_in(site, &token)?;
        let (taken_in, account) = (started.elapsed(), &held["account"]);
        ensure!(account["found"] == self.frames && account["blips"] == self.frames, "{account}");
        ensure!(account["unassigned"] == 0, "{account}");
        let doubtful = account["doubtful"].as_array().map_or(0, Vec::len);
        let batch = held["held"].as_str().context("a batch")?;
        self.review(site, &token, batch)?;

        let started = Instant::now();
        let technician = site.caller("technician")?;
        self.wait_until_read(&technician, batch)?;
        let read = started.elapsed();
        let document = self.is_found(site)?;
        let reels = technician.json("/api/v1/reel?reel=MF-0231")?;
        ensure!(reels["differences"] == json!([]) && reels["left_out"] == json!([]), "{reels}");
        self.is_shown(site, &document)?;
        self.is_cut_anew(site, &technician)?;
        self.is_divided_by_command(site, &token, &technician)?;
        let documents = self.frames.div_ceil(self.per_chart);
        ensure!(reels["documents"] == documents, "a chart begins at each larger blip: {reels}");
        Ok(Figures { taken_in, read, doubtful, documents })
    }

    fn take_in(&self, site: &Site, token: &str) -> Result<Value> {
        let mut film = site.station("film", token)?;
        film.args(["--reel", LABEL, "--frames", &self.frames.to_string(), "--reduction", "24", "--order", "numeric"]);
        film.args(["--first", "MRN-100001", "--last", "MRN-199999", "--type", "CHART", "--hold", "--json"]);
        film.arg("--rules").arg(site.root().join("rules.toml")).arg(site.root().join("reel.tif"));
        Ok(serde_json::from_str(&program::succeed("scanner-agent film", film.output()?)?)?)
    }

    /// At the bench, by keyboard: every frame is accepted, and the batch released.
    fn review(&self, site: &Site, token: &str, batch: &str) -> Result<()> {
        let mut command = site.station("serve", token)?;
        let mut child = command.args(["--json", "--port", "0"]).stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
        let _station = Guarded(child);
        let said: Value = serde_json::from_str(&lines.map_while(Result::ok).take(3).collect::<String>())?;
        let (address, key) = said["url"].as_str().and_then(|url| url.split_once("/#")).context("an address")?;
        let browser = Browser::start(&site.root().join("pictures"))?;
        browser.open(&format!("{address}/batches/{batch}/film#{key}"))?;
        let sees = |text: &str| {
            let script = format!("return document.body.innerText.includes({})", json!(text));
            browser.wait_for(text, &script).map(drop)
        };
        sees("Frame 1")?;
        browser.press(END)?;
        sees(&format!("Frame {}", self.frames))?;
        browser.press("A")?;
        sees(&format!("{} accepted", self.frames))?;
        browser.press("v")?;
        sees("in review")?;
        browser.press("f")?;
        let asked = "return document.querySelector('#ask[open]') ? 'asked' \
            : document.body.innerText.includes('accepted, not released') && 'done'";
        if browser.wait_for("the batch to be accepted", asked)? == "asked" {
            browser.press(ENTER)?;
        }
        sees("accepted, not released")?;
        browser.press("f")?;
        sees("Release the batch?")?;
        browser.press(ENTER)?;
        self.patiently(&format!("batch {batch} to be receipted"), || {
            let done = browser.script("return document.body.innerText.includes('every receipt is verified')")?;
            Ok((done == true).then_some(()))
        })
    }

    fn wait_until_read(&self, technician: &Caller, batch: &str) -> Result<()> {
        self.patiently("every frame to be read", || {
            let status = technician.json(&format!("/api/v1/batches/{batch}"))?;
            let number = |name: &str| status[name].as_u64().unwrap_or_default();
            let done =
                number("read") + number("attention") >= self.frames as u64 && number("indexed") >= number("read");
            Ok(done.then_some(()))
        })
    }

    /// Asks again until it is so, for as long as a reel of this size may take.
    fn patiently<T>(&self, what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
        let until = Instant::now() + Duration::from_secs(60 + SECONDS_PER_FRAME * self.frames as u64);
        while Instant::now() < until {
            if let Some(answer) = ask()? {
                return Ok(answer);
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        anyhow::bail!("{what} took too long")
    }

    /// The word is on its frame, and on no other; lit, and under its address.
    fn is_found(&self, site: &Site) -> Result<String> {
        let searcher = site.caller("searcher")?;
        let hits = searcher.search(WORD)?;
        ensure!(hits.len() == 1, "{hits:?}");
        ensure!(hits[0]["reel"] == LABEL && hits[0]["frame"] == self.found, "{}", hits[0]);
        ensure!(hits[0]["boxes"].as_array().is_some_and(|boxes| !boxes.is_empty()), "{}", hits[0]);
        let at = searcher.json(&format!("/api/v1/frames?reel={LABEL}&frame={}", self.found))?;
        ensure!(at["frames"][0]["page"] == hits[0]["page"], "{at}");
        Ok(hits[0]["document"].as_str().context("a document")?.to_owned())
    }

    /// In the viewer: the word is lit, the frame's number is there, and the film is cranked over the ends of documents.
    fn is_shown(&self, site: &Site, document: &str) -> Result<()> {
        site.account("sarah", "searcher", PASSWORD)?;
        let browser = Browser::start(&site.root().join("pictures"))?;
        browser.log_in(&format!("{}/login", site.url()), "sarah", PASSWORD)?;
        browser.open(&format!("{}/documents/{document}?q={WORD}", site.url()))?;
        let stands_at = |frame: usize| {
            let script = format!(
                "return document.getElementById('frame')?.value === '{frame}' && !document.querySelector('.deep').hidden"
            );
            browser.wait_for(&format!("frame {frame}"), &script)
        };
        stands_at(self.found)?;
        browser.wait_for("the word to be lit", "return document.querySelectorAll('.stage .box').length > 0")?;
        browser.press("s")?;
        browser.wait_for("straight", "return document.querySelector('[data-do=straighten]').ariaPressed === 'true'")?;
        // To the first frame of the chart behind this one, and back.
        let last = self.found.div_ceil(self.per_chart) * self.per_chart;
        browser.script(&format!(
            "const input = document.getElementById('frame'); input.value = {last}; input.form.requestSubmit()"
        ))?;
        stands_at(last)?;
        if last < self.frames {
            browser.press(".")?;
            stands_at(last + 1)?;
            browser.press(",")?;
            stands_at(last)?;
        }
        Ok(())
    }

    /// A new version with the new picture; the old one is what it was, and both verify.
    fn is_cut_anew(&self, site: &Site, technician: &Caller) -> Result<()> {
        let at = technician.json(&format!("/api/v1/frames?reel={LABEL}&frame={}", self.recut))?["frames"][0].clone();
        let text = |name: &str| at[name].as_str().with_context(|| format!("{name} of {at}"));
        let (document, page) = (text("document")?.to_owned(), text("page")?.to_owned());
        let number = at["number"].as_u64().context("a place")? as usize - 1;
        let show = |version: u32| technician.json(&format!("/api/v1/documents/{document}?version={version}"));
        let before = show(1)?;
        self.cut_by_keyboard(site, &page)?;
        let (old, new) = (show(1)?, show(2)?);
        ensure!(old["pages"][number]["image"] == before["pages"][number]["image"], "the old version stays: {old}");
        let (was, is) = (&old["pages"][number], &new["pages"][number]);
        ensure!(new["newest"] == 2 && was["image"] != is["image"] && was["page"] != is["page"], "{new}");
        let side = |page: &Value, name: &str| page["frame"]["place"][name].as_u64().unwrap_or_default();
        ensure!(side(is, "w") + 2 * STEP == side(was, "w") && side(is, "x") == side(was, "x"), "{is} is not {was}");
        ensure!(is["frame"]["number"] == self.recut, "its address stays: {is}");
        let page = is["page"].as_str().context("a page")?.to_owned();
        self.patiently("the new picture to be read", || {
            let words = technician.json(&format!("/api/v1/pages/{page}/words"))?;
            Ok((words["words"].as_array().is_some_and(|words| words.len() > 20)).then_some(()))
        })?;
        let auditor = site.caller("auditor")?;
        for version in [1, 2] {
            let proof = auditor.json(&format!("/api/v1/documents/{document}/proof?version={version}"))?;
            let manifest: Value = serde_json::from_str(proof["manifest"].as_str().context("a manifest")?)?;
            ensure!(manifest["version"] == version && manifest["previous"].is_null() == (version == 1), "{manifest}");
        }
        let (code, findings) = site.verify()?;
        ensure!(code == 0, "{findings}");
        Ok(())
    }

    /// From the station, too: the frame becomes two, and both keep its number.
    fn is_divided_by_command(&self, site: &Site, token: &str, technician: &Caller) -> Result<()> {
        let address = format!("/api/v1/frames?reel={LABEL}&frame={}", self.recut);
        let document = technician.json(&address)?["frames"][0]["document"].clone();
        let document = document.as_str().context("a document")?;
        let before = technician.json(&format!("/api/v1/documents/{document}"))?;
        let place = before["pages"].as_array().context("pages")?.iter().map(|page| &page["frame"]);
        let place = &place.into_iter().find(|frame| frame["number"] == self.recut).context("the frame")?["place"];
        let middle = place["y"].as_u64().zip(place["h"].as_u64()).map(|(y, h)| y + h / 2).context("a place")?;
        let mut recut = program::command("scanner-agent")?;
        recut.args(["recut", "--json", "--reel", LABEL, "--frame", &self.recut.to_string(), "--server", &site.url()]);
        recut.args(["--divide-y", &middle.to_string()]).env("CHARTROOM_TOKEN", token);
        let said: Value = serde_json::from_str(&program::succeed("scanner-agent recut", recut.output()?)?)?;
        ensure!(said["version"] == 3 && said["supersedes"] == 2, "{said}");
        let after = technician.json(&format!("/api/v1/documents/{document}"))?;
        let count = |shown: &Value| shown["pages"].as_array().map_or(0, Vec::len);
        ensure!(count(&after) == count(&before) + 1, "{after}");
        let twice = technician.json(&address)?;
        ensure!(twice["frames"].as_array().map(Vec::len) == Some(2), "{twice}");
        let (code, findings) = site.verify()?;
        ensure!(code == 0, "{findings}");
        Ok(())
    }

    fn cut_by_keyboard(&self, site: &Site, page: &str) -> Result<()> {
        site.account("tom", "technician", PASSWORD)?;
        let browser = Browser::start(&site.root().join("pictures"))?;
        browser.log_in(&format!("{}/login", site.url()), "tom", PASSWORD)?;
        browser.open(&format!("{}/pages/{page}/cut", site.url()))?;
        browser.wait_for("the strip", "return document.querySelector('#cut img')?.naturalWidth > 100 && document.querySelector('[data-say=edge]').textContent")?;
        let lies = browser.script(FRAME_ON_PICTURE)?;
        ensure!(lies == true, "the frame is not drawn where it lies: {lies}");
        browser.screenshot("cut-a-frame")?;
        browser.press("]")?;
        browser.press(&format!("{LEFT}{LEFT}"))?;
        browser.press(ENTER)?;
        browser.wait_for("the viewer", "return document.querySelector('#stage') !== null").map(drop)
    }
}
