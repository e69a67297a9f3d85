//! RFC 6962 Merkle trees: hashes, and the checking of proofs.
//!
//! Making proofs needs stored hashes and lives in `archive`; checking them needs nothing and
//! lives here, so that agent, server and auditor run the same lines.

use crate::digest::{self, Digest, Hasher};

/// RFC 6962 §2.1: the hash of one leaf.
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(&[0]);
    hasher.update(leaf);
    hasher.finish()
}

/// RFC 6962 §2.1: the hash of two subtrees.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(&[1]);
    hasher.update(left.as_bytes());
    hasher.update(right.as_bytes());
    hasher.finish()
}

/// [`leaf_hash`] of each, several of them at a time.
pub fn leaf_hashes(leaves: &[impl AsRef<[u8]>]) -> Vec<Digest> {
    digest::of_each(0, leaves.iter().map(|leaf| [leaf.as_ref()]))
}

/// [`node_hash`] of each two that stand side by side, several of them at a time: the row above these.
pub fn row_above(row: &[Digest]) -> Vec<Digest> {
    let (pairs, _) = row.as_chunks::<2>();
    digest::of_each(1, pairs.iter().map(|pair| [pair[0].as_bytes().as_slice(), pair[1].as_bytes()]))
}

/// The root of the empty tree.
pub fn empty_root() -> Digest {
    Digest::of(b"")
}

/// The roots of the perfect subtrees that make up a tree of `size` leaves, largest first:
/// all that is needed to append, in O(log n) space.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    roots: Vec<Digest>,
}

impl Frontier {
    pub fn new() -> Self {
        Self::default()
    }

    /// From the perfect subtree roots of a stored tree, largest first: one per set bit of
    /// `size`. `None` where the count does not fit.
    pub fn from_roots(size: u64, roots: Vec<Digest>) -> Option<Self> {
        (roots.len() == size.count_ones() as usize).then_some(Self { size, roots })
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn push(&mut self, leaf_hash: Digest) {
        let mut hash = leaf_hash;
        // Each trailing 1 bit of the old size is a subtree that is now complete.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.roots.push(hash);
        self.size += 1;
    }

    pub fn root(&self) -> Digest {
        let mut roots = self.roots.iter().rev();
        match roots.next() {
            None => empty_root(),
            Some(smallest) => roots.fold(*smallest, |right, left| node_hash(left, &right)),
        }
    }
}

/// RFC 9162 §2.1.3.2: is the leaf with this hash number `index` of the tree of `size`
/// leaves and this root?
pub fn verify_inclusion(index: u64, size: u64, leaf_hash: &Digest, proof: &[Digest], root: &Digest) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf_hash);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// RFC 9162 §2.1.4.2: is the tree of `old_size` leaves a prefix of the tree of `new_size`?
pub fn verify_consistency(
    old_size: u64,
    new_size: u64,
    old_root: &Digest,
    new_root: &Digest,
    proof: &[Digest],
) -> bool {
    if old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    if old_size == 0 {
        return proof.is_empty() && *old_root == empty_root();
    }
    // A complete old tree is a node of the new one, and the proof leaves it out.
    let mut path = proof.iter();
    let first = if old_size.is_power_of_two() { Some(old_root) } else { path.next() };
    let Some(first) = first else { return false };
    let (mut node, mut last) = (old_size - 1, new_size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == *old_root && new_hash == *new_root
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree by its definition (RFC 6962 §2.1), to hold the fast code against.
    fn root_of(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => empty_root(),
            [one] => *one,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len()));
                node_hash(&root_of(left), &root_of(right))
            }
        }
    }

    fn split(n: usize) -> usize {
        n.next_power_of_two() / 2
    }

    fn inclusion_of(index: usize, leaves: &[Digest]) -> Vec<Digest> {
        if leaves.len() <= 1 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(split(leaves.len()));
        if index < left.len() {
            let mut path = inclusion_of(index, left);
            path.push(root_of(right));
            path
        } else {
            let mut path = inclusion_of(index - left.len(), right);
            path.push(root_of(left));
            path
        }
    }

    fn consistency_of(old: usize, leaves: &[Digest], whole: bool) -> Vec<Digest> {
        if old == leaves.len() {
            return if whole { Vec::new() } else { vec![root_of(leaves)] };
        }
        let (left, right) = leaves.split_at(split(leaves.len()));
        if old <= left.len() {
            let mut path = consistency_of(old, left, whole);
            path.push(root_of(right));
            path
        } else {
            let mut path = consistency_of(old - left.len(), right, false);
            path.push(root_of(left));
            path
        }
    }

    fn leaves(n: usize) -> Vec<Digest> {
        (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    #[test]
    fn many_at_a_time_are_what_each_is() {
        let leaves: Vec<Vec<u8>> = (0..70).map(|n| vec![n; usize::from(n) * 3]).collect();
        let hashes = leaf_hashes(&leaves);
        assert_eq!(hashes, leaves.iter().map(|leaf| leaf_hash(leaf)).collect::<Vec<_>>());
        for count in 0..hashes.len() {
            let above: Vec<_> = hashes[..count].chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
            assert_eq!(row_above(&hashes[..count]), above);
        }
    }

    #[test]
    fn frontier_agrees_with_the_definition() {
        let mut frontier = Frontier::new();
        for n in 0..70 {
            assert_eq!(frontier.root(), root_of(&leaves(n)), "{n}");
            frontier.push(leaf_hash(&n.to_be_bytes()));
        }
    }

    #[test]
    fn every_proof_of_every_small_tree_holds_and_no_other() {
        for n in 1..40_usize {
            let leaves = leaves(n);
            let root = root_of(&leaves);
            for i in 0..n {
                let proof = inclusion_of(i, &leaves);
                assert!(verify_inclusion(i as u64, n as u64, &leaves[i], &proof, &root), "{i} of {n}");
                assert!(
                    !verify_inclusion((i as u64 + 1) % 64, n as u64, &leaves[i], &proof, &root) || n == 1 && i == 63
                );
                assert!(!verify_inclusion(i as u64, n as u64, &leaf_hash(b"x"), &proof, &root));
            }
            for old in 1..=n {
                let (old_root, proof) = (root_of(&leaves[..old]), consistency_of(old, &leaves, true));
                assert!(verify_consistency(old as u64, n as u64, &old_root, &root, &proof), "{old} to {n}");
                assert!(!verify_consistency(old as u64, n as u64, &leaf_hash(b"x"), &root, &proof));
                let mut long = proof.clone();
                long.push(root);
                assert!(!verify_consistency(old as u64, n as u64, &old_root, &root, &long));
            }
        }
    }
}
