//! `/api/v1/frames`: which page is that frame of that reel? And the same for people: `/frames` opens it.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use record::{DocumentId, PageId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::state::App;

/// An address on film.
#[derive(Deserialize, IntoParams)]
pub struct Address {
    /// The reel's label.
    reel: String,
    /// From 1, in reel order.
    frame: u32,
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
    let place = format!("/documents/{document}?page={number}");
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, place)).finish())
}

async fn seen(app: &App, caller: &Caller, address: &Address) -> Reply<Vec<FrameHit>> {
    let found = app.catalog.frames(&address.reel, address.frame).await?;
    let visible = found.into_iter().filter(|(document, _)| caller.scope().admits(document.filed));
    Ok(visible
        .map(|(document, page)| FrameHit { document: document.document, page: page.page, number: page.number })
        .collect())
}
