//! A reel through the real program: frames cut another way out of the strip, and all of it accounted for and taken back.

mod station;

use std::path::Path;

use imaging::Raster;
use record::words::Box as Rectangle;
use serde_json::{Value, json};
use station::Station;

const FRAMES: u32 = 6;
const WIDTH: u32 = 320;
const HEIGHT: u32 = 400;
const GAP: u32 = 40;
const EDGE: u32 = 60;

/// The strip, held for review.
fn held(more: &[&str]) -> Station {
    let mut reel = Station::new();
    let path = reel.folder.path().join("reel.png");
    std::fs::write(&path, strip().encode_png(0).expect("encodes")).expect("writes");
    let words = ["film", &name(&path), "--reel", "MF-1", "--frames", "6", "--reduction", "24", "--hold"];
    let told = reel.json(&[&words, more].concat());
    reel.batch = told["held"].as_str().expect("a batch").to_owned();
    reel
}

fn image(reel: &Station, page: u32) -> Raster {
    let out = reel.folder.path().join("page.png");
    let words = ["batch", &reel.batch, "image", &page.to_string(), "--out", &name(&out)];
    assert!(reel.run(&words).status.success(), "{words:?}");
    imaging::decode(&std::fs::read(out).expect("readable")).expect("an image").to_gray()
}

