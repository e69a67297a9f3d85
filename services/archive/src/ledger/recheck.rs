//! Is what is about to be signed, and to be written for ever, what was meant?
//!
//! One flipped bit of memory has killed public logs for ever. So nothing is signed that was not computed twice: once by the lines
//! that made the tiles, and once here, by `record`'s, from the bytes that the store gave back. And no record is written that whoever
//! finds it would not accept.

use std::collections::BTreeMap;

use bytes::Bytes;
use record::merkle::{Frontier, leaf_hash};
use record::{Digest, limits};

use crate::error::{Error, Result};
use crate::ledger::Head;
use crate::ledger::commit::{Commit, unstage};
use crate::ledger::edge::Edge;
use crate::ledger::tile::{self, Piece, Row, Tile, WIDTH};

/// Size and root of the tree that these staged bytes make of `before`. `None`: they are not all that has to be staged for that, and
/// nothing else.
pub(crate) fn rehash(staged: &Bytes, before: &Edge) -> Option<(u64, Digest)> {
    let (old, pieces) = (before.rows().size(), unstage(staged)?);
    let bundles = pieces.iter().filter(|(piece, _)| piece.row == Row::Entries);
    let new = bundles.map(|(piece, _)| piece.n * WIDTH + piece.width).max()?;
    let count = pieces.len();
    let pieces: BTreeMap<_, _> = pieces.into_iter().collect();
    if pieces.len() != count || !pieces.keys().copied().eq(grown(old, new)) {
        return None;
    }
    let leaves = leaves(&pieces)?;
    let known = (old % WIDTH) as usize;
    if leaves.get(..known)? != before.rows().row(0) {
        return None;
    }
    let (mut level, mut expected) = (0, leaves.clone());
    while !expected.is_empty() {
        if hashes(&pieces, level)? != expected {
            return None;
        }
        let full: Vec<_> = expected.chunks_exact(WIDTH as usize).map(root).collect();
        level += 1;
        expected = if full.is_empty() { full } else { [before.rows().row(level), &full].concat() };
    }
    let mut frontier = before.rows().frontier();
    leaves[known..].iter().for_each(|hash| frontier.push(*hash));
    Some((frontier.size(), frontier.root()))
}

/// The pieces that come to be, or come to be wider, between these sizes, in their order.
fn grown(old: u64, new: u64) -> impl Iterator<Item = Piece> {
    Row::of(new).filter(move |row| row.count(new) > row.count(old)).flat_map(move |row| {
        let full = row.count(old) / WIDTH..row.count(new) / WIDTH;
        full.map(move |n| row.full(n)).chain(row.edge(new))
    })
}

/// Of all entries in these bundles.
fn leaves(pieces: &BTreeMap<Piece, Bytes>) -> Option<Vec<Digest>> {
    let mut leaves = Vec::new();
    for (piece, bytes) in pieces.iter().filter(|(piece, _)| piece.row == Row::Entries) {
        let entries = tile::split_entries(bytes)?;
        if entries.len() as u64 != piece.width || entries.iter().any(|entry| entry.len() > limits::LEAF_BYTES_MAX) {
            return None;
        }
        leaves.extend(entries.iter().map(|entry| leaf_hash(entry)));
    }
    Some(leaves)
}

/// In all tiles of one row.
fn hashes(pieces: &BTreeMap<Piece, Bytes>, level: u8) -> Option<Vec<Digest>> {
    let mut hashes = Vec::new();
    for (piece, bytes) in pieces.iter().filter(|(piece, _)| piece.row == Row::Hashes(level)) {
        hashes.extend(Tile::parse(bytes).filter(|tile| tile.len() as u64 == piece.width)?);
    }
    Some(hashes)
}

fn root(full: &[Digest]) -> Digest {
    let mut tree = Frontier::new();
    full.iter().for_each(|hash| tree.push(*hash));
    tree.root()
}

/// Whether this head is still what was read from the store.
pub(crate) fn is_whole(head: &Head) -> Result<()> {
    let commit = &head.committed.commit;
    let tree = (head.edge.rows().size(), head.edge.rows().root()) == (commit.new_size, commit.root);
    if tree && Digest::of(&commit.to_bytes()?) == head.committed.digest {
        return Ok(());
    }
    Err(Error::corrupt(Commit::key(commit.sequence), "what is kept of it in memory is not what was read"))
}

/// Whether this may be written as the record that takes the ledger from `head` to what is staged.
pub(crate) fn fits(record: &[u8], head: &Head, staged: &Bytes) -> Result<()> {
    let sequence = head.committed.commit.sequence + 1;
    let found = Commit::parse(sequence, record, &head.key)?;
    found.follows(&head.committed)?;
    let commit = found.commit;
    let same = commit.staging == Some(Digest::of(staged));
    if same && rehash(staged, &head.edge) == Some((commit.new_size, commit.root)) {
        return is_whole(head);
    }
    Err(Error::corrupt(Commit::key(sequence), "it is not the record of what is staged"))
}

