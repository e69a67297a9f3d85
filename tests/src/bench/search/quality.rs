//! How much of what is on real pages is found in spite of how they were read?
//!
//! `--corpus DIR` holds `truth/NAME.txt` and `ocr/NAME.txt` for each page, as
//! <https://github.com/PedroBarcha/old-books-dataset> has them. Every word of four letters or more
//! of the truth is searched for; right are the pages whose truth has it. Recall and precision are
//! over all pairs of word and page (micro averages). Names are the words that no list knows and
//! that are never written small; they are on the patient list here, as a hospital's are.
//! Known items are explained in [`super::known`], which asks for them on pages that were spoilt as well.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use indexer::{DEBIAN_LISTS, Edges, Index, Lexicon, PageDocument, Scope, SearchRequest, Vocabulary};
use record::PageId;
use record::limits;
use record::words::{Block, Box as Place, Line, PageText, Word};
use serde_json::json;
use tempfile::TempDir;

use super::{fields, known};
use crate::report::Report;

/// Pages by number: their truth and what was read.
pub struct Corpus {
    pub truths: Vec<String>,
    readings: Vec<String>,
    /// Where each word of the truth was printed and each word of the reading was read, for pages of `degrade.py`.
    pub places: Vec<Vec<Placed>>,
    boxes: Vec<Vec<Placed>>,
}

/// The pages on which each word is in truth.
type Relevant = BTreeMap<String, BTreeSet<usize>>;

pub fn run(report: &mut Report, dir: &Path) -> Result<()> {
    let corpus = Corpus::read(dir)?;
    let words = word_lists()?;
    let relevant = relevant(&corpus.truths);
    let names = names(&corpus.truths, &words.lexicon);
    let mut with_names = words.clone();
    names.iter().for_each(|name| with_names.lexicon.learn(name));
    for (method, vocabulary) in
        [("exact", Vocabulary::default()), ("mended", words), ("mended, names known", with_names)]
    {
        let shelf = TempDir::new()?;
        let index = corpus.index(shelf.path(), vocabulary)?;
        for (of, only_names) in [("all words", false), ("names", true)] {
            let asked = relevant.iter().filter(|(word, _)| !only_names || names.contains(*word));
            let score = score(&index, asked)?;
            report.line(&json!({
                "bench": "search quality", "method": method, "of": of,
                "recall": score.recall(), "precision": score.precision(), "pairs": score.found + score.missed,
            }))?;
        }
        let rank = known::rank(&index, &corpus.truths)?;
        report.line(&json!({"bench": "search quality", "method": method, "of": "known items", "mrr": rank}))?;
    }
    Ok(())
}

pub fn word_lists() -> Result<Vocabulary> {
    let mut vocabulary = Vocabulary::default();
    for list in DEBIAN_LISTS {
        let bytes = fs::read(list).with_context(|| format!("reading {list}: scripts/setup installs it"))?;
        vocabulary.lexicon.learn_list(&String::from_utf8_lossy(&bytes));
    }
    Ok(vocabulary)
}

