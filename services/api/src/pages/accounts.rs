//! Accounts of people and tokens of machines, for the admin.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use record::event::{AccountRecord, Actor, Role, TokenRecord};
use record::{AccountId, TokenId, limits};
use serde::Deserialize;

use super::reply::{html, html_with, see};
use super::view::Section;
use super::view::accounts::{AccountRow, AccountsPage, Handed, TokenRow};
use crate::identity::Caller;
use crate::password;
use crate::people::{self, PeopleError};
use crate::problem::{Problem, Reply};
use crate::routes::named;
use crate::state::App;

pub async fn list(app: web::Data<App>, caller: Caller) -> Reply<HttpResponse> {
    html(&page(&app, &caller, None).await?)
}

async fn page(app: &App, caller: &Caller, handed: Option<Handed>) -> Reply<AccountsPage> {
    let account = |record: AccountRecord| AccountRow {
        account: record.account.to_string(),
        own: caller.actor == Actor::Account(record.account),
        login: record.login,
        role: record.role,
        disabled: record.disabled,
        must_change_password: record.must_change_password,
    };
    let token = |record: TokenRecord| TokenRow {
        token: record.token.to_string(),
        name: record.name,
        role: record.role,
        revoked: record.revoked,
    };
    Ok(AccountsPage {
        frame: super::frame(caller, "Accounts and tokens", Some(Section::Accounts)),
        accounts: app.catalog.accounts().await?.into_iter().map(account).collect(),
        tokens: app.catalog.tokens().await?.into_iter().map(token).collect(),
        handed,
    })
}

async fn refused(app: &App, caller: &Caller, rule: &str) -> Reply<HttpResponse> {
    let mut page = page(app, caller, None).await?;
    page.frame = page.frame.with_notice("bad", rule);
    html_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

#[derive(Deserialize)]
pub struct NewAccount {
    login: String,
    role: String,
}

/// Makes an account with a password that is shown once and must be changed.
pub async fn create(app: web::Data<App>, caller: Caller, form: web::Form<NewAccount>) -> Reply<HttpResponse> {
    let login = form.login.trim();
    let Some(role) = form.role.parse().ok().filter(|role| *role != Role::Worker) else {
        return refused(&app, &caller, "A person is admin, technician, searcher or auditor.").await;
    };
    if !is_login(login) {
        return refused(&app, &caller, "A log-in name has 2 to 64 letters, digits and . - _ @").await;
    }
    if app.catalog.account_by_login(login).await?.is_some() {
        return refused(&app, &caller, "An account has this log-in name already: choose another one.").await;
    }
    let secret = password::secret()?;
    let password_hash = hashed(secret.clone()).await?;
    let account = AccountId::from_uuid(uuid::Uuid::now_v7());
    let login = login.to_owned();
    let handed = Handed { what: format!("Password of {login} for the first log-in"), secret };
    let record = AccountRecord { account, login, role, password_hash, must_change_password: true, disabled: false };
    record_account(&app, &caller, &record).await?;
    html(&page(&app, &caller, Some(handed)).await?)
}

/// The rule of `chartroom account create`.
fn is_login(text: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    (2..=64).contains(&text.len()) && text.chars().all(fine)
}

async fn hashed(secret: String) -> Reply<String> {
    let work = tokio::task::spawn_blocking(move || password::hash(&secret)).await;
    Ok(work.map_err(|error| Problem::unavailable("password check", &error))??)
}

#[derive(Deserialize)]
pub struct Change {
    /// `yes` or `no`.
    disabled: String,
}

/// Disables or enables an account; a disabled one's sessions end at once.
pub async fn change(
    app: web::Data<App>,
    caller: Caller,
    account: web::Path<String>,
    form: web::Form<Change>,
) -> Reply<HttpResponse> {
    let id: AccountId = named(&account)?;
    if caller.actor == Actor::Account(id) {
        return refused(&app, &caller, "Nobody disables their own account: ask another admin.").await;
    }
    let record = app.catalog.account(id).await?.ok_or_else(Problem::absent)?;
    let disabled = form.disabled == "yes";
    record_account(&app, &caller, &AccountRecord { disabled, ..record }).await?;
    if disabled {
        app.catalog.delete_sessions_of(id).await?;
    }
    Ok(see("/accounts"))
}

async fn record_account(app: &App, caller: &Caller, record: &AccountRecord) -> Reply<()> {
    let done = people::record_account(&app.archive, caller.actor, app.now(), record).await;
    settle(app, done).await
}

/// What was recorded is in the catalog before the answer is.
async fn settle(app: &App, done: Result<(), PeopleError>) -> Reply<()> {
    done.map_err(|error| Problem::unavailable("archive", &error))?;
    app.follower.catch_up(&app.archive, &app.catalog).await?;
    Ok(())
}

#[derive(Deserialize)]
pub struct NewToken {
    name: String,
    role: String,
}

/// Makes a token for a station or a worker; its text is shown once.
pub async fn create_token(app: web::Data<App>, caller: Caller, form: web::Form<NewToken>) -> Reply<HttpResponse> {
    let name = form.name.trim();
    let Some(role) = form.role.parse().ok().filter(|role| matches!(role, Role::Technician | Role::Worker)) else {
        return refused(&app, &caller, "A token is for a station (technician) or a worker.").await;
    };
    if name.is_empty() || name.chars().count() > limits::NAME_CHARS_MAX {
        return refused(&app, &caller, "A token's name has 1 to 120 characters: say which station or worker holds it.")
            .await;
    }
    let secret = password::secret()?;
    let record = people::token(TokenId::from_uuid(uuid::Uuid::now_v7()), name, role, &secret);
    record_token(&app, &caller, &record).await?;
    let handed = Handed { what: format!("Token for {name}"), secret };
    html(&page(&app, &caller, Some(handed)).await?)
}

pub async fn revoke_token(app: web::Data<App>, caller: Caller, token: web::Path<String>) -> Reply<HttpResponse> {
    let id: TokenId = named(&token)?;
    let tokens = app.catalog.tokens().await?;
    let record = tokens.into_iter().find(|record| record.token == id).ok_or_else(Problem::absent)?;
    record_token(&app, &caller, &TokenRecord { revoked: true, ..record }).await?;
    Ok(see("/accounts"))
}

async fn record_token(app: &App, caller: &Caller, record: &TokenRecord) -> Reply<()> {
    let done = people::record_token(&app.archive, caller.actor, app.now(), record).await;
    settle(app, done).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_in_names_are_plain() {
        assert!(is_login("r.okafor") && is_login("aa"));
        assert!(!is_login("a") && !is_login("a b") && !is_login("<b>") && !is_login(&"a".repeat(65)));
    }
}
