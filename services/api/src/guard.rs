//! What is checked before any handler runs? Origin, caller, rate, policy: in that order, for
//! every route, because a route exists only through [`crate::routes!`], which puts a
//! [`Guard`] in front of it.

use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::{Method, header};
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _, web};
use futures::future::LocalBoxFuture;

use crate::identity::{self, Caller, Credential};
use crate::policy::Action;
use crate::problem::{NOT_SIGNED_IN, PASSWORD_CHANGE, Problem, Reply};
use crate::state::App;
use crate::way_back;

/// Where a person logs in, and where they change a handed-out password: pages of
/// [`crate::pages`].
pub const LOG_IN_PAGE: &str = "/login";
pub const PASSWORD_PAGE: &str = "/password";

/// What stays open to a caller who must change the password first.
const PASSWORD_PATHS: [&str; 4] = [PASSWORD_PAGE, "/logout", "/api/v1/session", "/api/v1/session/password"];

/// Stands before one route and lets requests through to its handler, or answers them.
#[derive(Debug, Clone, Copy)]
pub struct Guard(pub Action);

/// A [`Guard`] with the handler behind it.
pub struct Guarded<S> {
    action: Action,
    handler: Rc<S>,
}

impl<S> Transform<S, ServiceRequest> for Guard
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error> + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Transform = Guarded<S>;
    type InitError = ();
    type Future = Ready<Result<Guarded<S>, ()>>;

    fn new_transform(&self, handler: S) -> Self::Future {
        ready(Ok(Guarded { action: self.0, handler: Rc::new(handler) }))
    }
}

impl<S> Service<ServiceRequest> for Guarded<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error> + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<ServiceResponse, Error>>;

    forward_ready!(handler);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (action, handler) = (self.action, Rc::clone(&self.handler));
        Box::pin(async move {
            match admit(action, request.request()).await {
                Ok(()) => handler.call(request).await,
                Err(problem) => {
                    let answer = refusal(request.request(), &problem);
                    Ok(request.into_response(answer))
                }
            }
        })
    }
}

async fn admit(action: Action, request: &HttpRequest) -> Reply<()> {
    let app = request.app_data::<web::Data<App>>().ok_or_else(Problem::absent)?;
    let credential = Credential::of(request, app.config.cookie_name());
    same_origin(request, credential.as_ref(), app.config.public_url.as_deref())?;
    let caller = match &credential {
        Some(credential) => identity::resolve(app, credential).await?,
        None => None,
    };
    app.limits.request(caller.as_ref().map(|caller| caller.actor), request.peer_addr().map(|peer| peer.ip()))?;
    permit(action, request.path(), caller.as_ref())?;
    if let Some(caller) = caller {
        request.extensions_mut().insert(caller);
    }
    Ok(())
}

fn permit(action: Action, path: &str, caller: Option<&Caller>) -> Reply<()> {
    if action == Action::Open {
        return Ok(());
    }
    let caller = caller.ok_or_else(Problem::who)?;
    if caller.must_change_password && !PASSWORD_PATHS.contains(&path) {
        return Err(Problem::password_change());
    }
    match (caller.may(action), action.hides()) {
        (true, _) => Ok(()),
        (false, true) => Err(Problem::absent()),
        (false, false) => {
            Err(Problem::forbidden(format!("the role {} may not do this: use another token", caller.role.as_str())))
        }
    }
}

/// Cross-site request forgery: a browser sends the session cookie by itself, so whatever
/// changes something must come from our own pages. Browsers say where a request is from
/// (`Origin`, `Sec-Fetch-Site`); a bearer token is never sent by itself and needs no proof.
fn same_origin(request: &HttpRequest, credential: Option<&Credential>, public_url: Option<&str>) -> Reply<()> {
    if request.method().is_safe() || matches!(credential, Some(Credential::Token(_))) {
        return Ok(());
    }
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let ours = match (header("origin"), header("sec-fetch-site")) {
        (Some(origin), _) => is_ours(origin, header("host"), public_url),
        (None, Some(site)) => site == "same-origin",
        // No browser; without a cookie there is nothing to forge.
        (None, None) => credential.is_none(),
    };
    if ours { Ok(()) } else { Err(Problem::forbidden("this request does not come from the archive's own pages")) }
}

fn is_ours(origin: &str, host: Option<&str>, public_url: Option<&str>) -> bool {
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    authority.is_some() && (authority == host || public_url.is_some_and(|url| url.trim_end_matches('/') == origin))
}

/// A page asked for without a session leads to the log-in; programs get the problem itself.
fn refusal(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    let wants_page = request.method() == Method::GET && accept.contains("text/html");
    let target = match problem.code {
        NOT_SIGNED_IN => LOG_IN_PAGE,
        PASSWORD_CHANGE => PASSWORD_PAGE,
        _ => return problem.error_response(),
    };
    if !wants_page {
        return problem.error_response();
    }
    let mut answer = HttpResponse::SeeOther();
    if let Some(cookie) = way_back::remembered(request).filter(|_| target == LOG_IN_PAGE) {
        answer.cookie(cookie);
    }
    answer.insert_header((header::LOCATION, target)).finish()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use record::Digest;

    use super::*;

    fn session() -> Credential {
        Credential::Session(Digest::of(b"cookie"))
    }

    fn post(headers: &[(&str, &str)]) -> HttpRequest {
        let request = TestRequest::post().insert_header(("host", "chart.example:8080"));
        headers.iter().fold(request, |request, header| request.insert_header(*header)).to_http_request()
    }

    #[test]
    fn a_cookie_needs_our_own_origin() {
        for (headers, fine) in [
            (vec![("origin", "http://chart.example:8080")], true),
            (vec![("origin", "https://evil.example")], false),
            (vec![("origin", "null")], false),
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("sec-fetch-site", "cross-site")], false),
            (vec![("sec-fetch-site", "same-site")], false),
            (vec![], false),
        ] {
            assert_eq!(same_origin(&post(&headers), Some(&session()), None).is_ok(), fine, "{headers:?}");
        }
    }

    #[test]
    fn tokens_and_reading_need_none() {
        let token = Credential::Token(Digest::of(b"token"));
        assert!(same_origin(&post(&[]), Some(&token), None).is_ok());
        assert!(same_origin(&TestRequest::get().to_http_request(), Some(&session()), None).is_ok());
        let proxied = post(&[("origin", "https://charts.example")]);
        assert!(same_origin(&proxied, Some(&session()), Some("https://charts.example/")).is_ok());
    }
}
