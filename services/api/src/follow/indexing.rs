//! What does an event change in the index? The page that was read, or all pages of a document with a new version; and what was
//! destroyed is taken out.

use std::collections::VecDeque;
use std::sync::Arc;

use archive::Archive;
use catalog::{Catalog, Page, PageState};
use formats::alto;
use indexer::{DocumentFields, Edges, Index, PageDocument};
use record::destruction::DestructionState;
use record::event::PatientsRecord;
use record::manifest::SourceKind;
use record::words::PageText;
use record::{DestructionId, Digest, DocumentId, Event, EventKind, PageId};

use super::{FollowError, GROUP, parsed};
use crate::quiet::Quiet;

/// How far the index may be behind in what its files say: events that concern no page (views,
/// mostly) are passed over without a commit, and once more after a restart.
const UNCOMMITTED_MAX: u64 = 5_000;

/// Puts the pages that the events from `cursor` to `end` (at most [`GROUP`]) concern, and
/// commits with the cursor after them; gives that cursor. With `quiet`, everything else goes first.
pub async fn index_group(
    archive: &Archive,
    catalog: &Catalog,
    index: &Arc<Index>,
    cursor: u64,
    end: u64,
    quiet: Option<&Quiet>,
) -> Result<u64, FollowError> {
    let most = GROUP.min(usize::try_from(end - cursor).unwrap_or(GROUP));
    let events = archive.events(cursor, most).await?;
    let next = cursor + events.len() as u64;
    let (mut changes, mut texts) = (Vec::new(), Texts::new(archive));
    for event in &events {
        changes.extend(changes_of(&mut texts, catalog, &event.event).await?);
    }
    learn_names(archive, index, cursor, &events).await?;
    if changes.is_empty() && next.saturating_sub(index.cursor()) < UNCOMMITTED_MAX {
        return Ok(next);
    }
    let index = Arc::clone(index);
    let write = move || {
        for change in &changes {
            match change {
                Change::Put(page) => index.put(page)?,
                Change::Clear(document) => index.remove_document(document)?,
            }
        }
        index.commit(next)
    };
    match quiet {
        Some(quiet) => quiet.run(write).await??,
        None => tokio::task::spawn_blocking(write).await.map_err(|_| FollowError::Thread)??,
    }
    Ok(next)
}

/// New patients' names help to mend the pages from here on.
async fn learn_names(archive: &Archive, index: &Index, cursor: u64, events: &[Event]) -> Result<(), FollowError> {
    let mut names = Vec::new();
    for (at, event) in (cursor..).zip(events) {
        if let EventKind::PatientsRecorded { body, .. } = &event.event {
            let record: PatientsRecord = parsed(archive, at, body).await?;
            names.extend(record.patients.into_iter().map(|patient| patient.name));
        }
    }
    index.learn(&names);
    Ok(())
}

/// What an event changes in the index.
enum Change {
    Put(Box<PageDocument>),
    /// Pages that a new version no longer has, or has with another image, are found no more.
    Clear(DocumentId),
}

/// The page that was read; or, of a document with a new version, all that have been read in place of all there were.
async fn changes_of(texts: &mut Texts<'_>, catalog: &Catalog, event: &EventKind) -> Result<Vec<Change>, FollowError> {
    match event {
        EventKind::Read { page, .. } | EventKind::Corrected { page, .. } => match catalog.page(*page).await? {
            Some((document, page)) if !page.withdrawn => {
                let around = catalog.pages_around(document.document, page.number).await?;
                let fields = fields_of(catalog, &document).await?;
                puts(texts, &document, &fields, &around, Some(&page)).await
            }
            _ => Ok(Vec::new()),
        },
        EventKind::Sealed { document, version: 2.., .. } => match catalog.document(*document).await? {
            Some(document) => {
                let pages = catalog.pages_of(document.document).await?;
                let fields = fields_of(catalog, &document).await?;
                let mut changes = vec![Change::Clear(document.document)];
                changes.extend(puts(texts, &document, &fields, &pages, None).await?);
                Ok(changes)
            }
            None => Ok(Vec::new()),
        },
        EventKind::DestructionApproved { destruction, .. } => Ok(forgotten(catalog, *destruction).await?),
        _ => Ok(Vec::new()),
    }
}

/// What was destroyed is found no more.
async fn forgotten(catalog: &Catalog, destruction: DestructionId) -> Result<Vec<Change>, FollowError> {
    let found = catalog.destruction(destruction).await?;
    let ordered = [DestructionState::Approved, DestructionState::Destroyed];
    let record = found.filter(|found| ordered.contains(&found.state)).map(|found| found.record);
    let documents = record.into_iter().flat_map(|record| record.documents);
    Ok(documents.map(|proposed| Change::Clear(proposed.document)).collect())
}

