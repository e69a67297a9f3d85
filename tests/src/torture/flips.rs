//! Single-bit flips all over a store on a disk: each is found, its object is named, it is put right from the replica, and no read gives
//! another byte than was sealed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use archive::Archive;
use record::Digest;
use tempfile::TempDir;

use crate::{TODAY, address, seal, signer, sound, views};

const FLIPS: u64 = 10_000;
/// Flips between two verifications of the whole by the auditor's program, which knows nothing of repairs.
const AUDIT_EVERY: u64 = 500;

#[tokio::main]
pub async fn run() -> Result<String> {
    let folder = TempDir::new()?;
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
    let files = tests::bucket::objects(&store)?;
    for n in 0..FLIPS {
        flip(&archive, &store, &files, n).await.with_context(|| format!("flip {n}"))?;
        if n % AUDIT_EVERY == 0 {
            sound(&store, &archive.checkpoint()).await?;
        }
    }
    sound(&store, &archive.checkpoint()).await?;
    Ok(format!("{FLIPS} flips in {} objects found, named and put right", files.len()))
}

async fn flip(archive: &Archive, store: &Path, files: &[PathBuf], n: u64) -> Result<()> {
    // Knuth's multiplicative hashing: all over the place, and the same in every run.
    let drawn = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let name = &files[usize::try_from(drawn >> 33)? % files.len()];
    let path = store.join(name);
    let good = fs::read(&path)?;
    let mut bytes = good.clone();
    let bit = usize::try_from(drawn & 0xffff_ffff)? % (good.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    fs::write(&path, &bytes)?;
    let name = name.to_string_lossy();
    let mut incidents = Vec::new();
    if n.is_multiple_of(2) && name.starts_with("blobs") {
        let digest = Digest::from_hex(name.rsplit('/').next().context("a name")?)?;
        ensure!(archive.read(&digest).await? == good, "{name}: another byte was served");
        incidents = archive.take_incidents();
    } else {
        let mut pass = archive.scrub(TODAY, None, false);
        while let Some(step) = pass.step().await? {
            incidents.extend(step.incidents);
        }
    }
    let told = incidents.first().context("nothing was found")?;
    ensure!(incidents.len() == 1 && told.object == name && told.repaired, "{name}: {incidents:?}");
    ensure!(fs::read(&path)? == good, "{name} is not as it was");
    Ok(())
}
