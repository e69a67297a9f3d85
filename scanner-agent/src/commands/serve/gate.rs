//! Who may ask? Only this machine reaches the address. What is left are other users of it, and pages of other sites in the
//! same browser:
//!
//! * the key of this start, printed for whoever started it, comes with every request for data in a header of ours. No
//!   other page can send that header here, and no browser sends it by itself, as it would a cookie;
//! * a `Host` other than ours is a name that somebody has pointed at this machine (DNS rebinding);
//! * an `Origin` other than ours is another site's page.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpResponse, web};
use record::Digest;

/// Carries the key.
pub const KEY: &str = "x-station-key";

pub struct Gate {
    hosts: [String; 2],
    key: String,
}

impl Gate {
    pub fn new(port: u16, key: String) -> Self {
        Self { hosts: ["127.0.0.1", "localhost"].map(|name| format!("{name}:{port}")), key }
    }

    /// Behind the `#` the key never leaves the browser by itself.
    pub fn url(&self) -> String {
        format!("http://{}/#{}", self.hosts[0], self.key)
    }

    fn refuses(&self, path: &str, headers: &HeaderMap) -> Option<&'static str> {
        let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if !said("host").is_some_and(|host| self.hosts.iter().any(|ours| ours == host)) {
            return Some("this page answers to its own address only");
        }
        let ours = |origin: &str| self.hosts.iter().any(|host| origin.strip_prefix("http://") == Some(host));
        if said("origin").is_some_and(|origin| !ours(origin)) {
            return Some("this page answers to itself only");
        }
        // Digests, so that the time to compare tells nothing of the key.
        let knows = said(KEY).is_some_and(|key| Digest::of(key.as_bytes()) == Digest::of(self.key.as_bytes()));
        let wrong = path.starts_with("/api/") && !knows;
        wrong.then_some("the key is that of another start: open the address that scanner-agent serve has printed")
    }
}

pub async fn admit<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let gate = request.app_data::<web::Data<Gate>>().cloned();
    let refused = match &gate {
        Some(gate) => gate.refuses(request.path(), request.headers()),
        None => Some("this page has no gate"),
    };
    let mut answer = match refused {
        Some(reason) => request.into_response(HttpResponse::Forbidden().body(reason)),
        None => next.call(request).await?.map_into_boxed_body(),
    };
    for (name, value) in look::HEADERS {
        if !answer.headers().contains_key(name) {
            answer.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
    }
    // Nobody may learn what this machine has by measuring from elsewhere.
    answer.headers_mut().remove(header::SERVER);
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let named = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(named).collect()
    }

    #[test]
    fn only_the_page_of_this_start_is_let_in() {
        let gate = Gate::new(8411, "secret".into());
        let host = ("host", "127.0.0.1:8411");
        for (path, said, fine) in [
            ("/", vec![host], true),
            ("/", vec![("host", "localhost:8411")], true),
            ("/", vec![], false),
            ("/", vec![("host", "evil.example:8411")], false),
            ("/", vec![("host", "127.0.0.1:80")], false),
            ("/api/state", vec![host], false),
            ("/api/state", vec![host, (KEY, "guess")], false),
            ("/api/state", vec![host, (KEY, "secret")], true),
            ("/api/state", vec![host, (KEY, "secret"), ("origin", "http://127.0.0.1:8411")], true),
            ("/api/state", vec![host, (KEY, "secret"), ("origin", "http://evil.example")], false),
            ("/api/state", vec![host, (KEY, "secret"), ("origin", "null")], false),
        ] {
            assert_eq!(gate.refuses(path, &headers(&said)).is_none(), fine, "{path} {said:?}");
        }
        assert!(gate.url().ends_with("/#secret"));
    }
}
