//! What a disk damages is put right from a replica, told to auditors and administrators, and never served.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tests::browser::Browser;
use tests::{program, samples, site::Site};

use crate::browser::pictures;

/// A site whose replica is a folder of its own.
fn site() -> Result<(Site, PathBuf)> {
    let site = Site::start_with(1, &["--replica", "../replica"], Vec::new())?;
    let replica = site.root().join("replica");
    Ok((site, replica))
}

fn store_of(site: &Site) -> Result<Value> {
    site.caller("auditor")?.json("/api/v1/store")
}

/// Waits until the replica has all that the store has.
fn followed(site: &Site) -> Result<()> {
    program::wait_for("the replica", || {
        let told = store_of(site)?;
        let replica = &told["replica"];
        Ok((replica["behind"] == 0 && replica["error"].is_null()).then_some(()))
    })
}

fn blob(store: &Path, bytes: &[u8]) -> PathBuf {
    let hex = record::Digest::of(bytes).hex();
    store.join(format!("blobs/sha256/{}/{}/{hex}", &hex[..2], &hex[2..4]))
}

fn flip(path: &Path) -> Result<Vec<u8>> {
    let good = fs::read(path)?;
    let mut bytes = good.clone();
    let at = bytes.len() / 2;
    bytes[at] ^= 0x10;
    fs::write(path, bytes)?;
    Ok(good)
}

/// `chartroom scrub`, whether it succeeds or not.
fn scrub(site: &Site, more: &[&str]) -> Result<(bool, Value)> {
    let words = [&["scrub", "--json"], more].concat();
    let output = site.chartroom(&words)?;
    let report =
        serde_json::from_slice(&output.stdout).with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok((output.status.success(), report))
}

#[test]
fn damage_is_put_right_from_the_replica_and_told() -> Result<()> {
    let (site, replica) = site()?;
    let error = program::wait_for("word of the replica", || {
        let error = store_of(&site)?["replica"]["error"].clone();
        Ok(error.as_str().map(str::to_owned))
    })?;
    ensure!(error.contains("no folder"), "a disk that is not there is away: {error}");
    site.import(&site.token("technician")?, &[samples::path("clinic-letter.png")], &["--patient", samples::MRN])?;
    fs::create_dir(&replica)?;
    program::wait_for("the replica to come back", || Ok(followed(&site).ok()))?;

    // The replica is an archive of its own, and whole.
    let checkpoint = site.store().join("log/checkpoint");
    let verify = || {
        program::command("chartroom-verify")?
            .arg("--store")
            .arg(&replica)
            .arg("--key")
            .arg(site.log_key())
            .arg("--since")
            .arg(replica.join("log/checkpoint"))
            .output()
            .map_err(anyhow::Error::from)
    };
    ensure!(checkpoint.exists());
    let said = program::succeed("chartroom-verify of the replica", verify()?)?;
    ensure!(said.ends_with("sound\n"), "{said}");

    // Somebody looks at a damaged page: it is served as it was sealed, and mended.
    let searcher = site.caller("searcher")?;
    let page = searcher.search("electrocardiogram")?[0]["page"].as_str().context("a page")?.to_owned();
    let image = searcher.bytes(&format!("/api/v1/pages/{page}/image"))?;
    let path = blob(&site.store(), &image);
    flip(&path)?;
    ensure!(searcher.bytes(&format!("/api/v1/pages/{page}/image"))? == image, "the page as it was sealed");
    ensure!(fs::read(&path)? == image, "and so it is on the disk again");
    program::wait_for("the event", || Ok((store_of(&site)?["repaired"] == 1).then_some(())))?;

    // Of each kind of object one is damaged, in one bucket or the other; a pass finds and mends all.
    let victims = ["manifests", "log/tile/entries", "log/tile/0", "log/commits"];
    let mut damaged = Vec::new();
    for (n, kind) in victims.iter().enumerate() {
        let store = if n % 2 == 0 { site.store() } else { replica.clone() };
        let victim = first_file(&store.join(kind))?;
        damaged.push((victim.clone(), flip(&victim)?));
    }
    followed(&site)?;
    let (fine, report) = scrub(&site, &["--dry-run"])?;
    ensure!(!fine && report["repaired"] == 0 && report["damaged"].as_u64() >= Some(3), "{report}");
    let (fine, report) = scrub(&site, &[])?;
    ensure!(fine && report["damaged"] == 0 && report["replica"] == true, "{report}");
    for (victim, good) in &damaged {
        // An edge of the tree may have been superseded by the events that told of the others.
        ensure!(!victim.exists() || fs::read(victim)? == *good, "{} is as it was", victim.display());
    }
    let (code, report) = site.verify()?;
    ensure!(code == 0 && report["notes"].to_string().contains("\"repaired\""), "known, and no finding: {report}");
    ensure!(
        report["notes"].as_array().is_some_and(|notes| notes.iter().all(|note| note["code"] != "quarantined")),
        "{report}"
    );
    ensure!(scrub(&site, &[])?.1["repaired"] == 0, "nothing is left to do");
    Ok(())
}

