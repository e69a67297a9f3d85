//! A small archive of the harness: what fills it, what a process that hands over says, and what has to be true afterwards, whatever
//! happened to that process.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use archive::{Archive, StoreAddress, verify};
use record::event::{Actor, ViewForm};
use record::note::LogSigner;
use record::{DocumentId, Event, EventKind, Timestamp};
use tempfile::TempDir;

use crate::sealed;

/// Of [`hand_over`].
const HANDED: [&str; 2] = ["first", "second"];
/// A fault may hit the pipe by which threads wake each other; then nothing goes on any more.
const PATIENCE: Duration = Duration::from_secs(1);

/// In memory where there is such a folder: who simulates what a disk may lose needs none, and real syncs only take time.
pub fn folder() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    Ok(if memory.is_dir() { TempDir::new_in(memory)? } else { TempDir::new()? })
}

pub fn signer() -> Result<LogSigner> {
    Ok(LogSigner::from_seed("torture.example/log", &[9; 32])?)
}

pub fn address(store: &Path) -> Result<StoreAddress> {
    Ok(StoreAddress::parse(&store.to_string_lossy(), Vec::new())?)
}

pub fn views(range: std::ops::Range<u64>) -> Vec<Event> {
    let view = |n: u64| {
        let document = DocumentId::derived([n.to_be_bytes().as_slice()]);
        let event = EventKind::Viewed { document, page: None, form: ViewForm::Screen };
        Event { at: Timestamp(0), actor: Actor::System, event }
    };
    range.map(view).collect()
}

/// One document of one page, acknowledged; the number of its event.
pub async fn seal(archive: &Archive, name: &str) -> Result<u64> {
    let event =
        sealed::document(archive, name.as_bytes(), [format!("image of {name}").repeat(200).into_bytes()]).await?;
    Ok(archive.append(vec![event]).await?.first().context("a receipt")?.index)
}

/// Opens an archive, or makes one, hands over two documents, and says each one's number as soon as it is safe. One thread for the
/// store's calls, so that their order is the same in every run.
pub fn hand_over(store: &Path) -> Result<()> {
    std::thread::spawn(|| {
        std::thread::sleep(PATIENCE);
        std::process::abort();
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build()?;
    runtime.block_on(async {
        let archive = recovered(store).await?;
        for name in HANDED {
            writeln!(std::io::stdout(), "{}", seal(&archive, name).await?)?;
        }
        Ok(())
    })
}

/// An archive that may never have come to be is made.
async fn recovered(store: &Path) -> Result<Archive> {
    match Archive::open(&address(store)?, signer()?).await {
        Err(archive::Error::NotAnArchive) => Ok(Archive::init(&address(store)?, signer()?).await?),
        opened => Ok(opened?),
    }
}

/// What a process was told is safe is there, it goes on, and everything is sound.
pub async fn nothing_is_lost(store: &Path, told: &[u64]) -> Result<()> {
    let archive = recovered(store).await?;
    let events = archive.events(0, usize::MAX).await?;
    for index in told {
        let event = events.get(usize::try_from(*index)?).context("an event that was acknowledged is gone")?;
        ensure!(matches!(event.event, EventKind::Sealed { .. }), "another event stands at {index}");
    }
    seal(&archive, "third").await?;
    let report = report(store, None).await?;
    ensure!(report.findings.is_empty(), "{:?}", report.findings);
    Ok(())
}

/// What an auditor says, who kept this checkpoint.
pub async fn report(store: &Path, since: Option<&str>) -> Result<verify::Report> {
    let ask = verify::Ask { since: since.map(str::to_owned).into_iter().collect(), ..verify::Ask::default() };
    Ok(verify::verify(&address(store)?, &signer()?.public(), &ask, |_| {}).await?)
}

pub async fn sound(store: &Path, since: &str) -> Result<()> {
    let report = report(store, Some(since)).await?;
    ensure!(report.verdict == verify::Verdict::Sound, "{:?}", report.findings);
    Ok(())
}
