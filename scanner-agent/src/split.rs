//! Which pages make a document, and whose is it?
//!
//! A pure function over what was captured, in capture order. The rules:
//!
//! - What the codes of a page say, [`crate::rules`] tells. A **cover** says what holds for the documents after it; the
//!   operator's options hold where no sheet says otherwise. A **separator** starts a document, its fields over the cover's;
//!   one without fields (a patch sheet) separates and says nothing. A label on a page tells of the document it is in.
//! - A sheet inside a file of several pages speaks for that file only. A sheet that is a file of
//!   its own, or was scanned, speaks until the next sheet of its kind.
//! - Without a separator, every file is one document; a scan is like one file.
//! - Sheets are not pages of the document, unless a rule says so; they stay with it as originals.
//! - **Nothing is guessed.** A page with two different sheets, a damaged sheet or a malformed
//!   patient number starts a document *without* fields, with an exception, and with that page in
//!   it, because a person has to look at it. Labels that contradict each other leave the field open.

use record::manifest::{Exception, ExceptionCode};
use record::sheet::SheetKind;
use record::wire::CapturedFields;

use crate::arrange::Cut;
use crate::codes::Code;
use crate::rules::{Rules, Said, Start, agree};

/// One captured page: `group` is equal for the pages of one file, or of one scan.
pub struct Seen<'a> {
    pub group: Option<u32>,
    pub codes: &'a [Code],
    /// Left out of documents, and kept with the one that it lies in.
    pub hidden: bool,
    /// Where a person has cut, or forbidden to.
    pub cut: Option<Cut>,
}

/// A document to be: places in the capture order, 0-based, and its fields with exceptions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    pub pages: Vec<usize>,
    /// The sheets that speak for it.
    pub sheets: Vec<usize>,
    pub fields: CapturedFields,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Split {
    pub parts: Vec<Part>,
    /// Pages that are sheets and nothing else, 0-based.
    pub sheets: Vec<usize>,
}

pub fn split(pages: &[Seen<'_>], defaults: &CapturedFields, rules: &Rules) -> Split {
    let cover = Cover { fields: defaults.clone(), sheet: None };
    let mut splitter =
        Splitter { rules, cover, open: None, loose: false, just_seen: None, aside: Vec::new(), done: Split::default() };
    let mut first = 0;
    for group in pages.chunk_by(|a, b| a.group == b.group) {
        // A scanned page stands for paper that goes on; a file of one page may be a sheet in a folder.
        let alone = group.len() == 1 && group[0].group.is_some();
        splitter.group(first, group, alone);
        first += group.len();
    }
    splitter.finish();
    splitter.leave_aside();
    splitter.done.parts.iter_mut().for_each(ask_for_the_patient);
    splitter.done
}

fn ask_for_the_patient(part: &mut Part) {
    if part.fields.mrn.is_none() && part.fields.exceptions.is_empty() {
        part.fields.exceptions.push(Exception { code: ExceptionCode::NoPatient, page: None });
    }
}

#[derive(Clone, Default)]
struct Cover {
    fields: CapturedFields,
    sheet: Option<usize>,
}

struct Splitter<'a> {
    rules: &'a Rules,
    cover: Cover,
    open: Option<Part>,
    /// The open part was started by a sheet that is a file of its own: later files join it.
    loose: bool,
    /// The separator that was the page before, for noticing it twice.
    just_seen: Option<Start>,
    /// Hidden pages that no document has taken along yet.
    aside: Vec<usize>,
    done: Split,
}

