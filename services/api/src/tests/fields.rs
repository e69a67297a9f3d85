//! What a page's text proposes and contradicts, over HTTP and on the pages.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use formats::alto;
use record::event::{Actor, PatientsRecord, Role};
use record::manifest::Patient;
use record::words::{Block, Box as Place, Line, PageText, Word};
use record::{DocumentId, PageId};
use serde_json::json;

use super::house::{Answer, House};
use crate::people;

/// A page of 60 by 40 with one line: label and number.
fn says(mrn: &str) -> PageText {
    let word = |text: &str, x: u32| Word::read(text, Place { x, y: 5, w: 20, h: 10 }, 96);
    let blocks = vec![Block::of(vec![Line::of(vec![word("MRN:", 2), word(mrn, 30)])])];
    PageText { width: 60, height: 40, language: "eng".into(), blocks, ..PageText::default() }
}

/// Captures a document of `mrn` and reads on its page that it is `said`'s.
async fn read(house: &House, mrn: Option<&str>, said: &str) -> (DocumentId, PageId) {
    let (document, page) = house.capture(mrn).await;
    let job = house.ask(Role::Worker, Method::POST, "/api/v1/jobs/claim", Some(json!({"worker": "w"}))).await.json();
    let request = TestRequest::post()
        .uri(&format!("/api/v1/jobs/{}/text", job["job"].as_str().expect("a job")))
        .insert_header(("authorization", "Bearer worker"))
        .insert_header(("content-type", "application/xml"))
        .set_payload(alto::write(&says(said), page));
    assert_eq!(house.send(request).await.status, 204);
    (document, page)
}

async fn text(house: &House, role: Role, path: &str) -> String {
    String::from_utf8(house.get(role, path).await.body).expect("UTF-8")
}

async fn dismiss(house: &House, document: DocumentId, page: PageId, version: &str) -> Answer {
    let request = TestRequest::post()
        .uri(&format!("/api/v1/documents/{document}/alarms/{page}/dismissal"))
        .insert_header(("authorization", "Bearer technician"))
        .insert_header(("if-match", version));
    house.send(request).await
}

#[actix_web::test]
async fn an_alarm_names_the_other_patient_only_to_those_who_oversee() {
    let house = House::new().await;
    let (document, page) = read(&house, Some("MRN-100001"), "200002").await;
    let (api, html) = (format!("/api/v1/documents/{document}"), format!("/documents/{document}"));
    for role in [Role::Technician, Role::Searcher] {
        let shown = house.get(role, &api).await.json();
        assert_eq!(shown["alarms"].as_array().map(Vec::len), Some(1), "{shown}");
        assert_eq!(shown["alarms"][0]["mrn"] == "200002", role == Role::Technician, "{shown}");
        let banner = text(&house, role, &html).await;
        assert!(banner.contains("Wrong patient on") && !banner.contains("200002"), "{role:?}");
        assert_eq!(banner.contains("It is the right patient"), role == Role::Technician);
    }
    let list = text(&house, Role::Technician, "/exceptions").await;
    assert!(list.contains("but the page says") && list.contains("200002"));
    assert_eq!(dismiss(&house, document, page, "\"2\"").await.status, 412);
    assert_eq!(dismiss(&house, document, page, "\"1\"").await.status, 204);
    assert_eq!(house.count_events("alarm-dismissed").await, 1);
    assert_eq!(house.get(Role::Technician, "/api/v1/alarms").await.json(), json!([]));
    assert!(!text(&house, Role::Searcher, &html).await.contains("Wrong patient"));
}

#[actix_web::test]
async fn a_page_that_agrees_raises_none() {
    let house = House::new().await;
    read(&house, Some("MRN-100001"), "100001").await;
    assert_eq!(house.get(Role::Technician, "/api/v1/alarms").await.json(), json!([]));
}

