//! People come in, go out, and change their password.

use actix_web::cookie::Cookie;
use actix_web::http::Method;
use actix_web::test::TestRequest;
use record::event::Role;
use serde_json::json;

use super::house::{Answer, House, PASSWORD};

async fn log_in(house: &House, login: &str, password: &str) -> Answer {
    house.send(TestRequest::post().uri("/api/v1/session").set_json(json!({"login": login, "password": password}))).await
}

fn cookie(answer: &Answer) -> Cookie<'static> {
    Cookie::parse(answer.header("set-cookie").to_owned()).expect("a cookie")
}

fn with(cookie: &Cookie<'static>, method: Method, path: &str) -> TestRequest {
    TestRequest::with_uri(path).method(method).cookie(cookie.clone()).insert_header(("sec-fetch-site", "same-origin"))
}

#[actix_web::test]
async fn a_session_begins_and_ends() {
    let house = House::new().await;
    house.account("ann", Role::Searcher, false).await;
    let answer = log_in(&house, "ann", PASSWORD).await;
    assert_eq!(answer.status, 200);
    let set = answer.header("set-cookie");
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict") && set.contains("Path=/"), "{set}");
    let cookie = cookie(&answer);
    assert_eq!(house.send(with(&cookie, Method::GET, "/api/v1/session")).await.json()["name"], "ann");
    assert_eq!(house.send(with(&cookie, Method::DELETE, "/api/v1/session")).await.status, 204);
    assert_eq!(house.send(with(&cookie, Method::GET, "/api/v1/session")).await.status, 401);
}

#[actix_web::test]
async fn wrong_names_and_wrong_passwords_read_alike() {
    let house = House::new().await;
    house.account("ann", Role::Searcher, false).await;
    let (name, password) = (log_in(&house, "bob", PASSWORD).await, log_in(&house, "ann", "something else").await);
    assert_eq!((name.status, password.status), (401, 401));
    assert_eq!(name.json(), password.json());
    let mut last = 0;
    for _ in 0..9 {
        last = log_in(&house, "ann", "something else").await.status;
    }
    assert_eq!(last, 429, "guessing is slow");
}

#[actix_web::test]
async fn a_handed_out_password_opens_nothing_but_its_own_change() {
    let house = House::new().await;
    house.account("ann", Role::Searcher, true).await;
    let cookie_one = cookie(&log_in(&house, "ann", PASSWORD).await);
    assert_eq!(house.send(with(&cookie_one, Method::GET, "/api/v1/search")).await.status, 403);
    let change = |new: &str| {
        with(&cookie_one, Method::POST, "/api/v1/session/password").set_json(json!({"old": PASSWORD, "new": new}))
    };
    assert_eq!(house.send(change("short")).await.status, 422);
    let changed = house.send(change("quite another password")).await;
    assert_eq!(changed.status, 200, "{}", changed.json());
    assert_eq!(house.send(with(&cookie_one, Method::GET, "/api/v1/session")).await.status, 401, "old sessions end");
    assert_eq!(house.send(with(&cookie(&changed), Method::GET, "/api/v1/search")).await.status, 200);
    assert_eq!(log_in(&house, "ann", PASSWORD).await.status, 401);
}

#[actix_web::test]
async fn another_site_cannot_use_the_cookie() {
    let house = House::new().await;
    house.account("tess", Role::Technician, false).await;
    let cookie = cookie(&log_in(&house, "tess", PASSWORD).await);
    let forged =
        TestRequest::delete().uri("/api/v1/session").cookie(cookie).insert_header(("origin", "https://evil.example"));
    assert_eq!(house.send(forged).await.status, 403);
}

#[actix_web::test]
async fn a_revoked_token_opens_nothing() {
    let house = House::new().await;
    let token = house.app.catalog.tokens().await.expect("asked").remove(0);
    let record = record::event::TokenRecord { revoked: true, ..token };
    let role = record.role;
    assert_eq!(house.get(role, "/api/v1/session").await.status, 200);
    crate::people::record_token(&house.app.archive, record::event::Actor::System, house.app.now(), &record)
        .await
        .expect("recorded");
    house.app.refresh().await.expect("folded");
    assert_eq!(house.get(role, "/api/v1/session").await.status, 401);
}

#[actix_web::test]
async fn a_log_in_leads_to_where_one_wanted_to_go() {
    let house = House::new().await;
    house.account("ann", Role::Searcher, false).await;
    let page = |path: &str| TestRequest::get().uri(path).insert_header(("accept", "text/html"));
    let form = |cookie: Cookie<'static>| {
        let form = [("login", "ann"), ("password", PASSWORD)];
        with(&cookie, Method::POST, "/login").set_form(form)
    };
    let asked = house.send(page("/search?q=left%20lung")).await;
    assert_eq!((asked.status, asked.header("location")), (303, "/login"));
    let remembered = cookie(&asked);
    assert!(!remembered.value().contains("lung") && remembered.path() == Some("/login"));
    let entered = house.send(form(remembered)).await;
    assert_eq!((entered.status, entered.header("location")), (303, "/search?q=left%20lung"));
    let forged = Cookie::new("chartroom-way-back", "Ly9ldmlsLmV4YW1wbGUv");
    assert_eq!(house.send(form(forged)).await.header("location"), "/", "//evil.example/ is no address of ours");
}
