//! `/iiif`: images for viewers (Image API 3), documents (Presentation API 3) and the search
//! within one (Content Search API 2).

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use catalog::Page;
use indexer::{LitBox, PageHit, Suggestion};
use record::event::ViewForm;
use serde::Deserialize;
use serde_json::{Value, json};

use super::named;
use crate::identity::Caller;
use crate::iiif::Request;
use crate::pages::view::encoded;
use crate::problem::Reply;
use crate::state::App;
use crate::{find, reach, views};

const IMAGE_CONTEXT: &str = "http://iiif.io/api/image/3/context.json";
const PRESENTATION_CONTEXT: &str = "http://iiif.io/api/presentation/3/context.json";
const SEARCH_CONTEXT: &str = "http://iiif.io/api/search/2/context.json";
const SEARCH_1_CONTEXT: &str = "http://iiif.io/api/search/1/context.json";
/// Pixels of a tile's side.
const TILE: u32 = 512;

/// Where the server is, as the caller reaches it.
fn base(app: &App, request: &HttpRequest) -> String {
    match &app.config.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://{}", request.connection_info().host()),
    }
}

fn linked(value: &Value) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "application/ld+json")).body(value.to_string())
}

/// What can be asked of a page's image.
#[utoipa::path(get, path = "/iiif/3/{page}/info.json", tag = "iiif", params(("page" = String, Path)),
    responses((status = 200, description = "IIIF Image API 3 information", content_type = "application/ld+json"), (status = 404)))]
pub async fn info(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    page: web::Path<String>,
) -> Reply<HttpResponse> {
    let (_, page) = reach::page(&app, &caller, named(&page)?).await?;
    let factors: Vec<u32> =
        (0..8).map(|power| 1 << power).filter(|f| *f == 1 || TILE * f < page.width.max(page.height) * 2).collect();
    let sizes: Vec<Value> = factors
        .iter()
        .rev()
        .map(|factor| json!({"width": page.width.div_ceil(*factor), "height": page.height.div_ceil(*factor)}))
        .collect();
    Ok(linked(&json!({
        "@context": IMAGE_CONTEXT,
        "id": image_id(&base(&app, &request), &page),
        "type": "ImageService3",
        "protocol": "http://iiif.io/api/image",
        "profile": "level2",
        "width": page.width,
        "height": page.height,
        "sizes": sizes,
        "tiles": [{"width": TILE, "height": TILE, "scaleFactors": factors}],
        "preferredFormats": ["jpg"],
        "extraQualities": ["color", "gray"],
    })))
}

fn image_id(base: &str, page: &Page) -> String {
    format!("{base}/iiif/3/{}", page.page)
}

/// A part of a page's image, scaled and turned.
#[utoipa::path(get, path = "/iiif/3/{page}/{region}/{size}/{rotation}/{file}", tag = "iiif",
    params(("page" = String, Path), ("region" = String, Path, description = "full, square, x,y,w,h or pct:x,y,w,h"),
        ("size" = String, Path, description = "max, w, ,h w,h !w,h or pct:n; never enlarged"),
        ("rotation" = String, Path, description = "0, 90, 180, 270"),
        ("file" = String, Path, description = "default, color or gray; .jpg or .png")),
    responses((status = 200, content_type = "image/jpeg"), (status = 400), (status = 404)))]
pub async fn image(
    app: web::Data<App>,
    caller: Caller,
    path: web::Path<(String, String, String, String, String)>,
) -> Reply<HttpResponse> {
    let (page, region, size, rotation, file) = path.into_inner();
    let request = Request::parse(&region, &size, &rotation, &file)?;
    let (document, page) = reach::page(&app, &caller, named(&page)?).await?;
    request.check(page.width, page.height)?;
    views::log(&app, &caller, document.document, Some(page.page), ViewForm::Screen).await?;
    let drawn = app.rasters.draw(&app.archive, page.image, request).await?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, request.format().media_type())).body(drawn))
}

/// The document as a IIIF viewer opens it: one canvas for each page.
#[utoipa::path(get, path = "/iiif/presentation/3/{document}/manifest", tag = "iiif", params(("document" = String, Path)),
    responses((status = 200, description = "IIIF Presentation API 3 manifest", content_type = "application/ld+json"), (status = 404)))]
