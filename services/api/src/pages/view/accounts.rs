//! People and tokens, for the admin.

use askama::Template;
use record::event::Role;

use super::filters;
use super::frame::Frame;

#[derive(Debug, Clone)]
pub struct AccountRow {
    pub account: String,
    pub login: String,
    pub role: Role,
    pub disabled: bool,
    pub must_change_password: bool,
    /// The admin who is looking: nobody locks themselves out by one click.
    pub own: bool,
}

#[derive(Debug, Clone)]
pub struct TokenRow {
    pub token: String,
    pub name: String,
    pub role: Role,
    pub revoked: bool,
}

/// A secret that is shown once and never again.
#[derive(Debug, Clone)]
pub struct Handed {
    pub what: String,
    pub secret: String,
}

/// `/accounts`.
#[derive(Template)]
#[template(path = "accounts.html")]
pub struct AccountsPage {
    pub frame: Frame,
    pub accounts: Vec<AccountRow>,
    pub tokens: Vec<TokenRow>,
    pub handed: Option<Handed>,
}

impl AccountsPage {
    /// Roles of people; workers are held by tokens only.
    fn people(&self) -> [Role; 4] {
        [Role::Searcher, Role::Technician, Role::Auditor, Role::Admin]
    }

    /// What stations and workers need.
    fn machines(&self) -> [Role; 2] {
        [Role::Technician, Role::Worker]
    }
}

/// What a role is for, in the words of the people who choose it.
pub fn purpose(role: &Role) -> &'static str {
    match role {
        Role::Admin => "manages accounts and tokens",
        Role::Technician => "captures batches and files documents",
        Role::Searcher => "finds and opens filed documents",
        Role::Auditor => "checks the ledger, opens no documents",
        Role::Worker => "reads pages",
    }
}
