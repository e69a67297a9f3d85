//! Proposals, approvals and legal holds.

use askama::Template;
use record::destruction::{DestructionState, DestructionStatus, Plan};

use super::filters;
use super::frame::Frame;

/// What somebody has written so far, and what would come of it.
#[derive(Debug, Default)]
pub struct Form {
    pub documents: String,
    pub reference: String,
    pub authority: String,
    pub plan: Option<Plan>,
    /// It was asked what is due, and nothing is.
    pub none_due: bool,
}

#[derive(Debug)]
pub struct DestructionRow {
    /// The caller has proposed it.
    pub own: bool,
    pub proposed_by: String,
    /// UTC.
    pub proposed_at: String,
    /// By whom and when it was approved or withdrawn.
    pub decided: Option<(String, String)>,
    pub status: DestructionStatus,
}

impl DestructionRow {
    fn is_open(&self) -> bool {
        self.status.state == DestructionState::Proposed
    }

    /// Tone and symbol of the badge.
    fn badge(&self) -> (&'static str, &'static str) {
        match self.status.state {
            DestructionState::Proposed => ("warn", "exceptions"),
            DestructionState::Withdrawn => ("", "left"),
            DestructionState::Approved => ("info", "busy"),
            DestructionState::Destroyed if self.status.versions_kept || !self.status.replica => ("warn", "exceptions"),
            DestructionState::Destroyed => ("ok", "ok"),
        }
    }
}

#[derive(Debug)]
pub struct HoldRow {
    pub hold: String,
    pub reference: String,
    pub patients: Vec<String>,
    pub documents: Vec<String>,
    pub released: bool,
}

/// `/destruction`.
#[derive(Template)]
#[template(path = "destruction.html")]
pub struct DestructionPage {
    pub frame: Frame,
    pub form: Form,
    pub rows: Vec<DestructionRow>,
    pub holds: Vec<HoldRow>,
    pub may_approve: bool,
    pub has_schedule: bool,
}

/// The number beside the link.
#[derive(Template)]
#[template(path = "destruction_count.html")]
pub struct Waiting {
    pub count: usize,
}

#[cfg(test)]
mod tests {
    use record::destruction::{PlannedDocument, SharedBlob};
    use record::{DestructionId, DocumentId, Timestamp};

    use super::super::hostile::{self, TEXT as HOSTILE};
    use super::*;

    fn row(state: DestructionState) -> DestructionRow {
        let text = || HOSTILE.to_owned();
        let status = DestructionStatus {
            destruction: DestructionId::derived([b"d".as_slice()]),
            state,
            reference: text(),
            authority: text(),
            documents: vec![DocumentId::derived([b"d".as_slice()])],
            pages: 2,
            proposed_at: Timestamp(0),
            proposed_by: text(),
            decided_at: None,
            decided_by: None,
            approved_index: Some(7),
            objects: 3,
            bytes: 4,
            replica: true,
            versions_kept: false,
        };
        DestructionRow { own: false, proposed_by: text(), proposed_at: text(), decided: Some((text(), text())), status }
    }

    #[test]
    fn hostile_texts_stay_texts() {
        let text = || HOSTILE.to_owned();
        let document = PlannedDocument {
            document: DocumentId::derived([b"d".as_slice()]),
            version: 1,
            pages: 1,
            filed: true,
            class: Some(text()),
            keep_until: Some(text()),
            refused: Some(text()),
        };
        let shared = vec![SharedBlob { object: text(), document: None }];
        let plan = Plan { documents: vec![document], pages: 1, objects: vec![text()], bytes: 1, shared };
        let form = Form { documents: text(), reference: text(), authority: text(), plan: Some(plan), none_due: false };
        let hold = HoldRow {
            hold: text(),
            reference: text(),
            patients: vec![text()],
            documents: vec![text()],
            released: false,
        };
        let rows = [DestructionState::Proposed, DestructionState::Destroyed].map(row).into();
        let frame = Frame::bare("x");
        let page = DestructionPage { frame, form, rows, holds: vec![hold], may_approve: true, has_schedule: true };
        hostile::assert_inert(&page.render().expect("renders"));
    }

    #[test]
    fn an_approval_is_offered_to_somebody_else_only() {
        let offered = |own, may_approve| {
            let rows = vec![DestructionRow { own, ..row(DestructionState::Proposed) }];
            let (frame, form) = (Frame::bare("x"), Form::default());
            let page = DestructionPage { frame, form, rows, holds: Vec::new(), may_approve, has_schedule: true };
            page.render().expect("renders").contains("/approval")
        };
        assert_eq!([offered(false, true), offered(true, true), offered(false, false)], [true, false, false]);
    }
}
