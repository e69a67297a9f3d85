//! A station hands over pages; broken lines and repeated requests change nothing.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use record::event::Role;
use record::note::LogKey;
use record::wire::Sealed;
use record::{Descriptor, DocumentId, PageId};
use serde_json::json;

use super::house::{House, batch, offer, png};

fn head(blob: &Descriptor) -> TestRequest {
    TestRequest::default()
        .method(Method::HEAD)
        .uri(&format!("/api/v1/uploads/{}", blob.digest))
        .insert_header(("authorization", "Bearer technician"))
}

#[actix_web::test]
async fn an_upload_goes_on_where_the_line_broke() {
    let house = House::new().await;
    let bytes = png(60, 40);
    let blob = Descriptor::of("image/png", &bytes);
    assert_eq!(house.send(head(&blob)).await.status, 404);
    assert_eq!(house.piece(&blob, 0, &bytes[..10]).await.header("upload-offset"), "10");
    let wrong = house.piece(&blob, 5, &bytes[5..]).await;
    assert_eq!((wrong.status, wrong.header("upload-offset")), (409, "10"));
    let half = house.send(head(&blob)).await;
    assert_eq!((half.status, half.header("upload-offset"), half.header("upload-complete")), (200, "10", ""));
    assert_eq!(house.piece(&blob, 10, &bytes[10..]).await.status, 204);
    let whole = house.send(head(&blob)).await;
    assert_eq!(whole.header("upload-complete"), "?1");
    assert_eq!(house.app.archive.read(&blob.digest).await.expect("kept"), bytes);
}

#[actix_web::test]
async fn bytes_of_another_digest_are_dropped() {
    let house = House::new().await;
    let blob = Descriptor { size: 5, ..Descriptor::of("image/png", b"right") };
    let answer = house.piece(&blob, 0, b"wrong").await;
    assert_eq!(answer.status, 422, "{}", answer.json());
    assert_eq!(house.send(head(&blob)).await.status, 404, "the station starts anew");
    assert_eq!(house.piece(&blob, 0, b"more than was said").await.status, 413);
}

#[actix_web::test]
async fn a_sealed_document_has_a_receipt_that_holds() {
    let house = House::new().await;
    let (document, page) = house.capture(Some("MRN-1")).await;
    let key: LogKey = house.app.archive.key();
    let again = json!(offer(Descriptor::of("image/png", &png(60, 40)), page, Some("MRN-1")));
    let path = format!("/api/v1/batches/{}/documents/{document}", batch());
    let answer = house.ask(Role::Technician, Method::PUT, &path, Some(again)).await;
    assert_eq!(answer.status, 200, "the same again");
    let sealed: Sealed = serde_json::from_slice(&answer.body).expect("a receipt");
    let manifest = sealed.receipt.verify_sealed(&key, sealed.manifest.as_bytes()).expect("holds");
    assert_eq!(manifest.document, document);
    assert_eq!(house.count_events("sealed").await, 1, "once");
    let other = json!(offer(Descriptor::of("image/png", &png(60, 40)), PageId::derived([b"x".as_slice()]), None));
    assert_eq!(house.ask(Role::Technician, Method::PUT, &path, Some(other)).await.status, 409);
}

#[actix_web::test]
async fn a_page_that_is_not_what_it_says_is_named() {
    let house = House::new().await;
    house.open_batch().await;
    let image = house.upload(&png(60, 40)).await;
    let text = house.upload(b"no image at all").await;
    let document = DocumentId::derived([b"bad".as_slice()]);
    let path = format!("/api/v1/batches/{}/documents/{document}", batch());
    let page = PageId::derived([b"p".as_slice()]);
    let fine = offer(image, page, None);
    let mut cases = vec![fine.clone(); 5];
    cases[0].pages[0].width = 61;
    cases[1].pages[0].image.media_type = "image/jpeg".into();
    cases[2].pages[0].image = text;
    cases[3].pages[0].image = Descriptor::of("image/png", b"never uploaded");
    cases[4].pages[0].number = 2;
    for case in cases {
        let answer = house.ask(Role::Technician, Method::PUT, &path, Some(json!(case))).await;
        assert_eq!((answer.status, answer.json()["page"].as_u64()), (422, Some(1)), "{}", answer.json());
    }
    assert_eq!(house.count_events("sealed").await, 0);
    assert_eq!(house.ask(Role::Technician, Method::PUT, &path, Some(json!(fine))).await.status, 201);
}

#[actix_web::test]
async fn a_document_without_a_patient_waits_until_a_technician_answers() {
    let house = House::new().await;
    let (document, page) = house.capture(None).await;
    let open = house.get(Role::Technician, "/api/v1/exceptions").await.json();
    assert_eq!(open[0]["questions"][0]["code"], "no-patient", "{open}");
    for path in [
        format!("/api/v1/documents/{document}"),
        format!("/api/v1/pages/{page}/words"),
        format!("/iiif/3/{page}/info.json"),
    ] {
        assert_eq!(house.get(Role::Searcher, &path).await.status, 404, "{path}");
        assert_eq!(house.get(Role::Technician, &path).await.status, 200, "{path}");
    }
    let path = format!("/api/v1/documents/{document}/fields");
    let enter = |version: &str| {
        TestRequest::post()
            .uri(&path)
            .insert_header(("authorization", "Bearer technician"))
            .insert_header(("if-match", version.to_owned()))
            .set_json(json!({"mrn": "MRN-9", "document_type": "LETTER"}))
    };
    assert_eq!(house.send(enter("\"7\"")).await.status, 412);
    assert_eq!(house.send(enter("\"1\"")).await.json()["version"], 2);
    assert_eq!(house.send(enter("\"1\"")).await.status, 412, "somebody was faster");
    let seen = house.get(Role::Searcher, &format!("/api/v1/documents/{document}")).await.json();
    assert_eq!((&seen["mrn"], &seen["version"], &seen["filed"]), (&json!("MRN-9"), &json!(2), &json!(true)));
    assert_eq!(house.get(Role::Technician, "/api/v1/exceptions").await.json(), json!([]));
}

#[actix_web::test]
async fn a_batch_is_counted_and_closed_once() {
    let house = House::new().await;
    house.capture(Some("MRN-1")).await;
    let path = format!("/api/v1/batches/{}", batch());
    let close = |captured: u32| json!({"captured": captured, "documents": 1});
    let closed = house.ask(Role::Technician, Method::POST, &format!("{path}/close"), Some(close(2))).await;
    assert_eq!(closed.status, 200, "{}", closed.json());
    assert_eq!(house.ask(Role::Technician, Method::POST, &format!("{path}/close"), Some(close(2))).await.status, 200);
    assert_eq!(house.ask(Role::Technician, Method::POST, &format!("{path}/close"), Some(close(3))).await.status, 409);
    let status = house.get(Role::Technician, &path).await.json();
    assert_eq!((&status["closed"], &status["captured"], &status["sealed"]), (&json!(true), &json!(2), &json!(1)));
    let late = DocumentId::derived([b"late".as_slice()]);
    let offer = offer(Descriptor::of("image/png", &png(60, 40)), PageId::derived([b"late".as_slice()]), None);
    let path = format!("{path}/documents/{late}");
    assert_eq!(house.ask(Role::Technician, Method::PUT, &path, Some(json!(offer))).await.status, 409);
}
