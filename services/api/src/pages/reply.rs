//! How does a page leave the server, and how does a failed one look? The headers that keep it
//! from running anything but our own files come from [`crate::headers`].

use actix_web::body::{self, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use askama::Template;

use super::assets;
use super::view::gate::ErrorPage;
use super::view::{Frame, sentence};
use crate::identity::Caller;
use crate::problem::{Problem, Reply};

/// Renders a page with status 200.
pub fn html(page: &impl Template) -> Reply<HttpResponse> {
    html_with(StatusCode::OK, page)
}

pub fn html_with(status: StatusCode, page: &impl Template) -> Reply<HttpResponse> {
    let text = page.render().map_err(|error| Problem::unavailable("page", &error))?;
    Ok(HttpResponse::build(status).insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8")).body(text))
}

/// 303: look there, with GET.
pub fn see(address: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, address)).finish()
}

/// Whether htmx asks for a part of the page that is on the screen already. When it restores
/// history it wants the whole.
pub fn wants_part(request: &HttpRequest) -> bool {
    let headers = request.headers();
    headers.contains_key("hx-request") && !headers.contains_key("hx-history-restore-request")
}

/// `/static/{name}`.
pub async fn file(request: HttpRequest, name: web::Path<String>) -> Reply<HttpResponse> {
    let asset = assets::find(&name).ok_or_else(Problem::absent)?;
    let (tag, caching) = (asset.tag(), asset.caching(request.query_string()));
    let known = request.headers().get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, caching));
    if known {
        return Ok(answer.finish());
    }
    Ok(answer.insert_header((header::CONTENT_TYPE, asset.media_type)).body(asset.bytes))
}

/// Middleware: a problem document that would reach a person's browser becomes a page. Programs
/// and htmx, which do not ask for HTML first, get the problem as it is.
pub async fn dress<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let wants_page = is_for_people(request.path(), request.headers());
    let answer = next.call(request).await?.map_into_boxed_body();
    let failed = answer.status().is_client_error() || answer.status().is_server_error();
    if !(wants_page && failed) || is_html(answer.headers()) {
        return Ok(answer);
    }
    let (request, answer) = answer.into_parts();
    let status = answer.status();
    let bytes = body::to_bytes(answer.into_body()).await.unwrap_or_default();
    let page = error_page(&request, status, detail(&bytes));
    let dressed = html_with(status, &page).unwrap_or_else(|_| HttpResponse::build(status).finish());
    Ok(ServiceResponse::new(request, dressed))
}

fn is_for_people(path: &str, headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    let for_programs = ["/api/", "/iiif/", "/static/", "/metrics", "/healthz"];
    accept.contains("text/html") && !for_programs.iter().any(|start| path.starts_with(start))
}

fn is_html(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
}

/// The detail of a problem document; anything else says nothing to people.
fn detail(bytes: &[u8]) -> String {
    let problem: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    let detail = problem.as_ref().and_then(|problem| problem["detail"].as_str());
    sentence(detail.unwrap_or("there is nothing here under this address for you"))
}

fn error_page(request: &HttpRequest, status: StatusCode, detail: String) -> ErrorPage {
    let heading = ErrorPage::heading_of(status.as_u16());
    let caller = request.extensions().get::<Caller>().cloned();
    let frame = caller.map_or_else(|| Frame::bare(heading), |caller| super::frame(&caller, heading, None));
    ErrorPage { frame, status: status.as_u16(), heading, detail }
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, ResponseError as _};

    use super::*;

    async fn refused() -> HttpResponse {
        Problem::refused("x", "this <b>cannot</b> be").error_response()
    }

    fn said<'a, B>(answer: &'a ServiceResponse<B>, name: &str) -> &'a str {
        answer.headers().get(name).and_then(|value| value.to_str().ok()).expect("a header of text")
    }

    #[actix_web::test]
    async fn people_get_a_page_and_programs_the_problem() {
        let app =
            App::new().wrap(from_fn(dress)).route("/x", web::get().to(refused)).route("/api/x", web::get().to(refused));
        let app = init_service(app).await;
        let asked =
            |path: &str, accept: &str| TestRequest::get().uri(path).insert_header(("accept", accept)).to_request();

        let answer = call_service(&app, asked("/x", "text/html,*/*")).await;
        assert_eq!(answer.status(), 422);
        let page = String::from_utf8(read_body(answer).await.to_vec()).expect("UTF-8");
        assert!(page.contains("That did not work") && !page.contains("<b>cannot"), "{page}");

        for (path, accept) in [("/x", "application/json"), ("/api/x", "text/html")] {
            let answer = call_service(&app, asked(path, accept)).await;
            assert_eq!(said(&answer, "content-type"), "application/problem+json", "{path}");
        }
        let lost = call_service(&app, asked("/nowhere", "text/html")).await;
        assert_eq!(lost.status(), 404);
        assert!(is_html(lost.headers()));
    }

    #[actix_web::test]
    async fn files_are_kept_for_ever_by_version_only() {
        let app = init_service(App::new().route("/static/{name:.*}", web::get().to(file))).await;
        let ask = |uri: &str| TestRequest::get().uri(uri).to_request();
        let answer = call_service(&app, ask(&assets::url("vendor/htmx.min.js"))).await;
        assert!(said(&answer, "cache-control").contains("immutable"));
        let answer = call_service(&app, ask("/static/keys.js")).await;
        assert_eq!(said(&answer, "cache-control"), "public, no-cache");
        let again = TestRequest::get().uri("/static/keys.js").insert_header(("if-none-match", said(&answer, "etag")));
        assert_eq!(call_service(&app, again.to_request()).await.status(), 304);
        assert_eq!(call_service(&app, ask("/static/../Cargo.toml")).await.status(), 404);
    }
}
