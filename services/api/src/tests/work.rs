//! A page is read, found, lit, shown, and every showing is in the ledger.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use formats::alto;
use record::PageId;
use record::event::Role;
use record::words::{Block, Box as Place, Engine, Line, PageText, Word};
use serde_json::json;

use super::house::{Answer, House};
use crate::shelf;

pub fn page_text(width: u32) -> PageText {
    let word = |text: &str, x: u32| Word::read(text, Place { x, y: 5, w: 20, h: 10 }, 90);
    let engine = Engine {
        name: "test".into(),
        version: "1".into(),
        model: "none".into(),
        model_digest: "none".into(),
        recipe: String::new(),
        ..Engine::default()
    };
    let line = Line::of(vec![word("acute", 2), word("cholangitis", 30)]);
    let blocks = vec![Block::of(vec![line])];
    PageText { width, height: 40, language: "eng".into(), engine, blocks, ..PageText::default() }
}

pub async fn claim(house: &House) -> Answer {
    house.ask(Role::Worker, Method::POST, "/api/v1/jobs/claim", Some(json!({"worker": "w"}))).await
}

async fn hand_back(house: &House, job: &str, page: PageId, width: u32) -> Answer {
    hand_in(house, job, page, &page_text(width)).await
}

pub async fn hand_in(house: &House, job: &str, page: PageId, text: &PageText) -> Answer {
    let request = TestRequest::post()
        .uri(&format!("/api/v1/jobs/{job}/text"))
        .insert_header(("authorization", "Bearer worker"))
        .insert_header(("content-type", "application/xml"))
        .set_payload(alto::write(text, page));
    house.send(request).await
}

pub async fn read_page(house: &House) -> PageId {
    let (_, page) = house.capture(Some("MRN-1")).await;
    let job = claim(house).await.json()["job"].as_str().expect("a job").to_owned();
    assert_eq!(hand_back(house, &job, page, 60).await.status, 204);
    house.index().await;
    page
}

#[actix_web::test]
async fn a_page_is_claimed_read_and_done_with() {
    let house = House::new().await;
    assert_eq!(claim(&house).await.status, 204, "nothing to do");
    let (_, page) = house.capture(Some("MRN-1")).await;
    let job = claim(&house).await.json();
    assert_eq!((&job["page"], &job["width"], &job["attempt"]), (&json!(page), &json!(60), &json!(1)));
    let path = format!("/api/v1/jobs/{}", job["job"].as_str().expect("a name"));
    assert_eq!(house.get(Role::Worker, &format!("{path}/image")).await.header("content-type"), "image/png");
    assert_eq!(house.ask(Role::Worker, Method::POST, &format!("{path}/beat"), None).await.status, 204);
    let job = job["job"].as_str().expect("a name");
    assert_eq!(hand_back(&house, job, page, 61).await.status, 422, "of another size");
    assert_eq!(hand_back(&house, job, page, 60).await.status, 204);
    assert_eq!(hand_back(&house, job, page, 60).await.status, 204, "the same again is no second reading");
    assert_eq!(claim(&house).await.status, 204);
    assert_eq!(house.count_events("read").await, 1);
}

#[actix_web::test]
async fn a_word_is_found_lit_and_the_view_is_logged_first() {
    let house = House::new().await;
    let page = read_page(&house).await;
    assert_eq!(house.count_events("viewed").await, 0);
    let found = house.get(Role::Searcher, "/api/v1/search?q=cholangitis").await.json();
    assert_eq!(found["total"], 1, "{found}");
    let hit = &found["hits"][0];
    assert_eq!(hit["page"], json!(page));
    assert_eq!(hit["boxes"][0], json!({"x": 30, "y": 5, "w": 20, "h": 10, "word": "cholangitis", "kin": "typed"}));
    assert_eq!(house.count_events("viewed").await, 1, "the snippet");
    let words = house.get(Role::Searcher, &format!("/api/v1/pages/{page}/words?q=acute")).await.json();
    assert_eq!((&words["lit"][0]["word"], words["words"].as_array().map(Vec::len)), (&json!("acute"), Some(2)));
    assert_eq!(house.count_events("viewed").await, 2);
    for tile in ["0,0,30,40/30,/0/default.jpg", "30,0,30,40/15,/90/gray.png", "full/!20,20/0/default.jpg"] {
        let answer = house.get(Role::Searcher, &format!("/iiif/3/{page}/{tile}")).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{tile}");
    }
    assert_eq!(house.count_events("viewed").await, 3, "tiles of one page are one view");
}

