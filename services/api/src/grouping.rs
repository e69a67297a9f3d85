//! How do the frames of a reel become documents, where no blip and no target page said so? By whom they say they are of: once they are
//! read, a document that holds several patients' frames may be grouped anew. A person says where documents begin and whose they
//! are; what was read is a proposal ([`crate::reels`]).
//!
//! The document keeps the frames up to the second beginning, as its next version. Each other part is a new document with pages of
//! its own, to which the readings go along. It is one append, all or nothing; and it is taken back by putting the frames back: the
//! document is again as it was, its parts are left without pages. All versions stay as they were sealed.

use actix_web::web;
use catalog::{Document, Page, PageState};
use record::event::EventKind;
use record::limits::{COMMIT_EVENTS_MAX, REEL_GROUPS_MAX};
use record::manifest::{IndexFields, Manifest, PageEntry};
use record::wire::CapturedFields;
use record::{Descriptor, DocumentId, DocumentType, Mrn, PageId, canonical};

use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::seal;
use crate::state::{App, to_its_end};

/// Where a document begins.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// The first frame's 1-based place in the document as it is.
    pub number: u32,
    /// Whose it is; `None` leaves it unfiled, as an exception.
    pub mrn: Option<Mrn>,
}

/// Groups the frames of a document anew; gives the documents, the old one first.
///
/// # Errors
/// 404 for an unknown document, 412 where `current` is not the newest version, 422 where it is no film or cannot be grouped so.
pub async fn group(
    app: &web::Data<App>,
    caller: &Caller,
    document: DocumentId,
    current: u32,
    begins: Vec<Beginning>,
) -> Reply<Vec<DocumentId>> {
    to_its_end(app, caller, async move |app, caller| {
        let _mine = app.sealing.enter(document).ok_or_else(seal::busy)?;
        let _all = app.stays().await;
        let (found, before) = newest(app, document, current).await?;
        let fields: IndexFields = canonical::from_bytes(&app.archive.read(&before.index.digest).await?)?;
        may_be_grouped(&before, &fields, &begins)?;
        let known = app.catalog.pages_of(document).await?;
        let mut events = Vec::new();
        let mut documents = vec![document];
        let ends = begins.iter().skip(1).map(|begin| begin.number - 1).chain([before.pages.len() as u32]);
        let parts: Vec<(&Beginning, &[PageEntry])> = begins
            .iter()
            .zip(ends)
            .map(|(begin, end)| (begin, &before.pages[begin.number as usize - 1..end as usize]))
            .collect();
        for (begin, pages) in parts.iter().skip(1) {
            let part =
                Part { document: part_of(document, current, &pages[0]), index: index(app, &fields, begin).await? };
            documents.push(part.document);
            events.push(seal::sealing(app, &part.manifest(app, caller, &before, pages)).await?);
            events.extend(pages.iter().flat_map(|page| part.reading(page, &known)));
        }
        let (begin, pages) = parts[0];
        let kept = Manifest { pages: pages.to_vec(), index: index(app, &fields, begin).await?, ..before };
        events.push(seal::sealing(app, &seal::following(app, caller, &found, kept)).await?);
        if events.len() > COMMIT_EVENTS_MAX {
            return Err(Problem::refused("grouping", "these are too many frames for once: group them into two first"));
        }
        app.append(caller.actor, events).await?;
        Ok(documents)
    })
    .await
}

/// Takes the grouping back that made the newest version; gives the version that is as it was before.
///
/// # Errors
/// 404 for an unknown document, 409 where nothing was grouped or the document was changed since, 412 where `current` is not the
/// newest version.
pub async fn put_back(app: &web::Data<App>, caller: &Caller, document: DocumentId, current: u32) -> Reply<u32> {
    to_its_end(app, caller, async move |app, caller| {
        let _mine = app.sealing.enter(document).ok_or_else(seal::busy)?;
        let _all = app.stays().await;
        let (found, grouped) = newest(app, document, current).await?;
        let mut theirs = Vec::new();
        for part in parts(app, &found, &grouped).await? {
            theirs.push(app.sealing.enter(part.document).ok_or_else(seal::busy)?);
        }
        // Once more: somebody may have changed one before nobody could.
        app.refresh().await?;
        let parts = parts(app, &found, &grouped).await?;
        let Some(before) = grouped.previous.filter(|_| !parts.is_empty()) else {
            return Err(Problem::conflict(
                "not-grouped",
                "the document's newest version did not come from grouping: there is nothing to put back",
            ));
        };
        let before = app.archive.manifest(&before).await?;
        let mut events = Vec::new();
        for part in parts {
            let manifest = app.archive.manifest(&part.manifest).await?;
            let empty = Manifest { pages: Vec::new(), ..manifest };
            events.push(seal::sealing(app, &seal::following(app, caller, &part, empty)).await?);
        }
        let whole = seal::following(app, caller, &found, before);
        let version = whole.version;
        events.push(seal::sealing(app, &whole).await?);
        app.append(caller.actor, events).await?;
        Ok(version)
    })
    .await
}

