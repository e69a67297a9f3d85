//! Every route × every role answers as the policy table says, and the API's description
//! knows every route.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use record::event::Role;
use utoipa::OpenApi as _;

use super::house::House;
use crate::policy::{Action, allows};
use crate::routes::open::Api;
use crate::server::{self, Route};

/// An address of this route that names nothing that exists.
fn address(route: &Route) -> String {
    let nothing = "00000000-0000-4000-8000-000000000000";
    let parts = route.path.split('/').map(|part| match part {
        "{index}" => "999999",
        "{digest}" => "0000000000000000000000000000000000000000000000000000000000000000",
        "{region}" => "full",
        "{size}" => "max",
        "{rotation}" => "0",
        "{file}" => "default.jpg",
        part if part.starts_with('{') => nothing,
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

fn request(route: &Route) -> TestRequest {
    let method: Method = route.method.to_uppercase().parse().expect("a method");
    TestRequest::with_uri(&address(route)).method(method)
}

/// What the guard says before a handler runs; none where it lets the request through.
fn refusal(role: Option<Role>, action: Action) -> Option<u16> {
    match role {
        _ if action == Action::Open => None,
        None => Some(401),
        Some(role) if allows(role, action) => None,
        Some(_) if action.hides() => Some(404),
        Some(_) => Some(403),
    }
}

#[actix_web::test]
async fn every_route_answers_every_role_by_the_table() {
    let house = House::new().await;
    for route in server::routes() {
        for role in Role::ALL.into_iter().map(Some).chain([None]) {
            let mut request = request(route);
            if let Some(role) = role {
                request = request.insert_header(("authorization", format!("Bearer {}", role.as_str())));
            }
            let answer = house.send(request).await;
            let code = serde_json::from_slice::<serde_json::Value>(&answer.body)
                .map_or_else(|_| String::new(), |body| body["type"].as_str().unwrap_or_default().to_owned());
            let by_guard = matches!(code.rsplit(':').next(), Some("not-signed-in" | "forbidden"));
            match refusal(role, route.action) {
                Some(expected) => assert_eq!(answer.status, expected, "{route:?} {role:?} {code}"),
                None => assert!(!by_guard, "{route:?} {role:?} was refused: {} {code}", answer.status),
            }
            assert_ne!(answer.status, 500, "{route:?} {role:?}");
            assert!(!answer.header("content-security-policy").is_empty(), "{route:?}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{route:?}");
        }
    }
}

#[actix_web::test]
async fn the_description_knows_every_route_of_the_api() {
    let api = Api::openapi();
    let mut described = 0;
    for route in server::routes().filter(|route| is_api(route.path)) {
        let item = api.paths.paths.get(route.path).unwrap_or_else(|| panic!("{} is not described", route.path));
        let text = serde_json::to_value(item).expect("JSON");
        assert!(text.get(route.method).is_some(), "{} {} is not described", route.method, route.path);
        described += 1;
    }
    let methods =
        |item: &utoipa::openapi::PathItem| serde_json::to_value(item).expect("JSON").as_object().map_or(0, |o| o.len());
    assert_eq!(described, api.paths.paths.values().map(methods).sum::<usize>(), "nothing else is described");
}

fn is_api(path: &str) -> bool {
    ["/api/", "/iiif/", "/healthz", "/metrics"].iter().any(|start| path.starts_with(start))
}

#[actix_web::test]
async fn an_unknown_address_is_a_problem_document() {
    let house = House::new().await;
    let answer = house.get(Role::Admin, "/api/v1/nothing-here").await;
    assert_eq!((answer.status, answer.header("content-type")), (404, "application/problem+json"));
    let malformed = TestRequest::post()
        .uri("/api/v1/jobs/claim")
        .insert_header(("authorization", "Bearer worker"))
        .insert_header(("content-type", "application/json"))
        .set_payload("{\"secret\":");
    let answer = house.send(malformed).await;
    assert_eq!((answer.status, answer.header("content-type")), (400, "application/problem+json"));
    assert!(!String::from_utf8_lossy(&answer.body).contains("secret"), "bodies are not quoted");
}
