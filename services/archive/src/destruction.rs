//! What goes with documents that are to be destroyed, and is it gone?
//!
//! The ledger decides: an approval that another person proposed ([`record::destruction::Orders`]) orders it, and only blobs that no
//! other document names go. Deleting may be broken off anywhere and done again: what the order names and the ledger does not need is
//! deleted wherever it is found, also where somebody has put it back. These are the only lines that delete a sealed object.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use record::destruction::{Authorised, Order, Orders};
use record::event::Bucket;
use record::{Digest, DocumentId, Event, EventKind, Manifest, canonical};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::copies::{Copies, QUARANTINE};
use crate::error::{Error, Result};
use crate::ledger::proof::Reader;
use crate::object::Object;
use crate::store::Store;

/// Events that are read at a time.
const GROUP: u64 = 4_096;
/// In the leaf of each event that has to do with it: canonical JSON has one spelling, and most leaves need not be parsed.
const TOLD: &[u8] = br#""type":"destruction-"#;
/// Manifests that are read at once, and objects that are deleted at once.
const AT_ONCE: usize = 16;
/// Objects that one call deletes: between two calls others may seal.
pub(crate) const PORTION: usize = 500;

/// What the ledger has ordered to be destroyed, as far as it was read.
#[derive(Default)]
struct Known {
    next: u64,
    orders: Orders,
    authorised: Vec<Arc<Authorised>>,
    documents: Arc<HashMap<DocumentId, u64>>,
}

/// Remembers it, so that each event is read once.
#[derive(Clone, Default)]
pub(crate) struct Destroyed(Arc<Mutex<Known>>, Arc<tokio::sync::Mutex<()>>);

impl Destroyed {
    /// Documents that are destroyed, each with the index of the approval.
    pub async fn documents(&self, copies: &Copies, reader: &Reader) -> Result<Arc<HashMap<DocumentId, u64>>> {
        self.catch_up(copies, reader).await?;
        Ok(self.so_far())
    }

    /// Likewise, without a look at what is new.
    pub fn so_far(&self) -> Arc<HashMap<DocumentId, u64>> {
        Arc::clone(&self.known().documents)
    }

    pub async fn authorised(&self, copies: &Copies, reader: &Reader) -> Result<Vec<Arc<Authorised>>> {
        self.catch_up(copies, reader).await?;
        Ok(self.known().authorised.clone())
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn catch_up(&self, copies: &Copies, reader: &Reader) -> Result<()> {
        if self.known().next >= reader.size() {
            return Ok(());
        }
        let _one_reads = self.1.lock().await;
        loop {
            let from = self.known().next;
            let to = (from + GROUP).min(reader.size());
            if from >= to {
                return Ok(());
            }
            let leaves = reader.entries(from..to).await?;
            let told = (from..).zip(&leaves).filter(|(_, leaf)| leaf.windows(TOLD.len()).any(|part| part == TOLD));
            let (mut orders, mut authorised) = (self.known().orders.clone(), Vec::new());
            for (index, leaf) in told {
                if let Some(Ok(ordered)) = orders.take(index, &Event::from_leaf(leaf)?) {
                    let (proposal, order) = (body(copies, ordered.proposal).await?, body(copies, ordered.order).await?);
                    authorised.extend(Authorised::of(ordered, &proposal, order));
                }
            }
            // All of the portion or nothing: where a body cannot be read it is tried again.
            self.known().go_on(to, orders, authorised);
        }
    }
}

impl Known {
    fn go_on(&mut self, next: u64, orders: Orders, authorised: Vec<Authorised>) {
        (self.next, self.orders) = (next, orders);
        for authorised in authorised {
            let documents = Arc::make_mut(&mut self.documents);
            for document in &authorised.documents {
                documents.entry(*document).or_insert(authorised.ordered.index);
            }
            self.authorised.push(Arc::new(authorised));
        }
    }
}

async fn body<T: Serialize + DeserializeOwned>(copies: &Copies, digest: Digest) -> Result<T> {
    Ok(canonical::from_bytes(&copies.get(&Object::blob(digest)).await?)?)
}

async fn events(reader: &Reader, from: u64, to: u64) -> Result<Vec<Event>> {
    reader.entries(from..to).await?.iter().map(|leaf| Ok(Event::from_leaf(leaf)?)).collect()
}

/// What documents are made of: alone, and with others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Doomed {
    pub manifests: Vec<Digest>,
    pub blobs: Vec<Digest>,
    /// Blobs that others need, each with one of them.
    pub shared: Vec<(Digest, Option<DocumentId>)>,
    /// Bytes of what goes that the store has.
    pub bytes: u64,
    /// The ledger's length when this was looked up.
    pub events: u64,
}

