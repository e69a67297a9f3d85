//! A person corrects a page: a new text, never another one in its place, and only for those who may.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use formats::alto;
use record::PageId;
use record::event::Role;
use record::words::{Attention, AttentionReason, Block, Box as Place, Line, PageText, Word};
use serde_json::{Value, json};

use super::house::{Answer, House};
use super::work::give_up;

/// `acute choIangitis`, and handwriting below.
fn misread() -> PageText {
    let word = |text: &str, x, confidence| Word::read(text, Place { x, y: 5, w: 20, h: 10 }, confidence);
    let line = Line::of(vec![word("acute", 2, 95), word("choIangitis", 30, 41)]);
    let below = Attention { reason: AttentionReason::Handwriting, place: Place { x: 2, y: 20, w: 50, h: 12 } };
    PageText {
        width: 60,
        height: 40,
        blocks: vec![Block::of(vec![line])],
        attention: vec![below],
        ..PageText::default()
    }
}

/// A page of `mrn` that was read so.
async fn read(house: &House, mrn: Option<&str>, text: &PageText) -> PageId {
    let (_, page) = house.capture(mrn).await;
    let job = house.ask(Role::Worker, Method::POST, "/api/v1/jobs/claim", Some(json!({"worker": "w"}))).await.json();
    let request = TestRequest::post()
        .uri(&format!("/api/v1/jobs/{}/text", job["job"].as_str().expect("a job")))
        .insert_header(("authorization", "Bearer worker"))
        .set_payload(alto::write(text, page));
    assert_eq!(house.send(request).await.status, 204);
    house.index().await;
    page
}

async fn words(house: &House, page: PageId) -> Value {
    house.get(Role::Technician, &format!("/api/v1/pages/{page}/words")).await.json()
}

async fn correct(house: &House, role: Role, page: PageId, body: Value) -> Answer {
    house.ask(role, Method::POST, &format!("/api/v1/pages/{page}/corrections"), Some(body)).await
}

async fn on_the_list(house: &House) -> Vec<Value> {
    let list = house.get(Role::Technician, "/api/v1/attention").await.json();
    list.as_array().expect("a list").iter().map(|entry| entry["reason"].clone()).collect()
}

async fn found(house: &House, word: &str) -> Value {
    house.index().await;
    house.get(Role::Technician, &format!("/api/v1/search?q={word}")).await.json()
}

#[actix_web::test]
async fn a_corrected_word_is_found_and_the_earlier_text_is_kept() {
    let house = House::new().await;
    let page = read(&house, Some("MRN-1"), &misread()).await;
    let before = words(&house, page).await;
    assert_eq!((&before["words"][1]["index"], &before["words"][1]["confidence"]), (&json!(1), &json!(41)));
    let body = json!({"replaces": before["text"], "words": [{"index": 1, "text": "cholangitis"}], "confirmed": [0]});
    let saved = correct(&house, Role::Technician, page, body.clone()).await;
    assert_eq!(saved.status, 200, "{}", String::from_utf8_lossy(&saved.body));
    assert_eq!((&saved.json()["changed"], &saved.json()["confidence"]), (&json!(1), &json!(100)));
    assert_eq!(
        (found(&house, "cholangitis").await["total"].clone(), found(&house, "choIangitis").await["total"].clone()),
        (json!(1), json!(0))
    );
    let lit = found(&house, "cholangitis").await["hits"][0]["boxes"][0].clone();
    assert_eq!(lit, json!({"x": 30, "y": 5, "w": 20, "h": 10, "word": "cholangitis", "kin": "typed"}));

    let texts = house.get(Role::Technician, &format!("/api/v1/pages/{page}/texts")).await.json();
    let told: Vec<_> =
        texts.as_array().expect("a list").iter().map(|it| (&it["kind"], &it["held"], &it["current"])).collect();
    assert_eq!(
        told,
        [(&json!("read"), &json!(true), &json!(false)), (&json!("corrected"), &json!(true), &json!(true))]
    );
    let earlier = format!("/api/v1/pages/{page}/alto?text={}", before["text"].as_str().expect("a digest"));
    let earlier = house.get(Role::Technician, &earlier).await;
    assert!(String::from_utf8_lossy(&earlier.body).contains("choIangitis"), "what the machine read is still there");
    let now = house.get(Role::Technician, &format!("/api/v1/pages/{page}/alto")).await;
    assert_eq!(now.header("etag"), format!("\"{}\"", saved.json()["text"].as_str().expect("a digest")));
    assert!(alto::parse(&now.body).expect("ALTO").engine.recipe.contains("corrected="));

    let late = correct(&house, Role::Technician, page, body).await;
    assert_eq!((late.status, late.json()["type"].clone()), (409, json!("urn:chartroom:problem:text-changed")));
    assert_eq!(house.count_events("corrected").await, 1, "what comes too late is no event");
}

