//! `/api/v1/batches`, `/exceptions`: how far is what was captured, and what waits for a decision?

use actix_web::{HttpResponse, web};
use catalog::{Batch, Document};
use record::envelope::{self, StationKey};
use record::event::Actor;
use record::manifest::{BatchClosed, BatchRecord};
use record::wire::{BatchReply, BatchStatus, CloseBatch, OpenBatch};
use record::{BatchId, EventKind, Receipt, canonical, limits};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::named;
use crate::identity::Caller;
use crate::people;
use crate::problem::{Problem, Reply};
use crate::state::{App, to_its_end};

/// A part of a list.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
pub struct Part {
    /// Entries to pass over.
    #[serde(default)]
    pub skip: u64,
    /// At most so many; 1 to 200.
    #[serde(default = "fifty")]
    pub most: u32,
}

fn fifty() -> u32 {
    50
}

impl Part {
    pub(super) fn most(&self) -> u32 {
        self.most.clamp(1, 200)
    }
}

/// Opens a batch. The same again changes nothing.
#[utoipa::path(put, path = "/api/v1/batches/{batch}", tag = "capture", params(("batch" = String, Path)),
    request_body(content = Object, description = "`OpenBatch`: name, source"),
    responses((status = 200, description = "open"), (status = 409, description = "it exists under another name")))]
pub async fn open(
    app: web::Data<App>,
    caller: Caller,
    batch: web::Path<String>,
    body: web::Json<OpenBatch>,
) -> Reply<HttpResponse> {
    let (batch, body) = (named(&batch)?, body.into_inner());
    if body.name.chars().count() > limits::NAME_CHARS_MAX || body.name.trim().is_empty() {
        return Err(Problem::refused(
            "batch-name",
            format!("a batch's name has 1 to {} characters", limits::NAME_CHARS_MAX),
        ));
    }
    let name = body.name.clone();
    let known = match app.catalog.batch_record(batch).await? {
        Some(record) => record,
        None => to_its_end(&app, &caller, async move |app, caller| begin(app, caller, batch, body).await).await?,
    };
    if known.name != name {
        return Err(Problem::conflict("batch-exists", "this batch exists under another name"));
    }
    Ok(HttpResponse::Ok().json(status_of(&app, batch).await?))
}

/// The record of a batch that nobody knows yet. Of several who open it at the same time one does so: the record of another, which comes
/// later, might open it again after it was closed.
async fn begin(app: &App, caller: &Caller, batch: BatchId, body: OpenBatch) -> Reply<BatchRecord> {
    let _mine = app.recording.enter(batch).ok_or_else(busy)?;
    if let Some(record) = app.catalog.batch_record(batch).await? {
        return Ok(record);
    }
    let (opened, opened_by) = (app.now(), caller.actor);
    let record = BatchRecord { batch, name: body.name, source: body.source, opened, opened_by, closed: None };
    put_record(app, caller.actor, &record).await?;
    Ok(record)
}

/// Of a batch that is being opened or closed.
fn busy() -> Problem {
    Problem::busy("batch-busy", "this batch is being opened or closed on another line: try again")
}

/// Says that the station has handed over everything. The same again gives the receipt again.
#[utoipa::path(post, path = "/api/v1/batches/{batch}/close", tag = "capture", params(("batch" = String, Path)),
    request_body(content = Object, description = "`CloseBatch`: captured, documents, sheets, refused, signed"),
    responses((status = 200, description = "`BatchReply`: receipt", body = Object),
        (status = 404, description = "no such batch"), (status = 409, description = "it was closed with other counts"),
        (status = 422, description = "stations are enrolled here, and none of them has signed it")))]
pub async fn close(
    app: web::Data<App>,
    caller: Caller,
    batch: web::Path<String>,
    body: web::Json<CloseBatch>,
) -> Reply<HttpResponse> {
    let (batch, body) = (named(&batch)?, body.into_inner());
    if body.captured as usize > limits::BATCH_PAGES_MAX || body.refused.len() > limits::BATCH_PAGES_MAX {
        return Err(Problem::refused("batch-size", format!("a batch has at most {} pages", limits::BATCH_PAGES_MAX)));
    }
    let explained = body.sheets.as_ref().and_then(|sheets| sheets.explained.as_ref());
    if explained.is_some_and(|reason| reason.chars().count() > limits::EXPLANATION_CHARS_MAX) {
        let text = format!("an explanation has at most {} characters", limits::EXPLANATION_CHARS_MAX);
        return Err(Problem::refused("explanation", text));
    }
    let receipt = to_its_end(&app, &caller, async move |app, caller| end(app, caller, batch, body).await).await?;
    Ok(HttpResponse::Ok().json(BatchReply { receipt }))
}

