//! What people see before they are in: log-in, the change of a handed-out password, errors.

use askama::Template;

use super::filters;
use super::frame::Frame;

/// `/login`.
#[derive(Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    pub frame: Frame,
    /// Typed before, where the log-in failed. The password is never sent back.
    pub login: String,
    pub wrong: Option<String>,
}

/// `/password`.
#[derive(Template)]
#[template(path = "password.html")]
pub struct PasswordPage {
    pub frame: Frame,
    /// The password was handed out by somebody else: nothing else works until it is changed.
    pub must: bool,
    pub wrong: Option<String>,
    pub length_min: usize,
}

/// Any answer that is not the screen asked for.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    pub frame: Frame,
    pub status: u16,
    pub heading: &'static str,
    pub detail: String,
}

impl ErrorPage {
    /// What a status means to somebody who has never heard of HTTP.
    pub fn heading_of(status: u16) -> &'static str {
        match status {
            401 => "Please log in",
            403 => "This is not for you",
            404 => "Nothing here",
            410 => "It is gone",
            409 | 412 => "Somebody was faster",
            413 => "Too large",
            429 => "Too fast",
            500..=599 => "The server cannot do this now",
            _ => "That did not work",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::hostile;
    use super::*;

    #[test]
    fn an_error_shows_its_detail_as_text() {
        let detail = hostile::TEXT.to_owned();
        let page = ErrorPage { frame: Frame::bare("x"), status: 404, heading: ErrorPage::heading_of(404), detail };
        hostile::assert_inert(&page.render().expect("renders"));
    }

    #[test]
    fn a_failed_log_in_keeps_the_name_and_not_the_password() {
        let page = LoginPage { frame: Frame::bare("x"), login: hostile::TEXT.into(), wrong: Some("wrong".into()) };
        let html = page.render().expect("renders");
        hostile::assert_inert(&html);
        assert!(html.contains("aria-invalid"));
    }
}
