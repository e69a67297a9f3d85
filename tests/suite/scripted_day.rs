//! A day at the capture station, by keyboard alone: what goes wrong goes wrong, and the archive holds exactly what was fed.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use imaging::{QuarterTurn, Raster};
use serde_json::Value;
use tests::browser::{Browser, CTRL, ENTER, SHIFT, TAB};
use tests::paper::{self, Feeder};
use tests::program::{self, Guarded};
use tests::{samples, site::Site};

use crate::browser::pictures;

const SHEETS: usize = 120;
const WIDTH: usize = 620;
const HEIGHT: usize = 300;
/// Where documents begin, counted from 1 as the technician counts; the second separator names the wrong patient.
const SEPARATORS: [(usize, &str); 3] = [(2, "MRN-104233"), (41, "MRN-207719"), (81, "MRN-311054")];
const RIGHT_PATIENT: &str = "MRN-311054";
const LABELLED: usize = 42;
const BLANK: usize = 60;
const UPSIDE_DOWN: usize = 70;
const FAULTS: &str = "21 jam 20000\n50 double-feed 30000\n";

const JOB: &str = r#"
[[rule]]
name = "cover"
format = ["code-39"]
match = "B-(?<sheets>[0-9]+)"
does = "batch"

[[rule]]
name = "separator"
format = ["code-39"]
match = "D-(?<mrn>MRN-[0-9]{6})"
does = "document"

[[rule]]
name = "label"
format = ["code-39"]
match = "(?<mrn>MRN-[0-9]{6})"
does = "field"

[[field]]
name = "mrn"
match = "MRN-[0-9]{6}"
required = true
"#;

/// A sheet that no other sheet is like: lines of something like print, and its code.
fn sheet(number: usize) -> Result<Raster> {
    let grain = |at: usize| (at.wrapping_mul(2_654_435_761) >> 27) as u8 % 8;
    let mut levels: Vec<u8> = (0..WIDTH * HEIGHT).map(|at| 244 + grain(at + number)).collect();
    for at in (0..WIDTH * HEIGHT).filter(|_| number != BLANK) {
        let (x, y) = (at % WIDTH, at / WIDTH);
        let word = (40..560).contains(&x) && (110..260).contains(&y) && y % 18 < 8;
        if word && (x * 7 + y / 18 * (number + 3)) % 13 < 5 {
            levels[at] = 30;
        }
    }
    let separator = SEPARATORS.iter().find(|(at, _)| *at == number).map(|(_, mrn)| format!("D-{mrn}"));
    let label = (number == LABELLED).then(|| RIGHT_PATIENT.to_owned());
    let cover = (number == 1).then(|| format!("B-{SHEETS}"));
    if let Some(text) = cover.or(separator).or(label) {
        paper::code_39(&mut levels, WIDTH, (20, 30), &text)?;
    }
    let page = Raster::gray(WIDTH as u32, HEIGHT as u32, levels)?;
    Ok(if number == UPSIDE_DOWN { page.rotate_quarter(QuarterTurn::Half) } else { page })
}

/// The station's program with its page, and the address that it printed.
struct Station {
    _program: Guarded,
    url: String,
}

impl Station {
    fn start(site: &Site, feeder: &Feeder) -> Result<Self> {
        let rules = site.root().join("rules.toml");
        std::fs::write(&rules, JOB)?;
        let jobs = site.root().join("jobs.toml");
        std::fs::write(
            &jobs,
            format!("[[job]]\nname = \"charts\"\nwords = [\"--resolution=75\", \"--rules={}\"]\n", rules.display()),
        )?;
        let mut command = site.station("serve", &site.token("technician")?)?;
        command.args(["--json", "--port", "0", "--jobs"]).arg(&jobs).envs(feeder.environment());
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let stdout = BufReader::new(child.stdout.take().context("a pipe")?);
        let said: String = stdout.lines().map_while(Result::ok).take(3).collect();
        let said: Value = serde_json::from_str(&said).with_context(|| format!("JSON, not {said}"))?;
        Ok(Self { _program: Guarded(child), url: said["url"].as_str().context("an address")?.to_owned() })
    }
}

/// What a technician does: looks at the screen, and presses keys.
struct Technician {
    browser: Browser,
}

impl Technician {
    fn sees(&self, text: &str) -> Result<()> {
        let script = format!("return document.body.innerText.includes({})", serde_json::to_string(text)?);
        self.browser.wait_for(text, &script).map(drop).with_context(|| self.screen())
    }

