//! What an auditor stumbles over: objects that nobody put there, and keys that are none.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use tests::program;
use tests::site::Site;

#[test]
fn whatever_lies_outside_is_named_and_changes_no_verdict() -> Result<()> {
    let site = Site::start_with(0, &[], Vec::new())?;
    let strays = ["stray", "foo/bar", "blobs/stray", "blobs/md5/aa", "log/spare", "log/commits.old/1", "manifests/x/y"];
    for stray in strays {
        let file = site.store().join(stray);
        fs::create_dir_all(file.parent().context("a folder")?)?;
        fs::write(file, "who put this here?")?;
    }
    let (code, report) = site.verify()?;
    let notes = report["notes"].as_array().context("notes")?;
    for stray in strays {
        let noted = notes.iter().any(|note| note["code"] == "unknown-object" && note["object"] == stray);
        ensure!(noted, "{stray} is not named: {report}");
    }
    ensure!(code == 0 && report["findings"].as_array().is_some_and(Vec::is_empty), "{report}");
    Ok(())
}

#[test]
fn a_file_that_is_no_key_is_said_to_be_none() -> Result<()> {
    let site = Site::start_with(0, &[], Vec::new())?;
    let private = site.data().join("keys/log.key");
    let malformed = site.root().join("malformed.pub");
    fs::write(&malformed, "charts.example.org/log+12345678+AAAA\n")?;
    for file in [private, malformed] {
        let mut command = program::command("chartroom-verify")?;
        let output = command.arg("--store").arg(site.store()).arg("--key").arg(&file).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        let names_it = said.contains(&*file.to_string_lossy()) && said.contains("is no public key");
        ensure!(output.status.code() == Some(3) && names_it && said.contains("name+<8 hex digits>"), "{said}");
    }
    Ok(())
}
