//! Where did somebody want to go before they had to log in? A cookie that only the log-in page is sent says so.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::web::Data;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::guard::LOG_IN_PAGE;
use crate::state::App;

const NAME: &str = "chartroom-way-back";
/// Who comes later, or is somebody else at the same desk, begins at the beginning.
const KEPT: Duration = Duration::minutes(15);
/// Longer addresses are not remembered: browsers keep 4 KiB in a cookie.
const LENGTH_MAX: usize = 2_000;

/// For the answer that leads to the log-in; none where the address is too long.
pub fn remembered(request: &HttpRequest) -> Option<Cookie<'static>> {
    let address = request.uri().path_and_query()?.as_str();
    (address.len() <= LENGTH_MAX).then(|| cookie(request, URL_SAFE_NO_PAD.encode(address), KEPT))
}

/// For the answer to a log-in: where to, and the cookie that forgets it.
pub fn taken(request: &HttpRequest) -> Option<(String, Cookie<'static>)> {
    let address = URL_SAFE_NO_PAD.decode(request.cookie(NAME)?.value()).ok()?;
    let address = String::from_utf8(address).ok().filter(|address| is_ours(address))?;
    Some((address, cookie(request, String::new(), Duration::ZERO)))
}

/// A path of this server. `//host` and `/\host` are other servers to a browser, and what is not printable it leaves out.
fn is_ours(address: &str) -> bool {
    let mut bytes = address.bytes();
    let begins = bytes.next() == Some(b'/') && !matches!(bytes.next(), Some(b'/' | b'\\'));
    begins && address.bytes().all(|byte| byte.is_ascii_graphic())
}

fn cookie(request: &HttpRequest, value: String, kept: Duration) -> Cookie<'static> {
    let secure = request.app_data::<Data<App>>().is_some_and(|app| app.config.is_secure());
    Cookie::build(NAME, value)
        .path(LOG_IN_PAGE)
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure)
        .max_age(kept)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_server_are_led_to() {
        for (address, ours) in [
            ("/documents/1?page=2&q=left%20lung", true),
            ("/", true),
            ("//evil.example/", false),
            ("/\\evil.example/", false),
            ("/\t/evil.example/", false),
            ("https://evil.example/", false),
            ("", false),
        ] {
            assert_eq!(is_ours(address), ours, "{address}");
        }
    }
}