fn name(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

/// Pages with lines of something like text on negative film.
fn strip() -> Raster {
    strip_of(0)
}

/// One of several, each with other pages.
fn strip_of(number: u32) -> Raster {
    let (width, height) = (FRAMES * (WIDTH + GAP) + 2 * EDGE, HEIGHT + 2 * EDGE);
    let level = |x: u32, y: u32| {
        let (at, down) = ((x + GAP).wrapping_sub(EDGE), y.wrapping_sub(EDGE));
        let (frame, across) = (at / (WIDTH + GAP), (at % (WIDTH + GAP)).wrapping_sub(GAP));
        if frame >= FRAMES || across >= WIDTH || down >= HEIGHT {
            return 206 + ((x * 31 + y * 17) % 5) as u8;
        }
        let line = (24..WIDTH - 24).contains(&across) && (24..HEIGHT - 24).contains(&down) && down % 16 < 6;
        if line && (across * 7 + down / 16 * (5 + frame) + 3 * number) % 13 < 6 { 180 } else { 40 }
    };
    let levels = (0..width * height).map(|n| level(n % width, n / width)).collect();
    Raster::gray(width, height, levels).expect("a strip")
}

/// From and to of each frame that counts, in reel order.
fn cuts(report: &Value) -> Vec<(u64, u64)> {
    let pages = report["pages"].as_array().expect("pages").iter().filter(|page| !page["number"].is_null());
    let mut pages: Vec<&Value> = pages.collect();
    pages.sort_by_key(|page| page["number"].as_u64());
    let number = |value: &Value| value.as_u64().expect("a number");
    let span = |page: &&Value| (number(&page["frame"]["x"]), number(&page["frame"]["x"]) + number(&page["frame"]["w"]));
    pages.iter().map(span).collect()
}

#[test]
fn a_frame_is_cut_anew_out_of_the_strip_and_the_earlier_cut_comes_back() {
    let reel = held(&[]);
    let before = reel.batch(&["show"]);
    assert_eq!(before["account"]["found"], FRAMES, "{}", before["account"]);
    let after = reel.batch(&["recut", "3", "--from", "790", "--to", "1100", "--top", "70", "--bottom", "450"]);
    let page = &after["pages"][2];
    let place = json!([page["frame"]["x"], page["frame"]["y"], page["frame"]["w"], page["frame"]["h"]]);
    assert_eq!(place, json!([790, 70, 310, 380]));
    assert_eq!(page["frame"]["confidence"], 1.0);
    assert_eq!((&page["width"], &page["height"], &page["recut"]), (&json!(310), &json!(380), &json!(true)));
    // As positive, pixel by pixel what lies there on the strip; at the page's own resolution.
    let whole = strip();
    let strip = |x: u32, y: u32| whole.bytes()[((y + 70) * whole.width() + x + 790) as usize];
    let expected: Vec<u8> = (0..310 * 380).map(|n| 255 - strip(n % 310, n / 310)).collect();
    assert!(image(&reel, 3).bytes() == expected, "another picture than lies on the strip");
    assert_eq!(page["dpi"], before["pages"][2]["dpi"]);
    assert_ne!(page["image"], before["pages"][2]["image"]);
    assert_eq!(reel.batch(&["undo"]), before);

    let nonsense = [
        (["recut", "3", "--from", "900", "--to", "800"], "ends behind its beginning"),
        (["recut", "3", "--from", "800", "--to", "90000"], "reaches beyond the strip"),
        (["recut", "9", "--from", "800", "--to", "900"], "no frame 9"),
    ];
    for (words, reason) in nonsense {
        let said = reel.refused(&words);
        assert!(said.contains(reason), "{said}");
    }
    assert_eq!(reel.batch(&["show"]), before, "nothing of it is left");
}

#[test]
fn frames_are_divided_merged_and_added_and_the_account_follows() {
    let reel = held(&[]);
    let before = reel.batch(&["show"]);
    let whole = cuts(&before);
    let divided = reel.batch(&["divide", "2", "--at", &(whole[1].0 + 150).to_string()]);
    let mut expected = whole.clone();
    expected.splice(1..2, [(whole[1].0, whole[1].0 + 150), (whole[1].0 + 150, whole[1].1)]);
    assert_eq!(cuts(&divided), expected, "the second part stands behind the first");
    assert_eq!(divided["account"]["found"], FRAMES + 1);
    assert_eq!(divided["account"]["differences"][0], "6 frames were expected and 7 found");
    let order: Vec<u64> =
        divided["pages"].as_array().expect("pages").iter().filter_map(|p| p["page"].as_u64()).collect();
    assert_eq!(order, [1, 2, 7, 3, 4, 5, 6]);

    // Merged again it is what it was; the two operations are taken back one by one.
    let merged = reel.batch(&["merge", "2"]);
    assert_eq!(cuts(&merged), whole);
    assert_eq!(merged["account"]["found"], FRAMES);
    assert_eq!(merged["pages"][2]["mark"], "merged");
    assert_eq!(reel.batch(&["undo"]), divided);
    assert_eq!(reel.batch(&["undo"]), before);

    // Film that a narrower cut leaves out is exposed outside of frames until there is a frame again.
    let at = (whole[4].0 + 160).to_string();
    let narrow = reel.batch(&["recut", "5", "--to", &at]);
    assert_eq!(narrow["account"]["unassigned"], 1, "{}", narrow["account"]);
    assert_eq!(narrow["account"]["outside"][0]["x"], whole[4].0 + 160);
    let added =
        reel.batch(&["add-frame", "--from", &at, "--to", &whole[4].1.to_string(), "--top", "60", "--bottom", "460"]);
    assert_eq!(added["account"]["unassigned"], 0);
    assert_eq!(cuts(&added).len(), FRAMES as usize + 1);
    assert_eq!(image(&reel, 7).width(), u32::try_from(whole[4].1 - whole[4].0 - 160).expect("a width"));

    let output = reel.run(&["batch", &reel.batch, "account", "--frames"]);
    let listed = String::from_utf8(output.stdout).expect("UTF-8");
    let starts: Vec<&str> =
        listed.lines().skip(1).map(|line| line.split(',').take(3).last().expect("a page")).collect();
    assert_eq!(starts, ["1", "2", "3", "4", "5", "7", "6"], "{listed}");

    // A run of marks is one operation.
    let marked = reel.batch(&["mark", "page", "1-7"]);
    assert_eq!(marked["account"]["accepted"], FRAMES + 1);
    assert_eq!(reel.batch(&["undo"]), added);
    assert!(reel.refused(&["add-frame", "--strip", "2", "--from", "1", "--to", "99"]).contains("is no strip of film"));
}

/// The strip in two tiles, cut where a scanner stops.
fn tiles(reel: &Station, at: u32) -> [std::path::PathBuf; 2] {
    let whole = strip();
    let part = |name: &str, x: u32, w: u32| {
        let tile = whole.crop(Rectangle { x, y: 0, w, h: whole.height() }).expect("on the strip");
        let path = reel.folder.path().join(name);
        std::fs::write(&path, tile.encode_png(0).expect("encodes")).expect("writes");
        path
    };
    [part("tile-1.png", 0, at), part("tile-2.png", at, whole.width() - at)]
}

#[test]
fn a_frame_over_the_border_of_two_tiles_is_one_frame() {
    let fourth = EDGE + 3 * (WIDTH + GAP);
    for within in [WIDTH / 2, WIDTH - 100] {
        let mut reel = Station::new();
        let at = fourth + within;
        let [one, two] = tiles(&reel, at);
        let words =
            ["film", &name(&one), &name(&two), "--reel", "MF-2", "--frames", "6", "--reduction", "24", "--hold"];
        let told = reel.json(&words);
        let account = &told["account"];
        assert_eq!((&account["found"], &account["differences"]), (&json!(FRAMES), &json!([])), "{within}: {account}");
        reel.batch = told["held"].as_str().expect("a batch").to_owned();
        let report = reel.batch(&["show"]);
        let pages = report["pages"].as_array().expect("pages");
        let page = pages.iter().find(|page| page["number"] == 4).expect("the fourth frame");
        // Its picture is what lies on the whole strip, border or not.
        let (x, y) = (page["frame"]["x"].as_u64().expect("a place"), page["frame"]["y"].as_u64().expect("a place"));
        let shown = image(&reel, u32::try_from(page["page"].as_u64().expect("a page")).expect("small"));
        assert!(shown.width().abs_diff(WIDTH) < 12, "{} wide", shown.width());
        let place = Rectangle { x: x as u32, y: y as u32, w: shown.width(), h: shown.height() };
        let lies = strip().crop(place).expect("on the strip").invert();
        assert!(shown.bytes() == lies.bytes(), "{within}: another picture than lies on the strip");
        // It is an operation like any other: taken back, the film is cut off where the tiles end.
        let undone = reel.batch(&["undo"]);
        assert_ne!(undone["account"]["differences"], json!([]), "{}", undone["account"]);
    }
}

/// A sliver of a frame is taken with the one behind it; then somebody has to look.
#[test]
fn a_border_just_before_the_end_of_a_frame_is_not_passed_over() {
    let reel = Station::new();
    let [one, two] = tiles(&reel, EDGE + 3 * (WIDTH + GAP) + WIDTH - 24);
    let told = reel.json(&["film", &name(&one), &name(&two), "--reel", "MF-2", "--frames", "6", "--hold"]);
    assert_eq!(told["account"]["doubtful"], json!([4]), "{}", told["account"]);
}

/// Four strips of a reel, each with other pages.
fn strips(reel: &Station) -> Vec<String> {
    let written = |number: u32| {
        let path = reel.folder.path().join(format!("strip-{number}.png"));
        std::fs::write(&path, strip_of(number).encode_png(0).expect("encodes")).expect("writes");
        name(&path)
    };
    (1..=4).map(written).collect()
}

/// Pages that are in the spool, whether or not the journal knows of them.
fn kept(reel: &Station) -> usize {
    let folders = || std::fs::read_dir(reel.spool()).ok();
    let pages = |batch: std::fs::DirEntry| std::fs::read_dir(batch.path().join("pages")).ok();
    folders().map_or(0, |folders| folders.flatten().filter_map(pages).map(Iterator::count).sum())
}

#[test]
fn a_reel_that_was_killed_in_the_middle_goes_on_and_is_still_held() {
    let whole = Station::new();
    let films = strips(&whole);
    let words = |films: &[String]| {
        let fixed = ["film", "--reel", "MF-9", "--frames", "24", "--reduction", "24", "--hold"].map(str::to_owned);
        fixed.into_iter().chain(films.to_vec()).collect::<Vec<String>>()
    };
    let texts = |words: &[String]| words.iter().map(String::as_str).collect::<Vec<&str>>().join("\n");
    let undisturbed = whole.json(&texts(&words(&films)).split('\n').collect::<Vec<_>>());
    assert_eq!(undisturbed["account"]["differences"], json!([]), "{undisturbed}");
    // Within the first strip, behind it, and in the last one.
    for after in [2, 8, 20] {
        let mut reel = Station::new();
        let films = strips(&reel);
        let mut film = std::process::Command::new(station::PROGRAM);
        film.args(words(&films)).arg("--json").arg("--spool").arg(reel.spool());
        film.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut film = film.spawn().expect("starts");
        while kept(&reel) < after && film.try_wait().expect("waits").is_none() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        film.kill().expect("is killed");
        film.wait().expect("ends");
        assert!((after..24).contains(&kept(&reel)), "it was not killed in the middle: {} pages", kept(&reel));
        let again = reel.json(&texts(&words(&films)).split('\n').collect::<Vec<_>>());
        assert_eq!(again["account"], undisturbed["account"], "{after}");
        reel.batch = again["held"].as_str().expect("it is held").to_owned();
        let (report, first) = (reel.batch(&["show"]), undisturbed["held"].as_str().expect("a batch"));
        assert_eq!(reel.batch, first, "it is the same batch");
        assert_eq!(report["stage"], "review", "{report}");
        assert_eq!(report["pages"].as_array().map(Vec::len), Some(24));
        assert_eq!(kept(&reel), 24, "no page is left that no frame is");
    }
}

#[test]
fn a_reels_account_is_printed() {
    let reel = held(&[]);
    reel.batch(&["mark", "target", "1"]);
    let output = reel.run(&["batch", &reel.batch, "account", "--html"]);
    let page = String::from_utf8(output.stdout).expect("UTF-8");
    for there in
        ["<h1>Reel MF-1</h1>", "Accounted for", "<td class=\"n\">6</td>", "frame 1</th><td>target", "Signature"]
    {
        assert!(page.contains(there), "{there} is not in {page}");
    }
}

#[test]
fn a_chart_out_of_the_reels_order_is_named() {
    let reel = held(&["--order", "terminal-digit"]);
    // Terminal digits: 55-…, then 56, then 54 again, then 57.
    for (page, mrn) in [("1", "MRN-123455"), ("3", "MRN-123456"), ("4", "MRN-123454"), ("5", "MRN-000057")] {
        reel.batch(&["split", page]);
        reel.batch(&["index", page, "--patient", mrn]);
    }
    let account = reel.batch(&["show"])["account"].clone();
    assert_eq!(account["misplaced"], json!([4]));
    assert!(account["differences"].to_string().contains("frames 4 break the reel's order"), "{account}");
    reel.batch(&["index", "4", "--patient", "MRN-123556"]);
    assert_eq!(reel.batch(&["show"])["account"]["misplaced"], Value::Null);
}
