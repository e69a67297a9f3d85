//! Scenes from the scanning room. A scene is a string: files are divided by blanks, pages by
//! nothing; `.` is a page, `P` a PATCHT page, letters and figures stand for sheets and labels as in [`line`].

use super::*;
use crate::codes::PATCH;
use record::sheet::{Sheet, SheetError};
use record::words::Box as Place;

fn sheet(kind: SheetKind, mrn: &str, encounter: &str, document_type: &str) -> String {
    let sheet = Sheet {
        kind,
        mrn: mrn.parse().ok(),
        encounter: encounter.parse().ok(),
        document_type: document_type.parse().ok(),
        date: None,
        count: None,
        department: None,
    };
    sheet.to_line()
}

fn line(letter: char) -> Option<String> {
    let separator = SheetKind::DocumentSeparator;
    Some(match letter {
        '.' => return None,
        'P' => "PATCHT".to_owned(),
        'F' => "FIRST".to_owned(),
        'A' => "ANNEX".to_owned(),
        '1' => "LABEL MRN-1".to_owned(),
        '2' => "LABEL MRN-2".to_owned(),
        'C' => sheet(SheetKind::BatchCover, "MRN-1", "STAY-1", ""),
        'a' => sheet(separator, "MRN-1", "", "LETTER"),
        'b' => sheet(separator, "MRN-2", "", ""),
        't' => sheet(separator, "", "", "LAB"),
        'd' => format!("{}X", sheet(separator, "MRN-1", "", "")),
        'm' => malformed(),
        'w' => "0123456789".to_owned(),
        other => panic!("no sheet {other}"),
    })
}

/// A line whose check character is right and whose patient number is not.
fn malformed() -> String {
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
        .chars()
        .map(|check| format!("CR1/D/AB////{check}"))
        .find(|line| Sheet::from_line(line) == Err(SheetError::MalformedMrn))
        .expect("one of 43 is right")
}

fn code(text: String) -> Code {
    let place = Place { x: 0, y: 0, w: 1, h: 1 };
    Code { format: "QRCode".into(), text, identifier: "]Q1".into(), place }
}

/// The built-in rules, and labels of a made-up hospital.
fn rules() -> Rules {
    let labels = r#"
        [[rule]]
        name = "label"
        match = "LABEL (?<mrn>.*)"
        does = "field"
        [[rule]]
        name = "first page"
        match = "FIRST"
        does = "document"
        keep = true
        [[rule]]
        name = "annex"
        match = "ANNEX"
        does = "attach"
    "#;
    Rules::parse(&format!("{}{labels}", include_str!("rules.toml"))).expect("well formed")
}

fn scanned(codes: &[Code]) -> Seen<'_> {
    Seen { group: None, codes, hidden: false, cut: None }
}

fn play(scene: &str, scanned: bool) -> Split {
    let pages: Vec<(Option<u32>, Vec<Code>)> = (0..)
        .zip(scene.split(' '))
        .flat_map(|(file, pages)| pages.chars().map(move |letter| (file, letter)))
        .map(|(file, letter)| ((!scanned).then_some(file), line(letter).map(code).into_iter().collect()))
        .collect();
    let seen: Vec<Seen<'_>> =
        pages.iter().map(|(group, codes)| Seen { group: *group, codes, hidden: false, cut: None }).collect();
    split(&seen, &CapturedFields::default(), &rules())
}

/// `pages[mrn/encounter/type!exceptions@page]`, documents divided by ` | `.
fn told(split: &Split) -> String {
    let part = |part: &Part| {
        let pages: Vec<String> = part.pages.iter().map(|at| (at + 1).to_string()).collect();
        let fields = &part.fields;
        let exceptions: String = fields
            .exceptions
            .iter()
            .map(|e| format!(" !{:?}@{}", e.code, e.page.map_or("-".into(), |page| page.to_string())))
            .collect();
        format!(
            "{} {}/{}/{}{exceptions}",
            pages.join(","),
            fields.mrn.as_ref().map_or("", |mrn| mrn.reveal()),
            fields.encounter.as_ref().map_or("", |encounter| encounter.reveal()),
            fields.document_type.as_ref().map_or("", |kind| kind.reveal()),
        )
    };
    split.parts.iter().map(part).collect::<Vec<_>>().join(" | ")
}

