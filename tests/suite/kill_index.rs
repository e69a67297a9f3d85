//! The server is killed while it commits to the search index, again and again: every page that
//! was read is found when it is back, each once.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use imaging::Raster;
use record::words::{Block, Box as Place, Line, PageText, Word};
use serde_json::{Value, json};
use tests::http::Caller;
use tests::{program, samples, site::Site};

/// Kills; `scripts/test` takes the default, `KILL_INDEX_ROUNDS=50` takes a minute or two.
const ROUNDS_VARIABLE: &str = "KILL_INDEX_ROUNDS";
const ROUNDS: usize = 8;
const PAGES_A_ROUND: usize = 4;

#[test]
fn killed_while_it_commits_the_index_loses_no_page() -> Result<()> {
    let rounds = std::env::var(ROUNDS_VARIABLE).ok().map_or(Ok(ROUNDS), |rounds| rounds.parse())?;
    let mut site = Site::start(0)?;
    let folder = site.root().join("pages");
    draw(&folder, rounds * PAGES_A_ROUND)?;
    let mut import = site.station("import", &site.token("technician")?)?;
    let output = import.args(["--json", "--patient", samples::MRN]).arg(&folder).output()?;
    program::succeed("scanner-agent import", output)?;
    let (worker, searcher) = (site.token("worker")?, site.token("searcher")?);
    let mut read = 0;
    for round in 0..rounds {
        for _ in 0..PAGES_A_ROUND {
            hand_in(&site, &worker, &word(read))?;
            read += 1;
        }
        // The index waits a fifth of a second for more before it commits: the kills fall before, into and behind that.
        std::thread::sleep(Duration::from_millis(150 + (round as u64 * 37) % 200));
        site.kill_server()?;
        site.restart()?;
    }
    let report = program::wait_for("the index to follow", || {
        let told = program::succeed("chartroom findable", site.chartroom(&["findable", "--json"])?)?;
        let told: Value = serde_json::from_str(&told)?;
        Ok((told["behind"] == 0).then_some(told))
    })?;
    ensure!(report["findable"] == read && report["missing"] == 0 && report["stray"] == 0, "{report}");
    let searcher = Caller::new(&site.url(), &searcher)?;
    for number in 0..read {
        let found = searcher.search(&word(number))?.len();
        ensure!(found == 1, "{} is on {found} pages", word(number));
    }
    Ok(())
}

/// A word of letters for each page, no two of them alike.
fn word(number: usize) -> String {
    let letter = |power: u32| char::from(b'a' + (number / 26_usize.pow(power) % 26) as u8);
    format!("zyx{}{}q{}{}", letter(0), letter(1), letter(0), letter(1))
}

/// Pages with stripes, each of another gray: no two have the same bytes.
fn draw(folder: &Path, count: usize) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    for number in 0..count {
        let shade = |at: usize| if at / 60 % 9 < 3 { (number % 200) as u8 } else { 240 };
        let page = Raster::gray(60, 80 + (number / 200) as u32, (0..60 * (80 + number / 200)).map(shade).collect())?;
        std::fs::write(folder.join(format!("{number:04}.png")), page.encode_png(300)?)?;
    }
    Ok(())
}

/// Reads the next page as these words, each a line of its own.
pub fn hand_in(site: &Site, worker: &str, words: &str) -> Result<()> {
    let job: Value =
        Caller::new(&site.url(), worker)?.post("/api/v1/jobs/claim", &json!({"worker": "suite"}))?.json()?;
    let number = |name: &str| job[name].as_u64().and_then(|number| u32::try_from(number).ok()).context("a number");
    let word =
        |(row, word): (u32, &str)| Line::of(vec![Word::read(word, Place { x: 4, y: 4 + 14 * row, w: 40, h: 10 }, 90)]);
    let text = PageText {
        width: number("width")?,
        height: number("height")?,
        language: "eng".into(),
        blocks: vec![Block::of((0..).zip(words.split(' ')).map(word).collect())],
        ..PageText::default()
    };
    let (job, page) = (job["job"].as_str().context("a job")?, job["page"].as_str().context("a page")?);
    let request = reqwest::blocking::Client::new().post(format!("{}/api/v1/jobs/{job}/text", site.url()));
    let alto = formats::alto::write(&text, page.parse()?);
    request.bearer_auth(worker).header("content-type", "application/xml").body(alto).send()?.error_for_status()?;
    Ok(())
}
