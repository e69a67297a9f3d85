//! What was destroyed or is to be, and what must not be?
//!
//! From the approval on nothing of the documents is left in these tables but their ids: a tombstone each, and the timeline, which
//! names no patient.

use record::destruction::{DestructionState, HoldRecord, Proposal, Proposed};
use record::event::Actor;
use record::{DestructionId, Digest, DocumentId, EventKind, Timestamp};

use crate::column::table_row;
use crate::engine::{Tx, row, rows, run};
use crate::fold::{Body, Entry};
use crate::{Catalog, CatalogError, Result};

table_row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Destruction {
        pub destruction: DestructionId,
        /// The proposal's.
        pub first_index: u64,
        pub state: DestructionState,
        /// The body of the proposal.
        pub body: Digest,
        pub proposed_at: Timestamp,
        pub proposed_by: Actor,
        pub decided_at: Option<Timestamp>,
        pub decided_by: Option<Actor>,
        /// Of the approval, or of the withdrawal.
        pub decided_index: Option<u64>,
        /// Deleted so far, in the store and in the replica together.
        pub objects: u64,
        pub bytes: u64,
        /// The replica has none of it either.
        pub replica: bool,
        /// A bucket keeps earlier versions of what was deleted.
        pub versions_kept: bool,
        pub record: Proposal,
    }
}

table_row! {
    /// What is left of a document.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Tombstone {
        pub document: DocumentId,
        pub destruction: DestructionId,
        pub filed: bool,
    }
}

table_row! {
    struct HoldRow {
        pub record: HoldRecord,
    }
}

impl Catalog {
    /// The newest first; at most `most`.
    pub async fn destructions(&self, most: u32) -> Result<Vec<Destruction>> {
        let sql = "SELECT * FROM destructions ORDER BY first_index DESC LIMIT $1";
        rows!(self.reader.on(), Destruction, sql, most)
    }

    pub async fn destruction(&self, destruction: DestructionId) -> Result<Option<Destruction>> {
        row!(self.reader.on(), Destruction, "SELECT * FROM destructions WHERE destruction = $1", destruction)
    }

    /// What is left of a document that was destroyed.
    pub async fn tombstone(&self, document: DocumentId) -> Result<Option<Tombstone>> {
        row!(self.reader.on(), Tombstone, "SELECT * FROM tombstones WHERE document = $1", document)
    }

    /// All legal holds, the newest first, released ones too.
    pub async fn holds(&self) -> Result<Vec<HoldRecord>> {
        let found = rows!(self.reader.on(), HoldRow, "SELECT record FROM holds ORDER BY first_index DESC")?;
        Ok(found.into_iter().map(|row| row.record).collect())
    }
}

/// The fold of what is told of destructions and holds. The rules are those of [`record::destruction::Orders`].
pub(crate) async fn told(tx: &mut Tx, entry: &Entry) -> Result<()> {
    match (&entry.event.event, &entry.body) {
        (EventKind::DestructionProposed { destruction, body, .. }, Body::Proposal(proposal)) => {
            proposed(tx, entry, *destruction, *body, proposal).await
        }
        (EventKind::DestructionWithdrawn { destruction }, _) => {
            decide(tx, entry, *destruction, DestructionState::Withdrawn).await.map(drop)
        }
        (EventKind::DestructionApproved { destruction, .. }, Body::Order { proposal }) => {
            approved(tx, entry, *destruction, *proposal).await
        }
        (EventKind::Destroyed { destruction, objects, bytes, replica, versions_kept }, _) => {
            let sql = "UPDATE destructions SET state = 'destroyed', objects = objects + $2, bytes = bytes + $3, \
                           replica = $4, versions_kept = CASE WHEN versions_kept = 1 THEN 1 ELSE $5 END \
                       WHERE destruction = $1 AND state IN ('approved', 'destroyed')";
            run!(tx.on(), sql, *destruction, *objects, *bytes, *replica, *versions_kept).map(drop)
        }
        (EventKind::HoldRecorded { hold, .. }, Body::Hold(record)) if record.hold == *hold => {
            let sql = "INSERT INTO holds (hold, first_index, record) VALUES ($1, $2, $3) \
                       ON CONFLICT (hold) DO UPDATE SET record = excluded.record";
            run!(tx.on(), sql, *hold, entry.index, record.clone()).map(drop)
        }
        _ => Err(CatalogError::Body { index: entry.index }),
    }
}

