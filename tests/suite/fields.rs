//! A page says whose it is: it proposes what to file it under, and raises an alarm where it was filed for somebody else.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tests::{browser::Browser, http::Caller, program, samples, site::Site};

/// A site that knows its patients; the letter about Cosima Tindall is filed under Averil Quillon's number, whose own
/// laboratory report lies beside it.
fn misfiled() -> Result<(Site, String)> {
    let site = Site::start(1)?;
    let patients = samples::path("patients.csv");
    program::succeed("chartroom patients", site.chartroom(&["patients", "import", &patients.to_string_lossy()])?)?;
    let station = site.token("technician")?;
    let paths = [samples::path("clinic-letter.png"), samples::path("lab-report.tif")];
    site.import(&station, &paths, &["--patient", samples::MRN])?;
    let found = site.caller("searcher")?.search("electrocardiogram")?;
    let document = found[0]["document"].as_str().context("a hit")?.to_owned();
    Ok((site, document))
}

fn alarms(caller: &Caller) -> Result<Vec<Value>> {
    Ok(caller.json("/api/v1/alarms")?.as_array().cloned().unwrap_or_default())
}

#[test]
fn a_page_of_another_patient_is_seen_dismissed_and_filed_right() -> Result<()> {
    let (mut site, document) = misfiled()?;
    let (technician, searcher) = (site.token("technician")?, site.token("searcher")?);
    let told = |site: &Site| alarms(&Caller::new(&site.url(), &technician)?);
    let raised = told(&site)?;
    ensure!(raised.len() == 1 && raised[0]["document"] == json!(document), "one page is a stranger's: {raised:?}");
    ensure!(raised[0]["mrn"] == "MRN-311054" && raised[0]["number"] == 1, "{raised:?}");

    let reader = Caller::new(&site.url(), &searcher)?;
    ensure!(reader.status("/api/v1/alarms")? == 404, "a searcher gets no list and no count");
    ensure!(reader.status(&format!("/api/v1/documents/{document}/proposals"))? == 404, "nor what is proposed");
    let shown = reader.json(&format!("/api/v1/documents/{document}"))?;
    ensure!(shown["alarms"].as_array().map(Vec::len) == Some(1), "but is warned: {shown}");
    ensure!(!shown.to_string().contains("MRN-311054"), "without the other patient's number: {shown}");

    rebuild(&mut site)?;
    ensure!(told(&site)? == raised, "the alarm comes back from the bucket alone");

    let page = raised[0]["page"].as_str().context("a page")?;
    let dismissal = format!("/api/v1/documents/{document}/alarms/{page}/dismissal");
    let at = |site: &Site, version| Caller::new(&site.url(), &technician)?.revise(&dismissal, version, &json!({}));
    ensure!(at(&site, 9)? == 412, "of a version that nobody looked at");
    ensure!(at(&site, 1)? == 204, "a person looked at it");
    ensure!(at(&site, 1)? == 404, "there is no such alarm any more");
    ensure!(told(&site)?.is_empty(), "dismissed");
    rebuild(&mut site)?;
    ensure!(told(&site)?.is_empty(), "and still so after a rebuild");

    let caller = Caller::new(&site.url(), &technician)?;
    let fields = format!("/api/v1/documents/{document}/fields");
    ensure!(caller.revise(&fields, 1, &json!({"mrn": "MRN-207719"}))? == 200, "filed for a third patient");
    ensure!(told(&site)?.len() == 1, "the dismissal was not for this one");
    ensure!(caller.revise(&fields, 2, &json!({"mrn": "MRN-311054"}))? == 200, "filed right");
    ensure!(told(&site)?.is_empty(), "filing it right clears the alarm");
    let (code, report) = site.verify()?;
    ensure!(code == 0, "{report}");
    Ok(())
}

fn rebuild(site: &mut Site) -> Result<()> {
    site.kill_server()?;
    program::succeed("chartroom rebuild", site.chartroom(&["rebuild", "--catalog"])?)?;
    site.restart()
}

