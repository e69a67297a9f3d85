//! How is a frame of film cut another way once it is in the archive? Out of the strip, which is among the document's originals:
//! the next version has the new picture in place of the old one, and the old version stays as it was sealed.
//!
//! Nobody has to say how the old picture came from the strip, inverted and turned as it may be: it is laid over what the strip
//! shows at its place, and must be the same pixel by pixel. So a page that is not what its place says is never cut.

use std::io::Cursor;

use bytes::Bytes;
use imaging::{ImageError, QuarterTurn, Raster};
use record::film::FrameAddress;
use record::limits::{DOCUMENT_PAGES_MAX, PAGE_BYTES_MAX, PAGE_PIXELS_MAX, PAGE_SIDE_PIXELS_MAX};
use record::words::Box as Place;
use record::{Descriptor, Digest, DocumentId, Manifest, PageEntry, PageId};

use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::seal;
use crate::state::App;

/// A frame that is less than this wide or high shows nothing.
const LEAST: u32 = 16;
/// One frame is cut into so many at most: two that were taken for one.
const CUTS_MAX: usize = 2;

/// Where a frame lies.
#[derive(Debug, Clone, Copy)]
pub struct Lying {
    pub strip: Digest,
    pub place: Place,
}

/// Where on which strip a page was cut out.
///
/// # Errors
/// 422 for a page that is no frame out of a strip.
pub fn lying(page: &PageEntry) -> Reply<Lying> {
    let place = page.frame.as_ref().and_then(|frame| frame.place);
    match (&page.from, place) {
        (Some(from), Some(place)) => Ok(Lying { strip: from.original, place }),
        _ => Err(Problem::refused(
            "no-strip",
            "this page was not cut out of a strip of film: there is nothing to cut it from",
        )),
    }
}

/// Seals the version after `current`, in which these places of the strip stand for the page. Gives the new version.
///
/// # Errors
/// 404 for an unknown document or page, 412 where `current` is not the newest version, 422 where it cannot be cut so.
pub async fn recut(
    app: &App,
    caller: &Caller,
    document: DocumentId,
    current: u32,
    page: PageId,
    places: Vec<Place>,
) -> Reply<u32> {
    let _mine = app.sealing.enter(document).ok_or_else(seal::busy)?;
    app.refresh().await?;
    let found = app.catalog.document(document).await?.ok_or_else(Problem::absent)?;
    if found.version != current {
        return Err(Problem::stale("somebody changed this document meanwhile: look at it again"));
    }
    let before = app.archive.manifest(&found.manifest).await?;
    let at = before.pages.iter().position(|entry| entry.page == page).ok_or_else(Problem::absent)?;
    let cut = cut(app, &before, &before.pages[at], places).await?;
    seal::next(app, caller, &found, replaced(before, at, cut)?).await
}

/// The pages with the new ones where the old one was.
fn replaced(before: Manifest, at: usize, cut: Vec<PageEntry>) -> Reply<Manifest> {
    let mut pages = before.pages;
    let known = |entry: &PageEntry| pages.iter().any(|page| page.page == entry.page);
    if cut.iter().any(known) {
        return Err(Problem::refused("same-cut", "the frame is cut just so already"));
    }
    pages.splice(at..=at, cut);
    if pages.len() > DOCUMENT_PAGES_MAX {
        return Err(Problem::refused("pages", format!("a document has at most {DOCUMENT_PAGES_MAX} pages")));
    }
    pages.iter_mut().zip(1..).for_each(|(page, number)| page.number = number);
    Ok(Manifest { pages, ..before })
}

async fn cut(app: &App, of: &Manifest, page: &PageEntry, places: Vec<Place>) -> Reply<Vec<PageEntry>> {
    let Lying { strip, place } = lying(page)?;
    if places.is_empty() || places.len() > CUTS_MAX || !places.iter().all(is_page) {
        return Err(Problem::refused(
            "place",
            format!(
                "a frame is cut into one or two, each at least {LEAST} pixels wide and high, and no larger than a page"
            ),
        ));
    }
    let (strip, shown) = (app.archive.read(&strip).await?, app.archive.read(&page.image.digest).await?);
    let (dpi, wanted) = (page.dpi, places.clone());
    let pictures = app.rasters.apart(move || pictures(&strip, &shown, place, &wanted, dpi)).await?;
    let mut entries = Vec::new();
    for (nth, (place, picture)) in places.into_iter().zip(pictures).enumerate() {
        let image = app.archive.put("image/png", picture.bytes).await?;
        entries.push(entry(of.document, page, (nth, place), image, picture.size));
    }
    Ok(entries)
}

const fn is_page(place: &Place) -> bool {
    let Place { w, h, .. } = *place;
    w >= LEAST
        && h >= LEAST
        && w <= PAGE_SIDE_PIXELS_MAX
        && h <= PAGE_SIDE_PIXELS_MAX
        && w as u64 * h as u64 <= PAGE_PIXELS_MAX
}

