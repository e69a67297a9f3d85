//! Batches: what was captured in one go, and how far it has come.

use actix_web::{HttpRequest, HttpResponse, web};
use catalog::attention::Wanted;
use catalog::{Batch, Document};
use record::BatchId;

use super::attention::plain_row;
use super::exceptions;
use super::reply::{html, wants_part};
use super::search::href;
use super::view::attention::Part;
use super::view::batches::{
    AttentionPart, BatchPage, BatchRow, BatchRows, BatchSummary, BatchesPage, DocumentRow, RefusedRow,
};
use super::view::{Section, clock};
use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::routes::named;
use crate::state::App;

/// Batches on the list, newest first.
const LISTED: u32 = 100;
/// Pages for a person to look at, shown with their batch; the rest is on the list.
const ATTENTION: u32 = 10;

pub async fn list(app: web::Data<App>, caller: Caller, request: HttpRequest) -> Reply<HttpResponse> {
    let rows = app.catalog.batches(0, LISTED).await?.iter().map(row).collect();
    let rows = BatchRows { rows };
    if wants_part(&request) {
        return html(&rows);
    }
    html(&BatchesPage { frame: super::frame(&caller, "Batches", Some(Section::Batches)), rows })
}

pub async fn show(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    batch: web::Path<String>,
) -> Reply<HttpResponse> {
    let id: BatchId = named(&batch)?;
    let batch = app.catalog.batch(id).await?.ok_or_else(Problem::absent)?;
    let summary = BatchSummary { row: row(&batch) };
    if wants_part(&request) {
        return html(&summary);
    }
    let documents = app.catalog.documents_of_batch(id).await?;
    html(&BatchPage {
        frame: super::frame(&caller, &batch.name, Some(Section::Batches)),
        summary,
        attention: attention(&app, id).await?,
        exceptions: unfiled(&app, &batch, &documents).await?,
        refused: refused(&app, id).await?,
        documents: documents.iter().map(document_row).collect(),
    })
}

fn row(batch: &Batch) -> BatchRow {
    BatchRow { status: batch.status(), opened: clock(&batch.opened), station: batch.station.clone() }
}

fn document_row(document: &Document) -> DocumentRow {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    DocumentRow {
        href: href(document.document, 1, ""),
        document_type: text(document.document_type.as_ref().map(|kind| kind.reveal())),
        mrn: text(document.mrn.as_ref().map(|mrn| mrn.reveal())),
        date: document.date.map(|date| date.to_string()).unwrap_or_default(),
        pages: document.pages,
        filed: document.filed,
    }
}

/// Pages that a person has to look at: the first of the list narrowed to this batch.
async fn attention(app: &App, batch: BatchId) -> Reply<AttentionPart> {
    let part = Part { batch: batch.to_string(), ..Part::default() };
    let counts = app.catalog.attention_counts(Some(batch)).await?;
    let pages = app.catalog.attention(Wanted { batch: Some(batch), reason: None }, 0, ATTENTION).await?;
    Ok(AttentionPart {
        rows: pages.iter().map(|page| plain_row(page, &part)).collect(),
        total: counts.iter().map(|waiting| waiting.pages).sum(),
        href: part.href("/attention", &[]),
    })
}

async fn unfiled(app: &App, batch: &Batch, documents: &[Document]) -> Reply<Vec<super::view::batches::ExceptionRow>> {
    let mut rows = Vec::new();
    for document in documents.iter().filter(|document| !document.filed) {
        let open = app.catalog.exceptions_of(document.document).await?;
        rows.push(exceptions::row(app, document, &open, batch.name.clone()).await?);
    }
    Ok(rows)
}

async fn refused(app: &App, batch: BatchId) -> Reply<Vec<RefusedRow>> {
    let closed = app.catalog.batch_record(batch).await?.and_then(|record| record.closed);
    let refused = closed.map(|closed| closed.refused).unwrap_or_default();
    Ok(refused.into_iter().map(|one| RefusedRow { file: one.file, page: one.page, reason: one.reason }).collect())
}
