//! How does a strip larger than memory get to the browser? Reduced by a child process, in pieces that are kept while it is looked at.

use std::sync::Mutex;

use anyhow::{Context, anyhow};
use record::BatchId;

use super::desk::{Desk, locked};
use crate::commands::deliver::unpacker;
use crate::spool;
use crate::unpack::ribbon::Ribbon;

/// The strip that somebody looked at last: a reel at a desk is looked at from end to end.
#[derive(Default)]
pub struct Ribbons(Mutex<Option<Kept>>);

struct Kept {
    batch: BatchId,
    strip: u32,
    ribbon: Ribbon,
    /// JPEG.
    pieces: Vec<Vec<u8>>,
}

impl Desk {
    /// What is along a strip of a batch; strips are counted from 1 in the order of the files.
    pub fn ribbon(&self, batch: BatchId, strip: u32) -> anyhow::Result<Ribbon> {
        self.with_ribbon(batch, strip, |kept| Ok(kept.ribbon.clone()))
    }

    /// A piece of its picture, from 0.
    pub fn piece(&self, batch: BatchId, strip: u32, piece: usize) -> anyhow::Result<Vec<u8>> {
        self.with_ribbon(batch, strip, |kept| kept.pieces.get(piece).cloned().context("the strip has no such piece"))
    }

    /// Whoever asks while it is being reduced waits for that.
    fn with_ribbon<T>(
        &self,
        batch: BatchId,
        strip: u32,
        take: impl FnOnce(&Kept) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let mut last = locked(&self.ribbons.0);
        if last.as_ref().is_none_or(|kept| (kept.batch, kept.strip) != (batch, strip)) {
            // One at a time: the old one goes first.
            *last = None;
            *last = Some(self.reduce(batch, strip)?);
        }
        last.as_ref().context("the strip is not at hand").and_then(take)
    }

    fn reduce(&self, batch: BatchId, strip: u32) -> anyhow::Result<Kept> {
        let state = self.state(batch)?;
        let file = strip.checked_sub(1).filter(|file| state.strips.contains_key(file));
        let original = file.and_then(|file| state.originals.get(&file));
        let original = original.with_context(|| format!("file {strip} of the batch is no strip of film"))?;
        let blob = spool::peek_blob(&self.home, batch, &original.digest)?;
        let scratch = tempfile::tempdir_in(self.home.folder.join(batch.to_string()))?;
        let contents = unpacker()?.ribbon(&blob, scratch.path())?;
        if let Some((_, reason)) = contents.refused.first() {
            return Err(anyhow!("failed to show the strip: it {reason}"));
        }
        let pieces = contents.pages.iter().map(|(_, piece)| piece.read()).collect::<Result<_, _>>()?;
        let ribbon = contents.ribbon.context("failed to show the strip: nothing is known of it")?;
        Ok(Kept { batch, strip, ribbon, pieces })
    }
}
