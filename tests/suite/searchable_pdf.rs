//! A searchable PDF holds the page's own image and its words, and is PDF/A: three programs that nobody here wrote say
//! so, Apache PDFBox Preflight, qpdf and poppler.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use formats::pdf::{DocumentWriter, ScannedPage};
use imaging::{QuarterTurn, Raster};
use record::words::{Block, Box, Line, PageText, Word};
use tests::{program, samples, site::Site};
use tiff::encoder::{Compression, TiffEncoder, colortype};

/// Pixels by which a word may lie beside its box in the PDF.
const BESIDE_MAX: f64 = 2.0;

#[test]
fn every_kind_of_image_becomes_pdf_a_with_its_words() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (masters, out) = (folder.path().join("masters"), folder.path().join("out"));
    let files = write_masters(&masters)?;
    let output = program::command("ocr-worker")?
        .args(["read", "--format", "pdf,alto", "--out"])
        .arg(&out)
        .args(files.iter().map(|name| masters.join(name)))
        .output()?;
    program::succeed("ocr-worker read", output)?;

    let stem = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let pdfs: Vec<PathBuf> = files.iter().map(|name| out.join(stem(name) + ".pdf")).collect();
    ensure_pdf_a(&out, &pdfs)?;
    for (name, pdf) in files.iter().zip(&pdfs) {
        let pages = read_pages(&out, &stem(name))?;
        ensure!(pages.iter().any(|page| page.words().count() > 20), "{name} was read");
        ensure_words(pdf, &pages, 200.0).with_context(|| format!("of {name}"))?;
    }
    // Coded images go as they are, byte for byte.
    for name in ["gray-jpeg.jpg", "colour-jpeg.jpg"] {
        let (master, pdf) = (fs::read(masters.join(name))?, fs::read(out.join(stem(name) + ".pdf"))?);
        ensure!(pdf.windows(master.len()).any(|window| window == master), "{name} was coded anew");
    }
    Ok(())
}

#[test]
fn any_script_is_copied_as_it_was_written() -> Result<()> {
    let texts = ["Größe", "naïve", "ﬁnding", "𝔄ncient", "日本語", "(a\\b)", "Ω", "→"];
    let place = |n: usize| Box { x: 100, y: 100 + 120 * n as u32, w: 400, h: 60 };
    let word = |(n, text): (usize, &&str)| Line::of(vec![Word::read(*text, place(n), 90)]);
    let many = (0x4e00..0x4e00 + 300)
        .filter_map(char::from_u32)
        .map(|c| Word::read(c.to_string(), Box { x: 700, y: 100, w: 40, h: 40 }, 90));
    let mut lines: Vec<Line> = texts.iter().enumerate().map(word).collect();
    // More characters than one font has codes.
    lines.extend(many.enumerate().map(|(n, word)| {
        let place = Box { x: 700, y: 60 * n as u32 + 10, ..word.place };
        Line::of(vec![Word { place, ..word }])
    }));
    let text = PageText { width: 1_000, height: 20_000, blocks: vec![Block::of(lines)], ..PageText::default() };
    let image = Raster::gray(1_000, 20_000, vec![255; 20_000_000])?.encode_lossless(200)?;
    let mut writer = DocumentWriter::new(Vec::new())?;
    let page = ScannedPage { image: &image, width: 1_000, height: 20_000, dpi: 200, rotation: 0, text: Some(&text) };
    writer.page(&page)?;

    let folder = tempfile::tempdir()?;
    let pdf = folder.path().join("scripts.pdf");
    fs::write(&pdf, writer.finish()?)?;
    ensure_pdf_a(folder.path(), std::slice::from_ref(&pdf))?;
    ensure_words(&pdf, &[text], 200.0)
}

