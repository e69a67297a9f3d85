//! How are languages called in other people's files?
//!
//! Here they are called as Tesseract calls its models: ISO 639-2 codes, some with more behind an underscore (`deu_latf`),
//! joined by `+` where a page has several. ALTO and XHTML want `xsd:language` (XML Schema part 2, §3.3.3), which allows the
//! same codes with hyphens.

/// One language; `None` where the name cannot be one.
pub(crate) fn to_xml(name: &str) -> Option<String> {
    let tag = name.replace('_', "-");
    let is_part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let starts_well = tag.split('-').next().is_some_and(|part| part.bytes().all(|b| b.is_ascii_alphabetic()));
    (starts_well && tag.split('-').all(is_part)).then_some(tag)
}

pub(crate) fn from_xml(tag: &str) -> String {
    tag.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_models_are_languages_and_others_are_none() {
        for (name, tag) in [("eng", "eng"), ("deu_latf", "deu-latf"), ("chi_sim_vert", "chi-sim-vert")] {
            assert_eq!(to_xml(name).as_deref(), Some(tag));
            assert_eq!(from_xml(tag), name);
        }
        for name in ["", "eng+deu", "script/Latin", "_eng", "4eng", "hospitalfont"] {
            assert_eq!(to_xml(name), None, "{name}");
        }
    }
}
