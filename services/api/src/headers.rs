//! What does every answer say to the browser ([`look::HEADERS`]), and how long may it take?

use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;

use crate::problem::Problem;

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
    for (name, value) in look::HEADERS {
        if !answer.headers().contains_key(name) {
            answer.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
    }
    let class = answer.status().as_u16() / 100;
    metrics::counter!("chartroom_answers_total", "class" => format!("{class}xx")).increment(1);
    Ok(answer)
}