/// The documents that the newest version's grouping made; none where it did not come from one.
pub async fn parts(app: &App, document: &Document, newest: &Manifest) -> Reply<Vec<Document>> {
    let Some(previous) = newest.previous else { return Ok(Vec::new()) };
    let before = app.archive.manifest(&previous).await?;
    let mut parts = Vec::new();
    for page in before.pages.get(newest.pages.len()..).unwrap_or_default() {
        let part = part_of(document.document, before.version, page);
        parts.extend(app.catalog.document(part).await?.filter(|part| part.pages > 0));
    }
    Ok(parts)
}

async fn newest(app: &App, document: DocumentId, current: u32) -> Reply<(Document, Manifest)> {
    app.refresh().await?;
    let found = app.catalog.document(document).await?.ok_or_else(Problem::absent)?;
    if found.version != current {
        return Err(Problem::stale("somebody changed this document meanwhile: look at it again"));
    }
    let manifest = app.archive.manifest(&found.manifest).await?;
    Ok((found, manifest))
}

fn may_be_grouped(manifest: &Manifest, fields: &IndexFields, begins: &[Beginning]) -> Reply<()> {
    let rises = begins.windows(2).all(|pair| pair[0].number < pair[1].number);
    let inside = begins.last().is_some_and(|last| last.number as usize <= manifest.pages.len());
    let rule = match () {
        () if fields.reel.is_none() => "only what is on a reel of film is grouped",
        () if begins.len() < 2 => "say where at least two documents begin",
        () if begins.len() > REEL_GROUPS_MAX => "a document is grouped into 1,000 at most",
        () if begins[0].number != 1 || !rises || !inside => {
            "the first document begins with the first page, each other one behind the one before it"
        }
        () => return Ok(()),
    };
    Err(Problem::refused("grouping", rule))
}

/// Grouped again after it was put back, the parts are other documents.
fn part_of(document: DocumentId, version: u32, first: &PageEntry) -> DocumentId {
    let (whole, page) = (document.as_uuid(), first.page.as_uuid());
    DocumentId::derived([whole.as_bytes().as_slice(), b"part", &version.to_be_bytes(), page.as_bytes()])
}

/// As captured: what the patient list does not know, and what nobody said, is an exception.
async fn index(app: &App, fields: &IndexFields, begin: &Beginning) -> Reply<Descriptor> {
    let document_type: Option<DocumentType> = fields.document_type.clone();
    let said = CapturedFields {
        mrn: begin.mrn.clone(),
        encounter: None,
        document_type,
        department: fields.department.clone(),
        date: None,
        reel: fields.reel.clone().map(Box::new),
        file_names: fields.file_names.clone(),
        exceptions: Vec::new(),
    };
    seal::put_fields(app, &seal::captured(app, said).await?).await
}

/// A document that comes from another one.
struct Part {
    document: DocumentId,
    index: Descriptor,
}

impl Part {
    fn manifest(&self, app: &App, caller: &Caller, whole: &Manifest, pages: &[PageEntry]) -> Manifest {
        let own =
            (1..).zip(pages).map(|(number, page)| PageEntry { page: self.page(page.page), number, ..page.clone() });
        Manifest {
            document: self.document,
            version: 1,
            previous: None,
            created: app.now(),
            created_by: caller.actor,
            pages: own.collect(),
            index: self.index.clone(),
            ..whole.clone()
        }
    }

    /// A page belongs to one document for ever.
    fn page(&self, page: PageId) -> PageId {
        PageId::derived([self.document.as_uuid().as_bytes().as_slice(), b"part", page.as_uuid().as_bytes()])
    }

    /// What the ledger is to say of the page's text: as it says of the page that it was.
    fn reading(&self, page: &PageEntry, known: &[Page]) -> Vec<EventKind> {
        let (document, own) = (self.document, self.page(page.page));
        let Some(was) = known.iter().find(|known| known.page == page.page) else { return Vec::new() };
        let (words, confidence) = (was.words.unwrap_or_default(), was.confidence.unwrap_or_default());
        let (attention, generation) = (was.attention, was.generation);
        match (was.state, was.text, was.reason) {
            (PageState::Read, Some(text), _) => {
                let read = EventKind::Read { document, page: own, text, words, confidence, attention, generation };
                let (replaces, changed) = (Some(text), 0);
                let corrected =
                    EventKind::Corrected { document, page: own, text, replaces, words, confidence, changed, attention };
                std::iter::once(read).chain(was.corrected.then_some(corrected)).collect()
            }
            (PageState::Unreadable, _, Some(reason)) => {
                vec![EventKind::Unreadable { document, page: own, reason }]
            }
            _ => Vec::new(),
        }
    }
}
