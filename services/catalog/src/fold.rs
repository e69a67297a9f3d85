//! What does an event change?
//!
//! [`Catalog::apply`] is the only writer of the projections. It depends on the events and their
//! bodies alone, never on a clock or on chance, so that folding a ledger twice gives equal tables.
//! An event that makes no sense (a text for a page that was never sealed) changes nothing but
//! the timeline: the ledger cannot be unwritten, and the events after it must still be folded.

use std::cmp::Ordering;

use record::campaign::CampaignRecord;
use record::destruction::{HoldRecord, Proposal};
use record::event::{AccountRecord, PatientsRecord, StationRecord, TokenRecord, UnreadableReason};
use record::manifest::{BatchRecord, Exception, ExceptionCode};
use record::saved::SavedSearch;
use record::words::AttentionReason;
use record::{Digest, DocumentId, Event, EventKind, IndexFields, Manifest, Mrn, PageEntry, PageId, Timestamp};

use crate::campaigns;
use crate::column::Value;
use crate::damage;
use crate::destructions;
use crate::documents::PageState;
use crate::engine::{Tx, row, run};
use crate::identities::{self, PageIdentity};
use crate::{Catalog, CatalogError, Result};
use crate::{people, reels, searches};

/// One event with its place in the ledger and what it names.
#[derive(Debug, Clone)]
pub struct Entry {
    pub index: u64,
    pub event: Event,
    pub body: Body,
}

/// What an event names and the fold needs, fetched from the archive by the caller.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "most entries of a ledger that is folded whole are the large ones")]
pub enum Body {
    /// For events without one; for a text that says not for certain whose it is, or is damaged.
    None,
    /// For `Read` and `Corrected`.
    Text(PageIdentity),
    Sealed {
        manifest: Manifest,
        fields: IndexFields,
    },
    Batch(BatchRecord),
    Account(AccountRecord),
    Token(TokenRecord),
    Station(StationRecord),
    Campaign(CampaignRecord),
    Search(SavedSearch),
    Patients(PatientsRecord),
    Proposal(Proposal),
    /// For `DestructionApproved`: the body of the proposal that it carries out.
    Order {
        proposal: Digest,
    },
    Hold(HoldRecord),
    /// What a document had that was destroyed since: it changes nothing any more.
    Gone,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Body(…)")
    }
}

/// How far behind its document's first page a page queues, for each page between. So a book of
/// five thousand pages lets the letter pass that came a minute later.
pub(crate) const QUEUE_STEP_MILLIS: i64 = 1000;

impl Catalog {
    /// Folds entries in, all or none, and returns the new cursor. Entries below the cursor were
    /// folded before and are passed over, so a caller that crashed may simply try again.
    ///
    /// # Errors
    /// [`CatalogError::Gap`], [`CatalogError::Body`]; otherwise the engine's.
    pub async fn apply(&self, entries: &[Entry]) -> Result<u64> {
        let mut tx = self.writer.begin().await?;
        let mut expected = lock_cursor(&mut tx).await?;
        for entry in entries {
            match entry.index.cmp(&expected) {
                Ordering::Less => continue,
                Ordering::Greater => return Err(CatalogError::Gap { expected, found: entry.index }),
                Ordering::Equal => fold(&mut tx, entry).await?,
            }
            expected += 1;
        }
        run!(tx.on(), "UPDATE progress SET next = $1", expected)?;
        tx.commit().await?;
        Ok(expected)
    }
}

/// The cursor, which nobody else moves until this transaction ends: an update that changes nothing
/// takes the row's lock on PostgreSQL, and the write lock on SQLite.
pub(crate) async fn lock_cursor(tx: &mut Tx) -> Result<u64> {
    let sql = "UPDATE progress SET next = next RETURNING next";
    let next = row!(tx.on(), Value<u64>, sql)?;
    next.map(|next| next.0).ok_or_else(|| CatalogError::Damaged("no cursor".to_owned()))
}

