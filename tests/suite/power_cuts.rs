//! The power is cut after each step of a hand-over: what was said to be safe is there. Here a few hundred states of the disk, by
//! `scripts/torture power` ten thousand.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use archive::Archive;
use tests::chance::Chance;
use tests::handover::{address, folder, nothing_is_lost, signer, views};
use tests::power::Trace;
use tests::program;

const CUTS: u64 = 200;

fn recorded(folder: &Path) -> Result<Trace> {
    let store = folder.join("store");
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let archive = Archive::init(&address(&store)?, signer()?).await?;
        archive.append(views(0..254)).await?;
        anyhow::Ok(())
    })?;
    Trace::record(&store, &program::path("torture")?, &["hand-over", &store.to_string_lossy()])
}

/// At how many of so many cuts something was lost.
fn losses(trace: &Trace, folder: &Path) -> Result<u64> {
    let (runtime, mut lost) = (tokio::runtime::Runtime::new()?, 0);
    for case in 0..CUTS {
        let (steps, left) = (case as usize % (trace.steps() + 1), folder.join("left"));
        let said = trace.cut(steps, &mut Chance::new(case), &left)?;
        let told = said.iter().map(|index| index.parse().context("a number")).collect::<Result<Vec<u64>>>()?;
        lost += u64::from(runtime.block_on(nothing_is_lost(&left, &told)).is_err());
        fs::remove_dir_all(&left)?;
    }
    Ok(lost)
}

/// And the test would tell: of a program that syncs nothing, much is lost.
#[test]
fn no_power_cut_loses_what_was_acknowledged() -> Result<()> {
    let folder = folder()?;
    let trace = recorded(&folder.path().canonicalize()?)?;
    ensure!(trace.syncs() >= 20, "only {} syncs in {} steps", trace.syncs(), trace.steps());
    ensure!(losses(&trace, folder.path())? == 0, "something was lost");
    ensure!(losses(&trace.unsynced(), folder.path())? > CUTS / 10, "a store without syncs would pass");
    Ok(())
}
