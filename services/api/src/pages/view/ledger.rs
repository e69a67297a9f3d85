//! The auditor's home: how long the ledger is, who signs it, what came last.

use askama::Template;

use super::filters;
use super::frame::Frame;

/// One event, told for people.
#[derive(Debug, Clone)]
pub struct EventRow {
    pub index: u64,
    /// UTC.
    pub at: String,
    pub what: String,
    pub icon: &'static str,
    pub actor: String,
    /// The proof page of the document it is about.
    pub document: Option<String>,
}

/// `/ledger`.
#[derive(Template)]
#[template(path = "ledger.html")]
pub struct LedgerPage {
    pub frame: Frame,
    pub size: u64,
    pub origin: String,
    pub key: String,
    pub checkpoint: String,
    pub root: String,
    pub events: Vec<EventRow>,
    /// First index of the list after and before this one.
    pub newer: Option<u64>,
    pub older: Option<u64>,
}
