//! Power cuts after each step of a process that hands over two documents, to an archive and to one that it makes itself; and of a server
//! that takes in two, has them read and is stopped.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use archive::Archive;
use tests::blackout::House;
use tests::chance::Chance;
use tests::handover::{address, folder, nothing_is_lost, signer, views};
use tests::power::Trace;

use crate::course::Course;

const CUTS: u64 = 10_000;
/// Of the server; they are the cases after those.
const BLACKOUTS: u64 = 1_000;
/// After each so manieth of those a server and a station go on.
const GOES_ON: u64 = 50;

pub fn run(from: u64) -> Result<String> {
    let steps = stores(from.min(CUTS))?;
    let house = blackouts(from.saturating_sub(CUTS))?;
    Ok(format!(
        "{CUTS} power cuts over {steps:?} steps of a store, {BLACKOUTS} over {house} of a whole data folder, nothing lost that was said \
         to be safe"
    ))
}

fn blackouts(from: u64) -> Result<usize> {
    let (folder, mut house) = (folder()?, House::recorded()?);
    let mut course = Course::new("power", CUTS + from, CUTS + BLACKOUTS);
    for case in from..BLACKOUTS {
        course.at(CUTS + case);
        let steps = case as usize * house.trace.steps() / (BLACKOUTS as usize - 1);
        let left = folder.path().join("left");
        let cut = house.cut(steps, &mut Chance::new(case), &left);
        cut.with_context(|| format!("case {}, cut after step {steps}", CUTS + case))?;
        if case % GOES_ON == 0 {
            house.goes_on(&left).with_context(|| format!("case {}, going on after step {steps}", CUTS + case))?;
        }
        fs::remove_dir_all(&left)?;
    }
    Ok(house.trace.steps())
}

#[tokio::main]
async fn stores(from: u64) -> Result<[usize; 2]> {
    let folder = folder()?;
    let (grown, new) = (folder.path().join("grown"), folder.path().join("new"));
    // The second document fills a tile.
    Archive::init(&address(&grown)?, signer()?).await?.append(views(0..254)).await?;
    fs::create_dir(&new)?;
    let traces = [record(&grown)?, record(&new)?];
    let mut course = Course::new("power", from, CUTS);
    for case in from..CUTS {
        course.at(case);
        let trace = &traces[(case % 2) as usize];
        let steps = (case / 2) as usize % (trace.steps() + 1);
        let left = folder.path().join("left");
        let said = trace.cut(steps, &mut Chance::new(case), &left)?;
        let told = said.iter().map(|index| Ok(index.parse()?)).collect::<Result<Vec<u64>>>()?;
        nothing_is_lost(&left, &told).await.with_context(|| format!("case {case}, cut after step {steps}"))?;
        fs::remove_dir_all(&left)?;
    }
    Ok(traces.each_ref().map(Trace::steps))
}

fn record(store: &Path) -> Result<Trace> {
    let trace = Trace::record(store, &std::env::current_exe()?, &["hand-over", &store.to_string_lossy()])?;
    ensure!(trace.steps() >= 50 && trace.syncs() >= 20, "only {} steps were seen", trace.steps());
    Ok(trace)
}
