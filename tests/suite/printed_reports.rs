//! What the auditor's program prints, other people's readers of PDF can read.

use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};
use tests::{program, site::Site};

#[test]
fn a_report_is_printed_with_its_verdict_its_findings_and_the_checkpoint() -> Result<()> {
    let site = Site::start_with(0, &[], Vec::new())?;
    tests::fuzz::filled(&site)?;
    let pdf = site.root().join("report.pdf");
    let verify = || -> Result<String> {
        let mut command = program::command("chartroom-verify")?;
        command.arg("--store").arg(site.store()).arg("--key").arg(site.log_key()).arg("--pdf").arg(&pdf).output()?;
        program::succeed("qpdf --check", Command::new("qpdf").arg("--check").arg(&pdf).output()?)?;
        program::succeed("pdftotext", Command::new("pdftotext").arg("-layout").arg(&pdf).arg("-").output()?)
    };
    let said = verify()?;
    let checkpoint = fs::read_to_string(site.store().join("log/checkpoint"))?;
    let root = checkpoint.lines().nth(2).unwrap_or_default();
    ensure!(said.contains("no-findings") && said.contains(root) && said.contains("NOT PROVEN freshness"), "{said}");
    ensure!(said.contains("page 1 of 1") && said.contains(site.store().to_string_lossy().as_ref()), "{said}");
    let manifests = tests::bucket::objects(&site.store().join("manifests"))?;
    ensure!(!manifests.is_empty(), "something is sealed");
    for name in &manifests {
        fs::write(site.store().join("manifests").join(name), b"something else")?;
    }
    let said = verify()?;
    ensure!(said.contains("manifest-wrong") && said.contains("NOT SOUND"), "{said}");
    Ok(())
}