async fn proposed(
    tx: &mut Tx,
    entry: &Entry,
    destruction: DestructionId,
    body: Digest,
    proposal: &Proposal,
) -> Result<()> {
    let sql = "INSERT INTO destructions (destruction, first_index, state, body, proposed_at, proposed_by, objects, \
                   bytes, replica, versions_kept, record) VALUES ($1, $2, 'proposed', $3, $4, $5, 0, 0, 0, 0, $6) \
               ON CONFLICT (destruction) DO NOTHING";
    let (at, actor) = (entry.event.at, entry.event.actor);
    run!(tx.on(), sql, destruction, entry.index, body, at, actor, proposal.clone()).map(drop)
}

/// True where it was open.
async fn decide(tx: &mut Tx, entry: &Entry, destruction: DestructionId, state: DestructionState) -> Result<bool> {
    let sql = "UPDATE destructions SET state = $2, decided_at = $3, decided_by = $4, decided_index = $5 \
               WHERE destruction = $1 AND state = 'proposed'";
    let (at, actor) = (entry.event.at, entry.event.actor);
    Ok(run!(tx.on(), sql, destruction, state, at, actor, entry.index)? > 0)
}

/// Nothing is forgotten on one person's word.
async fn approved(tx: &mut Tx, entry: &Entry, destruction: DestructionId, proposal: Digest) -> Result<()> {
    let sql = "SELECT * FROM destructions WHERE destruction = $1 AND body = $2 AND proposed_by <> $3 \
               AND proposed_by <> $4 AND $3 <> $4";
    let (approver, nobody) = (entry.event.actor, Actor::System);
    let found = row!(tx.on(), Destruction, sql, destruction, proposal, approver, nobody)?;
    let Some(found) = found else { return Ok(()) };
    if decide(tx, entry, destruction, DestructionState::Approved).await? {
        for proposed in &found.record.documents {
            forget(tx, destruction, proposed).await?;
        }
        forget_reels(tx).await?;
    }
    Ok(())
}

/// Nothing is left of a document but its tombstone.
async fn forget(tx: &mut Tx, destruction: DestructionId, proposed: &Proposed) -> Result<()> {
    let document = proposed.document;
    for sql in [
        "DELETE FROM queue WHERE page IN (SELECT page FROM pages WHERE document = $1)",
        "DELETE FROM trial_pages WHERE page IN (SELECT page FROM pages WHERE document = $1)",
        "DELETE FROM campaign_pages WHERE page IN (SELECT page FROM pages WHERE document = $1)",
        "DELETE FROM page_identities WHERE document = $1",
        "DELETE FROM pages WHERE document = $1",
        "DELETE FROM exceptions WHERE document = $1",
        "DELETE FROM versions WHERE document = $1",
        "DELETE FROM documents WHERE document = $1",
    ] {
        run!(tx.on(), sql, document)?;
    }
    let sql = "INSERT INTO tombstones (document, destruction, filed) VALUES ($1, $2, $3) \
               ON CONFLICT (document) DO NOTHING";
    run!(tx.on(), sql, document, destruction, proposed.filed).map(drop)
}

/// A reel is what documents say of it that are still there.
async fn forget_reels(tx: &mut Tx) -> Result<()> {
    run!(tx.on(), "DELETE FROM reels WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.reel = reels.reel)")?;
    let sql = "UPDATE reels SET first_index = (SELECT MIN(v.sealed_index) FROM versions v \
               JOIN documents d ON d.document = v.document WHERE d.reel = reels.reel)";
    run!(tx.on(), sql).map(drop)
}
