//! Moments and days. Nothing here reads a clock: callers bring the moment along.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// Milliseconds since 1970-01-01T00:00:00Z; an integer in JSON, so that JCS is exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .ok()
            .and_then(|moment| moment.format(&Rfc3339).ok());
        match text {
            Some(text) => f.write_str(&text),
            None => write!(f, "{} ms", self.0),
        }
    }
}

/// A calendar day, `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(time::Date);

impl Date {
    /// Days since 1970-01-01; orders and ranges in the index.
    pub fn days_since_epoch(&self) -> i64 {
        i64::from(self.0.to_julian_day()) - 2_440_588
    }

    pub fn from_days_since_epoch(days: i64) -> Option<Self> {
        let julian = i32::try_from(days.checked_add(2_440_588)?).ok()?;
        time::Date::from_julian_day(julian).ok().map(Self)
    }

    pub fn year(&self) -> i32 {
        self.0.year()
    }

    /// The same day so many years later; of 29 February, 1 March where there is none.
    pub fn years_later(&self, years: u32) -> Option<Self> {
        let year = self.0.year().checked_add(i32::try_from(years).ok()?)?;
        let day = self.0.replace_year(year);
        day.or_else(|_| time::Date::from_calendar_date(year, time::Month::March, 1)).ok().map(Self)
    }

    /// The day of a moment, in UTC.
    pub fn of(moment: Timestamp) -> Option<Self> {
        Self::from_days_since_epoch(moment.0.div_euclid(24 * 60 * 60 * 1000))
    }

    /// `YYYYMMDD`, the form on separator sheets.
    pub fn compact(&self) -> String {
        self.to_string().replace('-', "")
    }

    pub fn from_compact(text: &str) -> Result<Self, DateError> {
        if text.len() != 8 || !text.is_ascii() {
            return Err(DateError);
        }
        format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]).parse()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a date is a day that exists, written `YYYY-MM-DD`")]
pub struct DateError;

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        // The parser alone would take signs and short years.
        if text.len() != 10 {
            return Err(DateError);
        }
        time::Date::parse(text, format_description!("[year]-[month]-[day]")).map(Self).map_err(|_| DateError)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), u8::from(self.0.month()), self.0.day())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_text_agree() {
        let day: Date = "1974-03-09".parse().expect("a day");
        assert_eq!(day.to_string(), "1974-03-09");
        assert_eq!(day.compact(), "19740309");
        assert_eq!(Date::from_compact("19740309"), Ok(day));
        assert_eq!(Date::from_days_since_epoch(day.days_since_epoch()), Some(day));
        assert_eq!("1970-01-01".parse::<Date>().expect("a day").days_since_epoch(), 0);
        for wrong in ["1974-02-30", "74-03-09", "1974/03/09", ""] {
            assert_eq!(wrong.parse::<Date>(), Err(DateError), "{wrong}");
        }
    }

    #[test]
    fn timestamps_read_as_rfc_3339() {
        assert_eq!(Timestamp(1_700_000_000_123).to_string(), "2023-11-14T22:13:20.123Z");
    }
}
