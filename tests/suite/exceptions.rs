//! What is ambiguous waits for a person, safe and unseen by searchers; nothing is guessed.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tests::{program, samples, site::Site};

#[test]
fn a_document_without_a_patient_waits_until_a_technician_files_it() -> Result<()> {
    let site = Site::start(1)?;
    let patients = samples::path("patients.csv");
    program::succeed("chartroom patients", site.chartroom(&["patients", "import", &patients.to_string_lossy()])?)?;
    let station = site.token("technician")?;
    site.import(&station, &[samples::path("clinic-letter.png")], &[])?;
    site.import(&station, &[samples::path("lab-report.tif")], &["--patient", "MRN-999999"])?;

    let (technician, searcher) = (site.caller("technician")?, site.caller("searcher")?);
    let waiting = technician.json("/api/v1/exceptions")?.to_string();
    ensure!(waiting.contains("no-patient") && waiting.contains("unknown-mrn"), "{waiting}");
    let unseen = searcher.json("/api/v1/search?q=electrocardiogram")?;
    ensure!(
        unseen["total"] == 0 && unseen["hits"].as_array().is_some_and(Vec::is_empty),
        "not even in a count: {unseen}"
    );

    let hidden = technician.json("/api/v1/search?q=electrocardiogram")?;
    let document = hidden["hits"][0]["document"].as_str().context("technicians see what waits")?;
    ensure!(searcher.status(&format!("/api/v1/documents/{document}"))? == 404, "a searcher is not told that it exists");

    let fields = format!("/api/v1/documents/{document}/fields");
    let wrong = technician.revise(&fields, 1, &json!({"mrn": "no number"}))?;
    ensure!(wrong == 422 || wrong == 400, "a malformed number is refused: {wrong}");
    let entered = json!({"mrn": "MRN-311054", "document_type": "LETTER", "date": "1975-11-12"});
    let filed = technician.revise(&fields, 1, &entered)?;
    ensure!(filed == 200, "filing answered {filed}");
    let late = technician.revise(&fields, 1, &json!({"mrn": "MRN-104233"}))?;
    ensure!(late == 412, "a second person's late edit is refused: {late}");

    program::wait_for("the filed document to be found", || {
        Ok((searcher.search("electrocardiogram")?.len() == 1).then_some(()))
    })?;
    let found = searcher
        .json("/api/v1/search?q=electrocardiogram&patient=MRN-311054&type=LETTER&from=1975-01-01&to=1975-12-31")?;
    ensure!(found["total"] == 1, "the filters know the new fields: {found}");
    let (code, report) = site.verify()?;
    ensure!(code == 0, "{report}");
    Ok(())
}

#[test]
fn sheets_split_a_stack_and_damaged_ones_are_not_guessed_at() -> Result<()> {
    let site = Site::start(1)?;
    let output = program::command("scanner-agent")?
        .args(["import", "--dry-run", "--json"])
        .arg(samples::path("morning-batch"))
        .output()?;
    let plan: serde_json::Value = serde_json::from_str(&program::succeed("scanner-agent import --dry-run", output)?)?;
    let documents = plan["documents"].as_array().context("documents")?;
    ensure!(documents.len() == 4, "four documents come of the stack: {plan}");
    ensure!(documents[0]["mrn"] == "MRN-104233", "{plan}");

    let report = site.import(&site.token("technician")?, &[samples::path("morning-batch")], &[])?;
    ensure!(report["documents"].as_array().map(Vec::len) == Some(4), "{report}");
    let searcher = site.caller("searcher")?;
    let hits = searcher.json("/api/v1/search?q=cholangiogram&patient=MRN-207719")?;
    ensure!(hits["total"] == 1, "filed under the patient on its sheet: {hits}");
    Ok(())
}