#[test]
fn the_server_gives_documents_out_as_pdf_a() -> Result<()> {
    let site = Site::start(1)?;
    let station = site.token("technician")?;
    let files = ["discharge-summary.tif", "operation-note.jpg"];
    let paths: Vec<PathBuf> = files.iter().map(|name| samples::path(name)).collect();
    site.import(&station, &paths, &["--patient", samples::MRN])?;
    let searcher = site.caller("searcher")?;
    let mut pdfs = Vec::new();
    for word in ["pleuritic", "cholangiogram"] {
        let hits = searcher.search(word)?;
        let document = hits.first().and_then(|hit| hit["document"].as_str()).context("a document")?;
        let pdf = site.root().join(format!("{word}.pdf"));
        fs::write(&pdf, searcher.bytes(&format!("/api/v1/documents/{document}/pdf"))?)?;
        ensure!(pdftotext(&pdf, &["-raw"])?.contains(word), "{word} is in the PDF");
        pdfs.push(pdf);
    }
    ensure_pdf_a(site.root(), &pdfs)
}

#[test]
fn the_words_a_pdf_brings_are_kept_where_they_are_sound() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let read = |files: &[&Path], out: &Path| -> Result<()> {
        let mut command = program::command("ocr-worker")?;
        command.args(["read", "--format", "pdf,alto", "--out"]).arg(out).args(files);
        program::succeed("ocr-worker read", command.output()?)?;
        Ok(())
    };
    let first = folder.path().join("first");
    let letter = samples::path("clinic-letter.png");
    read(&[&letter], &first)?;
    let words = read_pages(&first, "clinic-letter")?.remove(0);

    // The same page under words that a broken font would give.
    let mut garbled = words.clone();
    for word in garbled.blocks.iter_mut().flat_map(|block| &mut block.lines).flat_map(|line| &mut line.words) {
        word.text = word.text.chars().map(|c| char::from_u32(c as u32 + 1).unwrap_or(c)).collect();
    }
    let (image, broken) = (fs::read(&letter)?, folder.path().join("broken.pdf"));
    let mut writer = DocumentWriter::new(Vec::new())?;
    let (width, height) = (words.width, words.height);
    writer.page(&ScannedPage { image: &image, width, height, dpi: 200, rotation: 0, text: Some(&garbled) })?;
    fs::write(&broken, writer.finish()?)?;

    let second = folder.path().join("second");
    read(&[&first.join("clinic-letter.pdf"), &broken], &second)?;
    let kept = read_pages(&second, "clinic-letter")?.remove(0);
    ensure!(kept.engine.recipe == "text-layer=kept", "{:?}", kept.engine);
    let plain = |page: &PageText| page.words().map(|word| word.text.clone()).collect::<Vec<_>>();
    ensure!(plain(&kept) == plain(&words), "{:?} instead of {:?}", plain(&kept), plain(&words));
    let refused = read_pages(&second, "broken")?.remove(0);
    ensure!(refused.engine.recipe.ends_with("text-layer=refused:garbled"), "{:?}", refused.engine);
    ensure!(plain(&refused).iter().any(|word| word == "electrocardiogram"), "it was read: {:?}", plain(&refused));
    Ok(())
}

/// The validator tells the two apart, or its verdict would be worth nothing.
#[test]
fn a_plain_pdf_is_no_pdf_a() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let plain = folder.path().join("plain.pdf");
    let sheet =
        formats::pdf::SheetPage { title: "Separator".into(), lines: Vec::new(), symbols: Vec::new(), edges: None };
    fs::write(&plain, formats::pdf::write_sheets(&[sheet], formats::pdf::Paper::A4, Vec::new())?)?;
    ensure!(ensure_pdf_a(folder.path(), &[plain]).is_err(), "a sheet passed for PDF/A");
    Ok(())
}

