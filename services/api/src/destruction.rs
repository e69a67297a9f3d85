//! What may be destroyed, who says so, and is it done?
//!
//! One person proposes ([`propose`]), another approves ([`approve`]); what the retention schedule or a legal hold keeps is refused
//! both times. The approval is in the ledger before the first byte is deleted; from then on the documents are nobody's to see, and
//! [`run`] deletes what it names, again and again until nothing is left ([`carry_out`]), wherever it was broken off.

use std::collections::HashSet;
use std::time::Duration;

use actix_web::web;
use archive::Deleted;
use catalog::{Destruction, Document};
use record::destruction::{
    DestructionState, DestructionStatus, HoldRecord, Order, Plan, PlannedDocument, Proposal, ProposeDestruction,
    Proposed, PutHold, SharedBlob, is_reference,
};
use record::event::Actor;
use record::{Date, DestructionId, Digest, DocumentId, EventKind, HoldId, canonical, limits};
use tokio::sync::{Notify, RwLock};
use uuid::Uuid;

use crate::identity::Caller;
use crate::password;
use crate::problem::{Problem, Reply};
use crate::retention::{Class, Facts};
use crate::state::App;

/// Between two looks for orders that are not carried out.
const ROUND: Duration = Duration::from_secs(2);
/// Rounds until a replica that was away is tried again.
const REPLICA_ROUNDS: u32 = 30;
/// How long the index is waited for: it may be rebuilt just now.
const INDEX_PATIENCE: Duration = Duration::from_secs(30);
/// Destructions that are looked through for such as are not carried out.
pub const LISTED_MAX: u32 = 1_000;
/// How often an approval is begun again because a page of the documents was read meanwhile.
const TRIES: usize = 5;

/// What sealing and destroying know of each other.
#[derive(Default)]
pub struct Destroying {
    /// Held to read by whoever seals, see [`App::stays`]; to write while something is deleted.
    pub gate: RwLock<()>,
    /// A station has sent bytes of something that was destroyed.
    pub sent_again: Notify,
}

// -- what would go -----------------------------------------------------------------------------

/// Exactly what would go with these documents, and what stands against it. Changes nothing.
pub async fn plan(app: &App, documents: &[DocumentId]) -> Reply<Plan> {
    let documents = distinct(documents)?;
    let planned = judged(app, &documents).await?;
    let doomed = app.archive.doomed(&documents).await?;
    let objects = names(&doomed.manifests, &doomed.blobs);
    let shared =
        doomed.shared.iter().map(|(digest, document)| SharedBlob { object: blob(digest), document: *document });
    Ok(Plan {
        pages: planned.iter().map(|document| u64::from(document.pages)).sum(),
        documents: planned,
        objects,
        bytes: doomed.bytes,
        shared: shared.collect(),
    })
}

fn distinct(documents: &[DocumentId]) -> Reply<Vec<DocumentId>> {
    let mut seen = HashSet::new();
    let documents: Vec<DocumentId> = documents.iter().copied().filter(|document| seen.insert(*document)).collect();
    match documents.len() {
        0 => Err(Problem::refused("documents", "name at least one document")),
        n if n > limits::DESTRUCTION_DOCUMENTS_MAX => {
            let most = limits::DESTRUCTION_DOCUMENTS_MAX;
            Err(Problem::refused("documents", format!("at most {most} documents are destroyed together")))
        }
        _ => Ok(documents),
    }
}

fn names(manifests: &[Digest], blobs: &[Digest]) -> Vec<String> {
    manifests.iter().map(|digest| key("manifests", digest)).chain(blobs.iter().map(blob)).collect()
}

fn blob(digest: &Digest) -> String {
    key("blobs", digest)
}

fn key(family: &str, digest: &Digest) -> String {
    let hex = digest.hex();
    format!("{family}/sha256/{}/{}/{hex}", &hex[..2], &hex[2..4])
}

