//! `/api/v1/frames`: which page is that frame of that reel? And the same for people: `/frames` opens it. What the strip shows
//! around it, and how it is cut another way.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use catalog::Document;
use record::event::ViewForm;
use record::words::Box as Place;
use record::{DocumentId, Mrn, PageId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::documents::{NewVersion, if_match};
use super::named;
use crate::grouping::{self, Beginning};
use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::state::App;
use crate::strips::Film;
use crate::{reach, recut, strips, views};

/// Frames on either side that are seen with one on its strip.
const NEIGHBOURS: u32 = 2;
/// Pixels of a side of what is shown of a strip.
const STRIP_SIDE: u32 = 1_600;

/// An address on film.
#[derive(Deserialize, IntoParams)]
pub struct Address {
    /// The reel's label.
    reel: String,
    /// From 1, in reel order.
    frame: u32,
    /// `on` or `back`: where the frame is in no document, a target or a leader, the next one that way.
    #[param(value_type = Option<String>)]
    crank: Option<Crank>,
}

/// The way a film reader is cranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Crank {
    On,
    Back,
}

/// A page that is the frame. More than one where a reel was filmed, or taken in, twice.
#[derive(Serialize, ToSchema)]
pub struct FrameHit {
    #[schema(value_type = String)]
    pub document: DocumentId,
    #[schema(value_type = String)]
    pub page: PageId,
    /// 1-based place in the document.
    pub number: u32,
    /// Its number on the reel.
    pub frame: u32,
}

#[derive(Serialize, ToSchema)]
pub struct Frames {
    pub frames: Vec<FrameHit>,
}

/// The pages that are this frame of this reel, of documents that the caller may see.
#[utoipa::path(get, path = "/api/v1/frames", tag = "retrieval", params(Address),
    responses((status = 200, body = Frames)))]
pub async fn find(app: web::Data<App>, caller: Caller, address: web::Query<Address>) -> Reply<HttpResponse> {
    let frames = seen(&app, &caller, &address).await?;
    Ok(HttpResponse::Ok().json(Frames { frames }))
}

/// Opens the frame in the viewer.
pub async fn open(app: web::Data<App>, caller: Caller, address: web::Query<Address>) -> Reply<HttpResponse> {
    let frames = seen(&app, &caller, &address).await?;
    let FrameHit { document, number, .. } = frames.into_iter().next().ok_or_else(Problem::absent)?;
    let place = crate::pages::viewer(document, number, "");
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, place)).finish())
}

async fn seen(app: &App, caller: &Caller, address: &Address) -> Reply<Vec<FrameHit>> {
    let Address { reel, frame, crank } = address;
    let frame = match crank {
        Some(crank) => app.catalog.frame_near(reel, *frame, *crank == Crank::On, !caller.scope().admits(false)).await?,
        None => Some(*frame),
    };
    let Some(frame) = frame else { return Ok(Vec::new()) };
    let found = app.catalog.frames(reel, frame).await?;
    let visible = found.into_iter().filter(|(document, _)| caller.scope().admits(document.filed));
    Ok(visible
        .map(|(document, page)| FrameHit { document: document.document, page: page.page, number: page.number, frame })
        .collect())
}

/// A part of a strip, in its pixels.
#[derive(Deserialize, IntoParams)]
pub struct Part {
    x: u32,
    y: u32,
    w: u32,
    h: u32,
}

/// What the strip that the page was cut out of shows there, as a JPEG for the screen.
#[utoipa::path(get, path = "/api/v1/pages/{page}/strip", tag = "oversight", params(("page" = String, Path), Part),
    responses((status = 200, content_type = "image/jpeg"), (status = 404), (status = 422, description = "the page was not cut out of a strip")))]
pub async fn strip(
    app: web::Data<App>,
    caller: Caller,
    page: web::Path<String>,
    part: web::Query<Part>,
) -> Reply<HttpResponse> {
    let (document, page) = reach::page(&app, &caller, named(&page)?).await?;
    let (film, _) = on_film(&app, &document, page.page).await?;
    see_neighbours(&app, &caller, &document, &page).await?;
    let Part { x, y, w, h } = part.into_inner();
    let drawn = app.rasters.apart(move || film.drawn(Place { x, y, w, h }, STRIP_SIDE)).await?;
    Ok(HttpResponse::Ok().content_type("image/jpeg").body(drawn))
}

