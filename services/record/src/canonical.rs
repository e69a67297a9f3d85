//! Canonical JSON: one value, one byte string (JCS, RFC 8785), within a narrow subset.
//!
//! The subset is objects, arrays, strings, booleans and integers of at most 2^53-1: floats,
//! nulls and larger integers are refused, because implementations disagree on them.
//! `serde_json` writes what is left as JCS wants it (RFC 8785, sections 3.2.1 and 3.2.2), but for the order of an object's
//! members (3.2.3). They are sorted as bytes: every entry of a ledger is written anew when it is verified, and to build a
//! tree of values for that takes longer than all its hashing.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits;

#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    #[error("not JSON of the expected shape: {0}")]
    Shape(#[from] serde_json::Error),
    #[error("holds {0}, which canonical JSON here does not allow")]
    NotAllowed(&'static str),
    #[error("is {0} bytes; at most {max} are allowed", max = limits::CANONICAL_BYTES_MAX)]
    TooLarge(usize),
    #[error("is not in canonical form")]
    NotCanonical,
}

type Result<T> = std::result::Result<T, CanonicalError>;

pub fn to_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    written(value, 0)
}

/// Parses, and refuses bytes that are not exactly what [`to_bytes`] would write.
pub fn from_bytes<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    if bytes.len() > limits::CANONICAL_BYTES_MAX {
        return Err(CanonicalError::TooLarge(bytes.len()));
    }
    let value: T = serde_json::from_slice(bytes)?;
    if written(&value, bytes.len())? != bytes {
        return Err(CanonicalError::NotCanonical);
    }
    Ok(value)
}

/// [`to_bytes`], of about so many.
fn written<T: Serialize>(value: &T, about: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(about);
    serde_json::to_writer(&mut bytes, value)?;
    if bytes.len() > limits::CANONICAL_BYTES_MAX {
        return Err(CanonicalError::TooLarge(bytes.len()));
    }
    let mut sorter = Sorter { bytes, at: 0 };
    sorter.value(0)?;
    Ok(sorter.bytes)
}

/// Walks over JSON as `serde_json` writes it, and sorts the members of each object behind it.
struct Sorter {
    bytes: Vec<u8>,
    at: usize,
}

/// Where a member stands.
struct Member {
    name: Range<usize>,
    /// Whether the name is its own spelling, and ASCII.
    plain: bool,
    end: usize,
}

impl Sorter {
    fn next(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn value(&mut self, depth: usize) -> Result<()> {
        if depth > limits::CANONICAL_DEPTH_MAX {
            return Err(CanonicalError::NotAllowed("nesting too deep"));
        }
        match self.next() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(drop),
            Some(b't') => self.pass(4),
            Some(b'f') => self.pass(5),
            Some(b'n') => Err(CanonicalError::NotAllowed("null")),
            _ => self.integer(),
        }
    }

    fn pass(&mut self, count: usize) -> Result<()> {
        self.at += count;
        if self.at <= self.bytes.len() { Ok(()) } else { Err(CanonicalError::NotCanonical) }
    }

    /// Whether it is plain: ASCII, and nothing in it is escaped.
    fn string(&mut self) -> Result<bool> {
        let mut plain = true;
        self.pass(1)?;
        loop {
            let rest = &self.bytes[self.at..];
            let length = memchr::memchr2(b'"', b'\\', rest).ok_or(CanonicalError::NotCanonical)?;
            plain &= rest[..length].is_ascii();
            if rest[length] == b'"' {
                return self.pass(length + 1).map(|()| plain);
            }
            plain = false;
            self.pass(length + 2)?;
        }
    }

