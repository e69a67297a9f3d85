//! Who is asking? A person by session cookie, or a station or worker by bearer token.
//!
//! The guard ([`crate::guard`]) asks [`resolve`] once per request and leaves the answer in
//! the request; handlers take it as an argument: [`Caller`] where the route's action needs
//! somebody, `Option<Caller>` where it is [`crate::policy::Action::Open`].

use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use record::Digest;
use record::event::{Actor, Role};

use crate::policy::{self, Action, Scope};
use crate::problem::{Problem, Reply};
use crate::state::App;

/// Somebody the server knows, for the length of one request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// As it stands in the ledger.
    pub actor: Actor,
    pub role: Role,
    /// The log-in name, or the token's name.
    pub name: String,
    /// Until the password is changed, only the page for that is open.
    pub must_change_password: bool,
    /// The stored hash of the session's secret; none for a bearer token.
    pub session: Option<Digest>,
}

impl Caller {
    pub fn may(&self, action: Action) -> bool {
        policy::allows(self.role, action)
    }

    /// Which documents this caller may find and open.
    pub fn scope(&self) -> Scope {
        Scope::of(self.role)
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Reply<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or_else(Problem::who))
    }
}

/// What a request brings along to say who it is from.
#[derive(Debug, PartialEq, Eq)]
pub enum Credential {
    /// SHA-256 of the bearer token's text.
    Token(Digest),
    /// SHA-256 of the session cookie's text.
    Session(Digest),
}

impl Credential {
    /// A bearer token wins over a cookie: a browser never sends one by itself.
    pub fn of(request: &HttpRequest, cookie: &str) -> Option<Self> {
        let bearer = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some(text) = bearer {
            let (scheme, token) = text.split_once(' ')?;
            let right = scheme.eq_ignore_ascii_case("bearer");
            return right.then(|| Self::Token(Digest::of(token.trim().as_bytes())));
        }
        request.cookie(cookie).map(|cookie| Self::Session(Digest::of(cookie.value().as_bytes())))
    }
}

/// The caller behind a credential: none where it is unknown, revoked, expired or disabled.
pub async fn resolve(app: &App, credential: &Credential) -> Reply<Option<Caller>> {
    match credential {
        Credential::Token(secret) => by_token(app, *secret).await,
        Credential::Session(hash) => by_session(app, *hash).await,
    }
}

async fn by_token(app: &App, secret: Digest) -> Reply<Option<Caller>> {
    let mut token = app.catalog.token_by_secret(&secret).await?;
    if token.is_none() {
        // The command line may have made it a moment ago. Those who guess wait their turn.
        while !app.follower.is_due(app.now()) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        app.refresh().await?;
        token = app.catalog.token_by_secret(&secret).await?;
    }
    Ok(token.filter(|token| !token.revoked).map(|token| Caller {
        actor: Actor::Token(token.token),
        role: token.role,
        name: token.name,
        must_change_password: false,
        session: None,
    }))
}

/// Milliseconds between two notes that a session is in use: often enough for the idle limit.
const TOUCH_AFTER: i64 = 30_000;

async fn by_session(app: &App, hash: Digest) -> Reply<Option<Caller>> {
    let now = app.now();
    let Some(session) = app.catalog.session(&hash, now).await? else {
        return Ok(None);
    };
    let Some(account) = app.catalog.account(session.account).await?.filter(|account| !account.disabled) else {
        return Ok(None);
    };
    if now.0 - session.seen.0 > TOUCH_AFTER {
        app.catalog.touch_session(&hash, now).await?;
    }
    Ok(Some(Caller {
        actor: Actor::Account(account.account),
        role: account.role,
        name: account.login,
        must_change_password: account.must_change_password,
        session: Some(hash),
    }))
}