pub async fn manifest(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    document: web::Path<String>,
) -> Reply<HttpResponse> {
    let document = reach::document(&app, &caller, named(&document)?).await?;
    views::log(&app, &caller, document.document, None, ViewForm::Screen).await?;
    let pages = app.catalog.pages_of(document.document).await?;
    let base = base(&app, &request);
    let label = document.document_type.as_ref().map_or("Document", |kind| kind.reveal());
    Ok(linked(&json!({
        "@context": PRESENTATION_CONTEXT,
        "id": format!("{base}/iiif/presentation/3/{}/manifest", document.document),
        "type": "Manifest",
        "label": {"none": [label]},
        "behavior": ["paged"],
        "service": search_services(&base, &document),
        "items": pages.iter().map(|page| canvas(&base, page)).collect::<Vec<_>>(),
    })))
}

fn search_id(base: &str, document: &catalog::Document) -> String {
    format!("{base}/iiif/search/2/{}", document.document)
}

/// Both versions: viewers know one or the other.
fn search_services(base: &str, document: &catalog::Document) -> Value {
    let (two, one) = (search_id(base, document), search_1_id(base, document));
    json!([
        {"id": two, "type": "SearchService2", "service": [{"id": format!("{two}/complete"), "type": "AutoCompleteService2"}]},
        {"@context": SEARCH_1_CONTEXT, "@id": one, "profile": "http://iiif.io/api/search/1/search",
            "service": {"@id": format!("{one}/complete"), "profile": "http://iiif.io/api/search/1/autocomplete"}},
    ])
}

fn search_1_id(base: &str, document: &catalog::Document) -> String {
    format!("{base}/iiif/search/1/{}", document.document)
}

fn canvas_id(base: &str, page: &impl std::fmt::Display) -> String {
    format!("{base}/iiif/3/{page}/canvas")
}

fn canvas(base: &str, page: &Page) -> Value {
    let (id, image) = (canvas_id(base, &page.page), image_id(base, page));
    let (width, height) = (page.width, page.height);
    let service = json!([{"id": image, "type": "ImageService3", "profile": "level2"}]);
    let thumbnail = format!("{image}/full/!200,200/0/default.jpg");
    json!({
        "id": id,
        "type": "Canvas",
        "label": {"none": [page.number.to_string()]},
        "width": width,
        "height": height,
        "thumbnail": [{"id": thumbnail, "type": "Image", "format": "image/jpeg", "service": service}],
        "items": [{
            "id": format!("{id}/page"),
            "type": "AnnotationPage",
            "items": [{
                "id": format!("{id}/page/image"),
                "type": "Annotation",
                "motivation": "painting",
                "target": id,
                "body": {
                    "id": format!("{image}/full/max/0/default.jpg"),
                    "type": "Image",
                    "format": "image/jpeg",
                    "width": width,
                    "height": height,
                    "service": service,
                },
            }],
        }],
    })
}

#[derive(Deserialize)]
pub struct Query {
    #[serde(default)]
    q: String,
}

/// The words of a query within one document, as annotations on its canvases.
#[utoipa::path(get, path = "/iiif/search/2/{document}", tag = "iiif",
    params(("document" = String, Path), ("q" = String, Query)),
    responses((status = 200, description = "IIIF Content Search API 2 annotation page", content_type = "application/ld+json"), (status = 404)))]
pub async fn search(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    document: web::Path<String>,
    query: web::Query<Query>,
) -> Reply<HttpResponse> {
    let (document, hits) = hits(&app, &caller, &document, query.into_inner().q).await?;
    let base = base(&app, &request);
    let items: Vec<Value> = hits.iter().flat_map(|hit| annotations(&base, hit)).collect();
    Ok(linked(&json!({
        "@context": SEARCH_CONTEXT,
        "id": search_id(&base, &document),
        "type": "AnnotationPage",
        "items": items,
    })))
}

async fn hits(app: &App, caller: &Caller, document: &str, q: String) -> Reply<(catalog::Document, Vec<PageHit>)> {
    let document = reach::document(app, caller, named(document)?).await?;
    views::log(app, caller, document.document, None, ViewForm::Screen).await?;
    let hits = if q.trim().is_empty() { Vec::new() } else { find::in_document(app, document.document, q).await? };
    Ok((document, hits))
}

