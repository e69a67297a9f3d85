//! Which keys has this log had?
//!
//! A change of the key is an event, alone in its commit, and `log/keys/<event>` is its receipt ([`KeyChange`]), so that auditors and
//! stations come from one key to the next. It is written before the checkpoint that it proves is published: whoever completes the
//! commit does so.

use std::sync::Arc;

use bytes::Bytes;
use record::canonical;
use record::log_key::KeyChange;
use record::note::LogKey;

use crate::copies::Copies;
use crate::error::{Error, Result};
use crate::ledger::Head;
use crate::ledger::proof::Reader;
use crate::object::Object;
use crate::store::Store;

pub(crate) const KEYS: &str = "log/keys";

/// The name of what proves the change that this event tells of.
pub(crate) fn key_change(index: u64) -> String {
    format!("{KEYS}/{index:020}")
}

/// The event that an object of this name is for.
pub(crate) fn index_of(name: &str) -> Option<u64> {
    let index = name.strip_prefix(KEYS)?.strip_prefix('/')?.parse().ok()?;
    (key_change(index) == name).then_some(index)
}

/// Names that a store has.
pub(crate) async fn listed(store: &Store) -> Result<Vec<String>> {
    Ok(store.list_all(KEYS).await?.into_iter().map(|listed| listed.key).collect())
}

/// The whole line of keys that one of them belongs to.
pub(crate) async fn line(copies: &Copies, key: &LogKey) -> Result<LogKey> {
    let mut changes = Vec::new();
    for index in listed(copies.store()).await?.iter().filter_map(|name| index_of(name)) {
        changes.push(read(copies, index).await?);
    }
    key.follow(&changes).map_err(|error| Error::corrupt(KEYS, format!("it {error}")))
}

pub(crate) async fn read(copies: &Copies, index: u64) -> Result<KeyChange> {
    let bytes = copies.get(&Object::key_change(index)).await?;
    KeyChange::parse(&bytes).map_err(|error| Error::corrupt(key_change(index), format!("it {error}")))
}

/// Proves a change of the key for good, where the newest commit is one.
pub(crate) async fn publish(copies: &Copies, head: &Arc<Head>) -> Result<()> {
    let commit = &head.committed.commit;
    if commit.key.is_none() {
        return Ok(());
    }
    let receipts = Reader::new(copies.clone(), Arc::clone(head)).receipts(commit.old_size..commit.new_size).await?;
    let bytes = Bytes::from(canonical::to_bytes(&receipts[0])?);
    copies.store().create_exactly(&key_change(commit.old_size), bytes).await
}
