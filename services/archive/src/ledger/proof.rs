//! What is in the ledger, and how is it proven?
//!
//! Reads tiles and bundles of one tree and trusts none of them: a tile counts only if it hashes
//! to its place in the tile above, up to the right edge, which hashes to the signed root. One that does not is put right
//! from the replica (`copies`), where that has it.
//! Proofs are those of RFC 6962 §2.1; `record::merkle` checks them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use record::merkle::{leaf_hash, node_hash};
use record::{Digest, Receipt};

use crate::copies::Copies;
use crate::error::{Error, Result};
use crate::ledger::Head;
use crate::ledger::tile::{self, HEIGHT, Piece, Row, Tile, WIDTH};
use crate::object::{Object, Truth};

pub(crate) struct Reader {
    copies: Copies,
    head: Arc<Head>,
    /// Tiles that have been checked. A reader lives for one request.
    tiles: Mutex<HashMap<(u8, u64), Arc<Tile>>>,
}

impl Reader {
    pub fn new(copies: Copies, head: Arc<Head>) -> Self {
        Self { copies, head, tiles: Mutex::default() }
    }

    pub fn size(&self) -> u64 {
        self.head.size()
    }

    /// The entries of `range`, which the caller keeps within the tree.
    pub async fn entries(&self, range: Range<u64>) -> Result<Vec<Vec<u8>>> {
        let mut entries = Vec::new();
        for n in range.start / WIDTH..range.end.div_ceil(WIDTH) {
            let first = n * WIDTH;
            let (from, to) = (range.start.max(first) - first, range.end.min(first + WIDTH) - first);
            let bundle = self.bundle(n).await?;
            entries.extend(bundle.into_iter().take(to as usize).skip(from as usize));
        }
        Ok(entries)
    }

    async fn bundle(&self, n: u64) -> Result<Vec<Vec<u8>>> {
        let object = self.object(Row::Entries, n).await?;
        let bytes = match &object.truth {
            Truth::Bytes(edge) => edge.clone(),
            _ => self.copies.get(&object).await?,
        };
        let entries = tile::split_entries(&bytes).ok_or_else(|| Error::corrupt(object.key, "it is no entry bundle"))?;
        Ok(entries.into_iter().map(<[u8]>::to_vec).collect())
    }

    /// Tile or bundle `n` of a row, and how its true bytes are known; at the right edge they are known themselves.
    pub async fn object(&self, row: Row, n: u64) -> Result<Object> {
        let count = row.count(self.head.size());
        if n == count / WIDTH {
            return Ok(Object::passing(Piece { row, n, width: count % WIDTH }.key(), self.head.edge.piece(row)));
        }
        let truth = match row {
            Row::Entries => Truth::Leaves(self.tile(0, n).await?),
            Row::Hashes(level) => {
                let above = self.tile(level + 1, n / WIDTH).await?;
                let narrow = || Error::corrupt(Row::Hashes(level + 1).full(n / WIDTH).key(), "it is too narrow");
                Truth::Root(above.node(0, n % WIDTH).ok_or_else(narrow)?)
            }
        };
        Ok(Object::new(row.full(n).key(), truth))
    }

    /// A piece, cut out of a wider one where there is one, as an object that goes when the ledger grows.
    pub async fn piece(&self, piece: Piece) -> Result<Object> {
        let width = usize::try_from(piece.width).unwrap_or(usize::MAX);
        let bytes = match piece.row {
            Row::Hashes(level) => {
                let tile = self.tile(level, piece.n).await?;
                tile::tile_bytes(tile.hashes().get(..width).unwrap_or_default())
            }
            Row::Entries => {
                let (entries, mut bytes) = (self.bundle(piece.n).await?, Vec::new());
                entries.iter().take(width).for_each(|entry| tile::push_entry(&mut bytes, entry));
                bytes
            }
        };
        Ok(Object::passing(piece.key(), bytes.into()))
    }

    /// The root of the tree as it was when it had `size` entries.
    pub async fn root_at(&self, size: u64) -> Result<Digest> {
        self.range(0..size).await
    }

    /// The proof that entry `index` is in the tree.
    pub async fn inclusion(&self, index: u64) -> Result<Vec<Digest>> {
        self.hashes(inclusion_ranges(index, self.head.size())).await
    }

    /// The proof that the tree of `old_size` entries is the beginning of this one.
    pub async fn consistency(&self, old_size: u64) -> Result<Vec<Digest>> {
        if old_size == 0 || old_size > self.head.size() {
            return Ok(Vec::new());
        }
        self.hashes(consistency_ranges(old_size, self.head.size())).await
    }

