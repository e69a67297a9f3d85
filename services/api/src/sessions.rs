//! How does a person come in, go out, and change the password? Both the API
//! ([`crate::routes::session`]) and the pages call these.

use std::net::IpAddr;

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use record::event::AccountRecord;
use record::{Timestamp, limits};

use crate::identity::Caller;
use crate::password::{self, PasswordError};
use crate::people::{self, PeopleError};
use crate::problem::{Problem, Reply};
use crate::state::App;

/// A session cookie, and whether the password must be changed before anything else.
pub struct LoggedIn {
    pub cookie: Cookie<'static>,
    pub must_change_password: bool,
}

/// Checks a log-in name and password and opens a session with a fresh secret.
///
/// # Errors
/// 401 for an unknown name, a wrong password and a disabled account alike; 429 after too many
/// attempts.
pub async fn log_in(app: &App, login: &str, password: &str, peer: Option<IpAddr>) -> Reply<LoggedIn> {
    app.limits.log_in(login, peer)?;
    let account = app.catalog.account_by_login(login).await?.filter(|account| !account.disabled);
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    let fits = verify(password.to_owned(), hash).await?;
    let Some(account) = account.filter(|_| fits) else {
        metrics::counter!("chartroom_logins_refused_total").increment(1);
        return Err(Problem::wrong_log_in());
    };
    let secret = password::secret()?;
    let now = app.now();
    let expires = Timestamp(now.0 + limits::SESSION_SECONDS_MAX * 1000);
    app.catalog.create_session(&password::stored(&secret), account.account, now, expires).await?;
    Ok(LoggedIn { cookie: cookie(app, secret), must_change_password: account.must_change_password })
}

/// Ends the caller's session; the cookie to send back makes the browser forget it.
pub async fn log_out(app: &App, caller: &Caller) -> Reply<Cookie<'static>> {
    if let Some(session) = &caller.session {
        app.catalog.delete_session(session).await?;
    }
    let mut gone = cookie(app, String::new());
    gone.make_removal();
    Ok(gone)
}

/// Replaces the caller's password, ends all their sessions and opens a new one.
///
/// # Errors
/// 403 where the old password is wrong, 422 where the new one is too short or too long.
pub async fn change_password(
    app: &App,
    caller: &Caller,
    old: &str,
    new: &str,
    peer: Option<IpAddr>,
) -> Reply<LoggedIn> {
    let record::event::Actor::Account(id) = caller.actor else {
        return Err(Problem::forbidden("a token has no password: make a new token instead"));
    };
    app.limits.log_in(&caller.name, peer)?;
    let account = app.catalog.account(id).await?.ok_or_else(Problem::who)?;
    if !verify(old.to_owned(), Some(account.password_hash.clone())).await? {
        return Err(Problem::forbidden("the old password is another one"));
    }
    if old == new {
        return Err(Problem::refused("same-password", "the new password must differ from the old one"));
    }
    let password_hash = hash(new.to_owned()).await?;
    let record = AccountRecord { password_hash, must_change_password: false, ..account };
    people::record_account(&app.archive, caller.actor, app.now(), &record).await?;
    app.follower.catch_up(&app.archive, &app.catalog).await?;
    app.catalog.delete_sessions_of(id).await?;
    log_in(app, &caller.name, new, peer).await
}

fn cookie(app: &App, secret: String) -> Cookie<'static> {
    Cookie::build(app.config.cookie_name(), secret)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(app.config.is_secure())
        .max_age(Duration::seconds(limits::SESSION_SECONDS_MAX))
        .finish()
}

async fn verify(password: String, hash: Option<String>) -> Reply<bool> {
    let work = move || password::verify(&password, hash.as_deref());
    tokio::task::spawn_blocking(work).await.map_err(|error| Problem::unavailable("password check", &error))
}

async fn hash(password: String) -> Reply<String> {
    let work = move || password::hash(&password);
    let hashed = tokio::task::spawn_blocking(work).await;
    Ok(hashed.map_err(|error| Problem::unavailable("password check", &error))??)
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Length => Self::refused("password-length", error.to_string()),
            other => Self::unavailable("password check", &other),
        }
    }
}

impl From<PeopleError> for Problem {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::Archive(error) => error.into(),
            PeopleError::Record(error) => error.into(),
        }
    }
}
