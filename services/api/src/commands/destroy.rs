//! `chartroom destroy`: what may be destroyed, who says so, and what must not be, on a running server.

use clap::{Args, Subcommand};
use record::destruction::{
    DestructionState, DestructionStatus, HoldStatus, Plan, PlanDestruction, PlannedDocument, ProposeDestruction,
    PutHold,
};
use record::{DestructionId, DocumentId, HoldId, Mrn};
use serde::Serialize;

use super::say;
use super::server::{Asking, Server};

/// Destroys documents whose retention is over, on the word of two people.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Destroy {
    #[command(flatten)]
    asking: Asking,
    #[command(subcommand)]
    action: Action,
}

const EXAMPLES: &str = "\
Examples:
  chartroom destroy due                                    which documents' retention is over?
  chartroom destroy plan 0197a9c2-…                        a dry run: what exactly would go?
  chartroom destroy propose 0197a9c2-… --reference RC-2026/118 --authority 'Records committee, 3 March 2026'
  chartroom destroy approve 0197b001-…                     by another person than the one who proposed it
  chartroom destroy list --json
  chartroom destroy hold --reference LIT-44 --patient 100042
  chartroom destroy release 0197c777-…

The token, of role admin or technician, is taken from CHARTROOM_TOKEN; approving and releasing take an administrator's.
Nothing may be destroyed before DATA/retention.toml says when. Copies outside of the archive (backups, bundles, exports,
earlier versions that a bucket keeps) are not touched.";

#[derive(Subcommand)]
enum Action {
    /// Lists documents whose retention is over and that nothing holds.
    Due,
    /// Says what would go with documents, and what stands against it; changes nothing.
    Plan {
        #[arg(required = true)]
        documents: Vec<DocumentId>,
    },
    /// Puts their destruction before a second person.
    Propose {
        #[arg(required = true)]
        documents: Vec<DocumentId>,
        /// The number under which the records office keeps it. It stays for ever: no patient's name or number.
        #[arg(long)]
        reference: String,
        /// Who may order it: a committee, a law. It stays too.
        #[arg(long)]
        authority: String,
    },
    /// Orders what somebody else has proposed. It cannot be undone.
    Approve { destruction: DestructionId },
    /// Takes a proposal back, or refuses it.
    Withdraw { destruction: DestructionId },
    /// Shows all of them, the newest first.
    List,
    /// Deletes again whatever has come back of all that was destroyed.
    Again,
    /// Puts patients or documents under a legal hold.
    Hold {
        #[arg(long)]
        reference: String,
        /// A patient's number; may be said again.
        #[arg(long = "patient", value_name = "MRN")]
        patients: Vec<Mrn>,
        /// A document's id; may be said again.
        #[arg(long = "document", value_name = "ID")]
        documents: Vec<DocumentId>,
    },
    /// Ends a legal hold.
    Release { hold: HoldId },
    /// Shows all legal holds.
    Holds,
}

pub async fn run(destroy: Destroy) -> anyhow::Result<()> {
    let server = destroy.asking.reach("no such thing, or no token of a role that may do this");
    let json = destroy.asking.json;
    let none = serde_json::json!({});
    match destroy.action {
        Action::Due => tell(&server.get::<Vec<PlannedDocument>>("destructions/due").await?, json, |due| listing(due)),
        Action::Plan { documents } => {
            let plan: Plan = server.post("destructions/plan", &PlanDestruction { documents }).await?;
            tell(&plan, json, planned)
        }
        Action::Propose { documents, reference, authority } => {
            one(&server, "destructions", &ProposeDestruction { documents, reference, authority }, json).await
        }
        Action::Approve { destruction } => {
            one(&server, &format!("destructions/{destruction}/approval"), &none, json).await
        }
        Action::Withdraw { destruction } => {
            one(&server, &format!("destructions/{destruction}/withdrawal"), &none, json).await
        }
        Action::List => tell(&server.get::<Vec<DestructionStatus>>("destructions").await?, json, |all| listed(all)),
        Action::Again => {
            let done: serde_json::Value = server.post("destructions/again", &none).await?;
            tell(&done, json, |done| format!("{} objects had come back, and are deleted.", done["objects"]))
        }
        Action::Hold { reference, patients, documents } => {
            let held: HoldStatus = server.post("holds", &PutHold { reference, patients, documents }).await?;
            tell(&held, json, hold)
        }
        Action::Release { hold: id } => {
            tell(&server.post::<HoldStatus>(&format!("holds/{id}/release"), &none).await?, json, hold)
        }
        Action::Holds => tell(&server.get::<Vec<HoldStatus>>("holds").await?, json, |all| holds(all)),
    }
}

