//! The truth: blobs, manifests and the ledger, in one object store.
//!
//! An [`Archive`] shows what can be done with the truth, and none of it deletes or overwrites.
//! What it acknowledges is durable, and what it serves has been hashed again.
//!
//! Questions, and where they are answered:
//! - Where does the bucket live? `address`. How do bytes come to rest? `store`.
//! - How do events become part of the ledger? `ledger`: `commit` (the record), `edge` (how a
//!   tree grows), `tile` (names and shapes), `proof` (reading and proving), `sequencer` (many
//!   callers, one commit).
//! - Is it all still there, and still the same? [`verify`].
//!
//! ```text
//! blobs/sha256/ab/cd/<hex>  manifests/sha256/ab/cd/<hex>     named by the bytes' own digest
//! log/commits/<number>      log/staging/<number>-<root>      the chain of commits; tiles in waiting
//! log/tile/<L>/<N>[.p/<W>]  log/tile/entries/<N>[.p/<W>]  log/checkpoint      C2SP tlog-tiles
//! log/witnessed                                              a checkpoint with cosignatures
//! log/timestamps/<size>.checkpoint  .tsr                     a checkpoint with an RFC 3161 token
//! ```

mod address;
mod error;
mod ledger;
mod store;
#[cfg(test)]
mod tests;
pub mod verify;

use std::sync::Arc;

use bytes::Bytes;
use record::note::{LogKey, LogSigner};
use record::{Descriptor, Digest, Event, Manifest, Receipt, canonical, limits};

pub use crate::address::StoreAddress;
pub use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::ledger::proof::Reader;
use crate::ledger::sequencer::Sequencer;
use crate::store::Store;

pub(crate) const BLOBS: &str = "blobs/sha256";
pub(crate) const MANIFESTS: &str = "manifests/sha256";
/// Checkpoints with what time-stamping authorities have said of them.
pub(crate) const TIMESTAMPS: &str = "log/timestamps";
/// The newest checkpoint that enough witnesses have cosigned.
pub(crate) const WITNESSED: &str = "log/witnessed";
/// Hashing more than this would keep an async thread from its other work for too long.
const HASH_INLINE_BYTES: usize = 1 << 20;

/// A handle on one archive; clones share it. Needs a tokio runtime.
#[derive(Clone)]
pub struct Archive {
    store: Store,
    ledger: Arc<Ledger>,
    sequencer: Sequencer,
}

impl Archive {
    /// Makes an empty archive; refuses one that exists.
    pub async fn init(store: &StoreAddress, signer: LogSigner) -> Result<Self> {
        let store = store.create()?;
        let ledger = Ledger::init(store.clone(), signer).await?;
        Ok(Self::start(store, ledger))
    }

    /// Opens an archive and completes what a crash may have left undone. Refuses a store whose
    /// checkpoint is newer than its commits, or says something else: no crash does that.
    pub async fn open(store: &StoreAddress, signer: LogSigner) -> Result<Self> {
        let store = store.connect()?;
        let ledger = Ledger::open(store.clone(), signer).await?;
        Ok(Self::start(store, ledger))
    }

    fn start(store: Store, ledger: Ledger) -> Self {
        let ledger = Arc::new(ledger);
        Self { store, sequencer: Sequencer::start(Arc::clone(&ledger)), ledger }
    }

    /// Seals bytes as a blob. Durable on return; the same bytes again are the same blob.
    /// [`Error::Corrupt`] if the store holds something else under their digest.
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
        let key = object_key(family, &digest);
        // Hashed from what the store gives back, be it new or found.
        let stored = self.store.create(&key, bytes).await?;
        if digest_of(stored).await? != digest {
            return Err(Error::corrupt(key, "the bytes under this name hash to something else"));
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
        let leaves: Result<Vec<_>, _> = events.iter().map(Event::to_leaf).collect();
        self.sequencer.append(leaves?).await
    }

    /// A blob's bytes, hashed again before they are returned.
    pub async fn read(&self, digest: &Digest) -> Result<Bytes> {
        self.sealed_bytes(BLOBS, digest).await
    }

    pub async fn manifest(&self, digest: &Digest) -> Result<Manifest> {
        Ok(canonical::from_bytes(&self.manifest_bytes(digest).await?)?)
    }

    /// The manifest's bytes as stored: what receipts are checked against.
    pub async fn manifest_bytes(&self, digest: &Digest) -> Result<Bytes> {
        self.sealed_bytes(MANIFESTS, digest).await
    }

    async fn sealed_bytes(&self, family: &str, digest: &Digest) -> Result<Bytes> {
        let key = object_key(family, digest);
        let bytes = self.store.get(&key).await?.ok_or_else(|| Error::Missing(key.clone()))?;
        if digest_of(bytes.clone()).await? != *digest {
            return Err(Error::corrupt(key, "its bytes hash to something else"));
        }
        Ok(bytes)
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
        let checkpoint = record::note::open(&note, self.ledger.key())?;
        if checkpoint.size > self.size() {
            return Err(Error::Refused(format!(
                "publish a checkpoint of {} events: here are {}",
                checkpoint.size,
                self.size()
            )));
        }
        self.store.replace(WITNESSED, note.into()).await
    }

    /// Keeps what a time-stamping authority has said of a checkpoint of this ledger; both stay for good. Gives their name.
    pub async fn publish_timestamp(&self, note: String, token: Bytes) -> Result<String> {
        let checkpoint = record::note::open(&note, self.ledger.key())?;
        let name = format!("{TIMESTAMPS}/{:020}", checkpoint.size);
        self.store.create_exactly(&format!("{name}.checkpoint"), note.into()).await?;
        // Another token for the same checkpoint says no more than the first.
        self.store.create(&format!("{name}.tsr"), token).await?;
        Ok(name)
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

    pub fn key(&self) -> LogKey {
        self.ledger.key().clone()
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
