//! Receipts: what a station keeps instead of the page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use crate::canonical;
use crate::digest::Digest;
use crate::event::{Event, EventKind};
use crate::manifest::Manifest;
use crate::merkle;
use crate::note::{self, Checkpoint, LogKey, NoteError};

const TLOG_PROOF: &str = "c2sp.org/tlog-proof@v1";
/// The tlog-proof format's own bound.
const PATH_HASHES_MAX: usize = 63;

/// Proof that an event is in the ledger: the leaf, its place, the path to the root, and the
/// signed checkpoint over that root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// 0-based place in the ledger.
    pub index: u64,
    /// The leaf's bytes in base64.
    pub leaf: String,
    /// Sibling hashes from the leaf to the root.
    pub proof: Vec<Digest>,
    /// The signed note.
    pub checkpoint: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    #[error("the checkpoint {0}")]
    Checkpoint(#[from] NoteError),
    #[error("the leaf is not an event of this ledger")]
    Leaf,
    #[error("the path does not lead to the checkpoint's root")]
    Path,
    #[error("the receipt is for something else: {0}")]
    Other(&'static str),
    #[error("this is no proof: {0}")]
    Malformed(&'static str),
}

impl Receipt {
    pub fn new(index: u64, leaf: &[u8], proof: Vec<Digest>, checkpoint: String) -> Self {
        Self { index, leaf: BASE64.encode(leaf), proof, checkpoint }
    }

    /// The proof without the leaf, as <https://c2sp.org/tlog-proof> writes it.
    pub fn to_tlog_proof(&self) -> String {
        let hashes: String = self.proof.iter().map(|hash| BASE64.encode(hash.as_bytes()) + "\n").collect();
        format!("{TLOG_PROOF}\nindex {}\n{hashes}\n{}", self.index, self.checkpoint)
    }

    /// From such a proof, and the leaf that it is for. An `extra` line is passed over: nothing vouches for it.
    pub fn from_tlog_proof(proof: &str, leaf: &[u8]) -> Result<Self, ReceiptError> {
        let malformed = ReceiptError::Malformed;
        let (head, checkpoint) = proof.split_once("\n\n").ok_or(malformed("no blank line before the checkpoint"))?;
        let mut lines = head.lines().peekable();
        if lines.next() != Some(TLOG_PROOF) {
            return Err(malformed("its first line is another"));
        }
        lines.next_if(|line| line.starts_with("extra "));
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let index = index.and_then(|digits| digits.parse().ok()).ok_or(malformed("no index"))?;
        let hash = |line: &str| BASE64.decode(line).ok()?.try_into().ok().map(Digest::from_bytes);
        let hashes: Option<Vec<Digest>> = lines.by_ref().take(PATH_HASHES_MAX).map(hash).collect();
        let hashes = hashes.filter(|_| lines.next().is_none()).ok_or(malformed("a hash is not 32 bytes in base64"))?;
        Ok(Self::new(index, leaf, hashes, checkpoint.to_owned()))
    }

    pub fn leaf_bytes(&self) -> Result<Vec<u8>, ReceiptError> {
        BASE64.decode(&self.leaf).map_err(|_| ReceiptError::Leaf)
    }

    /// What it says it proves.
    pub(crate) fn event(&self) -> Result<Event, ReceiptError> {
        Event::from_leaf(&self.leaf_bytes()?).map_err(|_| ReceiptError::Leaf)
    }

    /// The event, proven to be in the log of `key`, with the checkpoint that proves it.
    pub fn verify(&self, key: &LogKey) -> Result<(Event, Checkpoint), ReceiptError> {
        let checkpoint = note::open(&self.checkpoint, key)?;
        let leaf = self.leaf_bytes()?;
        let hash = merkle::leaf_hash(&leaf);
        if !merkle::verify_inclusion(self.index, checkpoint.size, &hash, &self.proof, &checkpoint.root) {
            return Err(ReceiptError::Path);
        }
        Ok((self.event()?, checkpoint))
    }

    /// Proves that this very manifest was sealed. `manifest` are the bytes as stored.
    pub fn verify_sealed(&self, key: &LogKey, manifest: &[u8]) -> Result<Manifest, ReceiptError> {
        let (event, _) = self.verify(key)?;
        let EventKind::Sealed { manifest: sealed, document, version, .. } = event.event else {
            return Err(ReceiptError::Other("it seals no document"));
        };
        if sealed != Digest::of(manifest) {
            return Err(ReceiptError::Other("it seals another manifest"));
        }
        let manifest: Manifest =
            canonical::from_bytes(manifest).map_err(|_| ReceiptError::Other("the manifest is malformed"))?;
        if manifest.document != document || manifest.version != version {
            return Err(ReceiptError::Other("leaf and manifest name different documents"));
        }
        Ok(manifest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Actor, ViewForm};
    use crate::id::DocumentId;
    use crate::merkle::{Frontier, leaf_hash};
    use crate::note::LogSigner;
    use crate::time::Timestamp;

    #[test]
    fn a_receipt_holds_only_for_its_own_leaf() {
        let event = |n: i64| Event {
            at: Timestamp(n),
            actor: Actor::System,
            event: EventKind::Viewed {
                document: DocumentId::derived([b"d".as_slice()]),
                page: None,
                form: ViewForm::Screen,
            },
        };
        let leaves: Vec<_> = (0..2).map(|n| event(n).to_leaf().expect("small")).collect();
        let mut frontier = Frontier::new();
        leaves.iter().for_each(|leaf| frontier.push(leaf_hash(leaf)));
        let signer = LogSigner::from_seed("test", &[1; 32]).expect("a good name");
        let checkpoint = signer.sign(2, frontier.root());
        let receipt = Receipt::new(0, &leaves[0], vec![leaf_hash(&leaves[1])], checkpoint);
        assert_eq!(receipt.verify(&signer.public()).expect("holds").0, event(0));
        let forged = Receipt { leaf: BASE64.encode(&leaves[1]), ..receipt.clone() };
        assert_eq!(forged.verify(&signer.public()), Err(ReceiptError::Path));
        let proof = receipt.to_tlog_proof();
        assert!(proof.starts_with("c2sp.org/tlog-proof@v1\nindex 0\n"), "{proof}");
        assert_eq!(Receipt::from_tlog_proof(&proof, &leaves[0]).as_ref(), Ok(&receipt));
        let extra = proof.replace("index 0", "extra AAAA\nindex 0");
        assert_eq!(Receipt::from_tlog_proof(&extra, &leaves[0]).as_ref(), Ok(&receipt));
        for broken in [&proof[1..], &proof.replace("index 0", "index -1"), &proof.replace("\n\n", "\nAAAA\n\n")] {
            assert!(Receipt::from_tlog_proof(broken, &leaves[0]).is_err(), "{broken}");
        }
        let moved = Receipt { index: 1, ..receipt };
        assert_eq!(moved.verify(&signer.public()), Err(ReceiptError::Path));
    }
}
