//! Which blobs does this run look at: all, a sample, or those that an earlier run left?
//!
//! Blobs come in the order of their digests, so that one digest says how far a run has come. A sample is the blobs whose
//! digest, hashed with a seed, is smallest: whoever does not know the seed cannot tell which, and whoever does draws it again.

use record::note::{self, Checkpoint, LogKey};
use record::{Digest, DocumentId, Hasher};
use serde::{Deserialize, Serialize};

use super::{Ask, Blob, Finding};
use crate::error::{Error, Result};

/// How many of the blobs are hashed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Share {
    #[default]
    All,
    Number {
        number: u64,
        seed: u64,
    },
    PerMille {
        per_mille: u32,
        seed: u64,
    },
}

impl Share {
    pub const fn seed(self) -> Option<u64> {
        match self {
            Self::All => None,
            Self::Number { seed, .. } | Self::PerMille { seed, .. } => Some(seed),
        }
    }

    /// Leaves the sample. A blob that is in it leaves it only for one that came since, so that a later run does not miss one.
    fn draw(self, blobs: &mut Vec<(Digest, Blob)>) {
        match self {
            Self::All => {}
            Self::Number { number, seed } => {
                blobs.sort_unstable_by_key(|(digest, _)| lot(seed, digest));
                blobs.truncate(usize::try_from(number).unwrap_or(usize::MAX));
            }
            Self::PerMille { per_mille, seed } => {
                let below = u64::MAX / 1000 * u64::from(per_mille.min(1000));
                blobs.retain(|(digest, _)| lot(seed, digest) <= below);
            }
        }
    }
}

/// How far a run had come: enough for another one to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// What everything was held against.
    pub checkpoint: String,
    pub document: Option<DocumentId>,
    pub share: Share,
    /// The last blob that was looked at: all before it were too.
    pub after: Digest,
    pub blobs: u64,
    pub bytes: u64,
    /// What was found at blobs.
    pub findings: Vec<Finding>,
}

impl Resume {
    /// The ledger that the earlier run saw.
    pub(super) fn checkpoint(&self, key: &LogKey, ask: &Ask) -> Result<Checkpoint> {
        if self.document != ask.document || self.share != ask.share {
            let text = "go on: the file to resume from is of another question; give the same --document and --sample";
            return Err(Error::Refused(text.to_owned()));
        }
        Ok(note::open(&self.checkpoint, key)?)
    }

    /// Whether the earlier run has looked at this blob. What events after it name, it has not.
    fn has_seen(&self, size: u64, digest: &Digest, blob: &Blob) -> bool {
        *digest <= self.after && blob.index < size
    }
}

/// The blobs to look at, in order.
pub(super) fn pick<'a>(
    blobs: impl Iterator<Item = (&'a Digest, &'a Blob)>,
    share: Share,
    resume: Option<(&Resume, u64)>,
) -> Vec<(Digest, Blob)> {
    let mut picked: Vec<(Digest, Blob)> = blobs.map(|(digest, blob)| (*digest, *blob)).collect();
    share.draw(&mut picked);
    picked.retain(|(digest, blob)| resume.is_none_or(|(resume, size)| !resume.has_seen(size, digest, blob)));
    picked.sort_unstable_by_key(|(digest, _)| *digest);
    picked
}

/// The first 8 bytes of SHA-256 over seed and digest.
fn lot(seed: u64, digest: &Digest) -> u64 {
    let mut hasher = Hasher::new();
    hasher.update(&seed.to_be_bytes());
    hasher.update(digest.as_bytes());
    hasher.finish().as_bytes().iter().take(8).fold(0, |lot, byte| lot << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn blobs(n: u64) -> BTreeMap<Digest, Blob> {
        (0..n).map(|index| (Digest::of(&index.to_be_bytes()), Blob { size: None, index, document: None })).collect()
    }

    #[test]
    fn a_seed_draws_one_sample_and_another_seed_another() {
        let all = blobs(1_000);
        let draw = |share| pick(all.iter(), share, None).into_iter().map(|(digest, _)| digest).collect::<Vec<_>>();
        let ten = draw(Share::Number { number: 10, seed: 7 });
        assert_eq!((ten.len(), draw(Share::Number { number: 10, seed: 7 })), (10, ten.clone()));
        let tenth = draw(Share::PerMille { per_mille: 100, seed: 7 });
        assert!((60..140).contains(&tenth.len()) && ten.iter().all(|one| tenth.contains(one)), "{}", tenth.len());
        assert_ne!(draw(Share::Number { number: 10, seed: 8 }), ten);
        assert_eq!(draw(Share::All).len(), 1_000);
        assert_eq!(draw(Share::Number { number: 5_000, seed: 8 }).len(), 1_000);
    }

    #[test]
    fn a_later_run_looks_at_the_rest_and_at_what_is_new() {
        let all = blobs(100);
        let whole = pick(all.iter(), Share::All, None);
        let resume = Resume {
            checkpoint: String::new(),
            document: None,
            share: Share::All,
            after: whole[39].0,
            blobs: 40,
            bytes: 0,
            findings: Vec::new(),
        };
        let rest = pick(all.iter(), Share::All, Some((&resume, 90)));
        let new = whole[..40].iter().filter(|(_, blob)| blob.index >= 90).count();
        assert!(new > 0 && rest.len() == 60 + new, "{new} of {}", rest.len());
        assert!(whole[40..].iter().all(|(digest, _)| rest.iter().any(|(other, _)| other == digest)));
    }
}
