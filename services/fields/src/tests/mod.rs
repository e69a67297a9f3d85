//! What the rules find on invented pages, and what they leave alone.

mod measured;

use record::words::{Block, Box, Line, PageText, Word};

use crate::{Field, Proposal, Rules, identity, propose};

const CHAR: u32 = 10;
const HEIGHT: u32 = 20;
const PITCH: u32 = 36;

/// A page in typewriter's columns: where a character stands in the text, it stands on the page.
pub fn page(lines: &[&str]) -> PageText {
    let blocks = (0_u32..).zip(lines).map(|(row, text)| Block::of(vec![line(row, text)])).collect();
    PageText { width: 1200, height: 1600, blocks, ..PageText::default() }
}

fn line(row: u32, text: &str) -> Line {
    let mut words = Vec::new();
    let mut column = 0;
    for word in text.split(' ') {
        let chars = word.chars().count() as u32;
        if chars > 0 {
            let place = Box { x: 40 + column * CHAR, y: 60 + row * PITCH, w: chars * CHAR, h: HEIGHT };
            words.push(Word::read(word, place, 95));
        }
        column += chars + 1;
    }
    Line::of(words)
}

fn proposals(lines: &[&str]) -> Vec<Proposal> {
    propose(&page(lines), &Rules::built_in())
}

/// The proposed values as `field=value`.
fn said(lines: &[&str]) -> Vec<String> {
    proposals(lines).iter().map(|found| format!("{}={}", found.field, found.value.reveal())).collect()
}

#[test]
fn a_discharge_summary() {
    let page = [
        "ST. BARNABAS MEMORIAL HOSPITAL",
        "",
        "DISCHARGE SUMMARY",
        "",
        "Patient: VILLANUEVA, Tobias      MRN: 43-29-56",
        "Admitted: 12/25/1984             Discharged: 01/06/1985",
        "Attending: Dr. Haddad            Ward: 6 North  Bed 8",
    ];
    assert_eq!(
        said(&page),
        [
            "patient-number=43-29-56",
            "patient-name=VILLANUEVA, Tobias",
            "document-date=1985-01-06",
            "document-type=DISCHARGE-SUMMARY"
        ]
    );
    let number = &proposals(&page)[0];
    assert!(number.confidence >= 90, "{number:?}");
    assert_eq!(number.evidence[0].value, Box { x: 420, y: 204, w: 80, h: 20 });
    assert_eq!(number.evidence[0].label, Some(Box { x: 370, y: 204, w: 40, h: 20 }));
    assert_eq!(number.words, ["43-29-56"]);
}

#[test]
fn a_form_with_its_values_below() {
    let form = [
        "PATIENT REGISTRATION AND CONSENT FORM",
        "",
        "Last name                    First name",
        "DELACROIX                    PHILIPPA",
        "Date of birth                Record number",
        "11/23/1976                   48-21-20",
        "Telephone                    Insurance ID",
        "(493) 555-3794               F219115000",
        "Next of kin                  Relationship",
        "SZYMANSKI                    SPOUSE",
        "Diagnosis code               Procedure code",
        "399.05                       81.76",
        "Signature                    Date 04/05/1981",
    ];
    assert_eq!(
        said(&form),
        [
            "patient-number=48-21-20",
            "patient-name=DELACROIX, PHILIPPA",
            "birth-date=1976-11-23",
            "document-date=1981-04-05",
            "document-type=REGISTRATION",
            "code:icd-9-cm=399.05",
            "code:icd-9-cm=81.76",
        ]
    );
    let identity = identity(&page(&form), &Rules::built_in()).expect("certain");
    assert_eq!(identity.mrn.expect("named").reveal(), "48-21-20");
    assert_eq!(identity.person.expect("named").0.key(), "delacroix philippa");
}

#[test]
fn labels_may_be_misread_and_lack_their_colon() {
    for line in [
        "M.R.N. 43-29-56",
        "Medical Record No. 43-29-56",
        "Medica1 Rec0rd Number: 43-29-56",
        "MR# 43-29-56",
        "Hosp. No.: 43-29-56",
        "Patient#:43-29-56",
        "MRN:43-29-56",
        "MRN: 43-29- 56",
        "MRN: |43-29-56_",
        "Patient: Tobias Villanueva 43 MRN 43-29-56",
    ] {
        assert_eq!(said(&[line]), ["patient-number=43-29-56"], "{line}");
    }
}

#[test]
fn a_number_may_bring_its_label_along() {
    assert_eq!(said(&["Averil Quillon, MRN-104233"]), ["patient-number=MRN-104233"]);
    let twice = proposals(&["MRN: MRN-104233"]);
    assert_eq!((twice.len(), twice[0].evidence.len()), (1, 1), "one place is one witness");
}

