//! Is a code right by its own check digits?
//!
//! What the symbology itself guards (Code 128, the matrix codes) the reader has checked; here is what stands in the text:
//! HIBC's character modulo 43 (ANSI/HIBC 2.6), the digits of GS1 keys (GS1 General Specifications, 7.9), and
//! the scheme that a hospital uses for its own numbers.

use serde::{Deserialize, Serialize};

use super::Code;

/// The order of the Code 39 alphabet gives each character its value (ISO/IEC 16388).
const ALPHABET_43: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%";
/// Ends a field of variable length in a GS1 element string.
const GROUP_SEPARATOR: char = '\u{1d}';

/// How the last character of a number guards the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// GS1: weights 3 and 1 from the right.
    #[serde(rename = "mod-10")]
    Mod10,
    /// ISO/IEC 7812-1, annex B: doubled digits from the right.
    Luhn,
    /// Weights 2, 3, 4 … from the right, `X` for ten, as in ISBN-10 and the numbers of the British NHS.
    #[serde(rename = "mod-11")]
    Mod11,
    /// Code 39 and HIBC.
    #[serde(rename = "mod-43")]
    Mod43,
}

impl Scheme {
    /// Whether the last character is what the others demand. Dashes and blanks between digits do not count.
    pub fn holds(self, text: &str) -> bool {
        if self == Self::Mod43 {
            return holds_43(text);
        }
        let signs: Vec<char> = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
        let Some((check, number)) = signs.split_last() else { return false };
        let Some(digits) = number.iter().rev().map(|c| c.to_digit(10)).collect::<Option<Vec<u32>>>() else {
            return false;
        };
        !digits.is_empty() && self.check_digit(&digits) == Some(check.to_ascii_uppercase())
    }

    /// For digits from the right.
    fn check_digit(self, digits: &[u32]) -> Option<char> {
        let weighed = |weight: &dyn Fn(usize, u32) -> u32| -> u32 {
            digits.iter().enumerate().map(|(at, digit)| weight(at, *digit)).sum()
        };
        let complement = |sum: u32, of: u32| (of - sum % of) % of;
        match self {
            Self::Mod10 => char::from_digit(complement(weighed(&|at, d| if at % 2 == 0 { 3 * d } else { d }), 10), 10),
            Self::Luhn => {
                let doubled = |d: u32| if d > 4 { 2 * d - 9 } else { 2 * d };
                char::from_digit(complement(weighed(&|at, d| if at % 2 == 0 { doubled(d) } else { d }), 10), 10)
            }
            Self::Mod11 => match complement(weighed(&|at, d| (at as u32 + 2) * d), 11) {
                10 => Some('X'),
                digit => char::from_digit(digit, 10),
            },
            Self::Mod43 => None,
        }
    }
}

fn holds_43(text: &str) -> bool {
    let mut values = text.chars().map(|c| ALPHABET_43.find(c));
    let Some(Some(check)) = values.next_back() else { return false };
    let sum = values.try_fold(0, |sum, value| Some(sum + value?));
    sum.is_some_and(|sum| text.len() > 1 && sum % 43 == check)
}

/// Whether the check digits that a code's own kind prescribes are right; `None` where it prescribes none.
pub fn own(code: &Code) -> Option<bool> {
    if is_gs1(&code.identifier) {
        return gs1(&code.text);
    }
    // HIBC begins with a plus sign, and then a letter of the labeler's code or the slash of provider applications.
    let mut signs = code.text.chars();
    let hibc =
        signs.next() == Some('+') && signs.next().is_some_and(|c| c == '/' || c == '$' || c.is_ascii_uppercase());
    hibc.then(|| holds_43(&code.text))
}

fn is_gs1(identifier: &str) -> bool {
    ["]C1", "]e0", "]d2", "]Q3"].contains(&identifier)
}

/// Application identifiers of keys with a check digit, and the digits of the key.
const KEYS: [(&str, usize); 14] = [
    ("00", 18),
    ("01", 14),
    ("02", 14),
    ("03", 14),
    ("410", 13),
    ("411", 13),
    ("412", 13),
    ("413", 13),
    ("414", 13),
    ("415", 13),
    ("416", 13),
    ("417", 13),
    ("8017", 18),
    ("8018", 18),
];
/// Application identifiers of a fixed length in total (GS1 General Specifications, figure 7.8.5-2), but for those above.
const FIXED: [(&str, usize); 8] =
    [("04", 18), ("11", 8), ("12", 8), ("13", 8), ("15", 8), ("16", 8), ("17", 8), ("20", 4)];

/// Walks the element string; `None` where no key in it has a check digit.
fn gs1(text: &str) -> Option<bool> {
    let mut rest = text.trim_start_matches(GROUP_SEPARATOR);
    let mut verdict = None;
    while !rest.is_empty() {
        let length = if let Some((identifier, digits)) = KEYS.iter().find(|(ai, _)| rest.starts_with(ai)) {
            let end = identifier.len() + digits;
            let holds = rest.get(identifier.len()..end).is_some_and(|key| Scheme::Mod10.holds(key));
            verdict = Some(holds && verdict != Some(false));
            end
        } else if let Some((_, length)) = FIXED.iter().find(|(ai, _)| rest.starts_with(ai)) {
            *length
        } else {
            rest.find(GROUP_SEPARATOR).unwrap_or(rest.len())
        };
        rest = rest.get(length..).unwrap_or_default().trim_start_matches(GROUP_SEPARATOR);
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::words::Box as Place;

    fn code(identifier: &str, text: &str) -> Code {
        let place = Place { x: 0, y: 0, w: 1, h: 1 };
        Code { format: "Data Matrix".into(), text: text.into(), identifier: identifier.into(), place }
    }

    #[test]
    fn schemes_hold_for_published_numbers_and_for_no_neighbour() {
        // ISBN 0-306-40615-2, an NHS test number, the GTIN of the GS1 specification, a Luhn example of ISO 7812.
        for (scheme, number) in [
            (Scheme::Mod11, "0-306-40615-2"),
            (Scheme::Mod11, "943 476 5919"),
            (Scheme::Mod11, "0-8044-2957-X"),
            (Scheme::Mod10, "6291041500213"),
            (Scheme::Luhn, "4992739871-6"),
            (Scheme::Mod43, "+A99912345/$$52001510X33"),
        ] {
            assert!(scheme.holds(number), "{scheme:?} {number}");
            let at = number.len() - 3;
            let other = if number[at..].starts_with('9') { "0" } else { "9" };
            let wrong = format!("{}{other}{}", &number[..at], &number[at + 1..]);
            assert!(!scheme.holds(&wrong), "{scheme:?} {wrong}");
        }
        assert!(!Scheme::Luhn.holds("") && !Scheme::Mod10.holds("7") && !Scheme::Mod11.holds("12a4"));
    }

    #[test]
    fn hibc_and_gs1_codes_are_checked_and_others_are_nobodys_business() {
        assert_eq!(own(&code("]d1", "+/EPA1234567T")), Some(true));
        assert_eq!(own(&code("]d1", "+/EPA1234568T")), Some(false));
        assert_eq!(own(&code("]d2", "8018952123456789000014\u{1d}80191")), Some(true));
        assert_eq!(own(&code("]d2", "8018952123456789000041\u{1d}80191")), Some(false));
        assert_eq!(own(&code("]d2", "0106291041500213")), Some(true));
        assert_eq!(own(&code("]d2", "10LOT1\u{1d}0106291041500214")), Some(false));
        assert_eq!(own(&code("]C1", "17260101")), None);
        assert_eq!(own(&code("]C0", "MRN-104233")), None);
    }
}
