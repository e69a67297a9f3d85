//! How does a request fail? With a problem document (RFC 9457), in words that say what to do.
//!
//! A problem's text goes to the caller and may go to a log: it never holds patient data,
//! a query, a file name or a path. What only an operator can mend is logged where it
//! happens and told to the caller in general words.

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use record::canonical::CanonicalError;
use serde::Serialize;

/// An answer that is not the one asked for. Build it with one of the functions below.
#[derive(Debug, Clone)]
pub struct Problem {
    pub status: StatusCode,
    /// A short word for programs, stable for ever: the end of the `type` address.
    pub code: &'static str,
    /// One sentence for people.
    pub detail: Cow<'static, str>,
    /// Seconds after which trying again makes sense (`Retry-After`).
    pub retry_after: Option<u64>,
    /// For a refused hand-over: the 1-based page that is at fault.
    pub page: Option<u32>,
    /// For an upload: where it stands (`Upload-Offset`).
    pub offset: Option<u64>,
}

/// Codes that the guard turns into a redirection for people.
pub const NOT_SIGNED_IN: &str = "not-signed-in";
pub const PASSWORD_CHANGE: &str = "password-change";

pub type Reply<T> = Result<T, Problem>;

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, detail: detail.into(), retry_after: None, page: None, offset: None }
    }

    /// 400: the request itself is malformed.
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", detail)
    }

    /// 401: nobody is logged in, or the token is unknown.
    pub fn who() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, NOT_SIGNED_IN, "log in, or send a valid bearer token")
    }

    /// 401 at the log-in itself; the same for every reason.
    pub fn wrong_log_in() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "wrong-log-in",
            "log-in name or password is wrong, or the account is disabled",
        )
    }

    /// 403: the caller is known and this is not for them.
    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 403: the password was handed out by somebody else.
    pub fn password_change() -> Self {
        Self::new(StatusCode::FORBIDDEN, PASSWORD_CHANGE, "change the password you were handed first")
    }

    /// 404: not there, or not to be seen by this caller. Both read alike, on purpose.
    pub fn absent() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "there is nothing here under this address for you")
    }

    /// 409: the thing exists in another state.
    pub fn conflict(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 410: a lease has passed to somebody else.
    pub fn gone(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::GONE, "gone", detail)
    }

    /// 410: what is left of a document says why.
    pub fn destroyed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::GONE, "destroyed", detail)
    }

    /// 412: the version named in `If-Match` is not the current one.
    pub fn stale(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "stale", detail)
    }

    /// 413: larger than a bound in `record::limits`.
    pub fn too_large(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
    }

    /// 422: well-formed, and refused for what it says.
    pub fn refused(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// 429: too many requests.
    pub fn slow_down(seconds: u64) -> Self {
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many", "too many requests: wait and try again");
        problem.retry_after = Some(seconds);
        problem
    }

    /// 503: a part of the server cannot do its work now. The cause goes to the log.
    pub fn unavailable(part: &'static str, cause: &dyn fmt::Display) -> Self {
        tracing::error!(part, "failed to serve a request: {cause}");
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            format!("the {part} cannot answer now: try again, and tell the operator if it lasts"),
        );
        problem.retry_after = Some(5);
        problem
    }

    /// 503: somebody is doing the same just now. No trouble of the server, so nothing goes to the log, and a station asks again by itself.
    pub fn busy(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        problem.retry_after = Some(1);
        problem
    }

    pub fn on_page(mut self, number: u32) -> Self {
        self.page = Some(number);
        self
    }

    pub fn at_offset(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    fn body(&self) -> Body<'_> {
        Body {
            kind: format!("urn:chartroom:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Problem"),
            status: self.status.as_u16(),
            detail: &self.detail,
            page: self.page,
        }
    }
}

/// The members of RFC 9457 §3.1, and the page where there is one.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status.as_u16(), self.code, self.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        if let Some(seconds) = self.retry_after {
            answer.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(offset) = self.offset {
            answer.insert_header(("upload-offset", offset.to_string()));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            answer.insert_header((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        // Strings and integers only: this cannot fail, and the status alone would still be right.
        answer.content_type("application/problem+json").body(serde_json::to_vec(&self.body()).unwrap_or_default())
    }
}

impl From<archive::Error> for Problem {
    fn from(error: archive::Error) -> Self {
        match error {
            archive::Error::Missing(_) => Self::absent(),
            other => Self::unavailable("archive", &other),
        }
    }
}

impl From<catalog::CatalogError> for Problem {
    fn from(error: catalog::CatalogError) -> Self {
        Self::unavailable("catalog", &error)
    }
}

impl From<indexer::Error> for Problem {
    fn from(error: indexer::Error) -> Self {
        match error {
            indexer::Error::Query(error) => Self::refused("query", error.to_string()),
            other => Self::unavailable("search index", &other),
        }
    }
}

impl From<CanonicalError> for Problem {
    /// The record cannot be sealed: it is too large, or holds what canonical JSON does not.
    fn from(error: CanonicalError) -> Self {
        Self::refused("record", format!("this cannot be sealed: it {error}"))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::MessageBody as _;

    use super::*;

    #[test]
    fn a_problem_reads_as_rfc_9457() {
        let answer =
            Problem::refused("page-size", "page 3 says another size than its image").on_page(3).error_response();
        assert_eq!(answer.status(), 422);
        let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        assert_eq!(kind, Some("application/problem+json"));
        let body = answer.into_body().try_into_bytes().expect("a plain body");
        let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(body["type"], "urn:chartroom:problem:page-size");
        assert_eq!(body["status"], 422);
        assert_eq!(body["page"], 3);
    }

    #[test]
    fn waiting_is_told_in_seconds() {
        let answer = Problem::slow_down(7).error_response();
        let seconds = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        assert_eq!(seconds, Some("7"));
    }
}
