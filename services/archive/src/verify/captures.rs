//! Did a station sign for every page?
//!
//! A station signs what it captured in one batch: documents, and the digests of their pages (`record::envelope`). Its key is
//! enrolled and revoked by events, so that the ledger says which keys were good at which place. An auditor who was told the
//! keys by their owners need not believe the ledger in this.

use std::collections::{BTreeMap, HashMap, HashSet};

use record::envelope::{Capture, Envelope, EnvelopeError, StationKey, fingerprint};
use record::event::StationRecord;
use record::manifest::{BatchClosed, BatchRecord};
use record::{BatchId, Digest, DocumentId, canonical};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::history::BatchEvent;
use super::{Ask, Code, Named, Run, reason};
use crate::{BLOBS, MANIFESTS, object_key};

/// Which keys were good where.
#[derive(Default)]
struct Keys {
    enrolled: Vec<Enrolled>,
    /// From here on every capture must be signed.
    required: Option<u64>,
}

struct Enrolled {
    key: StationKey,
    from: u64,
    until: u64,
}

/// What stations have signed.
#[derive(Default)]
struct Signed {
    documents: HashMap<DocumentId, Vec<Digest>>,
    closed: HashSet<BatchId>,
    /// Envelopes that nobody can check, since no station is known.
    unchecked: u64,
}

pub(super) async fn check(run: &mut Run<'_>, named: &Named, ask: &Ask) {
    let keys = keys(run, named, ask).await;
    let (mut signed, mut seen) = (Signed::default(), HashSet::new());
    for event in &named.story.batches {
        // A station that missed the answer is told again, by another event of the same closing.
        if seen.insert((event.batch, event.body, event.signed)) {
            batch(run, named, &keys, event, &mut signed).await;
        }
    }
    documents(run, named, &keys, &signed);
    if signed.unchecked > 0 {
        let detail =
            format!("no station was enrolled yet where {} envelopes stand: they were not checked", signed.unchecked);
        run.note(Code::StationsByLedger, "log", detail);
    }
}

async fn keys(run: &mut Run<'_>, named: &Named, ask: &Ask) -> Keys {
    let mut keys = Keys::default();
    for (index, station, body) in named.story.stations.iter().copied() {
        let Some(record) = sealed::<StationRecord>(run, body, Code::EventWrong).await else { continue };
        let key = record.key.parse::<StationKey>().ok().filter(|key| key.digest() == station);
        match key {
            Some(key) if record.revoked => keys.revoke(&key, index),
            Some(key) => keys.enrol(run, ask, key, (index, body)),
            None => run.find(Code::EventWrong, object_key(BLOBS, &body), format!("event {index} enrols another key")),
        }
    }
    match &ask.stations {
        // Keys from before the ledger enrolled any.
        Some(known) => {
            let old = known.iter().filter(|key| keys.enrolled.iter().all(|other| other.key != **key)).cloned();
            let old: Vec<_> = old.map(|key| Enrolled { key, from: 0, until: u64::MAX }).collect();
            keys.enrolled.extend(old);
        }
        None if !keys.enrolled.is_empty() => {
            let names: Vec<&str> = keys.enrolled.iter().map(|one| one.key.name()).collect();
            run.note(Code::StationsByLedger, "log", format!("the ledger enrols {}", names.join(", ")));
        }
        None => {}
    }
    keys
}

impl Keys {
    fn enrol(&mut self, run: &mut Run<'_>, ask: &Ask, key: StationKey, (index, body): (u64, Digest)) {
        self.required = self.required.or(Some(index));
        if ask.stations.as_ref().is_some_and(|known| !known.contains(&key)) {
            let detail = format!("event {index} enrols `{}`, {}, which is not in the list given", key.name(), key.id());
            run.find(Code::StationUnknown, object_key(BLOBS, &body), detail);
        } else {
            self.enrolled.push(Enrolled { key, from: index, until: u64::MAX });
        }
    }

    fn revoke(&mut self, key: &StationKey, index: u64) {
        let still = self.enrolled.iter_mut().filter(|one| one.key == *key && one.until > index);
        still.for_each(|one| one.until = index);
    }

    fn at(&self, index: u64) -> Vec<StationKey> {
        let good = self.enrolled.iter().filter(|one| one.from <= index && index < one.until);
        good.map(|one| one.key.clone()).collect()
    }

    fn are_required(&self, index: u64) -> bool {
        self.required.is_some_and(|required| index > required)
    }
}

