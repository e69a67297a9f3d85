//! May the station believe this archive, and this receipt?

use record::note::LogKey;
use record::receipt::ReceiptError;
use record::wire::Sealed;
use record::{DocumentId, Manifest};

use super::HandOverError;
use super::client::Client;
use crate::spool::Spool;
use crate::spool::event::Planned;

#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error(
        "trust the archive: its log key is `{found}`, but this spool has pinned `{pinned}`, and nothing that both have signed leads from one to the other. Either the server was \
         exchanged or somebody stands in between. Ask the archive's administrator; to accept a new archive use a new --spool"
    )]
    KeyChanged { pinned: String, found: String },
    #[error("believe the receipt: {0}. The pages stay in the spool")]
    Receipt(ReceiptError),
    #[error(
        "believe the receipt of document {0}: its manifest does not hold the pages we sent. They stay in the spool"
    )]
    OtherPages(DocumentId),
    #[error("believe the receipt: it is for another batch. The pages stay in the spool")]
    OtherBatch,
}

/// The key that receipts must verify with: as given out of band, as pinned, or, on first
/// contact, as the server says. From then on it is pinned, until the log itself leads from it to another.
pub fn trusted_key(client: &Client, spool: &Spool, given: Option<&LogKey>) -> Result<LogKey, HandOverError> {
    let pinned = spool.pinned_key()?;
    let found = client.log_key()?;
    let strange = [given, pinned.as_ref()].into_iter().flatten().filter(|known| **known != found);
    for known in strange {
        if !leads(client, known, &found)? {
            let (pinned, found) = (known.to_string(), found.to_string());
            return Err(TrustError::KeyChanged { pinned, found }.into());
        }
    }
    if pinned.as_ref() != Some(&found) {
        spool.pin_key(&found)?;
    }
    Ok(found)
}

/// Whether the log has gone over from one key to the other, and both say so.
fn leads(client: &Client, known: &LogKey, found: &LogKey) -> Result<bool, HandOverError> {
    let changes = client.key_changes()?;
    Ok(known.follow(&changes).is_ok_and(|line| line.current() == found.current()))
}

/// The receipt is genuine, and what it seals is every page and original that we hold.
pub fn check_sealed(key: &LogKey, planned: &Planned, sealed: &Sealed) -> Result<Manifest, TrustError> {
    let manifest = sealed.receipt.verify_sealed(key, sealed.manifest.as_bytes()).map_err(TrustError::Receipt)?;
    let ours = planned.hand_over.pages.iter().map(|page| (page.number, page.image.digest));
    let theirs = manifest.pages.iter().map(|page| (page.number, page.image.digest));
    let has_originals = planned
        .hand_over
        .originals
        .iter()
        .all(|original| manifest.originals.iter().any(|kept| kept.digest == original.digest));
    if manifest.document != planned.document || !ours.eq(theirs) || !has_originals {
        return Err(TrustError::OtherPages(planned.document));
    }
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use record::event::Actor;
    use record::manifest::{MANIFEST_SCHEMA, PageEntry, Source, SourceKind};
    use record::merkle::leaf_hash;
    use record::note::LogSigner;
    use record::wire::{CapturedFields, HandOver};
    use record::{BatchId, Descriptor, Event, EventKind, PageId, Receipt, Timestamp, canonical};

    use super::*;

    fn planned(content: &str) -> Planned {
        let document = DocumentId::derived([b"d".as_slice()]);
        let page = PageEntry {
            page: PageId::derived([b"p".as_slice()]),
            number: 1,
            image: Descriptor::of("image/png", content.as_bytes()),
            width: 1,
            height: 1,
            dpi: 0,
            from: None,
            brought: None,
            frame: None,
        };
        let source = Source { kind: SourceKind::Import, station: "test".into(), device: None };
        let fields = CapturedFields::default();
        Planned { document, hand_over: HandOver { source, originals: Vec::new(), pages: vec![page], fields } }
    }

    fn seal(planned: &Planned, signer: &LogSigner) -> Sealed {
        let batch = BatchId::derived([b"b".as_slice()]);
        let manifest = Manifest {
            schema: MANIFEST_SCHEMA.into(),
            document: planned.document,
            version: 1,
            previous: None,
            batch,
            created: Timestamp(1),
            created_by: Actor::System,
            source: planned.hand_over.source.clone(),
            originals: Vec::new(),
            pages: planned.hand_over.pages.clone(),
            index: Descriptor::of("application/json", b"{}"),
        };
        let bytes = canonical::to_bytes(&manifest).expect("canonical");
        let kind = EventKind::Sealed {
            document: planned.document,
            version: 1,
            manifest: record::Digest::of(&bytes),
            batch,
            pages: 1,
        };
        let leaf = Event { at: Timestamp(1), actor: Actor::System, event: kind }.to_leaf().expect("small");
        let checkpoint = signer.sign(1, leaf_hash(&leaf));
        let manifest = String::from_utf8(bytes).expect("text");
        Sealed { receipt: Receipt::new(0, &leaf, Vec::new(), checkpoint), manifest }
    }

    #[test]
    fn only_a_genuine_receipt_for_our_own_pages_is_believed() {
        let signer = LogSigner::from_seed("test", &[1; 32]).expect("a good name");
        let ours = planned("page");
        let sealed = seal(&ours, &signer);
        assert!(check_sealed(&signer.public(), &ours, &sealed).is_ok());
        let other = seal(&planned("another page"), &signer);
        assert!(matches!(check_sealed(&signer.public(), &ours, &other), Err(TrustError::OtherPages(_))));
        let stranger = LogSigner::from_seed("test", &[2; 32]).expect("a good name");
        assert!(matches!(check_sealed(&stranger.public(), &ours, &sealed), Err(TrustError::Receipt(_))));
        let mut swapped = sealed.clone();
        swapped.manifest = other.manifest;
        assert!(matches!(check_sealed(&signer.public(), &ours, &swapped), Err(TrustError::Receipt(_))));
    }
}
