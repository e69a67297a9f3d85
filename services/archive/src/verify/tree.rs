//! Do entries, tiles and signed roots follow from each other?
//!
//! One walk from the first entry to the last. The tree is built anew from the entries, and every
//! stored tile is held against it. Where entries and lowest tile disagree, the tile above says
//! which of the two was signed, so that the finding names the damaged object and not its neighbour.

use std::borrow::Cow;
use std::collections::HashMap;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use record::merkle::leaf_hashes;
use record::{Digest, DocumentId, Event};

use super::heads::{Heads, Mark};
use super::{Code, Named, Run, reason};
use crate::error::Result;
use crate::ledger::edge::Rows;
use crate::ledger::tile::{self, Piece, Row, Tile, WIDTH};
use crate::store::Store;

const TILES: &str = "log/tile";
/// Bundles that one thread reads, each with its tile, and threads that do so at a time.
const GROUP: u64 = 32;
const GROUPS: usize = 3;

/// The walk's state.
struct Walk {
    heads: Heads,
    rows: Rows,
    /// Marks before this one have been compared.
    next_mark: usize,
    /// Partial pieces that are in the store beside or instead of the full ones.
    partials: HashMap<(Row, u64), Vec<u64>>,
    named: Named,
}

/// Checks the whole log, and returns what its events name.
pub(super) async fn check(run: &mut Run<'_>, heads: Heads, only: Option<DocumentId>) -> Result<Named> {
    let partials = partials(run, heads.size).await?;
    let size = heads.size;
    let mut walk =
        Walk { heads, rows: Rows::default(), next_mark: 0, partials, named: Named { only, ..Named::default() } };
    walk.compare_marks(run);
    let store = run.store.clone();
    let groups = (0..size.div_ceil(WIDTH)).step_by(GROUP as usize).map(|from| {
        let store = &store;
        async move { (from, stored_group(store, from, size).await) }
    });
    let mut reads = stream::iter(groups).buffered(GROUPS);
    while let Some((from, group)) = reads.next().await {
        for (n, (bundle, lowest)) in (from..).zip(group) {
            walk.bundle(run, n, bundle, lowest).await?;
            run.advance("events", walk.rows.size(), size);
        }
    }
    for row in Row::of(size).filter(|row| !matches!(row, Row::Entries | Row::Hashes(0))) {
        if let (Some(piece), Row::Hashes(level)) = (row.edge(size), row) {
            let expected = walk.rows.row(level).to_vec();
            walk.tile(run, piece, &expected).await?;
        }
    }
    run.report.counts.events = size;
    Ok(walk.named)
}

/// The partial pieces in the store; names that do not belong there become notes.
async fn partials(run: &mut Run<'_>, size: u64) -> Result<HashMap<(Row, u64), Vec<u64>>> {
    let store = run.store.clone();
    let mut partials = HashMap::<_, Vec<_>>::new();
    for object in store.list_all(TILES).await? {
        let Some(piece) = Piece::parse(&object.key) else {
            run.note(Code::UnknownObject, object.key, "this is no name of a tile");
            continue;
        };
        if piece.n * WIDTH + piece.width > piece.row.count(size) {
            run.note(Code::Unpublished, object.key, "it is beyond the checkpoint");
        } else if piece.width < WIDTH {
            partials.entry((piece.row, piece.n)).or_default().push(piece.width);
        }
    }
    Ok(partials)
}

/// A piece of this name, and what is there.
type Found = (Piece, Result<Option<Bytes>>);

/// A few bundles of entries from this one on, each with the lowest tile beside it.
async fn stored_group(store: &Store, from: u64, size: u64) -> Vec<(Found, Found)> {
    let bundles = (from..size.div_ceil(WIDTH)).take(GROUP as usize);
    let piece = |row, n: u64| Piece { row, n, width: WIDTH.min(size - n * WIDTH) };
    let pieces = bundles.flat_map(|n| [piece(Row::Entries, n), piece(Row::Hashes(0), n)]);
    let mut found = stored_all(store, pieces.collect()).await.into_iter();
    std::iter::from_fn(|| found.next().zip(found.next())).collect()
}

