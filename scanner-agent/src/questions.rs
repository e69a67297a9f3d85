//! What does a person have to decide before a batch goes on, and what are the answers?
//!
//! A pure look at a batch: each question comes with its page, the candidates that codes and people gave, and answers that
//! are operations like any other ([`BatchAction`]), so that one key answers and `undo` takes it back.

use std::collections::BTreeSet;

use record::Mrn;
use record::manifest::{Exception, ExceptionCode};
use record::wire::CapturedFields;
use serde::{Deserialize, Serialize};

use crate::arrange::{Placed, Verdict};
use crate::cli::{BatchAction, Fields};
use crate::codes::Code;
use crate::plan::{self, Outline};
use crate::quality::{Flag, Quality};
use crate::rules::Rules;
use crate::spool::State;
use crate::validate::Keyed;

/// Answers that one key gives.
const ANSWERS_MAX: usize = 9;

#[derive(Debug, Clone, Serialize)]
pub struct Question {
    /// Where to look; absent where it is about the whole batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    pub code: &'static str,
    pub text: String,
    /// The batch does not go on without an answer. Other questions may be left to the archive's exceptions.
    pub must: bool,
    /// A person's own words or fields are an answer, too.
    pub typed: bool,
    pub answers: Vec<Answer>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    pub label: String,
    pub action: BatchAction,
}

/// What the archive's patient list says of a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "known", rename_all = "kebab-case")]
pub enum Known {
    Yes {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    No,
    /// Nobody has asked yet, or the server is away.
    Unasked,
}

/// Every open question: the batch's own first, then by document and page.
pub fn questions(state: &State, rules: &Rules, known: &dyn Fn(&Mrn) -> Known) -> Vec<Question> {
    let order = state.arranged();
    let desk = Desk { state, rules, order: &order };
    let outlines = plan::outline(state, rules);
    let mut asked: Vec<Question> = miscount(state).into_iter().collect();
    for outline in &outlines {
        asked.extend(desk.document(outline, known));
    }
    asked.extend(order.iter().filter_map(|placed| desk.page(placed)));
    asked
}

fn miscount(state: &State) -> Option<Question> {
    // While the scanner feeds, it is too early to ask.
    let text = state.miscount().filter(|_| state.capture_complete)?;
    let sheets = state.sheets_fed();
    let slip = Answer {
        label: format!("{sheets} were laid in: the count was a slip"),
        action: BatchAction::Expect { sheets },
    };
    Some(Question { page: None, code: "miscount", text, must: true, typed: true, answers: vec![slip] })
}

struct Desk<'a> {
    state: &'a State,
    rules: &'a Rules,
    order: &'a [Placed],
}

