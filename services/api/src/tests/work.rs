//! A page is read, found, lit, shown, and every showing is in the ledger.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use formats::alto;
use record::PageId;
use record::event::Role;
use record::words::{Block, Box as Place, Engine, Line, PageText, Word};
use serde_json::json;

use super::house::{Answer, House};

fn page_text(width: u32) -> PageText {
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

async fn claim(house: &House) -> Answer {
    house.ask(Role::Worker, Method::POST, "/api/v1/jobs/claim", Some(json!({"worker": "w"}))).await
}

async fn hand_back(house: &House, job: &str, page: PageId, width: u32) -> Answer {
    let request = TestRequest::post()
        .uri(&format!("/api/v1/jobs/{job}/text"))
        .insert_header(("authorization", "Bearer worker"))
        .insert_header(("content-type", "application/xml"))
        .set_payload(alto::write(&page_text(width), page));
    house.send(request).await
}

async fn read_page(house: &House) -> PageId {
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
    assert_eq!(hand_back(&house, job, page, 60).await.status, 410, "done with");
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
    assert_eq!(hit["boxes"][0], json!({"x": 30, "y": 5, "w": 20, "h": 10, "word": "cholangitis"}));
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

#[actix_web::test]
async fn after_three_failures_a_person_has_to_look() {
    let house = House::new().await;
    let (document, page) = house.capture(Some("MRN-1")).await;
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
    assert_eq!(house.count_events("unreadable").await, 1);
    let attention = house.get(Role::Technician, "/api/v1/attention").await.json();
    assert_eq!((&attention[0]["page"], &attention[0]["reason"]), (&json!(page), &json!("crashed")));
    let image = house.get(Role::Searcher, &format!("/api/v1/pages/{page}/image")).await;
    assert_eq!(image.status, 200, "the image of {document} is still there");
}
