//! What somebody saw, searched for and took away is told to an audit repository in FHIR, which other people's code reads.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tests::{program, samples, site::Site};

/// Reads each line with `fhir.resources` (PyPI), whose R4B AuditEvent is that of R4.
const READER: &str = r#"
import sys
from fhir.resources.R4B.auditevent import AuditEvent
for line in open(sys.argv[1]):
    event = AuditEvent.model_validate_json(line)
    print(event.action, event.type.code, event.agent[0].who.display)
"#;

#[test]
fn accesses_become_fhir_audit_events() -> Result<()> {
    let site = Site::start(1)?;
    site.import(&site.token("technician")?, &[samples::path("clinic-letter.png")], &["--patient", samples::MRN])?;
    let searcher = site.caller("searcher")?;
    let hits = searcher.json(&format!("/api/v1/search?q=&patient={}", samples::MRN))?;
    let document = hits["hits"][0]["document"].as_str().context("a hit")?;
    searcher.bytes(&format!("/api/v1/documents/{document}/pdf"))?;
    searcher.bytes(&format!("/api/v1/search.csv?q=patient:{}", samples::MRN))?;

    // The ledger says that a patient was searched for, and not which.
    let events = site.caller("auditor")?.json("/api/v1/ledger/events?most=1000")?;
    let searched = events["events"].as_array().context("events")?.iter();
    let searched = searched.filter(|one| one["event"]["type"] == "patient-searched").count();
    ensure!(searched == 2 && !events.to_string().contains(samples::MRN), "{events}");
    ensure!(events.to_string().contains("\"form\":\"list\""), "a list to keep is another form of view");

    let lines = program::succeed("chartroom audit-events", site.chartroom(&["audit-events"])?)?;
    let resources: Vec<Value> = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let of = |code: &str| resources.iter().filter(|one| one["type"]["code"] == code).collect::<Vec<_>>();
    ensure!(of("110112").len() == 2 && !of("110110").is_empty() && of("110106").len() >= 2, "{lines}");
    let export = of("110106")[0];
    ensure!(export["entity"][0]["what"]["identifier"]["value"] == samples::MRN, "{export}");
    let next = resources.last().and_then(|last| last["id"].as_str()?.strip_prefix("ledger-")).context("an id")?;
    let rest = program::succeed("chartroom audit-events", site.chartroom(&["audit-events", "--from", next])?)?;
    ensure!(rest.lines().count() == 1, "from there on: {rest}");

    let file = site.root().join("events.ndjson");
    fs::write(&file, &lines)?;
    let python = program::cache()?.join("venv/bin/python");
    let read = program::succeed("fhir.resources", Command::new(python).args(["-c", READER]).arg(&file).output()?)?;
    ensure!(read.lines().count() == resources.len() && read.contains("R 110106 searcher"), "{read}");
    Ok(())
}
