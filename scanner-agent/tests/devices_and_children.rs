//! The real binary with its real child processes: unpacking files, and scanning from Debian's
//! `test` backend, which needs no hardware.

use std::path::{Path, PathBuf};
use std::process::Command;

use scanner_agent::sane::capture::{End, Helper};
use scanner_agent::sane::frames::Finish;

const PROGRAM: &str = env!("CARGO_BIN_EXE_scanner-agent");

fn dry_run(folder: &Path) -> (i32, serde_json::Value) {
    let output = Command::new(PROGRAM)
        .args(["import", "--dry-run", "--json"])
        .arg(folder)
        .env("CHARTROOM_TOKEN", "not for children")
        .output()
        .expect("runs");
    (output.status.code().unwrap_or(-1), serde_json::from_slice(&output.stdout).expect("JSON"))
}

#[test]
fn one_bad_file_does_not_stop_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let png = |shade| imaging::Raster::gray(40, 40, vec![shade; 1600]).expect("fits").encode_png(300).expect("encodes");
    for (name, bytes) in
        [("1.png", png(9)), ("2.png", png(8)[..60].to_vec()), ("3.txt", b"notes".to_vec()), ("4.dat", png(7))]
    {
        std::fs::write(folder.path().join(name), bytes).expect("writes");
    }
    let (code, report) = dry_run(folder.path());
    assert_eq!(code, 3);
    assert_eq!(report["captured"], 2);
    assert_eq!(report["documents"].as_array().map(Vec::len), Some(2));
    let refused: Vec<&str> =
        report["refused"].as_array().expect("a list").iter().filter_map(|refused| refused["file"].as_str()).collect();
    assert!(refused[0].ends_with("2.png") && refused[1].ends_with("3.txt"), "{refused:?}");
}

#[test]
fn printed_sheets_cut_a_folder_into_documents() {
    let folder = tempfile::tempdir().expect("a folder");
    let cover = ["--cover", "--mrn", "MRN-1", "--date", "1974-03-09", "--department", "SURGERY"];
    print_sheet(&folder.path().join("1-cover.pdf"), &cover);
    let separator = ["--type", "LAB-REPORT", "--department", "PATHOLOGY"];
    print_sheet(&folder.path().join("3-separator.pdf"), &separator);
    ["2.png", "4.png", "5.png"].iter().for_each(|name| write_page(folder.path(), name));
    let (code, report) = dry_run(folder.path());
    assert_eq!((code, report["captured"].as_u64()), (0, Some(5)));
    let documents = report["documents"].as_array().expect("a list");
    assert_eq!(documents.len(), 2);
    assert_eq!((&documents[0]["mrn"], &documents[0]["date"]), (&"MRN-1".into(), &"1974-03-09".into()));
    assert_eq!((&documents[1]["mrn"], &documents[1]["type"]), (&"MRN-1".into(), &"LAB-REPORT".into()));
    assert_eq!((&documents[0]["department"], &documents[1]["department"]), (&"SURGERY".into(), &"PATHOLOGY".into()));
    assert_eq!(documents[1]["pages"].as_array().map(Vec::len), Some(2));
}

fn print_sheet(out: &Path, more: &[&str]) {
    let status = Command::new(PROGRAM).args(["sheets", "--out"]).arg(out).args(more).status().expect("runs");
    assert!(status.success());
}

fn write_page(folder: &Path, name: &str) {
    let shade = name.as_bytes()[0];
    let page = imaging::Raster::gray(40, 40, vec![shade; 1600]).expect("fits");
    std::fs::write(folder.join(name), page.encode_png(300).expect("encodes")).expect("writes");
}

#[test]
fn a_rule_file_says_what_patch_sheets_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let stack = folder.path().join("stack");
    std::fs::create_dir(&stack).expect("creates");
    for (name, patch) in [("2.pdf", "T"), ("4.pdf", "6")] {
        print_sheet(&stack.join(name), &["--patch", patch]);
    }
    ["1.png", "3.png", "5.png"].iter().for_each(|name| write_page(&stack, name));
    let plan = |rules: &str| {
        let path = folder.path().join("rules.toml");
        std::fs::write(&path, rules).expect("writes");
        let mut command = Command::new(PROGRAM);
        command.args(["import", "--dry-run", "--json", "--rules"]).arg(&path).arg(&stack);
        let output = command.output().expect("runs");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let pages = |document: &serde_json::Value| document["pages"].as_array().map_or(0, Vec::len);
        let documents: Vec<usize> =
            report["documents"].as_array().map_or(Vec::new(), |all| all.iter().map(pages).collect());
        (output.status.code(), documents, report["sheets"].as_array().map_or(0, Vec::len))
    };
    let rule = |code: &str, does: &str| {
        format!("[[rule]]\nname = 'x'\nformat = ['patch']\nmatch = '{code}'\ndoes = '{does}'\n")
    };
    // By T and 6 every sheet separates; with 6 attaching, the sheet stays a page of the document before it.
    assert_eq!(plan(&(rule("T", "document") + &rule("6", "document"))), (Some(0), vec![1, 1, 1], 2));
    assert_eq!(plan(&(rule("T", "document") + &rule("6", "attach"))), (Some(0), vec![1, 3], 1));
    assert_eq!(plan("[[rule]]\nname = 'x'\n").0, Some(1));
}

