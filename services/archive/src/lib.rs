//! The truth: blobs, manifests and the ledger, in one object store.
//!
//! An [`Archive`] shows what can be done with the truth, and none of it overwrites; deleted is only what two people have ordered to be.
//! What it acknowledges is durable, and what it serves has been hashed again.
//!
//! Questions, and where they are answered:
//! - Where does the bucket live? `address`. How do bytes come to rest? `store`; where it is a folder, `folder`.
//! - How do events become part of the ledger? `ledger`: `commit` (the record), `edge` (how a
//!   tree grows), `tile` (names and shapes), `proof` (reading and proving), `sequencer` (many
//!   callers, one commit), `keys` (those it has had). Who signs its heads? [`signer`].
//! - Which objects does an event name, and how is a damaged one put right? `object`, `copies`. How does a second bucket come to hold the
//!   same? `replica`. Are all of them still what was sealed? `scrub`.
//! - What goes with documents that are destroyed, and is it gone? `destruction`.
//! - Which checkpoints has a time-stamping authority vouched for, and until when? `stamps`.
//! - Is it all still there, and still the same, says somebody who trusts none of the above? [`verify`].
//!
//! ```text
//! blobs/sha256/ab/cd/<hex>  manifests/sha256/ab/cd/<hex>     named by the bytes' own digest
//! log/commits/<number>      log/staging/<number>-<root>      the chain of commits; tiles in waiting
//! log/tile/<L>/<N>[.p/<W>]  log/tile/entries/<N>[.p/<W>]  log/checkpoint      C2SP tlog-tiles
//! log/keys/<event>                                           how the log came from one key to the next
//! log/witnessed                                              a checkpoint with cosignatures
//! log/timestamps/<size>.checkpoint  .tsr                     a checkpoint with an RFC 3161 token
//! quarantine/<key>/<hex>                                     what was found in an object's place
//! ```

mod address;
mod copies;
mod destruction;
mod error;
mod folder;
mod ledger;
mod object;
mod replica;
mod scrub;
pub mod signer;
mod stamps;
mod store;
#[cfg(test)]
mod tests;
pub mod verify;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use record::destruction::Authorised;
use record::event::{Actor, Bucket};
use record::log_key::KeyChange;
use record::note::{LogKey, LogSigner};
use record::{Descriptor, Digest, DocumentId, Event, EventKind, Manifest, Receipt, Timestamp, canonical, limits};

pub use crate::address::StoreAddress;
use crate::copies::Copies;
pub use crate::copies::Incident;
use crate::destruction::Destroyed;
pub use crate::destruction::{Deleted, Doomed};
pub use crate::error::{Error, Result};
use crate::ledger::proof::Reader;
use crate::ledger::sequencer::Sequencer;
use crate::ledger::{Ledger, keys};
use crate::object::Object;
pub use crate::replica::Backlog;
pub use crate::scrub::{Pass, Standing, Step};
use crate::signer::Signer;
use crate::stamps::TIMESTAMPS;
pub use crate::stamps::{Moment, Stamped, ends as token_ends};

pub(crate) const BLOBS: &str = "blobs/sha256";
pub(crate) const MANIFESTS: &str = "manifests/sha256";
/// The newest checkpoint that enough witnesses have cosigned.
pub(crate) const WITNESSED: &str = "log/witnessed";
/// Hashing more than this would keep an async thread from its other work for too long.
const HASH_INLINE_BYTES: usize = 1 << 20;

/// A handle on one archive; clones share it. Needs a tokio runtime.
#[derive(Clone)]
pub struct Archive {
    copies: Copies,
    ledger: Arc<Ledger>,
    sequencer: Sequencer,
    destroyed: Destroyed,
    tending: Arc<Tending>,
}

/// Copying, looking at objects and deleting them go on one after the other: what one of them has in hand the other must not change.
#[derive(Default)]
pub(crate) struct Tending {
    pub one: tokio::sync::Mutex<()>,
    /// How often something was deleted.
    pub deletions: AtomicU64,
}

impl Archive {
    /// Makes an empty archive; refuses one that exists.
    pub async fn init(store: &StoreAddress, signer: LogSigner) -> Result<Self> {
        let copies = Copies::new(store.create()?, None)?;
        let ledger = Ledger::init(copies.clone(), signer).await?;
        Ok(Self::start(copies, ledger))
    }

