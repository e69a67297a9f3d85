//! Measures one thing beside its floor, in the same run, and prints JSON lines.
//!
//! `bench NAME [--json FILE]`, through `scripts/bench`; `ocr` also takes `--corpus DIR [--sets A,B]`, `splits` needs `--corpus DIR`. Figures are processor seconds where
//! that is meaningful: wall clocks lie on shared machines.

mod capture;
mod film;
mod fixity;
mod ingest;
mod ledger;
mod memory;
mod ocfl;
mod ocr;
mod reel;
mod report;
mod search;
mod served;
mod splits;
mod verify;

use std::path::Path;
use std::process::ExitCode;

use report::Report;

fn main() -> ExitCode {
    let Some(Arguments { name, json, ocr, only, pages, reel, frames }) = Arguments::parse() else { return usage() };
    let mut report = Report::new(json);
    let result = match name.as_str() {
        "ocr" => ocr::run(&mut report, &ocr),
        "capture" => capture::run(&mut report, only.as_deref(), pages),
        "film" => match (reel, frames) {
            (Some(frames), _) => reel::whole(&mut report, frames),
            (None, Some(frames)) => reel::long(&mut report, frames, only.as_deref() == Some("strip")),
            (None, None) => film::run(&mut report),
        },
        "fixity" => fixity::run(&mut report),
        "ingest" => ingest::run(&mut report),
        "ledger" => ledger::run(&mut report),
        "search" => search::run(&mut report, ocr.corpus.as_deref(), pages, only.as_deref()),
        // Asked by `search`, of a process of its own.
        "ask" => search::ask(Path::new(only.as_deref().unwrap_or_default()), pages.unwrap_or_default() as u32),
        "served" => served::run(&mut report, pages),
        "splits" => splits::run(&mut report, ocr.corpus.as_deref()),
        "verify" => verify::run(&mut report),
        _ => return usage(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench {name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

struct Arguments {
    name: String,
    json: Option<String>,
    ocr: ocr::Options,
    /// The one part of `capture` or `search` that is measured; with how many pages, `served` too; of `film`, `strip` in one piece.
    only: Option<String>,
    pages: Option<usize>,
    /// Frames of a reel that goes all the way, or is only taken in.
    reel: Option<usize>,
    frames: Option<usize>,
}

impl Arguments {
    fn parse() -> Option<Self> {
        let mut words = std::env::args().skip(1);
        let (name, ocr) = (words.next()?, ocr::Options::default());
        let mut arguments = Self { name, json: None, ocr, only: None, pages: None, reel: None, frames: None };
        while let Some(word) = words.next() {
            let value = words.next()?;
            match (word.as_str(), arguments.name.as_str()) {
                ("--json", _) => arguments.json = Some(value),
                ("--only", "ask" | "capture" | "search" | "film") => arguments.only = Some(value),
                ("--pages", "ask" | "capture" | "search" | "served") => arguments.pages = Some(value.parse().ok()?),
                ("--reel", "film") => arguments.reel = Some(value.parse().ok()?),
                ("--frames", "film") => arguments.frames = Some(value.parse().ok()?),
                ("--corpus", "ocr" | "splits" | "search") => arguments.ocr.corpus = Some(value.into()),
                ("--sets", "ocr") => arguments.ocr.sets = value.split(',').map(str::to_owned).collect(),
                _ => return None,
            }
        }
        Some(arguments)
    }
}

fn usage() -> ExitCode {
    eprintln!(
        "usage: scripts/bench capture|film|fixity|ocr|ingest|ledger|search|served|splits|verify [--json FILE]; ocr: [--corpus DIR [--sets A,B]]; splits: --corpus DIR; search: [--corpus DIR] or [--pages N] [--only ours]; served: [--pages N]; capture: [--only feeding|codes|without|blank] [--pages N]; film: [--reel N] or [--frames N [--only strip]]"
    );
    ExitCode::from(2)
}
