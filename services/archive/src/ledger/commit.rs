//! What is written at the moment when events become part of the ledger?
//!
//! A commit record under its number in the chain, created once: of two writers one wins. It names
//! the record before it and carries the signed checkpoint. The new tiles lie ready in a staging
//! object that it names, so that whoever finds the commit can finish it.

use bytes::Bytes;
use record::merkle::empty_root;
use record::note::{self, Checkpoint, LogKey, LogSigner, Vkey};
use record::{Digest, Event, EventKind, canonical};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::ledger::tile::{self, Piece, Row};
use crate::store::Store;

pub(crate) const COMMITS: &str = "log/commits";
pub(crate) const STAGING: &str = "log/staging";
const SCHEMA: &str = "chartroom.commit/1";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Commit {
    pub schema: String,
    /// 0, 1, 2 …: also the object's name. Number 0 is the empty ledger.
    pub sequence: u64,
    /// SHA-256 of the record before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    pub old_size: u64,
    pub new_size: u64,
    pub root: Digest,
    /// SHA-256 of the staging object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staging: Option<Digest>,
    /// The signed note over `new_size` and `root`.
    pub checkpoint: String,
    /// The log's key from the next record on, where the one event of this record says so: both keys have signed its checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Box<Vkey>>,
    /// 32 random hex digits: two writers who commit the same events still write two records, and
    /// each can tell whose is there.
    pub writer: String,
    /// SHA-256 of this record without this member. The record after it names its digest too, but
    /// the last record has none after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Digest>,
}

/// A commit record with the digest of its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Committed {
    pub commit: Commit,
    pub digest: Digest,
}

impl Commit {
    pub fn key(sequence: u64) -> String {
        format!("{COMMITS}/{sequence:020}")
    }

    pub fn staging_key(sequence: u64, root: &Digest) -> String {
        format!("{STAGING}/{sequence:020}-{}", root.hex())
    }

    /// The beginning of every ledger.
    pub fn genesis(signer: &LogSigner) -> Result<Self> {
        let root = empty_root();
        Ok(Self {
            schema: SCHEMA.to_owned(),
            sequence: 0,
            previous: None,
            old_size: 0,
            new_size: 0,
            root,
            staging: None,
            checkpoint: signer.sign(0, root),
            key: None,
            writer: nonce()?,
            check: None,
        })
    }

    /// The record that takes the ledger from `before` to the tree of this size and root, which this checkpoint signs.
    pub fn after(before: &Committed, (size, root): (u64, Digest), staged: &Bytes, checkpoint: String) -> Result<Self> {
        let old_size = before.commit.new_size;
        let key = next_key(staged, size - old_size);
        if let Some(next) = &key {
            note::open(&checkpoint, &LogKey::from(Vkey::clone(next)))?;
        }
        Ok(Self {
            schema: SCHEMA.to_owned(),
            sequence: before.commit.sequence + 1,
            previous: Some(before.digest),
            old_size,
            new_size: size,
            root,
            staging: Some(Digest::of(staged)),
            checkpoint,
            key,
            writer: nonce()?,
            check: None,
        })
    }

    /// The same, written by somebody else than who staged it.
    pub fn adopted(self) -> Self {
        Self { writer: "0".repeat(32), ..self }
    }

    /// Whether it commits this root for whoever staged it.
    pub fn has_adopted(&self, root: Digest) -> bool {
        self.root == root && self.writer.bytes().all(|digit| digit == b'0')
    }

    pub fn to_bytes(&self) -> Result<Bytes> {
        let unchecked = Self { check: None, ..self.clone() };
        let check = Some(Digest::of(&canonical::to_bytes(&unchecked)?));
        Ok(canonical::to_bytes(&Self { check, ..unchecked })?.into())
    }

    /// Checks all that one record can tell by itself.
    pub fn parse(sequence: u64, bytes: &[u8], key: &LogKey) -> Result<Committed> {
        let wrong = |detail: String| Error::corrupt(Self::key(sequence), detail);
        let commit: Self = canonical::from_bytes(bytes).map_err(|e| wrong(e.to_string()))?;
        if commit.to_bytes()? != bytes {
            return Err(wrong("its own check does not hold".to_owned()));
        }
        let Checkpoint { size, root, .. } =
            note::open(&commit.checkpoint, key).map_err(|e| wrong(format!("its checkpoint {e}")))?;
        if let Some(next) = &commit.key {
            let signed = note::open(&commit.checkpoint, &LogKey::from(Vkey::clone(next)));
            signed.map_err(|e| wrong(format!("its checkpoint, for the log's new key, {e}")))?;
        }
        if commit.schema != SCHEMA || commit.sequence != sequence {
            return Err(wrong("it is another kind of record, or another record".to_owned()));
        }
        if (size, root) != (commit.new_size, commit.root) {
            return Err(wrong("its checkpoint signs another tree".to_owned()));
        }
        let genesis = sequence == 0 && commit.new_size == 0 && commit.previous.is_none();
        let grows = sequence > 0 && commit.new_size > commit.old_size && commit.staging.is_some();
        if !genesis && !grows {
            return Err(wrong("it does not make the ledger grow".to_owned()));
        }
        Ok(Committed { commit, digest: Digest::of(bytes) })
    }

