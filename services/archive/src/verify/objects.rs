//! Is every sealed object there, and does it still hash to its name?

use std::collections::{HashMap, HashSet};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use record::envelope::fingerprint;
use record::{Digest, DocumentId, Manifest, canonical};

use super::history::{CLOCK_MILLIS, misdated};
use super::pick::pick;
use super::{Ask, Blob, Code, Named, Progress, Question, READS, Resume, Run, Sealed, Share, captures, reason};
use crate::error::Result;
use crate::store::{Hashed, Store};
use crate::{BLOBS, MANIFESTS, object_key};

/// Digests in the store with their sizes.
type Present = HashMap<Digest, u64>;
/// Blobs between two places from where another run may go on.
const KEEP_EVERY: u64 = 1_000;
/// Blobs that one task reads and hashes: with fewer, its last ones would often be hashed without company.
const GROUP: usize = 40;
/// Manifests that are got at a time: all that are read and not parsed yet are in memory.
const MANIFESTS_TOGETHER: usize = 8;

/// Checks what the events name, then what the manifests name, and tells what nobody names. An earlier run has seen `seen`
/// events.
pub(super) async fn check(run: &mut Run<'_>, mut named: Named, ask: &Ask, seen: u64) -> Result<()> {
    let whole = ask.document.is_none();
    let manifests = if whole { present(run, MANIFESTS).await? } else { Present::new() };
    let blobs = if whole { present(run, BLOBS).await? } else { Present::new() };
    check_manifests(run, &mut named).await?;
    captures::check(run, &named, ask).await;
    check_blobs(run, &named, &blobs, ask, seen).await?;
    unlogged(run, &named, &manifests).await?;
    let whose = match run.report.findings.iter().any(|finding| finding.object.starts_with(MANIFESTS)) {
        true => "no event names it, but a manifest that is missing or wrong may have",
        false => "no event names it",
    };
    for digest in blobs.keys().filter(|digest| !named.blobs.contains_key(digest)) {
        if !named.gone.tells(run, BLOBS, digest) {
            run.note(Code::Orphan, object_key(BLOBS, digest), whose);
        }
    }
    Ok(())
}

async fn present(run: &mut Run<'_>, family: &str) -> Result<Present> {
    let store = run.store.clone();
    if let Some(present) = store.sealed(family).await {
        return Ok(present);
    }
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
    let all: Vec<_> = named.manifests.iter().map(|(digest, sealed)| (*digest, sealed)).collect();
    let reads = all.chunks(MANIFESTS_TOGETHER).map(|group| {
        let keys = group.iter().map(|(digest, _)| object_key(MANIFESTS, digest)).collect();
        async { stream::iter(group.iter().zip(store.get_all(keys).await)) }
    });
    let mut reads = stream::iter(reads).buffered(READS / MANIFESTS_TOGETHER).flatten();
    let (mut blobs, mut prints) = (Vec::new(), Vec::new());
    while let Some((&(digest, sealed), read)) = reads.next().await {
        let key = object_key(MANIFESTS, &digest);
        run.report.counts.manifests += 1;
        run.advance("manifests", run.report.counts.manifests, total);
        match read {
            Ok(None) => run.find(Code::ManifestMissing, key, format!("document {} needs it", sealed.document)),
            Err(error) => run.find(Code::Unreadable, key, reason(&error)),
            Ok(Some(bytes)) => {
                run.report.counts.bytes += bytes.len() as u64;
                match parse(&digest, &bytes, sealed).and_then(|manifest| follows(named, manifest)) {
                    Ok(manifest) => {
                        if let Some(detail) = misdated(&manifest, sealed) {
                            run.find(Code::BackDated, key, detail);
                        }
                        prints.push((digest, print(&manifest)));
                        blobs.extend(manifest.blobs().map(|blob| (blob.digest, blob.size, sealed.index)));
                    }
                    Err(detail) => run.find(Code::ManifestWrong, key, detail),
                }
            }
        }
    }
    drop(reads);
    for (digest, print) in prints {
        named.manifests.entry(digest).and_modify(|sealed| sealed.print = Some(print));
    }
    for (digest, size, index) in blobs {
        promise(run, named, digest, size, index);
    }
    Ok(())
}