#[actix_web::test]
async fn a_page_leaves_the_list_when_it_was_gone_through() {
    let house = House::new().await;
    let page = read(&house, Some("MRN-1"), &misread()).await;
    assert_eq!(on_the_list(&house).await, [json!("handwriting")]);
    let before = words(&house, page).await;
    assert_eq!(before["attention"][0]["reason"], "handwriting");
    let line = json!({"text": "seen H. Tindall", "box": {"x": 2, "y": 20, "w": 50, "h": 12}});
    let part = correct(&house, Role::Technician, page, json!({"replaces": before["text"], "added": [line]})).await;
    assert_eq!(part.status, 200, "{}", String::from_utf8_lossy(&part.body));
    assert_eq!(on_the_list(&house).await, [json!("handwriting")], "the rest was not gone through");
    assert_eq!(found(&house, "Tindall").await["total"], 1);
    let all = json!({"replaces": part.json()["text"], "confirmed_all": true});
    let all = correct(&house, Role::Admin, page, all).await;
    assert_eq!((all.status, on_the_list(&house).await.len()), (200, 0));
    assert_eq!(words(&house, page).await["words"].as_array().map(Vec::len), Some(5));
    let again = json!({"replaces": all.json()["text"], "confirmed_all": true});
    assert_eq!(correct(&house, Role::Admin, page, again).await.status, 200);
    assert_eq!(house.count_events("corrected").await, 2, "nothing new is no event");
}

#[actix_web::test]
async fn what_could_not_be_read_is_written_down_and_found() {
    let house = House::new().await;
    let (_, page) = house.capture(Some("MRN-1")).await;
    let line = json!({"text": "acute cholangitis", "box": {"x": 2, "y": 2, "w": 50, "h": 12}});
    let written = json!({"added": [line], "confirmed_all": true});
    let early = correct(&house, Role::Technician, page, written.clone()).await;
    assert_eq!(early.json()["type"], "urn:chartroom:problem:no-text", "it is still to be read");
    give_up(&house).await;
    assert_eq!(on_the_list(&house).await, [json!("crashed")]);
    assert_eq!(words(&house, page).await["text"], Value::Null);
    assert_eq!(correct(&house, Role::Searcher, page, written.clone()).await.status, 404);
    let saved = correct(&house, Role::Technician, page, written.clone()).await;
    assert_eq!((saved.status, &saved.json()["changed"]), (200, &json!(2)));
    assert_eq!(found(&house, "cholangitis").await["total"], 1);
    assert!(on_the_list(&house).await.is_empty(), "nobody has to look any more");
    let again = correct(&house, Role::Technician, page, written).await;
    assert_eq!(again.json()["type"], "urn:chartroom:problem:text-changed", "it has a text now");
}

#[actix_web::test]
async fn of_two_at_once_the_first_in_the_ledger_holds() {
    let house = House::new().await;
    let page = read(&house, Some("MRN-1"), &misread()).await;
    let text = words(&house, page).await["text"].clone();
    let saying = |word: &str| json!({"replaces": text, "words": [{"index": 1, "text": word}]});
    let (one, two) = futures::join!(
        correct(&house, Role::Technician, page, saying("cholangitis")),
        correct(&house, Role::Admin, page, saying("cholecystitis")),
    );
    let mut answers = [one.status, two.status];
    answers.sort_unstable();
    assert_eq!(answers, [200, 409]);
    let kept = if one.status == 200 { "cholangitis" } else { "cholecystitis" };
    assert_eq!(words(&house, page).await["words"][1]["word"], kept);
}

