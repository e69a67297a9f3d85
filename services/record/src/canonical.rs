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
    let mut unsorted = Vec::with_capacity(about);
    serde_json::to_writer(&mut unsorted, value)?;
    if unsorted.len() > limits::CANONICAL_BYTES_MAX {
        return Err(CanonicalError::TooLarge(unsorted.len()));
    }
    let mut sorter = Sorter { rest: &unsorted, sorted: Vec::with_capacity(unsorted.len()) };
    sorter.value(0)?;
    Ok(sorter.sorted)
}

/// Copies JSON as `serde_json` writes it, and sorts each object once it is whole.
struct Sorter<'a> {
    rest: &'a [u8],
    sorted: Vec<u8>,
}

/// Where a member stands among the sorted bytes.
struct Member {
    name: Range<usize>,
    end: usize,
}

impl Sorter<'_> {
    fn value(&mut self, depth: usize) -> Result<()> {
        if depth > limits::CANONICAL_DEPTH_MAX {
            return Err(CanonicalError::NotAllowed("nesting too deep"));
        }
        match self.rest.first() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string(),
            Some(b't') => self.take(4),
            Some(b'f') => self.take(5),
            Some(b'n') => Err(CanonicalError::NotAllowed("null")),
            _ => self.integer(),
        }
    }

    /// Copies bytes.
    fn take(&mut self, count: usize) -> Result<()> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(CanonicalError::NotCanonical)?;
        self.sorted.extend_from_slice(taken);
        self.rest = rest;
        Ok(())
    }

    fn string(&mut self) -> Result<()> {
        let mut end = 1;
        loop {
            match self.rest.get(end) {
                Some(b'"') => return self.take(end + 1),
                Some(b'\\') => end += 2,
                _ => end += 1,
            }
            if end >= self.rest.len() {
                return Err(CanonicalError::NotCanonical);
            }
        }
    }

    fn integer(&mut self) -> Result<()> {
        let end = self.rest.iter().position(|byte| matches!(byte, b',' | b']' | b'}')).unwrap_or(self.rest.len());
        let text = std::str::from_utf8(&self.rest[..end]).unwrap_or_default();
        match text.parse::<i64>() {
            Ok(number) if number.unsigned_abs() < 1 << 53 => self.take(end),
            _ => Err(CanonicalError::NotAllowed("a number that is no integer below 2^53")),
        }
    }

    fn array(&mut self, depth: usize) -> Result<()> {
        self.take(1)?;
        while self.rest.first() != Some(&b']') {
            self.value(depth + 1)?;
            if self.rest.first() == Some(&b',') {
                self.take(1)?;
            }
        }
        self.take(1)
    }

    fn object(&mut self, depth: usize) -> Result<()> {
        self.take(1)?;
        let (start, mut members) = (self.sorted.len(), Vec::<Member>::with_capacity(8));
        while self.rest.first() != Some(&b'}') {
            let from = self.sorted.len();
            self.string()?;
            let name = from..self.sorted.len();
            self.take(1)?;
            self.value(depth + 1)?;
            members.push(Member { name, end: self.sorted.len() });
            if self.rest.first() == Some(&b',') {
                self.take(1)?;
            }
        }
        self.sort(start, &mut members)?;
        self.take(1)
    }

    /// Sorts the members, which begin at `start` and have a comma between them.
    fn sort(&mut self, start: usize, members: &mut [Member]) -> Result<()> {
        let order = |a: &Member, b: &Member| before(&self.sorted[a.name.clone()], &self.sorted[b.name.clone()]);
        if members.is_sorted_by(|a, b| order(a, b).is_lt()) {
            return Ok(());
        }
        members.sort_by(order);
        if members.windows(2).any(|pair| order(&pair[0], &pair[1]).is_eq()) {
            return Err(CanonicalError::NotAllowed("one name twice"));
        }
        let mut moved = Vec::with_capacity(self.sorted.len() - start);
        for Member { name, end } in &*members {
            if !moved.is_empty() {
                moved.push(b',');
            }
            moved.extend_from_slice(&self.sorted[name.start..*end]);
        }
        self.sorted.truncate(start);
        self.sorted.extend_from_slice(&moved);
        Ok(())
    }
}

/// Of two names with their quotation marks, which comes first: by UTF-16 (RFC 8785, section 3.2.3), which for ASCII is by bytes.
fn before(a: &[u8], b: &[u8]) -> Ordering {
    let plain = |name: &[u8]| name.is_ascii() && !name.contains(&b'\\');
    let inner = |name: &[u8]| name.len().checked_sub(1).map_or(1..1, |end| 1..end);
    if plain(a) && plain(b) {
        return a[inner(a)].cmp(&b[inner(b)]);
    }
    unquoted(a).encode_utf16().cmp(unquoted(b).encode_utf16())
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
        let names = ["", "a", "b", "ab", "a\"", "\\", "\u{7}", "\u{7f}", "é", "\u{e000}", "\u{10000}", "ﬁ", "{", "a,b", "}"];
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
