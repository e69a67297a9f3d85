//! The power is cut after each step of a hand-over: what was said to be safe is there. Here a few hundred states of the disk, by
//! `scripts/torture power` ten thousand. And while a server takes documents in: some tens, and a thousand.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use archive::Archive;
use record::{DocumentId, Timestamp};
use tests::blackout::House;
use tests::chance::Chance;
use tests::destroying;
use tests::handover::{address, folder, nothing_is_lost, report, seal, signer, views};
use tests::power::Trace;
use tests::program;

const CUTS: u64 = 200;
const BLACKOUTS: usize = 32;

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

/// A store in which one document of two is to go, and the names of what goes with it.
fn ordered(folder: &Path) -> Result<(Trace, Vec<String>)> {
    let store = folder.join("store");
    let going = tokio::runtime::Runtime::new()?.block_on(async {
        let archive = Archive::init(&address(&store)?, signer()?).await?;
        seal(&archive, "one").await?;
        seal(&archive, "two").await?;
        destroying::order(&archive, DocumentId::derived([b"one".as_slice()]), Timestamp(0), ["ann", "bob"]).await?;
        let order = archive.orders().await?.pop().context("an order")?;
        let digests = order.order.manifests.iter().chain(&order.order.blobs);
        anyhow::Ok(digests.map(record::Digest::hex).collect())
    })?;
    Ok((Trace::record(&store, &program::path("torture")?, &["destroy", &store.to_string_lossy()])?, going))
}

/// At how many of so many cuts something is back that was said to be gone, and at how many what is left does not go on.
fn resurrections(trace: &Trace, going: &[String], folder: &Path) -> Result<(u64, u64)> {
    let (runtime, mut back, mut stuck) = (tokio::runtime::Runtime::new()?, 0, 0);
    for case in 0..CUTS {
        // Every other cut comes after all was said.
        let steps = if case % 2 == 0 { trace.steps() } else { case as usize % (trace.steps() + 1) };
        let left = folder.join("left");
        let said = trace.cut(steps, &mut Chance::new(case), &left)?;
        back += u64::from(!said.is_empty() && is_there(&left, going)?);
        stuck += u64::from(runtime.block_on(goes_on(&left)).is_err());
        fs::remove_dir_all(&left)?;
    }
    Ok((back, stuck))
}

fn is_there(store: &Path, going: &[String]) -> Result<bool> {
    let objects = tests::bucket::objects(store)?;
    Ok(going.iter().any(|hex| objects.iter().any(|object| object.ends_with(hex))))
}

/// What a cut has left is an archive of which nothing is missing without authority, and what was ordered is carried out.
async fn goes_on(store: &Path) -> Result<()> {
    let archive = Archive::open(&address(store)?, signer()?).await?;
    destroying::carry_out(&archive, Timestamp(0)).await?;
    let report = report(store, None).await?;
    ensure!(report.findings.is_empty(), "{:?}", report.findings);
    Ok(())
}

#[test]
fn no_power_cut_brings_back_what_was_said_to_be_destroyed() -> Result<()> {
    let folder = folder()?;
    let (trace, going) = ordered(&folder.path().canonicalize()?)?;
    ensure!(going.len() == 2, "manifest and image; the fields are those of the other too: {going:?}");
    ensure!(resurrections(&trace, &going, folder.path())? == (0, 0), "something came back, or stood still");
    ensure!(resurrections(&trace.unsynced(), &going, folder.path())?.0 > 0, "a store without syncs would pass");
    Ok(())
}

fn is_catalog(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("catalog.sqlite"))
}

/// Its catalog and its index are what the ledger makes of them, or are behind; the server goes on by itself. Of a catalog that syncs
/// nothing the test would tell.
#[test]
fn no_power_cut_of_a_server_loses_what_was_acknowledged_or_spoils_its_catalog() -> Result<()> {
    let (folder, mut house) = (folder()?, House::recorded()?);
    let (left, steps) = (folder.path().join("left"), house.trace.steps());
    let index = |path: &Path| path.parent().is_some_and(|folder| folder.ends_with("index"));
    let (catalog, index) = (house.trace.writes(is_catalog), house.trace.writes(index));
    ensure!(catalog > 50 && index > 20, "of {steps} steps {catalog} were writes to the catalog, {index} to the index");
    let mut told = 0;
    for case in 0..BLACKOUTS {
        let after = case * steps / (BLACKOUTS - 1);
        let cut = house.cut(after, &mut Chance::new(case as u64), &left);
        told += cut.with_context(|| format!("cut after step {after} of {steps}"))?.0.len();
        if case % 16 == 8 {
            house.goes_on(&left).with_context(|| format!("going on after step {after} of {steps}"))?;
        }
        fs::remove_dir_all(&left)?;
    }
    ensure!(told > BLACKOUTS / 4, "only {told} receipts were told before the cuts");

    let careless = house.careless(is_catalog);
    let spoilt = (0..20).any(|case| {
        let spoilt = careless.cut(steps, &mut Chance::new(case), &left).is_err();
        fs::remove_dir_all(&left).is_err() || spoilt
    });
    ensure!(spoilt, "a catalog without syncs would pass");
    Ok(())
}
