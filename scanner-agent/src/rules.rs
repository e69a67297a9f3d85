//! Which code does what?
//!
//! A station's rule file (TOML; `rules.toml` beside this file is the one that is built in, and says how to write one) tells
//! what a code means by its format and text. Here the codes of one page become what the page says; what that does
//! to documents, [`crate::split`] decides. Nothing is guessed: what fails its check, or contradicts another code,
//! is told as such.

use std::collections::BTreeMap;

use record::Date;
use record::limits::CAPTURE_RULES_BYTES_MAX;
use record::manifest::ExceptionCode;
use record::sheet::{Sheet, SheetError, SheetKind};
use record::wire::CapturedFields;
use record::words::Box as Place;
use regex::{Captures, Regex, RegexBuilder};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::codes::check::{self, Scheme};
use crate::codes::{Code, PATCH};
use crate::jobs::Job;
use crate::quality::Limits;
use crate::validate::{FieldRule, Keying};

const BUILT_IN: &str = include_str!("rules.toml");
/// A pattern that needs more than this once compiled is a mistake.
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// Groups of a pattern that are index fields, and how many sheets a cover announces.
const FIELDS: [&str; 6] = ["mrn", "encounter", "type", "department", "date", "sheets"];

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    #[serde(default)]
    rule: Vec<Rule>,
    #[serde(default)]
    pub quality: Limits,
    #[serde(default)]
    pub field: Vec<FieldRule>,
    #[serde(default)]
    pub entry: Keying,
    #[serde(default)]
    pub job: BTreeMap<String, Job>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub name: String,
    /// Every format where empty.
    #[serde(default)]
    format: Vec<Format>,
    #[serde(rename = "match")]
    pattern: Pattern,
    pub does: Action,
    #[serde(default)]
    keep: bool,
    check: Option<Scheme>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Format {
    Patch,
    #[serde(rename = "code-39")]
    Code39,
    #[serde(rename = "code-128")]
    Code128,
    Qr,
    DataMatrix,
    #[serde(rename = "pdf-417")]
    Pdf417,
}

impl Format {
    /// How the reader's names of it begin.
    const fn begins(self) -> &'static str {
        match self {
            Self::Patch => PATCH,
            Self::Code39 => "Code 39",
            Self::Code128 => "Code 128",
            Self::Qr => "QR",
            Self::DataMatrix => "Data Matrix",
            Self::Pdf417 => "PDF417",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Document,
    Batch,
    Field,
    Attach,
    Ignore,
}

#[derive(Debug, Clone)]
pub struct Pattern(pub(crate) Regex);

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let whole = RegexBuilder::new(&format!("^(?:{text})$")).size_limit(PATTERN_BYTES_MAX).build();
        let pattern = whole.map_err(|error| D::Error::custom(format!("this is no regular expression: {error}")))?;
        match pattern.capture_names().flatten().find(|name| !FIELDS.contains(name)) {
            Some(other) => Err(D::Error::custom(format!("there is no index field {other}; there are {FIELDS:?}"))),
            None => Ok(Self(pattern)),
        }
    }
}

/// What the codes of one page say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    pub start: Option<Start>,
    /// The page goes on with the document before it.
    pub attach: bool,
    /// Of the document that the page is in.
    pub fields: CapturedFields,
    /// Something starts here, but nobody can say what.
    pub unclear: Option<ExceptionCode>,
    /// The page's labels are not to be trusted; it stays where it is.
    pub doubt: Option<ExceptionCode>,
}

/// A document, or what holds for several, starts here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    pub kind: SheetKind,
    /// The page is a page of the document, too.
    pub keep: bool,
    pub fields: CapturedFields,
}

