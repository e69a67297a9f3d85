//! Catalog and index are changed by somebody, and by the disk: each change is named, each flip is found or changes nothing, and a rebuild
//! puts everything right.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use tests::flipped;
use tests::program;
use tests::tampered::{self, House};

use crate::course::Course;

const CHANGES: u64 = 1_000;
const FLIPS: u64 = 10_000;
/// Flips of each that are put right by a rebuild, the others by a copy.
const REBUILT: usize = 10;

pub fn replay(from: u64) -> Result<String> {
    let mut course = Course::new("replay", from, CHANGES);
    tampered::changes(from..CHANGES, |case| course.at(case))?;
    Ok(format!("{CHANGES} changes of catalog and index, each named by its kind"))
}

pub fn flips(from: u64) -> Result<String> {
    let house = House::filled()?;
    let mut course = Course::new("projections", from, FLIPS);
    let catalog = flipped::catalog(&house.catalog(), from..FLIPS, |case| course.at(case))?;
    let mut course = Course::new("projections", from, FLIPS);
    let index = flipped::index(&house.index(), from..FLIPS, |case| course.at(case))?;
    ensure!(index.found > 0, "{catalog:?}, {index:?}");
    for n in 0..REBUILT {
        heal(&house, n)?;
    }
    Ok(format!(
        "{FLIPS} flips in the catalog, {} found, {} changed no row; {FLIPS} in the index, {} found, {} changed no answer; \
         {REBUILT} rebuilt",
        catalog.found, catalog.harmless, index.found, index.harmless
    ))
}

/// Both are damaged all over, and both are as before after a rebuild.
fn heal(house: &House, n: usize) -> Result<()> {
    spoil(&house.catalog(), n)?;
    for entry in fs::read_dir(house.index())? {
        spoil(&entry?.path(), n)?;
    }
    ensure!(!house.site.chartroom(&["replay-audit"])?.status.success(), "nobody found the damage");
    program::succeed("chartroom rebuild", house.site.chartroom(&["rebuild"])?)?;
    let (fine, report) = house.audit()?;
    ensure!(fine, "after the rebuild: {report}");
    Ok(())
}

fn spoil(file: &Path, n: usize) -> Result<()> {
    let mut bytes = fs::read(file)?;
    bytes.iter_mut().skip(n).step_by(97).for_each(|byte| *byte ^= 0x10);
    fs::write(file, bytes).with_context(|| file.display().to_string())
}
