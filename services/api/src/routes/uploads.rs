//! `/api/v1/uploads`: bytes by pieces.
//!
//! Two manners lead to the same files. A station names the bytes by their digest and says with each piece how many they are
//! altogether, in the manner of the IETF's resumable uploads. Any client of tus 1.0 (<https://tus.io/protocols/resumable-upload>,
//! core and creation) says so once, with the digest as the metadata `sha256`, and sends `Tus-Resumable` with each request.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use record::Digest;

use super::named;
use crate::problem::{Problem, Reply};
use crate::state::App;
use crate::uploads::{Begun, Piece, Progress};

const OFFSET: &str = "upload-offset";
const LENGTH: &str = "upload-length";
const COMPLETE: &str = "upload-complete";
const METADATA: &str = "upload-metadata";
const TUS: &str = "tus-resumable";
const TUS_VERSION: &str = "1.0.0";
const TUS_PIECE: &str = "application/offset+octet-stream";

/// Begins an upload in the manner of tus.
#[utoipa::path(post, path = "/api/v1/uploads", tag = "capture",
    params(("tus-resumable" = String, Header, description = "1.0.0"),
        ("upload-length" = u64, Header, description = "bytes of the whole"),
        ("upload-metadata" = String, Header, description = "`sha256` (hex) and, if known, `filetype`; values in base64")),
    responses((status = 201, description = "`Location` is where the pieces go"),
        (status = 412, description = "another version of tus")))]
pub async fn create(app: web::Data<App>, request: HttpRequest) -> Reply<HttpResponse> {
    if !speaks_tus(&request)? {
        return Err(Problem::malformed("the header tus-resumable must say 1.0.0"));
    }
    let said = |name: &str| metadata(&request, name);
    let digest = said("sha256").ok_or_else(|| Problem::malformed("upload-metadata must hold sha256, in hex"))?;
    let digest = digest_of(&digest)?;
    let media_type =
        said("filetype").filter(|kind| !kind.is_empty()).unwrap_or_else(|| "application/octet-stream".into());
    let begun = Begun { media_type, length: number(&request, LENGTH)? };
    app.uploads.begin(&app.archive, digest, &begun).await?;
    let mut response = HttpResponse::Created();
    response.insert_header((TUS, TUS_VERSION));
    Ok(response.insert_header((header::LOCATION, format!("/api/v1/uploads/{}", digest.hex()))).finish())
}

/// How far an upload is.
#[utoipa::path(head, path = "/api/v1/uploads/{digest}", tag = "capture",
    params(("digest" = String, Path, description = "`sha256:<hex>` or the hex alone")),
    responses((status = 200, description = "`Upload-Offset`; whole with `Upload-Complete: ?1`"),
        (status = 404, description = "nothing has arrived yet")))]
pub async fn offset(app: web::Data<App>, digest: web::Path<String>) -> Reply<HttpResponse> {
    let digest = digest_of(&digest)?;
    let progress = app.uploads.progress(&app.archive, &digest).await?.ok_or_else(Problem::absent)?;
    let mut response = HttpResponse::Ok();
    response.insert_header((TUS, TUS_VERSION)).insert_header((header::CACHE_CONTROL, "no-store"));
    let length = match progress {
        Progress::Whole(size) => Some(size),
        Progress::Partial(_) => app.uploads.begun(&digest).await?.map(|begun| begun.length),
    };
    if let Some(length) = length {
        response.insert_header((LENGTH, length.to_string()));
    }
    Ok(answer(response, progress))
}

/// Takes the piece that begins at `Upload-Offset`.
#[utoipa::path(patch, path = "/api/v1/uploads/{digest}", tag = "capture",
    params(("digest" = String, Path, description = "`sha256:<hex>` or the hex alone"),
        ("upload-offset" = u64, Header, description = "where the piece begins"),
        ("upload-length" = Option<u64>, Header, description = "bytes of the whole; not needed in the manner of tus")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 204, description = "`Upload-Offset` is the new one"),
        (status = 409, description = "the upload stands at another offset, told in `Upload-Offset`"),
        (status = 503, description = "the same bytes are arriving on another line: ask again after `Retry-After` seconds"),
        (status = 415, description = "tus without its media type"),
        (status = 422, description = "the whole has another digest")))]
pub async fn append(
    app: web::Data<App>,
    digest: web::Path<String>,
    request: HttpRequest,
    body: web::Payload,
) -> Reply<HttpResponse> {
    let digest = digest_of(&digest)?;
    let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let Begun { media_type, length } = if speaks_tus(&request)? {
        if media_type != Some(TUS_PIECE) {
            return Ok(HttpResponse::UnsupportedMediaType().insert_header((TUS, TUS_VERSION)).finish());
        }
        begun(&app, &digest).await?
    } else {
        let media_type = media_type.unwrap_or("application/octet-stream").to_owned();
        Begun { media_type, length: number(&request, LENGTH)? }
    };
    let piece = Piece { digest, media_type, offset: number(&request, OFFSET)?, length };
    let progress = app.uploads.take(&app.archive, &piece, body).await?;
    let mut response = HttpResponse::NoContent();
    response.insert_header((TUS, TUS_VERSION));
    Ok(answer(response, progress))
}

/// What was told when the upload began; of one that is whole already, how many bytes it is.
async fn begun(app: &App, digest: &Digest) -> Reply<Begun> {
    if let Some(begun) = app.uploads.begun(digest).await? {
        return Ok(begun);
    }
    match app.uploads.progress(&app.archive, digest).await? {
        Some(Progress::Whole(length)) => Ok(Begun { media_type: String::new(), length }),
        _ => Err(Problem::absent()),
    }
}

/// Whether this request is one of tus.
fn speaks_tus(request: &HttpRequest) -> Reply<bool> {
    match request.headers().get(TUS).map(|value| value.as_bytes()) {
        None => Ok(false),
        Some(version) if version == TUS_VERSION.as_bytes() => Ok(true),
        Some(_) => Err(Problem::stale("this server speaks version 1.0.0 of tus")),
    }
}

/// One value of `Upload-Metadata`: `key base64,key base64`.
fn metadata(request: &HttpRequest, name: &str) -> Option<String> {
    let text = request.headers().get(METADATA)?.to_str().ok()?;
    let mut pairs = text.split(',').filter_map(|pair| pair.trim().split_once(' '));
    let (_, value) = pairs.find(|(key, _)| *key == name)?;
    String::from_utf8(BASE64.decode(value).ok()?).ok()
}

fn answer(mut response: HttpResponseBuilder, progress: Progress) -> HttpResponse {
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
