//! With which keys may a log sign, and how does one come from an old key to a new one?
//!
//! A log keeps its name, not its key. That the key changes is an event of the log itself, the only one of its commit, and the
//! checkpoint over it is signed with both keys. The receipt of that event is a [`KeyChange`]: it leads whoever trusts one of the keys
//! to the other, to the new one for what comes, to the old one for what was. From that checkpoint on only the new key counts; the old
//! one may sign beside it for those who have not heard yet, whose programs pass over lines of keys that they do not know
//! (<https://c2sp.org/signed-note>), and is worth nothing alone.

use std::fmt;
use std::str::FromStr;

use crate::canonical::{self, CanonicalError};
use crate::event::EventKind;
use crate::limits;
use crate::note::{Checkpoint, NoteError, Vkey};
use crate::receipt::{Receipt, ReceiptError};

/// Whoever signs as one log: its keys, oldest first, each with the sizes of the checkpoints that it may sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKey {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    key: Vkey,
    from: u64,
    /// This size is its last one, and the next key's first.
    to: u64,
}

/// Proof that a log went over from one key to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    pub receipt: Receipt,
    pub before: Vkey,
    pub after: Vkey,
    /// What both have signed.
    pub checkpoint: Checkpoint,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyChangeError {
    #[error("is no change of a log's key: {0}")]
    Receipt(#[from] ReceiptError),
    #[error("is no change of a log's key: {0}")]
    Other(&'static str),
    #[error("tells of two keys after `{0}`: somebody else has had that key; keep both as evidence")]
    Forked(Box<Vkey>),
    #[error("leads neither to nor from `{0}`, which is trusted too")]
    Unlinked(Box<Vkey>),
}

const NO_RECEIPT: KeyChangeError = KeyChangeError::Other("it is no receipt in canonical JSON");

impl LogKey {
    /// Any of these, as far as nothing else is known. None where they are none, or of different logs.
    pub fn any(keys: impl IntoIterator<Item = Self>) -> Option<Self> {
        let terms: Vec<_> = keys.into_iter().flat_map(|key| key.terms).collect();
        let name = terms.first()?.key.name();
        terms.iter().all(|term| term.key.name() == name).then(|| Self { terms: terms.clone() })
    }

    pub fn name(&self) -> &str {
        self.current().name()
    }

    /// The one that signs now.
    pub fn current(&self) -> &Vkey {
        // There is one from the beginning, and none is ever taken away.
        &self.terms[self.terms.len() - 1].key
    }

    /// The sizes at which the key changed.
    pub fn changes(&self) -> impl Iterator<Item = u64> + '_ {
        self.terms.iter().map(|term| term.from).filter(|from| *from > 0)
    }

    /// From this size on another key counts.
    pub fn then(mut self, key: Vkey, size: u64) -> Self {
        if *self.current() != key {
            if let Some(last) = self.terms.last_mut() {
                last.to = size;
            }
            self.terms.push(Term { key, from: size, to: u64::MAX });
        }
        self
    }

    /// Whether this is a change between two of its keys.
    pub fn has(&self, change: &KeyChange) -> bool {
        self.terms.windows(2).any(|pair| {
            let [old, new] = pair else { return false };
            (&old.key, &new.key, new.from) == (&change.before, &change.after, change.checkpoint.size)
        })
    }

    /// With all keys before and after, as far as changes lead to them.
    ///
    /// # Errors
    /// Where one key was changed in two ways, and where two keys that are trusted are not of one line.
    pub fn follow(&self, changes: &[KeyChange]) -> Result<Self, KeyChangeError> {
        let linked = self.linked(changes);
        for pair in linked.windows(2) {
            if pair[0].after != pair[1].before || pair[0].checkpoint.size >= pair[1].checkpoint.size {
                return Err(KeyChangeError::Forked(pair[1].before.clone().into()));
            }
        }
        let first = linked.first().map_or(&self.terms[0].key, |change| &change.before);
        let line = linked
            .iter()
            .fold(Self::from(first.clone()), |line, change| line.then(change.after.clone(), change.checkpoint.size));
        match self.terms.iter().find(|term| line.terms.iter().all(|of_line| of_line.key != term.key)) {
            Some(other) => Err(KeyChangeError::Unlinked(other.key.clone().into())),
            None => Ok(line),
        }
    }

    /// The changes that the keys lead to, one by one, by size.
    fn linked<'a>(&self, changes: &'a [KeyChange]) -> Vec<&'a KeyChange> {
        let mut known: Vec<&Vkey> = self.terms.iter().map(|term| &term.key).collect();
        let (mut linked, mut rest): (Vec<_>, Vec<_>) = (Vec::new(), changes.iter().collect());
        loop {
            let (new, others): (Vec<_>, Vec<_>) =
                rest.into_iter().partition(|change| known.contains(&&change.before) || known.contains(&&change.after));
            if new.is_empty() {
                break;
            }
            known.extend(new.iter().flat_map(|change| [&change.before, &change.after]));
            linked.extend(new);
            rest = others;
        }
        linked.sort_by_key(|change| change.checkpoint.size);
        linked
    }

    /// Whether one of its keys has signed this body, which is a checkpoint of this size.
    pub(crate) fn verify(&self, body: &str, signatures: &str, size: u64) -> Result<(), NoteError> {
        let mut verdict = NoteError::NotSigned(self.name().to_owned());
        for term in self.terms.iter().rev() {
            let signed = term.key.signed(signatures)?;
            let Some(first) = signed.first() else { continue };
            if (term.from..=term.to).contains(&size) {
                return term.key.check(body.as_bytes(), first);
            }
            verdict = NoteError::OutOfTerm { size, changed: if size > term.to { term.to } else { term.from } };
        }
        Err(verdict)
    }
}