/// The same as Content Search API 1 says it (<https://iiif.io/api/search/1.0/>, section 3).
#[utoipa::path(get, path = "/iiif/search/1/{document}", tag = "iiif",
    params(("document" = String, Path), ("q" = String, Query)),
    responses((status = 200, description = "IIIF Content Search API 1 annotation list", content_type = "application/ld+json"), (status = 404)))]
pub async fn search_1(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    document: web::Path<String>,
    query: web::Query<Query>,
) -> Reply<HttpResponse> {
    let (document, hits) = hits(&app, &caller, &document, query.into_inner().q).await?;
    let base = base(&app, &request);
    let resources: Vec<Value> = hits.iter().flat_map(|hit| resources(&base, hit)).collect();
    Ok(linked(&json!({
        "@context": SEARCH_1_CONTEXT,
        "@id": search_1_id(&base, &document),
        "@type": "sc:AnnotationList",
        "resources": resources,
    })))
}

/// Words of the document that begin as typed (Content Search API 2, section 4).
#[utoipa::path(get, path = "/iiif/search/2/{document}/complete", tag = "iiif",
    params(("document" = String, Path), ("q" = String, Query)),
    responses((status = 200, description = "IIIF Content Search API 2 term page", content_type = "application/ld+json"), (status = 404)))]
pub async fn complete(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    document: web::Path<String>,
    query: web::Query<Query>,
) -> Reply<HttpResponse> {
    let (document, words) = completions(&app, &caller, &document, query.into_inner().q).await?;
    let id = format!("{}/complete", search_id(&base(&app, &request), &document));
    let term = |word: Suggestion| json!({"value": word.word, "total": word.pages});
    let items: Vec<Value> = words.into_iter().map(term).collect();
    Ok(linked(&json!({"@context": SEARCH_CONTEXT, "id": id, "type": "TermPage", "items": items})))
}

/// The same as Content Search API 1 says it (section 4).
#[utoipa::path(get, path = "/iiif/search/1/{document}/complete", tag = "iiif",
    params(("document" = String, Path), ("q" = String, Query)),
    responses((status = 200, description = "IIIF Content Search API 1 term list", content_type = "application/ld+json"), (status = 404)))]
pub async fn complete_1(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    document: web::Path<String>,
    query: web::Query<Query>,
) -> Reply<HttpResponse> {
    let (document, words) = completions(&app, &caller, &document, query.into_inner().q).await?;
    let id = search_1_id(&base(&app, &request), &document);
    let term = |word: Suggestion| json!({"match": word.word, "url": format!("{id}?q={}", encoded(&word.word)), "count": word.pages});
    let terms: Vec<Value> = words.into_iter().map(term).collect();
    Ok(linked(&json!({
        "@context": SEARCH_1_CONTEXT,
        "@id": format!("{id}/complete"),
        "@type": "search:TermList",
        "terms": terms,
    })))
}

async fn completions(
    app: &App,
    caller: &Caller,
    document: &str,
    q: String,
) -> Reply<(catalog::Document, Vec<Suggestion>)> {
    let document = reach::document(app, caller, named(document)?).await?;
    views::log(app, caller, document.document, None, ViewForm::Screen).await?;
    let words = find::suggest_in_document(app, document.document, q).await?;
    Ok((document, words))
}

fn resources(base: &str, hit: &PageHit) -> Vec<Value> {
    let canvas = canvas_id(base, &hit.page);
    let resource = |(number, lit): (usize, &LitBox)| {
        let place = lit.place;
        json!({
            "@id": format!("{canvas}/hit/{number}"),
            "@type": "oa:Annotation",
            "motivation": "sc:painting",
            "resource": {"@type": "cnt:ContentAsText", "chars": lit.word},
            "on": format!("{canvas}#xywh={},{},{},{}", place.x, place.y, place.w, place.h),
        })
    };
    hit.boxes.iter().enumerate().map(resource).collect()
}

fn annotations(base: &str, hit: &PageHit) -> Vec<Value> {
    let canvas = canvas_id(base, &hit.page);
    let annotation = |(number, lit): (usize, &LitBox)| {
        let place = lit.place;
        json!({
            "id": format!("{canvas}/hit/{number}"),
            "type": "Annotation",
            "motivation": "highlighting",
            "body": {"type": "TextualBody", "value": lit.word, "format": "text/plain"},
            "target": format!("{canvas}#xywh={},{},{},{}", place.x, place.y, place.w, place.h),
        })
    };
    hit.boxes.iter().enumerate().map(annotation).collect()
}
