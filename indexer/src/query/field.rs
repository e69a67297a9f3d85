//! What else but words can be asked for, and how is it written?

use record::manifest::SourceKind;
use record::{BatchId, Date};

use crate::code::plain_code;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    Patient,
    Encounter,
    Type,
    Department,
    Service,
    Scanned,
    Source,
    Reel,
    Frame,
    Page,
    Code,
    By,
    Batch,
    Confidence,
    Is,
}

impl Field {
    /// Every name that people may write, and the field that it means.
    pub const NAMES: [(&'static str, Self); 19] = [
        ("patient", Self::Patient),
        ("mrn", Self::Patient),
        ("encounter", Self::Encounter),
        ("visit", Self::Encounter),
        ("type", Self::Type),
        ("date", Self::Service),
        ("department", Self::Department),
        ("service", Self::Department),
        ("scanned", Self::Scanned),
        ("source", Self::Source),
        ("reel", Self::Reel),
        ("frame", Self::Frame),
        ("page", Self::Page),
        ("code", Self::Code),
        ("by", Self::By),
        ("station", Self::By),
        ("batch", Self::Batch),
        ("confidence", Self::Confidence),
        ("is", Self::Is),
    ];

    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, field)| *field)
    }

    /// What its value is, to complete "the field needs …".
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Patient => "a patient number, as in `patient:MRN-104233`, or its beginning with `*`",
            Self::Encounter => "the number of a stay, as in `encounter:E-77`",
            Self::Type => "a document type, as in `type:letter` or `type:\"discharge summary\"`",
            Self::Department => "a department, as in `service:cardiology`, or its beginning with `*`",
            Self::Service | Self::Scanned => {
                "a day, month or year, or two with `..` between, as in `date:1974..1976`, `date:1974-03` or `date:<1980`"
            }
            Self::Source => "scan, film or import",
            Self::Reel => "the number of a reel, as in `reel:17`",
            Self::Frame => "a number, or two with `..` between, as in `frame:200..220`",
            Self::Page => "a number, or two with `..` between, as in `page:1..3`",
            Self::Code => "a code, as in `code:E11.9`, or words of its name, as in `code:\"type 2 diabetes\"`",
            Self::By => "the name of a capture station, as in `by:station-3`",
            Self::Batch => "the id of a batch",
            Self::Confidence => "a number from 0 to 100, as in `confidence:<80` or `confidence:60..80`",
            Self::Is => "one of film, scan, import, filed, unfiled or poor, as in `is:film`",
        }
    }
}

/// Something that holds of a page or its document. What is not exact ends in `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    Patient(Text),
    Encounter(Text),
    Type(Text),
    Department(Text),
    Service(Bounds<i64>),
    /// Milliseconds since the epoch.
    Scanned(Bounds<i64>),
    Source(SourceKind),
    Reel(Text),
    /// Of its reel.
    Frame(Bounds<u64>),
    /// Of its document.
    Page(Bounds<u64>),
    By(Text),
    Batch(BatchId),
    Confidence(Bounds<u64>),
    Is(State),
}

/// A value, or the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub text: String,
    pub begins: bool,
}

/// Both ends are inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds<T> {
    pub from: Option<T>,
    pub to: Option<T>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Filed,
    Unfiled,
}

/// Below this mean confidence a page is poor.
const POOR_BELOW: u64 = 70;
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// The value as written; nothing where it breaks the field's rule.
pub fn value(field: Field, text: &str) -> Option<Filter> {
    let text = text.trim();
    match field {
        Field::Patient => code(text).map(Filter::Patient),
        Field::Encounter => code(text).map(Filter::Encounter),
        Field::Type => Some(Filter::Type(upper(text)?)),
        Field::Department => Some(Filter::Department(upper(text)?)),
        Field::Service => days(text).map(Filter::Service),
        Field::Scanned => days(text).map(millis).map(Filter::Scanned),
        Field::Source => source(text).map(Filter::Source),
        Field::Reel => code(text).map(Filter::Reel),
        Field::Frame => numbers(text).map(Filter::Frame),
        Field::Page => numbers(text).map(Filter::Page),
        Field::By => Some(Filter::By(beginning(&text.to_lowercase())?)),
        Field::Batch => text.parse().ok().map(Filter::Batch),
        Field::Confidence => {
            numbers(text).filter(|bounds| bounds.to.is_none_or(|to| to <= 100)).map(Filter::Confidence)
        }
        Field::Is => state(text),
        // The parser takes a code as words.
        Field::Code => None,
    }
}

