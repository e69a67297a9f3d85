//! A page that is read again gets the better text, and never loses the one it has.

use actix_web::http::Method;
use record::event::Role;
use record::words::{Box as Place, Word};
use record::{PageId, words::PageText};
use serde_json::{Value, json};

use super::house::House;
use super::work::{claimed_page, hand_in, page_text, read_page};

async fn start(house: &House) -> Value {
    let body = json!({"pages": {"confidence_below": 95}, "budget": {"pages_per_hour": 60}});
    let answer = house.ask(Role::Admin, Method::POST, "/api/v1/campaigns", Some(body)).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let campaign = answer.json();
    let id = campaign["campaign"].as_str().expect("an id").parse().expect("an id");
    assert_eq!(house.app.catalog.queue_again(id, house.app.now(), 9).await, Ok(1));
    campaign
}

fn better_text() -> PageText {
    let mut text = page_text(60);
    text.engine.generation = 2;
    text.blocks[0].lines[0].words.push(Word::read("jaundice", Place { x: 2, y: 20, w: 20, h: 10 }, 90));
    text
}

async fn text_of(house: &House, page: PageId) -> PageText {
    let alto = house.get(Role::Searcher, &format!("/api/v1/pages/{page}/alto")).await;
    formats::alto::parse(&alto.body).expect("ALTO")
}

#[actix_web::test]
async fn the_better_text_stays_and_progress_is_told() {
    let house = House::new().await;
    let page = read_page(&house).await;
    let campaign = start(&house).await;
    assert_eq!((&campaign["state"], &campaign["left"]), (&json!("running"), &json!(1)));
    let (job, claimed) = claimed_page(&house).await;
    assert_eq!(claimed, page);
    assert_eq!(text_of(&house, page).await, page_text(60), "readable while it waits");
    assert_eq!(hand_in(&house, &job, page, &better_text()).await.status, 204);
    assert_eq!(text_of(&house, page).await, better_text());
    let all = house.get(Role::Technician, "/api/v1/campaigns").await.json();
    assert_eq!((&all[0]["again"], &all[0]["better"], &all[0]["left"]), (&json!(1), &json!(1), &json!(0)));
    let path = format!("/api/v1/campaigns/{}/state", campaign["campaign"].as_str().expect("an id"));
    for (state, status) in [("paused", 200), ("running", 200), ("ended", 200), ("ended", 200), ("running", 409)] {
        let answer = house.ask(Role::Admin, Method::POST, &path, Some(json!({"state": state}))).await;
        assert_eq!(answer.status, status, "{state}");
    }
}

#[actix_web::test]
async fn a_worse_text_or_none_changes_nothing() {
    let house = House::new().await;
    let page = read_page(&house).await;
    start(&house).await;
    let (job, _) = claimed_page(&house).await;
    let worse = PageText { blocks: vec![], ..better_text() };
    assert_eq!(hand_in(&house, &job, page, &worse).await.status, 204);
    assert_eq!(text_of(&house, page).await, page_text(60));
    let known = house.app.catalog.page(page).await.expect("asked").expect("there").1;
    assert_eq!((known.generation, known.words), (2, Some(2)), "tried by generation 2, and the text is the old one");
    start(&house).await;
    let mut now = house.app.now();
    for _ in 0..3 {
        now.0 += 3_600_000;
        let job = house.app.catalog.claim("w", now, 60).await.expect("asked").expect("a page").job;
        let path = format!("/api/v1/jobs/{job}/failure");
        let answer = house.ask(Role::Worker, Method::POST, &path, Some(json!({"reason": "crashed"}))).await;
        assert_eq!(answer.status, 204);
    }
    assert_eq!(house.count_events("unreadable").await, 0);
    assert_eq!(text_of(&house, page).await, page_text(60));
    assert_eq!(house.app.catalog.claim("w", now, 60).await, Ok(None), "it is done with");
}

#[actix_web::test]
async fn a_dry_run_compares_and_records_nothing() {
    let house = House::new().await;
    let page = read_page(&house).await;
    let everything = json!({"pages": {}, "sample": 5, "seed": 1});
    let refused = house.ask(Role::Admin, Method::POST, "/api/v1/trials", Some(everything)).await;
    assert_eq!(refused.status, 422, "which pages?");
    let body = json!({"pages": {"confidence_below": 95}, "sample": 5, "seed": 1});
    let trial = house.ask(Role::Admin, Method::POST, "/api/v1/trials", Some(body)).await.json();
    assert_eq!((&trial["pages"], &trial["sample"], &trial["done"]), (&json!(1), &json!(1), &json!(0)), "{trial}");
    let events = house.app.archive.size();
    let (job, _) = claimed_page(&house).await;
    for _ in 0..2 {
        assert_eq!(hand_in(&house, &job, page, &better_text()).await.status, 204);
    }
    let path = format!("/api/v1/trials/{}", trial["trial"].as_str().expect("an id"));
    let found = house.ask(Role::Admin, Method::GET, &path, None).await.json();
    assert_eq!((&found["better"], &found["words_gained"], &found["words_lost"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!(house.app.archive.size(), events, "nothing of it is in the ledger");
    assert_eq!(text_of(&house, page).await, page_text(60));
}
