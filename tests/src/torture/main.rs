//! The long tier of what an archive has to survive: `scripts/torture [PART…]`. Each part says how much it tried, and ends with an error
//! at the first thing that is not as it should be. `docs/torture.md` says which of the required tests is held where.

mod course;
mod flips;
mod fuzz;
mod heads;
mod power;
mod projections;
mod syscalls;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

const HELP: &str = "\
Usage: torture [PART…] [--from CASE]

Parts, all of them where none is named:
  flips      10,000 single-bit flips in a store and its replica: found, named, put right, never served
  power      10,000 power cuts of a store and 1,000 of a whole data folder: what was synced is there, of the rest anything
  syscalls   killed, out of space, failing at every system call that changes the disk; a disk that fills up in each write
  rollback   store, catalog, and both set back to each of the last 50 checkpoints
  races      100 races of two sequencers
  commits    50 kills of a process that commits pages to the index
  replay     1,000 changes of catalog and index: the replay audit names each
  projections  10,000 single-bit flips in the catalog, and as many in the index: found, and put right by a rebuild
  fuzz       mutated proofs, bundles and stores, ten minutes

Every run tries the same cases in the same order. --from goes on with that case of the first part, as the progress names it.
  torture power --from 4200
";

const KILLS: u64 = 50;
const PARTS: [&str; 9] =
    ["flips", "power", "syscalls", "rollback", "races", "commits", "replay", "projections", "fuzz"];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let result = match words.first().map(String::as_str) {
        // What the parts `syscalls` and `power` run.
        Some("hand-over") => {
            words.get(1).context("a store").and_then(|store| tests::handover::hand_over(Path::new(store)))
        }
        // What the power is cut of while it destroys.
        Some("destroy") => {
            words.get(1).context("a store").and_then(|store| tests::destroying::destroy(Path::new(store)))
        }
        // What the part `commits` kills.
        Some("go-on") => words.get(1).context("an index").and_then(|index| tests::commits::go_on(Path::new(index))),
        Some("--help" | "-h") => std::io::stdout().write_all(HELP.as_bytes()).context("write the help"),
        _ => run(words),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("torture: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut words: Vec<String>) -> Result<()> {
    let mut from = 0;
    if let Some(at) = words.iter().position(|word| word == "--from") {
        from = words.get(at + 1).and_then(|case| case.parse().ok()).context("--from wants the number of a case")?;
        words.drain(at..at + 2);
    }
    let parts: Vec<&str> = if words.is_empty() { PARTS.to_vec() } else { words.iter().map(String::as_str).collect() };
    for part in parts {
        let began = std::time::Instant::now();
        let told = match part {
            "flips" => flips::run(from)?,
            "power" => power::run(from)?,
            "syscalls" => syscalls::run(from)?,
            "rollback" => heads::rollback(from)?,
            "races" => heads::races(from)?,
            "commits" => format!(
                "{KILLS} kills, {} commits, no page lost",
                tests::commits::kill(&std::env::current_exe()?, KILLS)?
            ),
            "replay" => projections::replay(from)?,
            "projections" => projections::flips(from)?,
            "fuzz" => fuzz::run(from)?,
            other => bail!("there is no part `{other}`: name some of {}", PARTS.join(", ")),
        };
        eprintln!("torture {part}: {told}, in {} s", began.elapsed().as_secs());
        from = 0;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
