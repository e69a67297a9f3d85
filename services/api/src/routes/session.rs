//! `/api/v1/session`: who am I, and let me in or out.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::identity::Caller;
use crate::problem::Reply;
use crate::sessions::{self, LoggedIn};
use crate::state::App;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    login: String,
    password: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    old: String,
    /// 12 to 256 bytes.
    new: String,
}

#[derive(Serialize, ToSchema)]
pub struct WhoAmI {
    /// `account:<id>` or `token:<id>`, as it stands in the ledger.
    pub actor: String,
    pub name: String,
    pub role: &'static str,
    pub must_change_password: bool,
}

#[derive(Serialize, ToSchema)]
pub struct Session {
    pub must_change_password: bool,
}

fn opened(logged_in: LoggedIn) -> HttpResponse {
    HttpResponse::Ok().cookie(logged_in.cookie).json(Session { must_change_password: logged_in.must_change_password })
}

/// Opens a session; the answer sets its cookie.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = LogIn,
    responses((status = 200, body = Session), (status = 401, description = "wrong name or password")))]
pub async fn log_in(app: web::Data<App>, request: HttpRequest, body: web::Json<LogIn>) -> Reply<HttpResponse> {
    let peer = request.peer_addr().map(|peer| peer.ip());
    sessions::log_in(&app, &body.login, &body.password, peer).await.map(opened)
}

/// Who the server takes the caller for.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", responses((status = 200, body = WhoAmI)))]
pub async fn whoami(caller: Caller) -> web::Json<WhoAmI> {
    web::Json(WhoAmI {
        actor: caller.actor.to_string(),
        role: caller.role.as_str(),
        must_change_password: caller.must_change_password,
        name: caller.name,
    })
}

/// Ends the session.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses((status = 204)))]
pub async fn log_out(app: web::Data<App>, caller: Caller) -> Reply<HttpResponse> {
    let cookie = sessions::log_out(&app, &caller).await?;
    Ok(HttpResponse::NoContent().cookie(cookie).finish())
}

/// Changes the caller's password and ends all their other sessions.
#[utoipa::path(post, path = "/api/v1/session/password", tag = "session", request_body = NewPassword,
    responses((status = 200, body = Session), (status = 403, description = "the old password is another one"),
        (status = 422, description = "the new password is too short, too long or the old one")))]
pub async fn change_password(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    body: web::Json<NewPassword>,
) -> Reply<HttpResponse> {
    let peer = request.peer_addr().map(|peer| peer.ip());
    sessions::change_password(&app, &caller, &body.old, &body.new, peer).await.map(opened)
}