#[test]
fn look_alikes_in_a_number_cost_confidence() {
    let sure = proposals(&["MRN: 43-29-56"]);
    let doubtful = proposals(&["MRN: 43-29-S6"]);
    assert_eq!(doubtful[0].value.reveal(), "43-29-56");
    assert!(doubtful[0].confidence + 10 <= sure[0].confidence);
    assert_eq!(identity(&page(&["MRN: 43-29-S6"]), &Rules::built_in()), None, "no alarm rests on it");
    assert!(said(&["MRN: SS-ZS-SB"]).is_empty(), "so many are no number");
}

#[test]
fn nothing_is_guessed() {
    for line in [
        "43-29-56",
        "MRN: 43-29-5",
        "MRN: 43-29-567",
        "MRN: 432956 78",
        "MRN: pending",
        "MRN 43-29-56 MRN 43-29-58",
        "Mother's MRN: 43-29-56",
        "Mother: MRN-104233",
        "Mother's MRN: MRN-104233",
        "MRN-104233 and MRN-104238",
        "Donor MRN: 43-29-56",
        "Old record number: 43-29-56",
        "Insurance ID: 432956",
        "The patient VILLANUEVA, Tobias came",
        "Patient tolerated the procedure well",
        "Patient: V1LLANUEVA, Tobias",
        "Patient: Dr. Tobias Haddad",
        "Referring physician name: HADDAD, Ferreira",
        "Date: 04/05/1981",
        "seen 399.05 times",
        "Diagnosis code V10.1",
    ] {
        assert_eq!(said(&[line]), [""; 0], "{line}");
    }
}

#[test]
fn a_misread_word_is_not_proposed() {
    let mut doubtful = page(&["MRN: 43-29-56"]);
    doubtful.blocks[0].lines[0].words[1].confidence = 41;
    assert_eq!(propose(&doubtful, &Rules::built_in()), []);
    doubtful.blocks[0].lines[0].words[1].corrected = true;
    assert_eq!(propose(&doubtful, &Rules::built_in()).len(), 1, "a person has looked at it");
}

#[test]
fn header_and_footer_agree() {
    let once = proposals(&["MRN: 43-29-56"]);
    let twice = proposals(&["MRN: 43-29-56", "", "text", "", "Record No. 432956"]);
    assert_eq!(twice.len(), 1);
    assert!(twice[0].confidence > once[0].confidence);
    assert_eq!(twice[0].evidence.len(), 2);
}

#[test]
fn each_type_has_its_own_date() {
    let operation = ["OPERATIVE REPORT", "", "Admitted: 01/02/1970  Date of operation: 01/03/1970  Date: 01/09/1970"];
    assert!(said(&operation).contains(&"document-date=1970-01-03".to_owned()));
    let none = ["OPERATIVE REPORT", "", "Admitted: 01/02/1970  Discharged: 01/09/1970"];
    assert_eq!(said(&none), ["document-type=OPERATIVE-REPORT"]);
}

#[test]
fn a_mention_is_no_title() {
    let text = ["See the discharge summary for details", "as dictated in the Discharge Summary of last week"];
    assert_eq!(said(&text), [""; 0]);
    assert_eq!(said(&["DISCHARGE SUMMARY", "OPERATIVE REPORT"]), [""; 0], "two titles, no type");
    assert_eq!(said(&["D1SCHARGE SUMMARY (continued)"]), ["document-type=DISCHARGE-SUMMARY"]);
}

#[test]
fn pages_of_a_document_agree_or_leave_it_open() {
    let rules = Rules::built_in();
    let of = |lines: &[&str]| propose(&page(lines), &rules);
    let one = of(&["DISCHARGE SUMMARY", "MRN: 43-29-56"]);
    let two = of(&["OPERATIVE REPORT", "MRN: 43-29-56"]);
    let agreed = crate::agree(vec![of(&["text"]), one.clone(), two.clone()], rules.propose_from);
    let fields: Vec<(usize, &Field)> = agreed.iter().map(|(page, found)| (*page, &found.field)).collect();
    assert_eq!(fields, [(1, &Field::PatientNumber), (1, &Field::DocumentType)]);
    assert!(agreed[0].1.confidence > one[0].confidence);
    let other = of(&["MRN: 43-29-58"]);
    let open = crate::agree(vec![one, two, other], rules.propose_from);
    assert!(open.iter().all(|(_, found)| found.field != Field::PatientNumber), "two patients in one document");
}

#[test]
fn a_check_digit_is_held_to() {
    let text = crate::rules::DEFAULT.replace("# check_digit = \"mod-10\"", "check_digit = \"mod-10\"");
    let rules = Rules::parse(&text).expect("rules");
    assert_eq!(propose(&page(&["MRN: 123455"]), &rules).len(), 1);
    assert_eq!(propose(&page(&["MRN: 123456"]), &rules), []);
}

#[test]
fn nothing_of_a_patient_prints_itself() {
    let found = proposals(&["Patient: VILLANUEVA, Tobias  MRN: 43-29-56"]);
    let printed =
        format!("{found:?} {:?} {:?}", found[0].value, identity(&page(&["MRN: 43-29-56"]), &Rules::built_in()));
    assert!(!printed.contains("43-29") && !printed.contains("VILLANUEVA"), "{printed}");
}
