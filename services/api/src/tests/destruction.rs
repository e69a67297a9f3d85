//! What may be destroyed is asked of the schedule, of the holds and of a second person; of what is destroyed nothing is shown.

use actix_web::http::Method;
use record::destruction::Proposal;
use record::event::{Actor, Role};
use record::{AccountId, DocumentId};
use serde_json::{Value, json};

use super::house::{Answer, House};
use crate::destruction;
use crate::identity::Caller;
use crate::problem::Problem;
use crate::retention::Schedule;

const NOW: &str = "[[class]]\nname = \"ALL-0\"\nyears = 0\n";
const LATER: &str = "[[class]]\nname = \"ALL-30\"\nyears = 30\n";

async fn house(schedule: Option<&str>) -> (House, DocumentId, DocumentId) {
    let retention = schedule.map(|text| Schedule::parse(text).expect("a schedule"));
    let house = House::with_retention(retention).await;
    let (one, _) = house.capture(Some("MRN-100042")).await;
    let (two, _) = house.capture(Some("MRN-100043")).await;
    (house, one, two)
}

async fn post(house: &House, role: Role, path: &str, body: Value) -> Answer {
    house.ask(role, Method::POST, path, Some(body)).await
}

fn proposal(document: DocumentId) -> Value {
    json!({"documents": [document], "reference": "RC-1", "authority": "Records committee"})
}

/// Somebody with an account of their own.
fn person(name: &str) -> Caller {
    let actor = Actor::Account(AccountId::derived([name.as_bytes()]));
    Caller { actor, role: Role::Admin, name: name.to_owned(), must_change_password: false, session: None }
}