#[actix_web::test]
async fn what_cannot_be_said_of_the_text_is_refused_and_leaves_no_trace() {
    let house = House::new().await;
    let page = read(&house, Some("MRN-1"), &misread()).await;
    let text = words(&house, page).await["text"].clone();
    for (part, status) in [
        (json!({}), 422),
        (json!({"words": [{"index": 2, "text": "x"}]}), 422),
        (json!({"words": [{"index": 0, "text": "x".repeat(500)}]}), 422),
        (json!({"words": [{"index": 0, "text": "a\u{7}b"}]}), 422),
        (json!({"confirmed": [7]}), 422),
        (json!({"added": [{"text": "x", "box": {"x": 50, "y": 0, "w": 11, "h": 5}}]}), 422),
        (json!({"added": [{"after": 2, "text": "x", "box": {"x": 5, "y": 0, "w": 11, "h": 5}}]}), 422),
        (json!({"words": [{"index": -1, "text": "x"}]}), 400),
        (json!({"wrods": []}), 400),
    ] {
        let mut body = part.clone();
        body["replaces"] = text.clone();
        let answer = correct(&house, Role::Technician, page, body).await;
        assert_eq!(answer.status, status, "{part} {}", String::from_utf8_lossy(&answer.body));
    }
    let unknown = json!({"replaces": record::Digest::of(b"elsewhere"), "confirmed_all": true});
    assert_eq!(correct(&house, Role::Technician, page, unknown).await.status, 409);
    assert_eq!(house.count_events("corrected").await, 0);
    let (_, unread) = house.capture(Some("MRN-2")).await;
    let answer = correct(&house, Role::Technician, unread, json!({"replaces": text, "confirmed_all": true})).await;
    assert_eq!(answer.json()["type"], "urn:chartroom:problem:no-text", "and no text of another page will do");
}

#[actix_web::test]
async fn an_earlier_text_is_given_for_its_own_page_only() {
    let house = House::new().await;
    let mine = read(&house, Some("MRN-1"), &misread()).await;
    let other = PageText { blocks: vec![], ..misread() };
    let hidden = read(&house, None, &other).await;
    let theirs = words(&house, hidden).await["text"].as_str().expect("a digest").to_owned();
    let ask = async |role, page: PageId, text: &str| {
        house.get(role, &format!("/api/v1/pages/{page}/alto?text={text}")).await.status
    };
    assert_eq!(ask(Role::Technician, hidden, &theirs).await, 200);
    assert_eq!(ask(Role::Technician, mine, &theirs).await, 404);
    assert_eq!(ask(Role::Searcher, mine, &theirs).await, 404);
    assert_eq!(ask(Role::Searcher, hidden, &theirs).await, 404);
    assert_eq!(ask(Role::Technician, mine, "no-digest").await, 404);
    for path in ["texts", "words", "alto"] {
        assert_eq!(house.get(Role::Searcher, &format!("/api/v1/pages/{hidden}/{path}")).await.status, 404, "{path}");
    }
    let page = house.app.catalog.page(mine).await.expect("asked").expect("there").1;
    assert_eq!(ask(Role::Technician, mine, &page.image.to_string()).await, 404, "nor any other blob");
}

#[actix_web::test]
async fn only_those_who_resolve_correct_and_only_those_who_oversee_see_the_list() {
    let house = House::new().await;
    let page = read(&house, Some("MRN-1"), &misread()).await;
    let text = words(&house, page).await["text"].clone();
    for role in [Role::Searcher, Role::Auditor, Role::Worker] {
        let body = json!({"replaces": text, "confirmed_all": true});
        assert_eq!(correct(&house, role, page, body).await.status, 404, "{role:?}");
        let doors = ["/api/v1/attention", "/attention", "/attention/count", "/attention/next"].map(str::to_owned);
        for door in doors.into_iter().chain([format!("/pages/{page}/correct")]) {
            let answer = house.get(role, &door).await;
            assert_eq!(answer.status, 404, "{role:?} {door}");
            assert!(!String::from_utf8_lossy(&answer.body).contains("handwriting"), "{role:?} {door}");
        }
    }
    let filtered = |filter: &str| format!("/api/v1/attention?{filter}");
    for (filter, status, entries) in [
        ("reason=handwriting", 200, 1),
        ("reason=crashed", 200, 0),
        ("page=2", 200, 0),
        ("batch=00000000-0000-4000-8000-000000000000", 200, 0),
        ("reason=boredom", 422, 0),
        ("batch=x", 422, 0),
    ] {
        let answer = house.get(Role::Technician, &filtered(filter)).await;
        assert_eq!(answer.status, status, "{filter}");
        assert_eq!(answer.json().as_array().map_or(0, Vec::len), entries, "{filter}");
    }
}
