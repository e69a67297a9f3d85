//! A searcher at a real browser finds what was planted on a page that was read badly: a drug, a
//! name that the reader got wrong, a phrase over a hyphen and a code, each lit where it stands.
//! And what a searcher may not see leaves no trace in what the box offers.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use record::words::{Block, Box as Place, Line, PageText, Word};
use serde_json::{Value, json};
use tests::browser::{Browser, ENTER};
use tests::http::Caller;
use tests::{program, samples, site::Site};

use crate::browser::pictures;

/// Lines as the reader gave them. `Quillon` is on the patient list, `myocardial` and `morphine` in the word list.
const LINES: [&str; 5] = [
    "The patient Averil Ouillon was admitted",
    "with severe rnorphine poisoning after a myo-",
    "cardial infarction in the year before",
    "Diagnosis El1.9 and I21.3 chart lO4233",
    "blood pressure 120/80 under zyxlumab Zkwu",
];

/// What is typed, and the words that are lit for it.
const PLANTED: [(&str, &[&str]); 10] = [
    ("morphine", &["rnorphine"]),
    ("quillon", &["Ouillon"]),
    ("\"myocardial infarction\"", &["myo-", "cardial", "infarction"]),
    ("E11.9", &["El1.9"]),
    ("code:I21.3 104233", &["I21.3", "lO4233"]),
    ("\"heart attack\"", &["myo-", "cardial", "infarction"]),
    ("\"poisoning severe\"~3 -cough", &["severe", "poisoning"]),
    ("zyxlumob", &["zyxlumab"]),
    ("morphine service:cardiology", &["rnorphine"]),
    ("morphine poisoning zebra", &["rnorphine", "poisoning"]),
];

#[test]
fn planted_facts_are_found_and_lit_where_they_stand() -> Result<()> {
    let mut site = Site::start(0)?;
    let own = "Averil\nmyocardial\nmorphine\nadmitted\npatient\nsevere\npoisoning\ninfarction\n";
    fs::write(site.data().join("words.txt"), own)?;
    fs::write(site.data().join("synonyms.txt"), "heart attack = myocardial infarction\n")?;
    site.kill_server()?;
    site.restart()?;
    let patients = samples::path("patients.csv");
    program::succeed("chartroom patients", site.chartroom(&["patients", "import", &patients.to_string_lossy()])?)?;
    site.account("vera", "searcher", "nine lives of a cat")?;
    let words = plant(&site, "clinic-letter.png")?;
    let searcher = site.caller("searcher")?;
    program::wait_for("the page in the index", || Ok((!searcher.search("patient")?.is_empty()).then_some(())))?;

    let browser = Browser::start(&pictures())?;
    browser.log_in(&site.url(), "vera", "nine lives of a cat")?;
    for (typed, lit) in PLANTED {
        browser.open(&format!("{}/search?q={}", site.url(), encoded(typed)))?;
        let shown = browser.wait_for("the hit", LIT)?;
        let wanted: Vec<Value> = lit.iter().map(|word| place(&words, word)).collect::<Result<_>>()?;
        ensure!(shown == Value::Array(wanted.clone()), "{typed}: lit at {shown}, planted at {wanted:?}");
    }
    let told = "const lacks = document.querySelector('[data-incomplete]') && document.querySelector('.hit s'); return lacks ? lacks.innerText : null";
    ensure!(browser.wait_for("which word the page lacks", told)? == "zebra");
    browser.screenshot("planted-1-hits")?;
    browser.open(&format!("{}/search?q=severe", site.url()))?;
    let facet = "const a = [...document.querySelectorAll('.facet a')].find((a) => a.innerText.startsWith('Cardiology')); \
                 if (!a) return null; a.click(); return true";
    browser.wait_for("the department among the facets", facet)?;
    let chosen = "return new URLSearchParams(location.search).get('department') && document.querySelector('#department')?.value || null";
    ensure!(browser.wait_for("the narrowed search", chosen)? == "CARDIOLOGY");
    browser.open(&format!("{}/search?q=zkwo", site.url()))?;
    browser.wait_for(
        "look-alikes of a short word",
        "const a = document.querySelector('[data-alike]'); if (!a) return null; a.click(); return true",
    )?;
    ensure!(browser.wait_for("what looks like it", LIT)? == json!([place(&words, "Zkwu")?]));
    browser.open(&format!("{}/search?q={}", site.url(), encoded("morphjine severe")))?;
    browser.wait_for(
        "another spelling",
        "const a = document.querySelector('[data-instead]'); if (!a) return null; a.click(); return true",
    )?;
    browser.wait_for("the hit of it", LIT)?;
    browser.wait_for(
        "the way to the page",
        "const a = document.querySelector('[data-hit]'); if (!a) return null; a.click(); return true",
    )?;
    browser.wait_for("the lit words in the viewer", "return document.querySelectorAll('.box').length === 2 || null")?;
    browser.screenshot("planted-2-viewer")?;
    nothing_is_missing(&site, 1)?;
    kept_searches_say_what_is_new(&site, &searcher, &browser)
}

