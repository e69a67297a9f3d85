//! A frame of film that is in the archive is cut another way out of its strip.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use imaging::{QuarterTurn, Raster};
use record::event::Role;
use record::film::{FrameAddress, Reel};
use record::manifest::{Extraction, OriginalPage};
use record::words::Box as Place;
use record::{DocumentId, PageId};
use serde_json::{Value, json};

use super::house::{Answer, House, batch, offer};

/// How a page is made of what lies on the strip.
type Making = fn(Raster) -> Raster;

const WAS: Place = Place { x: 40, y: 10, w: 60, h: 40 };
/// Where the strip is two tiles, within that.
const BORDER: u32 = 70;

fn strip() -> Raster {
    Raster::gray(300, 60, (0..18_000_u32).map(|at| (at * 37 % 251) as u8).collect()).expect("fits")
}

/// A document of one frame, which was made of the strip in this way.
async fn on_film(house: &House, name: &str, made: impl Fn(Raster) -> Raster) -> (DocumentId, PageId) {
    on_reel(house, name, made, Some(WAS)).await
}

/// The same, of a frame that may have come as a file of its own.
async fn on_reel(
    house: &House,
    name: &str,
    made: impl Fn(Raster) -> Raster,
    place: Option<Place>,
) -> (DocumentId, PageId) {
    house.open_batch().await;
    let page = made(strip().crop(WAS).expect("on the strip"));
    let image = house.upload(&page.encode_png(300).expect("encodes")).await;
    let original = house.upload(&strip().encode_png(0).expect("encodes")).await;
    let (document, id) = (DocumentId::derived([name.as_bytes()]), PageId::derived([name.as_bytes()]));
    let mut offer = offer(image, id, Some("MRN-1"));
    offer.originals = vec![original.clone()];
    let reel = Reel { label: "MF-1".into(), first: "MRN-1".parse().ok(), shelf: Some("C3".into()), ..Reel::default() };
    offer.fields.reel = Some(Box::new(reel));
    let entry = &mut offer.pages[0];
    (entry.width, entry.height) = (page.width(), page.height());
    entry.from = Some(OriginalPage { original: original.digest, number: 1, how: Extraction::Cut });
    entry.frame = Some(FrameAddress { number: 7, place, blip: Some(1) });
    let path = format!("/api/v1/batches/{}/documents/{document}", batch());
    let answer = house.ask(Role::Technician, Method::PUT, &path, Some(json!(offer))).await;
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    (document, id)
}

/// A document of one frame that begins on one tile and ends on the next.
async fn over_border(house: &House) -> (DocumentId, PageId) {
    house.open_batch().await;
    let whole = strip();
    let tile =
        |x: u32, w: u32| whole.crop(Place { x, y: 0, w, h: 60 }).expect("on the strip").encode_png(0).expect("encodes");
    let page = whole.crop(WAS).expect("on the strip").invert();
    let image = house.upload(&page.encode_png(300).expect("encodes")).await;
    let [first, other, next] = [
        house.upload(&tile(0, BORDER)).await,
        house.upload(&tile(10, 200)).await,
        house.upload(&tile(BORDER, 300 - BORDER)).await,
    ];
    let (document, id) = (DocumentId::derived([b"border".as_slice()]), PageId::derived([b"border".as_slice()]));
    let mut offer = offer(image, id, Some("MRN-1"));
    // The one between them is as wide, and no tile of this frame.
    offer.originals = vec![first.clone(), other, next];
    offer.fields.reel = Some(Box::new(Reel { label: "MF-2".into(), ..Reel::default() }));
    let entry = &mut offer.pages[0];
    (entry.width, entry.height) = (page.width(), page.height());
    entry.from = Some(OriginalPage { original: first.digest, number: 1, how: Extraction::Cut });
    entry.frame = Some(FrameAddress { number: 7, place: Some(WAS), blip: None });
    let path = format!("/api/v1/batches/{}/documents/{document}", batch());
    let answer = house.ask(Role::Technician, Method::PUT, &path, Some(json!(offer))).await;
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    (document, id)
}

async fn cut(house: &House, (document, page): (DocumentId, PageId), version: u32, cuts: Value) -> Answer {
    let request = TestRequest::post()
        .uri(&format!("/api/v1/documents/{document}/pages/{page}/cuts"))
        .insert_header(("authorization", "Bearer technician"))
        .insert_header(("if-match", format!("\"{version}\"")))
        .set_json(json!({ "cuts": cuts }));
    house.send(request).await
}

