//! Which address does what?

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use actix_web::error::JsonPayloadError;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use look::{Asset, CSS, Files, JS};
use record::{BatchId, Digest};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::desk::Desk;
use super::pictures::picture;
use super::start::Start;
use super::work;
use crate::cli::BatchAction;
use crate::commands::devices;
use crate::report::sentence;

/// How long a browser waits for news before it asks again.
const NEWS_WITHIN: Duration = Duration::from_secs(20);
const NEWS_EVERY: Duration = Duration::from_millis(150);
/// Page images that are scaled at the same time: each takes the memory of a page.
static SCALING: Semaphore = Semaphore::const_new(2);

macro_rules! files {
    ($($name:literal $kind:ident)*) => {
        Files::with([$(Asset::new($name, $kind, include_bytes!(concat!("../../../static/", $name)))),*])
    };
}

static FILES: LazyLock<Files> = LazyLock::new(|| {
    files! {
        "station.css" CSS "draw.js" JS "ask.js" JS "gun.js" JS "dialogs.js" JS "home.js" JS "batch.js" JS "side.js" JS
        "bench.js" JS "ribbon.js" JS "frame.js" JS
    }
});
const HOME: &str = include_str!("../../../static/home.html");
const BATCH: &str = include_str!("../../../static/batch.html");
const BENCH: &str = include_str!("../../../static/bench.html");

pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(|| html(HOME)))
        .route("/batches/{batch}", web::get().to(|| html(BATCH)))
        .route("/batches/{batch}/film", web::get().to(|| html(BENCH)))
        .route("/static/{name:.*}", web::get().to(file))
        .route("/api/state", web::get().to(state))
        .route("/api/devices", web::get().to(list_devices))
        .route("/api/work", web::post().to(start))
        .route("/api/work/{number}/stop", web::post().to(stop))
        .route("/api/batches/{batch}", web::get().to(show))
        .route("/api/batches/{batch}", web::post().to(act))
        .route("/api/batches/{batch}/account", web::get().to(account))
        .route("/api/batches/{batch}/images/{image}", web::get().to(image))
        .route("/api/batches/{batch}/strips/{strip}", web::get().to(ribbon))
        .route("/api/batches/{batch}/strips/{strip}/{piece}", web::get().to(piece));
}

/// What cannot be done, in a sentence for whoever is at the desk.
#[derive(Debug)]
struct Refused(String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl ResponseError for Refused {
    fn error_response(&self) -> HttpResponse {
        HttpResponse::UnprocessableEntity().body(self.0.clone())
    }
}

impl From<anyhow::Error> for Refused {
    fn from(error: anyhow::Error) -> Self {
        Self(sentence(&format!("{error:#}")))
    }
}

pub fn misread(error: &JsonPayloadError) -> actix_web::Error {
    Refused(sentence(&format!("the page has sent something else than this program takes ({error}); load it again")))
        .into()
}

async fn html(text: &'static str) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8")).body(text)
}

async fn file(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    let Some(asset) = FILES.find(&name) else { return HttpResponse::NotFound().finish() };
    let (tag, caching) = (asset.tag(), asset.caching(request.query_string()));
    let known = request.headers().get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, caching));
    if known {
        return answer.finish();
    }
    answer.insert_header((header::CONTENT_TYPE, asset.media_type)).body(asset.bytes)
}

/// Work that reads or writes disks, beside the threads that answer.
async fn apart<T: Serialize + Send + 'static>(
    desk: web::Data<Desk>,
    work: impl FnOnce(&Arc<Desk>) -> anyhow::Result<T> + Send + 'static,
) -> Result<HttpResponse, Refused> {
    let done = web::block(move || work(&desk.into_inner())).await;
    let done = done.map_err(|_| Refused("The station is being stopped.".into()))?;
    Ok(HttpResponse::Ok().json(done?))
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    since: String,
}

/// Answers when there is something else to show than the browser has.
async fn state(desk: web::Data<Desk>, since: web::Query<Since>) -> Result<HttpResponse, Refused> {
    let until = Instant::now() + NEWS_WITHIN;
    while desk.tag()? == since.since && Instant::now() < until {
        tokio::time::sleep(NEWS_EVERY).await;
    }
    apart(desk, |desk| desk.overview()).await
}

async fn list_devices(desk: web::Data<Desk>) -> Result<HttpResponse, Refused> {
    apart(desk, |_| devices::found()).await
}

async fn start(desk: web::Data<Desk>, body: web::Json<Start>) -> Result<HttpResponse, Refused> {
    apart(desk, |desk| work::start(desk, body.into_inner())).await
}

async fn stop(desk: web::Data<Desk>, number: web::Path<u32>) -> HttpResponse {
    work::stop(&desk, *number);
    HttpResponse::NoContent().finish()
}

async fn show(desk: web::Data<Desk>, batch: web::Path<BatchId>) -> Result<HttpResponse, Refused> {
    apart(desk, move |desk| desk.report(*batch)).await
}

/// To be printed: a page that needs nothing else.
async fn account(desk: web::Data<Desk>, batch: web::Path<BatchId>) -> Result<HttpResponse, Refused> {
    apart(desk, move |desk| desk.account(*batch)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    #[serde(default)]
    by: Option<String>,
    action: BatchAction,
}

async fn act(desk: web::Data<Desk>, batch: web::Path<BatchId>, body: web::Json<Act>) -> Result<HttpResponse, Refused> {
    apart(desk, move |desk| desk.act(*batch, &body.action, body.by.as_deref().filter(|by| !by.is_empty()))).await
}

#[derive(Deserialize)]
struct Width {
    width: u32,
}

async fn image(
    desk: web::Data<Desk>,
    path: web::Path<(BatchId, Digest)>,
    wanted: web::Query<Width>,
) -> Result<HttpResponse, Refused> {
    let _turn = SCALING.acquire().await.map_err(|_| Refused("The station is being stopped.".into()))?;
    let (batch, name) = path.into_inner();
    let jpeg = web::block(move || picture(&desk, batch, &name, wanted.width)).await;
    let jpeg = jpeg.map_err(|_| Refused("The station is being stopped.".into()))?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "image/jpeg")).body(jpeg?))
}

async fn ribbon(desk: web::Data<Desk>, path: web::Path<(BatchId, u32)>) -> Result<HttpResponse, Refused> {
    apart(desk, move |desk| desk.ribbon(path.0, path.1)).await
}

async fn piece(desk: web::Data<Desk>, path: web::Path<(BatchId, u32, usize)>) -> Result<HttpResponse, Refused> {
    let jpeg = web::block(move || desk.piece(path.0, path.1, path.2)).await;
    let jpeg = jpeg.map_err(|_| Refused("The station is being stopped.".into()))?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "image/jpeg")).body(jpeg?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_script_needs_the_policy_loosened_and_every_file_is_there() {
        assert_eq!(FILES.unruly(), Vec::<&str>::new());
        for page in [HOME, BATCH, BENCH] {
            for name in page.split("/static/").skip(1).filter_map(|rest| rest.split(['"', '#']).next()) {
                assert!(FILES.find(name).is_some(), "{name} is not served");
            }
            assert!(!page.contains("onclick") && !page.contains("<style"), "nothing inline");
        }
    }
}
