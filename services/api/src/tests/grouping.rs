//! Frames of one document on film become documents of the patients whom they name, and are put back.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use record::event::Role;
use record::film::{FrameAddress, Reel};
use record::words::{Block, Box as Place, Line, PageText, Word};
use record::{DocumentId, PageId};
use serde_json::{Value, json};

use super::house::{Answer, House, batch, offer, png};
use super::work;

/// Whom each frame names: the sheets behind the first one of a chart often name nobody.
const SAID: [Option<&str>; 5] = [Some("100001"), None, Some("100002"), None, Some("100003")];

fn says(mrn: Option<&str>) -> PageText {
    let word = |text: &str, x: u32| Word::read(text, Place { x, y: 5, w: 20, h: 10 }, 96);
    let words = mrn.map_or_else(|| vec![word("nothing", 2)], |mrn| vec![word("MRN:", 2), word(mrn, 30)]);
    let blocks = vec![Block::of(vec![Line::of(words)])];
    PageText { width: 60, height: 40, language: "eng".into(), blocks, ..PageText::default() }
}

/// A reel that is one document, read but for its last frame.
async fn reel(house: &House) -> DocumentId {
    house.open_batch().await;
    let document = DocumentId::derived([b"reel".as_slice()]);
    let mut offered = offer(house.upload(&png(60, 40)).await, PageId::derived([b"0".as_slice()]), None);
    let page = offered.pages.remove(0);
    let frame = |number: u32| Some(FrameAddress { number, place: None, blip: None });
    for (number, _) in (1..).zip(SAID) {
        let id = PageId::derived([number.to_string().as_bytes()]);
        offered.pages.push(record::PageEntry { page: id, number, frame: frame(number + 2), ..page.clone() });
    }
    offered.fields.reel = Some(Box::new(Reel { label: "MF-1".into(), ..Reel::default() }));
    let path = format!("/api/v1/batches/{}/documents/{document}", batch());
    assert_eq!(house.ask(Role::Technician, Method::PUT, &path, Some(json!(offered))).await.status, 201);
    for said in &SAID[..4] {
        let job = work::claim(house).await.json();
        let page = serde_json::from_value(job["page"].clone()).expect("an id");
        let done = work::hand_in(house, job["job"].as_str().expect("a job"), page, &says(*said)).await;
        assert_eq!(done.status, 204);
    }
    document
}

async fn post(house: &House, path: &str, version: u32, body: Value) -> Answer {
    let request = TestRequest::post()
        .uri(path)
        .insert_header(("authorization", "Bearer technician"))
        .insert_header(("if-match", format!("\"{version}\"")))
        .set_json(body);
    house.send(request).await
}

async fn shown(house: &House, document: &str) -> Value {
    house.get(Role::Technician, &format!("/api/v1/documents/{document}")).await.json()
}

fn frames(document: &Value) -> Vec<u64> {
    let pages = document["pages"].as_array().expect("pages");
    pages.iter().filter_map(|page| page["frame"]["number"].as_u64()).collect()
}

