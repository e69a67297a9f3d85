//! Who may do what? One table, asked once per request before a handler runs, and asked
//! again for each object by [`Scope`].
//!
//! A route that is not in the route table ([`crate::server::routes`]) is answered with 404
//! to everybody: forgetting to give a route an action closes it.

use record::event::Role;

/// What a route lets somebody do. Every route has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Nothing that needs a name: the log-in page, style sheets, health, the API description.
    Open,
    /// Something about oneself, or about the log's key: any caller with a valid session or token.
    BeSomebody,
    /// Search, and open documents and pages. Which ones is [`Scope`]'s matter.
    Read,
    /// Hand over batches, documents and bytes.
    Capture,
    /// Look at batches, exceptions and pages in need of attention.
    Oversee,
    /// Enter or correct index fields, and the text of pages.
    Resolve,
    /// Claim pages and return their text.
    Work,
    /// See the proof of one document: receipt, manifest, key. No patient data in it.
    Prove,
    /// Read the ledger itself. No patient data in it.
    Audit,
    /// See what may be destroyed, propose it, and put a legal hold on it.
    Propose,
    /// Approve what somebody else has proposed to destroy, and release legal holds.
    Dispose,
    /// Make, disable and revoke accounts and tokens.
    Administer,
}

impl Action {
    pub const ALL: [Self; 12] = [
        Self::Open,
        Self::BeSomebody,
        Self::Read,
        Self::Capture,
        Self::Oversee,
        Self::Resolve,
        Self::Work,
        Self::Prove,
        Self::Audit,
        Self::Propose,
        Self::Dispose,
        Self::Administer,
    ];

    /// Whether a denied caller is told 404 instead of 403: what one may not see does not
    /// exist. Stations and workers with the wrong token are told so, for they hide nothing.
    pub const fn hides(self) -> bool {
        !matches!(self, Self::Capture | Self::Work)
    }
}

/// The policy. Rows are actions, columns are roles.
#[rustfmt::skip]
pub const fn allows(role: Role, action: Action) -> bool {
    //                            admin  techn. search auditor worker
    let row = match action {
        Action::Open =>          [true,  true,  true,  true,  true ],
        Action::BeSomebody =>    [true,  true,  true,  true,  true ],
        Action::Read =>          [true,  true,  true,  false, false],
        Action::Capture =>       [true,  true,  false, false, false],
        Action::Oversee =>       [true,  true,  false, false, false],
        Action::Resolve =>       [true,  true,  false, false, false],
        Action::Work =>          [false, false, false, false, true ],
        Action::Prove =>         [true,  true,  true,  true,  false],
        Action::Audit =>         [true,  false, false, true,  false],
        Action::Propose =>       [true,  true,  false, false, false],
        Action::Dispose =>       [true,  false, false, false, false],
        Action::Administer =>    [true,  false, false, false, false],
    };
    match role {
        Role::Admin => row[0],
        Role::Technician => row[1],
        Role::Searcher => row[2],
        Role::Auditor => row[3],
        Role::Worker => row[4],
    }
}

/// Which documents a role may find and open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every sealed document, those with open questions too.
    Everything,
    /// Filed documents only: a patient is known and no question is open.
    Filed,
    /// None.
    Nothing,
}

impl Scope {
    pub const fn of(role: Role) -> Self {
        match role {
            Role::Admin | Role::Technician => Self::Everything,
            Role::Searcher => Self::Filed,
            Role::Auditor | Role::Worker => Self::Nothing,
        }
    }

    /// Whether a document that is (or is not) filed is inside.
    pub const fn admits(self, filed: bool) -> bool {
        match self {
            Self::Everything => true,
            Self::Filed => filed,
            Self::Nothing => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_workers_work_and_only_auditors_and_admins_audit() {
        for role in Role::ALL {
            assert_eq!(allows(role, Action::Work), role == Role::Worker, "{role:?}");
            assert_eq!(allows(role, Action::Audit), matches!(role, Role::Admin | Role::Auditor), "{role:?}");
        }
    }

    #[test]
    fn whoever_may_not_read_sees_no_document() {
        for role in Role::ALL {
            assert_eq!(Scope::of(role) == Scope::Nothing, !allows(role, Action::Read), "{role:?}");
        }
        assert!(!Scope::of(Role::Searcher).admits(false));
        assert!(Scope::of(Role::Technician).admits(false));
    }
}
