//! The server's clock jumps while it runs (libfaketime): what would be dated wrongly is not sealed.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tests::{fuzz, program, site::Site};

/// Debian's, for whichever machine this is.
fn library() -> Result<String> {
    let listed = program::succeed("dpkg", Command::new("dpkg").args(["-L", "libfaketime"]).output()?)?;
    let found = listed.lines().find(|file| file.ends_with("libfaketime.so.1"));
    Ok(found.context("libfaketime is not installed; run scripts/setup --tests")?.to_owned())
}

#[test]
fn nothing_is_sealed_by_a_clock_that_has_jumped() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let offset = folder.path().join("offset");
    fs::write(&offset, "+0")?;
    let environment = [
        ("LD_PRELOAD", library()?),
        ("FAKETIME_TIMESTAMP_FILE", offset.to_string_lossy().into_owned()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    let site = Site::start_with(0, &[], environment.map(|(name, value)| (name.to_owned(), value)).to_vec())?;
    let document = fuzz::filled(&site)?;
    let times = [("+0", 200), ("-1h", 503), ("+0", 200), ("+1d", 503), ("-1d", 503), ("+10", 200)];
    // Somebody else each time, so that each look is one of its own, which has to be in the ledger first.
    let callers = times.iter().map(|_| site.caller("searcher")).collect::<Result<Vec<_>>>()?;
    for ((time, expected), searcher) in times.iter().zip(callers) {
        fs::write(&offset, time)?;
        let status = searcher.status(&format!("/api/v1/documents/{document}/bundle"))?;
        ensure!(status == *expected, "{status} where the clock is at {time}");
    }
    let (code, report) = site.verify()?;
    ensure!(code == 0, "{report}");
    Ok(())
}
