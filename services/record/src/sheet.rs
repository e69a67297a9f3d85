//! The barcode line on our batch cover and document separator sheets.
//!
//! `CR1/<kind>/<mrn>/<encounter>/<type>/<YYYYMMDD>/<check>`, in capitals so that Code 39 can
//! carry it too. Empty fields are empty. `kind` is `B` for a batch cover sheet, whose fields
//! hold for every document of the batch that does not say otherwise, and `D` for a document
//! separator. A cover may say how many sheets were laid in, itself included: `…/<YYYYMMDD>/<sheets>/<check>`. Where the department is
//! said, it stands behind that, which may be empty: `…/<YYYYMMDD>/<sheets>/<department>/<check>`. `check` is one character, modulo 43 over
//! all that stands before it (the Code 39 scheme of ANSI/AIM BC1), so a misread line is refused rather than misfiled.

use crate::limits;
use crate::patient::{Department, DocumentType, Encounter, Mrn};
use crate::time::Date;

/// The order of the Code 39 alphabet gives each character its value.
const ALPHABET: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%";
const PREFIX: &str = "CR1/";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SheetKind {
    BatchCover,
    DocumentSeparator,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    pub kind: SheetKind,
    pub mrn: Option<Mrn>,
    pub encounter: Option<Encounter>,
    pub document_type: Option<DocumentType>,
    pub date: Option<Date>,
    /// Sheets laid in, the cover included.
    pub count: Option<u32>,
    pub department: Option<Department>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    /// Some other barcode: a label, a wristband, an invoice. Not ours to judge.
    #[error("is not one of our sheets")]
    Foreign,
    #[error("is one of our sheets, but damaged: {0}")]
    Damaged(&'static str),
    #[error("carries a malformed patient number")]
    MalformedMrn,
}

impl Sheet {
    pub fn to_line(&self) -> String {
        let kind = match self.kind {
            SheetKind::BatchCover => 'B',
            SheetKind::DocumentSeparator => 'D',
        };
        let count = self.count.map_or(String::new(), |count| count.to_string());
        let behind = match &self.department {
            Some(department) => format!("{count}/{}/", department.reveal()),
            None if count.is_empty() => count,
            None => count + "/",
        };
        let line = format!(
            "{PREFIX}{kind}/{}/{}/{}/{}/{behind}",
            self.mrn.as_ref().map_or("", Mrn::reveal),
            self.encounter.as_ref().map_or("", Encounter::reveal),
            self.document_type.as_ref().map_or("", DocumentType::reveal),
            self.date.map_or(String::new(), |date| date.compact()),
        );
        let check = check_character(&line).unwrap_or('?');
        line + check.encode_utf8(&mut [0; 4])
    }

    pub fn from_line(line: &str) -> Result<Self, SheetError> {
        let rest = line.strip_prefix(PREFIX).ok_or(SheetError::Foreign)?;
        let (before, check) = line.split_at(line.rfind('/').map_or(line.len(), |at| at + 1));
        let mut check = check.chars();
        if (check.next(), check.next()) != (check_character(before), None) {
            return Err(SheetError::Damaged("the check character is wrong"));
        }
        let mut fields: Vec<&str> = rest.split('/').collect();
        // The check character.
        fields.pop();
        let written = fields.len();
        // The last two are left out where they say nothing.
        fields.resize(written.max(7), "");
        let (5..=7, &[kind, mrn, encounter, document_type, date, count, department]) = (written, fields.as_slice())
        else {
            return Err(SheetError::Damaged("the number of fields is wrong"));
        };
        Ok(Self {
            kind: match kind {
                "B" => SheetKind::BatchCover,
                "D" => SheetKind::DocumentSeparator,
                _ => return Err(SheetError::Damaged("the kind is neither cover nor separator")),
            },
            mrn: optional(mrn, |t| t.parse().map_err(|_| SheetError::MalformedMrn))?,
            encounter: optional(encounter, |t| {
                t.parse().map_err(|_| SheetError::Damaged("the encounter is malformed"))
            })?,
            document_type: optional(document_type, |t| {
                t.parse().map_err(|_| SheetError::Damaged("the document type is malformed"))
            })?,
            date: optional(date, |t| {
                Date::from_compact(t).map_err(|_| SheetError::Damaged("the date is no day that exists"))
            })?,
            count: optional(count, |t| {
                let count = t.parse().ok().filter(|count| (1..=limits::BATCH_PAGES_MAX as u32).contains(count));
                count.ok_or(SheetError::Damaged("the number of sheets is none that a batch can have"))
            })?,
            department: optional(department, |t| {
                t.parse().map_err(|_| SheetError::Damaged("the department is malformed"))
            })?,
        })
    }
}

fn optional<T>(text: &str, parse: impl Fn(&str) -> Result<T, SheetError>) -> Result<Option<T>, SheetError> {
    if text.is_empty() { Ok(None) } else { parse(text).map(Some) }
}

fn check_character(line: &str) -> Option<char> {
    let mut sum = 0;
    for character in line.chars() {
        sum += ALPHABET.find(character)?;
    }
    ALPHABET.chars().nth(sum % 43)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        Sheet {
            kind: SheetKind::DocumentSeparator,
            mrn: "MRN-104233".parse().ok(),
            encounter: None,
            document_type: "LAB-REPORT".parse().ok(),
            date: "1974-03-09".parse().ok(),
            count: None,
            department: None,
        }
    }

    #[test]
    fn a_line_reads_back() {
        let line = sheet().to_line();
        assert!(line.starts_with("CR1/D/MRN-104233//LAB-REPORT/19740309/"), "{line}");
        assert_eq!(Sheet::from_line(&line), Ok(sheet()));
        let cover = Sheet { kind: SheetKind::BatchCover, count: Some(120), ..sheet() };
        let line = cover.to_line();
        assert!(line.starts_with("CR1/B/MRN-104233//LAB-REPORT/19740309/120/"), "{line}");
        assert_eq!(Sheet::from_line(&line), Ok(cover.clone()));
        let surgery = || "SURGERY".parse().ok();
        for (sheet, end) in [
            (Sheet { department: surgery(), ..sheet() }, "/19740309//SURGERY/"),
            (Sheet { department: surgery(), ..cover }, "/19740309/120/SURGERY/"),
        ] {
            let line = sheet.to_line();
            assert!(line[..line.len() - 1].ends_with(end), "{line}");
            assert_eq!(Sheet::from_line(&line), Ok(sheet));
        }
        let line = "CR1/D/MRN-1/////SURGERY//";
        let line = format!("{line}{}", check_character(line).expect("in the alphabet"));
        assert!(matches!(Sheet::from_line(&line), Err(SheetError::Damaged(_))), "one field too many");
    }

    #[test]
    fn one_wrong_character_is_damage_not_another_patient() {
        let line = sheet().to_line();
        for at in 4..line.len() {
            let old = &line[at..=at];
            let new = if old == "7" { "1" } else { "7" };
            let wrong = format!("{}{new}{}", &line[..at], &line[at + 1..]);
            assert!(Sheet::from_line(&wrong).is_err(), "{wrong}");
        }
        assert_eq!(Sheet::from_line("0123456789"), Err(SheetError::Foreign));
    }

    #[test]
    fn a_malformed_patient_number_is_told_apart() {
        let line = "CR1/D/AB////";
        let line = format!("{line}{}", check_character(line).expect("in the alphabet"));
        assert_eq!(Sheet::from_line(&line), Err(SheetError::MalformedMrn));
    }
}
