//! What is destroyed, on whose word, and what must not be?
//!
//! Two people are needed: one proposes ([`Proposal`]), another approves, and the approval names every object that goes ([`Order`]). Both
//! are events, durable before the first byte is deleted. Bodies hold ids, digests and the schedule's own numbers, so that they may
//! stay for ever. Who counts as authorised is decided by [`Orders`] alone: server, archive and auditors read it the same way.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::event::{Actor, Event, EventKind};
use crate::id::{DestructionId, DocumentId, HoldId};
use crate::limits;
use crate::patient::Mrn;
use crate::time::Timestamp;

/// The sealed body of [`EventKind::DestructionProposed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The number under which the records office keeps it.
    pub reference: String,
    /// Who may order it: a committee, a law, a schedule.
    pub authority: String,
    pub documents: Vec<Proposed>,
}

/// A document as it was when its destruction was proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposed {
    pub document: DocumentId,
    pub version: u32,
    pub pages: u32,
    pub filed: bool,
    /// The class of the retention schedule whose time is over.
    pub class: String,
}

/// The sealed body of [`EventKind::DestructionApproved`]: what is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The body of the proposal.
    pub proposal: Digest,
    /// The ledger's length when it was looked up who shares what: later events may name one of these objects anew.
    pub events: u64,
    pub manifests: Vec<Digest>,
    pub blobs: Vec<Digest>,
    /// Blobs of these documents that stay, since other documents have them too.
    pub shared: u64,
}

/// The sealed body of [`EventKind::HoldRecorded`]; a later one replaces an earlier one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldRecord {
    pub hold: HoldId,
    /// 32 hex digits, for the same reason as in [`crate::manifest::IndexFields`].
    pub salt: String,
    pub reference: String,
    pub patients: Vec<Mrn>,
    pub documents: Vec<DocumentId>,
    pub released: bool,
}

impl fmt::Debug for HoldRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HoldRecord({})", self.hold)
    }
}

impl HoldRecord {
    pub fn covers(&self, document: &DocumentId, mrn: Option<&Mrn>) -> bool {
        !self.released
            && (self.documents.contains(document)
                || mrn.is_some_and(|mrn| self.patients.iter().any(|held| is_the_same(held, mrn))))
    }
}

/// However it is spelt: too much is held rather than too little.
fn is_the_same(held: &Mrn, mrn: &Mrn) -> bool {
    held == mrn || !held.digits().is_empty() && held.digits() == mrn.digits()
}

/// A number of the records office: short, and of such signs that no name and no sentence fits in.
pub fn is_reference(text: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '-' | '_' | ':');
    (1..=limits::REFERENCE_CHARS_MAX).contains(&text.len()) && text.chars().all(fine)
}

/// A destruction that two people have agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ordered {
    /// The approval's.
    pub index: u64,
    pub destruction: DestructionId,
    pub proposal: Digest,
    pub order: Digest,
    pub proposed_by: Actor,
    pub approved_by: Actor,
}

/// Why an approval counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unauthorised {
    #[error("nobody has proposed it, or it was withdrawn or approved before")]
    NotProposed,
    #[error("whoever proposed it has approved it too, or no person has")]
    OnePerson,
}

/// The fold of proposals and approvals, event by event. What is decided stays decided.
#[derive(Debug, Clone, Default)]
pub struct Orders(HashMap<DestructionId, Option<(Actor, Digest)>>);

impl Orders {
    /// Says what an approval orders; nothing for other events.
    pub fn take(&mut self, index: u64, event: &Event) -> Option<Result<Ordered, Unauthorised>> {
        match event.event {
            EventKind::DestructionProposed { destruction, body, .. } => {
                self.0.entry(destruction).or_insert(Some((event.actor, body)));
                None
            }
            EventKind::DestructionWithdrawn { destruction } => {
                self.0.entry(destruction).and_modify(|open| *open = None);
                None
            }
            EventKind::DestructionApproved { destruction, body } => {
                Some(self.approve(index, event.actor, destruction, body))
            }
            _ => None,
        }
    }

    fn approve(
        &mut self,
        index: u64,
        approved_by: Actor,
        destruction: DestructionId,
        order: Digest,
    ) -> Result<Ordered, Unauthorised> {
        let open = self.0.get_mut(&destruction).ok_or(Unauthorised::NotProposed)?;
        let (proposed_by, proposal) = open.ok_or(Unauthorised::NotProposed)?;
        if proposed_by == approved_by || [proposed_by, approved_by].contains(&Actor::System) {
            return Err(Unauthorised::OnePerson);
        }
        *open = None;
        Ok(Ordered { index, destruction, proposal, order, proposed_by, approved_by })
    }
}

/// What two people have ordered, with the bodies of their events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorised {
    pub ordered: Ordered,
    pub documents: HashSet<DocumentId>,
    pub order: Order,
}

impl Authorised {
    /// `None` where the order is not of this proposal.
    pub fn of(ordered: Ordered, proposal: &Proposal, order: Order) -> Option<Self> {
        let documents = proposal.documents.iter().map(|proposed| proposed.document).collect();
        (order.proposal == ordered.proposal).then_some(Self { ordered, documents, order })
    }
}

