//! Catalog and store are set back, together and each alone. What nobody can find out by looking at the folder is never called sound; who has
//! seen more finds it: an auditor with a checkpoint, witnesses, the signer. `scripts/torture rollback` does it for fifty checkpoints.

use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};
use tests::program;
use tests::set_back::House;
use tests::site::Site;
use tests::tampered::copy;

use crate::witnesses::ours;

#[test]
fn a_folder_that_was_set_back_is_never_called_sound_and_whoever_remembers_finds_it() -> Result<()> {
    let mut house = House::new()?;
    house.go_on()?;
    house.keep("old")?;
    house.go_on()?;
    house.go_on()?;
    let newest = house.write_down()?;
    house.set_back_store("old", &newest)?;
    house.set_back_catalog("old")?;
    house.set_back_whole("old", &newest)
}

/// A witness has seen more, and cosigns nothing; once what it cosigned before is too old, an auditor who trusts it is told so.
#[test]
fn no_witness_cosigns_a_folder_that_was_set_back() -> Result<()> {
    let mut site = Site::start_with(0, &[], Vec::new())?;
    let witness = ours(site.root().join("witness"), &site.log_key())?;
    let (policy, log) = (site.root().join("policy"), fs::read_to_string(site.log_key())?);
    fs::write(&policy, format!("log {log}witness w {} {}\nquorum w\n", witness.key, witness.url))?;
    fs::copy(&policy, site.data().join("policy"))?;
    let words = ["--policy".to_owned(), policy.to_string_lossy().into_owned()];
    let cosigned = |site: &Site| {
        program::wait_for("the witness to see the newest events", || {
            let (code, report) = site.verify_with(&words)?;
            Ok((code == 0 && report["witnessed"]["events"] == report["counts"]["events"]).then_some(()))
        })
    };
    site.restart()?;
    cosigned(&site)?;
    site.stop_server()?;
    let old = site.root().join("old");
    copy(&site.data(), &old)?;
    site.restart()?;
    site.token("auditor")?;
    cosigned(&site)?;
    site.stop_server()?;

    fs::remove_dir_all(site.data())?;
    fs::rename(old, site.data())?;
    site.restart()?;
    program::wait_for("the server to be told", || {
        Ok(site.server_log()?.contains("the ledger was set back").then_some(()))
    })?;
    let mut verify = Command::new("faketime");
    verify.args(["-f", "+25h"]).arg(program::path("chartroom-verify")?).args(["--json", "--store"]).arg(site.store());
    let output = verify.args(&words).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.code() == Some(1) && said.contains("\"not-witnessed\""), "a day later: {said}");
    Ok(())
}
