//! `/api/v1/pages/{page}`: one page as words, as ALTO, hOCR and text, as it was captured.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use formats::hocr;
use indexer::LitBox;
use record::event::ViewForm;
use record::words::{Attention, Box as Place, PageKind, PageText};
use record::{Digest, PageId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::named;
use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::state::App;
use crate::{correct, find, reach, views};

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
    /// The text's digest, which a correction names; the answer's ETag too. None while the page is not read.
    #[schema(value_type = Option<String>)]
    pub text: Option<Digest>,
    /// Pixels of the master image, in which all boxes are measured.
    pub width: u32,
    pub height: u32,
    /// Clockwise turn that makes the master upright: 0, 90, 180 or 270 degrees.
    pub rotation: u16,
    /// Degrees clockwise, beyond that, that make its lines level.
    pub skew: f64,
    /// `text`, `blank` or `picture`.
    #[schema(value_type = String)]
    pub kind: PageKind,
    pub words: Vec<Word>,
    /// Parts of the page that a person should look at, the most pressing first.
    pub attention: Vec<Region>,
    /// `{x, y, w, h, word}`.
    #[schema(value_type = Vec<Object>)]
    pub lit: Vec<LitBox>,
}

#[derive(Serialize, ToSchema)]
pub struct Word {
    /// Counted from 0 in reading order: by it a correction names the word.
    pub index: usize,
    /// The line it stands in, counted from 0 over the page.
    pub line: usize,
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub place: Place,
    pub word: String,
    /// 0 to 100.
    pub confidence: u8,
    /// A person has looked at it.
    pub corrected: bool,
}

#[derive(Serialize, ToSchema)]
pub struct Region {
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub place: Place,
    pub reason: &'static str,
    pub explanation: &'static str,
}

/// Words with their places, in reading order. Empty while the page is not read.
#[utoipa::path(get, path = "/api/v1/pages/{page}/words", tag = "retrieval", params(("page" = String, Path), Query),
    responses((status = 200, body = Words), (status = 404)))]
pub async fn words(
    app: web::Data<App>,
    caller: Caller,
    page: web::Path<String>,
    query: web::Query<Query>,
) -> Reply<HttpResponse> {
    let (document, page) = reach::page(&app, &caller, named(&page)?).await?;
    views::log(&app, &caller, document.document, Some(page.page), ViewForm::Text).await?;
    let mut answer = HttpResponse::Ok();
    let text = match &page.text {
        Some(digest) => {
            answer.insert_header((header::ETAG, format!("\"{digest}\"")));
            correct::text_of(&app, digest).await?
        }
        None => {
            reach::wait_for(&app, &page).await;
            PageText::default()
        }
    };
    let lit = match query.q.trim() {
        "" => Vec::new(),
        _ => find::lit(&app, page.page, query.into_inner().q).await?,
    };
    let region = |Attention { reason, place }: &Attention| Region {
        place: *place,
        reason: reason.as_str(),
        explanation: reason.explain(),
    };
    Ok(answer.json(Words {
        page: page.page,
        text: page.text,
        width: page.width,
        height: page.height,
        rotation: text.rotation,
        skew: f64::from(text.skew_centidegrees) / 100.0,
        kind: text.kind,
        words: numbered(&text),
        attention: text.attention.iter().map(region).collect(),
        lit,
    }))
}

fn numbered(text: &PageText) -> Vec<Word> {
    let words = text.lines().enumerate().flat_map(|(line, of)| of.words.iter().map(move |word| (line, word)));
    let numbered = |(index, (line, word)): (usize, (usize, &record::words::Word))| Word {
        index,
        line,
        place: word.place,
        word: word.text.clone(),
        confidence: word.confidence,
        corrected: word.corrected,
    };
    words.enumerate().map(numbered).collect()
}

#[derive(Deserialize, IntoParams)]
pub struct WhichText {
    /// The digest of one of the page's texts; the one it has now where none is given.
    text: Option<String>,
}

/// The page's ALTO as it was sealed, or an earlier one.
#[utoipa::path(get, path = "/api/v1/pages/{page}/alto", tag = "retrieval", params(("page" = String, Path), WhichText),
    responses((status = 200, content_type = "application/xml", body = String),
        (status = 404, description = "or not read yet, or no text of this page")))]
pub async fn alto(
    app: web::Data<App>,
    caller: Caller,
    page: web::Path<String>,
    which: web::Query<WhichText>,
) -> Reply<HttpResponse> {
    let (document, page) = reach::page(&app, &caller, named(&page)?).await?;
    let digest = match which.text.as_deref().map(named::<Digest>).transpose()? {
        Some(asked) => {
            let texts = correct::versions(&app, &page).await?;
            texts.iter().find(|version| version.text == asked).map(|version| version.text)
        }
        None => page.text,
    };
    let digest = digest.ok_or_else(Problem::absent)?;
    views::log(&app, &caller, document.document, Some(page.page), ViewForm::Text).await?;
    let bytes = app.archive.read(&digest).await?;
    Ok(attached("application/xml", "alto.xml").insert_header((header::ETAG, format!("\"{digest}\""))).body(bytes))
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
    let text = correct::text_of(app, &digest).await?;
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