async fn one(server: &Server, path: &str, body: &impl Serialize, json: bool) -> anyhow::Result<()> {
    tell(&server.post::<DestructionStatus>(path, body).await?, json, line)
}

fn tell<T: Serialize>(answer: &T, json: bool, text: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
    if json { say(&serde_json::to_string(answer)?) } else { say(&text(answer)) }
}

fn listing(documents: &[PlannedDocument]) -> String {
    if documents.is_empty() {
        return "Nothing: no document's retention is over, or a legal hold is on it.".to_owned();
    }
    documents.iter().map(document).collect::<Vec<_>>().join("\n")
}

fn document(planned: &PlannedDocument) -> String {
    let PlannedDocument { document, version, pages, class, keep_until, refused, .. } = planned;
    let class = class.as_deref().unwrap_or("no class");
    let until = keep_until.as_ref().map(|until| format!(", kept until {until}")).unwrap_or_default();
    let refused = refused.as_ref().map(|reason| format!("; NOT to be destroyed: {reason}")).unwrap_or_default();
    format!("{document}  version {version}, {pages} pages, {class}{until}{refused}")
}

fn planned(plan: &Plan) -> String {
    let mut lines: Vec<String> = plan.documents.iter().map(document).collect();
    let Plan { pages, objects, bytes, shared, .. } = plan;
    lines.push(format!("{pages} pages, {} objects, {bytes} bytes would go:", objects.len()));
    lines.extend(objects.iter().map(|object| format!("  {object}")));
    if !shared.is_empty() {
        lines.push(format!("{} blobs would stay, since others have them too:", shared.len()));
        lines.extend(shared.iter().map(|shared| match shared.document {
            Some(document) => format!("  {}  document {document}", shared.object),
            None => format!("  {}", shared.object),
        }));
    }
    lines.push("This was a dry run: nothing was changed.".to_owned());
    lines.join("\n")
}

fn listed(all: &[DestructionStatus]) -> String {
    match all {
        [] => "Nothing was proposed yet. `chartroom destroy due` says what may be.".to_owned(),
        all => all.iter().map(line).collect::<Vec<_>>().join("\n"),
    }
}

fn line(status: &DestructionStatus) -> String {
    let DestructionStatus { destruction, state, reference, documents, pages, objects, .. } = status;
    let rest = match state {
        DestructionState::Proposed => "; another person has to approve it".to_owned(),
        DestructionState::Withdrawn => String::new(),
        DestructionState::Approved => "; it is being deleted".to_owned(),
        DestructionState::Destroyed => {
            let replica = if status.replica { "" } else { "; the replica still has it" };
            let versions =
                if status.versions_kept { "; THE BUCKET KEEPS EARLIER VERSIONS: remove them there" } else { "" };
            format!("; {objects} objects deleted{replica}{versions}")
        }
    };
    let count = documents.len();
    format!("{destruction}  {}  {reference}: {count} documents, {pages} pages{rest}", state.as_str())
}

fn holds(all: &[HoldStatus]) -> String {
    match all {
        [] => "Nothing is under a legal hold.".to_owned(),
        all => all.iter().map(hold).collect::<Vec<_>>().join("\n"),
    }
}

/// Without the patients: a terminal's history is no place for them.
fn hold(status: &HoldStatus) -> String {
    let HoldStatus { hold, reference, patients, documents, released } = status;
    let state = if *released { "released" } else { "in force" };
    format!("{hold}  {state}  {reference}: {} patients, {} documents", patients.len(), documents.len())
}
