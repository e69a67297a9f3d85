//! A station asks whether numbers are in the patient list; who asked is in the ledger, for whom is not.

use actix_web::http::Method;
use record::event::{Actor, PatientsRecord, Role};
use record::manifest::Patient;
use serde_json::{Value, json};

use super::house::House;
use crate::people;

const LOOK_UP: &str = "/api/v1/patients/lookup";

async fn asked(house: &House, mrns: &[&str]) -> Value {
    let answer = house.ask(Role::Technician, Method::POST, LOOK_UP, Some(json!({ "mrns": mrns }))).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()
}

#[actix_web::test]
async fn numbers_are_looked_up_and_that_is_written_down() {
    let house = House::new().await;
    let none = asked(&house, &["MRN-100001"]).await;
    assert_eq!((&none["has_list"], &none["patients"][0]), (&false.into(), &Value::Null), "no list, no wrong number");
    let patient = Patient { mrn: "MRN-100001".parse().expect("valid"), name: "Ida Storm".into(), birth_date: None };
    let record = PatientsRecord { salt: "00".repeat(16), patients: vec![patient] };
    people::record_patients(&house.app.archive, Actor::System, house.app.now(), &record).await.expect("recorded");
    let found = asked(&house, &["MRN-999999", "100001"]).await;
    assert_eq!((&found["has_list"], &found["patients"][0]), (&true.into(), &Value::Null));
    assert_eq!(found["patients"][1]["name"], "Ida Storm");

    assert_eq!(house.count_events("patients-looked-up").await, 2);
    let ledger = house.get(Role::Auditor, "/api/v1/ledger/events").await.json().to_string();
    assert!(ledger.contains("\"count\":2") && !ledger.contains("100001") && !ledger.contains("Storm"), "{ledger}");
}

#[actix_web::test]
async fn nobody_else_asks_and_nobody_asks_for_all() {
    let house = House::new().await;
    let one = json!({ "mrns": ["MRN-100001"] });
    for role in [Role::Searcher, Role::Auditor, Role::Worker] {
        assert_eq!(house.ask(role, Method::POST, LOOK_UP, Some(one.clone())).await.status, 404, "{role:?}");
    }
    let many: Vec<String> = (0..101).map(|n| format!("MRN-{n:06}")).collect();
    for mrns in [json!({ "mrns": many }), json!({ "mrns": [] })] {
        assert_eq!(house.ask(Role::Technician, Method::POST, LOOK_UP, Some(mrns)).await.status, 422);
    }
    assert_eq!(house.count_events("patients-looked-up").await, 0);
}
