//! How do bytes come to rest, and how are they found again?
//!
//! The only lines that touch `object_store`. Objects are created once; checkpoints are replaced, damaged objects are by `copies` alone,
//! and only what the ledger has superseded may be removed.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions};
use record::{Digest, Hasher, limits};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::error::{Error, Result};
use crate::folder;

/// How often a create that collides with a vanished rival is tried: S3 may answer 409 to both.
const CREATE_ATTEMPTS: usize = 5;

/// Objects that are got at a time, where each is asked for over a network.
const TOGETHER: usize = 8;

/// What was hashed: digest and size, or that there is nothing.
pub(crate) type Hashed = Result<Option<(Digest, u64)>>;

#[derive(Clone)]
pub(crate) struct Store {
    objects: Arc<dyn ObjectStore>,
    /// Where the objects are plain files, their folder.
    folder: Option<PathBuf>,
}

/// An object without its bytes.
pub(crate) struct Head {
    pub size: u64,
    /// The bucket keeps versions: whatever is deleted stays as an earlier one.
    pub versioned: bool,
}

/// What stands in a listing.
pub(crate) struct Listed {
    pub key: String,
    pub size: u64,
}

impl Store {
    pub fn new(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects, folder: None }
    }

    pub fn folder(objects: Arc<dyn ObjectStore>, folder: PathBuf) -> Self {
        Self { objects, folder: Some(folder) }
    }

    /// Puts `bytes` under `key` unless something is there already, and returns what is durable
    /// under `key` now, read back from the store. The caller judges whether that will do.
    pub async fn create(&self, key: &str, bytes: Bytes) -> Result<Bytes> {
        for _ in 0..CREATE_ATTEMPTS {
            let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            match self.objects.put_opts(&Path::from(key), bytes.clone().into(), options).await {
                Ok(_) => {}
                // Whoever made it may have died before it was on disk for good.
                Err(StoreError::AlreadyExists { .. }) => self.settle(key).await?,
                Err(error) => return Err(Error::unavailable(key, error)),
            }
            if let Some(stored) = self.get(key).await? {
                return Ok(stored);
            }
        }
        Err(Error::Missing(key.to_owned()))
    }

    /// [`Store::create`] for bytes that can only be these: anything else there is an error.
    pub async fn create_exactly(&self, key: &str, bytes: Bytes) -> Result<()> {
        if self.create(key, bytes.clone()).await? == bytes {
            return Ok(());
        }
        Err(Error::corrupt(key, "the store already holds other bytes under this name"))
    }

    /// Overwrites, whole or not at all. For the checkpoint, the one that witnesses have cosigned, and repairs by `copies`.
    pub async fn replace(&self, key: &str, bytes: Bytes) -> Result<()> {
        let put = self.objects.put(&Path::from(key), bytes.into()).await;
        put.map(drop).map_err(|e| Error::unavailable(key, e))
    }

    pub async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        let found = match self.objects.get(&Path::from(key)).await {
            Ok(found) => found,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(Error::unavailable(key, error)),
        };
        if found.meta.size > limits::FILE_BYTES_MAX as u64 {
            return Err(too_large(key, found.meta.size));
        }
        found.bytes().await.map(Some).map_err(|e| Error::unavailable(key, e))
    }

    /// [`Store::get`] of a few small objects. Where they are files, one thread reads them all.
    pub async fn get_all(&self, keys: Vec<String>) -> Vec<Result<Option<Bytes>>> {
        let Some(root) = self.folder.clone() else {
            let gets = stream::iter(keys).map(|key| async move { self.get(&key).await });
            return gets.buffered(TOGETHER).collect().await;
        };
        apart(keys, |keys| spawn_blocking(move || keys.iter().map(|key| folder::read(&root, key)).collect())).await
    }

    pub async fn exists(&self, key: &str) -> Result<bool> {
        Ok(self.head(key).await?.is_some())
    }

    pub async fn head(&self, key: &str) -> Result<Option<Head>> {
        match self.objects.head(&Path::from(key)).await {
            // A bucket whose versioning is suspended says `null`, and keeps what it had before.
            Ok(meta) => Ok(Some(Head { size: meta.size, versioned: meta.version.is_some() })),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(Error::unavailable(key, error)),
        }
    }

    /// Deletes an object that two people have ordered to be destroyed, for good as far as the bucket lets: for `destruction` alone.
    /// What was there; none where nothing was.
    pub async fn destroy(&self, key: &str) -> Result<Option<Head>> {
        let Some(head) = self.head(key).await? else { return Ok(None) };
        match self.objects.delete(&Path::from(key)).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(Error::unavailable(key, error)),
        }
        // A folder's entry is gone for good only once the folder is synced, which `object_store` leaves to us.
        self.settle(key).await?;
        Ok(Some(head))
    }

    pub fn list(&self, prefix: &str) -> BoxStream<'_, Result<Listed>> {
        let name = prefix.to_owned();
        self.objects
            .list(Some(&Path::from(prefix)))
            .map_ok(|meta| Listed { key: meta.location.to_string(), size: meta.size })
            .map_err(move |e| Error::unavailable(&name, e))
            .boxed()
    }

    /// [`Store::list`] of what fits in memory.
    pub async fn list_all(&self, prefix: &str) -> Result<Vec<Listed>> {
        if let Some(root) = self.folder.clone() {
            let asked = prefix.to_owned();
            if let Ok(Some(all)) = spawn_blocking(move || folder::list(&root, &asked)).await {
                return Ok(all);
            }
        }
        self.list(prefix).try_collect().await
    }

    /// The objects of a family that are named by digests, with their sizes, where they are files and nothing else stands among them;
    /// else [`Store::list`] tells.
    pub async fn sealed(&self, family: &str) -> Option<HashMap<Digest, u64>> {
        let (root, family) = (self.folder.clone()?, family.to_owned());
        spawn_blocking(move || folder::sealed(&root, &family)).await.ok()?
    }

    /// What stands in a folder: objects, and folders.
    pub async fn within(&self, folder: &str) -> Result<(Vec<String>, Vec<String>)> {
        let path = Path::from(folder);
        let listed = self.objects.list_with_delimiter(Some(&path)).await;
        let listed = listed.map_err(|error| Error::unavailable(folder, error))?;
        let objects = listed.objects.iter().map(|meta| meta.location.to_string());
        Ok((objects.collect(), listed.common_prefixes.iter().map(ToString::to_string).collect()))
    }

    /// Best effort: for objects the ledger no longer needs. What stays does no harm.
    pub async fn tidy_away(&self, key: &str) {
        if let Err(error) = self.objects.delete(&Path::from(key)).await {
            tracing::debug!(key, %error, "left a superseded object behind");
        }
    }

    /// Digest and size of an object, in constant memory whatever its size. `None`: not there.
    pub async fn hash(&self, key: &str) -> Result<Option<(Digest, u64)>> {
        self.hash_all(vec![key.to_owned()]).await.pop().unwrap_or(Ok(None))
    }

    /// [`Store::hash`] of a few objects, by a task of its own, so that all cores are used. Where they are files, one thread reads and
    /// hashes them all, several side by side: to hand each to a thread of its own costs as much as to hash it.
    pub async fn hash_all(&self, keys: Vec<String>) -> Vec<Hashed> {
        if let Some(root) = self.folder.clone() {
            return apart(keys, |keys| spawn_blocking(move || folder::hash(&root, &keys))).await;
        }
        let store = self.clone();
        apart(keys, |keys| {
            tokio::spawn(async move { stream::iter(&keys).then(|key| store.hash_stream(key)).collect().await })
        })
        .await
    }

    async fn hash_stream(&self, key: &str) -> Hashed {
        match self.objects.get(&Path::from(key)).await {
            Ok(found) => {
                hash_chunks(found.into_stream()).await.map(Some).map_err(|error| Error::unavailable(key, error))
            }
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(Error::unavailable(key, error)),
        }
    }

    /// Makes sure that an object found in a folder survives a power cut: its maker may have
    /// died between linking the file and syncing the folder.
    pub async fn settle(&self, key: &str) -> Result<()> {
        let Some(root) = self.folder.clone() else { return Ok(()) };
        let file = root.join(key);
        match spawn_blocking(move || folder::sync_up(&file, &root)).await {
            Ok(synced) => synced.map_err(|e| Error::unavailable(key, e)),
            Err(error) => Err(Error::unavailable(key, error)),
        }
    }
}