#[actix_web::test]
async fn what_leaves_as_a_file_is_whole() {
    let house = House::new().await;
    let page = read_page(&house).await;
    let document = house.app.catalog.page(page).await.expect("asked").expect("there").0.document;
    let pdf = house.get(Role::Searcher, &format!("/api/v1/documents/{document}/pdf")).await;
    assert!(pdf.body.starts_with(b"%PDF-") && pdf.body.trim_ascii_end().ends_with(b"%%EOF"));
    assert!(pdf.header("content-disposition").starts_with("attachment"));
    let alto = house.get(Role::Searcher, &format!("/api/v1/pages/{page}/alto")).await;
    assert_eq!(formats::alto::parse(&alto.body).expect("ALTO"), page_text(60));
    let hocr = house.get(Role::Searcher, &format!("/api/v1/pages/{page}/hocr")).await;
    assert_eq!((hocr.status, hocr.header("content-type")), (200, "application/xhtml+xml"));
    assert!(String::from_utf8_lossy(&hocr.body).contains("<div class=\"ocr_page\""));
    let plain = house.get(Role::Searcher, &format!("/api/v1/pages/{page}/text")).await;
    assert_eq!((plain.status, plain.body.as_ref()), (200, page_text(60).plain().as_bytes()));
    let manifest = house.get(Role::Searcher, &format!("/iiif/presentation/3/{document}/manifest")).await.json();
    assert_eq!(manifest["items"][0]["width"], 60);
    let lit = house.get(Role::Searcher, &format!("/iiif/search/2/{document}?q=acute")).await.json();
    assert!(lit["items"][0]["target"].as_str().is_some_and(|target| target.ends_with("#xywh=2,5,20,10")), "{lit}");
    let proof = house.get(Role::Auditor, &format!("/api/v1/documents/{document}/proof")).await.json();
    assert!(!proof.to_string().contains("MRN-1"), "no patient data in a proof");
}

/// The one page in the queue crashes its reader as often as it takes.
pub async fn give_up(house: &House) {
    let mut now = house.app.now();
    for attempt in 1..=3 {
        // The pauses between attempts pass in no time here.
        now.0 += 3_600_000;
        let claimed = house.app.catalog.claim("w", now, 60).await.expect("asked").expect("a page");
        assert_eq!(claimed.attempt, attempt);
        let path = format!("/api/v1/jobs/{}/failure", claimed.job);
        let answer = house.ask(Role::Worker, Method::POST, &path, Some(json!({"reason": "crashed"}))).await;
        assert_eq!(answer.status, 204, "attempt {attempt}");
    }
}

#[actix_web::test]
async fn after_three_failures_a_person_has_to_look() {
    let house = House::new().await;
    let (document, page) = house.capture(Some("MRN-1")).await;
    give_up(&house).await;
    assert_eq!(house.count_events("unreadable").await, 1);
    let attention = house.get(Role::Technician, "/api/v1/attention").await.json();
    assert_eq!((&attention[0]["page"], &attention[0]["reason"]), (&json!(page), &json!("crashed")));
    let image = house.get(Role::Searcher, &format!("/api/v1/pages/{page}/image")).await;
    assert_eq!(image.status, 200, "the image of {document} is still there");
}