/// Two manifests may name one blob, and must then agree on its size.
fn promise(run: &mut Run<'_>, named: &mut Named, digest: Digest, size: u64, index: u64) {
    let known = named.blobs.entry(digest).or_insert(Blob { size: None, index, document: None });
    if known.size.is_some_and(|known| known != size) {
        run.find(Code::ManifestWrong, object_key(BLOBS, &digest), "manifests disagree on the size of this blob");
    }
    *known = Blob { size: Some(size), index: known.index.min(index), document: None };
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

/// Whether it names the version before it, where there must be one.
fn follows(named: &Named, manifest: Manifest) -> Result<Manifest, String> {
    let before = manifest.previous.and_then(|previous| named.manifests.get(&previous));
    let right = match (manifest.version, before) {
        (0 | 1, _) => manifest.previous.is_none(),
        (version, Some(before)) => before.document == manifest.document && before.version + 1 == version,
        (_, None) => false,
    };
    if right { Ok(manifest) } else { Err("it does not name the version before it".to_owned()) }
}

fn print(manifest: &Manifest) -> Digest {
    fingerprint(manifest.pages.iter().map(|page| &page.image.digest))
}

async fn check_blobs(run: &mut Run<'_>, named: &Named, present: &Present, ask: &Ask, seen: u64) -> Result<()> {
    let resume = ask.resume.as_ref();
    let picked = pick(named.blobs.iter(), ask.share, resume.map(|resume| (resume, seen)));
    let size_of = |digest: &Digest, blob: &Blob| present.get(digest).copied().or(blob.size).unwrap_or(0);
    let mut tally = Tally::new(run, ask, resume);
    tally.of = tally.blobs + picked.len() as u64;
    tally.of_bytes = tally.bytes + picked.iter().map(|(digest, blob)| size_of(digest, blob)).sum::<u64>();
    let store = run.store.clone();
    let mut reads = stream::iter(picked.chunks(GROUP)).map(|group| hash(&store, group)).buffered(READS);
    while let Some(group) = reads.next().await {
        for ((digest, blob), read) in group {
            tally.bytes += read.as_ref().map_or(0, |read| read.map_or(0, |(_, size)| size));
            tally.blobs += 1;
            judge(run, named, digest, blob, read);
            tally.tell(run, digest);
        }
    }
    let all_bytes = named.blobs.iter().map(|(digest, blob)| size_of(digest, blob)).sum();
    tally.conclude(run, ask, named.blobs.len() as u64, all_bytes);
    Ok(())
}

fn judge(run: &mut Run<'_>, named: &Named, digest: Digest, blob: Blob, read: Hashed) {
    let (code, wrong) = match read {
        Ok(None) => (Code::BlobMissing, "it is not there".to_owned()),
        Err(error) => (Code::Unreadable, reason(&error)),
        Ok(Some((found, _))) if found != digest => (Code::BlobWrong, "its bytes hash to something else".to_owned()),
        Ok(Some((_, size))) if blob.size.is_some_and(|promised| promised != size) => {
            (Code::BlobWrong, format!("it has {size} bytes, a manifest says otherwise"))
        }
        Ok(Some(_)) => return,
    };
    let sealed = named.manifests.values().find(|sealed| sealed.index == blob.index);
    let whose = sealed.map_or_else(String::new, |sealed| format!(", which seals document {}", sealed.document));
    let detail = format!("{wrong}; event {} is the first that names it{whose}", blob.index);
    run.find(code, object_key(BLOBS, &digest), detail);
}

/// How many blobs were looked at, in this run and those before.
struct Tally {
    blobs: u64,
    bytes: u64,
    of: u64,
    of_bytes: u64,
    resumed: u64,
    /// Findings before those at blobs: another run makes them anew.
    before: usize,
    kept: Resume,
}

impl Tally {
    fn new(run: &mut Run<'_>, ask: &Ask, resume: Option<&Resume>) -> Self {
        let (blobs, bytes) = resume.map_or((0, 0), |resume| (resume.blobs, resume.bytes));
        let before = run.report.findings.len();
        run.report.findings.extend(resume.into_iter().flat_map(|resume| resume.findings.clone()));
        let kept = Resume {
            checkpoint: run.report.checkpoint.clone(),
            document: ask.document,
            share: ask.share,
            after: Digest::from_bytes([0; 32]),
            blobs,
            bytes,
            findings: Vec::new(),
        };
        Self { blobs, bytes, of: 0, of_bytes: 0, resumed: blobs, before, kept }
    }

    fn tell(&self, run: &mut Run<'_>, after: Digest) {
        let Self { blobs, bytes, of, of_bytes, .. } = *self;
        let resume = (blobs % KEEP_EVERY == 0).then(|| {
            let findings = run.report.findings[self.before..].to_vec();
            Resume { after, blobs, bytes, findings, ..self.kept.clone() }
        });
        (run.progress)(Progress { stage: "blobs", done: blobs, of, bytes, of_bytes, resume });
    }

    fn conclude(self, run: &mut Run<'_>, ask: &Ask, of_blobs: u64, of_bytes: u64) {
        let Self { blobs, bytes, resumed, .. } = self;
        run.report.counts.blobs += blobs;
        run.report.counts.bytes += bytes;
        let coverage = &mut run.report.coverage;
        (coverage.blobs, coverage.of_blobs, coverage.bytes, coverage.of_bytes) = (blobs, of_blobs, bytes, of_bytes);
        (coverage.seed, coverage.resumed) = (ask.share.seed(), resumed);
        if let Some(document) = ask.document {
            run.not_proven(
                Question::Blobs,
                format!("only the manifests and blobs of document {document} were looked at"),
            );
        }
        if ask.share != Share::All && blobs < of_blobs {
            let missed = 100.0 * 0.99_f64.powi(i32::try_from(blobs).unwrap_or(i32::MAX));
            let detail = format!(
                "{blobs} of {of_blobs} blobs were hashed; were one in a hundred changed, such a sample would miss all \
                 of them in {missed:.1} % of cases"
            );
            run.not_proven(Question::Blobs, detail);
        }
    }
}

async fn hash(store: &Store, group: &[(Digest, Blob)]) -> Vec<((Digest, Blob), Hashed)> {
    let keys = group.iter().map(|(digest, _)| object_key(BLOBS, digest)).collect();
    group.iter().copied().zip(store.hash_all(keys).await).collect()
}

/// Manifests that no event names: what is left of a sealing that was cut off, or a document that somebody put there.
async fn unlogged(run: &mut Run<'_>, named: &Named, present: &Present) -> Result<()> {
    let mut strangers: Vec<&Digest> = present.keys().filter(|digest| !named.manifests.contains_key(digest)).collect();
    strangers.retain(|digest| !named.gone.tells(run, MANIFESTS, digest));
    if strangers.is_empty() {
        return Ok(());
    }
    let sealed = named.manifests.values().filter_map(|sealed| Some((sealed.document, sealed.print?)));
    let sealed: HashSet<(DocumentId, Digest)> = sealed.collect();
    let latest = named.story.latest.map_or(i64::MIN, |latest| latest.0 - CLOCK_MILLIS);
    for digest in strangers {
        let key = object_key(MANIFESTS, digest);
        let bytes = run.store.get(&key).await?.unwrap_or_default();
        let manifest = canonical::from_bytes::<Manifest>(&bytes).ok().filter(|_| Digest::of(&bytes) == *digest);
        match manifest {
            Some(it) if sealed.contains(&(it.document, print(&it))) => {
                run.note(Code::Orphan, key, format!("a sealing of document {} was cut off", it.document));
            }
            Some(it) if it.created.0 >= latest => {
                run.note(Code::Orphan, key, format!("document {} is being handed over, or was cut off", it.document));
            }
            Some(it) => {
                let detail = format!("no event seals this version {} of document {}", it.version, it.document);
                run.find(Code::Unlogged, key, detail);
            }
            None => run.note(Code::Orphan, key, "no event names it, and it is no manifest"),
        }
    }
    Ok(())
}
