//! How do page images get to the browser? Scaled down, as JPEG: no browser shows a TIFF, and none needs 9 MB for a thumbnail.

use anyhow::Context;
use record::{BatchId, Digest};

use super::desk::Desk;
use crate::spool;

const QUALITY: u8 = 80;
/// More pixels across than any screen has.
const WIDTH_MAX: u32 = 4_096;

/// The page's image, at least `width` pixels wide where it has as many.
pub fn picture(desk: &Desk, batch: BatchId, image: &Digest, width: u32) -> anyhow::Result<Vec<u8>> {
    let blob = spool::peek_blob(&desk.home, batch, image)?;
    let bytes = blob.read().context("failed to read the page")?;
    let page = imaging::decode(&bytes).context("failed to show the page")?;
    let factor = page.width() / width.clamp(1, WIDTH_MAX);
    let small = if factor > 1 { page.reduce(factor) } else { page };
    small.encode_jpeg(QUALITY, 0).context("failed to show the page")
}