    /// Receipts for `range`, to this reader's checkpoint.
    pub async fn receipts(&self, range: Range<u64>) -> Result<Vec<Receipt>> {
        let leaves = self.entries(range.clone()).await?;
        let mut receipts = Vec::with_capacity(leaves.len());
        for (index, leaf) in range.zip(leaves) {
            let proof = self.inclusion(index).await?;
            let (size, root) = (self.head.size(), self.head.root());
            if !record::merkle::verify_inclusion(index, size, &leaf_hash(&leaf), &proof, &root) {
                return Err(Error::corrupt(Row::Hashes(0).full(index / WIDTH).key(), "its proof does not hold"));
            }
            receipts.push(Receipt::new(index, &leaf, proof, self.head.checkpoint().to_owned()));
        }
        Ok(receipts)
    }

    async fn hashes(&self, ranges: Vec<Range<u64>>) -> Result<Vec<Digest>> {
        let mut hashes = Vec::with_capacity(ranges.len());
        for range in ranges {
            hashes.push(self.range(range).await?);
        }
        Ok(hashes)
    }

    /// The hash over the leaves of `range`, which begins where a perfect subtree of its size may.
    async fn range(&self, range: Range<u64>) -> Result<Digest> {
        let (mut from, mut perfect) = (range.start, Vec::new());
        while from < range.end {
            let height = (range.end - from).ilog2();
            perfect.push(self.node(height, from >> height).await?);
            from += 1 << height;
        }
        let joined = perfect.into_iter().rev().reduce(|right, left| node_hash(&left, &right));
        Ok(joined.unwrap_or_else(record::merkle::empty_root))
    }

    /// The hash over the 2^`height` leaves from `i << height`.
    async fn node(&self, height: u32, i: u64) -> Result<Digest> {
        // A tree has below 2^64 leaves, so both fit.
        let (level, inner) = ((height / u32::from(HEIGHT)) as u8, (height % u32::from(HEIGHT)) as u8);
        let per_tile = WIDTH >> inner;
        let tile = self.tile(level, i / per_tile).await?;
        let node = tile.node(inner, i % per_tile);
        node.ok_or_else(|| Error::corrupt(Row::Hashes(level).full(i / per_tile).key(), "it is too narrow"))
    }

    /// A tile that has been proven to belong to the tree.
    fn tile(&self, level: u8, n: u64) -> BoxFuture<'_, Result<Arc<Tile>>> {
        Box::pin(async move {
            if let Some(tile) = self.known(level, n) {
                return Ok(tile);
            }
            let tile = if n == Row::Hashes(level).count(self.head.size()) / WIDTH {
                Tile::new(self.head.edge.rows().row(level).to_vec())
            } else {
                self.full_tile(level, n).await?
            };
            let tile = Arc::new(tile);
            self.tiles.lock().unwrap_or_else(PoisonError::into_inner).insert((level, n), Arc::clone(&tile));
            Ok(tile)
        })
    }

    fn known(&self, level: u8, n: u64) -> Option<Arc<Tile>> {
        self.tiles.lock().unwrap_or_else(PoisonError::into_inner).get(&(level, n)).map(Arc::clone)
    }

    async fn full_tile(&self, level: u8, n: u64) -> Result<Tile> {
        let object = self.object(Row::Hashes(level), n).await?;
        let bytes = self.copies.get(&object).await?;
        let hashes = Tile::parse(&bytes).ok_or_else(|| Error::corrupt(object.key, "it is no tile of hashes"))?;
        Ok(Tile::new(hashes))
    }
}

/// The largest power of two below `n`, for `n` > 1: where RFC 6962 splits a tree.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// RFC 6962 §2.1.1 PATH(m, D[n]), from the leaf upwards.
fn inclusion_ranges(index: u64, size: u64) -> Vec<Range<u64>> {
    let (mut from, mut to, mut path) = (0, size, Vec::new());
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            path.push(middle..to);
            to = middle;
        } else {
            path.push(from..middle);
            from = middle;
        }
    }
    path.reverse();
    path
}

/// RFC 6962 §2.1.2 PROOF(m, D[n]), for 0 < m <= n.
fn consistency_ranges(old: u64, size: u64) -> Vec<Range<u64>> {
    let (mut from, mut to, mut path) = (0, size, Vec::new());
    while old != to {
        let middle = from + split(to - from);
        if old <= middle {
            path.push(middle..to);
            to = middle;
        } else {
            path.push(from..middle);
            from = middle;
        }
    }
    // The verifier knows the old root, unless the old tree's last subtree is only a part of it.
    if from > 0 {
        path.push(from..to);
    }
    path.reverse();
    path
}
