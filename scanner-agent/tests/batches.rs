//! A held batch through the real program: its pages looked at, changed and changed back, and moved on.

mod station;

use std::path::Path;
use std::process::Command;

use imaging::Raster;
use serde_json::Value;
use station::{PROGRAM, Station};

/// A stack of so many pages, held for review; page 2 is blank.
fn held(pages: u32, more: &[&str]) -> Station {
    let mut desk = Station::new();
    let stack = desk.folder.path().join("stack");
    std::fs::create_dir(&stack).expect("creates");
    (1..=pages).for_each(|number| write_page(&stack, number));
    let report = desk.json(&[&["import", stack.to_str().expect("UTF-8"), "--hold"], more].concat());
    desk.batch = report["batch"].as_str().expect("a batch").to_owned();
    desk
}

/// Lines of something like text, fewer with each page; nothing on page 2.
fn write_page(folder: &Path, number: u32) {
    let (width, height) = (620_u32, 877_u32);
    let level = |x: u32, y: u32| {
        let line = (80..540).contains(&x)
            && (80..80 + 650 / number).contains(&y)
            && y % 16 < 7
            && (x * 7 + y / 16 * 5) % 13 < 6;
        if line && number != 2 { 30 } else { 244 }
    };
    let page = Raster::gray(width, height, (0..width * height).map(|n| level(n % width, n / width)).collect());
    let png = page.and_then(|page| page.encode_png(75)).expect("encodes");
    std::fs::write(folder.join(format!("{number}.png")), png).expect("writes");
}

/// `1 3 -2`: pages in order, hidden ones with a dash.
fn order(report: &Value) -> String {
    let page = |page: &Value| format!("{}{}", if page["hidden"] == true { "-" } else { "" }, page["page"]);
    report["pages"].as_array().expect("pages").iter().map(page).collect::<Vec<_>>().join(" ")
}

