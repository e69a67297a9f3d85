//! Gigabytes that `chartroom-verify` checks in one processor second, manifests and ledger
//! included, beside the floor: what `openssl speed` says SHA-256 can do at this object size. And beside
//! `sha256sum` over the same blobs, which is what an auditor would use without us.

use std::process::Command;

use anyhow::{Context as _, Result};
use archive::{Archive, StoreAddress};
use bytes::Bytes;
use record::event::Actor;
use record::manifest::{IndexFields, MANIFEST_SCHEMA, Source, SourceKind};
use record::note::LogSigner;
use record::{BatchId, Digest, DocumentId, Manifest, PageEntry, PageId, Timestamp, canonical};
use tempfile::TempDir;
use tests::program;

use crate::ingest::sealed;
use crate::report::{Report, cpu_seconds};

const OBJECT_BYTES: usize = 200_000;
/// Two gigabytes, which are gone when the bench ends.
const DOCUMENTS: u32 = 400;
const PAGES: u32 = 25;

pub fn run(report: &mut Report) -> Result<()> {
    let folder = TempDir::new()?;
    let store = folder.path().join("store");
    let key = folder.path().join("log.pub");
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let signer = LogSigner::from_seed("bench.example", &[1; 32])?;
        std::fs::write(&key, signer.public().to_string())?;
        let archive = Archive::init(&StoreAddress::parse(&store.to_string_lossy(), Vec::new())?, signer).await?;
        let mut events = Vec::new();
        for document in 0..DOCUMENTS {
            let (manifest, digest) = seal_document(&archive, document, PAGES, OBJECT_BYTES).await?;
            events.push(sealed(document, digest, manifest.pages.len()));
        }
        archive.append(events).await?;
        anyhow::Ok(())
    })?;

    let before = cpu_seconds()?;
    let output = program::command("chartroom-verify")?.arg("--store").arg(&store).arg("--key").arg(&key).output()?;
    program::succeed("chartroom-verify", output)?;
    let seconds = cpu_seconds()? - before;
    let gigabytes = f64::from(DOCUMENTS * PAGES) * OBJECT_BYTES as f64 / 1e9;
    let ours = gigabytes / seconds;
    report.beside("verify", "GB per CPU-second, 200 KB objects", ours, "openssl speed sha256", openssl_gigabytes()?)?;
    let before = cpu_seconds()?;
    let words = "find blobs -type f -print0 | xargs -0 -n 500 sha256sum > /dev/null";
    program::succeed("sha256sum", Command::new("sh").args(["-c", words]).current_dir(&store).output()?)?;
    let theirs = gigabytes / (cpu_seconds()? - before);
    report.beside("verify", "GB per CPU-second, 200 KB objects", ours, "sha256sum", theirs)
}

/// `openssl speed -mr` prints `+F:…:sha256:<bytes per second>`.
fn openssl_gigabytes() -> Result<f64> {
    let output = Command::new("openssl")
        .args(["speed", "-mr", "-seconds", "2", "-bytes", &OBJECT_BYTES.to_string(), "-evp", "sha256"])
        .output()?;
    let text = program::succeed("openssl speed", output)?;
    let line = text.lines().find(|line| line.starts_with("+F:")).context("a figure from openssl")?;
    Ok(line.rsplit(':').next().context("a figure")?.parse::<f64>()? / 1e9)
}

/// Bytes that compress and repeat like nothing, yet are the same in every run.
pub fn page_bytes(seed: u32, length: usize) -> Vec<u8> {
    let mut state = u64::from(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        // Marsaglia's xorshift64.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Puts the pages of one document and seals its manifest.
pub async fn seal_document(archive: &Archive, document: u32, pages: u32, bytes: usize) -> Result<(Manifest, Digest)> {
    let id = DocumentId::derived([document.to_be_bytes().as_slice()]);
    let mut entries = Vec::new();
    for number in 1..=pages {
        let image = archive.put("image/tiff", Bytes::from(page_bytes(document * 1000 + number, bytes))).await?;
        let page = PageId::derived([id.as_uuid().as_bytes().as_slice(), &number.to_be_bytes()]);
        entries.push(PageEntry {
            page,
            number,
            image,
            width: 1,
            height: 1,
            dpi: 0,
            from: None,
            brought: None,
            frame: None,
        });
    }
    let fields = IndexFields {
        salt: "00".repeat(16),
        mrn: None,
        encounter: None,
        document_type: None,
        date: None,
        reel: None,
        file_names: Vec::new(),
        exceptions: Vec::new(),
    };
    let index = archive.put("application/json", Bytes::from(canonical::to_bytes(&fields)?)).await?;
    let manifest = Manifest {
        schema: MANIFEST_SCHEMA.to_owned(),
        document: id,
        version: 1,
        previous: None,
        batch: BatchId::derived([b"bench".as_slice()]),
        created: Timestamp(0),
        created_by: Actor::System,
        source: Source { kind: SourceKind::Import, station: "bench".to_owned(), device: None },
        originals: Vec::new(),
        pages: entries,
        index,
    };
    let digest = archive.seal(&manifest).await?;
    Ok((manifest, digest))
}
