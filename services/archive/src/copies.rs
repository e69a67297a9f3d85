//! How is a damaged object put right?
//!
//! There may be two buckets with the same objects: the store, and a replica with credentials of its own. Of every object it is
//! known how its true bytes are told from others ([`Truth`]), so that whichever copy is true takes the place of one that is not.
//!
//! These are the only lines that replace the bytes of a sealed object, always in this order ([`Copies::replace`]): what is there is
//! put into quarantine and read back, true bytes take its place, and what is there then is read again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use record::Digest;
use record::event::Bucket;

use crate::address::{Replica, StoreAddress};
use crate::error::{Error, Result};
use crate::ledger::CHECKPOINT;
use crate::object::{Object, Truth};
use crate::store::Store;

/// `quarantine/<key>/<digest of the bytes>`: what was found in an object's place. Never overwritten, never removed.
pub(crate) const QUARANTINE: &str = "quarantine";
/// Somebody waits for a page: a replica that does not answer must not hold that up for long.
const REPLICA_PATIENCE: Duration = Duration::from_secs(10);

/// What was amiss with one object in one bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    pub object: String,
    pub bucket: Bucket,
    /// The digest of what was there; none where nothing was, or nothing could be read.
    pub found: Option<Digest>,
    /// The object is true again.
    pub repaired: bool,
}

/// What one bucket has under an object's name.
enum Seen {
    True(Bytes),
    Other(Bytes),
    Nothing,
    /// The bucket answers, but not for this object: a bad sector.
    Unreadable,
}

/// The store, and the replica where there is one. Clones share what they have found.
#[derive(Clone)]
pub(crate) struct Copies {
    store: Store,
    replica: Option<Arc<Replica>>,
    /// Everything is left as it is.
    leave: bool,
    incidents: Arc<Mutex<Vec<Incident>>>,
    /// Destroyed since this process started: that they are not there is no damage, whoever asks for one of them still.
    forgotten: Arc<Mutex<HashSet<String>>>,
}

impl Copies {
    pub fn new(store: Store, replica: Option<&StoreAddress>) -> Result<Self> {
        let replica = replica.map(StoreAddress::replica).transpose()?.map(Arc::new);
        Ok(Self { store, replica, leave: false, incidents: Arc::default(), forgotten: Arc::default() })
    }