    /// Opens an archive and completes what a crash may have left undone. Refuses a store whose
    /// checkpoint is newer than its commits, or says something else: no crash does that.
    pub async fn open(store: &StoreAddress, signer: impl Into<Signer>) -> Result<Self> {
        Self::open_with(store, None, signer).await
    }

    /// Likewise, with a second bucket that [`Archive::replicate`] fills, and from which damaged objects are put right.
    pub async fn open_with(
        store: &StoreAddress,
        replica: Option<&StoreAddress>,
        signer: impl Into<Signer>,
    ) -> Result<Self> {
        let copies = Copies::new(store.connect()?, replica)?;
        let ledger = Ledger::open(copies.clone(), signer.into()).await?;
        Ok(Self::start(copies, ledger))
    }

    fn start(copies: Copies, ledger: Ledger) -> Self {
        let ledger = Arc::new(ledger);
        let sequencer = Sequencer::start(Arc::clone(&ledger));
        Self { copies, sequencer, ledger, destroyed: Destroyed::default(), tending: Arc::default() }
    }

    /// Seals bytes as a blob. Durable on return; the same bytes again are the same blob.
    /// Something else under their digest is put aside, and replaced.
    pub async fn put(&self, media_type: &str, bytes: Bytes) -> Result<Descriptor> {
        if bytes.len() > limits::FILE_BYTES_MAX {
            let most = limits::FILE_BYTES_MAX;
            return Err(Error::Refused(format!("{} bytes are too many for one blob; at most {most}", bytes.len())));
        }
        let size = bytes.len() as u64;
        let digest = self.seal_bytes(BLOBS, bytes).await?;
        Ok(Descriptor { media_type: media_type.to_owned(), digest, size, plain_digest: None, plain_size: None })
    }

    /// Seals a manifest; as durable as [`Archive::put`]. Its blobs are put before, and the event
    /// that names it is appended after.
    pub async fn seal(&self, manifest: &Manifest) -> Result<Digest> {
        self.seal_bytes(MANIFESTS, canonical::to_bytes(manifest)?.into()).await
    }

    async fn seal_bytes(&self, family: &str, bytes: Bytes) -> Result<Digest> {
        let digest = digest_of(bytes.clone()).await?;
        let object = Object::sealed(family, digest);
        self.copies.remember(&object.key);
        // Hashed from what the store gives back, be it new or found.
        let stored = self.copies.store().create(&object.key, bytes.clone()).await?;
        if digest_of(stored).await? != digest {
            self.copies.insist(Bucket::Store, &object, bytes).await?;
        }
        Ok(digest)
    }

    /// Appends events, next to each other and in this order. On return they are durable,
    /// published, and proven by one receipt each. On error nothing is acknowledged.
    pub async fn append(&self, events: Vec<Event>) -> Result<Vec<Receipt>> {
        if events.len() > limits::COMMIT_EVENTS_MAX {
            let most = limits::COMMIT_EVENTS_MAX;
            return Err(Error::Refused(format!("{} events are too many for one append; at most {most}", events.len())));
        }
        if events.is_empty() {
            return Ok(Vec::new());
        }
        if events.iter().any(|event| matches!(event.event, EventKind::LogKeyChanged { .. })) {
            return Err(Error::Refused("change the log's key among other events".to_owned()));
        }
        let leaves: Result<Vec<_>, _> = events.iter().map(Event::to_leaf).collect();
        self.sequencer.append(leaves?).await
    }

    /// A blob's bytes, hashed again before they are returned. Where they are not what was sealed, the replica's are, and take their
    /// place.
    pub async fn read(&self, digest: &Digest) -> Result<Bytes> {
        self.copies.get(&Object::blob(*digest)).await
    }

    /// [`Archive::read`] for a blob that may never have been sealed: then it is no damage that it is not there.
    pub async fn find(&self, digest: &Digest) -> Result<Option<Bytes>> {
        let object = Object::blob(*digest);
        if self.copies.store().exists(&object.key).await? { self.copies.get(&object).await.map(Some) } else { Ok(None) }
    }

    pub async fn manifest(&self, digest: &Digest) -> Result<Manifest> {
        Ok(canonical::from_bytes(&self.manifest_bytes(digest).await?)?)
    }

    /// The manifest's bytes as stored: what receipts are checked against.
    pub async fn manifest_bytes(&self, digest: &Digest) -> Result<Bytes> {
        self.copies.get(&Object::manifest(*digest)).await
    }

