//! What anybody may ask: is the server well, how busy is it, what can it do?

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use catalog::Priority;
use record::Timestamp;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{
    alarms, attention, batches, campaigns, corrections, destructions, documents, frames, handover, iiif, jobs, ledger,
    pages, patients, reels, search, searches, session, store, uploads,
};
use crate::state::App;

/// Whether each part answers. How much it holds is not anybody's business: see `/metrics`.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// Everything answers.
    pub ok: bool,
    pub archive: bool,
    pub catalog: bool,
}

/// Asks the archive and the catalog; 503 where one does not answer.
#[utoipa::path(get, path = "/healthz", tag = "open",
    responses((status = 200, body = Health), (status = 503, body = Health, description = "a part does not answer")))]
pub async fn health(app: web::Data<App>) -> HttpResponse {
    let archive = app.archive.refresh().await;
    let catalog = app.catalog.cursor().await;
    let (archive, catalog) = (archive.is_ok(), catalog.is_ok());
    let health = Health { ok: archive && catalog, archive, catalog };
    if health.ok { HttpResponse::Ok().json(health) } else { HttpResponse::ServiceUnavailable().json(health) }
}

/// Counters and gauges for Prometheus, which needs an auditor's token: sums only, no ids.
#[utoipa::path(get, path = "/metrics", tag = "ledger", responses((status = 200, content_type = "text/plain", body = String)))]
pub async fn metrics(app: web::Data<App>) -> HttpResponse {
    if let Ok(counts) = app.catalog.counts().await {
        let waiting = counts.oldest_queued.map_or(0, |since| seconds_since(&app, since));
        for (name, value) in [
            ("chartroom_documents", counts.documents),
            ("chartroom_documents_unfiled", counts.unfiled),
            ("chartroom_pages_waiting", counts.queued),
            ("chartroom_pages_read", counts.pages_read),
            ("chartroom_pages_unreadable", counts.pages_unreadable),
            ("chartroom_pages_attention", counts.pages_attention),
            ("chartroom_oldest_waiting_seconds", waiting),
        ] {
            metrics::gauge!(name).set(value as f64);
        }
    }
    if let Ok(waiting) = app.catalog.waiting().await {
        for priority in Priority::ALL {
            let these = waiting.iter().find(|waiting| waiting.priority == priority);
            let (pages, oldest) = these.map_or((0, 0), |these| (these.pages, seconds_since(&app, these.oldest)));
            metrics::gauge!("chartroom_queue_pages", "priority" => priority.as_str()).set(pages as f64);
            metrics::gauge!("chartroom_queue_oldest_seconds", "priority" => priority.as_str()).set(oldest as f64);
        }
    }
    if let Ok((damaged, repaired)) = app.catalog.damage_counts().await {
        metrics::gauge!("chartroom_objects_damaged").set(damaged as f64);
        metrics::gauge!("chartroom_objects_repaired").set(repaired as f64);
    }
    if let Ok(Some(last)) = app.catalog.last_scrub().await {
        metrics::gauge!("chartroom_scrub_ended_time_seconds").set(last.at.0 as f64 / 1000.0);
    }
    if let Some(replica) = app.fixity.replica() {
        metrics::gauge!("chartroom_replica_events").set(replica.events as f64);
        metrics::gauge!("chartroom_replica_behind_events").set(replica.behind as f64);
    }
    if let Some(pass) = app.fixity.pass() {
        metrics::gauge!("chartroom_scrub_events").set(pass.next_event as f64);
    }
    metrics::gauge!("chartroom_ledger_events").set(app.archive.size() as f64);
    metrics::gauge!("chartroom_index_events").set(app.follower.indexed() as f64);
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4")).body(app.metrics.render())
}

fn seconds_since(app: &App, then: Timestamp) -> u64 {
    (app.now().0 - then.0).max(0).unsigned_abs() / 1000
}

/// The description of the API.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Chartroom",
        description = "Charts from paper and film: captured, sealed, read, found, proven. \
        Errors are RFC 9457 problem documents. People send a session cookie, programs a bearer token."
    ),
    paths(
        health,
        metrics,
        description,
        session::log_in,
        session::whoami,
        session::log_out,
        session::change_password,
        ledger::key,
        ledger::keys,
        ledger::checkpoint,
        ledger::events,
        ledger::proof,
        store::show,
        uploads::create,
        uploads::offset,
        uploads::append,
        batches::open,
        batches::close,
        batches::status,
        batches::list,
        batches::exceptions,
        attention::list,
        corrections::post,
        alarms::list,
        alarms::dismiss,
        alarms::proposals,
        handover::take,
        patients::look_up,
        jobs::claim,
        jobs::image,
        jobs::brought,
        jobs::beat,
        jobs::text,
        jobs::failure,
        jobs::release,
        jobs::length,
        campaigns::list,
        campaigns::start,
        campaigns::set_state,
        campaigns::start_trial,
        campaigns::trial,
        destructions::list,
        destructions::due,
        destructions::plan,
        destructions::propose,
        destructions::again,
        destructions::approve,
        destructions::withdraw,
        destructions::holds,
        destructions::hold,
        destructions::release,
        search::search,
        search::export,
        search::words,
        searches::list,
        searches::keep,
        searches::seen,
        searches::drop,
        documents::show,
        documents::pdf,
        documents::proof,
        documents::bundle,
        documents::enter_fields,
        frames::find,
        frames::strip,
        frames::cut,
        frames::group,
        frames::put_back,
        reels::list,
        reels::show,
        reels::finding_aid,
        pages::words,
        pages::alto,
        pages::hocr,
        pages::text,
        pages::image,
        corrections::texts,
        iiif::info,
        iiif::image,
        iiif::manifest,
        iiif::search,
        iiif::search_1,
        iiif::complete,
        iiif::complete_1,
    )
)]
pub struct Api;

/// This description.
#[utoipa::path(get, path = "/api/openapi.json", tag = "open", responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub async fn description() -> web::Json<utoipa::openapi::OpenApi> {
    web::Json(Api::openapi())
}
