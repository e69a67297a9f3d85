//! A search whose time is over says so, to programs and to people; what a document no longer has is not found.

use std::time::Duration;

use actix_web::http::Method;
use record::event::{Actor, Role};
use record::{DocumentId, EventKind, PageId};
use serde_json::json;

use super::house::House;
use super::work::{claimed_page, hand_in, page_text, read_page};
use crate::config::Config;

#[actix_web::test]
async fn a_search_without_time_answers_in_part_and_says_so() {
    let house = House::with(Config { search_budget: Duration::ZERO, ..Config::default() }).await;
    read_page(&house).await;
    let found = house.get(Role::Searcher, "/api/v1/search?q=cholangitis").await;
    assert_eq!((found.status, &found.json()["partial"]), (200, &true.into()));
    let page = house.get(Role::Searcher, "/search?q=cholangitis").await;
    assert!(String::from_utf8_lossy(&page.body).contains("data-partial"), "people are not told");
}

#[actix_web::test]
async fn a_search_with_time_is_whole() {
    let house = House::new().await;
    read_page(&house).await;
    let found = house.get(Role::Searcher, "/api/v1/search?q=cholangitis").await.json();
    assert_eq!((&found["partial"], &found["total"]), (&false.into(), &1.into()));
    let page = house.get(Role::Searcher, "/search?q=chol*").await;
    let page = String::from_utf8_lossy(&page.body).into_owned();
    assert!(page.contains("cholangitis") && !page.contains("data-partial"), "{page}");
}

#[actix_web::test]
async fn where_no_page_has_all_words_those_with_most_are_shown_and_say_what_they_lack() {
    let house = House::new().await;
    read_page(&house).await;
    let found = house.get(Role::Searcher, "/api/v1/search?q=acute+cholangitis+zebra").await.json();
    assert_eq!((&found["incomplete"], &found["total"]), (&json!(true), &json!(1)), "{found}");
    assert_eq!(found["hits"][0]["missing"], json!(["zebra"]));
    let page = house.get(Role::Searcher, "/search?q=acute+cholangitis+zebra").await;
    let page = String::from_utf8_lossy(&page.body).into_owned();
    assert!(page.contains("data-incomplete") && page.contains("<s>zebra</s>"), "{page}");
    let list = house.get(Role::Searcher, "/api/v1/search.csv?q=acute+cholangitis+zebra").await;
    assert!(String::from_utf8_lossy(&list.body).contains(",zebra,\r\n"));
    for meant in ["%22acute+cholangitis%22+zebra", "acute+cholangitis+zebra+-yak", "cholangitis+zebra"] {
        let found = house.get(Role::Searcher, &format!("/api/v1/search?q={meant}")).await.json();
        assert_eq!((&found["incomplete"], &found["total"]), (&json!(false), &json!(0)), "{meant}");
    }
}

#[actix_web::test]
async fn a_page_that_the_newest_version_lacks_is_found_no_more() {
    let house = House::new().await;
    let page = read_page(&house).await;
    let found = house.get(Role::Searcher, "/api/v1/search?q=cholangitis").await.json();
    let document: DocumentId = found["hits"][0]["document"].as_str().expect("an id").parse().expect("an id");
    seal_version_with(&house, document, PageId::derived([b"another".as_slice()])).await;
    house.index().await;
    let found = house.get(Role::Searcher, "/api/v1/search?q=cholangitis").await.json();
    assert_eq!(found["total"], 0, "{found}");
    assert!(!house.app.shelf.index().contains(&page).expect("reads"));
    seal_version_with(&house, document, page).await;
    house.index().await;
    let found = house.get(Role::Searcher, "/api/v1/search?q=cholangitis").await.json();
    assert_eq!(found["total"], 1, "its text was kept: {found}");
}

/// The document's next version, of this one page with the same image.
async fn seal_version_with(house: &House, document: DocumentId, page: PageId) {
    let newest = house.app.catalog.document(document).await.expect("reads").expect("is there");
    let mut manifest = house.app.archive.manifest(&newest.manifest).await.expect("is there");
    manifest.version += 1;
    manifest.previous = Some(newest.manifest);
    manifest.pages[0].page = page;
    let (version, batch) = (manifest.version, manifest.batch);
    let manifest = house.app.archive.seal(&manifest).await.expect("sealed");
    let event = EventKind::Sealed { document, version, manifest, batch, pages: 1 };
    house.app.append_one(Actor::System, event).await.expect("appended");
}

#[actix_web::test]
async fn a_saved_search_says_what_is_new_to_its_owner_and_to_nobody_else() {
    let house = House::new().await;
    read_page(&house).await;
    let keep = |name: &str, query: &str| Some(json!({"name": name, "query": query}));
    let path = "/api/v1/searches";
    for wrong in
        [keep("", "q=a"), keep("x", "q=%22a"), keep("x", "since=3"), keep("x", "q=+&type="), keep("x", "from=9.3.74")]
    {
        assert_eq!(house.ask(Role::Searcher, Method::POST, path, wrong.clone()).await.status, 422, "{wrong:?}");
    }
    let kept = house.ask(Role::Searcher, Method::POST, path, keep("Bile", "q=cholangitis&type=")).await.json();
    assert_eq!((&kept["new"], &kept["query"]), (&json!(0), &json!("q=cholangitis")));

    let (_, page) = house.capture(Some("MRN-2")).await;
    let (job, claimed) = claimed_page(&house).await;
    assert_eq!(claimed, page);
    assert_eq!(hand_in(&house, &job, page, &page_text(60)).await.status, 204);
    house.index().await;
    let standing = house.get(Role::Searcher, path).await.json();
    assert_eq!((&standing[0]["new"], standing.as_array().map(Vec::len)), (&json!(1), Some(1)));
    assert_eq!(house.get(Role::Admin, path).await.json(), json!([]), "nobody else has it");
    assert!(String::from_utf8_lossy(&house.get(Role::Searcher, "/saved").await.body).contains("1 new"));

    let id = kept["search"].as_str().expect("an id");
    let new = house.get(Role::Searcher, &format!("/api/v1/search?q=cholangitis&since={}", kept["seen"])).await.json();
    assert_eq!((&new["total"], &new["hits"][0]["page"]), (&json!(1), &json!(page)));
    assert_eq!(house.ask(Role::Admin, Method::POST, &format!("{path}/{id}/seen"), None).await.status, 404);
    let opened = house.ask(Role::Searcher, Method::POST, &format!("/saved/{id}/open"), None).await;
    assert_eq!(opened.header("location"), format!("/search?q=cholangitis&since={}", kept["seen"]));
    house.index().await;
    assert_eq!(house.get(Role::Searcher, path).await.json()[0]["new"], 0, "it was looked at");

    assert_eq!(house.ask(Role::Searcher, Method::POST, &format!("{path}/{id}/drop"), None).await.status, 204);
    assert_eq!(house.get(Role::Searcher, path).await.json(), json!([]));
    assert_eq!(house.count_events("search-saved").await, 3, "kept, looked at, dropped");
}
