//! `PUT /api/v1/batches/{batch}/documents/{document}`: a station hands a document over.

use actix_web::{HttpResponse, web};
use record::wire::HandOver;

use super::named;
use crate::identity::Caller;
use crate::problem::Reply;
use crate::seal;
use crate::state::App;

/// Seals a document whose bytes have been uploaded. The same again gives the same receipt.
#[utoipa::path(put, path = "/api/v1/batches/{batch}/documents/{document}", tag = "capture",
    params(("batch" = String, Path), ("document" = String, Path)),
    request_body(content = Object, description = "`HandOver`: source, originals, pages, fields"),
    responses((status = 201, description = "`Sealed`: receipt and manifest", body = Object),
        (status = 200, description = "sealed before; the first receipt's event, proven anew", body = Object),
        (status = 409, description = "the document exists with other pages, or the batch is closed"),
        (status = 503, description = "it is being sealed on another line: ask again after `Retry-After` seconds"),
        (status = 422, description = "a page is refused; `page` says which")))]
pub async fn take(
    app: web::Data<App>,
    caller: Caller,
    path: web::Path<(String, String)>,
    offer: web::Json<HandOver>,
) -> Reply<HttpResponse> {
    let (batch, document) = (named(&path.0)?, named(&path.1)?);
    let (sealed, new) = seal::hand_over(&app, &caller, batch, document, offer.into_inner()).await?;
    Ok(if new { HttpResponse::Created().json(sealed) } else { HttpResponse::Ok().json(sealed) })
}