    /// What stands on the screen, for whoever looks after a test that failed.
    fn screen(&self) -> String {
        let text = self.browser.script("return document.getElementById('main').innerText");
        text.map_or_else(|error| error.to_string(), |text| text.to_string())
    }

    /// What a screen reader would say.
    fn hears(&self, text: &str) -> Result<()> {
        let said = "return document.getElementById('said').textContent";
        program::wait_for(text, || Ok((self.browser.script(said)? == text).then_some(())))
            .with_context(|| self.screen())
    }

    fn presses(&self, keys: &str) -> Result<()> {
        self.browser.press(keys)
    }

    /// Goes through all pages, accepting each, and turns the one that stands on its head.
    fn goes_through_the_pages(&self) -> Result<()> {
        for page in 1..=SHEETS {
            let here = format!(
                "const image = document.querySelector('#paper img');
                return document.querySelector('.pages a[aria-current]')?.textContent.startsWith('{page}') && image.naturalWidth > 0"
            );
            self.browser.wait_for(&format!("page {page}"), &here)?;
            if page == UPSIDE_DOWN {
                self.presses("t")?;
                self.sees(&format!("{page}, turned"))?;
            }
            self.presses("a")?;
            self.hears(&format!("Page {page} is accepted."))?;
        }
        Ok(())
    }

    /// Hammers at the key: pages are accepted one after the other all the same.
    fn is_in_a_hurry(&self) -> Result<()> {
        self.presses("aaaaaa")?;
        let passed_by = self.browser.wait_for(
            "a page further on",
            "const pages = [...document.querySelectorAll('.pages a')];
            const at = pages.findIndex((page) => page.ariaCurrent === 'page');
            const judged = (page) => /accepted|left out/.test(page.ariaLabel);
            return at > 0 && pages.slice(0, at).filter((page) => !judged(page)).map((page) => page.textContent).join(' ') || at > 0 && 'none'",
        )?;
        ensure!(passed_by == "none", "pages were passed by: {passed_by}");
        Ok(())
    }

    /// The number beside the answer that says so.
    fn answers(&self, with: &str) -> Result<()> {
        let script = format!(
            "return [...document.querySelectorAll('.asked li')].findIndex((answer) => answer.innerText.includes({})) + 1 || null",
            serde_json::to_string(with)?
        );
        let key = self.browser.wait_for(with, &script)?;
        self.presses(&key.to_string())
    }
}

#[test]
fn a_day_with_everything_that_goes_wrong_ends_with_what_was_fed_in_the_archive() -> Result<()> {
    // Its bucket is a folder, so that the bytes can be looked at.
    let mut site = Site::start_with(0, &[], Vec::new())?;
    let patients = samples::path("patients.csv");
    program::succeed("chartroom patients", site.chartroom(&["patients", "import", &patients.to_string_lossy()])?)?;
    let fed = (1..=SHEETS).map(sheet).collect::<Result<Vec<_>>>()?;
    let feeder = Feeder::with(&site.root().join("scanner"), &fed, FAULTS)?;
    let station = Station::start(&site, &feeder)?;
    let ana = Technician { browser: Browser::start(&pictures())? };

    ana.browser.open(&station.url)?;
    ana.sees("Archive in reach")?;
    ana.sees("feeder")?;
    ana.presses("n")?;
    ana.presses(&format!("{SHIFT}{TAB}"))?;
    ana.presses("ana")?;
    ana.presses(&format!("{CTRL}{ENTER}"))?;
    ana.sees("Sheet 21 is not in")?;
    site.kill_server()?;
    ana.browser.pictures("station-1-jam")?;
    ana.presses("c")?;
    ana.sees("Sheet 50 is not in: two sheets")?;
    // Somebody comes to the desk; the rest waits in the feeder, which is as slow as real ones are.
    let pace = site.root().join("scanner/paper/pace");
    std::fs::write(&pace, "150")?;
    ana.presses("c")?;
    ana.sees("a minute")?;
    ana.presses("q")?;
    ana.sees("the feeder was stopped from this page")?;
    std::fs::remove_file(pace)?;
    ana.presses("c")?;
    ana.sees("120 of 120 sheets")?;
    ana.sees("in review")?;
    ana.sees("Server away")?;

    // The separator says one patient, the label on the page another: the page is right.
    ana.presses("n")?;
    ana.sees("labels in the document contradict each other")?;
    ana.browser.pictures("station-2-question")?;
    ana.answers(RIGHT_PATIENT)?;
    ana.sees("nothing seems to be on the page")?;
    ana.answers("leave it out")?;
    ana.sees("1 left out")?;
    // The gun works in the middle of a field, and leaves nothing behind there.
    ana.presses("e")?;
    ana.browser.wait_for("the cursor", "return document.activeElement.id === 'field-patient'")?;
    ana.browser.key_in(RIGHT_PATIENT, 5.0)?;
    ana.hears("The code is entered.")?;
    let field = "const field = document.getElementById('field-patient'); return document.activeElement === field && field.value";
    ana.browser.wait_for("the field as it was", &format!("{field} === '{RIGHT_PATIENT}'"))?;
    ana.presses("\u{E00C}")?; // Escape
    ana.presses("\u{E011}")?; // Home
    ana.is_in_a_hurry()?;
    ana.presses("\u{E011}")?; // Home
    ana.goes_through_the_pages()?;
    ana.sees("0 questions")?;
    ana.browser.pictures("station-3-reviewed")?;
    ana.presses("f")?;
    ana.sees("accepted, not released")?;
    ana.presses("f")?;
    ana.sees("Release the batch?")?;
    ana.presses(ENTER)?;
    ana.sees("1 batch waits")?;
    let batch = ana.browser.url()?.rsplit('/').next().context("an id")?.to_owned();
    site.restart_there()?;
    ana.sees("every receipt is verified")?;
    ana.browser.pictures("station-4-receipted")?;
    holds_what_was_fed(&site, &batch, &fed)
}

