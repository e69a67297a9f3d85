//! `/api/v1/ledger`: what an auditor reads, and what a station checks its receipts with.
//!
//! A bucket can be checked whole with `chartroom-verify`; these are for looking from afar.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use record::log_key::KeyChange;
use record::{Event, Receipt};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::named;
use crate::problem::{Problem, Reply};
use crate::state::App;

/// Events in one answer.
const EVENTS_MAX: usize = 1_000;

fn plain(text: String) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8")).body(text)
}

/// The log's public key, in the form other people's verifiers read.
#[utoipa::path(get, path = "/api/v1/ledger/key", tag = "ledger",
    responses((status = 200, content_type = "text/plain", body = String)))]
pub async fn key(app: web::Data<App>) -> HttpResponse {
    plain(format!("{}\n", app.archive.key()))
}

/// How the log came to this key: a receipt for each change, signed with the old key and the new one; oldest first.
#[utoipa::path(get, path = "/api/v1/ledger/keys", tag = "ledger",
    responses((status = 200, description = "`Receipt`s", body = Vec<Object>)))]
pub async fn keys(app: web::Data<App>) -> Reply<HttpResponse> {
    let list = KeyChange::to_list(app.archive.key_changes().await?);
    let list = list.map_err(|error| Problem::unavailable("archive", &error))?;
    Ok(HttpResponse::Ok().content_type(header::ContentType::json()).body(list))
}

/// The signed head of the log: a C2SP checkpoint.
#[utoipa::path(get, path = "/api/v1/ledger/checkpoint", tag = "ledger",
    responses((status = 200, content_type = "text/plain", body = String)))]
pub async fn checkpoint(app: web::Data<App>) -> HttpResponse {
    plain(app.archive.checkpoint())
}

#[derive(Deserialize, IntoParams)]
pub struct Range {
    /// The first event's number, from 0.
    #[serde(default)]
    from: u64,
    /// At most so many; 1 to 1,000.
    #[serde(default = "hundred")]
    most: usize,
}

fn hundred() -> usize {
    100
}

#[derive(Serialize, ToSchema)]
pub struct Events {
    /// How many events there are.
    pub size: u64,
    /// Those from `from` on, in order.
    #[schema(value_type = Vec<Object>)]
    pub events: Vec<Numbered>,
}

#[derive(Serialize)]
pub struct Numbered {
    pub index: u64,
    #[serde(flatten)]
    pub event: Event,
}

/// Events in order: ids, digests and codes; no patient data is in the ledger.
#[utoipa::path(get, path = "/api/v1/ledger/events", tag = "ledger", params(Range), responses((status = 200, body = Events)))]
pub async fn events(app: web::Data<App>, range: web::Query<Range>) -> Reply<web::Json<Events>> {
    let events = app.archive.events(range.from, range.most.clamp(1, EVENTS_MAX)).await?;
    let events = (range.from..).zip(events).map(|(index, event)| Numbered { index, event }).collect();
    Ok(web::Json(Events { size: app.archive.size(), events }))
}

/// The receipt of any event, to the current checkpoint.
#[utoipa::path(get, path = "/api/v1/ledger/events/{index}/proof", tag = "ledger", params(("index" = u64, Path)),
    responses((status = 200, description = "`Receipt`", body = Object), (status = 404)))]
pub async fn proof(app: web::Data<App>, index: web::Path<String>) -> Reply<web::Json<Receipt>> {
    let index: u64 = named(&index)?;
    if index >= app.archive.size() {
        return Err(Problem::absent());
    }
    Ok(web::Json(app.archive.proof(index).await?))
}
