//! When are two codes the same? When they differ in what print and readers mix up: the letter O
//! and zero; the letters I and L and one.

/// A term with a digit, with every letter that may be a digit made one; nothing where that is
/// the term itself, and for a number with its unit, such as `10ml`.
pub fn code_form(term: &str) -> Option<String> {
    let digit = |term: &str| term.bytes().any(|b| b.is_ascii_digit());
    let mistakable = |term: &str| term.bytes().any(|b| matches!(b, b'o' | b'i' | b'l'));
    (digit(term) && mistakable(term) && !has_unit(term)).then(|| term.chars().map(digit_of).collect())
}

fn digit_of(c: char) -> char {
    match c {
        'o' => '0',
        'i' | 'l' => '1',
        c => c,
    }
}

/// A number and then letters of which one at least is nothing but a letter.
fn has_unit(term: &str) -> bool {
    let unit = term.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','));
    unit.len() < term.len()
        && unit.chars().all(char::is_alphabetic)
        && unit.chars().any(|c| !matches!(c, 'o' | 'i' | 'l'))
}

/// What all spellings of one number have in common: small letters and digits, [`code_form`] where it has one.
pub fn plain_code(text: &str) -> String {
    let kept: String = text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    kept.chars().map(digit_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_print_mixes_up_is_one() {
        assert_eq!(code_form("1o4233").as_deref(), Some("104233"));
        assert_eq!(code_form("el1.9").as_deref(), Some("e11.9"));
        for same in ["104233", "10ml", "5mg", "oil", "e11.9"] {
            assert_eq!(code_form(same), None, "{same}");
        }
        assert_eq!(plain_code("MRN-1O4233"), plain_code("mrn 104233"));
    }
}