/// Every sheet that was fed is in the archive, once, pixel by pixel; documents are whose they are, in order.
fn holds_what_was_fed(site: &Site, batch: &str, fed: &[Raster]) -> Result<()> {
    let technician = site.caller("technician")?;
    let status = technician.json(&format!("/api/v1/batches/{batch}"))?;
    ensure!(status["captured"] == SHEETS && status["documents"] == 3 && status["exceptions"] == 0, "{status}");
    let auditor = site.caller("auditor")?;
    let events = auditor.json("/api/v1/ledger/events?most=1000")?;
    let sealed =
        events["events"].as_array().context("events")?.iter().filter(|event| event["event"]["type"] == "sealed");
    let (mut shown, mut kept, mut patients) = (Vec::new(), BTreeSet::new(), Vec::new());
    for event in sealed {
        let id = event["event"]["document"].as_str().context("a document")?;
        patients.push(technician.json(&format!("/api/v1/documents/{id}"))?["mrn"].clone());
        let proof = auditor.json(&format!("/api/v1/documents/{id}/proof"))?;
        let manifest: Value = serde_json::from_str(proof["manifest"].as_str().context("a manifest")?)?;
        let digest = |blob: &Value| blob["digest"].as_str().map(str::to_owned).context("a digest");
        for page in manifest["pages"].as_array().context("pages")? {
            shown.push(digest(&page["image"])?);
        }
        for original in manifest["originals"].as_array().into_iter().flatten() {
            kept.insert(digest(original)?);
        }
    }
    ensure!(patients == ["MRN-104233", RIGHT_PATIENT, RIGHT_PATIENT], "{patients:?}");

    let out = |number: &usize| *number == 1 || *number == BLANK || SEPARATORS.iter().any(|(at, _)| at == number);
    let mut expected: Vec<Raster> =
        (1..=SHEETS).filter(|number| !out(number)).map(|number| fed[number - 1].clone()).collect();
    let turned = (1..UPSIDE_DOWN).filter(|number| !out(number)).count();
    expected[turned] = expected[turned].rotate_quarter(QuarterTurn::Half);
    ensure!(shown.len() == expected.len(), "{} pages are shown", shown.len());
    for (at, (digest, fed)) in shown.iter().zip(&expected).enumerate() {
        ensure!(blob(site, digest)? == *fed, "page {at} of the documents is another than was fed");
    }
    // What is no page of a document lies beside them: cover, separators, the blank page, and the sheet as it was fed.
    let beside = kept.iter().map(|digest| blob(site, digest)).collect::<Result<Vec<_>>>()?;
    for number in (1..=SHEETS).filter(|number| out(number) || *number == UPSIDE_DOWN) {
        ensure!(beside.contains(&fed[number - 1]), "sheet {number} is not kept");
    }
    ensure!(beside.len() == SEPARATORS.len() + 3, "{} sheets are kept beside the pages", beside.len());
    let (code, findings) = site.verify()?;
    ensure!(code == 0, "{findings}");
    Ok(())
}

fn blob(site: &Site, digest: &str) -> Result<Raster> {
    let hex = digest.trim_start_matches("sha256:");
    let path = site.store().join("blobs/sha256").join(&hex[..2]).join(&hex[2..4]).join(hex);
    Ok(imaging::decode(&std::fs::read(path)?)?)
}