async fn fold(tx: &mut Tx, entry: &Entry) -> Result<()> {
    let Entry { index, event: Event { event, .. }, body } = entry;
    if let Some(document) = event.document() {
        remember(tx, entry, document).await?;
    }
    match (event, body) {
        (EventKind::Sealed { .. } | EventKind::Read { .. } | EventKind::Corrected { .. }, Body::Gone) => Ok(()),
        (EventKind::Sealed { document, version, manifest: digest, .. }, Body::Sealed { manifest, fields })
            if manifest.document == *document && manifest.version == *version =>
        {
            sealed(tx, Sealing { index: *index, event: &entry.event, digest: *digest, manifest, fields }).await
        }
        (EventKind::Read { document, page, text, words, confidence, attention, generation }, _) => {
            let said = said(body);
            let reading = Reading { index: *index, text: *text, words: *words, confidence: *confidence, said };
            read(tx, *document, *page, reading, *attention, *generation).await
        }
        (EventKind::Corrected { document, page, text, replaces, words, confidence, attention, .. }, _) => {
            let said = said(body);
            let reading = Reading { index: *index, text: *text, words: *words, confidence: *confidence, said };
            corrected(tx, *document, *page, reading, *replaces, *attention).await
        }
        (EventKind::Unreadable { document, page, reason }, _) => unreadable(tx, *document, *page, *reason).await,
        (EventKind::AlarmDismissed { document, version, page }, _) => {
            identities::dismiss(tx, *document, *version, *page).await
        }
        (
            EventKind::Viewed { .. }
            | EventKind::PatientsLookedUp { .. }
            | EventKind::PatientSearched { .. }
            | EventKind::LogKeyChanged { .. },
            _,
        ) => Ok(()),
        (EventKind::Scrubbed { .. } | EventKind::Damaged { .. } | EventKind::Repaired { .. }, _) => {
            damage::told(tx, entry).await
        }
        (EventKind::Replayed { events, pages, found }, _) => {
            let sql = "INSERT INTO replays (event_index, at, events, pages, found) VALUES ($1, $2, $3, $4, $5)";
            run!(tx.on(), sql, *index, entry.event.at, *events, *pages, *found).map(drop)
        }
        (EventKind::BatchRecorded { batch, .. }, Body::Batch(record)) if record.batch == *batch => {
            batch_recorded(tx, *index, record).await
        }
        (EventKind::AccountRecorded { account, .. }, Body::Account(record)) if record.account == *account => {
            people::account_recorded(tx, *index, record).await
        }
        (EventKind::TokenRecorded { token, .. }, Body::Token(record)) if record.token == *token => {
            people::token_recorded(tx, *index, record).await
        }
        (EventKind::StationRecorded { station, .. }, Body::Station(record)) => {
            people::station_recorded(tx, *index, *station, record).await
        }
        (EventKind::CampaignRecorded { campaign, .. }, Body::Campaign(record)) if record.campaign == *campaign => {
            campaigns::recorded(tx, *index, entry.event.at, record).await
        }
        (EventKind::SearchSaved { search, .. }, Body::Search(record)) if record.search == *search => {
            searches::saved(tx, *index, record).await
        }
        (EventKind::PatientsRecorded { .. }, Body::Patients(record)) => people::patients_recorded(tx, record).await,
        (
            EventKind::DestructionProposed { .. }
            | EventKind::DestructionWithdrawn { .. }
            | EventKind::DestructionApproved { .. }
            | EventKind::Destroyed { .. }
            | EventKind::HoldRecorded { .. },
            _,
        ) => destructions::told(tx, entry).await,
        _ => Err(CatalogError::Body { index: *index }),
    }
}

/// The timeline: the event as it stands in the ledger.
async fn remember(tx: &mut Tx, entry: &Entry, document: DocumentId) -> Result<()> {
    let Event { at, actor, event } = &entry.event;
    let sql = "INSERT INTO events (event_index, document, at, actor, event) VALUES ($1, $2, $3, $4, $5)";
    run!(tx.on(), sql, entry.index, document, *at, *actor, event.clone())?;
    Ok(())
}

/// A `Sealed` event with all that belongs to it.
#[derive(Clone, Copy)]
struct Sealing<'a> {
    index: u64,
    event: &'a Event,
    /// The manifest's.
    digest: Digest,
    manifest: &'a Manifest,
    fields: &'a IndexFields,
}

async fn sealed(tx: &mut Tx, sealing: Sealing<'_>) -> Result<()> {
    let Sealing { manifest, fields, event, .. } = sealing;
    let newest = "SELECT COALESCE(MAX(version), 0) FROM versions WHERE document = $1";
    let newest = row!(tx.on(), Value<u32>, newest, manifest.document)?.map_or(0, |newest| newest.0);
    if newest >= manifest.version {
        // Two writers sealed one version; the first in the ledger has it.
        return Ok(());
    }
    add_version(tx, sealing).await?;
    put_document(tx, sealing).await?;
    put_exceptions(tx, manifest.document, fields).await?;
    if let Some(reel) = &fields.reel {
        reels::described(tx, sealing.index, reel).await?;
    }
    if newest > 0 {
        withdraw_pages(tx, manifest).await?;
    }
    for page in &manifest.pages {
        put_page(tx, manifest, page).await?;
    }
    queue_pages(tx, manifest.document, event.at).await
}