#[test]
fn a_note_without_a_sheet_proposes_its_patient() -> Result<()> {
    let site = Site::start(1)?;
    let patients = samples::path("patients.csv");
    program::succeed("chartroom patients", site.chartroom(&["patients", "import", &patients.to_string_lossy()])?)?;
    site.import(&site.token("technician")?, &[samples::path("operation-note.jpg")], &[])?;
    let technician = site.caller("technician")?;
    let waiting = technician.json("/api/v1/exceptions")?;
    let document = waiting[0]["document"].as_str().context("it waits for a person")?;
    let proposed = technician.json(&format!("/api/v1/documents/{document}/proposals"))?;
    let of = |field: &str| proposed.as_array().and_then(|all| all.iter().find(|one| one["field"] == field)).cloned();
    let number = of("patient-number").context("a number")?;
    ensure!(number["value"] == "MRN-207719" && number["confidence"].as_u64() >= Some(80), "{number}");
    ensure!(number["listed"].as_str().is_some_and(|text| text.contains("with the name")), "{number}");
    ensure!(number["evidence"][0]["value"]["w"].as_u64() > Some(50), "with its place: {number}");
    ensure!(of("document-type").is_some_and(|kind| kind["value"] == "OPERATIVE-REPORT"), "{proposed}");
    ensure!(of("document-date").is_some_and(|date| date["value"] == "1976-06-21"), "{proposed}");
    ensure!(waiting[0]["mrn"].is_null(), "nothing is filed by a proposal");
    Ok(())
}

#[test]
fn rules_that_are_wrong_stop_the_server_with_line_and_key() -> Result<()> {
    let mut site = Site::start(0)?;
    site.kill_server()?;
    fs::write(site.data().join("fields.toml"), "propose_from = 60\nalarm_from = \"high\"\n")?;
    let error = site.restart().expect_err("refused").to_string();
    ensure!(error.contains("line 2") && error.contains("`alarm_from`"), "{error}");
    Ok(())
}

#[test]
fn a_technician_accepts_proposals_and_looks_at_an_alarm() -> Result<()> {
    let (site, document) = misfiled()?;
    site.import(
        &site.token("technician")?,
        &[samples::path("operation-note.jpg"), samples::path("discharge-summary.tif")],
        &[],
    )?;
    site.account("tom", "technician", "a long enough word")?;
    let browser = Browser::start(&super::browser::pictures())?;
    browser.resize(1440, 1000)?;
    browser.log_in(&format!("{}/batches", site.url()), "tom", "a long enough word")?;
    browser.open(&format!("{}/exceptions", site.url()))?;
    browser.wait_for("the alarm", "return document.body.textContent.includes('but the page says')")?;
    both_widths(&browser, "fields-1-exceptions")?;
    browser.open(&format!("{}/documents/{document}", site.url()))?;
    browser.wait_for(
        "the banner",
        "return document.querySelector('[role=alert]')?.textContent.includes('Wrong patient')",
    )?;
    both_widths(&browser, "fields-2-banner")?;

    browser.open(&format!("{}/exceptions", site.url()))?;
    browser.script("const all = [...document.querySelectorAll('a[data-hit]')].filter((a) => a.textContent.includes('2 pages')); all[0].click()")?;
    browser.wait_for("the filled-in number", "return document.querySelector('#mrn')?.value === 'MRN-104233'")?;
    browser.wait_for("the cutting", "const i = document.querySelector('.offer img'); i?.scrollIntoView(); return i?.complete && i.naturalWidth > 100")?;
    both_widths(&browser, "fields-3-filing")?;
    browser.script("document.activeElement?.blur()")?;
    browser.press("a")?;
    browser.wait_for("the notice", "return document.body.textContent.includes('Filed and sealed')")?;
    let searcher = site.caller("searcher")?;
    program::wait_for("the document to be found as proposed", || {
        let found = searcher.json("/api/v1/search?q=pleuritic&patient=MRN-104233&type=DISCHARGE-SUMMARY")?;
        Ok((found["total"] == 1).then_some(()))
    })
}

fn both_widths(browser: &Browser, name: &str) -> Result<()> {
    for width in [1440, 800] {
        browser.resize(width, 1000)?;
        browser.screenshot(&format!("{name}-{width}"))?;
    }
    browser.resize(1440, 1000)
}