    /// Events from number `from` on, at most `most`, as far as this process has seen the ledger.
    pub async fn events(&self, from: u64, most: usize) -> Result<Vec<Event>> {
        let reader = self.ledger.reader();
        let to = reader.size().min(from.saturating_add(most as u64));
        let leaves = reader.entries(from.min(to)..to).await?;
        leaves.iter().map(|leaf| Ok(Event::from_leaf(leaf)?)).collect()
    }

    /// The receipt of event `index`, to the current checkpoint.
    pub async fn proof(&self, index: u64) -> Result<Receipt> {
        let reader = self.ledger.reader();
        if index >= reader.size() {
            return Err(Error::Refused(format!("prove event {index}; there are {}", reader.size())));
        }
        reader.receipts(index..index + 1).await?.pop().ok_or_else(|| Error::Missing(format!("event {index}")))
    }

    /// The hashes that prove that the first `old_size` events are the beginning of the current
    /// ledger, for `record::merkle::verify_consistency`.
    pub async fn consistency(&self, old_size: u64) -> Result<Vec<Digest>> {
        self.ledger.reader().consistency(old_size).await
    }

    /// The ledger as this process has last seen it, to be talked of while it grows.
    pub fn snapshot(&self) -> Snapshot {
        let head = self.ledger.head();
        Snapshot { size: head.size(), checkpoint: head.checkpoint().to_owned(), reader: self.ledger.reader() }
    }

    /// Publishes what witnesses have cosigned. Only a newer one than this process knows of is refused; what is there already
    /// vouches for the past, and is replaced.
    pub async fn publish_witnessed(&self, note: String) -> Result<()> {
        let checkpoint = record::note::open(&note, &self.ledger.key())?;
        if checkpoint.size > self.size() {
            return Err(Error::Refused(format!(
                "publish a checkpoint of {} events: here are {}",
                checkpoint.size,
                self.size()
            )));
        }
        self.copies.store().replace(WITNESSED, note.into()).await
    }

    /// Keeps what a time-stamping authority has said of a checkpoint of this ledger; both stay for good. Gives their name.
    pub async fn publish_timestamp(&self, note: String, token: Bytes) -> Result<String> {
        let checkpoint = record::note::open(&note, &self.ledger.key())?;
        let name = format!("{TIMESTAMPS}/{:020}", checkpoint.size);
        // The token first: alone it says nothing, and a checkpoint without one is said to be amiss. Another token for the same
        // checkpoint says no more than the first.
        self.copies.store().create(&format!("{name}.tsr"), token).await?;
        self.copies.store().create_exactly(&format!("{name}.checkpoint"), note.into()).await?;
        Ok(name)
    }

    /// The checkpoints that an authority has stamped.
    pub async fn stamped(&self) -> Result<Vec<Stamped>> {
        stamps::all(self.copies.store()).await
    }

    /// Keeps a token for the newest token of a checkpoint; gives its name.
    pub async fn renew_timestamp(&self, stamped: &Stamped, token: Bytes) -> Result<String> {
        let key = stamped.key(stamped.tokens.len());
        self.copies.store().create_exactly(&key, token).await?;
        Ok(key)
    }

    /// Lets the replica catch up by one portion. [`Error::Address`] where there is none, or it is away.
    pub async fn replicate(&self) -> Result<Backlog> {
        let _one = self.tending.one.lock().await;
        replica::catch_up(&self.ledger, &self.copies, &self.destroyed).await
    }

    /// Documents that two people have ordered to be destroyed, each with the index of the approval, as far as this process has seen
    /// the ledger.
    pub async fn destroyed(&self) -> Result<Arc<HashMap<DocumentId, u64>>> {
        self.destroyed.documents(&self.copies, &self.ledger.reader()).await
    }

    /// All orders, oldest first.
    pub async fn orders(&self) -> Result<Vec<Arc<Authorised>>> {
        self.destroyed.authorised(&self.copies, &self.ledger.reader()).await
    }

    /// What would go with these documents. Reads the whole ledger, and every manifest.
    pub async fn doomed(&self, documents: &[DocumentId]) -> Result<Doomed> {
        destruction::doomed(&self.destroyed, &self.copies, &self.ledger.reader(), documents).await
    }