// -- what is asked of the server, and answered -----------------------------------------------

/// `POST /api/v1/destructions/plan`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanDestruction {
    pub documents: Vec<DocumentId>,
}

/// `POST /api/v1/destructions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposeDestruction {
    pub documents: Vec<DocumentId>,
    pub reference: String,
    pub authority: String,
}

/// Exactly what would go, and what stands against it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub documents: Vec<PlannedDocument>,
    pub pages: u64,
    /// Names in the store.
    pub objects: Vec<String>,
    pub bytes: u64,
    /// Blobs that stay.
    pub shared: Vec<SharedBlob>,
}

impl Plan {
    pub fn is_allowed(&self) -> bool {
        !self.documents.is_empty() && self.documents.iter().all(|document| document.refused.is_none())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedDocument {
    pub document: DocumentId,
    pub version: u32,
    pub pages: u32,
    pub filed: bool,
    /// Of the retention schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The first day on which it may go, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_until: Option<String>,
    /// Why it may not go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// A blob that another document has too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedBlob {
    pub object: String,
    /// One of them; none where something else names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DestructionState {
    /// Waits for a second person.
    Proposed,
    Withdrawn,
    /// It is being deleted; the documents are no longer shown.
    Approved,
    /// Nothing of it is left, as far as this archive can tell.
    Destroyed,
}

impl DestructionState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Withdrawn => "withdrawn",
            Self::Approved => "approved",
            Self::Destroyed => "destroyed",
        }
    }
}

/// One destruction as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestructionStatus {
    pub destruction: DestructionId,
    pub state: DestructionState,
    pub reference: String,
    pub authority: String,
    pub documents: Vec<DocumentId>,
    pub pages: u64,
    pub proposed_at: Timestamp,
    pub proposed_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// The ledger index of the approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_index: Option<u64>,
    /// Deleted so far, in the store and in the replica together.
    pub objects: u64,
    pub bytes: u64,
    /// The replica has none of it either, or there is no replica.
    pub replica: bool,
    /// The bucket keeps earlier versions of what is deleted.
    pub versions_kept: bool,
}

/// `POST /api/v1/holds`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutHold {
    pub reference: String,
    #[serde(default)]
    pub patients: Vec<Mrn>,
    #[serde(default)]
    pub documents: Vec<DocumentId>,
}

/// A hold as it stands, to those who may see whose it is.
#[derive(Clone, Serialize, Deserialize)]
pub struct HoldStatus {
    pub hold: HoldId,
    pub reference: String,
    pub patients: Vec<Mrn>,
    pub documents: Vec<DocumentId>,
    pub released: bool,
}

impl From<HoldRecord> for HoldStatus {
    fn from(record: HoldRecord) -> Self {
        let HoldRecord { hold, reference, patients, documents, released, .. } = record;
        Self { hold, reference, patients, documents, released }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TokenId;

    fn by(name: &str, event: EventKind) -> Event {
        Event { at: Timestamp(1), actor: Actor::Token(TokenId::derived([name.as_bytes()])), event }
    }

    #[test]
    fn two_people_are_needed_and_one_order_is_given() {
        let destruction = DestructionId::derived([b"d".as_slice()]);
        let body = Digest::of(b"body");
        let propose = EventKind::DestructionProposed { destruction, documents: 1, body };
        let approve = EventKind::DestructionApproved { destruction, body };
        let mut orders = Orders::default();
        assert_eq!(orders.take(0, &by("b", approve.clone())), Some(Err(Unauthorised::NotProposed)));
        assert_eq!(orders.take(1, &by("a", propose.clone())), None);
        assert_eq!(orders.take(2, &by("a", approve.clone())), Some(Err(Unauthorised::OnePerson)));
        // Somebody else's proposal of the same name does not make the first proposer a second person.
        assert_eq!(orders.take(3, &by("b", propose.clone())), None);
        assert_eq!(orders.take(4, &by("a", approve.clone())), Some(Err(Unauthorised::OnePerson)));
        assert!(matches!(orders.take(5, &by("b", approve.clone())), Some(Ok(Ordered { index: 5, .. }))));
        assert_eq!(orders.take(6, &by("b", approve.clone())), Some(Err(Unauthorised::NotProposed)));
        orders.take(7, &by("a", propose.clone()));
        assert_eq!(orders.take(8, &by("b", approve.clone())), Some(Err(Unauthorised::NotProposed)), "it is decided");
        let mut orders = Orders::default();
        orders.take(0, &by("a", propose));
        orders.take(1, &by("c", EventKind::DestructionWithdrawn { destruction }));
        assert_eq!(orders.take(2, &by("b", approve)), Some(Err(Unauthorised::NotProposed)));
    }

    #[test]
    fn a_reference_is_no_sentence() {
        assert!(is_reference("RC-2026/118") && is_reference("HIM:4.2"));
        assert!(!is_reference("") && !is_reference("Jane Roe") && !is_reference(&"9".repeat(60)));
    }
}
