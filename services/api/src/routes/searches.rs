//! `/api/v1/searches`: searches that the caller keeps, and what is new to them.

use actix_web::{HttpResponse, web};
use record::saved::KeepSearch;

use super::named;
use crate::identity::Caller;
use crate::problem::Reply;
use crate::saved::{self, Standing};
use crate::state::App;

/// The caller's own, in the order in which they were kept.
#[utoipa::path(get, path = "/api/v1/searches", tag = "retrieval", responses((status = 200, body = Vec<Standing>)))]
pub async fn list(app: web::Data<App>, caller: Caller) -> Reply<web::Json<Vec<Standing>>> {
    Ok(web::Json(saved::all(&app, &caller).await?))
}

/// Keeps a search: what it finds now counts as seen.
#[utoipa::path(post, path = "/api/v1/searches", tag = "retrieval",
    request_body(content = Object, description = "`KeepSearch`: name, query, as in `q=fever&type=LETTER`"),
    responses((status = 200, body = Standing), (status = 409), (status = 422)))]
pub async fn keep(app: web::Data<App>, caller: Caller, body: web::Json<KeepSearch>) -> Reply<web::Json<Standing>> {
    Ok(web::Json(saved::keep(&app, &caller, body.into_inner()).await?))
}

/// What it finds now counts as seen.
#[utoipa::path(post, path = "/api/v1/searches/{search}/seen", tag = "retrieval", params(("search" = String, Path)),
    responses((status = 204), (status = 404)))]
pub async fn seen(app: web::Data<App>, caller: Caller, search: web::Path<String>) -> Reply<HttpResponse> {
    saved::look(&app, &caller, named(&search)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Keeps it no longer.
#[utoipa::path(post, path = "/api/v1/searches/{search}/drop", tag = "retrieval", params(("search" = String, Path)),
    responses((status = 204), (status = 404)))]
pub async fn drop(app: web::Data<App>, caller: Caller, search: web::Path<String>) -> Reply<HttpResponse> {
    saved::drop(&app, &caller, named(&search)?).await?;
    Ok(HttpResponse::NoContent().finish())
}