#[actix_web::test]
async fn a_recut_frame_is_a_new_version_whichever_way_the_page_was_made() {
    let house = House::new().await;
    let makings: [(&str, Making); 3] = [
        ("as it lies", |lies| lies),
        ("inverted", Raster::invert),
        ("turned", |lies| lies.invert().rotate_quarter(QuarterTurn::Right)),
    ];
    for (name, made) in makings {
        let (document, page) = on_film(&house, name, made).await;
        let wider = Place { x: 30, w: 80, ..WAS };
        let answer = cut(&house, (document, page), 1, json!([wider])).await;
        assert_eq!((answer.status, &answer.json()["version"]), (200, &json!(2)), "{name}");
        let shown = house.get(Role::Searcher, &format!("/api/v1/documents/{document}")).await.json();
        let new = &shown["pages"][0];
        assert_eq!((&new["frame"]["number"], &new["frame"]["blip"]), (&json!(7), &json!(1)));
        assert_eq!((&new["frame"]["place"]["x"], &new["state"]), (&json!(30), &json!("sealed")), "it is to be read");
        let image = format!("/api/v1/pages/{}/image", new["page"].as_str().expect("an id"));
        let bytes = house.get(Role::Searcher, &image).await.body;
        let expected = made(strip().crop(wider).expect("on the strip"));
        assert!(imaging::decode(&bytes).expect("an image") == expected, "{name}: another picture");
        let old = house.get(Role::Searcher, &format!("/api/v1/documents/{document}?version=1")).await.json();
        assert_eq!(old["pages"][0]["page"], json!(page), "the old version is what it was");
        assert_eq!(house.get(Role::Searcher, &format!("/api/v1/pages/{page}/image")).await.status, 200);
        assert_eq!(cut(&house, (document, page), 1, json!([WAS])).await.status, 412, "somebody was faster");
    }
}

#[actix_web::test]
async fn a_frame_over_two_tiles_is_cut_anew_and_divided_at_their_border() {
    let house = House::new().await;
    let frame = over_border(&house).await;
    let shown = |at: usize, version: u32| {
        let path = format!("/api/v1/documents/{}?version={version}", frame.0);
        let house = &house;
        async move { house.get(Role::Technician, &path).await.json()["pages"][at].clone() }
    };
    let strip_part = format!("/api/v1/pages/{}/strip?x=0&y=0&w=160&h=60", frame.1);
    assert_eq!(house.get(Role::Technician, &strip_part).await.header("content-type"), "image/jpeg");
    let wider = Place { x: 30, w: 90, ..WAS };
    assert_eq!(cut(&house, frame, 1, json!([wider])).await.json()["version"], 2);
    let page = shown(0, 2).await["page"].as_str().expect("an id").to_owned();
    let image = |page: String| {
        let house = &house;
        async move {
            let bytes = house.get(Role::Technician, &format!("/api/v1/pages/{page}/image")).await.body;
            imaging::decode(&bytes).expect("an image").to_gray()
        }
    };
    let lies = |place: Place| strip().crop(place).expect("on the strip").invert();
    assert!(image(page.clone()).await == lies(wider), "another picture than lies over the border");
    // Divided behind the border: the first part still goes over it, the second one is on the next tile alone.
    let (first, second) = (Place { w: 50, ..wider }, Place { x: 80, w: 40, ..wider });
    let answer = cut(&house, (frame.0, page.parse().expect("an id")), 2, json!([first, second])).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    let second = shown(1, 3).await;
    assert_eq!(second["frame"]["place"]["x"], 80 - BORDER);
    let there = (frame.0, second["page"].as_str().expect("an id").parse().expect("an id"));
    let narrower = Place { x: 80 - BORDER, w: 30, ..WAS };
    let answer = cut(&house, there, 3, json!([narrower])).await;
    assert_eq!(answer.status, 200, "the second part has a home of its own: {}", answer.json());
    let cut_again = shown(1, 4).await["page"].as_str().expect("an id").to_owned();
    assert!(image(cut_again).await == lies(Place { x: 80, w: 30, ..WAS }));
}