    /// The log's key after this record.
    pub fn succeed(&self, key: LogKey) -> LogKey {
        match &self.key {
            Some(next) => key.then(Vkey::clone(next), self.new_size),
            None => key,
        }
    }

    pub async fn load(store: &Store, sequence: u64, key: &LogKey) -> Result<Option<Committed>> {
        let bytes = store.get(&Self::key(sequence)).await?;
        bytes.map(|bytes| Self::parse(sequence, &bytes, key)).transpose()
    }

    /// The number of the newest record. Numbers have no gaps, so doubling and halving finds it
    /// with two looks per binary digit, however many there are. `None`: there is no ledger.
    pub async fn newest(store: &Store) -> Result<Option<u64>> {
        if !store.exists(&Self::key(0)).await? {
            return Ok(None);
        }
        let (mut there, mut gone) = (0, 1);
        while store.exists(&Self::key(gone)).await? {
            (there, gone) = (gone, gone * 2);
        }
        while gone - there > 1 {
            let middle = there + (gone - there) / 2;
            if store.exists(&Self::key(middle)).await? {
                there = middle;
            } else {
                gone = middle;
            }
        }
        Ok(Some(there))
    }
}

impl Committed {
    /// Does this record continue `before`?
    pub fn follows(&self, before: &Self) -> Result<()> {
        let (new, old) = (&self.commit, &before.commit);
        if new.previous == Some(before.digest) && new.old_size == old.new_size && new.sequence == old.sequence + 1 {
            return Ok(());
        }
        Err(Error::corrupt(Commit::key(new.sequence), "it does not continue the record before it"))
    }
}

fn nonce() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|e| Error::Refused(format!("draw random numbers: {e}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The key that the only new entry of these staged bytes puts in the place of the log's.
fn next_key(staged: &Bytes, new: u64) -> Option<Box<Vkey>> {
    let pieces = (new == 1).then(|| unstage(staged)).flatten()?;
    let (_, bundle) = pieces.iter().filter(|(piece, _)| piece.row == Row::Entries).max_by_key(|(piece, _)| piece.n)?;
    match Event::from_leaf(tile::split_entries(bundle)?.last()?).ok()?.event {
        EventKind::LogKeyChanged { after, .. } => Some(after),
        _ => None,
    }
}

/// The staging object: for each piece the length of its key (2 bytes), its key, the length of its
/// bytes (4 bytes) and its bytes; lengths big endian.
pub(crate) fn stage(pieces: &[(Piece, Bytes)]) -> Bytes {
    let mut staged = Vec::new();
    for (piece, bytes) in pieces {
        let key = piece.key();
        // Keys are below 100 bytes; a piece has at most 256 entries below 64 KiB.
        staged.extend_from_slice(&(key.len() as u16).to_be_bytes());
        staged.extend_from_slice(key.as_bytes());
        staged.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
        staged.extend_from_slice(bytes);
    }
    staged.into()
}

/// The pieces of a staging object; `None` where it is malformed.
pub(crate) fn unstage(staged: &Bytes) -> Option<Vec<(Piece, Bytes)>> {
    let (mut pieces, mut rest) = (Vec::new(), staged.clone());
    while !rest.is_empty() {
        let key = take(&mut rest, 2)?;
        let piece = Piece::parse(std::str::from_utf8(&key).ok()?)?;
        pieces.push((piece, take(&mut rest, 4)?));
    }
    Some(pieces)
}

fn take(rest: &mut Bytes, length_bytes: usize) -> Option<Bytes> {
    let length = rest.get(..length_bytes)?.iter().fold(0_usize, |n, byte| n << 8 | usize::from(*byte));
    let whole = length_bytes.checked_add(length).filter(|whole| *whole <= rest.len())?;
    Some(rest.split_to(whole).slice(length_bytes..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staged_pieces_come_back() {
        let leaves = (0..700_u64).map(|i| i.to_be_bytes().to_vec()).collect::<Vec<_>>();
        let (_, pieces) = crate::ledger::edge::Edge::default().grow(&leaves);
        assert_eq!(unstage(&stage(&pieces)).expect("well-formed"), pieces);
    }

    #[tokio::test]
    async fn finds_the_newest_without_a_list() {
        let store = crate::StoreAddress::memory().connect().expect("memory");
        assert_eq!(Commit::newest(&store).await.expect("looked"), None);
        for sequence in 0..40 {
            store.create(&Commit::key(sequence), Bytes::from("x")).await.expect("put");
            assert_eq!(Commit::newest(&store).await.expect("looked"), Some(sequence));
        }
    }
}
