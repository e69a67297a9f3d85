//! The long tier of what an archive has to survive: `scripts/torture [PART…]`. Each part says how much it tried, and ends with an error
//! at the first thing that is not as it should be. `docs/torture.md` says which of the required tests is held where.

mod flips;
mod heads;
mod syscalls;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use archive::{Archive, StoreAddress, verify};
use bytes::Bytes;
use record::event::{Actor, ViewForm};
use record::manifest::{MANIFEST_SCHEMA, Source, SourceKind};
use record::note::LogSigner;
use record::{BatchId, DocumentId, Event, EventKind, Manifest, PageEntry, PageId, Timestamp};

const PARTS: [&str; 4] = ["flips", "rollback", "races", "syscalls"];
const TODAY: Timestamp = Timestamp(1_700_000_000_000);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let result = match words.first().map(String::as_str) {
        // What the part `syscalls` runs, and kills.
        Some("hand-over") => words.get(1).context("a store").and_then(|store| syscalls::hand_over(Path::new(store))),
        _ => run(&words),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("torture: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> Result<()> {
    let parts: Vec<&str> = if words.is_empty() { PARTS.to_vec() } else { words.iter().map(String::as_str).collect() };
    for part in parts {
        let began = std::time::Instant::now();
        let told = match part {
            "flips" => flips::run()?,
            "rollback" => heads::rollback()?,
            "races" => heads::races()?,
            "syscalls" => syscalls::run()?,
            other => bail!("there is no part `{other}`: name some of {}", PARTS.join(", ")),
        };
        eprintln!("torture {part}: {told}, in {} s", began.elapsed().as_secs());
    }
    Ok(())
}

fn signer() -> Result<LogSigner> {
    Ok(LogSigner::from_seed("torture.example/log", &[9; 32])?)
}

fn address(store: &Path) -> Result<StoreAddress> {
    Ok(StoreAddress::parse(&store.to_string_lossy(), Vec::new())?)
}

fn views(range: std::ops::Range<u64>) -> Vec<Event> {
    let view = |n: u64| {
        let document = DocumentId::derived([n.to_be_bytes().as_slice()]);
        let event = EventKind::Viewed { document, page: None, form: ViewForm::Screen };
        Event { at: TODAY, actor: Actor::System, event }
    };
    range.map(view).collect()
}

/// One document of one page, through the door; its number is the event's.
async fn seal(archive: &Archive, name: &str) -> Result<u64> {
    let image = archive.put("image/png", Bytes::from(format!("image of {name}").repeat(200))).await?;
    let index = archive.put("application/json", Bytes::from(format!("fields of {name}"))).await?;
    let (document, batch) = (DocumentId::derived([name.as_bytes()]), BatchId::derived([name.as_bytes()]));
    let page = PageEntry {
        page: PageId::derived([name.as_bytes()]),
        number: 1,
        image,
        width: 1,
        height: 1,
        dpi: 0,
        from: None,
        brought: None,
        frame: None,
    };
    let manifest = Manifest {
        schema: MANIFEST_SCHEMA.to_owned(),
        document,
        version: 1,
        previous: None,
        batch,
        created: TODAY,
        created_by: Actor::System,
        source: Source { kind: SourceKind::Import, station: "torture".to_owned(), device: None },
        originals: Vec::new(),
        pages: vec![page],
        index,
    };
    let manifest = archive.seal(&manifest).await?;
    let event = EventKind::Sealed { document, version: 1, manifest, batch, pages: 1 };
    let receipts = archive.append(vec![Event { at: TODAY, actor: Actor::System, event }]).await?;
    Ok(receipts.first().context("a receipt")?.index)
}

/// What an auditor says, who kept this checkpoint.
async fn report(store: &Path, since: Option<&str>) -> Result<verify::Report> {
    let ask = verify::Ask { since: since.map(str::to_owned).into_iter().collect(), ..verify::Ask::default() };
    Ok(verify::verify(&address(store)?, &signer()?.public(), &ask, |_| {}).await?)
}

async fn sound(store: &Path, since: &str) -> Result<()> {
    let report = report(store, Some(since)).await?;
    ensure!(report.verdict == verify::Verdict::Sound, "{:?}", report.findings);
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
