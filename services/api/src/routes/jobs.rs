//! `/api/v1/work`: a worker claims a page, fetches its image, and hands its text back.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use bytes::Bytes;
use catalog::{Claimed, Retry};
use formats::alto;
use record::wire::{Claim, Failure, Job};
use record::words::PageText;
use record::{EventKind, limits};

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
    let Some(Claimed { job, attempt, page }) =
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
        lease_seconds: limits::LEASE_SECONDS,
    }))
}

async fn held(app: &App, job: &str) -> Reply<Claimed> {
    app.catalog.by_job(job).await?.ok_or_else(lost)
}

fn lost() -> Problem {
    Problem::gone("this claim is over, the page has passed to another or is read: claim the next one")
}

/// The master image of the claimed page.
#[utoipa::path(get, path = "/api/v1/jobs/{job}/image", tag = "work", params(("job" = String, Path)),
    responses((status = 200, description = "the bytes as captured"), (status = 410, description = "the claim is over")))]
pub async fn image(app: web::Data<App>, job: web::Path<String>) -> Reply<HttpResponse> {
    let claimed = held(&app, &job).await?;
    let bytes = app.archive.read(&claimed.page.image).await?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, claimed.page.media_type)).body(bytes))
}

/// The worker is alive: the lease is whole again.
#[utoipa::path(post, path = "/api/v1/jobs/{job}/beat", tag = "work", params(("job" = String, Path)),
    responses((status = 204), (status = 410, description = "the claim is over")))]
pub async fn beat(app: web::Data<App>, job: web::Path<String>) -> Reply<HttpResponse> {
    let held = app.catalog.beat(&job, app.now(), limits::LEASE_SECONDS).await?;
    if held { Ok(HttpResponse::NoContent().finish()) } else { Err(lost()) }
}

/// The page's text as ALTO, in pixels of the master.
#[utoipa::path(post, path = "/api/v1/jobs/{job}/text", tag = "work", params(("job" = String, Path)),
    request_body(content = String, content_type = "application/xml"),
    responses((status = 204), (status = 410, description = "the claim is over"),
        (status = 422, description = "it is no ALTO of this page")))]
pub async fn text(app: web::Data<App>, caller: Caller, job: web::Path<String>, body: Bytes) -> Reply<HttpResponse> {
    let Claimed { page, .. } = held(&app, &job).await?;
    let text = understood(&page, &body)?;
    let event = EventKind::Read {
        document: page.document,
        page: page.page,
        words: u32::try_from(text.words().count()).unwrap_or(u32::MAX),
        confidence: text.confidence(),
        text: app.archive.put("application/alto+xml", body).await?.digest,
        attention: text.attention.first().map(|attention| attention.reason),
        generation: text.engine.generation,
    };
    app.append_one(caller.actor, event).await?;
    metrics::counter!("chartroom_pages_read_total").increment(1);
    Ok(HttpResponse::NoContent().finish())
}

/// The text, where it is ALTO and of this page: same size, and everything inside.
fn understood(page: &catalog::Page, body: &Bytes) -> Reply<PageText> {
    if body.len() > limits::PAGE_TEXT_BYTES_MAX {
        return Err(Problem::too_large("a page's text may have 16 MiB"));
    }
    let text = alto::parse(body).map_err(|_| Problem::refused("alto", "this is no ALTO 4 that can be understood"))?;
    if (text.width, text.height) != (page.width, page.height) {
        return Err(Problem::refused("alto-size", "the text is of a page of another size"));
    }
    let places = text.words().map(|word| word.place).chain(text.attention.iter().map(|attention| attention.place));
    let inside = places.into_iter().all(|place| {
        let (right, down) = (place.x.checked_add(place.w), place.y.checked_add(place.h));
        right.is_some_and(|right| right <= page.width) && down.is_some_and(|down| down <= page.height)
    });
    if !inside || text.words().count() > limits::PAGE_WORDS_MAX {
        return Err(Problem::refused("alto-words", "something lies outside the page, or there are too many words"));
    }
    Ok(text)
}

/// The worker could not read the page. After three times a person has to look.
#[utoipa::path(post, path = "/api/v1/jobs/{job}/failure", tag = "work", params(("job" = String, Path)),
    request_body(content = Object, description = "`Failure`: reason"),
    responses((status = 204), (status = 410, description = "the claim is over")))]
pub async fn failure(
    app: web::Data<App>,
    caller: Caller,
    job: web::Path<String>,
    body: web::Json<Failure>,
) -> Reply<HttpResponse> {
    let Claimed { page, .. } = held(&app, &job).await?;
    match app.catalog.fail(&job, body.reason, app.now()).await? {
        Retry::Lost => return Err(lost()),
        Retry::At(_) => {}
        Retry::GiveUp => {
            let event = EventKind::Unreadable { document: page.document, page: page.page, reason: body.reason };
            app.append_one(caller.actor, event).await?;
            metrics::counter!("chartroom_pages_unreadable_total").increment(1);
        }
    }
    Ok(HttpResponse::NoContent().finish())
}