impl Corpus {
    pub fn read(dir: &Path) -> Result<Self> {
        let mut names: Vec<_> = fs::read_dir(dir.join("truth"))
            .context("reading the folder truth")?
            .map(|entry| Ok(entry?.file_name()))
            .collect::<Result<_>>()?;
        names.sort();
        let text = |kind: &str, name| {
            fs::read(dir.join(kind).join(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        };
        let all = |kind: &str| names.iter().map(|name| text(kind, name)).collect::<Result<Vec<_>, _>>();
        let placed = |kind: &str| match dir.join(kind).is_dir() {
            true => Ok(all(kind)?.iter().map(|text| text.lines().filter_map(placed).collect()).collect()),
            false => anyhow::Ok(vec![Vec::new(); names.len()]),
        };
        let (places, boxes) = (placed("places")?, placed("boxes")?);
        Ok(Self { truths: all("truth")?, readings: all("ocr").context("reading the folder ocr")?, places, boxes })
    }

    pub fn index(&self, dir: &Path, vocabulary: Vocabulary) -> Result<Index> {
        let index = Index::open_with(dir, vocabulary)?;
        for (number, (reading, boxes)) in self.readings.iter().zip(&self.boxes).enumerate() {
            let fields = fields(number as u32, self.readings.len() as u32);
            index.put(&PageDocument {
                page: page_id(number),
                number: 1,
                frame: None,
                arrived: 0,
                fields,
                text: page_text(reading, boxes),
                before: Edges::default(),
                behind: Edges::default(),
            })?;
        }
        index.commit(1)?;
        Ok(index)
    }
}

pub fn page_id(number: usize) -> PageId {
    PageId::derived([number.to_be_bytes().as_slice()])
}

/// A word and where it stands.
pub type Placed = (Place, String);

/// `x y w h word`.
fn placed(line: &str) -> Option<Placed> {
    let mut cells = line.splitn(5, ' ');
    let mut side = || cells.next()?.parse().ok();
    let (x, y, w, h) = (side()?, side()?, side()?, side()?);
    Some((Place { x, y, w, h }, cells.next()?.to_owned()))
}

/// The lines as they were read, and where nobody says where words stand, that does not matter.
fn page_text(reading: &str, boxes: &[Placed]) -> PageText {
    let mut boxes = boxes.iter();
    let mut word = |text: &str| Word::read(text, boxes.next().map(|(place, _)| *place).unwrap_or_default(), 90);
    let lines = reading.lines().filter(|line| !line.trim().is_empty());
    let lines = lines.map(|line| Line::of(line.split_whitespace().map(&mut word).collect())).collect();
    PageText { width: 1000, height: 1000, blocks: vec![Block::of(lines)], ..PageText::default() }
}

/// Words of a text, small, as they are asked for: those with hyphens and apostrophes as one and by their parts.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let is_soft = |c: char| matches!(c, '-' | '\'' | '’');
    let whole =
        text.split(move |c: char| !c.is_alphanumeric() && !is_soft(c)).map(move |word| word.replace(is_soft, ""));
    let parts = text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned);
    let word = |word: &String| word.len() >= 4 && word.bytes().all(|b| b.is_ascii_lowercase());
    whole.chain(parts).map(|word| word.to_lowercase()).filter(word)
}

fn relevant(truths: &[String]) -> Relevant {
    let mut relevant = Relevant::new();
    for (number, truth) in truths.iter().enumerate() {
        for word in words(truth) {
            relevant.entry(word).or_default().insert(number);
        }
    }
    relevant
}

/// Words that no list knows and that are never written small.
fn names(truths: &[String], lexicon: &Lexicon) -> HashSet<String> {
    let words: Vec<&str> = truths.iter().flat_map(|text| text.split(|c: char| !c.is_alphabetic())).collect();
    let small = |word: &&&str| word.starts_with(char::is_lowercase);
    let small: HashSet<&str> = words.iter().filter(small).copied().collect();
    let names = words.iter().filter(|word| word.starts_with(char::is_uppercase));
    let names = names.map(|word| word.to_lowercase()).filter(|name| name.is_ascii() && name.len() >= 4);
    names.filter(|name| !small.contains(name.as_str()) && !lexicon.knows(name)).collect()
}

#[derive(Default)]
struct Score {
    found: usize,
    missed: usize,
    wrong: usize,
}

impl Score {
    fn recall(&self) -> f64 {
        share(self.found, self.missed)
    }

    fn precision(&self) -> f64 {
        share(self.found, self.wrong)
    }
}

/// To four digits.
fn share(good: usize, bad: usize) -> f64 {
    (good as f64 / (good + bad).max(1) as f64 * 10_000.0).round() / 10_000.0
}

fn score<'a>(index: &Index, asked: impl Iterator<Item = (&'a String, &'a BTreeSet<usize>)>) -> Result<Score> {
    let mut score = Score::default();
    for (word, right) in asked {
        let right: HashSet<PageId> = right.iter().map(|number| page_id(*number)).collect();
        let found = pages_with(index, word)?;
        let hits = found.intersection(&right).count();
        score.found += hits;
        score.missed += right.len() - hits;
        score.wrong += found.len() - hits;
    }
    Ok(score)
}

fn pages_with(index: &Index, word: &str) -> Result<HashSet<PageId>> {
    let mut found = HashSet::new();
    for page in 1.. {
        let per_page = limits::SEARCH_HITS_PER_PAGE_MAX;
        let result = index.search(&SearchRequest { page, per_page, ..SearchRequest::new(word, Scope::EVERYTHING) })?;
        let before = found.len();
        found.extend(result.hits.iter().flat_map(|hit| &hit.pages).map(|page| page.page));
        if found.len() == before || found.len() as u64 >= result.pages {
            break;
        }
    }
    Ok(found)
}