    fn integer(&mut self) -> Result<()> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| matches!(byte, b',' | b']' | b'}')).unwrap_or(rest.len());
        let text = std::str::from_utf8(&rest[..length]).unwrap_or_default();
        match text.parse::<i64>() {
            Ok(number) if number.unsigned_abs() < 1 << 53 => self.pass(length),
            _ => Err(CanonicalError::NotAllowed("a number that is no integer below 2^53")),
        }
    }

    fn array(&mut self, depth: usize) -> Result<()> {
        self.pass(1)?;
        while self.next() != Some(b']') {
            self.value(depth + 1)?;
            self.comma()?;
        }
        self.pass(1)
    }

    fn comma(&mut self) -> Result<()> {
        if self.next() == Some(b',') { self.pass(1) } else { Ok(()) }
    }

    fn object(&mut self, depth: usize) -> Result<()> {
        self.pass(1)?;
        let mut members = Vec::with_capacity(8);
        while self.next() != Some(b'}') {
            let from = self.at;
            let plain = self.string()?;
            let name = from..self.at;
            self.pass(1)?;
            self.value(depth + 1)?;
            members.push(Member { name, plain, end: self.at });
            self.comma()?;
        }
        self.sort(&mut members)?;
        self.pass(1)
    }

    /// Sorts the members of the object that ends here: the same bytes in another order.
    fn sort(&mut self, members: &mut [Member]) -> Result<()> {
        let Some(start) = members.first().map(|first| first.name.start) else { return Ok(()) };
        if members.is_sorted_by(|a, b| self.order(a, b).is_lt()) {
            return Ok(());
        }
        members.sort_by(|a, b| self.order(a, b));
        if members.windows(2).any(|pair| self.order(&pair[0], &pair[1]).is_eq()) {
            return Err(CanonicalError::NotAllowed("one name twice"));
        }
        let mut sorted = Vec::with_capacity(self.at - start);
        for Member { name, end, .. } in &*members {
            if !sorted.is_empty() {
                sorted.push(b',');
            }
            sorted.extend_from_slice(&self.bytes[name.start..*end]);
        }
        self.bytes[start..self.at].copy_from_slice(&sorted);
        Ok(())
    }

    /// By UTF-16 (RFC 8785, section 3.2.3), which for plain names is by bytes.
    fn order(&self, a: &Member, b: &Member) -> Ordering {
        let name = |of: &Member| &self.bytes[of.name.clone()];
        if a.plain && b.plain {
            // Without the quotation mark at the end, which is greater than some bytes of a name.
            let inner = |of: &Member| &self.bytes[of.name.start..of.name.end - 1];
            return inner(a).cmp(inner(b));
        }
        unquoted(name(a)).encode_utf16().cmp(unquoted(name(b)).encode_utf16())
    }
}

fn unquoted(name: &[u8]) -> Cow<'_, str> {
    serde_json::from_slice::<String>(name).map_or_else(|_| String::from_utf8_lossy(name), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn sorts_and_refuses() {
        let bytes = to_bytes(&json!({"b": 1, "a": [true, "é\u{20ac}"]})).expect("allowed");
        assert_eq!(bytes, "{\"a\":[true,\"é€\"],\"b\":1}".as_bytes());
        for wrong in [json!(null), json!(1.5), json!(9_007_199_254_740_992_i64)] {
            assert!(to_bytes(&wrong).is_err(), "{wrong}");
        }
        assert!(from_bytes::<Value>(b"{ \"a\":1}").is_err());
        assert!(from_bytes::<Value>(b"{\"a\":1,\"a\":2}").is_err());
    }

    /// Another's writer for the same RFC, which works on values.
    #[test]
    fn writes_what_another_writer_writes() {
        let names =
            ["", "a", "b", "ab", "a\"", "\\", "\u{7}", "\u{7f}", "é", "\u{e000}", "\u{10000}", "ﬁ", "{", "a,b", "}"];
        let mut values = vec![json!({}), json!([]), json!(true), json!(-7), json!(9_007_199_254_740_991_i64)];
        for (n, name) in names.iter().enumerate() {
            let all: BTreeMap<_, _> = names.iter().take(n + 1).map(|name| (*name, values[n % 5].clone())).collect();
            values.push(json!({"z": all, *name: [name, all, {}, []], "y\n": {"b": [1, false], "a": name}}));
        }
        for value in values {
            let theirs = serde_json_canonicalizer::to_vec(&value).expect("written");
            assert_eq!(String::from_utf8_lossy(&to_bytes(&value).expect("allowed")), String::from_utf8_lossy(&theirs));
            assert_eq!(from_bytes::<Value>(&theirs).expect("canonical"), value);
        }
    }

    #[test]
    fn one_name_twice_is_refused() {
        struct Twice;
        impl Serialize for Twice {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.collect_map([("b", 1), ("a", 2), ("b", 3)])
            }
        }
        assert!(matches!(to_bytes(&Twice), Err(CanonicalError::NotAllowed("one name twice"))));
    }
}
