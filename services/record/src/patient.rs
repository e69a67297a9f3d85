//! Values that belong to a patient, the document type and the department.
//!
//! [`Mrn`] and [`Encounter`] print as `Mrn(…)`: a stray `{:?}` in a log shows nothing. To get
//! at the text, code must say [`Mrn::reveal`], which is easy to search for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

macro_rules! guarded {
    ($($(#[$doc:meta])* $name:ident: $rule:literal, $check:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text itself, for the archive, the index and the screen; never for a log.
            pub fn reveal(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl FromStr for $name {
            type Err = FieldError;

            fn from_str(text: &str) -> Result<Self, FieldError> {
                let text = text.trim();
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok(Self(text.to_owned())) } else { Err(FieldError($rule)) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

/// Why a field was refused. Names the rule, never the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FieldError(pub &'static str);

guarded! {
    /// A medical record number: the patient's number in this hospital.
    Mrn: "a patient number (MRN) is 3 to 20 capital letters, digits or hyphens, with at least one digit",
        |t| (3..=20).contains(&t.len()) && upper(t) && t.bytes().any(|b| b.is_ascii_digit());

    /// The number of one stay or visit.
    Encounter: "an encounter is 1 to 20 capital letters, digits or hyphens",
        |t| (1..=20).contains(&t.len()) && upper(t);

    /// A word for the kind of document, such as `DISCHARGE-SUMMARY`. Says nothing about a patient.
    DocumentType: "a document type is 1 to 30 capital letters, digits or hyphens",
        |t| (1..=30).contains(&t.len()) && upper(t);

    /// The department or ward that a document comes from, such as `CARDIOLOGY`. Says nothing about a patient.
    Department: "a department is 1 to 30 capital letters, digits or hyphens",
        |t| (1..=30).contains(&t.len()) && upper(t);

    /// A patient's name as somebody wrote it.
    PatientName: "a name is 1 to 120 characters with at least one letter",
        |t| (1..=120).contains(&t.chars().count()) && t.chars().any(char::is_alphabetic);
}

impl Mrn {
    /// What all spellings of one number have in common: `MRN-104233` is printed as `104233`, `43-29-56` as `432956`.
    pub fn digits(&self) -> String {
        self.0.chars().filter(char::is_ascii_digit).collect()
    }
}

impl PatientName {
    /// What all spellings of one name have in common: `VILLANUEVA, Tobias A.` is `Tobias Villanueva`.
    pub fn key(&self) -> String {
        self.parts().join(" ")
    }

    /// Whether it may be the same name: all of the shorter one, two words or more, is in the longer one.
    pub fn agrees(&self, other: &Self) -> bool {
        let (one, two) = (self.parts(), other.parts());
        let (short, long) = if one.len() <= two.len() { (one, two) } else { (two, one) };
        short == long || (short.len() >= 2 && short.iter().all(|part| long.contains(part)))
    }

    /// Its words in small letters and in one order, without initials.
    fn parts(&self) -> Vec<String> {
        let lower = self.0.to_lowercase().replace(['\'', '’'], "");
        let words = lower.split(|c: char| !c.is_alphabetic()).filter(|word| word.chars().count() > 1);
        let mut parts: Vec<String> = words.map(str::to_owned).collect();
        parts.sort();
        parts.dedup();
        parts
    }
}

fn upper(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patient_number_never_prints_itself() {
        let mrn: Mrn = " MRN-104233 ".parse().expect("valid");
        assert_eq!(mrn.reveal(), "MRN-104233");
        assert_eq!(format!("{mrn:?}"), "Mrn(…)");
        let error = "mrn 1".parse::<Mrn>().expect_err("refused").to_string();
        assert!(!error.contains("mrn 1"), "{error}");
    }

    #[test]
    fn one_number_and_one_name_in_many_spellings() {
        let mrn = |text: &str| text.parse::<Mrn>().expect("valid").digits();
        assert_eq!(mrn("MRN-104233"), mrn("10-42-33"));
        let name = |text: &str| text.parse::<PatientName>().expect("a name");
        let printed = name("VILLANUEVA, Tobias");
        assert_eq!(printed.key(), name("Tobias A. Villanueva").key());
        assert!(printed.agrees(&name("Villanueva, Tobias Ambrose")));
        assert!(!printed.agrees(&name("Villanueva, Thomas")) && !printed.agrees(&name("Villanueva")));
        assert_eq!(name("O'Brien, Anne").key(), name("Anne O’BRIEN").key());
        assert_eq!(format!("{printed:?}"), "PatientName(…)");
    }

    #[test]
    fn rules_hold() {
        for wrong in ["", "AB", "ABCDEF", "104 233", "10423Ü", "123456789012345678901"] {
            assert!(wrong.parse::<Mrn>().is_err(), "{wrong:?}");
        }
        assert!("DISCHARGE-SUMMARY".parse::<DocumentType>().is_ok());
        assert!("Letter".parse::<DocumentType>().is_err());
    }
}