/// Goes through the whole ledger, and through the manifests of all documents: whoever shares a blob keeps it.
///
/// # Errors
/// Where a manifest of another document is missing or damaged: what it needs is then not known.
pub(crate) async fn doomed(
    destroyed: &Destroyed,
    copies: &Copies,
    reader: &Reader,
    documents: &[DocumentId],
) -> Result<Doomed> {
    let gone = destroyed.documents(copies, reader).await?;
    let ours: HashSet<DocumentId> = documents.iter().copied().collect();
    let (mut manifests, mut blobs) = (BTreeSet::new(), BTreeSet::new());
    let mut others = Named::default();
    for from in (0..reader.size()).step_by(GROUP as usize) {
        for event in events(reader, from, (from + GROUP).min(reader.size())).await? {
            match event.event.document() {
                Some(document) if gone.contains_key(&document) => {}
                Some(document) if ours.contains(&document) => {
                    blobs.extend(event.event.body());
                    manifests.extend(sealed(&event.event));
                }
                document => others.add(document, &event.event),
            }
        }
    }
    for manifest in &manifests {
        let manifest = manifest_of(copies, *manifest).await?;
        blobs.extend(manifest.blobs().map(|blob| blob.digest));
    }
    let shared = others.among(copies, &blobs).await?;
    let mut doomed = Doomed { events: reader.size(), manifests: Vec::from_iter(manifests), ..Doomed::default() };
    for digest in blobs {
        match shared.get(&digest) {
            Some(document) => doomed.shared.push((digest, *document)),
            None => doomed.blobs.push(digest),
        }
    }
    doomed.bytes = size(copies.store(), keys(&doomed.manifests, &doomed.blobs)).await?;
    Ok(doomed)
}

fn sealed(event: &EventKind) -> Option<Digest> {
    match event {
        EventKind::Sealed { manifest, .. } => Some(*manifest),
        _ => None,
    }
}

async fn manifest_of(copies: &Copies, digest: Digest) -> Result<Manifest> {
    Ok(canonical::from_bytes(&copies.get(&Object::manifest(digest)).await?)?)
}

/// What events name that are not about the documents in question.
#[derive(Default)]
struct Named {
    manifests: Vec<(Digest, DocumentId)>,
    blobs: Vec<(Digest, Option<DocumentId>)>,
}

impl Named {
    fn add(&mut self, document: Option<DocumentId>, event: &EventKind) {
        self.blobs.extend(event.body().into_iter().chain(event.attached()).map(|digest| (digest, document)));
        self.manifests.extend(sealed(event).zip(document));
    }

    /// Those of `blobs` that are named here, each by one of the documents.
    async fn among(self, copies: &Copies, blobs: &BTreeSet<Digest>) -> Result<HashMap<Digest, Option<DocumentId>>> {
        let named = self.blobs.into_iter().filter(|(digest, _)| blobs.contains(digest));
        let mut shared: HashMap<Digest, Option<DocumentId>> = named.collect();
        let reads = self.manifests.into_iter().map(|(digest, document)| async move {
            let manifest = manifest_of(copies, digest).await?;
            let theirs = manifest.blobs().map(|blob| blob.digest).filter(|digest| blobs.contains(digest));
            Ok::<_, Error>((theirs.collect::<Vec<_>>(), document))
        });
        let mut reads = stream::iter(reads).buffer_unordered(AT_ONCE);
        while let Some((theirs, document)) = reads.try_next().await? {
            shared.extend(theirs.into_iter().map(|digest| (digest, Some(document))));
        }
        Ok(shared)
    }
}

/// Names of these objects.
pub(crate) fn keys(manifests: &[Digest], blobs: &[Digest]) -> Vec<String> {
    let manifests = manifests.iter().map(|digest| Object::manifest(*digest));
    manifests.chain(blobs.iter().map(|digest| Object::blob(*digest))).map(|object| object.key).collect()
}

