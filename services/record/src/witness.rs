//! What does a witness say, and what is it asked?
//!
//! A witness signs that a checkpoint continues the newest one it knew (<https://c2sp.org/tlog-cosignature>), when a log asks it
//! (<https://c2sp.org/tlog-witness>). It sees the log's name, size and root, and nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::digest::Digest;
use crate::merkle;
use crate::note::{self, Checkpoint, LogKey, NoteError, NoteKey, NoteSigner};

const COSIGNATURE: u8 = 4;
/// The protocol's own bound.
const PROOF_HASHES_MAX: usize = 63;

pub type WitnessKey = NoteKey<COSIGNATURE>;
pub type WitnessSigner = NoteSigner<COSIGNATURE>;

/// The message of a cosignature at `at` seconds since the epoch.
fn message(at: u64, body: &str) -> String {
    format!("cosignature/v1\ntime {at}\n{body}")
}

impl WitnessKey {
    /// When this witness has cosigned the note, in seconds since the epoch; nothing where it has not.
    ///
    /// # Errors
    /// [`NoteError::BadSignature`] where a line says that it is this witness's, and is not.
    pub fn seen(&self, note: &str) -> Result<Option<u64>, NoteError> {
        let (body, signatures) = note::split(note)?;
        let mut newest = None;
        for signed in self.signed(signatures)? {
            let Some((at, signature)) = signed.split_first_chunk::<8>() else {
                return Err(NoteError::BadSignature(self.name().to_owned()));
            };
            let at = u64::from_be_bytes(*at);
            self.check(message(at, body).as_bytes(), signature)?;
            newest = newest.max(Some(at));
        }
        Ok(newest)
    }
}

impl WitnessSigner {
    pub fn public(&self) -> WitnessKey {
        self.public_key()
    }

    /// The line that says so of a note, at `at` seconds since the epoch.
    pub fn cosign(&self, note: &str, at: u64) -> Result<String, NoteError> {
        let (body, _) = note::split(note)?;
        Ok(self.line(&at.to_be_bytes(), message(at, body).as_bytes()))
    }
}

/// The body of an `add-checkpoint` request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the witness knew last, by the log's word.
    pub old: u64,
    pub proof: Vec<Digest>,
    pub note: String,
}

impl AddCheckpoint {
    pub fn to_text(&self) -> String {
        let hashes: String = self.proof.iter().map(|hash| BASE64.encode(hash.as_bytes()) + "\n").collect();
        format!("old {}\n{hashes}\n{}", self.old, self.note)
    }

    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let malformed = NoteError::Malformed;
        let (head, note) = text.split_once("\n\n").ok_or(malformed("no blank line before the checkpoint"))?;
        let mut lines = head.lines();
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(size);
        let old = old.ok_or(malformed("the first line is `old` and a size in decimal"))?;
        let hash = |line: &str| BASE64.decode(line).ok()?.try_into().ok().map(Digest::from_bytes);
        let proof: Option<Vec<Digest>> = lines.by_ref().take(PROOF_HASHES_MAX).map(hash).collect();
        let proof = proof.filter(|_| lines.next().is_none());
        let proof = proof.ok_or(malformed("a proof has at most 63 hashes of 32 bytes in base64"))?;
        Ok(Self { old, proof, note: note.to_owned() })
    }

    /// May it be cosigned, by a witness that has last seen `seen` of this log?
    pub fn judge(&self, log: &LogKey, seen: Option<&Checkpoint>) -> Result<Checkpoint, Refusal> {
        let new = note::open(&self.note, log).map_err(Refusal::Unsigned)?;
        if self.old > new.size {
            return Err(Refusal::Backwards);
        }
        let (size, root) = seen.map_or((0, merkle::empty_root()), |seen| (seen.size, seen.root));
        if self.old != size || size == new.size && size > 0 && root != new.root {
            return Err(Refusal::Conflict(size));
        }
        // A proof from the empty tree is empty, whatever the root.
        let holds = match size {
            0 => self.proof.is_empty() && (new.size > 0 || new.root == merkle::empty_root()),
            _ => merkle::verify_consistency(size, new.size, &root, &new.root, &self.proof),
        };
        if holds { Ok(new) } else { Err(Refusal::Inconsistent) }
    }
}

