//! Somebody changes what people see, and not the ledger, or the disk does: each change is found by folding the ledger anew, and named; a
//! rebuild puts it right. `scripts/torture replay projections` does the same a thousand and ten thousand times.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use tests::tampered::{self, House};
use tests::{flipped, program, samples, site::Site};

/// Each kind twice.
const CHANGES: u64 = 22;
const FLIPS: u64 = 40;

#[test]
fn whatever_catalog_and_index_show_otherwise_is_named() -> Result<()> {
    let mut house = tampered::changes(0..CHANGES, |_| {})?;
    house.site.restart()?;
    let (fine, report) = house.audit()?;
    ensure!(fine && report["pages"] == 4, "with all as it was, while the server runs: {report}");
    Ok(())
}

#[test]
fn a_flipped_bit_is_found_or_changes_nothing() -> Result<()> {
    let house = House::filled()?;
    let catalog = flipped::catalog(&house.catalog(), 0..FLIPS, |_| {})?;
    let index = flipped::index(&house.index(), 0..FLIPS, |_| {})?;
    // Most of the catalog's file is empty; that damage to it is found is seen below.
    ensure!(catalog.found + catalog.harmless == FLIPS && index.found >= FLIPS / 2, "{catalog:?}, {index:?}");

    // The command says so, and a rebuild puts it right, from the bucket alone.
    let mut bytes = fs::read(house.catalog())?;
    bytes.iter_mut().skip(4096).step_by(61).for_each(|byte| *byte ^= 1);
    fs::write(house.catalog(), bytes)?;
    ensure!(!house.site.chartroom(&["replay-audit"])?.status.success(), "a damaged catalog is found");
    program::succeed("chartroom rebuild", house.site.chartroom(&["rebuild", "--catalog"])?)?;
    let (fine, report) = house.audit()?;
    ensure!(fine, "after the rebuild: {report}");
    Ok(())
}

#[test]
fn a_damaged_index_is_made_anew_while_it_answers() -> Result<()> {
    let mut house = House::filled()?;
    let largest = fs::read_dir(house.index())?.filter_map(Result::ok).map(|entry| entry.path());
    let largest = largest.filter(|path| path.extension().is_some_and(|ending| ending == "store"));
    let largest = largest.max_by_key(|path| fs::metadata(path).map_or(0, |about| about.len())).context("a file")?;
    // Between what is stored and the file's own footer, where no search stumbles over it.
    flipped::flip(&largest, fs::metadata(&largest)?.len() as usize * 4)?;
    let (fine, report) = house.audit()?;
    ensure!(!fine && report["findings"][0]["kind"] == "damaged-index", "{report}");
    house.site.restart()?;
    program::wait_for("the index to be made anew", || {
        Ok(house.site.server_log()?.contains("was made anew and has taken its place").then_some(()))
    })?;
    let hits = house.site.caller("searcher")?.search("pleuritic")?;
    ensure!(!hits.is_empty(), "and it answers");
    let (fine, report) = house.audit()?;
    ensure!(fine, "{report}");
    Ok(())
}

/// Where nobody reads, somebody who waits is told so.
#[test]
fn waiting_where_nobody_reads_says_what_to_do() -> Result<()> {
    let site = Site::start(0)?;
    let mut import = site.station("import", &site.token("technician")?)?;
    import.args(["--wait", "--wait-timeout", "35", "--patient", samples::MRN]);
    let output = import.arg(samples::path("lab-report.tif")).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(!output.status.success() && said.contains("1 of 1 pages wait") && said.contains("ocr-worker"), "{said}");
    Ok(())
}