impl Desk<'_> {
    fn document(&self, outline: &Outline, known: &dyn Fn(&Mrn) -> Known) -> Vec<Question> {
        let Some(first) = outline.pages.first().copied() else { return Vec::new() };
        let fields = &outline.fields;
        let faults: Vec<String> = self.rules.field.iter().filter_map(|rule| rule.fault(fields)).collect();
        let open = !fields.exceptions.is_empty() || !faults.is_empty();
        let ask = |code, text, must, answers| Question { page: Some(first), code, text, must, typed: true, answers };
        match &outline.keyed {
            Keyed::Once => {
                let text = "one person has keyed the fields; another one has to, without seeing them".to_owned();
                return vec![ask("key-again", text, true, Vec::new())];
            }
            Keyed::Disputed(one, other) => {
                let text = "two people keyed different fields: look at the page and choose".to_owned();
                let answers = [one, other].map(|fields| index(first, fields, "keyed")).to_vec();
                return vec![ask("keyed-differently", text, true, answers)];
            }
            Keyed::Nothing | Keyed::Stands(_) => {}
        }
        if self.rules.entry.twice && open && outline.keyed == Keyed::Nothing {
            let text = "the fields are keyed by two people; nobody has yet".to_owned();
            return vec![ask("key", text, true, Vec::new())];
        }
        let exceptions = fields.exceptions.iter().map(|exception| self.exception(outline, first, exception));
        let mut asked: Vec<Question> = exceptions.collect();
        // Where codes leave it open, what is missing is that question and not another one.
        if asked.is_empty() || !faults.is_empty() && fields.mrn.is_some() {
            asked.extend(faults.into_iter().map(|text| ask("field", text, true, self.candidates(outline, first))));
        } else if !faults.is_empty() {
            asked.iter_mut().for_each(|question| question.must = true);
        }
        if let Some(mrn) = fields.mrn.as_ref().filter(|mrn| known(mrn) == Known::No) {
            let text = format!(
                "{} is not in the archive's patient list: correct it, or leave it to the archive",
                mrn.reveal()
            );
            asked.push(ask("unknown-patient", text, false, self.candidates(outline, first)));
        }
        asked
    }

    fn exception(&self, outline: &Outline, first: u32, exception: &Exception) -> Question {
        let page = exception.page.or(Some(first));
        let mut answers = self.candidates(outline, first);
        if exception.code == ExceptionCode::DuplicateSeparator {
            answers = vec![index(first, &outline.fields, "nothing is missing between")];
        }
        let (code, text) = (exception.code.name(), exception.code.explain().to_owned());
        Question { page, code, text, must: false, typed: true, answers }
    }

    /// What the codes in the document and on its sheets say, each once.
    fn candidates(&self, outline: &Outline, first: u32) -> Vec<Answer> {
        let (mut seen, mut answers) = (BTreeSet::new(), Vec::new());
        for page in outline.sheets.iter().chain(&outline.pages) {
            for code in self.codes(*page) {
                let Some((fields, sound)) = self.rules.reading(code) else { continue };
                let doubt = if sound { "" } else { ", its check digit wrong" };
                if seen.insert(plan::named(&fields)) {
                    answers.push(index(first, &fields, &format!("{} on page {page}{doubt}", code.format)));
                }
            }
        }
        answers.truncate(ANSWERS_MAX);
        answers
    }

    fn codes(&self, page: u32) -> &[Code] {
        let placed = self.order.iter().find(|placed| placed.page == page);
        placed.and_then(|placed| self.state.page(placed).codes.as_deref()).unwrap_or_default()
    }

    fn page(&self, placed: &Placed) -> Option<Question> {
        let page = placed.page;
        let shown = self.state.page(placed);
        if placed.hidden || plan::is_hidden_blank(shown, self.rules) {
            return None;
        }
        let pass = Answer { label: "it is as it should be".into(), action: BatchAction::Pass { pages: vec![page] } };
        let hide = Answer { label: "leave it out".into(), action: BatchAction::Hide { pages: vec![page] } };
        let answers = vec![pass, hide];
        match &placed.verdict {
            Some(Verdict::Passed) => None,
            Some(Verdict::Failed(reason)) => {
                let text = format!("the page is rejected ({reason}): scan it again, or leave it out");
                Some(Question { page: Some(page), code: "rejected", text, must: true, typed: false, answers })
            }
            None => {
                let flags =
                    shown.quality.as_ref().map_or(Vec::new(), |quality: &Quality| quality.flags(&self.rules.quality));
                let named = flags.iter().map(|flag| flag.explain()).collect::<Vec<&str>>().join(", ");
                let (code, text) = match flags.contains(&Flag::Blank) {
                    true => ("blank", "nothing seems to be on the page".to_owned()),
                    false => ("flagged", format!("look whether the page is good enough: {named}")),
                };
                let asked = Question { page: Some(page), code, text, must: false, typed: false, answers };
                (!flags.is_empty()).then_some(asked)
            }
        }
    }
}

fn index(page: u32, fields: &CapturedFields, why: &str) -> Answer {
    let label = format!("{}: {why}", plan::named(fields).join(", "));
    Answer { label, action: BatchAction::Index { page, fields: Fields::of(fields) } }
}

#[cfg(test)]
#[path = "questions_tests.rs"]
mod tests;
