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

/// How the store and its replica are, in sentences.
#[derive(Debug, Clone, Default)]
pub struct StorePanel {
    /// Objects that are damaged, and objects that were.
    pub damaged: u64,
    pub repaired: u64,
    pub damage: Vec<DamageRow>,
    /// A tone of the stylesheet, and what there is to say.
    pub replica: (&'static str, String),
    pub passes: Vec<String>,
}

impl StorePanel {
    pub fn replica_icon(&self) -> &'static str {
        match self.replica.0 {
            "ok" => "ok",
            "bad" => "bad",
            "warn" => "exceptions",
            _ => "info",
        }
    }
}

#[derive(Debug, Clone)]
pub struct DamageRow {
    pub object: String,
    pub bucket: &'static str,
    /// The event that told of it.
    pub index: u64,
    pub at: String,
}

/// The number beside the link.
#[derive(Template)]
#[template(path = "ledger_count.html")]
pub struct LedgerCount {
    pub damaged: u64,
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
    pub store: StorePanel,
    pub events: Vec<EventRow>,
    /// First index of the list after and before this one.
    pub newer: Option<u64>,
    pub older: Option<u64>,
}