/// What a task of its own finds of these.
async fn apart<T>(
    keys: Vec<String>,
    start: impl FnOnce(Vec<String>) -> JoinHandle<Vec<Result<Option<T>>>>,
) -> Vec<Result<Option<T>>> {
    let asked = keys.clone();
    start(keys).await.unwrap_or_else(|error| {
        let failed = |key: &String| Err(Error::unavailable(key, std::io::Error::other(error.to_string())));
        asked.iter().map(failed).collect()
    })
}

pub fn too_large(key: &str, size: u64) -> Error {
    Error::corrupt(key, format!("its {size} bytes are more than any object has"))
}

async fn hash_chunks(mut chunks: BoxStream<'_, object_store::Result<Bytes>>) -> object_store::Result<(Digest, u64)> {
    let (mut hasher, mut size) = (Hasher::new(), 0);
    while let Some(chunk) = chunks.try_next().await? {
        hasher.update(&chunk);
        size += chunk.len() as u64;
    }
    Ok((hasher.finish(), size))
}

#[cfg(test)]
mod tests {
    use crate::StoreAddress;

    use super::*;

    #[tokio::test]
    async fn creates_once_and_returns_what_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let address = StoreAddress::parse(&folder.path().to_string_lossy(), Vec::new()).expect("a path");
        for store in [address.connect().expect("a store"), StoreAddress::memory().connect().expect("a store")] {
            assert_eq!(store.create("a/b", Bytes::from("one")).await.expect("put"), "one");
            assert_eq!(store.create("a/b", Bytes::from("two")).await.expect("found"), "one");
            assert!(store.create_exactly("a/b", Bytes::from("two")).await.is_err());
            assert_eq!(store.hash("a/b").await.expect("read"), Some((Digest::of(b"one"), 3)));
            assert_eq!(store.hash("a/c").await.expect("read"), None);
            store.tidy_away("a/b").await;
            assert!(!store.exists("a/b").await.expect("asked"));
        }
    }
}