    /// The same buckets for a purpose of its own, which learns of nothing but what it finds itself; with `leave` it changes nothing.
    pub fn apart(&self, leave: bool) -> Self {
        Self { leave, incidents: Arc::default(), ..self.clone() }
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    pub fn has_replica(&self) -> bool {
        self.replica.is_some()
    }

    /// The replica, if it can be had just now.
    pub fn replica(&self) -> Result<Store> {
        match &self.replica {
            Some(replica) => replica.reach(),
            None => Err(Error::Address("there is no replica: name one with --replica or in chartroom.json".to_owned())),
        }
    }

    pub fn bucket(&self, bucket: Bucket) -> Result<Store> {
        match bucket {
            Bucket::Store => Ok(self.store.clone()),
            Bucket::Replica => self.replica(),
        }
    }

    /// These are about to be destroyed.
    pub fn forget(&self, keys: &[String]) {
        self.forgotten.lock().unwrap_or_else(PoisonError::into_inner).extend(keys.iter().cloned());
    }

    /// This one is sealed, be it anew.
    pub fn remember(&self, key: &str) {
        self.forgotten.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// What was found and done since the last call.
    pub fn take_incidents(&self) -> Vec<Incident> {
        std::mem::take(&mut *self.incidents.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn tell(&self, object: &Object, bucket: Bucket, found: Option<Digest>, repaired: bool) {
        if self.forgotten.lock().unwrap_or_else(PoisonError::into_inner).contains(&object.key) {
            return;
        }
        let incident = Incident { object: object.key.clone(), bucket, found, repaired };
        let mut incidents = self.incidents.lock().unwrap_or_else(PoisonError::into_inner);
        // Two readers of one page find one damage.
        if !incidents.contains(&incident) {
            tracing::warn!(
                object = object.key,
                bucket = bucket.as_str(),
                repaired,
                "an object was not what was sealed"
            );
            incidents.push(incident);
        }
    }

    /// The true bytes of an object. Where the store's are not, the replica's, which then take their place.
    pub async fn get(&self, object: &Object) -> Result<Bytes> {
        let seen = match look(&self.store, object).await {
            Ok(Seen::True(bytes)) => return Ok(bytes),
            Ok(seen) => seen,
            // The store is away, or the object is; what the replica has is as good.
            Err(error) => return self.spare(object).await.ok_or(error),
        };
        match self.spare(object).await {
            Some(bytes) => {
                self.mend(Bucket::Store, object, seen, bytes.clone()).await;
                Ok(bytes)
            }
            None => Err(self.lost(Bucket::Store, object, &seen)),
        }
    }

    /// The replica's bytes, if they are true and come soon.
    async fn spare(&self, object: &Object) -> Option<Bytes> {
        let replica = self.replica.as_ref()?.reach().ok()?;
        match tokio::time::timeout(REPLICA_PATIENCE, look(&replica, object)).await {
            Ok(Ok(Seen::True(bytes))) => Some(bytes),
            _ => None,
        }
    }

    /// Nothing true is left. What is there stays: it may be all that there will ever be.
    fn lost(&self, bucket: Bucket, object: &Object, seen: &Seen) -> Error {
        self.tell(object, bucket, seen.found(), false);
        match seen {
            Seen::Nothing => Error::Missing(object.key.clone()),
            _ => Error::corrupt(&object.key, "its bytes are not those that were sealed"),
        }
    }

    /// [`Copies::replace`] for somebody who has true bytes already, whether or not they can be written.
    async fn mend(&self, bucket: Bucket, object: &Object, seen: Seen, bytes: Bytes) {
        let found = seen.found();
        if let Err(error) = self.replace(bucket, object, seen, bytes).await {
            tracing::error!("failed to {error}");
            self.tell(object, bucket, found, false);
        }
    }

    /// Puts true bytes in the place of whatever a bucket has.
    async fn replace(&self, bucket: Bucket, object: &Object, seen: Seen, bytes: Bytes) -> Result<()> {
        let (store, found) = (self.bucket(bucket)?, seen.found());
        match seen {
            Seen::True(_) => return Ok(()),
            _ if self.leave => {
                self.tell(object, bucket, found, false);
                return Ok(());
            }
            Seen::Other(other) => quarantine(&store, &object.key, other).await?,
            Seen::Nothing | Seen::Unreadable => {}
        }
        // The bucket writes beside and puts in place whole: a file by a rename, an object of S3 by its checksum.
        store.replace(&object.key, bytes).await?;
        if !matches!(look(&store, object).await?, Seen::True(_)) {
            return Err(Error::corrupt(&object.key, "it is not true even after it was written anew"));
        }
        self.tell(object, bucket, found, true);
        Ok(())
    }

    /// Makes sure that a bucket has an object whose true bytes are at hand.
    pub async fn insist(&self, bucket: Bucket, object: &Object, bytes: Bytes) -> Result<()> {
        let seen = look(&self.bucket(bucket)?, object).await?;
        self.replace(bucket, object, seen, bytes).await
    }

    /// Lets the replica have what the store has. What is damaged in both cannot be copied, which is an incident and no error.
    pub async fn carry(&self, object: &Object) -> Result<()> {
        let bytes = match self.get(object).await {
            Ok(bytes) => bytes,
            Err(Error::Missing(_) | Error::Corrupt { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        self.fill(object, bytes).await
    }

    /// Likewise, with true bytes that are at hand.
    pub async fn fill(&self, object: &Object, bytes: Bytes) -> Result<()> {
        let stored = self.replica()?.create(&object.key, bytes.clone()).await?;
        if object.truth.holds_apart(stored.clone()).await? {
            return Ok(());
        }
        self.replace(Bucket::Replica, object, Seen::Other(stored), bytes).await
    }

    /// Reads an object in each of the buckets that should hold it, and puts it right where one copy is true; the bytes that were read.
    pub async fn examine(&self, object: &Object, buckets: &[Bucket]) -> Result<u64> {
        let (mut read, mut amiss) = (0, Vec::new());
        for bucket in buckets {
            let store = self.bucket(*bucket)?;
            match glance(&store, object).await? {
                Some(size) => read += size,
                None => amiss.push((*bucket, look(&store, object).await?)),
            }
        }
        amiss.retain(|(_, seen)| match seen {
            Seen::True(_) => false,
            // It was superseded meanwhile.
            Seen::Nothing => !object.passes,
            Seen::Other(_) | Seen::Unreadable => true,
        });
        if amiss.is_empty() {
            return Ok(read);
        }
        let good = self.good(object, buckets, &amiss).await?;
        for (bucket, seen) in amiss {
            match &good {
                Some(bytes) => self.mend(bucket, object, seen, bytes.clone()).await,
                None => drop(self.lost(bucket, object, &seen)),
            }
        }
        Ok(read)
    }

    /// True bytes of an object, from anywhere.
    async fn good(&self, object: &Object, buckets: &[Bucket], amiss: &[(Bucket, Seen)]) -> Result<Option<Bytes>> {
        if let Truth::Bytes(bytes) = &object.truth {
            return Ok(Some(bytes.clone()));
        }
        for bucket in buckets.iter().filter(|bucket| amiss.iter().all(|(other, _)| other != *bucket)) {
            if let Seen::True(bytes) = look(&self.bucket(*bucket)?, object).await? {
                return Ok(Some(bytes));
            }
        }
        // Not all of the replica may be known to be there yet.
        Ok(if buckets.contains(&Bucket::Replica) { None } else { self.spare(object).await })
    }
}

impl Seen {
    fn found(&self) -> Option<Digest> {
        match self {
            Self::Other(bytes) => Some(Digest::of(bytes)),
            Self::True(_) | Self::Nothing | Self::Unreadable => None,
        }
    }
}

/// Reads once more where the bytes are not true: the error may have been on the way.
async fn look(store: &Store, object: &Object) -> Result<Seen> {
    let seen = look_once(store, object).await?;
    if matches!(seen, Seen::True(_)) { Ok(seen) } else { look_once(store, object).await }
}

async fn look_once(store: &Store, object: &Object) -> Result<Seen> {
    match store.get(&object.key).await {
        Ok(Some(bytes)) if object.truth.holds_apart(bytes.clone()).await? => Ok(Seen::True(bytes)),
        Ok(Some(bytes)) => Ok(Seen::Other(bytes)),
        Ok(None) => Ok(Seen::Nothing),
        // Longer than anything that was ever sealed.
        Err(Error::Corrupt { .. }) => Ok(Seen::Unreadable),
        // It is the object's fault if the bucket answers otherwise.
        Err(error) => store.exists(CHECKPOINT).await.map_or(Err(error), |_| Ok(Seen::Unreadable)),
    }
}

/// Whether an object is true, and how long; in constant memory where that can be told by its digest.
async fn glance(store: &Store, object: &Object) -> Result<Option<u64>> {
    let Truth::Digest(digest) = object.truth else {
        return Ok(match look_once(store, object).await? {
            Seen::True(bytes) => Some(bytes.len() as u64),
            _ => None,
        });
    };
    let hashed = store.hash(&object.key).await.ok().flatten();
    Ok(hashed.and_then(|(found, size)| (found == digest).then_some(size)))
}

/// Keeps bytes that are not what was sealed, and makes sure that they are kept.
async fn quarantine(store: &Store, key: &str, bytes: Bytes) -> Result<()> {
    let name = format!("{QUARANTINE}/{key}/{}", Digest::of(&bytes).hex());
    store.create_exactly(&name, bytes).await
}
