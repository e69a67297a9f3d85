//! A disk takes less of each write than it is given: everything goes on with the rest. Or it fills up in the middle of a write: what was said
//! to be safe is, and once there is room everything goes on. `scripts/torture syscalls` has it fill up at every write.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use archive::Archive;
use tests::handover::{address, folder, nothing_is_lost, signer, views};
use tests::program::Guarded;
use tests::site::Site;
use tests::{program, samples, small_disk, tampered};

/// Writes from one that is tried to the next.
const APART: usize = 2;

/// In which the second document that is handed over fills a tile.
async fn base(folder: &Path) -> Result<()> {
    Archive::init(&address(folder)?, signer()?).await?.append(views(0..254)).await.map(drop).context("filled")
}

#[tokio::test]
async fn a_hand_over_goes_on_where_less_was_written_than_it_gave() -> Result<()> {
    let folder = folder()?;
    small_disk::loses_what_is_not_written_again(folder.path())?;
    let store = folder.path().join("store");
    base(&store).await?;
    let ended = small_disk::hand_over(&program::path("torture")?, &store, small_disk::EACH)?;
    ensure!(ended.struck && ended.well && ended.told.len() == 2, "two documents are safe, and not {:?}", ended.told);
    nothing_is_lost(&store, &ended.told).await
}

#[tokio::test]
async fn a_disk_that_fills_up_loses_nothing_that_was_acknowledged() -> Result<()> {
    let folder = folder()?;
    let (store, full) = (folder.path().join("store"), folder.path().join("full"));
    base(&store).await?;
    for first in (1..).step_by(APART) {
        tampered::copy(&store, &full)?;
        let ended = small_disk::hand_over(&program::path("torture")?, &full, first)?;
        nothing_is_lost(&full, &ended.told).await.with_context(|| format!("full from write {first} on"))?;
        fs::remove_dir_all(&full)?;
        if !ended.struck {
            ensure!(ended.well && first > 10, "only {first} writes");
            return Ok(());
        }
        ensure!(!ended.well, "nobody noticed that the disk was full from write {first} on");
    }
    Ok(())
}

/// Spool, store, catalog, index, all on such a disk.
#[test]
fn a_whole_house_goes_on_where_less_was_written_than_it_gave() -> Result<()> {
    let site = Site::start_with(1, &[], small_disk::environment(small_disk::EACH)?)?;
    let mut import = site.station("import", &site.token("technician")?)?;
    import.args(["--wait", "--patient", samples::MRN]).envs(small_disk::environment(small_disk::EACH)?);
    let import = import.args([samples::path("discharge-summary.tif"), samples::path("clinic-letter.png")]).output()?;
    ensure!(small_disk::has_struck(&import.stderr), "the spool's disk took everything");
    program::succeed("scanner-agent import", import)?;
    ensure!(small_disk::has_struck(site.server_log()?.as_bytes()), "the server's disk took everything");
    let searcher = site.caller("searcher")?;
    ensure!(searcher.search("pleuritic")?.len() == 1 && searcher.search("electrocardiogram")?.len() == 1, "found once");
    let (code, report) = site.verify()?;
    ensure!(code == 0 && report["counts"]["manifests"] == 2, "{report}");
    program::succeed("chartroom replay-audit", site.chartroom(&["replay-audit"])?)?;
    Ok(())
}

/// It is full for a while, under a server that goes on: nothing is acknowledged that is not safe, no page is shown whose view is not in the
/// ledger, and once there is room what the station has arrives, and needs nobody.
#[test]
fn a_server_whose_disk_is_full_for_a_while_says_so_and_goes_on() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let full = folder.path().join("full");
    let site = Site::start_with(1, &[], small_disk::full_while(&full)?)?;
    let (technician, searcher) = (site.token("technician")?, site.caller("searcher")?);
    site.import(&technician, &[samples::path("clinic-letter.png")], &["--patient", samples::MRN])?;
    let page = searcher.search("electrocardiogram")?[0]["page"].as_str().context("a page")?.to_owned();
    fs::write(&full, "")?;

    let mut import = site.station("import", &technician)?;
    import.args(["--wait", "--patient", samples::MRN]).arg(samples::path("discharge-summary.tif"));
    let mut importing = Guarded(import.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
    program::wait_for("the server's disk to be full", || {
        Ok(small_disk::has_struck(site.server_log()?.as_bytes()).then_some(()))
    })?;
    let shown = || searcher.status(&format!("/api/v1/pages/{page}/image"));
    ensure!(shown()? == 503, "a page is shown, and nobody knows");
    ensure!(searcher.search("electrocardiogram")?.len() == 1, "words are found all the same");
    ensure!(importing.0.try_wait()?.is_none(), "the station gave up");

    fs::remove_file(&full)?;
    let ended = importing.0.wait()?;
    ensure!(ended.success(), "the station: {ended}");
    ensure!(searcher.search("pleuritic")?.len() == 1, "what was waiting is there once");
    ensure!(shown()? == 200, "the page is shown again");
    let (code, report) = site.verify()?;
    ensure!(code == 0 && report["counts"]["manifests"] == 2, "{report}");
    program::succeed("chartroom replay-audit", site.chartroom(&["replay-audit"])?)?;
    Ok(())
}
