//! Canonical JSON: one value, one byte string (JCS, RFC 8785), within a narrow subset.
//!
//! The subset is objects, arrays, strings, booleans and integers of at most 2^53-1: floats,
//! nulls and larger integers are refused, because implementations disagree on them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

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

pub fn to_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, CanonicalError> {
    let value = serde_json::to_value(value)?;
    check(&value, 0)?;
    let bytes = serde_json_canonicalizer::to_vec(&value)?;
    if bytes.len() > limits::CANONICAL_BYTES_MAX {
        return Err(CanonicalError::TooLarge(bytes.len()));
    }
    Ok(bytes)
}

/// Parses, and refuses bytes that are not exactly what [`to_bytes`] would write.
pub fn from_bytes<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, CanonicalError> {
    if bytes.len() > limits::CANONICAL_BYTES_MAX {
        return Err(CanonicalError::TooLarge(bytes.len()));
    }
    let value: T = serde_json::from_slice(bytes)?;
    if to_bytes(&value)? != bytes {
        return Err(CanonicalError::NotCanonical);
    }
    Ok(value)
}

fn check(value: &Value, depth: usize) -> Result<(), CanonicalError> {
    if depth > limits::CANONICAL_DEPTH_MAX {
        return Err(CanonicalError::NotAllowed("nesting too deep"));
    }
    match value {
        Value::Null => Err(CanonicalError::NotAllowed("null")),
        Value::Bool(_) | Value::String(_) => Ok(()),
        Value::Number(number) => match number.as_i64() {
            Some(n) if n.unsigned_abs() < 1 << 53 => Ok(()),
            _ => Err(CanonicalError::NotAllowed("a number that is no integer below 2^53")),
        },
        Value::Array(items) => items.iter().try_for_each(|item| check(item, depth + 1)),
        Value::Object(members) => members.values().try_for_each(|member| check(member, depth + 1)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
}