impl Splitter<'_> {
    fn group(&mut self, first: usize, pages: &[Seen<'_>], alone: bool) {
        let outer = self.cover.clone();
        for (at, page) in (first..).zip(pages) {
            if page.hidden {
                self.aside.push(at);
            } else {
                self.page(at, said(self.rules, page), alone);
            }
        }
        if !alone {
            self.cover = outer;
        }
        if !self.loose {
            self.finish();
        }
    }

    fn page(&mut self, at: usize, said: Said, alone: bool) {
        let before = self.just_seen.take();
        match (said.unclear, said.start) {
            (Some(code), _) => {
                self.finish();
                self.loose = alone;
                self.open = Some(Part { pages: vec![at], ..Part::default() });
                self.except(code, at);
            }
            (None, Some(start)) if start.kind == SheetKind::BatchCover => self.cover(at, &start),
            (None, Some(start)) => self.separator(at, start, before, alone),
            (None, None) => {
                if said.attach && self.open.is_none() {
                    self.open = self.done.parts.pop();
                }
                self.add(at);
            }
        }
        self.learn(at, &said.fields);
        if let Some(code) = said.doubt {
            self.except(code, at);
        }
    }

    fn separator(&mut self, at: usize, start: Start, before: Option<Start>, alone: bool) {
        self.start(over(&self.cover.fields, &start.fields), alone);
        if start.keep {
            self.add(at);
        } else {
            self.done.sheets.push(at);
            self.open.iter_mut().for_each(|part| part.sheets.push(at));
        }
        if start.says_something() && !start.keep {
            if before.as_ref() == Some(&start) {
                self.except(ExceptionCode::DuplicateSeparator, at);
            }
            self.just_seen = Some(start);
        }
    }

    /// Adds what a page's labels say to the open document. Once they disagreed, no third one settles it.
    fn learn(&mut self, at: usize, fields: &CapturedFields) {
        let Some(part) = &mut self.open else { return };
        let disagreed = part.fields.exceptions.iter().any(|known| known.code == ExceptionCode::CodesDisagree);
        if !disagreed && !agree(&mut part.fields, fields) {
            self.except(ExceptionCode::CodesDisagree, at);
        }
    }

    fn add(&mut self, at: usize) {
        let cover = &self.cover;
        let part = self.open.get_or_insert_with(|| Part {
            fields: cover.fields.clone(),
            sheets: cover.sheet.into_iter().collect(),
            pages: Vec::new(),
        });
        part.pages.push(at);
        part.sheets.append(&mut self.aside);
    }

    /// Hidden pages at the end go with the last document. Where nothing else is, they are the document: nothing is lost.
    fn leave_aside(&mut self) {
        let aside = std::mem::take(&mut self.aside);
        match self.done.parts.last_mut() {
            Some(last) => last.sheets.extend(aside),
            None if aside.is_empty() => {}
            None => {
                let fields = self.cover.fields.clone();
                self.done.parts.push(Part { pages: aside, sheets: self.cover.sheet.into_iter().collect(), fields });
            }
        }
    }

    fn cover(&mut self, at: usize, start: &Start) {
        self.finish();
        self.done.sheets.push(at);
        self.cover = Cover { fields: over(&self.cover.fields, &start.fields), sheet: Some(at) };
    }

    /// Starts a document at a separator. One that had no pages yet leaves its sheets behind,
    /// so that even a sheet nobody needed is kept.
    fn start(&mut self, fields: CapturedFields, loose: bool) {
        let sheets: Vec<usize> = match self.open.take_if(|part| part.pages.is_empty()) {
            Some(empty) => empty.sheets,
            None => self.cover.sheet.into_iter().collect(),
        };
        self.finish();
        self.loose = loose;
        self.open = Some(Part { pages: Vec::new(), sheets, fields });
    }

    fn except(&mut self, code: ExceptionCode, at: usize) {
        if let Some(part) = &mut self.open {
            part.fields.exceptions.push(Exception { code, page: u32::try_from(at + 1).ok() });
        }
    }

    fn finish(&mut self) {
        self.loose = false;
        self.done.parts.extend(self.open.take().filter(|part| !part.pages.is_empty()));
    }
}

/// What a page says, unless a person has said otherwise.
fn said(rules: &Rules, page: &Seen<'_>) -> Said {
    let said = rules.said(page.codes);
    match page.cut {
        None => said,
        Some(Cut::Here) if said.start.is_some() || said.unclear.is_some() => said,
        Some(Cut::Here) => {
            let (kind, fields) = (SheetKind::DocumentSeparator, CapturedFields::default());
            Said { start: Some(Start { kind, keep: true, fields }), ..said }
        }
        Some(Cut::Never) => Said { start: None, unclear: None, attach: true, ..said },
    }
}

/// A sheet's fields over those that hold so far.
fn over(base: &CapturedFields, sheet: &CapturedFields) -> CapturedFields {
    // A stay belongs to a patient: another patient's sheet ends it, even if it names no stay.
    let same_patient = sheet.mrn.is_none() || sheet.mrn == base.mrn;
    let stay = if same_patient { base.encounter.clone() } else { None };
    CapturedFields {
        mrn: sheet.mrn.clone().or_else(|| base.mrn.clone()),
        encounter: sheet.encounter.clone().or(stay),
        document_type: sheet.document_type.clone().or_else(|| base.document_type.clone()),
        department: sheet.department.clone().or_else(|| base.department.clone()),
        date: sheet.date.or(base.date),
        ..CapturedFields::default()
    }
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
