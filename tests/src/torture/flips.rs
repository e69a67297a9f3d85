//! Single-bit flips all over a store and its replica: each is found, its object is named, it is put right from the other copy, and
//! no read gives another byte than was sealed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use archive::{Archive, Incident};
use record::event::Bucket;
use record::{Digest, Timestamp};
use tests::bucket;
use tests::chance::Chance;
use tests::handover::{address, folder, seal, signer, sound, views};

use crate::course::Course;

const FLIPS: u64 = 10_000;
/// Objects that are damaged at a time, so that one pass of the scrub finds them all.
const AT_A_TIME: u64 = 20;
const PASSES: usize = 2;
/// Flips between two verifications of the whole by the auditor's program, which knows nothing of repairs.
const AUDIT_EVERY: u64 = 500;

/// What was flipped: by bucket and name, the bytes as they were.
type Flipped = BTreeMap<(Bucket, String), Vec<u8>>;

#[tokio::main]
pub async fn run(from: u64) -> Result<String> {
    let folder = folder()?;
    let (store, replica) = (folder.path().join("store"), folder.path().join("replica"));
    fs::create_dir(&replica)?;
    let archive = Archive::init(&address(&store)?, signer()?).await?;
    for n in 0..20 {
        seal(&archive, &format!("page {n}")).await?;
    }
    archive.append(views(0..700)).await?;
    drop(archive);
    let archive = Archive::open_with(&address(&store)?, Some(&address(&replica)?), signer()?).await?;
    while archive.replicate().await?.behind > 0 {}
    let mut course = Course::new("flips", from, FLIPS);
    for first in (from / AT_A_TIME * AT_A_TIME..FLIPS).step_by(AT_A_TIME as usize) {
        course.at(first);
        some(&archive, [&store, &replica], first).await.with_context(|| format!("flips from {first}"))?;
        if first.is_multiple_of(AUDIT_EVERY) {
            sound(&store, &archive.checkpoint()).await?;
        }
    }
    sound(&store, &archive.checkpoint()).await?;
    let objects = bucket::objects(&store)?;
    let objects = objects.iter().filter(|name| !name.starts_with("quarantine")).count();
    Ok(format!("{FLIPS} flips in {objects} objects and their copies found, named and put right"))
}

/// Every second time in the store, where damaged blobs are read before anything else looks at them; else in the replica.
async fn some(archive: &Archive, buckets: [&Path; 2], first: u64) -> Result<()> {
    let mut chance = Chance::new(first);
    let (bucket, path) = match first / AT_A_TIME % 2 {
        0 => (Bucket::Store, buckets[0]),
        _ => (Bucket::Replica, buckets[1]),
    };
    let flipped = flip(path, bucket, &mut chance)?;
    let mut told = BTreeSet::new();
    if bucket == Bucket::Store && chance.below(2) == 0 {
        tell(&mut told, &flipped, read(archive, &flipped).await?)?;
    }
    // With its checkpoint and its last commit damaged the replica goes back to an earlier one: it has to catch up first.
    for _ in 0..PASSES {
        let mut pass = archive.scrub(Timestamp(0), None, false);
        while let Some(step) = pass.step().await? {
            tell(&mut told, &flipped, step.incidents)?;
        }
        while archive.replicate().await?.behind > 0 {}
        tell(&mut told, &flipped, archive.take_incidents())?;
    }
    let missed = flipped.keys().filter(|(_, name)| !told.contains(name)).collect::<Vec<_>>();
    ensure!(missed.is_empty(), "nobody found {missed:?}, among {:?}", flipped.keys());
    for ((_, name), good) in &flipped {
        ensure!(fs::read(path.join(name))? == *good, "{name} is not as it was");
    }
    Ok(())
}

/// Only what was touched is named, and it is put right.
fn tell(told: &mut BTreeSet<String>, flipped: &Flipped, incidents: Vec<Incident>) -> Result<()> {
    for Incident { object, bucket, repaired, .. } in incidents {
        ensure!(flipped.contains_key(&(bucket, object.clone())), "{object} was not touched, and is named");
        ensure!(repaired, "{object} was not put right");
        told.insert(object);
    }
    Ok(())
}

fn flip(path: &Path, bucket: Bucket, chance: &mut Chance) -> Result<Flipped> {
    let names = bucket::objects(path)?;
    let names: Vec<String> = names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    let names: Vec<&String> = names.iter().filter(|name| !name.starts_with("quarantine")).collect();
    let mut flipped = Flipped::new();
    while flipped.len() < AT_A_TIME as usize {
        let name = names[chance.below(names.len())];
        if flipped.contains_key(&(bucket, name.clone())) {
            continue;
        }
        let good = fs::read(path.join(name))?;
        let (mut bytes, bit) = (good.clone(), chance.below(good.len() * 8));
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(path.join(name), &bytes)?;
        flipped.insert((bucket, name.clone()), good);
    }
    Ok(flipped)
}

/// As somebody does who looks at the pages.
async fn read(archive: &Archive, flipped: &Flipped) -> Result<Vec<Incident>> {
    for ((_, name), good) in flipped.iter().filter(|((_, name), _)| name.starts_with("blobs")) {
        let Some(digest) = name.rsplit('/').next().map(Digest::from_hex).transpose()? else {
            bail!("{name} is no name")
        };
        ensure!(archive.read(&digest).await? == good, "{name}: another byte was served");
    }
    Ok(archive.take_incidents())
}
