//! Other people's programs agree with ours.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use record::PageId;
use record::words::{Attention, AttentionReason, Block, Box, Cell, Line, PageKind, PageText, Part, Word};
use tempfile::TempDir;
use tests::schema::AltoSchema;
use tests::{program, samples, site::Site};

#[test]
fn qpdf_poppler_and_openssl_agree() -> Result<()> {
    let site = Site::start(1)?;
    site.import(&site.token("technician")?, &[samples::path("discharge-summary.tif")], &["--patient", samples::MRN])?;
    let searcher = site.caller("searcher")?;
    let hits = searcher.search("pleuritic")?;
    let document = hits[0]["document"].as_str().context("a document")?;

    // The PDF is well formed, keeps both pages, and its invisible text reads as ours.
    let pdf = site.root().join("document.pdf");
    fs::write(&pdf, searcher.bytes(&format!("/api/v1/documents/{document}/pdf"))?)?;
    program::succeed("qpdf --check", Command::new("qpdf").arg("--check").arg(&pdf).output()?)?;
    let text = program::succeed("pdftotext", Command::new("pdftotext").arg(&pdf).arg("-").output()?)?;
    for word in ["pleuritic", "physiotherapy", "Phenoxymethylpenicillin"] {
        ensure!(text.contains(word), "{word} is in the PDF's text");
    }
    let listed = program::succeed("pdfimages", Command::new("pdfimages").arg("-list").arg(&pdf).output()?)?;
    let pictures: Vec<&str> = listed.lines().skip(2).collect();
    ensure!(
        pictures.len() >= 2 && pictures.iter().all(|line| line.contains("ccitt")),
        "the G4 bytes are kept: {listed}"
    );

    // Every blob's name is its SHA-256, says OpenSSL.
    let mut checked = 0;
    for entry in walk(&site.store().join("blobs"))? {
        let output = Command::new("openssl").args(["dgst", "-sha256", "-r"]).arg(&entry).output()?;
        let line = program::succeed("openssl", output)?;
        let name = entry.file_name().and_then(|name| name.to_str()).context("a name")?;
        ensure!(line.starts_with(name), "{name} holds {line}");
        checked += 1;
    }
    ensure!(checked >= 4, "only {checked} blobs");
    Ok(())
}

#[test]
fn alto_is_valid_says_xmllint() -> Result<()> {
    let (schema, folder) = (AltoSchema::load()?, TempDir::new()?);
    let file = folder.path().join("everything.xml");
    let xml = formats::alto::write(&everything(), PageId::derived([b"a page".as_slice()]));
    fs::write(&file, &xml)?;
    schema.check(&file)?;
    let blank = PageText { width: 1, height: 1, kind: PageKind::Blank, ..PageText::default() };
    fs::write(&file, formats::alto::write(&blank, PageId::derived([b"a blank page".as_slice()])))?;
    schema.check(&file)?;
    fs::write(&file, xml.replace("HypPart1", "HypPart3"))?;
    ensure!(schema.check(&file).is_err(), "the schema is asked");

    let pages = samples::FILES.map(|(file, _)| samples::path(file));
    let mut read = program::command("ocr-worker")?;
    read.arg("read").args(&pages).args(["--format", "alto", "--out"]);
    program::succeed("ocr-worker read", read.arg(folder.path().join("read")).output()?)?;
    let written = walk(&folder.path().join("read"))?;
    ensure!(written.len() >= pages.len(), "only {} files", written.len());
    written.iter().try_for_each(|file| schema.check(file))
}

/// A page with all that a page can have.
fn everything() -> PageText {
    let place = Box { x: 10, y: 20, w: 30, h: 12 };
    let word = |text: &str, part| Word { part, ..Word::read(text, place, 97) };
    let whole = || "information".to_owned();
    let broken = Line::of(vec![
        Word { corrected: true, ..word("Größe & <mehr>", None) },
        word("infor-", Some(Part::First(whole()))),
    ]);
    let rest = Line { words: vec![word("mation", Some(Part::Second(whole())))], language: Some("deu_latf".into()) };
    let cell = |row, column, lines| Block { lines, cell: Some(Cell { table: 0, row, column }) };
    PageText {
        width: 100,
        height: 200,
        rotation: 270,
        skew_centidegrees: -42,
        language: "eng+deu".into(),
        kind: PageKind::Text,
        blocks: vec![
            Block::of(vec![broken.clone(), rest]),
            cell(0, 0, vec![broken]),
            cell(0, 1, Vec::new()),
            cell(3, 1, vec![Line::default()]),
            Block::default(),
        ],
        attention: AttentionReason::ALL.map(|reason| Attention { reason, place }).to_vec(),
        ..PageText::default()
    }
}

fn walk(folder: &std::path::Path) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(walk(&path)?) } else { found.push(path) }
    }
    Ok(found)
}
