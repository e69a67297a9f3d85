//! Do the documents' versions and the events' times follow from each other?
//!
//! A valid signature says that the ledger was written by whoever holds its key, and no more. What such a writer may not do
//! unseen is checked here, event by event, as the tree is walked.

use std::collections::HashMap;

use record::{BatchId, Digest, DocumentId, Event, EventKind, Manifest, Timestamp};

use super::damage::Told;
use super::destroyed;
use super::{Blob, Code, Named, Run, Sealed};

/// Clocks of two servers differ, and a slow store makes an event wait; nothing honest takes longer than this.
pub(super) const CLOCK_MILLIS: i64 = 10 * 60 * 1000;

/// What the events tell beside the names of objects.
#[derive(Default)]
pub(super) struct Story {
    /// The newest version of each document, and its manifest.
    newest: HashMap<DocumentId, (u32, Digest)>,
    /// The latest time that any event names.
    pub latest: Option<Timestamp>,
    pub batches: Vec<BatchEvent>,
    /// Place, key's digest and body of each.
    pub stations: Vec<(u64, Digest, Digest)>,
    /// Places of events by which the log's key changed.
    pub key_changes: Vec<u64>,
    pub damage: Vec<Told>,
    pub destructions: destroyed::Told,
}

/// A batch was opened or closed.
#[derive(Debug, Clone, Copy)]
pub(super) struct BatchEvent {
    pub index: u64,
    pub batch: BatchId,
    pub body: Digest,
    pub signed: Option<Digest>,
}

impl Named {
    /// Takes in event `index`, which stands in the object `at`.
    pub(super) fn add(&mut self, run: &mut Run<'_>, at: &str, index: u64, event: &Event) {
        self.story.time(run, at, index, event.at);
        self.story.destructions.add(index, event);
        let wanted = self.only.is_none() || self.only == event.event.document();
        match &event.event {
            &EventKind::Sealed { document, version, manifest, batch, pages } => {
                self.story.version(run, at, index, (document, version, manifest));
                let sealed = Sealed { index, at: event.at, document, version, batch, pages, print: None };
                if wanted {
                    self.manifests.entry(manifest).or_insert(sealed);
                }
            }
            &EventKind::BatchRecorded { batch, body, signed } => {
                self.story.batches.push(BatchEvent { index, batch, body, signed });
            }
            &EventKind::StationRecorded { station, body } => self.story.stations.push((index, station, body)),
            EventKind::LogKeyChanged { .. } => self.story.key_changes.push(index),
            EventKind::Repaired { object, bucket, found } | EventKind::Damaged { object, bucket, found } => {
                let repaired = matches!(event.event, EventKind::Repaired { .. });
                let told = Told { index, object: object.clone(), bucket: *bucket, found: *found, repaired };
                self.story.damage.push(told);
            }
            _ => {}
        }
        for body in event.event.body().into_iter().chain(event.event.attached()).filter(|_| wanted) {
            self.name(body, index, event.event.document());
        }
    }

    /// An event about this document, or about none, names a blob.
    fn name(&mut self, digest: Digest, index: u64, document: Option<DocumentId>) {
        let blob = self.blobs.entry(digest).or_insert(Blob { size: None, index, document });
        match document {
            None => {
                blob.document = None;
                self.sharers.remove(&digest);
            }
            Some(document) if blob.document.is_some_and(|first| first != document) => {
                self.sharers.entry(digest).or_default().push(document);
            }
            Some(_) => {}
        }
    }
}

impl Story {
    fn time(&mut self, run: &mut Run<'_>, object: &str, index: u64, at: Timestamp) {
        if let Some(latest) = self.latest.filter(|latest| latest.0 - at.0 > CLOCK_MILLIS) {
            let detail = format!("event {index} says {at}, and an event before it {latest}");
            run.find(Code::BackDated, object, detail);
        }
        self.latest = self.latest.max(Some(at));
    }

    fn version(&mut self, run: &mut Run<'_>, object: &str, index: u64, sealed: (DocumentId, u32, Digest)) {
        let (document, version, manifest) = sealed;
        let (newest, current) = self.newest.get(&document).copied().unwrap_or((0, manifest));
        if version > newest + 1 {
            let detail = format!("event {index} seals version {version} of document {document} after version {newest}");
            run.find(Code::VersionMissing, object, detail);
        } else if version < newest {
            let detail = format!("event {index} seals version {version} of document {document} again after {newest}");
            run.find(Code::Resurrected, object, detail);
        } else if version == newest && manifest != current {
            run.note(
                Code::VersionTwice,
                object,
                format!("event {index} seals version {version} of document {document}"),
            );
        }
        if version > newest {
            self.newest.insert(document, (version, manifest));
        }
    }

    /// Whether some version of this document was sealed.
    pub(super) fn knows(&self, document: DocumentId) -> bool {
        self.newest.contains_key(&document)
    }
}

/// What is wrong with a manifest's own time, if anything is.
pub(super) fn misdated(manifest: &Manifest, sealed: &Sealed) -> Option<String> {
    let apart = (manifest.created.0 - sealed.at.0).abs();
    (apart > CLOCK_MILLIS)
        .then(|| format!("it says {}, and event {}, which seals it, {}", manifest.created, sealed.index, sealed.at))
}