impl Rules {
    /// # Errors
    /// What is wrong, and in which line.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > CAPTURE_RULES_BYTES_MAX {
            return Err(format!("it is larger than {CAPTURE_RULES_BYTES_MAX} bytes"));
        }
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or(text);
            format!("line {}: {}", before.matches('\n').count() + 1, error.message().trim().replace('\n', "; "))
        })
    }

    /// Those of a batch, or the built-in ones.
    pub fn of(text: Option<&str>) -> Result<Self, String> {
        Self::parse(text.unwrap_or(BUILT_IN))
    }

    /// The rule that holds for a code.
    pub fn rule(&self, code: &Code) -> Option<&Rule> {
        self.rule.iter().find(|rule| rule.is_about(code))
    }

    /// What one code would say if it were alone, and whether what can be checked of it is right: a candidate.
    pub fn reading(&self, code: &Code) -> Option<(CapturedFields, bool)> {
        if let Ok(sheet) = Sheet::from_line(&code.text) {
            return Some((of_sheet(&sheet), true));
        }
        let rule = self.rule(code)?;
        match rule.fields(code) {
            Ok(fields) => Some((fields, true)),
            Err(_) => rule.unchecked(code).map(|fields| (fields, false)),
        }
        .filter(|(fields, _)| *fields != CapturedFields::default())
    }

    /// What a code means that a hand-held scanner read, which tells no format. A bare patient number is one, unless rules say
    /// what labels of patients look like.
    ///
    /// # Errors
    /// Why it is not used.
    pub fn by_hand(&self, text: &str) -> Result<CapturedFields, &'static str> {
        match Sheet::from_line(text) {
            Ok(sheet) => return Ok(of_sheet(&sheet)),
            Err(SheetError::Foreign) => {}
            Err(_) => return Err("the code is damaged: read it again"),
        }
        let place = Place { x: 0, y: 0, w: 0, h: 0 };
        let code = Code { format: String::new(), text: text.to_owned(), identifier: String::new(), place };
        let means = |rule: &&Rule| rule.does != Action::Ignore && rule.pattern.0.is_match(text);
        let said = match self.rule.iter().find(means) {
            Some(rule) => rule.fields(&code).map_err(|exception| match exception {
                ExceptionCode::FailedCheck => "the code's check digit is wrong: read it again",
                _ => "the code is damaged: read it again",
            })?,
            None if self.names_patients() => CapturedFields::default(),
            None => CapturedFields { mrn: text.parse().ok(), ..CapturedFields::default() },
        };
        let says = said != CapturedFields::default();
        if says { Ok(said) } else { Err("the code says nothing of a document by this job's rules") }
    }

    fn names_patients(&self) -> bool {
        self.rule.iter().any(|rule| rule.pattern.0.capture_names().flatten().any(|name| name == "mrn"))
    }

    /// How many sheets the codes of a cover page announce, that page included.
    pub fn announced(&self, codes: &[Code]) -> Option<u32> {
        codes.iter().find_map(|code| {
            if let Ok(sheet) = Sheet::from_line(&code.text) {
                return sheet.count;
            }
            let groups = self.rule(code)?.pattern.0.captures(&code.text)?;
            groups.name("sheets")?.as_str().parse().ok()
        })
    }

    /// What the codes of one page say together.
    pub fn said(&self, codes: &[Code]) -> Said {
        let (mut said, mut starts) = (Said::default(), Vec::new());
        for code in codes {
            match Sheet::from_line(&code.text) {
                Ok(sheet) => add(&mut starts, Start { kind: sheet.kind, keep: false, fields: of_sheet(&sheet) }),
                Err(SheetError::Damaged(_)) => said.unclear = Some(ExceptionCode::DamagedSheet),
                Err(SheetError::MalformedMrn) => said.unclear = Some(ExceptionCode::MalformedMrn),
                Err(SheetError::Foreign) => {
                    if let Some(rule) = self.rule(code) {
                        rule.apply(code, &mut said, &mut starts);
                    }
                }
            }
        }
        // A start that names something says more than a bare one on the same page.
        if starts.iter().any(|start| start.says_something()) {
            starts.retain(Start::says_something);
        }
        if starts.windows(2).any(|pair| pair[0].fields != pair[1].fields || pair[0].kind != pair[1].kind) {
            said.unclear = Some(ExceptionCode::TwoSheetsOnPage);
        }
        said.start = starts.into_iter().next().filter(|_| said.unclear.is_none());
        said
    }
}

fn add(starts: &mut Vec<Start>, start: Start) {
    if !starts.contains(&start) {
        starts.push(start);
    }
}

