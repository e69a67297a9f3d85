//! Is every sealed object there, and does it still hash to its name?

use std::collections::HashMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use record::{Digest, Manifest, canonical};

use super::{Code, Named, Progress, READS, Run, Sealed, reason};
use crate::error::Result;
use crate::store::Store;
use crate::{BLOBS, MANIFESTS, object_key};

/// Digests in the store with their sizes.
type Present = HashMap<Digest, u64>;

/// Checks what the events name, then what the manifests name, and notes what nobody names.
pub(super) async fn check(run: &mut Run<'_>, mut named: Named) -> Result<()> {
    let manifests = present(run, MANIFESTS).await?;
    let blobs = present(run, BLOBS).await?;
    check_manifests(run, &mut named).await?;
    check_blobs(run, &named, &blobs).await?;
    orphans(run, MANIFESTS, &manifests, |digest| named.manifests.contains_key(digest));
    orphans(run, BLOBS, &blobs, |digest| named.blobs.contains_key(digest));
    Ok(())
}

async fn present(run: &mut Run<'_>, family: &str) -> Result<Present> {
    let store = run.store.clone();
    let (mut listed, mut present) = (store.list(family), Present::new());
    while let Some(object) = listed.try_next().await? {
        let name = object.key.rsplit('/').next().and_then(|hex| Digest::from_hex(hex).ok());
        match name.filter(|digest| object_key(family, digest) == object.key) {
            Some(digest) => drop(present.insert(digest, object.size)),
            None => run.note(Code::UnknownObject, object.key, "this is no name of a sealed object"),
        }
    }
    Ok(present)
}

async fn check_manifests(run: &mut Run<'_>, named: &mut Named) -> Result<()> {
    let store = run.store.clone();
    let total = named.manifests.len() as u64;
    let reads = named.manifests.iter().map(|(digest, sealed)| {
        let (store, digest) = (&store, *digest);
        async move { (digest, sealed, store.get(&object_key(MANIFESTS, &digest)).await) }
    });
    let mut reads = stream::iter(reads).buffer_unordered(READS);
    let mut blobs = Vec::new();
    while let Some((digest, sealed, read)) = reads.next().await {
        let key = object_key(MANIFESTS, &digest);
        run.report.counts.manifests += 1;
        run.advance("manifests", run.report.counts.manifests, total);
        match read {
            Ok(None) => run.find(Code::ManifestMissing, key, format!("document {} needs it", sealed.document)),
            Err(error) => run.find(Code::Unreadable, key, reason(&error)),
            Ok(Some(bytes)) => {
                run.report.counts.bytes += bytes.len() as u64;
                match parse(&digest, &bytes, sealed) {
                    Ok(manifest) => blobs.extend(descriptors(&manifest)),
                    Err(detail) => run.find(Code::ManifestWrong, key, detail),
                }
            }
        }
    }
    drop(reads);
    for (digest, size) in blobs {
        promise(run, named, digest, size);
    }
    Ok(())
}

/// Two manifests may name one blob, and must then agree on its size.
fn promise(run: &mut Run<'_>, named: &mut Named, digest: Digest, size: u64) {
    let known = named.blobs.entry(digest).or_insert(None);
    if known.is_some_and(|known| known != size) {
        run.find(Code::ManifestWrong, object_key(BLOBS, &digest), "manifests disagree on the size of this blob");
    }
    *known = Some(size);
}

fn parse(digest: &Digest, bytes: &[u8], sealed: &Sealed) -> Result<Manifest, String> {
    if Digest::of(bytes) != *digest {
        return Err("its bytes hash to something else".to_owned());
    }
    let manifest: Manifest = canonical::from_bytes(bytes).map_err(|error| format!("it is {error}"))?;
    let same = manifest.document == sealed.document
        && manifest.version == sealed.version
        && manifest.batch == sealed.batch
        && manifest.pages.len() as u64 == u64::from(sealed.pages);
    if same { Ok(manifest) } else { Err("it does not fit the event that sealed it".to_owned()) }
}

fn descriptors(manifest: &Manifest) -> Vec<(Digest, u64)> {
    let pages = manifest.pages.iter().flat_map(|page| page.blobs());
    let all = pages.chain(&manifest.originals).chain(std::iter::once(&manifest.index));
    all.map(|descriptor| (descriptor.digest, descriptor.size)).collect()
}

async fn check_blobs(run: &mut Run<'_>, named: &Named, present: &Present) -> Result<()> {
    let store = run.store.clone();
    let of_bytes = named.blobs.keys().filter_map(|digest| present.get(digest)).sum();
    let (of, mut done, mut hashed) = (named.blobs.len() as u64, 0, 0);
    let reads = named.blobs.iter().map(|(digest, size)| hash(store.clone(), *digest, *size));
    let mut reads = stream::iter(reads).buffer_unordered(READS);
    while let Some((digest, promised, read)) = reads.next().await {
        let key = object_key(BLOBS, &digest);
        match read {
            Ok(None) => run.find(Code::BlobMissing, key, "an event or a manifest names it"),
            Err(error) => run.find(Code::Unreadable, key, reason(&error)),
            Ok(Some((found, size))) => {
                hashed += size;
                if found != digest {
                    run.find(Code::BlobWrong, key, "its bytes hash to something else");
                } else if promised.is_some_and(|promised| promised != size) {
                    run.find(Code::BlobWrong, key, format!("it has {size} bytes, a manifest says otherwise"));
                }
            }
        }
        done += 1;
        (run.progress)(Progress { stage: "blobs", done, of, bytes: hashed, of_bytes });
    }
    run.report.counts.blobs += done;
    run.report.counts.bytes += hashed;
    Ok(())
}

/// A task of its own, so that stores without threads of their own use all cores too.
async fn hash(store: Store, digest: Digest, size: Option<u64>) -> (Digest, Option<u64>, Result<Option<(Digest, u64)>>) {
    let key = object_key(BLOBS, &digest);
    let task = tokio::spawn(async move { store.hash(&key).await });
    let read = task.await.unwrap_or_else(|error| Err(crate::Error::unavailable("a hashing task", error)));
    (digest, size, read)
}

fn orphans(run: &mut Run<'_>, family: &str, present: &Present, is_named: impl Fn(&Digest) -> bool) {
    for digest in present.keys().filter(|digest| !is_named(digest)) {
        run.note(Code::Orphan, object_key(family, digest), "no event names it");
    }
}