#[actix_web::test]
async fn one_frame_becomes_two_and_nonsense_is_refused() {
    let house = House::new().await;
    let frame = on_film(&house, "two", Raster::invert).await;
    let (first, second) = (Place { w: 30, ..WAS }, Place { x: 70, w: 30, ..WAS });
    for (cuts, code) in [
        (json!([]), "place"),
        (json!([first, second, WAS]), "place"),
        (json!([Place { w: 5, ..WAS }]), "place"),
        (json!([Place { x: 290, ..WAS }]), "place"),
        (json!([Place { x: u32::MAX, ..WAS }]), "place"),
    ] {
        let answer = cut(&house, frame, 1, cuts.clone()).await;
        assert_eq!(answer.status, 422, "{cuts}");
        assert!(answer.json()["type"].as_str().is_some_and(|name| name.ends_with(code)), "{}", answer.json());
    }
    assert_eq!(house.count_events("sealed").await, 1, "nothing of it is left");
    assert_eq!(cut(&house, frame, 1, json!([first, second])).await.status, 200);
    let shown = house.get(Role::Technician, &format!("/api/v1/documents/{}", frame.0)).await.json();
    let pages = shown["pages"].as_array().expect("pages");
    let numbers: Vec<_> = pages.iter().map(|page| (page["number"].clone(), page["frame"]["number"].clone())).collect();
    assert_eq!(numbers, [(json!(1), json!(7)), (json!(2), json!(7))]);
    assert_eq!(pages[1]["frame"]["blip"], Value::Null, "there was one mark");

    // A page that is not what lies on the strip there is never cut, and one that came without a strip cannot be.
    let other = on_film(&house, "other", |_| Raster::gray(60, 40, vec![9; 2_400]).expect("fits")).await;
    let answer = cut(&house, other, 1, json!([first])).await;
    assert_eq!(
        (answer.status, answer.json()["type"].as_str().is_some_and(|n| n.ends_with("other-picture"))),
        (422, true)
    );
    let by_itself = on_reel(&house, "folder", |lies| lies, None).await;
    for stripless in [house.capture(Some("MRN-2")).await, by_itself] {
        assert_eq!(cut(&house, stripless, 1, json!([first])).await.status, 422);
    }
    // The viewer offers what there is.
    for ((document, _), offered) in [(frame, true), (by_itself, false)] {
        let viewer = house.get(Role::Technician, &format!("/documents/{document}")).await;
        assert_eq!(String::from_utf8_lossy(&viewer.body).contains("data-do=\"cut\""), offered);
    }
}

#[actix_web::test]
async fn a_reel_is_shown_to_those_who_oversee_and_searchers_learn_no_others_numbers() {
    let house = House::new().await;
    let (document, page) = on_film(&house, "reel", Raster::invert).await;
    for path in ["/api/v1/reels", "/api/v1/reel?reel=MF-1", "/api/v1/reels/finding-aid"] {
        assert_eq!(house.get(Role::Searcher, path).await.status, 404, "{path}");
        assert_eq!(house.get(Role::Technician, path).await.status, 200, "{path}");
    }
    let path = format!("/api/v1/documents/{document}");
    let seen = house.get(Role::Searcher, &path).await.json()["reel"].clone();
    assert_eq!((&seen["label"], &seen["first"]), (&json!("MF-1"), &Value::Null));
    assert_eq!(house.get(Role::Technician, &path).await.json()["reel"]["first"], json!("MRN-1"));
    let strip = format!("/api/v1/pages/{page}/strip?x=0&y=0&w=160&h=60");
    assert_eq!(house.get(Role::Technician, &strip).await.header("content-type"), "image/jpeg");
    assert_eq!(house.get(Role::Technician, &strip.replace("w=160", "w=900")).await.status, 400);
    assert_eq!(house.get(Role::Searcher, &strip).await.status, 404);
    let near = |way: &str, frame: u32| format!("/api/v1/frames?reel=MF-1&frame={frame}&crank={way}");
    assert_eq!(house.get(Role::Searcher, &near("on", 3)).await.json()["frames"][0]["frame"], 7);
    assert_eq!(house.get(Role::Searcher, &near("back", 3)).await.json()["frames"], json!([]));
    let screen = house.get(Role::Technician, &format!("/pages/{page}/cut")).await;
    assert!(String::from_utf8_lossy(&screen.body).contains("Cut it so"), "{}", screen.status);
}