/// Decimal without zeros before it.
fn size(digits: &str) -> Option<u64> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|_| plain)
}

/// Why a witness does not cosign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the checkpoint {0}")]
    Unsigned(NoteError),
    #[error("the old size is larger than the checkpoint's")]
    Backwards,
    /// It knows another checkpoint, of this size.
    #[error("another checkpoint of {0} events was cosigned last")]
    Conflict(u64),
    /// Signed by the log, and no continuation of what it has signed before: evidence.
    #[error("the checkpoint does not continue the one that was cosigned last")]
    Inconsistent,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{Frontier, leaf_hash, node_hash};
    use crate::note::LogSigner;

    fn log() -> LogSigner {
        LogSigner::from_seed("log.example", &[7; 32]).expect("a good name")
    }

    #[test]
    fn cosigns_and_is_believed_for_the_note_that_it_saw() {
        let witness = WitnessSigner::from_seed("witness.example/w1", &[3; 32]).expect("a good name");
        let note = log().sign(3, Digest::of(b"root"));
        let cosigned = format!("{note}{}", witness.cosign(&note, 1_679_315_147).expect("a note"));
        let key: WitnessKey = witness.public().to_string().parse().expect("own spelling");
        assert_eq!((key.seen(&cosigned), key.seen(&note)), (Ok(Some(1_679_315_147)), Ok(None)));
        assert!(note::open(&cosigned, &log().public()).is_ok(), "the log's own signature still holds");
        let other = cosigned.replace("\n3\n", "\n4\n");
        assert_eq!(key.seen(&other), Err(NoteError::BadSignature("witness.example/w1".into())));
        assert!(witness.public().to_string().parse::<LogKey>().is_err(), "a witness is no log");
    }

    #[test]
    fn only_what_continues_the_newest_is_cosigned() {
        let leaves: Vec<Digest> = (0..3_u8).map(|n| leaf_hash(&[n])).collect();
        let root = |size: usize| {
            let mut frontier = Frontier::new();
            leaves[..size].iter().for_each(|leaf| frontier.push(*leaf));
            frontier.root()
        };
        let ask = |old, size: usize, proof: Vec<Digest>| {
            let request = AddCheckpoint { old, proof, note: log().sign(size as u64, root(size)) };
            assert_eq!(AddCheckpoint::parse(&request.to_text()).as_ref(), Ok(&request));
            request
        };
        let (key, seen) = (log().public(), Checkpoint { origin: "log.example".into(), size: 2, root: root(2) });
        assert!(ask(0, 2, vec![]).judge(&key, None).is_ok());
        assert!(ask(2, 2, vec![]).judge(&key, Some(&seen)).is_ok());
        assert!(ask(2, 3, vec![leaves[2]]).judge(&key, Some(&seen)).is_ok());
        assert_eq!(ask(2, 3, vec![leaves[1]]).judge(&key, Some(&seen)), Err(Refusal::Inconsistent));
        assert_eq!(ask(0, 3, vec![]).judge(&key, Some(&seen)), Err(Refusal::Conflict(2)));
        assert_eq!(ask(3, 2, vec![]).judge(&key, Some(&seen)), Err(Refusal::Backwards));
        let fork = AddCheckpoint { old: 2, proof: vec![], note: log().sign(2, node_hash(&leaves[1], &leaves[0])) };
        assert_eq!(fork.judge(&key, Some(&seen)), Err(Refusal::Conflict(2)));
        let stranger = LogSigner::from_seed("log.example", &[8; 32]).expect("a good name").public();
        assert!(matches!(ask(2, 3, vec![leaves[2]]).judge(&stranger, Some(&seen)), Err(Refusal::Unsigned(_))));
        for broken in ["old 02\n\n", "old x\n\n", "\n\n", "old 1\nAAAA\n\nnote\n", "old 1\n"] {
            assert!(AddCheckpoint::parse(broken).is_err(), "{broken}");
        }
    }
}