/// The film of a page of the newest version, and where on it the page lies.
pub async fn on_film(app: &App, document: &Document, page: PageId) -> Reply<(Film, Place)> {
    let manifest = app.archive.manifest(&document.manifest).await?;
    let entry = manifest.pages.iter().find(|entry| entry.page == page).ok_or_else(Problem::absent)?;
    Ok((Film::of(app, &manifest, entry).await?, strips::lying(entry)?.place))
}

/// Who looks at a frame on its strip sees those beside it, too.
async fn see_neighbours(app: &App, caller: &Caller, document: &Document, page: &catalog::Page) -> Reply<()> {
    views::log(app, caller, document.document, Some(page.page), ViewForm::Screen).await?;
    let (Some(reel), Some(frame)) = (&document.reel, page.frame) else { return Ok(()) };
    for near in frame.saturating_sub(NEIGHBOURS)..=frame.saturating_add(NEIGHBOURS) {
        for (document, page) in app.catalog.frames(reel, near).await? {
            views::log(app, caller, document.document, Some(page.page), ViewForm::Screen).await?;
        }
    }
    Ok(())
}

/// Where a frame is to be cut out of its strip.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recut {
    /// `{x, y, w, h}` in pixels of the strip; two where the frame is two.
    #[schema(value_type = Vec<Object>)]
    cuts: Vec<Place>,
}

/// Cuts a frame of film another way out of its strip: the next version of its document. The version before it stays.
#[utoipa::path(post, path = "/api/v1/documents/{document}/pages/{page}/cuts", tag = "oversight",
    params(("document" = String, Path), ("page" = String, Path),
        ("if-match" = String, Header, description = "the version looked at, as `\"2\"`")),
    request_body = Recut,
    responses((status = 200, body = NewVersion), (status = 404), (status = 412, description = "it was changed meanwhile"),
        (status = 422, description = "it cannot be cut so")))]
pub async fn cut(
    app: web::Data<App>,
    caller: Caller,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    body: web::Json<Recut>,
) -> Reply<web::Json<NewVersion>> {
    let (document, page) = (named(&path.0)?, named(&path.1)?);
    let version = recut::recut(&app, &caller, document, if_match(&request)?, page, body.into_inner().cuts).await?;
    Ok(web::Json(NewVersion { version }))
}

/// Where documents begin among the pages of one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Grouping {
    begins: Vec<Begin>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// The first page, as it is numbered in the document; that of the first document is 1.
    number: u32,
    /// Whose it is; an exception where nobody is named.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    mrn: Option<Mrn>,
}

/// The documents that it became; the first one is the one it was, as its next version.
#[derive(Serialize, ToSchema)]
pub struct Grouped {
    #[schema(value_type = Vec<String>)]
    documents: Vec<DocumentId>,
}

/// Groups the frames of a document into several, by where a person says that they begin. What was read on them goes along.
#[utoipa::path(post, path = "/api/v1/documents/{document}/groups", tag = "oversight",
    params(("document" = String, Path), ("if-match" = String, Header, description = "the version looked at, as `\"2\"`")),
    request_body = Grouping,
    responses((status = 200, body = Grouped), (status = 404), (status = 412, description = "it was changed meanwhile"),
        (status = 422, description = "it cannot be grouped so")))]
pub async fn group(
    app: web::Data<App>,
    caller: Caller,
    document: web::Path<String>,
    request: HttpRequest,
    body: web::Json<Grouping>,
) -> Reply<web::Json<Grouped>> {
    let begins: Vec<Beginning> =
        body.into_inner().begins.into_iter().map(|Begin { number, mrn }| Beginning { number, mrn }).collect();
    let documents = grouping::group(&app, &caller, named(&document)?, if_match(&request)?, begins).await?;
    Ok(web::Json(Grouped { documents }))
}

/// Takes the grouping back that made the newest version: the next one is the document as it was before.
#[utoipa::path(post, path = "/api/v1/documents/{document}/whole", tag = "oversight",
    params(("document" = String, Path), ("if-match" = String, Header, description = "the version looked at, as `\"2\"`")),
    responses((status = 200, body = NewVersion), (status = 404), (status = 409, description = "it did not come from grouping"),
        (status = 412, description = "it was changed meanwhile")))]
pub async fn put_back(
    app: web::Data<App>,
    caller: Caller,
    document: web::Path<String>,
    request: HttpRequest,
) -> Reply<web::Json<NewVersion>> {
    let version = grouping::put_back(&app, &caller, named(&document)?, if_match(&request)?).await?;
    Ok(web::Json(NewVersion { version }))
}
