//! How often are the proposals right? Invented pages of every layout, with the noise that readers make: look-alikes,
//! lost colons, torn words, wrong digits, words of other people. Precision is what counts: a wrong number files a
//! page in a stranger's chart, a missing one costs a person ten seconds.

use record::words::PageText;

use super::page;
use crate::{Field, Rules, propose};

/// Numerical Recipes' quick generator (Press et al., 3rd edition, section 7.1.4): the pages are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.roll(choices.len() as u64) as usize]
    }
}

const SURNAMES: [&str; 6] = ["VILLANUEVA", "O'BRIEN", "KOWALCZYK", "LINDQVIST", "Ward", "DELACROIX"];
const GIVEN: [&str; 6] = ["Tobias", "Rosalind", "Everett", "Philippa A.", "Ambrose", "Wilhelmina"];
const NUMBER_LABELS: [&str; 6] = ["MRN:", "Medical Record No.", "Record number:", "MR#", "Hosp. No.:", "Unit No:"];

struct Truth {
    number: String,
    name: String,
    birth: String,
    kind: &'static str,
    date: String,
}

fn day(dice: &mut Dice) -> (String, String) {
    let (year, month, day) = (1930 + dice.roll(60), 1 + dice.roll(12), 1 + dice.roll(28));
    (format!("{month:02}/{day:02}/{year}"), format!("{year}-{month:02}-{day:02}"))
}

fn number(dice: &mut Dice) -> String {
    format!("{:02}-{:02}-{:02}", dice.roll(90) + 10, dice.roll(100), dice.roll(100))
}

/// A page as printed, and what it says.
fn printed(dice: &mut Dice) -> (Vec<String>, Truth) {
    let (birth, birth_date) = day(dice);
    let (own, date) = day(dice);
    let (other, _) = day(dice);
    let (last, first) = (dice.one_of(&SURNAMES), dice.one_of(&GIVEN));
    let mrn = number(dice);
    let label = dice.one_of(&NUMBER_LABELS);
    let stranger = number(dice);
    let (kind, title, date_label) = match dice.roll(3) {
        0 => ("DISCHARGE-SUMMARY", "DISCHARGE SUMMARY", "Discharged:"),
        1 => ("OPERATIVE-REPORT", "OPERATIVE REPORT", "Date of operation:"),
        _ => ("LABORATORY-REPORT", "CLINICAL LABORATORY REPORT", "Collected:"),
    };
    let mut lines = vec!["ST. BARNABAS MEMORIAL HOSPITAL".to_owned(), String::new(), title.to_owned(), String::new()];
    if dice.roll(2) == 0 {
        lines.push(format!("Patient: {last}, {first}        {label} {mrn}"));
        lines.push(format!("DOB: {birth}    Admitted: {other}    {date_label} {own}"));
    } else {
        lines.push(format!("{:<30}{}", "Name", label.trim_end_matches(':')));
        lines.push(format!("{:<30}{mrn}", format!("{last}, {first}")));
        lines.push(format!("{:<30}{}", "Date of birth", date_label.trim_end_matches(':')));
        lines.push(format!("{birth:<30}{own}"));
    }
    lines.push("Attending: Dr. Haddad    Ward: 6 North  Bed 8".to_owned());
    lines.push(String::new());
    lines.push(format!("Family was notified at 02:43 on {other}. The patient is a former smoker, 44 years."));
    match dice.roll(4) {
        0 => lines.push(format!("Mother's MRN: {stranger}")),
        1 => lines.push(format!("Transcribed: {other}    Job No: 555102")),
        2 => lines.push(format!("{label} {mrn}   Page 1")),
        _ => {}
    }
    (lines, Truth { number: mrn, name: format!("{last}, {first}"), birth: birth_date, kind, date })
}

/// Reads the page as a tired engine does: some characters wrong, the engine mostly knowing which words are doubtful.
fn read(dice: &mut Dice, lines: &[String], noise: u64) -> PageText {
    let refs: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut text = page(&refs);
    for word in text.blocks.iter_mut().flat_map(|block| &mut block.lines).flat_map(|line| &mut line.words) {
        word.confidence = 90 + dice.roll(8) as u8;
        if dice.roll(1000) >= noise {
            continue;
        }
        let at = dice.roll(word.text.chars().count() as u64) as usize;
        let from = word.text.chars().nth(at).expect("inside");
        let to = match from {
            '0' => "O".to_owned(),
            '1' => dice.one_of(&["l", "I", "7"]).to_owned(),
            '3' | '8' => dice.one_of(&["8", "3", "B"]).to_owned(),
            'l' | 'I' | 'i' => "1".to_owned(),
            'O' => "0".to_owned(),
            'm' => "rn".to_owned(),
            ':' => String::new(),
            '/' | '-' => dice.one_of(&["", "'", "1"]).to_owned(),
            other => dice.one_of(&["", "e", "~"]).to_owned() + &other.to_string(),
        };
        word.text =
            word.text.chars().enumerate().map(|(n, c)| if n == at { to.clone() } else { c.to_string() }).collect();
        // An engine is unsure of most of what it misreads.
        word.confidence = if dice.roll(20) == 0 { 88 } else { 30 + dice.roll(55) as u8 };
    }
    text
}

#[derive(Default)]
struct Score {
    wanted: u32,
    proposed: u32,
    right: u32,
    sure: u32,
    sure_and_right: u32,
}

impl Score {
    fn count(&mut self, page: &PageText, rules: &Rules, field: &Field, truth: &str) {
        self.wanted += 1;
        let found = propose(page, rules).into_iter().filter(|found| found.field == *field);
        for found in found {
            let right = u32::from(found.value.reveal() == truth);
            let sure = u32::from(found.confidence >= rules.alarm_from.0);
            self.proposed += 1;
            self.right += right;
            self.sure += sure;
            self.sure_and_right += sure * right;
        }
    }

    fn precision(&self) -> f64 {
        f64::from(self.right) / f64::from(self.proposed.max(1))
    }

    fn recall(&self) -> f64 {
        f64::from(self.right) / f64::from(self.wanted.max(1))
    }

    fn precision_where_sure(&self) -> f64 {
        f64::from(self.sure_and_right) / f64::from(self.sure.max(1))
    }
}

/// 600 pages, one word in twenty damaged. The floors are what was measured, rounded down.
#[test]
fn what_is_proposed_is_right() {
    let rules = Rules::built_in();
    let mut dice = Dice(7);
    let fields = [Field::PatientNumber, Field::PatientName, Field::BirthDate, Field::DocumentDate, Field::DocumentType];
    let mut scores: Vec<Score> = fields.iter().map(|_| Score::default()).collect();
    for _ in 0..600 {
        let (lines, truth) = printed(&mut dice);
        let text = read(&mut dice, &lines, 50);
        let truths = [&truth.number, &truth.name, &truth.birth, &truth.date, truth.kind];
        for ((score, field), truth) in scores.iter_mut().zip(&fields).zip(truths) {
            score.count(&text, &rules, field, truth);
        }
    }
    let floors = [(0.99, 0.94), (0.98, 0.87), (0.99, 0.94), (0.99, 0.89), (0.99, 0.95)];
    let report: Vec<String> = fields
        .iter()
        .zip(&scores)
        .map(|(f, s)| format!("{f} {:.4} {:.4} {:.4}", s.precision(), s.recall(), s.precision_where_sure()))
        .collect();
    for (score, (precision, recall)) in scores.iter().zip(floors) {
        assert!(score.precision() >= precision && score.recall() >= recall, "{report:#?}");
        assert!(score.precision_where_sure() >= 0.99, "{report:#?}");
    }
}
