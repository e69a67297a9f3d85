//! The ledger: events that come to rest durably in a second of the clock, alone and in batches, beside a file of the same size that is
//! written and synced; entries that `chartroom-verify` checks in a processor second, beside their bare hashing; and what a proof takes.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use archive::{Archive, StoreAddress};
use record::event::{Actor, ViewForm};
use record::note::LogSigner;
use record::{DocumentId, Event, EventKind, Timestamp, merkle};
use tempfile::TempDir;
use tests::program;
use tokio::runtime::Runtime;

use crate::report::{Report, cpu_seconds};

/// Entries of the ledger that is verified and proven.
const ENTRIES: u64 = 1_000_000;
const PROOFS: u64 = 2_000;

pub fn run(report: &mut Report) -> Result<()> {
    let (folder, runtime) = (TempDir::new()?, Runtime::new()?);
    for batch in [1, 100, 1_000, 4_000] {
        append(report, &runtime, &folder.path().join(format!("batches-{batch}")), batch)?;
    }
    let (store, key) = (folder.path().join("store"), folder.path().join("log.pub"));
    let archive = runtime.block_on(open(&store, &key))?;
    for from in (0..ENTRIES).step_by(4_000) {
        runtime.block_on(archive.append(views(from..from + 4_000)))?;
    }
    verify(report, &store, &key)?;
    prove(report, &runtime, &archive, &store)
}

async fn open(store: &Path, key: &Path) -> Result<Archive> {
    let signer = LogSigner::from_seed("bench.example", &[1; 32])?;
    fs::write(key, signer.public().to_string())?;
    Ok(Archive::init(&StoreAddress::parse(&store.to_string_lossy(), Vec::new())?, signer).await?)
}

fn views(range: std::ops::Range<u64>) -> Vec<Event> {
    let view = |n: u64| {
        let document = DocumentId::derived([n.to_be_bytes().as_slice()]);
        let event = EventKind::Viewed { document, page: None, form: ViewForm::Screen };
        Event { at: Timestamp(1_700_000_000_000 + i64::try_from(n).unwrap_or_default()), actor: Actor::System, event }
    };
    range.map(view).collect()
}

/// For about two seconds, as one caller does who waits for each receipt.
fn append(report: &mut Report, runtime: &Runtime, folder: &Path, batch: u64) -> Result<()> {
    fs::create_dir_all(folder)?;
    let archive = runtime.block_on(open(&folder.join("store"), &folder.join("log.pub")))?;
    let (mut done, began) = (0, Instant::now());
    while began.elapsed() < Duration::from_secs(2) {
        runtime.block_on(archive.append(views(done..done + batch)))?;
        done += batch;
    }
    let ours = done as f64 / began.elapsed().as_secs_f64();
    let floor = batch as f64 / synced_file(folder, batch)?;
    report.beside("ledger", &format!("durable events a second, {batch} at a time"), ours, "one synced file", floor)
}

/// Seconds that it takes to make the bytes of so many events durable in one file.
fn synced_file(folder: &Path, batch: u64) -> Result<f64> {
    let mut bytes = Vec::new();
    for event in views(0..batch) {
        bytes.extend(event.to_leaf()?);
    }
    let began = Instant::now();
    for n in 0..10 {
        let mut file = File::create(folder.join(format!("floor-{n}")))?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        File::open(folder)?.sync_all()?;
    }
    Ok(began.elapsed().as_secs_f64() / 10.0)
}

fn verify(report: &mut Report, store: &Path, key: &Path) -> Result<()> {
    let before = cpu_seconds()?;
    let output = program::command("chartroom-verify")?.arg("--store").arg(store).arg("--key").arg(key).output()?;
    program::succeed("chartroom-verify", output)?;
    let ours = ENTRIES as f64 / (cpu_seconds()? - before);
    let leaves = views(0..ENTRIES).iter().map(Event::to_leaf).collect::<Result<Vec<_>, _>>()?;
    let before = cpu_seconds()?;
    let mut tree = merkle::Frontier::new();
    leaves.iter().for_each(|leaf| tree.push(merkle::leaf_hash(leaf)));
    let root = tree.root();
    let floor = ENTRIES as f64 / (cpu_seconds()? - before).max(0.01);
    anyhow::ensure!(root != merkle::empty_root(), "the tree has leaves");
    report.beside("ledger", "entries verified per CPU-second", ours, "hashing the tree alone", floor)
}

/// Proofs of entries all over the ledger, each from the store anew, beside reading the three files that it needs at least.
fn prove(report: &mut Report, runtime: &Runtime, archive: &Archive, store: &Path) -> Result<()> {
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for n in 0..PROOFS {
        // Knuth's multiplicative hashing: all over the place, and the same in every run.
        let index = n.wrapping_mul(2_654_435_761) % ENTRIES;
        let began = Instant::now();
        let receipt = runtime.block_on(archive.proof(index))?;
        ours.push(began.elapsed());
        receipt.verify(&archive.key())?;
        let began = Instant::now();
        for name in ["entries", "0"] {
            fs::read(store.join(format!("log/tile/{name}/{:03}", index / 256)))
                .or_else(|_| fs::read(store.join("log/checkpoint")))?;
        }
        fs::read(store.join("log/checkpoint"))?;
        floor.push(began.elapsed());
    }
    let (ours, floor) = (percentile(&mut ours)?, percentile(&mut floor)?);
    report.beside("ledger", "milliseconds for a proof, 99th percentile", ours, "reading its files", floor)
}

fn percentile(times: &mut [Duration]) -> Result<f64> {
    times.sort_unstable();
    Ok(times.get(times.len() * 99 / 100).context("times")?.as_secs_f64() * 1000.0)
}