async fn add_version(tx: &mut Tx, sealing: Sealing<'_>) -> Result<()> {
    let sql = "INSERT INTO versions (document, version, manifest, sealed_index, at, actor, pages, filed) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let Sealing { index, event: Event { at, actor, .. }, digest, manifest, fields } = sealing;
    let pages = manifest.pages.len() as u64;
    run!(tx.on(), sql, manifest.document, manifest.version, digest, index, *at, *actor, pages, fields.is_filed())?;
    Ok(())
}

async fn put_document(tx: &mut Tx, sealing: Sealing<'_>) -> Result<()> {
    let sql = "INSERT INTO documents (document, version, manifest, batch, source_kind, station, created, filed, mrn, \
                   encounter, document_type, date, pages, sealed_index, mrn_digits, reel, department) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) \
               ON CONFLICT (document) DO UPDATE SET version = excluded.version, manifest = excluded.manifest, \
                   filed = excluded.filed, mrn = excluded.mrn, encounter = excluded.encounter, \
                   document_type = excluded.document_type, date = excluded.date, pages = excluded.pages, \
                   sealed_index = excluded.sealed_index, mrn_digits = excluded.mrn_digits, reel = excluded.reel, \
                   department = excluded.department";
    let Sealing { index, digest, manifest, fields, .. } = sealing;
    let Manifest { document, version, batch, source, created, pages, .. } = manifest;
    let IndexFields { mrn, encounter, document_type, department, date, reel, .. } = fields;
    let (filed, pages) = (fields.is_filed(), pages.len() as u64);
    run!(
        tx.on(),
        sql,
        *document,
        *version,
        digest,
        *batch,
        source.kind,
        source.station,
        *created,
        filed,
        *mrn,
        *encounter,
        *document_type,
        *date,
        pages,
        index,
        mrn.as_ref().map(Mrn::digits),
        reel.as_ref().map(|reel| reel.label.clone()),
        *department,
    )?;
    Ok(())
}

async fn put_exceptions(tx: &mut Tx, document: DocumentId, fields: &IndexFields) -> Result<()> {
    run!(tx.on(), "DELETE FROM exceptions WHERE document = $1", document)?;
    // A document without a patient is not filed, whether or not the station said why.
    let unsaid = [Exception { code: ExceptionCode::NoPatient, page: None }];
    let said = fields.exceptions.as_slice();
    let open = if said.is_empty() && !fields.is_filed() { &unsaid } else { said };
    for (position, Exception { code, page }) in (0_u32..).zip(open) {
        let sql = "INSERT INTO exceptions (document, position, code, page) VALUES ($1, $2, $3, $4)";
        run!(tx.on(), sql, document, position, *code, *page)?;
    }
    Ok(())
}

/// All pages the document had; those it still has come back with [`put_page`]. A page id under which another
/// image now stands is a new page.
async fn withdraw_pages(tx: &mut Tx, manifest: &Manifest) -> Result<()> {
    run!(tx.on(), "UPDATE pages SET withdrawn = 1 WHERE document = $1", manifest.document)?;
    for PageEntry { page, image, .. } in &manifest.pages {
        let sql = "DELETE FROM pages WHERE page = $1 AND document = $2 AND image <> $3";
        if run!(tx.on(), sql, *page, manifest.document, image.digest)? > 0 {
            run!(tx.on(), "DELETE FROM queue WHERE page = $1", *page)?;
            run!(tx.on(), "DELETE FROM page_identities WHERE page = $1", *page)?;
        }
    }
    Ok(())
}

/// A page that was there keeps what was read on it. A page id stays with the document that had it first.
async fn put_page(tx: &mut Tx, manifest: &Manifest, page: &PageEntry) -> Result<()> {
    let sql = "INSERT INTO pages (page, document, batch, number, image, media_type, size, width, height, dpi, \
                   brought, withdrawn, state, frame) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, $13) \
               ON CONFLICT (page) DO UPDATE SET number = excluded.number, media_type = excluded.media_type, \
                   width = excluded.width, height = excluded.height, dpi = excluded.dpi, \
                   brought = excluded.brought, withdrawn = 0, frame = excluded.frame \
               WHERE pages.document = excluded.document";
    let PageEntry { page, number, image, width, height, dpi, brought, frame, .. } = page;
    run!(
        tx.on(),
        sql,
        *page,
        manifest.document,
        manifest.batch,
        *number,
        image.digest,
        image.media_type,
        image.size,
        *width,
        *height,
        *dpi,
        brought.as_ref().map(|brought| brought.digest),
        PageState::Sealed,
        frame.map(|frame| frame.number),
    )?;
    Ok(())
}

