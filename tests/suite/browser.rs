//! A searcher at a real browser: logs in, searches, sees the word lit on the page. The
//! pictures are left for people to look at.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tests::{browser::Browser, program, samples, site::Site};

#[test]
fn a_searcher_finds_the_page_and_sees_the_word_lit() -> Result<()> {
    let site = Site::start(1)?;
    let patients = samples::path("patients.csv");
    program::succeed("chartroom patients", site.chartroom(&["patients", "import", &patients.to_string_lossy()])?)?;
    site.account("vera", "searcher", "nine lives of a cat")?;
    site.import(&site.token("technician")?, &[samples::path("morning-batch")], &[])?;

    let browser = Browser::start(&pictures())?;
    browser.open(&site.url())?;
    browser.screenshot("1-log-in")?;
    browser.log_in(&site.url(), "vera", "nine lives of a cat")?;
    browser.type_into("input[name=q]", "cholangiogram")?;
    browser.press("\u{E007}")?; // Enter
    browser.wait_for("a hit", "return document.querySelector('mark')?.textContent || null")?;
    browser.screenshot("2-hits")?;

    browser.wait_for(
        "the way to the page",
        "const a = document.querySelector('a[href^=\"/documents/\"]'); if (!a) return null; a.click(); return true",
    )?;
    let lit = browser.wait_for("the lit word", LIT_WORD)?;
    let (width, height) = (side(&lit, "width")?, side(&lit, "height")?);
    ensure!(width > 30.0 && height > 8.0 && width > height, "the lit box is a word's shape: {lit}");
    browser.screenshot("3-lit-word")?;
    ensure!(covers_dark_pixels(&browser)?, "under the lit box there is ink");
    Ok(())
}

#[test]
fn a_technician_watches_a_batch_and_files_an_exception() -> Result<()> {
    let site = Site::start(1)?;
    site.account("tom", "technician", "a long enough word")?;
    site.import(&site.token("technician")?, &[samples::path("clinic-letter.png")], &["--batch", "Loose letters"])?;

    let browser = Browser::start(&pictures())?;
    browser.log_in(&format!("{}/batches", site.url()), "tom", "a long enough word")?;
    browser.open(&format!("{}/batches", site.url()))?;
    browser.wait_for("the batch", "return document.body.textContent.includes('Loose letters')")?;
    browser.screenshot("4-batches")?;
    browser.open(&format!("{}/exceptions", site.url()))?;
    browser.wait_for("the exception", "return document.body.textContent.includes('patient number')")?;
    browser.screenshot("5-exceptions")?;
    Ok(())
}

#[test]
fn a_page_never_stands_under_anothers_number_and_comes_when_the_archive_is_back() -> Result<()> {
    let mut site = Site::start(1)?;
    site.account("vera", "searcher", "nine lives of a cat")?;
    let letter = samples::path("discharge-summary.tif");
    let report = site.import(&site.token("technician")?, &[letter], &["--patient", samples::MRN])?;
    let id = report["documents"][0]["document"].as_str().context("a document")?;
    let browser = Browser::start(&pictures())?;
    browser.log_in(&site.url(), "vera", "nine lives of a cat")?;
    browser.open(&format!("{}/documents/{id}?page=1", site.url()))?;
    browser.wait_for("the first page", SHOWN)?;

    site.kill_server()?;
    browser.press("j")?;
    browser.wait_for(
        "word of the archive being away",
        "return /does not answer/.test(document.querySelector('[data-say=note]').textContent)",
    )?;
    let told = browser.text("[data-say=page]")?;
    ensure!(told.starts_with('2') && browser.script(SHOWN)?.is_null(), "page {told} with an image on show");
    browser.screenshot("6-archive-away")?;
    site.restart_there()?;
    browser.wait_for("the second page", SHOWN)?;
    ensure!(browser.script("return document.querySelector('[data-say=note]').hidden || null")? == true);

    // Whose log-in has ended is led to the log-in and, after it, back to the page.
    browser.script("return fetch('/api/v1/session', {method: 'DELETE'}).then((answer) => answer.status)")?;
    browser.press("k")?;
    browser.wait_for("the log-in", "return document.querySelector('input[name=password]') !== null || null")?;
    browser.type_into("input[name=login]", "vera")?;
    browser.type_into("input[name=password]", "nine lives of a cat")?;
    browser.press("\u{E007}")?; // Enter
    browser.wait_for("the first page again", SHOWN)?;
    ensure!(browser.url()?.ends_with(&format!("/documents/{id}?page=1")), "{}", browser.url()?);
    Ok(())
}

/// Whether the viewer shows the page's image.
const SHOWN: &str = "
    const deep = document.querySelector('#stage .deep');
    return deep && getComputedStyle(deep).visibility === 'visible' && deep.querySelector('canvas') ? true : null;
";

/// The lit word's rectangle on the screen, once the viewer has drawn it.
const LIT_WORD: &str = "
    const lit = document.querySelector('.box.now');
    if (!lit) return null;
    const box = lit.getBoundingClientRect();
    return box.width > 5 ? {x: box.x, y: box.y, width: box.width, height: box.height} : null;
";

/// Looks at the viewer's own canvas under the middle of the lit box.
fn covers_dark_pixels(browser: &Browser) -> Result<bool> {
    let dark = browser.wait_for(
        "the page to be drawn under the box",
        "
        const lit = document.querySelector('.box.now').getBoundingClientRect();
        for (const canvas of document.querySelectorAll('canvas')) {
            const at = canvas.getBoundingClientRect(), scale = canvas.width / at.width;
            if (!at.width || canvas.closest('.navigator')) continue;
            const data = canvas.getContext('2d').getImageData((lit.x - at.x) * scale, (lit.y - at.y) * scale, lit.width * scale, lit.height * scale).data;
            let dark = 0;
            for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200 && data[i] + data[i + 1] + data[i + 2] < 300) dark++;
            if (dark > 20) return dark;
        }
        return null;
        ",
    )?;
    Ok(dark.as_f64().is_some_and(|count| count > 20.0))
}

fn side(value: &Value, name: &str) -> Result<f64> {
    value[name].as_f64().with_context(|| format!("{name} of {value}"))
}

/// Where CI and people find the pictures.
pub fn pictures() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    target.join("screenshots")
}
