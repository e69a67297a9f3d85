//! How does a captured document become a sealed one? Fields blob, then manifest, then event:
//! each is durable before the next names it, so a crash leaves at most bytes nobody names.
//!
//! A station hands a document over ([`hand_over`], version 1); a technician answers its open questions ([`enter_fields`]), or cuts
//! a frame of film anew ([`crate::recut`]), which is the next version ([`next`]). Frames of film are
//! grouped into documents ([`crate::grouping`]) by several events at once. All end in [`sealing`].

use actix_web::web;
use record::event::{Actor, EventKind};
use record::manifest::{Exception, ExceptionCode, IndexFields, MANIFEST_SCHEMA, Manifest, PageEntry};
use record::wire::{CapturedFields, HandOver, Sealed};
use record::{BatchId, DocumentId, Receipt, canonical};

use crate::checks;
use crate::identity::Caller;
use crate::password;
use crate::problem::{Problem, Reply};
use crate::state::{App, to_its_end};

/// Seals a document as captured; true where this call did it, false where it was there before.
///
/// # Errors
/// 404 for an unknown batch, 409 for a closed one and where the document exists with other
/// pages, 422 where a page or field is refused.
pub async fn hand_over(
    app: &web::Data<App>,
    caller: &Caller,
    batch: BatchId,
    document: DocumentId,
    offer: HandOver,
) -> Reply<(Sealed, bool)> {
    to_its_end(app, caller, async move |app, caller| {
        let _mine = app.sealing.enter(document).ok_or_else(busy)?;
        let _all = app.stays().await;
        app.follower.catch_up(&app.archive, &app.catalog).await?;
        if let Some(sealed) = sealed_before(app, document, &offer).await? {
            return Ok((sealed, false));
        }
        if app.catalog.tombstone(document).await?.is_some() {
            app.destroying.sent_again.notify_one();
            return Err(Problem::gone("this document was destroyed: it is not taken in again under this name"));
        }
        let found = app.catalog.batch(batch).await?.ok_or_else(Problem::absent)?;
        if found.closed.is_some() {
            return Err(Problem::conflict("batch-closed", "the batch is closed: open another one"));
        }
        checks::offer(app, &offer).await?;
        let fields = captured(app, offer.fields).await?;
        let manifest = Manifest {
            schema: MANIFEST_SCHEMA.to_owned(),
            document,
            version: 1,
            previous: None,
            batch,
            created: app.now(),
            created_by: caller.actor,
            source: offer.source,
            originals: offer.originals,
            pages: offer.pages,
            index: put_fields(app, &fields).await?,
        };
        Ok((seal(app, caller.actor, manifest).await?, true))
    })
    .await
}

/// The answer of the first time, where the same document comes again: in the same batch or
/// another, out of the same file or another, as long as its pages are the same bytes.
async fn sealed_before(app: &App, document: DocumentId, offer: &HandOver) -> Reply<Option<Sealed>> {
    let Some(version) = app.catalog.version(document, 1).await? else {
        return Ok(None);
    };
    let manifest = app.archive.manifest(&version.manifest).await?;
    let bytes = |pages: &[PageEntry]| pages.iter().map(|page| (page.page, page.image.digest)).collect::<Vec<_>>();
    if bytes(&manifest.pages) != bytes(&offer.pages) {
        return Err(Problem::conflict("document-exists", "this document is sealed already, with other pages"));
    }
    let receipt = app.archive.proof(version.sealed_index).await?;
    Ok(Some(Sealed { receipt, manifest: text(&manifest)? }))
}

/// The fields to seal: the station's, and the questions that only the server can raise.
pub async fn captured(app: &App, fields: CapturedFields) -> Reply<IndexFields> {
    let mut exceptions = fields.exceptions;
    let raised = match &fields.mrn {
        Some(mrn) if is_unknown(app, mrn).await? => Some(ExceptionCode::UnknownMrn),
        None if exceptions.is_empty() => Some(ExceptionCode::NoPatient),
        _ => None,
    };
    if let Some(code) = raised.filter(|code| exceptions.iter().all(|open| open.code != *code)) {
        exceptions.push(Exception { code, page: None });
    }
    Ok(IndexFields {
        salt: password::salt()?,
        mrn: fields.mrn,
        encounter: fields.encounter,
        document_type: fields.document_type,
        department: fields.department,
        date: fields.date,
        reel: fields.reel.map(|reel| *reel),
        file_names: fields.file_names,
        exceptions,
    })
}