/// Puts those of the pages, given by number, that have been read. With `only`, that one, and of those beside it the ones
/// that were put before it and have half of a word that the other half of may be on it.
async fn puts(
    texts: &mut Texts<'_>,
    document: &catalog::Document,
    fields: &DocumentFields,
    pages: &[Page],
    only: Option<&Page>,
) -> Result<Vec<Change>, FollowError> {
    let is_only = |page: &Page| only.is_none_or(|only| only.page == page.page);
    let (mut edges, mut changes) = (Vec::new(), Vec::new());
    for (index, page) in pages.iter().enumerate() {
        for page in pages.iter().take(index + 2).skip(edges.len()) {
            edges.push(texts.of(page).await?.map(|text| Edges::of(&text)).unwrap_or_default());
        }
        let before = index.checked_sub(1).filter(|before| pages[*before].number + 1 == page.number);
        let behind = pages.get(index + 1).filter(|next| next.number == page.number + 1).map(|_| index + 1);
        let goes_on = before.is_some_and(|before| is_only(&pages[before]) && edges[before].may_go_on(&edges[index]))
            || behind.is_some_and(|behind| is_only(&pages[behind]) && edges[index].may_go_on(&edges[behind]));
        let was_put = only.is_some_and(|only| page.read_index < only.read_index);
        if !(is_only(page) || goes_on && was_put) {
            continue;
        }
        let Some(text) = texts.of(page).await? else { continue };
        let at = |at: Option<usize>| at.map(|at| edges[at].clone()).unwrap_or_default();
        changes.push(Change::Put(Box::new(PageDocument {
            page: page.page,
            number: page.number,
            frame: page.frame,
            arrived: page.read_index.unwrap_or_default().max(document.sealed_index),
            fields: fields.clone(),
            text: PageText::clone(&text),
            before: at(before),
            behind: at(behind),
        })));
    }
    Ok(changes)
}

/// A page as the index should have it, but for what its neighbours add; none where it is not to be found, or its text is damaged.
pub async fn findable(archive: &Archive, catalog: &Catalog, page: PageId) -> Result<Option<PageDocument>, FollowError> {
    let found = catalog.page(page).await?.filter(|(_, page)| !page.withdrawn && page.state == PageState::Read);
    let Some((document, page)) = found else { return Ok(None) };
    let fields = fields_of(catalog, &document).await?;
    let text = text_of(archive, page.page, page.text.as_ref()).await?;
    Ok(text.map(|text| PageDocument {
        page: page.page,
        number: page.number,
        frame: page.frame,
        arrived: page.read_index.unwrap_or_default().max(document.sealed_index),
        fields,
        text,
        before: Edges::default(),
        behind: Edges::default(),
    }))
}

/// Texts of pages that were read; the last few are kept, since the next page's neighbours are mostly among them.
struct Texts<'a> {
    archive: &'a Archive,
    kept: VecDeque<(Digest, Option<Arc<PageText>>)>,
}

/// A page, those beside it, and as many again.
const TEXTS_KEPT: usize = 6;

impl<'a> Texts<'a> {
    fn new(archive: &'a Archive) -> Self {
        Self { archive, kept: VecDeque::new() }
    }

    async fn of(&mut self, page: &Page) -> Result<Option<Arc<PageText>>, FollowError> {
        let Some(digest) = page.text.as_ref().filter(|_| page.state == PageState::Read) else { return Ok(None) };
        if let Some((_, text)) = self.kept.iter().find(|(kept, _)| kept == digest) {
            return Ok(text.clone());
        }
        let text = text_of(self.archive, page.page, Some(digest)).await?.map(Arc::new);
        self.kept.push_back((*digest, text.clone()));
        if self.kept.len() > TEXTS_KEPT {
            self.kept.pop_front();
        }
        Ok(text)
    }
}

/// A page's text. One that is damaged is missing for its own page, and for no other: the log says which, and
/// `chartroom-verify` finds it too.
pub async fn text_of(
    archive: &Archive,
    page: PageId,
    digest: Option<&Digest>,
) -> Result<Option<PageText>, FollowError> {
    let Some(digest) = digest else {
        return Ok(None);
    };
    let bytes = match archive.read(digest).await {
        Ok(bytes) => bytes,
        Err(error @ (archive::Error::Corrupt { .. } | archive::Error::Missing(_))) => {
            tracing::error!(%page, "failed to use a page's text: {error}");
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let text = alto::parse(&bytes);
    if text.is_err() {
        tracing::error!(%page, "failed to use a page's text: it is no ALTO");
    }
    Ok(text.ok())
}

/// The reel's label; where film came without one, its batch is its reel. Only what has a digit in it is taken from the
/// batch's name, which may name a person too.
async fn reel_of(catalog: &Catalog, document: &catalog::Document) -> Result<Option<String>, FollowError> {
    if document.reel.is_some() || document.source_kind != SourceKind::Film {
        return Ok(document.reel.clone());
    }
    let record = catalog.batch_record(document.batch).await?;
    Ok(record.and_then(|record| reel_number(&record.name)))
}

fn reel_number(name: &str) -> Option<String> {
    let mut words = name.split(|c: char| !c.is_alphanumeric() && c != '-');
    words.rfind(|word| word.chars().any(|c| c.is_ascii_digit())).map(str::to_owned)
}

async fn fields_of(catalog: &Catalog, document: &catalog::Document) -> Result<DocumentFields, FollowError> {
    Ok(DocumentFields {
        document: document.document,
        batch: document.batch,
        filed: document.filed,
        mrn: document.mrn.clone(),
        encounter: document.encounter.clone(),
        document_type: document.document_type.clone(),
        department: document.department.clone(),
        date: document.date,
        source: document.source_kind,
        station: document.station.clone(),
        scanned: document.created,
        reel: reel_of(catalog, document).await?,
    })
}
