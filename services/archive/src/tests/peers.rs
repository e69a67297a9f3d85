//! Other people's code reads our ledger: `signed_note` the checkpoint, `tlog_tiles` the tiles.

use std::collections::HashMap;
use std::sync::Arc;

use futures::TryStreamExt as _;
use object_store::memory::InMemory;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use signed_note::{Note, StandardVerifier, VerifierList};
use tlog_tiles::{Error, Hash, Tile, TileHashReader, TileReader};

use super::{signer, viewed, views};
use crate::{Archive, StoreAddress};

/// Our objects by key.
struct Objects(HashMap<String, Vec<u8>>);

impl TileReader for Objects {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        // Go's names carry the height, C2SP's do not.
        let key = |tile: &Tile| tile.path().replace("tile/8/", "log/tile/");
        Ok(tiles
            .iter()
            .map(|tile| self.0.get(&key(tile)).unwrap_or_else(|| panic!("no {}", key(tile))).clone())
            .collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

async fn objects(store: &InMemory) -> Objects {
    let metas: Vec<_> = store.list(None).try_collect().await.expect("listed");
    let mut objects = HashMap::new();
    for meta in metas {
        let bytes = store.get(&meta.location).await.expect("there").bytes().await.expect("read");
        objects.insert(meta.location.to_string(), bytes.to_vec());
    }
    Objects(objects)
}

#[tokio::test]
async fn a_third_party_verifies_checkpoint_and_inclusion() {
    let store = Arc::new(InMemory::new());
    let archive = Archive::init(&StoreAddress::wrapping(Arc::clone(&store) as _), signer()).await.expect("made");
    for range in [0..200, 200..1_000, 1_000..1_001] {
        archive.append(views(range)).await.expect("appended");
    }
    let objects = objects(&store).await;

    let verifier = StandardVerifier::new(&archive.key().to_string()).expect("a key they can read");
    let note = Note::from_bytes(&objects.0["log/checkpoint"]).expect("a note");
    note.verify(&VerifierList::new(vec![Box::new(verifier)])).expect("our signature");
    let checkpoint = tlog_tiles::Checkpoint::from_bytes(note.text()).expect("a checkpoint");
    assert_eq!((checkpoint.origin(), checkpoint.size()), ("chartroom.example/test", 1_001));

    let (size, root) = (checkpoint.size(), *checkpoint.hash());
    let reader = TileHashReader::new(size, root, &objects);
    for index in [0, 199, 200, 255, 256, 999, 1_000] {
        let theirs = tlog_tiles::prove_record(size, index, &reader).expect("provable from our tiles");
        let leaf = tlog_tiles::record_hash(&viewed(index).to_leaf().expect("small"));
        tlog_tiles::check_record(&theirs, size, root, index, leaf).expect("in the tree");
        let ours = archive.proof(index).await.expect("provable").proof;
        let ours: Vec<_> = ours.iter().map(|hash| Hash(*hash.as_bytes())).collect();
        assert_eq!(ours, theirs, "{index}");
    }
}
