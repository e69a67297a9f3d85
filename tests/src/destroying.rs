//! How two people have a document destroyed, through the archive's own door; what benches, frauds and power cuts begin with.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use archive::{Archive, Deleted};
use record::destruction::{Order, Proposal, Proposed};
use record::event::Actor;
use record::{AccountId, DestructionId, Digest, DocumentId, Event, EventKind, Timestamp, canonical};

use crate::handover::{address, signer};

fn person(name: &str) -> Actor {
    Actor::Account(AccountId::derived([name.as_bytes()]))
}

async fn put<T: serde::Serialize>(archive: &Archive, record: &T) -> Result<Digest> {
    Ok(archive.put("application/json", canonical::to_bytes(record)?.into()).await?.digest)
}

/// One proposes, the other approves, who may be the same one; nothing is deleted yet.
pub async fn order(
    archive: &Archive,
    document: DocumentId,
    at: Timestamp,
    [proposer, approver]: [&str; 2],
) -> Result<DestructionId> {
    let destruction = DestructionId::derived([document.as_uuid().as_bytes().as_slice()]);
    let documents = vec![Proposed { document, version: 1, pages: 1, filed: true, class: "A-10".to_owned() }];
    let (reference, authority) = ("RC-1".to_owned(), "committee".to_owned());
    let proposal = put(archive, &Proposal { reference, authority, documents }).await?;
    let event = EventKind::DestructionProposed { destruction, documents: 1, body: proposal };
    archive.append(vec![Event { at, actor: person(proposer), event }]).await?;
    let doomed = archive.doomed(&[document]).await?;
    let shared = doomed.shared.len() as u64;
    let order = Order { proposal, events: doomed.events, manifests: doomed.manifests, blobs: doomed.blobs, shared };
    let event = EventKind::DestructionApproved { destruction, body: put(archive, &order).await? };
    archive.append(vec![Event { at, actor: person(approver), event }]).await?;
    Ok(destruction)
}

/// Deletes what is ordered, where two people have ordered it, and says so in the ledger.
pub async fn carry_out(archive: &Archive, at: Timestamp) -> Result<()> {
    for authorised in archive.orders().await? {
        let Deleted { objects, bytes, replica, versions_kept, .. } = archive.destroy(&authorised, 0).await?;
        let destruction = authorised.ordered.destruction;
        let event = EventKind::Destroyed { destruction, objects, bytes, replica, versions_kept };
        archive.append(vec![Event { at, actor: Actor::System, event }]).await?;
    }
    Ok(())
}

/// Carries out what is ordered in this store, and says when it is gone for good. One thread for the store's calls.
pub fn destroy(store: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build()?;
    runtime.block_on(async {
        let archive = Archive::open(&address(store)?, signer()?).await?;
        carry_out(&archive, Timestamp(0)).await?;
        writeln!(std::io::stdout(), "gone").context("say so")
    })
}