#[cfg(test)]
mod tests {
    use record::note::LogSigner;

    use super::*;
    use crate::ledger::commit::{Committed, stage};

    fn leaves(from: u64, to: u64) -> Vec<Vec<u8>> {
        (from..to).map(|i| i.to_be_bytes().to_vec()).collect()
    }

    fn signer() -> LogSigner {
        LogSigner::from_seed("log.example", &[7; 32]).expect("a key")
    }

    /// A head of so many entries, what comes of it with some more, and the record of that.
    fn growth(from: u64, to: u64) -> (Head, Bytes, Bytes) {
        let (edge, _) = Edge::default().grow(&leaves(0, from));
        let genesis = Commit::genesis(&signer()).expect("made");
        let read = |commit: Commit| {
            let bytes = commit.to_bytes().expect("small");
            Commit::parse(commit.sequence, &bytes, &signer().public()).expect("its own record")
        };
        let record = |before: &Committed, grown: &Edge, staged: &Bytes| {
            let tree = (grown.rows().size(), grown.rows().root());
            Commit::after(before, tree, staged, signer().sign(tree.0, tree.1)).expect("made")
        };
        let genesis = read(genesis);
        let committed = if from == 0 { genesis } else { read(record(&genesis, &edge, &Bytes::from("staged"))) };
        let (grown, pieces) = edge.grow(&leaves(from, to));
        let staged = stage(&pieces);
        let next = record(&committed, &grown, &staged).to_bytes().expect("small");
        (Head { committed, edge, key: signer().public() }, staged, next)
    }

    fn flipped(bytes: &[u8], bit: usize) -> Bytes {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes.into()
    }

    #[test]
    fn what_is_staged_hashes_to_the_root() {
        for (from, to) in [(0, 1), (0, 256), (200, 900), (255, 256), (256, 257), (65_000, 65_600), (65_280, 65_536)] {
            let (head, staged, record) = growth(from, to);
            let (grown, _) = head.edge.grow(&leaves(from, to));
            assert_eq!(rehash(&staged, &head.edge), Some((to, grown.rows().root())), "{from} to {to}");
            fits(&record, &head, &staged).expect("its own record");
            assert_eq!(rehash(&staged.slice(..staged.len() - 1), &head.edge), None);
        }
    }

    /// Entries, tiles of two rows, names and lengths: whatever bit of what is staged is another, it is not signed. Of the larger
    /// ones, every seventh.
    #[test]
    fn no_flipped_bit_of_what_is_staged_is_signed() {
        for (from, to, step) in [(3, 6, 1), (250, 260, 7), (510, 515, 7)] {
            let (head, staged, record) = growth(from, to);
            let before = rehash(&staged, &head.edge).expect("well-formed");
            for bit in (0..staged.len() * 8).step_by(step) {
                let flipped = flipped(&staged, bit);
                assert_ne!(rehash(&flipped, &head.edge), Some(before), "{from} to {to}: bit {bit}");
            }
            // After signing, a sample: the digest of it is in the record.
            for bit in (0..staged.len() * 8).step_by(97) {
                assert!(fits(&record, &head, &flipped(&staged, bit)).is_err(), "{from} to {to}: bit {bit}");
            }
        }
    }

    #[test]
    fn no_flipped_bit_of_a_record_is_written() {
        let (head, staged, record) = growth(250, 260);
        for bit in 0..record.len() * 8 {
            assert!(fits(&flipped(&record, bit), &head, &staged).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_head_that_memory_has_changed_is_seen() {
        let (head, _, _) = growth(250, 260);
        is_whole(&head).expect("as it was read");
        let commit = &head.committed.commit;
        let others = [
            Commit { sequence: commit.sequence ^ 1, ..commit.clone() },
            Commit { new_size: commit.new_size ^ 4, ..commit.clone() },
            Commit { root: Digest::of(b"another"), ..commit.clone() },
            Commit { previous: None, ..commit.clone() },
            Commit { checkpoint: commit.checkpoint.replace("log", "lob"), ..commit.clone() },
        ];
        for other in others {
            let committed = Committed { commit: other, digest: head.committed.digest };
            let head = Head { committed, edge: head.edge.clone(), key: head.key.clone() };
            assert!(is_whole(&head).is_err(), "{:?}", head.committed.commit);
        }
        let digest = Digest::of(b"another");
        let committed = Committed { digest, ..head.committed.clone() };
        assert!(is_whole(&Head { committed, edge: head.edge.clone(), key: head.key.clone() }).is_err());
        let (edge, _) = Edge::default().grow(&leaves(1, 251));
        assert!(is_whole(&Head { committed: head.committed.clone(), edge, key: head.key.clone() }).is_err());
    }
}