/// Queues what is there and not read; what was withdrawn need not be read.
async fn queue_pages(tx: &mut Tx, document: DocumentId, at: Timestamp) -> Result<()> {
    let sql = "DELETE FROM queue WHERE page IN (SELECT page FROM pages WHERE document = $1 AND withdrawn = 1)";
    run!(tx.on(), sql, document)?;
    let sql = "INSERT INTO queue (page, place, queued, attempts, run_at, lease_until) \
               SELECT page, $2 + $3 * (number - 1), $2, 0, 0, 0 FROM pages \
               WHERE document = $1 AND withdrawn = 0 AND state = 'sealed' ON CONFLICT (page) DO NOTHING";
    run!(tx.on(), sql, document, at, QUEUE_STEP_MILLIS)?;
    Ok(())
}

struct Reading<'a> {
    index: u64,
    text: Digest,
    words: u32,
    confidence: u8,
    /// Whose page its text says it is.
    said: Option<&'a PageIdentity>,
}

const fn said(body: &Body) -> Option<&PageIdentity> {
    match body {
        Body::Text(identity) => Some(identity),
        _ => None,
    }
}

/// What a person has corrected, no machine replaces.
async fn read(
    tx: &mut Tx,
    document: DocumentId,
    page: PageId,
    reading: Reading<'_>,
    attention: Option<AttentionReason>,
    generation: u32,
) -> Result<()> {
    campaigns::count_reading(tx, page, reading.text).await?;
    let sql = "UPDATE pages SET state = 'read', reason = NULL, text = $3, words = $4, confidence = $5, \
                   read_index = $6, attention = $7, generation = $8 \
               WHERE page = $1 AND document = $2 AND corrected = 0";
    let Reading { index, text, words, confidence, said } = reading;
    if run!(tx.on(), sql, page, document, text, words, confidence, index, attention, generation)? > 0 {
        identities::put(tx, document, page, said).await?;
    }
    unqueue(tx, document, page).await
}

/// Of two corrections of one text, the first in the ledger holds; and of two that say first what stands on a page that
/// could not be read.
async fn corrected(
    tx: &mut Tx,
    document: DocumentId,
    page: PageId,
    reading: Reading<'_>,
    replaces: Option<Digest>,
    attention: Option<AttentionReason>,
) -> Result<()> {
    let sql = "UPDATE pages SET state = 'read', reason = NULL, text = $3, words = $4, confidence = $5, read_index = $6, \
                   attention = $7, corrected = 1 \
               WHERE page = $1 AND document = $2 \
                   AND (text = $8 OR ($8 IS NULL AND text IS NULL AND state = 'unreadable'))";
    let Reading { index, text, words, confidence, said } = reading;
    if run!(tx.on(), sql, page, document, text, words, confidence, index, attention, replaces)? > 0 {
        identities::put(tx, document, page, said).await?;
    }
    unqueue(tx, document, page).await
}

/// A page that somebody else did read stays read.
async fn unreadable(tx: &mut Tx, document: DocumentId, page: PageId, reason: UnreadableReason) -> Result<()> {
    let sql =
        "UPDATE pages SET state = 'unreadable', reason = $3 WHERE page = $1 AND document = $2 AND state <> 'read'";
    run!(tx.on(), sql, page, document, reason)?;
    unqueue(tx, document, page).await
}

async fn unqueue(tx: &mut Tx, document: DocumentId, page: PageId) -> Result<()> {
    let sql = "DELETE FROM queue WHERE page = (SELECT page FROM pages WHERE page = $1 AND document = $2)";
    run!(tx.on(), sql, page, document)?;
    Ok(())
}

async fn batch_recorded(tx: &mut Tx, index: u64, record: &BatchRecord) -> Result<()> {
    let closed = record.closed.as_ref();
    let captured = closed.map_or(0, |closed| closed.captured);
    let refused = closed.map_or(0, |closed| closed.refused.len() as u64);
    let sql = "INSERT INTO batches (batch, opened, closed, captured, refused, name, station, record, \
                   closed_index) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
               ON CONFLICT (batch) DO UPDATE SET opened = excluded.opened, closed = excluded.closed, \
                   captured = excluded.captured, refused = excluded.refused, name = excluded.name, \
                   station = excluded.station, record = excluded.record, \
                   closed_index = COALESCE(batches.closed_index, excluded.closed_index)";
    let BatchRecord { batch, name, source, opened, .. } = record;
    let (closed, closed_index) = (closed.map(|closed| closed.at), closed.map(|_| index));
    let station = &source.station;
    run!(tx.on(), sql, *batch, *opened, closed, captured, refused, *name, *station, record.clone(), closed_index)?;
    Ok(())
}
