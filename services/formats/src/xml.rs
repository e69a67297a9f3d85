//! How does text get into XML?

use quick_xml::escape::escape;

/// XML 1.0 §2.2 `Char`, without the control characters it would allow; escaped.
pub(crate) fn clean(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')).collect();
    escape(kept).into_owned()
}