    /// Deletes a portion of what an order names, from number `from` on, in the store and in the replica. Nothing may be sealed
    /// meanwhile.
    pub async fn destroy(&self, authorised: &Authorised, from: usize) -> Result<Deleted> {
        let _one = self.tending.one.lock().await;
        self.tending.deletions.fetch_add(1, Ordering::AcqRel);
        let (copies, reader) = (&self.copies, self.ledger.reader());
        destruction::delete(&self.destroyed, copies, &reader, &authorised.order, from).await
    }

    pub fn has_replica(&self) -> bool {
        self.copies.has_replica()
    }

    /// A pass over everything there is, from its beginning or from where another one has come to. With `leave` it finds, and
    /// changes nothing. What it finds, its steps tell.
    pub fn scrub(&self, began: Timestamp, from: Option<Standing>, leave: bool) -> Pass {
        let (ledger, copies) = (Arc::clone(&self.ledger), self.copies.apart(leave));
        let care = (self.destroyed.clone(), Arc::clone(&self.tending));
        match from {
            Some(standing) => Pass::go_on(ledger, copies, care, standing),
            None => Pass::new(ledger, copies, care, began),
        }
    }

    /// Whether the object of this name is what was sealed, in one bucket.
    pub async fn is_true(&self, name: &str, bucket: Bucket) -> Result<bool> {
        let Some(object) = object::of_name(&self.ledger.reader(), &self.ledger.key(), name).await? else {
            return Ok(false);
        };
        let copies = self.copies.apart(true);
        copies.examine(&object, &[bucket]).await?;
        Ok(copies.take_incidents().is_empty())
    }

    /// What reading has found amiss, and put right or not, since the last call.
    pub fn take_incidents(&self) -> Vec<Incident> {
        self.copies.take_incidents()
    }

    /// Takes in what other processes have appended, and returns the number of events.
    pub async fn refresh(&self) -> Result<u64> {
        Ok(self.ledger.refresh().await?.size())
    }

    /// The number of events as this process has last seen it.
    pub fn size(&self) -> u64 {
        self.ledger.head().size()
    }

    /// The signed note over [`Archive::size`] events.
    pub fn checkpoint(&self) -> String {
        self.ledger.head().checkpoint().to_owned()
    }

    /// The log's key, with those that it had before.
    pub fn key(&self) -> LogKey {
        self.ledger.key()
    }

    /// Lets the log sign with this key from now on, which the signer has to have already; the number of the event that says so.
    /// None where it signs with it already: a change that was cut off may be asked for again.
    pub async fn change_key(&self, at: Timestamp, next: &LogKey) -> Result<Option<u64>> {
        let current = self.ledger.refresh().await?.key.current().clone();
        if current == *next.current() {
            return Ok(None);
        }
        if !self.ledger.signs_with(next).await? {
            return Err(Error::Refused(format!("let {next} take over: the signer does not sign with it yet")));
        }
        let event = EventKind::LogKeyChanged { before: current.into(), after: next.current().clone().into() };
        let leaf = Event { at, actor: Actor::System, event }.to_leaf()?;
        self.ledger.sequence(&[leaf]).await.map(Some)
    }

    /// How the log came to its key: the proof of each change, oldest first.
    pub async fn key_changes(&self) -> Result<Vec<KeyChange>> {
        let mut changes = Vec::new();
        for size in self.ledger.key().changes() {
            changes.push(keys::read(&self.copies, size - 1).await?);
        }
        Ok(changes)
    }
}

/// One state of the ledger.
pub struct Snapshot {
    size: u64,
    checkpoint: String,
    reader: Reader,
}

impl Snapshot {
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The signed note.
    pub fn checkpoint(&self) -> &str {
        &self.checkpoint
    }

    /// The hashes that prove that this state continues the one of `old_size` events.
    pub async fn consistency(&self, old_size: u64) -> Result<Vec<Digest>> {
        self.reader.consistency(old_size).await
    }
}

/// `<family>/ab/cd/<64 hex digits>`: two folders deep, so that ten million objects are about 150
/// to a folder.
pub(crate) fn object_key(family: &str, digest: &Digest) -> String {
    let hex = digest.hex();
    format!("{family}/{}/{}/{hex}", &hex[..2], &hex[2..4])
}

async fn digest_of(bytes: Bytes) -> Result<Digest> {
    if bytes.len() <= HASH_INLINE_BYTES {
        return Ok(Digest::of(&bytes));
    }
    let hashed = tokio::task::spawn_blocking(move || Digest::of(&bytes)).await;
    hashed.map_err(|e| Error::unavailable("a hashing thread", e))
}
