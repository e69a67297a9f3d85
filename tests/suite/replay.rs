//! Somebody changes what people see, and not the ledger: each change is found by folding the ledger anew, and named.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use indexer::Index;
use serde_json::{Value, json};
use tests::{program, samples, site::Site};

/// `chartroom replay-audit`, whether it finds anything or not.
fn audit(site: &Site) -> Result<(bool, Value)> {
    let output = site.chartroom(&["replay-audit", "--json"])?;
    let report = serde_json::from_slice(&output.stdout);
    Ok((output.status.success(), report.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Statements that somebody runs on the catalog's file, with Debian's Python.
fn tamper(site: &Site, sql: &str) -> Result<()> {
    let script = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.executescript(sys.argv[2]); db.commit()";
    let python = program::cache()?.join("venv/bin/python");
    let file = site.data().join("catalog.sqlite");
    let output = std::process::Command::new(python).args(["-c", script]).arg(file).arg(sql).output()?;
    program::succeed("sqlite", output).map(drop)
}

#[test]
fn whatever_catalog_and_index_show_otherwise_is_named() -> Result<()> {
    let mut site = Site::start_with(1, &[], Vec::new())?;
    let technician = site.token("technician")?;
    site.import(&technician, &[samples::path("discharge-summary.tif")], &["--patient", samples::MRN])?;
    site.import(&technician, &[samples::path("clinic-letter.png")], &["--patient", samples::MRN])?;
    let searcher = site.caller("searcher")?;
    let hit = |word: &str| -> Result<(String, String)> {
        let hits = searcher.search(word)?;
        let id = |name: &str| hits[0][name].as_str().map(str::to_owned).context("a hit");
        Ok((id("document")?, id("page")?))
    };
    let ((summary, _), (letter, page)) = (hit("pleuritic")?, hit("electrocardiogram")?);
    let fields = json!({ "mrn": samples::MRN, "document_type": "LETTER" });
    let status = site.caller("technician")?.revise(&format!("/api/v1/documents/{summary}/fields"), 1, &fields)?;
    ensure!(status == 200, "the second version: {status}");
    let (fine, report) = audit(&site)?;
    ensure!(fine && report["found"] == 0 && report["pages"] == 3, "while the server runs: {report}");
    site.stop_server()?;
    let (clean, cut) = (site.root().join("clean"), site.root().join("cut"));
    copy(&site.data().join("index"), &clean)?;
    fs::copy(site.data().join("catalog.sqlite"), site.root().join("clean.sqlite"))?;

    // The page is taken out of the index, and put into it for another patient.
    copy(&clean, &cut)?;
    let index = Index::open(&cut)?;
    index.remove(&page.parse()?)?;
    index.commit(index.cursor())?;
    drop(index);
    let planted: [(&str, String, &str, &str); 7] = [
        (
            "a dropped document",
            format!("DELETE FROM documents WHERE document = '{letter}'"),
            "dropped-document",
            &letter,
        ),
        (
            "a ghost",
            format!(
                "INSERT INTO documents SELECT '00000000-0000-4000-8000-000000000001', version, manifest, batch, source_kind, station, \
                     created, filed, mrn, encounter, document_type, date, pages, sealed_index, mrn_digits, reel, department FROM documents \
                     WHERE document = '{letter}'"
            ),
            "ghost-document",
            "00000000-0000-4000-8000-000000000001",
        ),
        (
            "a stale revision",
            format!("UPDATE documents SET version = 1, document_type = NULL WHERE document = '{summary}'"),
            "stale-revision",
            &summary,
        ),
        (
            "a swapped patient",
            format!("UPDATE documents SET mrn = '999999' WHERE document = '{letter}'"),
            "swapped-patient",
            &letter,
        ),
        ("a hidden view", "DELETE FROM events WHERE event LIKE '%viewed%'".to_owned(), "other-row", ""),
        (
            "a page made unreadable",
            format!("UPDATE pages SET state = 'sealed', text = NULL WHERE page = '{page}'"),
            "other-row",
            &page,
        ),
        ("a page that is not found", String::new(), "dropped-page", &page),
    ];
    for (what, sql, kind, named) in planted {
        if sql.is_empty() {
            fs::remove_dir_all(site.data().join("index"))?;
            copy(&cut, &site.data().join("index"))?;
        } else {
            tamper(&site, &sql)?;
        }
        let (fine, report) = audit(&site)?;
        let findings = report["findings"].as_array().cloned().unwrap_or_default();
        let found = findings
            .iter()
            .any(|one| one["kind"] == kind && one["what"].as_str().is_some_and(|what| what.contains(named)));
        ensure!(!fine && found, "{what} is no {kind}: {report}");
        ensure!(!report.to_string().contains(samples::MRN), "no patient is named: {report}");
        for rest in ["catalog.sqlite-wal", "catalog.sqlite-shm"] {
            let _ = fs::remove_file(site.data().join(rest));
        }
        fs::copy(site.root().join("clean.sqlite"), site.data().join("catalog.sqlite"))?;
    }
    fs::remove_dir_all(site.data().join("index"))?;
    copy(&clean, &site.data().join("index"))?;
    site.restart()?;
    let (fine, report) = audit(&site)?;
    ensure!(fine, "with all as it was: {report}");
    Ok(())
}