fn of_sheet(sheet: &Sheet) -> CapturedFields {
    CapturedFields {
        mrn: sheet.mrn.clone(),
        encounter: sheet.encounter.clone(),
        document_type: sheet.document_type.clone(),
        department: sheet.department.clone(),
        date: sheet.date,
        ..CapturedFields::default()
    }
}

impl Start {
    pub fn says_something(&self) -> bool {
        self.fields != CapturedFields::default()
    }
}

impl Rule {
    fn is_about(&self, code: &Code) -> bool {
        let formats = &self.format;
        let format = formats.is_empty() || formats.iter().any(|format| code.format.starts_with(format.begins()));
        format && self.pattern.0.is_match(&code.text)
    }

    fn apply(&self, code: &Code, said: &mut Said, starts: &mut Vec<Start>) {
        let kind = match self.does {
            Action::Ignore => return,
            Action::Attach => {
                said.attach = true;
                return;
            }
            Action::Field => {
                match self.fields(code) {
                    Ok(fields) if agree(&mut said.fields, &fields) => {}
                    Ok(_) => said.doubt = Some(ExceptionCode::CodesDisagree),
                    Err(exception) => said.doubt = Some(exception),
                }
                return;
            }
            Action::Document => SheetKind::DocumentSeparator,
            Action::Batch => SheetKind::BatchCover,
        };
        match self.fields(code) {
            Ok(fields) => add(starts, Start { kind, keep: self.keep, fields }),
            Err(exception) => said.unclear = Some(exception),
        }
    }

    /// The fields that a code names, if everything that can be checked is right.
    fn fields(&self, code: &Code) -> Result<CapturedFields, ExceptionCode> {
        let Some(groups) = self.pattern.0.captures(&code.text) else { return Ok(CapturedFields::default()) };
        if check::own(code) == Some(false) || !self.is_checked(&groups) {
            return Err(ExceptionCode::FailedCheck);
        }
        of_groups(&groups)
    }

    /// As it was read, for a person to judge.
    fn unchecked(&self, code: &Code) -> Option<CapturedFields> {
        of_groups(&self.pattern.0.captures(&code.text)?).ok()
    }

    fn is_checked(&self, groups: &Captures<'_>) -> bool {
        let checked = groups.name("mrn").or_else(|| groups.get(0));
        self.check.is_none_or(|scheme| checked.is_some_and(|found| scheme.holds(found.as_str())))
    }
}

fn of_groups(groups: &Captures<'_>) -> Result<CapturedFields, ExceptionCode> {
    let group = |name| groups.name(name).map(|found| found.as_str()).filter(|text| !text.is_empty());
    let damaged = ExceptionCode::DamagedSheet;
    Ok(CapturedFields {
        mrn: group("mrn").map(str::parse).transpose().map_err(|_| ExceptionCode::MalformedMrn)?,
        encounter: group("encounter").map(str::parse).transpose().map_err(|_| damaged)?,
        document_type: group("type").map(|text| text.to_uppercase().parse()).transpose().map_err(|_| damaged)?,
        department: group("department").map(|text| text.to_uppercase().parse()).transpose().map_err(|_| damaged)?,
        date: group("date").map(date).transpose().map_err(|()| damaged)?,
        ..CapturedFields::default()
    })
}

fn date(text: &str) -> Result<Date, ()> {
    if text.contains('-') { text.parse().map_err(|_| ()) } else { Date::from_compact(text).map_err(|_| ()) }
}

/// Adds what is said to what is known. Where they contradict each other neither stands, and the answer is false.
pub fn agree(known: &mut CapturedFields, said: &CapturedFields) -> bool {
    fn one<T: Clone + PartialEq>(known: &mut Option<T>, said: &Option<T>) -> bool {
        let Some(value) = said else { return true };
        let fits = known.as_ref().is_none_or(|before| before == value);
        *known = said.clone().filter(|_| fits);
        fits
    }
    let fits = [
        one(&mut known.mrn, &said.mrn),
        one(&mut known.encounter, &said.encounter),
        one(&mut known.document_type, &said.document_type),
        one(&mut known.department, &said.department),
        one(&mut known.date, &said.date),
    ];
    fits.iter().all(|fits| *fits)
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
