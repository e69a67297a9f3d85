//! A word that begins on one page and ends on the next is found by its whole, on both pages, though the first of them
//! came into the index before anybody had read the second.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use tests::{program, samples, site::Site};

use crate::kill_index::hand_in;

#[test]
fn a_word_over_the_end_of_a_page_is_found_on_both() -> Result<()> {
    let mut site = Site::start(0)?;
    fs::write(site.data().join("words.txt"), "cholangitis\n")?;
    site.kill_server()?;
    site.restart()?;
    let (station, worker, searcher) = (site.token("technician")?, site.token("worker")?, site.caller("searcher")?);
    let mut import = site.station("import", &station)?;
    let output = import.args(["--patient", samples::MRN]).arg(samples::path("discharge-summary.tif")).output()?;
    program::succeed("scanner-agent import", output)?;
    // Whichever page is claimed first: the one in front ends with the first half, the other begins with the second.
    hand_in(&site, &worker, "gitis cholan-")?;
    let found = |word: &str, pages: usize| {
        program::wait_for("the pages in the index", || {
            let hits = searcher.search(word)?;
            Ok((hits.len() == pages).then_some(hits))
        })
    };
    found("cholan", 1)?;
    ensure!(searcher.search("cholangitis")?.is_empty(), "nobody has read how it goes on");
    hand_in(&site, &worker, "gitis cholan-")?;
    let hits = found("cholangitis", 2)?;
    let mut lit = Vec::new();
    for hit in &hits {
        lit.push(hit["boxes"][0]["word"].as_str().context("a lit word")?.to_owned());
    }
    lit.sort();
    ensure!(lit == ["cholan-", "gitis"], "each page lights its half: {lit:?}");
    Ok(())
}