#[test]
fn codes_are_listed_with_their_place_and_their_rule() {
    let folder = tempfile::tempdir().expect("a folder");
    let sheet = folder.path().join("sheet.pdf");
    print_sheet(&sheet, &["--patch", "T"]);
    let output = Command::new(PROGRAM).args(["codes", "--json"]).arg(&sheet).output().expect("runs");
    let page: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a line");
    let codes = page["codes"].as_array().expect("a list");
    assert_eq!(codes.len(), 4, "one along each edge");
    assert!(codes.iter().all(|code| code["text"] == "T" && code["rule"] == "patch separator"), "{page}");
    assert!(codes.iter().all(|code| code["place"]["w"].as_u64() > Some(200)), "{page}");
}

/// A private SANE configuration with the `test` backend, or `None` where there is no libsane.
fn sane() -> Option<(tempfile::TempDir, Vec<(String, String)>)> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("dll.d")).expect("creates");
    std::fs::write(folder.path().join("dll.conf"), "test\n").expect("writes");
    let system = PathBuf::from("/etc/sane.d/test.conf");
    std::fs::copy(&system, folder.path().join("test.conf")).ok()?;
    let environment = vec![("SANE_CONFIG_DIR".to_owned(), folder.path().display().to_string())];
    let devices = Helper::new(PROGRAM.into(), vec!["capture-helper".into()], environment.clone()).devices().ok()?;
    devices.iter().any(|device| device.name == "test:0").then_some((folder, environment))
}

/// Pages and end of a scan from the `test` backend at 75 dpi.
fn scan(options: &[&str]) -> Option<(Vec<(u32, u32)>, End)> {
    let (_folder, environment) = sane()?;
    let mut arguments =
        ["capture-helper", "--device", "test:0", "--option", "resolution=75"].map(str::to_owned).to_vec();
    options.iter().for_each(|option| arguments.extend(["--option".to_owned(), (*option).to_owned()]));
    let mut pages = Vec::new();
    let end = Helper::new(PROGRAM.into(), arguments, environment).capture(
        || None,
        |page| {
            let facts = imaging::probe(&page.bytes)?;
            assert_eq!((facts.width, facts.height, facts.dpi), (page.width, page.height, 75));
            pages.push((page.width, page.height));
            Ok(())
        },
    );
    Some((pages, end.expect("runs")))
}

const FEEDER: &str = "source=Automatic Document Feeder";

#[test]
fn the_test_scanner_feeds_ten_pages_and_a_flatbed_has_one() {
    let Some((pages, end)) = scan(&[FEEDER, "mode=Color"]) else { return eprintln!("no libsane: not tried") };
    assert_eq!((pages.len(), end), (10, End::Finished(Finish::FeederEmpty)));
    let (pages, end) = scan(&["source=Flatbed", "depth=1"]).expect("was there");
    assert_eq!((pages.len(), end), (1, End::Finished(Finish::EnoughPages)));
}

#[test]
fn statuses_of_the_driver_are_faults_and_never_pages() {
    for (status, word) in [("JAMMED", "jammed"), ("COVER_OPEN", "cover"), ("IO_ERROR", "I/O"), ("EOF", "short")] {
        let option = format!("read-return-value=SANE_STATUS_{status}");
        let Some((pages, end)) = scan(&[FEEDER, &option]) else { return eprintln!("no libsane: not tried") };
        let End::Fault(mishap) = end else { panic!("{status}: {end:?}") };
        assert!(pages.is_empty() && mishap.sheet == Some(1) && mishap.text.contains(word), "{status}: {mishap:?}");
    }
    let (pages, end) = scan(&[FEEDER, "read-return-value=SANE_STATUS_NO_DOCS"]).expect("was there");
    assert_eq!((pages.len(), end), (0, End::Finished(Finish::FeederEmpty)));
}
