//! No entry of the ledger holds anything of a patient, whatever people do: entries are for ever, and for everybody.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tests::{program, samples, site::Site};

#[test]
fn no_entry_names_a_patient() -> Result<()> {
    let site = Site::start(1)?;
    let patients = samples::path("patients.csv");
    program::succeed("chartroom patients", site.chartroom(&["patients", "import", &patients.to_string_lossy()])?)?;
    let technician = site.token("technician")?;
    site.import(
        &technician,
        &[samples::path("discharge-summary.tif")],
        &["--patient", samples::MRN, "--batch", "Quillon, Averil"],
    )?;
    let searcher = site.caller("searcher")?;
    let hits = searcher.search("pleuritic")?;
    let document = hits[0]["document"].as_str().context("a document")?.to_owned();
    searcher.search(&format!("patient:{}", samples::MRN))?;
    searcher.json(&format!("/api/v1/documents/{document}"))?;
    searcher.bytes(&format!("/api/v1/documents/{document}/pdf"))?;
    searcher.bytes(&format!("/api/v1/documents/{document}/bundle"))?;
    searcher
        .post("/api/v1/searches", &json!({ "name": "Averil Quillon", "query": format!("patient={}", samples::MRN) }))?;
    let fields = json!({ "mrn": samples::MRN, "document_type": "LETTER" });
    let status = site.caller("technician")?.revise(&format!("/api/v1/documents/{document}/fields"), 1, &fields)?;
    ensure!(status == 200, "the second version: {status}");
    site.chartroom(&["scrub"])?;
    site.chartroom(&["replay-audit"])?;

    let events = site.caller("auditor")?.json("/api/v1/ledger/events?most=1000")?["events"].to_string().to_lowercase();
    for kind in
        ["sealed", "read", "viewed", "patients-recorded", "patient-searched", "search-saved", "scrubbed", "replayed"]
    {
        ensure!(events.contains(&format!("\"type\":\"{kind}\"")), "there is a {kind}: {events}");
    }
    let list = std::fs::read_to_string(&patients)?;
    let words = list.lines().skip(1).flat_map(|line| line.split([',', ' ', '"'])).filter(|word| word.len() > 3);
    for word in words.chain([samples::MRN, "pleuritic", "discharge-summary", "LETTER"]) {
        ensure!(!events.contains(&word.to_lowercase()), "{word} stands in the ledger: {events}");
    }
    Ok(())
}
