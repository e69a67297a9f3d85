//! Where does the bucket live?
//!
//! A folder, an S3 bucket or memory: the three adapters behind one store, and behind the replica.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, Checksum, S3ConditionalPut};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use crate::error::{Error, Result};
use crate::store::Store;

/// The address of one bucket. Cloning a memory address names the same memory.
#[derive(Clone)]
pub struct StoreAddress(Place);

#[derive(Clone)]
enum Place {
    Folder(PathBuf),
    S3 { bucket: String, prefix: String, options: Vec<(String, String)> },
    Shared(Arc<dyn ObjectStore>),
}

impl StoreAddress {
    /// `text` is a folder's path or `s3://bucket[/prefix]`. `options` are used for S3 only: the
    /// keys of `object_store`'s `AmazonS3ConfigKey` (`aws_endpoint`, `aws_region`,
    /// `aws_access_key_id`, `aws_secret_access_key`, `aws_allow_http`, …); keys it does not know
    /// are passed over, so that a whole `AWS_*` environment may be given.
    pub fn parse(text: &str, options: Vec<(String, String)>) -> Result<Self> {
        let Some(rest) = text.strip_prefix("s3://") else {
            return match text {
                "" => Err(Error::Address("its address is empty; give a folder or s3://bucket/prefix".to_owned())),
                url if url.contains("://") => Err(Error::Address(format!("`{url}` is neither a folder nor s3://"))),
                folder => Ok(Self(Place::Folder(folder.into()))),
            };
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(Error::Address("the address names no bucket; write s3://bucket/prefix".to_owned()));
        }
        Ok(Self(Place::S3 { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned(), options }))
    }

    /// A bucket that lives as long as the last clone of this address: for tests and trials.
    pub fn memory() -> Self {
        Self(Place::Shared(Arc::new(InMemory::new())))
    }

    #[cfg(test)]
    pub(crate) fn wrapping(store: Arc<dyn ObjectStore>) -> Self {
        Self(Place::Shared(store))
    }

    /// For `init`: the folder may have to be made first.
    pub(crate) fn create(&self) -> Result<Store> {
        if let Place::Folder(folder) = &self.0 {
            make_durable(folder).map_err(|e| Error::unavailable(&folder.to_string_lossy(), e))?;
        }
        self.connect()
    }

    pub(crate) fn replica(&self) -> Result<Replica> {
        match &self.0 {
            Place::Folder(_) => Ok(Replica::OnDisk(self.clone())),
            Place::S3 { .. } | Place::Shared(_) => self.connect().map(Replica::Elsewhere),
        }
    }

    pub(crate) fn connect(&self) -> Result<Store> {
        match &self.0 {
            Place::Folder(folder) => {
                if !folder.is_dir() {
                    return Err(Error::Address(format!("there is no folder `{}`", folder.display())));
                }
                let files = LocalFileSystem::new_with_prefix(folder).map_err(address_error)?;
                // Off by default, and an acknowledgement without it is worth nothing.
                Ok(Store::folder(Arc::new(files.with_fsync(true)), folder.clone()))
            }
            Place::S3 { bucket, prefix, options } => {
                let s3 = s3_builder(bucket, options).build().map_err(address_error)?;
                Ok(match prefix.as_str() {
                    "" => Store::new(Arc::new(s3)),
                    prefix => Store::new(Arc::new(PrefixStore::new(s3, prefix))),
                })
            }
            Place::Shared(store) => Ok(Store::new(Arc::clone(store))),
        }
    }
}

/// A second bucket, which may be away for days.
pub(crate) enum Replica {
    /// Looked for each time: a disk that is not mounted is away, and must not be taken for an empty one.
    OnDisk(StoreAddress),
    Elsewhere(Store),
}

impl Replica {
    pub fn reach(&self) -> Result<Store> {
        match self {
            Self::OnDisk(address) => address.connect(),
            Self::Elsewhere(store) => Ok(store.clone()),
        }
    }
}

/// A folder that is not synced into its parent may be gone after a power cut, archive and all.
fn make_durable(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let folder = folder.canonicalize()?;
    folder.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}

fn address_error(error: object_store::Error) -> Error {
    Error::Address(error.to_string())
}

/// Conditional puts are the commit point, and the checksum makes the server refuse what the
/// network changed. A put of 512 MiB needs more than the default 30 seconds.
fn s3_builder(bucket: &str, options: &[(String, String)]) -> AmazonS3Builder {
    let client =
        ClientOptions::new().with_timeout(Duration::from_secs(300)).with_connect_timeout(Duration::from_secs(5));
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(5),
            base: 2.,
        },
        max_retries: 6,
        retry_timeout: Duration::from_secs(60),
    };
    let mut builder = AmazonS3Builder::new()
        .with_client_options(client)
        .with_retry(retry)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .with_checksum_algorithm(Checksum::SHA256);
    for (key, value) in options {
        if let Ok(key) = key.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    builder.with_bucket_name(bucket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_addresses() {
        for good in ["/srv/store", "store", "s3://bucket", "s3://bucket/a/prefix/"] {
            assert!(StoreAddress::parse(good, Vec::new()).is_ok(), "{good}");
        }
        for wrong in ["", "s3://", "s3:///x", "http://host/bucket"] {
            assert!(StoreAddress::parse(wrong, Vec::new()).is_err(), "{wrong}");
        }
        let missing = StoreAddress::parse("/nowhere/at/all", Vec::new()).expect("a path");
        assert!(matches!(missing.connect(), Err(Error::Address(_))));
    }
}
