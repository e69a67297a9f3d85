//! How long do searches take for whoever asks over HTTP, at rest and while pages arrive? Everything is real but the pages, which
//! are small pictures, and the reader, which hands over generated texts as fast as the server takes them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use formats::alto;
use record::wire::Job;
use record::words::{Block, Box as Place, Line, PageText, Word};
use serde_json::json;
use tempfile::TempDir;
use tests::http::Caller;
use tests::program;
use tests::site::Site;
use tiff::encoder::{Compression, TiffEncoder, colortype};

use crate::report::{Report, rounded};
use crate::search::{Class, Pages, quantile};

const PAGES: usize = 5_000;
const FILE_PAGES: usize = 50;
/// Pixels of a page: a tenth of what its text is generated for.
const SCALE: u32 = 10;
const SIZE: (u32, u32) = (255, 330);
const READERS: u32 = 5;
/// Searches asked for at rest.
const SEARCHES: usize = 500;
/// For so long, so many searches and so many pages a second.
const SECONDS: u32 = 30;
const SEARCHES_A_SECOND: u32 = 20;
const PAGES_A_SECOND: u32 = 50;

pub fn run(report: &mut Report, count: Option<usize>) -> Result<()> {
    let count = count.unwrap_or(PAGES).next_multiple_of(FILE_PAGES);
    let arriving = (PAGES_A_SECOND * SECONDS) as usize;
    let site = Site::start(0)?;
    import(&site, count + arriving)?;
    let mut pages = Pages::new(count as u32);
    let started = Instant::now();
    deliver(&site, &mut pages, count)?;
    let rate = count as f64 / started.elapsed().as_secs_f64();
    report
        .line(&json!({"bench": "served, texts taken in", "unit": "pages/s", "value": rate.round(), "pages": count}))?;
    let searcher = site.caller("technician")?;
    program::wait_for("the pages to be found", || {
        Ok((searcher.json("/api/v1/search?q=&per_page=1")?["total"] == json!(count)).then_some(()))
    })?;
    at_rest(report, &searcher, &mut pages)?;
    while_pages_arrive(report, &site, &searcher, &mut pages)
}

/// From the station's folder to the archive, to be read.
fn import(site: &Site, count: usize) -> Result<()> {
    let folder = TempDir::new()?;
    let files: Vec<PathBuf> = (0..count.div_ceil(FILE_PAGES)).map(|n| folder.path().join(format!("{n}.tif"))).collect();
    files.iter().enumerate().try_for_each(|(number, file)| draw(file, number))?;
    let token = site.token("technician")?;
    let mut import = site.station("import", &token)?;
    program::succeed("scanner-agent import", import.arg("--json").arg(folder.path()).output()?).map(drop)
}

/// Pages with a few bars on them, each with others.
fn draw(path: &Path, file: usize) -> Result<()> {
    let mut encoder = TiffEncoder::new(std::fs::File::create(path)?)?.with_compression(Compression::Lzw);
    let (width, height) = SIZE;
    for number in 0..FILE_PAGES {
        let bars = file * FILE_PAGES + number + 1;
        let dark = |at: u32| at / width % 20 > 12 && bars >> (at / width / 20) & 1 == 1 && at % width > 30;
        let levels: Vec<u8> = (0..width * height).map(|at| if dark(at) { 0 } else { 255 }).collect();
        encoder.write_image::<colortype::Gray8>(width, height, &levels)?;
    }
    Ok(())
}

/// Texts of so many pages, by a few readers at once.
fn deliver(site: &Site, pages: &mut Pages, count: usize) -> Result<()> {
    let texts: Vec<PageText> = (0..count).map(|_| small(&pages.text())).collect();
    let reader = site.caller("worker")?;
    let next = AtomicU32::new(0);
    std::thread::scope(|scope| {
        let read = || -> Result<()> {
            while let Some(text) = texts.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                hand_over(&reader, text)?;
            }
            Ok(())
        };
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(read)).collect();
        readers
            .into_iter()
            .try_for_each(|reader| reader.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a reader stopped"))))
    })
}

fn hand_over(reader: &Caller, text: &PageText) -> Result<()> {
    let job: Job = reader.post("/api/v1/jobs/claim", &json!({"worker": "bench"}))?.json().context("a page to read")?;
    let status =
        reader.send(&format!("/api/v1/jobs/{}/text", job.job), "application/xml", alto::write(text, job.page))?;
    ensure!(status == 204, "a text was answered with {status}");
    Ok(())
}

