//! What is said in the end, to people or to programs?

use std::io::Write;

use archive::verify::{Finding, Report, Verdict, Witnessed};
use record::Timestamp;
use record::note::LogKey;

use crate::pdf;

pub fn print(report: &Report, json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, report)?;
        return writeln!(out);
    }
    text(&mut out, report)
}

/// For people.
pub fn text(out: &mut impl Write, report: &Report) -> std::io::Result<()> {
    for finding in &report.findings {
        line(out, "FINDING", finding)?;
    }
    for note in &report.notes {
        line(out, "note", note)?;
    }
    if report.notes_left_out > 0 {
        writeln!(out, "note     {} more", report.notes_left_out)?;
    }
    match (report.counts.files, report.counts.events) {
        (0, 0) => {}
        (0, _) => counts(out, report)?,
        (files, _) => writeln!(
            out,
            "{files} files of a bag, {} bytes; {} documents with their proofs",
            report.counts.bytes, report.counts.documents
        )?,
    }
    verdict(out, report)
}

fn line(out: &mut impl Write, kind: &str, finding: &Finding) -> std::io::Result<()> {
    let Finding { code, object, detail, advice } = finding;
    writeln!(out, "{kind:8} {code}  {object}: {detail}; {advice}")
}

fn counts(out: &mut impl Write, report: &Report) -> std::io::Result<()> {
    let (counts, coverage) = (&report.counts, &report.coverage);
    match counts.commits {
        0 => write!(out, "{} events; ", counts.events)?,
        commits => write!(out, "{} events in {commits} commits and {} tiles; ", counts.events, counts.tiles)?,
    }
    writeln!(
        out,
        "{} manifests, {} envelopes; {} of {} blobs, {} of {} bytes",
        counts.manifests, counts.envelopes, coverage.blobs, coverage.of_blobs, coverage.bytes, coverage.of_bytes
    )?;
    if coverage.resumed > 0 {
        writeln!(out, "{} of these blobs were hashed by earlier runs", coverage.resumed)?;
    }
    coverage.seed.map_or(Ok(()), |seed| writeln!(out, "--seed {seed} draws the same sample again"))
}

fn verdict(out: &mut impl Write, report: &Report) -> std::io::Result<()> {
    if let Some(Witnessed { events, at }) = report.witnessed {
        writeln!(
            out,
            "witnesses have seen {events} events, the last of them at {}",
            Timestamp((at as i64).saturating_mul(1000))
        )?;
    }
    for gap in &report.not_proven {
        writeln!(out, "NOT PROVEN {}: {}", format!("{:?}", gap.what).to_lowercase(), gap.detail)?;
    }
    match (report.verdict, report.findings.len()) {
        (Verdict::Findings, n) => writeln!(out, "NOT SOUND: {n} finding{}", if n == 1 { "" } else { "s" }),
        (Verdict::NoFindings, _) => writeln!(out, "no findings; what is not proven stands above"),
        (Verdict::Sound, _) => writeln!(out, "sound"),
    }
}

/// A printed report: who asked what, when, what was found, and the checkpoint that is to be kept.
pub fn pdf(report: &Report, key: Option<&LogKey>, now: Timestamp) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let words: Vec<String> = std::env::args().skip(1).collect();
    match key {
        Some(key) => writeln!(page, "Verification of the ledger {}\n", key.name())?,
        None => writeln!(page, "Verification of a bag\n")?,
    }
    writeln!(page, "when       {now}\nprogram    chartroom-verify {}", env!("CARGO_PKG_VERSION"))?;
    let key = key.map_or_else(|| "none was given".to_owned(), ToString::to_string);
    writeln!(page, "asked      {}\nkey        {key}\nverdict    {}\n", words.join(" "), report.verdict)?;
    text(&mut page, report)?;
    if !report.checkpoint.is_empty() {
        writeln!(page, "\nThe checkpoint, to be kept and given as --since the next time:\n\n{}", report.checkpoint)?;
    }
    Ok(pdf::write("chartroom-verify", &String::from_utf8_lossy(&page)))
}
