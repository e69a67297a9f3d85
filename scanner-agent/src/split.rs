//! Which pages make a document, and whose is it?
//!
//! A pure function over what was captured, in capture order. The rules:
//!
//! - A **cover sheet** says what holds for the documents after it; the operator's options hold
//!   where no sheet says otherwise. A **separator** starts a document, its fields over the
//!   cover's. A patch code 2 or T, or a barcode that reads `PATCHT`, separates and says nothing.
//! - A sheet inside a file of several pages speaks for that file only. A sheet that is a file of
//!   its own, or was scanned, speaks until the next sheet of its kind.
//! - Without a separator, every file is one document; a scan is like one file.
//! - Sheets are not pages of the document; they stay with it as originals.
//! - **Nothing is guessed.** A page with two different sheets, a damaged sheet or a malformed
//!   patient number starts a document *without* fields, with an exception, and with that page in
//!   it, because a person has to look at it.

use record::manifest::{Exception, ExceptionCode};
use record::sheet::{Sheet, SheetError, SheetKind};
use record::wire::CapturedFields;

use crate::codes::{Code, PATCH};

/// The separator of other people's programs, as a barcode; printed sheets of it lie in many drawers.
const PATCH_T: &str = "PATCHT";
/// The patch codes that start a document wherever patch codes are used.
const DOCUMENT_PATCHES: [&str; 2] = ["2", "T"];

/// One captured page: `group` is equal for the pages of one file, or of one scan.
pub struct Seen<'a> {
    pub group: Option<u32>,
    pub codes: &'a [Code],
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

pub fn split(pages: &[Seen<'_>], defaults: &CapturedFields) -> Split {
    let mut splitter = Splitter { cover: Cover { fields: defaults.clone(), sheet: None }, ..Splitter::default() };
    let mut first = 0;
    for group in pages.chunk_by(|a, b| a.group == b.group) {
        // A scanned page stands for paper that goes on; a file of one page may be a sheet in a folder.
        let alone = group.len() == 1 && group[0].group.is_some();
        splitter.group(first, group, alone);
        first += group.len();
    }
    splitter.finish();
    splitter.done
}

/// What one page means for the splitting.
#[derive(Debug, PartialEq, Eq)]
enum Mark {
    Page,
    Patch,
    Sheet(Sheet),
    Unclear(ExceptionCode),
}

fn mark(codes: &[Code]) -> Mark {
    let mut sheets: Vec<Sheet> = Vec::new();
    let mut unclear = None;
    for code in codes {
        match Sheet::from_line(&code.text) {
            Ok(sheet) if !sheets.contains(&sheet) => sheets.push(sheet),
            Err(SheetError::Damaged(_)) => unclear = Some(ExceptionCode::DamagedSheet),
            Err(SheetError::MalformedMrn) => unclear = Some(ExceptionCode::MalformedMrn),
            Ok(_) | Err(SheetError::Foreign) => {}
        }
    }
    match (sheets.pop(), unclear) {
        (Some(_), _) if !sheets.is_empty() => Mark::Unclear(ExceptionCode::TwoSheetsOnPage),
        (_, Some(code)) => Mark::Unclear(code),
        (Some(sheet), None) => Mark::Sheet(sheet),
        (None, None) if codes.iter().any(separates) => Mark::Patch,
        (None, None) => Mark::Page,
    }
}

fn separates(code: &Code) -> bool {
    if code.format == PATCH { DOCUMENT_PATCHES.contains(&code.text.as_str()) } else { code.text == PATCH_T }
}

#[derive(Clone, Default)]
struct Cover {
    fields: CapturedFields,
    sheet: Option<usize>,
}

#[derive(Default)]
struct Splitter {
    cover: Cover,
    open: Option<Part>,
    /// The open part was started by a sheet that is a file of its own: later files join it.
    loose: bool,
    /// The separator that was the page before, for noticing it twice.
    just_seen: Option<Sheet>,
    done: Split,
}

impl Splitter {
    fn group(&mut self, first: usize, pages: &[Seen<'_>], alone: bool) {
        let outer = self.cover.clone();
        for (at, page) in (first..).zip(pages) {
            self.page(at, mark(page.codes), alone);
        }
        if !alone {
            self.cover = outer;
        }
        if !self.loose {
            self.finish();
        }
    }

    fn page(&mut self, at: usize, mark: Mark, alone: bool) {
        let before = self.just_seen.take();
        match mark {
            Mark::Page => self.add(at),
            Mark::Patch => {
                self.done.sheets.push(at);
                self.start(at, self.cover.fields.clone(), alone);
            }
            Mark::Sheet(sheet) if sheet.kind == SheetKind::BatchCover => self.cover(at, &sheet),
            Mark::Sheet(sheet) => {
                self.done.sheets.push(at);
                self.start(at, over(&self.cover.fields, &sheet), alone);
                if before.as_ref() == Some(&sheet) {
                    self.except(ExceptionCode::DuplicateSeparator, at);
                }
                self.just_seen = Some(sheet);
            }
            Mark::Unclear(code) => {
                self.finish();
                self.loose = alone;
                self.open = Some(Part { pages: vec![at], ..Part::default() });
                self.except(code, at);
            }
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
    }

    fn cover(&mut self, at: usize, sheet: &Sheet) {
        self.finish();
        self.done.sheets.push(at);
        self.cover = Cover { fields: over(&self.cover.fields, sheet), sheet: Some(at) };
    }

    /// Starts a document at a separator. One that had no pages yet leaves its sheets behind,
    /// so that even a sheet nobody needed is kept.
    fn start(&mut self, at: usize, fields: CapturedFields, loose: bool) {
        let mut sheets: Vec<usize> = match self.open.take_if(|part| part.pages.is_empty()) {
            Some(empty) => empty.sheets,
            None => self.cover.sheet.into_iter().collect(),
        };
        self.finish();
        sheets.push(at);
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
        let Some(mut part) = self.open.take() else { return };
        if part.pages.is_empty() {
            return;
        }
        if part.fields.mrn.is_none() && part.fields.exceptions.is_empty() {
            part.fields.exceptions.push(Exception { code: ExceptionCode::NoPatient, page: None });
        }
        self.done.parts.push(part);
    }
}

/// A sheet's fields over those that hold so far.
fn over(base: &CapturedFields, sheet: &Sheet) -> CapturedFields {
    // A stay belongs to a patient: another patient's sheet ends it, even if it names no stay.
    let same_patient = sheet.mrn.is_none() || sheet.mrn == base.mrn;
    let stay = if same_patient { base.encounter.clone() } else { None };
    CapturedFields {
        mrn: sheet.mrn.clone().or_else(|| base.mrn.clone()),
        encounter: sheet.encounter.clone().or(stay),
        document_type: sheet.document_type.clone().or_else(|| base.document_type.clone()),
        date: sheet.date.or(base.date),
        ..CapturedFields::default()
    }
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