/// Whether there is a patient list and it lacks this number.
async fn is_unknown(app: &App, mrn: &record::Mrn) -> Reply<bool> {
    Ok(app.catalog.has_patients().await? && app.catalog.patient(mrn).await?.is_none())
}

/// A technician's answer to the open questions of a document, or a correction: seals the
/// version after `current` with these fields and no questions. Gives the new version.
///
/// # Errors
/// 404 for an unknown document, 412 where `current` is not the newest version, 422 without a
/// patient number or with one that the patient list lacks.
pub async fn enter_fields(
    app: &web::Data<App>,
    caller: &Caller,
    document: DocumentId,
    current: u32,
    fields: NewFields,
) -> Reply<u32> {
    to_its_end(app, caller, async move |app, caller| {
        let _mine = app.sealing.enter(document).ok_or_else(busy)?;
        let _all = app.stays().await;
        app.refresh().await?;
        let found = app.catalog.document(document).await?.ok_or_else(Problem::absent)?;
        if found.version != current {
            return Err(Problem::stale("somebody changed this document meanwhile: look at it again"));
        }
        if is_unknown(app, &fields.mrn).await? {
            return Err(Problem::refused("unknown-mrn", ExceptionCode::UnknownMrn.explain()));
        }
        let before = app.archive.manifest(&found.manifest).await?;
        let index = answered(app, &before, fields).await?;
        next(app, caller, &found, Manifest { index, ..before }).await
    })
    .await
}

/// Seals `changed` as the version after the newest; gives its number. The newest is named as the one before, and stays.
pub async fn next(app: &App, caller: &Caller, newest: &catalog::Document, changed: Manifest) -> Reply<u32> {
    let manifest = following(app, caller, newest, changed);
    let version = manifest.version;
    seal(app, caller.actor, manifest).await?;
    Ok(version)
}

/// `changed` as the version after the newest.
pub fn following(app: &App, caller: &Caller, newest: &catalog::Document, changed: Manifest) -> Manifest {
    let (version, previous) = (newest.version + 1, Some(newest.manifest));
    Manifest { version, previous, created: app.now(), created_by: caller.actor, ..changed }
}

/// What a technician enters. Without a patient nothing is filed.
pub struct NewFields {
    pub mrn: record::Mrn,
    pub encounter: Option<record::Encounter>,
    pub document_type: Option<record::DocumentType>,
    pub department: Option<record::Department>,
    pub date: Option<record::Date>,
}

/// The blob of the fields as entered, with what they do not say as it was.
async fn answered(app: &App, before: &Manifest, fields: NewFields) -> Reply<record::Descriptor> {
    let old: IndexFields = canonical::from_bytes(&app.archive.read(&before.index.digest).await?)?;
    let fields = IndexFields {
        salt: password::salt()?,
        mrn: Some(fields.mrn),
        encounter: fields.encounter,
        document_type: fields.document_type,
        department: fields.department,
        date: fields.date,
        reel: old.reel,
        file_names: old.file_names,
        exceptions: Vec::new(),
    };
    put_fields(app, &fields).await
}

pub async fn put_fields(app: &App, fields: &IndexFields) -> Reply<record::Descriptor> {
    let bytes = canonical::to_bytes(fields)?;
    Ok(app.archive.put("application/json", bytes.into()).await?)
}

/// Manifest, then event.
async fn seal(app: &App, actor: Actor, manifest: Manifest) -> Reply<Sealed> {
    let event = sealing(app, &manifest).await?;
    let receipt: Receipt = app.append_one(actor, event).await?;
    metrics::counter!("chartroom_pages_sealed_total").increment(manifest.pages.len() as u64);
    Ok(Sealed { receipt, manifest: text(&manifest)? })
}

/// The manifest is durable; its event is to be appended.
pub async fn sealing(app: &App, manifest: &Manifest) -> Reply<EventKind> {
    Ok(EventKind::Sealed {
        document: manifest.document,
        version: manifest.version,
        manifest: app.archive.seal(manifest).await?,
        batch: manifest.batch,
        pages: u32::try_from(manifest.pages.len()).unwrap_or(u32::MAX),
    })
}

/// The manifest as sealed: canonical JSON has one spelling.
pub fn text(manifest: &Manifest) -> Reply<String> {
    let bytes = canonical::to_bytes(manifest)?;
    String::from_utf8(bytes).map_err(|error| Problem::unavailable("archive", &error))
}

/// Of a document that is being sealed.
pub fn busy() -> Problem {
    Problem::busy("document-busy", "this document is being sealed on another line: try again")
}
