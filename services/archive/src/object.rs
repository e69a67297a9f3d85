//! Which objects does an event name, and how are the true bytes of an object told from others?

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use record::log_key::KeyChange;
use record::note::{self, LogKey};
use record::{Digest, DocumentId, Event, EventKind, Manifest, canonical};

use crate::copies::Copies;
use crate::error::{Error, Result};
use crate::ledger::CHECKPOINT;
use crate::ledger::commit::{COMMITS, Commit};
use crate::ledger::keys;
use crate::ledger::proof::Reader;
use crate::ledger::tile::{self, Piece, Tile, WIDTH};
use crate::{BLOBS, HASH_INLINE_BYTES, MANIFESTS, WITNESSED, object_key};

/// A name in the store, and what has to be there.
#[derive(Clone)]
pub(crate) struct Object {
    pub key: String,
    pub truth: Truth,
    /// It goes as soon as the ledger grows, so that it is no damage where it is not there.
    pub passes: bool,
}

/// How the true bytes are known.
#[derive(Clone)]
pub(crate) enum Truth {
    /// Their own digest is in the name.
    Digest(Digest),
    /// A tile of hashes, whose root stands in the tile above.
    Root(Digest),
    /// A bundle of entries, whose hashes are this tile.
    Leaves(Arc<Tile>),
    /// A record that holds its own digest and the log's signature.
    Commit(u64, LogKey),
    /// A note that the log has signed.
    Note(LogKey),
    /// The receipt of this event, by which the log's key changed: both keys have signed it.
    KeyChange(u64),
    /// An RFC 3161 token for bytes of this digest.
    Token(Digest),
    /// They follow from what is known already.
    Bytes(Bytes),
}

impl Truth {
    pub fn holds(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Digest(digest) => Digest::of(bytes) == *digest,
            Self::Root(root) => Tile::parse(bytes).is_some_and(|hashes| Tile::full_root(hashes) == Some(*root)),
            Self::Leaves(tile) => tile::split_entries(bytes).is_some_and(|entries| tile.has_leaves(&entries)),
            Self::Commit(sequence, key) => Commit::parse(*sequence, bytes, key).is_ok(),
            Self::Note(key) => std::str::from_utf8(bytes).is_ok_and(|text| note::open(text, key).is_ok()),
            Self::KeyChange(index) => KeyChange::parse(bytes).is_ok_and(|change| change.receipt.index == *index),
            Self::Token(digest) => bytes.windows(32).any(|window| window == digest.as_bytes()),
            Self::Bytes(true_bytes) => bytes == true_bytes,
        }
    }

    /// Likewise, on a thread of its own where that takes long.
    pub async fn holds_apart(&self, bytes: Bytes) -> Result<bool> {
        if bytes.len() <= HASH_INLINE_BYTES {
            return Ok(self.holds(&bytes));
        }
        let truth = self.clone();
        let holds = tokio::task::spawn_blocking(move || truth.holds(&bytes)).await;
        holds.map_err(|error| Error::unavailable("a hashing thread", error))
    }
}

impl Object {
    pub fn new(key: impl Into<String>, truth: Truth) -> Self {
        Self { key: key.into(), truth, passes: false }
    }

    pub fn passing(key: String, bytes: Bytes) -> Self {
        Self { key, truth: Truth::Bytes(bytes), passes: true }
    }

    pub fn sealed(family: &str, digest: Digest) -> Self {
        Self::new(object_key(family, &digest), Truth::Digest(digest))
    }

    pub fn blob(digest: Digest) -> Self {
        Self::sealed(BLOBS, digest)
    }

    pub fn manifest(digest: Digest) -> Self {
        Self::sealed(MANIFESTS, digest)
    }

    pub fn commit(sequence: u64, key: &LogKey) -> Self {
        Self::new(Commit::key(sequence), Truth::Commit(sequence, key.clone()))
    }

    pub fn checkpoint(key: &LogKey) -> Self {
        Self::note(CHECKPOINT, key)
    }

    pub fn key_change(index: u64) -> Self {
        Self::new(keys::key_change(index), Truth::KeyChange(index))
    }

    /// Something that the log has signed, by this name.
    pub fn note(name: &str, key: &LogKey) -> Self {
        Self::new(name, Truth::Note(key.clone()))
    }
}

/// The object of this name in the ledger as it is; none where nothing has such a name.
pub(crate) async fn of_name(reader: &Reader, key: &LogKey, name: &str) -> Result<Option<Object>> {
    if let Some(piece) = Piece::parse(name) {
        let is_there = piece.n * WIDTH + piece.width <= piece.row.count(reader.size());
        return Ok(match piece.width {
            _ if !is_there => None,
            WIDTH => Some(reader.object(piece.row, piece.n).await?),
            _ => Some(reader.piece(piece).await?),
        });
    }
    if let Some(sequence) = name.strip_prefix(COMMITS).and_then(|name| name.strip_prefix('/')?.parse().ok()) {
        return Ok(Some(Object::commit(sequence, key)));
    }
    if let Some(index) = keys::index_of(name) {
        return Ok(Some(Object::key_change(index)));
    }
    let digest = name.rsplit('/').next().and_then(|hex| Digest::from_hex(hex).ok());
    let sealed = digest.into_iter().flat_map(|digest| [Object::blob(digest), Object::manifest(digest)]);
    let note = Object::note(name, key);
    Ok(sealed.chain([CHECKPOINT, WITNESSED].contains(&name).then_some(note)).find(|object| object.key == name))
}

/// What the event at this place names, and what a manifest names that it names. Pages that the version before had too were named there.
/// Of a document that is `gone` nothing need be there.
pub(crate) async fn named(
    copies: &Copies,
    gone: &HashMap<DocumentId, u64>,
    index: u64,
    event: &Event,
) -> Result<Vec<Object>> {
    let kind = &event.event;
    if kind.document().is_some_and(|document| gone.contains_key(&document)) {
        return Ok(Vec::new());
    }
    let mut objects: Vec<_> = kind.body().into_iter().chain(kind.attached()).map(Object::blob).collect();
    if let EventKind::LogKeyChanged { .. } = kind {
        objects.push(Object::key_change(index));
    }
    if let EventKind::Sealed { manifest, .. } = kind {
        objects.push(Object::manifest(*manifest));
        let Some(manifest) = read(copies, *manifest).await? else { return Ok(objects) };
        let before = match manifest.previous {
            Some(previous) => read(copies, previous).await?,
            None => None,
        };
        let known: HashSet<Digest> = before.iter().flat_map(Manifest::blobs).map(|blob| blob.digest).collect();
        let new = manifest.blobs().map(|blob| blob.digest).filter(|digest| !known.contains(digest));
        objects.extend(new.map(Object::blob));
    }
    Ok(objects)
}

/// None where it is lost: what it names is then not known.
async fn read(copies: &Copies, digest: Digest) -> Result<Option<Manifest>> {
    match copies.get(&Object::manifest(digest)).await {
        Ok(bytes) => Ok(canonical::from_bytes(&bytes).ok()),
        Err(Error::Missing(_) | Error::Corrupt { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
