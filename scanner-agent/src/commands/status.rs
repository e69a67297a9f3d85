//! `scanner-agent status`: what waits in the spool. Looks on, even while another command works.

use record::BatchId;
use serde::Serialize;

use super::{Exit, spool_folder};
use crate::cli;
use crate::report::{counted, print, print_json};
use crate::spool::{self, State};
use crate::stage::Stage;

#[derive(Serialize)]
struct StatusReport {
    spool: std::path::PathBuf,
    batches: Vec<Waiting>,
    /// Batches that the archive has whole.
    finished: usize,
}

#[derive(Serialize)]
struct Waiting {
    batch: BatchId,
    name: String,
    /// What is being done, for people.
    stage: &'static str,
    state: Stage,
    captured: usize,
    documents: usize,
    receipted: usize,
    exceptions: usize,
    refused: usize,
}

pub fn run(args: &cli::Status) -> anyhow::Result<Exit> {
    let home = spool_folder(&args.folder)?;
    let (batches, finished) = spool::peek(&home)?;
    let batches = batches.iter().map(|(id, state)| waiting(*id, state)).collect();
    let report = StatusReport { spool: home.folder, batches, finished };
    if args.json {
        print_json(&report)?
    } else {
        print(&text(&report))?
    }
    Ok(Exit::Done)
}

fn waiting(batch: BatchId, state: &State) -> Waiting {
    let with_exceptions = state.planned().iter().filter(|planned| !planned.hand_over.fields.exceptions.is_empty());
    Waiting {
        batch,
        name: state.name().to_owned(),
        stage: stage(state),
        state: state.stage(),
        captured: state.pages.len(),
        documents: state.planned().len(),
        receipted: state.receipted.len(),
        exceptions: with_exceptions.count(),
        refused: state.refused.len(),
    }
}

fn stage(state: &State) -> &'static str {
    if state.stage().is_held() {
        return state.stage().name();
    }
    match (state.capture_complete, &state.documents, state.closed) {
        (false, ..) => "capturing, or interrupted",
        (true, None, _) => "captured",
        (true, Some(_), false) => "being handed over",
        (true, Some(_), true) => "handed over",
    }
}

fn text(report: &StatusReport) -> String {
    let mut text = format!("Spool {}: {} finished.\n", report.spool.display(), counted(report.finished, "batch"));
    if report.batches.is_empty() {
        text += "Nothing waits.\n";
    }
    for batch in &report.batches {
        text += &format!(
            "  {} “{}”: {}; {}, {} of {} receipted, {}, {} refused\n",
            batch.batch,
            batch.name,
            batch.stage,
            counted(batch.captured, "page"),
            batch.receipted,
            counted(batch.documents, "document"),
            counted(batch.exceptions, "exception"),
            batch.refused,
        );
    }
    let (held, free): (Vec<&Waiting>, Vec<&Waiting>) = report.batches.iter().partition(|batch| batch.state.is_held());
    if !free.is_empty() {
        text += "Run `scanner-agent resume` to hand it over.\n";
    }
    if !held.is_empty() {
        text += "Held batches wait for you: `scanner-agent batch BATCH show`.\n";
    }
    text
}