/// The same text on a smaller page.
fn small(text: &PageText) -> PageText {
    let place = |Place { x, y, w, h }: Place| Place {
        x: (x / SCALE).min(SIZE.0 - 1),
        y: y / SCALE,
        w: (w / SCALE).clamp(1, SIZE.0 - (x / SCALE).min(SIZE.0 - 1)),
        h: (h / SCALE).max(1),
    };
    let word = |word: &Word| Word::read(word.text.clone(), place(word.place), word.confidence);
    let lines = text.lines().map(|line| Line::of(line.words.iter().map(word).collect())).collect();
    PageText { width: SIZE.0, height: SIZE.1, blocks: vec![Block::of(lines)], ..text.clone() }
}

fn at_rest(report: &mut Report, searcher: &Caller, pages: &mut Pages) -> Result<()> {
    let (mut took, mut floor) = (Vec::with_capacity(SEARCHES), Vec::with_capacity(SEARCHES));
    for number in 0..SEARCHES {
        took.push(millis(|| search(searcher, pages, number))?);
        floor.push(millis(|| searcher.bytes("/healthz").map(drop))?);
    }
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let bench = format!("served, search at rest, by the clock, {name}");
        report.beside(&bench, "ms", quantile(&mut took, share), "/healthz", quantile(&mut floor, share))?;
    }
    Ok(())
}

/// Each search counts from when it was due, so that waiting behind a slow one counts too.
fn while_pages_arrive(report: &mut Report, site: &Site, searcher: &Caller, pages: &mut Pages) -> Result<()> {
    let texts: Vec<PageText> = (0..PAGES_A_SECOND * SECONDS).map(|_| small(&pages.text())).collect();
    let reader = site.caller("worker")?;
    let (share, reader) = (texts.len() / READERS as usize, &reader);
    let mut took = std::thread::scope(|scope| -> Result<_> {
        let arriving: Vec<_> = texts
            .chunks(share)
            .map(|texts| {
                scope.spawn(move || paced(PAGES_A_SECOND / READERS, share, |at| hand_over(reader, &texts[at])))
            })
            .collect();
        let took = paced(SEARCHES_A_SECOND, (SEARCHES_A_SECOND * SECONDS) as usize, |at| search(searcher, pages, at))?;
        let late = joined(arriving)?.into_iter().flatten().filter(|millis| *millis > 1_000.0).count();
        report.line(&json!({"bench": "served, texts handed over more than a second late", "value": late}))?;
        Ok(took)
    })?;
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let how = format!("{SEARCHES_A_SECOND} searches/s while {PAGES_A_SECOND} pages/s arrive");
        let value = rounded(quantile(&mut took, share));
        report.line(&json!({"bench": format!("served, {how}, by the clock, {name}"), "unit": "ms", "value": value}))?;
    }
    Ok(())
}

fn joined<T>(threads: Vec<std::thread::ScopedJoinHandle<'_, Result<T>>>) -> Result<Vec<T>> {
    threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(anyhow!("a reader stopped")))).collect()
}

/// Does something so often a second; gives how long after it was due each was done, in milliseconds.
fn paced(a_second: u32, times: usize, mut work: impl FnMut(usize) -> Result<()>) -> Result<Vec<f64>> {
    let started = Instant::now();
    let mut took = Vec::with_capacity(times);
    for at in 0..times {
        let due = Duration::from_secs(1) / a_second * at as u32;
        std::thread::sleep(due.saturating_sub(started.elapsed()));
        work(at)?;
        took.push((started.elapsed() - due).as_secs_f64() * 1e3);
    }
    Ok(took)
}

fn millis(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let started = Instant::now();
    work()?;
    Ok(started.elapsed().as_secs_f64() * 1e3)
}

/// Classes in turn, as the search page asks them.
fn search(searcher: &Caller, pages: &mut Pages, number: usize) -> Result<()> {
    let class = [Class::Term, Class::All, Class::Phrase, Class::Prefix][number % 4];
    let words = pages.query_words(class.words());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let query = class.query(&words).replace(' ', "+").replace('"', "%22");
    searcher.bytes(&format!("/api/v1/search?q={query}")).map(drop)
}
