//! `/api/v1/uploads/{digest}`: bytes by pieces, in the manner of the IETF's resumable uploads.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use record::Digest;

use super::named;
use crate::problem::{Problem, Reply};
use crate::state::App;
use crate::uploads::{Piece, Progress};

const OFFSET: &str = "upload-offset";
const LENGTH: &str = "upload-length";
const COMPLETE: &str = "upload-complete";

/// How far an upload is.
#[utoipa::path(head, path = "/api/v1/uploads/{digest}", tag = "capture",
    params(("digest" = String, Path, description = "`sha256:<hex>` or the hex alone")),
    responses((status = 200, description = "`Upload-Offset`; whole with `Upload-Complete: ?1`"),
        (status = 404, description = "nothing has arrived yet")))]
pub async fn offset(app: web::Data<App>, digest: web::Path<String>) -> Reply<HttpResponse> {
    let digest = digest_of(&digest)?;
    let progress = app.uploads.progress(&app.archive, &digest).await?.ok_or_else(Problem::absent)?;
    Ok(answer(HttpResponse::Ok(), progress))
}

/// Takes the piece that begins at `Upload-Offset`; at most 8 MiB.
#[utoipa::path(patch, path = "/api/v1/uploads/{digest}", tag = "capture",
    params(("digest" = String, Path, description = "`sha256:<hex>` or the hex alone"),
        ("upload-offset" = u64, Header, description = "where the piece begins"),
        ("upload-length" = u64, Header, description = "bytes of the whole")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 204, description = "`Upload-Offset` is the new one"),
        (status = 409, description = "the upload stands at another offset, told in `Upload-Offset`"),
        (status = 422, description = "the whole has another digest")))]
pub async fn append(
    app: web::Data<App>,
    digest: web::Path<String>,
    request: HttpRequest,
    body: web::Payload,
) -> Reply<HttpResponse> {
    let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let piece = Piece {
        digest: digest_of(&digest)?,
        media_type: media_type.unwrap_or("application/octet-stream").to_owned(),
        offset: number(&request, OFFSET)?,
        length: number(&request, LENGTH)?,
    };
    let progress = app.uploads.take(&app.archive, &piece, body).await?;
    Ok(answer(HttpResponse::NoContent(), progress))
}

fn answer(mut response: actix_web::HttpResponseBuilder, progress: Progress) -> HttpResponse {
    match progress {
        Progress::Partial(offset) => response.insert_header((OFFSET, offset.to_string())),
        Progress::Whole(size) => response.insert_header((OFFSET, size.to_string())).insert_header((COMPLETE, "?1")),
    };
    response.finish()
}

fn number(request: &HttpRequest, name: &'static str) -> Reply<u64> {
    let value = request.headers().get(name).and_then(|value| value.to_str().ok());
    value
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Problem::malformed(format!("the header {name} must hold a number of bytes")))
}

fn digest_of(text: &str) -> Reply<Digest> {
    Digest::from_hex(text).or_else(|_| named(text))
}