/// `1,2 3`: the pages of each document.
fn documents(report: &Value) -> String {
    let document = |document: &Value| {
        let pages = document["pages"].as_array().expect("pages").iter().map(Value::to_string);
        pages.collect::<Vec<_>>().join(",")
    };
    report["documents"].as_array().expect("documents").iter().map(document).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_operation_shows_and_is_taken_back() {
    let desk = held(4, &[]);
    let before = desk.batch(&["show"]);
    assert_eq!((order(&before).as_str(), documents(&before).as_str()), ("1 2 3 4", "1 2 3 4"));
    for (words, pages, parts) in [
        (vec!["hide", "3"], "1 2 -3 4", "1 2 4"),
        (vec!["move", "4", "--before", "1"], "4 1 2 3", "4 1 2 3"),
        (vec!["replace", "1", "--with", "4"], "4 -1 2 3", "4 2 3"),
        (vec!["join", "2"], "1 2 3 4", "1,2 3 4"),
        (vec!["interleave", "--reversed"], "1 4 2 3", "1 4 2 3"),
    ] {
        let after = desk.batch(&words);
        assert_eq!((order(&after).as_str(), documents(&after).as_str()), (pages, parts), "{words:?}");
        assert_eq!(desk.batch(&["undo"]), before, "{words:?}");
    }
    assert!(desk.refused(&["undo"]).contains("nothing to take back"));
    assert!(desk.refused(&["hide", "9"]).contains("no page 9"));
}

#[test]
fn a_turned_page_is_a_new_image_beside_its_master() {
    let desk = held(1, &[]);
    let pages = desk.spool().join(&desk.batch).join("pages");
    let turned = desk.batch(&["turn", "1", "90"]);
    assert_eq!((&turned["pages"][0]["width"], &turned["pages"][0]["height"]), (&877.into(), &620.into()));
    assert_eq!(std::fs::read_dir(&pages).expect("lists").count(), 1, "the master is the file itself, and still there");
    let twice = desk.batch(&["turn", "1", "270"]);
    assert_eq!((&twice["pages"][0]["width"], &twice["pages"][0]["turned"]), (&620.into(), &true.into()));
    desk.batch(&["undo"]);
    let back = desk.batch(&["undo"]);
    assert_eq!((&back["pages"][0]["width"], &back["pages"][0]["turned"]), (&620.into(), &false.into()));
}

#[test]
fn blank_pages_are_flagged_and_left_out_only_where_the_job_says_so() {
    let desk = held(3, &[]);
    let report = desk.batch(&["show"]);
    assert_eq!((&report["pages"][1]["flags"], order(&report).as_str()), (&serde_json::json!(["blank"]), "1 2 3"));
    assert_eq!(report["pages"][1]["quality"]["marks"], 0);
    let folder = tempfile::tempdir().expect("a folder");
    let rules = folder.path().join("rules.toml");
    std::fs::write(&rules, "[quality]\nhide_blank = true\n").expect("writes");
    let desk = held(3, &["--rules", rules.to_str().expect("UTF-8")]);
    let report = desk.batch(&["show"]);
    assert_eq!((order(&report).as_str(), documents(&report).as_str()), ("1 -2 3", "1 3"));
}

#[test]
fn a_batch_is_released_only_when_its_sheets_are_accounted_for() {
    let desk = held(3, &["--expect", "4"]);
    assert!(desk.refused(&["release"]).contains("cannot become released"));
    assert_eq!(desk.batch(&["accept"])["stage"], "indexed");
    assert!(desk.refused(&["release"]).contains("4 sheets were expected and 3 came"));
    desk.batch(&["explain", "one sheet was a folded back page"]);
    assert_eq!(desk.batch(&["release"])["stage"], "released");
    assert!(desk.refused(&["hide", "1"]).contains("released"));
}

#[test]
fn a_printed_cover_says_how_many_sheets_were_laid_in() {
    let cover = tempfile::tempdir().expect("a folder");
    let path = cover.path().join("cover.pdf");
    let path = path.to_str().expect("UTF-8");
    let mut print = Command::new(PROGRAM);
    print.args(["sheets", "--cover", "--patient", "MRN-104233", "--count", "4", "--out", path]);
    assert!(print.output().expect("runs").status.success());
    let desk = held(2, &[path]);
    desk.batch(&["accept"]);
    assert!(desk.refused(&["release"]).contains("4 sheets were expected and 3 came"));
    desk.batch(&["expect", "3"]);
    assert_eq!(desk.batch(&["release"])["stage"], "released");
}

#[test]
fn what_is_put_aside_comes_back_and_what_people_say_stands() {
    let desk = held(2, &[]);
    assert_eq!(desk.batch(&["suspend"])["stage"], "suspended");
    assert!(desk.refused(&["hide", "1"]).contains("suspended"));
    assert_eq!(desk.batch(&["reject", "--reason", "wrong box"])["stage"], "rejected");
    assert_eq!(desk.batch(&["reopen"])["stage"], "review");
    let indexed = desk.batch(&["index", "1", "--patient", "MRN-104233", "--type", "LETTER"]);
    let document = &indexed["documents"][0];
    assert_eq!((&document["mrn"], &document["document_type"]), (&"MRN-104233".into(), &"LETTER".into()));
    assert!(document["exceptions"].is_null(), "{document}");
    assert_eq!(indexed["documents"][1]["exceptions"][0]["code"], "no-patient");
    // What is held is not handed over, and status says so.
    let status = desk.json(&["status"]);
    assert_eq!(status["batches"][0]["state"], "review");
}

/// Four pages are the whole sample of ISO 2859-1 for their lot, and none of them may be wrong.
#[test]
fn a_sample_is_inspected_judged_again_blind_and_counted() {
    let desk = held(4, &["--operator", "kim"]);
    let next = |who: &str, more: &[&str]| desk.json(&[&["qc", "next", "--inspector", who], more].concat());
    let lot = || desk.json(&["qc", "lots", "--aql", "1.0"])[0].clone();
    let found = |what: &str, page: &str, who: &str, more: &[&str]| {
        let output = desk.run(&[&["qc", what, &desk.batch, page, "--inspector", who], more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    assert_eq!((&lot()["sample"], &lot()["accept"], &lot()["verdict"]), (&4.into(), &0.into(), &"open".into()));
    assert!(next("ben", &["--blind"]).is_null(), "nobody has judged anything");
    for left in (1..=4).rev() {
        let page = next("ana", &[]);
        assert_eq!(page["left"], left);
        let out = desk.folder.path().join("page");
        let number = page["page"].to_string();
        let words = ["batch", &desk.batch, "image", &number, "--out", out.to_str().expect("UTF-8")];
        assert!(desk.run(&words).status.success());
        let bytes = std::fs::read(&out).expect("the page as a file");
        assert_eq!(page["image"], record::Digest::of(&bytes).to_string());
        let number = page["page"].to_string();
        match left {
            4 => found("reject", &number, "ana", &["--reason", "cut off"]),
            _ => found("accept", &number, "ana", &[]),
        }
    }
    assert!(next("ana", &[]).is_null() && next("ana", &["--blind"]).is_null());
    assert_eq!((&lot()["verdict"], &lot()["wrong"]), (&"rejected".into(), &1.into()));
    let again = next("ben", &["--blind"]);
    assert!(!again.to_string().contains("cut off") && again["left"] == 4, "{again}");
    found("accept", &again["page"].to_string(), "ben", &[]);
    let row = || desk.json(&["qc", "report", "--by", "operator"])[0].clone();
    assert_eq!((&row()["name"], &row()["percent"]), (&"kim".into(), &serde_json::json!([25.0, 4.56, 69.94])));
    assert_eq!((&row()["twice"], &row()["disputed"]), (&1.into(), &1.into()));
    desk.batch(&["undo"]);
    assert_eq!((&row()["twice"], &row()["disputed"]), (&0.into(), &0.into()));
    let mut csv = Command::new(PROGRAM);
    csv.args(["qc", "report", "--by", "operator", "--csv", "--spool"]).arg(desk.spool());
    let text = String::from_utf8(csv.output().expect("runs").stdout).expect("UTF-8");
    assert_eq!(text.lines().nth(1), Some("\"kim\",4,4,1,25,4.56,69.94,0,0"));
    // Every second page, from one of the first two on.
    let every = desk.json(&["qc", "lots", "--every", "2", "--by", "device"]);
    assert_eq!((&every[0]["lot"], &every[0]["sample"]), (&"files".into(), &2.into()));
    desk.batch(&["accept"]);
    desk.batch(&["release"]);
    assert_eq!(desk.json(&["qc", "lots"]), serde_json::json!([]), "what is released is not inspected");
    assert_eq!(row()["inspected"], 4);
}