#[track_caller]
fn scene(pages: &str, expected: &str) {
    assert_eq!(told(&play(pages, false)), expected, "{pages}");
}

#[track_caller]
fn scan(pages: &str, expected: &str) {
    assert_eq!(told(&play(pages, true)), expected, "scanned {pages}");
}

#[test]
fn without_sheets_each_file_is_a_document_and_a_scan_is_one() {
    scene(". .. .", "1 // !NoPatient@- | 2,3 // !NoPatient@- | 4 // !NoPatient@-");
    scan("...", "1,2,3 // !NoPatient@-");
    scene("w.", "1,2 // !NoPatient@-");
}

#[test]
fn a_cover_holds_until_a_separator_says_otherwise() {
    scan("C..a..t.b.", "2,3 MRN-1/STAY-1/ | 5,6 MRN-1/STAY-1/LETTER | 8 MRN-1/STAY-1/LAB | 10 MRN-2//");
}

#[test]
fn a_sheet_in_a_file_of_several_pages_speaks_for_that_file_only() {
    scene("Ca.. ..", "3,4 MRN-1/STAY-1/LETTER | 5,6 // !NoPatient@-");
    scene("a. .", "2 MRN-1//LETTER | 3 // !NoPatient@-");
}

#[test]
fn a_sheet_that_is_a_file_speaks_until_the_next_one() {
    scene("a . .. b .", "2,3,4 MRN-1//LETTER | 6 MRN-2//");
    scene("C . ..", "2 MRN-1/STAY-1/ | 3,4 MRN-1/STAY-1/");
}

#[test]
fn a_patch_separates_and_says_nothing() {
    scene(".P.PP.", "1 // !NoPatient@- | 3 // !NoPatient@- | 6 // !NoPatient@-");
    scan("CP.P.", "3 MRN-1/STAY-1/ | 5 MRN-1/STAY-1/");
}

#[test]
fn a_patch_code_separates_like_its_barcode() {
    let place = Place { x: 0, y: 0, w: 1, h: 1 };
    let patch = |name: &str| Code { format: PATCH.into(), text: name.into(), identifier: String::new(), place };
    let pages = [vec![], vec![patch("T"), patch("T")], vec![], vec![patch("4")]];
    let seen: Vec<Seen<'_>> = pages.iter().map(|codes| scanned(codes)).collect();
    let split = split(&seen, &CapturedFields::default(), &rules());
    assert_eq!((told(&split).as_str(), split.sheets), ("1 // !NoPatient@- | 3,4 // !NoPatient@-", vec![1]));
}

#[test]
fn a_kept_first_page_starts_a_document_and_stays_in_it() {
    scan(".F.F", "1 // !NoPatient@- | 2,3 // !NoPatient@- | 4 // !NoPatient@-");
    scan("CF..bF", "2,3,4 MRN-1/STAY-1/ | 6 MRN-1/STAY-1/");
}

#[test]
fn an_annex_goes_on_with_the_document_before_it() {
    scene(".. A. .", "1,2,3,4 // !NoPatient@- | 5 // !NoPatient@-");
    scan("aA.", "2,3 MRN-1//LETTER");
    scene("A", "1 // !NoPatient@-");
}