pub async fn claimed_page(house: &House) -> (String, PageId) {
    let job = claim(house).await.json();
    let page = job["page"].as_str().expect("a page").parse().expect("an id");
    (job["job"].as_str().expect("a name").to_owned(), page)
}

#[actix_web::test]
async fn a_result_that_comes_twice_at_once_is_one_reading() {
    let house = House::new().await;
    house.capture(Some("MRN-1")).await;
    let (job, page) = claimed_page(&house).await;
    let both = futures::future::join(hand_back(&house, &job, page, 60), hand_back(&house, &job, page, 60)).await;
    for answer in [both.0, both.1] {
        assert!([204, 503].contains(&answer.status), "done, or on its way: {}", answer.status);
    }
    assert_eq!(hand_back(&house, &job, page, 60).await.status, 204);
    assert_eq!(house.count_events("read").await, 1);
}

#[actix_web::test]
async fn a_page_that_somebody_opens_is_read_next() {
    let house = House::new().await;
    let (_, first) = house.capture(Some("MRN-1")).await;
    let (document, second) = house.capture(Some("MRN-2")).await;
    assert_eq!(house.get(Role::Searcher, &format!("/api/v1/pages/{second}/words")).await.status, 200);
    let (job, page) = claimed_page(&house).await;
    assert_eq!(page, second, "somebody waits for its words");
    let path = format!("/api/v1/jobs/{job}/release");
    assert_eq!(house.ask(Role::Worker, Method::POST, &path, None).await.status, 204);
    assert_eq!(house.ask(Role::Worker, Method::POST, &path, None).await.status, 410);
    let length = house.get(Role::Worker, "/api/v1/jobs").await.json();
    assert_eq!(length, json!({"waiting": 2}));
    assert_eq!(house.get(Role::Searcher, &format!("/documents/{document}")).await.status, 200);
    assert_eq!(claimed_page(&house).await.1, second, "given back, it is still first");
    assert_eq!(claimed_page(&house).await.1, first);
}

#[actix_web::test]
async fn only_known_steps_are_timed() {
    let house = House::new().await;
    house.capture(Some("MRN-1")).await;
    let (job, page) = claimed_page(&house).await;
    for (timing, status) in [("sleep=5", 422), ("decode=99999999999", 422), ("decode=5,recognize=1200000", 204)] {
        let request = TestRequest::post()
            .uri(&format!("/api/v1/jobs/{job}/text"))
            .insert_header(("authorization", "Bearer worker"))
            .insert_header(("chartroom-timing", timing))
            .set_payload(alto::write(&page_text(60), page));
        assert_eq!(house.send(request).await.status, status, "{timing}");
    }
}

#[actix_web::test]
async fn an_index_is_made_anew_beside_the_one_that_answers() {
    let house = House::new().await;
    let page = read_page(&house).await;
    let old = house.app.shelf.index();
    let search = || house.get(Role::Technician, "/api/v1/search?q=cholangitis");
    let (renewed, during) = tokio::join!(shelf::renew(&house.app), search());
    renewed.expect("made anew");
    assert_eq!(during.json()["total"], 1, "found while it is made");
    assert_eq!(search().await.json()["hits"][0]["page"], json!(page), "and afterwards");
    assert!(!std::sync::Arc::ptr_eq(&old, &house.app.shelf.index()), "another index answers");
    let asked = indexer::SearchRequest::new("acute", indexer::Scope::EVERYTHING);
    assert_eq!(old.search(&asked).expect("answers").pages, 1, "what is under way has the old one");
    drop(old);
    let (_, second) = house.capture(Some("MRN-2")).await;
    let job = claim(&house).await.json()["job"].as_str().expect("a job").to_owned();
    assert_eq!(hand_back(&house, &job, second, 60).await.status, 204);
    house.index().await;
    assert!(house.app.shelf.index().contains(&second).expect("reads"), "and it takes new pages in");
}
