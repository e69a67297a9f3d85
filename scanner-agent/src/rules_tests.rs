//! Codes of made-up hospitals, and the rules for them.

use record::words::Box as Place;

use super::*;

fn code(format: &str, text: &str) -> Code {
    let place = Place { x: 0, y: 0, w: 1, h: 1 };
    Code { format: format.into(), text: text.into(), identifier: String::new(), place }
}

const LABELS: &str = r#"
    [[rule]]
    name = "ward stock"
    match = "STOCK.*"
    does = "ignore"

    [[rule]]
    name = "patient label"
    format = ["code-128", "data-matrix"]
    match = "(?<mrn>[0-9]{10})"
    does = "field"
    check = "mod-11"

    [[rule]]
    name = "first page"
    match = 'DOC:(?<type>[a-z]+)(?:@(?<date>[0-9]{8}))?'
    does = "document"
    keep = true

    [[rule]]
    name = "annex"
    match = "ANNEX"
    does = "attach"
"#;

fn said(codes: &[Code]) -> Said {
    Rules::parse(LABELS).expect("well formed").said(codes)
}

#[test]
fn the_built_in_rules_are_well_formed_and_obey_patches() {
    let rules = Rules::of(None).expect("well formed");
    for (format, text, starts) in [
        (PATCH, "T", true),
        (PATCH, "2", true),
        (PATCH, "4", false),
        ("Code 39", "PATCHT", true),
        ("Code 39", "T", false),
    ] {
        assert_eq!(rules.said(&[code(format, text)]).start.is_some(), starts, "{format} {text}");
    }
}

#[test]
fn codes_become_fields_and_starts() {
    let label = said(&[code("Code 128", "9434765919"), code("QR Code", "STOCK 943476591")]);
    assert_eq!(label.fields.mrn.map(|mrn| mrn.reveal().to_owned()).as_deref(), Some("9434765919"));
    let start = said(&[code("QR Code", "DOC:lab@19740309")]).start.expect("starts");
    assert!(start.keep && start.fields.date == "1974-03-09".parse().ok());
    assert_eq!(start.fields.document_type.map(|kind| kind.reveal().to_owned()).as_deref(), Some("LAB"));
    assert!(said(&[code("QR Code", "ANNEX")]).attach);
}

#[test]
fn what_fails_its_check_or_contradicts_itself_is_told() {
    assert_eq!(said(&[code("Code 128", "9434765918")]).doubt, Some(ExceptionCode::FailedCheck));
    let two = said(&[code("Code 128", "9434765919"), code("Code 128", "0306406152")]);
    assert_eq!((two.doubt, two.fields.mrn), (Some(ExceptionCode::CodesDisagree), None));
    let both = said(&[code("QR Code", "DOC:lab"), code("QR Code", "DOC:letter")]);
    assert_eq!((both.unclear, both.start), (Some(ExceptionCode::TwoSheetsOnPage), None));
    assert_eq!(said(&[code("QR Code", "DOC:lab@19740231")]).unclear, Some(ExceptionCode::DamagedSheet));
}

#[test]
fn a_mistake_in_the_file_is_named_by_its_line() {
    for (text, words) in [
        ("[[rule]]\nname = \"x\"\nmatch = \"(\"\ndoes = \"field\"", "line 3"),
        ("[[rule]]\nname = \"x\"\nmatch = \"(?<ward>.)\"\ndoes = \"field\"", "no index field ward"),
        ("[[rule]]\nname = \"x\"\nmatch = \"a\"\ndoes = \"split\"", "line 4"),
        ("[[rules]]\n", "line 1"),
    ] {
        let error = Rules::parse(text).expect_err("refused");
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn jobs_are_built_in_and_a_rule_file_has_its_own() {
    let built_in = Rules::of(None).expect("sound");
    let chart = built_in.job("chart").expect("is there");
    assert_eq!((chart.mode.as_deref(), chart.resolution), (Some("Lineart"), Some(300)));
    let own = Rules::parse(
        "[job.chart]\nsource = 'ADF Duplex'\n[job.chart.options]\nbrightness = 12\nswskip = true\ndf-action = 'Stop'\n",
    );
    let own = own.expect("parses");
    let options: Vec<(String, String)> = own.job("chart").expect("is there").options().collect();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(options, [pair("brightness", "12"), pair("df-action", "Stop"), pair("swskip", "true")]);
    assert_eq!(own.job("photo").expect("the built-in one").resolution, Some(600));
    assert!(own.job("film").expect_err("none").contains("there are chart, colour, grey, photo"));
}
