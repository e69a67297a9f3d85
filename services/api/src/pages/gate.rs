//! How do people come in and go out? The log-in page, the change of a password, the way home.

use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::reply::{html, html_with, see};
use super::view::gate::{LoginPage, PasswordPage};
use super::view::{Frame, sentence};
use crate::identity::Caller;
use crate::policy::Action;
use crate::problem::{Problem, Reply};
use crate::sessions::{self, LoggedIn};
use crate::state::App;
use crate::way_back;

/// Where each role's day begins.
pub async fn home(caller: Caller) -> HttpResponse {
    if caller.may(Action::Read) {
        see("/search")
    } else if caller.may(Action::Audit) {
        see("/ledger")
    } else {
        see("/password")
    }
}

pub async fn show_login() -> Reply<HttpResponse> {
    html(&LoginPage { frame: Frame::bare("Log in"), login: String::new(), wrong: None })
}

#[derive(Deserialize)]
pub struct LogIn {
    login: String,
    password: String,
}

pub async fn log_in(app: web::Data<App>, request: HttpRequest, form: web::Form<LogIn>) -> Reply<HttpResponse> {
    let LogIn { login, password } = form.into_inner();
    let peer = request.peer_addr().map(|peer| peer.ip());
    match sessions::log_in(&app, login.trim(), &password, peer).await {
        Ok(logged_in) => Ok(entered(logged_in, way_back::taken(&request))),
        Err(problem) => {
            let wrong = Some(sentence(&problem.detail));
            html_with(problem.status, &LoginPage { frame: Frame::bare("Log in"), login, wrong })
        }
    }
}

fn entered(logged_in: LoggedIn, way_back: Option<(String, Cookie<'static>)>) -> HttpResponse {
    let (address, forgets) = way_back.unzip();
    let address = address.as_deref().unwrap_or("/");
    let mut answer = see(if logged_in.must_change_password { "/password" } else { address });
    // Only a cookie with control characters is refused, and ours are base64.
    let refused = forgets.iter().chain([&logged_in.cookie]).any(|cookie| answer.add_cookie(cookie).is_err());
    if refused { see("/login") } else { answer }
}

pub async fn log_out(app: web::Data<App>, caller: Caller) -> Reply<HttpResponse> {
    let cookie = sessions::log_out(&app, &caller).await?;
    let mut answer = see("/login");
    answer.add_cookie(&cookie).map_err(|error| Problem::unavailable("page", &error))?;
    Ok(answer)
}

pub async fn show_password(caller: Caller) -> Reply<HttpResponse> {
    html(&password_page(&caller, None))
}

#[derive(Deserialize)]
pub struct NewPassword {
    old: String,
    new: String,
    again: String,
}

pub async fn change_password(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    form: web::Form<NewPassword>,
) -> Reply<HttpResponse> {
    if form.new != form.again {
        let wrong = "The two new passwords differ: type the same one twice.".to_owned();
        return html_with(StatusCode::UNPROCESSABLE_ENTITY, &password_page(&caller, Some(wrong)));
    }
    let peer = request.peer_addr().map(|peer| peer.ip());
    match sessions::change_password(&app, &caller, &form.old, &form.new, peer).await {
        Ok(logged_in) => Ok(entered(logged_in, None)),
        Err(problem) => html_with(problem.status, &password_page(&caller, Some(sentence(&problem.detail)))),
    }
}

fn password_page(caller: &Caller, wrong: Option<String>) -> PasswordPage {
    // With a handed-out password nothing else opens: the links would only lead back here.
    let frame = if caller.must_change_password {
        Frame::new("Password", None, super::person(caller), |_| false)
    } else {
        super::frame(caller, "Password", None)
    };
    PasswordPage { frame, must: caller.must_change_password, wrong, length_min: *crate::password::LENGTH.start() }
}