/// What is stored of pieces: under their own names, or as the beginnings of the full ones.
async fn stored_all(store: &Store, pieces: Vec<Piece>) -> Vec<Found> {
    let found = store.get_all(pieces.iter().map(Piece::key).collect()).await;
    stream::iter(pieces.into_iter().zip(found)).then(|found| or_full(store, found)).collect().await
}

async fn stored(store: &Store, piece: Piece) -> Found {
    or_full(store, (piece, store.get(&piece.key()).await)).await
}

async fn or_full(store: &Store, (piece, found): Found) -> Found {
    let full = piece.row.full(piece.n);
    match found {
        Ok(None) if piece.width < WIDTH => match store.get(&full.key()).await {
            Ok(None) => (piece, Ok(None)),
            found => (full, found),
        },
        found => (piece, found),
    }
}

impl Walk {
    /// One bundle of entries and the lowest tile beside it.
    async fn bundle(
        &mut self,
        run: &mut Run<'_>,
        n: u64,
        (bundle_at, bundle): Found,
        (tile_at, lowest): Found,
    ) -> Result<()> {
        let width = WIDTH.min(self.heads.size - n * WIDTH) as usize;
        let bundle = present(run, bundle_at, Code::EntriesMissing, bundle);
        let lowest = present(run, tile_at, Code::TileMissing, lowest);
        let bytes = bundle.clone().unwrap_or_default();
        let entries = tile::split_entries(&bytes).filter(|entries| entries.len() as u64 == bundle_at.width);
        let entries = entries.as_deref().map(|entries| &entries[..width]);
        let from_entries = entries.map(leaf_hashes);
        let from_entries = from_entries.as_deref();
        let from_tile = lowest.as_deref().and_then(Tile::parse).filter(|hashes| hashes.len() as u64 == tile_at.width);
        let from_tile = from_tile.as_deref().map(|hashes| &hashes[..width]);
        let signed = self.signed(run, n, from_entries, from_tile).await?;
        if bundle.is_some() && from_entries != Some(&*signed) {
            run.find(Code::EntriesWrong, bundle_at.key(), "its entries are not those that were signed");
        }
        if lowest.is_some() && from_tile != Some(&*signed) {
            run.find(Code::TileWrong, tile_at.key(), "its hashes do not follow from the entries");
        }
        run.report.counts.tiles += 2;
        if let Some(entries) = entries.filter(|_| from_entries == Some(&*signed)) {
            self.events(run, bundle_at, n, entries);
            self.old_bundles(run, n, entries).await?;
        }
        self.old_tiles(run, Row::Hashes(0), n, &signed).await?;
        self.push(run, &signed).await
    }