async fn refusal(house: &House, document: DocumentId) -> String {
    let answer = post(house, Role::Admin, "/api/v1/destructions", proposal(document)).await;
    assert_eq!(answer.status, 422, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()["detail"].as_str().unwrap_or_default().to_owned()
}

#[actix_web::test]
async fn the_schedule_and_the_holds_are_asked() {
    let (bare, document, _) = house(None).await;
    assert!(refusal(&bare, document).await.contains("no retention schedule"));
    let (young, document, _) = house(Some(LATER)).await;
    assert!(refusal(&young, document).await.contains("kept until 20"));
    assert_eq!(young.get(Role::Admin, "/api/v1/destructions/due").await.json(), json!([]));

    let (house, document, other) = house(Some(NOW)).await;
    let due = house.get(Role::Admin, "/api/v1/destructions/due").await.json();
    assert_eq!(due.as_array().map(Vec::len), Some(2));
    // By the patient's number, however it is spelt.
    let hold =
        post(&house, Role::Technician, "/api/v1/holds", json!({"reference": "LIT-1", "patients": ["100042"]})).await;
    let hold = hold.json()["hold"].as_str().expect("a name").to_owned();
    assert!(refusal(&house, document).await.contains("legal hold LIT-1"));
    assert_eq!(post(&house, Role::Admin, "/api/v1/destructions", proposal(other)).await.status, 200);
    assert_eq!(post(&house, Role::Technician, &format!("/api/v1/holds/{hold}/release"), json!({})).await.status, 404);
    assert_eq!(post(&house, Role::Admin, &format!("/api/v1/holds/{hold}/release"), json!({})).await.status, 200);
    let answer = post(&house, Role::Technician, "/api/v1/destructions", proposal(document)).await;
    assert_eq!(answer.status, 200);
    let id = answer.json()["destruction"].as_str().expect("a name").to_owned();

    // A hold that comes between proposal and approval is respected.
    post(&house, Role::Admin, "/api/v1/holds", json!({"reference": "LIT-2", "documents": [document]})).await;
    let approval = format!("/api/v1/destructions/{id}/approval");
    assert_eq!(post(&house, Role::Admin, &approval, json!({})).await.status, 422);
    assert_eq!(house.count_events("destruction-approved").await, 0);
}

#[actix_web::test]
async fn patients_are_not_named_in_what_stays() {
    let (house, document, _) = house(Some(NOW)).await;
    for (name, value) in [("reference", "MRN-100042"), ("authority", "for patient 100042"), ("reference", "Jane Roe")] {
        let mut body = proposal(document);
        body[name] = json!(value);
        let answer = post(&house, Role::Admin, "/api/v1/destructions", body).await;
        assert_eq!(answer.status, 422, "{value}");
    }
    assert_eq!(house.count_events("destruction-proposed").await, 0);
}

#[actix_web::test]
async fn a_second_person_approves_and_of_the_document_nothing_is_shown() {
    let (house, document, other) = house(Some(NOW)).await;
    let plan =
        post(&house, Role::Technician, "/api/v1/destructions/plan", json!({"documents": [document]})).await.json();
    // Both have the same picture: it stays with the other one.
    assert_eq!(plan["shared"][0]["document"], json!(other));
    assert_eq!(plan["objects"].as_array().map(Vec::len), Some(2), "manifest and fields: {plan}");

    let ask = serde_json::from_value(proposal(document)).expect("a proposal");
    let id = destruction::propose(&house.app, &person("ann"), &ask).await.expect("proposed");
    let own = destruction::approve(&house.app, &person("ann"), id).await;
    assert!(matches!(own, Err(Problem { code: "second-person", .. })));
    assert_eq!(
        post(&house, Role::Technician, &format!("/api/v1/destructions/{id}/approval"), json!({})).await.status,
        404
    );
    destruction::approve(&house.app, &person("bob"), id).await.expect("approved");
    let again = destruction::approve(&house.app, &person("cid"), id).await;
    assert!(matches!(again, Err(Problem { code: "decided", .. })));
    assert!(destruction::withdraw(&house.app, &person("cid"), id).await.is_err(), "too late");

    house.index().await;
    assert_eq!(destruction::again(&house.app).await.expect("deleted"), 2);
    assert_eq!(house.count_events("destroyed").await, 1);
    let (found, proof) = (format!("/api/v1/documents/{document}"), format!("/api/v1/documents/{document}/proof"));
    for (role, path) in [(Role::Admin, &found), (Role::Searcher, &found), (Role::Auditor, &proof)] {
        let answer = house.get(role, path).await;
        assert_eq!(answer.status, 410, "{role:?}");
        assert!(answer.json()["detail"].as_str().is_some_and(|detail| detail.contains("RC-1")), "{role:?}");
    }
    assert_eq!(house.get(Role::Searcher, &format!("/api/v1/documents/{other}")).await.status, 200);
    assert_eq!(house.get(Role::Admin, "/api/v1/destructions/due").await.json().as_array().map(Vec::len), Some(1));
    // The same document is not taken in again, and nothing was told as damage.
    let answer = house.get(Role::Admin, "/api/v1/store").await.json();
    assert_eq!(answer["damaged"], 0, "{answer}");
    assert!(house.app.archive.take_incidents().is_empty());
}

#[actix_web::test]
async fn a_document_that_is_not_filed_is_not_told_of_to_searchers_even_then() {
    let house = House::with_retention(Some(Schedule::parse(NOW).expect("a schedule"))).await;
    let (document, _) = house.capture(None).await;
    let ask = serde_json::from_value(proposal(document)).expect("a proposal");
    let id = destruction::propose(&house.app, &person("ann"), &ask).await.expect("proposed");
    destruction::approve(&house.app, &person("bob"), id).await.expect("approved");
    let path = format!("/api/v1/documents/{document}");
    assert_eq!(house.get(Role::Searcher, &path).await.status, 404);
    assert_eq!(house.get(Role::Technician, &path).await.status, 410);
}

#[actix_web::test]
async fn what_was_changed_since_is_looked_at_again() {
    let (house, document, _) = house(Some(NOW)).await;
    let ask = serde_json::from_value(proposal(document)).expect("a proposal");
    let id = destruction::propose(&house.app, &person("ann"), &ask).await.expect("proposed");
    let newest = house.app.catalog.document(document).await.expect("asked").expect("there");
    let manifest = house.app.archive.manifest(&newest.manifest).await.expect("there");
    crate::seal::next(&house.app, &person("cid"), &newest, manifest).await.expect("sealed");
    let stale = destruction::approve(&house.app, &person("bob"), id).await;
    assert!(matches!(stale, Err(Problem { code: "stale", .. })), "{stale:?}");
    let record = house.app.catalog.destruction(id).await.expect("asked").expect("there").record;
    assert!(matches!(record, Proposal { documents, .. } if documents.len() == 1));
}