#[test]
fn without_a_good_copy_it_is_named_until_somebody_restores_it() -> Result<()> {
    let site = Site::start_with(1, &[], Vec::new())?;
    site.import(&site.token("technician")?, &[samples::path("clinic-letter.png")], &["--patient", samples::MRN])?;
    let searcher = site.caller("searcher")?;
    let page = searcher.search("electrocardiogram")?[0]["page"].as_str().context("a page")?.to_owned();
    let image = searcher.bytes(&format!("/api/v1/pages/{page}/image"))?;
    let path = blob(&site.store(), &image);
    let good = flip(&path)?;
    ensure!(searcher.status(&format!("/api/v1/pages/{page}/image"))? == 503, "not served");
    let told = program::wait_for("the event", || {
        let told = store_of(&site)?;
        Ok((told["damaged"] == 1).then_some(told))
    })?;
    ensure!(path.ends_with(told["damage"][0]["object"].as_str().context("a name")?), "{told}");
    let (fine, report) = scrub(&site, &[])?;
    ensure!(!fine && report["damaged"] == 1, "{report}");
    ensure!(fs::read(&path)? != good, "what is there stays");

    // Administrators see it before anything else.
    site.account("ada", "admin", "nine lives of a cat")?;
    let browser = Browser::start(&pictures())?;
    browser.log_in(&site.url(), "ada", "nine lives of a cat")?;
    browser
        .wait_for("the number in the navigation", "return document.querySelector('nav .badge.bad') ? true : null")?;
    browser.open(&format!("{}/ledger", site.url()))?;
    let row = browser.wait_for(
        "the row",
        "const row = document.querySelector('[role=alert] + table tbody tr'); return row && row.innerText",
    )?;
    ensure!(row.as_str().is_some_and(|row| row.contains("blobs/sha256")), "{row}");
    browser.screenshot("fixity-1-damaged")?;

    fs::write(&path, &good)?;
    let (fine, report) = scrub(&site, &[])?;
    ensure!(fine && report["damaged"] == 0, "{report}");
    program::wait_for("the news", || Ok((store_of(&site)?["damaged"] == 0).then_some(())))?;
    let metrics = String::from_utf8(site.caller("auditor")?.bytes("/metrics")?)?;
    ensure!(
        metrics.contains("chartroom_objects_damaged 0") && metrics.contains("chartroom_objects_repaired 1"),
        "{metrics}"
    );
    browser.open(&format!("{}/ledger", site.url()))?;
    browser.screenshot("fixity-2-restored")
}

fn first_file(folder: &Path) -> Result<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    entries.sort();
    let first = entries.into_iter().next().context("something is in it")?;
    if first.is_dir() { first_file(&first) } else { Ok(first) }
}
