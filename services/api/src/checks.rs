//! What must hold of a document before it is sealed? That its numbers are in order, that every
//! byte it names is in the archive, and that each image is what its page says.

use std::collections::HashSet;

use bytes::Bytes;
use formats::alto;
use imaging::Facts;
use record::manifest::{Descriptor, PageEntry};
use record::wire::{CapturedFields, HandOver};
use record::words::PageText;
use record::{Digest, limits};

use crate::problem::{Problem, Reply};
use crate::state::App;

/// Checks a hand-over; a refusal names the page.
pub async fn offer(app: &App, offer: &HandOver) -> Reply<()> {
    counts(offer)?;
    order(&offer.pages)?;
    names(&offer.fields, &offer.source)?;
    let originals: HashSet<Digest> = offer.originals.iter().map(|original| original.digest).collect();
    for original in &offer.originals {
        present(app, original).await?;
    }
    for page in &offer.pages {
        if page.from.as_ref().is_some_and(|from| !originals.contains(&from.original)) {
            let problem = Problem::refused("page-from", "a page comes from an original that is not handed over");
            return Err(problem.on_page(page.number));
        }
        image(app, page).await.map_err(|problem| problem.on_page(page.number))?;
        brought(app, page).await.map_err(|problem| problem.on_page(page.number))?;
    }
    Ok(())
}

fn counts(offer: &HandOver) -> Reply<()> {
    match offer.pages.len() {
        0 => Err(Problem::refused("pages", "a document has at least one page")),
        n if n > limits::DOCUMENT_PAGES_MAX => {
            Err(Problem::refused("pages", format!("a document has at most {} pages", limits::DOCUMENT_PAGES_MAX)))
        }
        // Its files, and the sheets that speak for it.
        _ if offer.originals.len() > limits::DOCUMENT_PAGES_MAX => Err(Problem::refused(
            "originals",
            format!("a document has at most {} originals", limits::DOCUMENT_PAGES_MAX),
        )),
        _ => Ok(()),
    }
}

/// Pages are numbered 1, 2, 3 … and no page stands in two places.
fn order(pages: &[PageEntry]) -> Reply<()> {
    let mut seen = HashSet::new();
    for (number, page) in (1..).zip(pages) {
        if page.number != number || !seen.insert(page.page) {
            let problem = Problem::refused("page-order", "pages are numbered from 1 without gaps, each page once");
            return Err(problem.on_page(number));
        }
    }
    Ok(())
}

/// Names are short, and there are not too many of them.
fn names(fields: &CapturedFields, source: &record::manifest::Source) -> Reply<()> {
    let texts = fields.file_names.iter().chain([&source.station]).chain(&source.device);
    let short = texts.into_iter().all(|text| text.chars().count() <= limits::NAME_CHARS_MAX);
    let few = fields.file_names.len() <= 100 && fields.exceptions.len() <= limits::DOCUMENT_PAGES_MAX;
    if short && few {
        return Ok(());
    }
    Err(Problem::refused(
        "names",
        format!("names have at most {} characters, and files are at most 100", limits::NAME_CHARS_MAX),
    ))
}

/// The bytes are in the archive, unchanged, and as many as was said.
async fn present(app: &App, blob: &Descriptor) -> Reply<Bytes> {
    let missing = || Problem::refused("blob-missing", "bytes that it names were not uploaded: upload them first");
    let bytes = app.archive.find(&blob.digest).await?.ok_or_else(missing)?;
    if bytes.len() as u64 != blob.size {
        return Err(Problem::refused("blob-size", "bytes that it names are not as many as it says"));
    }
    Ok(bytes)
}

async fn image(app: &App, page: &PageEntry) -> Reply<()> {
    if page.image.size > limits::PAGE_BYTES_MAX as u64 {
        return Err(Problem::refused("page-size", "the image has more than 256 MiB"));
    }
    let bytes = present(app, &page.image).await?;
    let facts = imaging::probe(&bytes).map_err(|error| Problem::refused("page-image", format!("failed to {error}")))?;
    agrees(page, &facts)
}

/// The words that came with the image are a text of it.
async fn brought(app: &App, page: &PageEntry) -> Reply<()> {
    let Some(words) = &page.brought else { return Ok(()) };
    if words.media_type != alto::MEDIA_TYPE {
        return Err(Problem::refused("page-words", "the words that a page brings along are handed over as ALTO"));
    }
    text(&present(app, words).await?, page.width, page.height).map(drop)
}

/// The text, where it is ALTO and of a page of this size: everything lies inside.
pub fn text(bytes: &Bytes, width: u32, height: u32) -> Reply<PageText> {
    if bytes.len() > limits::PAGE_TEXT_BYTES_MAX {
        return Err(Problem::too_large("a page's text may have 16 MiB"));
    }
    let text = alto::parse(bytes).map_err(|_| Problem::refused("alto", "this is no ALTO 4 that can be understood"))?;
    if (text.width, text.height) != (width, height) {
        return Err(Problem::refused("alto-size", "the text is of a page of another size"));
    }
    let places = text.words().map(|word| word.place).chain(text.attention.iter().map(|attention| attention.place));
    let inside = places.into_iter().all(|place| {
        let (right, down) = (place.x.checked_add(place.w), place.y.checked_add(place.h));
        right.is_some_and(|right| right <= width) && down.is_some_and(|down| down <= height)
    });
    if !inside || text.words().count() > limits::PAGE_WORDS_MAX {
        return Err(Problem::refused("alto-words", "something lies outside the page, or there are too many words"));
    }
    Ok(text)
}

fn agrees(page: &PageEntry, facts: &Facts) -> Reply<()> {
    if (page.width, page.height) != (facts.width, facts.height) {
        return Err(Problem::refused("page-pixels", "the page says another width or height than its image has"));
    }
    if page.image.media_type != facts.media_type.as_str() {
        return Err(Problem::refused("page-type", "the page says another media type than its image is"));
    }
    Ok(())
}
