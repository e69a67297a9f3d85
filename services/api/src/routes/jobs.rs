//! `/api/v1/jobs`: a worker claims a page, fetches its image, and hands its text back.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use catalog::{Claimed, Retry};
use record::limits;
use record::timing::Timing;
use record::wire::{Claim, Failure, Job, QueueLength, TIMING_HEADER};

use crate::checks;
use crate::deliveries::{self, deliver, held, lost};
use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::state::App;

/// A page to read, held for `lease_seconds`.
#[utoipa::path(post, path = "/api/v1/jobs/claim", tag = "work",
    request_body(content = Object, description = "`Claim`: worker"),
    responses((status = 200, description = "`Job`", body = Object), (status = 204, description = "nothing to do")))]
pub async fn claim(app: web::Data<App>, body: web::Json<Claim>) -> Reply<HttpResponse> {
    if body.worker.chars().count() > limits::NAME_CHARS_MAX {
        return Err(Problem::refused(
            "worker-name",
            format!("a worker's name has at most {} characters", limits::NAME_CHARS_MAX),
        ));
    }
    let Some(Claimed { job, attempt, priority, page, .. }) =
        app.catalog.claim(&body.worker, app.now(), limits::LEASE_SECONDS).await?
    else {
        return Ok(HttpResponse::NoContent().finish());
    };
    Ok(HttpResponse::Ok().json(Job {
        job,
        document: page.document,
        page: page.page,
        media_type: page.media_type,
        width: page.width,
        height: page.height,
        dpi: page.dpi,
        attempt,
        priority: priority as u8,
        brought: page.brought.is_some(),
        lease_seconds: limits::LEASE_SECONDS,
    }))
}

/// The master image of the claimed page.
#[utoipa::path(get, path = "/api/v1/jobs/{job}/image", tag = "work", params(("job" = String, Path)),
    responses((status = 200, description = "the bytes as captured"), (status = 410, description = "the claim is over")))]
pub async fn image(app: web::Data<App>, job: web::Path<String>) -> Reply<HttpResponse> {
    let claimed = held(&app, &job).await?.ok_or_else(lost)?;
    let bytes = app.archive.read(&claimed.page.image).await?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, claimed.page.media_type)).body(bytes))
}

/// The words that the claimed page brought along in its file, as ALTO.
#[utoipa::path(get, path = "/api/v1/jobs/{job}/brought", tag = "work", params(("job" = String, Path)),
    responses((status = 200, description = "ALTO", content_type = "application/xml"),
        (status = 404, description = "it brought none"), (status = 410, description = "the claim is over")))]
pub async fn brought(app: web::Data<App>, job: web::Path<String>) -> Reply<HttpResponse> {
    let claimed = held(&app, &job).await?.ok_or_else(lost)?;
    let words = claimed.page.brought.ok_or_else(Problem::absent)?;
    let bytes = app.archive.read(&words).await?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "application/xml")).body(bytes))
}

/// The worker is alive: the lease is whole again.
#[utoipa::path(post, path = "/api/v1/jobs/{job}/beat", tag = "work", params(("job" = String, Path)),
    responses((status = 204), (status = 410, description = "the claim is over")))]
pub async fn beat(app: web::Data<App>, job: web::Path<String>) -> Reply<HttpResponse> {
    let held = app.catalog.beat(&job, app.now(), limits::LEASE_SECONDS).await?;
    if held { Ok(HttpResponse::NoContent().finish()) } else { Err(lost()) }
}

/// The page's text as ALTO, in pixels of the master. The same again is no second reading.
#[utoipa::path(post, path = "/api/v1/jobs/{job}/text", tag = "work", params(("job" = String, Path),
        ("chartroom-timing" = Option<String>, Header, description = "what each step took: `decode=microseconds,…`")),
    request_body(content = String, content_type = "application/xml"),
    responses((status = 204), (status = 410, description = "the claim is over"),
        (status = 422, description = "it is no ALTO of this page, or no timing")))]
pub async fn text(
    app: web::Data<App>,
    caller: Caller,
    job: web::Path<String>,
    request: HttpRequest,
    body: Bytes,
) -> Reply<HttpResponse> {
    let timing = timing(&request)?;
    let _all = app.stays().await;
    if let Some(Claimed { page, trial, .. }) = held(&app, &job).await? {
        let text = checks::text(&body, page.width, page.height)?;
        if let Some(trial) = trial {
            deliveries::compare(&app, &job, trial, &page, &text, timing).await?;
            return Ok(HttpResponse::NoContent().finish());
        }
        let event = deliveries::reading(&app, &page, &text, body).await?;
        deliver(&app, caller.actor, &job, event).await?;
        count_read(timing);
    }
    Ok(HttpResponse::NoContent().finish())
}

fn timing(request: &HttpRequest) -> Reply<Timing> {
    let text = request.headers().get(TIMING_HEADER).map_or(Ok(""), |value| value.to_str());
    let timing = text.ok().and_then(|text| text.parse().ok());
    timing.ok_or_else(|| Problem::refused("timing", "the time of the steps is not of the form step=microseconds"))
}

fn count_read(timing: Timing) {
    metrics::counter!("chartroom_pages_read_total").increment(1);
    for (step, took) in timing.steps() {
        // A counter that grows by fractions: Prometheus takes it, and the exporter shows a gauge as it is.
        metrics::gauge!("chartroom_read_step_seconds_total", "step" => step.as_str()).increment(took.as_secs_f64());
    }
}

/// The worker could not read the page. After three times of its own fault a person has to look.
#[utoipa::path(post, path = "/api/v1/jobs/{job}/failure", tag = "work", params(("job" = String, Path)),
    request_body(content = Object, description = "`Failure`: reason"),
    responses((status = 204), (status = 410, description = "the claim is over")))]
pub async fn failure(
    app: web::Data<App>,
    caller: Caller,
    job: web::Path<String>,
    body: web::Json<Failure>,
) -> Reply<HttpResponse> {
    let Some(Claimed { page, trial, .. }) = held(&app, &job).await? else {
        return Ok(HttpResponse::NoContent().finish());
    };
    match app.catalog.fail(&job, body.reason, app.now()).await? {
        Retry::Lost => return Err(lost()),
        Retry::At(_) => app.catalog.delivered(&job, app.now()).await?,
        Retry::GiveUp if trial.is_some() => deliveries::failed_trial(&app, &job, trial, &page).await?,
        Retry::GiveUp => {
            deliver(&app, caller.actor, &job, deliveries::given_up(&page, body.reason)).await?;
            metrics::counter!("chartroom_pages_given_up_total").increment(1);
        }
    }
    metrics::counter!("chartroom_attempts_failed_total", "reason" => body.reason.as_str()).increment(1);
    Ok(HttpResponse::NoContent().finish())
}

/// The worker stops and has not begun to read the page: another may have it at once, and it was no attempt.
#[utoipa::path(post, path = "/api/v1/jobs/{job}/release", tag = "work", params(("job" = String, Path)),
    responses((status = 204), (status = 410, description = "the claim is over")))]
pub async fn release(app: web::Data<App>, job: web::Path<String>) -> Reply<HttpResponse> {
    if app.catalog.release(&job).await? { Ok(HttpResponse::NoContent().finish()) } else { Err(lost()) }
}

/// How many pages there are to read.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "work",
    responses((status = 200, description = "`QueueLength`", body = Object)))]
pub async fn length(app: web::Data<App>) -> Reply<web::Json<QueueLength>> {
    let waiting = app.catalog.waiting().await?.iter().map(|waiting| waiting.pages).sum();
    Ok(web::Json(QueueLength { waiting }))
}
