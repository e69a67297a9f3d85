//! Power cuts after each step of a process that hands over two documents, to an archive and to one that it makes itself.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use archive::Archive;
use tests::chance::Chance;
use tests::handover::{address, folder, nothing_is_lost, signer, views};
use tests::power::Trace;

use crate::course::Course;

const CUTS: u64 = 10_000;

#[tokio::main]
pub async fn run(from: u64) -> Result<String> {
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
    let steps = traces.each_ref().map(Trace::steps);
    Ok(format!("{CUTS} power cuts over {steps:?} steps, nothing lost that was said to be safe"))
}

fn record(store: &Path) -> Result<Trace> {
    let trace = Trace::record(store, &std::env::current_exe()?, &["hand-over", &store.to_string_lossy()])?;
    ensure!(trace.steps() >= 50 && trace.syncs() >= 20, "only {} steps were seen", trace.steps());
    Ok(trace)
}
