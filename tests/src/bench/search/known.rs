//! Is a page found by a few words that somebody remembers of it, however badly it was read?
//!
//! The truth of each page is printed, spoilt and really read by `degrade.py`, in two grades; asked for are five words that follow
//! one another in the truth (known items, as in Kantor and Voorhees, "The TREC-5 Confusion Track", 2000). The figure is the mean of
//! one by the rank of the page, and nothing for a page that is not among the first ten documents. `lit right` is the share of the
//! boxes lit for each word of the truth whose middle lies on that word, or a part of it, as it was printed.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use indexer::{Index, Scope, SearchRequest, Vocabulary};
use record::words::Box as Place;
use serde_json::json;
use tempfile::TempDir;

use super::peers::python;
use super::quality::{Corpus, Placed, page_id, word_lists, words};
use crate::report::Report;

/// How far print is spoilt so that about 5 and 20 percent of the characters are read wrongly.
const GRADES: [&str; 2] = ["0.95", "1.27"];
const WORDS: usize = 5;
const PROGRAM: &str = include_str!("degrade.py");

pub fn run(report: &mut Report, dir: &Path) -> Result<()> {
    for grade in GRADES {
        let spoilt = TempDir::new()?;
        let said = spoil(&dir.join("truth"), spoilt.path(), grade)?;
        let corpus = Corpus::read(spoilt.path())?;
        for (method, vocabulary) in [("exact", Vocabulary::default()), ("mended", word_lists()?)] {
            let shelf = TempDir::new()?;
            let index = corpus.index(shelf.path(), vocabulary)?;
            let (rank, lit) = (rank(&index, &corpus.truths)?, lit_right(&index, &corpus)?);
            report.line(
                &json!({"bench": "search known items", "pages": said, "method": method, "mrr": rank, "lit right": lit}),
            )?;
        }
    }
    Ok(())
}

/// Makes a corpus of really read pages; gives how many, and how well they were read.
fn spoil(truth: &Path, into: &Path, grade: &str) -> Result<String> {
    let output = Command::new(python()).args(["-c", PROGRAM]).arg(truth).arg(into).arg(grade).output();
    let output = output.context("starting the program that spoils pages")?;
    ensure!(output.status.success(), "spoiling pages: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Of all boxes that are lit for words of the truth, how many lie on them.
fn lit_right(index: &Index, corpus: &Corpus) -> Result<f64> {
    let (mut right, mut all) = (0, 0);
    for (number, (truth, places)) in corpus.truths.iter().zip(&corpus.places).enumerate() {
        let wanted: BTreeSet<String> = words(truth).collect();
        for word in wanted {
            for lit in index.lit(&page_id(number), &word)? {
                right += usize::from(places.iter().any(|placed| covers(placed, &word, lit.place)));
                all += 1;
            }
        }
    }
    Ok((right as f64 / all.max(1) as f64 * 10_000.0).round() / 10_000.0)
}

fn covers((place, printed): &Placed, word: &str, lit: Place) -> bool {
    let letters: String = printed.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let part = letters.contains(word) || letters.len() >= 2 && word.contains(&letters);
    let inside = |at: u32, from: u32, size: u32| (from..from + size).contains(&at);
    part && inside(lit.x + lit.w / 2, place.x, place.w) && inside(lit.y + lit.h / 2, place.y, place.h)
}

/// The mean reciprocal rank of all pages.
pub fn rank(index: &Index, truths: &[String]) -> Result<f64> {
    let (mut sum, mut items) = (0.0, 0);
    for (number, truth) in truths.iter().enumerate() {
        // Whole words come first, then their parts.
        let all: Vec<String> = words(truth).collect();
        let middle: Vec<&str> = all.iter().skip(all.len() / 4).take(WORDS).map(String::as_str).collect();
        if middle.len() < WORDS {
            continue;
        }
        let found = index.search(&SearchRequest::new(&middle.join(" "), Scope::EVERYTHING))?;
        let rank = found.hits.iter().position(|hit| hit.pages.iter().any(|page| page.page == page_id(number)));
        sum += rank.map_or(0.0, |rank| 1.0 / (rank + 1) as f64);
        items += 1;
    }
    Ok((sum / f64::from(items.max(1)) * 10_000.0).round() / 10_000.0)
}
