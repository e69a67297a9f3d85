//! What has to be known of a tree to make it grow?
//!
//! Its right edge: the partial tile of every row and the partial entry bundle, at most 256 of
//! each. Everything to the left is finished and never read again for an append.

use bytes::Bytes;
use record::Digest;
use record::merkle::{Frontier, leaf_hashes};

use crate::error::{Error, Result};
use crate::ledger::tile::{self, Piece, Row, Tile, WIDTH};
use crate::store::Store;

/// The partial rows of hashes of a tree of `size` leaves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    size: u64,
    rows: Vec<Vec<Digest>>,
}

impl Rows {
    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn row(&self, level: u8) -> &[Digest] {
        self.rows.get(usize::from(level)).map_or(&[], Vec::as_slice)
    }

    /// Adds a leaf's hash. A row that comes to be full is given to `full` with its place, and its
    /// root goes up to the next row.
    pub fn push(&mut self, leaf: Digest, mut full: impl FnMut(Piece, &[Digest])) {
        self.size += 1;
        let mut hash = leaf;
        for level in 0.. {
            if self.rows.len() <= usize::from(level) {
                self.rows.push(Vec::new());
            }
            let row = &mut self.rows[usize::from(level)];
            row.push(hash);
            if (row.len() as u64) < WIDTH {
                return;
            }
            let place = Row::Hashes(level);
            full(place.full(place.count(self.size) / WIDTH - 1), row);
            hash = tile::perfect_root(row);
            row.clear();
        }
    }

    /// The roots of the perfect subtrees of the tree, largest first.
    pub fn roots(&self) -> Vec<Digest> {
        let mut roots = Vec::new();
        for row in self.rows.iter().rev() {
            let mut rest = row.as_slice();
            while !rest.is_empty() {
                let (perfect, after) = rest.split_at(1 << rest.len().ilog2());
                roots.push(tile::perfect_root(perfect));
                rest = after;
            }
        }
        roots
    }

    /// What `record` needs for the root.
    pub fn frontier(&self) -> Frontier {
        // One perfect subtree per set bit of the size: `push` and `load` keep to that.
        Frontier::from_roots(self.size, self.roots()).unwrap_or_default()
    }

    pub fn root(&self) -> Digest {
        self.frontier().root()
    }
}

/// The right edge with its entries.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edge {
    rows: Rows,
    bundle: Vec<u8>,
}

impl Edge {
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Reads the edge of the tree of `size` entries. Checks that entries and lowest row agree;
    /// whether the whole is the right tree only its root can tell, and the caller checks that.
    pub async fn load(store: &Store, size: u64) -> Result<Self> {
        let mut edge = Self { rows: Rows { size, rows: Vec::new() }, bundle: Vec::new() };
        for row in Row::of(size) {
            match (row, row.edge(size)) {
                (Row::Entries, Some(piece)) => edge.bundle = load_bundle(store, piece).await?,
                (Row::Entries, None) => {}
                (Row::Hashes(_), Some(piece)) => edge.rows.rows.push(load_hashes(store, piece).await?),
                (Row::Hashes(_), None) => edge.rows.rows.push(Vec::new()),
            }
        }
        let entries = tile::split_entries(&edge.bundle).unwrap_or_default();
        if leaf_hashes(&entries) != edge.rows.row(0) {
            let key = Row::Entries.edge(size).unwrap_or(Row::Entries.full(0)).key();
            return Err(Error::corrupt(key, "its entries are not those of the hash tile"));
        }
        Ok(edge)
    }

    /// The tree after `leaves`, and all that has to be stored for it to be readable.
    pub fn grow(&self, leaves: &[Vec<u8>]) -> (Self, Vec<(Piece, Bytes)>) {
        let (mut grown, mut pieces) = (self.clone(), Vec::new());
        for (leaf, hash) in leaves.iter().zip(leaf_hashes(leaves)) {
            tile::push_entry(&mut grown.bundle, leaf);
            grown.rows.push(hash, |piece, hashes| {
                pieces.push((piece, Bytes::from(tile::tile_bytes(hashes))));
            });
            if grown.rows.size.is_multiple_of(WIDTH) {
                let full = Row::Entries.full(grown.rows.size / WIDTH - 1);
                pieces.push((full, Bytes::from(std::mem::take(&mut grown.bundle))));
            }
        }
        pieces.extend(grown.partials(self.rows.size));
        (grown, pieces)
    }