async fn judged(app: &App, documents: &[DocumentId]) -> Reply<Vec<PlannedDocument>> {
    let holds = app.catalog.holds().await?;
    let mut judged = Vec::new();
    for document in documents {
        let found = app.catalog.document(*document).await?.ok_or_else(|| {
            Problem::refused("documents", format!("there is no document {document}, or it was destroyed already"))
        })?;
        judged.push(judge(app, &holds, &found).await?);
    }
    Ok(judged)
}

/// Hold before schedule: whoever asks learns the stronger reason.
async fn judge(app: &App, holds: &[HoldRecord], document: &Document) -> Reply<PlannedDocument> {
    let schedule = app.retention.as_ref();
    let class = schedule.and_then(|schedule| schedule.class(document.document_type.as_ref()));
    let born = match document.mrn.as_ref().filter(|_| class.is_some_and(Class::asks_for_age)) {
        Some(mrn) => app.catalog.patient(mrn).await?.and_then(|patient| patient.birth_date),
        None => None,
    };
    let from = document.date.or(Date::of(document.created));
    let facts = Facts { document_type: document.document_type.as_ref(), from, born };
    let until = class.map(|class| class.keep_until(&facts));
    let today = Date::of(app.now());
    let held = holds.iter().find(|hold| hold.covers(&document.document, document.mrn.as_ref()));
    let refused = match (held, &until) {
        (Some(hold), _) => Some(format!("it is under legal hold {}", hold.reference)),
        (None, None) if schedule.is_none() => Some("there is no retention schedule: write retention.toml".to_owned()),
        (None, None) => Some("no class of the retention schedule is for its type".to_owned()),
        (None, Some(Err(reason))) => Some((*reason).to_owned()),
        (None, Some(Ok(until))) if today.is_none_or(|today| today < *until) => {
            Some(format!("it is kept until {until}"))
        }
        (None, Some(Ok(_))) => None,
    };
    Ok(PlannedDocument {
        document: document.document,
        version: document.version,
        pages: document.pages,
        filed: document.filed,
        class: class.map(|class| class.name.clone()),
        keep_until: until.and_then(Result::ok).map(|until| until.to_string()),
        refused,
    })
}

/// Documents that may go now, at most as many as one proposal takes.
pub async fn due(app: &App) -> Reply<Vec<PlannedDocument>> {
    let (mut due, mut after, holds) = (Vec::new(), None, app.catalog.holds().await?);
    while app.retention.is_some() {
        let found = app.catalog.documents_after(after, None, LISTED_MAX).await?;
        let Some(last) = found.last() else { break };
        after = Some(last.document);
        for document in &found {
            let planned = judge(app, &holds, document).await?;
            due.extend(planned.refused.is_none().then_some(planned));
            if due.len() == limits::DESTRUCTION_DOCUMENTS_MAX {
                return Ok(due);
            }
        }
    }
    Ok(due)
}

// -- who says so -------------------------------------------------------------------------------

/// Puts it before a second person.
///
/// # Errors
/// 422 where something must be kept.
pub async fn propose(app: &App, caller: &Caller, ask: &ProposeDestruction) -> Reply<DestructionId> {
    let documents = distinct(&ask.documents)?;
    let planned = judged(app, &documents).await?;
    refuse_kept(&planned)?;
    said_of_papers(app, ask, &documents).await?;
    let documents = planned.into_iter().map(proposed).collect::<Vec<_>>();
    let count = u32::try_from(documents.len()).unwrap_or(u32::MAX);
    let proposal = Proposal { reference: ask.reference.clone(), authority: ask.authority.trim().to_owned(), documents };
    let destruction = DestructionId::from_uuid(Uuid::now_v7());
    let body = put(app, &proposal).await?;
    app.append_one(caller.actor, EventKind::DestructionProposed { destruction, documents: count, body }).await?;
    Ok(destruction)
}

