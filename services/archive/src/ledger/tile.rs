//! Where does a hash or an entry stand in the store?
//!
//! The shapes and names of C2SP tlog-tiles (<https://c2sp.org/tlog-tiles>): tiles of 256 hashes
//! (or entries), one row of tiles per eight levels of the tree; only the last tile of a row is
//! partial, and its name says how wide it is.

use record::Digest;
use record::merkle::{leaf_hashes, row_above};

/// Hashes in a full tile, entries in a full bundle.
pub(crate) const WIDTH: u64 = 256;
/// Levels of the tree that one tile spans.
pub(crate) const HEIGHT: u8 = 8;
const TILES: &str = "log/tile";

/// One row of tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Row {
    Entries,
    /// Row `l` holds hashes over 256^l entries each.
    Hashes(u8),
}

impl Row {
    /// Hashes (or entries) in this row of a tree of `size` entries.
    pub fn count(self, size: u64) -> u64 {
        match self {
            Self::Entries => size,
            Self::Hashes(level) => size.checked_shr(u32::from(level) * u32::from(HEIGHT)).unwrap_or(0),
        }
    }

    /// The rows of a tree of `size` entries.
    pub fn of(size: u64) -> impl Iterator<Item = Self> {
        let hashes = (0..HEIGHT).map(Self::Hashes).take_while(move |row| row.count(size) > 0);
        std::iter::once(Self::Entries).filter(move |_| size > 0).chain(hashes)
    }

    /// The partial tile at the right edge, where the row does not end with a full one.
    pub fn edge(self, size: u64) -> Option<Piece> {
        let count = self.count(size);
        (!count.is_multiple_of(WIDTH)).then_some(Piece { row: self, n: count / WIDTH, width: count % WIDTH })
    }

    pub fn full(self, n: u64) -> Piece {
        Piece { row: self, n, width: WIDTH }
    }
}

/// One stored tile or bundle; `width` of 1 to 256 hashes or entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Piece {
    pub row: Row,
    pub n: u64,
    pub width: u64,
}

impl Piece {
    pub fn key(&self) -> String {
        let full = self.full_key();
        if self.width == WIDTH { full } else { format!("{full}.p/{}", self.width) }
    }

    /// The key of the full tile in whose place this piece stands.
    pub fn full_key(&self) -> String {
        let row = match self.row {
            Row::Entries => "entries".to_owned(),
            Row::Hashes(level) => level.to_string(),
        };
        format!("{TILES}/{row}/{}", number(self.n))
    }

    /// The folder of the partial tiles that the full one supersedes.
    pub fn partials(&self) -> String {
        format!("{}.p", self.full_key())
    }

    pub fn parse(key: &str) -> Option<Self> {
        let (row, rest) = key.strip_prefix(TILES)?.strip_prefix('/')?.split_once('/')?;
        let row = if row == "entries" { Row::Entries } else { Row::Hashes(row.parse().ok()?) };
        let (name, width) = match rest.split_once(".p/") {
            Some((name, width)) => (name, width.parse().ok()?),
            None => (rest, WIDTH),
        };
        let n = name.split('/').try_fold(0_u64, |n, group| {
            let digits: u64 = group.trim_start_matches('x').parse().ok()?;
            n.checked_mul(1000)?.checked_add(digits)
        })?;
        let piece = Self { row, n, width };
        // One piece, one spelling.
        (piece.key() == key).then_some(piece)
    }
}

/// Three digits per folder, an `x` before all but the last: 1234067 is `x001/x234/067`.
fn number(n: u64) -> String {
    let last = format!("{:03}", n % 1000);
    if n < 1000 {
        last
    } else {
        format!("{}/{last}", number(n / 1000).split('/').map(crossed).collect::<Vec<_>>().join("/"))
    }
}

fn crossed(group: &str) -> String {
    if group.starts_with('x') { group.to_owned() } else { format!("x{group}") }
}

/// A tile with the hashes between its bottom and its top.
#[derive(Debug, Clone)]
pub(crate) struct Tile {
    /// `levels[h][i]` is over the 2^h bottom hashes from `i << h`.
    levels: Vec<Vec<Digest>>,
}