/// By keys alone: a search is kept, another page comes, and the search says so and shows that page and no other.
fn kept_searches_say_what_is_new(site: &Site, searcher: &Caller, browser: &Browser) -> Result<()> {
    browser.open(&format!("{}/search?q=morphine", site.url()))?;
    browser.wait_for("the way to keep it", "return document.querySelector('details.keep') ? true : null")?;
    browser.script("document.querySelector('details.keep summary').focus()")?;
    browser.press(ENTER)?;
    browser.type_into("#keep-name", "Morphine given")?;
    browser.press(ENTER)?;
    let told = "const row = document.querySelector('tbody tr'); return row ? row.innerText : null";
    let row = browser.wait_for("the kept search", told)?;
    let row = row.as_str().unwrap_or_default();
    ensure!(row.contains("Morphine given") && row.contains("nothing"), "{row}");
    plant(site, "operation-note.jpg")?;
    program::wait_for("both pages", || Ok((searcher.search("morphine")?.len() == 2).then_some(())))?;
    browser.open(&format!("{}/saved", site.url()))?;
    let row = browser.wait_for("what is new", told)?;
    ensure!(row.as_str().is_some_and(|row| row.contains("1 new")), "{row}");
    browser
        .wait_for("the number in the navigation", "return document.querySelector('nav .badge.info') ? true : null")?;
    browser.screenshot("planted-3-saved")?;
    browser.script("document.querySelector('[data-open]').focus()")?;
    browser.press(ENTER)?;
    let hits = "const all = document.querySelectorAll('.hit-document'); return all.length || null";
    ensure!(browser.wait_for("the new page", hits)? == 1, "the old page is no news");
    browser.screenshot("planted-4-new")?;
    nothing_is_missing(site, 2)
}

/// The rectangles lit on the small picture of the page, in pixels of the master.
const LIT: &str = "
    const lit = [...document.querySelectorAll('.hit > .sheet rect.lit')];
    return lit.length ? lit.map((box) => ['x', 'y', 'width', 'height'].map((side) => Number(box.getAttribute(side)))) : null;
";

/// A filed letter, with the image of a sample, whose text is [`LINES`]; its words.
fn plant(site: &Site, image: &str) -> Result<PageText> {
    let letter = samples::path(image);
    let batch = ["--json", "--batch", "Letters", "--patient", samples::MRN, "--department", "CARDIOLOGY"];
    let output = site.station("import", &site.token("technician")?)?.args(batch).arg(&letter).output()?;
    program::succeed("scanner-agent import", output)?;
    let worker = site.token("worker")?;
    let job: Value =
        Caller::new(&site.url(), &worker)?.post("/api/v1/jobs/claim", &json!({"worker": "suite"}))?.json()?;
    let number = |name: &str| job[name].as_u64().and_then(|number| u32::try_from(number).ok()).context("a number");
    let text = text(number("width")?, number("height")?);
    let (job, page) = (job["job"].as_str().context("a job")?, job["page"].as_str().context("a page")?);
    let request = reqwest::blocking::Client::new().post(format!("{}/api/v1/jobs/{job}/text", site.url()));
    let alto = formats::alto::write(&text, page.parse()?);
    request.bearer_auth(worker).header("content-type", "application/xml").body(alto).send()?.error_for_status()?;
    Ok(text)
}

fn text(width: u32, height: u32) -> PageText {
    let line = |(row, line): (u32, &&str)| {
        let mut x = 60;
        let words = line.split(' ').map(|word| {
            let w = 12 * word.len() as u32;
            let place = Place { x, y: 100 + 60 * row, w, h: 30 };
            x += w + 10;
            Word::read(word, place, 80)
        });
        Line::of(words.collect())
    };
    let lines = (0..).zip(&LINES).map(line).collect();
    PageText { width, height, language: "eng".into(), blocks: vec![Block::of(lines)], ..PageText::default() }
}

fn place(text: &PageText, word: &str) -> Result<Value> {
    let found = text.words().find(|one| one.text == word).context("a planted word")?;
    let Place { x, y, w, h } = found.place;
    Ok(json!([x, y, w, h]))
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

fn nothing_is_missing(site: &Site, pages: u64) -> Result<()> {
    let told = program::succeed("chartroom findable", site.chartroom(&["findable", "--json"])?)?;
    let told: Value = serde_json::from_str(&told)?;
    let findable = told["findable"] == pages && told["sealed"] == pages;
    ensure!(findable && told["missing"] == 0 && told["stray"] == 0, "{told}");
    Ok(())
}
