//! Is this a date, and which day does it mean? Where two days are possible, none is taken.

use record::Date;

use crate::Value;
use crate::form;
use crate::number::{pieces, shape};
use crate::rules::{DateOrder, Rules};
use crate::spot::{Span, Taken};

/// Years of documents and births that a paper archive may hold.
const YEARS: std::ops::RangeInclusive<u16> = 1850..=2100;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The date at the beginning of a span: `12/25/1984`, `1984-12-25`, `25-DEC-1984`, `December 25, 1984`.
pub fn take(span: &Span<'_, '_>, rules: &Rules, em: f64) -> Option<Taken> {
    let numeric = pieces(span, em).find_map(|(text, tokens)| {
        let (date, changed) = numeric(&text, rules)?;
        Some((date, tokens, shape(changed, tokens)))
    });
    let (date, tokens, trust) = numeric.or_else(|| written(span, rules))?;
    Some(Taken { value: Value::Date(date), tokens, trust })
}

/// All in figures; also how many look-alikes were put right.
fn numeric(text: &str, rules: &Rules) -> Option<(Date, u32)> {
    let mut changed = 0;
    let mut parts = Vec::new();
    for part in text.split(['/', '-', '.', '–']) {
        if !part.contains(|c: char| c.is_ascii_digit()) && parts.len() != 1 {
            return None;
        }
        let digits: Option<String> = part.chars().map(form::digit).collect();
        let digits = digits.filter(|digits| (1..=4).contains(&digits.len()))?;
        changed += part.chars().filter(|c| !c.is_ascii_digit()).count() as u32;
        parts.push(digits);
    }
    let [one, two, three] = parts.as_slice() else { return None };
    let number = |text: &String| text.parse::<u16>().ok();
    let date = if one.len() == 4 {
        day(number(one)?, number(two)?, number(three)?)
    } else {
        in_order(number(one)?, number(two)?, year(three, rules)?, rules.date_order)
    };
    Some((date?, changed))
}

/// Two numbers and a year, by the order of the house. Without one, only what has one meaning.
fn in_order(one: u16, two: u16, year: u16, order: Option<DateOrder>) -> Option<Date> {
    let (mdy, dmy) = (day(year, one, two), day(year, two, one));
    match order {
        Some(DateOrder::Mdy) => mdy,
        Some(DateOrder::Dmy) => dmy,
        None => match (mdy, dmy) {
            (Some(mdy), Some(dmy)) if mdy != dmy => None,
            (mdy, dmy) => mdy.or(dmy),
        },
    }
}

/// Of a text of four digits, or of two where the rules say in which hundred years.
fn year(text: &str, rules: &Rules) -> Option<u16> {
    let number: u16 = text.parse().ok()?;
    match (text.len(), rules.two_digit_years_from) {
        (4, _) => Some(number),
        (2, Some(from)) => Some(from + (number + 100 - from % 100) % 100),
        _ => None,
    }
}

fn day(year: u16, month: u16, day: u16) -> Option<Date> {
    if !YEARS.contains(&year) || month > 12 || day > 31 {
        return None;
    }
    format!("{year:04}-{month:02}-{day:02}").parse().ok()
}

/// With the month's name, in three parts over one to three tokens.
fn written(span: &Span<'_, '_>, rules: &Rules) -> Option<(Date, usize, f64)> {
    let mut parts: Vec<&str> = Vec::new();
    for (tokens, token) in span.tokens.iter().take(3).enumerate() {
        parts.extend(token.text.split(['-', '.', ',', '/']).filter(|part| !part.is_empty()));
        if parts.len() >= 3 {
            let [one, two, three] = parts.as_slice() else { return None };
            let year = year(three, rules)?;
            let date = month(one).and_then(|month| day(year, month, ordinal(two)?));
            let date = date.or_else(|| month(two).and_then(|month| day(year, month, ordinal(one)?)));
            return date.map(|date| (date, tokens + 1, 1.0));
        }
    }
    None
}

/// By its name, or the first three letters or more of it.
fn month(text: &str) -> Option<u16> {
    let text = text.to_lowercase();
    let found = MONTHS.iter().position(|name| text.len() >= 3 && (name.starts_with(&text) || text == "sept"))?;
    if text == "sept" { Some(9) } else { Some(found as u16 + 1) }
}

/// `1`, `1st`, `22nd`.
fn ordinal(text: &str) -> Option<u16> {
    let text = text.to_lowercase();
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| text.strip_suffix(end)).unwrap_or(&text);
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Rows;
    use crate::tests::page;

    fn read(text: &str, change: impl Fn(&mut Rules)) -> Option<String> {
        let page = page(&[text]);
        let rows = Rows::of(&page);
        let mut rules = Rules::built_in();
        change(&mut rules);
        let span = Span { tokens: rows.rows[0].iter().collect(), side: "right of", apart: true, trust: 1.0 };
        take(&span, &rules, rows.em).map(|taken| taken.value.reveal())
    }

    #[test]
    fn one_day_in_many_spellings() {
        for text in [
            "12/25/1984",
            "12-25-1984",
            "1984-12-25",
            "12 /25/ 1984",
            "l2/25/I984",
            "25-DEC-1984",
            "December 25, 1984",
            "25 Dec. 1984",
            "Dec 25th 1984",
        ] {
            assert_eq!(read(text, |_| ()).as_deref(), Some("1984-12-25"), "{text}");
        }
        for text in ["13/45/1984", "25/12/1984", "12/25/84", "12/25", "12/25/1084", "tonight", "SOS/SO/SOSO", "1984"] {
            assert_eq!(read(text, |_| ()), None, "{text}");
        }
    }

    #[test]
    fn what_may_be_two_days_is_neither() {
        let unknown = |rules: &mut Rules| rules.date_order = None;
        assert_eq!(read("04/05/1981", unknown), None);
        assert_eq!(read("25/12/1984", unknown).as_deref(), Some("1984-12-25"));
        assert_eq!(read("05/05/1981", unknown).as_deref(), Some("1981-05-05"));
        assert_eq!(read("04/05/1981", |rules| rules.date_order = Some(DateOrder::Dmy)).as_deref(), Some("1981-05-04"));
    }

    #[test]
    fn two_digits_of_a_year_need_a_rule() {
        let from = |rules: &mut Rules| rules.two_digit_years_from = Some(1930);
        assert_eq!(read("12/25/84", from).as_deref(), Some("1984-12-25"));
        assert_eq!(read("12/25/30", from).as_deref(), Some("1930-12-25"));
        assert_eq!(read("12/25/29", from).as_deref(), Some("2029-12-25"));
    }
}
