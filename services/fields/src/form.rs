//! Is this printed like a number or a code, and does its check digit hold?

use serde::Deserialize;

/// How something is printed, place by place: `#` a digit, `@` a capital letter, `*` either, all else itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Form(String);

const FORM_CHARS_MAX: usize = 20;

impl TryFrom<String> for Form {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let known = |c: char| matches!(c, '#' | '@' | '*' | '-' | '.') || c.is_ascii_uppercase() || c.is_ascii_digit();
        if text.is_empty() || text.len() > FORM_CHARS_MAX || !text.chars().all(known) {
            return Err("a form is 1 to 20 of # (digit), @ (letter), * (either), capitals, digits, points and hyphens");
        }
        Ok(Self(text))
    }
}

/// A text that has the form.
#[derive(Clone, PartialEq, Eq)]
pub struct Fit {
    pub text: String,
    /// Characters that stood there as look-alikes.
    pub changed: u32,
}

impl Form {
    /// The letters it begins with.
    pub fn prefix(&self) -> &str {
        let end = self.0.find(|c: char| !c.is_ascii_uppercase()).unwrap_or(self.0.len());
        &self.0[..end]
    }

    /// The text in this form. A look-alike is put right only where the form says what kind of character stands there.
    pub fn fit(&self, text: &str) -> Option<Fit> {
        if text.chars().count() != self.0.len() {
            return None;
        }
        let mut fit = Fit { text: String::with_capacity(text.len()), changed: 0 };
        for (slot, printed) in self.0.chars().zip(text.chars()) {
            let meant = match slot {
                '#' => digit(printed),
                '@' => letter(printed),
                '*' => Some(printed.to_ascii_uppercase()).filter(char::is_ascii_alphanumeric),
                '-' if matches!(printed, '-' | '‐' | '–' | '—') => Some('-'),
                literal => Some(literal).filter(|literal| *literal == printed.to_ascii_uppercase()),
            }?;
            let same = meant == printed.to_ascii_uppercase() || meant == '-';
            fit.changed += u32::from(!same);
            fit.text.push(meant);
        }
        Some(fit)
    }
}

/// The digit that is printed here, or that looks like it.
pub fn digit(printed: char) -> Option<char> {
    Some(match printed {
        '0'..='9' => printed,
        'O' | 'o' => '0',
        'l' | 'I' | 'i' | '|' | '!' => '1',
        'Z' | 'z' => '2',
        'S' | 's' => '5',
        'B' => '8',
        _ => return None,
    })
}

fn letter(printed: char) -> Option<char> {
    Some(match printed {
        'A'..='Z' | 'a'..='z' => printed.to_ascii_uppercase(),
        '0' => 'O',
        '5' => 'S',
        '8' => 'B',
        _ => return None,
    })
}

/// Whose last digit checks the others: HL7 v2.5.1, section 2.A.14 (data type CX), table 0061.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum CheckDigit {
    #[serde(rename = "mod-10")]
    Mod10,
    #[serde(rename = "mod-11")]
    Mod11,
}

impl CheckDigit {
    /// Whether the last of the text's digits is right.
    pub fn holds(self, text: &str) -> bool {
        let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).rev().collect();
        let Some((check, rest)) = digits.split_first() else { return false };
        let expected = match self {
            Self::Mod10 => mod_10(rest),
            Self::Mod11 => mod_11(rest),
        };
        !rest.is_empty() && *check == expected
    }
}

/// `digits` from the units upward.
fn mod_10(digits: &[u32]) -> u32 {
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(place, digit)| if place % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { *digit })
        .sum();
    (10 - sum % 10) % 10
}

/// `digits` from the units upward.
fn mod_11(digits: &[u32]) -> u32 {
    let sum: u32 = digits.iter().zip((2..=7).cycle()).map(|(digit, weight)| digit * weight).sum();
    (11 - (sum % 11).max(1)) % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form {
        text.to_owned().try_into().expect("a form")
    }

    #[test]
    fn look_alikes_become_digits_only_where_digits_must_stand() {
        let fit = form("##-##-##").fit("4O-2l-S6").expect("fits");
        assert_eq!((fit.text.as_str(), fit.changed), ("40-21-56", 3));
        assert_eq!(form("##-##-##").fit("43–29–56").expect("fits").changed, 0, "a dash is a hyphen");
        assert_eq!(form("*##").fit("O12").expect("fits").text, "O12", "either may stand there");
        for wrong in ["43-29-5", "43-29-567", "43.29.56", "4X-29-56"] {
            assert!(form("##-##-##").fit(wrong).is_none(), "{wrong}");
        }
        assert!(Form::try_from("(##)".to_owned()).is_err());
    }

    /// The examples of HL7 v2.5.1, 2.A.14.
    #[test]
    fn check_digits_are_those_of_the_standard() {
        for right in ["123455", "4010", "99994", "999999998"] {
            assert!(CheckDigit::Mod10.holds(right), "{right}");
        }
        assert!(CheckDigit::Mod11.holds("12-34-55"));
        assert!(!CheckDigit::Mod10.holds("123454") && !CheckDigit::Mod11.holds("123454"));
        assert!(!CheckDigit::Mod10.holds("7") && !CheckDigit::Mod11.holds(""));
    }
}
