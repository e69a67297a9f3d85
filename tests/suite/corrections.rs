//! What was misread is put right by a person: found at once, the earlier text kept, the ledger told; over the API
//! and by keys at a real browser.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use record::words::{Attention, AttentionReason, Box as Place, PageText};
use serde_json::{Value, json};
use tests::browser::{Browser, CTRL, ENTER, SHIFT, TAB};
use tests::{http::Caller, program, samples, site::Site};

use crate::browser::pictures;

const RIGHT: &str = "electrocardiogram";
const WRONG: &str = "eIectrocordiogrom";

#[test]
fn a_corrected_word_is_found_and_nothing_is_overwritten() -> Result<()> {
    let mut site = Site::start(0)?;
    let page = misread_page(&site)?;
    let [technician, searcher, auditor] = ["technician", "searcher", "auditor"].map(|role| site.caller(role));
    let (technician, searcher, auditor) = (technician?, searcher?, auditor?);
    found(&searcher, WRONG, 1)?;

    let listed = technician.json("/api/v1/attention?reason=handwriting")?;
    ensure!(listed[0]["page"] == page, "the page waits for a person: {listed}");
    for door in ["/api/v1/attention", "/attention", "/attention/count", &format!("/pages/{page}/correct")] {
        ensure!(searcher.status(door)? == 404 && auditor.status(door)? == 404, "{door} is hidden");
    }
    let words = technician.json(&format!("/api/v1/pages/{page}/words"))?;
    let wrong = index_of(&words, WRONG)?;
    let body = json!({"replaces": words["text"], "words": [{"index": wrong, "text": RIGHT}], "confirmed_all": true});
    let corrections = format!("/api/v1/pages/{page}/corrections");
    ensure!(searcher.post(&corrections, &body)?.status() == 404, "a searcher corrects nothing");
    let saved: Value = technician.post(&corrections, &body)?.error_for_status()?.json()?;
    ensure!(saved["changed"] == 1, "{saved}");
    ensure!(technician.post(&corrections, &body)?.status() == 409, "the text is another by now");

    let hits = found(&searcher, RIGHT, 1)?;
    let (lit, read) = (&hits[0]["boxes"][0], &words["words"][usize::try_from(wrong)?]);
    ensure!(lit["word"] == RIGHT && lit["x"] == read["x"] && lit["w"] == read["w"], "lit where it stands: {lit}");
    found(&searcher, WRONG, 0)?;
    ensure!(technician.json("/api/v1/attention")? == json!([]), "nobody needs to look any more");
    let texts = searcher.json(&format!("/api/v1/pages/{page}/texts"))?;
    ensure!(texts[0]["kind"] == "read" && texts[1]["kind"] == "corrected" && texts[1]["current"] == true, "{texts}");
    let earlier = format!("/api/v1/pages/{page}/alto?text={}", texts[0]["text"].as_str().context("a digest")?);
    ensure!(searcher.get(&earlier)?.text()?.contains(WRONG), "what the machine read is still there");

    let events = auditor.json("/api/v1/ledger/events?from=0")?.to_string();
    ensure!(
        events.contains("\"corrected\"") && !events.contains(RIGHT),
        "the ledger says that, and not what: {events}"
    );
    let before = technician.json(&format!("/api/v1/pages/{page}/words"))?;
    rebuild(&mut site)?;
    let technician = Caller::new(&site.url(), &site.token("technician")?)?;
    ensure!(technician.json(&format!("/api/v1/pages/{page}/words"))? == before, "the bucket alone gives the same text");
    found(&technician, RIGHT, 1)?;
    let (code, report) = site.verify()?;
    ensure!(code == 0, "{report}");
    Ok(())
}

