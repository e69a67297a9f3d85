//! How does a person's correction become the text of a page? As a new text blob and an event that names it and
//! the one it replaces: the earlier text stays where it is. A page that could not be read has none to replace.

use catalog::{Page, PageState, TimelineEntry};
use formats::alto;
use record::correction::Correction;
use record::event::Actor;
use record::words::{Engine, PageText};
use record::{Digest, EventKind, PageId, Timestamp, limits};

use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::reach;
use crate::state::App;

/// The page's text after a correction.
pub struct Saved {
    pub text: Digest,
    pub words: u32,
    /// 0 to 100.
    pub confidence: u8,
    /// Words that are not as they were.
    pub changed: u32,
}

/// # Errors
/// 404 for a page out of reach, 409 where the page has another text than the one looked at (when the event is
/// folded, too: of two corrections the first in the ledger holds), 422 for what cannot be of this text.
pub async fn correct(app: &App, caller: &Caller, page: PageId, correction: &Correction) -> Reply<Saved> {
    let _all = app.stays().await;
    let (_, page) = reach::page(app, caller, page).await?;
    if page.withdrawn || page.state == PageState::Sealed || page.text != correction.replaces {
        return Err(overtaken(&page));
    }
    let looked_at = match &correction.replaces {
        Some(text) => text_of(app, text).await?,
        None => nothing_yet(&page),
    };
    let corrected = correction.apply(&looked_at).map_err(|error| Problem::refused("correction", error.to_string()))?;
    let xml = alto::write(&corrected.text, page.page);
    if xml.len() > limits::PAGE_TEXT_BYTES_MAX {
        return Err(Problem::too_large("the page's text would have more than 16 MiB: write shorter words"));
    }
    let text = app.archive.put(alto::MEDIA_TYPE, xml.into()).await?.digest;
    let words = u32::try_from(corrected.text.words().count()).unwrap_or(u32::MAX);
    let saved = Saved { text, words, confidence: corrected.text.confidence(), changed: corrected.changed };
    // Confirmed once more, nothing is new: the ledger need not be told.
    if Some(text) != correction.replaces {
        record(app, caller, &page, correction.replaces, &saved, &corrected.text).await?;
    }
    Ok(saved)
}

async fn record(
    app: &App,
    caller: &Caller,
    page: &Page,
    replaces: Option<Digest>,
    saved: &Saved,
    text: &PageText,
) -> Reply<()> {
    let Saved { text: digest, words, confidence, changed } = *saved;
    let attention = text.attention.first().map(|attention| attention.reason);
    let event = EventKind::Corrected {
        document: page.document,
        page: page.page,
        text: digest,
        replaces,
        words,
        confidence,
        changed,
        attention,
    };
    app.append_one(caller.actor, event).await?;
    metrics::counter!("chartroom_pages_corrected_total").increment(1);
    let (_, now) = reach::page(app, caller, page.page).await?;
    if now.text == Some(digest) { Ok(()) } else { Err(overtaken(&now)) }
}

fn overtaken(page: &Page) -> Problem {
    match (page.withdrawn, page.state) {
        (true, _) => Problem::conflict("page-withdrawn", "the document no longer has this page: nothing was saved"),
        (_, PageState::Read) => Problem::conflict(
            "text-changed",
            "the page has another text by now: fetch its words again and repeat what is still wrong",
        ),
        (_, PageState::Unreadable) => {
            Problem::conflict("no-text", "the page could not be read: a correction of it replaces no text")
        }
        (_, PageState::Sealed) => Problem::conflict("no-text", "the page is not read yet: come back in a moment"),
    }
}

/// The text of a page that could not be read, before a person writes down what stands there.
fn nothing_yet(page: &Page) -> PageText {
    let engine = Engine { name: "by hand".to_owned(), ..Engine::default() };
    PageText { width: page.width, height: page.height, engine, ..PageText::default() }
}

/// A page's text, parsed.
pub async fn text_of(app: &App, digest: &Digest) -> Reply<PageText> {
    let bytes = app.archive.read(digest).await?;
    alto::parse(&bytes).map_err(|error| Problem::unavailable("archive", &error))
}

/// One text that a page was given.
pub struct Version {
    pub text: Digest,
    pub at: Timestamp,
    pub by: Actor,
    pub words: u32,
    pub confidence: u8,
    /// Set where a person wrote it: how many words are not as they were.
    pub changed: Option<u32>,
    /// Whether it became the page's text. A reading after a correction does not, nor does the second correction
    /// of one text.
    pub held: bool,
}

/// Every text the ledger gives the page, oldest first.
pub async fn versions(app: &App, page: &Page) -> Reply<Vec<Version>> {
    let timeline = app.catalog.timeline(page.document).await?;
    let (mut current, mut corrected) = (None, false);
    let told = |entry: TimelineEntry| {
        let (text, words, confidence, changed, held) = match entry.event {
            EventKind::Read { page: of, text, words, confidence, .. } if of == page.page => {
                (text, words, confidence, None, !corrected)
            }
            EventKind::Corrected { page: of, text, replaces, words, confidence, changed, .. } if of == page.page => {
                (text, words, confidence, Some(changed), current == replaces)
            }
            _ => return None,
        };
        if held {
            current = Some(text);
            corrected |= changed.is_some();
        }
        Some(Version { text, at: entry.at, by: entry.actor, words, confidence, changed, held })
    };
    Ok(timeline.into_iter().filter_map(told).collect())
}
