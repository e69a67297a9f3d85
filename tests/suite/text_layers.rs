//! A PDF that brings its words along keeps them, from the station to the search, where they are sound; where they are not,
//! the page is read.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use formats::pdf::{DocumentWriter, ScannedPage};
use record::words::PageText;
use serde_json::Value;
use tests::{http::Caller, program, samples, site::Site};

/// On the letter, and what its own layer says instead: so it is seen which of both the archive has.
const PRINTED: &str = "electrocardiogram";
const BROUGHT: &str = "electrocardiophone";

#[test]
fn words_that_a_scan_brings_are_kept_where_they_are_sound() -> Result<()> {
    let site = Site::start(1)?;
    let text = letter(&site)?;
    let sound = each_word(&text, |word| word.replace(PRINTED, BROUGHT));
    let garbled = each_word(&text, |word| word.chars().map(|c| char::from_u32(c as u32 + 1).unwrap_or(c)).collect());
    let files = [scan(&site, "sound.pdf", &sound)?, scan(&site, "garbled.pdf", &garbled)?];
    site.import(&site.token("technician")?, &files, &["--patient", samples::MRN])?;

    let searcher = site.caller("searcher")?;
    let kept = only_hit(&searcher, BROUGHT)?;
    let alto = searcher.get(&format!("/api/v1/pages/{kept}/alto"))?.text()?;
    ensure!(alto.contains("PDF text layer") && alto.contains("recipe=text-layer=kept"), "{alto}");
    let read = only_hit(&searcher, PRINTED)?;
    let alto = searcher.get(&format!("/api/v1/pages/{read}/alto"))?.text()?;
    ensure!(alto.contains("text-layer=refused:garbled") && !alto.contains("PDF text layer"), "{alto}");
    let (code, report) = site.verify()?;
    ensure!(code == 0 && !report.to_string().contains("orphan"), "{report}");
    Ok(())
}

#[test]
fn words_of_a_page_that_was_never_paper_lie_where_they_are_drawn() -> Result<()> {
    let site = Site::start(1)?;
    let lines = [
        "Discharge letter of the cardiology ward",
        "The patient was admitted with pleuritic chest pain and fever",
        "and was treated with phenoxymethylpenicillin for seven days.",
    ];
    let pdf = site.root().join("letter.pdf");
    fs::write(&pdf, born_digital(&lines))?;
    site.import(&site.token("technician")?, &[pdf], &["--patient", samples::MRN])?;

    let searcher = site.caller("searcher")?;
    let page = only_hit(&searcher, "phenoxymethylpenicillin")?;
    let alto = searcher.get(&format!("/api/v1/pages/{page}/alto"))?.text()?;
    ensure!(alto.contains("recipe=text-layer=kept"), "{alto}");
    let hits = searcher.search("cardiology")?;
    let lit = &hits[0]["boxes"][0];
    // 300 dots per inch: the first line stands one inch from the left and an inch under the top.
    let side = |name: &str| lit[name].as_f64().context("a number");
    let (x, y, h) = (side("x")?, side("y")?, side("h")?);
    ensure!(x > 300.0 && x < 1300.0 && y > 230.0 && y + h < 320.0 && h > 30.0, "{lit}");
    Ok(())
}

/// The letter's words as they are printed.
fn letter(site: &Site) -> Result<PageText> {
    let (out, letter) = (site.root().join("read"), samples::path("clinic-letter.png"));
    let words = ["read", "--format", "alto", "--out"].map(str::to_owned).into_iter();
    let words = words.chain([out.display().to_string(), letter.display().to_string()]);
    program::stdout("ocr-worker", words)?;
    let file = fs::read_dir(&out)?.next().context("an ALTO file")??.path();
    Ok(formats::alto::parse(&fs::read(file)?)?)
}

fn each_word(text: &PageText, change: impl Fn(&str) -> String) -> PageText {
    let mut text = text.clone();
    let words = text.blocks.iter_mut().flat_map(|block| &mut block.lines).flat_map(|line| &mut line.words);
    words.for_each(|word| word.text = change(&word.text));
    text
}

/// The letter's image as a PDF with this layer.
fn scan(site: &Site, name: &str, text: &PageText) -> Result<PathBuf> {
    let image = fs::read(samples::path("clinic-letter.png"))?;
    let (width, height) = (text.width, text.height);
    let mut writer = DocumentWriter::new(Vec::new())?;
    writer.page(&ScannedPage { image: &image, width, height, dpi: 200, rotation: 0, text: Some(text) })?;
    let path = site.root().join(name);
    fs::write(&path, writer.finish()?)?;
    Ok(path)
}

/// A letter-size page with nothing but lines of Helvetica (ISO 32000-1, annex H.3).
fn born_digital(lines: &[&str]) -> Vec<u8> {
    let shown: String = lines.iter().map(|line| format!("({line}) Tj T*\n")).collect();
    let content = format!("BT /F 14 Tf 20 TL 72 720 Td\n{shown}ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut file = "%PDF-1.4\n".to_owned();
    let mut table = "xref\n0 6\n0000000000 65535 f \n".to_owned();
    for (number, object) in (1..).zip(&objects) {
        table += &format!("{:010} 00000 n \n", file.len());
        file += &format!("{number} 0 obj\n{object}\nendobj\n");
    }
    let start = file.len();
    format!("{file}{table}trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n").into_bytes()
}

/// The page of the one hit there is.
fn only_hit(searcher: &Caller, word: &str) -> Result<String> {
    let hits: Vec<Value> = searcher.search(word)?;
    ensure!(hits.len() == 1, "{} hits for {word}", hits.len());
    Ok(hits[0]["page"].as_str().context("a page")?.to_owned())
}
