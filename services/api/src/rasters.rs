//! Which images were decoded lately? A viewer asks for dozens of tiles of one page, and the
//! page is decoded once: a cache bounded in bytes, and a bound on how much is drawn at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use archive::Archive;
use imaging::Raster;
use record::Digest;
use tokio::sync::{OnceCell, Semaphore};

use crate::iiif::Request;
use crate::problem::{Problem, Reply};

/// Decoded pixels kept: some thirty A4 pages at 300 dpi in gray.
const KEPT_BYTES_MAX: usize = 256 * 1024 * 1024;

type Slot = Arc<OnceCell<Arc<Raster>>>;

pub struct Rasters {
    kept: Mutex<Kept>,
    /// One permit for each image that is decoded or drawn at the same time.
    room: Semaphore,
}

#[derive(Default)]
struct Kept {
    slots: HashMap<Digest, (u64, Slot)>,
    clock: u64,
}

impl Rasters {
    pub fn new(at_once: usize) -> Self {
        Self { kept: Mutex::default(), room: Semaphore::new(at_once.max(1)) }
    }

    /// Draws `request` from the image `master`.
    ///
    /// # Errors
    /// 400 where it cannot be drawn from this image, 422 where the image is damaged.
    pub async fn draw(&self, archive: &Archive, master: Digest, request: Request) -> Reply<Vec<u8>> {
        let slot = self.slot(master);
        let raster = slot.get_or_try_init(|| self.decode(archive, master)).await?;
        let raster = Arc::clone(raster);
        self.make_room();
        self.apart(move || request.draw(&raster)).await
    }

    async fn decode(&self, archive: &Archive, master: Digest) -> Reply<Arc<Raster>> {
        let bytes = archive.read(&master).await?;
        let decode = move || imaging::decode(&bytes).map(Arc::new);
        let undecodable = |error| Problem::refused("image", format!("failed to {error}"));
        self.apart(move || decode().map_err(undecodable)).await
    }

    /// Work on images, when it is its turn.
    ///
    /// # Errors
    /// Those of the work.
    pub async fn apart<T: Send + 'static>(&self, work: impl FnOnce() -> Reply<T> + Send + 'static) -> Reply<T> {
        let _permit = self.room.acquire().await.map_err(|error| Problem::unavailable("image server", &error))?;
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| Problem::unavailable("image server", &error))?
    }

    /// The slot of an image: two requests for it wait for one decoding.
    fn slot(&self, master: Digest) -> Slot {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let now = kept.clock;
        let entry = kept.slots.entry(master).or_default();
        entry.0 = now;
        Arc::clone(&entry.1)
    }

    /// Drops what was used longest ago until the rest fits. The newest stays, whatever its size.
    fn make_room(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.slots.len() > 1 && kept.bytes() > KEPT_BYTES_MAX {
            let oldest = kept.slots.iter().min_by_key(|(_, (used, _))| *used).map(|(digest, _)| *digest);
            if let Some(oldest) = oldest {
                kept.slots.remove(&oldest);
            }
        }
    }
}

impl Kept {
    fn bytes(&self) -> usize {
        let size = |slot: &Slot| slot.get().map_or(0, |raster| raster.bytes().len());
        self.slots.values().map(|(_, slot)| size(slot)).sum()
    }
}