fn proposed(planned: PlannedDocument) -> Proposed {
    let PlannedDocument { document, version, pages, filed, class, .. } = planned;
    Proposed { document, version, pages, filed, class: class.unwrap_or_default() }
}

fn refuse_kept(planned: &[PlannedDocument]) -> Reply<()> {
    let mut kept = planned.iter().filter_map(|one| Some((one.document, one.refused.as_ref()?)));
    let Some((document, reason)) = kept.next() else { return Ok(()) };
    let more = match kept.count() {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    Err(Problem::refused("kept", format!("document {document} may not be destroyed: {reason}{more}")))
}

/// Both texts stay for ever, so they must not name the patient.
async fn said_of_papers(app: &App, ask: &ProposeDestruction, documents: &[DocumentId]) -> Reply<()> {
    if !is_reference(&ask.reference) {
        let most = limits::REFERENCE_CHARS_MAX;
        let text = format!("a reference has 1 to {most} letters, digits and . / - _ : and names no patient");
        return Err(Problem::refused("reference", text));
    }
    let authority = ask.authority.trim();
    if authority.is_empty() || authority.chars().count() > limits::NAME_CHARS_MAX {
        let text = format!("say on whose authority, in 1 to {} characters", limits::NAME_CHARS_MAX);
        return Err(Problem::refused("authority", text));
    }
    let digits: String = [ask.reference.as_str(), authority].join(" ").chars().filter(char::is_ascii_digit).collect();
    for document in documents {
        let mrn = app.catalog.document(*document).await?.and_then(|found| found.mrn);
        if mrn.is_some_and(|mrn| mrn.digits().len() >= 4 && digits.contains(&mrn.digits())) {
            return Err(Problem::refused("reference", "reference and authority stay: leave the patient's number out"));
        }
    }
    Ok(())
}

async fn put<T: serde::Serialize>(app: &App, record: &T) -> Reply<Digest> {
    Ok(app.archive.put("application/json", canonical::to_bytes(record)?.into()).await?.digest)
}

/// Orders it, where another person has proposed it and nothing has changed since.
///
/// # Errors
/// 404 for none, 409 where it is not open or the caller proposed it, 412 where a document has another version by now, 422 where
/// something must be kept.
pub async fn approve(app: &App, caller: &Caller, destruction: DestructionId) -> Reply<()> {
    for _ in 0..TRIES {
        let found = open(app, destruction).await?;
        if found.proposed_by == caller.actor {
            return Err(Problem::conflict("second-person", "whoever proposed it cannot approve it: ask somebody else"));
        }
        let order = order(app, &found).await?;
        // From here on nothing about these documents is written but by us.
        let _nobody_seals = app.destroying.gate.write().await;
        app.refresh().await?;
        if is_current(app, &found, &order).await? {
            let found = open(app, destruction).await?;
            unchanged(app, &found).await?;
            let body = put(app, &order).await?;
            app.append_one(caller.actor, EventKind::DestructionApproved { destruction, body }).await?;
            return Ok(());
        }
    }
    Err(Problem::conflict("busy", "pages of these documents are being read just now: try again in a minute"))
}

async fn open(app: &App, destruction: DestructionId) -> Reply<Destruction> {
    let found = app.catalog.destruction(destruction).await?.ok_or_else(Problem::absent)?;
    if found.state == DestructionState::Proposed {
        return Ok(found);
    }
    Err(Problem::conflict("decided", format!("this is {} already: nothing was changed", found.state.as_str())))
}

async fn order(app: &App, found: &Destruction) -> Reply<Order> {
    let doomed = app.archive.doomed(&ids(found)).await?;
    if doomed.manifests.len() + doomed.blobs.len() > limits::DESTRUCTION_OBJECTS_MAX {
        let most = limits::DESTRUCTION_OBJECTS_MAX;
        let text = format!("these documents have more than {most} objects: withdraw it, and propose fewer at a time");
        return Err(Problem::refused("objects", text));
    }
    let shared = doomed.shared.len() as u64;
    let archive::Doomed { manifests, blobs, events, .. } = doomed;
    Ok(Order { proposal: found.body, events, manifests, blobs, shared })
}

fn ids(found: &Destruction) -> Vec<DocumentId> {
    found.record.documents.iter().map(|proposed| proposed.document).collect()
}

/// Whether all that the documents have is in the order.
async fn is_current(app: &App, found: &Destruction, order: &Order) -> Reply<bool> {
    let ours: HashSet<DocumentId> = ids(found).into_iter().collect();
    let news = app.archive.events(order.events, usize::MAX).await?;
    let adds = |event: &EventKind| event.body().is_some() || matches!(event, EventKind::Sealed { .. });
    let about = |event: &EventKind| event.document().is_some_and(|document| ours.contains(&document));
    Ok(!news.iter().any(|event| about(&event.event) && adds(&event.event)))
}

async fn unchanged(app: &App, found: &Destruction) -> Reply<()> {
    let planned = judged(app, &ids(found)).await?;
    refuse_kept(&planned)?;
    match planned.iter().zip(&found.record.documents).find(|(now, then)| now.version != then.version) {
        Some((now, _)) => Err(Problem::stale(format!(
            "document {} has another version since this was proposed: withdraw it, look again and propose it anew",
            now.document
        ))),
        None => Ok(()),
    }
}

/// It is not to be.
pub async fn withdraw(app: &App, caller: &Caller, destruction: DestructionId) -> Reply<()> {
    open(app, destruction).await?;
    app.append_one(caller.actor, EventKind::DestructionWithdrawn { destruction }).await.map(drop)
}

// -- what must not be ----------------------------------------------------------------------------

/// What a hold covers, nobody destroys before it is released.
pub async fn put_hold(app: &App, caller: &Caller, ask: PutHold) -> Reply<HoldRecord> {
    let PutHold { reference, patients, documents } = ask;
    if !is_reference(&reference) {
        let most = limits::REFERENCE_CHARS_MAX;
        let text = format!("a reference has 1 to {most} letters, digits and . / - _ : and names no patient");
        return Err(Problem::refused("reference", text));
    }
    if !(1..=limits::HOLD_ENTRIES_MAX).contains(&(patients.len() + documents.len())) {
        let text = format!("a hold is on 1 to {} patients and documents", limits::HOLD_ENTRIES_MAX);
        return Err(Problem::refused("hold", text));
    }
    let hold = HoldId::from_uuid(Uuid::now_v7());
    let record = HoldRecord { hold, salt: password::salt()?, reference, patients, documents, released: false };
    // An approval that is under way sees it, or is before it in the ledger.
    record_hold(app, caller, record).await
}

pub async fn release_hold(app: &App, caller: &Caller, hold: HoldId) -> Reply<HoldRecord> {
    let known = app.catalog.holds().await?.into_iter().find(|known| known.hold == hold).ok_or_else(Problem::absent)?;
    if known.released {
        return Ok(known);
    }
    record_hold(app, caller, HoldRecord { released: true, salt: password::salt()?, ..known }).await
}

async fn record_hold(app: &App, caller: &Caller, record: HoldRecord) -> Reply<HoldRecord> {
    let _all = app.stays().await;
    let body = put(app, &record).await?;
    app.append_one(caller.actor, EventKind::HoldRecorded { hold: record.hold, body }).await?;
    Ok(record)
}

// -- how it stands -------------------------------------------------------------------------------

pub fn status(app: &App, found: Destruction) -> DestructionStatus {
    let approved = matches!(found.state, DestructionState::Approved | DestructionState::Destroyed);
    DestructionStatus {
        documents: ids(&found),
        pages: found.record.documents.iter().map(|one| u64::from(one.pages)).sum(),
        destruction: found.destruction,
        state: found.state,
        reference: found.record.reference,
        authority: found.record.authority,
        proposed_at: found.proposed_at,
        proposed_by: found.proposed_by.to_string(),
        decided_at: found.decided_at,
        decided_by: found.decided_by.map(|actor| actor.to_string()),
        approved_index: found.decided_index.filter(|_| approved),
        objects: found.objects,
        bytes: found.bytes,
        replica: found.replica || !app.archive.has_replica(),
        versions_kept: found.versions_kept,
    }
}

// -- is it done ------------------------------------------------------------------------------------

/// Carries orders out as long as the server runs.
pub async fn run(app: web::Data<App>) {
    let mut rounds = tokio::time::interval(ROUND);
    let mut round = 0_u32;
    loop {
        let done = tokio::select! {
            _ = rounds.tick() => {
                round = round.wrapping_add(1);
                carry_out_open(&app, round.is_multiple_of(REPLICA_ROUNDS)).await
            }
            () = app.destroying.sent_again.notified() => again(&app).await.map(drop),
        };
        if let Err(error) = done {
            tracing::error!("what is to be destroyed is not all gone, and is tried again: {error}");
        }
    }
}

async fn carry_out_open(app: &App, with_replica: bool) -> Reply<()> {
    for found in app.catalog.destructions(LISTED_MAX).await? {
        let waits = match found.state {
            DestructionState::Approved => true,
            DestructionState::Destroyed => with_replica && app.archive.has_replica() && !found.replica,
            DestructionState::Proposed | DestructionState::Withdrawn => false,
        };
        if waits {
            carry_out(app, &found).await?;
        }
    }
    Ok(())
}

/// Deletes again what has come back of all that was destroyed; how many objects it were.
pub async fn again(app: &App) -> Reply<u64> {
    let mut objects = 0;
    for found in app.catalog.destructions(LISTED_MAX).await? {
        if matches!(found.state, DestructionState::Approved | DestructionState::Destroyed) {
            objects += carry_out(app, &found).await?;
        }
    }
    Ok(objects)
}

/// Deletes whatever is there of what was ordered, and says so in the ledger where that is news.
async fn carry_out(app: &App, found: &Destruction) -> Reply<u64> {
    let orders = app.archive.orders().await?;
    let Some(authorised) = orders.into_iter().find(|one| one.ordered.destruction == found.destruction) else {
        return Ok(0);
    };
    purge_index(app, authorised.ordered.index).await?;
    let mut deleted = Deleted { replica: true, ..Deleted::default() };
    let mut next = Some(0);
    while let Some(from) = next {
        let _nobody_seals = app.destroying.gate.write().await;
        app.refresh().await?;
        let portion = app.archive.destroy(&authorised, from).await?;
        deleted.add(portion);
        deleted.replica &= portion.replica;
        next = portion.next;
    }
    let is_news = found.state == DestructionState::Approved || deleted.objects > 0 || deleted.replica != found.replica;
    if is_news {
        let Deleted { objects, bytes, replica, versions_kept, .. } = deleted;
        let destruction = found.destruction;
        let event = EventKind::Destroyed { destruction, objects, bytes, replica, versions_kept };
        app.append_one(Actor::System, event).await?;
        tracing::info!(%destruction, objects, bytes, replica, versions_kept, "destroyed");
    }
    Ok(deleted.objects)
}

/// Words of the documents rest in the index's files until the part that has them is written anew.
async fn purge_index(app: &App, approved: u64) -> Reply<()> {
    let waited = tokio::time::timeout(INDEX_PATIENCE, async {
        while app.follower.indexed() <= approved {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    if waited.await.is_err() {
        return Err(Problem::unavailable("search index", &"it has not come as far as the approval"));
    }
    let index = app.shelf.index();
    let _one_writes = app.shelf.writing.lock().await;
    let purged = tokio::task::spawn_blocking(move || index.purge()).await;
    Ok(purged.map_err(|error| Problem::unavailable("search index", &error))??)
}
