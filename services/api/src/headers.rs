//! What does every answer say to the browser? Run nothing from elsewhere, be framed by
//! nobody, keep nothing, tell nobody where you came from.

use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;

use crate::problem::Problem;

/// Scripts, styles and images from our own origin and nowhere else; nothing inline. `data:`
/// and `blob:` images are the viewer's own canvases.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// Set where the handler has not said something else.
const DEFAULTS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    // Patient data stays in no cache; only the embedded assets say otherwise.
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// From a request's first byte to the first byte of its answer. A hand-over of thousands of
/// pages is checked image by image, so the bound is wide.
const ANSWERED_WITHIN: Duration = Duration::from_secs(300);

/// Bounds the time, and puts the headers on whatever answer there is.
pub async fn put<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let answered = tokio::time::timeout(ANSWERED_WITHIN, next.call(request)).await;
    let Ok(answer) = answered else {
        return Err(Problem::unavailable("server", &"a request took too long").into());
    };
    let mut answer = answer?.map_into_boxed_body();
    for (name, value) in DEFAULTS {
        if !answer.headers().contains_key(&name) {
            answer.headers_mut().insert(name, HeaderValue::from_static(value));
        }
    }
    let class = answer.status().as_u16() / 100;
    metrics::counter!("chartroom_answers_total", "class" => format!("{class}xx")).increment(1);
    Ok(answer)
}
