//! What is a batch like as it stands? The same for people, for scripts and for the technician's page.

use record::{BatchId, Digest, Mrn};
use serde::Serialize;

use super::rules_of;
use crate::arrange::{FrameMark, Placed, Verdict};
use crate::codes::Code;
use crate::fault::Mishap;
use crate::patients::Patients;
use crate::plan::{self, Outline};
use crate::quality::{Flag, Quality};
use crate::questions::{self, Known, Question};
use crate::reel::account::Account;
use crate::reel::order;
use crate::report::{counted, print as print_text, print_json};
use crate::rules::Rules;
use crate::spool::{Home, State};
use crate::stage::Stage;

#[derive(Serialize)]
pub struct BatchReport {
    batch: BatchId,
    name: String,
    pub stage: Stage,
    /// More pages may come.
    capturing: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<u32>,
    sheets: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    explained: Option<String>,
    faults: Vec<Mishap>,
    /// Why it cannot be released as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    miscount: Option<String>,
    /// Documents that the archive has given a receipt for.
    receipted: usize,
    /// What came of a reel of film.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Account>,
    pub questions: Vec<Question>,
    pub documents: Vec<DocumentReport>,
    pages: Vec<PageReport>,
    /// Operations that `undo` can take back.
    edits: usize,
}

#[derive(Serialize)]
pub struct DocumentReport {
    #[serde(flatten)]
    outline: Outline,
    /// What the archive's patient list says of its patient.
    #[serde(skip_serializing_if = "Option::is_none")]
    patient: Option<Known>,
}

#[derive(Serialize)]
struct PageReport {
    page: u32,
    /// The name of the page's file in the spool.
    image: Digest,
    hidden: bool,
    turned: bool,
    /// A frame that somebody cut another way.
    recut: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
    width: u32,
    height: u32,
    dpi: u32,
    flags: Vec<Flag>,
    /// Absent until somebody has looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<Quality>,
    codes: Vec<Code>,
    /// The strip it was cut out of, from 1 in the order of the files.
    #[serde(skip_serializing_if = "Option::is_none")]
    strip: Option<u32>,
    /// Which frame of its reel it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
    /// Where it was cut out of a strip of film, and what speaks against the cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    frame: Option<film::Frame>,
    /// What somebody says that the frame is.
    #[serde(skip_serializing_if = "Option::is_none")]
    mark: Option<FrameMark>,
}

impl BatchReport {
    pub fn of(batch: BatchId, state: &State, patients: &Patients) -> anyhow::Result<Self> {
        let rules = rules_of(state)?;
        let opened = state.opened.as_ref();
        let order = state.arranged();
        let numbers = state.reel().map(|_| order::numbers(state, &order)).unwrap_or_default();
        let told = |placed: &Placed| {
            let number = numbers.get(&placed.page).copied();
            PageReport { number, ..page(state, placed, &rules) }
        };
        let documents = plan::outline(state, &rules).into_iter().map(|outline| DocumentReport {
            patient: outline.fields.mrn.as_ref().map(|mrn| patients.known(mrn)),
            outline,
        });
        Ok(Self {
            batch,
            name: state.name().to_owned(),
            stage: state.stage(),
            capturing: !state.capture_complete,
            device: opened.and_then(|opened| opened.source.device.clone()),
            operator: opened.and_then(|opened| opened.operator.clone()),
            expected: state.expected,
            sheets: state.sheets_fed(),
            explained: state.explained.clone(),
            faults: state.faults.clone(),
            miscount: state.miscount(),
            receipted: state.receipted.len(),
            account: Account::of(state),
            questions: questions::questions(state, &rules, &|mrn| patients.known(mrn)),
            documents: documents.collect(),
            pages: order.iter().map(told).collect(),
            edits: state.edits.len(),
        })
    }

    pub fn patients(&self) -> Vec<Mrn> {
        self.documents.iter().filter_map(|told| told.outline.fields.mrn.clone()).collect()
    }

    fn text(&self) -> String {
        let (pages, documents) = (counted(self.pages.len(), "page"), counted(self.documents.len(), "document"));
        let mut text =
            format!("Batch “{}” ({}): {}, {pages}, {documents}.\n", self.name, self.batch, self.stage.name());
        for question in &self.questions {
            let page = question.page.map_or(String::new(), |page| format!("page {page}: "));
            text += &format!("  ? {page}{}\n", question.text);
        }
        for page in &self.pages {
            let begins = self.documents.iter().position(|told| told.outline.pages.first() == Some(&page.page));
            if let Some(number) = begins {
                text += &format!("  document {}: {}\n", number + 1, self.documents[number].outline.text());
            }
            text += &format!("    page {}{}\n", page.page, page.remarks());
        }
        text
    }
}

impl PageReport {
    fn remarks(&self) -> String {
        let mut remarks: Vec<String> = self.flags.iter().map(|flag| flag.explain().to_owned()).collect();
        let states = [
            (self.hidden, "hidden"),
            (self.recut, "cut anew"),
            (self.turned, "turned"),
            (self.quality.is_none(), "not looked at"),
        ];
        remarks.extend(states.into_iter().filter(|(is, _)| *is).map(|(_, what)| what.to_owned()));
        match (self.mark, &self.frame) {
            (Some(mark), _) => remarks.push(mark.name().to_owned()),
            (None, Some(frame)) => remarks.extend(frame.doubts.iter().map(|doubt| doubt.explain().to_owned())),
            (None, None) => {}
        }
        remarks.extend(self.codes.iter().map(|code| code.format.clone()));
        if remarks.is_empty() { String::new() } else { format!(": {}", remarks.join(", ")) }
    }
}

fn page(state: &State, placed: &Placed, rules: &Rules) -> PageReport {
    let page = state.page(placed);
    PageReport {
        page: placed.page,
        image: page.image.digest,
        hidden: placed.hidden || plan::is_hidden_blank(page, rules),
        turned: placed.turned.is_some(),
        recut: placed.recut.is_some(),
        strip: state.strip_of(placed.page).map(|file| file + 1),
        number: None,
        verdict: placed.verdict.clone(),
        width: page.width,
        height: page.height,
        dpi: page.dpi,
        flags: page.quality.as_ref().map_or(Vec::new(), |quality| quality.flags(&rules.quality)),
        quality: page.quality.clone(),
        codes: page.codes.clone().unwrap_or_default(),
        frame: page.frame.clone(),
        mark: placed.mark,
    }
}

/// Tells of a batch as it stands.
pub fn print(home: &Home, batch: BatchId, state: &State, json: bool) -> anyhow::Result<()> {
    let report = BatchReport::of(batch, state, &Patients::open(&home.folder))?;
    if json { print_json(&report) } else { print_text(&report.text()) }
}