async fn size(store: &Store, keys: Vec<String>) -> Result<u64> {
    let sizes = keys.into_iter().map(|key| {
        let store = store.clone();
        async move { store.head(&key).await }
    });
    let sizes: Vec<_> = stream::iter(sizes).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(sizes.iter().flatten().map(|head| head.size).sum())
}

/// What was there of an order, and no longer is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deleted {
    pub objects: u64,
    pub bytes: u64,
    /// The replica was reached, and has none of it.
    pub replica: bool,
    /// A bucket gave what was deleted a version, and keeps it.
    pub versions_kept: bool,
    /// From where the next call goes on; none where this was the last portion.
    pub next: Option<usize>,
}

/// Deletes a portion of what an order names, from number `from` on, wherever it is. The caller sees to it that nothing is sealed
/// meanwhile, and that no pass and no copying runs.
pub(crate) async fn delete(
    destroyed: &Destroyed,
    copies: &Copies,
    reader: &Reader,
    order: &Order,
    from: usize,
) -> Result<Deleted> {
    let all = keys(&order.manifests, &order.blobs);
    let portion: Vec<String> = all.iter().skip(from).take(PORTION).cloned().collect();
    let needed = needed_since(destroyed, copies, reader, order).await?;
    let these: Vec<String> = portion.into_iter().filter(|key| !needed.contains(key)).collect();
    copies.forget(&these);
    let next = (from + PORTION < all.len()).then_some(from + PORTION);
    let mut deleted = Deleted { replica: copies.has_replica(), next, ..Deleted::default() };
    // The replica first: no copy of it may come back from there.
    for bucket in [Bucket::Replica, Bucket::Store] {
        let gone = match (bucket, copies.has_replica()) {
            (Bucket::Replica, false) => continue,
            (bucket, _) => delete_in(copies.bucket(bucket), &these).await,
        };
        match gone {
            Ok(gone) => deleted.add(gone),
            Err(error) if bucket == Bucket::Replica => {
                tracing::warn!("the replica still has what is destroyed, until it can be reached: failed to {error}");
                deleted.replica = false;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(deleted)
}

/// Objects that events after the order name: the same bytes, sealed again for another document.
async fn needed_since(
    destroyed: &Destroyed,
    copies: &Copies,
    reader: &Reader,
    order: &Order,
) -> Result<HashSet<String>> {
    let gone = destroyed.documents(copies, reader).await?;
    let mut others = Named::default();
    for from in (order.events..reader.size()).step_by(GROUP as usize) {
        for event in events(reader, from, (from + GROUP).min(reader.size())).await? {
            let document = event.event.document();
            if document.is_none_or(|document| !gone.contains_key(&document)) {
                others.add(document, &event.event);
            }
        }
    }
    let blobs: BTreeSet<Digest> = order.blobs.iter().copied().collect();
    let needed = others.among(copies, &blobs).await?;
    Ok(needed.into_keys().map(|digest| Object::blob(digest).key).collect())
}

async fn delete_in(store: Result<Store>, keys: &[String]) -> Result<Deleted> {
    let store = store?;
    let own: Vec<String> = keys.to_vec();
    let deleting = own.into_iter().map(|key| {
        let store = store.clone();
        async move { store.destroy(&key).await }
    });
    let heads: Vec<_> = stream::iter(deleting).buffer_unordered(AT_ONCE).try_collect().await?;
    let mut deleted = Deleted::default();
    for head in heads.into_iter().flatten() {
        deleted.objects += 1;
        deleted.bytes += head.size;
        deleted.versions_kept |= head.versioned;
    }
    // What once stood in the place of one of them may be a part of it.
    let theirs: HashSet<&str> = keys.iter().map(String::as_str).collect();
    for found in store.list_all(QUARANTINE).await? {
        let of = found.key.strip_prefix(QUARANTINE).and_then(|name| name[1..].rsplit_once('/'));
        if of.is_some_and(|(key, _)| theirs.contains(key)) {
            store.destroy(&found.key).await?;
        }
    }
    Ok(deleted)
}

impl Deleted {
    /// What another call, or another bucket, has brought.
    pub fn add(&mut self, other: Self) {
        self.objects += other.objects;
        self.bytes += other.bytes;
        self.versions_kept |= other.versions_kept;
    }
}