/// The number on the reel stays, for both parts of a frame that becomes two: no other page's address changes. The blip is the
/// first one's.
fn entry(
    document: DocumentId,
    page: &PageEntry,
    (nth, place): (usize, Place),
    image: Descriptor,
    (width, height): (u32, u32),
) -> PageEntry {
    let id = PageId::derived([document.as_uuid().as_bytes().as_slice(), b"cut", image.digest.as_bytes()]);
    let frame = page.frame.map(|frame| FrameAddress {
        place: Some(place),
        blip: frame.blip.filter(|_| nth == 0),
        number: frame.number,
    });
    PageEntry { page: id, image, width, height, brought: None, frame, ..page.clone() }
}

struct Picture {
    bytes: Bytes,
    size: (u32, u32),
}

fn pictures(strip: &[u8], shown: &[u8], was: Place, places: &[Place], dpi: u32) -> Reply<Vec<Picture>> {
    let (width, height) = size(strip)?;
    if !places.iter().chain([&was]).all(|place| is_on(*place, (width, height))) {
        return Err(Problem::refused(
            "place",
            format!("the frame reaches beyond the strip, which has {width} × {height} pixels"),
        ));
    }
    let wanted: Vec<Place> = std::iter::once(was).chain(places.iter().copied()).collect();
    let mut cut = film::cut(Cursor::new(strip), &wanted).map_err(unreadable)?;
    let look = Look::of(&cut.remove(0), &imaging::decode(shown).map_err(unreadable)?.to_gray());
    let look = look.ok_or_else(|| {
        Problem::refused(
            "other-picture",
            "the page is not what lies at its place on the strip: import the reel anew to cut it",
        )
    })?;
    cut.into_iter().map(|raster| look.picture(raster, dpi)).collect()
}

fn is_on(place: Place, (width, height): (u32, u32)) -> bool {
    let (right, bottom) = (place.x.checked_add(place.w), place.y.checked_add(place.h));
    right.is_some_and(|right| right <= width) && bottom.is_some_and(|bottom| bottom <= height)
}

/// Of a strip, by its header.
pub fn size(strip: &[u8]) -> Reply<(u32, u32)> {
    imaging::Blocks::open(Cursor::new(strip)).map(|blocks| blocks.size()).map_err(unreadable)
}

fn unreadable(error: ImageError) -> Problem {
    Problem::refused("image", format!("failed to {error}"))
}

/// How a page was made of what lies on the strip.
struct Look {
    inverted: bool,
    turn: QuarterTurn,
}

impl Look {
    fn of(lies: &Raster, shown: &Raster) -> Option<Self> {
        let turns = [QuarterTurn::None, QuarterTurn::Right, QuarterTurn::Half, QuarterTurn::Left];
        let looks = turns.into_iter().flat_map(|turn| [true, false].map(|inverted| Self { inverted, turn }));
        looks.into_iter().find(|look| {
            let made = look.of_strip(lies.clone());
            (made.width(), made.height(), made.bytes()) == (shown.width(), shown.height(), shown.bytes())
        })
    }

    fn of_strip(&self, lies: Raster) -> Raster {
        let light = if self.inverted { lies.invert() } else { lies };
        if matches!(self.turn, QuarterTurn::None) { light } else { light.rotate_quarter(self.turn) }
    }

    fn picture(&self, lies: Raster, dpi: u32) -> Reply<Picture> {
        let page = self.of_strip(lies);
        let bytes = page.encode_png(dpi).map_err(unreadable)?;
        if bytes.len() > PAGE_BYTES_MAX {
            return Err(Problem::refused("page-size", "the frame's image would have more than 256 MiB"));
        }
        Ok(Picture { bytes: bytes.into(), size: (page.width(), page.height()) })
    }
}

/// What lies around a frame, along the film as much as the frame itself on either side.
pub fn around(place: Place, (width, height): (u32, u32)) -> Place {
    let reach = |from: u32, size: u32, most: u32| {
        let start = from.saturating_sub(size).min(most);
        (start, from.saturating_add(size.saturating_mul(2)).min(most) - start)
    };
    if height > width {
        let (y, h) = reach(place.y, place.h, height);
        Place { x: 0, y, w: width, h }
    } else {
        let (x, w) = reach(place.x, place.w, width);
        Place { x, y: 0, w, h: height }
    }
}

/// What a strip shows there, for the screen.
pub fn drawn(strip: &[u8], part: Place, side: u32) -> Reply<Vec<u8>> {
    if !is_on(part, size(strip)?) || !is_page(&part) {
        return Err(Problem::malformed("that part is not on the strip, or larger or smaller than a page may be"));
    }
    let mut cut = film::cut(Cursor::new(strip), &[part]).map_err(unreadable)?;
    let raster = cut.remove(0);
    let raster = raster.reduce(part.w.max(part.h).div_ceil(side.max(1)).max(1));
    raster.encode_jpeg(80, 0).map_err(unreadable)
}
