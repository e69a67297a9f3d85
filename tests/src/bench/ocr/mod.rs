//! What does reading cost beside others that read the same pages, and how well is it read?
//!
//! Ours is the whole of `ocr-worker read`: its process and the reader's, unpacking, judging, cleaning, recognition, text,
//! ALTO and searchable PDF. The floor is the bare Tesseract interface on pixels that were decoded for it. Peers are
//! Tesseract's own program and, where it is installed, OCRmyPDF. Each runs alone, first held to one core, then to two.

mod contestants;
mod pages;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde_json::json;
use tests::score::Score;

use contestants::{Contestant, Effort, Outcome};
use pages::Pages;

use crate::report::{Report, rounded};

/// What is read: the project's samples where nothing is said.
#[derive(Default)]
pub struct Options {
    /// A folder of sets, each with a `manifest.tsv` of lines `category<TAB>page<TAB>truth`.
    pub corpus: Option<PathBuf>,
    /// Names of the sets wanted; all where empty.
    pub sets: Vec<String>,
}

pub fn run(report: &mut Report, options: &Options) -> Result<()> {
    let pages = match &options.corpus {
        Some(folder) => Pages::of_corpus(folder, &options.sets)?,
        None => Pages::of_samples()?,
    };
    let allowed = allowed_cores()?;
    for cores in 1..=allowed.len().min(2) {
        hold_to(&allowed[..cores])?;
        race(report, &pages, cores)?;
    }
    hold_to(&allowed[..1])?;
    untreated(report, &pages.untreated()?)?;
    hold_to(&allowed)?;
    if options.corpus.is_some() { accuracy(report, &pages) } else { Ok(()) }
}

/// Everybody on this many cores, one after the other; ours beside each.
fn race(report: &mut Report, pages: &Pages, cores: usize) -> Result<()> {
    let ours = match Contestant::Ours.run(pages, cores)? {
        Outcome::Done(effort) => effort,
        Outcome::Absent(why) => anyhow::bail!("ocr-worker did not run: {why}"),
    };
    for contestant in Contestant::OTHERS {
        match contestant.run(pages, cores)? {
            Outcome::Done(theirs) => beside(report, pages, cores, &ours, contestant.name(), &theirs)?,
            Outcome::Absent(why) => report.line(&json!({"bench": "ocr", "beside": contestant.name(), "value": why}))?,
        }
    }
    Ok(())
}

/// What looking at a page, judging its text and writing it down cost where nothing had to be cleaned.
fn untreated(report: &mut Report, pages: &Pages) -> Result<()> {
    let count = pages.list.len() as f64;
    let each = |contestant: Contestant| match contestant.run(pages, 1)? {
        Outcome::Done(effort) => Ok(effort.cpu_seconds / count),
        Outcome::Absent(why) => anyhow::bail!("{} did not run: {why}", contestant.name()),
    };
    if pages.list.is_empty() {
        return report.line(&json!({"bench": "ocr", "value": "no page here needs no cleaning"}));
    }
    let (ours, floor) = (each(Contestant::Ours)?, each(Contestant::Interface)?);
    let unit = format!("CPU-s/page, one core, the {count} pages that need no cleaning");
    report.beside("ocr", &unit, ours, Contestant::Interface.name(), floor)
}

/// Processor time where there is one core, pages a minute where there are two.
fn beside(report: &mut Report, pages: &Pages, cores: usize, ours: &Effort, name: &str, theirs: &Effort) -> Result<()> {
    let count = pages.list.len() as f64;
    if cores == 1 {
        let each = |effort: &Effort| effort.cpu_seconds / count;
        return report.beside("ocr", "CPU-s/page, one core", each(ours), name, each(theirs));
    }
    let rate = |effort: &Effort| 60.0 * count / effort.wall_seconds;
    report.beside("ocr", "pages/min, two cores", rate(ours), name, rate(theirs))
}

/// Character error and word recall of each category, ours beside plain Tesseract's.
fn accuracy(report: &mut Report, pages: &Pages) -> Result<()> {
    let mut categories: BTreeMap<&str, Vec<[Score; 2]>> = BTreeMap::new();
    for (number, page) in pages.list.iter().enumerate() {
        let Some(truth) = &page.truth else { continue };
        let truth = std::fs::read(truth).with_context(|| format!("reading {}", truth.display()))?;
        let truth = String::from_utf8_lossy(&truth);
        let scores = [Contestant::Ours, Contestant::Program].map(|who| Score::of(&pages.text(who, number), &truth));
        for category in [page.category.as_str(), "all"] {
            categories.entry(category).or_default().push(scores);
        }
    }
    for (category, scores) in categories {
        let mut sums = [Score::default(); 2];
        scores.iter().for_each(|pair| (0..2).for_each(|who| sums[who].add(pair[who])));
        let [ours, plain] = sums;
        report.line(&json!({
            "bench": "ocr accuracy",
            "category": category,
            "pages": scores.len(),
            "unit": "% of characters wrong, % of words found",
            "character_error": rounded(ours.character_error()),
            "word_recall": rounded(ours.word_recall()),
            "floor": Contestant::Program.name(),
            "floor_character_error": rounded(plain.character_error()),
            "floor_word_recall": rounded(plain.word_recall()),
        }))?;
    }
    Ok(())
}

fn allowed_cores() -> Result<Vec<usize>> {
    let allowed = sched_getaffinity(None)?;
    let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect();
    ensure!(!cores.is_empty(), "the kernel names no core that may be used");
    Ok(cores)
}

/// This thread, and whatever it starts from now on.
fn hold_to(cores: &[usize]) -> Result<()> {
    let mut set = CpuSet::new();
    cores.iter().for_each(|core| set.set(*core));
    Ok(sched_setaffinity(None, &set)?)
}
