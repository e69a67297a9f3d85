//! How is a frame of film cut another way once it is in the archive? Out of the strip, which is among the document's originals:
//! the next version has the new picture in place of the old one, and the old version stays as it was sealed.
//!
//! Nobody has to say how the old picture came from the strip, inverted and turned as it may be: it is laid over what the strip
//! shows at its place ([`crate::strips`]), and must be the same pixel by pixel. So a page that is not what its place says is never cut.

use actix_web::web;
use record::film::FrameAddress;
use record::limits::DOCUMENT_PAGES_MAX;
use record::manifest::OriginalPage;
use record::words::Box as Place;
use record::{Descriptor, Digest, DocumentId, Manifest, PageEntry, PageId};

use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::seal;
use crate::state::{App, to_its_end};
use crate::strips::{self, Film, LEAST, Lying, Picture};

/// One frame is cut into so many at most: two that were taken for one.
const CUTS_MAX: usize = 2;

/// Seals the version after `current`, in which these places of the strip stand for the page. Gives the new version.
///
/// # Errors
/// 404 for an unknown document or page, 412 where `current` is not the newest version, 422 where it cannot be cut so.
pub async fn recut(
    app: &web::Data<App>,
    caller: &Caller,
    document: DocumentId,
    current: u32,
    page: PageId,
    places: Vec<Place>,
) -> Reply<u32> {
    to_its_end(app, caller, async move |app, caller| {
        let _mine = app.sealing.enter(document).ok_or_else(seal::busy)?;
        let _all = app.stays().await;
        app.refresh().await?;
        let found = app.catalog.document(document).await?.ok_or_else(Problem::absent)?;
        if found.version != current {
            return Err(Problem::stale("somebody changed this document meanwhile: look at it again"));
        }
        let before = app.archive.manifest(&found.manifest).await?;
        let at = before.pages.iter().position(|entry| entry.page == page).ok_or_else(Problem::absent)?;
        let cut = cut(app, &before, &before.pages[at], places).await?;
        seal::next(app, caller, &found, replaced(before, at, cut)?).await
    })
    .await
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
    let Lying { place, .. } = strips::lying(page)?;
    if places.is_empty() || places.len() > CUTS_MAX || !places.iter().all(strips::is_page) {
        return Err(Problem::refused(
            "place",
            format!(
                "a frame is cut into one or two, each at least {LEAST} pixels wide and high, and no larger than a page"
            ),
        ));
    }
    let (film, shown) = (Film::of(app, of, page).await?, app.archive.read(&page.image.digest).await?);
    let homes: Vec<(Digest, Place)> = places.iter().map(|place| film.home(*place)).collect();
    let dpi = page.dpi;
    let pictures = app.rasters.apart(move || pictures(&film, &shown, place, &places, dpi)).await?;
    let mut entries = Vec::new();
    for (nth, (home, picture)) in homes.into_iter().zip(pictures).enumerate() {
        let image = app.archive.put("image/png", picture.bytes).await?;
        entries.push(entry(of.document, page, (nth, home), image, picture.size));
    }
    Ok(entries)
}

fn pictures(film: &Film, shown: &[u8], was: Place, places: &[Place], dpi: u32) -> Reply<Vec<Picture>> {
    let cut = film.cut(places)?;
    let look = film.look(was, shown)?;
    cut.into_iter().map(|raster| look.picture(raster, dpi)).collect()
}

/// The number on the reel stays, for both parts of a frame that becomes two: no other page's address changes. The blip is the
/// first one's.
fn entry(
    document: DocumentId,
    page: &PageEntry,
    (nth, (original, place)): (usize, (Digest, Place)),
    image: Descriptor,
    (width, height): (u32, u32),
) -> PageEntry {
    let id = PageId::derived([document.as_uuid().as_bytes().as_slice(), b"cut", image.digest.as_bytes()]);
    let frame = page.frame.map(|frame| FrameAddress {
        place: Some(place),
        blip: frame.blip.filter(|_| nth == 0),
        number: frame.number,
    });
    let from = page.from.clone().map(|from| OriginalPage { original, ..from });
    PageEntry { page: id, image, width, height, brought: None, frame, from, ..page.clone() }
}