/// One opening or closing of a batch.
async fn batch(run: &mut Run<'_>, named: &Named, keys: &Keys, event: &BatchEvent, signed: &mut Signed) {
    let object = object_key(BLOBS, &event.body);
    let Some(record) = sealed::<BatchRecord>(run, event.body, Code::EventWrong).await else { return };
    let Some(closed) = record.closed.filter(|_| record.batch == event.batch) else { return };
    signed.closed.insert(event.batch);
    if closed.signed.as_ref().map(|envelope| envelope.digest) != event.signed {
        run.find(Code::CaptureWrong, &object, format!("event {} names another envelope than it", event.index));
    }
    let good = keys.at(event.index);
    match event.signed {
        None if keys.are_required(event.index) => {
            run.find(Code::CaptureUnsigned, object, format!("batch {} was closed without a signature", event.batch));
        }
        Some(_) if good.is_empty() && !keys.are_required(event.index) => signed.unchecked += 1,
        Some(envelope) => {
            if let Some(capture) = capture(run, envelope, event, &closed, &good).await {
                signed.take(run, named, envelope, &capture);
            }
        }
        None => {}
    }
}

/// What a station says of a batch, where it is one of ours and says the same as the archive.
async fn capture(
    run: &mut Run<'_>,
    digest: Digest,
    event: &BatchEvent,
    closed: &BatchClosed,
    good: &[StationKey],
) -> Option<Capture> {
    let object = object_key(BLOBS, &digest);
    let envelope = sealed::<Envelope>(run, digest, Code::CaptureWrong).await?;
    run.report.counts.envelopes += 1;
    match envelope.open(good) {
        Ok((capture, _)) => {
            let same = capture.batch == event.batch
                && capture.captured == closed.captured
                && capture.documents.len() as u64 == u64::from(closed.documents);
            if !same {
                run.find(Code::CaptureWrong, object, format!("it says another thing than event {}", event.index));
            }
            Some(capture)
        }
        Err(error @ EnvelopeError::Stranger) => {
            run.find(Code::StationUnknown, object, format!("the envelope of batch {} {error}", event.batch));
            None
        }
        Err(error) => {
            run.find(Code::CaptureWrong, object, format!("the envelope of batch {} {error}", event.batch));
            None
        }
    }
}

impl Signed {
    fn take(&mut self, run: &mut Run<'_>, named: &Named, envelope: Digest, capture: &Capture) {
        for document in &capture.documents {
            self.documents.entry(document.document).or_default().push(fingerprint(&document.pages));
            if !named.story.knows(document.document) {
                let detail = format!("document {} of batch {} was signed", document.document, capture.batch);
                run.find(Code::CaptureMissing, object_key(BLOBS, &envelope), detail);
            }
        }
    }
}

/// Is every version of every document what was signed?
fn documents(run: &mut Run<'_>, named: &Named, keys: &Keys, signed: &Signed) {
    let mut first: HashMap<DocumentId, u64> = HashMap::new();
    for sealed in named.manifests.values() {
        let index = first.entry(sealed.document).or_insert(sealed.index);
        *index = sealed.index.min(*index);
    }
    let mut open: BTreeMap<BatchId, u64> = BTreeMap::new();
    for (digest, sealed) in &named.manifests {
        let Some(print) = sealed.print else { continue };
        let document = sealed.document;
        match signed.documents.get(&document) {
            Some(prints) if prints.contains(&print) => {}
            Some(_) => {
                let detail =
                    format!("version {} of document {document} has other pages than were signed", sealed.version);
                run.find(Code::CaptureWrong, object_key(MANIFESTS, digest), detail);
            }
            None if !keys.are_required(first[&document]) => {}
            None if signed.closed.contains(&sealed.batch) => {
                let detail = format!("no enrolled station has signed for document {document}");
                run.find(Code::CaptureUnsigned, object_key(MANIFESTS, digest), detail);
            }
            None => *open.entry(sealed.batch).or_default() += 1,
        }
    }
    for (batch, count) in open {
        run.note(
            Code::BatchOpen,
            format!("batch {batch}"),
            format!("{count} document versions are signed by nobody yet"),
        );
    }
}

/// A sealed record, hashed before it is believed; a finding where there is none.
pub(super) async fn sealed<T: Serialize + DeserializeOwned>(
    run: &mut Run<'_>,
    digest: Digest,
    malformed: Code,
) -> Option<T> {
    let key = object_key(BLOBS, &digest);
    match run.store.get(&key).await {
        Ok(Some(bytes)) if Digest::of(&bytes) == digest => {
            let record = canonical::from_bytes(&bytes);
            return record.map_err(|error| run.find(malformed, key, format!("it is {error}"))).ok();
        }
        Ok(Some(_)) => run.find(Code::BlobWrong, key, "its bytes hash to something else"),
        Ok(None) => run.find(Code::BlobMissing, key, "an event or a manifest names it"),
        Err(error) => run.find(Code::Unreadable, key, reason(&error)),
    }
    None
}
