//! What do the templates know? One struct per screen, plain values only: no database, no
//! index, no request. Handlers fill them; tests and a designer can too.
//!
//! Texts in these structs are untrusted: words of pages, names of files. Templates escape
//! every one of them, and nothing here is ever marked as safe.

pub mod accounts;
pub mod attention;
pub mod batches;
pub mod campaigns;
pub mod destruction;
pub mod document;
mod filters;
pub mod frame;
pub mod gate;
pub mod ledger;
pub mod proof;
pub mod reels;
pub mod saved;
pub mod search;
pub mod sheet;

use record::Timestamp;

pub use frame::{Frame, Person, Section};

/// `2026-11-22 11:46:52`: every moment on the screen is UTC, and the column or label says so.
pub fn clock(moment: &Timestamp) -> String {
    let text = moment.to_string();
    match text.get(..19) {
        Some(seconds) if text.ends_with('Z') => seconds.replace('T', " "),
        _ => text,
    }
}

/// `DISCHARGE-SUMMARY` reads as `Discharge summary`.
pub fn readable(code: &str) -> String {
    let lower = code.replace('-', " ").to_lowercase();
    let mut chars = lower.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A rule or reason as a sentence of its own: first letter large, a full stop at the end.
pub fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let start: String = chars.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let stop = if text.is_empty() || text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{start}{}{stop}", chars.as_str())
}

/// `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1.4 MB`: decimal units, as file managers show them.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// Percent-encodes a value for a query string: all but the unreserved characters (RFC 3986 §2.3).
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// What tests put into every text of a screen, and what must then not be in its HTML.
#[cfg(test)]
pub(crate) mod hostile {
    pub const TEXT: &str = "\" onfocus=alert(1) x='<script>alert(1)</script>&";

    pub fn assert_inert(html: &str) {
        assert!(!html.contains("<script>alert"), "an element got through");
        assert!(!html.contains("\" onfocus="), "an attribute got through");
        assert!(html.contains("alert(1)"), "the text was not shown at all");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_people_write_them() {
        assert_eq!(clock(&Timestamp(1_700_000_000_123)), "2023-11-14 22:13:20");
        assert_eq!(readable("DISCHARGE-SUMMARY"), "Discharge summary");
        assert_eq!(readable(""), "");
        assert_eq!(sentence("a quote is open: close it"), "A quote is open: close it.");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(size(1_449_999), "1.4 MB");
        assert_eq!(size(999), "999 B");
        assert_eq!(encoded("a&b=\"ü\""), "a%26b%3D%22%C3%BC%22");
    }
}
