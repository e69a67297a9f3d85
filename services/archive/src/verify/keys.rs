//! By which keys may this ledger be signed?
//!
//! The auditor trusts one key, or knows several. What `log/keys/` holds leads from it to those before and after, each change signed
//! with both keys. Whoever keeps it from an auditor hides nothing: events tell of each change.

use std::collections::HashSet;

use record::log_key::KeyChange;
use record::note::LogKey;

use super::{Code, Named, Run, reason};
use crate::error::Result;
use crate::ledger::keys::{KEYS, index_of, key_change, listed};

/// All keys of the ledger that is signed with this one, and the changes between them.
pub(super) async fn follow(run: &mut Run<'_>, trusted: &LogKey) -> Result<(LogKey, Vec<KeyChange>)> {
    let mut changes = read(run).await?;
    let key = trusted.follow(&changes).unwrap_or_else(|error| {
        run.find(Code::KeyChangeWrong, KEYS, format!("it {error}"));
        trusted.clone()
    });
    for strange in changes.extract_if(.., |change| !key.has(change)) {
        let name = key_change(strange.receipt.index);
        run.find(Code::KeyChangeWrong, name, "it leads neither to nor from a key that is trusted");
    }
    for KeyChange { receipt, after, .. } in &changes {
        let detail = format!("event {}: from then on `{after}` signs", receipt.index);
        run.note(Code::KeyChanged, key_change(receipt.index), detail);
    }
    Ok((key, changes))
}

async fn read(run: &mut Run<'_>) -> Result<Vec<KeyChange>> {
    let store = run.store.clone();
    let mut changes = Vec::new();
    for name in listed(&store).await? {
        let Some(index) = index_of(&name) else {
            run.note(Code::UnknownObject, name, "this is no name of a key's change");
            continue;
        };
        match store.get(&name).await.map(|bytes| KeyChange::parse(&bytes.unwrap_or_default())) {
            Ok(Ok(change)) if change.receipt.index == index => changes.push(change),
            Ok(Ok(_)) => run.find(Code::KeyChangeWrong, name, "it is of another event"),
            Ok(Err(error)) => run.find(Code::KeyChangeWrong, name, format!("it {error}")),
            Err(error) => run.find(Code::Unreadable, name, reason(&error)),
        }
    }
    Ok(changes)
}

/// Whether each change that an event tells of is proven.
pub(super) fn check(run: &mut Run<'_>, named: &Named, changes: &[KeyChange]) {
    let proven: HashSet<u64> = changes.iter().map(|change| change.receipt.index).collect();
    for index in named.story.key_changes.iter().filter(|index| !proven.contains(index)) {
        let name = key_change(*index);
        if run.report.findings.iter().all(|finding| finding.object != name) {
            run.find(Code::KeyChangeMissing, name, format!("event {index} says that the log's key was changed"));
        }
    }
}
