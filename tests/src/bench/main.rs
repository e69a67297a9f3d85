//! Measures one thing beside its floor, in the same run, and prints JSON lines.
//!
//! `bench NAME [--json FILE]`, through `scripts/bench`. Figures are processor seconds where
//! that is meaningful: wall clocks lie on shared machines.

mod ingest;
mod ocr;
mod report;
mod search;
mod verify;

use std::process::ExitCode;

use report::Report;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (name, file) = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [name] => (name.to_owned(), None),
        [name, "--json", file] => (name.to_owned(), Some(file.to_owned())),
        _ => return usage(),
    };
    let mut report = Report::new(file);
    let result = match name.as_str() {
        "ocr" => ocr::run(&mut report),
        "ingest" => ingest::run(&mut report),
        "search" => search::run(&mut report),
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

fn usage() -> ExitCode {
    eprintln!("usage: scripts/bench ocr|ingest|search|verify [--json FILE]");
    ExitCode::from(2)
}
