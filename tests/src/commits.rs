//! A process that puts pages into an index, and what the index has after it was killed.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use indexer::{DocumentFields, Edges, Index, PageDocument};
use record::manifest::SourceKind;
use record::words::{Block, Box as Place, Line, PageText, Word};
use record::{BatchId, DocumentId, PageId, Timestamp};
use tempfile::TempDir;

/// Of one commit.
const PAGES: u64 = 20;
/// From when on a process is killed, and how much later it is each time: both in milliseconds.
const EARLIEST: u64 = 40;
const LATER: u64 = 37;
const LATEST: u64 = 400;

/// Puts pages from where the index ends, and says the number of each commit as soon as it is durable, until it is killed.
pub fn go_on(folder: &Path) -> Result<()> {
    let index = Index::open(folder)?;
    for commit in index.cursor() + 1.. {
        (0..PAGES).try_for_each(|number| index.put(&page(commit, number)))?;
        index.commit(commit)?;
        writeln!(std::io::stdout(), "{commit}")?;
    }
    Ok(())
}

/// Kills so many of those processes (`program go-on FOLDER`) one after the other; gives how many commits there were.
pub fn kill(program: &Path, times: u64) -> Result<u64> {
    let folder = TempDir::new()?;
    let mut said = 0;
    for time in 0..times {
        let mut process = Command::new(program).arg("go-on").arg(folder.path()).stdout(Stdio::piped()).spawn()?;
        std::thread::sleep(Duration::from_millis(EARLIEST + time * LATER % LATEST));
        process.kill()?;
        let told = process.wait_with_output()?.stdout;
        let last = String::from_utf8_lossy(&told).lines().filter_map(|line| line.parse().ok()).max();
        said = last.unwrap_or(said);
        nothing_is_missing(folder.path(), said).with_context(|| format!("after kill {time}, and commit {said}"))?;
    }
    ensure!(said > 0, "every process was killed before its first commit");
    Ok(said)
}

fn nothing_is_missing(folder: &Path, said: u64) -> Result<()> {
    let index = Index::open(folder)?;
    index.check()?;
    let commits = index.cursor();
    ensure!(commits >= said, "the index goes back to commit {commits}");
    ensure!(index.pages() == commits * PAGES, "it has {} pages of {commits} commits", index.pages());
    for commit in 1..=commits {
        for number in 0..PAGES {
            ensure!(index.contains(&page_id(commit, number))?, "page {number} of commit {commit} is not there");
        }
    }
    Ok(())
}

fn page_id(commit: u64, number: u64) -> PageId {
    PageId::derived([commit.to_be_bytes().as_slice(), number.to_be_bytes().as_slice()])
}

/// A page that nobody has sealed.
pub fn page(commit: u64, number: u64) -> PageDocument {
    let word = |text: String| Word::read(text, Place { x: 100, y: 100, w: 60, h: 30 }, 90);
    let line = Line::of(vec![word("commit".to_owned()), word(commit.to_string()), word(number.to_string())]);
    PageDocument {
        page: page_id(commit, number),
        number: number as u32 + 1,
        frame: None,
        arrived: commit,
        fields: fields(commit),
        text: PageText { width: 2550, height: 3300, blocks: vec![Block::of(vec![line])], ..PageText::default() },
        before: Edges::default(),
        behind: Edges::default(),
    }
}

fn fields(commit: u64) -> DocumentFields {
    DocumentFields {
        document: DocumentId::derived([commit.to_be_bytes().as_slice()]),
        batch: BatchId::derived([commit.to_be_bytes().as_slice()]),
        filed: true,
        mrn: "MRN-1".parse().ok(),
        encounter: None,
        document_type: None,
        department: None,
        date: None,
        source: SourceKind::Scan,
        station: "station-1".to_owned(),
        scanned: Timestamp(0),
        reel: None,
    }
}