    /// The partial pieces that a tree of `before` entries did not have.
    fn partials(&self, before: u64) -> Vec<(Piece, Bytes)> {
        let size = self.rows.size;
        let grown = Row::of(size).filter(|row| row.count(size) != row.count(before));
        let edges = grown.filter_map(|row| row.edge(size));
        edges.map(|piece| (piece, self.piece(piece.row))).collect()
    }

    /// The partial piece of a row.
    pub fn piece(&self, row: Row) -> Bytes {
        match row {
            Row::Entries => self.bundle.clone().into(),
            Row::Hashes(level) => tile::tile_bytes(self.rows.row(level)).into(),
        }
    }

    /// All that has to be stored of the edge.
    pub fn pieces(&self) -> Vec<(Piece, Bytes)> {
        self.partials(0)
    }
}

async fn load_hashes(store: &Store, piece: Piece) -> Result<Vec<Digest>> {
    let (key, bytes) = load(store, piece).await?;
    let mut hashes = Tile::parse(&bytes).ok_or_else(|| Error::corrupt(&key, "it is no tile of hashes"))?;
    if (hashes.len() as u64) < piece.width {
        return Err(Error::corrupt(key, format!("it has {} hashes, not {}", hashes.len(), piece.width)));
    }
    hashes.truncate(piece.width as usize);
    Ok(hashes)
}

async fn load_bundle(store: &Store, piece: Piece) -> Result<Vec<u8>> {
    let (key, bytes) = load(store, piece).await?;
    let entries = tile::split_entries(&bytes).ok_or_else(|| Error::corrupt(&key, "it is no entry bundle"))?;
    if (entries.len() as u64) < piece.width {
        return Err(Error::corrupt(key, format!("it has {} entries, not {}", entries.len(), piece.width)));
    }
    let mut bundle = Vec::with_capacity(bytes.len());
    entries.iter().take(piece.width as usize).for_each(|entry| tile::push_entry(&mut bundle, entry));
    Ok(bundle)
}

/// A partial piece may have been superseded and tidied away; then the full one has it all.
async fn load(store: &Store, piece: Piece) -> Result<(String, Bytes)> {
    for key in [piece.key(), piece.full_key()] {
        if let Some(bytes) = store.get(&key).await? {
            return Ok((key, bytes));
        }
    }
    Err(Error::Missing(piece.key()))
}

#[cfg(test)]
mod tests {
    use record::merkle::leaf_hash;

    use super::*;
    use crate::StoreAddress;

    /// Growing by any steps gives the tree that `record` defines, and storing and loading it
    /// changes nothing.
    #[tokio::test]
    async fn grows_and_loads() {
        let store = StoreAddress::memory().connect().expect("memory");
        let (mut edge, mut frontier, mut n) = (Edge::default(), Frontier::new(), 0_u64);
        for step in [1, 254, 1, 1, 300, 1000, 700, 65_000] {
            let leaves: Vec<_> = (n..n + step).map(|i| i.to_be_bytes().to_vec()).collect();
            n += step;
            leaves.iter().for_each(|leaf| frontier.push(leaf_hash(leaf)));
            let (grown, pieces) = edge.grow(&leaves);
            for (piece, bytes) in pieces {
                store.create_exactly(&piece.key(), bytes).await.expect("new");
            }
            edge = Edge::load(&store, n).await.expect("stored");
            assert_eq!(grown.rows.root(), frontier.root(), "{n}");
            assert_eq!(edge.rows.root(), frontier.root(), "{n}");
            assert_eq!(edge.bundle, grown.bundle);
        }
    }
}
