//! Who may see what, tried over HTTP. The policy's table is in `api`; this is the door.

use anyhow::{Result, ensure};
use tests::{http::Caller, samples, site::Site};

#[test]
fn nobody_sees_what_they_may_not() -> Result<()> {
    let site = Site::start(1)?;
    site.import(&site.token("technician")?, &[samples::path("clinic-letter.png")], &["--patient", samples::MRN])?;
    let searcher = site.caller("searcher")?;
    let hits = searcher.search("electrocardiogram")?;
    let page = hits[0]["page"].as_str().unwrap_or_default().to_owned();
    let document = hits[0]["document"].as_str().unwrap_or_default().to_owned();

    let stranger = Caller::new(&site.url(), "not-a-token")?;
    let doors = [
        "/api/v1/search?q=electrocardiogram".to_owned(),
        format!("/api/v1/documents/{document}"),
        format!("/api/v1/documents/{document}/pdf"),
        format!("/api/v1/pages/{page}/words"),
        format!("/api/v1/pages/{page}/alto"),
        format!("/api/v1/pages/{page}/hocr"),
        format!("/api/v1/pages/{page}/text"),
        format!("/api/v1/pages/{page}/image"),
        format!("/iiif/3/{page}/info.json"),
        format!("/iiif/3/{page}/full/200,/0/default.jpg"),
        format!("/iiif/presentation/3/{document}/manifest"),
        format!("/iiif/search/2/{document}?q=murmur"),
    ];
    let (worker, auditor) = (site.caller("worker")?, site.caller("auditor")?);
    for door in &doors {
        ensure!(searcher.status(door)? == 200, "a searcher may open {door}, but got {}", searcher.status(door)?);
        ensure!(stranger.status(door)? == 401, "a stranger at {door} got {}", stranger.status(door)?);
        for (who, caller) in [("worker", &worker), ("auditor", &auditor)] {
            let status = caller.status(door)?;
            ensure!(status == 403 || status == 404, "{who} at {door} got {status}");
        }
    }
    ensure!(auditor.status(&format!("/api/v1/documents/{document}/proof"))? == 200, "an auditor may see the proof");
    ensure!(searcher.status("/api/v1/ledger/events?from=0")? != 200, "a searcher may not read who saw what");
    Ok(())
}

#[test]
fn logs_and_metrics_hold_no_patient_data() -> Result<()> {
    let site = Site::start(1)?;
    site.import(&site.token("technician")?, &[samples::path("clinic-letter.png")], &["--patient", samples::MRN])?;
    let searcher = site.caller("searcher")?;
    searcher.search("electrocardiogram")?;
    searcher.json(&format!("/api/v1/search?q=murmur&patient={}", samples::MRN))?;
    let metrics = site.caller("admin")?.get("/metrics")?.text()?;
    let log = site.server_log()?;
    for secret in [samples::MRN, "electrocardiogram", "murmur", "clinic-letter", "Tindall"] {
        ensure!(!log.contains(secret), "{secret} is in the log");
        ensure!(!metrics.contains(secret), "{secret} is in the metrics");
    }
    ensure!(metrics.contains("chartroom_"), "there are metrics: {metrics}");
    Ok(())
}