fn beginning(text: &str) -> Option<Text> {
    let stem = text.trim_end_matches('*');
    (!stem.is_empty()).then(|| Text { text: stem.to_owned(), begins: stem.len() < text.len() })
}

/// A number as the index knows it: see [`plain_code`].
fn code(text: &str) -> Option<Text> {
    let Text { text, begins } = beginning(text)?;
    let text = plain_code(&text);
    (!text.is_empty()).then_some(Text { text, begins })
}

/// `discharge summary` is stored as `DISCHARGE-SUMMARY`.
fn upper(text: &str) -> Option<Text> {
    beginning(&text.to_uppercase().split([' ', '-', '_']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-"))
}

pub fn source(text: &str) -> Option<SourceKind> {
    let kinds = [SourceKind::Scan, SourceKind::Import, SourceKind::Film];
    kinds.into_iter().find(|kind| kind.as_str() == text.to_lowercase())
}

fn state(text: &str) -> Option<Filter> {
    match text.to_lowercase().as_str() {
        "filed" => Some(Filter::Is(State::Filed)),
        "unfiled" => Some(Filter::Is(State::Unfiled)),
        "poor" => Some(Filter::Confidence(Bounds { from: None, to: Some(POOR_BELOW - 1) })),
        other => source(other).map(Filter::Source),
    }
}

/// `1..5`, `<5`, `<=5`, `>5`, `>=5` or `5`, of whatever `read` makes a first and last of.
fn bounds<T: Copy>(
    text: &str,
    read: impl Fn(&str) -> Option<(T, T)>,
    step: impl Fn(T, i8) -> Option<T>,
) -> Option<Bounds<T>> {
    let (from, to) = if let Some((from, to)) = text.split_once("..") {
        let end = |text: &str| if text.is_empty() { Some(None) } else { read(text).map(Some) };
        let (from, to) = (end(from)?, end(to)?);
        (from.map(|(first, _)| first), to.map(|(_, last)| last))
    } else if let Some(rest) = text.strip_prefix("<=") {
        (None, Some(read(rest)?.1))
    } else if let Some(rest) = text.strip_prefix(">=") {
        (Some(read(rest)?.0), None)
    } else if let Some(rest) = text.strip_prefix('<') {
        (None, Some(step(read(rest)?.0, -1)?))
    } else if let Some(rest) = text.strip_prefix('>') {
        (Some(step(read(rest)?.1, 1)?), None)
    } else {
        let (first, last) = read(text)?;
        (Some(first), Some(last))
    };
    (from.is_some() || to.is_some()).then_some(Bounds { from, to })
}

fn numbers(text: &str) -> Option<Bounds<u64>> {
    let read = |text: &str| text.trim_end_matches('%').parse::<u64>().ok().map(|number| (number, number));
    bounds(text, read, |number, step| number.checked_add_signed(step.into()))
}

fn days(text: &str) -> Option<Bounds<i64>> {
    bounds(text, day_or_longer, |day, step| day.checked_add(step.into()))
}

/// First and last day of a year, a month or a day.
fn day_or_longer(text: &str) -> Option<(i64, i64)> {
    let day = |text: &str| text.parse::<Date>().ok().map(|date| date.days_since_epoch());
    let year: i32 = text.get(..4)?.parse().ok()?;
    match text.len() {
        4 => Some((day(&format!("{year:04}-01-01"))?, day(&format!("{year:04}-12-31"))?)),
        7 => {
            let first = day(&format!("{text}-01"))?;
            let last = (27..=30).rev().find_map(|more| {
                Date::from_days_since_epoch(first + more).filter(|date| date.to_string().starts_with(text))
            });
            Some((first, last?.days_since_epoch()))
        }
        _ => day(text).map(|day| (day, day)),
    }
}

fn millis(days: Bounds<i64>) -> Bounds<i64> {
    Bounds { from: days.from.map(|day| day * DAY_MILLIS), to: days.to.map(|day| (day + 1) * DAY_MILLIS - 1) }
}
