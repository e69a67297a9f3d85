//! `/api/v1/pages/{page}`: one page as words, as ALTO, hOCR and text, as it was captured.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use formats::{alto, hocr};
use indexer::LitBox;
use record::PageId;
use record::event::ViewForm;
use record::words::{Box as Place, PageText};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::named;
use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::state::App;
use crate::{find, reach, views};

#[derive(Deserialize, IntoParams)]
pub struct Query {
    /// Words to light; blank lights none.
    #[serde(default)]
    q: String,
}

/// The words of a page, and those to light for a query.
#[derive(Serialize, ToSchema)]
pub struct Words {
    #[schema(value_type = String)]
    pub page: PageId,
    /// Pixels of the master image, in which all boxes are measured.
    pub width: u32,
    pub height: u32,
    /// Clockwise turn that makes the master upright: 0, 90, 180 or 270 degrees.
    pub rotation: u16,
    pub words: Vec<Word>,
    /// `{x, y, w, h, word}`.
    #[schema(value_type = Vec<Object>)]
    pub lit: Vec<LitBox>,
}

#[derive(Serialize, ToSchema)]
pub struct Word {
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub place: Place,
    pub word: String,
    /// 0 to 100.
    pub confidence: u8,
}

/// Words with their places, in reading order. Empty while the page is not read.
#[utoipa::path(get, path = "/api/v1/pages/{page}/words", tag = "retrieval", params(("page" = String, Path), Query),
    responses((status = 200, body = Words), (status = 404)))]
pub async fn words(
    app: web::Data<App>,
    caller: Caller,
    page: web::Path<String>,
    query: web::Query<Query>,
) -> Reply<web::Json<Words>> {
    let (document, page) = reach::page(&app, &caller, named(&page)?).await?;
    views::log(&app, &caller, document.document, Some(page.page), ViewForm::Text).await?;
    let mut answer = Words {
        page: page.page,
        width: page.width,
        height: page.height,
        rotation: 0,
        words: Vec::new(),
        lit: Vec::new(),
    };
    if let Some(digest) = &page.text {
        let bytes = app.archive.read(digest).await?;
        let text = alto::parse(&bytes).map_err(|error| Problem::unavailable("archive", &error))?;
        answer.rotation = text.rotation;
        let word = |word: &record::words::Word| Word {
            place: word.place,
            word: word.text.clone(),
            confidence: word.confidence,
        };
        answer.words = text.words().map(word).collect();
    }
    if !query.q.trim().is_empty() {
        answer.lit = find::lit(&app, page.page, query.into_inner().q).await?;
    }
    Ok(web::Json(answer))
}

/// The page's ALTO as it was sealed.
#[utoipa::path(get, path = "/api/v1/pages/{page}/alto", tag = "retrieval", params(("page" = String, Path)),
    responses((status = 200, content_type = "application/xml", body = String), (status = 404, description = "or not read yet")))]
pub async fn alto(app: web::Data<App>, caller: Caller, page: web::Path<String>) -> Reply<HttpResponse> {
    let (document, page) = reach::page(&app, &caller, named(&page)?).await?;
    let digest = page.text.ok_or_else(Problem::absent)?;
    views::log(&app, &caller, document.document, Some(page.page), ViewForm::Text).await?;
    let bytes = app.archive.read(&digest).await?;
    Ok(attached("application/xml", "alto.xml").body(bytes))
}

/// The page's text as hOCR.
#[utoipa::path(get, path = "/api/v1/pages/{page}/hocr", tag = "retrieval", params(("page" = String, Path)),
    responses((status = 200, content_type = "application/xhtml+xml", body = String), (status = 404, description = "or not read yet")))]
pub async fn hocr(app: web::Data<App>, caller: Caller, page: web::Path<String>) -> Reply<HttpResponse> {
    let (page, text) = seen_text(&app, &caller, &page).await?;
    let body = hocr::write(&text, &page.page.to_string(), page.number);
    Ok(attached("application/xhtml+xml", "page.hocr").body(body))
}

/// The page's text, plain: lines by newlines, blocks by blank lines.
#[utoipa::path(get, path = "/api/v1/pages/{page}/text", tag = "retrieval", params(("page" = String, Path)),
    responses((status = 200, content_type = "text/plain", body = String), (status = 404, description = "or not read yet")))]
pub async fn text(app: web::Data<App>, caller: Caller, page: web::Path<String>) -> Reply<HttpResponse> {
    let (_, text) = seen_text(&app, &caller, &page).await?;
    Ok(attached("text/plain; charset=utf-8", "page.txt").body(text.plain()))
}

/// The text of a page that the caller may see; that it was seen is in the ledger.
async fn seen_text(app: &App, caller: &Caller, page: &str) -> Reply<(catalog::Page, PageText)> {
    let (document, page) = reach::page(app, caller, named(page)?).await?;
    let digest = page.text.ok_or_else(Problem::absent)?;
    views::log(app, caller, document.document, Some(page.page), ViewForm::Text).await?;
    let bytes = app.archive.read(&digest).await?;
    let text = alto::parse(&bytes).map_err(|error| Problem::unavailable("archive", &error))?;
    Ok((page, text))
}

/// The master image: the bytes as captured.
#[utoipa::path(get, path = "/api/v1/pages/{page}/image", tag = "retrieval", params(("page" = String, Path)),
    responses((status = 200, description = "PNG, JPEG or TIFF"), (status = 404)))]
pub async fn image(app: web::Data<App>, caller: Caller, page: web::Path<String>) -> Reply<HttpResponse> {
    let (document, page) = reach::page(&app, &caller, named(&page)?).await?;
    views::log(&app, &caller, document.document, Some(page.page), ViewForm::Screen).await?;
    let bytes = app.archive.read(&page.image).await?;
    let name = match page.media_type.as_str() {
        "image/png" => "page.png",
        "image/jpeg" => "page.jpg",
        _ => "page.tif",
    };
    Ok(attached(&page.media_type, name).body(bytes))
}

/// Bytes that came from outside are given out to be saved, in a sandbox, and never run.
pub(crate) fn attached(media_type: &str, name: &str) -> actix_web::HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"));
    answer
}