#[test]
fn a_technician_corrects_a_page_by_keys_alone() -> Result<()> {
    let site = Site::start(0)?;
    let page = misread_page(&site)?;
    let technician = site.caller("technician")?;
    site.account("tom", "technician", "a long enough word")?;
    let browser = Browser::start(&pictures())?;
    browser.log_in(&format!("{}/attention", site.url()), "tom", "a long enough word")?;
    browser.open(&format!("{}/attention", site.url()))?;
    browser.wait_for("the reason", "return document.body.textContent.includes('There is handwriting')")?;
    browser.wait_for("the count", "return document.querySelector('.bar nav .badge')?.textContent.startsWith('1')")?;
    browser.pictures("6-attention")?;

    // The region first, then the doubtful words, the worst on top.
    browser.open(&format!("{}/attention/next", site.url()))?;
    browser.wait_for(
        "the region's field to have the focus",
        "return document.activeElement?.matches('textarea[data-region]')",
    )?;
    browser.press("H. Tindall")?;
    browser.press(TAB)?;
    browser.wait_for("the worst word", &format!("return document.activeElement?.value === '{WRONG}'"))?;
    browser.pictures("7-correct")?;
    browser.press(RIGHT)?;

    // Somebody else is quicker: what was typed stays.
    let words = technician.json(&format!("/api/v1/pages/{page}/words"))?;
    let theirs = json!({"replaces": words["text"], "confirmed": [0]});
    technician.post(&format!("/api/v1/pages/{page}/corrections"), &theirs)?.error_for_status()?;
    browser.press(&format!("{CTRL}{ENTER}"))?;
    browser.wait_for(
        "to be told",
        "return document.querySelector('[data-say=news]').textContent.includes('somebody else')",
    )?;
    let kept = format!(
        "return [...document.querySelectorAll('[data-words] input')].some((field) => field.value === '{RIGHT}')"
    );
    browser.wait_for("the typed word", &kept)?;
    browser.screenshot("8-overtaken")?;
    let region = browser.script("return document.querySelector('textarea').value")?;
    ensure!(region == "H. Tindall", "the typed line is kept too: {region}");

    browser.press(&format!("{CTRL}{SHIFT}{ENTER}"))?;
    browser.wait_for(
        "the end of the list",
        "return location.pathname === '/attention' && document.body.textContent.includes('No page waits')",
    )?;
    found(&technician, RIGHT, 1)?;
    found(&technician, "Tindall", 1)?;
    found(&technician, WRONG, 0)?;
    ensure!(technician.json("/api/v1/attention")? == json!([]), "the page was gone through");
    Ok(())
}

/// A letter as it was read, but for one word that came out wrong, and with handwriting on it; the page's id.
fn misread_page(site: &Site) -> Result<String> {
    let letter = samples::path("clinic-letter.png");
    let batch = ["--json", "--batch", "Loose letters", "--patient", samples::MRN];
    let output = site.station("import", &site.token("technician")?)?.args(batch).arg(&letter).output()?;
    program::succeed("scanner-agent import", output)?;
    let worker = site.token("worker")?;
    let claim = json!({"worker": "suite"});
    let job: Value = Caller::new(&site.url(), &worker)?.post("/api/v1/jobs/claim", &claim)?.json()?;
    let (job, page) = (job["job"].as_str().context("a job")?, job["page"].as_str().context("a page")?);
    let alto = formats::alto::write(&misread(site)?, page.parse()?);
    let request = reqwest::blocking::Client::new().post(format!("{}/api/v1/jobs/{job}/text", site.url()));
    request.bearer_auth(worker).header("content-type", "application/xml").body(alto).send()?.error_for_status()?;
    Ok(page.to_owned())
}

fn misread(site: &Site) -> Result<PageText> {
    let out = site.root().join("read");
    let letter = samples::path("clinic-letter.png");
    let words =
        ["read".as_ref(), letter.as_os_str(), "--out".as_ref(), out.as_os_str(), "--format".as_ref(), "alto".as_ref()];
    program::stdout("ocr-worker", words)?;
    let file = fs::read_dir(&out)?.filter_map(Result::ok).map(|entry| entry.path());
    let file =
        file.into_iter().find(|path| path.extension().is_some_and(|end| end == "xml")).context("an ALTO file")?;
    let mut text = formats::alto::parse(&fs::read(file)?)?;
    let words = text.blocks.iter_mut().flat_map(|block| &mut block.lines).flat_map(|line| &mut line.words);
    let word = words.into_iter().find(|word| word.text.to_lowercase().contains(RIGHT)).context("the word")?;
    (word.text, word.confidence) = (WRONG.to_owned(), 12);
    let place = Place { x: text.width / 10, y: text.height * 3 / 4, w: text.width / 2, h: text.height / 12 };
    text.attention = vec![Attention { reason: AttentionReason::Handwriting, place }];
    Ok(text)
}

/// The hits, once there are so many of them.
fn found(caller: &Caller, word: &str, hits: usize) -> Result<Vec<Value>> {
    program::wait_for(&format!("{hits} hits for a word"), || {
        Ok(Some(caller.search(word)?).filter(|found| found.len() == hits))
    })
}

fn index_of(words: &Value, word: &str) -> Result<u64> {
    let all = words["words"].as_array().context("words")?;
    let found = all.iter().find(|one| one["word"] == word).context("the word")?;
    found["index"].as_u64().context("its index")
}

fn rebuild(site: &mut Site) -> Result<()> {
    site.kill_server()?;
    program::succeed("chartroom rebuild", site.chartroom(&["rebuild"])?)?;
    site.restart()
}