    /// Of the hashes of the entries and those of the tile, the ones that were signed.
    async fn signed<'a>(
        &self,
        run: &Run<'_>,
        n: u64,
        entries: Option<&'a [Digest]>,
        tile: Option<&'a [Digest]>,
    ) -> Result<Cow<'a, [Digest]>> {
        let width = WIDTH.min(self.heads.size - n * WIDTH);
        let (entries, tile) = match (entries, tile) {
            (Some(entries), Some(tile)) if entries != tile => (entries, tile),
            (Some(either), _) | (None, Some(either)) => return Ok(either.into()),
            // Nothing is left to go on with; the root will say so too.
            (None, None) => return Ok(vec![Digest::of(b""); width as usize].into()),
        };
        let tile_was_signed = if width == WIDTH {
            let (above, i) = ((n / WIDTH), (n % WIDTH) as usize);
            let count = Row::Hashes(1).count(self.heads.size);
            let piece = Piece { row: Row::Hashes(1), n: above, width: WIDTH.min(count - above * WIDTH) };
            let above = stored(&run.store, piece).await.1.ok().flatten().as_deref().and_then(Tile::parse);
            above.and_then(|hashes| hashes.get(i).copied()) == Some(tile::perfect_root(tile))
        } else {
            self.root_with(tile) == self.heads.root
        };
        Ok(if tile_was_signed { tile } else { entries }.into())
    }

    /// The root if the tree ended with these leaves.
    fn root_with(&self, last: &[Digest]) -> Digest {
        let mut rows = self.rows.clone();
        last.iter().for_each(|hash| rows.push(*hash, |_, _| {}));
        rows.root()
    }

    fn events(&mut self, run: &mut Run<'_>, at: Piece, n: u64, entries: &[&[u8]]) {
        let object = at.key();
        for (index, entry) in (n * WIDTH..).zip(entries) {
            match Event::from_leaf(entry) {
                Ok(event) => self.named.add(run, &object, index, &event),
                Err(error) => run.find(Code::EventWrong, &object, format!("entry {index} is no event: it is {error}")),
            }
        }
    }

    /// Lets the tree grow, and checks the upper tiles that come to be full and the roots that
    /// were signed on the way.
    async fn push(&mut self, run: &mut Run<'_>, hashes: &[Digest]) -> Result<()> {
        let mut full = Vec::new();
        for hash in hashes {
            self.rows.push(*hash, |piece, hashes| {
                if piece.row != Row::Hashes(0) {
                    full.push((piece, hashes.to_vec()));
                }
            });
            self.compare_marks(run);
        }
        for (piece, hashes) in full {
            self.tile(run, piece, &hashes).await?;
        }
        Ok(())
    }

    fn compare_marks(&mut self, run: &mut Run<'_>) {
        while let Some(Mark { size, root, object, otherwise }) = self.heads.marks.get(self.next_mark) {
            if *size != self.rows.size() {
                return;
            }
            if self.rows.root() != *root {
                run.find(*otherwise, object.clone(), format!("the first {size} events have another root than it says"));
            }
            self.next_mark += 1;
        }
    }

    /// One tile above the lowest row.
    async fn tile(&self, run: &mut Run<'_>, piece: Piece, expected: &[Digest]) -> Result<()> {
        run.report.counts.tiles += 1;
        let (at, found) = stored(&run.store, piece).await;
        if let Some(bytes) = present(run, at, Code::TileMissing, found) {
            let hashes = Tile::parse(&bytes).unwrap_or_default();
            if hashes.len() as u64 != at.width || hashes.get(..expected.len()) != Some(expected) {
                run.find(Code::TileWrong, at.key(), "its hashes do not follow from the entries");
            }
        }
        self.old_tiles(run, piece.row, piece.n, expected).await
    }

    /// Narrower versions of a tile that are still in the store.
    async fn old_tiles(&self, run: &mut Run<'_>, row: Row, n: u64, hashes: &[Digest]) -> Result<()> {
        for piece in self.narrower(row, n, hashes.len()) {
            let found = run.store.get(&piece.key()).await;
            let expected = tile::tile_bytes(&hashes[..piece.width as usize]);
            if present(run, piece, Code::TileMissing, found).is_some_and(|bytes| bytes != expected) {
                run.find(Code::TileWrong, piece.key(), "its hashes do not follow from the entries");
            }
        }
        Ok(())
    }

    /// Narrower versions of a bundle that are still in the store.
    async fn old_bundles(&self, run: &mut Run<'_>, n: u64, entries: &[&[u8]]) -> Result<()> {
        for piece in self.narrower(Row::Entries, n, entries.len()) {
            let found = run.store.get(&piece.key()).await;
            let mut expected = Vec::new();
            entries[..piece.width as usize].iter().for_each(|entry| tile::push_entry(&mut expected, entry));
            if present(run, piece, Code::EntriesMissing, found).is_some_and(|bytes| bytes != expected) {
                run.find(Code::EntriesWrong, piece.key(), "its entries are not those that were signed");
            }
        }
        Ok(())
    }

    fn narrower(&self, row: Row, n: u64, width: usize) -> Vec<Piece> {
        let widths = self.partials.get(&(row, n)).into_iter().flatten();
        widths.filter(|w| **w < width as u64).map(|w| Piece { row, n, width: *w }).collect()
    }
}

/// The bytes, or a finding why there are none.
fn present(run: &mut Run<'_>, at: Piece, missing: Code, found: Result<Option<Bytes>>) -> Option<Bytes> {
    match found {
        Ok(Some(bytes)) => return Some(bytes),
        Ok(None) => run.find(missing, at.key(), "there is no such object"),
        Err(error) => run.find(Code::Unreadable, at.key(), reason(&error)),
    }
    None
}