/// The same letter, and other samples, in every coding that a page may have.
fn write_masters(folder: &Path) -> Result<Vec<String>> {
    fs::create_dir_all(folder)?;
    let letter = imaging::decode(&fs::read(samples::path("clinic-letter.png"))?)?.to_gray();
    let letter = letter.crop(Box { x: 0, y: 0, w: letter.width(), h: 1_050 }).context("it is that large")?;
    let colour = in_colour(&letter)?;
    let files = [
        ("g4.tif", letter.encode_g4_tiff(200)?),
        ("g4-strips.tif", fs::read(samples::path("discharge-summary.tif"))?),
        ("g3.tif", fs::read(samples::path("lab-report.tif"))?),
        ("lzw.tif", in_tiff::<colortype::Gray8>(&letter, letter.bytes())?),
        ("lzw-colour.tif", in_tiff::<colortype::RGB8>(&letter, colour.bytes())?),
        ("inks.tif", in_tiff::<colortype::CMYK8>(&letter, &in_inks(&letter))?),
        ("gray-jpeg.jpg", fs::read(samples::path("operation-note.jpg"))?),
        ("colour-jpeg.jpg", colour.encode_jpeg(90, 200)?),
        ("gray.png", letter.encode_png(200)?),
        ("colour.png", colour.encode_png(200)?),
        ("palette.png", palette_png(&letter)?),
        ("one-bit.png", fs::read(samples::path("clinic-letter.png"))?),
        ("turned.png", letter.rotate_quarter(QuarterTurn::Right).encode_png(200)?),
    ];
    files
        .into_iter()
        .map(|(name, bytes)| {
            fs::write(folder.join(name), bytes)?;
            Ok(name.to_owned())
        })
        .collect()
}

fn in_colour(page: &Raster) -> Result<Raster> {
    let samples = page.bytes().iter().flat_map(|&gray| [gray, gray, gray.max(120)]).collect();
    Ok(Raster::rgb(page.width(), page.height(), samples)?)
}

fn in_inks(page: &Raster) -> Vec<u8> {
    page.bytes().iter().flat_map(|&gray| [0, 0, 0, 255 - gray]).collect()
}

fn in_tiff<C: colortype::ColorType<Inner = u8>>(page: &Raster, samples: &[u8]) -> Result<Vec<u8>> {
    let mut file = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut file)?.with_compression(Compression::Lzw);
    let mut image = encoder.new_image::<C>(page.width(), page.height())?;
    image.resolution(tiff::tags::ResolutionUnit::Inch, tiff::encoder::Rational { n: 200, d: 1 });
    image.write_data(samples)?;
    Ok(file.into_inner())
}

/// Four colours, two bits a pixel (PNG: ISO/IEC 15948).
fn palette_png(page: &Raster) -> Result<Vec<u8>> {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    for row in page.bytes().chunks(page.width() as usize) {
        packed.write_all(&[0])?;
        let bytes = row.chunks(4).map(|four| {
            let quarters = four.iter().enumerate().map(|(at, gray)| (gray >> 6) << (6 - 2 * at));
            quarters.fold(0, |byte, quarter| byte | quarter)
        });
        packed.write_all(&bytes.collect::<Vec<_>>())?;
    }
    let sides = [page.width().to_be_bytes(), page.height().to_be_bytes()].concat();
    let metre = 7_874_u32.to_be_bytes();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, body) in [
        (b"IHDR", [sides.as_slice(), &[2, 3, 0, 0, 0]].concat()),
        (b"pHYs", [metre.as_slice(), &metre, &[1]].concat()),
        (b"PLTE", vec![0, 0, 40, 90, 60, 60, 180, 170, 170, 255, 250, 240]),
        (b"IDAT", packed.finish()?),
        (b"IEND", Vec::new()),
    ] {
        let mut crc = flate2::Crc::new();
        crc.update(name);
        crc.update(&body);
        file.extend((body.len() as u32).to_be_bytes());
        file.extend(name);
        file.extend(body);
        file.extend(crc.sum().to_be_bytes());
    }
    Ok(file)
}