#[test]
fn a_person_cuts_joins_and_hides() {
    let codes: Vec<Vec<Code>> = ".a..".chars().map(|letter| line(letter).map(code).into_iter().collect()).collect();
    let with = |at: usize, hidden: bool, cut: Option<Cut>| {
        let mut seen: Vec<Seen<'_>> = codes.iter().map(|codes| scanned(codes)).collect();
        (seen[at].hidden, seen[at].cut) = (hidden, cut);
        split(&seen, &CapturedFields::default(), &rules())
    };
    assert_eq!(told(&with(3, false, Some(Cut::Here))), "1 // !NoPatient@- | 3 MRN-1//LETTER | 4 // !NoPatient@-");
    assert_eq!(told(&with(1, false, Some(Cut::Never))), "1,2,3,4 // !NoPatient@-");
    let hidden = with(2, true, None);
    assert_eq!((told(&hidden).as_str(), &hidden.parts[1].sheets), ("1 // !NoPatient@- | 4 MRN-1//LETTER", &vec![1, 2]));
    let mut all: Vec<Seen<'_>> = codes.iter().map(|codes| scanned(codes)).collect();
    all.iter_mut().for_each(|seen| seen.hidden = true);
    assert_eq!(told(&split(&all, &CapturedFields::default(), &rules())), "1,2,3,4 // !NoPatient@-");
}

#[test]
fn labels_name_the_patient_and_two_patients_are_asked_about() {
    scene(".1. .2", "1,2,3 MRN-1// | 4,5 MRN-2//");
    scan("a.1", "2,3 MRN-1//LETTER");
    scan("a.2.1", "2,3,4,5 //LETTER !CodesDisagree@3");
}

#[test]
fn the_same_separator_twice_with_nothing_between_is_asked_about() {
    scan("aa.", "3 MRN-1//LETTER !DuplicateSeparator@2");
    scan("a.a.", "2 MRN-1//LETTER | 4 MRN-1//LETTER");
    scan("ab.", "3 MRN-2//");
}

#[test]
fn an_unclear_sheet_starts_a_document_that_nobody_owns() {
    scan("C.d..", "2 MRN-1/STAY-1/ | 3,4,5 // !DamagedSheet@3");
    scene("a . m .", "2 MRN-1//LETTER | 3,4 // !MalformedMrn@3");
}

#[test]
fn two_different_sheets_on_a_page_are_one_question_but_two_equal_ones_are_one_sheet() {
    let page = |letters: &str| letters.chars().filter_map(line).map(code).collect::<Vec<_>>();
    let run = |first: &str| {
        let (sheet, page) = (page(first), Vec::new());
        told(&split(&[scanned(&sheet), scanned(&page)], &CapturedFields::default(), &rules()))
    };
    assert_eq!(run("ab"), "1,2 // !TwoSheetsOnPage@1");
    assert_eq!(run("aa"), "2 MRN-1//LETTER");
    assert_eq!(run("aP"), "2 MRN-1//LETTER");
    assert_eq!(run("ad"), "1,2 // !DamagedSheet@1");
}

#[test]
fn sheets_stay_with_their_document_and_pages_are_neither_lost_nor_doubled() {
    let split = play("Caa..b.d. .. P . b", false);
    let mut all: Vec<usize> = split.parts.iter().flat_map(|part| part.pages.clone()).collect();
    assert_eq!(split.parts[0].sheets, [0, 1, 2]);
    assert_eq!(split.parts[1].sheets, [0, 5]);
    all.extend(&split.sheets);
    all.sort_unstable();
    assert_eq!(all, (0..14).collect::<Vec<_>>());
}

#[test]
fn options_hold_where_no_sheet_says_otherwise() {
    let defaults = CapturedFields { mrn: "MRN-9".parse().ok(), date: "1974-03-09".parse().ok(), ..Default::default() };
    let (a, none) = ([code(line('b').expect("a sheet"))], []);
    let seen = [scanned(&none), scanned(&a), scanned(&none)];
    let split = split(&seen, &defaults, &rules());
    assert_eq!(told(&split), "1 MRN-9// | 3 MRN-2//");
    assert_eq!(split.parts[1].fields.date, defaults.date);
}