impl From<Vkey> for LogKey {
    fn from(key: Vkey) -> Self {
        Self { terms: vec![Term { key, from: 0, to: u64::MAX }] }
    }
}

impl fmt::Display for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.current().fmt(f)
    }
}

impl FromStr for LogKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        text.parse().map(Vkey::into)
    }
}

impl KeyChange {
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyChangeError> {
        Self::of(canonical::from_bytes(bytes).map_err(|_| NO_RECEIPT)?)
    }

    /// Several of them, as [`KeyChange::to_list`] writes them.
    pub fn list(text: &[u8]) -> Result<Vec<Self>, KeyChangeError> {
        let receipts: Vec<Receipt> = canonical::from_bytes(text).map_err(|_| NO_RECEIPT)?;
        if receipts.len() > limits::KEY_CHANGES_MAX {
            return Err(KeyChangeError::Other("there are too many"));
        }
        receipts.into_iter().map(Self::of).collect()
    }

    /// Their receipts, as canonical JSON.
    pub fn to_list(changes: Vec<Self>) -> Result<Vec<u8>, CanonicalError> {
        canonical::to_bytes(&changes.into_iter().map(|change| change.receipt).collect::<Vec<_>>())
    }

    /// Both keys have signed the checkpoint, and the event that it proves says that one follows the other.
    pub fn of(receipt: Receipt) -> Result<Self, KeyChangeError> {
        let EventKind::LogKeyChanged { before, after } = receipt.event()?.event else {
            return Err(KeyChangeError::Other("its event is another"));
        };
        let (before, after) = (*before, *after);
        if before.name() != after.name() || before == after {
            return Err(KeyChangeError::Other("it does not name two keys of one log"));
        }
        receipt.verify(&before.clone().into())?;
        let (_, checkpoint) = receipt.verify(&after.clone().into())?;
        if checkpoint.size != receipt.index + 1 {
            return Err(KeyChangeError::Other("its event is not the last that both keys signed"));
        }
        Ok(Self { receipt, before, after, checkpoint })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::event::{Actor, Event};
    use crate::merkle::{Frontier, leaf_hash};
    use crate::note::{self, LogSigner};
    use crate::time::Timestamp;

    fn signer(seed: u8) -> LogSigner {
        LogSigner::from_seed("log.example", &[seed; 32]).expect("a good name")
    }

    fn vkey(seed: u8) -> Vkey {
        signer(seed).public().current().clone()
    }

    fn tree(leaves: &[Digest]) -> Digest {
        let mut frontier = Frontier::new();
        leaves.iter().for_each(|leaf| frontier.push(*leaf));
        frontier.root()
    }

    /// A log that had `size` - 1 other events before one key followed the other, signed by these.
    fn change(size: u64, seeds: (u8, u8), signed: &[u8]) -> Result<KeyChange, KeyChangeError> {
        let kind = EventKind::LogKeyChanged { before: vkey(seeds.0).into(), after: vkey(seeds.1).into() };
        let leaf = Event { at: Timestamp(1), actor: Actor::System, event: kind }.to_leaf().expect("small");
        let mut leaves: Vec<_> = (1..size).map(|n: u64| leaf_hash(&n.to_be_bytes())).collect();
        leaves.push(leaf_hash(&leaf));
        let (root, mut path, mut rest) = (tree(&leaves), Vec::new(), &leaves[..]);
        while rest.len() > 1 {
            let (left, right) = rest.split_at(rest.len().next_power_of_two() / 2);
            path.insert(0, tree(left));
            rest = right;
        }
        let notes = signed.iter().map(|seed| signer(*seed));
        let mut note = String::new();
        for one in notes {
            note = if note.is_empty() { one.sign(size, root) } else { one.sign_too(&note).expect("a note") };
        }
        KeyChange::of(Receipt::new(size - 1, &leaf, path, note))
    }

    fn opens(key: &LogKey, seeds: &[u8], size: u64) -> bool {
        let root = Digest::of(b"root");
        let note = seeds
            .iter()
            .skip(1)
            .fold(signer(seeds[0]).sign(size, root), |note, seed| signer(*seed).sign_too(&note).expect("a note"));
        note::open(&note, key).is_ok()
    }

    #[test]
    fn each_key_counts_in_its_own_time() {
        let changes = [change(5, (1, 2), &[1, 2]).expect("signed"), change(9, (2, 3), &[2, 3]).expect("signed")];
        for anchor in [1, 2, 3] {
            let key = signer(anchor).public().follow(&changes).expect("one line");
            assert_eq!((key.current(), key.changes().collect::<Vec<_>>()), (&vkey(3), vec![5, 9]), "from {anchor}");
            let accepted = [(1, 0), (1, 5), (2, 5), (2, 9), (3, 9), (3, 100)];
            for seed in [1, 2, 3] {
                for size in [0, 4, 5, 6, 8, 9, 10, 100] {
                    let right = match seed {
                        1 => size <= 5,
                        2 => (5..=9).contains(&size),
                        _ => size >= 9,
                    };
                    assert_eq!(opens(&key, &[seed], size), right, "key {seed} at {size}, from {anchor}");
                }
            }
            assert!(accepted.iter().all(|(seed, size)| opens(&key, &[*seed], *size)));
            assert!(opens(&key, &[1, 2], 7) && opens(&key, &[2, 1], 7), "the old one beside the new");
            assert!(!opens(&key, &[4], 7) && !opens(&key, &[1, 3], 7));
        }
        assert!(opens(&signer(1).public(), &[1, 2], 7), "who has not heard believes the old line still");
    }

    #[test]
    fn only_what_both_have_signed_leads_from_one_to_the_other() {
        assert!(change(1, (1, 2), &[1, 2]).is_ok(), "the very first event");
        for signed in [&[1][..], &[2], &[1, 3], &[3, 2]] {
            assert!(change(5, (1, 2), signed).is_err(), "{signed:?}");
        }
        assert!(change(5, (1, 1), &[1]).is_err());
        let good = change(5, (1, 2), &[1, 2]).expect("signed");
        let bytes = canonical::to_bytes(&good.receipt).expect("canonical");
        assert_eq!(KeyChange::parse(&bytes), Ok(good.clone()));
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert!(KeyChange::parse(&flipped).is_err(), "bit at {at}");
        }
        let list = KeyChange::to_list(vec![good.clone()]).expect("canonical");
        assert_eq!(KeyChange::list(&list), Ok(vec![good]));
    }

    #[test]
    fn two_ways_from_one_key_are_none() {
        let line = change(5, (1, 2), &[1, 2]).expect("signed");
        let thief = change(8, (1, 4), &[1, 4]).expect("signed with the stolen key");
        let both = [line.clone(), thief.clone()];
        for anchor in [1, 2, 4] {
            let followed = signer(anchor).public().follow(&both);
            assert!(matches!(followed, Err(KeyChangeError::Forked(_))), "from {anchor}: {followed:?}");
        }
        let strange = change(8, (5, 6), &[5, 6]).expect("signed");
        let key = signer(1).public().follow(&[line.clone(), strange.clone()]).expect("one line");
        assert!(key.has(&line) && !key.has(&strange));
        let two = LogKey::any([signer(1).public(), signer(2).public()]).expect("of one log");
        assert_eq!(two.follow(&[line]), Ok(key));
        assert!(matches!(two.follow(&[]), Err(KeyChangeError::Unlinked(_))), "nothing leads to the newer one");
        assert!(opens(&two, &[1], 7) && opens(&two, &[2], 3), "without a store, each is believed");
        assert_eq!(
            LogKey::any([signer(1).public(), LogSigner::from_seed("b", &[1; 32]).expect("good").public()]),
            None
        );
    }
}