#[actix_web::test]
async fn frames_become_documents_of_whom_they_name_and_are_put_back() {
    let house = House::new().await;
    let document = reel(&house).await.to_string();
    let proposed = house.get(Role::Technician, "/api/v1/reel?reel=MF-1").await.json();
    let charts: Vec<_> = proposed["charts"].as_array().expect("charts").iter().map(|c| c["number"].clone()).collect();
    assert_eq!(charts, [json!(1), json!(3)], "nothing was done, it is proposed");
    let form = house.get(Role::Technician, "/reels?reel=MF-1").await.body;
    assert!(String::from_utf8_lossy(&form).contains("name=\"mrn-3\" value=\"100002\""));
    let path = format!("/api/v1/documents/{document}/groups");
    let begins = |begins: Value| json!({ "begins": begins });
    for nonsense in [
        json!([]),
        json!([{"number": 1}]),
        json!([{"number": 2}, {"number": 3}]),
        json!([{"number": 1}, {"number": 6}]),
    ] {
        assert_eq!(post(&house, &path, 1, begins(nonsense.clone())).await.status, 422, "{nonsense}");
    }
    let said = json!([{"number": 1, "mrn": "MRN-100001"}, {"number": 3, "mrn": "MRN-100002"}, {"number": 5}]);
    assert_eq!(post(&house, &path, 2, begins(said.clone())).await.status, 412);
    let grouped = post(&house, &path, 1, begins(said)).await;
    assert_eq!(grouped.status, 200, "{}", grouped.json());
    let documents: Vec<String> = serde_json::from_value(grouped.json()["documents"].clone()).expect("ids");
    assert_eq!(documents[0], document);
    let [first, second, third] = [&documents[0], &documents[1], &documents[2]];
    for (part, mrn, numbers) in [
        (first, json!("MRN-100001"), vec![3, 4]),
        (second, json!("MRN-100002"), vec![5, 6]),
        (third, Value::Null, vec![7]),
    ] {
        let part = shown(&house, part).await;
        assert_eq!((&part["mrn"], frames(&part)), (&mrn, numbers), "{part}");
        assert_eq!(part["filed"], json!(!mrn.is_null()));
    }
    // What was read goes along; what was not is read now.
    assert_eq!(shown(&house, second).await["pages"][0]["state"], "read");
    assert_eq!(shown(&house, third).await["pages"][0]["state"], "sealed");
    let reel = house.get(Role::Technician, "/api/v1/reel?reel=MF-1").await.json();
    assert_eq!((&reel["twice"], &reel["documents"], &reel["frames"]), (&json!([]), &json!(3), &json!(5)));
    let frame = house.get(Role::Searcher, "/api/v1/frames?reel=MF-1&frame=5").await.json();
    assert_eq!(frame["frames"][0]["document"], json!(second), "searchers find it where it is now");
    let page = house.get(Role::Technician, "/reels?reel=MF-1").await.body;
    assert!(String::from_utf8_lossy(&page).contains("Put them back into one"));

    // A part that was changed since is put back all the same, and its versions stay.
    let whole = format!("/api/v1/documents/{document}/whole");
    assert_eq!(post(&house, &whole, 2, Value::Null).await.json()["version"], 3);
    let back = shown(&house, &document).await;
    assert_eq!((frames(&back), &back["mrn"]), (vec![3, 4, 5, 6, 7], &Value::Null), "as it was before");
    assert_eq!(back["pages"][2]["state"], "read");
    let reel = house.get(Role::Technician, "/api/v1/reel?reel=MF-1").await.json();
    assert_eq!((&reel["twice"], &reel["documents"], &reel["frames"]), (&json!([]), &json!(1), &json!(5)));
    assert_eq!(frames(&shown(&house, second).await), [0_u64; 0]);
    let earlier = house.get(Role::Technician, &format!("/api/v1/documents/{second}?version=1")).await.json();
    assert_eq!(frames(&earlier), [5, 6]);
    for page in ["", "/proof"] {
        let status = house.get(Role::Technician, &format!("/documents/{second}{page}")).await.status;
        assert!(status == 200 || status == 404, "{page}: {status}");
    }
    assert_eq!(post(&house, &whole, 3, Value::Null).await.status, 409, "there is nothing more to put back");
    // And once more, by the form: other documents than before.
    let form = [
        ("version", "3"),
        ("begin-1", "on"),
        ("mrn-1", "MRN-100001"),
        ("mrn-3", "x"),
        ("begin-4", "on"),
        ("mrn-4", ""),
    ];
    let request = TestRequest::post()
        .uri(&format!("/reels/documents/{document}/groups"))
        .insert_header(("authorization", "Bearer technician"))
        .set_form(form);
    assert_eq!(house.send(request).await.status, 303);
    assert_eq!(frames(&shown(&house, &document).await), [3, 4, 5]);
}

#[actix_web::test]
async fn paper_is_not_grouped_and_searchers_group_nothing() {
    let house = House::new().await;
    let (paper, _) = house.capture(Some("MRN-1")).await;
    let path = format!("/api/v1/documents/{paper}/groups");
    let begins = json!({"begins": [{"number": 1}, {"number": 2}]});
    assert_eq!(post(&house, &path, 1, begins.clone()).await.status, 422);
    assert_eq!(house.ask(Role::Searcher, Method::POST, &path, Some(begins)).await.status, 404);
}