impl Tile {
    pub fn new(hashes: Vec<Digest>) -> Self {
        let mut levels = vec![hashes];
        while let Some(below) = levels.last().filter(|below| below.len() > 1) {
            levels.push(row_above(below));
        }
        Self { levels }
    }

    pub fn parse(bytes: &[u8]) -> Option<Vec<Digest>> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        rest.is_empty().then(|| hashes.iter().map(|hash| Digest::from_bytes(*hash)).collect())
    }

    pub fn node(&self, height: u8, i: u64) -> Option<Digest> {
        self.levels.get(usize::from(height))?.get(usize::try_from(i).ok()?).copied()
    }

    /// The hash over a full tile.
    pub fn root(&self) -> Option<Digest> {
        self.node(HEIGHT, 0)
    }

    pub fn hashes(&self) -> &[Digest] {
        &self.levels[0]
    }

    /// The hash over these, if they are a full tile.
    pub fn full_root(hashes: Vec<Digest>) -> Option<Digest> {
        if hashes.len() as u64 == WIDTH { Self::new(hashes).root() } else { None }
    }

    /// Whether its hashes are those of these entries.
    pub fn has_leaves(&self, entries: &[&[u8]]) -> bool {
        leaf_hashes(entries) == self.hashes()
    }
}

pub(crate) fn tile_bytes(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// The hash over `hashes`, whose number is a power of two.
pub(crate) fn perfect_root(hashes: &[Digest]) -> Digest {
    match hashes {
        [one] => *one,
        _ => perfect_root(&row_above(hashes)),
    }
}

/// An entry bundle is its entries, each after its length in two bytes, big endian. The caller
/// keeps to `limits::LEAF_BYTES_MAX`.
pub(crate) fn push_entry(bundle: &mut Vec<u8>, leaf: &[u8]) {
    let length = u16::try_from(leaf.len()).unwrap_or(u16::MAX);
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(&leaf[..usize::from(length)]);
}

/// `None` where the bytes are no bundle.
pub(crate) fn split_entries(mut bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::with_capacity(WIDTH as usize);
    while !bundle.is_empty() {
        let (length, rest) = bundle.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        bundle = rest;
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_format() {
        let piece = |row, n, width| Piece { row, n, width };
        for (piece, key) in [
            (piece(Row::Hashes(0), 0, 256), "log/tile/0/000"),
            (piece(Row::Hashes(1), 999, 8), "log/tile/1/999.p/8"),
            (piece(Row::Entries, 1_234_067, 256), "log/tile/entries/x001/x234/067"),
            (piece(Row::Entries, 273_000, 1), "log/tile/entries/x273/000.p/1"),
        ] {
            assert_eq!(piece.key(), key);
            assert_eq!(Piece::parse(key), Some(piece));
        }
        for wrong in ["log/tile/0/0", "log/tile/0/000.p/256", "log/tile/00/000", "log/tile/0/x000/000", "log/x"] {
            assert_eq!(Piece::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn rows_end_where_the_tree_does() {
        assert_eq!(Row::of(0).count(), 0);
        assert_eq!(Row::of(255).count(), 2);
        assert_eq!(Row::of(70_000).collect::<Vec<_>>(), [Row::Entries, Row::Hashes(0), Row::Hashes(1), Row::Hashes(2)]);
        assert_eq!(Row::Hashes(1).edge(70_000).map(|p| (p.n, p.width)), Some((1, 17)));
        assert_eq!(Row::Hashes(0).edge(512), None);
    }

    #[test]
    fn bundles_come_apart_as_they_were_put_together() {
        let mut bundle = Vec::new();
        push_entry(&mut bundle, b"one");
        push_entry(&mut bundle, b"");
        assert_eq!(bundle, b"\0\x03one\0\0");
        assert_eq!(split_entries(&bundle), Some(vec![b"one".as_slice(), b""]));
        assert_eq!(split_entries(&bundle[..bundle.len() - 1]), None);
    }
}