async fn end(app: &App, caller: &Caller, batch: BatchId, body: CloseBatch) -> Reply<Receipt> {
    let _mine = app.recording.enter(batch).ok_or_else(busy)?;
    let mut record = app.catalog.batch_record(batch).await?.ok_or_else(Problem::absent)?;
    let same = |closed: &BatchClosed| {
        let BatchClosed { captured, documents, sheets, refused, .. } = closed;
        (captured, documents, sheets, refused) == (&body.captured, &body.documents, &body.sheets, &body.refused)
    };
    if record.closed.as_ref().is_some_and(|closed| !same(closed)) {
        return Err(Problem::conflict("batch-closed", "the batch was closed with other counts"));
    }
    if record.closed.is_some() {
        // The station may have missed the receipt.
        if let Some(closed) = app.catalog.batch_closed_by(batch).await? {
            return Ok(app.archive.proof(closed).await?);
        }
    } else {
        // Somebody may just have revoked a key.
        app.refresh().await?;
        let stations = app.catalog.stations().await?;
        // Once one was enrolled, there is no way back: all keys may be revoked by now.
        if !stations.is_empty() {
            check_signed(&people::valid_stations(&stations), batch, &body)?;
        }
        let CloseBatch { captured, documents, sheets, refused, signed } = body;
        let signed = match signed {
            Some(envelope) => {
                Some(app.archive.put(envelope::MEDIA_TYPE, canonical::to_bytes(&envelope)?.into()).await?)
            }
            None => None,
        };
        record.closed = Some(BatchClosed { at: app.now(), captured, documents, sheets, refused, signed });
    }
    put_record(app, caller.actor, &record).await
}

/// One of these stations has signed that this is the batch.
fn check_signed(stations: &[StationKey], batch: BatchId, body: &CloseBatch) -> Reply<()> {
    let refuse = |detail: String| Problem::refused("station", detail);
    let envelope = body
        .signed
        .as_ref()
        .ok_or_else(|| refuse("the batch is not signed: this archive takes in signed ones only".into()))?;
    let (capture, _) = envelope.open(stations).map_err(|error| refuse(format!("the batch's envelope {error}")))?;
    let same = capture.batch == batch
        && capture.captured == body.captured
        && capture.documents.len() == body.documents as usize
        && capture.refused == body.refused;
    if same { Ok(()) } else { Err(refuse("the batch's envelope says another thing than its closing".into())) }
}

async fn put_record(app: &App, actor: Actor, record: &BatchRecord) -> Reply<Receipt> {
    let body = app.archive.put("application/json", canonical::to_bytes(record)?.into()).await?;
    let signed = record.closed.as_ref().and_then(|closed| Some(closed.signed.as_ref()?.digest));
    app.append_one(actor, EventKind::BatchRecorded { batch: record.batch, body: body.digest, signed }).await
}

async fn status_of(app: &App, batch: BatchId) -> Reply<BatchStatus> {
    app.catalog.batch_status(batch).await?.ok_or_else(Problem::absent)
}

/// How far a batch has come, in pages.
#[utoipa::path(get, path = "/api/v1/batches/{batch}", tag = "capture", params(("batch" = String, Path)),
    responses((status = 200, description = "`BatchStatus`", body = Object), (status = 404)))]
pub async fn status(app: web::Data<App>, batch: web::Path<String>) -> Reply<web::Json<BatchStatus>> {
    status_of(&app, named(&batch)?).await.map(web::Json)
}

/// Batches, newest first.
#[utoipa::path(get, path = "/api/v1/batches", tag = "oversight", params(Part),
    responses((status = 200, description = "`BatchStatus` each", body = Vec<Object>)))]
pub async fn list(app: web::Data<App>, part: web::Query<Part>) -> Reply<web::Json<Vec<BatchStatus>>> {
    let batches = app.catalog.batches(part.skip, part.most()).await?;
    Ok(web::Json(batches.iter().map(Batch::status).collect()))
}

/// A document that is safe, and not filed until a person has answered.
#[derive(Serialize, ToSchema)]
pub struct OpenDocument {
    #[schema(value_type = String)]
    pub document: record::DocumentId,
    pub version: u32,
    #[schema(value_type = String)]
    pub batch: BatchId,
    pub pages: u32,
    /// As read off a sheet; the reason may be that it is wrong.
    #[schema(value_type = Option<String>)]
    pub mrn: Option<record::Mrn>,
    pub questions: Vec<Question>,
}

#[derive(Serialize, ToSchema)]
pub struct Question {
    #[schema(value_type = String)]
    pub code: record::manifest::ExceptionCode,
    /// 1-based page in capture order.
    pub page: Option<u32>,
    /// What it means, and what to do.
    pub explanation: &'static str,
}

/// Documents that wait for a person, oldest first.
#[utoipa::path(get, path = "/api/v1/exceptions", tag = "oversight", params(Part),
    responses((status = 200, body = Vec<OpenDocument>)))]
pub async fn exceptions(app: web::Data<App>, part: web::Query<Part>) -> Reply<web::Json<Vec<OpenDocument>>> {
    let found = app.catalog.exceptions(part.skip, part.most()).await?;
    Ok(web::Json(found.into_iter().map(open_document).collect()))
}

fn open_document(open: catalog::Open) -> OpenDocument {
    let Document { document, version, batch, pages, mrn, .. } = open.document;
    let question = |open: &record::manifest::Exception| Question {
        code: open.code,
        page: open.page,
        explanation: open.code.explain(),
    };
    OpenDocument { document, version, batch, pages, mrn, questions: open.exceptions.iter().map(question).collect() }
}