fn read_pages(out: &Path, stem: &str) -> Result<Vec<PageText>> {
    let mut pages = Vec::new();
    while let Ok(alto) = fs::read(out.join(format!("{stem}-{:04}.alto.xml", pages.len() + 1))) {
        pages.push(formats::alto::parse(&alto)?);
    }
    Ok(pages)
}

/// Preflight says PDF/A-1b of each, and qpdf finds nothing to complain about.
fn ensure_pdf_a(folder: &Path, pdfs: &[PathBuf]) -> Result<()> {
    let jars =
        ["preflight", "pdfbox2", "fontbox2", "xmpbox", "commons-logging", "commons-io", "javax.activation", "jaxb-api"]
            .map(|name| format!("/usr/share/java/{name}.jar"));
    for pdf in pdfs {
        let output = Command::new("java")
            .args(["-Xshare:auto", "-cp", &jars.join(":"), "org.apache.pdfbox.preflight.Validator_A1b"])
            .arg(pdf)
            .current_dir(folder)
            .output()
            .context("running Preflight; scripts/setup --tests installs it")?;
        let verdict = said(&output);
        ensure!(output.status.success() && verdict.contains("is a valid PDF/A-1b file"), "{verdict}");
        let check = Command::new("qpdf").arg("--check").arg(pdf).output().context("running qpdf")?;
        ensure!(check.status.success(), "{}: {}", pdf.display(), said(&check));
    }
    Ok(())
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn pdftotext(pdf: &Path, options: &[&str]) -> Result<String> {
    program::succeed("pdftotext", Command::new("pdftotext").args(options).arg(pdf).arg("-").output()?)
}

/// poppler finds the same words in the same order, each over its place.
fn ensure_words(pdf: &Path, pages: &[PageText], dpi: f64) -> Result<()> {
    let words: Vec<(&Word, &PageText)> =
        pages.iter().flat_map(|page| page.words().map(move |word| (word, page))).collect();
    let found = pdftotext(pdf, &["-raw"])?;
    let found: Vec<&str> = found.split_whitespace().collect();
    let want: Vec<&str> = words.iter().map(|(word, _)| word.text.as_str()).collect();
    ensure!(found == want, "{found:?} instead of {want:?}");

    let boxes = pdftotext(pdf, &["-raw", "-bbox"])?;
    let boxes: Vec<[f64; 4]> = boxes.lines().filter(|line| line.contains("<word ")).filter_map(corners).collect();
    ensure!(boxes.len() == words.len(), "{} boxes of {} words", boxes.len(), words.len());
    for ((word, page), corners) in words.into_iter().zip(boxes) {
        let [left, top, right, bottom] = corners.map(|points| points * dpi / 72.0);
        let [x, y, w, h] = as_shown(word.place, page);
        // A word that touches the next one ends a little earlier.
        let beside = (left - x).abs() < BESIDE_MAX && (-0.3 * h..BESIDE_MAX).contains(&(right - x - w));
        // A line's words share their top and bottom; a slanted line's are lower than their boxes.
        let middle = y + h / 2.0;
        ensure!(beside && top < middle && middle < bottom, "{word:?} is at {left} {top} {right} {bottom}");
    }
    Ok(())
}

/// `xMin`, `yMin`, `xMax`, `yMax`.
fn corners(line: &str) -> Option<[f64; 4]> {
    let numbers: Vec<f64> = line.split('"').filter_map(|part| part.parse().ok()).take(4).collect();
    numbers.try_into().ok()
}

/// A place on the master, as the page is turned for the reader: left, top, width, height.
fn as_shown(place: Box, page: &PageText) -> [f64; 4] {
    let Box { x, y, w, h } = place;
    let sides = match page.rotation {
        90 => [page.height - y - h, x, h, w],
        180 => [page.width - x - w, page.height - y - h, w, h],
        270 => [y, page.width - x - w, h, w],
        _ => [x, y, w, h],
    };
    sides.map(f64::from)
}