/// From the form that a clerk fills in to the search, its facet and its list; a document of no department has none.
#[actix_web::test]
async fn a_department_is_entered_found_and_counted() {
    let house = House::new().await;
    let (document, _) = read(&house, None, "100001").await;
    let (other, _) = read(&house, Some("MRN-100001"), "100001").await;
    let file = |department: &'static str| {
        let fields = [("version", "1"), ("mrn", "MRN-100001"), ("encounter", ""), ("document_type", ""), ("date", "")];
        let fields: Vec<_> = fields.into_iter().chain([("department", department)]).collect();
        let request = TestRequest::post().uri(&format!("/exceptions/{document}"));
        house.send(request.insert_header(("authorization", "Bearer technician")).set_form(fields))
    };
    let refused = file("ward 7 !").await;
    assert_eq!(refused.status, 422);
    assert!(String::from_utf8_lossy(&refused.body).contains("A department is 1 to 30"));
    assert_eq!(file("heart surgery").await.status, 303);
    house.index().await;

    let shown = house.get(Role::Searcher, &format!("/api/v1/documents/{document}")).await.json();
    assert_eq!(shown["department"], "HEART-SURGERY");
    let all = house.get(Role::Searcher, "/api/v1/search?q=100001").await.json();
    assert_eq!((&all["documents"], &all["facets"]["department"][0]["documents"]), (&json!(2), &json!(1)), "{all}");
    for q in ["q=service:heart-surgery", "q=department:heart*+100001", "department=HEART-SURGERY"] {
        let found = house.get(Role::Searcher, &format!("/api/v1/search?{q}")).await.json();
        assert_eq!((&found["documents"], &found["hits"][0]["document"]), (&json!(1), &json!(document)), "{q}");
    }
    let rest = house.get(Role::Searcher, "/api/v1/search?q=-service:heart-surgery").await.json();
    assert_eq!(rest["hits"][0]["document"], json!(other));
    let page = text(&house, Role::Searcher, "/search?q=100001").await;
    assert!(page.contains("department=HEART-SURGERY") && page.contains("Any department"), "facet and form");
    assert!(text(&house, Role::Searcher, &format!("/documents/{document}")).await.contains("<dd>Heart surgery</dd>"));
    assert!(text(&house, Role::Searcher, "/api/v1/search.csv?q=100001").await.contains(",HEART-SURGERY\r\n"));
    let changes = text(&house, Role::Technician, &format!("/documents/{document}/proof")).await;
    assert!(changes.contains("Department"), "the version says what was changed");
}

#[actix_web::test]
async fn empty_fields_are_filled_in_and_typed_ones_stay() {
    let house = House::new().await;
    let patient = Patient { mrn: "MRN-100001".parse().expect("valid"), name: "Ida Storm".into(), birth_date: None };
    let record = PatientsRecord { salt: "00".repeat(16), patients: vec![patient] };
    people::record_patients(&house.app.archive, Actor::System, house.app.now(), &record).await.expect("recorded");
    let (document, _) = read(&house, None, "100001").await;
    let form = text(&house, Role::Technician, &format!("/exceptions/{document}")).await;
    assert!(form.contains("value=\"MRN-100001\""), "as the list spells it");
    assert!(form.contains("Proposed") && form.contains("the patient list has this number"), "{form}");
    let typed = TestRequest::post()
        .uri(&format!("/exceptions/{document}"))
        .insert_header(("authorization", "Bearer technician"))
        .set_form([("version", "1"), ("mrn", ""), ("encounter", ""), ("document_type", ""), ("date", "soon")]);
    let refused = house.send(typed).await;
    assert_eq!(refused.status, 422);
    let refused = String::from_utf8(refused.body).expect("UTF-8");
    assert!(
        refused.contains("value=\"soon\"") && !refused.contains("value=\"MRN-100001\""),
        "what was emptied stays so"
    );
    assert_eq!(house.count_events("sealed").await, 1, "nothing is filed");
}
