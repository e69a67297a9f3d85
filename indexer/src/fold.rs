//! Which characters make words, and which of them count as the same?

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Letters, digits, and the marks that sit on them.
pub fn is_word(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() } else { c.is_alphanumeric() || is_combining_mark(c) }
}

/// Scripts without spaces between words: every sign is a word.
pub fn is_ideograph(c: char) -> bool {
    !c.is_ascii()
        && matches!(u32::from(c), 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x2_0000..=0x3_FFFF)
}

/// Signs that nobody sees and nobody types: zero-width, soft hyphen, writing direction, byte order.
pub fn is_ignorable(c: char) -> bool {
    !c.is_ascii() && matches!(u32::from(c), 0xAD | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x2069 | 0xFEFF)
}

/// Appends `c` without accents, ligatures and case: `É` as `e`, `ﬁ` as `fi`, `ſ` as `s`, `½` as `12`.
/// Compatibility decomposition (Unicode NFKD), then lower case, then what has no decomposition.
pub fn fold_into(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        return;
    }
    for c in std::iter::once(c).nfkd().flat_map(char::to_lowercase) {
        match c {
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            'þ' => out.push_str("th"),
            'ø' => out.push('o'),
            'ł' => out.push('l'),
            'đ' | 'ð' => out.push('d'),
            'ħ' => out.push('h'),
            'ı' => out.push('i'),
            _ if is_accent(c) || !is_word(c) => {}
            _ => out.push(c),
        }
    }
}

/// Marks that may be left out; those of other scripts (vowel signs) may not.
fn is_accent(c: char) -> bool {
    matches!(u32::from(c), 0x300..=0x36F | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF | 0xFE20..=0xFE2F)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_what_readers_take_for_the_same() {
        let fold = |text: &str| {
            let mut out = String::new();
            text.chars().for_each(|c| fold_into(c, &mut out));
            out
        };
        assert_eq!(fold("ÉCOLE"), "ecole");
        assert_eq!(fold("e\u{301}cole"), "ecole");
        assert_eq!(fold("ﬁlm"), "film");
        assert_eq!(fold("ſtraße"), "strasse");
        assert_eq!(fold("Œdème"), "oedeme");
        assert_eq!(fold("Łódź"), "lodz");
        assert_eq!(fold("İ"), "i");
        assert_eq!(fold("µg"), "μg");
    }
}
