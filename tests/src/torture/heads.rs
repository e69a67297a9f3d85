//! A store, and a whole data folder, that are set back to any of their last checkpoints, and two sequencers on one store.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use archive::Archive;
use archive::verify::{Code, Question, Verdict};
use tests::handover::{address, folder, report, seal, signer, sound, views};
use tests::set_back::House;

use crate::copy;
use crate::course::Course;

const CHECKPOINTS: u64 = 50;
const RACES: u64 = 100;
/// Appends of each of the two in one race.
const APPENDS: u64 = 6;

/// The whole store as it was then, validly signed: the newest checkpoint tells, and without one nobody is told that it is fresh.
#[tokio::main]
async fn stores() -> Result<()> {
    let folder = folder()?;
    let store = folder.path().join("store");
    let archive = Archive::init(&address(&store)?, signer()?).await?;
    for n in 0..CHECKPOINTS {
        seal(&archive, &format!("page {n}")).await?;
        archive.append(views(n * 10..n * 10 + 7)).await?;
        copy(&store, &folder.path().join(n.to_string()))?;
    }
    archive.append(views(90_000..90_001)).await?;
    let newest = archive.checkpoint();
    for n in 0..CHECKPOINTS {
        let old = folder.path().join(n.to_string());
        let found = report(&old, Some(&newest)).await?;
        ensure!(found.findings.iter().any(|one| one.code == Code::RolledBack), "set back to {n}: {:?}", found.findings);
        let alone = report(&old, None).await?;
        let fresh = alone.not_proven.iter().all(|gap| gap.what != Question::Freshness);
        ensure!(alone.verdict != Verdict::Sound && !fresh, "set back to {n}, and called sound");
        // The checkpoint alone is new: opening refuses.
        fs::write(old.join("log/checkpoint"), &newest)?;
        ensure!(Archive::open(&address(&old)?, signer()?).await.is_err(), "opened with a newer checkpoint");
    }
    Ok(())
}

pub fn rollback(from: u64) -> Result<String> {
    stores()?;
    house(from)?;
    let houses = CHECKPOINTS.saturating_sub(from);
    Ok(format!(
        "{CHECKPOINTS} stores, and {houses} whole folders, found to be old; as many catalogs that were old caught up"
    ))
}

/// A whole data folder, its store alone, and its catalog alone, as they were at each checkpoint.
fn house(from: u64) -> Result<()> {
    let mut house = House::new()?;
    for n in 0..CHECKPOINTS {
        house.go_on()?;
        house.keep(&n.to_string())?;
    }
    house.go_on()?;
    let newest = house.write_down()?;
    let mut course = Course::new("rollback", from, CHECKPOINTS);
    for n in from..CHECKPOINTS {
        course.at(n);
        let tried =
            house.set_back_store(&n.to_string(), &newest).and_then(|()| house.set_back_whole(&n.to_string(), &newest));
        tried.with_context(|| format!("set back to {n}"))?;
    }
    // Last: what people are told goes on from here.
    for n in from..CHECKPOINTS {
        house.set_back_catalog(&n.to_string()).with_context(|| format!("the catalog of {n}"))?;
    }
    Ok(())
}

/// Nobody's event is lost, none is there twice, and there is one history.
#[tokio::main]
pub async fn races(from: u64) -> Result<String> {
    let folder = folder()?;
    let mut course = Course::new("races", from, RACES);
    for race in from..RACES {
        course.at(race);
        let store = folder.path().join(race.to_string());
        Archive::init(&address(&store)?, signer()?).await?.append(views(0..250)).await?;
        let (one, two) =
            (Archive::open(&address(&store)?, signer()?).await?, Archive::open(&address(&store)?, signer()?).await?);
        let mut racers = Vec::new();
        for n in 0..APPENDS {
            for (archive, from) in [(one.clone(), 1_000), (two.clone(), 2_000)] {
                let events = views(from + n..from + n + 1);
                racers.push(tokio::spawn(async move { archive.append(events).await }));
            }
        }
        let mut places = Vec::new();
        for racer in racers {
            places.extend(racer.await??.iter().map(|receipt| receipt.index));
        }
        places.sort_unstable();
        ensure!(places == (250..250 + 2 * APPENDS).collect::<Vec<_>>(), "race {race}: {places:?}");
        one.refresh().await?;
        sound(&store, &one.checkpoint()).await?;
        fs::remove_dir_all(&store)?;
    }
    Ok(format!("{RACES} races of two sequencers, one history each"))
}
